/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a case sees and what it demands.
 *
 * A case writes a transcript of all that a client of the bus can observe.  It
 * is the same on every bus, or the buses are not: unique names, process ids and
 * whatever else is chosen at random are replaced by what they stand for.
 */
#ifndef BUS_TRANSCRIPT_H
#define BUS_TRANSCRIPT_H

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stdint.h>

/* Where a case runs; from the environment, see guest-run. */
enum bus_mode {
	BUS_STOCK,	/* dbus-daemon as the distribution has it */
	BUS_FAST,	/* kdbus */
	BUS_OFF,	/* kdbus with the fast path forced off */
};

enum bus_mode bus_mode(void);

/* bus_attaches - the module has the clients of the unix socket as well */
bool bus_attaches(void);

const char *bus_address(void);
const char *bus_unix_address(void);
const char *bus_dir(void);

/* say - a line of the transcript */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* check - something that holds on every bus; the case fails if it does not */
bool check(bool ok, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* give_up - the case cannot go on */
void give_up(const char *format, ...)
	__attribute__((format(printf, 1, 2), noreturn));

bool failed(void);

/* label_name - a unique name is written as the label from now on */
void label_name(const char *unique, const char *label);
const char *name_of_label(const char *label);

/* say_message - what WHO has received */
void say_message(const char *who, DBusMessage *message);

/* plain - TEXT with all that is chosen at random replaced; till next call */
const char *plain(const char *text);

#endif
