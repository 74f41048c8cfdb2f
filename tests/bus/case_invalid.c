// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages that break the rules.  Whoever sends one is disconnected, and its
 * recipient never sees it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "client.h"
#include "counters.h"
#include "raw.h"

/* A way to spoil a valid call, before or after it has become bytes. */
struct fault {
	const char *name;
	void (*message)(struct raw_message *message);
	void (*bytes)(struct raw_bytes *bytes);
};

static void bad_order(struct raw_bytes *bytes)
{
	bytes->data[0] = 'x';
}

static void bad_type(struct raw_bytes *bytes)
{
	bytes->data[1] = 0;
}

static void bad_version(struct raw_bytes *bytes)
{
	bytes->data[3] = 2;
}

static void bad_padding(struct raw_bytes *bytes)
{
	/* Behind the path: its length is not a multiple of 8. */
	bytes->data[16 + 8 + sizeof(TEST_PATH)] = 1;
}

static void huge_body(struct raw_bytes *bytes)
{
	bytes->data[7] = 0x7f;
}

static void huge_header(struct raw_bytes *bytes)
{
	bytes->data[15] = 0x7f;
}

static void header_too_short(struct raw_bytes *bytes)
{
	bytes->data[12] -= 8;
}

static void no_serial(struct raw_bytes *bytes)
{
	memset(bytes->data + 8, 0, 4);
}

static void no_path(struct raw_message *message)
{
	message->path = NULL;
}

static void no_member(struct raw_message *message)
{
	message->member = NULL;
}

static void path_invalid(struct raw_message *message)
{
	message->path = "/a//b";
}

static void interface_invalid(struct raw_message *message)
{
	message->interface = "nodots";
}

static void member_invalid(struct raw_message *message)
{
	message->member = "a.b";
}

static void sender_invalid(struct raw_message *message)
{
	message->sender = "not a name";
}

static void local_path(struct raw_message *message)
{
	message->path = "/org/freedesktop/DBus/Local";
}

static void local_interface(struct raw_message *message)
{
	message->interface = "org.freedesktop.DBus.Local";
}

static void field_twice(struct raw_message *message)
{
	message->extra[0] = (struct raw_extra){ 1, "o", "/again", 0 };
}

static void field_zero(struct raw_message *message)
{
	message->extra[0] = (struct raw_extra){ 0, "s", "zero", 0 };
}

static void field_of_wrong_type(struct raw_message *message)
{
	message->extra[0] = (struct raw_extra){ 5, "s", "five", 0 };
}

static void unknown_field_invalid(struct raw_message *message)
{
	message->extra[0] = (struct raw_extra){ 77, "s", "\xff\xfe", 0 };
}

static void reply_to_nothing(struct raw_message *message)
{
	message->type = DBUS_MESSAGE_TYPE_METHOD_RETURN;
}

static void error_without_name(struct raw_message *message)
{
	message->type = DBUS_MESSAGE_TYPE_ERROR;
	message->reply_serial = 1;
}

static void signal_without_interface(struct raw_message *message)
{
	message->type = DBUS_MESSAGE_TYPE_SIGNAL;
	message->interface = NULL;
}

static void files_that_are_not_there(struct raw_message *message)
{
	message->unix_fds = 3;
}

static void set_body(struct raw_message *message, const char *signature,
		     const void *body, uint32_t len)
{
	message->signature = signature;
	message->body = body;
	message->body_len = len;
}

static void body_without_signature(struct raw_message *message)
{
	set_body(message, NULL, "\1\0\0\0", 4);
}

static void body_too_short(struct raw_message *message)
{
	set_body(message, "uu", "\1\0\0\0", 4);
}

static void body_too_long(struct raw_message *message)
{
	set_body(message, "u", "\1\0\0\0\0\0\0\0", 8);
}

static void boolean_of_two(struct raw_message *message)
{
	set_body(message, "b", "\2\0\0\0", 4);
}

static void string_not_utf8(struct raw_message *message)
{
	set_body(message, "s", "\2\0\0\0\xc0\x80\0", 7);
}

static void string_without_end(struct raw_message *message)
{
	set_body(message, "s", "\2\0\0\0abc", 7);
}

static void signature_invalid(struct raw_message *message)
{
	set_body(message, "a{vs}", "\0\0\0\0\0\0\0\0", 8);
}

