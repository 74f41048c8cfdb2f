// SPDX-License-Identifier: GPL-2.0-only
/*
 * kdbus-leave: how long a bus is busy with a client that leaves.
 *
 *	kdbus-leave ADDRESS calls|rules|shared COUNT
 *
 * A client that owes COUNT replies, or has COUNT match rules that differ in the last
 * condition alone, or 1,000 of these while another has COUNT younger ones, ends. Prints
 * the microseconds for each of what it had until somebody else has been told that
 * none of the replies will come, or has an answer of the bus.
 */
#include <dbus/dbus.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "join.h"

#define NAME_SIZE	256
#define SHARED		1000

/* What the client does before it says its name, and waits for its end. */
typedef void prepare_fn(DBusConnection *connection, int count);

static void nothing(DBusConnection *connection, int count)
{
	(void)connection;
	(void)count;
}

static void add_rules(DBusConnection *connection, int count)
{
	DBusError error = DBUS_ERROR_INIT;
	char rule[128];
	int i;

	for (i = 0; i < count; i++) {
		snprintf(rule, sizeof(rule),
			 "interface='org.kdbus.Leave',arg1='x',arg2='n%d'", i);
		/* A limit would show at the last. */
		dbus_bus_add_match(connection, rule, i < count - 1 ? NULL : &error);
	}
	if (dbus_error_is_set(&error))
		errx(1, "%s: %s", rule, error.message);
}

/* Returns the process of a new client; @name becomes its unique name. */
static pid_t start_client(const char *address, prepare_fn *prepare, int count,
			  char *name)
{
	DBusConnection *connection;
	int ready[2];
	ssize_t size;
	pid_t pid;

	if (pipe(ready))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		connection = join(address);
		prepare(connection, count);
		dprintf(ready[1], "%s", dbus_bus_get_unique_name(connection));
		for (;;)
			pause();
	}
	size = read(ready[0], name, NAME_SIZE - 1);
	if (size <= 0)
		errx(1, "the client has ended");
	name[size] = '\0';
	return pid;
}

static void call(DBusConnection *caller, const char *name)
{
	DBusMessage *message = dbus_message_new_method_call(name, "/", "org.kdbus.Leave",
							    "Call");

	if (!message || !dbus_connection_send(caller, message, NULL))
		errx(1, "out of memory");
	dbus_message_unref(message);
}

static void await_errors(DBusConnection *caller, int count)
{
	DBusMessage *message;

	while (count && dbus_connection_read_write(caller, -1)) {
		while ((message = dbus_connection_pop_message(caller))) {
			if (dbus_message_is_error(message, DBUS_ERROR_NO_REPLY))
				count--;
			else if (dbus_message_get_type(message) ==
				 DBUS_MESSAGE_TYPE_ERROR)
				errx(1, "%s", dbus_message_get_error_name(message));
			dbus_message_unref(message);
		}
	}
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static double leave_with_calls(const char *address, DBusConnection *caller, int count)
{
	char name[NAME_SIZE];
	pid_t callee = start_client(address, nothing, 0, name);
	double start;
	int i;

	for (i = 0; i < count; i++)
		call(caller, name);
	/* An answer tells that the bus has them all. */
	dbus_bus_name_has_owner(caller, name, NULL);
	start = now_us();
	kill(callee, SIGKILL);
	await_errors(caller, count);
	return now_us() - start;
}

static double leave_with_rules(const char *address, DBusConnection *other, int count,
			       int younger)
{
	char name[NAME_SIZE];
	pid_t client = start_client(address, add_rules, count, name);
	double start;

	if (younger)
		add_rules(other, younger);
	start = now_us();
	kill(client, SIGKILL);
	while (dbus_bus_name_has_owner(other, name, NULL))
		;
	/* The name went first; this answer is of a bus that has done the rest. */
	dbus_bus_name_has_owner(other, name, NULL);
	return now_us() - start;
}

int main(int argc, char **argv)
{
	DBusConnection *other;
	double us;
	int count;

	count = argc == 4 ? atoi(argv[3]) : 0;
	if (count < 1)
		goto usage;
	other = join(argv[1]);
	if (!strcmp(argv[2], "calls"))
		us = leave_with_calls(argv[1], other, count) / count;
	else if (!strcmp(argv[2], "rules"))
		us = leave_with_rules(argv[1], other, count, 0) / count;
	else if (!strcmp(argv[2], "shared"))
		us = leave_with_rules(argv[1], other, SHARED, count) / SHARED;
	else
		goto usage;
	printf("%.3f\n", us);
	return 0;
usage:
	errx(2, "usage: kdbus-leave ADDRESS calls|rules|shared COUNT");
}
