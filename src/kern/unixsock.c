// SPDX-License-Identifier: GPL-2.0-only
/* An AF_UNIX socket that has been taken over from the owner of a bus. */

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/net.h>
#include <linux/pid.h>
#include <linux/uio.h>
#include <net/af_unix.h>
#include <net/sock.h>

#include "../compat/compat.h"
#include "bus.h"
#include "peer.h"
#include "unixsock.h"

/**
 * kdbus_unix_get() - use the socket
 * @u: the socket
 *
 * Context: any.
 * Return: a reference that keeps it, for fput(), or NULL if it is given up.
 */
struct file *kdbus_unix_get(struct kdbus_unix *u)
{
	struct file *file;

	spin_lock_bh(&u->lock);
	file = u->file ? get_file(u->file) : NULL;
	spin_unlock_bh(&u->lock);
	return file;
}

/**
 * kdbus_unix_ours() - has everybody else given the socket up?
 * @u: the socket
 *
 * Until then the owner of the bus may be reading from it, for as long as he likes,
 * and nobody else can read meanwhile.  Once nobody else has the file, nobody can
 * get it.  Others in the module who use it just now look like somebody else: that
 * is found out by the next one who asks.
 *
 * Context: any.
 */
bool kdbus_unix_ours(struct kdbus_unix *u)
{
	if (READ_ONCE(u->ours))
		return true;
	spin_lock_bh(&u->lock);
	if (u->file && file_count(u->file) == 1)
		WRITE_ONCE(u->ours, true);
	spin_unlock_bh(&u->lock);
	return READ_ONCE(u->ours);
}

/**
 * kdbus_unix_work() - leave something to a kernel thread
 * @u: the socket
 * @delay: jiffies until then
 *
 * Context: any, under any lock.
 */
void kdbus_unix_work(struct kdbus_unix *u, unsigned long delay)
{
	/* Nothing is left to be done for a peer that nobody has any more. */
	if (!kref_get_unless_zero(&u->peer->kref))
		return;
	if (!queue_delayed_work(u->peer->bus->threads, &u->work, delay))
		kdbus_peer_put(u->peer);
}

/**
 * kdbus_unix_other() - the other end
 * @u: the socket, with a reference, which keeps it
 *
 * Return: its sock, or NULL if the socket has never had any.
 */
struct sock *kdbus_unix_other(const struct kdbus_unix *u)
{
	return unix_sk(u->sk)->peer;
}

/**
 * kdbus_unix_empty() - has the other end written nothing that is unread?
 * @u: the socket, with a reference
 */
bool kdbus_unix_empty(const struct kdbus_unix *u)
{
	return skb_queue_empty_lockless(&u->sk->sk_receive_queue);
}

/**
 * kdbus_unix_writable() - would poll() say that there is room to write?
 * @u: the socket, with a reference, or one whose callback this is
 *
 * To AF_UNIX there is if a quarter of the buffer at most is in use.
 */
bool kdbus_unix_writable(const struct kdbus_unix *u)
{
	const struct sock *sk = u->sk;

	return (u64)refcount_read(&sk->sk_wmem_alloc) * 4 <=
	       (u64)READ_ONCE(sk->sk_sndbuf);
}

/**
 * kdbus_unix_wants_creds() - does AF_UNIX say who has written?
 * @u: the socket, with a reference
 *
 * Either end can ask for that.
 */
bool kdbus_unix_wants_creds(const struct kdbus_unix *u)
{
	bool wants;

	rcu_read_lock();
	wants = kdbus_sk_passes_creds(kdbus_unix_other(u)) ||
		kdbus_sk_passes_creds(u->sk);
	rcu_read_unlock();
	return wants;
}

/**
 * kdbus_unix_speaks() - may this task write to a reader who looks at that?
 * @u: the socket
 *
 * What it writes is the owner's: it is him, or it can say that he is the sender.
 */
bool kdbus_unix_speaks(const struct kdbus_unix *u)
{
	return (current->flags & PF_KTHREAD) || task_tgid(current) == u->pid;
}

/**
 * kdbus_unix_other_reset() - tell the other end that something was not read
 * @u: the socket, with a reference
 */
void kdbus_unix_other_reset(const struct kdbus_unix *u)
{
	WRITE_ONCE(kdbus_unix_other(u)->sk_err, ECONNRESET);
}

/* Not sock_recvmsg(): what the owner may do is not the writer's to prove. */
static int kdbus_unix_recvmsg(struct kdbus_unix *u, struct msghdr *msg,
			      size_t size, int flags)
{
	int ret = READ_ONCE(u->sock->ops)->recvmsg(u->sock, msg, size,
						   flags | MSG_DONTWAIT);

	/* Whoever comes upon it takes it away. */
	if (ret == -ECONNRESET)
		WRITE_ONCE(u->reset, true);
	return ret;
}

/* AF_UNIX counts the files of a piece before it puts that into the queue. */
static bool kdbus_unix_has_files(const struct kdbus_unix *u)
{
	return atomic_read(&unix_sk(u->sk)->scm_stat.nr_fds);
}

/**
 * kdbus_unix_glance() - is there one piece without files, and nothing else?
 * @u: the socket, with a reference, nothing of whose first piece has been read
 *
 * Says cheaply what kdbus_unix_look() would in the most common case.  What is out
 * of band is a piece of one byte.
 *
 * Context: process context of the pump; takes the lock of the queue.
 * Return: bytes, or 0 if it may be otherwise.
 */
