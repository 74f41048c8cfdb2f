/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A peer: one connection to a bus, seen from the middle.
 *
 * It has two ends.  The daemon end is the socket that accept() or KDBUS_ATTACH
 * returned to the owner of the bus.  The client end is reached through a
 * transport: a socket of this family that connect()ed, or an AF_UNIX socket that
 * was attached.  Each end reads one queue: @up is read by the daemon, @down by
 * the client.
 *
 * Life: made by connect() or KDBUS_ATTACH, with a reference for either end.  When
 * the client is gone (@client_gone) what it has sent is still routed; the owner of
 * the bus then reads the end of the stream, does what it has to, and closes its
 * end, which takes the peer's names and replies away (kdbus_peer_retire()).
 * With the last reference it is freed, behind an RCU grace period: a delivery
 * finds recipients under rcu_read_lock() alone.
 */
#ifndef KDBUS_KERN_PEER_H
#define KDBUS_KERN_PEER_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "../compat/compat.h"
#include "../core/message.h"
#include "../core/sasl.h"
#include "approval.h"
#include "limits.h"
#include "msg.h"

struct kdbus_bus;
struct kdbus_peer;
struct kdbus_unix;
struct kdbus_user;

/**
 * enum kdbus_phase - what a stream carries
 * @KDBUS_PHASE_SASL: lines, up to BEGIN
 * @KDBUS_PHASE_MESSAGES: messages
 * @KDBUS_PHASE_PASS: the rest of a message that is too large to be kept
 * @KDBUS_PHASE_RAW: bytes that nobody understands, to its end
 */
enum kdbus_phase {
	KDBUS_PHASE_SASL,
	KDBUS_PHASE_MESSAGES,
	KDBUS_PHASE_PASS,
	KDBUS_PHASE_RAW,
};

/**
 * enum kdbus_down_off - why the module must not put anything before a client
 * @KDBUS_DOWN_REFUSED: the daemon has been told to wait with something; until
 *	it says that there is nothing left
 * @KDBUS_DOWN_CUT: the rest of what the daemon sends in pieces is to come
 */
enum kdbus_down_off {
	KDBUS_DOWN_REFUSED = 1 << 0,
	KDBUS_DOWN_CUT = 1 << 1,
};

/**
 * struct kdbus_tx - how far one direction of a stream has been taken apart
 * @lock: one writer at a time; copies from user space happen under it
 * @phase: what comes next; the other direction looks at it without @lock
 * @line_start: in SASL: the next byte begins a line
 * @fixed_len: bytes in @fixed
 * @fixed: the beginning of a message whose length is not known yet
 * @msg: the message that is being filled, NULL before its length is known
 * @filled: bytes of it that are there
 * @pass_left: bytes of a message in KDBUS_PHASE_PASS that are still to come
 * @fds: files that came with bytes of messages not finished yet
 * @sasl: finds BEGIN; of the client's direction
 */
struct kdbus_tx {
	struct mutex lock;
	enum kdbus_phase phase;
	bool line_start;
	u8 fixed_len;
	u8 fixed[KDBUS_FIXED_HEADER];
	struct kdbus_msg *msg;
	u32 filled;
	u32 pass_left;
	struct kdbus_fds fds;
	struct kdbus_sasl sasl;
};

/**
 * struct kdbus_transport - how the client end of a peer is reached
 * @attached: it is an AF_UNIX socket.  What follows @shutdown is there for these
 *	only, and @readable may sleep; else it is called under rcu_read_lock()
 * @readable: @down has got something to read, or there will be no more
 * @hangup: the daemon end is closed, nothing more will be sent or read; @reset
 *	if the client has sent something that nobody has read
 * @shutdown: the daemon end has been shut down; @mode is what that means to the
 *	client, RCV_SHUTDOWN, SEND_SHUTDOWN or both
 * @lent: is there something to be read of what has been lent?
 * @recv: recvmsg() of the daemon end for lent bytes: like that of a socket which
 *	does not wait, 0 if none will come
 * @received: all that was lent has been read
 * @send: sendmsg() of the daemon end for bytes that come with files: once @down
 *	is empty, and if nobody else may put anything there; EAGAIN otherwise.
 *	The lock of the daemon's stream is held
 * @free: the peer is freed
 *
 * Called without locks, possibly after the client has gone.
 */
struct kdbus_transport {
	bool attached;
	void (*readable)(struct kdbus_peer *peer);
	void (*hangup)(struct kdbus_peer *peer, bool reset);
	void (*shutdown)(struct kdbus_peer *peer, u8 mode);
	bool (*lent)(struct kdbus_peer *peer);
	ssize_t (*recv)(struct kdbus_peer *peer, struct msghdr *msg,
			size_t size, int flags);
	void (*received)(struct kdbus_peer *peer);
	ssize_t (*send)(struct kdbus_peer *peer, struct msghdr *msg);
	void (*free)(struct kdbus_peer *peer);
};

