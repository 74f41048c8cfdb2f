// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a connection, or a user, may have, and for how long: see
 * config/quotas.conf, config/limits.conf and config/replies.conf.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cases.h"
#include "child.h"
#include "client.h"
#include "counters.h"
#include "raw.h"
#include "serve.h"

#define NAMES		4
#define RULES		5
#define INCOMPLETE	4
#define PER_USER	8
#define CONNECTIONS	12
/* Bytes of a body; some of them are more than a socket takes. */
#define LARGE_BODY	10000
#define FILL_MAX	300

static const char *numbered(const char *format, int number)
{
	static char text[128];

	snprintf(text, sizeof(text), format, number);
	return text;
}

static void case_max_names(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	int i;

	for (i = 0; i < NAMES + 2; i++)
		client_request_name(a, numbered("org.kdbus.Quota%d", i), 0);
	/* To wait for one counts as well. */
	client_request_name(b, "org.kdbus.Queue", 0);
	client_request_name(a, "org.kdbus.Queue", 0);
	client_release_name(a, "org.kdbus.Quota0");
	client_request_name(a, "org.kdbus.Queue", 0);
	client_request_name(a, "org.kdbus.Quota0", 0);
	client_drain(a);
	/* What it has got works. */
	carried_begin();
	client_send(b, new_call("org.kdbus.Quota1", "Call"));
	client_serve(a, 1);
	client_expect(b, 1);
	carried_end(1, 1, 0, 0);
}

static void emit_all(struct client *b, struct client *a)
{
	int i;

	for (i = 0; i < RULES + 2; i++)
		client_send(b, new_signal(NULL, numbered("Signal%d", i)));
	client_sync(b);
	client_drain(a);
}

static void case_max_rules(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	int i;

	for (i = 0; i < RULES + 2; i++)
		client_match(a, numbered("member='Signal%d'", i));
	emit_all(b, a);
	client_driver(a, "RemoveMatch", "member='Signal0'");
	client_driver(a, "RemoveMatch", "member='Signal6'");
	client_match(a, "member='Signal6'");
	client_match(a, "member='Signal0'");
	emit_all(b, a);
}

static DBusMessage *with_files(DBusMessage *message, unsigned int count)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	while (count--)
		dbus_message_append_args(message, DBUS_TYPE_UNIX_FD, &fd,
					 DBUS_TYPE_INVALID);
	close(fd);
	return message;
}

/* Of so many messages with files, and their answers. */
static void carried_with_files(long calls, long returns)
{
	if (files_are_carried())
		carried_end(calls, returns, 0, 0);
	else
		carried_end(0, 0, 0, 0);
}

/* Too many files in one message end the connection. */
static void case_max_message_files(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	struct client *c = client_open("C");

	carried_begin();
	client_send(a, with_files(new_call(b->unique, "Three"), 3));
	client_serve(b, 1);
	client_expect(a, 1);
	carried_with_files(1, 1);
	client_send(a, with_files(new_call(b->unique, "Four"), 4));
	client_send(a, new_call(b->unique, "Another"));
	client_drain(a);
	client_await_owner(a->unique, false);
	client_send(c, new_call(b->unique, "Others"));
	client_serve(b, 1);
	client_expect(c, 1);
	client_drain(b);
}

static DBusMessage *large(DBusMessage *message)
{
	static const uint8_t bytes[LARGE_BODY];
	const uint8_t *data = bytes;

	dbus_message_append_args(message, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE,
				 &data, LARGE_BODY, DBUS_TYPE_INVALID);
	return message;
}

/* How many are refused, and with what; the first ones are said. */
static void say_refusals(struct client *a)
{
	DBusMessage *error;
	const char *text = "";
	bool first = true;

	while (a->stashed) {
		error = client_next(a);
		dbus_message_get_args(error, NULL, DBUS_TYPE_STRING, &text,
				      DBUS_TYPE_INVALID);
		if (first)
			say("%s: %s: %s", a->label,
			    dbus_message_get_error_name(error), plain(text));
		first = false;
		dbus_message_unref(error);
	}
}

