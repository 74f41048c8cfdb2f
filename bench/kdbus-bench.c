// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdbus-bench: how long a method call and its reply take.
 *
 * A client calls a service and waits for the reply, again and again.  The
 * same program measures every transport, so that only this differs:
 *
 *  bus	client and service are connections of the bus at ADDRESS
 *  p2p	client and service are connected to each other (libdbus, no bus)
 *  raw	as many bytes as p2p exchanges, with sendmsg(), poll() and recvmsg()
 *
 * The service echoes the payload, an array of bytes (none if it is empty).
 */
#define _GNU_SOURCE
#include <dbus/dbus.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

/* What one call goes through. */
struct link {
	DBusConnection *connection;	/* bus and p2p */
	DBusMessage *call;
	int fd;				/* raw */
	size_t call_size;
	size_t reply_size;
	unsigned char *buffer;
};

static void check(const DBusError *error, const char *what)
{
	if (dbus_error_is_set(error))
		errx(1, "%s: %s", what, error->message);
}

static void need(dbus_bool_t memory)
{
	if (!memory)
		errx(1, "out of memory");
}

static void append_payload(DBusMessage *message, const unsigned char *data,
			   int count)
{
	if (count)
		need(dbus_message_append_args(message, DBUS_TYPE_ARRAY,
					      DBUS_TYPE_BYTE, &data, count,
					      DBUS_TYPE_INVALID));
}

/* The payload of a message, which stays the message's. */
static int read_payload(DBusMessage *message, const unsigned char **data)
{
	DBusError error = DBUS_ERROR_INIT;
	int count = 0;

	*data = NULL;
	if (!dbus_message_has_signature(message, "ay"))
		return 0;
	dbus_message_get_args(message, &error, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE,
			      data, &count, DBUS_TYPE_INVALID);
	check(&error, "payload");
	return count;
}

static DBusMessage *new_call(void)
{
	DBusMessage *call;

	/* Peers of each other need no names. */
	call = dbus_message_new_method_call(!strcmp(opt.transport, "bus") ? NAME : NULL,
					    PATH, INTERFACE, "Echo");
	need(!!call);
	append_payload(call, opt.payload, opt.bytes);
	return call;
}

static DBusMessage *new_reply(DBusMessage *call)
{
	DBusMessage *reply = dbus_message_new_method_return(call);
	const unsigned char *data;
	int count;

	need(!!reply);
	count = read_payload(call, &data);
	append_payload(reply, data, count);
	return reply;
}

/* ---- the service ---- */

static DBusHandlerResult echo(DBusConnection *connection, DBusMessage *message,
			      void *unused)
{
	DBusMessage *reply;

	(void)unused;
	if (!dbus_message_is_method_call(message, INTERFACE, "Echo"))
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	reply = new_reply(message);
	need(dbus_connection_send(connection, reply, NULL));
	dbus_message_unref(reply);
	return DBUS_HANDLER_RESULT_HANDLED;
}

static void serve(DBusConnection *connection)
{
	need(dbus_connection_add_filter(connection, echo, NULL, NULL));
	while (dbus_connection_read_write_dispatch(connection, -1))
		;
	exit(0);
}

static DBusConnection *connect_to(const char *address)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *connection;

	connection = dbus_connection_open_private(address, &error);
	check(&error, address);
	dbus_connection_set_max_message_size(connection, DBUS_MAXIMUM_MESSAGE_LENGTH);
	return connection;
}

static DBusConnection *connect_to_bus(void)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *connection = connect_to(opt.address);

	dbus_bus_register(connection, &error);
	check(&error, "Hello");
	dbus_connection_set_exit_on_disconnect(connection, FALSE);
	return connection;
}

static void serve_on_bus(int ready)
{
	DBusConnection *connection = connect_to_bus();
	DBusError error = DBUS_ERROR_INIT;

	dbus_bus_request_name(connection, NAME, DBUS_NAME_FLAG_DO_NOT_QUEUE,
			      &error);
	check(&error, "RequestName");
	if (write(ready, "", 1) != 1)
		err(1, "pipe");
	serve(connection);
}

/* libdbus leaves the waiting for a listening socket to us. */
static dbus_bool_t add_watch(DBusWatch *watch, void *data)
{
	*(DBusWatch **)data = watch;
	return TRUE;
}

static void remove_watch(DBusWatch *watch, void *data)
{
	(void)watch;
	*(DBusWatch **)data = NULL;
}

static void new_connection(DBusServer *server, DBusConnection *connection,
			   void *data)
{
	(void)server;
	*(DBusConnection **)data = dbus_connection_ref(connection);
}

