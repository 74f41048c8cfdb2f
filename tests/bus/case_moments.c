// SPDX-License-Identifier: GPL-2.0-only
/*
 * dbus-daemon tells the module one thing after the other.  What clients do in
 * between must be what they could have done before or after, so here it takes
 * its time: strace lets it wait each time that it has said something.  Or lets
 * that fail.
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "child.h"
#include "client.h"

#define NAME	"org.kdbus.Moving"
#define OTHER	"org.kdbus.Staying"
#define FILES	6
#define RULES	12
/* Pairs of signals that come between two changes. */
#define PAIRS	5

#define QUOTES	300
#define SLOWLY	"inject=setsockopt:delay_exit=5000"
#define WRITING	"inject=setsockopt,sendmsg,sendto:delay_exit=5000"
#define FAILING	"inject=setsockopt:error=ENOMEM:when=1"

static int run_strace(const void *argument, int tell)
{
	(void)tell;
	execlp("strace", "strace", "-qq", "-o", "/dev/null", "-p",
	       getenv("BUS_TEST_PID"), "-e", "trace=setsockopt,sendmsg,sendto",
	       "-e", argument, NULL);
	return 127;
}

static bool is_traced(void)
{
	char line[256], *colon;
	int tracer = 0;
	FILE *file;

	snprintf(line, sizeof(line), "/proc/%s/status", getenv("BUS_TEST_PID"));
	file = fopen(line, "r");
	if (!file)
		give_up("the bus is gone");
	while (fgets(line, sizeof(line), file)) {
		colon = strchr(line, ':');
		if (colon && !strncmp(line, "TracerPid", colon - line))
			tracer = atoi(colon + 1);
	}
	fclose(file);
	return tracer;
}

static struct child disturb(const char *how)
{
	struct child child = child_start(run_strace, how);
	int i;

	for (i = 0; i < 1000 && !is_traced(); i++)
		usleep(10000);
	if (!is_traced())
		give_up("strace does not work");
	return child;
}

static void say_number(struct client *client, const char *member, uint32_t n)
{
	DBusMessage *message = new_signal(NULL, member);

	dbus_message_append_args(message, DBUS_TYPE_UINT32, &n,
				 DBUS_TYPE_INVALID);
	client_send(client, message);
}

static void forget_all(struct client *client)
{
	DBusMessage *message;

	dbus_connection_read_write(client->connection, 0);
	while ((message = dbus_connection_pop_message(client->connection)))
		dbus_message_unref(message);
}

/* Says Tick and Tock of the same number to everybody, and owns two names. */
static int tick_and_tock(const void *argument, int tell)
{
	struct client *client = client_open_quiet(bus_address());
	uint32_t n;

	(void)argument;
	dbus_bus_request_name(client->connection, NAME, 0, NULL);
	dbus_bus_request_name(client->connection, OTHER, 0, NULL);
	dbus_bus_add_match(client->connection, "member='Files'", NULL);
	dprintf(tell, "ready\n");
	for (n = 0; dbus_connection_get_is_connected(client->connection); n++) {
		say_number(client, "Tick", n);
		say_number(client, "Tock", n);
		forget_all(client);
		usleep(2000);
	}
	return 0;
}

static uint32_t next_number(struct client *c, const char *member)
{
	DBusMessage *message = client_next(c);
	uint32_t n;

	if (!message)
		give_up("no more signals");
	check(dbus_message_has_member(message, member), "%s instead of %s",
	      dbus_message_get_member(message), member);
	n = number_of(message);
	dbus_message_unref(message);
	return n;
}

/* Each is to be seen. */
static void see_pairs(struct client *c, uint32_t *expected)
{
	uint32_t end = *expected + PAIRS, tick, tock;

	for (; *expected != end && !failed(); ++*expected) {
		tick = next_number(c, "Tick");
		tock = next_number(c, "Tock");
		check(tick == *expected && tock == *expected,
		      "Tick %u and Tock %u instead of %u", tick, tock,
		      *expected);
	}
}

static void emit_file(struct client *a)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	DBusMessage *message = new_signal(NULL, "Files");

	dbus_message_append_args(message, DBUS_TYPE_UNIX_FD, &fd,
				 DBUS_TYPE_INVALID);
	close(fd);
	client_send(a, message);
}

/*
 * What dbus-daemon cannot write at once, such as files that several are to get,
 * costs the recipient its names in the module for a while.  Nothing that it says
 * gets lost.
 */
