// SPDX-License-Identifier: GPL-2.0-only
/* Files that travel with messages. */

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cases.h"
#include "client.h"
#include "counters.h"
#include "raw.h"

#define FILES_MAX	16

static unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* A pipe to read "file N" from. */
static int numbered_file(unsigned int number)
{
	char text[16];
	int ends[2], n;

	n = snprintf(text, sizeof(text), "file %u", number);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) || write(ends[1], text, n) != n)
		give_up("no pipe");
	close(ends[1]);
	return ends[0];
}

static DBusMessage *with_files(DBusMessage *message, unsigned int first,
			       unsigned int count)
{
	unsigned int i;
	int fd;

	for (i = 0; i < count; i++) {
		fd = numbered_file(first + i);
		if (!dbus_message_append_args(message, DBUS_TYPE_UNIX_FD, &fd,
					      DBUS_TYPE_INVALID))
			give_up("a message takes no more than %u files", i);
		close(fd);
	}
	return message;
}

static void reply_with_files(struct client *client, DBusMessage *call,
			     unsigned int first, unsigned int count)
{
	client_send(client, with_files(dbus_message_new_method_return(call),
				       first, count));
}

/* There and back, with messages without files between them. */
static void case_files(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	unsigned int before = open_files(), i;
	DBusMessage *call;

	carried_begin();
	for (i = 0; i <= FILES_MAX; i += 4) {
		client_send(a, new_numbered(b->unique, "Before", i));
		client_send(a, with_files(new_call(b->unique, "Files"), i, i));
		client_send(a, new_numbered(b->unique, "After", i));
		client_expect(b, 1);
		call = client_read(b);
		reply_with_files(b, call, 100, i);
		dbus_message_unref(call);
		client_expect(b, 1);
		client_expect(a, 1);
	}
	client_send(a, with_files(new_signal(b->unique, "Signal"), 7, 2));
	client_expect(b, 1);
	if (files_are_carried())
		carried_end(15, 5, 0, 1);
	else
		/* While the daemon writes files to B, it gets what is for B. */
		carried_some(6, 1, 0, 0);
	client_drain(a);
	check(open_files() == before, "%u files are left open",
	      open_files() - before);
}

/* True when nobody else has the other end of the pipe any more. */
static bool nobody_has(int read_end)
{
	struct pollfd poll_fd = { .fd = read_end };
	int i;

	for (i = 0; i < 200; i++) {
		if (poll(&poll_fd, 1, 10) > 0 && (poll_fd.revents & POLLHUP))
			return true;
		usleep(10000);
	}
	return false;
}

static DBusMessage *with_write_end(DBusMessage *message, int *read_end)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		give_up("no pipe");
	dbus_message_append_args(message, DBUS_TYPE_UNIX_FD, &ends[1],
				 DBUS_TYPE_INVALID);
	close(ends[1]);
	*read_end = ends[0];
	return message;
}

/* Nobody keeps files that were read, or that never will be. */
static void case_files_closed(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	struct raw *c = raw_open("C", true);
	DBusMessage *message;
	int read_end;

	client_send(a, with_write_end(new_signal(b->unique, "Read"),
				      &read_end));
	message = client_next(b);
	dbus_message_unref(message);
	check(nobody_has(read_end), "a file that was read is still open");
	close(read_end);

	client_send(a, with_write_end(new_signal(c->unique, "Unread"),
				      &read_end));
	client_drain(a);
	raw_close(c);
	check(nobody_has(read_end), "a file that was not read is still open");
	close(read_end);

	client_send(a, with_write_end(no_reply(new_call("org.kdbus.Nobody",
							"None")), &read_end));
	client_drain(a);
	check(nobody_has(read_end), "a file to nobody is still open");
	close(read_end);
}

/* Whoever has not said that he wants files gets none, and no message. */
static void case_files_not_negotiated(void)
{
	struct client *a = client_open("A");
	struct raw *b = raw_open("B", false);

	carried_begin();
	client_send(a, with_files(new_call(b->unique, "Files"), 1, 1));
	client_drain(a);
	client_send(a, with_files(no_reply(new_call(b->unique, "Files")),
				  1, 2));
	client_send(a, with_files(new_signal(b->unique, "Signal"), 1, 1));
	client_drain(a);
	carried_end(0, 0, 0, 0);
	client_send(a, new_call(b->unique, "NoFiles"));
	raw_expect(b, 1);
	carried_end(1, 0, 0, 0);
}

