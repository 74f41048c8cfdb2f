// SPDX-License-Identifier: GPL-2.0-only
/* Calls, and what becomes of them. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "client.h"
#include "counters.h"

#define MANY	20

static void case_call(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	int i;

	carried_begin();
	for (i = 0; i < MANY; i++) {
		client_send(a, with_string(new_call(b->unique, "Echo"), "text"));
		client_serve(b, 1);
		client_expect(a, 1);
	}
	carried_end(MANY, MANY, 0, 0);
	client_drain(a);
	client_drain(b);
}

/* Many calls at once, by a well-known name, answered in another order. */
static void case_call_pipelined(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	DBusMessage *calls[MANY];
	int i;

	client_request_name(b, "org.kdbus.Pipelined", 0);
	client_drain(b);
	carried_begin();
	for (i = 0; i < MANY; i++)
		client_send(a, new_numbered("org.kdbus.Pipelined", "Call", i));
	for (i = 0; i < MANY; i++)
		calls[i] = client_read(b);
	for (i = MANY; i-- > 0;) {
		client_reply(b, calls[i], "late");
		dbus_message_unref(calls[i]);
	}
	client_expect(a, MANY);
	carried_end(MANY, MANY, 0, 0);
}

static DBusMessage *call_of_all_types(const char *destination)
{
	DBusMessage *call = new_call(destination, "Types");
	const char *path = "/a/b", *signature = "a{sv}", *strings[] = { "x", "" };
	const char **array = strings;
	dbus_bool_t yes = TRUE;
	dbus_int16_t minus = -3;
	dbus_uint64_t large = 1ULL << 60;
	double real = 0.5;

	dbus_message_append_args(call, DBUS_TYPE_OBJECT_PATH, &path,
				 DBUS_TYPE_SIGNATURE, &signature,
				 DBUS_TYPE_ARRAY, DBUS_TYPE_STRING, &array, 2,
				 DBUS_TYPE_BOOLEAN, &yes,
				 DBUS_TYPE_INT16, &minus,
				 DBUS_TYPE_UINT64, &large,
				 DBUS_TYPE_DOUBLE, &real, DBUS_TYPE_INVALID);
	return call;
}

static void case_call_types(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	DBusMessage *call = call_of_all_types(b->unique);

	carried_begin();
	dbus_message_set_auto_start(call, FALSE);
	dbus_message_set_allow_interactive_authorization(call, TRUE);
	client_send(a, call);
	client_serve(b, 1);
	/* A call does not need an interface. */
	call = new_call(b->unique, "NoInterface");
	dbus_message_set_interface(call, NULL);
	client_send(a, call);
	client_serve(b, 1);
	client_expect(a, 2);
	carried_end(2, 2, 0, 0);
}

static void case_call_itself(void)
{
	struct client *a = client_open("A");

	carried_begin();
	client_send(a, new_call(a->unique, "Self"));
	client_serve(a, 1);
	client_expect(a, 1);
	carried_end(1, 1, 0, 0);
}

static void case_error_reply(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	DBusMessage *call;

	carried_begin();
	client_send(a, new_call(b->unique, "Fail"));
	client_send(a, new_call(b->unique, "FailSilently"));
	call = client_read(b);
	client_reply_error(b, call, "org.kdbus.Error.Test", "it failed: :-(");
	dbus_message_unref(call);
	call = client_read(b);
	client_reply_error(b, call, "org.kdbus.Error.Test", NULL);
	dbus_message_unref(call);
	client_expect(a, 2);
	carried_end(2, 0, 2, 0);
}

/* A reply that was not asked for is refused, by the daemon. */
static void case_no_reply_expected(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	DBusMessage *call;

	carried_begin();
	client_send(a, no_reply(new_call(b->unique, "Tell")));
	client_send(a, no_reply(new_call(b->unique, "Tell")));
	call = client_read(b);
	client_drain(b);
	client_drain(a);
	carried_end(2, 0, 0, 0);
	client_reply(b, call, "anyway");
	client_reply_error(b, call, "org.kdbus.Error.Anyway", "anyway");
	client_drain(b);
	client_drain(a);
	carried_end(2, 0, 0, 0);
	dbus_message_unref(call);
}

