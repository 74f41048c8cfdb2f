/* SPDX-License-Identifier: GPL-2.0-only */
/* What the client of an attached socket has written. */
#ifndef KDBUS_KERN_PUMP_H
#define KDBUS_KERN_PUMP_H

struct kdbus_unix;

void kdbus_pump_here(struct kdbus_unix *u, int steps);
void kdbus_pump(struct kdbus_unix *u);
void kdbus_pump_relief(struct kdbus_unix *u);

#endif