/* A socket of the module's family, or another if there is no module. */
static int socket_of_the_family(void)
{
	FILE *file = fopen("/sys/module/kdbus/parameters/family", "r");
	int family = AF_UNIX, fd;

	if (file && fscanf(file, "%d", &family) != 1)
		give_up("what family is it?");
	if (file)
		fclose(file);
	fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		give_up("no socket");
	return fd;
}

/* Whoever may not get what somebody else sends him stays connected. */
static void case_files_of_the_family(void)
{
	struct client *a = client_open_at("A", bus_unix_address());
	struct client *b = client_open("B");
	DBusMessage *signal = new_signal(b->unique, "Signal");
	int fd = socket_of_the_family();

	if (!dbus_message_append_args(signal, DBUS_TYPE_UNIX_FD, &fd,
				      DBUS_TYPE_INVALID))
		give_up("no memory");
	close(fd);
	client_send(a, signal);
	client_sync(a);
	client_sync(b);
	/* Stock has delivered it. */
	while (b->stashed)
		dbus_message_unref(b->stash[--b->stashed]);
	client_driver(b, "NameHasOwner", b->unique);
}

/* One who has not negotiated sends some all the same. */
static void case_files_sent_without_asking(void)
{
	struct client *b = client_open("B");
	struct raw *a = raw_open("A", false);
	struct raw_message call = raw_call(b->unique, "Files");
	struct raw_bytes bytes = { 0 };
	uint32_t index = 0;
	int file = numbered_file(1);

	carried_begin();
	call.serial = 10;
	call.unix_fds = 1;
	call.signature = "h";
	call.body = &index;
	call.body_len = sizeof(index);
	put_message(&bytes, &call);
	raw_write_files(a, bytes.data, bytes.len, &file, 1);
	raw_drain(a);
	client_drain(b);
	carried_end(0, 0, 0, 0);
}

/* More files than the message says, fewer, and some for the next one. */
static void try_miscounted(struct client *b, uint32_t said, unsigned int sent)
{
	struct raw *a = raw_open("A", true);
	struct raw_message call = raw_call(b->unique, "Count");
	struct raw_bytes bytes = { 0 };
	int files[] = { numbered_file(1), numbered_file(2), numbered_file(3) };
	int i;

	say("-- says %u, sends %u", said, sent);
	call.serial = 10;
	call.unix_fds = said;
	put_message(&bytes, &call);
	raw_write_files(a, bytes.data, bytes.len, files, sent);
	for (i = 0; i < 3; i++)
		close(files[i]);
	raw_drain(a);
	raw_close(a);
	client_drain(b);
}

static void case_files_miscounted(void)
{
	struct client *b = client_open("B");
	unsigned int before = open_files();

	try_miscounted(b, 2, 2);
	try_miscounted(b, 1, 2);
	try_miscounted(b, 2, 1);
	try_miscounted(b, 3, 1);
	check(open_files() == before, "%u files are left open",
	      open_files() - before);
}

/* A body that refers to a file that the message has not got. */
static void case_files_bad_index(void)
{
	struct client *b = client_open("B");
	struct raw *a = raw_open("A", true);
	struct raw_message call = raw_call(b->unique, "Index");
	struct raw_bytes bytes = { 0 };
	int file = numbered_file(1);
	uint32_t index = 7;

	call.serial = 10;
	call.unix_fds = 1;
	call.signature = "h";
	call.body = &index;
	call.body_len = sizeof(index);
	put_message(&bytes, &call);
	raw_write_files(a, bytes.data, bytes.len, &file, 1);
	raw_drain(a);
	client_drain(b);
}

const struct bus_case cases_files[] = {
	{ "files", "session", case_files },
	{ "files-closed", "session", case_files_closed },
	{ "files-not-negotiated", "session", case_files_not_negotiated },
	{ "files-sent-without-asking", "session",
	  case_files_sent_without_asking },
	{ "files-of-the-family", "session", case_files_of_the_family },
	{ "files-miscounted", "session", case_files_miscounted },
	{ "files-bad-index", "session", case_files_bad_index },
	{ 0 },
};
