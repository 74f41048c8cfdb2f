// SPDX-License-Identifier: GPL-2.0-only
/* What no library would write, but the specification allows. */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "client.h"
#include "counters.h"
#include "raw.h"

/* A body of all alignments: ybnqiuxtdsogaya{us}(ys)v, in either byte order. */
static struct raw_bytes body_of_all_types(bool big)
{
	struct raw_bytes body = { .big = big };
	size_t i;

	put_byte(&body, 7);
	put_number(&body, 1);
	put_byte(&body, big ? 0x12 : 0x34);
	put_byte(&body, big ? 0x34 : 0x12);
	put_number(&body, 0x12345678);
	put_align(&body, 8);
	for (i = 0; i < 8; i++)
		put_byte(&body, big ? i : 7 - i);
	put_string(&body, "text");
	put_string(&body, "/path");
	put_byte(&body, 2);
	put_bytes(&body, "ay", 3);
	put_number(&body, 3);
	put_bytes(&body, "\1\2\3", 3);
	put_number(&body, 12);
	put_align(&body, 8);
	put_number(&body, 5);
	put_string(&body, "dic");
	put_align(&body, 8);
	put_byte(&body, 9);
	put_string(&body, "in a struct");
	put_byte(&body, 1);
	put_bytes(&body, "u", 2);
	put_number(&body, 99);
	return body;
}

static const char all_types[] = "ybqutsogaya{us}(ys)v";

static struct raw_message swapped_call(const char *destination)
{
	struct raw_message call = raw_call(destination, "Swapped");
	struct raw_bytes body = body_of_all_types(true);

	call.big = true;
	call.signature = all_types;
	call.body = body.data;
	call.body_len = body.len;
	return call;
}

/* The client's byte order is the other one; whoever reads does not mind. */
static void case_byte_swapped(void)
{
	struct raw *a = raw_open("A", false), *c = raw_open("C", false);
	struct client *b = client_open("B");
	struct raw_message reply = raw_return(a->unique, 0);
	struct raw_message call = raw_hello();
	int i;

	carried_begin();
	for (i = 0; i < 3; i++) {
		raw_send(a, swapped_call(b->unique));
		client_serve(b, 1);
		raw_expect(a, 1);
	}
	reply.reply_serial = raw_send(a, swapped_call(c->unique));
	raw_expect(c, 1);
	reply.big = true;
	raw_send(c, reply);
	raw_expect(a, 1);
	carried_end(4, 4, 0, 0);

	/* The driver understands it too. */
	call.big = true;
	call.member = "GetNameOwner";
	call.signature = "s";
	call.body = "\0\0\0\x14org.freedesktop.DBus";
	call.body_len = 4 + 20 + 1;
	raw_send(a, call);
	raw_expect(a, 1);
}

static void add_match(struct raw *raw, const char *rule)
{
	struct raw_message call = raw_hello();
	struct raw_bytes body = {};

	put_string(&body, rule);
	call.member = "AddMatch";
	call.signature = "s";
	call.body = body.data;
	call.body_len = body.len;
	raw_send(raw, call);
	raw_expect(raw, 1);
	free(body.data);
}

/* dbus-daemon turns a signal for all when it looks for an argument in it. */
static void case_byte_swapped_signal(void)
{
	struct raw *a = raw_open("A", false), *b = raw_open("B", false);
	struct raw *c = raw_open("C", false);
	struct raw_message signal = swapped_call(NULL);

	signal.type = DBUS_MESSAGE_TYPE_SIGNAL;
	add_match(b, "member='Swapped'");
	raw_send(a, signal);
	raw_expect(b, 1);
	add_match(c, "member='Swapped',arg0='something'");
	raw_send(a, signal);
	raw_expect(b, 1);
}

static void case_native_order(void)
{
	struct raw *a = raw_open("A", false), *b = raw_open("B", false);
	struct raw_bytes body = body_of_all_types(false);
	struct raw_message call = raw_call(b->unique, "Native");

	call.signature = all_types;
	call.body = body.data;
	call.body_len = body.len;
	carried_begin();
	raw_send(a, call);
	raw_expect(b, 1);
	carried_end(1, 0, 0, 0);
}

/* Whatever a client says of its name, the recipient sees the true one. */
static void case_forged_sender(void)
{
	static const char *const senders[] = {
		DRIVER, ":1.0", ":1.99999999999999999999999999", "a.b",
	};
	struct raw *a = raw_open("A", false), *b = raw_open("B", false);
	struct raw_message call = raw_call(b->unique, "WhoAmI");
	struct raw_message signal = call;
	size_t i;

	signal.type = DBUS_MESSAGE_TYPE_SIGNAL;
	carried_begin();
	for (i = 0; i < sizeof(senders) / sizeof(*senders); i++) {
		call.sender = senders[i];
		call.big = i % 2;
		raw_send(a, call);
		raw_expect(b, 1);
		signal.sender = senders[i];
		raw_send(a, signal);
		raw_expect(b, 1);
	}
	call.sender = b->unique;
	raw_send(a, call);
	raw_expect(b, 1);
	call.sender = a->unique;
	raw_send(a, call);
	raw_expect(b, 1);
	/* A name longer than the true one is cut out by the daemon. */
	carried_end(4, 0, 0, 2);
}

