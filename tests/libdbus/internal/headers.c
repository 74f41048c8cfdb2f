// SPDX-License-Identifier: GPL-2.0-only
/*
 * headers: the quick reader of message headers against the general one.
 *
 * Messages with all kinds of headers, most of them damaged in a byte or a few,
 * are loaded with and without the quick reader.  The verdict, the reason and
 * where each field is have to be the same.
 */
#include <config.h>
#include <dbus/dbus-internals.h>
#include <dbus/dbus-marshal-header-quick.h>
#include <dbus/dbus-message-internal.h>
#include <dbus/dbus-message-private.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 300000

static uint64_t random_state = 1;
static long loaded, quick;

static unsigned random_below(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 16) % n;
}

static const char *one_of(const char *const *list, unsigned n)
{
	return list[random_below(n)];
}

#define ONE_OF(...) ({ static const char *const list[] = { __VA_ARGS__ }; \
		       one_of(list, sizeof(list) / sizeof(*list)); })

static void need(dbus_bool_t ok)
{
	if (!ok)
		errx(1, "a message could not be made");
}

static void add_body(DBusMessage *message)
{
	dbus_uint32_t number = random_below(1000);
	const char *text = "text";
	DBusMessageIter iter, sub;

	dbus_message_iter_init_append(message, &iter);
	switch (random_below(4)) {
	case 0:
		return;
	case 1:
		need(dbus_message_iter_append_basic(&iter, 'u', &number));
		/* fall through */
	case 2:
		need(dbus_message_iter_append_basic(&iter, 's', &text));
		return;
	}
	need(dbus_message_iter_open_container(&iter, 'a', "(su)", &sub));
	need(dbus_message_iter_close_container(&iter, &sub));
}

static DBusMessage *new_message(void)
{
	const char *path = ONE_OF("/", "/a", "/org/kdbus/Test", "/_1/b2");
	const char *interface = ONE_OF("a.b", "org.kdbus.Test", "org.freedesktop.DBus.Peer");
	DBusMessage *message = NULL;

	switch (random_below(4)) {
	case 0:
		message = dbus_message_new_method_call(NULL, path,
				random_below(2) ? interface : NULL, "Member");
		break;
	case 1:
		message = dbus_message_new_signal(path, interface, "M");
		break;
	case 2:
		message = dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_RETURN);
		break;
	case 3:
		message = dbus_message_new(DBUS_MESSAGE_TYPE_ERROR);
		need(dbus_message_set_error_name(message, "org.kdbus.Error"));
		break;
	}
	need(!!message);
	if (dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_ERROR ||
	    dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_METHOD_RETURN ||
	    !random_below(8))
		need(dbus_message_set_reply_serial(message, 1 + random_below(9)));
	if (random_below(2))
		need(dbus_message_set_destination(message, ONE_OF(":1.2", "a.b", "org.kdbus.Test")));
	if (random_below(2))
		need(dbus_message_set_sender(message, ONE_OF(":1.2", ":1.100", "org.freedesktop.DBus")));
	add_body(message);
	dbus_message_set_serial(message, 1 + random_below(1u << 31));
	return message;
}

/* Leave out what the message has to have, or not. */
static dbus_bool_t lose_field(DBusMessage *message)
{
	switch (random_below(20)) {
	case 0:
		need(dbus_message_set_path(message, NULL));
		return TRUE;
	case 1:
		need(dbus_message_set_interface(message, NULL));
		return TRUE;
	case 2:
		need(dbus_message_set_member(message, NULL));
		return TRUE;
	case 3:
		need(dbus_message_set_error_name(message, NULL));
		return TRUE;
	}
	return FALSE;
}

/* Bytes that mean something in a header, besides any */
static char random_byte(void)
{
	static const char special[] = "\0\1\2\3\4\5\6\7\10\11\12sogua:./-lB";

	return random_below(2) ? random_below(256) : special[random_below(sizeof(special))];
}

