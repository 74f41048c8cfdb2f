// SPDX-License-Identifier: GPL-2.0-only
/* Clients without a library: connections. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"
#include "raw.h"
#include "transcript.h"

#define READ_TIMEOUT	60000
#define FAMILY_FILE	"/sys/module/kdbus/parameters/family"
#define FIXED_HEADER	16

static int family_of(const char *address)
{
	FILE *file;
	int family;

	if (!strncmp(address, "unix:", 5))
		return AF_UNIX;
	file = fopen(FAMILY_FILE, "r");
	if (!file || fscanf(file, "%d", &family) != 1)
		give_up("no number in %s", FAMILY_FILE);
	fclose(file);
	return family;
}

struct raw *raw_connect_at(const char *label, const char *address)
{
	struct raw *raw = calloc(1, sizeof(*raw));
	struct sockaddr_un to = { .sun_family = family_of(address) };
	const char *path = strstr(address, "path=");

	if (!path)
		give_up("no path in %s", address);
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path + 5);
	snprintf(raw->label, sizeof(raw->label), "%s", label);
	raw->fd = socket(to.sun_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (raw->fd < 0 ||
	    connect(raw->fd, (struct sockaddr *)&to, sizeof(to)))
		give_up("cannot connect to %s: %s", address, strerror(errno));
	return raw;
}

struct raw *raw_connect(const char *label)
{
	return raw_connect_at(label, bus_address());
}

void raw_close(struct raw *raw)
{
	close(raw->fd);
	free(raw->in.data);
	free(raw);
}

void raw_write(struct raw *raw, const void *data, size_t len, size_t piece)
{
	const char *bytes = data;
	ssize_t n;

	while (len) {
		n = send(raw->fd, bytes, piece && piece < len ? piece : len,
			 MSG_NOSIGNAL);
		/* The bus has had enough of us, as the case will find out. */
		if (n < 0)
			return;
		bytes += n;
		len -= n;
	}
}

void raw_write_files(struct raw *raw, const void *data, size_t len,
		     const int *files, unsigned int count)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(253 * sizeof(int))];
	} control = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(&control.align), files, count * sizeof(int));
	if (sendmsg(raw->fd, &msg, MSG_NOSIGNAL) != (ssize_t)len)
		say("%s: sendmsg: %s", raw->label, strerror(errno));
}

const char *raw_auth_text(bool fds)
{
	static char text[128];
	char id[16], *at = text;
	int i;

	snprintf(id, sizeof(id), "%u", geteuid());
	*at++ = '\0';
	at += sprintf(at, "AUTH EXTERNAL ");
	for (i = 0; id[i]; i++)
		at += sprintf(at, "%02x", id[i]);
	sprintf(at, "\r\n%sBEGIN\r\n", fds ? "NEGOTIATE_UNIX_FD\r\n" : "");
	return text;
}

/* Reads something; false at the end of the stream or when nothing comes. */
static bool fill(struct raw *raw)
{
	struct pollfd poll_fd = { .fd = raw->fd, .events = POLLIN };
	char bytes[4096];
	ssize_t n;

	if (poll(&poll_fd, 1, READ_TIMEOUT) <= 0) {
		check(false, "%s waits for bytes that do not come", raw->label);
		return false;
	}
	n = recv(raw->fd, bytes, sizeof(bytes), 0);
	if (n > 0)
		put_bytes(&raw->in, bytes, n);
	return n > 0;
}

static void consume(struct raw *raw, size_t n)
{
	raw->in.len -= n;
	memmove(raw->in.data, raw->in.data + n, raw->in.len);
}

/* What comes after "OK" is random. */
void raw_line(struct raw *raw)
{
	uint8_t *end;
	int n;

	while (!raw->in.len || !(end = memchr(raw->in.data, '\n', raw->in.len)))
		if (!fill(raw)) {
			say("%s: no line", raw->label);
			return;
		}
	n = end - raw->in.data;
	if (n > 3 && !memcmp(raw->in.data, "OK ", 3))
		say("%s: line of %d bytes: OK ...", raw->label, n + 1);
	else
		say("%s: line: %.*s", raw->label, n ? n - 1 : 0, raw->in.data);
	consume(raw, n + 1);
}

uint32_t raw_send(struct raw *raw, struct raw_message message)
{
	struct raw_bytes bytes = { 0 };

	if (!message.serial)
		message.serial = ++raw->serial;
	put_message(&bytes, &message);
	raw_write(raw, bytes.data, bytes.len, 0);
	free(bytes.data);
	return message.serial;
}

static uint32_t number_at(const uint8_t *bytes, bool big)
{
	if (big)
		return (uint32_t)bytes[0] << 24 | bytes[1] << 16 |
		       bytes[2] << 8 | bytes[3];
	return (uint32_t)bytes[3] << 24 | bytes[2] << 16 | bytes[1] << 8 |
	       bytes[0];
}

