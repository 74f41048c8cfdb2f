// SPDX-License-Identifier: GPL-2.0-only
/* A peer: one connection to a bus, seen from the middle. */

#include <linux/cred.h>
#include <linux/slab.h>
#include <net/sock.h>

#include "bus.h"
#include "peer.h"
#include "user.h"

static struct workqueue_struct *kdbus_free_wq;

/**
 * kdbus_peer_init() - prepare for peers
 *
 * Return: 0 or -ENOMEM.
 */
int kdbus_peer_init(void)
{
	kdbus_free_wq = alloc_workqueue("kdbus_free", WQ_UNBOUND, 0);
	return kdbus_free_wq ? 0 : -ENOMEM;
}

/**
 * kdbus_peer_exit() - wait until the last peer has been freed
 */
void kdbus_peer_exit(void)
{
	rcu_barrier();
	destroy_workqueue(kdbus_free_wq);
}

static void kdbus_tx_init(struct kdbus_tx *tx)
{
	mutex_init(&tx->lock);
	tx->phase = KDBUS_PHASE_SASL;
	tx->line_start = true;
}

static void kdbus_tx_destroy(struct kdbus_tx *tx)
{
	if (tx->msg)
		kdbus_msg_free(tx->msg);
	kdbus_fds_drop(&tx->fds);
	mutex_destroy(&tx->lock);
}

static void kdbus_peer_free(struct kdbus_peer *peer)
{
	kdbus_tx_destroy(&peer->from_client);
	kdbus_tx_destroy(&peer->from_daemon);
	kdbus_approvals_destroy(&peer->approvals);
	kdbus_queue_destroy(&peer->up);
	kdbus_queue_destroy(&peer->down);
	if (peer->transport->free)
		peer->transport->free(peer);
	sock_put(peer->client_sk);
	sock_put(peer->daemon_sk);
	kdbus_user_put(peer->user);
	kdbus_user_put(peer->owner);
	kdbus_bus_put(peer->bus);
	kfree(peer->label_text);
	kfree(peer);
}

static void kdbus_peer_free_work(struct work_struct *work)
{
	struct kdbus_peer *peer = container_of(to_rcu_work(work),
					       struct kdbus_peer, free_work);

	mutex_lock(&peer->bus->lock);
	list_del(&peer->list);
	xa_erase(&peer->bus->by_id, peer->id);
	mutex_unlock(&peer->bus->lock);
	kdbus_peer_free(peer);
}

static void kdbus_peer_setup(struct kdbus_peer *peer)
{
	kref_init(&peer->kref);
	INIT_RCU_WORK(&peer->free_work, kdbus_peer_free_work);
	kdbus_tx_init(&peer->from_client);
	kdbus_tx_init(&peer->from_daemon);
	mutex_init(&peer->release);
	init_waitqueue_head(&peer->released);
	spin_lock_init(&peer->route);
	INIT_LIST_HEAD(&peer->held);
	kdbus_approvals_init(&peer->approvals, peer->user);
	kdbus_queue_init(&peer->up);
	kdbus_queue_init(&peer->down);
	INIT_LIST_HEAD(&peer->names);
	INIT_LIST_HEAD(&peer->rules);
	spin_lock_init(&peer->owed_lock);
	INIT_LIST_HEAD(&peer->owed);
	kdbus_label_current(&peer->label);
}

/* Whoever looks through the bus may see it from now on. */
static int kdbus_peer_enter(struct kdbus_peer *peer)
{
	struct kdbus_bus *bus = peer->bus;
	int ret = -ENOSPC;

	mutex_lock(&bus->lock);
	peer->id = bus->next_peer + 1;
	/* An index has no more bits than that. */
	if (peer->id <= ULONG_MAX)
		ret = xa_err(xa_store(&bus->by_id, peer->id, peer,
				      GFP_KERNEL_ACCOUNT));
	if (!ret) {
		bus->next_peer = peer->id;
		list_add_tail(&peer->list, &bus->peers);
	}
	mutex_unlock(&bus->lock);
	return ret;
}

