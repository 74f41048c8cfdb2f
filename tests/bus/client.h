/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients with libdbus: several in one process, each read when the case says
 * so, and nothing answered behind its back.
 */
#ifndef BUS_CLIENT_H
#define BUS_CLIENT_H

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stdint.h>

#include "transcript.h"

#define DRIVER		"org.freedesktop.DBus"
#define TEST_PATH	"/org/kdbus/Test"
#define TEST_INTERFACE	"org.kdbus.Test"
#define CLIENT_STASH	256

struct client {
	char label[16];
	char unique[64];
	DBusConnection *connection;
	DBusMessage *stash[CLIENT_STASH];
	unsigned int stashed;
};

/* client_open - connect and say Hello; the label is for the transcript */
struct client *client_open(const char *label);
struct client *client_open_at(const char *label, const char *address);
struct client *client_open_as(const char *label, const char *user);

/* client_try_as - the same, or NULL if the bus refuses, with the error noted */
struct client *client_try_as(const char *label, const char *user);

/* client_quiet - no label: whatever is said of it is said of ":?" */
struct client *client_open_quiet(const char *address);

/* client_close - go away in an orderly way */
void client_close(struct client *client);

/* client_send - and write it out; takes the message, returns its serial */
uint32_t client_send(struct client *client, DBusMessage *message);

/*
 * client_next - the next message, or NULL after a minute or if the
 * connection has ended; to be unreferenced
 */
DBusMessage *client_next(struct client *client);

/* client_read - the same, written to the transcript */
DBusMessage *client_read(struct client *client);

/* client_expect - read messages, written to the transcript, and forget them */
void client_expect(struct client *client, unsigned int count);

/*
 * client_drain - all that has come is written to the transcript; what the
 * client has sent has been delivered
 */
void client_drain(struct client *client);

/*
 * client_sync - what the client has sent has been delivered; what has come is
 * kept for client_next(), so that the transcript does not depend on when
 */
void client_sync(struct client *client);

/* client_ask - call a method of the driver and get the reply, noted or not */
DBusMessage *client_ask(struct client *client, DBusMessage *call);

/* client_driver - the same with a string as argument, noted, forgotten */
void client_driver(struct client *client, const char *member,
		   const char *argument);
DBusMessage *driver_call(const char *member);

uint32_t client_request_name(struct client *client, const char *name,
			     uint32_t flags);
void client_release_name(struct client *client, const char *name);
void client_match(struct client *client, const char *rule);

/*
 * client_await_owner - until a name has an owner, or has none.  Asked by a
 * connection of its own, as one never knows how often.
 */
void client_await_owner(const char *name, bool owned);

/* new_call - a message of the usual path and interface */
DBusMessage *new_call(const char *destination, const char *member);
DBusMessage *new_signal(const char *destination, const char *member);
DBusMessage *new_numbered(const char *destination, const char *member,
			  uint32_t number);
uint32_t number_of(DBusMessage *message);

DBusMessage *with_string(DBusMessage *message, const char *text);
DBusMessage *no_reply(DBusMessage *message);

/* client_reply - answer a call with TEXT, if any; keeps the call */
void client_reply(struct client *client, DBusMessage *call, const char *text);
void client_reply_error(struct client *client, DBusMessage *call,
			const char *name, const char *text);

/* client_serve - read COUNT calls and answer each with "re MEMBER" */
void client_serve(struct client *client, unsigned int count);

#endif
