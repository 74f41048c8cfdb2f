// SPDX-License-Identifier: GPL-2.0-only
/* What dbus-daemon tells of connections and of itself, for debugging. */

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cases.h"
#include "child.h"
#include "client.h"
#include "counters.h"

#define STATS		"org.freedesktop.DBus.Debug.Stats"
#define NUMBERS_MAX	64

/* A variant with a number, or an array of them, as text. */
static const char *value_text(DBusMessageIter *variant)
{
	static char text[512];
	DBusMessageIter value, element;
	DBusBasicValue basic;
	size_t n = 0;

	dbus_message_iter_recurse(variant, &value);
	switch (dbus_message_iter_get_arg_type(&value)) {
	case DBUS_TYPE_UINT32:
		dbus_message_iter_get_basic(&value, &basic);
		snprintf(text, sizeof(text), "%u", basic.u32);
		break;
	case DBUS_TYPE_STRING:
		dbus_message_iter_get_basic(&value, &basic);
		snprintf(text, sizeof(text), "%s", basic.str);
		break;
	case DBUS_TYPE_ARRAY:
		dbus_message_iter_recurse(&value, &element);
		while (dbus_message_iter_get_arg_type(&element) &&
		       n < sizeof(text) - 16) {
			dbus_message_iter_get_basic(&element, &basic);
			n += sprintf(text + n, "%s%u", n ? " " : "",
				     dbus_message_iter_get_arg_type(&element) ==
				     DBUS_TYPE_BYTE ? basic.byt : basic.u32);
			dbus_message_iter_next(&element);
		}
		break;
	default:
		snprintf(text, sizeof(text), "?");
	}
	return text;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Does the list, separated by blanks, have the word?  A NULL list has all. */
static bool has_word(const char *list, const char *word)
{
	const char *at = list;
	size_t len = strlen(word);

	while (at && (at = strstr(at, word))) {
		if ((at == list || at[-1] == ' ') &&
		    (at[len] == ' ' || !at[len]))
			return true;
		at += len;
	}
	return !list;
}

/*
 * The answer is a dictionary: its keys, in order, and the values of those that
 * do not depend on what else happens on the bus.
 */
static void ask_dictionary(struct client *client, DBusMessage *call,
			   const char *shown)
{
	DBusMessage *answer = client_ask(client, call);
	char *lines[NUMBERS_MAX], line[700];
	DBusMessageIter iter, entry, pair;
	const char *key;
	int count = 0, i;

	if (!dbus_message_has_signature(answer, "a{sv}")) {
		say_message(client->label, answer);
		dbus_message_unref(answer);
		return;
	}
	dbus_message_iter_init(answer, &iter);
	dbus_message_iter_recurse(&iter, &entry);
	while (dbus_message_iter_get_arg_type(&entry) && count < NUMBERS_MAX) {
		dbus_message_iter_recurse(&entry, &pair);
		dbus_message_iter_get_basic(&pair, &key);
		dbus_message_iter_next(&pair);
		if (!has_word(shown, key))
			snprintf(line, sizeof(line), "%s", key);
		else
			snprintf(line, sizeof(line), "%s = %s", key,
				 value_text(&pair));
		lines[count++] = strdup(plain(line));
		dbus_message_iter_next(&entry);
	}
	qsort(lines, count, sizeof(*lines), compare_lines);
	for (i = 0; i < count; i++) {
		say("%s:   %s", client->label, lines[i]);
		free(lines[i]);
	}
	dbus_message_unref(answer);
}

static uint32_t ask_number(struct client *client, const char *member,
			   const char *name)
{
	DBusMessage *answer = client_ask(client,
					 with_string(driver_call(member),
						     name));
	uint32_t number = number_of(answer);

	dbus_message_unref(answer);
	return number;
}

static void ask_credentials(struct client *client, const char *name)
{
	say("%s asks about %s", client->label, plain(name));
	ask_dictionary(client,
		       with_string(driver_call("GetConnectionCredentials"),
				   name),
		       "UnixUserID UnixGroupIDs LinuxSecurityLabel");
}

/* A process of its own, which has said who it is. */
static int tell_pid(const void *user, int tell)
{
	struct client *client = user ? client_open_as("C", user) :
				       client_open("C");

	dprintf(tell, "%s %d\n", client->unique, getpid());
	client_next(client);
	return 0;
}

static void case_credentials(void)
{
	static const char *const users[] = { NULL, "alice", "nobody" };
	struct client *a = client_open("A"), *b = client_open_as("B", "alice");
	size_t i;

	ask_credentials(a, a->unique);
	ask_credentials(a, b->unique);
	ask_credentials(b, a->unique);
	ask_credentials(a, DRIVER);
	ask_credentials(a, ":1.999999");
	check(ask_number(a, "GetConnectionUnixProcessID", DRIVER) ==
	      (uint32_t)atoi(getenv("BUS_TEST_PID") ?: "0"),
	      "the process id of the bus is wrong");
	for (i = 0; i < sizeof(users) / sizeof(*users); i++) {
		struct child child = child_start(tell_pid, users[i]);
		char unique[64] = "";
		int pid = 0;

		sscanf(child_line(&child), "%63s %d", unique, &pid);
		label_name(unique, users[i] ?: "root");
		ask_credentials(a, unique);
		check(ask_number(a, "GetConnectionUnixProcessID", unique) ==
		      (uint32_t)pid, "the process id of a client is wrong");
		child_kill(&child);
	}
}

/* In a namespace where it is the first process. */
static int tell_from_namespace(const void *argument, int tell)
{
	int status;
	pid_t pid;

	(void)argument;
	if (unshare(CLONE_NEWPID))
		return 1;
	pid = fork();
	if (!pid) {
		struct client *client = client_open("C");

		dprintf(tell, "%s %d\n", client->unique, getpid());
		client_next(client);
		_exit(0);
	}
	dprintf(tell, "%d\n", pid);
	waitpid(pid, &status, 0);
	return 0;
}

/* Process ids are those that dbus-daemon knows processes by. */
static void case_pid_namespace(void)
{
	struct child child = child_start(tell_from_namespace, NULL);
	struct client *a = client_open("A");
	char unique[64] = "";
	int outside = 0, inside = 0, i;

	for (i = 0; i < 2; i++) {
		const char *line = child_line(&child);

		if (sscanf(line, "%63s %d", unique, &inside) != 2)
			outside = atoi(line);
	}
	check(inside == 1 && outside > 1, "there is no namespace");
	label_name(unique, "first");
	ask_credentials(a, unique);
	check(ask_number(a, "GetConnectionUnixProcessID", unique) ==
	      (uint32_t)outside,
	      "a process in a namespace is known by another number");
	kill(outside, SIGKILL);
	child_wait(&child);
}

static DBusMessage *stats_call(const char *member)
{
	return dbus_message_new_method_call(DRIVER, "/org/freedesktop/DBus",
					    STATS, member);
}

static void ask_stats(struct client *client, const char *name)
{
	say("%s asks about %s", client->label, plain(name));
	ask_dictionary(client, with_string(stats_call("GetConnectionStats"),
					   name),
		       "UniqueName BusNames PeakBusNames MatchRules PeakMatchRules IncomingMessages IncomingBytes OutgoingMessages OutgoingBytes");
}

/* The rules of one connection, out of those of all. */
static void ask_rules(struct client *client, const char *name)
{
	DBusMessage *answer = client_ask(client,
					 stats_call("GetAllMatchRules"));
	DBusMessageIter iter, entry, pair, rules;
	const char *text;

	check(dbus_message_has_signature(answer, "a{sas}"),
	      "GetAllMatchRules has a strange answer");
	dbus_message_iter_init(answer, &iter);
	dbus_message_iter_recurse(&iter, &entry);
	while (dbus_message_iter_get_arg_type(&entry)) {
		dbus_message_iter_recurse(&entry, &pair);
		dbus_message_iter_get_basic(&pair, &text);
		dbus_message_iter_next(&pair);
		dbus_message_iter_recurse(&pair, &rules);
		while (!strcmp(text, name) &&
		       dbus_message_iter_get_arg_type(&rules)) {
			const char *rule;

			dbus_message_iter_get_basic(&rules, &rule);
			say("%s:   rule %s", client->label, plain(rule));
			dbus_message_iter_next(&rules);
		}
		dbus_message_iter_next(&entry);
	}
	dbus_message_unref(answer);
}

/* They work, and the fast path does not mind. */
static void case_stats(void)
{
	struct client *a = client_open("A"), *b = client_open("B");

	ask_dictionary(a, stats_call("GetStats"), "");
	ask_stats(a, b->unique);
	client_request_name(b, "org.kdbus.One", 0);
	client_request_name(b, "org.kdbus.Two", 0);
	client_drain(b);
	client_match(b, "type='signal',interface='org.kdbus.Test',arg0='x'");
	client_match(b, "path_namespace='/org/kdbus',sender='org.kdbus.One'");
	client_match(b, "arg2path='/a/'");
	ask_stats(a, "org.kdbus.One");
	ask_rules(a, b->unique);
	carried_begin();
	client_send(a, new_call("org.kdbus.Two", "Call"));
	client_serve(b, 1);
	client_expect(a, 1);
	carried_end(1, 1, 0, 0);
	ask_stats(b, a->unique);
	client_driver(b, "RemoveMatch", "arg2path='/a/'");
	client_release_name(b, "org.kdbus.Two");
	client_drain(b);
	ask_stats(a, b->unique);
	ask_rules(a, b->unique);
	ask_stats(a, ":1.999999");
}

/* A queue: who is in it, and where. */
static void case_queued_owners(void)
{
	static const char name[] = "org.kdbus.Queue";
	struct client *a = client_open("A"), *b = client_open("B");
	struct client *c = client_open("C");

	client_driver(a, "ListQueuedOwners", name);
	client_request_name(a, name, DBUS_NAME_FLAG_ALLOW_REPLACEMENT);
	client_request_name(b, name, 0);
	client_request_name(c, name, 0);
	client_driver(b, "ListQueuedOwners", name);
	client_request_name(c, name, DBUS_NAME_FLAG_REPLACE_EXISTING);
	client_drain(a);
	client_driver(b, "ListQueuedOwners", name);
	client_release_name(b, name);
	client_driver(b, "ListQueuedOwners", name);
	client_release_name(c, name);
	client_drain(c);
	client_drain(a);
	client_driver(b, "ListQueuedOwners", name);
}

const struct bus_case cases_driver[] = {
	{ "credentials", "session", case_credentials },
	{ "pid-namespace", "session", case_pid_namespace },
	{ "stats", "session", case_stats },
	{ "queued-owners", "session", case_queued_owners },
	{ 0 },
};
