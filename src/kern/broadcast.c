// SPDX-License-Identifier: GPL-2.0-only
/*
 * One message to all who want it, as one event.
 *
 * The recipients are found, and the memory for their queues is got, before any
 * lock is taken. Then the message is put into queue after queue, invisible; if
 * one recipient may not have it, it is taken out again everywhere and goes to
 * the daemon. When it is in all of them it becomes visible at once.
 */

#include <linux/slab.h>
#include <linux/sort.h>

#include "allow.h"
#include "broadcast.h"
#include "bus.h"
#include "limits.h"
#include "matches.h"
#include "off.h"
#include "peer.h"

/**
 * struct kdbus_fan - one recipient
 * @to: who, with a reference
 * @msg: entry for the queue, NULL once it is there
 * @staged: that entry, while it is invisible in the queue
 * @unstaged: it has been there, and was taken back
 */
struct kdbus_fan {
	struct kdbus_peer *to;
	struct kdbus_msg *msg;
	struct kdbus_msg *staged;
	bool unstaged;
};

/**
 * struct kdbus_fanout - a broadcast under way
 * @sender: who sends it
 * @batch: what makes it visible
 * @args: scratch space for matching
 * @interests: kdbus_bus.interests before the recipients were searched
 * @count: recipients found, at first one for each rule
 * @room: elements of @fans
 * @fans: the recipients
 */
struct kdbus_fanout {
	struct kdbus_peer *sender;
	struct kdbus_batch *batch;
	struct kdbus_match_args args;
	int interests;
	u32 count;
	u32 room;
	struct kdbus_fan *fans;
};

static void kdbus_fanout_clear(struct kdbus_fanout *fanout)
{
	u32 i, used = min(fanout->count, fanout->room);

	for (i = 0; i < used; i++) {
		if (fanout->fans[i].msg)
			kdbus_msg_free(fanout->fans[i].msg);
		kdbus_peer_put(fanout->fans[i].to);
	}
	fanout->count = 0;
}

/**
 * kdbus_fanout_free() - the end of a broadcast
 * @fanout: it, NULL for none
 *
 * Context: process context, no locks.
 */
void kdbus_fanout_free(struct kdbus_fanout *fanout)
{
	if (!fanout)
		return;
	kdbus_fanout_clear(fanout);
	kvfree(fanout->fans);
	if (fanout->batch)
		kdbus_batch_put(fanout->batch);
	kfree(fanout);
}

static bool kdbus_fanout_found(struct kdbus_peer *peer, void *data)
{
	struct kdbus_fanout *fanout = data;
	u32 i = fanout->count;

	/* Somebody whom only the daemon can reach. */
	if (!peer)
		return false;
	/* The last reference has gone: so will its rules. */
	if (i < fanout->room && !kref_get_unless_zero(&peer->kref))
		return true;
	if (i < fanout->room)
		fanout->fans[i] = (struct kdbus_fan){ .to = peer };
	fanout->count++;
	return true;
}

static int kdbus_fan_compare(const void *a, const void *b)
{
	const struct kdbus_fan *fan_a = a, *fan_b = b;

	if (fan_a->to == fan_b->to)
		return 0;
	return fan_a->to < fan_b->to ? -1 : 1;
}

/* A peer may have several rules that match; it gets one message. */
static void kdbus_fanout_unify(struct kdbus_fanout *fanout)
{
	struct kdbus_fan *fans = fanout->fans;
	u32 i, n = 0;

	sort(fans, fanout->count, sizeof(*fans), kdbus_fan_compare, NULL);
	for (i = 0; i < fanout->count; i++) {
		if (n && fans[n - 1].to == fans[i].to)
			kdbus_peer_put(fans[i].to);
		else
			fans[n++] = fans[i];
	}
	fanout->count = n;
}

static bool kdbus_fanout_search(struct kdbus_fanout *fanout,
				const struct kdbus_view *view)
{
	bool ok;

	rcu_read_lock();
	/*
	 * Rules may name the sender.  While the owner of the bus has something
	 * that he could not write to it, it has no names here.
	 */
	ok = !list_empty(&fanout->sender->names) &&
	     kdbus_rules_find(fanout->sender, view, &fanout->args,
			      kdbus_fanout_found, fanout);
	rcu_read_unlock();
	return ok;
}

