// SPDX-License-Identifier: GPL-2.0-only
/* The socket calls that make and end connections. */

#include <linux/sched/signal.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "bus.h"
#include "own.h"
#include "peer.h"
#include "route.h"
#include "sock.h"
#include "socket.h"

static int kdbus_listen_locked(struct kdbus_sock *ks, int backlog)
{
	if (!ks->address.len)
		return -EINVAL;
	return kdbus_own(ks, ks->address.sun.sun_path, backlog);
}

/**
 * kdbus_listen() - listen(2): makes the socket the owner of a bus
 * @sock: a bound socket
 * @backlog: connections that may wait for accept()
 */
int kdbus_listen(struct socket *sock, int backlog)
{
	struct kdbus_sock *ks = kdbus_sk(sock->sk);
	int ret;

	if (mutex_lock_interruptible(&ks->setup))
		return -ERESTARTSYS;
	ret = kdbus_listen_locked(ks, backlog);
	mutex_unlock(&ks->setup);
	return ret;
}

static void kdbus_native_readable(struct kdbus_peer *peer)
{
	peer->client_sk->sk_data_ready(peer->client_sk);
}

static void kdbus_native_hangup(struct kdbus_peer *peer, bool reset)
{
	kdbus_peer_shut(peer, peer->client_sk, SHUTDOWN_MASK, reset);
}

static void kdbus_native_shutdown(struct kdbus_peer *peer, u8 mode)
{
	kdbus_peer_shut(peer, peer->client_sk, mode, false);
}

/* The client end is a socket of this family. */
static const struct kdbus_transport kdbus_native = {
	.readable = kdbus_native_readable,
	.hangup = kdbus_native_hangup,
	.shutdown = kdbus_native_shutdown,
};

/* Both ends of a connection, not yet known to the listener. */
static struct kdbus_peer *kdbus_connect_ends(struct kdbus_sock *ks,
					     struct kdbus_sock *listener,
					     struct kdbus_bus *bus)
{
	struct sock *daemon = kdbus_sock_new(sock_net(&ks->sk), NULL, 0);
	struct kdbus_sock *ds;
	struct kdbus_peer *peer;

	if (!daemon)
		return NULL;
	peer = kdbus_peer_new(bus, &ks->sk, daemon, &kdbus_native,
			      current_euid());
	if (!peer) {
		sock_put(daemon);
		return NULL;
	}
	peer->owner_label = listener->label;
	ds = kdbus_sk(daemon);
	ds->role = KDBUS_ROLE_DAEMON;
	ds->peer = kdbus_peer_get(peer);
	ds->address = listener->address;
	daemon->sk_type = ks->sk.sk_type;
	daemon->sk_state = TCP_ESTABLISHED;
	kdbus_peercred_current(daemon);
	return peer;
}

/* The bus of a listener, with a reference; NULL if it does not listen. */
static struct kdbus_bus *kdbus_listener_bus(struct kdbus_sock *listener)
{
	struct kdbus_bus *bus = NULL;

	spin_lock(&listener->backlog_lock);
	if (listener->role == KDBUS_ROLE_LISTENER && !listener->backlog_dead)
		bus = kdbus_bus_get(listener->bus);
	spin_unlock(&listener->backlog_lock);
	return bus;
}

static bool kdbus_backlog_full(struct kdbus_sock *listener)
{
	return READ_ONCE(listener->backlog_len) >
	       READ_ONCE(listener->backlog_max);
}

/* Is it worth to try again? */
static bool kdbus_backlog_open(struct kdbus_sock *listener)
{
	return !kdbus_backlog_full(listener) ||
	       READ_ONCE(listener->backlog_dead);
}

