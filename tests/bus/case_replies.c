// SPDX-License-Identifier: GPL-2.0-only
/* Replies that are forged, come twice, or were never asked for. */

#include "cases.h"
#include "client.h"
#include "counters.h"
#include "raw.h"

static struct raw_message raw_error(const char *destination,
				    uint32_t reply_serial)
{
	struct raw_message message = raw_return(destination, reply_serial);

	message.type = DBUS_MESSAGE_TYPE_ERROR;
	message.error = "org.kdbus.Error.Forged";
	return message;
}

/*
 * Where the policy has rules for single interfaces, the first message of a kind
 * goes to the daemon and is approved.  So there is one of each kind in advance.
 */
static void warm_up(struct client *a, struct raw *b)
{
	uint32_t serial;

	serial = client_send(a, new_call(b->unique, "Ask"));
	raw_expect(b, 1);
	raw_send(b, raw_error(a->unique, serial));
	client_expect(a, 1);
	serial = client_send(a, new_call(b->unique, "Ask"));
	raw_expect(b, 1);
	raw_send(b, raw_return(a->unique, serial));
	client_expect(a, 1);
	raw_drain(b);
}

/* C answers the call that A has made to B, with B's name as sender. */
static void forge(struct raw *c, struct client *a, struct raw *b,
		  uint32_t serial)
{
	struct raw_message message = raw_return(a->unique, serial);

	message.sender = b->unique;
	raw_send(c, message);
	raw_send(c, raw_error(a->unique, serial));
	raw_drain(c);
	client_drain(a);
}

static void case_forged_reply(void)
{
	struct client *a = client_open("A");
	struct raw *b = raw_open("B", false), *c = raw_open("C", false);
	uint32_t serial;

	warm_up(a, b);
	carried_begin();
	serial = client_send(a, new_call(b->unique, "Ask"));
	raw_expect(b, 1);
	forge(c, a, b, serial);
	raw_send(b, raw_return(a->unique, serial));
	client_expect(a, 1);
	forge(c, a, b, serial);
	carried_end(1, 1, 0, 0);
}

static void case_reply_twice(void)
{
	struct client *a = client_open("A");
	struct raw *b = raw_open("B", false);
	uint32_t serial;

	warm_up(a, b);
	carried_begin();
	serial = client_send(a, new_call(b->unique, "Ask"));
	raw_expect(b, 1);
	raw_send(b, raw_return(a->unique, serial));
	raw_send(b, raw_return(a->unique, serial));
	raw_send(b, raw_error(a->unique, serial));
	raw_drain(b);
	client_drain(a);
	carried_end(1, 1, 0, 0);
}

static void case_reply_unsolicited(void)
{
	struct client *a = client_open("A");
	struct raw *b = raw_open("B", false);
	uint32_t serial;

	warm_up(a, b);
	carried_begin();
	raw_send(b, raw_return(a->unique, 1));
	raw_send(b, raw_error(a->unique, 77));
	raw_send(b, raw_return("org.kdbus.Nobody", 1));
	raw_send(b, raw_return(":1.999999", 1));
	raw_drain(b);
	client_drain(a);

	/* One too high; then the right one. */
	serial = client_send(a, new_call(b->unique, "Ask"));
	raw_expect(b, 1);
	raw_send(b, raw_return(a->unique, serial + 1));
	raw_send(b, raw_error(a->unique, serial));
	raw_drain(b);
	client_drain(a);
	carried_end(1, 0, 1, 0);
}

/* A serial may be used again only when its call has been answered. */
static void case_serial_again(void)
{
	struct raw *a = raw_open("A", false);
	struct client *b = client_open("B");
	struct raw_message call = raw_call(b->unique, "Same");

	carried_begin();
	call.serial = 100;
	raw_send(a, call);
	raw_send(a, call);
	raw_drain(a);
	client_serve(b, 1);
	raw_expect(a, 1);
	raw_send(a, call);
	raw_drain(a);
	client_drain(b);
	carried_some(2, 1, 0, 0);
}

/*
 * The same when the call that is open has gone through the daemon, as the first
 * of its kind, and those that follow need not.
 */
static void case_serial_again_slow(void)
{
	struct raw *a = raw_open("A", false);
	struct client *b = client_open("B");
	struct raw_message call = raw_call(b->unique, "Same");

	call.serial = 100;
	raw_send(a, call);
	raw_drain(a);
	carried_begin();
	raw_send(a, call);
	raw_drain(a);
	call.serial = 101;
	raw_send(a, call);
	raw_drain(a);
	carried_end(1, 0, 0, 0);
	call.serial = 100;
	raw_send(a, call);
	raw_drain(a);
	client_serve(b, 2);
	raw_expect(a, 2);
	client_drain(b);
	carried_begin();
	raw_send(a, call);
	client_serve(b, 1);
	raw_expect(a, 1);
	carried_end(1, 1, 0, 0);
}

/*
 * Who does not answer and goes away owes several errors.  The latest call comes
 * first, whatever its serial.
 */
static void case_errors_order(void)
{
	static const uint32_t serials[] = { 200, 100, 400, 300 };
	struct raw *a = raw_open("A", false);
	struct client *b = client_open("B");
	struct raw_message call = raw_call(b->unique, "Ask");
	int i;

	raw_drain(a);
	carried_begin();
	for (i = 0; i < 4; i++) {
		call.serial = serials[i];
		raw_send(a, call);
	}
	raw_drain(a);
	carried_end(4, 0, 0, 0);
	client_close(b);
	raw_expect(a, 4);
}

/* A call and a signal with a REPLY_SERIAL, a reply without a destination. */
static void case_reply_odd(void)
{
	struct client *a = client_open("A");
	struct raw *b = raw_open("B", false);
	struct raw_message message = raw_call(a->unique, "Odd");

	carried_begin();
	message.reply_serial = 5;
	raw_send(b, message);
	message.type = DBUS_MESSAGE_TYPE_SIGNAL;
	raw_send(b, message);
	raw_send(b, raw_return(NULL, 5));
	raw_drain(b);
	client_drain(a);
	carried_end(0, 0, 0, 0);
}

const struct bus_case cases_replies[] = {
	{ "forged-reply", "session", case_forged_reply },
	{ "reply-twice", "session", case_reply_twice },
	{ "reply-unsolicited", "session", case_reply_unsolicited },
	{ "serial-again", "session", case_serial_again },
	{ "errors-order", "session", case_errors_order },
	{ "reply-odd", "session", case_reply_odd },
	{ "serial-again-slow", "system", case_serial_again_slow },
	{ "forged-reply-system", "system", case_forged_reply },
	{ "reply-twice-system", "system", case_reply_twice },
	{ "reply-unsolicited-system", "system", case_reply_unsolicited },
	{ 0 },
};
