/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs that are on a bus with libdbus begin with. */
#ifndef BENCH_JOIN_H
#define BENCH_JOIN_H

#include <err.h>

#include <dbus/dbus.h>

/* join - be on the bus with this address, or exit with what is wrong */
static inline DBusConnection *join(const char *address)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *connection;

	connection = dbus_connection_open_private(address, &error);
	if (connection)
		dbus_bus_register(connection, &error);
	if (dbus_error_is_set(&error))
		errx(1, "%s: %s", address, error.message);
	return connection;
}

#endif
