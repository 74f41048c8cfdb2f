// SPDX-License-Identifier: GPL-2.0-only
/* Clients, callers, callees and buses that are killed. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "child.h"
#include "client.h"
#include "counters.h"
#include "raw.h"

#define CHILD	"org.kdbus.Child"

/* Takes the name, tells how many calls it has got, and answers none. */
static int silent_service(const void *argument, int tell)
{
	struct client *client = client_open_quiet(bus_address());
	DBusMessage *message;
	DBusMessage *call = with_string(driver_call("RequestName"), CHILD);
	dbus_uint32_t flags = 0;

	(void)argument;
	dbus_message_append_args(call, DBUS_TYPE_UINT32, &flags,
				 DBUS_TYPE_INVALID);
	client_send(client, call);
	while ((message = client_next(client))) {
		if (dbus_message_has_member(message, "Last"))
			dprintf(tell, "last\n");
		dbus_message_unref(message);
	}
	return 1;
}

static void await_child_name(struct client *a)
{
	DBusMessage *answer;
	const char *unique;

	client_await_owner(CHILD, true);
	answer = client_ask(a, with_string(driver_call("GetNameOwner"), CHILD));
	if (!dbus_message_get_args(answer, NULL, DBUS_TYPE_STRING, &unique,
				   DBUS_TYPE_INVALID))
		give_up("no owner of %s", CHILD);
	label_name(unique, "CHILD");
	dbus_message_unref(answer);
}

/* Each call gets its error, after the news that explain it. */
static void case_callee_killed(void)
{
	struct child child = child_start(silent_service, NULL);
	struct client *a = client_open("A");
	int i;

	await_child_name(a);
	client_match(a, "type='signal',member='NameOwnerChanged'");
	carried_begin();
	for (i = 0; i < 5; i++)
		client_send(a, new_numbered(CHILD, "Ask", i));
	client_send(a, no_reply(new_call(CHILD, "Last")));
	check(!strcmp(child_line(&child), "last"), "the child got no call");
	child_kill(&child);
	client_expect(a, 2 + 5);
	carried_end(6, 0, 0, 0);
	client_drain(a);
	client_send(a, new_call(CHILD, "Ask"));
	client_expect(a, 1);
	check(!bus_value("replies"), "the module still waits for replies");
}

/* The same while the calls have not even been read. */
static void case_callee_killed_unread(void)
{
	struct child child = child_start(silent_service, NULL);
	struct client *a = client_open("A");
	int i;

	await_child_name(a);
	client_match(a, "type='signal',member='NameOwnerChanged'");
	kill(child.pid, SIGSTOP);
	carried_begin();
	for (i = 0; i < 20; i++)
		client_send(a, new_numbered(CHILD, "Ask", i));
	client_sync(a);
	child_kill(&child);
	client_expect(a, 2 + 20);
	carried_end(20, 0, 0, 0);
	client_drain(a);
	check(!bus_value("replies"), "the module still waits for replies");
}

/* Sends two whole calls and a half, and waits to be killed. */
static int half_a_message(const void *argument, int tell)
{
	const struct client *b = argument;
	struct raw *a = raw_connect("A");
	const char *auth = raw_auth_text(false);
	struct raw_message call = raw_call(b->unique, "Half");
	struct raw_bytes bytes = { 0 };

	raw_write(a, auth, strlen(auth + 1) + 1, 0);
	raw_send(a, raw_hello());
	call.serial = 10;
	put_message(&bytes, &call);
	call.serial = 11;
	put_message(&bytes, &call);
	put_message(&bytes, &call);
	raw_write(a, bytes.data, bytes.len - 40, 0);
	dprintf(tell, "sent\n");
	pause();
	return 0;
}

/* Its name is in the news about it. */
static void label_newcomer(struct client *b)
{
	const char *name, *from, *to;
	DBusMessage *news = client_next(b);

	if (!news || !dbus_message_get_args(news, NULL,
					    DBUS_TYPE_STRING, &name,
					    DBUS_TYPE_STRING, &from,
					    DBUS_TYPE_STRING, &to,
					    DBUS_TYPE_INVALID))
		give_up("no news about the child");
	label_name(name, "CHILD");
	say_message("B", news);
	dbus_message_unref(news);
}

static void case_killed_mid_message(void)
{
	struct client *b = client_open("B");
	struct child child;

	client_match(b, "type='signal',member='NameOwnerChanged'");
	child = child_start(half_a_message, b);
	label_newcomer(b);
	check(!strcmp(child_line(&child), "sent"), "the child sends nothing");
	client_expect(b, 2);
	child_kill(&child);
	client_expect(b, 1);
	client_drain(b);
}

/* Calls B and does not live to see the answer. */
static int impatient_caller(const void *argument, int tell)
{
	const struct client *b = argument;
	struct client *client = client_open_quiet(bus_address());

	client_send(client, new_call(b->unique, "Ask"));
	dprintf(tell, "asked\n");
	pause();
	return 0;
}

static void case_caller_killed(void)
{
	struct client *b = client_open("B");
	struct child child;
	DBusMessage *call;

	client_match(b, "type='signal',member='NameOwnerChanged'");
	carried_begin();
	child = child_start(impatient_caller, b);
	label_newcomer(b);
	call = client_read(b);
	check(!strcmp(child_line(&child), "asked"), "the child asks nothing");
	child_kill(&child);
	client_expect(b, 1);
	client_reply(b, call, "too late");
	client_drain(b);
	carried_end(1, 0, 0, 0);
	check(!bus_value("replies"), "the module still waits for replies");
}

/* Hundreds of connections that end at once leave nothing behind. */
static void case_many_end(void)
{
	struct client *a = client_open("A");
	struct child children[8];
	long peers = bus_value("peers");
	int i;

	for (i = 0; i < 8; i++)
		children[i] = child_start(impatient_caller, a);
	for (i = 0; i < 8; i++)
		check(!strcmp(child_line(&children[i]), "asked"),
		      "child %d asks nothing", i);
	for (i = 0; i < 8; i++)
		child_kill(&children[i]);
	peers_become(peers);
	say("all have ended");
}

static bool listens(void)
{
	DBusConnection *connection;

	connection = dbus_connection_open_private(bus_address(), NULL);
	if (!connection)
		return false;
	dbus_connection_close(connection);
	dbus_connection_unref(connection);
	return true;
}

/* The bus itself goes: everybody is disconnected, with all that was written. */
static void case_daemon_killed(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	struct raw *c = raw_open("C", false);
	const char *pid = getenv("BUS_TEST_PID");
	int i;

	client_send(a, new_call(b->unique, "Before"));
	client_send(a, new_call(c->unique, "Before"));
	client_sync(a);
	kill(atoi(pid), SIGKILL);
	client_expect(a, 1);
	client_expect(b, 2);
	raw_await_end(c);
	check(!dbus_connection_get_is_connected(a->connection),
	      "A is still connected");
	for (i = 0; i < 200 && listens(); i++)
		usleep(10000);
	check(!listens(), "somebody still listens");
}

const struct bus_case cases_lives[] = {
	{ "callee-killed", "session", case_callee_killed },
	{ "callee-killed-unread", "session", case_callee_killed_unread },
	{ "killed-mid-message", "session", case_killed_mid_message },
	{ "caller-killed", "session", case_caller_killed },
	{ "many-end", "session", case_many_end },
	{ "daemon-killed", "session-killed", case_daemon_killed },
	{ 0 },
};
