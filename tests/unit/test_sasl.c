// SPDX-License-Identifier: GPL-2.0-only
/* The end of the SASL exchange. */
#include "unit.h"

#include "core/sasl.h"
#include "rng.h"

#define NEVER ((size_t)-1)

/*
 * What dbus-auth.c does with a whole buffer: cut off lines, look at the first
 * word of each.
 */
static size_t naive_end(const char *s, size_t len)
{
	size_t start = 1;
	size_t word;
	size_t eol;
	size_t i;
	bool ascii;

	for (;;) {
		for (eol = start; eol + 1 < len; eol++)
			if (s[eol] == '\r' && s[eol + 1] == '\n')
				break;
		if (eol + 1 >= len)
			return NEVER;
		ascii = true;
		for (i = start; i < eol; i++)
			if (!s[i] || (s[i] & 0x80))
				ascii = false;
		for (word = start; word < eol; word++)
			if (s[word] == ' ' || s[word] == '\t')
				break;
		if (ascii && word - start == 5 && !memcmp(s + start, "BEGIN", 5))
			return eol + 2;
		start = eol + 2;
	}
}

/* Returns where the exchange ended, or NEVER; pieces of up to @step bytes. */
static size_t scan(const char *s, size_t len, size_t step)
{
	struct kdbus_sasl sasl = { 0 };
	size_t used = 0;
	size_t got;
	uint8_t *piece;

	while (used < len) {
		size_t n = step < len - used ? step : len - used;

		piece = exact_copy(s + used, n);
		got = kdbus_sasl_scan(&sasl, piece, n);
		free(piece);
		used += got;
		if (sasl.done) {
			assert_int_equal(kdbus_sasl_scan(&sasl,
							 (uint8_t *)"x", 1),
					 0);
			return used;
		}
		assert_int_equal(got, n);
	}
	return NEVER;
}

static void check(const char *s, size_t len, size_t end)
{
	size_t step;

	assert_int_equal(naive_end(s, len), end);
	for (step = 1; step <= len; step++)
		assert_int_equal(scan(s, len, step), end);
}

#define CHECK(s, end) check((s), sizeof(s) - 1, (end))

static void usual(void **state)
{
	(void)state;
	CHECK("\0AUTH EXTERNAL 30\r\nBEGIN\r\n", 26);
	CHECK("\0AUTH EXTERNAL 30\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\nl\1\0\1",
	      45);
	CHECK("\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n", 29);
	CHECK("\0BEGIN\r\n", 8);
}

static void arguments(void **state)
{
	(void)state;
	CHECK("\0BEGIN \r\n", 9);
	CHECK("\0BEGIN now\tthen\r\nx", 17);
	CHECK("\0BEGIN\tnow\r\n", 12);
	CHECK("\0BEGIN a\rb\r\n", 12);
	CHECK("\0BEGIN a\nb\r\n", 12);
	CHECK("\0BEGIN \r\r\n", 10);
}

static void not_begin(void **state)
{
	(void)state;
	CHECK("", NEVER);
	CHECK("\0", NEVER);
	CHECK("\0BEGIN", NEVER);
	CHECK("\0BEGIN\r", NEVER);
	CHECK("\0BEGIN\n", NEVER);
	CHECK("\0BEGIN\n\r\n", NEVER);
	CHECK("\0BEGIN\r\r\n", NEVER);
	CHECK("\0BEGINS\r\n", NEVER);
	CHECK("\0BEGI\r\n", NEVER);
	CHECK("\0begin\r\n", NEVER);
	CHECK("\0 BEGIN\r\n", NEVER);
	CHECK("\0\nBEGIN\r\n", NEVER);
	CHECK("\0\0BEGIN\r\n", NEVER);
	CHECK("\0DATA BEGIN\r\n", NEVER);
	CHECK("\0BEGIN \xff\r\n", NEVER);
	CHECK("\0BEGIN \0\r\n", NEVER);
	CHECK("\0\r\n\rBEGIN\r\n", NEVER);
}

static void after_others(void **state)
{
	(void)state;
	CHECK("\0\r\nBEGIN\r\n", 10);
	CHECK("\0\r\n\r\nBEGIN\r\nBEGIN\r\n", 12);
	CHECK("\0BEGIN \xff\r\nBEGIN\r\n", 17);
	CHECK("\0BEGINS\r\nBEGIN\r\n", 16);
	CHECK("\0x\r\r\nBEGIN\r\n", 12);
	/* The first byte belongs to no line, whatever it is. */
	CHECK("\rBEGIN\r\n", 8);
	CHECK("\r\nBEGIN\r\n", NEVER);
}

static void random_text(void **state)
{
	static const char * const pieces[] = {
		"BEGIN", "BEGIN", "\r\n", "\r\n", "\r", "\n", " ", "\t", "B",
		"EGIN", "AUTH", "\x80", "x",
	};
	struct rng r = { 7 };
	uint32_t round;
	char s[256];

	(void)state;
	for (round = 0; round < 50000; round++) {
		uint32_t n = 1 + rng_below(&r, 16);
		size_t len = 1;

		s[0] = rng_once_in(&r, 8) ? '\r' : 0;
		while (n--) {
			const char *piece = rng_pick(&r, pieces);

			memcpy(s + len, piece, strlen(piece));
			len += strlen(piece);
		}
		assert_int_equal(scan(s, len, 1 + rng_below(&r, len)),
				 naive_end(s, len));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(usual),
		cmocka_unit_test(arguments),
		cmocka_unit_test(not_begin),
		cmocka_unit_test(after_others),
		cmocka_unit_test(random_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
