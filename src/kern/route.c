// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a message goes: to its recipient, to the daemon, or on hold.
 *
 * Any doubt goes to the daemon, which does what it always did.  As long as it
 * has not finished with what it got (the fence), later messages of the same
 * sender that could be delivered are held back, so that none overtakes: neither
 * on the way to the same recipient, nor through somebody who reacts to it.
 */

#include <linux/slab.h>
#include <net/sock.h>

#include "../core/message.h"
#include "../core/rewrite.h"
#include "allow.h"
#include "broadcast.h"
#include "bus.h"
#include "matches.h"
#include "names.h"
#include "off.h"
#include "peer.h"
#include "reply.h"
#include "route.h"
#include "user.h"

/* What has become of a message, and whom that concerns. */
enum kdbus_routed {
	KDBUS_ROUTED_FAST,
	KDBUS_ROUTED_BROADCAST,
	KDBUS_ROUTED_SLOW,
	KDBUS_ROUTED_HELD,
	KDBUS_ROUTED_DROPPED,
};

/* @to is for a message to one recipient alone. */
struct kdbus_outcome {
	enum kdbus_routed routed;
	struct kdbus_peer *to;
	struct kdbus_fanout *fanout;
};

static bool kdbus_is_reply(const struct kdbus_view *view)
{
	return view->type == KDBUS_TYPE_RETURN ||
	       view->type == KDBUS_TYPE_ERROR;
}

static bool kdbus_wants_reply(const struct kdbus_view *view)
{
	return view->type == KDBUS_TYPE_CALL &&
	       !(view->flags & KDBUS_FLAG_NO_REPLY_EXPECTED);
}

static bool kdbus_is_broadcast(const struct kdbus_view *view)
{
	return view->type == KDBUS_TYPE_SIGNAL && !view->destination.len;
}

static bool kdbus_str_is(const struct kdbus_str *str, const char *text)
{
	return str->len == strlen(text) && !memcmp(str->s, text, str->len);
}

/*
 * Is it a signal that may reach all who want it?  One of the interface that every
 * libdbus connection answers does not: with no destination it is for the
 * daemon's own, see _dbus_connection_peer_filter() of libdbus.
 */
static bool kdbus_route_to_all(const struct kdbus_peer *peer,
			       const struct kdbus_view *view)
{
	/*
	 * Files would have to be multiplied as well.  And a message of the other byte
	 * order is turned by dbus-daemon, see _dbus_message_iter_init_common(), if it
	 * has to look into it for anybody's rule.
	 */
	return !view->unix_fds &&
	       view->frame.big_endian == KDBUS_HOST_BIG_ENDIAN &&
	       kdbus_bus_broadcasts(peer->bus) &&
	       !kdbus_str_is(&view->interface, "org.freedesktop.DBus.Peer");
}

/* The header alone: is this something that the module may ever deliver? */
static bool kdbus_route_eligible(struct kdbus_peer *peer,
				 const struct kdbus_msg *msg,
				 const struct kdbus_view *view)
{
	u32 len = kdbus_rewrite_len(view, peer->unique_len);

	if (view->type > KDBUS_TYPE_SIGNAL || view->unknown_fields ||
	    (view->flags & ~KDBUS_FLAGS_KNOWN))
		return false;
	if (kdbus_is_broadcast(view)) {
		if (!kdbus_route_to_all(peer, view))
			return false;
	} else if (!view->destination.len ||
		   kdbus_str_is(&view->destination, "org.freedesktop.DBus")) {
		/* What is said to the bus itself. */
		return false;
	}
	/* dbus-daemon treats any message with REPLY_SERIAL as a reply. */
	if (kdbus_is_reply(view) !=
	    !!(view->present & KDBUS_HDR_BIT(KDBUS_HDR_REPLY_SERIAL)))
		return false;
	if (view->unix_fds != kdbus_fds_count(&msg->fds) ||
	    view->unix_fds > READ_ONCE(peer->bus->config.max_message_fds))
		return false;
	return len >= view->frame.header_len &&
	       len - view->frame.header_len <= KDBUS_HEADROOM &&
	       kdbus_rewrite_fits(view, peer->unique_len, KDBUS_MESSAGE_MAX);
}