/**
 * struct kdbus_peer - one connection
 * @kref: one for each end; names and replies hold none, they go first
 * @free_work: freeing sleeps, and comes behind a grace period
 * @bus: with a reference
 * @list: in kdbus_bus.peers
 * @id: number of the connection
 * @user: who connected, charged for what it sends
 * @owner: who owns the bus, charged for what the daemon end sends
 * @label: the client's security label at connect()
 * @label_text: that of one who is attached, NULL if there is none
 * @owner_label: the owner's, at listen()
 *
 * @transport: of the client end
 * @client_sk: socket of the client end, with a reference; one that stands for it
 *	if that is of another family
 * @taken: what belongs to an attached socket, else NULL
 * @daemon_sk: socket of the daemon end; with a reference
 *
 * @from_client: the client's stream
 * @from_daemon: the daemon's stream
 *
 * @release: held by whoever takes messages off @held
 * @released: woken when that is done; nobody else waits for the mutex, as a task
 *	that gets no processor time could be given it
 * @route: guards what follows up to @down
 * @given: messages given to the daemon so far
 * @unfinished: those of them that it has not finished dispatching
 * @over: the last of them, counted from 1, that was a call beyond the limit of
 *	replies in the module; 0 if there was none
 * @highest: serial of a call whose reply has been waited for, the highest since
 *	nothing was
 * @held: messages that wait for that, in order
 * @client_gone: the client sends nothing any more
 * @client_closed: and reads nothing any more either
 * @client_reset: and has not read everything that was there
 * @eof: the daemon has got everything that the client has sent
 * @retired: the daemon end is closed, nothing is routed any more
 * @approvals: flows from this peer that the policy lets through
 * @up: what the daemon reads
 *
 * @down: what the client reads.  Its lock guards what follows up to @names,
 *	and kdbus_name.live of the peer's names
 * @down_off: enum kdbus_down_off, 0 if the module may put something there
 * @down_waited: the daemon end is to be told when there is room again; not
 *	guarded, see kdbus_room_daemon_wait()
 * @down_files: the daemon end is to be told when it may send files; likewise
 * @caps: enum kdbus_peer_cap; changed under @route as well, so that either
 *	lock is enough to read it
 * @epoch: approvals from or to this peer of an earlier epoch are void; changed
 *	and read like @caps
 *
 * @names: published names, guarded by kdbus_bus.lock, read under RCU as well
 * @names_count: their number
 * @rules: match rules, guarded by kdbus_bus.lock
 * @rules_count: their number
 * @unique: the unique name, written once before @unique_len is set
 * @unique_len: 0 until it is known
 *
 * @owed_lock: guards @owed
 * @owed: replies that others wait for
 * @waiting: number of replies that this peer waits for
 * @asked: number of replies that it waits for in the daemon, as far as can be
 *	seen from here: calls given to it less the replies that it has sent, but
 *	never less than it says
 */
struct kdbus_peer {
	struct kref kref;
	struct rcu_work free_work;
	struct kdbus_bus *bus;
	struct list_head list;
	u64 id;
	struct kdbus_user *user;
	struct kdbus_user *owner;
	struct kdbus_label label;
	struct kdbus_label owner_label;
	char *label_text;

	const struct kdbus_transport *transport;
	struct sock *client_sk;
	struct kdbus_unix *taken;
	struct sock *daemon_sk;

	struct kdbus_tx from_client;
	struct kdbus_tx from_daemon;

	struct mutex release;
	wait_queue_head_t released;
	spinlock_t route ____cacheline_aligned_in_smp;
	u64 given;
	u64 unfinished;
	u64 over;
	u32 highest;
	struct list_head held;
	bool client_gone;
	bool client_closed;
	bool client_reset;
	bool eof;
	bool retired;
	struct kdbus_approvals approvals;
	struct kdbus_queue up;

	struct kdbus_queue down ____cacheline_aligned_in_smp;
	u32 down_off;
	bool down_waited;
	bool down_files;
	u32 caps;
	u32 epoch;

	struct list_head names;
	u32 names_count;
	struct list_head rules;
	u32 rules_count;
	char unique[KDBUS_UNIQUE_MAX];
	u32 unique_len;

	spinlock_t owed_lock;
	struct list_head owed;
	atomic_t waiting;
	atomic_t asked;
};

int kdbus_peer_init(void);
void kdbus_peer_exit(void);

struct kdbus_peer *kdbus_peer_new(struct kdbus_bus *bus, struct sock *client,
				  struct sock *daemon,
				  const struct kdbus_transport *transport,
				  kuid_t uid);
struct kdbus_peer *kdbus_peer_find(struct kdbus_bus *bus, u64 id);
struct kdbus_peer *kdbus_peer_get(struct kdbus_peer *peer);
void kdbus_peer_put(struct kdbus_peer *peer);
void kdbus_peer_set_caps(struct kdbus_peer *peer, u32 caps);
void kdbus_peer_forget(struct kdbus_peer *peer);
void kdbus_bus_forget(struct kdbus_bus *bus);
void kdbus_bus_configure(struct kdbus_bus *bus,
			 const struct kdbus_bus_config *config);
void kdbus_bus_force_off(struct kdbus_bus *bus, bool off);
int kdbus_bus_stage(struct kdbus_bus *bus);
void kdbus_bus_commit(struct kdbus_bus *bus);
void kdbus_peer_unstage(struct kdbus_peer *peer);
bool kdbus_peer_readable(struct kdbus_peer *peer, bool daemon);
void kdbus_peer_wake_client(struct kdbus_peer *peer);
void kdbus_peer_wake_daemon(struct kdbus_peer *peer);
void kdbus_peer_wake_writer(struct kdbus_peer *peer);
void kdbus_peer_shut(struct kdbus_peer *peer, struct sock *sk, u8 mode,
		     bool reset);

#endif
