// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdbus-stuck: recipients that do not read.
 *
 *	kdbus-stuck ADDRESS RECIPIENTS
 *
 * Opens so many connections and sends to each of them until the bus refuses to
 * take more. Prints how many messages each has got, on average, and keeps all
 * connections until it is killed.
 */
#include <dbus/dbus.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "join.h"

#define INTERFACE	"org.kdbus.Stuck"
#define BODY		50000
#define FILL_MAX	10000

static void send_one(DBusConnection *sender, const char *to)
{
	static const unsigned char body[BODY];
	const unsigned char *data = body;
	DBusMessage *call = dbus_message_new_method_call(to, "/", INTERFACE,
							 "Fill");

	if (!call)
		errx(1, "out of memory");
	dbus_message_set_no_reply(call, TRUE);
	if (!dbus_message_append_args(call, DBUS_TYPE_ARRAY, DBUS_TYPE_BYTE,
				      &data, BODY, DBUS_TYPE_INVALID) ||
	    !dbus_connection_send(sender, call, NULL))
		errx(1, "out of memory");
	dbus_connection_flush(sender);
	dbus_message_unref(call);
}

/* Whether an error has come, once all that was sent has been delivered. */
static bool is_refused(DBusConnection *sender)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *message;
	bool refused = false;

	free(dbus_bus_get_id(sender, &error));
	if (dbus_error_is_set(&error))
		errx(1, "GetId: %s", error.message);
	while ((message = dbus_connection_pop_message(sender))) {
		refused |= dbus_message_is_error(message,
						 DBUS_ERROR_LIMITS_EXCEEDED);
		dbus_message_unref(message);
	}
	return refused;
}

static int fill(DBusConnection *sender, DBusConnection *recipient)
{
	int sent = 0;

	do {
		send_one(sender, dbus_bus_get_unique_name(recipient));
		if (++sent == FILL_MAX)
			errx(1, "%d messages, and none is refused", sent);
	} while (!is_refused(sender));
	return sent - 1;
}

int main(int argc, char **argv)
{
	int recipients, i, sent = 0;
	DBusConnection *sender;

	if (argc != 3 || atoi(argv[2]) < 1)
		errx(2, "usage: kdbus-stuck ADDRESS RECIPIENTS");
	recipients = atoi(argv[2]);
	sender = join(argv[1]);
	for (i = 0; i < recipients; i++)
		sent += fill(sender, join(argv[1]));
	printf("%d\n", sent / recipients);
	fflush(stdout);
	pause();
	return 0;
}
