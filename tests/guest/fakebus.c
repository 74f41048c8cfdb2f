// SPDX-License-Identifier: GPL-2.0-only
/* A bus whose owner is the test itself: see fakebus.h. */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <linux/sockios.h>
#include <unistd.h>

#include <dbus/dbus.h>

#include "fakebus.h"
#include "slow.h"

/* A message that does not come within this time does not come. */
#define PATIENCE_MS	2000

enum {
	HDR_PATH = 1, HDR_INTERFACE, HDR_MEMBER, HDR_ERROR_NAME,
	HDR_REPLY_SERIAL, HDR_DESTINATION, HDR_SENDER, HDR_SIGNATURE,
	HDR_UNIX_FDS,
};

int kdbus_family(void)
{
	static int family;
	FILE *file;

	if (family)
		return family;
	file = fopen(KDBUS_FAMILY_FILE, "re");
	if (!file || fscanf(file, "%d", &family) != 1)
		fail_msg("the module is not loaded");
	fclose(file);
	return family;
}

static socklen_t bus_address(const struct bus *bus, struct sockaddr_un *sun)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = kdbus_family();
	strcpy(sun->sun_path, bus->path);
	return sizeof(*sun) - 1;
}

/**
 * bus_open() - make a bus that nothing is said about yet
 * @bus: filled in
 */
void bus_open(struct bus *bus)
{
	static int count;
	struct sockaddr_un sun;
	socklen_t len;

	*bus = (struct bus){
		.config = {
			.flags = KDBUS_BUS_FASTPATH,
			.max_message_size = 32 << 20,
			.max_outgoing_bytes = 64 << 20,
			.max_outgoing_fds = 64,
			.max_message_fds = 16,
			.max_replies = 1000,
		},
	};
	snprintf(bus->path, sizeof(bus->path), "/tmp/bus-%d-%d", getpid(),
		 count++);
	len = bus_address(bus, &sun);
	bus->listener = socket(kdbus_family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_ok(bus->listener);
	assert_ok(bind(bus->listener, (struct sockaddr *)&sun, len));
	assert_ok(listen(bus->listener, 10));
}

void bus_close(struct bus *bus)
{
	close(bus->listener);
	unlink(bus->path);
}

int set_option(int fd, int option, const void *value, socklen_t len)
{
	return setsockopt(fd, SOL_KDBUS, option, value, len);
}

int bus_configure(struct bus *bus)
{
	return set_option(bus->listener, KDBUS_BUS_CONFIG, &bus->config,
			  sizeof(bus->config));
}

int bus_forget(struct bus *bus)
{
	return set_option(bus->listener, KDBUS_BUS_FORGET, NULL, 0);
}

/* The number behind a key in a line of "key value" pairs. */
static unsigned long stat_value(const char *line, const char *key)
{
	char pattern[40];
	const char *at;

	snprintf(pattern, sizeof(pattern), " %s ", key);
	at = strstr(line, pattern);
	assert_non_null(at);
	return strtoul(at + strlen(pattern), NULL, 10);
}

/**
 * bus_stat() - read a counter of the module
 * @bus: the bus
 * @key: name of the counter
 */
unsigned long bus_stat(const struct bus *bus, const char *key)
{
	FILE *file = fopen("/proc/net/kdbus", "re");
	char line[1024], *path;
	unsigned long value = 0;
	bool found = false;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		path = strstr(line, " path ");
		if (!path) /* those that have ended */
			continue;
		path[strcspn(path, "\n")] = '\0';
		if (strcmp(path + 6, bus->path))
			continue;
		found = true;
		*path = '\0';
		strcat(line, " ");
		value = strcmp(key, "bus") ? stat_value(line, key) :
					     strtoul(line + 4, NULL, 10);
	}
	fclose(file);
	assert_true(found);
	return value;
}

/**
 * ended_stat() - read a counter of the buses that have ended
 * @key: name of the counter, or "ended" for their number
 */
unsigned long ended_stat(const char *key)
{
	FILE *file = fopen("/proc/net/kdbus", "re");
	char line[1024] = " ";
	unsigned long value = 0;
	bool found = false;

	assert_non_null(file);
	while (fgets(line + 1, sizeof(line) - 1, file)) {
		if (strncmp(line, " ended ", 7))
			continue;
		found = true;
		value = stat_value(line, key);
	}
	fclose(file);
	assert_true(found);
	return value;
}