/* Not worth the rest if the name is unknown; it is looked up again later. */
static bool kdbus_route_reachable(struct kdbus_peer *peer,
				  const struct kdbus_view *view)
{
	struct kdbus_name *name;

	if (kdbus_is_broadcast(view))
		return true;
	rcu_read_lock();
	name = kdbus_name_find(peer->bus, &view->destination);
	rcu_read_unlock();
	return name;
}

/* Looks at the whole message, before any lock is taken. */
static bool kdbus_route_examine(struct kdbus_peer *peer, struct kdbus_msg *msg,
				struct kdbus_view *view)
{
	const u8 *data = kdbus_msg_bytes(msg);

	/* Pairs with kdbus_name_note_unique(): so is the text. */
	if (!kdbus_bus_fast(peer->bus) || !smp_load_acquire(&peer->unique_len))
		return false;
	if (!kdbus_message_parse(data, kdbus_msg_len(msg), view)) {
		kdbus_bus_add(peer->bus, KDBUS_STAT_INVALID, 1);
		return false;
	}
	if (view->frame.header_len > KDBUS_FAST_HEADER_MAX ||
	    !kdbus_route_eligible(peer, msg, view) ||
	    !kdbus_route_reachable(peer, view))
		return false;
	if (!kdbus_body_valid(data, view)) {
		kdbus_bus_add(peer->bus, KDBUS_STAT_INVALID, 1);
		return false;
	}
	if (kdbus_wants_reply(view)) {
		msg->slot = kdbus_reply_alloc();
		return msg->slot;
	}
	return true;
}

/* Would it be delivered, the fence apart?  Under both locks. */
static bool kdbus_route_allowed(struct kdbus_peer *peer, struct kdbus_peer *to,
				const struct kdbus_msg *msg,
				const struct kdbus_view *view)
{
	const struct kdbus_bus_config *config = &peer->bus->config;

	if (!kdbus_bus_fast(peer->bus) || to->down.shut || to->down_off ||
	    kdbus_user_part_full(peer->user, msg->data->size))
		return false;
	if (to->down.bytes > READ_ONCE(config->max_outgoing_bytes) ||
	    to->down.fds > READ_ONCE(config->max_outgoing_fds))
		return false;
	/* From a sender who may not send files, the daemon would read none. */
	if (msg->fds.list && (!(peer->caps & to->caps & KDBUS_CAP_FDS) ||
			      to->transport->attached))
		return false;
	if (kdbus_wants_reply(view) &&
	    (kdbus_reply_count(peer) >= READ_ONCE(config->max_replies) ||
	     kdbus_reply_reused(peer, view->serial)))
		return false;
	if (kdbus_is_reply(view) &&
	    !kdbus_reply_known(peer->bus, to->id, peer->id, view->reply_serial))
		return false;
	return kdbus_allowed(peer, to, view, view->type);
}

static bool kdbus_route_replies(struct kdbus_peer *peer, struct kdbus_peer *to,
				struct kdbus_msg *msg,
				const struct kdbus_view *view)
{
	if (kdbus_is_reply(view))
		return kdbus_reply_claim(peer->bus, to->id, peer,
					 view->reply_serial, false);
	if (!kdbus_wants_reply(view))
		return true;
	if (!kdbus_reply_expect(msg->slot, peer, to, view->serial))
		return false;
	msg->slot = NULL;
	return true;
}

/* How much longer the header gets by the name of the sender. */
static u32 kdbus_route_growth(const struct kdbus_peer *peer,
			      const struct kdbus_view *view)
{
	return kdbus_rewrite_len(view, peer->unique_len) -
	       view->frame.header_len;
}

