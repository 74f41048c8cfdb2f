// SPDX-License-Identifier: GPL-2.0-only
/* The beginning of a connection, in all ways that it can be written. */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "client.h"
#include "counters.h"
#include "raw.h"

static struct raw_bytes everything(struct client *b, bool fds, bool big)
{
	struct raw_bytes bytes = { 0 };
	struct raw_message hello = raw_hello();
	struct raw_message call = raw_call(b->unique, "Early");
	const char *auth = raw_auth_text(fds);

	put_bytes(&bytes, auth, strlen(auth + 1) + 1);
	hello.serial = 1;
	hello.big = big;
	put_message(&bytes, &hello);
	call.serial = 2;
	call.big = big;
	put_message(&bytes, &call);
	call.serial = 3;
	call.sender = DRIVER;
	put_message(&bytes, &call);
	return bytes;
}

static void lines_and_calls(struct raw *a, struct client *b, bool fds)
{
	raw_line(a);
	if (fds)
		raw_line(a);
	raw_name(a);
	client_serve(b, 2);
	raw_expect(a, 2);
	raw_drain(a);
	raw_close(a);
	client_drain(b);
}

/* SASL, Hello and calls in one write. */
static void case_sasl_pipelined(void)
{
	struct client *b = client_open("B");
	struct raw_bytes bytes;
	struct raw *a;
	int i;

	for (i = 0; i < 4; i++) {
		a = raw_connect("A");
		bytes = everything(b, i % 2, i / 2);
		raw_write(a, bytes.data, bytes.len, 0);
		lines_and_calls(a, b, i % 2);
	}
}

/* The same, in pieces of all sizes, so that BEGIN is torn everywhere. */
static void case_sasl_split(void)
{
	struct client *b = client_open("B");
	struct raw_bytes bytes;
	struct raw *a;
	size_t piece;

	for (piece = 1; piece < 50; piece += piece < 8 ? 1 : 7) {
		a = raw_connect("A");
		bytes = everything(b, true, false);
		raw_write(a, bytes.data, bytes.len, piece);
		lines_and_calls(a, b, true);
	}
}

/* As libraries do it: one line, wait for the answer, the next. */
static void case_sasl_in_turns(void)
{
	struct client *b = client_open("B");
	struct raw *a = raw_connect("A");
	struct raw_message call = raw_call(b->unique, "InTurns");

	raw_write(a, "", 1, 0);
	raw_write(a, "AUTH\r\n", 6, 0);
	raw_line(a);
	raw_write(a, "AUTH WHATEVER 41\r\n", 18, 0);
	raw_line(a);
	raw_write(a, "AUTH EXTERNAL\r\n", 15, 0);
	raw_line(a);
	raw_write(a, "DATA\r\n", 6, 0);
	raw_line(a);
	raw_write(a, "NONSENSE\r\n", 10, 0);
	raw_line(a);
	raw_write(a, "NEGOTIATE_UNIX_FD\r\n", 19, 0);
	raw_line(a);
	raw_write(a, "BEGIN\r\n", 7, 0);
	raw_send(a, raw_hello());
	raw_name(a);
	carried_begin();
	raw_send(a, call);
	client_serve(b, 1);
	raw_expect(a, 1);
	carried_end(1, 1, 0, 0);
}

/* Somebody who is not who he says he is, and other failures. */
static void case_sasl_refused(void)
{
	static const char *const attempts[] = {
		"AUTH EXTERNAL 31303031\r\n",
		"AUTH EXTERNAL zz\r\n",
		"BEGIN\r\n",
		"CANCEL\r\n",
		"NEGOTIATE_UNIX_FD\r\n",
		"AUTH EXTERNAL 30\nBEGIN\n",
		"\r\n",
	};
	size_t i;

	for (i = 0; i < sizeof(attempts) / sizeof(*attempts); i++) {
		struct raw *a = raw_connect("A");

		say("-- attempt %zu", i);
		raw_write(a, "", 1, 0);
		raw_write(a, attempts[i], strlen(attempts[i]), 0);
		/* Whatever it was, this is the end of it. */
		raw_write(a, "\r\nBEGIN\r\n", 9, 0);
		raw_line(a);
		raw_close(a);
	}
}

/* No credentials byte, or one that is not zero. */
static void case_sasl_first_byte(void)
{
	struct raw *a = raw_connect("A");

	raw_write(a, "AUTH EXTERNAL 30\r\n", 18, 0);
	raw_await_end(a);
	raw_close(a);
}

/* Nothing may be said before Hello, to nobody. */
static void case_before_hello(void)
{
	struct client *b = client_open("B");
	struct raw *a = raw_connect("A");
	const char *auth = raw_auth_text(false);

	raw_write(a, auth, strlen(auth + 1) + 1, 0);
	raw_line(a);
	raw_send(a, raw_call(b->unique, "Rude"));
	raw_await_end(a);
	client_drain(b);

	a = raw_connect("A2");
	raw_write(a, auth, strlen(auth + 1) + 1, 0);
	raw_line(a);
	raw_send(a, raw_hello());
	raw_name(a);
	/* Twice is wrong as well, but forgiven. */
	raw_send(a, raw_hello());
	raw_drain(a);
	raw_send(a, raw_call(b->unique, "Polite"));
	client_serve(b, 1);
	raw_expect(a, 1);
}

const struct bus_case cases_sasl[] = {
	{ "sasl-pipelined", "session", case_sasl_pipelined },
	{ "sasl-split", "session", case_sasl_split },
	{ "sasl-in-turns", "session", case_sasl_in_turns },
	{ "sasl-refused", "session", case_sasl_refused },
	{ "sasl-first-byte", "session", case_sasl_first_byte },
	{ "before-hello", "session", case_before_hello },
	{ 0 },
};
