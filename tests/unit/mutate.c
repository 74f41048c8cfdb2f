// SPDX-License-Identifier: GPL-2.0-only
/* Damage to messages, of the kinds that a parser may overlook. */
#include <string.h>

#include "generate.h"

/* Somewhere in the message; the header is hit more often. */
static size_t somewhere(struct rng *r, const struct writer *w)
{
	size_t limit = w->len;

	if (rng_once_in(r, 2) && limit > 160)
		limit = 160;
	return rng_below(r, limit);
}

static void flip_bits(struct rng *r, struct writer *w)
{
	uint32_t n;

	for (n = 1 + rng_below(r, 3); n; n--)
		w->p[somewhere(r, w)] ^= 1u << rng_below(r, 8);
}

static void change_byte(struct rng *r, struct writer *w)
{
	static const uint8_t values[] = {
		0, 1, 2, 7, 8, 9, 10, 11, 127, 128, 255, 'a', 's', 'v', '(',
		')', '{', '}', 'y', 'u', 'o', 'g', '.', '/', ':', '-', 0xc3,
	};

	w->p[somewhere(r, w)] = rng_pick(r, values);
}

/* Any aligned number might be a length. */
static void change_length(struct rng *r, struct writer *w)
{
	static const uint32_t values[] = {
		0, 1, 8, 255, 256, 0x4000000, 0x4000001, 0x8000000, 0x7fffffff,
		0x80000000, 0xfffffff8, 0xffffffff,
	};
	size_t at = somewhere(r, w) & ~(size_t)3;
	uint32_t old = 0;
	size_t i;

	if (at + 4 > w->len)
		return;
	for (i = 0; i < 4; i++)
		old |= (uint32_t)w->p[at + i] <<
		       (8 * (w->big_endian ? 3 - i : i));
	if (rng_once_in(r, 4))
		set_u32(w, at, rng_pick(r, values));
	else
		set_u32(w, at, old + rng_below(r, 17) - 8);
}

/* The header says the new length, or does not. */
static void change_body_len(struct rng *r, struct writer *w)
{
	uint32_t n = rng_below(r, 20);
	size_t old = w->len;
	size_t i;

	if (rng_once_in(r, 2)) {
		w->len = n < w->len ? w->len - n : 0;
	} else {
		while (n--)
			put_u8(w, rng_once_in(r, 4) ? rng_below(r, 256) : 0);
	}
	if (rng_once_in(r, 4) || w->len < 16)
		return;
	for (i = 0, n = 0; i < 4; i++)
		n |= (uint32_t)w->p[4 + i] <<
		     (8 * (w->big_endian ? 3 - i : i));
	set_u32(w, 4, n + w->len - old);
}

static void fill_zero(struct rng *r, struct writer *w)
{
	uint32_t tries;
	size_t at;

	for (tries = 0; tries < 40; tries++) {
		at = somewhere(r, w);
		if (!w->p[at]) {
			w->p[at] = 1 + rng_below(r, 255);
			return;
		}
	}
}

static void splice(struct rng *r, struct writer *w, const struct writer *other)
{
	size_t n = 1 + rng_below(r, 64);
	size_t to = somewhere(r, w) & ~(size_t)7;
	size_t from = somewhere(r, other) & ~(size_t)7;

	if (n > w->len - to)
		n = w->len - to;
	if (n > other->len - from)
		n = other->len - from;
	memmove(w->p + to, other->p + from, n);
}

/* Another signature of the same length, for the header's or a variant's. */
static void change_type(struct rng *r, struct writer *w)
{
	static const char types[] = "ybnqiuxtdhsogv";
	uint32_t tries;
	size_t at;

	for (tries = 0; tries < 100; tries++) {
		at = somewhere(r, w);
		if (w->p[at] && strchr(types, w->p[at])) {
			w->p[at] = types[rng_below(r, sizeof(types) - 1)];
			return;
		}
	}
}

static void change_start(struct rng *r, struct writer *w)
{
	static const uint8_t orders[] = "lBLb";

	switch (rng_below(r, 4)) {
	case 0:
		w->p[0] = orders[rng_below(r, 4)];
		break;
	case 1:
		w->p[1] = rng_below(r, 6);
		break;
	case 2:
		w->p[2] = rng_below(r, 256);
		break;
	default:
		w->p[3] = rng_below(r, 3);
	}
}

/*
 * Damage @w, which is a message, perhaps with bytes of @other.  Returns what
 * kind of damage was done.
 */
const char *mutate_message(struct rng *r, struct writer *w,
			   const struct writer *other)
{
	switch (rng_below(r, 16)) {
	case 0:
	case 1:
		flip_bits(r, w);
		return "bits";
	case 2:
		change_byte(r, w);
		return "byte";
	case 3:
		change_length(r, w);
		return "length";
	case 4:
		change_body_len(r, w);
		return "body";
	case 5:
		fill_zero(r, w);
		return "padding";
	case 6:
		splice(r, w, other);
		return "splice";
	case 7:
		change_type(r, w);
		return "type";
	case 8:
		change_start(r, w);
		return "start";
	default:
		return "none";
	}
}
