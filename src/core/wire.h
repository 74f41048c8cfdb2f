/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The marshalling format: a cursor that moves through a message and never
 * leaves it, and the syntax of signatures.
 */
#ifndef KDBUS_CORE_WIRE_H
#define KDBUS_CORE_WIRE_H

#include "port.h"

/* D-Bus Specification, "Valid Signatures" and "Marshaling". */
#define KDBUS_SIGNATURE_MAX	255
#define KDBUS_NESTING_MAX	32	/* arrays, structs, dict entries: each */
#define KDBUS_DEPTH_MAX		64	/* of values, variants included */
#define KDBUS_ARRAY_MAX		(64u << 20)

/*
 * Properties of a type code.  The low bits are its alignment, which for a
 * fixed type is its size as well.
 */
enum kdbus_type_info {
	KDBUS_TYPE_ALIGN = 0x0f,
	KDBUS_TYPE_FIXED = 0x10,	/* a number */
	KDBUS_TYPE_BASIC = 0x20,	/* may be the key of a dict entry */
	KDBUS_TYPE_WHOLE = 0x40,	/* one code is a complete type */
};

/* By type code; 0 for what is none.  Closing brackets are none. */
extern const u8 kdbus_type_table[256];

/**
 * struct kdbus_cursor - a place in a message
 *
 * @data: start of the message, from which alignment counts
 * @pos: offset of the next byte
 * @end: offset behind the last byte that may be looked at
 * @big_endian: byte order
 */
struct kdbus_cursor {
	const u8 *data;
	u32 pos;
	u32 end;
	bool big_endian;
};

/**
 * kdbus_align() - round up
 * @n: an offset, at most a little more than the longest message
 * @alignment: a power of two
 *
 * Return: the next multiple of @alignment.
 */
static inline u32 kdbus_align(u32 n, u32 alignment)
{
	return (n + alignment - 1) & ~(alignment - 1);
}

/**
 * kdbus_cursor_align() - go on to an aligned offset
 * @c: the cursor
 * @alignment: 1, 2, 4 or 8
 *
 * Return: true if the offset is inside and what was skipped is zero.
 */
static inline bool kdbus_cursor_align(struct kdbus_cursor *c, u32 alignment)
{
	u32 to = kdbus_align(c->pos, alignment);

	if (to > c->end)
		return false;
	while (c->pos < to)
		if (c->data[c->pos++])
			return false;
	return true;
}

/**
 * kdbus_cursor_has() - are there so many bytes
 * @c: the cursor
 * @n: number of bytes, anything that a message may claim
 *
 * Return: true if @n bytes are left.
 */
static inline bool kdbus_cursor_has(const struct kdbus_cursor *c, u32 n)
{
	return n <= c->end - c->pos;
}

/**
 * kdbus_cursor_u32() - read an integer with its padding
 * @c: the cursor
 * @v: the integer
 *
 * Return: true if there is one.
 */
static inline bool kdbus_cursor_u32(struct kdbus_cursor *c, u32 *v)
{
	if (!kdbus_cursor_align(c, 4) || !kdbus_cursor_has(c, 4))
		return false;
	*v = kdbus_load_u32(c->data + c->pos, c->big_endian);
	c->pos += 4;
	return true;
}

bool kdbus_cursor_string(struct kdbus_cursor *c, u32 *at, u32 *len);
bool kdbus_cursor_signature(struct kdbus_cursor *c, u32 *at, u32 *len);
bool kdbus_cursor_variant(struct kdbus_cursor *c, u32 *at);

bool kdbus_signature_valid(const u8 *sig, u32 len);
u32 kdbus_signature_skip(const u8 *sig, u32 at);

#endif