/* A rule that looks at more arguments than any before it changes the interests. */
static bool kdbus_fanout_read(struct kdbus_fanout *fanout, const u8 *bytes,
			      const struct kdbus_view *view)
{
	u32 count = READ_ONCE(fanout->sender->bus->rule_args);

	return kdbus_match_args_read(bytes, view, count, &fanout->args);
}

/* Finds the recipients; with more room as long as there are too many. */
static bool kdbus_fanout_collect(struct kdbus_fanout *fanout,
				 const struct kdbus_view *view)
{
	u32 room = KDBUS_FANOUT_FIRST;

	for (;;) {
		fanout->fans = kvmalloc_array(room, sizeof(*fanout->fans),
					      KDBUS_GFP_MESSAGE);
		if (!fanout->fans)
			return false;
		fanout->room = room;
		if (!kdbus_fanout_search(fanout, view))
			return false;
		if (fanout->count <= room)
			break;
		room = fanout->count + fanout->count / 2;
		kdbus_fanout_clear(fanout);
		kvfree(fanout->fans);
	}
	kdbus_fanout_unify(fanout);
	kdbus_off_dawdle(KDBUS_OFF_INTERESTS);
	return true;
}

/* An entry for each queue. */
static bool kdbus_fanout_prepare(struct kdbus_fanout *fanout,
				 struct kdbus_msg *msg)
{
	u32 i;

	if (fanout->count) {
		fanout->batch = kdbus_batch_new();
		if (!fanout->batch)
			return false;
	}
	for (i = 0; i < fanout->count; i++) {
		fanout->fans[i].msg = kdbus_msg_share(msg);
		if (!fanout->fans[i].msg)
			return false;
		kdbus_batch_join(fanout->batch, fanout->fans[i].msg);
	}
	return true;
}

/**
 * kdbus_fanout_new() - find who wants a broadcast
 * @sender: who sends it
 * @msg: the message, without files
 * @view: its header; the message is valid
 *
 * Context: process context, may sleep, no locks.
 * Return: the broadcast, or NULL if it has to go to the daemon.
 */
struct kdbus_fanout *kdbus_fanout_new(struct kdbus_peer *sender,
				      struct kdbus_msg *msg,
				      const struct kdbus_view *view)
{
	struct kdbus_fanout *fanout = kzalloc(sizeof(*fanout),
					      KDBUS_GFP_MESSAGE);

	if (!fanout)
		return NULL;
	fanout->sender = sender;
	/*
	 * Before anything that depends on them.  Pairs with
	 * kdbus_bus_interests_changed(): older rules are seen.
	 */
	fanout->interests = atomic_read_acquire(&sender->bus->interests);
	if (kdbus_fanout_read(fanout, kdbus_msg_bytes(msg), view) &&
	    kdbus_fanout_collect(fanout, view) &&
	    kdbus_fanout_prepare(fanout, msg))
		return fanout;
	kdbus_fanout_free(fanout);
	return NULL;
}

/*
 * What dbus-daemon does for one recipient: bus_dispatch_matches(). One that
 * does not read, or is going away, misses the signal, and no client is told; the
 * line that dbus-daemon writes into its log is missing.
 */
static bool kdbus_fan_skipped(const struct kdbus_peer *to,
			      const struct kdbus_bus_config *config)
{
	return to->down.shut ||
	       to->down.bytes > READ_ONCE(config->max_outgoing_bytes) ||
	       to->down.fds > READ_ONCE(config->max_outgoing_fds);
}

static bool kdbus_fan_allowed(struct kdbus_peer *sender, struct kdbus_peer *to,
			      const struct kdbus_view *view)
{
	lockdep_assert_held(&to->down.lock);

	return kdbus_bus_broadcasts(sender->bus) && !to->down_off &&
	       kdbus_allowed(sender, to, view, KDBUS_APPROVE_BROADCAST);
}

/**
 * kdbus_fanout_allowed() - could it be delivered right now?
 * @fanout: the broadcast
 * @view: its header
 *
 * Context: under the sender's route lock; takes locks of queues.
 */
bool kdbus_fanout_allowed(struct kdbus_fanout *fanout,
			  const struct kdbus_view *view)
{
	struct kdbus_peer *to;
	bool ok = true;
	u32 i;

	for (i = 0; ok && i < fanout->count; i++) {
		to = fanout->fans[i].to;
		spin_lock(&to->down.lock);
		ok = kdbus_fan_allowed(fanout->sender, to, view);
		spin_unlock(&to->down.lock);
	}
	return ok;
}

