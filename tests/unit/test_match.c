// SPDX-License-Identifier: GPL-2.0-only
/* Match rules: text, equality, and what they match. */
#include <stdio.h>

#include "unit.h"

#include "core/match.h"

static struct writer w;

static int teardown(void **state)
{
	(void)state;
	writer_free(&w);
	return 0;
}

/* NULL if it is no rule; freed by the caller. */
static struct kdbus_match_rule *parse_len(const char *text, size_t len)
{
	struct kdbus_match_rule *rule = malloc(kdbus_match_size(len));
	char *copy = (char *)exact_copy(text, len);

	assert_non_null(rule);
	if (!kdbus_match_parse(copy, len, rule)) {
		free(rule);
		rule = NULL;
	}
	free(copy);
	return rule;
}

static struct kdbus_match_rule *parse(const char *text)
{
	return parse_len(text, strlen(text));
}

static void expect(const char *text, bool valid)
{
	struct kdbus_match_rule *rule = parse(text);

	if (!rule != !valid)
		fail_msg("<%s> should be %s", text, valid ? "valid" : "wrong");
	free(rule);
}

static void assert_value(const struct kdbus_match_rule *rule,
			 struct kdbus_match_value value, const char *s)
{
	if (value.len != strlen(s) ||
	    memcmp(rule->text + value.at, s, value.len))
		fail_msg("'%.*s' should be '%s'", value.len,
			 rule->text + value.at, s);
}

static void every_key(void **state)
{
	struct kdbus_match_rule *rule = parse(
		"type='signal',sender='a.b',interface='c.d',member='M',"
		"path='/p',destination=':1.5',arg7='seven',arg0namespace='e',"
		"arg63path='/x/',eavesdrop='true'");

	(void)state;
	assert_non_null(rule);
	assert_int_equal(rule->keys, 0xff & ~KDBUS_MATCH_PATH_NAMESPACE);
	assert_int_equal(rule->type, KDBUS_TYPE_SIGNAL);
	assert_value(rule, rule->sender, "a.b");
	assert_value(rule, rule->interface, "c.d");
	assert_value(rule, rule->member, "M");
	assert_value(rule, rule->path, "/p");
	assert_value(rule, rule->destination, ":1.5");
	assert_int_equal(rule->n_args, 3);
	assert_int_equal(rule->args[0].index, 0);
	assert_int_equal(rule->args[0].kind, KDBUS_MATCH_ARG_NAMESPACE);
	assert_value(rule, rule->args[0].value, "e");
	assert_int_equal(rule->args[1].index, 7);
	assert_int_equal(rule->args[1].kind, KDBUS_MATCH_ARG_EQUAL);
	assert_value(rule, rule->args[1].value, "seven");
	assert_int_equal(rule->args[2].index, 63);
	assert_int_equal(rule->args[2].kind, KDBUS_MATCH_ARG_PATH);
	assert_value(rule, rule->args[2].value, "/x/");
	assert_int_equal(kdbus_match_args_wanted(rule), 64);
	free(rule);
	rule = parse("");
	assert_non_null(rule);
	assert_int_equal(rule->keys, 0);
	assert_int_equal(kdbus_match_args_wanted(rule), 0);
	free(rule);
}

static void types(void **state)
{
	static const char * const names[] = {
		NULL, "method_call", "method_return", "error", "signal",
	};
	char text[64];
	uint8_t type;

	(void)state;
	for (type = 1; type < ARRAY_SIZE(names); type++) {
		struct kdbus_match_rule *rule;

		snprintf(text, sizeof(text), "type=%s", names[type]);
		rule = parse(text);
		assert_non_null(rule);
		assert_int_equal(rule->type, type);
		free(rule);
	}
	expect("type='invalid'", false);
	expect("type=''", false);
	expect("type='signals'", false);
	expect("type=signal,type=signal", false);
}

static void check_quoting(const char *text, const char *value)
{
	struct kdbus_match_rule *rule = parse(text);

	if (!rule)
		fail_msg("<%s> should be valid", text);
	assert_int_equal(rule->n_args, 1);
	assert_value(rule, rule->args[0].value, value);
	free(rule);
}

