// SPDX-License-Identifier: GPL-2.0-only
/* Clients with libdbus. */

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "turns.h"

#define READ_SECONDS	60
#define ASK_TRIES	6000

void client_close(struct client *client)
{
	dbus_connection_flush(client->connection);
	dbus_connection_close(client->connection);
	dbus_connection_unref(client->connection);
	free(client);
}

uint32_t client_send(struct client *client, DBusMessage *message)
{
	dbus_uint32_t serial = 0;

	if (!dbus_connection_send(client->connection, message, &serial))
		give_up("out of memory");
	dbus_connection_flush(client->connection);
	dbus_message_unref(message);
	return serial;
}

static DBusMessage *next_from_bus(struct client *client)
{
	time_t end = time(NULL) + READ_SECONDS;
	DBusMessage *message;

	for (;;) {
		message = dbus_connection_pop_message(client->connection);
		if (message || time(NULL) >= end)
			return message;
		if (!dbus_connection_get_is_connected(client->connection))
			return dbus_connection_pop_message(client->connection);
		dbus_connection_read_write(client->connection, 1000);
	}
}

DBusMessage *client_next(struct client *client)
{
	DBusMessage *message;

	if (!client->stashed)
		return next_from_bus(client);
	message = client->stash[0];
	client->stashed--;
	memmove(client->stash, client->stash + 1,
		client->stashed * sizeof(*client->stash));
	return message;
}

DBusMessage *client_read(struct client *client)
{
	DBusMessage *message = client_next(client);

	if (message)
		say_message(client->label, message);
	else
		say("%s: nothing", client->label);
	check(message, "%s waits for a message that does not come",
	      client->label);
	return message;
}

void client_expect(struct client *client, unsigned int count)
{
	DBusMessage *message;

	while (count--) {
		message = client_read(client);
		if (message)
			dbus_message_unref(message);
	}
}

static bool is_answer(DBusMessage *message, uint32_t serial)
{
	const char *sender = dbus_message_get_sender(message);

	return dbus_message_get_reply_serial(message) == serial && sender &&
	       !strcmp(sender, DRIVER);
}

/* All that comes before the answer to SERIAL is noted; NULL if none comes. */
static DBusMessage *await_answer(struct client *client, uint32_t serial)
{
	DBusMessage *message;

	while ((message = client_next(client))) {
		if (is_answer(message, serial))
			return message;
		say_message(client->label, message);
		dbus_message_unref(message);
	}
	return NULL;
}

DBusMessage *driver_call(const char *member)
{
	return dbus_message_new_method_call(DRIVER, "/org/freedesktop/DBus",
					    DRIVER, member);
}

void client_drain(struct client *client)
{
	uint32_t serial = client_send(client, driver_call("GetId"));
	DBusMessage *message = await_answer(client, serial);

	if (message)
		dbus_message_unref(message);
	else
		say("%s: disconnected", client->label);
}

void client_sync(struct client *client)
{
	uint32_t serial = client_send(client, driver_call("GetId"));
	DBusMessage *message;

	while ((message = next_from_bus(client))) {
		if (is_answer(message, serial)) {
			dbus_message_unref(message);
			return;
		}
		if (client->stashed == CLIENT_STASH)
			give_up("%s cannot keep that many messages",
				client->label);
		client->stash[client->stashed++] = message;
	}
	give_up("%s: disconnected", client->label);
}

DBusMessage *client_ask(struct client *client, DBusMessage *call)
{
	DBusMessage *answer = await_answer(client, client_send(client, call));

	if (!answer)
		give_up("the driver does not answer");
	return answer;
}

/* NULL if the bus does not want it, with the error. */
static struct client *client_try(const char *address, DBusError *error)
{
	struct client *client = calloc(1, sizeof(*client));

	client->connection = dbus_connection_open_private(address, error);
	if (!client->connection)
		give_up("cannot connect to %s: %s", address, error->message);
	dbus_connection_set_exit_on_disconnect(client->connection, FALSE);
	if (!dbus_bus_register(client->connection, error)) {
		client_close(client);
		return NULL;
	}
	snprintf(client->unique, sizeof(client->unique), "%s",
		 dbus_bus_get_unique_name(client->connection));
	return client;
}

static struct client *client_new(const char *address)
{
	DBusError error = DBUS_ERROR_INIT;
	struct client *client = client_try(address, &error);

	if (!client)
		give_up("no answer to Hello: %s", error.message);
	return client;
}

/*
 * The driver says NameAcquired to everybody, which is of no interest.  And it
 * tells the module of the name after it has answered Hello: once it has
 * answered something else too, that has been done.
 */
static void skip_greeting(struct client *client)
{
	DBusMessage *message = client_next(client);

	check(message && dbus_message_is_signal(message, DRIVER, "NameAcquired"),
	      "no NameAcquired after Hello");
	if (message)
		dbus_message_unref(message);
	client_drain(client);
}

static struct client *client_begin(struct client *client, const char *label)
{
	snprintf(client->label, sizeof(client->label), "%s", label);
	label_name(client->unique, label);
	skip_greeting(client);
	return client;
}