enum transport transport;

static void peer_identify(struct peer *peer)
{
	struct kdbus_peer_info info;
	socklen_t len = sizeof(info);

	assert_ok(getsockopt(peer->daemon, SOL_KDBUS, KDBUS_PEER_INFO, &info,
			     &len));
	peer->id = info.peer_id;
}

static void connect_native(struct bus *bus, struct peer *peer)
{
	struct sockaddr_un sun;
	socklen_t len = bus_address(bus, &sun);

	peer->client = socket(kdbus_family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_ok(peer->client);
	assert_ok(connect(peer->client, (struct sockaddr *)&sun, len));
	peer->daemon = accept4(bus->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_ok(peer->daemon);
}

/**
 * attach() - hand a connected AF_UNIX socket over
 * @owner: the listener of a bus, or a daemon end
 * @fd: the socket, which stays open
 *
 * Return: the daemon end, or -1.
 */
int attach(int owner, int fd)
{
	struct kdbus_attach attach = { .fd = fd };
	socklen_t len = sizeof(attach);

	if (getsockopt(owner, SOL_KDBUS, KDBUS_ATTACH, &attach, &len))
		return -1;
	return attach.fd;
}

/**
 * peer_attach() - make a connection of AF_UNIX that is attached at once
 * @bus: the bus
 * @peer: filled in
 */
void peer_attach(struct bus *bus, struct peer *peer)
{
	int end[2];

	*peer = (struct peer){ .bus = bus, .attached = true };
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end));
	peer->client = end[0];
	peer->daemon = attach(bus->listener, end[1]);
	assert_ok(peer->daemon);
	close(end[1]);
	peer_identify(peer);
}

/**
 * peer_connect() - make a connection that has not said anything yet
 * @bus: the bus
 * @peer: filled in
 */
void peer_connect(struct bus *bus, struct peer *peer)
{
	bool odd = bus->connections++ % 2;

	if (transport == ATTACHED ||
	    (transport == (odd ? NATIVE_FIRST : ATTACHED_FIRST))) {
		peer_attach(bus, peer);
		return;
	}
	*peer = (struct peer){ .bus = bus };
	connect_native(bus, peer);
	peer_identify(peer);
}

static void say(int from, int to, const char *text, size_t len)
{
	send_bytes(from, text, len);
	expect_bytes(to, text, len);
}

/**
 * peer_sasl() - authenticate
 * @peer: a new connection
 */
void peer_sasl(struct peer *peer)
{
	static const char auth[] = "\0AUTH EXTERNAL 30\r\n";
	static const char ok[] = "OK 0123456789abcdef0123456789abcdef\r\n";
	static const char begin[] = "BEGIN\r\n";

	say(peer->client, peer->daemon, auth, sizeof(auth) - 1);
	say(peer->daemon, peer->client, ok, sizeof(ok) - 1);
	say(peer->client, peer->daemon, begin, sizeof(begin) - 1);
}

/**
 * peer_open() - make a connection to which the policy gives every right
 * @bus: the bus
 * @peer: filled in
 * @name: its unique name
 */
void peer_open(struct bus *bus, struct peer *peer, const char *name)
{
	peer_connect(bus, peer);
	peer_sasl(peer);
	assert_ok(peer_publish(peer, name));
	strcpy(peer->name, name);
	assert_ok(peer_caps(peer, CAPS_ALL));
}

void peer_close_client(struct peer *peer)
{
	if (peer->client >= 0)
		close(peer->client);
	peer->client = -1;
}

void peer_close_daemon(struct peer *peer)
{
	if (peer->daemon >= 0)
		close(peer->daemon);
	peer->daemon = -1;
}

void peer_close(struct peer *peer)
{
	peer_close_client(peer);
	peer_close_daemon(peer);
}

int peer_publish(struct peer *peer, const char *name)
{
	return set_option(peer->daemon, KDBUS_NAME_PUBLISH, name, strlen(name));
}

