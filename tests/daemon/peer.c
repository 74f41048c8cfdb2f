// SPDX-License-Identifier: GPL-2.0-only
/*
 * peer: a client or a service for the tests of the patched dbus-daemon.
 *
 *	peer ADDRESS service NAME...	owns (or queues for) the names and replies
 *					to every call, except that
 *					Hold gets no reply, Fail an error, and
 *					Own and Release do that with a name
 *	peer ADDRESS react NAME OTHER	owns the name, sends a signal to OTHER for each
 *					event that it sees, and counts those
 *					that it gets for events that it has not
 *					seen itself yet; Report returns the number
 *	peer ADDRESS emit COUNT TO...	broadcasts so many events, and waits now and
 *					then until TO... have seen them
 *	peer ADDRESS client		does what stdin says, a line each:
 *					DESTINATION INTERFACE MEMBER [ARGUMENT];
 *					prints "return" and what was returned,
 *					the name of the error, or "timeout"
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dbus/dbus.h>

static void die(const char *what, const DBusError *error)
{
	fprintf(stderr, "peer: %s: %s\n", what, error ? error->message : "no memory");
	exit(1);
}

static void need(dbus_bool_t ok)
{
	if (!ok)
		die("libdbus", NULL);
}

static DBusConnection *join(const char *address)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *bus = dbus_connection_open_private(address, &error);

	if (!bus)
		die(address, &error);
	if (!dbus_bus_register(bus, &error))
		die("Hello", &error);
	return bus;
}

/* ---- service ------------------------------------------------------------- */

/* The reply must not be waited for here: we are in the middle of dispatching. */
static void change_name(DBusConnection *bus, const char *method, DBusMessage *call)
{
	DBusMessage *change = dbus_message_new_method_call(
		DBUS_SERVICE_DBUS, DBUS_PATH_DBUS, DBUS_INTERFACE_DBUS, method);
	dbus_uint32_t flags = 0;
	const char *name;

	need(change && dbus_message_get_args(call, NULL, DBUS_TYPE_STRING, &name,
					     DBUS_TYPE_INVALID));
	need(dbus_message_append_args(change, DBUS_TYPE_STRING, &name,
				      DBUS_TYPE_INVALID));
	if (!strcmp(method, "RequestName"))
		need(dbus_message_append_args(change, DBUS_TYPE_UINT32, &flags,
					      DBUS_TYPE_INVALID));
	dbus_message_set_no_reply(change, TRUE);
	need(dbus_connection_send(bus, change, NULL));
	dbus_message_unref(change);
}

static DBusHandlerResult serve(DBusConnection *bus, DBusMessage *call, void *data)
{
	const char *member = dbus_message_get_member(call);
	DBusMessage *reply;

	(void)data;
	if (dbus_message_is_signal(call, DBUS_INTERFACE_LOCAL, "Disconnected"))
		exit(0);
	if (dbus_message_get_type(call) != DBUS_MESSAGE_TYPE_METHOD_CALL)
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	if (!strcmp(member, "Hold"))
		return DBUS_HANDLER_RESULT_HANDLED;

	if (!strcmp(member, "Own"))
		change_name(bus, "RequestName", call);
	if (!strcmp(member, "Release"))
		change_name(bus, "ReleaseName", call);
	if (!strcmp(member, "Fail"))
		reply = dbus_message_new_error(call, "t.Failed", "as asked for");
	else
		reply = dbus_message_new_method_return(call);
	need(reply && dbus_connection_send(bus, reply, NULL));
	dbus_message_unref(reply);
	return DBUS_HANDLER_RESULT_HANDLED;
}

static void run_service(DBusConnection *bus, char **names)
{
	DBusError error = DBUS_ERROR_INIT;

	need(dbus_connection_add_filter(bus, serve, NULL, NULL));
	for (; *names; names++)
		if (dbus_bus_request_name(bus, *names, 0, &error) < 0)
			die(*names, &error);
	puts("ready");
	while (dbus_connection_read_write_dispatch(bus, -1))
		;
}

/* ---- reactions ----------------------------------------------------------- */

static const char *other;
static dbus_uint32_t seen, overtaken;

static void send_tick(DBusConnection *bus, const char *to, dbus_uint32_t n)
{
	DBusMessage *tick = dbus_message_new_signal(
		"/", to ? "t.Reaction" : "t.Event", "Tick");

	need(tick && dbus_message_set_destination(tick, to));
	need(dbus_message_append_args(tick, DBUS_TYPE_UINT32, &n, DBUS_TYPE_INVALID));
	need(dbus_connection_send(bus, tick, NULL));
	dbus_message_unref(tick);
}

