// SPDX-License-Identifier: GPL-2.0-only
/* Cursor and signatures. */
#include <stdio.h>

#include "unit.h"

static bool signature_valid(const char *s)
{
	uint8_t *copy = exact_copy(s, strlen(s));
	bool valid = kdbus_signature_valid(copy, strlen(s));

	free(copy);
	return valid;
}

static char *repeat(const char *s, size_t n)
{
	char *out = calloc(n * strlen(s) + 1, 1);

	assert_non_null(out);
	while (n--)
		strcat(out, s);
	return out;
}

/* @open n times, "y", @close n times. */
static bool nested_valid(const char *open, const char *close, size_t n)
{
	char *a = repeat(open, n);
	char *b = repeat(close, n);
	char s[512];
	bool valid;

	snprintf(s, sizeof(s), "%sy%s", a, b);
	valid = signature_valid(s);
	free(a);
	free(b);
	return valid;
}

static void signatures_valid(void **state)
{
	static const char * const valid[] = {
		"", "y", "bnqiuxtdsogvh", "as", "aas", "(y)", "(yv)a(yv)",
		"a{sv}", "a{s(ii)}", "a{ya{yy}}", "((((y))))", "aa{s(a{hv}as)}",
		"a(yv)", "(aay)",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(valid); i++)
		if (!signature_valid(valid[i]))
			fail_msg("'%s' is valid", valid[i]);
}

static void signatures_invalid(void **state)
{
	static const char * const invalid[] = {
		"a", "aa", "sa", "(", ")", "()", "(y", "y)", "(a)", "(ya)",
		"{sv}", "a{}", "a{s}", "a{sv", "a{vs}", "a{(y)y}", "a{ayy}",
		"a{syy}", "a{sa}", "(a{s)v}", "a(}", "a{sv)", "({sv})", "r",
		"e", "z", "m", "*", "?", "(y)}", "a{a{yy}y}", "s\x80", "s ",
	};
	size_t i;

	(void)state;
	assert_false(kdbus_signature_valid((const uint8_t *)"s\0s", 3));
	for (i = 0; i < ARRAY_SIZE(invalid); i++)
		if (signature_valid(invalid[i]))
			fail_msg("'%s' is invalid", invalid[i]);
}

static void signature_nesting(void **state)
{
	(void)state;
	assert_true(nested_valid("a", "", 32));
	assert_false(nested_valid("a", "", 33));
	assert_true(nested_valid("(", ")", 32));
	assert_false(nested_valid("(", ")", 33));
	assert_true(nested_valid("a{y", "}", 32));
	assert_false(nested_valid("a{y", "}", 33));
	assert_true(nested_valid("(a{y", "})", 32));
	assert_false(nested_valid("(a{y", "})", 33));
	/* Arrays count only while nothing is between them. */
	assert_true(nested_valid("aaaa(", ")", 20));
}

static void signature_length(void **state)
{
	char *s = repeat("y", 256);

	(void)state;
	assert_true(kdbus_signature_valid((uint8_t *)s, 255));
	assert_false(kdbus_signature_valid((uint8_t *)s, 256));
	s[0] = 'a';
	assert_true(kdbus_signature_valid((uint8_t *)s, 255));
	assert_false(kdbus_signature_valid((uint8_t *)s, 256));
	free(s);
}

static void signature_skip(void **state)
{
	static const char sig[] = "yaya{s(iv)}(a(yy)v)aas";
	static const uint32_t ends[] = { 1, 3, 11, 19, 22 };
	uint32_t at = 0;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		at = kdbus_signature_skip((const uint8_t *)sig, at);
		assert_int_equal(at, ends[i]);
	}
}

static void cursor_align(void **state)
{
	static const uint8_t data[8] = { 1, 0, 0, 0, 0, 0, 0, 2 };
	struct kdbus_cursor c = { .data = data, .pos = 1, .end = 7 };

	(void)state;
	assert_true(kdbus_cursor_align(&c, 4));
	assert_int_equal(c.pos, 4);
	assert_true(kdbus_cursor_align(&c, 4));
	assert_int_equal(c.pos, 4);
	/* Behind the end, and then not zero. */
	c.pos = 5;
	assert_false(kdbus_cursor_align(&c, 8));
	c.pos = 5;
	c.end = 8;
	assert_false(kdbus_cursor_align(&c, 8));
}

static void cursor_numbers(void **state)
{
	static const uint8_t data[8] = { 1, 0, 0, 0, 4, 3, 2, 1 };
	struct kdbus_cursor c = { .data = data, .pos = 1, .end = 8 };
	uint32_t v;

	(void)state;
	assert_true(kdbus_cursor_u32(&c, &v));
	assert_int_equal(v, 0x01020304);
	assert_int_equal(c.pos, 8);
	assert_false(kdbus_cursor_u32(&c, &v));
	c.pos = 4;
	c.big_endian = true;
	assert_true(kdbus_cursor_u32(&c, &v));
	assert_int_equal(v, 0x04030201);
	c.pos = 4;
	c.end = 7;
	assert_false(kdbus_cursor_u32(&c, &v));
}

static void check_string(const char *bytes, size_t len, bool valid)
{
	uint8_t *copy = exact_copy(bytes, len);
	struct kdbus_cursor c = { .data = copy, .end = len };
	uint32_t str_len;
	uint32_t at;

	assert_int_equal(kdbus_cursor_string(&c, &at, &str_len), valid);
	if (valid) {
		assert_int_equal(at, 4);
		assert_int_equal(str_len, len - 5);
		assert_int_equal(c.pos, len);
	}
	free(copy);
}

static void cursor_strings(void **state)
{
	(void)state;
	check_string("\2\0\0\0ab\0", 7, true);
	check_string("\0\0\0\0\0", 5, true);
	check_string("\2\0\0\0ab", 6, false);
	check_string("\2\0\0\0abc", 7, false);
	check_string("\3\0\0\0ab\0", 7, false);
	check_string("\xff\xff\xff\xff\0\0\0", 7, false);
	check_string("\0\0\0\0", 4, false);
	check_string("\0\0\0", 3, false);
}

static void check_variant(const char *bytes, size_t len, bool valid)
{
	uint8_t *copy = exact_copy(bytes, len);
	struct kdbus_cursor c = { .data = copy, .end = len };
	uint32_t at;

	assert_int_equal(kdbus_cursor_variant(&c, &at), valid);
	free(copy);
}

static void cursor_variants(void **state)
{
	(void)state;
	check_variant("\1y\0", 3, true);
	check_variant("\2as\0", 4, true);
	check_variant("\4(yy)\0", 6, true);
	check_variant("\0\0", 2, false);
	check_variant("\2yy\0", 4, false);
	check_variant("\4asas\0", 6, false);
	check_variant("\1y", 2, false);
	check_variant("\1yy", 3, false);
	check_variant("\377y\0", 3, false);
	check_variant("\1", 1, false);
	check_variant("", 0, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signatures_valid),
		cmocka_unit_test(signatures_invalid),
		cmocka_unit_test(signature_nesting),
		cmocka_unit_test(signature_length),
		cmocka_unit_test(signature_skip),
		cmocka_unit_test(cursor_align),
		cmocka_unit_test(cursor_numbers),
		cmocka_unit_test(cursor_strings),
		cmocka_unit_test(cursor_variants),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