int peer_withdraw(struct peer *peer, const char *name)
{
	return set_option(peer->daemon, KDBUS_NAME_WITHDRAW, name,
			  strlen(name));
}

int peer_caps(struct peer *peer, uint32_t caps)
{
	return set_option(peer->daemon, KDBUS_PEER_CAPS, &caps, sizeof(caps));
}

int peer_forget(struct peer *peer)
{
	return set_option(peer->daemon, KDBUS_PEER_FORGET, NULL, 0);
}

int peer_done(struct peer *peer, uint32_t count)
{
	return set_option(peer->daemon, KDBUS_DONE, &count, sizeof(count));
}

static uint16_t approve_text(char **at, uint32_t fields, uint32_t field,
			     const char *text)
{
	size_t len = (fields & field) && text ? strlen(text) : 0;

	memcpy(*at, text, len);
	*at += len;
	return len;
}

/**
 * peer_approve() - approve a kind of message
 * @from: the sender
 * @to: the recipient
 * @type: message type
 * @fields: the fields that count
 * @values: their values
 */
int peer_approve(struct peer *from, const struct peer *to, uint8_t type,
		 uint32_t fields, const struct spec *values)
{
	union {
		char bytes[4096];
		struct kdbus_approval a;
	} u = {
		.a = {
			.recipient = to->id,
			.fields = fields,
			.type = type,
		},
	};
	char *at = u.a.text;

	if (fields & KDBUS_FIELD_FDS)
		u.a.fds = values->fds;
	u.a.path_len = approve_text(&at, fields, KDBUS_FIELD_PATH,
				    values ? values->path : NULL);
	u.a.interface_len = approve_text(&at, fields, KDBUS_FIELD_INTERFACE,
					 values ? values->interface : NULL);
	u.a.member_len = approve_text(&at, fields, KDBUS_FIELD_MEMBER,
				      values ? values->member : NULL);
	u.a.error_name_len = approve_text(&at, fields, KDBUS_FIELD_ERROR_NAME,
					  values ? values->error : NULL);
	return set_option(from->daemon, KDBUS_APPROVE, &u, at - u.bytes);
}

struct kdbus_reply_query peer_query(struct peer *caller,
				    const struct peer *callee, uint32_t serial)
{
	struct kdbus_reply_query query = {
		.callee = callee->id,
		.serial = serial,
		.known = 77,
		.count = 77,
	};
	socklen_t len = sizeof(query);

	assert_ok(getsockopt(caller->daemon, SOL_KDBUS, KDBUS_REPLY_QUERY,
			     &query, &len));
	assert_int_equal(len, sizeof(query));
	return query;
}

int peer_claim(struct peer *callee, const struct peer *caller, uint32_t serial)
{
	struct kdbus_reply reply = { .peer = caller->id, .serial = serial };
	socklen_t len = sizeof(reply);

	return getsockopt(callee->daemon, SOL_KDBUS, KDBUS_REPLY_CLAIM, &reply,
			  &len);
}

/**
 * peer_take() - take replies over
 * @callee: who owes them
 * @replies: filled in
 * @room: how many at most
 *
 * Return: how many there are.
 */
int peer_take(struct peer *callee, struct kdbus_reply *replies, int room)
{
	socklen_t len = room * sizeof(*replies);

	assert_ok(getsockopt(callee->daemon, SOL_KDBUS, KDBUS_REPLY_TAKE,
			     replies, &len));
	assert_int_equal(len % sizeof(*replies), 0);
	return len / sizeof(*replies);
}

static void put_body(struct writer *w, const struct spec *spec)
{
	static const uint8_t block[4096] = { 1, 2, 3, 250 };
	uint32_t left = spec->bytes, n;

	if (spec->text) {
		put_string(w, spec->text);
	} else if (spec->bytes) {
		/* The array's length is part of the body. */
		put_u32(w, left);
		for (; left; left -= n) {
			n = left < sizeof(block) ? left : sizeof(block);
			put_bytes(w, block, n);
		}
	}
}

/**
 * message() - make a message
 * @spec: what is in it
 *
 * Return: its bytes, for writer_free().
 */
struct writer message(const struct spec *spec)
{
	struct writer w = { .big_endian = spec->big_endian };

