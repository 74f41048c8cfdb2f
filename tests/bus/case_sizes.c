// SPDX-License-Identifier: GPL-2.0-only
/* Messages from one byte to as many as there may be. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "client.h"
#include "counters.h"
#include "raw.h"

#define KIB	1024u
#define MIB	(1024u * KIB)

static DBusMessage *call_of(const char *destination, uint32_t bytes)
{
	DBusMessage *call = new_call(destination, "Size");
	uint8_t *data = malloc(bytes);
	uint32_t i;

	/* No two blocks are the same. */
	memset(data, 'x', bytes);
	for (i = 0; i + sizeof(i) <= bytes; i += KIB)
		memcpy(data + i, &i, sizeof(i));
	dbus_message_append_args(call, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE, &data,
				 bytes, DBUS_TYPE_INVALID);
	free(data);
	return call;
}

/* What has come is sent back, and noted at both sides. */
static void there_and_back(struct client *a, struct client *b, uint32_t bytes)
{
	const uint8_t *data = NULL;
	DBusMessage *call, *reply;
	int n = 0;

	client_send(a, call_of(b->unique, bytes));
	call = client_read(b);
	if (!call)
		give_up("%u bytes do not come through", bytes);
	reply = dbus_message_new_method_return(call);
	dbus_message_get_args(call, NULL, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE,
			      &data, &n, DBUS_TYPE_INVALID);
	dbus_message_append_args(reply, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE, &data,
				 n, DBUS_TYPE_INVALID);
	dbus_message_unref(call);
	client_send(b, reply);
	client_expect(a, 1);
}

static void case_sizes(void)
{
	static const uint32_t sizes[] = {
		0, 1, 7, 8, 511, 4095, 4096, 8191, 8192, 8193, 64 * KIB - 1,
		64 * KIB, 64 * KIB + 1, MIB, 16 * MIB, 32 * MIB,
	};
	const int count = sizeof(sizes) / sizeof(*sizes);
	struct client *a = client_open("A"), *b = client_open("B");
	int i;

	carried_begin();
	for (i = 0; i < count; i++)
		there_and_back(a, b, sizes[i]);
	carried_end(count, count, 0, 0);
}

/* A call that is as long as TOTAL bytes. */
static struct raw_bytes raw_call_of(const char *destination, uint32_t total)
{
	struct raw_message call = raw_call(destination, "Size");
	struct raw_bytes bytes = { 0 };
	uint8_t *body = calloc(1, total);
	uint32_t header;

	call.serial = 10;
	call.signature = "ay";
	put_message(&bytes, &call);
	header = bytes.len;
	bytes.len = 0;
	call.body = body;
	call.body_len = total - header;
	body[0] = (call.body_len - 4) & 0xff;
	body[1] = (call.body_len - 4) >> 8;
	put_message(&bytes, &call);
	check(bytes.len == total, "a call of %zu bytes, not %u", bytes.len,
	      total);
	free(body);
	return bytes;
}

/* max_message_size is 20000 on this bus. */
static void case_message_too_long(void)
{
	static const uint32_t sizes[] = { 19999, 20000, 20001, 30000 };
	struct client *b = client_open("B");
	size_t i;

	carried_begin();
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		struct raw *a = raw_open("A", false);
		struct raw_bytes bytes = raw_call_of(b->unique, sizes[i]);

		say("-- %u bytes", sizes[i]);
		raw_write(a, bytes.data, bytes.len, 0);
		raw_drain(a);
		raw_close(a);
		client_drain(b);
	}
	carried_end(2, 0, 0, 0);
}

/* The sender's name makes it longer than the limit, which is allowed. */
static void case_message_grows_too_long(void)
{
	struct raw *a = raw_open("A", false), *b = raw_open("B", false);
	struct raw_bytes bytes = raw_call_of(b->unique, 20000);

	carried_begin();
	raw_write(a, bytes.data, bytes.len, 0);
	raw_drain(a);
	raw_drain(b);
	carried_end(1, 0, 0, 0);
}

const struct bus_case cases_sizes[] = {
	{ "sizes", "session", case_sizes },
	{ "message-too-long", "limits", case_message_too_long },
	{ "message-grows-too-long", "limits", case_message_grows_too_long },
	{ 0 },
};