/**
 * kdbus_peer_new() - make a connection
 * @bus: the bus
 * @client: socket of the client end
 * @daemon: socket of the daemon end
 * @transport: how to reach the client end
 * @uid: the client's user, who pays for what it sends
 *
 * Context: process context, may sleep.  The label is the caller's.
 * Return: the peer with one reference, or NULL without memory.
 */
struct kdbus_peer *kdbus_peer_new(struct kdbus_bus *bus, struct sock *client,
				  struct sock *daemon,
				  const struct kdbus_transport *transport,
				  kuid_t uid)
{
	struct kdbus_peer *peer = kzalloc(sizeof(*peer), GFP_KERNEL_ACCOUNT);

	if (!peer)
		return NULL;
	peer->user = kdbus_user_part(bus->owner, uid);
	peer->owner = kdbus_user_get(bus->owner, bus->owner);
	if (!peer->user || !peer->owner)
		goto free;
	kdbus_peer_setup(peer);
	peer->bus = bus;
	peer->transport = transport;
	peer->client_sk = client;
	peer->daemon_sk = daemon;
	if (kdbus_peer_enter(peer))
		goto free;
	kdbus_bus_get(bus);
	sock_hold(client);
	sock_hold(daemon);
	return peer;
free:
	if (peer->user)
		kdbus_user_put(peer->user);
	if (peer->owner)
		kdbus_user_put(peer->owner);
	kfree(peer);
	return NULL;
}

/**
 * kdbus_peer_find() - look up a connection
 * @bus: the bus
 * @id: number of the connection
 *
 * Context: under kdbus_bus.lock, which also keeps its memory.
 * Return: the peer, which may be about to go, or NULL.
 */
struct kdbus_peer *kdbus_peer_find(struct kdbus_bus *bus, u64 id)
{
	lockdep_assert_held(&bus->lock);

	return id <= ULONG_MAX ? xa_load(&bus->by_id, id) : NULL;
}

/**
 * kdbus_peer_get() - take a reference
 * @peer: the peer
 */
struct kdbus_peer *kdbus_peer_get(struct kdbus_peer *peer)
{
	kref_get(&peer->kref);
	return peer;
}

static void kdbus_peer_release(struct kref *kref)
{
	struct kdbus_peer *peer = container_of(kref, struct kdbus_peer, kref);

	queue_rcu_work(kdbus_free_wq, &peer->free_work);
}

/**
 * kdbus_peer_put() - drop a reference
 * @peer: the peer
 *
 * Context: any.
 */
void kdbus_peer_put(struct kdbus_peer *peer)
{
	kref_put(&peer->kref, kdbus_peer_release);
}

/* Both locks, so that neither a sender nor a recipient sees a change midway. */
static void kdbus_peer_lock_both(struct kdbus_peer *peer)
	__acquires(&peer->route) __acquires(&peer->down.lock)
{
	spin_lock(&peer->route);
	spin_lock(&peer->down.lock);
}

static void kdbus_peer_unlock_both(struct kdbus_peer *peer)
	__releases(&peer->down.lock) __releases(&peer->route)
{
	spin_unlock(&peer->down.lock);
	spin_unlock(&peer->route);
}

/**
 * kdbus_peer_set_caps() - what the owner of the bus says of a connection
 * @peer: the connection
 * @caps: enum kdbus_peer_cap
 *
 * Context: process context.
 */
void kdbus_peer_set_caps(struct kdbus_peer *peer, u32 caps)
{
	kdbus_peer_lock_both(peer);
	peer->caps = caps;
	peer->down_off &= ~KDBUS_DOWN_REFUSED;
	kdbus_peer_unlock_both(peer);
}

/**
 * kdbus_peer_forget() - withdraw the approvals from and to a connection
 * @peer: the connection
 *
 * Context: process context.
 */
void kdbus_peer_forget(struct kdbus_peer *peer)
{
	kdbus_peer_lock_both(peer);
	peer->epoch++;
	kdbus_peer_unlock_both(peer);
}

/**
 * kdbus_bus_forget() - withdraw every approval on a bus
 * @bus: the bus
 *
 * Context: process context, may sleep; takes kdbus_bus.lock.
 */
