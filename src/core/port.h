/* SPDX-License-Identifier: GPL-2.0-only */
/* What the core needs from its surroundings: the one place that knows them. */
#ifndef KDBUS_CORE_PORT_H
#define KDBUS_CORE_PORT_H

#ifdef __KERNEL__
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/types.h>

/* Let others have the processor; whoever validates a body may sleep. */
#define kdbus_pause()	cond_resched()
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#define kdbus_pause()	((void)0)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif

#define KDBUS_HOST_BIG_ENDIAN	(__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

/* Messages come at any address, so nothing is read through a wider pointer. */

/**
 * kdbus_load_u32() - read an integer of a message
 * @p: where it is
 * @big_endian: byte order of the message
 *
 * Return: the integer in the byte order of the host.
 */
static inline u32 kdbus_load_u32(const u8 *p, bool big_endian)
{
	u32 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return big_endian == KDBUS_HOST_BIG_ENDIAN ? v : __builtin_bswap32(v);
}

/**
 * kdbus_store_u32() - write an integer of a message
 * @p: where it goes
 * @v: the integer in the byte order of the host
 * @big_endian: byte order of the message
 */
static inline void kdbus_store_u32(u8 *p, u32 v, bool big_endian)
{
	if (big_endian != KDBUS_HOST_BIG_ENDIAN)
		v = __builtin_bswap32(v);
	__builtin_memcpy(p, &v, sizeof(v));
}

/**
 * kdbus_load_word() - read eight bytes whose order does not matter
 * @p: where they are
 *
 * Return: the bytes.
 */
static inline u64 kdbus_load_word(const void *p)
{
	u64 v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

#endif
