// SPDX-License-Identifier: GPL-2.0-only
/* Messages in kernel memory, and the queues they wait in. */

#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <net/sock.h>

#include "limits.h"
#include "msg.h"
#include "off.h"
#include "user.h"

/* Nor may the way to the daemon be closed to a sender at his limit: @force. */
static struct kdbus_data *kdbus_msg_alloc(size_t size, bool force)
{
	struct kdbus_data *data = kvmalloc(size, KDBUS_GFP_MESSAGE);

	if (data || !force)
		return data;
	data = kmalloc(size, KDBUS_GFP_FORCED);
	/* So much in one piece need not be there, whoever pays. */
	return data ?: kvmalloc(size, GFP_KERNEL | __GFP_NOWARN);
}

/**
 * kdbus_msg_new() - memory for a message or a chunk
 * @user: who pays
 * @room: bytes to keep free in front, a multiple of 8
 * @len: bytes of the message itself
 * @force: never mind the user's limit: something else bounds it
 *
 * The memory is charged to the memory cgroup of the caller as well; if that has no
 * more and @force is set, over its limit, so that whatever its tasks ask for next
 * feels it.
 *
 * Context: process context, may sleep.
 * Return: the message, or NULL: no memory, or the user has too much already.
 */
struct kdbus_msg *kdbus_msg_new(struct kdbus_user *user, u32 room, u32 len,
				bool force)
{
	size_t size = sizeof(struct kdbus_data) + room + len;
	struct kdbus_data *data;
	struct kdbus_msg *msg;

	if (!kdbus_user_charge(user, size, force))
		return NULL;
	data = kdbus_msg_alloc(size, force);
	if (!data) {
		kdbus_user_uncharge(user, size);
		return NULL;
	}
	refcount_set(&data->refs, 1);
	data->size = size;
	data->user = user;

	msg = &data->first;
	memset(msg, 0, sizeof(*msg));
	msg->data = data;
	msg->pos = room;
	msg->end = room + len;
	return msg;
}

/**
 * kdbus_msg_share() - another entry for the same bytes
 * @msg: an entry without files
 *
 * Who pays for the bytes pays for the entry: of a small message to many it is
 * most of the memory.
 *
 * Context: process context, may sleep.
 * Return: the entry, or NULL: no memory, or the user has too much already.
 */
struct kdbus_msg *kdbus_msg_share(struct kdbus_msg *msg)
{
	struct kdbus_data *data = msg->data;
	struct kdbus_msg *share;

	if (!kdbus_user_charge(data->user, sizeof(*share), false))
		return NULL;
	share = kzalloc(sizeof(*share), KDBUS_GFP_MESSAGE);
	if (!share) {
		kdbus_user_uncharge(data->user, sizeof(*share));
		return NULL;
	}
	refcount_inc(&data->refs);
	share->data = data;
	share->pos = msg->pos;
	share->end = msg->end;
	return share;
}

/**
 * kdbus_msg_charge() - count a message against a socket's send buffer
 * @msg: a message that counts against none
 * @sk: the socket that sent it
 *
 * Context: any.
 */
void kdbus_msg_charge(struct kdbus_msg *msg, struct sock *sk)
{
	msg->charged = sk;
	refcount_add(msg->data->size, &sk->sk_wmem_alloc);
}

/**
 * kdbus_msg_uncharge() - give the space in the send buffer back
 * @msg: the message; the socket's waiting writers may go on
 *
 * The last charge of a closed socket frees it, as sock_wfree() does.
 *
 * Context: any but hard interrupt.
 */
void kdbus_msg_uncharge(struct kdbus_msg *msg)
{
	struct sock *sk = msg->charged;
	unsigned int size = msg->data->size;

	if (!sk)
		return;
	msg->charged = NULL;
	/* One byte stays until nobody looks at the socket any more. */
	WARN_ON(refcount_sub_and_test(size - 1, &sk->sk_wmem_alloc));
	sk->sk_write_space(sk);
	sk_free(sk);
}

