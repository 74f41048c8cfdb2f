/* SPDX-License-Identifier: GPL-2.0-only */
/* Replies that are due: a reply is delivered once, and only if asked for. */
#ifndef KDBUS_KERN_REPLY_H
#define KDBUS_KERN_REPLY_H

#include <linux/list.h>
#include <linux/rhashtable.h>

struct kdbus_bus;
struct kdbus_peer;
struct kdbus_reply;

/**
 * struct kdbus_reply_key - what identifies a reply
 * @caller: number of the peer that waits
 * @callee: number of the peer that owes it
 * @serial: of the call
 * @zero: nothing else is in the key
 */
struct kdbus_reply_key {
	u64 caller;
	u64 callee;
	u32 serial;
	u32 zero;
};

/**
 * struct kdbus_reply_slot - a reply that is due
 * @node: in kdbus_bus.replies
 * @owed: in kdbus_peer.owed of the callee, guarded by its owed_lock; whoever
 *	takes it off there has the slot
 * @rcu: freed behind a grace period
 * @key: which
 * @caller: the peer that waits; valid while the slot is on @owed
 */
struct kdbus_reply_slot {
	struct rhash_head node;
	struct list_head owed;
	struct rcu_head rcu;
	struct kdbus_reply_key key;
	struct kdbus_peer *caller;
};

extern const struct rhashtable_params kdbus_replies_params;

struct kdbus_reply_slot *kdbus_reply_alloc(void);
bool kdbus_reply_expect(struct kdbus_reply_slot *slot, struct kdbus_peer *caller,
			struct kdbus_peer *callee, u32 serial);
bool kdbus_reply_claim(struct kdbus_bus *bus, u64 caller,
		       struct kdbus_peer *callee, u32 serial, bool by_owner);
bool kdbus_reply_known(struct kdbus_bus *bus, u64 caller, u64 callee,
		       u32 serial);
bool kdbus_reply_take(struct kdbus_peer *callee, struct kdbus_reply *reply);
void kdbus_replies_drop(struct kdbus_peer *peer);
bool kdbus_reply_asked(struct kdbus_peer *caller, const u8 *call);
bool kdbus_reply_reused(const struct kdbus_peer *caller, u32 serial);
void kdbus_reply_answered(struct kdbus_peer *caller, const u8 *reply);
void kdbus_reply_least(struct kdbus_peer *caller, u32 count);
int kdbus_reply_count(const struct kdbus_peer *caller);
u32 kdbus_reply_count_then(struct kdbus_peer *caller);

#endif
