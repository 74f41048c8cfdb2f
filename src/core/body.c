// SPDX-License-Identifier: GPL-2.0-only
/*
 * Check of marshalled values against their signature.
 *
 * A walk over signature and data at the same time.  Containers that are not
 * finished are on a stack whose size is the depth that D-Bus allows, so the
 * walk needs neither recursion nor memory.
 */
#include "body.h"
#include "name.h"

/* So many values are checked between two pauses. */
#define PAUSE_STEPS	1024

/*
 * An open container:
 *	array	@sig its element type, @end where its last element ends
 *	variant	@sig where the enclosing signature goes on, @end 0
 *	struct	(also dict entry) both 0: its bracket in the signature ends it
 * All are offsets in the message, where a header comes first, so neither is 0
 * by chance.
 */
struct container {
	u32 sig;
	u32 end;
};

struct walk {
	struct kdbus_cursor *c;
	u32 sig;		/* offset of the next type code */
	u32 base;		/* depth at which the walk began */
	u32 depth;
	u32 steps;		/* for pauses */
	struct container stack[KDBUS_DEPTH_MAX];
};

enum step {
	STEP_BAD,
	STEP_VALUE,		/* a value is complete */
	STEP_OPENED,		/* a container waits for its first value */
};

static enum step open_container(struct walk *w, u32 sig, u32 end)
{
	if (w->depth == KDBUS_DEPTH_MAX)
		return STEP_BAD;
	w->stack[w->depth].sig = sig;
	w->stack[w->depth].end = end;
	w->depth++;
	return STEP_OPENED;
}

static bool booleans_valid(const struct kdbus_cursor *c, u32 len)
{
	u32 at;

	for (at = c->pos; at < c->pos + len; at += 4)
		if (kdbus_load_u32(c->data + at, c->big_endian) > 1)
			return false;
	return true;
}

static bool fixed_valid(struct kdbus_cursor *c, u8 code)
{
	u32 size = kdbus_type_table[code] & KDBUS_TYPE_ALIGN;

	if (!kdbus_cursor_align(c, size) || !kdbus_cursor_has(c, size))
		return false;
	if (code == 'b' && !booleans_valid(c, size))
		return false;
	c->pos += size;
	return true;
}

static bool string_valid(struct kdbus_cursor *c, u8 code)
{
	const char *s;
	u32 len;
	u32 at;

	if (code == 'g')
		return kdbus_cursor_signature(c, &at, &len);
	if (!kdbus_cursor_string(c, &at, &len))
		return false;
	s = (const char *)c->data + at;
	return code == 'o' ? kdbus_is_path(s, len) : kdbus_is_utf8(s, len);
}

/* Numbers of an array: nothing in them can be wrong but a boolean. */
static enum step fixed_array(struct walk *w, u32 len)
{
	u8 code = w->c->data[w->sig + 1];

	if (len & ((kdbus_type_table[code] & KDBUS_TYPE_ALIGN) - 1))
		return STEP_BAD;
	if (code == 'b' && !booleans_valid(w->c, len))
		return STEP_BAD;
	w->c->pos += len;
	w->sig += 2;
	return STEP_VALUE;
}

static enum step array_step(struct walk *w)
{
	struct kdbus_cursor *c = w->c;
	u8 element = kdbus_type_table[c->data[w->sig + 1]];
	u32 len;

	if (!kdbus_cursor_u32(c, &len))
		return STEP_BAD;
	/* This padding is there even if no element is, and does not count. */
	if (!kdbus_cursor_align(c, element & KDBUS_TYPE_ALIGN))
		return STEP_BAD;
	if (!kdbus_cursor_has(c, len) || len > KDBUS_ARRAY_MAX)
		return STEP_BAD;
	if (element & KDBUS_TYPE_FIXED)
		return fixed_array(w, len);
	if (!len) {
		w->sig = kdbus_signature_skip(c->data, w->sig);
		return STEP_VALUE;
	}
	w->sig++;
	return open_container(w, w->sig, c->pos + len);
}

static enum step variant_step(struct walk *w)
{
	u32 behind = w->sig + 1;

	if (!kdbus_cursor_variant(w->c, &w->sig))
		return STEP_BAD;
	return open_container(w, behind, 0);
}

static enum step struct_step(struct walk *w)
{
	if (!kdbus_cursor_align(w->c, 8))
		return STEP_BAD;
	w->sig++;
	return open_container(w, 0, 0);
}

static enum step walk_step(struct walk *w, u8 code)
{
	u8 info = kdbus_type_table[code];

	if (info & KDBUS_TYPE_BASIC) {
		w->sig++;
		if (info & KDBUS_TYPE_FIXED)
			return fixed_valid(w->c, code) ? STEP_VALUE : STEP_BAD;
		return string_valid(w->c, code) ? STEP_VALUE : STEP_BAD;
	}
	if (code == 'v')
		return variant_step(w);
	if (code == 'a')
		return array_step(w);
	if (code == '(' || code == '{')
		return struct_step(w);
	/* A closing bracket: the struct on top of the stack is complete. */
	w->depth--;
	w->sig++;
	return STEP_VALUE;
}

/*
 * A value is complete: so are the containers that it was the last of.  Returns
 * false if an array does not end where its length says.
 */
static bool close_containers(struct walk *w)
{
	const struct container *top;

	while (w->depth > w->base) {
		top = &w->stack[w->depth - 1];
		if (top->end) {
			if (w->c->pos < top->end) {
				w->sig = top->sig;
				return true;
			}
			if (w->c->pos != top->end)
				return false;
		} else if (top->sig) {
			w->sig = top->sig;
		} else {
			return true;
		}
		w->depth--;
	}
	return true;
}

static void walk_begin(struct walk *w, struct kdbus_cursor *c, u32 sig,
		       u32 depth)
{
	w->c = c;
	w->sig = sig;
	w->base = depth;
	w->depth = depth;
	w->steps = 0;
}

/* One value with all that is in it. */
static bool walk_value(struct walk *w)
{
	do {
		/* A body can be a hundred million of empty values. */
		if (!(++w->steps % PAUSE_STEPS))
			kdbus_pause();
		switch (walk_step(w, w->c->data[w->sig])) {
		case STEP_BAD:
			return false;
		case STEP_VALUE:
			if (!close_containers(w))
				return false;
			break;
		case STEP_OPENED:
			break;
		}
	} while (w->depth > w->base);
	return true;
}

/**
 * kdbus_value_valid() - check one value
 * @c: the cursor, at the value; left behind it
 * @sig: offset in the message of its complete type, which is valid; moved
 *	behind it
 * @depth: number of containers around the value, below %KDBUS_DEPTH_MAX
 *
 * Return: true if there is such a value.
 */
bool kdbus_value_valid(struct kdbus_cursor *c, u32 *sig, u32 depth)
{
	struct walk w;

	walk_begin(&w, c, *sig, depth);
	if (!walk_value(&w))
		return false;
	*sig = w.sig;
	return true;
}

/**
 * kdbus_values_valid() - check a sequence of values
 * @c: the cursor, at the first value; left behind the last one
 * @sig: offset in the message of their signature, which is valid, a NUL behind
 *	it
 * @depth: number of containers around the values, below %KDBUS_DEPTH_MAX
 *
 * Return: true if there are values as the signature says.
 */
bool kdbus_values_valid(struct kdbus_cursor *c, u32 sig, u32 depth)
{
	struct walk w;

	walk_begin(&w, c, sig, depth);
	while (c->data[w.sig])
		if (!walk_value(&w))
			return false;
	return true;
}
