/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An AF_UNIX socket that has been taken over from the owner of a bus.
 *
 * What its other end writes is read by the pump (pump.c), what is to be read at
 * the other end is written by the flusher (flush.c); at most one task is either
 * at any time.  Who finds the place taken asks for another look and goes away:
 * nobody waits for somebody else's work.
 *
 * The callbacks of the socket are called by whoever writes, reads or closes the
 * other end.  They find this structure under RCU and take a reference to the
 * peer, to which it belongs.
 */
#ifndef KDBUS_KERN_UNIXSOCK_H
#define KDBUS_KERN_UNIXSOCK_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

struct cred;
struct file;
struct kdbus_peer;
struct msghdr;
struct pid;
struct sock;
struct socket;

/* Bytes that are read at once, unless they belong to a longer message. */
#define KDBUS_PUMP_BYTES	SZ_4K

/* Reads or writes after which a task leaves the rest to others. */
#define KDBUS_UNIX_STEPS	128

/* The same for the daemon, which all others need as well. */
#define KDBUS_UNIX_STEPS_OF_DAEMON	8

/* Jiffies until memory is asked for once more. */
#define KDBUS_UNIX_RETRY	(HZ / 20 + 1)

/**
 * enum kdbus_unix_flag - bits of kdbus_unix.flags
 * @KDBUS_UNIX_BLOCKED: the flusher waits for room in the socket
 * @KDBUS_UNIX_STALLED: the pump waits for room in the peer
 * @KDBUS_UNIX_LENT: it waits until the daemon has read what it was lent
 */
enum kdbus_unix_flag {
	KDBUS_UNIX_BLOCKED,
	KDBUS_UNIX_STALLED,
	KDBUS_UNIX_LENT,
};

/**
 * struct kdbus_unix - a socket that was taken over
 * @peer: the connection that this belongs to
 * @lock: guards @file
 * @file: the socket's file, with a reference; NULL once it is given up
 * @sock: the socket; to be used with a reference of kdbus_unix_get() only
 * @sk: its sock; to be used with such a reference, or by a callback, which has none
 *	but keeps this
 * @ours: nobody but the module has the file any more
 * @hooked: the callbacks are ours
 * @data_ready: of the socket, before that
 * @state_change: likewise
 * @write_space: likewise
 * @pid: the owner of the bus, who is the sender as far as a recipient with
 *	SO_PASSCRED is concerned
 * @cred: his credentials
 * @flags: enum kdbus_unix_flag
 * @pump: looks that the pump has been asked for, 0 if there is none
 * @flush: the same for the flusher
 * @work: for what cannot be done right there, with a reference to the peer
 *
 * @clear: bytes at the front of the socket's queue that are known to bring no
 *	files; belongs to the pump, like what follows
 * @fresh: nothing of the first piece in that queue has been read, if any is there
 * @reset: the other end has been closed with something unread
 * @ended: the end has been passed on
 * @dead: nothing is to be read any more
 * @pos: offset in @buf of the first byte that is not taken apart yet
 * @end: offset behind the last
 * @buf: what has been read
 */
struct kdbus_unix {
	struct kdbus_peer *peer;
	spinlock_t lock;
	struct file *file;
	struct socket *sock;
	struct sock *sk;
	bool ours;
	bool hooked;
	void (*data_ready)(struct sock *sk);
	void (*state_change)(struct sock *sk);
	void (*write_space)(struct sock *sk);
	struct pid *pid;
	const struct cred *cred;
	unsigned long flags;
	atomic_t pump;
	atomic_t flush;
	struct delayed_work work;

	u32 clear;
	bool fresh;
	bool reset;
	bool ended;
	bool dead;
	u32 pos;
	u32 end;
	u8 buf[KDBUS_PUMP_BYTES];
};

struct sock *kdbus_unix_other(const struct kdbus_unix *u);
struct file *kdbus_unix_get(struct kdbus_unix *u);
bool kdbus_unix_ours(struct kdbus_unix *u);
void kdbus_unix_work(struct kdbus_unix *u, unsigned long delay);
bool kdbus_unix_empty(const struct kdbus_unix *u);
bool kdbus_unix_writable(const struct kdbus_unix *u);
bool kdbus_unix_wants_creds(const struct kdbus_unix *u);
bool kdbus_unix_speaks(const struct kdbus_unix *u);
void kdbus_unix_other_reset(const struct kdbus_unix *u);
int kdbus_unix_glance(struct kdbus_unix *u);
int kdbus_unix_look(struct kdbus_unix *u, bool *files);
int kdbus_unix_peek(struct kdbus_unix *u, void *to, size_t size);
int kdbus_unix_read(struct kdbus_unix *u, void *to, size_t size);
int kdbus_unix_write(struct kdbus_unix *u, void *from, size_t size);

/**
 * kdbus_unix_turn() - take the place of the pump or the flusher, and give it up
 * @u: the socket
 * @place: the looks that are asked for there
 * @look: does what there is to do, in no more than these steps, and counts them
 *	down; none are left if somebody else has to go on
 * @steps: how many for this task
 *
 * If the place is taken, that is asked for another look.  The other end may go on
 * as fast as this task does, which may be the daemon, so it leaves the rest to
 * whoever comes next, or a kernel thread.
 *
 * Context: process context, may sleep.
 */
static inline void kdbus_unix_turn(struct kdbus_unix *u, atomic_t *place,
				   void (*look)(struct kdbus_unix *u,
						int *steps),
				   int steps)
{
	int seen;

	if (atomic_inc_return(place) > 1)
		return;
	do {
		seen = atomic_read(place);
		look(u, &steps);
		if (steps > 0 && !atomic_sub_return(seen, place))
			return;
	} while (steps-- > 0);
	/* Ordered: what this task has done is there for the next one. */
	atomic_xchg(place, 0);
	kdbus_unix_work(u, 0);
}

#endif
