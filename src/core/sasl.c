// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finding the end of a client's SASL exchange.
 *
 * dbus-daemon reads one byte, which comes with the credentials, and then lines
 * that end with CR LF.  A line of ASCII whose first word is BEGIN ends the
 * exchange, whatever else the line says and whatever came before: the daemon
 * has accepted the client, or it hangs up.
 */
#include "sasl.h"

static const char begin[] = "BEGIN";

#define BEGIN_LEN	(sizeof(begin) - 1)
#define BEGIN_ARGS	(BEGIN_LEN + 1)

static void line_byte(struct kdbus_sasl *s, u8 c)
{
	if (s->other_line)
		return;
	if (!c || c >= 0x80) {
		s->other_line = true;
	} else if (s->matched < BEGIN_LEN) {
		s->other_line = c != (u8)begin[s->matched];
		s->matched++;
	} else if (s->matched == BEGIN_LEN) {
		s->other_line = c != ' ' && c != '\t';
		s->matched = BEGIN_ARGS;
	}
}

static void line_end(struct kdbus_sasl *s)
{
	s->done = !s->other_line && s->matched >= BEGIN_LEN;
	s->matched = 0;
	s->other_line = false;
}

/* A carriage return alone is part of the line. */
static void exchange_byte(struct kdbus_sasl *s, u8 c)
{
	bool cr = s->cr;

	s->cr = c == '\r';
	if (cr && c == '\n') {
		line_end(s);
		return;
	}
	if (cr)
		line_byte(s, '\r');
	if (!s->cr)
		line_byte(s, c);
}

/**
 * kdbus_sasl_scan() - look at further bytes of a client
 * @s: how far the exchange is
 * @data: the bytes
 * @len: their number
 *
 * The first byte is not checked: it is NUL, or else dbus-daemon hangs up.
 *
 * Return: how many of them belong to the exchange; fewer than @len only if
 * it has ended (s->done).
 */
size_t kdbus_sasl_scan(struct kdbus_sasl *s, const u8 *data, size_t len)
{
	size_t i = 0;

	if (len && !s->started) {
		s->started = true;
		i++;
	}
	for (; i < len && !s->done; i++)
		exchange_byte(s, data[i]);
	return i;
}
