/* SPDX-License-Identifier: GPL-2.0-only */
/* The standard buses: whether they are on kdbus, and who is connected how. */
#ifndef KDBUSCTL_BUS_H
#define KDBUSCTL_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "files.h"
#include "kernel.h"

#define SYSTEM_SOCKET	"/run/dbus/system_bus_socket"
#define KDBUS_SUFFIX	".kdbus"

/**
 * enum bus_kind - which bus it is
 * @BUS_SYSTEM: the system bus
 * @BUS_SESSION: the session bus of a user
 * @BUS_OTHER: one that only the module knows of
 */
enum bus_kind {
	BUS_SYSTEM,
	BUS_SESSION,
	BUS_OTHER,
};

/**
 * struct bus - a bus
 * @kind: which one
 * @uid: whose session
 * @user: his name, or number
 * @socket: path of the unix socket
 * @runs: there is a socket
 * @enabled: switched on from the next boot or login
 * @for_all: that is so for all users
 * @unknown: whether the user has switched it on cannot be known
 * @masked: and that somebody wants it never to be
 * @masked_for_all: the administrator does
 * @broker: what serves it, "dbus-daemon" or "dbus-broker"; for the next boot
 *	or login
 * @unit_ran: the unit has run at this boot, as far as that can be known
 * @environment: the unit has run, and dbus-daemon is to listen on kdbus
 * @reason: why it is plain, as the unit says, or empty
 * @in_kernel: the module has this bus
 * @kernel: as the module sees it
 * @plain: connections through the unix socket
 */
struct bus {
	enum bus_kind kind;
	uid_t uid;
	char user[TEXT_MAX];
	char socket[TEXT_MAX];
	bool runs;
	bool enabled;
	bool for_all;
	bool unknown;
	bool masked;
	bool masked_for_all;
	const char *broker;
	bool unit_ran;
	bool environment;
	char reason[TEXT_MAX];
	bool in_kernel;
	struct kernel_bus kernel;
	unsigned long long plain;
};

size_t buses_look(struct bus **buses);
bool bus_is_fast(const struct bus *bus);
const char *bus_title(const struct bus *bus);
const char *bus_broker(bool session);
unsigned long long bus_native(const struct bus *bus);

#endif
