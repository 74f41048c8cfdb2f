// SPDX-License-Identifier: GPL-2.0-only
/* Random names, signatures and values. */
#include "generate.h"

#include <string.h>

#define SIGNATURE_MAX	255

static const char basic_types[] = "ybnqiuxtdhsog";

/* Now and then a value is due to be wrong. */
static bool spoil_now(struct generator *g)
{
	return g->spoil >= 0 && g->spoil-- == 0;
}

static char *put_element(struct rng *r, char *s, bool digit_first, bool hyphen)
{
	static const char chars[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
		"0123456789-";
	uint32_t n = 1 + rng_below(r, rng_once_in(r, 8) ? 60 : 8);
	uint32_t i;

	for (i = 0; i < n; i++) {
		uint32_t usable = i || digit_first ? 63 : 53;

		*s++ = chars[rng_below(r, usable)];
		if (hyphen && rng_once_in(r, 16))
			s[-1] = '-';
	}
	return s;
}

/* A valid name, mostly; the longest ones may be too long. */
void generate_name(struct rng *r, enum name_kind kind, char *s)
{
	bool unique = kind == NAME_BUS && rng_once_in(r, 3);
	char separator = kind == NAME_PATH ? '/' : '.';
	uint32_t n = 2 + rng_below(r, rng_once_in(r, 16) ? 6 : 3);

	if (unique)
		*s++ = ':';
	if (kind == NAME_PATH)
		*s++ = '/';
	if (kind == NAME_PATH && rng_once_in(r, 8))
		n = 0;
	if (kind == NAME_MEMBER)
		n = 1;
	while (n--) {
		s = put_element(r, s, unique || kind == NAME_PATH,
				kind == NAME_BUS);
		if (n)
			*s++ = separator;
	}
	*s = 0;
}

/* Anything that might be taken for a name. */
void generate_name_text(struct rng *r, char *s)
{
	static const char chars[] = "aZ09_-./::..//  \x7f\x80\xff";
	uint32_t n = rng_below(r, 12);
	size_t len;

	if (rng_once_in(r, 2)) {
		generate_name(r, rng_below(r, 4), s);
		len = strlen(s);
		for (n = rng_below(r, 3); n && len; n--)
			s[rng_below(r, len)] =
				chars[rng_below(r, sizeof(chars) - 1)];
		return;
	}
	if (rng_once_in(r, 16))
		n = 250 + rng_below(r, 10);
	while (n--)
		*s++ = n > 20 ? 'a' : chars[rng_below(r, sizeof(chars) - 1)];
	*s = 0;
}

static char *put_type(struct rng *r, char *s, char *end, uint32_t depth)
{
	uint32_t kind = rng_below(r, depth < 4 && end - s > 16 ? 20 : 12);
	uint32_t n;

	if (kind < 10 || end - s < 8) {
		*s++ = basic_types[rng_below(r, sizeof(basic_types) - 1)];
	} else if (kind < 12) {
		*s++ = 'v';
	} else if (kind < 15) {
		*s++ = 'a';
		s = put_type(r, s, end, depth + 1);
	} else if (kind < 18) {
		*s++ = '(';
		for (n = 1 + rng_below(r, 4); n; n--)
			s = put_type(r, s, end - 1, depth + 1);
		*s++ = ')';
	} else {
		*s++ = 'a';
		*s++ = '{';
		*s++ = basic_types[rng_below(r, sizeof(basic_types) - 1)];
		s = put_type(r, s, end - 1, depth + 1);
		*s++ = '}';
	}
	return s;
}

/* A valid signature of any number of types. */
void generate_signature(struct rng *r, char *s)
{
	char *end = s + (rng_once_in(r, 50) ? SIGNATURE_MAX : 60);
	uint32_t n = rng_below(r, rng_once_in(r, 20) ? 40 : 6);

	while (n-- && end - s > 30)
		s = put_type(r, s, end - 10, 0);
	*s = 0;
}

/* Anything that might be taken for a signature. */
void generate_signature_text(struct rng *r, char *s)
{
	static const char chars[] = "aaaa((){}{}()ysvuogbrem*z";
	uint32_t n = rng_below(r, rng_once_in(r, 8) ? 270 : 12);
	size_t len;

	if (rng_once_in(r, 2)) {
		generate_signature(r, s);
		len = strlen(s);
		for (n = rng_below(r, 3); n && len; n--)
			s[rng_below(r, len)] =
				chars[rng_below(r, sizeof(chars) - 1)];
		return;
	}
	if (rng_once_in(r, 4)) {
		/* Nesting about as deep as it may be. */
		for (n = 30 + rng_below(r, 5); n; n--)
			*s++ = 'a';
		for (n = 30 + rng_below(r, 5), len = n; n; n--)
			*s++ = '(';
		*s++ = 'y';
		for (n = len; n; n--)
			*s++ = ')';
		*s = 0;
		return;
	}
	while (n--)
		*s++ = chars[rng_below(r, sizeof(chars) - 1)];
	*s = 0;
}

static char *put_code_point(struct rng *r, char *s)
{
	static const uint32_t limits[] = {
		0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdfff, 0xe000,
		0xfffe, 0xffff, 0x10000, 0x10ffff, 0x110000, 0x1fffff,
	};
	uint32_t c = rng_pick(r, limits);
	uint32_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0, 0xf8 };

	/* An overlong form of it, perhaps. */
	if (rng_once_in(r, 16))
		n++;
	if (n == 1) {
		*s++ = c;
		return s;
	}
	*s++ = lead[n] | c >> (6 * (n - 1));
	while (--n)
		*s++ = 0x80 | (c >> (6 * (n - 1)) & 0x3f);
	return s;
}

