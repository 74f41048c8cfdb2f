// SPDX-License-Identifier: GPL-2.0-only
/* Limits of the bus: see config/limits.conf. */

#include "cases.h"
#include "client.h"
#include "counters.h"

#define MAX_REPLIES	8
/* Bytes of a body; some dozens of them reach max_outgoing_bytes. */
#define LARGE_BODY	19000
#define FILL_MAX	300

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

static void read_all(struct client *b, unsigned int count)
{
	DBusMessage *message;
	uint32_t i;

	for (i = 0; i < count; i++) {
		message = client_next(b);
		if (!check(message, "%u of %u messages are lost", count - i,
			   count))
			return;
		check(number_of(message) == i, "%u instead of %u",
		      number_of(message), i);
		dbus_message_unref(message);
	}
	say("%s has read all", b->label);
}

static void case_max_outgoing(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	struct client *c = client_open("C");
	unsigned int fitted;

	carried_begin();
	fitted = fill(a, b->unique);
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
	carried_begin();
	client_send(c, new_call(b->unique, "Again"));
	client_serve(b, 1);
	client_expect(c, 1);
	carried_end(1, 1, 0, 0);
}

const struct bus_case cases_limits[] = {
	{ "max-replies", "limits", case_max_replies },
	{ "max-replies-mixed", "limits", case_max_replies_mixed },
	{ "max-outgoing", "limits", case_max_outgoing },
	{ 0 },
};
