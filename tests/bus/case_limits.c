// SPDX-License-Identifier: GPL-2.0-only
/* Limits of the bus: see config/limits.conf. */

#include "cases.h"
#include "client.h"
#include "counters.h"
#include "raw.h"

#define MAX_REPLIES	8
/* Bytes of a body; some dozens of them reach max_outgoing_bytes. */
#define LARGE_BODY	19000
#define FILL_MAX	300
/* What the bus keeps for one who does not read, and what his socket does. */
#define FITTED_MAX	(300000 / LARGE_BODY + 1 + 212992 / LARGE_BODY)
#define LARGE_SIGNALS	60
/* The number of the first signal after these. */
#define LATE		1000

/* One call too many, whichever way they take. */
static void case_max_replies(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	DBusMessage *calls[MAX_REPLIES];
	int i;

	carried_begin();
	for (i = 0; i < MAX_REPLIES + 2; i++)
		client_send(a, new_numbered(b->unique, "Call", i));
	/* One that needs no answer is not limited. */
	client_send(a, no_reply(new_numbered(b->unique, "Call", i)));
	client_drain(a);
	carried_end(MAX_REPLIES + 1, 0, 0, 0);
	for (i = 0; i < MAX_REPLIES; i++)
		calls[i] = client_read(b);
	client_drain(b);
	client_reply(b, calls[0], "first");
	client_expect(a, 1);
	client_send(a, new_numbered(b->unique, "Call", 100));
	client_send(a, new_numbered(b->unique, "Call", 101));
	client_drain(a);
	client_drain(b);
	for (i = 1; i < MAX_REPLIES; i++)
		client_reply(b, calls[i], "later");
	client_expect(a, MAX_REPLIES - 1);
	client_send(a, new_numbered(b->unique, "Call", 102));
	client_serve(b, 1);
	client_expect(a, 1);
	carried_end(MAX_REPLIES + 3, MAX_REPLIES + 1, 0, 0);
}

static DBusMessage *long_call(const char *destination, uint32_t number)
{
	static char path[6001];
	DBusMessage *message = new_numbered(destination, "Call", number);
	int i;

	for (i = 0; i < 6000; i++)
		path[i] = i % 2 ? 'x' : '/';
	dbus_message_set_path(message, path);
	return message;
}

/* The replies that the daemon waits for count with those of the module. */
static void case_max_replies_mixed(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	int i;

	carried_begin();
	for (i = 0; i < MAX_REPLIES; i++)
		client_send(a, i % 2 ? long_call(b->unique, i) :
				       new_numbered(b->unique, "Call", i));
	client_send(a, new_numbered(b->unique, "Call", 100));
	client_send(a, long_call(b->unique, 101));
	client_drain(a);
	client_serve(b, MAX_REPLIES);
	client_expect(a, MAX_REPLIES);
	client_drain(b);
	carried_some(MAX_REPLIES / 2, MAX_REPLIES / 2, 0, 0);
	client_send(a, new_numbered(b->unique, "Call", 102));
	client_serve(b, 1);
	client_expect(a, 1);
}

/* A has as many open calls as it may, all of them known to the daemon. */
static void open_calls(struct client *a, struct client *b)
{
	int i;

	for (i = 0; i < MAX_REPLIES; i++)
		client_send(a, long_call(b->unique, i));
	client_drain(a);
}

static void one_too_many(struct client *a, struct client *b)
{
	client_send(a, new_numbered(b->unique, "Call", 100));
	client_drain(a);
	client_serve(b, MAX_REPLIES);
	client_expect(a, MAX_REPLIES);
	client_drain(b);
}

/* Errors for what wants no answer do not count as answers. */
static void case_max_replies_errors(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	DBusMessage *call;
	int i;

	open_calls(a, b);
	for (i = 0; i < MAX_REPLIES; i++) {
		call = no_reply(new_call("org.kdbus.Nobody", "Call"));
		dbus_message_set_auto_start(call, false);
		client_send(a, call);
	}
	client_drain(a);
	one_too_many(a, b);
}

/*
 * Nor do the answers of libdbus in dbus-daemon, to whatever names its interface,
 * and to calls that nobody else takes.
 */
static void case_max_replies_libdbus(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	DBusMessage *message;
	int i;

	open_calls(a, b);
	for (i = 0; i < MAX_REPLIES; i++) {
		message = i % 2 ? new_signal(NULL, "Ping") :
			  no_reply(new_call(NULL, "Ping"));
		dbus_message_set_interface(message, DBUS_INTERFACE_PEER);
		client_send(a, message);
	}
	for (i = 0; i < MAX_REPLIES; i++)
		client_send(a, no_reply(new_call(NULL, "Unknown")));
	/* Not client_drain(): the answer of dbus-daemon itself is counted well. */
	client_expect(a, 2 * MAX_REPLIES);
	one_too_many(a, b);
}

/* Nor does what somebody sends unasked; here policy lets it through. */
static void case_max_replies_unasked(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	struct raw *c = raw_open("C", false);
	int i;

	open_calls(a, b);
	for (i = 0; i < MAX_REPLIES; i++)
		raw_send(c, raw_return(a->unique, 1000 + i));
	raw_drain(c);
	client_drain(a);
	one_too_many(a, b);
}

