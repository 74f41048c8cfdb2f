// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the client of an attached socket is to read.
 *
 * It waits in the peer's queue until it can be written to the socket: bytes
 * there count as unread, those in the socket as read, as they do for dbus-daemon.
 * Whoever puts something into the queue writes it, or a kernel thread when the
 * reader has made room.
 */

#include <linux/file.h>
#include <net/sock.h>

#include "bus.h"
#include "flush.h"
#include "peer.h"
#include "room.h"
#include "stream.h"
#include "unixsock.h"

/* The socket is full: true if there is room by now, else its reader will call. */
static bool kdbus_flush_block(struct kdbus_unix *u)
{
	set_bit(KDBUS_UNIX_BLOCKED, &u->flags);
	/* Pairs with kdbus_flush_relief(): one sees the other. */
	smp_mb__after_atomic();
	return kdbus_unix_writable(u) &&
	       test_and_clear_bit(KDBUS_UNIX_BLOCKED, &u->flags);
}

/**
 * kdbus_flush_relief() - somebody has read from the socket
 * @u: the socket
 *
 * Context: any, under any lock; the reader's, who may hold the file of the
 * other end alone.
 */
void kdbus_flush_relief(struct kdbus_unix *u)
{
	/* Pairs with kdbus_flush_block(). */
	smp_mb();
	if (test_bit(KDBUS_UNIX_BLOCKED, &u->flags) &&
	    kdbus_unix_writable(u) &&
	    test_and_clear_bit(KDBUS_UNIX_BLOCKED, &u->flags))
		kdbus_unix_work(u, 0);
}

/* What could not be written: true if it is worth to try again at once. */
static bool kdbus_flush_failed(struct kdbus_unix *u, int error)
{
	if (error == -EAGAIN)
		return kdbus_flush_block(u);
	if (error == -ENOMEM || error == -ENOBUFS)
		kdbus_unix_work(u, KDBUS_UNIX_RETRY);
	else
		/* Nobody will read it. */
		kdbus_queue_purge(&u->peer->down);
	return false;
}

/* By anybody else the reader would be told the wrong sender. */
static bool kdbus_flush_is_for_thread(struct kdbus_unix *u)
{
	return !kdbus_unix_speaks(u) && kdbus_unix_wants_creds(u);
}

/*
 * Writes as much as there is room for, in no more steps than are left; none are if
 * somebody else has to go on, as the reader can ask who writes at any time.  The
 * place before the reader is ours.
 */
static void kdbus_flush_queue(struct kdbus_unix *u, int *steps)
{
	struct kdbus_queue *down = &u->peer->down;
	struct kdbus_msg *msg;
	int n;

	while ((*steps)-- > 0 && (msg = kdbus_queue_front(down))) {
		if (kdbus_flush_is_for_thread(u)) {
			*steps = 0;
			break;
		}
		n = kdbus_unix_write(u, kdbus_msg_bytes(msg),
				     kdbus_msg_len(msg));
		if (n > 0)
			kdbus_queue_consume(down, msg, n, 0);
		else if (!kdbus_flush_failed(u, n))
			break;
		cond_resched();
	}
}

/* May the daemon try to send its files now? */
static bool kdbus_flush_clear(struct kdbus_unix *u)
{
	if (READ_ONCE(u->peer->bus->batch))
		return false;
	if (READ_ONCE(u->peer->down.shut))
		return true;
	return !READ_ONCE(u->peer->down.bytes) &&
	       (kdbus_unix_writable(u) || kdbus_flush_block(u));
}

static void kdbus_flush_tell(struct kdbus_unix *u)
{
	struct kdbus_peer *peer = u->peer;

	/* Pairs with kdbus_stream_daemon_files(), which calls us after it. */
	if (READ_ONCE(peer->down_files) && kdbus_flush_clear(u)) {
		WRITE_ONCE(peer->down_files, false);
		peer->daemon_sk->sk_write_space(peer->daemon_sk);
	}
	kdbus_room_daemon_relief(peer);
}

