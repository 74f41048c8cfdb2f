// SPDX-License-Identifier: GPL-2.0-only
/* Syntax of names and strings. */
#include "unit.h"

#include "core/name.h"

typedef bool (*check)(const char *s, u32 len);

static void expect(check is, const char *s, size_t len, bool valid)
{
	char *copy = (char *)exact_copy(s, len);

	if (is(copy, len) != valid)
		fail_msg("'%.*s' should be %s", (int)len, s,
			 valid ? "valid" : "invalid");
	free(copy);
}

static void expect_all(check is, const char * const *s, bool valid)
{
	for (; *s; s++)
		expect(is, *s, strlen(*s), valid);
}

/* @prefix and as many letters as make up @len. */
static void expect_long(check is, const char *prefix, size_t len, bool valid)
{
	char s[512];

	memset(s, 'x', sizeof(s));
	memcpy(s, prefix, strlen(prefix));
	expect(is, s, len, valid);
}

static void bus_names(void **state)
{
	static const char * const valid[] = {
		"a.b", "org.freedesktop.DBus", "_._", "a-b.-c", "A9.z0",
		":1.1", ":1", ":a.b-c", ":.a", ":", ":-", NULL
	};
	static const char * const invalid[] = {
		"", "a", ".a", "a.", "a..b", "a.1", "1.a", "a/b.c", "a.b ",
		":.", ":1.", ":1..2", "::", ":1:2", "a.b:1", "\xc3.\xa4", NULL
	};

	(void)state;
	expect_all(kdbus_is_bus_name, valid, true);
	expect_all(kdbus_is_bus_name, invalid, false);
	expect_long(kdbus_is_bus_name, "a.", 255, true);
	expect_long(kdbus_is_bus_name, "a.", 256, false);
	expect_long(kdbus_is_bus_name, ":1.", 255, true);
	expect_long(kdbus_is_bus_name, ":1.", 256, false);
	expect(kdbus_is_bus_name, "a.b\0c", 5, false);
}

static void unique_names(void **state)
{
	static const char * const valid[] = { ":1.1", ":1", ":", NULL };
	static const char * const invalid[] = { "", "a.b", "1.1", ":.", NULL };

	(void)state;
	expect_all(kdbus_is_unique_name, valid, true);
	expect_all(kdbus_is_unique_name, invalid, false);
}

static void bus_namespaces(void **state)
{
	static const char * const valid[] = { "a", "a.b", ":1", "a-b", NULL };
	static const char * const invalid[] = { "", "a.", ".", "1", NULL };

	(void)state;
	expect_all(kdbus_is_bus_namespace, valid, true);
	expect_all(kdbus_is_bus_namespace, invalid, false);
}

static void interfaces(void **state)
{
	static const char * const valid[] = {
		"a.b", "_a._9.Z", "org.freedesktop.DBus", NULL
	};
	static const char * const invalid[] = {
		"", "a", "a.", ".a", "a..b", "a.9", "9.a", "a-b.c", "a.b-c",
		":1.1", "a.b/", NULL
	};

	(void)state;
	expect_all(kdbus_is_interface, valid, true);
	expect_all(kdbus_is_interface, invalid, false);
	expect_all(kdbus_is_error_name, valid, true);
	expect_all(kdbus_is_error_name, invalid, false);
	expect_long(kdbus_is_interface, "a.", 255, true);
	expect_long(kdbus_is_interface, "a.", 256, false);
}

static void members(void **state)
{
	static const char * const valid[] = { "a", "_", "Ping", "a9_", NULL };
	static const char * const invalid[] = {
		"", "9", "a.b", "a-b", "a b", "\xc3\xa4", NULL
	};

	(void)state;
	expect_all(kdbus_is_member, valid, true);
	expect_all(kdbus_is_member, invalid, false);
	expect_long(kdbus_is_member, "", 255, true);
	expect_long(kdbus_is_member, "", 256, false);
}

static void paths(void **state)
{
	static const char * const valid[] = { "/", "/a", "/9/_/Z", NULL };
	static const char * const invalid[] = {
		"", "a", "//", "/a/", "/a//b", "//a", "/a-b", "/a.b", "/\xc3",
		NULL
	};

	(void)state;
	expect_all(kdbus_is_path, valid, true);
	expect_all(kdbus_is_path, invalid, false);
	expect_long(kdbus_is_path, "/", 500, true);
	expect(kdbus_is_path, "/a\0b", 4, false);
}

static void utf8(void **state)
{
	static const char * const valid[] = {
		"", "a", "abcdefgh", "abcdefghi", "\x7f", "\xc2\x80",
		"\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"abcdefg\xe2\x82\xac""abcdefg", NULL
	};
	static const char * const invalid[] = {
		"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x7f",
		"\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80", "\xff",
		"\xf0\x90\x80", "\xf0\x90\x80\xc0", "\xe2\x82\xc0",
		"abcdefgh\xff", "abcdefg\xff", NULL
	};
	char s[17] = "abcdefghijklmnop";
	size_t i;

	(void)state;
	expect_all(kdbus_is_utf8, valid, true);
	expect_all(kdbus_is_utf8, invalid, false);
	/* NUL and others at each place of a word. */
	for (i = 0; i < 16; i++) {
		char old = s[i];

		s[i] = 0;
		expect(kdbus_is_utf8, s, 16, false);
		s[i] = (char)0x80;
		expect(kdbus_is_utf8, s, 16, false);
		s[i] = 1;
		expect(kdbus_is_utf8, s, 16, true);
		s[i] = old;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bus_names),
		cmocka_unit_test(unique_names),
		cmocka_unit_test(bus_namespaces),
		cmocka_unit_test(interfaces),
		cmocka_unit_test(members),
		cmocka_unit_test(paths),
		cmocka_unit_test(utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