static void kdbus_data_put(struct kdbus_data *data)
{
	struct kdbus_user *user = data->user;
	u32 size = data->size;

	if (!refcount_dec_and_test(&data->refs))
		return;
	kvfree(data);
	kdbus_user_uncharge(user, size);
}

/**
 * kdbus_msg_free() - a message has been read, or nobody will read it
 * @msg: the message, in no queue
 *
 * Context: process context: its files are closed.
 */
void kdbus_msg_free(struct kdbus_msg *msg)
{
	struct kdbus_data *data = msg->data;

	kdbus_msg_uncharge(msg);
	kdbus_fds_drop(&msg->fds);
	kfree(msg->slot);
	if (msg->batch)
		kdbus_batch_put(msg->batch);
	if (msg != &data->first) {
		kfree(msg);
		kdbus_user_uncharge(data->user, sizeof(*msg));
	}
	kdbus_data_put(data);
}

/**
 * kdbus_batch_new() - begin a batch
 *
 * Context: process context, may sleep.
 * Return: the batch with a reference for the caller, or NULL without memory.
 */
struct kdbus_batch *kdbus_batch_new(void)
{
	struct kdbus_batch *batch = kzalloc(sizeof(*batch), KDBUS_GFP_MESSAGE);

	if (!batch)
		return NULL;
	refcount_set(&batch->refs, 1);
	batch->committed = kdbus_off(KDBUS_OFF_STAGING);
	return batch;
}

/**
 * kdbus_batch_join() - let a message wait for its batch
 * @batch: the batch, not committed
 * @msg: a message in no queue and no batch
 */
void kdbus_batch_join(struct kdbus_batch *batch, struct kdbus_msg *msg)
{
	refcount_inc(&batch->refs);
	msg->batch = batch;
}

/**
 * kdbus_batch_commit() - let the messages of a batch be seen
 * @batch: the batch; the readers are still to be woken
 */
void kdbus_batch_commit(struct kdbus_batch *batch)
{
	/* Pairs with kdbus_msg_visible(): and so may their bytes. */
	smp_store_release(&batch->committed, true);
}

/**
 * kdbus_batch_put() - drop a reference
 * @batch: the batch
 */
void kdbus_batch_put(struct kdbus_batch *batch)
{
	if (refcount_dec_and_test(&batch->refs))
		kfree(batch);
}

static bool kdbus_msg_visible(const struct kdbus_msg *msg)
{
	/* Pairs with kdbus_batch_commit(). */
	return !msg->batch || smp_load_acquire(&msg->batch->committed);
}

/**
 * kdbus_queue_init() - make an empty queue
 * @queue: its memory
 */
void kdbus_queue_init(struct kdbus_queue *queue)
{
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->msgs);
	mutex_init(&queue->reader);
	queue->bytes = 0;
	queue->fds = 0;
	queue->staged = 0;
	queue->lent = 0;
	queue->shut = false;
}

/**
 * kdbus_queue_readable() - is there something to read?
 * @queue: the queue; what is lent does not count
 *
 * Context: any but interrupt; may take the lock of the queue.
 */
bool kdbus_queue_readable(struct kdbus_queue *queue)
{
	struct kdbus_msg *msg;
	bool readable;

	if (!READ_ONCE(queue->bytes))
		return false;
	if (!READ_ONCE(queue->staged) && !READ_ONCE(queue->lent))
		return true;
	spin_lock(&queue->lock);
	msg = list_first_entry_or_null(&queue->msgs, struct kdbus_msg, node);
	readable = msg && kdbus_msg_visible(msg) && !msg->lent;
	spin_unlock(&queue->lock);
	return readable;
}

/**
 * __kdbus_queue_add() - put a message at the end of a queue
 * @queue: a queue that is not shut; its lock is held
 * @msg: the message
 */
void __kdbus_queue_add(struct kdbus_queue *queue, struct kdbus_msg *msg)
{
	lockdep_assert_held(&queue->lock);

	if (msg->batch)
		WRITE_ONCE(queue->staged, queue->staged + 1);
	if (msg->lent)
		WRITE_ONCE(queue->lent, queue->lent + 1);
	list_add_tail(&msg->node, &queue->msgs);
	WRITE_ONCE(queue->bytes, queue->bytes + kdbus_msg_len(msg));
	WRITE_ONCE(queue->fds, queue->fds + kdbus_fds_count(&msg->fds));
}