static void kdbus_flush_all(struct kdbus_unix *u, int *steps)
{
	/* The daemon has it, and will call when it has sent its files. */
	if (mutex_trylock(&u->peer->down.reader)) {
		kdbus_flush_queue(u, steps);
		mutex_unlock(&u->peer->down.reader);
		kdbus_flush_tell(u);
	}
}

static void kdbus_flush_look(struct kdbus_unix *u, int *steps)
{
	struct file *file = kdbus_unix_get(u);

	if (!file)
		return;
	kdbus_flush_all(u, steps);
	fput(file);
}

/**
 * kdbus_flush() - there is something to be written
 * @u: the socket
 *
 * Context: process context, may sleep, no locks but that of the daemon's stream.
 */
void kdbus_flush(struct kdbus_unix *u)
{
	kdbus_unix_turn(u, &u->flush, kdbus_flush_look, KDBUS_UNIX_STEPS);
}

/**
 * kdbus_flush_end() - throw away what the client will not read
 * @u: the socket, whose other end is closed
 *
 * Context: process context, may sleep, no locks.
 * Return: true if there was anything.
 */
bool kdbus_flush_end(struct kdbus_unix *u)
{
	struct kdbus_queue *down = &u->peer->down;
	bool unread;

	/*
	 * Whoever is writing has a message in hand, and may be stuck in the memory
	 * of the daemon.  He is told of the end, and throws the rest away.
	 */
	if (mutex_trylock(&down->reader)) {
		unread = kdbus_queue_purge(down);
		mutex_unlock(&down->reader);
	} else {
		unread = READ_ONCE(down->bytes);
	}
	/* Whoever has found the place taken meanwhile has gone away. */
	kdbus_flush(u);
	return unread;
}

/* Nothing comes before the files, and nothing will while they are sent. */
static bool kdbus_flush_reserve(struct kdbus_peer *peer)
{
	bool ok;

	spin_lock(&peer->down.lock);
	ok = list_empty(&peer->down.msgs);
	if (ok)
		peer->down_off |= KDBUS_DOWN_CUT;
	spin_unlock(&peer->down.lock);
	return ok;
}

static ssize_t kdbus_flush_send(struct kdbus_unix *u, struct msghdr *msg)
{
	unsigned int flags = msg->msg_flags;
	int steps = KDBUS_UNIX_STEPS;
	ssize_t ret;

	kdbus_flush_queue(u, &steps);
	if (!kdbus_flush_reserve(u->peer))
		return -EAGAIN;
	msg->msg_flags |= MSG_DONTWAIT | MSG_NOSIGNAL;
	ret = READ_ONCE(u->sock->ops)->sendmsg(u->sock, msg,
					       iov_iter_count(&msg->msg_iter));
	msg->msg_flags = flags;
	return ret;
}

/**
 * kdbus_flush_files() - let the daemon send something with files itself
 * @u: the socket
 * @msg: its sendmsg() call
 *
 * Context: process context of the daemon, under the lock of its stream.
 * Return: bytes sent; -EAGAIN if there is something before it, or no room.
 * Unless it fails with -EPIPE, the module puts nothing before the client until
 * the caller says so.
 */
ssize_t kdbus_flush_files(struct kdbus_unix *u, struct msghdr *msg)
{
	struct file *file = kdbus_unix_get(u);
	ssize_t ret = -EAGAIN;

	if (!file)
		return -EPIPE;
	/* It does not wait for whoever is writing. */
	if (mutex_trylock(&u->peer->down.reader)) {
		ret = kdbus_flush_send(u, msg);
		mutex_unlock(&u->peer->down.reader);
	}
	fput(file);
	/* Somebody may have come meanwhile and gone away again. */
	kdbus_flush(u);
	return ret;
}