static void quoting(void **state)
{
	(void)state;
	check_quoting("arg0=a", "a");
	check_quoting("arg0=", "");
	check_quoting("arg0=''", "");
	check_quoting("arg0='a,b'", "a,b");
	check_quoting("arg0=a'b'c", "abc");
	check_quoting("arg0='a''b'", "ab");
	check_quoting("arg0='a'\\''b'", "a'b");
	check_quoting("arg0='a\\'", "a\\");
	check_quoting("arg0=a\\b", "a\\b");
	check_quoting("arg0=a\\\\b", "a\\\\b");
	check_quoting("arg0=a\\\\'b'", "a\\\\b");
	check_quoting("arg0=a\\,b", "a\\,b");
	check_quoting("arg0=a\\", "a\\");
	check_quoting("arg0= a ", " a ");
	check_quoting("arg0=a=b", "a=b");
	expect("arg0='a", false);
	expect("arg0='a\\'b'", false);
	expect("arg0='", false);
}

static void white_space(void **state)
{
	(void)state;
	expect(" \t\r\n", true);
	expect(" type \t= signal", false);
	expect(" type \t='signal', member\n='M' ", false);
	expect(" type \t='signal', member\n='M', ", true);
	expect("ty pe='signal'", false);
	expect("type", false);
	expect("type ", false);
	expect(",type='signal'", false);
	expect("type='signal',", true);
	expect("type='signal',,member='M'", false);
}

/* Where dbus-daemon stops reading without complaint. */
static void ignored_rest(void **state)
{
	char text[512] = "";
	uint32_t i;

	(void)state;
	expect("=x", true);
	expect("type='signal', =x,type='error'", true);
	expect("type='signal',='", true);
	for (i = 0; i < 16; i++)
		strcat(text, "eavesdrop=true,");
	strcat(text, "nonsense");
	expect(text, true);
	expect(text + strlen("eavesdrop=true,"), false);
}

static void indices(void **state)
{
	static const struct {
		const char *text;
		int index;
	} cases[] = {
		{ "arg0=", 0 }, { "arg63=", 63 }, { "arg64=", -1 },
		{ "arg=", -1 }, { "argx=", -1 }, { "arg010=", 8 },
		{ "arg08=", -1 }, { "arg0x1f=", 31 }, { "arg0X1F=", 31 },
		{ "arg0x=", -1 }, { "arg+5=", 5 }, { "arg-0=", 0 },
		{ "arg-1=", -1 }, { "arg\v5=", 5 }, { "arg\f5=", 5 },
		{ "arg5path=", 5 }, { "arg0x1path=", 1 }, { "arg5pat=", -1 },
		{ "arg5paths=", -1 }, { "arg0namespace=a", 0 },
		{ "arg1namespace=a", -1 }, { "arg00namespace=a", -1 },
		{ "arg0namespace=a.", -1 }, { "arg0namespace=", -1 },
		{ "arg99999999999999999999=", -1 }, { "arg4294967296=", -1 },
		{ "arg18446744073709551616=", -1 }, { "arg 5=", -1 },
		{ "Arg5=", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kdbus_match_rule *rule = parse(cases[i].text);

		if (!rule != (cases[i].index < 0))
			fail_msg("<%s>", cases[i].text);
		if (rule)
			assert_int_equal(rule->args[0].index, cases[i].index);
		free(rule);
	}
}

static void twice(void **state)
{
	(void)state;
	expect("sender=a.b,sender=a.b", false);
	expect("interface=a.b,interface=a.b", false);
	expect("member=M,member=M", false);
	expect("path=/,path=/", false);
	expect("path=/,path_namespace=/", false);
	expect("path_namespace=/,path=/", false);
	expect("path_namespace=/,path_namespace=/", false);
	expect("destination=a.b,destination=a.b", false);
	expect("arg5=a,arg5=a", false);
	expect("arg5=a,arg5path=a", false);
	expect("arg0=a,arg0namespace=a", false);
	expect("arg5=a,arg6=a,arg4=a", true);
	expect("eavesdrop=true,eavesdrop=false", true);
}

static void values(void **state)
{
	(void)state;
	expect("sender=:1.1", true);
	expect("sender=a", false);
	expect("interface=a", false);
	expect("member=a.b", false);
	expect("path=a", false);
	expect("path=/a/", false);
	expect("path_namespace=/a/", false);
	expect("path_namespace=/", true);
	expect("destination=a", false);
	expect("eavesdrop=yes", false);
	expect("eavesdrop=", false);
	expect("unknown=x", false);
	expect("types=signal", false);
	expect("typ=signal", false);
}

/* As dbus-daemon writes the longest that it takes, with apostrophes in it. */
static void length(void **state)
{
	char text[4100];

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "arg0=", 5);
	text[4096] = 0;
	expect(text, true);
	text[4096] = 'x';
	text[4097] = 0;
	expect(text, false);
}

