// SPDX-License-Identifier: GPL-2.0-only
/* Monitors and eavesdroppers see everything, as long as they are there. */

#include <stdio.h>
#include <string.h>

#include "cases.h"
#include "child.h"
#include "client.h"
#include "counters.h"
#include "serve.h"

#define TRAFFIC	5

static void traffic(struct client *a, struct client *b)
{
	int i;

	for (i = 0; i < TRAFFIC; i++) {
		client_send(a, new_numbered(b->unique, "Call", i));
		client_serve(b, 1);
		client_expect(a, 1);
		client_send(b, new_signal(a->unique, "Private"));
		client_expect(a, 1);
	}
}

static void fast_traffic(struct client *a, struct client *b)
{
	fastpath_is("on");
	carried_begin();
	traffic(a, b);
	carried_end(TRAFFIC, TRAFFIC, 0, TRAFFIC);
}

static void slow_traffic(struct client *a, struct client *b)
{
	if (bus_mode() == BUS_FAST)
		fastpath_is("off");
	carried_begin();
	traffic(a, b);
	carried_end(0, 0, 0, 0);
}

static void become_monitor(struct client *m)
{
	DBusMessage *call = dbus_message_new_method_call(
		DRIVER, "/org/freedesktop/DBus",
		"org.freedesktop.DBus.Monitoring", "BecomeMonitor");
	const char **rules = NULL;
	dbus_uint32_t flags = 0;

	dbus_message_append_args(call, DBUS_TYPE_ARRAY, DBUS_TYPE_STRING,
				 &rules, 0, DBUS_TYPE_UINT32, &flags,
				 DBUS_TYPE_INVALID);
	dbus_message_unref(client_ask(m, call));
}

/* All that a monitor has seen up to a signal of that member. */
static void monitored_up_to(struct client *m, const char *member)
{
	DBusMessage *message;
	bool last = false;

	while (!last && (message = client_next(m))) {
		say_message(m->label, message);
		last = dbus_message_has_member(message, member);
		dbus_message_unref(message);
	}
	check(last, "the monitor has not seen the end");
}

/* The fast path ends before the monitor starts, and begins when it is gone. */
static void case_monitor(void)
{
	struct client *a = client_open("A"), *b = client_open("B"), *m;
	char gone[64];
	int round;

	for (round = 0; round < 2; round++) {
		fast_traffic(a, b);
		m = client_open("M");
		snprintf(gone, sizeof(gone), "%s", m->unique);
		become_monitor(m);
		slow_traffic(a, b);
		client_send(a, new_call("org.kdbus.Nobody", "Call"));
		client_expect(a, 1);
		client_send(a, new_signal(NULL, "TheEnd"));
		monitored_up_to(m, "TheEnd");
		client_close(m);
		client_await_owner(gone, false);
		client_sync(a);
		client_sync(b);
	}
	fast_traffic(a, b);
}

/* Whoever has become a monitor is nobody any more: it has no names, and whatever
 * it says ends its connection.
 */
static void case_monitor_silent(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	DBusMessage *const said[] = {
		driver_call("GetId"), new_call(b->unique, "Call"),
		new_signal(b->unique, "Private"), new_signal(NULL, "Public"),
	};
	size_t i;

	client_match(b, "type='signal',interface='" TEST_INTERFACE "'");
	for (i = 0; i < sizeof(said) / sizeof(*said); i++) {
		struct client *m = client_open("M");
		DBusMessage *message;

		client_request_name(m, "org.kdbus.Monitor", 0);
		client_drain(m);
		become_monitor(m);
		client_driver(a, "GetNameOwner", "org.kdbus.Monitor");
		client_driver(a, "GetNameOwner", m->unique);
		client_send(a, new_call(m->unique, "Call"));
		client_expect(a, 1);
		client_send(m, said[i]);
		while ((message = client_next(m))) {
			bool end = dbus_message_has_member(message,
							   "Disconnected");

			dbus_message_unref(message);
			if (end)
				break;
		}
		check(message, "a monitor may speak");
		client_close(m);
		client_drain(b);
	}
	fast_traffic(a, b);
}

