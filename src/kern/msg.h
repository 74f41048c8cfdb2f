/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages in kernel memory, and the queues they wait in. */
#ifndef KDBUS_KERN_MSG_H
#define KDBUS_KERN_MSG_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "fds.h"

struct iov_iter;
struct kdbus_reply_slot;
struct msghdr;
struct sock;

/**
 * struct kdbus_batch - messages that become visible together
 * @refs: one for each message and for whoever fills it
 * @committed: set once, when all of them are in their queues
 *
 * A message that several recipients get is one event: nobody can react to it
 * before it is in every queue. Until then the queues end, for their readers,
 * in front of it.
 */
struct kdbus_batch {
	refcount_t refs;
	bool committed;
};

/**
 * struct kdbus_msg - an entry of a queue: a message, or a piece of a stream
 * @node: in the queue
 * @data: the bytes
 * @pos: offset in @data of the next byte to be read
 * @end: offset in @data behind the last byte
 * @chunk: not a message but bytes whose boundaries are unknown or irrelevant
 * @counts: the daemon has to say when it has dispatched it
 * @valid: a message that may be delivered if all else allows it
 * @lent: the bytes are not here but still with the transport of the client,
 *	where the daemon reads them itself: see kdbus_transport.recv.  @data
 *	has the fixed header, if a message begins here
 * @endless: lent, and so is whatever comes behind it
 * @fds: files that travel with its first byte
 * @batch: not to be read before this is committed; NULL for no such thing
 * @slot: for a call: memory to remember that a reply is due
 * @charged: socket in whose sk_wmem_alloc it counts, NULL if in none
 */
struct kdbus_msg {
	struct list_head node;
	struct kdbus_data *data;
	u32 pos;
	u32 end;
	bool chunk;
	bool counts;
	bool valid;
	bool lent;
	bool endless;
	struct kdbus_fds fds;
	struct kdbus_batch *batch;
	struct kdbus_reply_slot *slot;
	struct sock *charged;
};

/**
 * struct kdbus_data - bytes in one piece, shared by all recipients
 * @refs: entries of queues that use them
 * @size: bytes of memory taken, charged to @user
 * @user: who pays
 * @first: the first entry that uses them
 * @bytes: aligned to 8
 *
 * Why not an skb: a message has to lie in one piece to be validated as strictly
 * as dbus-daemon does it, and may have 128 MiB.  An skb holds at most some
 * megabytes so, and costs a second allocation for each small message.
 */
struct kdbus_data {
	refcount_t refs;
	u32 size;
	struct kdbus_user *user;
	struct kdbus_msg first;
	u8 bytes[] __aligned(8);
};

/**
 * struct kdbus_queue - what waits for one reader
 * @lock: guards all but @reader; innermost but for the lock of replies.  Numbers
 *	and @shut are looked at without it as well
 * @msgs: the entries
 * @bytes: unread bytes in @msgs
 * @fds: entries' files in @msgs
 * @staged: entries in @msgs with a batch, committed or not
 * @lent: entries in @msgs whose bytes are elsewhere; no more than one, the last
 * @shut: takes no more; whoever adds gets EPIPE
 * @reader: held by the one reader, over copies to user space
 */
struct kdbus_queue {
	spinlock_t lock;
	struct list_head msgs;
	u64 bytes;
	u32 fds;
	u32 staged;
	u32 lent;
	bool shut;
	struct mutex reader;
};

struct kdbus_msg *kdbus_msg_new(struct kdbus_user *user, u32 room, u32 len,
				bool force);
struct kdbus_msg *kdbus_msg_share(struct kdbus_msg *msg);
void kdbus_msg_free(struct kdbus_msg *msg);
struct kdbus_batch *kdbus_batch_new(void);
void kdbus_batch_join(struct kdbus_batch *batch, struct kdbus_msg *msg);
void kdbus_batch_commit(struct kdbus_batch *batch);
void kdbus_batch_put(struct kdbus_batch *batch);
void kdbus_msg_charge(struct kdbus_msg *msg, struct sock *sk);
void kdbus_msg_uncharge(struct kdbus_msg *msg);

static inline u8 *kdbus_msg_bytes(const struct kdbus_msg *msg)
{
	return msg->data->bytes + msg->pos;
}

static inline u32 kdbus_msg_len(const struct kdbus_msg *msg)
{
	return msg->end - msg->pos;
}

void kdbus_queue_init(struct kdbus_queue *queue);
bool kdbus_queue_readable(struct kdbus_queue *queue);
struct kdbus_msg *kdbus_queue_front(struct kdbus_queue *queue);
struct kdbus_msg *kdbus_queue_lent(struct kdbus_queue *queue);
void kdbus_queue_consume(struct kdbus_queue *queue, struct kdbus_msg *msg,
			 size_t count, int fds);
void __kdbus_queue_remove(struct kdbus_queue *queue, struct kdbus_msg *msg);
void __kdbus_queue_add(struct kdbus_queue *queue, struct kdbus_msg *msg);
bool kdbus_queue_add(struct kdbus_queue *queue, struct kdbus_msg *msg);
void kdbus_queue_shut(struct kdbus_queue *queue);
void kdbus_queue_show(struct kdbus_queue *queue, struct kdbus_batch *batch);
bool kdbus_queue_purge(struct kdbus_queue *queue);
void kdbus_queue_destroy(struct kdbus_queue *queue);
ssize_t kdbus_queue_read(struct kdbus_queue *queue, struct msghdr *msg,
			 size_t size, bool peek, bool *files);

#endif