struct client *client_open_at(const char *label, const char *address)
{
	return client_begin(client_new(address), label);
}

struct client *client_open(const char *label)
{
	struct client *client = client_new(turn_begin());

	turn_end();
	return client_begin(client, label);
}

struct client *client_open_quiet(const char *address)
{
	struct client *client = client_new(address);

	snprintf(client->label, sizeof(client->label), "?");
	skip_greeting(client);
	return client;
}

struct client *client_try_as(const char *label, const char *user)
{
	struct passwd *entry = getpwnam(user);
	DBusError error = DBUS_ERROR_INIT;
	struct client *client;

	/* Both sockets take the credentials of connect(). */
	if (!entry || initgroups(user, entry->pw_gid) ||
	    setegid(entry->pw_gid) || seteuid(entry->pw_uid))
		give_up("cannot become %s", user);
	client = client_try(bus_address(), &error);
	if (seteuid(0) || setegid(0) || setgroups(0, NULL))
		give_up("cannot become root again");
	if (client)
		return client_begin(client, label);
	say("%s cannot connect: %s: %s", label, error.name,
	    plain(error.message));
	dbus_error_free(&error);
	return NULL;
}

struct client *client_open_as(const char *label, const char *user)
{
	struct client *client = client_try_as(label, user);

	if (!client)
		give_up("the bus does not want %s", user);
	return client;
}

void client_driver(struct client *client, const char *member,
		   const char *argument)
{
	DBusMessage *call = driver_call(member), *answer;

	if (argument)
		with_string(call, argument);
	answer = client_ask(client, call);
	say_message(client->label, answer);
	dbus_message_unref(answer);
}

uint32_t client_request_name(struct client *client, const char *name,
			     uint32_t flags)
{
	DBusMessage *call = with_string(driver_call("RequestName"), name);
	DBusMessage *answer;
	uint32_t result;

	dbus_message_append_args(call, DBUS_TYPE_UINT32, &flags,
				 DBUS_TYPE_INVALID);
	answer = client_ask(client, call);
	say_message(client->label, answer);
	result = number_of(answer);
	dbus_message_unref(answer);
	return result;
}

void client_release_name(struct client *client, const char *name)
{
	client_driver(client, "ReleaseName", name);
}

void client_match(struct client *client, const char *rule)
{
	client_driver(client, "AddMatch", rule);
}

void client_await_owner(const char *name, bool owned)
{
	static struct client *client;
	DBusMessage *answer;
	dbus_bool_t has;
	int i;

	if (!client)
		client = client_open_quiet(bus_address());
	for (i = 0; i < ASK_TRIES; i++) {
		answer = client_ask(client,
				    with_string(driver_call("NameHasOwner"),
						name));
		has = !owned;
		dbus_message_get_args(answer, NULL, DBUS_TYPE_BOOLEAN, &has,
				      DBUS_TYPE_INVALID);
		dbus_message_unref(answer);
		if (!has == !owned)
			return;
		usleep(10000);
	}
	give_up("%s %s an owner after all this time", plain(name),
		owned ? "has not got" : "still has");
}

DBusMessage *new_call(const char *destination, const char *member)
{
	return dbus_message_new_method_call(destination, TEST_PATH,
					    TEST_INTERFACE, member);
}

DBusMessage *new_signal(const char *destination, const char *member)
{
	DBusMessage *message = dbus_message_new_signal(TEST_PATH,
						       TEST_INTERFACE, member);

	if (destination)
		dbus_message_set_destination(message, destination);
	return message;
}

DBusMessage *new_numbered(const char *destination, const char *member,
			  uint32_t number)
{
	DBusMessage *message = new_call(destination, member);

	dbus_message_append_args(message, DBUS_TYPE_UINT32, &number,
				 DBUS_TYPE_INVALID);
	return message;
}

uint32_t number_of(DBusMessage *message)
{
	dbus_uint32_t number = UINT32_MAX;

	dbus_message_get_args(message, NULL, DBUS_TYPE_UINT32, &number,
			      DBUS_TYPE_INVALID);
	return number;
}

DBusMessage *with_string(DBusMessage *message, const char *text)
{
	dbus_message_append_args(message, DBUS_TYPE_STRING, &text,
				 DBUS_TYPE_INVALID);
	return message;
}

DBusMessage *no_reply(DBusMessage *message)
{
	dbus_message_set_no_reply(message, TRUE);
	return message;
}

void client_reply(struct client *client, DBusMessage *call, const char *text)
{
	DBusMessage *reply = dbus_message_new_method_return(call);

	if (text)
		with_string(reply, text);
	client_send(client, reply);
}

void client_reply_error(struct client *client, DBusMessage *call,
			const char *name, const char *text)
{
	client_send(client, dbus_message_new_error(call, name, text));
}

void client_serve(struct client *client, unsigned int count)
{
	DBusMessage *call;
	char text[64];

	while (count--) {
		call = client_read(client);
		if (!call)
			return;
		snprintf(text, sizeof(text), "re %s",
			 dbus_message_get_member(call) ?: "?");
		client_reply(client, call, text);
		dbus_message_unref(call);
	}
}
