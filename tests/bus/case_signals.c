// SPDX-License-Identifier: GPL-2.0-only
/* Signals, to one and to all who want them. */

#include "cases.h"
#include "client.h"
#include "counters.h"

static DBusMessage *news(const char *member, const char *about)
{
	return with_string(new_signal(NULL, member), about);
}

static void case_signal_unicast(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	struct client *c = client_open("C");
	int i;

	/* That somebody else wants them does not count without eavesdrop. */
	client_match(c, "type='signal',interface='" TEST_INTERFACE "'");
	carried_begin();
	for (i = 0; i < 10; i++)
		client_send(a, with_string(new_signal(b->unique, "Private"),
					   "news"));
	client_expect(b, 10);
	client_send(b, new_signal(b->unique, "Self"));
	client_expect(b, 1);
	carried_end(0, 0, 0, 11);
	client_drain(c);
}

/*
 * dbus-daemon has written what it had for them, so that the module may deliver what
 * comes next.
 */
static void settle_all(struct client *a, struct client *const *readers, int n)
{
	int i;

	for (i = 0; i < n; i++)
		client_sync(readers[i]);
	client_sync(a);
}

/* Who gets what, for all kinds of match rules. */
static void case_signal_broadcast(void)
{
	static const char *const rules[] = {
		"type='signal'",
		"member='News'",
		"arg0='kdbus'",
		"path_namespace='/org/kdbus',member='Other'",
		"sender='org.kdbus.Sender'",
		"type='method_call'",
		"interface='org.kdbus.Nothing'",
		"destination=':1.0'",
	};
	struct client *a = client_open("A"), *readers[8];
	char label[4] = "R0";
	int i;

	client_request_name(a, "org.kdbus.Sender", 0);
	client_drain(a);
	for (i = 0; i < 8; i++) {
		label[1] = '0' + i;
		readers[i] = client_open(label);
		client_match(readers[i], rules[i]);
	}
	settle_all(a, readers, 8);
	carried_begin();
	broadcasts_begin();
	client_send(a, news("News", "kdbus"));
	client_send(a, news("News", "else"));
	client_send(a, news("Other", "kdbus"));
	client_drain(a);
	for (i = 0; i < 8; i++)
		client_drain(readers[i]);
	client_driver(readers[0], "RemoveMatch", rules[0]);
	client_driver(readers[1], "RemoveMatch", rules[0]);
	settle_all(a, readers, 8);
	client_send(a, news("News", "kdbus"));
	client_release_name(a, "org.kdbus.Sender");
	client_send(a, news("News", "kdbus"));
	client_drain(a);
	for (i = 0; i < 8; i++)
		client_drain(readers[i]);
	carried_end(0, 0, 0, 0);
	broadcasts_end(3);
}

/* Broadcasts and unicast messages of one sender stay in order. */
static void case_signal_order(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	int i;

	client_match(b, "member='News'");
	carried_begin();
	broadcasts_begin();
	for (i = 0; i < 20; i++) {
		client_send(a, news("News", "for all"));
		client_send(a, new_numbered(b->unique, "Call", i));
		client_send(a, with_string(new_signal(b->unique, "News"),
					   "for one"));
	}
	client_expect(b, 60);
	client_drain(a);
	client_drain(b);
	carried_end(20, 0, 0, 20);
	broadcasts_end(10);
}

/* Whoever wants a broadcast gets it, be it its own. */
static void case_signal_own(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	int i;

	client_match(b, "member='News'");
	broadcasts_begin();
	for (i = 0; i < 3; i++) {
		client_send(a, news("News", "before"));
		client_drain(a);
		client_match(a, "member='News'");
		client_send(a, news("News", "mine"));
		client_drain(a);
		client_driver(a, "RemoveMatch", "member='News'");
		client_send(a, news("News", "after"));
		client_drain(a);
	}
	broadcasts_end(3);
	client_drain(b);
}

/* The daemon's library answers what looks like a question to itself. */
static void case_signal_peer(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	DBusMessage *m;
	int i;

	client_match(b, "type='signal'");
	for (i = 0; i < 3; i++) {
		m = news("GetMachineInfo", "whoever wants it");
		dbus_message_set_interface(m, DBUS_INTERFACE_PEER);
		client_send(a, m);
		client_drain(a);
		client_drain(b);
	}
}

static void case_match_errors(void)
{
	static const char *const rules[] = {
		"nonsense", "type='x'", "arg0='a',arg0='b'", "path='a'",
		"eavesdrop='maybe'", "arg64='x'", "sender='-'",
	};
	struct client *a = client_open("A");
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		client_match(a, rules[i]);
	client_driver(a, "RemoveMatch", "type='signal'");
}

const struct bus_case cases_signals[] = {
	{ "signal-unicast", "session", case_signal_unicast },
	{ "signal-broadcast", "session", case_signal_broadcast },
	{ "signal-order", "session", case_signal_order },
	{ "signal-own", "session", case_signal_own },
	{ "signal-peer", "session", case_signal_peer },
	{ "match-errors", "session", case_match_errors },
	{ 0 },
};
