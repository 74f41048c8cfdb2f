// SPDX-License-Identifier: GPL-2.0-only
/* Names that are not there until somebody calls them. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "client.h"
#include "counters.h"

#define SERVICES	"/run/bus-test/services"
#define NAME		"org.kdbus.Activated"
#define CALLS		5
/* A service does not start while this is there. */
#define HELD		"/run/bus-test/held"

static void write_service(const char *name, const char *command)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), SERVICES "/%s.service", name);
	file = fopen(path, "w");
	if (!file)
		give_up("cannot write %s", path);
	fprintf(file, "[D-BUS Service]\nName=%s\nExec=%s\n", name, command);
	fclose(file);
}

static void remove_service(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), SERVICES "/%s.service", name);
	unlink(path);
}

/* So that a service connects to the address under test. */
static void set_environment(struct client *a, const char *address)
{
	const char *name = "BUS_TEST_ADDRESS";
	DBusMessage *call = driver_call("UpdateActivationEnvironment");
	DBusMessageIter iter, array, entry;

	dbus_message_iter_init_append(call, &iter);
	dbus_message_iter_open_container(&iter, DBUS_TYPE_ARRAY, "{ss}",
					 &array);
	dbus_message_iter_open_container(&array, DBUS_TYPE_DICT_ENTRY, NULL,
					 &entry);
	dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &name);
	dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &address);
	dbus_message_iter_close_container(&array, &entry);
	dbus_message_iter_close_container(&iter, &array);
	dbus_message_unref(client_ask(a, call));
}

static void count_calls(struct client *client, const char *who, int first)
{
	char text[32];
	int i;

	for (i = 0; i < CALLS; i++) {
		snprintf(text, sizeof(text), "%s %d", who, first + i);
		client_send(client, with_string(new_call(NAME, "Count"), text));
	}
}

/* The service says in which order it got the calls. */
static void expect_counts(struct client *client, int count)
{
	dbus_uint32_t number = 0;
	const char *text = "?";
	DBusMessage *reply;

	while (count--) {
		reply = client_next(client);
		if (!reply) {
			check(false, "%s gets no answer", client->label);
			return;
		}
		if (dbus_message_get_args(reply, NULL,
					  DBUS_TYPE_UINT32, &number,
					  DBUS_TYPE_STRING, &text,
					  DBUS_TYPE_INVALID))
			say("%s: call %u was '%s'", client->label, number,
			    text);
		else
			say_message(client->label, reply);
		dbus_message_unref(reply);
	}
}

/* Ends the service, so that the next call starts it again. */
static void quit_service(struct client *a)
{
	DBusMessage *reply;

	client_send(a, new_call(NAME, "Quit"));
	reply = client_next(a);
	check(reply, "the service does not quit");
	if (reply)
		dbus_message_unref(reply);
	client_await_owner(NAME, false);
}

/*
 * The first call starts the service.  What comes behind it, from two clients,
 * arrives behind it.
 */
static void try_activation(const char *address)
{
	struct client *a = client_open("A"), *b = client_open("B");
	int round;

	write_service(NAME, "/test/bus-test serve " NAME);
	set_environment(a, address);
	for (round = 0; round < 3; round++) {
		count_calls(a, "A", 0);
		client_sync(a);
		count_calls(b, "B", 0);
		client_sync(b);
		count_calls(a, "A", CALLS);
		expect_counts(a, 2 * CALLS);
		expect_counts(b, CALLS);
		/* By now the name is published. */
		client_sync(a);
		carried_begin();
		count_calls(a, "A", 2 * CALLS);
		expect_counts(a, CALLS);
		if (!strcmp(address, bus_address()))
			carried_end(CALLS, CALLS, 0, 0);
		else
			carried_end(0, 0, 0, 0);
		quit_service(a);
	}
	remove_service(NAME);
}

static void case_activation(void)
{
	try_activation(bus_address());
}

/* Started by dbus-daemon, a service may well use AF_UNIX. */
static void case_activation_unix(void)
{
	try_activation(bus_unix_address());
}

/*
 * While it starts a service, there is a process that is a copy of dbus-daemon.
 * That must not keep the connections of that moment.
 */
static void case_activation_slow(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	long peers = bus_value("peers");

	write_service(NAME, "/bin/sh -c 'while [ -e " HELD " ]; do sleep 0.1; done; "
			    "exec /test/bus-test serve " NAME "'");
	set_environment(a, bus_address());
	fclose(fopen(HELD, "w"));
	client_send(a, with_string(new_call(NAME, "Echo"), "hello"));
	client_sync(a);
	client_close(b);
	peers_become(peers - 1);
	check(!a->stashed, "the service has started already");
	unlink(HELD);
	client_expect(a, 1);
	quit_service(a);
	remove_service(NAME);
}

/* Calls to a service that cannot be started all get the error. */
static void case_activation_fails(void)
{
	static const char *const commands[] = { "/bin/false", "/nonexistent" };
	struct client *a = client_open("A"), *b = client_open("B");
	char broken[64];
	size_t i;

	client_driver(a, "StartServiceByName", "org.kdbus.Other");
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		snprintf(broken, sizeof(broken), "org.kdbus.Broken%zu", i);
		write_service(broken, commands[i]);
		client_send(a, new_numbered(broken, "Call", 0));
		client_send(a, no_reply(new_numbered(broken, "Call", 1)));
		client_send(a, new_numbered(broken, "Call", 2));
		client_send(b, new_numbered(broken, "Call", 3));
		client_expect(b, 1);
		client_drain(a);
		remove_service(broken);
	}
}

const struct bus_case cases_activation[] = {
	{ "activation", "session", case_activation },
	{ "activation-unix", "session", case_activation_unix },
	{ "activation-slow", "session", case_activation_slow },
	{ "activation-fails", "session", case_activation_fails },
	{ 0 },
};