	put_header(&w, spec->type, spec->flags, spec->serial ?: 1);
	if (spec->path)
		put_field(&w, HDR_PATH, 'o', spec->path);
	if (spec->sender)
		put_field(&w, HDR_SENDER, 's', spec->sender);
	if (spec->interface)
		put_field(&w, HDR_INTERFACE, 's', spec->interface);
	if (spec->member)
		put_field(&w, HDR_MEMBER, 's', spec->member);
	if (spec->error)
		put_field(&w, HDR_ERROR_NAME, 's', spec->error);
	if (spec->reply_serial)
		put_field_u32(&w, HDR_REPLY_SERIAL, spec->reply_serial);
	if (spec->to)
		put_field(&w, HDR_DESTINATION, 's', spec->to);
	if (spec->unknown)
		put_field(&w, spec->unknown, 's', "something");
	if (spec->fds)
		put_field_u32(&w, HDR_UNIX_FDS, spec->fds);
	if (spec->bytes)
		put_field(&w, HDR_SIGNATURE, 'g', "ay");
	else if (spec->text)
		put_field(&w, HDR_SIGNATURE, 'g', "s");
	end_header(&w);
	put_body(&w, spec);
	end_body(&w);
	return w;
}

/**
 * send_bytes() - send all of it, or fail rather than wait
 * @fd: where
 * @bytes: what
 * @len: its length
 */
void send_bytes(int fd, const void *bytes, size_t len)
{
	ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	assert_ok(n);
	assert_int_equal(n, len);
}

void send_message(struct peer *from, const struct writer *w)
{
	send_bytes(from->client, w->p, w->len);
}

void send_free(struct peer *from, struct writer w)
{
	send_message(from, &w);
	writer_free(&w);
}

static void wait_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, slowly(PATIENCE_MS)) != 1)
		fail_msg("nothing comes");
}

/* Reads exactly so many bytes, with the files that come with them. */
static void receive_exactly(int fd, uint8_t *to, size_t len, int *fds,
			    int *count)
{
	char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
	struct cmsghdr *cmsg;
	int n_fds;
	ssize_t n;

	while (len) {
		struct iovec iov = { .iov_base = to, .iov_len = len };
		struct msghdr msg = {
			.msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = fds ? sizeof(control) : 0,
		};

		wait_readable(fd);
		n = recvmsg(fd, &msg, MSG_DONTWAIT);
		assert_ok(n);
		if (!n)
			fail_msg("the stream ends too early");
		to += n;
		len -= n;
		cmsg = CMSG_FIRSTHDR(&msg);
		if (!fds || !cmsg)
			continue;
		n_fds = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds + *count, CMSG_DATA(cmsg), n_fds * sizeof(int));
		*count += n_fds;
	}
}

/**
 * receive() - read one message
 * @fd: an end of a connection
 * @fds: room for the descriptors that come with it, NULL if there are none
 * @count: how many there are
 *
 * Return: its bytes, for writer_free().
 */
struct writer receive(int fd, int *fds, int *count)
{
	struct writer w = { .len = 16, .size = 16, .p = malloc(16) };
	int len;

	if (count)
		*count = 0;
	receive_exactly(fd, w.p, 16, fds, count);
	len = dbus_message_demarshal_bytes_needed((const char *)w.p, 16);
	if (len < 16)
		fail_msg("what comes is no message");
	w.big_endian = w.p[0] == 'B';
	w.p = realloc(w.p, len);
	w.len = w.size = len;
	receive_exactly(fd, w.p + 16, len - 16, fds, count);
	return w;
}

