// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdbus-fanout: how long a broadcast takes, beside rules about other things.
 *
 *	kdbus-fanout ADDRESS RECIPIENTS usual|similar RULES SIGNALS
 *
 * RECIPIENTS processes want a signal, and one connection has RULES match rules
 * that no signal matches: of other interfaces, as is usual, or of the same one
 * about other arguments and namespaces. Prints the microseconds that one of SIGNALS signals
 * takes until every recipient has handled it. They are sent in bursts, so that
 * it matters little who happens to be woken first.
 */
#include <dbus/dbus.h>
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "join.h"

#define INTERFACE	"org.kdbus.Fanout"
#define MEMBER		"Tick"
#define RULE		"type='signal',interface='" INTERFACE "',member='" MEMBER "'"
#define BURST		10
#define WARMUP		5

static void add_rule(DBusConnection *connection, const char *rule)
{
	DBusError error = DBUS_ERROR_INIT;

	dbus_bus_add_match(connection, rule, &error);
	if (dbus_error_is_set(&error))
		errx(1, "%s: %s", rule, error.message);
}

/* One of many, without waiting, unless it is the last: a limit would show there. */
static void add_other(DBusConnection *connection, const char *rule, bool last)
{
	if (last)
		add_rule(connection, rule);
	else
		dbus_bus_add_match(connection, rule, NULL);
}

/* Rules as they are met with: mostly of interface, member, path and sender. */
static void add_usual_rules(DBusConnection *connection, int count)
{
	char rule[256];
	int i;

	for (i = 0; i < count; i++) {
		snprintf(rule, sizeof(rule),
			 "type='signal',interface='org.other.I%d',member='M%d',path='/other/%d'%s%d.%d'",
			 i % 100, i % 7, i,
			 i % 3 ? ",sender=':7." : ",arg0='name.a", i, i);
		add_other(connection, rule, i == count - 1);
	}
}

/* Only the last condition tells that it is not this signal. */
static void add_similar_rules(DBusConnection *connection, int count)
{
	static const char * const last[] = {
		"arg1='n%d'", "arg0namespace='other.n%d'",
		"arg0path='/other/%d/'", "path_namespace='/other/%d'",
	};
	char rule[256];
	int i, n;

	for (i = 0; i < count; i++) {
		n = snprintf(rule, sizeof(rule), "%s,", RULE);
		snprintf(rule + n, sizeof(rule) - n, last[i % 4], i);
		add_other(connection, rule, i == count - 1);
	}
}

static void receive(const char *address, int done)
{
	DBusConnection *connection = join(address);
	DBusMessage *message;
	int count = 0;

	add_rule(connection, RULE);
	if (write(done, "", 1) != 1)
		err(1, "pipe");
	while (dbus_connection_read_write(connection, -1)) {
		while ((message = dbus_connection_pop_message(connection))) {
			if (dbus_message_is_signal(message, INTERFACE, MEMBER) &&
			    ++count % BURST == 0 && write(done, "", 1) != 1)
				err(1, "pipe");
			dbus_message_unref(message);
		}
	}
	exit(0);
}

static void wait_for(int done, int count)
{
	char byte;

	while (count--)
		if (read(done, &byte, 1) != 1)
			err(1, "pipe");
}

static void tick(DBusConnection *connection)
{
	DBusMessage *signal = dbus_message_new_signal("/some/path", INTERFACE, MEMBER);
	const char *text = "/some/text";

	if (!signal ||
	    !dbus_message_append_args(signal, DBUS_TYPE_STRING, &text,
				      DBUS_TYPE_STRING, &text,
				      DBUS_TYPE_INVALID) ||
	    !dbus_connection_send(connection, signal, NULL))
		errx(1, "out of memory");
	dbus_connection_flush(connection);
	dbus_message_unref(signal);
}

static void burst(DBusConnection *connection, int done, int recipients)
{
	int i;

	for (i = 0; i < BURST; i++)
		tick(connection);
	wait_for(done, recipients);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
	int recipients, rules, signals, done[2], i;
	DBusConnection *sender;
	double start;

	if (argc != 6)
		errx(2, "usage: kdbus-fanout ADDRESS RECIPIENTS usual|similar RULES SIGNALS");
	recipients = atoi(argv[2]);
	rules = atoi(argv[4]);
	signals = atoi(argv[5]);
	if (recipients < 1 || rules < 0 || signals < BURST || signals % BURST)
		errx(2, "at least one recipient, and a multiple of %d signals",
		     BURST);
	if (pipe(done))
		err(1, "pipe");
	for (i = 0; i < recipients; i++)
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			receive(argv[1], done[1]);
		}
	wait_for(done[0], recipients);
	if (!strcmp(argv[3], "usual"))
		add_usual_rules(join(argv[1]), rules);
	else
		add_similar_rules(join(argv[1]), rules);

	sender = join(argv[1]);
	for (i = 0; i < WARMUP; i++)
		burst(sender, done[0], recipients);
	start = now_us();
	for (i = 0; i < signals / BURST; i++)
		burst(sender, done[0], recipients);
	printf("%.3f\n", (now_us() - start) / signals);
	return 0;
}