/* Fields that nobody knows do not reach the recipient. */
static void case_unknown_fields(void)
{
	static const struct raw_extra extras[] = {
		{ 10, "o", "/container", 0 },
		{ 11, "u", NULL, 4711 },
		{ 42, "s", "who knows", 0 },
		{ 99, "as", "who", 0 },
		{ 200, "(us)", "knows", 1 },
		{ 255, "g", "s", 0 },
	};
	struct raw *a = raw_open("A", false), *b = raw_open("B", false);
	struct raw_message call;
	size_t i;

	for (i = 0; i < sizeof(extras) / sizeof(*extras); i++) {
		call = raw_call(b->unique, "Unknown");
		call.big = i % 2;
		call.extra[0] = extras[i];
		raw_send(a, call);
		raw_expect(b, 1);
		call.extra[1] = extras[(i + 1) % 6];
		call.sender = DRIVER;
		raw_send(a, call);
		raw_expect(b, 1);
	}
	raw_drain(a);
}

/* Flags that nobody knows, and types that are to be ignored. */
static void case_unknown_flags_and_types(void)
{
	struct raw *a = raw_open("A", false), *b = raw_open("B", false);
	struct raw_message call = raw_call(b->unique, "Flags");
	int i;

	for (i = 0; i < 8; i++) {
		call.flags = 1 << i;
		raw_send(a, call);
		raw_expect(b, 1);
	}
	call.flags = 0;
	for (i = 5; i < 256; i *= 3) {
		call.type = i;
		raw_send(a, call);
	}
	raw_drain(a);
	raw_drain(b);
}

static char *long_path(size_t len)
{
	char *path = malloc(len + 1);
	size_t i;

	for (i = 0; i < len; i++)
		path[i] = i % 100 ? 'a' + i % 26 : '/';
	path[len] = '\0';
	return path;
}

/* Headers up to and beyond what the module handles itself. */
static void case_long_headers(void)
{
	static const size_t lengths[] = { 3000, 4000, 4097, 10050, 60050 };
	struct raw *a = raw_open("A", false), *b = raw_open("B", false);
	struct raw_message call = raw_call(b->unique, "Long");
	size_t i;

	carried_begin();
	for (i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		call.path = long_path(lengths[i]);
		call.sender = i % 2 ? DRIVER : NULL;
		raw_send(a, call);
		raw_expect(b, 1);
	}
	raw_drain(a);
	carried_some(1, 0, 0, 0);
}

/* Messages in pieces of all sizes, and several in one write. */
static void case_pieces(void)
{
	struct raw *a = raw_open("A", false), *b = raw_open("B", false);
	struct raw_bytes bytes = { 0 };
	struct raw_message call = raw_call(b->unique, "Piece");
	size_t piece;
	int i;

	carried_begin();
	for (i = 0; i < 5; i++) {
		call.serial = 1000 + i;
		call.big = i % 2;
		put_message(&bytes, &call);
	}
	raw_write(a, bytes.data, bytes.len, 0);
	raw_expect(b, 5);
	bytes.len = 0;
	for (piece = 1; piece < 40; piece += 6) {
		call.serial = 2000 + piece;
		bytes.len = 0;
		put_message(&bytes, &call);
		raw_write(a, bytes.data, bytes.len, piece);
		raw_expect(b, 1);
	}
	carried_end(5 + 7, 0, 0, 0);
}

/* A client goes in the middle of a message: what was whole has arrived. */
static void case_ends_mid_message(void)
{
	static const size_t left[] = { 1, 15, 16, 17, 60 };
	struct client *b = client_open("B");
	struct raw_message call = raw_call(b->unique, "Half");
	size_t i;

	client_match(b, "type='signal',member='NameOwnerChanged'");
	for (i = 0; i < sizeof(left) / sizeof(*left); i++) {
		struct raw *a = raw_open("A", false);
		struct raw_bytes bytes = { 0 };
		size_t whole;

		client_expect(b, 1);
		call.serial = 1;
		put_message(&bytes, &call);
		call.serial = 2;
		put_message(&bytes, &call);
		whole = bytes.len;
		put_message(&bytes, &call);
		carried_begin();
		raw_write(a, bytes.data, whole + left[i], 0);
		raw_close(a);
		client_expect(b, 3);
		carried_end(2, 0, 0, 0);
	}
	client_drain(b);
}

const struct bus_case cases_bytes[] = {
	{ "byte-swapped", "session", case_byte_swapped },
	{ "byte-swapped-signal", "session", case_byte_swapped_signal },
	{ "native-order", "session", case_native_order },
	{ "forged-sender", "session", case_forged_sender },
	{ "unknown-fields", "session", case_unknown_fields },
	{ "unknown-flags-and-types", "session", case_unknown_flags_and_types },
	{ "long-headers", "session", case_long_headers },
	{ "pieces", "session", case_pieces },
	{ "ends-mid-message", "session", case_ends_mid_message },
	{ 0 },
};