static void kdbus_queue_unlink(struct kdbus_queue *queue, struct kdbus_msg *msg)
{
	lockdep_assert_held(&queue->lock);

	list_del(&msg->node);
	if (msg->batch)
		WRITE_ONCE(queue->staged, queue->staged - 1);
	if (msg->lent)
		WRITE_ONCE(queue->lent, queue->lent - 1);
}

/**
 * __kdbus_queue_remove() - take back a message that nobody has seen
 * @queue: the queue; its lock is held
 * @msg: a message of a batch that is not committed
 */
void __kdbus_queue_remove(struct kdbus_queue *queue, struct kdbus_msg *msg)
{
	kdbus_queue_unlink(queue, msg);
	WRITE_ONCE(queue->bytes, queue->bytes - kdbus_msg_len(msg));
	WRITE_ONCE(queue->fds, queue->fds - kdbus_fds_count(&msg->fds));
}

/**
 * kdbus_queue_add() - put a message at the end of a queue
 * @queue: the queue
 * @msg: the message
 *
 * Context: any but interrupt; takes the lock of the queue.
 * Return: false if the queue is shut; the caller still has the message then.
 */
bool kdbus_queue_add(struct kdbus_queue *queue, struct kdbus_msg *msg)
{
	bool ok;

	spin_lock(&queue->lock);
	ok = !queue->shut;
	if (ok)
		__kdbus_queue_add(queue, msg);
	spin_unlock(&queue->lock);
	return ok;
}

/**
 * kdbus_queue_shut() - let nothing more into a queue
 * @queue: the queue; what is in it stays readable
 *
 * Context: any but interrupt; takes the lock of the queue.
 */
void kdbus_queue_shut(struct kdbus_queue *queue)
{
	spin_lock(&queue->lock);
	WRITE_ONCE(queue->shut, true);
	spin_unlock(&queue->lock);
}

/**
 * kdbus_queue_show() - let a reader see what belongs to a batch
 * @queue: the queue
 * @batch: the batch, of which the caller has a reference; nobody takes any
 *	message of it back
 *
 * Context: any but interrupt; takes the lock of the queue.
 */
void kdbus_queue_show(struct kdbus_queue *queue, struct kdbus_batch *batch)
{
	struct kdbus_msg *msg;

	spin_lock(&queue->lock);
	list_for_each_entry(msg, &queue->msgs, node) {
		if (msg->batch != batch)
			continue;
		msg->batch = NULL;
		WRITE_ONCE(queue->staged, queue->staged - 1);
		kdbus_batch_put(batch);
	}
	spin_unlock(&queue->lock);
}

/* Throws all messages away, or those that are @visible. */
static bool kdbus_queue_clear(struct kdbus_queue *queue, bool visible)
{
	struct kdbus_msg *msg, *next;
	LIST_HEAD(list);

	spin_lock(&queue->lock);
	WRITE_ONCE(queue->shut, true);
	list_for_each_entry_safe(msg, next, &queue->msgs, node) {
		if (visible && !kdbus_msg_visible(msg))
			continue;
		__kdbus_queue_remove(queue, msg);
		list_add_tail(&msg->node, &list);
	}
	spin_unlock(&queue->lock);

	if (list_empty(&list))
		return false;
	list_for_each_entry_safe(msg, next, &list, node)
		kdbus_msg_free(msg);
	return true;
}

/**
 * kdbus_queue_purge() - throw away what nobody will read
 * @queue: a queue whose reader is gone; shut by this
 *
 * A message of a batch that is not committed stays: whoever fills the batch may
 * take it back.
 *
 * Context: process context; takes the lock of the queue.
 * Return: true if there was anything in it.
 */
bool kdbus_queue_purge(struct kdbus_queue *queue)
{
	return kdbus_queue_clear(queue, true);
}

/**
 * kdbus_queue_destroy() - the end of a queue
 * @queue: a queue that nobody else knows any more
 *
 * Context: process context.
 */
