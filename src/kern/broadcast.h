/* SPDX-License-Identifier: GPL-2.0-only */
/* One message to all who want it, as one event. */
#ifndef KDBUS_KERN_BROADCAST_H
#define KDBUS_KERN_BROADCAST_H

#include <linux/types.h>

struct kdbus_fanout;
struct kdbus_msg;
struct kdbus_peer;
struct kdbus_view;

struct kdbus_fanout *kdbus_fanout_new(struct kdbus_peer *sender,
				      struct kdbus_msg *msg,
				      const struct kdbus_view *view);
bool kdbus_fanout_allowed(struct kdbus_fanout *fanout,
			  const struct kdbus_view *view);
bool kdbus_fanout_stage(struct kdbus_fanout *fanout,
			const struct kdbus_view *view, u32 pos);
u32 kdbus_fanout_commit(struct kdbus_fanout *fanout);
void kdbus_fanout_wake(struct kdbus_fanout *fanout);
void kdbus_fanout_unhide(struct kdbus_fanout *fanout);
void kdbus_fanout_free(struct kdbus_fanout *fanout);

#endif
