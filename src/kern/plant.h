/* SPDX-License-Identifier: GPL-2.0-only */
/* Bugs on demand; only in a module built with KDBUS_PLANT=y. */
#ifndef KDBUS_KERN_PLANT_H
#define KDBUS_KERN_PLANT_H

#include <linux/types.h>

struct kdbus_msg;
struct kdbus_peer;

#ifdef KDBUS_PLANT
void kdbus_plant_acquired(struct kdbus_peer *peer, const u8 *data, u32 len);
struct kdbus_peer *kdbus_plant_late(struct kdbus_peer *peer,
				    struct kdbus_msg **msg);
#else
static inline void kdbus_plant_acquired(struct kdbus_peer *peer, const u8 *data,
					u32 len)
{
}

static inline struct kdbus_peer *kdbus_plant_late(struct kdbus_peer *peer,
						  struct kdbus_msg **msg)
{
	return NULL;
}
#endif

#endif
