/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bus: what belongs to one listening socket.
 *
 * Lock order, outermost first.  Whoever needs several takes them in this
 * order; lockdep sees each as a class of its own.
 *
 *	kdbus_buses_lock	the list of buses
 *	kdbus_bus.lock		peers and configuration of a bus
 *	kdbus_tx.lock		a sender's assembly of its stream (copies from
 *				user space happen under it)
 *	kdbus_peer.release	who releases messages that were held
 *	kdbus_queue.reader	a reader's place in its queue (copies to user
 *				space happen under it)
 *	kdbus_peer.route	a sender's order: what it has sent reaches its
 *				destination before what it sends next
 *	kdbus_bus.batch_lock	the order of what several recipients get
 *	kdbus_queue.lock	one queue: what is delivered to a recipient, and
 *				whether it may be
 *	kdbus_peer.owed_lock	replies that a peer owes
 *
 * The first five are mutexes.  A delivery holds the sender's route and the
 * recipient's queue lock, and checks under these two everything that allows it.
 * So whoever makes something untrue changes it under the lock that guards it
 * (see the members) and knows on return that no delivery relies on it.
 */
#ifndef KDBUS_KERN_BUS_H
#define KDBUS_KERN_BUS_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rhashtable-types.h>
#include <linux/spinlock.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>

#include "../uapi/kdbus.h"
#include "off.h"

/* Match rules are indexed by which of so many properties they name, and by how. */
#define KDBUS_RULE_MASKS	32
#define KDBUS_RULE_DETAILS	6

struct kdbus_batch;
struct kdbus_user;
struct net;
struct workqueue_struct;

/**
 * enum kdbus_stat - what a bus counts
 * @KDBUS_STAT_CALLS: calls that the module delivered
 * @KDBUS_STAT_RETURNS: method returns, likewise
 * @KDBUS_STAT_ERRORS: error replies, likewise
 * @KDBUS_STAT_SIGNALS: unicast signals, likewise
 * @KDBUS_STAT_BROADCASTS: signals to whoever wants them, likewise
 * @KDBUS_STAT_COPIES: recipients of broadcasts
 * @KDBUS_STAT_FAST_BYTES: bytes of what the module delivered, but for broadcasts
 * @KDBUS_STAT_HELD: messages that had to wait until the daemon had finished with
 *	what was sent before them
 * @KDBUS_STAT_SLOW: all messages given to the daemon, be they for itself or for
 *	others
 * @KDBUS_STAT_LENT: pieces of those that it reads from an attached socket
 *	itself, because they may bring files
 * @KDBUS_STAT_DAEMON: messages that the daemon sent: its own, and those of others
 *	that it passes on, once for each recipient
 * @KDBUS_STAT_INVALID: messages that are not valid, which are among
 *	%KDBUS_STAT_SLOW as well
 * @KDBUS_STATS: number of counters
 */
enum kdbus_stat {
	KDBUS_STAT_CALLS,
	KDBUS_STAT_RETURNS,
	KDBUS_STAT_ERRORS,
	KDBUS_STAT_SIGNALS,
	KDBUS_STAT_BROADCASTS,
	KDBUS_STAT_COPIES,
	KDBUS_STAT_FAST_BYTES,
	KDBUS_STAT_HELD,
	KDBUS_STAT_SLOW,
	KDBUS_STAT_LENT,
	KDBUS_STAT_DAEMON,
	KDBUS_STAT_INVALID,
	KDBUS_STATS,
};

struct kdbus_stats {
	u64 count[KDBUS_STATS];
};