int kdbus_unix_glance(struct kdbus_unix *u)
{
	struct sk_buff_head *queue = &u->sk->sk_receive_queue;
	struct sk_buff *skb;
	int len = 0;

	spin_lock(&queue->lock);
	skb = skb_peek(queue);
	if (skb && skb_queue_is_last(queue, skb) && skb->len > 1 &&
	    !kdbus_unix_has_files(u))
		len = skb->len;
	spin_unlock(&queue->lock);
	return len;
}

/**
 * kdbus_unix_look() - what is there, and does it bring files?
 * @u: the socket, with a reference
 * @files: set to whether files come with some of it
 *
 * Reading files in the kernel would lose them, and which piece of the queue
 * brings them cannot be told on every kernel.  But peeking says whether there
 * are any: it goes on to the first piece with files, however much is asked for.
 * Unless there is no memory for a copy of their list, so they are counted as well;
 * what is lent for files that come later is read by the daemon all the same.
 *
 * Context: process context of the pump.
 * Return: bytes, no more than the first piece with files has; 0 at the end of
 * the stream, or a negative error, EAGAIN if there is nothing.
 */
int kdbus_unix_look(struct kdbus_unix *u, bool *files)
{
	struct msghdr msg = {};
	int ret;

	iov_iter_discard(&msg.msg_iter, READ, INT_MAX);
	ret = kdbus_unix_recvmsg(u, &msg, INT_MAX, MSG_PEEK);
	*files = (msg.msg_flags & MSG_CTRUNC) || kdbus_unix_has_files(u);
	return ret;
}

/**
 * kdbus_unix_peek() - copy what comes next, and leave it there
 * @u: the socket, with a reference
 * @to: where to
 * @size: bytes
 *
 * Context: process context of the pump.
 * Return: bytes, or a negative error.
 */
int kdbus_unix_peek(struct kdbus_unix *u, void *to, size_t size)
{
	struct kvec vec = { .iov_base = to, .iov_len = size };
	struct msghdr msg = {};

	iov_iter_kvec(&msg.msg_iter, READ, &vec, 1, size);
	return kdbus_unix_recvmsg(u, &msg, size, MSG_PEEK);
}

/**
 * kdbus_unix_read() - read what comes next
 * @u: the socket, with a reference
 * @to: where to
 * @size: bytes, which bring no files
 *
 * Context: process context of the pump.
 * Return: bytes, or a negative error.
 */
int kdbus_unix_read(struct kdbus_unix *u, void *to, size_t size)
{
	struct kvec vec = { .iov_base = to, .iov_len = size };
	struct msghdr msg = {};

	iov_iter_kvec(&msg.msg_iter, READ, &vec, 1, size);
	return kdbus_unix_recvmsg(u, &msg, size, 0);
}

/* Who the owner of the bus is, for a task that may say anything about it. */
static void kdbus_unix_creds(struct kdbus_unix *u, struct ucred *creds)
{
	creds->pid = pid_nr(u->pid);
	creds->uid = from_kuid_munged(&init_user_ns, u->cred->uid);
	creds->gid = from_kgid_munged(&init_user_ns, u->cred->gid);
}

static bool kdbus_unix_owner_lives(const struct kdbus_unix *u)
{
	bool lives;

	rcu_read_lock();
	lives = pid_task(u->pid, PIDTYPE_TGID);
	rcu_read_unlock();
	return lives;
}

/*
 * AF_UNIX asks for the ids of whoever writes, which may be anybody: they are the
 * owner's.  So nobody can be made to lend his own to what others say, even if the
 * reader begins to look at them only now.
 */
static int kdbus_unix_sendmsg(struct kdbus_unix *u, struct msghdr *msg,
			      size_t size)
{
	const struct cred *old = override_creds(u->cred);
	int ret = READ_ONCE(u->sock->ops)->sendmsg(u->sock, msg, size);

	revert_creds(old);
	return ret;
}

/* For a kernel thread: the owner, who lives, is the sender, by his number as well. */
static int kdbus_unix_sendmsg_for(struct kdbus_unix *u, struct msghdr *msg,
				  size_t size)
{
	struct {
		struct cmsghdr head;
		struct ucred creds;
	} control = {
		.head = {
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_CREDENTIALS,
			.cmsg_len = CMSG_LEN(sizeof(struct ucred)),
		},
	};

	kdbus_unix_creds(u, &control.creds);
	msg->msg_control = &control;
	msg->msg_controllen = sizeof(control);
	return READ_ONCE(u->sock->ops)->sendmsg(u->sock, msg, size);
}

/**
 * kdbus_unix_write() - write something to the other end
 * @u: the socket, with a reference
 * @from: what
 * @size: bytes
 *
 * Context: process context of the flusher, which kdbus_unix_speaks() if the reader
 * looks at who writes.
 * Return: bytes written, or a negative error.
 */
int kdbus_unix_write(struct kdbus_unix *u, void *from, size_t size)
{
	struct kvec vec = { .iov_base = from, .iov_len = size };
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL };

	iov_iter_kvec(&msg.msg_iter, WRITE, &vec, 1, size);
	if (current->flags & PF_KTHREAD) {
		if (kdbus_unix_owner_lives(u))
			return kdbus_unix_sendmsg_for(u, &msg, size);
		/* Nothing can be said in the name of somebody who is gone. */
		if (kdbus_unix_wants_creds(u))
			return -EPIPE;
	}
	return kdbus_unix_sendmsg(u, &msg, size);
}
