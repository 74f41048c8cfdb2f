// SPDX-License-Identifier: GPL-2.0-only
/*
 * Match rules in the core and in a dbus-daemon: the same texts are rules, the
 * same rules match the same messages, and the same ones are removed.
 *
 *	diff_match [-n PAIRS] [-s SEED]
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/match.h"
#include "genrule.h"
#include "private_bus.h"

#define LISTENERS	100
#define MESSAGES	30
#define SENDERS		2

/* What rules are made of: keys by bit, then kinds of arguments. */
#define KEYS		8
#define PARTS		(KEYS + KDBUS_MATCH_ARG_NAMESPACE + 1)

static const char * const parts[PARTS] = {
	"type", "sender", "interface", "member", "path", "path_namespace",
	"destination", "eavesdrop", "argN", "argNpath", "arg0namespace",
};

/* A connection and the well-known name that it is the primary owner of. */
struct peer {
	DBusConnection *c;
	const char *unique;
	const char *name;
};

struct listener {
	DBusConnection *c;
	char text[RULE_TEXT_SIZE];
	struct kdbus_match_rule *rule;
	bool expected[MESSAGES];
	bool got[MESSAGES];
};

/* Serials above those that libdbus gives to the calls of the driver. */
#define FIRST_SERIAL	0x10000000

struct sent {
	uint32_t serial;
	struct peer *sender;
	uint8_t type;
	char destination[64];
};

struct run {
	struct rng rng;
	struct vocabulary vocabulary;
	struct private_bus bus;
	struct peer senders[SENDERS];
	struct peer sink;
	struct listener listeners[LISTENERS];
	struct sent sent[MESSAGES];
	struct writer w;
	uint32_t messages;
	uint64_t texts;
	uint64_t rules;
	uint64_t pairs;
	uint64_t matches;
	uint64_t matches_by[PARTS];
	uint64_t removed;
};

static void peer_start(struct run *r, struct peer *p, const char *name)
{
	p->c = bus_connect(&r->bus);
	p->unique = dbus_bus_get_unique_name(p->c);
	p->name = name;
	bus_own(p->c, name);
}

static void start(struct run *r)
{
	uint32_t i;

	bus_start(&r->bus);
	peer_start(r, &r->senders[0], "a.b");
	peer_start(r, &r->senders[1], "a.b.c");
	peer_start(r, &r->sink, "r.s");
	/* To be in a queue is not to own. */
	bus_own(r->senders[0].c, "a.b.c");
	bus_own(r->sink.c, "a.b");
	for (i = 0; i < LISTENERS; i++)
		r->listeners[i].c = bus_connect(&r->bus);
	r->vocabulary = (struct vocabulary) {
		.senders = { "a.b", "a.b.c", "r.s", r->senders[0].unique,
			     r->senders[1].unique, DBUS_SERVICE_DBUS },
		.recipients = { "r.s", r->sink.unique, DBUS_SERVICE_DBUS },
	};
}

static void close_connection(DBusConnection *c)
{
	dbus_connection_close(c);
	dbus_connection_unref(c);
}

static void stop(struct run *r)
{
	uint32_t i;

	for (i = 0; i < SENDERS; i++)
		close_connection(r->senders[i].c);
	close_connection(r->sink.c);
	for (i = 0; i < LISTENERS; i++)
		close_connection(r->listeners[i].c);
	bus_stop(&r->bus);
	writer_free(&r->w);
	dbus_shutdown();
}

/*
 * Does the core take it for a rule?  Then @rule is that, to be freed.  Of a text that is
 * too long for a client's dbus-daemon says so before it comes to the core.
 */
static bool parse(const char *text, struct kdbus_match_rule **rule)
{
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);
	bool ok;

	*rule = malloc(kdbus_match_size(len));
	if (!copy || !*rule)
		abort();
	memcpy(copy, text, len);
	ok = len <= KDBUS_MATCH_TEXT_MAX &&
	     kdbus_match_parse(copy, len, *rule);
	free(copy);
	if (!ok) {
		free(*rule);
		*rule = NULL;
	}
	return ok;
}

/* Returns false if the two do not agree. */
static bool add_text(struct run *r, struct listener *l, const char *text)
{
	char error[256] = "";
	bool theirs = bus_call(l->c, "AddMatch", text, error);
	bool ours = parse(text, &l->rule);

	r->texts++;
	r->rules += theirs;
	if (!theirs && strcmp(error, DBUS_ERROR_MATCH_RULE_INVALID) &&
	    strcmp(error, DBUS_ERROR_LIMITS_EXCEEDED)) {
		fprintf(stderr, "AddMatch <%s>: %s\n", text, error);
		return false;
	}
	if (ours == theirs)
		return true;
	fprintf(stderr, "difference: rule <%s>: core %s, dbus-daemon %s\n",
		text, ours ? "valid" : "invalid", theirs ? "valid" : error);
	return false;
}