static void damage(char *data, int size)
{
	static const dbus_uint32_t numbers[] = { 0, 1, 255, 4096, -1 };
	unsigned count = random_below(4);
	int end = random_below(8) ? MIN(size, 120) : size;

	if (!random_below(8))
		memcpy(data + random_below(end / 4) * 4, &numbers[random_below(5)], 4);
	while (count--)
		data[random_below(end)] = random_byte();
}

static DBusMessageLoader *load(const char *data, int size, dbus_bool_t with_quick)
{
	DBusMessageLoader *loader = _dbus_message_loader_new();
	DBusString *buffer;

	need(!!loader);
	loader->quick_headers = with_quick;
	_dbus_message_loader_get_buffer(loader, &buffer, NULL, NULL);
	need(_dbus_string_append_len(buffer, data, size));
	_dbus_message_loader_return_buffer(loader, buffer);
	need(_dbus_message_loader_queue_messages(loader));
	return loader;
}

static void show(const char *data, int size)
{
	int i;

	for (i = 0; i < size; i++)
		fprintf(stderr, "%02x%c", (unsigned char)data[i],
			i % 16 == 15 ? '\n' : ' ');
	fprintf(stderr, "\n");
}

static const char *compare_messages(const DBusMessage *a, const DBusMessage *b)
{
	int field;

	if (!a || !b)
		return a == b ? NULL : "only one loads it";
	if (!_dbus_string_equal(&a->header.data, &b->header.data) ||
	    !_dbus_string_equal(&a->body, &b->body))
		return "the contents differ";
	if (a->header.padding != b->header.padding ||
	    a->header.byte_order != b->header.byte_order)
		return "padding or byte order differ";
	for (field = 0; field <= DBUS_HEADER_FIELD_LAST; field++)
		if (a->header.fields[field].value_pos != b->header.fields[field].value_pos)
			return "a field is elsewhere";
	return NULL;
}

static void compare(const char *data, int size)
{
	DBusMessageLoader *a = load(data, size, FALSE), *b = load(data, size, TRUE);
	DBusMessage *one = _dbus_message_loader_pop_message(a);
	DBusMessage *other = _dbus_message_loader_pop_message(b);
	const char *difference = compare_messages(one, other);

	if (a->corrupted != b->corrupted ||
	    a->corruption_reason != b->corruption_reason)
		difference = "the verdicts differ";
	if (difference) {
		show(data, size);
		errx(1, "%s", difference);
	}
	loaded += one != NULL;
	if (one)
		dbus_message_unref(one);
	if (other)
		dbus_message_unref(other);
	_dbus_message_loader_unref(a);
	_dbus_message_loader_unref(b);
}

/* The quick reader would pass all of this if it never took anything. */
static void check_taken(DBusMessage *message)
{
	int length = _dbus_string_get_length(&message->header.data);
	dbus_uint32_t fields;
	DBusHeader header;

	memcpy(&fields, _dbus_string_get_const_data(&message->header.data) + 12, 4);
	need(_dbus_header_init(&header));
	_dbus_header_reinit(&header);
	if (!_dbus_header_load_quickly(&header, DBUS_COMPILER_BYTE_ORDER, fields,
				       length, &message->header.data))
		errx(1, "the quick reader does not take a usual header");
	quick++;
	_dbus_header_free(&header);
}

int main(void)
{
	DBusMessage *message;
	char *data;
	int i, size;

	for (i = 0; i < ROUNDS; i++) {
		message = new_message();
		if (!lose_field(message) && i % 16 == 0)
			check_taken(message);
		need(dbus_message_marshal(message, &data, &size));
		damage(data, size);
		compare(data, size);
		dbus_free(data);
		dbus_message_unref(message);
	}
	if (loaded < ROUNDS / 10 || loaded > ROUNDS * 9 / 10)
		errx(1, "%ld of %d messages were valid: not a good mix", loaded, ROUNDS);
	printf("%d headers, %ld of them valid: no difference; %ld usual ones taken\n",
	       ROUNDS, loaded, quick);
	return 0;
}
