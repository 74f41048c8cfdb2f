// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the client of an attached socket has written.
 *
 * It is read in the context of the writer, and taken apart like anything else
 * that a client writes.  When it has to wait it stays in the socket's queue, so
 * that the writer finds no more room, as it would with a daemon that is busy.
 * What comes with files stays there too: the daemon is lent it, and nothing
 * behind it is looked at before it has read that.
 */

#include <linux/file.h>
#include <linux/uio.h>
#include <net/sock.h>

#include "../core/message.h"
#include "bus.h"
#include "flush.h"
#include "peer.h"
#include "pump.h"
#include "room.h"
#include "route.h"
#include "stream.h"
#include "unixsock.h"

/* Rest of a message from which on it is read right into it. */
#define KDBUS_PUMP_DIRECT	512

/* No room: true if there is some by now, else whoever makes some will call. */
static bool kdbus_pump_stall(struct kdbus_unix *u)
{
	set_bit(KDBUS_UNIX_STALLED, &u->flags);
	/* Pairs with kdbus_pump_relief(): one sees the other. */
	smp_mb__after_atomic();
	return kdbus_room_client(u->peer) &&
	       test_and_clear_bit(KDBUS_UNIX_STALLED, &u->flags);
}

/**
 * kdbus_pump_relief() - something that the client had sent has gone
 * @u: its socket
 *
 * Context: any, under any lock.
 */
void kdbus_pump_relief(struct kdbus_unix *u)
{
	/* Pairs with kdbus_pump_stall(). */
	smp_mb();
	if (test_bit(KDBUS_UNIX_STALLED, &u->flags) &&
	    kdbus_room_client(u->peer) &&
	    test_and_clear_bit(KDBUS_UNIX_STALLED, &u->flags))
		kdbus_unix_work(u, 0);
}

/* Is it worth to go on after a part of the stream has been dealt with? */
static bool kdbus_pump_go_on(struct kdbus_unix *u, int ret)
{
	if (!ret)
		return true;
	if (ret == -EAGAIN)
		return kdbus_pump_stall(u);
	if (ret == -ENOMEM)
		kdbus_unix_work(u, KDBUS_UNIX_RETRY);
	else
		u->dead = true;
	return false;
}

/* Takes apart what has been read. */
static bool kdbus_pump_feed(struct kdbus_unix *u)
{
	struct kdbus_tx *tx = &u->peer->from_client;
	struct kdbus_fds fds = {};
	struct iov_iter from;
	struct kvec vec = {
		.iov_base = u->buf + u->pos,
		.iov_len = u->end - u->pos,
	};
	int ret;

	iov_iter_kvec(&from, WRITE, &vec, 1, vec.iov_len);
	mutex_lock(&tx->lock);
	ret = kdbus_stream_client(u->peer, &from, &fds);
	mutex_unlock(&tx->lock);
	u->pos = u->end - iov_iter_count(&from);
	return kdbus_pump_go_on(u, ret);
}

/* Reads on in a long message, without a detour.  0 if that is not worth it. */
static int kdbus_pump_direct(struct kdbus_unix *u)
{
	struct kdbus_tx *tx = &u->peer->from_client;
	u32 rest;
	u8 *to;
	int n = 0;

	mutex_lock(&tx->lock);
	rest = kdbus_stream_client_rest(u->peer, &to);
	if (rest >= KDBUS_PUMP_DIRECT)
		n = kdbus_unix_read(u, to, min(rest, u->clear));
	if (n > 0) {
		u->clear -= n;
		if (kdbus_stream_client_filled(u->peer, n))
			u->dead = true;
	}
	mutex_unlock(&tx->lock);
	return n;
}

/*
 * How much to read into the buffer.  What does not fit is probably a message that
 * is so long: no more than its fixed header, so that the rest goes right into it.
 */
static u32 kdbus_pump_size(const struct kdbus_unix *u)
{
	if (u->clear <= sizeof(u->buf))
		return u->clear;
	return kdbus_stream_client_starts(u->peer) ? KDBUS_FIXED_HEADER :
						     sizeof(u->buf);
}

