/* SPDX-License-Identifier: GPL-2.0-only */
/* Published names: what the destination of a message is looked up in. */
#ifndef KDBUS_KERN_NAMES_H
#define KDBUS_KERN_NAMES_H

#include <linux/rhashtable.h>

#include "../core/message.h"

struct kdbus_bus;
struct kdbus_peer;

/**
 * struct kdbus_name - a name that routes to a peer
 * @node: in the table of the bus
 * @list: in kdbus_peer.names
 * @rcu: freed behind a grace period
 * @owner: the peer; valid as long as the name is, by RCU
 * @live: cleared when it is withdrawn, under the lock of the owner's queue
 * @key: the text, in @text
 * @text: the name and NUL
 */
struct kdbus_name {
	struct rhash_head node;
	struct list_head list;
	struct rcu_head rcu;
	struct kdbus_peer *owner;
	bool live;
	struct kdbus_str key;
	char text[];
};

extern const struct rhashtable_params kdbus_names_params;

struct kdbus_name *kdbus_name_find(struct kdbus_bus *bus,
				   const struct kdbus_str *text);
int kdbus_name_publish(struct kdbus_peer *peer, const struct kdbus_str *text);
void kdbus_name_withdraw(struct kdbus_peer *peer, const struct kdbus_str *text);
void kdbus_names_withdraw_all(struct kdbus_peer *peer);

#endif