static void case_unknown_name(void)
{
	static const char *const names[] = {
		"org.kdbus.Nobody", ":1.999999", "org.freedesktop.DBusX",
		"org.kdbus",
	};
	struct client *a = client_open("A");
	DBusMessage *call;
	size_t i;

	carried_begin();
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		client_send(a, new_call(names[i], "Hear"));
		client_expect(a, 1);
		call = new_call(names[i], "Hear");
		dbus_message_set_auto_start(call, FALSE);
		client_send(a, call);
		client_expect(a, 1);
		client_send(a, no_reply(new_call(names[i], "Hear")));
		client_send(a, new_signal(names[i], "Happened"));
		client_drain(a);
	}
	carried_end(0, 0, 0, 0);
}

/* A name that was there, and is no more. */
static void case_name_gone(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	char gone[64];

	client_request_name(b, "org.kdbus.Gone", 0);
	client_drain(b);
	carried_begin();
	client_send(a, new_call("org.kdbus.Gone", "Hear"));
	client_serve(b, 1);
	client_expect(a, 1);
	client_release_name(b, "org.kdbus.Gone");
	client_send(a, new_call("org.kdbus.Gone", "Hear"));
	client_expect(a, 1);
	client_send(a, new_call(b->unique, "Hear"));
	client_serve(b, 1);
	client_expect(a, 1);
	carried_end(2, 2, 0, 0);

	snprintf(gone, sizeof(gone), "%s", b->unique);
	client_close(b);
	client_await_owner(gone, false);
	client_send(a, new_call(gone, "Hear"));
	client_expect(a, 1);
	carried_end(2, 2, 0, 0);
}

/* Five calls are waiting when the callee closes its connection. */
static void case_callee_closes(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	int i;

	client_match(a, "type='signal',member='NameOwnerChanged'");
	client_request_name(b, "org.kdbus.Closes", 0);
	client_drain(b);
	client_drain(a);
	carried_begin();
	for (i = 0; i < 5; i++)
		client_send(a, new_numbered(i % 2 ? b->unique :
					    "org.kdbus.Closes", "Wait", i));
	client_expect(b, 2);
	client_close(b);
	/* Two names change their owners, then come the errors. */
	client_expect(a, 2 + 5);
	carried_end(5, 0, 0, 0);
	client_drain(a);
	check(!bus_value("replies"), "the module still waits for replies");
}

/* The callee's answer comes when nobody waits for it any more. */
static void case_caller_closes(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	DBusMessage *call;
	char gone[64];

	snprintf(gone, sizeof(gone), "%s", a->unique);
	carried_begin();
	client_send(a, new_call(b->unique, "Forget"));
	client_close(a);
	client_await_owner(gone, false);
	call = client_read(b);
	client_reply(b, call, "too late");
	client_drain(b);
	client_reply_error(b, call, "org.kdbus.Error.Late", "too late");
	client_drain(b);
	client_send(b, new_signal(gone, "Late"));
	client_drain(b);
	carried_end(1, 0, 0, 0);
	check(!bus_value("replies"), "the module still waits for replies");
	dbus_message_unref(call);
}

const struct bus_case cases_calls[] = {
	{ "call", "session", case_call },
	{ "call-pipelined", "session", case_call_pipelined },
	{ "call-types", "session", case_call_types },
	{ "call-itself", "session", case_call_itself },
	{ "error-reply", "session", case_error_reply },
	{ "no-reply-expected", "session", case_no_reply_expected },
	{ "unknown-name", "session", case_unknown_name },
	{ "name-gone", "session", case_name_gone },
	{ "callee-closes", "session", case_callee_closes },
	{ "caller-closes", "session", case_caller_closes },
	{ 0 },
};
