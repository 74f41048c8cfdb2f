// SPDX-License-Identifier: GPL-2.0-only
/* A service for whoever wants to call one. */

#include <string.h>

#include "serve.h"

static const char introspection[] =
	DBUS_INTROSPECT_1_0_XML_DOCTYPE_DECL_NODE
	"<node>\n"
	" <interface name=\"" TEST_INTERFACE "\">\n"
	"  <method name=\"Echo\">\n"
	"   <arg name=\"in\" type=\"s\" direction=\"in\"/>\n"
	"   <arg name=\"out\" type=\"s\" direction=\"out\"/>\n"
	"  </method>\n"
	"  <signal name=\"Emitted\">\n"
	"   <arg name=\"text\" type=\"s\"/>\n"
	"  </signal>\n"
	" </interface>\n"
	"</node>\n";

static void copy_arguments(DBusMessage *from, DBusMessage *to)
{
	DBusMessageIter in, out;
	DBusBasicValue value;
	int type;

	dbus_message_iter_init_append(to, &out);
	if (!dbus_message_iter_init(from, &in))
		return;
	while ((type = dbus_message_iter_get_arg_type(&in))) {
		if (dbus_type_is_basic(type)) {
			dbus_message_iter_get_basic(&in, &value);
			dbus_message_iter_append_basic(&out, type, &value);
		}
		dbus_message_iter_next(&in);
	}
}

static const char *argument_of(DBusMessage *call)
{
	const char *text = "";

	dbus_message_get_args(call, NULL, DBUS_TYPE_STRING, &text,
			      DBUS_TYPE_INVALID);
	return text;
}

static void emit(struct client *client, const char *text)
{
	client_send(client, with_string(new_signal(NULL, "Emitted"), text));
}

/* Its answer is our answer. */
static void call_back(struct client *client, DBusMessage *call)
{
	DBusMessage *question = new_call(argument_of(call), "CalledBack");
	uint32_t serial = client_send(client, with_string(question, "back"));
	DBusMessage *answer;

	while ((answer = client_next(client)) &&
	       dbus_message_get_reply_serial(answer) != serial)
		dbus_message_unref(answer);
	if (!answer)
		return;
	if (dbus_message_get_error_name(answer))
		client_reply_error(client, call,
				   dbus_message_get_error_name(answer),
				   argument_of(answer));
	else
		client_reply(client, call, argument_of(answer));
	dbus_message_unref(answer);
}

static void count(struct client *client, DBusMessage *call)
{
	static dbus_uint32_t calls;
	DBusMessage *reply = dbus_message_new_method_return(call);

	calls++;
	dbus_message_append_args(reply, DBUS_TYPE_UINT32, &calls,
				 DBUS_TYPE_INVALID);
	client_send(client, with_string(reply, argument_of(call)));
}

static void echo(struct client *client, DBusMessage *call)
{
	DBusMessage *reply = dbus_message_new_method_return(call);

	copy_arguments(call, reply);
	client_send(client, reply);
}

/* False if that was the last one. */
static bool answer(struct client *client, DBusMessage *call)
{
	const char *member = dbus_message_get_member(call) ?: "";

	if (!strcmp(member, "Echo")) {
		echo(client, call);
	} else if (!strcmp(member, "Count")) {
		count(client, call);
	} else if (!strcmp(member, "Emit")) {
		emit(client, argument_of(call));
		client_reply(client, call, NULL);
	} else if (!strcmp(member, "CallBack")) {
		call_back(client, call);
	} else if (!strcmp(member, "Introspect")) {
		client_reply(client, call, introspection);
	} else if (!strcmp(member, "Quit")) {
		client_reply(client, call, NULL);
		return false;
	} else {
		client_reply_error(client, call, "org.kdbus.Error.Fail",
				   "this method fails");
	}
	return true;
}

int serve_as(struct client *client)
{
	DBusMessage *message;
	bool go_on = true;

	while (go_on) {
		message = client_next(client);
		if (!message) {
			if (!dbus_connection_get_is_connected(client->connection))
				return 1;
			continue;
		}
		if (dbus_message_get_type(message) ==
		    DBUS_MESSAGE_TYPE_METHOD_CALL)
			go_on = answer(client, message);
		dbus_message_unref(message);
	}
	client_close(client);
	return 0;
}

int serve(const char *name)
{
	struct client *client = client_open_quiet(bus_address());
	DBusMessage *call = with_string(driver_call("RequestName"), name);
	dbus_uint32_t flags = DBUS_NAME_FLAG_DO_NOT_QUEUE;

	dbus_message_append_args(call, DBUS_TYPE_UINT32, &flags,
				 DBUS_TYPE_INVALID);
	/* Calls may come before the answer; so it is not waited for. */
	client_send(client, call);
	return serve_as(client);
}