/* The sender as the recipient is to see it; into the room before the header. */
static void kdbus_route_stamp(struct kdbus_peer *peer, struct kdbus_msg *msg,
			      const struct kdbus_view *view)
{
	u32 more = kdbus_route_growth(peer, view);
	u8 *data = kdbus_msg_bytes(msg);

	kdbus_rewrite_sender(data, view, peer->unique, peer->unique_len,
			     data - more);
	msg->pos -= more;
}

static void kdbus_route_count(struct kdbus_bus *bus, struct kdbus_msg *msg,
			      const struct kdbus_view *view)
{
	static const enum kdbus_stat stats[] = {
		[KDBUS_TYPE_CALL] = KDBUS_STAT_CALLS,
		[KDBUS_TYPE_RETURN] = KDBUS_STAT_RETURNS,
		[KDBUS_TYPE_ERROR] = KDBUS_STAT_ERRORS,
		[KDBUS_TYPE_SIGNAL] = KDBUS_STAT_SIGNALS,
	};

	kdbus_bus_add(bus, stats[view->type], 1);
	kdbus_bus_add(bus, KDBUS_STAT_FAST_BYTES, kdbus_msg_len(msg));
}

/*
 * Delivers the message, unless @fenced.  False if that is not allowed, so that
 * it has to go to the daemon.
 */
static bool kdbus_route_deliver(struct kdbus_peer *peer, struct kdbus_msg *msg,
				const struct kdbus_view *view, bool fenced,
				struct kdbus_outcome *out)
{
	struct kdbus_name *name = kdbus_name_find(peer->bus,
						  &view->destination);
	struct kdbus_peer *to;
	bool ok;

	lockdep_assert_held(&peer->route);

	if (!name)
		return false;
	to = name->owner;
	spin_lock(&to->down.lock);
	ok = name->live && kdbus_route_allowed(peer, to, msg, view);
	if (ok && !fenced) {
		ok = kdbus_route_replies(peer, to, msg, view);
		if (ok) {
			kdbus_route_stamp(peer, msg, view);
			kdbus_route_count(peer->bus, msg, view);
			/* From here on the recipient answers for it. */
			kdbus_msg_uncharge(msg);
			__kdbus_queue_add(&to->down, msg);
			out->routed = KDBUS_ROUTED_FAST;
			out->to = to;
		}
	}
	spin_unlock(&to->down.lock);
	return ok;
}

/*
 * Puts a broadcast into the queues of all who want it.  Any two of them get any two
 * broadcasts in one order, as they do from dbus-daemon: one comes after the other in
 * every queue, and none in the middle of what the owner says to several.
 */
static bool kdbus_route_stage(struct kdbus_peer *peer, struct kdbus_fanout *fanout,
			      const struct kdbus_view *view, u32 pos)
{
	struct kdbus_bus *bus = peer->bus;
	bool ok;

	spin_lock(&bus->batch_lock);
	ok = !bus->batch && kdbus_fanout_stage(fanout, view, pos);
	spin_unlock(&bus->batch_lock);
	return ok;
}

/* Likewise for all who want a broadcast; none of them is fine too. */
static bool kdbus_route_broadcast(struct kdbus_peer *peer,
				  struct kdbus_msg *msg,
				  const struct kdbus_view *view, bool fenced,
				  struct kdbus_outcome *out)
{
	u32 pos = msg->pos - kdbus_route_growth(peer, view);

	lockdep_assert_held(&peer->route);

	if (!kdbus_bus_broadcasts(peer->bus) ||
	    kdbus_user_part_full(peer->user, msg->data->size))
		return false;
	if (fenced)
		return kdbus_fanout_allowed(out->fanout, view);
	/* Nobody may see it without a sender. */
	if (kdbus_off(KDBUS_OFF_STAGING))
		kdbus_route_stamp(peer, msg, view);
	if (!kdbus_route_stage(peer, out->fanout, view, pos))
		return false;
	if (!kdbus_off(KDBUS_OFF_STAGING))
		kdbus_route_stamp(peer, msg, view);
	kdbus_bus_add(peer->bus, KDBUS_STAT_BROADCASTS, 1);
	kdbus_bus_add(peer->bus, KDBUS_STAT_COPIES,
		      kdbus_fanout_commit(out->fanout));
	out->routed = KDBUS_ROUTED_BROADCAST;
	return true;
}