void expect_nothing(int fd)
{
	char c;

	errno = 0;
	assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* Compares without printing megabytes. */
static void assert_same(const uint8_t *got, const uint8_t *want, size_t len)
{
	size_t i;

	if (!memcmp(got, want, len))
		return;
	for (i = 0; got[i] == want[i]; i++)
		;
	fail_msg("byte %zu of %zu is 0x%02x, not 0x%02x", i, len, got[i],
		 want[i]);
}

/**
 * expect_bytes() - these bytes are there, and nothing else
 * @fd: an end of a connection
 * @bytes: the bytes
 * @len: how many
 */
void expect_bytes(int fd, const void *bytes, size_t len)
{
	uint8_t *got = malloc(len + 1);

	receive_exactly(fd, got, len, NULL, NULL);
	assert_same(got, bytes, len);
	expect_nothing(fd);
	free(got);
}

static void assert_same_text(const char *got, const char *want)
{
	if (want)
		assert_string_equal(got ?: "(none)", want);
	else
		assert_null(got);
}

static DBusMessage *demarshal(const struct writer *w)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *m = dbus_message_demarshal((const char *)w->p, w->len,
						&error);

	if (!m)
		fail_msg("libdbus: %s", error.message);
	return m;
}

static void assert_same_fields(DBusMessage *got, DBusMessage *want)
{
	assert_int_equal(dbus_message_get_type(got),
			 dbus_message_get_type(want));
	assert_int_equal(dbus_message_get_serial(got),
			 dbus_message_get_serial(want));
	assert_int_equal(dbus_message_get_reply_serial(got),
			 dbus_message_get_reply_serial(want));
	assert_same_text(dbus_message_get_path(got),
			 dbus_message_get_path(want));
	assert_same_text(dbus_message_get_interface(got),
			 dbus_message_get_interface(want));
	assert_same_text(dbus_message_get_member(got),
			 dbus_message_get_member(want));
	assert_same_text(dbus_message_get_error_name(got),
			 dbus_message_get_error_name(want));
	assert_same_text(dbus_message_get_destination(got),
			 dbus_message_get_destination(want));
	assert_same_text(dbus_message_get_signature(got),
			 dbus_message_get_signature(want));
}

static uint32_t body_len(const struct writer *w)
{
	uint32_t len;

	memcpy(&len, w->p + 4, 4);
	return w->big_endian ? __builtin_bswap32(len) : len;
}

/* All is as it was sent, but the sender is the true one. */
static void assert_delivered(const struct writer *got, const struct writer *sent,
			     const char *sender)
{
	DBusMessage *a, *b;
	uint32_t body = body_len(sent);

	/* Byte order, type, flags, version, length of the body, serial. */
	assert_same(got->p, sent->p, 12);
	assert_same(got->p + got->len - body, sent->p + sent->len - body, body);
	a = demarshal(got);
	b = demarshal(sent);
	assert_same_fields(a, b);
	assert_same_text(dbus_message_get_sender(a), sender);
	dbus_message_unref(a);
	dbus_message_unref(b);
}

/**
 * expect_fast() - a message has been delivered by the module
 * @from: who has sent it
 * @to: the only one who has got it
 * @w: as it was sent
 */
void expect_fast(struct peer *from, struct peer *to, const struct writer *w)
{
	struct writer got;

	expect_nothing(from->daemon);
	got = receive(to->client, NULL, NULL);
	assert_delivered(&got, w, from->name);
	writer_free(&got);
}

/**
 * expect_slow() - a message has been given to the daemon as it was
 * @from: who has sent it
 * @w: the message
 */
void expect_slow(struct peer *from, const struct writer *w)
{
	uint8_t *got = malloc(w->len);

	receive_exactly(from->daemon, got, w->len, NULL, NULL);
	assert_same(got, w->p, w->len);
	free(got);
}

/**
 * expect_end() - there is nothing to be read any more
 * @fd: an end of a connection
 */
void expect_end(int fd)
{
	char c;

	wait_readable(fd);
	assert_int_equal(recv(fd, &c, 1, MSG_DONTWAIT), 0);
}

/**
 * goes_fast() - send a message and see which way it takes
 * @from: who sends it
 * @to: who may get it
 * @w: the message, freed; the daemon is done with it at once
 */
bool goes_fast(struct peer *from, struct peer *to, struct writer w)
{
	int amount;
	bool fast;

	send_message(from, &w);
	assert_ok(ioctl(from->daemon, SIOCINQ, &amount));
	fast = !amount;
	if (fast) {
		expect_fast(from, to, &w);
	} else {
		expect_slow(from, &w);
		assert_ok(peer_done(from, 1));
	}
	expect_nothing(to->client);
	expect_nothing(from->daemon);
	writer_free(&w);
	return fast;
}
