/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two connections of one process to each other, with libdbus's internals.
 */
#ifndef PAIR_H
#define PAIR_H

#include <config.h>
#include <dbus/dbus.h>
#include <dbus/dbus-connection-internal.h>
#include <dbus/dbus-internals.h>
#include <dbus/dbus-sysdeps-unix.h>
#include <dbus/dbus-transport-socket.h>
#include <dbus/dbus-transport.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

static DBusConnection *client, *server;

#define NEED(condition) do {						\
		if (!(condition))					\
			errx(1, "line %d: not true: %s", __LINE__, #condition); \
	} while (0)

static inline DBusConnection *wrap_socket(DBusSocket fd, const DBusString *guid)
{
	DBusTransport *transport;
	DBusConnection *connection;
	DBusString address;

	_dbus_string_init_const(&address, "unix:test=pair");
	transport = _dbus_transport_new_for_socket(fd, guid, guid ? NULL : &address);
	NEED(transport);
	connection = _dbus_connection_new_for_transport(transport);
	NEED(connection);
	_dbus_transport_unref(transport);
	return connection;
}

/* Let both read, write and dispatch all there is, or only read and write. */
static inline void exchange(dbus_bool_t dispatch)
{
	int i;

	for (i = 0; i < 20; i++) {
		dbus_connection_read_write(client, 5);
		dbus_connection_read_write(server, 5);
		if (!dispatch)
			continue;
		while (dbus_connection_dispatch(client) == DBUS_DISPATCH_DATA_REMAINS)
			;
		while (dbus_connection_dispatch(server) == DBUS_DISPATCH_DATA_REMAINS)
			;
	}
}

static inline void open_pair(void)
{
	DBusString guid_hex;
	DBusSocket one, two;
	DBusGUID guid;

	NEED(_dbus_socketpair(&one, &two, FALSE, NULL));
	NEED(_dbus_string_init(&guid_hex));
	NEED(_dbus_generate_uuid(&guid, NULL));
	NEED(_dbus_uuid_encode(&guid, &guid_hex));
	server = wrap_socket(one, &guid_hex);
	client = wrap_socket(two, NULL);
	_dbus_string_free(&guid_hex);
	exchange(TRUE);
	NEED(dbus_connection_get_is_authenticated(client));
	NEED(dbus_connection_get_is_authenticated(server));
}

#endif
