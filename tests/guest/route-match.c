// SPDX-License-Identifier: GPL-2.0-only
/* Who gets a broadcast: what the index finds is what a look at each rule finds. */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../unit/genrule.h"
#include "core/body.h"
#include "core/match.h"
#include "trio.h"

#define ROUNDS		40
#define MESSAGES	60
#define RULES		24

/* The names of the sender. */
static const struct vocabulary vocabulary = {
	.senders = { ":1.1", "a.b", "a.b.c", ":1.2", "r.s" },
	.recipients = { ":1.2", "r.s" },
};

/**
 * struct listener - somebody who has match rules
 * @peer: who
 * @rules: in the order of their coming
 * @count: how many
 */
struct listener {
	struct peer *peer;
	struct kdbus_match_rule *rules[RULES];
	int count;
};

static struct listener listeners[] = { { .peer = &b }, { .peer = &c } };

static int setup(void **state)
{
	three_peers(state);
	bus.config.flags |= KDBUS_BUS_BROADCAST;
	assert_ok(bus_configure(&bus));
	assert_ok(peer_publish(&a, "a.b"));
	assert_ok(peer_publish(&a, "a.b.c"));
	return 0;
}

static struct kdbus_match_rule *parse(const char *text)
{
	struct kdbus_match_rule *rule = malloc(kdbus_match_size(strlen(text)));

	if (kdbus_match_parse(text, strlen(text), rule))
		return rule;
	free(rule);
	return NULL;
}

static int tell(const struct listener *l, int option, const char *text)
{
	return set_option(l->peer->daemon, option, text, strlen(text));
}

static void add_rule(struct listener *l, const char *text)
{
	struct kdbus_match_rule *rule = parse(text);

	if (!rule || l->count == RULES) {
		free(rule);
		return;
	}
	assert_ok(tell(l, KDBUS_MATCH_ADD, text));
	l->rules[l->count++] = rule;
}

/* The latest that is equal, which need not have that text. */
static void remove_rule(struct listener *l, const char *text)
{
	struct kdbus_match_rule *rule = parse(text);
	int i;

	if (!rule)
		return;
	for (i = l->count - 1; i >= 0; i--)
		if (kdbus_match_equal(l->rules[i], rule))
			break;
	free(rule);
	if (i < 0) {
		assert_fails(tell(l, KDBUS_MATCH_REMOVE, text), ENOENT);
		return;
	}
	assert_ok(tell(l, KDBUS_MATCH_REMOVE, text));
	free(l->rules[i]);
	l->count--;
	memmove(&l->rules[i], &l->rules[i + 1],
		(l->count - i) * sizeof(l->rules[0]));
}

static void forget_rules(struct listener *l)
{
	while (l->count)
		free(l->rules[--l->count]);
}

static bool owns(const void *peer, const char *name, u32 len)
{
	static const char * const names[] = { ":1.1", "a.b", "a.b.c" };
	size_t i;

	for (i = 0; peer && i < ARRAY_SIZE(names); i++)
		if (len == strlen(names[i]) && !memcmp(name, names[i], len))
			return true;
	return false;
}

static bool wants(const struct listener *l, const struct writer *w,
		  const struct kdbus_view *view)
{
	const struct kdbus_match_peers peers = { .owns = owns, .sender = &a };
	struct kdbus_match_args args;
	int i;

	assert_true(kdbus_match_args_read(w->p, view, KDBUS_MATCH_ARG_MAX + 1,
					  &args));
	for (i = 0; i < l->count; i++)
		if (kdbus_match_header(l->rules[i], view) &&
		    kdbus_match_arguments(l->rules[i], &args) &&
		    kdbus_match_names(l->rules[i], view, &peers))
			return true;
	return false;
}

static bool got_something(const struct listener *l)
{
	static char message[16384];

	return recv(l->peer->client, message, sizeof(message),
		    MSG_DONTWAIT) > 0;
}

/*
 * A broadcast reaches exactly those who want it, unless dbus-daemon has to turn
 * it.  Returns how many they are.
 */
static int broadcast(const struct writer *w)
{
	struct kdbus_view view;
	bool expected;
	int count = 0;
	size_t i;

	if (!kdbus_message_parse(w->p, w->len, &view) || view.type != SIGNAL ||
	    view.destination.len)
		return 0;
	send_message(&a, w);
	if (view.frame.big_endian) {
		expect_slow(&a, w);
		assert_ok(peer_done(&a, 1));
		return 0;
	}
	expect_nothing(a.daemon);
	for (i = 0; i < ARRAY_SIZE(listeners); i++) {
		expected = wants(&listeners[i], w, &view);
		assert_int_equal(got_something(&listeners[i]), expected);
		count += expected;
	}
	return count;
}

