/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients without a library, which write what no library would: either byte
 * order, any header field, broken messages, a SASL exchange in any pieces.
 */
#ifndef BUS_RAW_H
#define BUS_RAW_H

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RAW_EXTRAS	4

/* A header field beyond the known ones, or one for a second time. */
struct raw_extra {
	uint8_t code;
	const char *signature;	/* "s", "u", "g", "o", "as" or "(us)" */
	const char *text;
	uint32_t number;
};

/* struct raw_message - what to write; fields that are NULL or 0 are left out */
struct raw_message {
	bool big;
	uint8_t type;
	uint8_t flags;
	uint8_t version;	/* 0 for 1 */
	uint32_t serial;
	uint32_t reply_serial;
	uint32_t unix_fds;
	const char *path;
	const char *interface;
	const char *member;
	const char *error;
	const char *destination;
	const char *sender;
	const char *signature;
	struct raw_extra extra[RAW_EXTRAS];
	const void *body;
	uint32_t body_len;
};

struct raw_bytes {
	uint8_t *data;
	size_t len;
	size_t room;
	bool big;
};

void put_bytes(struct raw_bytes *to, const void *data, size_t len);
void put_byte(struct raw_bytes *to, uint8_t value);
void put_align(struct raw_bytes *to, size_t alignment);
void put_number(struct raw_bytes *to, uint32_t value);
void put_string(struct raw_bytes *to, const char *text);
void put_message(struct raw_bytes *to, const struct raw_message *message);

struct raw {
	char label[16];
	char unique[64];
	int fd;
	uint32_t serial;
	struct raw_bytes in;
};

/* raw_connect - a connected socket, nothing said yet */
struct raw *raw_connect(const char *label);
struct raw *raw_connect_at(const char *label, const char *address);

/* raw_open - authenticated, with a name; FDS: has negotiated files */
struct raw *raw_open(const char *label, bool fds);
void raw_close(struct raw *raw);

/* raw_write - in pieces of so many bytes, 0 for all at once */
void raw_write(struct raw *raw, const void *data, size_t len, size_t piece);
void raw_write_files(struct raw *raw, const void *data, size_t len,
		     const int *files, unsigned int count);

/* raw_auth_text - what a client says up to BEGIN, in a static buffer */
const char *raw_auth_text(bool fds);

/* raw_line - read a line of the SASL exchange into the transcript */
void raw_line(struct raw *raw);

/* raw_send - write a message, of a serial of its own if it has none */
uint32_t raw_send(struct raw *raw, struct raw_message message);

/* raw_call - the usual call with the number as argument, if it has a signature */
struct raw_message raw_call(const char *destination, const char *member);
struct raw_message raw_return(const char *destination, uint32_t reply_serial);
struct raw_message raw_hello(void);

/*
 * raw_read - the next message, noted with its header as bytes; NULL at the end
 * of the stream, or after a minute
 */
DBusMessage *raw_read(struct raw *raw);
void raw_expect(struct raw *raw, unsigned int count);

/* raw_drain - as client_drain(); false at the end of the stream */
bool raw_drain(struct raw *raw);

/* raw_await_end - note all that comes up to the end of the stream */
void raw_await_end(struct raw *raw);

/* raw_name - take the name out of the answer to Hello, and NameAcquired */
void raw_name(struct raw *raw);

#endif
