/* SPDX-License-Identifier: GPL-2.0-only */
/* A dbus-daemon of our own, which lets everybody do everything. */
#ifndef KDBUS_TEST_PRIVATE_BUS_H
#define KDBUS_TEST_PRIVATE_BUS_H

#include <sys/types.h>

#include <dbus/dbus.h>

struct private_bus {
	pid_t pid;
	char dir[64];
	char address[128];
};

void bus_start(struct private_bus *bus);
void bus_stop(struct private_bus *bus);
DBusConnection *bus_connect(const struct private_bus *bus);

/*
 * Call a method of the driver that has one string argument, or none if that is
 * NULL.  Returns true if the reply is no error, and otherwise copies its name.
 */
bool bus_call(DBusConnection *c, const char *method, const char *arg,
	      char error[256]);

void bus_own(DBusConnection *c, const char *name);

#endif