/* A rule, after perhaps some texts that are none. */
static bool add_rule(struct run *r, struct listener *l)
{
	do {
		if (rng_once_in(&r->rng, 3))
			generate_rule_text(&r->rng, &r->vocabulary, l->text);
		else
			generate_rule(&r->rng, &r->vocabulary, l->text);
		if (!dbus_validate_utf8(l->text, NULL))
			continue;
		if (!add_text(r, l, l->text))
			return false;
	} while (!l->rule);
	return true;
}

/* Texts whose rules match nothing while they last. */
static bool check_texts(struct run *r, uint64_t n)
{
	struct listener *l = &r->listeners[0];
	char error[256] = "";

	while (n--) {
		generate_rule_text(&r->rng, &r->vocabulary, l->text);
		if (!dbus_validate_utf8(l->text, NULL))
			continue;
		if (!add_text(r, l, l->text))
			return false;
		if (!l->rule)
			continue;
		if (!bus_call(l->c, "RemoveMatch", l->text, error)) {
			fprintf(stderr, "RemoveMatch <%s>: %s\n", l->text,
				error);
			return false;
		}
		free(l->rule);
		l->rule = NULL;
	}
	return true;
}

static bool owns(const void *peer, const char *name, u32 len)
{
	const struct peer *p = peer;

	return (len == strlen(p->unique) && !memcmp(name, p->unique, len)) ||
	       (len == strlen(p->name) && !memcmp(name, p->name, len));
}

static void expect_matches(struct run *r, uint32_t message)
{
	struct kdbus_match_peers peers = {
		.owns = owns,
		.sender = r->sent[message].sender,
	};
	struct kdbus_match_args args;
	struct kdbus_view view;
	struct listener *l;

	if (!kdbus_message_parse(r->w.p, r->w.len, &view) ||
	    !kdbus_body_valid(r->w.p, &view) ||
	    !kdbus_match_args_read(r->w.p, &view, KDBUS_MATCH_ARG_MAX + 1,
				   &args))
		abort();
	if (view.destination.s && strcmp(view.destination.s, DBUS_SERVICE_DBUS))
		peers.recipient = &r->sink;
	for (l = r->listeners; l < r->listeners + LISTENERS; l++) {
		l->expected[message] =
			kdbus_match_header(l->rule, &view) &&
			kdbus_match_names(l->rule, &view, &peers) &&
			kdbus_match_arguments(l->rule, &args);
		l->got[message] = false;
	}
}

static void send_message(struct run *r, uint32_t message)
{
	struct sent *sent = &r->sent[message];
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *m;

	sent->serial = FIRST_SERIAL + r->messages++;
	generate_candidate(&r->rng, &r->vocabulary, sent->serial, &r->w);
	m = dbus_message_demarshal((char *)r->w.p, r->w.len, &error);
	if (!m) {
		fprintf(stderr, "bad test message: %s\n", error.message);
		exit(2);
	}
	sent->sender = &r->senders[rng_below(&r->rng, SENDERS)];
	sent->type = dbus_message_get_type(m);
	snprintf(sent->destination, sizeof(sent->destination), "%s",
		 dbus_message_get_destination(m) ?
		 dbus_message_get_destination(m) : "everybody");
	dbus_connection_send(sent->sender->c, m, NULL);
	dbus_message_unref(m);
	expect_matches(r, message);
}

static void drain(DBusConnection *c)
{
	DBusMessage *m;

	while ((m = dbus_connection_pop_message(c)))
		dbus_message_unref(m);
}

/* The driver answers once everything before has been dispatched. */
static void barrier(DBusConnection *c)
{
	char error[256];

	if (!bus_call(c, "GetId", NULL, error)) {
		fprintf(stderr, "GetId: %s\n", error);
		exit(2);
	}
}

static void note_received(struct run *r, struct listener *l, DBusMessage *m)
{
	const char *sender = dbus_message_get_sender(m);
	uint32_t i;

	for (i = 0; i < MESSAGES; i++)
		if (r->sent[i].serial == dbus_message_get_serial(m) &&
		    !strcmp(r->sent[i].sender->unique, sender))
			l->got[i] = true;
}

static void count_match(struct run *r, const struct kdbus_match_rule *rule)
{
	uint32_t i;

	r->matches++;
	for (i = 0; i < KEYS; i++)
		r->matches_by[i] += rule->keys >> i & 1;
	for (i = 0; i < rule->n_args; i++)
		r->matches_by[KEYS + rule->args[i].kind]++;
}

