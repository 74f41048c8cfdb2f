// SPDX-License-Identifier: GPL-2.0-only
/* The socket calls that move data. */

#include <linux/sched/signal.h>
#include <net/sock.h>

#include "bus.h"
#include "peer.h"
#include "room.h"
#include "sock.h"
#include "socket.h"
#include "stream.h"

/*
 * What sendmsg() and recvmsg() need to know of either end.  @direct: the call
 * brings files for somebody who is attached, which the module cannot keep.
 */
struct kdbus_end {
	bool daemon;
	bool direct;
	struct kdbus_peer *peer;
	struct kdbus_tx *tx;
	struct kdbus_queue *queue;
};

static bool kdbus_end_init(struct kdbus_end *end, struct sock *sk)
{
	struct kdbus_sock *ks = kdbus_sk(sk);

	if (!kdbus_sock_connected(sk))
		return false;
	end->peer = ks->peer;
	end->daemon = ks->role == KDBUS_ROLE_DAEMON;
	end->direct = false;
	end->tx = end->daemon ? &end->peer->from_daemon :
				&end->peer->from_client;
	end->queue = end->daemon ? &end->peer->up : &end->peer->down;
	return true;
}

static bool kdbus_end_room(const struct kdbus_end *end)
{
	return end->daemon ? kdbus_room_daemon_wait(end->peer) :
			     kdbus_room_client(end->peer);
}

/* Sleeps until there is room to send, or the end of the connection. */
static int kdbus_send_wait(struct sock *sk, const struct kdbus_end *end,
			   long *timeo)
{
	DEFINE_WAIT(wait);
	int ret = 0;

	sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	for (;;) {
		if (!*timeo)
			ret = -EAGAIN;
		else if (signal_pending(current))
			ret = sock_intr_errno(*timeo);
		if (ret)
			break;
		set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		if (kdbus_end_room(end) ||
		    (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN))
			break;
		*timeo = schedule_timeout(*timeo);
	}
	finish_wait(sk_sleep(sk), &wait);
	return ret;
}

static ssize_t kdbus_send_some(const struct kdbus_end *end, struct msghdr *msg,
			       struct kdbus_fds *fds)
{
	ssize_t ret;

	/* Whoever holds it may wait for user memory, for as long as that takes. */
	if (mutex_lock_interruptible(&end->tx->lock))
		return -ERESTARTSYS;
	if (end->direct)
		ret = kdbus_stream_daemon_files(end->peer, msg);
	else if (end->daemon)
		ret = kdbus_stream_daemon(end->peer, &msg->msg_iter, fds);
	else
		ret = kdbus_stream_client(end->peer, &msg->msg_iter, fds);
	mutex_unlock(&end->tx->lock);
	return ret;
}

static ssize_t kdbus_send_all(struct sock *sk, const struct kdbus_end *end,
			      struct msghdr *msg, struct kdbus_fds *fds)
{
	long timeo = sock_sndtimeo(sk, msg->msg_flags & MSG_DONTWAIT);
	ssize_t ret;

	do {
		if (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN)
			return -EPIPE;
		ret = kdbus_send_some(end, msg, fds);
		if (ret != -EAGAIN)
			return ret;
		ret = kdbus_send_wait(sk, end, &timeo);
	} while (!ret);
	return ret;
}

static bool kdbus_send_is_direct(const struct kdbus_end *end,
				 struct msghdr *msg)
{
	struct cmsghdr *cmsg;

	if (!msg->msg_controllen || !end->daemon ||
	    !end->peer->transport->attached)
		return false;
	for_each_cmsghdr(cmsg, msg) {
		/* Behind one without a length would be the same one again. */
		if (!CMSG_OK(msg, cmsg))
			return false;
		if (cmsg->cmsg_level == SOL_SOCKET &&
		    cmsg->cmsg_type == SCM_RIGHTS)
			return true;
	}
	return false;
}

/**
 * kdbus_sendmsg() - sendmsg(2)
 * @sock: either end of a connection
 * @msg: bytes and files
 * @len: bytes
 *
 * Return: bytes taken, or a negative error if there are none.
 */
int kdbus_sendmsg(struct socket *sock, struct msghdr *msg, size_t len)
{
	struct sock *sk = sock->sk;
	struct kdbus_fds fds = {};
	struct kdbus_end end;
	ssize_t ret;
	size_t sent;

	if (msg->msg_flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!kdbus_end_init(&end, sk))
		return msg->msg_namelen ? -EOPNOTSUPP : -ENOTCONN;
	if (msg->msg_namelen)
		return -EISCONN;
	end.direct = kdbus_send_is_direct(&end, msg);
	if (!end.direct) {
		ret = kdbus_fds_collect(&fds, msg, end.daemon ? end.peer->owner :
								end.peer->user);
		/*
		 * Of this, libdbus drops the message.  Of anything else the connection,
		 * and the client had no part in it.
		 */
		if (ret == -EPERM && end.daemon)
			ret = -ETOOMANYREFS;
		if (ret)
			return ret;
	}
	ret = kdbus_send_all(sk, &end, msg, &fds);
	kdbus_fds_drop(&fds);
	if (end.direct)
		sent = ret > 0 ? ret : 0;
	else
		sent = len - iov_iter_count(&msg->msg_iter);
	if (ret == -EPIPE && !sent && !(msg->msg_flags & MSG_NOSIGNAL))
		send_sig(SIGPIPE, current, 0);
	return sent ?: ret;
}