void kdbus_queue_destroy(struct kdbus_queue *queue)
{
	kdbus_queue_clear(queue, false);
	mutex_destroy(&queue->reader);
}

static struct kdbus_msg *kdbus_queue_peek(struct kdbus_queue *queue,
					  struct kdbus_msg *after)
{
	struct kdbus_msg *msg;

	spin_lock(&queue->lock);
	if (after)
		msg = list_is_last(&after->node, &queue->msgs) ?
			NULL : list_next_entry(after, node);
	else
		msg = list_first_entry_or_null(&queue->msgs, struct kdbus_msg,
					       node);
	if (msg && !kdbus_msg_visible(msg))
		msg = NULL;
	spin_unlock(&queue->lock);
	return msg;
}

/**
 * kdbus_queue_front() - what is to be read next
 * @queue: the queue; its reader mutex is held
 *
 * Return: the first entry, or NULL if there is none that may be seen.
 */
struct kdbus_msg *kdbus_queue_front(struct kdbus_queue *queue)
{
	lockdep_assert_held(&queue->reader);

	return kdbus_queue_peek(queue, NULL);
}

/**
 * kdbus_queue_lent() - is what is to be read next elsewhere?
 * @queue: the queue; its reader mutex is held
 *
 * Return: the first entry if its bytes are lent, NULL if it is another or none.
 */
struct kdbus_msg *kdbus_queue_lent(struct kdbus_queue *queue)
{
	struct kdbus_msg *msg;

	if (!READ_ONCE(queue->lent))
		return NULL;
	msg = kdbus_queue_front(queue);
	return msg && msg->lent ? msg : NULL;
}

/**
 * kdbus_queue_consume() - some of the first entry has been read
 * @queue: the queue; its reader mutex is held
 * @msg: its first entry, freed with its last byte
 * @count: bytes that have been read
 * @fds: files that have
 *
 * Context: process context; takes the lock of the queue.
 */
void kdbus_queue_consume(struct kdbus_queue *queue, struct kdbus_msg *msg,
			 size_t count, int fds)
{
	bool empty;

	msg->pos += count;
	empty = msg->pos == msg->end;

	spin_lock(&queue->lock);
	WRITE_ONCE(queue->bytes, queue->bytes - count);
	WRITE_ONCE(queue->fds, queue->fds - fds);
	if (empty)
		kdbus_queue_unlink(queue, msg);
	spin_unlock(&queue->lock);

	if (empty)
		kdbus_msg_free(msg);
}

/**
 * kdbus_queue_read() - copy from the front of a queue to user space
 * @queue: the queue; its reader mutex is held
 * @msg: the recvmsg() call
 * @size: at most so many bytes
 * @peek: leave everything in the queue
 * @files: set to whether a message with files was among it, the last then
 *
 * Like a stream of AF_UNIX: bytes of several messages are read at once, but
 * never beyond a message that brings files, nor into what is lent.
 *
 * Context: process context, may sleep.
 * Return: bytes copied, 0 if the queue is empty, or -EFAULT.
 */
ssize_t kdbus_queue_read(struct kdbus_queue *queue, struct msghdr *msg,
			 size_t size, bool peek, bool *files)
{
	struct kdbus_msg *entry = kdbus_queue_peek(queue, NULL);
	ssize_t copied = 0;

	lockdep_assert_held(&queue->reader);

	*files = false;
	while (entry && !entry->lent && (size_t)copied < size) {
		struct kdbus_msg *next = NULL;
		size_t n = min_t(size_t, size - copied, kdbus_msg_len(entry));
		int fds = kdbus_fds_count(&entry->fds);

		if (copy_to_iter(kdbus_msg_bytes(entry), n, &msg->msg_iter) != n)
			return copied ?: -EFAULT;
		copied += n;
		if (fds)
			kdbus_fds_install(&entry->fds, msg, peek);
		if (n == kdbus_msg_len(entry))
			next = kdbus_queue_peek(queue, entry);
		if (!peek)
			kdbus_queue_consume(queue, entry, n, fds);
		*files = fds;
		if (fds)
			break;
		entry = next;
	}
	return copied;
}