static bool kdbus_route_fast(struct kdbus_peer *peer, struct kdbus_msg *msg,
			     const struct kdbus_view *view, bool fenced,
			     struct kdbus_outcome *out)
{
	if (!msg->valid)
		return false;
	if (out->fanout)
		return kdbus_route_broadcast(peer, msg, view, fenced, out);
	return kdbus_route_deliver(peer, msg, view, fenced, out);
}

static void kdbus_route_charge(struct kdbus_peer *peer, struct kdbus_msg *msg)
{
	if (!msg->charged)
		kdbus_msg_charge(msg, peer->client_sk);
}

static void kdbus_route_hold(struct kdbus_peer *peer, struct kdbus_msg *msg,
			     struct kdbus_outcome *out)
{
	kdbus_route_charge(peer, msg);
	list_add_tail(&msg->node, &peer->held);
	kdbus_bus_add(peer->bus, KDBUS_STAT_HELD, 1);
	out->routed = KDBUS_ROUTED_HELD;
}

static void kdbus_route_slow(struct kdbus_peer *peer, struct kdbus_msg *msg,
			     struct kdbus_outcome *out)
{
	/* Once it is in the queue it is the daemon's, which may free it. */
	bool counts = msg->counts;
	bool over = false;

	kdbus_route_charge(peer, msg);
	if (counts)
		over = kdbus_reply_asked(peer, kdbus_msg_bytes(msg));
	if (!kdbus_queue_add(&peer->up, msg)) {
		out->routed = KDBUS_ROUTED_DROPPED;
		return;
	}
	if (counts) {
		peer->given++;
		peer->unfinished++;
		if (over)
			peer->over = peer->given;
		kdbus_bus_add(peer->bus, KDBUS_STAT_SLOW, 1);
	}
	out->routed = KDBUS_ROUTED_SLOW;
}

/* Decides on a message whose turn it is. */
static void kdbus_route_one(struct kdbus_peer *peer, struct kdbus_msg *msg,
			    const struct kdbus_view *view,
			    struct kdbus_outcome *out)
{
	bool fenced = peer->unfinished && !kdbus_off(KDBUS_OFF_FENCE);

	lockdep_assert_held(&peer->route);

	if (peer->retired) {
		out->routed = KDBUS_ROUTED_DROPPED;
		return;
	}
	if (kdbus_route_fast(peer, msg, view, fenced, out)) {
		if (fenced)
			kdbus_route_hold(peer, msg, out);
		return;
	}
	kdbus_route_slow(peer, msg, out);
}

/*
 * Wakes the recipient, without locks but still under rcu_read_lock(), which
 * keeps it.  One whose waking may sleep is kept by a reference for later.
 */
static void kdbus_route_wake(struct kdbus_outcome *out)
{
	struct kdbus_peer *to = out->to;

	if (!to)
		return;
	if (to->transport->attached && kref_get_unless_zero(&to->kref))
		return;
	out->to = NULL;
	if (!to->transport->attached)
		kdbus_peer_wake_client(to);
}

/* What is left to do in the end, where it may sleep. */
static void kdbus_route_finish(struct kdbus_peer *peer, struct kdbus_msg *msg,
			       const struct kdbus_outcome *out)
{
	if (out->to) {
		kdbus_peer_wake_client(out->to);
		kdbus_peer_put(out->to);
	}
	if (out->routed == KDBUS_ROUTED_BROADCAST)
		kdbus_fanout_wake(out->fanout);
	else if (out->routed == KDBUS_ROUTED_SLOW)
		kdbus_peer_wake_daemon(peer);
	/* The recipients of a broadcast have entries of their own. */
	if (out->routed == KDBUS_ROUTED_DROPPED ||
	    out->routed == KDBUS_ROUTED_BROADCAST)
		kdbus_msg_free(msg);
	kdbus_fanout_unhide(out->fanout);
	kdbus_fanout_free(out->fanout);
}

