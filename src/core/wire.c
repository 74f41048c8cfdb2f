// SPDX-License-Identifier: GPL-2.0-only
/* Lengths and signatures in a message. */
#include "wire.h"

#define NUMBER(size)	(KDBUS_TYPE_WHOLE | KDBUS_TYPE_BASIC | \
			 KDBUS_TYPE_FIXED | (size))
#define STRING(align)	(KDBUS_TYPE_WHOLE | KDBUS_TYPE_BASIC | (align))

const u8 kdbus_type_table[256] = {
	['y'] = NUMBER(1),
	['n'] = NUMBER(2),
	['q'] = NUMBER(2),
	['b'] = NUMBER(4),
	['i'] = NUMBER(4),
	['u'] = NUMBER(4),
	['h'] = NUMBER(4),
	['x'] = NUMBER(8),
	['t'] = NUMBER(8),
	['d'] = NUMBER(8),
	['s'] = STRING(4),
	['o'] = STRING(4),
	['g'] = STRING(1),
	['v'] = KDBUS_TYPE_WHOLE | 1,
	['a'] = 4,
	['('] = 8,
	['{'] = 8,
};

/**
 * kdbus_cursor_string() - read a string or an object path
 * @c: the cursor
 * @at: offset of its first byte
 * @len: its length, without the NUL
 *
 * What the bytes are is not looked at.
 *
 * Return: true if it is inside and a NUL follows.
 */
bool kdbus_cursor_string(struct kdbus_cursor *c, u32 *at, u32 *len)
{
	if (!kdbus_cursor_u32(c, len))
		return false;
	if (*len >= c->end - c->pos || c->data[c->pos + *len])
		return false;
	*at = c->pos;
	c->pos += *len + 1;
	return true;
}

/**
 * kdbus_cursor_signature() - read a signature
 * @c: the cursor
 * @at: offset of its first type code
 * @len: its length, without the NUL
 *
 * Return: true if it is inside and valid and a NUL follows.
 */
bool kdbus_cursor_signature(struct kdbus_cursor *c, u32 *at, u32 *len)
{
	if (!kdbus_cursor_has(c, 2))
		return false;
	*len = c->data[c->pos];
	*at = c->pos + 1;
	if (!kdbus_cursor_has(c, *len + 2) || c->data[*at + *len])
		return false;
	c->pos += *len + 2;
	return kdbus_signature_valid(c->data + *at, *len);
}

/**
 * kdbus_cursor_variant() - read the signature that starts a variant
 * @c: the cursor
 * @at: offset of the signature
 *
 * Return: true if it is one complete type.
 */
bool kdbus_cursor_variant(struct kdbus_cursor *c, u32 *at)
{
	u32 len;

	return kdbus_cursor_signature(c, at, &len) && len &&
	       kdbus_signature_skip(c->data, *at) == *at + len;
}

/*
 * The brackets that are open in a signature, and what they hold so far.  Level
 * 0 is the signature itself.
 */
struct brackets {
	u32 structs;
	u32 dicts;
	u8 kind[2 * KDBUS_NESTING_MAX + 1];
	u8 count[2 * KDBUS_NESTING_MAX + 1];	/* of types, at most 3 */
};

static bool bracket_open(struct brackets *b, u8 kind)
{
	u32 *n = kind == '(' ? &b->structs : &b->dicts;
	u32 depth;

	if (++*n > KDBUS_NESTING_MAX)
		return false;
	depth = b->structs + b->dicts;
	b->kind[depth] = kind;
	b->count[depth] = 0;
	return true;
}

static bool bracket_close(struct brackets *b, u8 kind)
{
	u32 depth = b->structs + b->dicts;

	if (!depth || b->kind[depth] != kind)
		return false;
	if (kind == '(') {
		b->structs--;
		return b->count[depth] != 0;
	}
	b->dicts--;
	return b->count[depth] == 2;
}

/* Is @code all right as the beginning of the next type in this bracket? */
static bool bracket_takes(const struct brackets *b, u8 code)
{
	u32 depth = b->structs + b->dicts;

	return b->kind[depth] != '{' || b->count[depth] ||
	       (kdbus_type_table[code] & KDBUS_TYPE_BASIC);
}

static void bracket_count(struct brackets *b)
{
	u8 *count = &b->count[b->structs + b->dicts];

	if (*count < 3)
		++*count;
}

static bool signature_step(struct brackets *b, u8 code, u32 *arrays)
{
	if (code == ')' || code == '}') {
		if (*arrays || !bracket_close(b, code == ')' ? '(' : '{'))
			return false;
	} else if (!kdbus_type_table[code] || !bracket_takes(b, code)) {
		return false;
	} else if (code == 'a') {
		return ++*arrays <= KDBUS_NESTING_MAX;
	} else if (code == '(' || code == '{') {
		if (code == '{' && !*arrays)
			return false;
		*arrays = 0;
		return bracket_open(b, code);
	}
	*arrays = 0;
	bracket_count(b);
	return true;
}

/**
 * kdbus_signature_valid() - check a signature
 * @sig: type codes
 * @len: their number
 *
 * Return: true if it is a sequence of complete types, nested as deep as the
 * specification allows.
 */
bool kdbus_signature_valid(const u8 *sig, u32 len)
{
	struct brackets b;
	u32 arrays = 0;
	u32 i;

	/* Most have only these, and need no account of brackets. */
	for (i = 0; i < len; i++)
		if (!(kdbus_type_table[sig[i]] & KDBUS_TYPE_WHOLE))
			break;
	if (i == len)
		return len <= KDBUS_SIGNATURE_MAX;
	if (len > KDBUS_SIGNATURE_MAX)
		return false;

	b.structs = 0;
	b.dicts = 0;
	b.kind[0] = 0;
	b.count[0] = 0;
	for (; i < len; i++)
		if (!signature_step(&b, sig[i], &arrays))
			return false;
	return !arrays && !b.structs && !b.dicts;
}

/**
 * kdbus_signature_skip() - find the end of a complete type
 * @sig: a text with a valid signature in it
 * @at: offset of the type in @sig
 *
 * Return: the offset behind the type.
 */
u32 kdbus_signature_skip(const u8 *sig, u32 at)
{
	u32 depth = 0;
	u8 code;

	do {
		do
			code = sig[at++];
		while (code == 'a');
		if (code == '(' || code == '{')
			depth++;
		else if (code == ')' || code == '}')
			depth--;
	} while (depth);
	return at;
}