/* It does not get replies either, not even that there will be none. */
static void case_monitor_waits(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	struct client *m = client_open("M");
	char rule[128];

	snprintf(rule, sizeof(rule), "member='NameOwnerChanged',arg0='%s'",
		 b->unique);
	client_match(a, rule);
	client_sync(m);
	client_sync(b);
	carried_begin();
	client_send(m, new_call(b->unique, "Call"));
	client_expect(b, 1);
	carried_end(1, 0, 0, 0);
	become_monitor(m);
	client_close(b);
	client_expect(a, 1);
	client_driver(a, "GetNameOwner", "org.kdbus.Nobody");
	client_send(a, new_signal(NULL, "TheEnd"));
	monitored_up_to(m, "TheEnd");
	client_close(m);
}

static void case_eavesdrop(void)
{
	const char *rule = "eavesdrop='true',type='method_call',interface='"
			   TEST_INTERFACE "'";
	struct client *a = client_open("A"), *b = client_open("B");
	struct client *e = client_open("E");
	char gone[64];

	fast_traffic(a, b);
	client_match(e, rule);
	client_match(e, "eavesdrop='true',type='signal'");
	slow_traffic(a, b);
	client_drain(a);
	client_drain(e);
	client_driver(e, "RemoveMatch", rule);
	slow_traffic(a, b);
	client_drain(a);
	client_drain(e);
	client_driver(e, "RemoveMatch", "eavesdrop='true',type='signal'");
	client_drain(e);
	fast_traffic(a, b);
	client_match(e, rule);
	snprintf(gone, sizeof(gone), "%s", e->unique);
	client_close(e);
	client_await_owner(gone, false);
	client_sync(a);
	client_sync(b);
	fast_traffic(a, b);
}

/* Calls NAME one after the other for as long as it lives. */
static int call_for_ever(const void *argument, int tell)
{
	struct client *client = client_open_quiet(bus_address());
	uint32_t number = 0;
	DBusMessage *reply;

	dprintf(tell, "ready\n");
	for (;;) {
		client_send(client, new_numbered(argument, "Echo", number++));
		reply = client_next(client);
		if (!reply)
			return 1;
		dbus_message_unref(reply);
	}
}

static int serve_for_ever(const void *argument, int tell)
{
	(void)tell;
	return serve(argument);
}

/* Calls and answers alternate; each answer has the number of its call. */
static void watch(struct client *m, int count)
{
	DBusMessage *message;
	uint32_t expected = UINT32_MAX;
	bool called = false;
	int seen = 0;

	while (seen < count && (message = client_next(m))) {
		int type = dbus_message_get_type(message);
		uint32_t number = number_of(message);

		if (dbus_message_has_member(message, "Echo")) {
			check(expected == UINT32_MAX || number == expected,
			      "call %u instead of %u", number, expected);
			check(!called, "two calls in a row");
			expected = number + 1;
			called = true;
			seen++;
		} else if (called && type == DBUS_MESSAGE_TYPE_METHOD_RETURN &&
			   number != UINT32_MAX) {
			check(number + 1 == expected,
			      "answer %u to call %u", number, expected - 1);
			called = false;
		}
		dbus_message_unref(message);
	}
	check(seen == count, "the monitor has seen only %d calls", seen);
}

/* Monitors come and go while two others are busy. */
static void case_monitor_traffic(void)
{
	static const char name[] = "org.kdbus.Busy";
	struct child server = child_start(serve_for_ever, name), caller;
	struct client *m;
	char gone[64];
	int round;

	client_await_owner(name, true);
	caller = child_start(call_for_ever, name);
	child_line(&caller);
	for (round = 0; round < 5; round++) {
		carried_begin();
		carried_await(1, 1, 0, 0);
		m = client_open_quiet(bus_address());
		snprintf(gone, sizeof(gone), "%s", m->unique);
		become_monitor(m);
		watch(m, 30);
		client_close(m);
		client_await_owner(gone, false);
		say("round %d", round);
	}
	child_kill(&caller);
	child_kill(&server);
}

const struct bus_case cases_monitor[] = {
	{ "monitor", "session", case_monitor },
	{ "monitor-silent", "session", case_monitor_silent },
	{ "monitor-waits", "session", case_monitor_waits },
	{ "eavesdrop", "session", case_eavesdrop },
	{ "monitor-traffic", "session", case_monitor_traffic },
	{ 0 },
};