static unsigned int fill_with_files(struct client *a, const char *destination)
{
	unsigned int sent = 0;

	while (!a->stashed && sent < FILL_MAX) {
		client_send(a, with_files(large(no_reply(new_numbered(
				destination, "Fill", sent++))), 1));
		client_sync(a);
	}
	check(a->stashed, "%u messages, and none is refused", sent);
	say_refusals(a);
	return sent - 1;
}

static void read_from(struct client *b, unsigned int i, unsigned int end)
{
	DBusMessage *message;

	for (; i < end; i++) {
		while ((message = client_next(b)) &&
		       dbus_message_has_sender(message, DRIVER))
			dbus_message_unref(message);
		if (!check(message, "%u of %u messages are lost", end - i, end))
			return;
		check(number_of(message) == i, "%u instead of %u",
		      number_of(message), i);
		dbus_message_unref(message);
	}
}

static void read_numbers(struct client *b, unsigned int count)
{
	read_from(b, 0, count);
	say("%s has read all", b->label);
}

/* Files that nobody takes out count, whatever holds them. */
static void case_max_outgoing_files(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	struct client *c = client_open("C");
	unsigned int fitted;

	carried_begin();
	fitted = fill_with_files(a, b->unique);
	carried_some(files_are_carried() ? 6 : 0, 0, 0, 0);
	client_send(c, new_call(b->unique, "Without"));
	client_sync(c);
	say_refusals(c);
	read_numbers(b, fitted);
	client_drain(b);
	/* The daemon is done with that, too: the module may deliver again. */
	client_sync(b);
	client_sync(c);
	carried_begin();
	client_send(c, with_files(new_call(b->unique, "Again"), 3));
	client_serve(b, 1);
	client_expect(c, 1);
	carried_with_files(1, 1);
}

static int serve_quota(const void *argument, int tell)
{
	(void)argument;
	(void)tell;
	return serve("org.kdbus.Quota");
}

/*
 * dbus-daemon stops reading while there is too much that it could not get rid
 * of; nothing is lost or refused.
 */
static void case_max_incoming(void)
{
	struct child child = child_start(serve_quota, NULL);
	struct client *a = client_open("A");
	DBusMessage *message;
	unsigned int i;

	client_await_owner("org.kdbus.Quota", true);
	for (i = 0; i < 40; i++) {
		message = new_numbered("org.kdbus.Quota", "Count", i);
		client_send(a, i % 4 ? large(message) : with_files(message, 3));
	}
	for (i = 0; i < 40; i++) {
		message = client_next(a);
		if (!check(message && number_of(message) == i + 1,
			   "answer %u does not come", i))
			break;
		dbus_message_unref(message);
	}
	say("%u answers", i);
	child_kill(&child);
}

#define HOARD		200	/* messages: much more than two sockets hold */
#define PATIENCE_MS	5000

static struct raw_bytes numbered_call(const char *destination, uint32_t number)
{
	struct raw_message call = raw_call(destination, "Hoard");
	static const uint8_t block[LARGE_BODY];
	struct raw_bytes body = { 0 }, bytes = { 0 };

	put_number(&body, number);
	put_number(&body, sizeof(block));
	put_bytes(&body, block, sizeof(block));
	call.flags = DBUS_HEADER_FLAG_NO_REPLY_EXPECTED;
	call.serial = 1000 + number;
	call.signature = "uay";
	call.body = body.data;
	call.body_len = body.len;
	put_message(&bytes, &call);
	free(body.data);
	return bytes;
}

/* False if there is no room for all of it for a long time; what remains is told. */
static bool try_write(struct raw *a, struct raw_bytes *bytes)
{
	struct pollfd room = { .fd = a->fd, .events = POLLOUT };
	ssize_t n;

	while (bytes->len) {
		n = send(a->fd, bytes->data, bytes->len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN)
			give_up("cannot write: %m");
		if (n < 0 && !poll(&room, 1, PATIENCE_MS))
			return false;
		if (n > 0) {
			bytes->len -= n;
			memmove(bytes->data, bytes->data + n, bytes->len);
		}
	}
	return true;
}