static void case_files_moments(void)
{
	struct client *a = client_open("A"), *c = client_open("C");
	struct client *d = client_open("D");
	struct child child, strace;
	uint32_t expected = 0;
	int i;

	client_match(c, "member='Tick',sender='" NAME "'");
	client_match(c, "member='Tock',sender='" OTHER "'");
	client_match(d, "member='Files'");
	child = child_start(tick_and_tock, NULL);
	child_line(&child);
	strace = disturb(SLOWLY);
	for (i = 0; i < FILES; i++) {
		see_pairs(c, &expected);
		emit_file(a);
		client_sync(a);
		see_pairs(c, &expected);
		client_sync(a);
	}
	child_kill(&strace);
	child_kill(&child);
	say("%d files", i);
}

/* Is the answer the next that comes?  Forgets all up to it. */
static bool answered_next(struct client *c, uint32_t serial)
{
	DBusMessage *message;
	unsigned int before = 0;

	while ((message = client_next(c))) {
		if (dbus_message_get_reply_serial(message) == serial)
			break;
		before++;
		dbus_message_unref(message);
	}
	if (!message)
		give_up("no answer");
	dbus_message_unref(message);
	return !before;
}

/* What a rule asks for comes when it has been answered, and not before. */
static void case_rule_moments(void)
{
	const char *rule = "member='Tick'";
	struct client *c = client_open("C");
	struct child child, strace;
	uint32_t serial;
	int i;

	child = child_start(tick_and_tock, NULL);
	child_line(&child);
	strace = disturb(SLOWLY);
	for (i = 0; i < RULES; i++) {
		serial = client_send(c, with_string(driver_call("AddMatch"),
						    rule));
		check(answered_next(c, serial), "a signal before the answer");
		serial = client_send(c, with_string(driver_call("RemoveMatch"),
						    rule));
		answered_next(c, serial);
	}
	child_kill(&strace);
	child_kill(&child);
	client_drain(c);
	say("%d rules", i);
}

/* Signals with so many quotes as their argument go to E, who wants just these. */
static void want_quotes(struct client *e, char *quotes)
{
	char rule[2 * QUOTES + 16] = "arg0=";
	int i;

	for (i = 0; i < QUOTES; i++) {
		strcat(rule, "\\'");
		strcat(quotes, "'");
	}
	client_match(e, rule);
}

static void emit_quotes(struct client *a, struct client *e, const char *quotes)
{
	DBusMessage *message;

	client_send(a, with_string(new_signal(NULL, "Quotes"), quotes));
	client_sync(a);
	client_sync(e);
	check(e->stashed == 1, "%u signals instead of one", e->stashed);
	while (e->stashed) {
		message = client_next(e);
		dbus_message_unref(message);
	}
}

/*
 * E has a rule that the module does not take: with all that escapes the quotes it
 * is too long.  That it cannot forget another one at once has nothing to do with
 * that.
 */
static void case_no_memory_for_rule(void)
{
	struct client *a = client_open("A"), *c = client_open("C");
	struct client *e = client_open("E");
	char quotes[QUOTES + 1] = "";
	struct child strace;

	want_quotes(e, quotes);
	client_match(c, "member='Else'");
	emit_quotes(a, e, quotes);
	strace = disturb(FAILING);
	client_driver(c, "RemoveMatch", "member='Else'");
	child_kill(&strace);
	emit_quotes(a, e, quotes);
	client_send(a, new_signal(NULL, "Else"));
	client_sync(a);
	client_drain(c);
	client_drain(e);
}

#define LOST	"org.kdbus.Lost"
#define LOSSES	6
#define GONE	"type='signal',sender='" DRIVER "',member='NameOwnerChanged',arg2=''"

/* Owns many names until it is killed. */
static int own_many(const void *argument, int tell)
{
	struct client *client = client_open_quiet(bus_address());
	char name[64];
	int i;

	(void)argument;
	for (i = 0; i < LOSSES; i++) {
		snprintf(name, sizeof(name), LOST "%d", i);
		dbus_bus_request_name(client->connection, name, 0, NULL);
	}
	dprintf(tell, "%s\n", client->unique);
	pause();
	return 0;
}

/* Waits for a message of this type, and of this member if that counts. */
static bool await(struct client *client, int type, const char *member)
{
	DBusMessage *message;
	bool found = false;

	while (!found && (message = client_next(client))) {
		found = dbus_message_get_type(message) == type &&
			(!member || dbus_message_has_member(message, member));
		dbus_message_unref(message);
	}
	return found;
}