static void equality(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool equal;
	} cases[] = {
		{ "", "", true },
		{ "type=signal,member=M", " member='M',type='signal'", true },
		{ "type=signal", "type=error", false },
		{ "type=signal", "", false },
		{ "member=M", "member=N", false },
		{ "interface=a.b", "interface=a.c", false },
		{ "sender=a.b", "sender=a.c", false },
		{ "destination=a.b", "destination=a.c", false },
		{ "path=/a", "path=/b", false },
		{ "path=/a", "path_namespace=/a", false },
		/* dbus-daemon forgets to look. */
		{ "path_namespace=/a", "path_namespace=/b", true },
		{ "arg0=a,arg5=b", "arg5=b,arg0=a", true },
		{ "arg0=a", "arg0=b", false },
		{ "arg0=a", "arg1=a", false },
		{ "arg0=a", "arg0path=a", false },
		{ "arg0=a", "arg0=a,arg1=a", false },
		{ "eavesdrop=true", "", false },
		{ "eavesdrop=true,eavesdrop=false", "", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kdbus_match_rule *a = parse(cases[i].a);
		struct kdbus_match_rule *b = parse(cases[i].b);

		assert_non_null(a);
		assert_non_null(b);
		if (kdbus_match_equal(a, b) != cases[i].equal ||
		    kdbus_match_equal(b, a) != cases[i].equal)
			fail_msg("<%s> and <%s>", cases[i].a, cases[i].b);
		free(a);
		free(b);
	}
}

/* Does the rule match the message in @w, from @sender to @recipient? */
static bool owns(const void *peer, const char *name, u32 len)
{
	return len == strlen(peer) && !memcmp(name, peer, len);
}

static bool matches_between(const char *text, const char *sender,
			    const char *recipient)
{
	const struct kdbus_match_peers peers = { owns, sender, recipient };
	struct kdbus_match_rule *rule = parse(text);
	struct kdbus_match_args args;
	struct kdbus_view view;
	bool matches;

	assert_non_null(rule);
	assert_true(kdbus_message_parse(w.p, w.len, &view));
	assert_true(kdbus_body_valid(w.p, &view));
	memset(&args, 0xee, sizeof(args));
	assert_true(kdbus_match_args_read(w.p, &view,
					  kdbus_match_args_wanted(rule),
					  &args));
	matches = kdbus_match_header(rule, &view) &&
		  kdbus_match_arguments(rule, &args) &&
		  kdbus_match_names(rule, &view, &peers);
	free(rule);
	return matches;
}

static bool matches(const char *text)
{
	return matches_between(text, ":1.1", NULL);
}

static void begin_signal(const char *path, const char *sig)
{
	put_header(&w, KDBUS_TYPE_SIGNAL, 0, 1);
	put_field(&w, KDBUS_HDR_PATH, 'o', path);
	put_field(&w, KDBUS_HDR_INTERFACE, 's', "a.b");
	put_field(&w, KDBUS_HDR_MEMBER, 's', "M");
	put_field(&w, KDBUS_HDR_SIGNATURE, 'g', sig);
	end_header(&w);
}

static void headers(void **state)
{
	(void)state;
	begin_signal("/a/b", "");
	end_body(&w);
	assert_true(matches(""));
	assert_true(matches("type=signal,interface=a.b,member=M,path=/a/b"));
	assert_false(matches("type=error"));
	assert_false(matches("interface=a.c"));
	assert_false(matches("interface=a.bc"));
	assert_false(matches("member=N"));
	assert_false(matches("path=/a"));
	assert_true(matches("path_namespace=/"));
	assert_true(matches("path_namespace=/a"));
	assert_true(matches("path_namespace=/a/b"));
	assert_false(matches("path_namespace=/a/b/c"));
	assert_false(matches("path_namespace=/b"));
	begin_signal("/ab", "");
	end_body(&w);
	assert_false(matches("path_namespace=/a"));

	/* What is not there is not equal to anything. */
	put_header(&w, KDBUS_TYPE_RETURN, 0, 1);
	put_field_u32(&w, KDBUS_HDR_REPLY_SERIAL, 1);
	end_header(&w);
	end_body(&w);
	assert_false(matches("interface=a.b"));
	assert_false(matches("member=M"));
	assert_false(matches("path=/"));
	assert_false(matches("path_namespace=/"));
	assert_false(matches("arg0="));
}

static void one_arg(const char *sig, const char *value)
{
	begin_signal("/", sig);
	put_string(&w, value);
	end_body(&w);
}

