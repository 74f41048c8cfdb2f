/* SPDX-License-Identifier: GPL-2.0-only */
/* Common beginning of the unit tests. */
#ifndef KDBUS_TEST_UNIT_H
#define KDBUS_TEST_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/message.h"
#include "writer.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * A copy in memory of its own, so that the sanitizers see a read behind the
 * end.  Freed by the caller.
 */
static inline uint8_t *exact_copy(const void *p, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	if (len)
		memcpy(copy, p, len);
	return copy;
}

static inline void assert_str(const struct kdbus_str *str, const char *s)
{
	assert_non_null(str->s);
	assert_int_equal(str->len, strlen(s));
	assert_string_equal(str->s, s);
}

#endif