/* Queues the daemon end for accept(). */
static int kdbus_backlog_add(struct kdbus_sock *listener, struct sock *daemon)
{
	int ret = 0;

	spin_lock(&listener->backlog_lock);
	if (listener->role != KDBUS_ROLE_LISTENER || listener->backlog_dead ||
	    (READ_ONCE(listener->sk.sk_shutdown) & RCV_SHUTDOWN)) {
		ret = -ECONNREFUSED;
	} else if (kdbus_backlog_full(listener)) {
		ret = -EAGAIN;
	} else {
		list_add_tail(&kdbus_sk(daemon)->pending, &listener->backlog);
		WRITE_ONCE(listener->backlog_len, listener->backlog_len + 1);
	}
	spin_unlock(&listener->backlog_lock);
	return ret;
}

static int kdbus_backlog_enter(struct kdbus_sock *listener, struct sock *daemon,
			       long *timeo)
{
	long left;
	int ret;

	while ((ret = kdbus_backlog_add(listener, daemon)) == -EAGAIN) {
		if (!*timeo)
			return -EAGAIN;
		left = wait_event_interruptible_timeout(listener->backlog_wait,
							kdbus_backlog_open(listener),
							*timeo);
		if (left < 0)
			return sock_intr_errno(*timeo);
		*timeo = left;
	}
	return ret;
}

static int kdbus_connect_to(struct socket *sock, struct kdbus_sock *listener,
			    long timeo)
{
	struct kdbus_sock *ks = kdbus_sk(sock->sk);
	struct kdbus_bus *bus = kdbus_listener_bus(listener);
	struct kdbus_peer *peer;
	int ret;

	if (!bus)
		return -ECONNREFUSED;
	peer = kdbus_connect_ends(ks, listener, bus);
	kdbus_bus_put(bus);
	if (!peer)
		return -ENOMEM;
	kdbus_peercred_copy(&ks->sk, &listener->sk);
	ks->peer = peer;
	ret = kdbus_backlog_enter(listener, peer->daemon_sk, &timeo);
	if (ret) {
		ks->peer = NULL;
		kdbus_close_daemon(kdbus_sk(peer->daemon_sk), false);
		kdbus_peer_put(peer);
		WRITE_ONCE(ks->sk.sk_shutdown, 0);
		return ret;
	}
	WRITE_ONCE(ks->address.len, 0);
	sock->state = SS_CONNECTED;
	WRITE_ONCE(ks->sk.sk_state, TCP_ESTABLISHED);
	/* Pairs with kdbus_sock_connected(): the peer is there. */
	smp_store_release(&ks->role, KDBUS_ROLE_CLIENT);
	listener->sk.sk_data_ready(&listener->sk);
	return 0;
}

/**
 * kdbus_connect() - connect(2)
 * @sock: the socket
 * @addr: path of a bus
 * @len: its length
 * @flags: O_NONBLOCK
 *
 * Return: 0, or a negative error as AF_UNIX gives it.
 */
int kdbus_connect(struct socket *sock, kdbus_sockaddr_t *addr, int len,
		  int flags)
{
	struct kdbus_sock *ks = kdbus_sk(sock->sk), *listener;
	struct kdbus_address address;
	int ret;

	ret = kdbus_address_parse(&address, addr, len);
	if (ret)
		return ret;
	listener = kdbus_address_find(&address);
	if (IS_ERR(listener))
		return PTR_ERR(listener);

	ret = -ERESTARTSYS;
	/* Another connect() may wait for room in a backlog under it. */
	if (mutex_lock_interruptible(&ks->setup))
		goto out;
	if (ks->role == KDBUS_ROLE_NONE)
		ret = kdbus_connect_to(sock, listener,
				       sock_sndtimeo(sock->sk,
						     flags & O_NONBLOCK));
	else
		ret = ks->role == KDBUS_ROLE_LISTENER ? -EINVAL : -EISCONN;
	mutex_unlock(&ks->setup);
out:
	sock_put(&listener->sk);
	return ret;
}

static struct sock *kdbus_backlog_take(struct kdbus_sock *listener)
{
	struct kdbus_sock *ds;

