/* SPDX-License-Identifier: GPL-2.0-only */
/* May a message pass between two peers? */
#ifndef KDBUS_KERN_ALLOW_H
#define KDBUS_KERN_ALLOW_H

#include <linux/types.h>

struct kdbus_approval;
struct kdbus_peer;
struct kdbus_view;

int kdbus_allow(struct kdbus_peer *from, struct kdbus_peer *to,
		const struct kdbus_approval *approval);
bool kdbus_allowed(struct kdbus_peer *from, struct kdbus_peer *to,
		   const struct kdbus_view *view, u8 type);

#endif