/* How many are written before there is no room; the rest of the last is left. */
static uint32_t write_hoard(struct raw *a, const char *destination,
			    struct raw_bytes *rest)
{
	uint32_t i;

	for (i = 0; i < HOARD; i++) {
		*rest = numbered_call(destination, i);
		if (!try_write(a, rest))
			return i;
		free(rest->data);
	}
	return i;
}

/* There is room for the last one again when others have been read. */
static void read_hoard(struct client *b, struct raw *a, uint32_t count,
		       struct raw_bytes *rest)
{
	uint32_t half = count / 2;

	read_from(b, 0, half);
	if (count < HOARD) {
		raw_write(a, rest->data, rest->len, 0);
		free(rest->data);
		count++;
	}
	read_from(b, half, count);
	say("%s has read all", b->label);
}

/*
 * Who fills the memory of dbus-daemon with what somebody else does not read is not
 * read himself.  What is in the module is not in that memory, be it from the daemon:
 * there the recipient's limits end it, see docs/design.md.
 */
static void case_max_incoming_unread(void)
{
	struct raw *a = raw_open("A", false);
	struct client *b = client_open("B");
	struct raw_bytes rest;
	uint32_t count;

	client_sync(b);
	raw_drain(a);
	count = write_hoard(a, b->unique, &rest);
	check((count < HOARD) == (bus_mode() == BUS_STOCK),
	      "A has written %u messages", count);
	read_hoard(b, a, count, &rest);
}

static DBusMessage *request_name(const char *name)
{
	DBusMessage *call = with_string(driver_call("RequestName"), name);
	dbus_uint32_t flags = 0;

	dbus_message_append_args(call, DBUS_TYPE_UINT32, &flags, DBUS_TYPE_INVALID);
	return call;
}

#define LATE		"org.kdbus.Late"
#define LATE_FILE	"/run/bus-test/services/" LATE ".service"

/* What waits for a service is in that memory on every bus. */
static void case_max_incoming_blocks(void)
{
	struct raw *a = raw_open("A", false);
	struct client *b = client_open("B");
	FILE *file = fopen(LATE_FILE, "w");
	struct raw_bytes rest;
	uint32_t count;

	if (!file)
		give_up("cannot write " LATE_FILE);
	fprintf(file, "[D-BUS Service]\nName=" LATE "\nExec=/bin/sleep 100\n");
	fclose(file);
	count = write_hoard(a, LATE, &rest);
	check(count < HOARD, "A does not have to wait");
	/* It is there if anybody has its name; the answer comes behind its calls. */
	client_send(b, request_name(LATE));
	read_hoard(b, a, count, &rest);
	unlink(LATE_FILE);
}

static void case_max_per_user(void)
{
	struct client *alice[PER_USER], *more;
	char unique[sizeof(more->unique)];
	int i;

	for (i = 0; i < PER_USER; i++)
		alice[i] = client_open_as(numbered("ALICE%d", i), "alice");
	for (i = 0; i < 2; i++)
		check(!client_try_as("MORE", "alice"), "one too many");
	/* Nobody else is concerned. */
	more = client_open_as("BOB", "bob");
	client_send(more, new_call(alice[0]->unique, "Call"));
	client_serve(alice[0], 1);
	client_expect(more, 1);
	strcpy(unique, alice[1]->unique);
	client_close(alice[1]);
	client_await_owner(unique, false);
	client_open_as("AGAIN", "alice");
	check(!client_try_as("MORE", "alice"), "one too many");
}

