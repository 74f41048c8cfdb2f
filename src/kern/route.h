/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a message goes: to its recipient, to the daemon, or on hold. */
#ifndef KDBUS_KERN_ROUTE_H
#define KDBUS_KERN_ROUTE_H

#include <linux/types.h>

struct kdbus_msg;
struct kdbus_peer;

void kdbus_route_message(struct kdbus_peer *peer, struct kdbus_msg *msg);
void kdbus_route_chunk(struct kdbus_peer *peer, struct kdbus_msg *msg,
		       bool starts_message);
void kdbus_route_done(struct kdbus_peer *peer, u32 count);
void kdbus_route_end(struct kdbus_peer *peer, bool closed, bool reset);
bool kdbus_route_retire(struct kdbus_peer *peer);

#endif
