// SPDX-License-Identifier: GPL-2.0-only
/* Syntax of names and strings. */
#include "name.h"

/* Where a character may stand. */
#define IN_NAME		0x01	/* element of an interface or a path, member */
#define STARTS_NAME	0x02	/* its first character (not of a path's) */
#define IN_BUS		0x04	/* element of a bus name */
#define STARTS_BUS	0x08	/* its first character */

#define LETTER	(IN_NAME | STARTS_NAME | IN_BUS | STARTS_BUS)
#define DIGIT	(IN_NAME | IN_BUS)
#define HYPHEN	(IN_BUS | STARTS_BUS)

static const u8 place[256] = {
	['A'] = LETTER, ['B'] = LETTER, ['C'] = LETTER, ['D'] = LETTER,
	['E'] = LETTER, ['F'] = LETTER, ['G'] = LETTER, ['H'] = LETTER,
	['I'] = LETTER, ['J'] = LETTER, ['K'] = LETTER, ['L'] = LETTER,
	['M'] = LETTER, ['N'] = LETTER, ['O'] = LETTER, ['P'] = LETTER,
	['Q'] = LETTER, ['R'] = LETTER, ['S'] = LETTER, ['T'] = LETTER,
	['U'] = LETTER, ['V'] = LETTER, ['W'] = LETTER, ['X'] = LETTER,
	['Y'] = LETTER, ['Z'] = LETTER,
	['a'] = LETTER, ['b'] = LETTER, ['c'] = LETTER, ['d'] = LETTER,
	['e'] = LETTER, ['f'] = LETTER, ['g'] = LETTER, ['h'] = LETTER,
	['i'] = LETTER, ['j'] = LETTER, ['k'] = LETTER, ['l'] = LETTER,
	['m'] = LETTER, ['n'] = LETTER, ['o'] = LETTER, ['p'] = LETTER,
	['q'] = LETTER, ['r'] = LETTER, ['s'] = LETTER, ['t'] = LETTER,
	['u'] = LETTER, ['v'] = LETTER, ['w'] = LETTER, ['x'] = LETTER,
	['y'] = LETTER, ['z'] = LETTER,
	['_'] = LETTER,
	['-'] = HYPHEN,
	['0'] = DIGIT, ['1'] = DIGIT, ['2'] = DIGIT, ['3'] = DIGIT,
	['4'] = DIGIT, ['5'] = DIGIT, ['6'] = DIGIT, ['7'] = DIGIT,
	['8'] = DIGIT, ['9'] = DIGIT,
};

static bool stands(char c, u8 where)
{
	return place[(u8)c] & where;
}

/* Elements between dots, at least @min of them (1 or 2). */
static bool is_dotted(const char *s, const char *end, u8 first, u8 rest,
		      u32 min)
{
	u32 n = 0;

	for (;;) {
		if (s == end || !stands(*s, first))
			return false;
		n++;
		do
			s++;
		while (s != end && stands(*s, rest));
		if (s == end)
			return n >= min;
		if (*s++ != '.')
			return false;
	}
}

static bool is_well_known(const char *s, u32 len, u32 min)
{
	return len <= KDBUS_NAME_MAX &&
	       is_dotted(s, s + len, STARTS_BUS, IN_BUS, min);
}

/**
 * kdbus_is_unique_name() - check a unique name
 * @s: the name
 * @len: its length
 *
 * libdbus wants neither a dot in it nor anything before the first one, not
 * even anything behind the colon.
 *
 * Return: true if libdbus takes it as the unique name of a connection.
 */
bool kdbus_is_unique_name(const char *s, u32 len)
{
	const char *end = s + len;

	if (!len || len > KDBUS_NAME_MAX || *s++ != ':')
		return false;
	if (s == end)
		return true;
	if (*s == '.')
		s++;
	return is_dotted(s, end, IN_BUS, IN_BUS, 1);
}

/**
 * kdbus_is_bus_name() - check a bus name
 * @s: the name
 * @len: its length
 *
 * Return: true if it is a unique or a well-known name.
 */