static bool check_listener(struct run *r, struct listener *l)
{
	DBusMessage *m;
	uint32_t i;

	barrier(l->c);
	while ((m = dbus_connection_pop_message(l->c))) {
		note_received(r, l, m);
		dbus_message_unref(m);
	}
	for (i = 0; i < MESSAGES; i++) {
		r->pairs++;
		if (l->got[i])
			count_match(r, l->rule);
		if (l->got[i] == l->expected[i])
			continue;
		fprintf(stderr, "difference: <%s>, message %u of type %u from "
			"%s to %s: core %s, dbus-daemon %s\n", l->text, i,
			r->sent[i].type, r->sent[i].sender->name,
			r->sent[i].destination,
			l->expected[i] ? "matches" : "does not",
			l->got[i] ? "matches" : "does not");
		return false;
	}
	return true;
}

/* Another text is the same rule to RemoveMatch, or is not. */
static bool remove_rule(struct run *r, struct listener *l)
{
	struct kdbus_match_rule *other;
	char text[RULE_TEXT_SIZE];
	char error[256] = "";
	bool theirs;
	bool ours;

	generate_rule(&r->rng, &r->vocabulary, text);
	ours = parse(text, &other) && kdbus_match_equal(l->rule, other);
	free(other);
	theirs = bus_call(l->c, "RemoveMatch", text, error);
	r->removed += theirs;
	if (ours != theirs) {
		fprintf(stderr, "difference: <%s> and <%s>: core %s, "
			"dbus-daemon %s\n", l->text, text,
			ours ? "equal" : "not", theirs ? "equal" : error);
		return false;
	}
	if (!theirs && !bus_call(l->c, "RemoveMatch", l->text, error)) {
		fprintf(stderr, "RemoveMatch <%s>: %s\n", l->text, error);
		return false;
	}
	free(l->rule);
	l->rule = NULL;
	return true;
}

static bool one_round(struct run *r)
{
	uint32_t i;

	for (i = 0; i < LISTENERS; i++)
		if (!add_rule(r, &r->listeners[i]))
			return false;
	for (i = 0; i < MESSAGES; i++)
		send_message(r, i);
	for (i = 0; i < SENDERS; i++) {
		barrier(r->senders[i].c);
		drain(r->senders[i].c);
	}
	for (i = 0; i < LISTENERS; i++)
		if (!check_listener(r, &r->listeners[i]))
			return false;
	for (i = 0; i < LISTENERS; i++)
		if (!remove_rule(r, &r->listeners[i]))
			return false;
	barrier(r->sink.c);
	drain(r->sink.c);
	return true;
}

/* A kind of condition that never held has not been compared. */
static bool all_parts_matched(const struct run *r)
{
	bool ok = true;
	uint32_t i;

	printf("# matches of rules with");
	for (i = 0; i < PARTS; i++) {
		printf("%s %s: %" PRIu64, i ? "," : "", parts[i], r->matches_by[i]);
		ok = ok && r->matches_by[i];
	}
	printf("\n");
	return ok;
}

static bool run(struct run *r, uint64_t pairs)
{
	if (!check_texts(r, pairs / 10))
		return false;
	while (r->pairs < pairs)
		if (!one_round(r))
			return false;
	printf("# %" PRIu64 " texts, %.1f %% of them rules; %" PRIu64
	       " pairs of rule and message, %.1f %% matching; %" PRIu64
	       " removed by another text\n", r->texts,
	       100.0 * r->rules / r->texts, r->pairs,
	       100.0 * r->matches / r->pairs, r->removed);
	/* Some are rare. */
	if ((!all_parts_matched(r) && pairs >= 100000) ||
	    r->matches < r->pairs / 20 || r->rules == r->texts) {
		fprintf(stderr, "too few matches or no wrong rules\n");
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct run r;
	uint64_t seed = (uint64_t)time(NULL);
	uint64_t pairs = 120000;
	bool ok;
	int opt;

	while ((opt = getopt(argc, argv, "n:s:")) != -1) {
		if (opt == 'n') {
			pairs = strtoull(optarg, NULL, 0);
		} else if (opt == 's') {
			seed = strtoull(optarg, NULL, 0);
		} else {
			fprintf(stderr, "usage: %s [-n PAIRS] [-s SEED]\n",
				argv[0]);
			return 2;
		}
	}
	r.rng.state = seed;
	printf("# seed %" PRIu64 "\n", seed);
	fflush(stdout);
	start(&r);
	ok = run(&r, pairs);
	stop(&r);
	printf("%s 1 - %" PRIu64 " pairs: core and dbus-daemon agree\n1..1\n",
	       ok ? "ok" : "not ok", r.pairs);
	return ok ? 0 : 1;
}
