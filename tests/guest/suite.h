/* SPDX-License-Identifier: GPL-2.0-only */
/* One program of the tests in several files. */
#ifndef TESTS_GUEST_SUITE_H
#define TESTS_GUEST_SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/**
 * struct suite - the tests of a file
 * @tests: the tests
 * @count: how many there are
 */
struct suite {
	const struct CMUnitTest *tests;
	const size_t *count;
};

/* At the end of a file: its tests. */
#define SUITE_TESTS(name, ...)						\
	const struct CMUnitTest name##_tests[] = { __VA_ARGS__ };	\
	const size_t name##_count = ARRAY_SIZE(name##_tests)

/* In the program: that there is such a file, and a struct suite of it. */
#define SUITE(name)							\
	extern const struct CMUnitTest name##_tests[];			\
	extern const size_t name##_count
#define THE(name) { name##_tests, &name##_count }

int run_suites(const char *group, const struct suite *suites, size_t n,
	       const char *pattern);
void bail_out_after(unsigned int seconds);

#endif