/* Anything that might be taken for UTF-8; seldom wrong if it is short. */
void generate_utf8_text(struct rng *r, char *s, size_t size)
{
	const char *end = s + size - 8;
	uint32_t n = rng_below(r, rng_once_in(r, 10) ? 200 : 20);

	while (n-- && s < end) {
		if (!rng_once_in(r, 8))
			*s++ = 1 + rng_below(r, 127);
		else if (rng_once_in(r, 40))
			*s++ = 1 + rng_below(r, 255);
		else
			s = put_code_point(r, s);
	}
	*s = 0;
}

static void put_random_string(struct generator *g)
{
	uint32_t n = rng_below(&g->rng, rng_once_in(&g->rng, 10) ? 300 : 20);
	bool spoil = spoil_now(g);
	char s[512];

	if (spoil) {
		s[0] = rng_once_in(&g->rng, 2) ? 0xff : 0xc3;
		generate_utf8_text(&g->rng, s + 1, sizeof(s) - 1);
		put_string(&g->w, s);
		return;
	}
	put_u32(&g->w, n);
	while (n--) {
		if (n >= 2 && rng_once_in(&g->rng, 20)) {
			put_bytes(&g->w, "\xe2\x82\xac", 3);
			n -= 2;
		} else {
			put_u8(&g->w, 1 + rng_below(&g->rng, 127));
		}
	}
	put_u8(&g->w, 0);
}

static void put_random_path(struct generator *g)
{
	char s[512];

	if (spoil_now(g))
		generate_name_text(&g->rng, s);
	else
		generate_name(&g->rng, NAME_PATH, s);
	put_string(&g->w, s);
}

static void put_random_signature(struct generator *g)
{
	char s[512];

	if (spoil_now(g))
		generate_signature_text(&g->rng, s);
	else
		generate_signature(&g->rng, s);
	put_signature(&g->w, s);
}

static size_t alignment_of(char type)
{
	if (strchr("nq", type))
		return 2;
	if (strchr("biuhsoa", type))
		return 4;
	if (strchr("xtd({", type))
		return 8;
	return 1;
}

/* End of the complete type at @s. */
static const char *type_end(const char *s)
{
	uint32_t depth = 0;

	for (;;) {
		if (*s == '(' || *s == '{')
			depth++;
		if (*s == ')' || *s == '}')
			depth--;
		if (*s++ != 'a' && !depth)
			return s;
	}
}

static const char *put_value(struct generator *g, const char *sig,
			     uint32_t depth);

static uint32_t array_count(struct generator *g, char type, uint32_t depth)
{
	if (rng_once_in(&g->rng, 4))
		return 0;
	if (strchr("ybnqiuxtd", type) && rng_once_in(&g->rng, 2000))
		return rng_below(&g->rng, 10000);
	return rng_below(&g->rng, depth < 3 ? 5 : 2);
}

static const char *put_array(struct generator *g, const char *sig,
			     uint32_t depth)
{
	uint32_t n = array_count(g, *sig, depth);
	uint32_t wrong = 0;
	size_t start;
	size_t at;

	put_align(&g->w, 4);
	at = g->w.len;
	put_u32(&g->w, 0);
	put_align(&g->w, alignment_of(*sig));
	start = g->w.len;
	while (n--)
		put_value(g, sig, depth + 1);
	if (spoil_now(g))
		wrong = rng_below(&g->rng, 17) - 8;
	set_u32(&g->w, at, g->w.len - start + wrong);
	return type_end(sig);
}

static void put_variant(struct generator *g, uint32_t depth)
{
	char sig[512];

	if (spoil_now(g)) {
		generate_signature(&g->rng, sig);
	} else {
		*put_type(&g->rng, sig, sig + 40, depth) = 0;
	}
	put_signature(&g->w, sig);
	if (*sig)
		put_value(g, sig, depth + 1);
}

static const char *put_struct(struct generator *g, const char *sig,
			      uint32_t depth)
{
	put_align(&g->w, 8);
	while (*sig != ')' && *sig != '}')
		sig = put_value(g, sig, depth + 1);
	return sig + 1;
}

static void put_random_number(struct generator *g, char type)
{
	uint64_t v = rng_next(&g->rng) >> rng_below(&g->rng, 64);

	if (type == 'y')
		put_u8(&g->w, v);
	else if (type == 'b')
		put_u32(&g->w, spoil_now(g) ? v : v & 1);
	else
		put_number(&g->w, v, alignment_of(type));
}

static const char *put_value(struct generator *g, const char *sig,
			     uint32_t depth)
{
	switch (*sig) {
	case 's':
		put_random_string(g);
		return sig + 1;
	case 'o':
		put_random_path(g);
		return sig + 1;
	case 'g':
		put_random_signature(g);
		return sig + 1;
	case 'v':
		put_variant(g, depth);
		return sig + 1;
	case 'a':
		return put_array(g, sig + 1, depth);
	case '(':
	case '{':
		return put_struct(g, sig + 1, depth);
	default:
		put_random_number(g, *sig);
		return sig + 1;
	}
}

/* Values for a valid signature. */
void generate_values(struct generator *g, const char *sig)
{
	while (*sig)
		sig = put_value(g, sig, 0);
}