void kdbus_bus_forget(struct kdbus_bus *bus)
{
	struct kdbus_peer *peer;

	mutex_lock(&bus->lock);
	list_for_each_entry(peer, &bus->peers, list) {
		kdbus_peer_lock_both(peer);
		peer->caps &= KDBUS_CAP_FDS;
		peer->epoch++;
		kdbus_peer_unlock_both(peer);
	}
	mutex_unlock(&bus->lock);
}

/* Every delivery that began before has ended when this returns. */
static void kdbus_bus_settle(struct kdbus_bus *bus)
{
	struct kdbus_peer *peer;

	lockdep_assert_held(&bus->lock);

	list_for_each_entry(peer, &bus->peers, list) {
		spin_lock(&peer->down.lock);
		spin_unlock(&peer->down.lock);
	}
}

/**
 * kdbus_bus_configure() - set limits and switches of a bus
 * @bus: the bus
 * @config: the new ones, checked by the caller
 *
 * Context: process context, may sleep; takes kdbus_bus.lock.
 */
void kdbus_bus_configure(struct kdbus_bus *bus,
			 const struct kdbus_bus_config *config)
{
	struct kdbus_bus_config *c = &bus->config;

	mutex_lock(&bus->lock);
	WRITE_ONCE(c->max_message_size, config->max_message_size);
	WRITE_ONCE(c->max_outgoing_bytes, config->max_outgoing_bytes);
	WRITE_ONCE(c->max_outgoing_fds, config->max_outgoing_fds);
	WRITE_ONCE(c->max_message_fds, config->max_message_fds);
	WRITE_ONCE(c->max_replies, config->max_replies);
	WRITE_ONCE(c->flags, config->flags);
	kdbus_bus_settle(bus);
	mutex_unlock(&bus->lock);
}

/**
 * kdbus_bus_force_off() - keep the fast path off, whatever the owner says
 * @bus: the bus
 * @off: whether to
 *
 * Context: process context, may sleep; takes kdbus_bus.lock.
 */
void kdbus_bus_force_off(struct kdbus_bus *bus, bool off)
{
	mutex_lock(&bus->lock);
	WRITE_ONCE(bus->forced_off, off);
	kdbus_bus_settle(bus);
	mutex_unlock(&bus->lock);
}

/**
 * kdbus_bus_stage() - begin a batch of what the owner writes
 * @bus: the bus
 *
 * Context: process context, may sleep.
 * Return: 0, -EBUSY if there is one already, -ENOMEM.
 */
int kdbus_bus_stage(struct kdbus_bus *bus)
{
	struct kdbus_batch *batch = kdbus_batch_new();
	bool busy;

	if (!batch)
		return -ENOMEM;
	spin_lock(&bus->batch_lock);
	busy = bus->batch;
	if (!busy)
		WRITE_ONCE(bus->batch, batch);
	spin_unlock(&bus->batch_lock);
	if (busy)
		kdbus_batch_put(batch);
	return busy ? -EBUSY : 0;
}

/*
 * The next peer behind @peer that has waited for a batch, with a reference, or
 * NULL.  That of @peer is dropped: it has kept the place.
 */
static struct kdbus_peer *kdbus_bus_next_staged(struct kdbus_bus *bus,
						struct kdbus_peer *peer)
{
	struct kdbus_peer *next = peer, *found = NULL;

	mutex_lock(&bus->lock);
	if (!next)
		next = list_entry(&bus->peers, struct kdbus_peer, list);
	list_for_each_entry_continue(next, &bus->peers, list) {
		if (!READ_ONCE(next->down.staged) &&
		    !READ_ONCE(next->down_files))
			continue;
		if (!kref_get_unless_zero(&next->kref))
			continue;
		found = next;
		break;
	}
	mutex_unlock(&bus->lock);
	if (peer)
		kdbus_peer_put(peer);
	return found;
}

/**
 * kdbus_bus_commit() - let the recipients see a batch
 * @bus: the bus; nothing happens if there is no batch
 *
 * Context: process context, may sleep; takes kdbus_bus.lock.
 */