/**
 * struct kdbus_bus - a bus
 * @kref: one for the listening socket and one for each peer
 * @node: in the list of all buses
 * @net: network namespace of the listening socket, with a reference, for the
 *	listing
 * @id: number of the bus
 * @owner: user who listens
 * @user: his account, which the bus is charged to
 * @threads: kernel threads that read and write for attached clients: its own, as
 *	the owner can keep them waiting
 * @path: where it listens, for the listing
 * @lock: guards @peers, @by_id, @next_peer and changes of @config, @forced_off and
 *	what follows @rules
 * @peers: all connections, accepted or not
 * @by_id: the same by their numbers
 * @next_peer: number of the latest one
 * @config: what the owner has said; read under the lock of a recipient's
 *	queue, which a change passes through before it returns
 * @forced_off: the fast path is off whatever the owner says; likewise
 * @tables: how these are keyed
 * @names: struct kdbus_name by its text
 * @replies: struct kdbus_reply_slot by caller, callee and serial
 * @rules: struct kdbus_rule_set by the properties that rules name
 * @rule_entries: number of those with exactly these properties
 * @rule_masks: bit by properties: are there any?
 * @rule_args: arguments of a message that rules have ever looked at
 * @interests: changes with every change of who wants which broadcast, that is of
 *	rules and names
 * @foreign_rules: rules of others than peers
 * @foreign_count: how many
 * @batch_lock: guards @batch, and held while a broadcast gets its place in every
 *	queue
 * @batch: what the owner writes belongs to it; NULL normally
 * @stats: counters
 */
struct kdbus_bus {
	struct kref kref;
	struct list_head node;
	struct net *net;
	u64 id;
	kuid_t owner;
	struct kdbus_user *user;
	struct workqueue_struct *threads;
	char path[KDBUS_PATH_MAX];

	struct mutex lock;
	struct list_head peers;
	struct xarray by_id;
	u64 next_peer;
	struct kdbus_bus_config config;
	bool forced_off;

	const struct kdbus_bus_tables *tables;
	struct rhashtable names;
	struct rhashtable replies;
	struct rhashtable rules;
	u32 rule_entries[KDBUS_RULE_DETAILS][KDBUS_RULE_MASKS];
	u32 rule_masks[KDBUS_RULE_DETAILS];
	u32 rule_args;
	atomic_t interests;
	struct list_head foreign_rules;
	u32 foreign_count;

	spinlock_t batch_lock;
	struct kdbus_batch *batch;
	struct kdbus_stats __percpu *stats;
};

extern struct mutex kdbus_buses_lock;
extern struct list_head kdbus_buses;
extern u64 kdbus_buses_ended;
extern struct kdbus_stats kdbus_buses_ended_stats;

/**
 * struct kdbus_bus_tables - how the tables of a bus are keyed, and emptied
 * @names: of kdbus_bus.names
 * @replies: of kdbus_bus.replies
 * @rules: of kdbus_bus.rules
 * @free_rules: frees kdbus_bus.foreign_rules when the bus is freed
 */
struct kdbus_bus_tables {
	const struct rhashtable_params *names;
	const struct rhashtable_params *replies;
	const struct rhashtable_params *rules;
	void (*free_rules)(struct kdbus_bus *bus);
};

struct kdbus_bus *kdbus_bus_new(struct net *net, const char *path,
				const struct kdbus_bus_tables *tables);
struct kdbus_bus *kdbus_bus_get(struct kdbus_bus *bus);
void kdbus_bus_put(struct kdbus_bus *bus);
u64 kdbus_bus_count(const struct kdbus_bus *bus, enum kdbus_stat stat);

static inline void kdbus_bus_add(struct kdbus_bus *bus, enum kdbus_stat stat,
				 u64 n)
{
	this_cpu_add(bus->stats->count[stat], n);
}

/* May the module deliver at all?  See @config for what makes this reliable. */
static inline bool kdbus_bus_fast(const struct kdbus_bus *bus)
{
	return (READ_ONCE(bus->config.flags) & KDBUS_BUS_FASTPATH) &&
	       !READ_ONCE(bus->forced_off);
}

/*
 * Who wants which broadcast has changed.  A broadcast whose recipients have been
 * found before, and that is not in their queues yet, finds out: see
 * kdbus_fanout_current().
 */
static inline void kdbus_bus_interests_changed(struct kdbus_bus *bus)
{
	/* A value is returned, so this is ordered with what is around it. */
	atomic_inc_return(&bus->interests);
}

/* And broadcasts? */
static inline bool kdbus_bus_broadcasts(const struct kdbus_bus *bus)
{
	return kdbus_bus_fast(bus) &&
	       ((READ_ONCE(bus->config.flags) & KDBUS_BUS_BROADCAST) ||
		kdbus_off(KDBUS_OFF_PAUSE));
}

#endif
