/* SPDX-License-Identifier: GPL-2.0-only */
/* Switching units on and off: whatever happens at boot is systemd's to do. */
#ifndef KDBUSCTL_UNIT_H
#define KDBUSCTL_UNIT_H

#include "command.h"

/**
 * enum units - whose units
 * @UNITS_SYSTEM: the system's
 * @UNITS_GLOBAL: of the service manager of every user
 * @UNITS_USER: of that of this user
 */
enum units {
	UNITS_SYSTEM,
	UNITS_GLOBAL,
	UNITS_USER,
};

int unit_systemctl(const struct options *options, enum units units,
		   const char *verb, const char *unit);
int unit_enable(const struct options *options, enum units units, const char *unit);
int unit_disable(const struct options *options, enum units units, const char *unit);

#endif