bool kdbus_is_bus_name(const char *s, u32 len)
{
	if (len && *s == ':')
		return kdbus_is_unique_name(s, len);
	return is_well_known(s, len, 2);
}

/**
 * kdbus_is_bus_namespace() - check the beginning of a bus name
 * @s: the name
 * @len: its length
 *
 * Return: true if it is a bus name, or would be one with more elements.
 */
bool kdbus_is_bus_namespace(const char *s, u32 len)
{
	if (len && *s == ':')
		return kdbus_is_unique_name(s, len);
	return is_well_known(s, len, 1);
}

/**
 * kdbus_is_interface() - check an interface name
 * @s: the name
 * @len: its length
 *
 * Return: true if it is one.
 */
bool kdbus_is_interface(const char *s, u32 len)
{
	return len <= KDBUS_NAME_MAX &&
	       is_dotted(s, s + len, STARTS_NAME, IN_NAME, 2);
}

/**
 * kdbus_is_error_name() - check an error name
 * @s: the name
 * @len: its length
 *
 * Return: true if it is one.
 */
bool kdbus_is_error_name(const char *s, u32 len)
{
	return kdbus_is_interface(s, len);
}

/**
 * kdbus_is_member() - check the name of a method or signal
 * @s: the name
 * @len: its length
 *
 * Return: true if it is one.
 */
bool kdbus_is_member(const char *s, u32 len)
{
	u32 i;

	if (!len || len > KDBUS_NAME_MAX || !stands(*s, STARTS_NAME))
		return false;
	for (i = 1; i < len; i++)
		if (!stands(s[i], IN_NAME))
			return false;
	return true;
}

/**
 * kdbus_is_path() - check an object path
 * @s: the path
 * @len: its length
 *
 * Return: true if it is one.
 */
bool kdbus_is_path(const char *s, u32 len)
{
	const char *end = s + len;

	if (!len || *s != '/')
		return false;
	if (len == 1)
		return true;
	for (;;) {
		if (++s == end || !stands(*s, IN_NAME))
			return false;
		do
			s++;
		while (s != end && stands(*s, IN_NAME));
		if (s == end)
			return true;
		if (*s != '/')
			return false;
	}
}

static bool is_between(u8 c, u8 low, u8 high)
{
	return c >= low && c <= high;
}

/*
 * Length of the sequence at @s, of which @left bytes are there, or 0 if it is
 * none.  The second byte decides whether the sequence is overlong, a surrogate
 * or behind U+10FFFF.
 */
static u32 utf8_sequence(const u8 *s, u32 left)
{
	u8 low = 0x80;
	u8 high = 0xbf;
	u32 len;
	u32 i;

	if (*s < 0x80)
		return *s ? 1 : 0;
	if (is_between(*s, 0xc2, 0xdf))
		len = 2;
	else if (is_between(*s, 0xe0, 0xef))
		len = 3;
	else if (is_between(*s, 0xf0, 0xf4))
		len = 4;
	else
		return 0;

	if (*s == 0xe0)
		low = 0xa0;
	else if (*s == 0xed)
		high = 0x9f;
	else if (*s == 0xf0)
		low = 0x90;
	else if (*s == 0xf4)
		high = 0x8f;

	if (left < len || !is_between(s[1], low, high))
		return 0;
	for (i = 2; i < len; i++)
		if (!is_between(s[i], 0x80, 0xbf))
			return 0;
	return len;
}

/* Eight bytes from 1 to 127. */
static bool is_ascii_word(const u8 *s)
{
	u64 w = kdbus_load_word(s);

	return !(((w - 0x0101010101010101ull) | w) & 0x8080808080808080ull);
}

/**
 * kdbus_is_utf8() - check a string
 * @s: the string
 * @len: its length
 *
 * Return: true if it is UTF-8 without NUL.
 */
bool kdbus_is_utf8(const char *s, u32 len)
{
	const u8 *p = (const u8 *)s;
	u32 n;

	while (len) {
		if (len >= 8 && is_ascii_word(p)) {
			p += 8;
			len -= 8;
			continue;
		}
		n = utf8_sequence(p, len);
		if (!n)
			return false;
		p += n;
		len -= n;
	}
	return true;
}