/* Tells C as soon as it hears that a name has no owner any more. */
static int tell_of_loss(const void *argument, int tell)
{
	const struct client *c = argument;
	struct client *client = client_open_quiet(bus_address());

	dbus_bus_add_match(client->connection, GONE, NULL);
	dprintf(tell, "ready\n");
	if (!await(client, DBUS_MESSAGE_TYPE_SIGNAL, "NameOwnerChanged"))
		return 1;
	client_send(client, no_reply(new_call(c->unique, "Reaction")));
	return 0;
}

/* So many messages come, and the reaction of somebody else after them all. */
static void expect_before(struct client *c, const char *what, unsigned int all)
{
	unsigned int count = 0, before = 0;
	bool reaction = false;
	DBusMessage *message;

	while ((count < all || !reaction) && (message = client_next(c))) {
		if (dbus_message_has_member(message, "Reaction")) {
			reaction = true;
			before = count;
		} else {
			count++;
		}
		dbus_message_unref(message);
	}
	check(count == all && reaction, "%u %s%s", count, what,
	      reaction ? "" : ", no reaction");
	check(before == all, "a reaction after %u of %u %s", before, all, what);
	say("%u %s", count, what);
}

/* A client that goes loses all its names at once. */
static void case_end_of_owner(void)
{
	struct client *c = client_open("C");
	struct child owner = child_start(own_many, NULL), reporter, strace;

	child_line(&owner);
	client_match(c, GONE);
	reporter = child_start(tell_of_loss, c);
	child_line(&reporter);
	strace = disturb(WRITING);
	child_kill(&owner);
	expect_before(c, "names lost", LOSSES + 1);
	child_kill(&strace);
	check(!child_wait(&reporter), "the reporter fails");
}

/* Gets calls and answers none. */
static int stay_silent(const void *argument, int tell)
{
	struct client *client = client_open_quiet(bus_address());
	DBusMessage *message;

	(void)argument;
	dprintf(tell, "%s\n", client->unique);
	while ((message = client_next(client)))
		dbus_message_unref(message);
	return 0;
}

struct two {
	const char *c;
	const char *silent;
};

/* Tells C as soon as its call has failed. */
static int tell_of_error(const void *argument, int tell)
{
	const struct two *two = argument;
	struct client *client = client_open_quiet(bus_address());
	int i;

	/* Its serial is the higher one, its call the later one. */
	for (i = 0; i < 20; i++)
		client_sync(client);
	client_send(client, new_call(two->silent, "Ask"));
	client_sync(client);
	dprintf(tell, "asked\n");
	if (!await(client, DBUS_MESSAGE_TYPE_ERROR, NULL))
		return 1;
	client_send(client, no_reply(new_call(two->c, "Reaction")));
	return 0;
}

/* And so do the calls that it has not answered fail. */
static void case_end_of_callee(void)
{
	struct client *c = client_open("C");
	struct child callee = child_start(stay_silent, NULL), other, strace;
	struct two two = { .c = c->unique };
	char silent[64];

	snprintf(silent, sizeof(silent), "%s", child_line(&callee));
	two.silent = silent;
	client_send(c, new_call(silent, "Ask"));
	client_sync(c);
	other = child_start(tell_of_error, &two);
	child_line(&other);
	strace = disturb(WRITING);
	child_kill(&callee);
	expect_before(c, "errors", 1);
	child_kill(&strace);
	check(!child_wait(&other), "the other caller fails");
}

/* The errors come with the news that explain them. */
static void case_end_of_both(void)
{
	struct client *c = client_open("C");
	struct child callee = child_start(stay_silent, NULL), other, strace;

	client_send(c, new_call(child_line(&callee), "Ask"));
	client_sync(c);
	other = child_start(tell_of_loss, c);
	child_line(&other);
	strace = disturb(WRITING);
	child_kill(&callee);
	expect_before(c, "errors", 1);
	child_kill(&strace);
	check(!child_wait(&other), "the other client fails");
}

const struct bus_case cases_moments[] = {
	{ "no-memory-for-rule", "session", case_no_memory_for_rule },
	{ "rule-moments", "session", case_rule_moments },
	{ "files-moments", "session", case_files_moments },
	{ "end-of-owner", "session", case_end_of_owner },
	{ "end-of-callee", "session", case_end_of_callee },
	{ "end-of-both", "session", case_end_of_both },
	{ 0 },
};
