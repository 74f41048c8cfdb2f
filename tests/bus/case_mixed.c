// SPDX-License-Identifier: GPL-2.0-only
/* Clients of both sockets of a bus talk to each other. */

#include "cases.h"
#include "child.h"
#include "client.h"
#include "counters.h"

#define STOCK	"org.kdbus.Stock"

/* What the module has carried if unix clients are attached; nothing if not. */
static void carried_attached(long calls, long returns, long errors,
			     long signals)
{
	if (bus_attaches())
		carried_end(calls, returns, errors, signals);
	else
		carried_end(0, 0, 0, 0);
}

/*
 * One over kdbus, one over AF_UNIX: all goes through the daemon, unless that has
 * attached the latter.
 */
static void case_mixed(void)
{
	struct client *a = client_open("A");
	struct client *u = client_open_at("U", bus_unix_address());
	int i;

	client_match(a, "type='signal',interface='" TEST_INTERFACE "'");
	client_match(u, "type='signal',interface='" TEST_INTERFACE "'");
	client_request_name(u, "org.kdbus.Unix", 0);
	client_request_name(a, "org.kdbus.Kernel", 0);
	client_drain(a);
	client_drain(u);
	carried_begin();
	for (i = 0; i < 3; i++) {
		client_send(a, new_numbered("org.kdbus.Unix", "Call", i));
		client_serve(u, 1);
		client_expect(a, 1);
		client_send(u, new_numbered("org.kdbus.Kernel", "Call", i));
		client_serve(a, 1);
		client_expect(u, 1);
		client_send(a, new_signal(NULL, "ToAll"));
		client_drain(a);
		client_send(u, new_signal(NULL, "ToAll"));
		client_drain(u);
		client_drain(a);
		client_send(a, new_signal(u->unique, "ToOne"));
		client_send(u, new_signal(a->unique, "ToOne"));
		client_expect(u, 1);
		client_expect(a, 1);
	}
	carried_attached(6, 6, 0, 6);
	client_send(a, new_call("org.kdbus.Unix", "Unanswered"));
	client_expect(u, 1);
	client_close(u);
	client_expect(a, 1);
	carried_attached(7, 6, 0, 6);
}

static void ask(struct client *a, const char *member, const char *argument)
{
	client_send(a, with_string(new_call(STOCK, member), argument));
	client_expect(a, 1);
}

/*
 * The distribution's libdbus over AF_UNIX, in a process of its own, as service
 * and as client of a service over kdbus.
 */
static void case_unpatched(void)
{
	struct child child = child_start_stock(STOCK);
	struct client *a = client_open("A");
	DBusMessage *answer;
	const char *unique;
	int i;

	client_await_owner(STOCK, true);
	answer = client_ask(a, with_string(driver_call("GetNameOwner"), STOCK));
	if (dbus_message_get_args(answer, NULL, DBUS_TYPE_STRING, &unique,
				  DBUS_TYPE_INVALID))
		label_name(unique, "STOCK");
	client_match(a, "type='signal',sender='" STOCK "'");
	client_request_name(a, "org.kdbus.Patched", 0);
	client_drain(a);
	carried_begin();
	for (i = 0; i < 3; i++) {
		ask(a, "Echo", "text");
		ask(a, "Fail", "");
		client_send(a, with_string(new_call(STOCK, "Emit"), "news"));
		client_expect(a, 2);
		client_send(a, with_string(new_call(STOCK, "CallBack"),
					   "org.kdbus.Patched"));
		client_serve(a, 1);
		client_expect(a, 1);
		client_send(a, with_string(new_call(STOCK, "CallBack"),
					   "org.kdbus.Nobody"));
		client_expect(a, 1);
	}
	client_send(a, new_call(STOCK, "Quit"));
	client_expect(a, 1);
	carried_attached(19, 13, 6, 0);
	check(!child_wait(&child), "the service fails");
}

/*
 * Two over AF_UNIX have rules that differ in the namespace alone, in which
 * RemoveMatch sees no difference.  Each keeps its own.
 */
static void case_mixed_rules(void)
{
	struct client *a = client_open("A");
	struct client *u = client_open_at("U", bus_unix_address());
	struct client *v = client_open_at("V", bus_unix_address());
	int i;

	for (i = 0; i < 2; i++) {
		client_match(u, "path_namespace='/org/kdbus/Other'");
		client_match(v, "path_namespace='/org/kdbus/Test'");
		client_send(a, new_signal(NULL, "Both"));
		client_sync(a);
		client_drain(v);
		if (i)
			client_close(u);
		else
			client_driver(u, "RemoveMatch",
				      "path_namespace='/org/kdbus/Other'");
		client_sync(a);
		client_send(a, new_signal(NULL, "Left"));
		client_sync(a);
		client_drain(v);
		client_driver(v, "RemoveMatch",
			      "path_namespace='/org/kdbus/Test'");
		client_send(a, new_signal(NULL, "None"));
		client_sync(a);
		client_drain(v);
	}
}

const struct bus_case cases_mixed[] = {
	{ "mixed", "session", case_mixed },
	{ "mixed-rules", "session", case_mixed_rules },
	{ "unpatched", "session", case_unpatched },
	{ 0 },
};