static void variant_invalid(struct raw_message *message)
{
	set_body(message, "v", "\2uu\0\1\0\0\0", 8);
}

static void array_too_long(struct raw_message *message)
{
	set_body(message, "ay", "\1\0\0\4\0", 5);
}

static const struct fault faults[] = {
	{ "byte order", NULL, bad_order },
	{ "type 0", NULL, bad_type },
	{ "version 2", NULL, bad_version },
	{ "padding that is not zero", NULL, bad_padding },
	{ "huge body", NULL, huge_body },
	{ "huge header", NULL, huge_header },
	{ "header too short", NULL, header_too_short },
	{ "serial 0", NULL, no_serial },
	{ "no path", no_path, NULL },
	{ "no member", no_member, NULL },
	{ "invalid path", path_invalid, NULL },
	{ "invalid interface", interface_invalid, NULL },
	{ "invalid member", member_invalid, NULL },
	{ "invalid sender", sender_invalid, NULL },
	{ "the local path", local_path, NULL },
	{ "the local interface", local_interface, NULL },
	{ "a field twice", field_twice, NULL },
	{ "field 0", field_zero, NULL },
	{ "a field of the wrong type", field_of_wrong_type, NULL },
	{ "an invalid unknown field", unknown_field_invalid, NULL },
	{ "a reply to nothing", reply_to_nothing, NULL },
	{ "an error without name", error_without_name, NULL },
	{ "a signal without interface", signal_without_interface, NULL },
	{ "files that are not there", files_that_are_not_there, NULL },
	{ "a body without signature", body_without_signature, NULL },
	{ "a body too short", body_too_short, NULL },
	{ "a body too long", body_too_long, NULL },
	{ "a boolean of 2", boolean_of_two, NULL },
	{ "a string not in UTF-8", string_not_utf8, NULL },
	{ "a string without end", string_without_end, NULL },
	{ "an invalid signature", signature_invalid, NULL },
	{ "an invalid variant", variant_invalid, NULL },
	{ "an array too long", array_too_long, NULL },
};

#define FAULTS	(sizeof(faults) / sizeof(*faults))

static void put_fault(struct raw_bytes *to, const struct fault *fault,
		      const char *destination)
{
	struct raw_message call = raw_call(destination, "Spoilt");
	struct raw_bytes bytes = { 0 };

	call.serial = 2000;
	if (fault->message)
		fault->message(&call);
	put_message(&bytes, &call);
	if (fault->bytes)
		fault->bytes(&bytes);
	put_bytes(to, bytes.data, bytes.len);
	free(bytes.data);
}

/* A valid call, the spoilt one and a valid one again, in one write. */
static void try_fault(const struct fault *fault, struct client *b)
{
	struct raw *a = raw_open("A", false);
	struct raw_message call = raw_call(b->unique, "Fine");
	struct raw_bytes bytes = { 0 };

	say("-- %s", fault->name);
	call.serial = 1000;
	put_message(&bytes, &call);
	put_fault(&bytes, fault, b->unique);
	call.serial = 3000;
	put_message(&bytes, &call);
	raw_write(a, bytes.data, bytes.len, 0);
	client_expect(b, 1);
	raw_await_end(a);
	raw_close(a);
	client_drain(b);
	free(bytes.data);
}

static void case_invalid(void)
{
	struct client *b = client_open("B");
	long invalid = bus_value("invalid");
	size_t i;

	carried_begin();
	for (i = 0; i < FAULTS; i++)
		try_fault(&faults[i], b);
	carried_end(FAULTS, 0, 0, 0);
	if (bus_mode() == BUS_FAST)
		check(bus_value("invalid") > invalid,
		      "the module has found nothing invalid");
}

/* The same to a name that does not exist: the daemon looks first, too. */
static void case_invalid_to_nobody(void)
{
	size_t i;

	for (i = 0; i < FAULTS; i++) {
		struct raw *a = raw_open("A", false);
		struct raw_bytes bytes = { 0 };

		say("-- %s", faults[i].name);
		put_fault(&bytes, &faults[i], "org.kdbus.Nobody");
		raw_write(a, bytes.data, bytes.len, 0);
		raw_await_end(a);
		raw_close(a);
		free(bytes.data);
	}
}

const struct bus_case cases_invalid[] = {
	{ "invalid", "session", case_invalid },
	{ "invalid-to-nobody", "session", case_invalid_to_nobody },
	{ 0 },
};