/* Finds the recipients of a broadcast; without any it is for the daemon. */
static struct kdbus_fanout *kdbus_route_fan_out(struct kdbus_peer *peer,
						struct kdbus_msg *msg,
						const struct kdbus_view *view)
{
	struct kdbus_fanout *fanout;

	if (!msg->valid || !kdbus_is_broadcast(view))
		return NULL;
	fanout = kdbus_fanout_new(peer, msg, view);
	msg->valid = fanout;
	return fanout;
}

static bool kdbus_route_releasing(struct kdbus_peer *peer)
{
	bool releasing;

	spin_lock(&peer->route);
	releasing = !list_empty(&peer->held) && !peer->unfinished;
	spin_unlock(&peer->route);
	return releasing;
}

/*
 * While the daemon releases what is held, whoever sends more waits for that: it
 * would have no end if he could hold messages as fast as it releases them.
 */
static void kdbus_route_await_release(struct kdbus_peer *peer)
{
	if (!list_empty(&peer->held))
		wait_event_killable(peer->released,
				    !kdbus_route_releasing(peer));
}

static void kdbus_route_new(struct kdbus_peer *peer, struct kdbus_msg *msg,
			    const struct kdbus_view *view)
{
	struct kdbus_outcome out = {};

	/* First: who wants a broadcast may be another one afterwards. */
	kdbus_route_await_release(peer);
	out.fanout = kdbus_route_fan_out(peer, msg, view);
	rcu_read_lock();
	spin_lock(&peer->route);
	if (!list_empty(&peer->held))
		kdbus_route_hold(peer, msg, &out);
	else
		kdbus_route_one(peer, msg, view, &out);
	spin_unlock(&peer->route);
	kdbus_route_wake(&out);
	rcu_read_unlock();
	kdbus_route_finish(peer, msg, &out);
}

/**
 * kdbus_route_message() - a client has sent a whole message
 * @peer: the client
 * @msg: the message, taken
 *
 * Context: process context of the sender, may sleep; takes the locks of a
 * delivery.
 */
void kdbus_route_message(struct kdbus_peer *peer, struct kdbus_msg *msg)
{
	struct kdbus_view view;

	msg->counts = true;
	msg->valid = kdbus_route_examine(peer, msg, &view);
	kdbus_route_new(peer, msg, &view);
}

/**
 * kdbus_route_chunk() - a client has sent bytes that only the daemon can judge
 * @peer: the client
 * @msg: the bytes, taken
 * @starts_message: a message begins here; the daemon will finish it
 *
 * Context: process context of the sender.
 */
void kdbus_route_chunk(struct kdbus_peer *peer, struct kdbus_msg *msg,
		       bool starts_message)
{
	msg->chunk = true;
	msg->counts = starts_message;
	kdbus_route_new(peer, msg, NULL);
}

/* The client is gone and nothing is held: the daemon may see the end. */
static bool kdbus_route_ended(struct kdbus_peer *peer)
{
	lockdep_assert_held(&peer->route);

	if (peer->eof || !peer->client_gone || !list_empty(&peer->held))
		return false;
	peer->eof = true;
	return true;
}

/* Half closed is half closed, unless the other half has followed meanwhile. */
static void kdbus_route_show_end(struct kdbus_peer *peer)
{
	bool reset;
	u8 mode;

	spin_lock(&peer->route);
	mode = peer->client_closed ? SHUTDOWN_MASK : RCV_SHUTDOWN;
	reset = peer->client_reset;
	spin_unlock(&peer->route);
	kdbus_peer_shut(peer, peer->daemon_sk, mode, reset);
}

/* Is it a piece of a message of which the daemon waits for the rest? */
static bool kdbus_route_continues(const struct kdbus_msg *msg)
{
	return msg->chunk && !msg->counts;
}