/* Another one each time, unless KDBUS_SEED says which. */
static uint64_t seed(void)
{
	const char *text = getenv("KDBUS_SEED");
	uint64_t number = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL);

	print_message("# KDBUS_SEED=%" PRIu64 "\n", number);
	return number;
}

static void random_rules(void **state)
{
	struct rng rng = { .state = seed() };
	char text[RULE_TEXT_SIZE];
	struct writer w = {};
	int matched = 0;
	size_t i, n;

	(void)state;
	for (n = 0; n < ROUNDS * MESSAGES; n++) {
		struct listener *l = &listeners[rng_below(&rng, 2)];

		/* More and more rules, then fewer. */
		generate_rule(&rng, &vocabulary, text);
		if (rng_below(&rng, MESSAGES) > n % MESSAGES)
			add_rule(l, text);
		else
			remove_rule(l, text);
		generate_candidate(&rng, &vocabulary, n + 1, &w);
		matched += broadcast(&w);
	}
	/* It has been about something. */
	assert_true(matched > ROUNDS);
	print_message("# %d matches\n", matched);
	for (i = 0; i < ARRAY_SIZE(listeners); i++)
		forget_rules(&listeners[i]);
	writer_free(&w);
}

#define DEEP	"/1/2/3/4/5/6/7/8/9"

/* What each kind of rule is found by, and by nothing else. */
static const struct {
	const char *rule;
	const char *path;
	const char *args[4];
	bool wanted;
} kinds[] = {
	{ "arg0='x'", "/", { "x" }, true },
	{ "arg1='x'", "/", { "a", "x" }, true },
	{ "arg1='x'", "/", { "x", "a" }, false },
	{ "arg3='x'", "/", { "a", "b", "c", "x" }, true },
	{ "arg3='x',arg1='b'", "/", { "a", "b", "c", "x" }, true },
	{ "arg3='x',arg0='b'", "/", { "a", "b", "c", "x" }, false },
	{ "arg0namespace='a.b'", "/", { "a.b" }, true },
	{ "arg0namespace='a.b'", "/", { "a.b.c" }, true },
	{ "arg0namespace='a.b'", "/", { "a.bc" }, false },
	{ "arg0namespace='a.b.c'", "/", { "a.b" }, false },
	{ "arg0namespace='a.b',arg1path='/c/'", "/", { "a.b", "/c/d" }, true },
	{ "arg1path='/a/b'", "/", { "", "/a/b" }, true },
	{ "arg1path='/a/b'", "/", { "", "/a/b/" }, false },
	{ "arg1path='/a/'", "/", { "", "/a/b/c" }, true },
	{ "arg1path='/a'", "/", { "", "/a/b" }, false },
	{ "arg1path='/a/b/c'", "/", { "", "/a/" }, true },
	{ "arg1path='/a/b/c'", "/", { "", "/" }, true },
	{ "arg1path='/a/b/c'", "/", { "", "/a" }, false },
	{ "arg1path='/a/b/c'", "/", { "/a/", "" }, false },
	{ "arg1path=''", "/", { "", "" }, true },
	{ "arg0path='" DEEP "/10'", "/", { DEEP "/" }, true },
	{ "arg0path='" DEEP "/10'", "/", { "/1/2/3/4/5/6/7/8/" }, true },
	{ "arg0path='" DEEP "/10'", "/", { "/1/2/3/4/5/6/7/" }, true },
	{ "arg0path='" DEEP "/'", "/", { DEEP "/10" }, true },
	{ "path_namespace='/'", "/a", { NULL }, true },
	{ "path_namespace='/a'", "/a", { NULL }, true },
	{ "path_namespace='/a'", "/a/b", { NULL }, true },
	{ "path_namespace='/a'", "/ab", { NULL }, false },
	{ "path_namespace='/a'", "/", { NULL }, false },
	{ "path_namespace='" DEEP "'", DEEP "/10", { NULL }, true },
	{ "path_namespace='" DEEP "'", "/1/2/3/4/5/6/7/8", { NULL }, false },
	{ "path_namespace='/a',sender='a.b'", "/a/b", { NULL }, true },
	{ "path_namespace='/a',sender='r.s'", "/a/b", { NULL }, false },
};

