/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A client without a library, quick enough to load a bus: it writes many
 * messages at once, and reads whatever there is.  Over AF_DBUS or AF_UNIX, as
 * the address says.
 */
#ifndef LOAD_WIRE_H
#define LOAD_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../unit/writer.h"

/* Numbers of the D-Bus Specification. */
enum { CALL = 1, RETURN = 2, ERROR = 3, SIGNAL = 4 };
enum { NO_REPLY = 1, NO_AUTO_START = 2 };

#define DRIVER		"org.freedesktop.DBus"
/* Seconds that nothing takes, on a machine however busy. */
#define PATIENCE	3000

#define LOAD_PATH	"/org/kdbus/Load"
#define LOAD_INTERFACE	"org.kdbus.Load"

/**
 * struct link - a connection to the bus
 * @fd: the socket, non-blocking
 * @unique: our name
 * @serial: of the last message
 * @in: bytes that have come
 * @in_at: how many of them have been looked at
 * @out: bytes to be written
 * @out_at: how many of them have been
 * @scratch: the message being made
 * @files: descriptors that have come, to be closed
 * @dead: the stream has ended
 */
struct link {
	int fd;
	char unique[32];
	uint32_t serial;
	struct writer in;
	size_t in_at;
	struct writer out;
	size_t out_at;
	struct writer scratch;
	uint64_t files;
	bool dead;
};

/* struct msg - a message that has come; what is absent is "" */
struct msg {
	uint8_t type;
	uint8_t flags;
	uint32_t serial;
	uint32_t reply_serial;
	uint32_t fds;
	const char *path;
	const char *member;
	const char *error;
	const char *destination;
	const char *sender;
	const char *signature;
	const uint8_t *body;
	uint32_t body_len;
};

/* link_try - connect and say Hello; false if the bus is not there */
bool link_try(struct link *link, const char *address);

/* link_open - likewise, or end the process */
void link_open(struct link *link, const char *address);
void link_close(struct link *link);

/*
 * link_begin - a message into the scratch space, up to its body, which the
 * caller puts into the writer that is returned
 */
struct writer *link_begin(struct link *link, uint8_t type, uint8_t flags,
			  const char *to, const char *member,
			  const char *signature);

/* link_begin_at - likewise with a path of one's own */
struct writer *link_begin_at(struct link *link, uint8_t type, uint8_t flags,
			     const char *to, const char *path,
			     const char *member, const char *signature);

/* link_begin_reply - answer MSG */
struct writer *link_begin_reply(struct link *link, const struct msg *msg,
				const char *signature);

/* link_end - the message is complete; its serial */
uint32_t link_end(struct link *link);

/* link_end_with_file - likewise; sent at once, with a descriptor */
uint32_t link_end_with_file(struct link *link, int file);

/* link_ask - call the driver; does not wait for the answer */
uint32_t link_ask(struct link *link, const char *member, const char *text);
uint32_t link_request_name(struct link *link, const char *name,
			   uint32_t flags);

/* link_flush - write what can be written; true if nothing is left */
bool link_flush(struct link *link);
size_t link_unwritten(const struct link *link);

/* link_fill - read what there is; false if there was nothing */
bool link_fill(struct link *link);

/* link_next - the next message, valid until the next link_fill() */
bool link_next(struct link *link, struct msg *msg);

/* link_wait - for something to read or, if need be, to write */
void link_wait(struct link *link, int ms);

/* link_read - the next message, within so many seconds; false if there is none */
bool link_read(struct link *link, struct msg *msg, int seconds);

/* link_answer - the reply to SERIAL; everything else meanwhile is dropped */
bool link_answer(struct link *link, uint32_t serial, struct msg *msg);

uint32_t msg_u32(const struct msg *msg, size_t at);
const char *msg_string(const struct msg *msg, size_t *at);
bool msg_is(const struct msg *msg, const char *member);
bool msg_from_driver(const struct msg *msg);

#endif