static struct kdbus_msg *kdbus_route_next_held(struct kdbus_peer *peer)
{
	struct kdbus_msg *msg;

	spin_lock(&peer->route);
	msg = list_first_entry_or_null(&peer->held, struct kdbus_msg, node);
	if (msg && peer->unfinished && !kdbus_route_continues(msg))
		msg = NULL;
	spin_unlock(&peer->route);
	return msg;
}

/* Releases one held message, if the fence is open. False if there is none. */
static bool kdbus_route_release(struct kdbus_peer *peer)
{
	struct kdbus_msg *msg = kdbus_route_next_held(peer);
	struct kdbus_outcome out = {};
	struct kdbus_view view;

	lockdep_assert_held(&peer->release);

	if (!msg)
		return false;
	/* It has been found valid before; only the view is gone. */
	if (msg->valid)
		kdbus_message_parse(kdbus_msg_bytes(msg), kdbus_msg_len(msg),
				    &view);
	out.fanout = kdbus_route_fan_out(peer, msg, &view);

	rcu_read_lock();
	spin_lock(&peer->route);
	list_del(&msg->node);
	kdbus_route_one(peer, msg, &view, &out);
	spin_unlock(&peer->route);
	kdbus_route_wake(&out);
	rcu_read_unlock();
	kdbus_route_finish(peer, msg, &out);
	return true;
}

/**
 * kdbus_route_done() - the daemon has dispatched messages for good
 * @peer: the client that sent them
 * @count: how many
 *
 * Context: process context; takes the locks of a delivery.
 */
void kdbus_route_done(struct kdbus_peer *peer, u32 count)
{
	bool ended;

	spin_lock(&peer->route);
	peer->unfinished -= min_t(u64, count, peer->unfinished);
	spin_unlock(&peer->route);

	mutex_lock(&peer->release);
	while (kdbus_route_release(peer))
		cond_resched();
	mutex_unlock(&peer->release);
	wake_up_all(&peer->released);

	spin_lock(&peer->route);
	ended = kdbus_route_ended(peer);
	spin_unlock(&peer->route);
	if (ended)
		kdbus_route_show_end(peer);
}

/**
 * kdbus_route_end() - a client will send nothing more
 * @peer: the client
 * @closed: nor receive anything
 * @reset: and it has not read everything that was there
 *
 * The daemon reads the end of the stream once all before it has been routed.
 *
 * Context: process context.
 */
void kdbus_route_end(struct kdbus_peer *peer, bool closed, bool reset)
{
	bool ended;

	spin_lock(&peer->route);
	peer->client_gone = true;
	peer->client_closed |= closed;
	peer->client_reset |= reset;
	/* Half closed before, and the daemon knows: now it learns the rest. */
	if (closed)
		peer->eof = false;
	ended = kdbus_route_ended(peer);
	spin_unlock(&peer->route);
	if (ended)
		kdbus_route_show_end(peer);
}

/**
 * kdbus_route_retire() - the daemon has closed its end of a connection
 * @peer: the connection
 *
 * Nothing is routed from or to it any more when this returns.
 *
 * Context: process context, may sleep; takes kdbus_bus.lock.
 * Return: true if the client has sent something that nobody has read.
 */
bool kdbus_route_retire(struct kdbus_peer *peer)
{
	struct kdbus_msg *msg, *next;
	LIST_HEAD(held);

	spin_lock(&peer->route);
	WRITE_ONCE(peer->retired, true);
	list_splice_init(&peer->held, &held);
	spin_unlock(&peer->route);
	list_for_each_entry_safe(msg, next, &held, node)
		kdbus_msg_free(msg);
	wake_up_all(&peer->released);

	kdbus_queue_shut(&peer->down);
	kdbus_names_withdraw_all(peer);
	kdbus_rules_remove_all(peer);
	kdbus_replies_drop(peer);
	return kdbus_queue_purge(&peer->up);
}