static bool kdbus_recv_ready(struct sock *sk, const struct kdbus_end *end)
{
	return kdbus_peer_readable(end->peer, end->daemon) ||
	       READ_ONCE(sk->sk_err) ||
	       (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN);
}

static int kdbus_recv_wait(struct sock *sk, const struct kdbus_end *end,
			   long *timeo)
{
	DEFINE_WAIT(wait);

	if (!*timeo)
		return -EAGAIN;
	prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
	if (!kdbus_recv_ready(sk, end))
		*timeo = schedule_timeout(*timeo);
	finish_wait(sk_sleep(sk), &wait);
	return signal_pending(current) ? sock_intr_errno(*timeo) : 0;
}

/*
 * Lets the daemon read what has been lent to it.  @done: that was all.  Like a
 * message with files, what comes behind it is for another call.
 */
static ssize_t kdbus_recv_lent(const struct kdbus_end *end, struct msghdr *msg,
			       size_t size, int flags, bool *done)
{
	struct kdbus_msg *entry = kdbus_queue_lent(end->queue);
	u32 len;
	ssize_t ret;

	if (!entry)
		return 0;
	len = kdbus_msg_len(entry);
	ret = end->peer->transport->recv(end->peer, msg,
					 min_t(size_t, size, len), flags);
	if (ret == -EAGAIN)
		return 0;
	if (ret < 0 || (flags & MSG_PEEK) || (entry->endless && ret))
		return ret;
	/* Nothing will come any more: so much for the rest of it. */
	*done = !ret || ret == len;
	kdbus_queue_consume(end->queue, entry, ret ?: len, 0);
	return ret;
}

static ssize_t kdbus_recv_some(const struct kdbus_end *end, struct msghdr *msg,
			       size_t size, int flags, bool *files)
{
	bool done = false;
	ssize_t ret;

	if (mutex_lock_interruptible(&end->queue->reader))
		return -ERESTARTSYS;
	ret = kdbus_queue_read(end->queue, msg, size, flags & MSG_PEEK, files);
	if (!ret) {
		ret = kdbus_recv_lent(end, msg, size, flags, &done);
		*files = ret > 0;
	}
	mutex_unlock(&end->queue->reader);

	if (done)
		end->peer->transport->received(end->peer);
	if (ret > 0 && !end->daemon)
		kdbus_room_daemon_relief(end->peer);
	return ret;
}

/*
 * Has the stream ended, or broken?  To be looked at before the queue: what has been
 * sent before that is in the queue, and nothing comes behind it.
 */
static bool kdbus_recv_over(const struct sock *sk)
{
	bool over = (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN) ||
		    READ_ONCE(sk->sk_err);

	/* Pairs with the lock of the queue, under which it got there. */
	smp_rmb();
	return over;
}

static ssize_t kdbus_recv_loop(struct sock *sk, const struct kdbus_end *end,
			       struct msghdr *msg, size_t size, int flags)
{
	int target = sock_rcvlowat(sk, flags & MSG_WAITALL, size);
	long timeo = sock_rcvtimeo(sk, flags & MSG_DONTWAIT);
	bool peek = flags & MSG_PEEK, files = false;
	ssize_t copied = 0, ret = 0;

	while ((size_t)copied < size) {
		bool over = kdbus_recv_over(sk);

		ret = kdbus_recv_some(end, msg, size - copied, flags, &files);
		if (ret < 0)
			break;
		copied += ret;
		if (files || (copied && (peek || copied >= target)))
			break;
		if (ret)
			continue;
		if (over) {
			ret = sock_error(sk);
			break;
		}
		/* That it is over by now may have come of reading. */
		if (!kdbus_recv_over(sk))
			ret = kdbus_recv_wait(sk, end, &timeo);
		if (ret < 0)
			break;
	}
	return copied ?: ret;
}

/* Who has sent it, for recvfrom(); nobody if it has no name. */
static void kdbus_recv_name(struct socket *sock, struct msghdr *msg)
{
	int len = sock->ops->getname(sock, msg->msg_name, 1);

	if (len > (int)offsetof(struct sockaddr_un, sun_path))
		msg->msg_namelen = len;
}

/**
 * kdbus_recvmsg() - recvmsg(2)
 * @sock: either end of a connection
 * @msg: where to put bytes and files
 * @size: at most so many bytes
 * @flags: MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL
 *
 * Return: bytes read, 0 at the end of the stream, or a negative error.
 */
int kdbus_recvmsg(struct socket *sock, struct msghdr *msg, size_t size,
		  int flags)
{
	struct kdbus_end end;
	ssize_t ret;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	if (!kdbus_end_init(&end, sock->sk))
		return -EINVAL;
	msg->msg_namelen = 0;
	ret = kdbus_recv_loop(sock->sk, &end, msg, size, flags);
	if (ret > 0 && msg->msg_name)
		kdbus_recv_name(sock, msg);
	return ret;
}