static void string_args(void **state)
{
	(void)state;
	one_arg("s", "a.b");
	assert_true(matches("arg0=a.b"));
	assert_false(matches("arg0=a"));
	assert_false(matches("arg1=a.b"));
	assert_true(matches("arg0namespace=a"));
	assert_true(matches("arg0namespace=a.b"));
	assert_false(matches("arg0namespace=a.b.c"));
	assert_false(matches("arg0namespace=b"));
	one_arg("s", "ab");
	assert_false(matches("arg0namespace=a"));
	one_arg("s", "");
	assert_true(matches("arg0="));
	assert_true(matches("arg0path="));
	assert_false(matches("arg0path=/"));
	one_arg("o", "/a");
	assert_false(matches("arg0=/a"));
	assert_true(matches("arg0path=/a"));
}

static void path_args(void **state)
{
	(void)state;
	one_arg("s", "/aa/bb/");
	assert_true(matches("arg0path=/"));
	assert_true(matches("arg0path=/aa/"));
	assert_true(matches("arg0path=/aa/bb/"));
	assert_true(matches("arg0path=/aa/bb/cc/"));
	assert_true(matches("arg0path=/aa/bb/cc"));
	assert_false(matches("arg0path=/aa/b"));
	assert_false(matches("arg0path=/aa"));
	assert_false(matches("arg0path=/aa/bb"));
	assert_false(matches("arg0path=/ab/"));
	assert_false(matches("arg0path="));
	one_arg("s", "/aa");
	assert_false(matches("arg0path=/aa/bb"));
}

/* Arguments of other types are stepped over. */
static void later_args(void **state)
{
	(void)state;
	begin_signal("/", "ya{sv}(ss)saso");
	put_u8(&w, 1);
	put_u32(&w, 19);
	put_align(&w, 8);
	put_string(&w, "k");
	put_signature(&w, "s");
	put_string(&w, "in");
	put_align(&w, 8);
	put_string(&w, "x");
	put_string(&w, "y");
	put_string(&w, "three");
	put_u32(&w, 6);
	put_string(&w, "z");
	put_string(&w, "/o");
	end_body(&w);
	assert_true(matches("arg3=three,arg5path=/o"));
	assert_false(matches("arg2=x"));
	assert_false(matches("arg4=z"));
	assert_false(matches("arg5=/o"));
	assert_false(matches("arg6="));
	assert_false(matches("arg63="));
}

static void many_args(void **state)
{
	char sig[71] = "";
	uint32_t i;

	(void)state;
	memset(sig, 's', 70);
	begin_signal("/", sig);
	for (i = 0; i < 70; i++)
		put_string(&w, i < 64 ? "a" : "b");
	end_body(&w);
	assert_true(matches("arg0=a,arg63=a"));
	assert_false(matches("arg63=b"));
}

static void names(void **state)
{
	(void)state;
	begin_signal("/", "");
	end_body(&w);
	assert_true(matches_between("sender=x.y", "x.y", NULL));
	assert_false(matches_between("sender=x.z", "x.y", NULL));
	assert_true(matches_between("sender=org.freedesktop.DBus", NULL, NULL));
	assert_false(matches_between("sender=x.y", NULL, NULL));
	assert_false(matches("destination=x.y"));
	assert_false(matches("destination=x.y,eavesdrop=true"));
}

static void eavesdropping(void **state)
{
	(void)state;
	put_header(&w, 5, 0, 1);
	put_field(&w, KDBUS_HDR_DESTINATION, 's', "x.y");
	end_header(&w);
	end_body(&w);
	assert_false(matches(""));
	assert_true(matches("eavesdrop=true"));
	assert_false(matches_between("destination=x.y", ":1.1", "x.y"));
	assert_true(matches_between("destination=x.y,eavesdrop=true", ":1.1",
				    "x.y"));
	/* It goes by who gets it, if anybody does. */
	assert_true(matches_between("destination=:1.2,eavesdrop=true", ":1.1",
				    ":1.2"));
	assert_false(matches_between("destination=x.y,eavesdrop=true", ":1.1",
				     ":1.2"));
	assert_true(matches_between("destination=x.y,eavesdrop=true", ":1.1",
				    NULL));
	assert_false(matches_between("destination=:1.2,eavesdrop=true", ":1.1",
				     NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key),
		cmocka_unit_test(types),
		cmocka_unit_test(quoting),
		cmocka_unit_test(white_space),
		cmocka_unit_test(ignored_rest),
		cmocka_unit_test(indices),
		cmocka_unit_test(twice),
		cmocka_unit_test(values),
		cmocka_unit_test(length),
		cmocka_unit_test(equality),
		cmocka_unit_test(headers),
		cmocka_unit_test(string_args),
		cmocka_unit_test(path_args),
		cmocka_unit_test(later_args),
		cmocka_unit_test(many_args),
		cmocka_unit_test(names),
		cmocka_unit_test(eavesdropping),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