static struct writer signal_of(const char *path, const char * const *args)
{
	struct writer w = {};
	int count = 0;
	int i;

	while (count < 4 && args[count])
		count++;
	put_header(&w, SIGNAL, NO_REPLY, 7);
	put_field(&w, 1, 'o', path);
	put_field(&w, 2, 's', "a.b");
	put_field(&w, 3, 's', "M");
	if (count)
		put_field(&w, 8, 'g', &"ssss"[4 - count]);
	end_header(&w);
	for (i = 0; i < count; i++)
		put_string(&w, args[i]);
	end_body(&w);
	return w;
}

static void each_kind(void **state)
{
	struct writer w;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		add_rule(&listeners[0], kinds[i].rule);
		w = signal_of(kinds[i].path, kinds[i].args);
		if (broadcast(&w) != kinds[i].wanted)
			fail_msg("'%s' is %swanted", kinds[i].rule,
				 kinds[i].wanted ? "" : "not ");
		remove_rule(&listeners[0], kinds[i].rule);
		assert_int_equal(broadcast(&w), 0);
		writer_free(&w);
	}
}

/* Of a namespace dbus-daemon does not ask which: the latest one goes. */
static void remove_another_namespace(void **state)
{
	(void)state;
	assert_ok(tell(&listeners[0], KDBUS_MATCH_ADD, "path_namespace='/a'"));
	assert_ok(tell(&listeners[0], KDBUS_MATCH_ADD, "path_namespace='/b'"));
	assert_ok(tell(&listeners[0], KDBUS_MATCH_REMOVE,
		       "path_namespace='/a'"));
	send_free(&a, MESSAGE(SPEC_SIGNAL(NULL)));
	assert_true(got_something(&listeners[0]));
	assert_fails(tell(&listeners[1], KDBUS_MATCH_REMOVE,
			  "path_namespace='/a'"), ENOENT);
}

#define APOSTROPHES	480

/*
 * A rule that dbus-daemon has taken, as it writes it itself: twice as long.  If it
 * were none here, no broadcast of anybody would be delivered.
 */
static void apostrophes(void **state)
{
	char rule[5 + 4 * APOSTROPHES + 3] = "arg0='", text[APOSTROPHES + 1] = "";
	int i;

	(void)state;
	for (i = 0; i < APOSTROPHES; i++)
		memcpy(rule + 6 + 4 * i, "'\\''", 4);
	rule[6 + 4 * i] = '\'';
	memset(text, '\'', APOSTROPHES);
	assert_ok(tell(&listeners[0], KDBUS_MATCH_ADD, rule));
	send_free(&a, MESSAGE(SPEC_SIGNAL(NULL), .text = text));
	expect_nothing(a.daemon);
	assert_true(got_something(&listeners[0]));
	assert_ok(tell(&listeners[0], KDBUS_MATCH_REMOVE, rule));
}

/* With as many arguments as rules can be about, each a deep path. */
static struct writer signal_of_paths(void)
{
	char signature[KDBUS_MATCH_ARG_MAX + 2] = "";
	struct writer w = {};
	int i;

	memset(signature, 's', KDBUS_MATCH_ARG_MAX + 1);
	put_header(&w, SIGNAL, NO_REPLY, 7);
	put_field(&w, 1, 'o', "/a");
	put_field(&w, 2, 's', "a.b");
	put_field(&w, 3, 's', "M");
	put_field(&w, 8, 'g', signature);
	end_header(&w);
	for (i = 0; i <= KDBUS_MATCH_ARG_MAX; i++)
		put_string(&w, DEEP);
	end_body(&w);
	return w;
}

/*
 * Names of the sender, arguments and how deep they are multiply.  Where that takes
 * too long, the daemon looks, which does it for one rule after the other.
 */
static void search_that_takes_long(void **state)
{
	struct writer w = signal_of_paths();
	char name[32];
	int i;

	(void)state;
	assert_ok(tell(&listeners[0], KDBUS_MATCH_ADD, "sender='x.y',arg63path='/z/'"));
	send_message(&a, &w);
	expect_nothing(a.daemon);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "a.b.c%d", i);
		assert_ok(peer_publish(&a, name));
	}
	send_message(&a, &w);
	expect_slow(&a, &w);
	writer_free(&w);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, no_peers)

SUITE_TESTS(route_match,
	TEST(random_rules),
	TEST(each_kind),
	TEST(remove_another_namespace),
	TEST(apostrophes),
	TEST(search_that_takes_long));
