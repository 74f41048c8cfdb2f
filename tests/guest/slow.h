/* SPDX-License-Identifier: GPL-2.0-only */
/* Time limits on kernels that check themselves and are slow: see tests/vm. */
#ifndef TESTS_GUEST_SLOW_H
#define TESTS_GUEST_SLOW_H

#include <stdlib.h>

/* The time that something takes here which elsewhere takes @seconds, or ms. */
static inline unsigned int slowly(unsigned int seconds)
{
	const char *slowdown = getenv("VM_SLOWDOWN");

	return slowdown ? seconds * atoi(slowdown) : seconds;
}

#endif
