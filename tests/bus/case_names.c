// SPDX-License-Identifier: GPL-2.0-only
/* Names: who has them, who waits for them. */

#include <stdio.h>

#include "cases.h"
#include "client.h"
#include "counters.h"

#define NAME	"org.kdbus.Shared"

static void ask_owner(struct client *a, struct client *owner)
{
	client_send(a, new_call(NAME, "WhoIsThere"));
	client_serve(owner, 1);
	client_expect(a, 1);
}

/* Queued owners: each gets the name when the one before it goes. */
static void case_queue(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	struct client *c = client_open("C"), *d = client_open("D");

	client_match(a, "type='signal',member='NameOwnerChanged',arg0='" NAME
		     "'");
	client_request_name(b, NAME, 0);
	client_request_name(c, NAME, 0);
	client_request_name(d, NAME, DBUS_NAME_FLAG_DO_NOT_QUEUE);
	client_request_name(b, NAME, 0);
	client_driver(a, "ListQueuedOwners", NAME);
	client_drain(b);
	carried_begin();
	ask_owner(a, b);
	client_request_name(d, NAME, 0);
	client_release_name(b, NAME);
	client_drain(c);
	ask_owner(a, c);
	client_close(c);
	client_await_owner(NAME, true);
	/* Now it is D's, as soon as it has been told. */
	client_expect(d, 1);
	ask_owner(a, d);
	client_drain(d);
	carried_end(3, 3, 0, 0);
	client_release_name(a, NAME);
	client_release_name(a, "org.kdbus.Nobody");
	client_driver(a, "ListQueuedOwners", NAME);
}

/* The name changes hands by replacement, back and forth. */
static void case_replace(void)
{
	const uint32_t flags = DBUS_NAME_FLAG_ALLOW_REPLACEMENT |
			       DBUS_NAME_FLAG_REPLACE_EXISTING;
	struct client *a = client_open("A"), *b = client_open("B");
	struct client *c = client_open("C");
	int i;

	client_request_name(b, NAME, flags);
	client_drain(b);
	carried_begin();
	for (i = 0; i < 5; i++) {
		client_request_name(c, NAME, flags);
		client_drain(c);
		client_drain(b);
		ask_owner(a, c);
		client_request_name(b, NAME, flags);
		client_drain(b);
		client_drain(c);
		ask_owner(a, b);
	}
	carried_end(10, 10, 0, 0);
}

/* A call that waits for the old owner stays there. */
static void case_replace_pending(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	struct client *c = client_open("C");
	DBusMessage *call;

	client_request_name(b, NAME, DBUS_NAME_FLAG_ALLOW_REPLACEMENT);
	client_drain(b);
	carried_begin();
	client_send(a, new_call(NAME, "ForB"));
	call = client_read(b);
	client_request_name(c, NAME, DBUS_NAME_FLAG_REPLACE_EXISTING);
	client_drain(c);
	client_send(a, new_call(NAME, "ForC"));
	client_drain(b);
	client_reply(b, call, "from B");
	client_expect(a, 1);
	client_serve(c, 1);
	client_expect(a, 1);
	carried_end(2, 2, 0, 0);
	dbus_message_unref(call);
}

static void case_name_errors(void)
{
	static const char *const names[] = {
		"", "nodots", ":1.5", "a..b", "org.freedesktop.DBus", "1.a",
	};
	struct client *a = client_open("A");
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		client_request_name(a, names[i], 0);
		client_release_name(a, names[i]);
		client_driver(a, "GetNameOwner", names[i]);
	}
	client_request_name(a, NAME, 0xffff);
}

/* A name is released once, and by its owner. */
static void case_release(void)
{
	struct client *a = client_open("A"), *b = client_open("B");

	client_match(b, "type='signal',member='NameOwnerChanged',arg0='" NAME
		     "'");
	client_request_name(a, NAME, 0);
	client_release_name(b, NAME);
	ask_owner(b, a);
	client_release_name(a, NAME);
	client_release_name(a, NAME);
	client_release_name(a, a->unique);
	client_release_name(a, b->unique);
	client_drain(a);
	client_drain(b);
	client_send(b, new_call(NAME, "WhoIsThere"));
	client_expect(b, 1);
}

/* What the driver tells of connections, as far as it is not random. */
static void case_driver_questions(void)
{
	static const char *const members[] = {
		"GetConnectionUnixUser", "GetNameOwner", "NameHasOwner",
		"ListQueuedOwners", "GetAdtAuditSessionData", "Nonsense",
		"GetConnectionSELinuxSecurityContext",
	};
	struct client *a = client_open("A"), *b = client_open_as("B", "alice");
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(*members); i++) {
		client_driver(a, members[i], b->unique);
		client_driver(b, members[i], a->unique);
		client_driver(a, members[i], ":1.999999");
	}
	client_driver(a, "ListActivatableNames", NULL);
}

const struct bus_case cases_names[] = {
	{ "queue", "session", case_queue },
	{ "replace", "session", case_replace },
	{ "replace-pending", "session", case_replace_pending },
	{ "release", "session", case_release },
	{ "name-errors", "session", case_name_errors },
	{ "driver-questions", "session", case_driver_questions },
	{ 0 },
};