/* Reads some of what is known to bring no files. */
static bool kdbus_pump_read(struct kdbus_unix *u)
{
	int n = kdbus_pump_direct(u);

	if (n > 0)
		return !u->dead;
	if (!n) {
		n = kdbus_unix_read(u, u->buf, kdbus_pump_size(u));
		u->pos = 0;
		u->end = max(n, 0);
		u->clear -= u->end;
	}
	/* Somebody else has read it, who should not have. */
	if (n <= 0)
		u->clear = 0;
	return n > 0;
}

/* Leaves what comes next to the daemon. */
static bool kdbus_pump_lend(struct kdbus_unix *u)
{
	struct kdbus_tx *tx = &u->peer->from_client;
	u8 head[KDBUS_FIXED_HEADER];
	int ret, n = kdbus_unix_peek(u, head, sizeof(head));

	if (n <= 0)
		return false;
	/* The daemon may have read it before we are back. */
	set_bit(KDBUS_UNIX_LENT, &u->flags);
	mutex_lock(&tx->lock);
	ret = kdbus_stream_client_lend(u->peer, head, n);
	mutex_unlock(&tx->lock);
	if (ret < 0)
		clear_bit(KDBUS_UNIX_LENT, &u->flags);
	return kdbus_pump_go_on(u, ret);
}

/* How much can be read, and does it bring files? */
static int kdbus_pump_look(struct kdbus_unix *u, bool *files)
{
	int n = u->fresh ? kdbus_unix_glance(u) : 0;

	u->fresh = false;
	return n ?: kdbus_unix_look(u, files);
}

/* Nothing more will come. */
static bool kdbus_pump_end(struct kdbus_unix *u)
{
	bool closed = READ_ONCE(u->sk->sk_shutdown) == SHUTDOWN_MASK;
	bool unread = closed && kdbus_flush_end(u);

	if (u->ended && !closed)
		return false;
	u->ended = true;
	u->dead = closed;
	kdbus_route_end(u->peer, closed,
			closed && (unread || READ_ONCE(u->reset)));
	return false;
}

/* Does the next thing; false if there is nothing that can be done now. */
static bool kdbus_pump_step(struct kdbus_unix *u)
{
	bool files = false, last;
	int n;

	if (u->dead)
		return false;
	if (u->pos < u->end)
		return kdbus_pump_feed(u);
	if (test_bit(KDBUS_UNIX_LENT, &u->flags)) {
		kdbus_peer_wake_daemon(u->peer);
		return false;
	}
	if (u->clear)
		return kdbus_room_client(u->peer) ? kdbus_pump_read(u) :
							   kdbus_pump_stall(u);
	/* Looked at before the queue: nothing is added behind it. */
	last = READ_ONCE(u->sk->sk_shutdown) & RCV_SHUTDOWN;
	/* Pairs with the lock under which the other end writes. */
	smp_rmb();
	if (kdbus_unix_empty(u)) {
		u->fresh = true;
		if (!last)
			return false;
	}
	n = kdbus_pump_look(u, &files);
	if (n <= 0)
		return last && n != -EAGAIN && kdbus_pump_end(u);
	if (files)
		return kdbus_pump_lend(u);
	u->clear = n;
	return true;
}

/* Reads all there is, in no more steps than are left. */
static void kdbus_pump_all(struct kdbus_unix *u, int *steps)
{
	struct file *file = kdbus_unix_get(u);

	while ((*steps)-- > 0 && file && kdbus_pump_step(u))
		cond_resched();
	if (file)
		fput(file);
}

/**
 * kdbus_pump_here() - read what there is
 * @u: the socket
 * @steps: after how many the rest is left to others
 *
 * Context: process context of the owner of the bus or a kernel thread of the bus,
 * may sleep, no locks.
 */
void kdbus_pump_here(struct kdbus_unix *u, int steps)
{
	kdbus_unix_turn(u, &u->pump, kdbus_pump_all, steps);
}

/**
 * kdbus_pump() - there may be something to read
 * @u: the socket
 *
 * Whoever comes here must not have to wait for an owner who has kept the socket.
 * Nor is it for a kernel thread, which others need for something else.
 *
 * Context: process context of a writer, may sleep, no locks.
 */
void kdbus_pump(struct kdbus_unix *u)
{
	if (kdbus_unix_ours(u) && !(current->flags & PF_KTHREAD))
		kdbus_pump_here(u, KDBUS_UNIX_STEPS);
	else
		kdbus_unix_work(u, 0);
}