static DBusMessage *large(DBusMessage *message)
{
	static const uint8_t bytes[LARGE_BODY];
	const uint8_t *data = bytes;

	dbus_message_append_args(message, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE,
				 &data, LARGE_BODY, DBUS_TYPE_INVALID);
	return message;
}

/*
 * How much the sockets hold differs from bus to bus.  But at some point no more
 * fits, then nothing more does, and all that did is read later.
 */
static void say_error(struct client *a)
{
	DBusMessage *error = client_next(a);
	const char *text = "";

	if (!check(error, "nothing is refused"))
		return;
	dbus_message_get_args(error, NULL, DBUS_TYPE_STRING, &text,
			      DBUS_TYPE_INVALID);
	say("%s: %s: %s", a->label, dbus_message_get_error_name(error),
	    plain(text));
	dbus_message_unref(error);
}

static unsigned int fill(struct client *a, const char *destination)
{
	DBusMessage *call;
	unsigned int sent = 0;

	while (!a->stashed && sent < FILL_MAX) {
		call = no_reply(new_numbered(destination, "Fill", sent++));
		client_send(a, large(call));
		client_sync(a);
	}
	if (check(a->stashed, "%u messages, and none is refused", sent))
		say_error(a);
	return sent - 1;
}

static bool read_number(struct client *b, uint32_t number)
{
	DBusMessage *message = client_next(b);

	if (!check(message, "%s misses number %u", b->label, number))
		return false;
	check(number_of(message) == number, "%u instead of %u",
	      number_of(message), number);
	dbus_message_unref(message);
	return true;
}

static void read_all(struct client *b, unsigned int count)
{
	uint32_t i;

	for (i = 0; i < count; i++)
		if (!read_number(b, i))
			return;
	say("%s has read all", b->label);
}

static void case_max_outgoing(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	struct client *c = client_open("C");
	unsigned int fitted;

	carried_begin();
	fitted = fill(a, b->unique);
	check(fitted <= FITTED_MAX, "%u messages fitted", fitted);
	carried_some(10, 0, 0, 0);
	client_send(a, new_call(b->unique, "Call"));
	say_error(a);
	client_send(c, new_call(b->unique, "Call"));
	say_error(c);
	client_send(c, new_signal(b->unique, "Signal"));
	client_sync(c);
	if (c->stashed)
		say_error(c);
	read_all(b, fitted);
	client_drain(b);
	/* The daemon has written what it had for B: the module may deliver. */
	client_sync(b);
	client_sync(c);
	carried_begin();
	client_send(c, new_call(b->unique, "Again"));
	client_serve(b, 1);
	client_expect(c, 1);
	carried_end(1, 1, 0, 0);
}

static void emit_large(struct client *a, uint32_t number)
{
	DBusMessage *signal = new_signal(NULL, "Large");

	dbus_message_append_args(signal, DBUS_TYPE_UINT32, &number,
				 DBUS_TYPE_INVALID);
	client_send(a, large(signal));
}

/*
 * Reads one by one until there is room for something new, and then up to that.
 * How much came before it?
 */
static uint32_t read_until_late(struct client *a, struct client *b,
				struct client *c)
{
	uint32_t got, late, number;
	DBusMessage *message;

	for (got = 0; got < FILL_MAX; got++) {
		late = LATE + got;
		emit_large(a, late);
		client_sync(a);
		read_number(c, late);
		message = client_next(b);
		number = message ? number_of(message) : 0;
		if (message)
			dbus_message_unref(message);
		if (number >= LATE)
			return got;
		if (!check(number == got, "%u instead of %u", number, got))
			break;
	}
	return 0;
}

/* Who does not read misses what does not fit; all others miss nothing. */
static void case_max_outgoing_broadcast(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	struct client *c = client_open("C");
	unsigned int i, got;

	client_match(b, "member='Large'");
	client_match(c, "member='Large'");
	broadcasts_begin();
	for (i = 0; i < LARGE_SIGNALS; i++) {
		emit_large(a, i);
		client_sync(a);
		read_number(c, i);
	}
	got = read_until_late(a, b, c);
	check(got > 10 && got < LARGE_SIGNALS, "%u signals got through", got);
	check(!a->stashed, "the sender hears of it");
	broadcasts_end(LARGE_SIGNALS / 2);
	say("%s has missed some", b->label);
}

const struct bus_case cases_limits[] = {
	{ "max-replies", "limits", case_max_replies },
	{ "max-replies-mixed", "limits", case_max_replies_mixed },
	{ "max-replies-errors", "limits", case_max_replies_errors },
	{ "max-replies-libdbus", "limits", case_max_replies_libdbus },
	{ "max-replies-unasked", "limits", case_max_replies_unasked },
	{ "max-outgoing", "limits", case_max_outgoing },
	{ "max-outgoing-broadcast", "limits", case_max_outgoing_broadcast },
	{ 0 },
};