static void report(DBusConnection *bus, DBusMessage *call)
{
	DBusMessage *reply = dbus_message_new_method_return(call);
	char text[16], *argument = text;

	snprintf(text, sizeof(text), "%u", overtaken);
	need(reply && dbus_message_append_args(reply, DBUS_TYPE_STRING, &argument,
					       DBUS_TYPE_INVALID));
	need(dbus_connection_send(bus, reply, NULL));
	dbus_message_unref(reply);
}

static DBusHandlerResult react(DBusConnection *bus, DBusMessage *message, void *data)
{
	dbus_uint32_t n;

	(void)data;
	if (dbus_message_is_signal(message, DBUS_INTERFACE_LOCAL, "Disconnected"))
		exit(0);
	if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_CALL) {
		report(bus, message);
		return DBUS_HANDLER_RESULT_HANDLED;
	}
	if (!dbus_message_has_member(message, "Tick"))
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;

	need(dbus_message_get_args(message, NULL, DBUS_TYPE_UINT32, &n,
				   DBUS_TYPE_INVALID));
	if (dbus_message_has_interface(message, "t.Reaction")) {
		overtaken += n > seen;
	} else {
		seen = n;
		send_tick(bus, other, n);
		dbus_connection_flush(bus);
	}
	return DBUS_HANDLER_RESULT_HANDLED;
}

static void run_reactor(DBusConnection *bus, char **names)
{
	DBusError error = DBUS_ERROR_INIT;

	other = names[1];
	need(dbus_connection_add_filter(bus, react, NULL, NULL));
	if (dbus_bus_request_name(bus, names[0], 0, &error) < 0)
		die(names[0], &error);
	dbus_bus_add_match(bus, "interface='t.Event'", &error);
	if (dbus_error_is_set(&error))
		die("AddMatch", &error);
	puts("ready");
	while (dbus_connection_read_write_dispatch(bus, -1))
		;
}

static void wait_for(DBusConnection *bus, const char *name)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *call = dbus_message_new_method_call(name, "/", "t.Any", "Report");
	DBusMessage *reply;

	need(call != NULL);
	reply = dbus_connection_send_with_reply_and_block(bus, call, -1, &error);
	if (!reply)
		die(name, &error);
	dbus_message_unref(reply);
	dbus_message_unref(call);
}

static void run_emitter(DBusConnection *bus, char **arguments)
{
	dbus_uint32_t n, count = strtoul(arguments[0], NULL, 10);
	char **to;

	for (n = 1; n <= count; n++) {
		send_tick(bus, NULL, n);
		if (n % 16 == 0 || n == count)
			for (to = arguments + 1; *to; to++)
				wait_for(bus, *to);
	}
}

/* ---- client -------------------------------------------------------------- */

/* libdbus gives its own impatience the name that the bus gives to the death of
 * the callee.
 */
static const char *outcome(const DBusError *error)
{
	if (!strncmp(error->message, "Did not receive a reply.", 24))
		return "timeout";
	return error->name;
}

static void call(DBusConnection *bus, const char *line)
{
	char destination[256], interface[256], member[256], text[256];
	DBusError error = DBUS_ERROR_INIT;
	const char *argument = text;
	DBusMessage *message, *reply;
	int n;

	n = sscanf(line, "%255s %255s %255s %255s", destination, interface, member,
		   text);
	if (n < 3) {
		fprintf(stderr, "peer: what is '%s'?\n", line);
		exit(2);
	}
	message = dbus_message_new_method_call(destination, "/", interface, member);
	need(message != NULL);
	if (n > 3)
		need(dbus_message_append_args(message, DBUS_TYPE_STRING, &argument,
					      DBUS_TYPE_INVALID));
	reply = dbus_connection_send_with_reply_and_block(bus, message, 20000, &error);
	fputs(reply ? "return" : outcome(&error), stdout);
	if (reply && dbus_message_get_args(reply, NULL, DBUS_TYPE_STRING, &argument,
					   DBUS_TYPE_INVALID))
		printf(" %s", argument);
	puts("");
	dbus_error_free(&error);
	if (reply)
		dbus_message_unref(reply);
	dbus_message_unref(message);
}

static void run_client(DBusConnection *bus)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin))
		call(bus, line);
}

int main(int argc, char **argv)
{
	DBusConnection *bus;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3) {
		fprintf(stderr, "usage: peer ADDRESS ROLE [ARGUMENT]...\n");
		return 2;
	}
	bus = join(argv[1]);
	if (!strcmp(argv[2], "service"))
		run_service(bus, argv + 3);
	else if (!strcmp(argv[2], "react") && argc > 4)
		run_reactor(bus, argv + 3);
	else if (!strcmp(argv[2], "emit") && argc > 3)
		run_emitter(bus, argv + 3);
	else
		run_client(bus);
	dbus_connection_close(bus);
	dbus_connection_unref(bus);
	return 0;
}