static bool kdbus_fan_stage(struct kdbus_fanout *fanout, struct kdbus_fan *fan,
			    const struct kdbus_view *view, u32 pos)
{
	const struct kdbus_bus_config *config = &fanout->sender->bus->config;
	struct kdbus_peer *to = fan->to;
	bool ok;

	spin_lock(&to->down.lock);
	ok = kdbus_fan_allowed(fanout->sender, to, view);
	if (ok && !kdbus_fan_skipped(to, config)) {
		fan->msg->pos = pos;
		__kdbus_queue_add(&to->down, fan->msg);
		fan->staged = fan->msg;
		fan->msg = NULL;
	}
	spin_unlock(&to->down.lock);
	return ok;
}

static void kdbus_fan_unstage(struct kdbus_fan *fan)
{
	if (!fan->staged)
		return;
	spin_lock(&fan->to->down.lock);
	__kdbus_queue_remove(&fan->to->down, fan->staged);
	spin_unlock(&fan->to->down.lock);
	fan->msg = fan->staged;
	fan->staged = NULL;
	fan->unstaged = true;
}

/*
 * Are the recipients still those who want it?
 *
 * Asked when the message has its place in their queues. If somebody's rule came
 * into force before, and anybody could know of that, then he would know it from
 * a message that is in front of this one, and this one would have to go to the
 * former as well. A change after that is one after the broadcast.
 */
static bool kdbus_fanout_current(const struct kdbus_fanout *fanout)
{
	if (kdbus_off(KDBUS_OFF_INTERESTS))
		return true;
	/* Pairs with kdbus_bus_interests_changed(). */
	smp_mb();
	return atomic_read(&fanout->sender->bus->interests) ==
	       fanout->interests;
}

/**
 * kdbus_fanout_stage() - put it into every queue, invisible
 * @fanout: the broadcast
 * @view: its header
 * @pos: where the message will begin once SENDER is written
 *
 * Context: under the sender's route lock; takes locks of queues.
 * Return: false if a recipient may not have it, or somebody else may want it by
 * now: it is in no queue then.
 */
bool kdbus_fanout_stage(struct kdbus_fanout *fanout,
			const struct kdbus_view *view, u32 pos)
{
	u32 i;

	for (i = 0; i < fanout->count; i++) {
		if (!kdbus_fan_stage(fanout, &fanout->fans[i], view, pos))
			break;
		kdbus_off_dawdle(KDBUS_OFF_STAGING);
	}
	if (i == fanout->count && kdbus_fanout_current(fanout))
		return true;
	/* What has been seen cannot be taken back. */
	if (kdbus_off(KDBUS_OFF_STAGING))
		return true;
	while (i--)
		kdbus_fan_unstage(&fanout->fans[i]);
	return false;
}

/**
 * kdbus_fanout_commit() - let the recipients see it
 * @fanout: the broadcast, staged, with SENDER written
 *
 * Context: under the sender's route lock.
 * Return: how many there are.
 */
u32 kdbus_fanout_commit(struct kdbus_fanout *fanout)
{
	u32 i, n = 0;

	if (fanout->batch)
		kdbus_batch_commit(fanout->batch);
	for (i = 0; i < fanout->count; i++)
		n += !!fanout->fans[i].staged;
	return n;
}

/**
 * kdbus_fanout_wake() - tell the recipients
 * @fanout: the broadcast, committed
 *
 * Context: process context, may sleep, no locks.
 */
void kdbus_fanout_wake(struct kdbus_fanout *fanout)
{
	u32 i;

	for (i = 0; i < fanout->count; i++)
		if (fanout->fans[i].staged)
			kdbus_peer_wake_client(fanout->fans[i].to);
}

/**
 * kdbus_fanout_unhide() - tell those from whom it was taken back
 * @fanout: the broadcast, NULL for none
 *
 * While it was in a queue, invisible, what came behind it could not be read, and
 * the owner of the bus may have found no room: they were woken in vain.
 *
 * Context: process context, may sleep, no locks.
 */
void kdbus_fanout_unhide(struct kdbus_fanout *fanout)
{
	u32 i;

	for (i = 0; fanout && i < fanout->count; i++) {
		if (!fanout->fans[i].unstaged)
			continue;
		kdbus_peer_wake_client(fanout->fans[i].to);
		kdbus_peer_wake_writer(fanout->fans[i].to);
	}
}
