// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replies that are due: a reply is delivered once, and only if asked for.
 *
 * The same bookkeeping as bus_connections_expect_reply() and
 * bus_connections_check_reply() of dbus-daemon, for the calls that it has not
 * seen.
 */

#include <linux/slab.h>

#include "../core/message.h"
#include "bus.h"
#include "limits.h"
#include "peer.h"
#include "reply.h"
#include "user.h"

const struct rhashtable_params kdbus_replies_params = {
	.head_offset = offsetof(struct kdbus_reply_slot, node),
	.key_offset = offsetof(struct kdbus_reply_slot, key),
	.key_len = sizeof(struct kdbus_reply_key),
	.automatic_shrinking = true,
};

/**
 * kdbus_reply_alloc() - memory to remember one reply
 *
 * Context: process context of the caller, may sleep.
 * Return: the memory, to be given to kdbus_reply_expect() or kfree(), or NULL.
 */
struct kdbus_reply_slot *kdbus_reply_alloc(void)
{
	return kzalloc(sizeof(struct kdbus_reply_slot), KDBUS_GFP_MESSAGE);
}

static void kdbus_reply_set_key(struct kdbus_reply_key *key, u64 caller,
				u64 callee, u32 serial)
{
	key->caller = caller;
	key->callee = callee;
	key->serial = serial;
	key->zero = 0;
}

/*
 * Serials of calls mostly rise.  Once nothing is waited for, as far as can be
 * seen from here, they may begin again.
 */
static void kdbus_reply_note_serial(struct kdbus_peer *caller, u32 serial)
{
	lockdep_assert_held(&caller->route);

	if (serial > caller->highest || !kdbus_reply_count(caller))
		caller->highest = serial;
}

/**
 * kdbus_reply_expect() - a call is being delivered whose reply will be due
 * @slot: memory, taken on success
 * @caller: who waits
 * @callee: who owes it
 * @serial: of the call
 *
 * Context: under the route lock of the caller; takes kdbus_peer.owed_lock of the
 * callee.
 * Return: false if this very reply is due already, memory is short, or the user
 * who waits has all that a user may have.
 */
bool kdbus_reply_expect(struct kdbus_reply_slot *slot, struct kdbus_peer *caller,
			struct kdbus_peer *callee, u32 serial)
{
	int ret;

	if (!kdbus_user_charge(caller->user, sizeof(*slot), false))
		return false;
	kdbus_reply_set_key(&slot->key, caller->id, callee->id, serial);
	slot->caller = caller;

	spin_lock(&callee->owed_lock);
	ret = rhashtable_lookup_insert_fast(&callee->bus->replies, &slot->node,
					    kdbus_replies_params);
	if (!ret)
		list_add_tail(&slot->owed, &callee->owed);
	spin_unlock(&callee->owed_lock);
	if (ret) {
		kdbus_user_uncharge(caller->user, sizeof(*slot));
		return false;
	}
	kdbus_reply_note_serial(caller, serial);
	atomic_inc(&caller->waiting);
	return true;
}

static struct kdbus_reply_slot *kdbus_reply_find(struct kdbus_bus *bus,
						 u64 caller, u64 callee,
						 u32 serial)
{
	struct kdbus_reply_key key;

	kdbus_reply_set_key(&key, caller, callee, serial);
	return rhashtable_lookup(&bus->replies, &key, kdbus_replies_params);
}

static void kdbus_reply_unlink(struct kdbus_peer *callee,
			       struct kdbus_reply_slot *slot)
{
	lockdep_assert_held(&callee->owed_lock);

	list_del_init(&slot->owed);
	rhashtable_remove_fast(&callee->bus->replies, &slot->node,
			       kdbus_replies_params);
	atomic_dec(&slot->caller->waiting);
	kdbus_user_uncharge(slot->caller->user, sizeof(*slot));
	kfree_rcu(slot, rcu);
}

/**
 * kdbus_reply_claim() - a reply has come; is it due?
 * @bus: the bus
 * @caller: number of the peer that it is for
 * @callee: who sent it
 * @serial: REPLY_SERIAL
 * @by_owner: it is the owner of the bus who passes it on
 *
 * Context: takes kdbus_peer.owed_lock of the callee.
 * Return: true if it was due; it is not any more.
 */
bool kdbus_reply_claim(struct kdbus_bus *bus, u64 caller,
		       struct kdbus_peer *callee, u32 serial, bool by_owner)
{
	struct kdbus_reply_slot *slot;

	rcu_read_lock();
	spin_lock(&callee->owed_lock);
	slot = kdbus_reply_find(bus, caller, callee->id, serial);
	if (slot && by_owner)
		atomic_inc(&slot->caller->asked);
	if (slot)
		kdbus_reply_unlink(callee, slot);
	spin_unlock(&callee->owed_lock);
	rcu_read_unlock();
	return slot;
}

/**
 * kdbus_reply_known() - is a reply due?
 * @bus: the bus
 * @caller: number of the peer that waits
 * @callee: number of the peer that owes it
 * @serial: of the call
 *
 * Context: any; a snapshot.
 */
bool kdbus_reply_known(struct kdbus_bus *bus, u64 caller, u64 callee,
		       u32 serial)
{
	bool known;

	rcu_read_lock();
	known = kdbus_reply_find(bus, caller, callee, serial);
	rcu_read_unlock();
	return known;
}