/* Bytes of the first message, 0 if even that is not known yet. */
static size_t first_length(const struct raw *raw)
{
	const uint8_t *bytes = raw->in.data;
	bool big;
	size_t header;

	if (raw->in.len < FIXED_HEADER)
		return 0;
	big = bytes[0] == 'B';
	header = FIXED_HEADER + number_at(bytes + 12, big);
	return (header + 7) / 8 * 8 + number_at(bytes + 4, big);
}

/* The offset behind a value of a header field, 0 if its type is another. */
static size_t value_end(const uint8_t *bytes, size_t at, char type)
{
	bool big = bytes[0] == 'B';

	if (type == 'g')
		return at + 1 + bytes[at] + 1;
	at = (at + 3) / 4 * 4;
	if (type == 'u')
		return at + 4;
	if (type == 's' || type == 'o')
		return at + 4 + number_at(bytes + at, big) + 1;
	return 0;
}

/* The fields that are there; in which order is nobody's business. */
static void say_header(const struct raw *raw)
{
	const uint8_t *bytes = raw->in.data;
	bool big = bytes[0] == 'B', there[256] = { false };
	size_t at = FIXED_HEADER, end = at + number_at(bytes + 12, big);
	int i;

	while (at && at < end) {
		at = (at + 7) / 8 * 8;
		if (there[bytes[at]])
			say("%s: field %u again", raw->label, bytes[at]);
		there[bytes[at]] = true;
		/* All known types have signatures of one character. */
		at = value_end(bytes, at + 4, bytes[at + 2]);
	}
	printf("%s: bytes: '%c' type %u flags %u version %u, body of %u, fields",
	       raw->label, bytes[0], bytes[1], bytes[2], bytes[3],
	       number_at(bytes + 4, big));
	for (i = 0; i < 256; i++)
		if (there[i])
			printf(" %d", i);
	putchar('\n');
}

static DBusMessage *next_message(struct raw *raw, bool noted)
{
	DBusMessage *message;
	size_t len;

	while (!(len = first_length(raw)) || len > raw->in.len)
		if (!fill(raw))
			return NULL;
	message = dbus_message_demarshal((char *)raw->in.data, len, NULL);
	if (!check(message, "%s has got a message that is not valid",
		   raw->label))
		say("%s: garbage", raw->label);
	if (message && noted) {
		say_header(raw);
		say_message(raw->label, message);
	}
	consume(raw, len);
	return message;
}

DBusMessage *raw_read(struct raw *raw)
{
	DBusMessage *message = next_message(raw, true);

	if (!message)
		say("%s: end of stream", raw->label);
	return message;
}

void raw_expect(struct raw *raw, unsigned int count)
{
	DBusMessage *message;

	while (count--) {
		message = raw_read(raw);
		if (message)
			dbus_message_unref(message);
	}
}

void raw_await_end(struct raw *raw)
{
	DBusMessage *message;

	while ((message = raw_read(raw)))
		dbus_message_unref(message);
}

bool raw_drain(struct raw *raw)
{
	struct raw_message call = raw_hello();
	DBusMessage *message;
	uint32_t serial;
	bool found = false;

	call.member = "GetId";
	serial = raw_send(raw, call);
	while (!found && (message = next_message(raw, false))) {
		found = dbus_message_get_reply_serial(message) == serial &&
			!strcmp(dbus_message_get_sender(message) ?: "", DRIVER);
		if (!found)
			say_message(raw->label, message);
		dbus_message_unref(message);
	}
	if (!found)
		say("%s: end of stream", raw->label);
	return found;
}

void raw_name(struct raw *raw)
{
	DBusMessage *message = next_message(raw, false);
	const char *unique = NULL;

	if (!message || !dbus_message_get_args(message, NULL, DBUS_TYPE_STRING,
					       &unique, DBUS_TYPE_INVALID))
		give_up("%s has got no name", raw->label);
	snprintf(raw->unique, sizeof(raw->unique), "%s", unique);
	label_name(unique, raw->label);
	dbus_message_unref(message);
	message = next_message(raw, false);
	if (!message || !dbus_message_is_signal(message, DRIVER,
						"NameAcquired"))
		give_up("%s has got no NameAcquired", raw->label);
	dbus_message_unref(message);
}

static void skip_line(struct raw *raw)
{
	uint8_t *end;

	while (!raw->in.len || !(end = memchr(raw->in.data, '\n', raw->in.len)))
		if (!fill(raw))
			give_up("%s: no answer to AUTH", raw->label);
	consume(raw, end - raw->in.data + 1);
}

struct raw *raw_open(const char *label, bool fds)
{
	struct raw *raw = raw_connect(label);
	const char *auth = raw_auth_text(fds);

	raw_write(raw, auth, strlen(auth + 1) + 1, 0);
	raw_send(raw, raw_hello());
	skip_line(raw);
	if (fds)
		skip_line(raw);
	raw_name(raw);
	/* As in client_open(). */
	raw_drain(raw);
	return raw;
}