void kdbus_bus_commit(struct kdbus_bus *bus)
{
	struct kdbus_batch *batch;
	struct kdbus_peer *peer = NULL;

	spin_lock(&bus->batch_lock);
	batch = bus->batch;
	WRITE_ONCE(bus->batch, NULL);
	spin_unlock(&bus->batch_lock);
	if (!batch)
		return;
	kdbus_batch_commit(batch);
	kdbus_batch_put(batch);

	while ((peer = kdbus_bus_next_staged(bus, peer)))
		kdbus_peer_wake_client(peer);
}

/**
 * kdbus_peer_unstage() - let one connection see its part of the owner's batch
 * @peer: a connection that cannot say anything any more
 *
 * So it cannot react to that before others know, nor wait until they do.
 *
 * Context: process context.
 */
void kdbus_peer_unstage(struct kdbus_peer *peer)
{
	struct kdbus_bus *bus = peer->bus;
	struct kdbus_batch *batch;

	if (!READ_ONCE(peer->down.staged))
		return;
	spin_lock(&bus->batch_lock);
	batch = bus->batch;
	if (batch)
		refcount_inc(&batch->refs);
	spin_unlock(&bus->batch_lock);
	if (!batch)
		return;
	kdbus_queue_show(&peer->down, batch);
	kdbus_batch_put(batch);
}

/**
 * kdbus_peer_readable() - is there something to be read at an end?
 * @peer: the connection
 * @daemon: at the daemon end, not at the client's
 *
 * Context: any but interrupt; may take the lock of a queue.
 */
bool kdbus_peer_readable(struct kdbus_peer *peer, bool daemon)
{
	struct kdbus_queue *queue = daemon ? &peer->up : &peer->down;
	struct kdbus_msg *msg;
	bool lent;

	if (kdbus_queue_readable(queue))
		return true;
	if (!READ_ONCE(queue->lent))
		return false;
	spin_lock(&queue->lock);
	msg = list_first_entry_or_null(&queue->msgs, struct kdbus_msg, node);
	lent = msg && msg->lent;
	spin_unlock(&queue->lock);
	return lent && peer->transport->lent(peer);
}

/**
 * kdbus_peer_wake_client() - there is something to read, or no more will come
 * @peer: the connection
 *
 * Context: any, without locks of the peer; process context, without any locks,
 * if it is attached.
 */
void kdbus_peer_wake_client(struct kdbus_peer *peer)
{
	peer->transport->readable(peer);
}

/**
 * kdbus_peer_wake_daemon() - likewise for the daemon end
 * @peer: the connection
 *
 * Context: any, without locks of the peer.
 */
void kdbus_peer_wake_daemon(struct kdbus_peer *peer)
{
	peer->daemon_sk->sk_data_ready(peer->daemon_sk);
}

/**
 * kdbus_peer_wake_writer() - the daemon end may try to write once more
 * @peer: the connection
 *
 * It finds out whether there is room, and is told again if there is none.
 *
 * Context: any, without locks of the peer.
 */
void kdbus_peer_wake_writer(struct kdbus_peer *peer)
{
	/* Pairs with kdbus_room_daemon_wait(): one sees the other. */
	smp_mb();
	if (!READ_ONCE(peer->down_waited))
		return;
	WRITE_ONCE(peer->down_waited, false);
	peer->daemon_sk->sk_write_space(peer->daemon_sk);
}

/**
 * kdbus_peer_shut() - an end of a connection can send or receive no more
 * @peer: the connection
 * @sk: the socket of that end
 * @mode: RCV_SHUTDOWN, SEND_SHUTDOWN or both
 * @reset: the other end has gone without reading everything
 *
 * Context: any, without locks of the peer.
 */
void kdbus_peer_shut(struct kdbus_peer *peer, struct sock *sk, u8 mode,
		     bool reset)
{
	spin_lock(&peer->route);
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | mode);
	spin_unlock(&peer->route);
	if (reset)
		WRITE_ONCE(sk->sk_err, ECONNRESET);
	sk->sk_state_change(sk);
}
