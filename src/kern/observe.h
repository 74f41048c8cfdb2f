/* SPDX-License-Identifier: GPL-2.0-only */
/* /proc/net/kdbus: what there is, what it does, and an emergency switch. */
#ifndef KDBUS_KERN_OBSERVE_H
#define KDBUS_KERN_OBSERVE_H

int kdbus_observe_init(void);
void kdbus_observe_exit(void);

#endif
