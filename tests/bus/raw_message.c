// SPDX-License-Identifier: GPL-2.0-only
/* Clients without a library: messages, right and wrong. */

#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "raw.h"

void put_bytes(struct raw_bytes *to, const void *data, size_t len)
{
	if (to->len + len > to->room) {
		to->room = (to->len + len) * 2;
		to->data = realloc(to->data, to->room);
		if (!to->data)
			give_up("out of memory");
	}
	if (len)
		memcpy(to->data + to->len, data, len);
	to->len += len;
}

void put_byte(struct raw_bytes *to, uint8_t value)
{
	put_bytes(to, &value, 1);
}

void put_align(struct raw_bytes *to, size_t alignment)
{
	while (to->len % alignment)
		put_byte(to, 0);
}

static void store(uint8_t *at, uint32_t value, bool big)
{
	int i;

	for (i = 0; i < 4; i++)
		at[i] = value >> (big ? 24 - 8 * i : 8 * i);
}

void put_number(struct raw_bytes *to, uint32_t value)
{
	uint8_t bytes[4];

	put_align(to, 4);
	store(bytes, value, to->big);
	put_bytes(to, bytes, 4);
}

void put_string(struct raw_bytes *to, const char *text)
{
	put_number(to, strlen(text));
	put_bytes(to, text, strlen(text) + 1);
}

static void put_signature(struct raw_bytes *to, const char *signature)
{
	put_byte(to, strlen(signature));
	put_bytes(to, signature, strlen(signature) + 1);
}

static void put_field(struct raw_bytes *to, uint8_t code, const char *signature)
{
	put_align(to, 8);
	put_byte(to, code);
	put_signature(to, signature);
}

static void put_string_field(struct raw_bytes *to, uint8_t code,
			     const char *type, const char *text)
{
	if (!text)
		return;
	put_field(to, code, type);
	if (*type == 'g')
		put_signature(to, text);
	else
		put_string(to, text);
}

static void put_number_field(struct raw_bytes *to, uint8_t code, uint32_t value)
{
	if (!value)
		return;
	put_field(to, code, "u");
	put_number(to, value);
}

static void put_extra(struct raw_bytes *to, const struct raw_extra *extra)
{
	if (!strcmp(extra->signature, "u")) {
		put_field(to, extra->code, "u");
		put_number(to, extra->number);
	} else if (!strcmp(extra->signature, "(us)")) {
		put_field(to, extra->code, "(us)");
		put_align(to, 8);
		put_number(to, extra->number);
		put_string(to, extra->text);
	} else if (!strcmp(extra->signature, "as")) {
		put_field(to, extra->code, "as");
		put_number(to, 4 + strlen(extra->text) + 1);
		put_string(to, extra->text);
	} else {
		put_string_field(to, extra->code, extra->signature,
				 extra->text);
	}
}

static void put_fields(struct raw_bytes *to, const struct raw_message *message)
{
	int i;

	put_string_field(to, 1, "o", message->path);
	put_string_field(to, 2, "s", message->interface);
	put_string_field(to, 3, "s", message->member);
	put_string_field(to, 4, "s", message->error);
	put_number_field(to, 5, message->reply_serial);
	put_string_field(to, 6, "s", message->destination);
	put_string_field(to, 7, "s", message->sender);
	for (i = 0; i < RAW_EXTRAS; i++)
		if (message->extra[i].signature)
			put_extra(to, &message->extra[i]);
	put_string_field(to, 8, "g", message->signature);
	put_number_field(to, 9, message->unix_fds);
}

void put_message(struct raw_bytes *to, const struct raw_message *message)
{
	struct raw_bytes one = { .big = message->big };

	put_byte(&one, message->big ? 'B' : 'l');
	put_byte(&one, message->type);
	put_byte(&one, message->flags);
	put_byte(&one, message->version ?: 1);
	put_number(&one, message->body_len);
	put_number(&one, message->serial);
	put_number(&one, 0);
	put_fields(&one, message);
	store(one.data + 12, one.len - 16, message->big);
	put_align(&one, 8);
	put_bytes(&one, message->body, message->body_len);
	put_bytes(to, one.data, one.len);
	free(one.data);
}

struct raw_message raw_call(const char *destination, const char *member)
{
	struct raw_message message = {
		.type = DBUS_MESSAGE_TYPE_METHOD_CALL,
		.path = TEST_PATH,
		.interface = TEST_INTERFACE,
		.member = member,
		.destination = destination,
	};

	return message;
}

struct raw_message raw_return(const char *destination, uint32_t reply_serial)
{
	struct raw_message message = {
		.type = DBUS_MESSAGE_TYPE_METHOD_RETURN,
		.destination = destination,
		.reply_serial = reply_serial,
	};

	return message;
}

struct raw_message raw_hello(void)
{
	struct raw_message message = raw_call(DRIVER, "Hello");

	message.path = "/org/freedesktop/DBus";
	message.interface = DRIVER;
	return message;
}