static void serve_peer(int ready)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *connection = NULL;
	DBusWatch *watch = NULL;
	struct pollfd pollfd;
	DBusServer *server;
	char *address;

	server = dbus_server_listen(opt.address ?: "unix:tmpdir=/tmp", &error);
	check(&error, "listen");
	need(dbus_server_set_watch_functions(server, add_watch, remove_watch,
					     NULL, &watch, NULL));
	dbus_server_set_new_connection_function(server, new_connection,
						&connection, NULL);
	address = dbus_server_get_address(server);
	need(!!address);
	if (write(ready, address, strlen(address) + 1) < 0)
		err(1, "pipe");
	while (!connection) {
		pollfd.fd = dbus_watch_get_unix_fd(watch);
		pollfd.events = POLLIN;
		if (poll(&pollfd, 1, -1) < 0)
			err(1, "poll");
		dbus_watch_handle(watch, DBUS_WATCH_READABLE);
	}
	dbus_server_disconnect(server);
	serve(connection);
}

/* ---- raw ---- */

static void send_all(int fd, unsigned char *data, size_t size)
{
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	while (iov.iov_len) {
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
		if (n < 0)
			exit(errno != EPIPE);
		iov.iov_base = (unsigned char *)iov.iov_base + n;
		iov.iov_len -= n;
	}
}

static void receive_all(int fd, unsigned char *data, size_t size)
{
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	ssize_t n;

	while (iov.iov_len) {
		if (poll(&pollfd, 1, -1) < 0)
			err(1, "poll");
		n = recvmsg(fd, &msg, 0);
		if (n < 0)
			err(1, "recvmsg");
		if (!n)
			exit(0);
		iov.iov_base = (unsigned char *)iov.iov_base + n;
		iov.iov_len -= n;
	}
}

static void serve_raw(const struct link *link)
{
	for (;;) {
		receive_all(link->fd, link->buffer, link->call_size);
		send_all(link->fd, link->buffer, link->reply_size);
	}
}

static size_t wire_size(DBusMessage *message)
{
	char *data;
	int size;

	need(dbus_message_marshal(message, &data, &size));
	dbus_free(data);
	return size;
}

/* ---- the client ---- */

static void call_bus(void *arg)
{
	struct link *link = arg;
	DBusError error = DBUS_ERROR_INIT;
	const unsigned char *data;
	DBusMessage *reply;

	/*
	 * A message that is sent again needs a new serial, so it would have to
	 * be copied: make it anew, as programs do.
	 */
	link->call = new_call();
	reply = dbus_connection_send_with_reply_and_block(link->connection,
							  link->call,
							  TIMEOUT_MS, &error);
	check(&error, "call");
	if (read_payload(reply, &data) != opt.bytes)
		errx(1, "the reply is not what was sent");
	dbus_message_unref(link->call);
	dbus_message_unref(reply);
}

static void call_raw(void *arg)
{
	struct link *link = arg;

	send_all(link->fd, link->buffer, link->call_size);
	receive_all(link->fd, link->buffer, link->reply_size);
}

/* Every byte of one reply, outside of the measurement. */
static void check_echo(struct link *link)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *call = new_call(), *reply;
	const unsigned char *data;

	reply = dbus_connection_send_with_reply_and_block(link->connection,
							  call, TIMEOUT_MS,
							  &error);
	check(&error, "call");
	if (read_payload(reply, &data) != opt.bytes ||
	    (opt.bytes && memcmp(data, opt.payload, opt.bytes)))
		errx(1, "the reply is not what was sent");
	dbus_message_unref(call);
	dbus_message_unref(reply);
}

static void open_raw(struct link *link)
{
	DBusMessage *call = new_call(), *reply;
	int fds[2];

	dbus_message_set_serial(call, 1);
	reply = new_reply(call);
	link->call_size = wire_size(call);
	link->reply_size = wire_size(reply);
	link->buffer = calloc(1, link->call_size + link->reply_size);
	need(!!link->buffer);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		err(1, "socketpair");
	link->fd = fds[1];
	if (!fork()) {
		close(fds[0]);
		serve_raw(link);
	}
	close(fds[1]);
	link->fd = fds[0];
}

static void open_link(struct link *link)
{
	char answer[512];

	if (!strcmp(opt.transport, "raw")) {
		open_raw(link);
		return;
	}
	if (!strcmp(opt.transport, "p2p")) {
		start_service(serve_peer, answer, sizeof(answer));
		link->connection = connect_to(answer);
	} else {
		start_service(serve_on_bus, answer, sizeof(answer));
		link->connection = connect_to_bus();
	}
	check_echo(link);
}

int main(int argc, char **argv)
{
	struct link link = { 0 };

	opt.workload = "pingpong";
	parse_options(argc, argv);
	open_link(&link);
	measure(link.connection ? call_bus : call_raw, &link);
	return 0;
}