/**
 * kdbus_reply_take() - take over a reply that a peer owes
 * @callee: the peer
 * @reply: filled in
 *
 * Context: takes kdbus_peer.owed_lock of the callee.
 * Return: false if it owes none; the oldest comes first.
 */
bool kdbus_reply_take(struct kdbus_peer *callee, struct kdbus_reply *reply)
{
	struct kdbus_reply_slot *slot;

	spin_lock(&callee->owed_lock);
	slot = list_first_entry_or_null(&callee->owed, struct kdbus_reply_slot,
					owed);
	if (slot) {
		reply->peer = slot->key.caller;
		reply->serial = slot->key.serial;
		reply->reserved = 0;
		/* The owner of the bus will answer instead. */
		atomic_inc(&slot->caller->asked);
		kdbus_reply_unlink(callee, slot);
	}
	spin_unlock(&callee->owed_lock);
	return slot;
}

/* Takes the replies away that @caller, or everybody, has asked of one callee. */
static void kdbus_replies_drop_from(struct kdbus_peer *callee,
				    const struct kdbus_peer *caller)
{
	struct kdbus_reply_slot *slot, *next;

	spin_lock(&callee->owed_lock);
	list_for_each_entry_safe(slot, next, &callee->owed, owed)
		if (!caller || slot->caller == caller)
			kdbus_reply_unlink(callee, slot);
	spin_unlock(&callee->owed_lock);
}

/**
 * kdbus_replies_drop() - forget the replies that a peer owes or waits for
 * @peer: a peer that routes nothing any more
 *
 * Context: process context, may sleep; takes kdbus_bus.lock.
 */
void kdbus_replies_drop(struct kdbus_peer *peer)
{
	struct kdbus_peer *callee;

	kdbus_replies_drop_from(peer, NULL);
	if (!atomic_read(&peer->waiting))
		return;
	mutex_lock(&peer->bus->lock);
	list_for_each_entry(callee, &peer->bus->peers, list)
		kdbus_replies_drop_from(callee, peer);
	mutex_unlock(&peer->bus->lock);
}

/**
 * kdbus_reply_asked() - a message is given to the daemon
 * @caller: who has sent it
 * @call: the message, or its fixed header
 *
 * Context: under the route lock of the caller.
 * Return: true if it is a call beyond the limit, whatever the daemon knows.
 */
bool kdbus_reply_asked(struct kdbus_peer *caller, const u8 *call)
{
	if (call[1] != KDBUS_TYPE_CALL ||
	    (call[2] & KDBUS_FLAG_NO_REPLY_EXPECTED))
		return false;
	kdbus_reply_note_serial(caller, kdbus_message_serial(call));
	atomic_inc(&caller->asked);
	return atomic_read(&caller->waiting) >=
	       READ_ONCE(caller->bus->config.max_replies);
}

/**
 * kdbus_reply_reused() - may the daemon be waiting for this very reply?
 * @caller: who makes a call
 * @serial: of the call
 *
 * It would refuse the call then, and knows best.
 *
 * Context: under the route lock of the caller.
 */
bool kdbus_reply_reused(const struct kdbus_peer *caller, u32 serial)
{
	lockdep_assert_held(&caller->route);

	return serial <= caller->highest && atomic_read(&caller->asked);
}

/**
 * kdbus_reply_answered() - a message comes from the daemon
 * @caller: who gets it
 * @reply: the message, or its fixed header
 *
 * Context: any.
 */
void kdbus_reply_answered(struct kdbus_peer *caller, const u8 *reply)
{
	if (reply[1] == KDBUS_TYPE_RETURN || reply[1] == KDBUS_TYPE_ERROR)
		atomic_dec_if_positive(&caller->asked);
}

/**
 * kdbus_reply_least() - the daemon says what it knows
 * @caller: a peer
 * @count: number of replies that it waits for in the daemon, or more
 *
 * What it sends like a reply may be none, and has been taken for one.
 *
 * Context: any.
 */
void kdbus_reply_least(struct kdbus_peer *caller, u32 count)
{
	int least = min_t(u32, count, INT_MAX / 2), asked;

	asked = atomic_read(&caller->asked);
	while (asked < least &&
	       !atomic_try_cmpxchg(&caller->asked, &asked, least))
		;
}

/**
 * kdbus_reply_count() - how many replies does a peer wait for?
 * @caller: the peer
 *
 * The daemon counts those that it knows of itself.  What it has refused without
 * a word is counted here for ever, which costs the fast path only.
 *
 * Context: any; a snapshot.
 */
int kdbus_reply_count(const struct kdbus_peer *caller)
{
	return atomic_read(&caller->waiting) + atomic_read(&caller->asked);
}

/**
 * kdbus_reply_count_then() - how many did it wait for in the module?
 * @caller: the peer
 *
 * That is, when it sent what the daemon is dispatching now.  Replies may have
 * been delivered since, but a call that was one too many stays so.  As long as
 * the fence is closed no further call is delivered, so if one that the daemon
 * has not finished yet was beyond the limit, all before it were as well.
 *
 * Context: any; takes kdbus_peer.route.
 */
u32 kdbus_reply_count_then(struct kdbus_peer *caller)
{
	u32 count = atomic_read(&caller->waiting);

	spin_lock(&caller->route);
	if (caller->over > caller->given - caller->unfinished)
		count = max(count, READ_ONCE(caller->bus->config.max_replies));
	spin_unlock(&caller->route);
	return count;
}
