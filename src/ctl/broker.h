/* SPDX-License-Identifier: GPL-2.0-only */
/* Machines whose buses are served by dbus-broker, which knows nothing of kdbus. */
#ifndef KDBUSCTL_BROKER_H
#define KDBUSCTL_BROKER_H

#include "unit.h"

int broker_make_way(const struct options *options, enum units units);
bool broker_is_replaced(enum units units);
int broker_come_back(const struct options *options, enum units units);

#endif