static void case_max_connections(void)
{
	static const char *const users[] = { "root", "alice", "bob" };
	struct client *first = client_open("FIRST");
	char unique[sizeof(first->unique)];
	int i;

	client_await_owner(first->unique, true);
	for (i = 2; i < CONNECTIONS; i++)
		client_open_as(numbered("C%d", i), users[i % 3]);
	check(!client_try_as("MORE", "bob"), "one too many");
	check(!client_try_as("MORE", "nobody"), "one too many");
	strcpy(unique, first->unique);
	client_close(first);
	client_await_owner(unique, false);
	client_open_as("AGAIN", "nobody");
	check(!client_try_as("MORE", "nobody"), "one too many");
}

/*
 * Whoever does not say who he is keeps others from coming in, but only for as
 * long as auth_timeout lets him.
 */
static void case_max_incomplete(void)
{
	struct client *a = client_open("A");
	struct raw *silent[INCOMPLETE];
	struct client *late;
	int i;

	for (i = 0; i < INCOMPLETE; i++) {
		silent[i] = raw_connect(numbered("SILENT%d", i));
		raw_write(silent[i], "", 1, 0);
	}
	late = client_open("LATE");
	for (i = 0; i < INCOMPLETE; i++)
		raw_await_end(silent[i]);
	client_send(late, new_call(a->unique, "Call"));
	client_serve(a, 1);
	client_expect(late, 1);
}

/* Having said BEGIN is not enough. */
static void case_auth_timeout(void)
{
	struct raw *mute = raw_connect("MUTE"), *half = raw_connect("HALF");
	struct client *a = client_open("A");
	const char *text = raw_auth_text(false);

	raw_write(mute, text, strlen(text + 1) + 1, 0);
	raw_line(mute);
	raw_write(half, text, 10, 0);
	raw_await_end(mute);
	raw_await_end(half);
	client_drain(a);
}

/* The first bytes of a message that has a file. */
static struct raw *stall(const char *label, const char *destination,
			 size_t bytes)
{
	struct raw *raw = raw_open(label, true);
	struct raw_message call = raw_call(destination, "Stalled");
	struct raw_bytes message = { 0 };
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	call.serial = 10;
	call.unix_fds = 1;
	put_message(&message, &call);
	raw_write_files(raw, message.data, bytes, &fd, 1);
	free(message.data);
	close(fd);
	return raw;
}

/* Files whose message does not end are not kept for ever: nor is its sender. */
static void case_pending_files(void)
{
	struct client *b = client_open("B"), *c = client_open("C");
	struct raw *raw[3];
	int i;

	raw[0] = stall("HALF", b->unique, 60);
	raw[1] = stall("HEADER", b->unique, 16);
	raw[2] = stall("BYTE", b->unique, 1);
	for (i = 0; i < 3; i++) {
		raw_await_end(raw[i]);
		client_await_owner(raw[i]->unique, false);
	}
	client_send(c, new_call(b->unique, "Call"));
	client_serve(b, 1);
	client_expect(c, 1);
}

static void case_reply_timeout(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	DBusMessage *call;

	fastpath_is("off");
	client_send(a, new_call(b->unique, "Slow"));
	call = client_read(b);
	client_expect(a, 1);
	client_reply(b, call, "late");
	client_drain(b);
	client_drain(a);
	client_send(a, new_call(b->unique, "Quick"));
	client_serve(b, 1);
	client_expect(a, 1);
}

const struct bus_case cases_quotas[] = {
	{ "max-names", "quotas", case_max_names },
	{ "max-rules", "quotas", case_max_rules },
	{ "max-message-files", "quotas", case_max_message_files },
	{ "max-outgoing-files", "limits", case_max_outgoing_files },
	{ "max-incoming", "quotas", case_max_incoming },
	{ "max-incoming-blocks", "quotas", case_max_incoming_blocks },
	{ "max-incoming-unread", "quotas", case_max_incoming_unread },
	{ "max-per-user", "quotas", case_max_per_user },
	{ "max-connections", "quotas", case_max_connections },
	{ "max-incomplete", "quotas", case_max_incomplete },
	{ "auth-timeout", "quotas", case_auth_timeout },
	{ "pending-files", "quotas", case_pending_files },
	{ "reply-timeout", "replies", case_reply_timeout },
	{ 0 },
};
