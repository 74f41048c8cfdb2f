/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether there is room for another message. */
#ifndef KDBUS_KERN_ROOM_H
#define KDBUS_KERN_ROOM_H

#include <linux/types.h>

struct kdbus_peer;

bool kdbus_room_client(const struct kdbus_peer *peer);
bool kdbus_room_daemon(const struct kdbus_peer *peer);
bool kdbus_room_daemon_wait(struct kdbus_peer *peer);
void kdbus_room_daemon_appears(struct kdbus_peer *peer);
void kdbus_room_daemon_relief(struct kdbus_peer *peer);

#endif
