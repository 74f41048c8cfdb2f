/* SPDX-License-Identifier: GPL-2.0-only */
/* Random numbers that a seed repeats on every machine. */
#ifndef KDBUS_TEST_RNG_H
#define KDBUS_TEST_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
	uint64_t state;
};

/* splitmix64 */
static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* 0 to n - 1 */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)(((rng_next(r) >> 32) * n) >> 32);
}

/* true once in n times */
static inline bool rng_once_in(struct rng *r, uint32_t n)
{
	return rng_below(r, n) == 0;
}

/* an element of an array */
#define rng_pick(r, a) ((a)[rng_below(r, sizeof(a) / sizeof((a)[0]))])

#endif
