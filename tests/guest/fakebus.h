/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bus whose owner is the test itself.
 *
 * Both ends of every connection are in one process, so a test says what the
 * daemon does and when.  The module delivers in the context of the sender:
 * where a message has gone is known as soon as send() has returned.
 */
#ifndef TESTS_GUEST_FAKEBUS_H
#define TESTS_GUEST_FAKEBUS_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "../../src/uapi/kdbus.h"
#include "../unit/writer.h"
#include "cmsg.h"
#include "suite.h"

/* Numbers of the D-Bus Specification. */
enum { CALL = 1, RETURN = 2, ERROR = 3, SIGNAL = 4 };
enum { NO_REPLY = 1, NO_AUTO_START = 2, INTERACTIVE = 4 };

/* What a peer of an unrestricted bus gets. */
#define CAPS_ALL (KDBUS_CAP_SEND_ALL | KDBUS_CAP_RECV_ALL | KDBUS_CAP_FDS)

/**
 * struct bus - a bus
 * @listener: the listening socket
 * @path: where
 * @config: what bus_configure() says
 * @connections: how many there have been
 */
struct bus {
	int listener;
	char path[64];
	struct kdbus_bus_config config;
	int connections;
};

/*
 * How the clients of the tests are connected: through sockets of the module,
 * through AF_UNIX sockets that are attached, or in turns.
 */
enum transport { NATIVE, ATTACHED, NATIVE_FIRST, ATTACHED_FIRST };

extern enum transport transport;

/**
 * struct peer - a connection
 * @bus: of which bus
 * @attached: the client end is an AF_UNIX socket
 * @client: the client end, or -1
 * @daemon: the daemon end, or -1
 * @id: its number
 * @name: its unique name, "" if it has none
 */
struct peer {
	struct bus *bus;
	bool attached;
	int client;
	int daemon;
	uint64_t id;
	char name[64];
};

/**
 * struct spec - a message to be made; what is 0 or NULL is left out
 * @type: message type
 * @flags: flags
 * @serial: serial; 1 if 0
 * @reply_serial: REPLY_SERIAL
 * @path: PATH
 * @interface: INTERFACE
 * @member: MEMBER
 * @error: ERROR_NAME
 * @to: DESTINATION
 * @sender: SENDER
 * @fds: UNIX_FDS
 * @unknown: field code of a further field, a string
 * @bytes: length of the body, an array of bytes; none if 0
 * @text: another body, a string
 * @big_endian: byte order
 */
struct spec {
	uint8_t type;
	uint8_t flags;
	uint32_t serial;
	uint32_t reply_serial;
	const char *path;
	const char *interface;
	const char *member;
	const char *error;
	const char *to;
	const char *sender;
	uint32_t fds;
	uint8_t unknown;
	uint32_t bytes;
	const char *text;
	bool big_endian;
};

#define SPEC_CALL(dest) \
	.type = CALL, .path = "/a/b", .interface = "org.example.If", \
	.member = "Do", .to = (dest)
#define SPEC_SIGNAL(dest) \
	.type = SIGNAL, .path = "/a/b", .interface = "org.example.If", \
	.member = "Done", .to = (dest)
#define SPEC_RETURN(dest, serial_) \
	.type = RETURN, .to = (dest), .reply_serial = (serial_)
#define SPEC_ERROR(dest, serial_) \
	.type = ERROR, .to = (dest), .reply_serial = (serial_), \
	.error = "org.example.Error.No"

int kdbus_family(void);

void bus_open(struct bus *bus);
void bus_close(struct bus *bus);
int bus_configure(struct bus *bus);
int bus_forget(struct bus *bus);
unsigned long bus_stat(const struct bus *bus, const char *key);
unsigned long ended_stat(const char *key);

/* settle.c */
void settle(void);

int attach(int owner, int fd);
void peer_connect(struct bus *bus, struct peer *peer);
void peer_attach(struct bus *bus, struct peer *peer);
void peer_sasl(struct peer *peer);
void peer_open(struct bus *bus, struct peer *peer, const char *name);
void peer_close(struct peer *peer);
void peer_close_client(struct peer *peer);
void peer_close_daemon(struct peer *peer);

int set_option(int fd, int option, const void *value, socklen_t len);
int peer_publish(struct peer *peer, const char *name);
int peer_withdraw(struct peer *peer, const char *name);
int peer_caps(struct peer *peer, uint32_t caps);
int peer_forget(struct peer *peer);
int peer_done(struct peer *peer, uint32_t count);
int peer_approve(struct peer *from, const struct peer *to, uint8_t type,
		 uint32_t fields, const struct spec *values);
struct kdbus_reply_query peer_query(struct peer *caller,
				    const struct peer *callee, uint32_t serial);
int peer_claim(struct peer *callee, const struct peer *caller, uint32_t serial);
int peer_take(struct peer *callee, struct kdbus_reply *replies, int room);

struct writer message(const struct spec *spec);
#define MESSAGE(...) message(&(const struct spec){ __VA_ARGS__ })

void send_bytes(int fd, const void *bytes, size_t len);
void send_message(struct peer *from, const struct writer *w);
void send_free(struct peer *from, struct writer w);
struct writer receive(int fd, int *fds, int *count);

void expect_nothing(int fd);
void expect_bytes(int fd, const void *bytes, size_t len);
void expect_fast(struct peer *from, struct peer *to, const struct writer *w);
void expect_slow(struct peer *from, const struct writer *w);
void expect_end(int fd);
bool goes_fast(struct peer *from, struct peer *to, struct writer w);

/* attached.c */
bool files_may_go_fast(const struct peer *from, const struct peer *to);
void relay(struct peer *from, struct peer *to);
bool soon_writable(const struct peer *peer);
void drain_end(int fd);
void drain(const struct peer *peer);

#define assert_ok(call)							\
	do {								\
		if ((call) < 0)						\
			fail_msg("%s: %s", #call,			\
				 strerrorname_np(errno));		\
	} while (0)

#define assert_fails(call, error)					\
	do {								\
		errno = 0;						\
		assert_int_equal((call), -1);				\
		assert_string_equal(strerrorname_np(errno), #error);	\
	} while (0)

#endif