	spin_lock(&listener->backlog_lock);
	ds = list_first_entry_or_null(&listener->backlog, struct kdbus_sock,
				      pending);
	if (ds) {
		list_del_init(&ds->pending);
		WRITE_ONCE(listener->backlog_len, listener->backlog_len - 1);
	}
	spin_unlock(&listener->backlog_lock);
	if (!ds)
		return NULL;
	wake_up_interruptible_all(&listener->backlog_wait);
	return &ds->sk;
}

static struct sock *kdbus_accept_wait(struct sock *sk, long timeo)
{
	struct kdbus_sock *listener = kdbus_sk(sk);
	struct sock *daemon;
	DEFINE_WAIT(wait);

	for (;;) {
		prepare_to_wait_exclusive(sk_sleep(sk), &wait,
					  TASK_INTERRUPTIBLE);
		daemon = kdbus_backlog_take(listener);
		if (daemon)
			break;
		daemon = ERR_PTR(-EAGAIN);
		if (!timeo)
			break;
		daemon = ERR_PTR(sock_intr_errno(timeo));
		if (signal_pending(current))
			break;
		daemon = ERR_PTR(-EINVAL);
		if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
			break;
		timeo = schedule_timeout(timeo);
	}
	finish_wait(sk_sleep(sk), &wait);
	return daemon;
}

/* accept(2): @newsock becomes the daemon end of a new connection. */
KDBUS_ACCEPT(kdbus_accept)
{
	struct sock *sk = sock->sk, *daemon;

	if (READ_ONCE(sk->sk_state) != TCP_LISTEN)
		return -EINVAL;
	daemon = kdbus_accept_wait(sk, sock_rcvtimeo(sk, KDBUS_ACCEPT_FLAGS &
						     O_NONBLOCK));
	if (IS_ERR(daemon))
		return PTR_ERR(daemon);
	newsock->state = SS_CONNECTED;
	sock_graft(daemon, newsock);
	return 0;
}

/**
 * kdbus_close_client() - the client end is closed
 * @ks: its socket
 */
void kdbus_close_client(struct kdbus_sock *ks)
{
	bool unread = kdbus_queue_purge(&ks->peer->down);

	/* What the client had sent may have to wait, and the end with it. */
	kdbus_peer_wake_writer(ks->peer);
	kdbus_route_end(ks->peer, true, unread);
	kdbus_peer_put(ks->peer);
	ks->peer = NULL;
}

/**
 * kdbus_close_daemon() - the daemon end is closed
 * @ks: its socket, without reference afterwards if it was never accepted
 * @unaccepted: accept() has not returned it, and will not
 */
void kdbus_close_daemon(struct kdbus_sock *ks, bool unaccepted)
{
	struct kdbus_peer *peer = ks->peer;
	bool unread = kdbus_route_retire(peer);

	kdbus_peer_unstage(peer);
	peer->transport->hangup(peer, unread || unaccepted);
	ks->peer = NULL;
	if (!ks->sk.sk_socket)
		sock_put(&ks->sk);
	kdbus_peer_put(peer);
}

/**
 * kdbus_close_listener() - the owner of a bus listens no more
 * @ks: its socket; connections that were accepted go on
 */
void kdbus_close_listener(struct kdbus_sock *ks)
{
	struct kdbus_sock *ds, *next;
	LIST_HEAD(list);

	spin_lock(&ks->backlog_lock);
	WRITE_ONCE(ks->backlog_dead, true);
	list_splice_init(&ks->backlog, &list);
	spin_unlock(&ks->backlog_lock);
	wake_up_interruptible_all(&ks->backlog_wait);

	list_for_each_entry_safe(ds, next, &list, pending) {
		list_del_init(&ds->pending);
		kdbus_close_daemon(ds, true);
	}
	/* Not with the last reference to the socket, which may go anywhere. */
	kdbus_bus_put(ks->bus);
	ks->bus = NULL;
}
