/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clients of a case that reach the bus in different ways, as BUS_TEST_TURNS says:
 * "nap" if the first is native, the second attached, the third plain, the fourth
 * native again and so on.
 */
#ifndef BUS_TURNS_H
#define BUS_TURNS_H

#include <stdbool.h>

/* turn_begin - the address for the next client; bus_address() without turns */
const char *turn_begin(void);

/* turn_end - it has connected, and has been greeted */
void turn_end(void);

/* turns_have_plain - what the module carries depends on whose turn it is */
bool turns_have_plain(void);

#endif
