/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module says that it has carried. */
#ifndef BUS_COUNTERS_H
#define BUS_COUNTERS_H

#include <stdbool.h>

struct carried {
	long calls;
	long returns;
	long errors;
	long signals;
};

/* carried_begin - count from here */
void carried_begin(void);

/*
 * carried_end - the module has carried exactly this much since
 * carried_begin(), and nothing if the fast path is forced off
 */
void carried_end(long calls, long returns, long errors, long signals);

/* carried_some - likewise, at least so many */
void carried_some(long calls, long returns, long errors, long signals);

/* carried_await - likewise, sooner or later */
void carried_await(long calls, long returns, long errors, long signals);

/* broadcasts_begin - count signals to all from here: they are not in the above */
void broadcasts_begin(void);

/*
 * broadcasts_end - the module has carried at least so many since
 * broadcasts_begin(), and none if the fast path is forced off
 */
void broadcasts_end(long at_least);

/*
 * files_are_carried - clients of bus_address() are native, so that the module
 * delivers messages with files, too; dbus-daemon does for attached ones
 */
bool files_are_carried(void);

/* fastpath_is - the state that the module reports: "on" or "off" */
void fastpath_is(const char *state);

/* bus_value - what /proc/net/kdbus says of the bus; 0 on stock */
long bus_value(const char *key);

/* peers_become - the module has so many connections of the bus, or will soon */
void peers_become(long peers);

#endif
