// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking AF_UNIX connections over.
 *
 * The owner of a bus has accepted a connection and hands its end over.  The
 * other end, which is the client's, stays what it is, with its credentials, its
 * label and whatever watches it; the client need not know.
 *
 * The callbacks of the socket are what tells about the client: AF_UNIX calls
 * them in its context, in no atomic one and without locks, but for @write_space,
 * which comes under a lock of the reader.  A task may have read such a pointer
 * and call it as late as it likes, so only the end of the module has to wait for
 * that: see kdbus_attach_exit().
 */

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/pid.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/uaccess.h>
#include <net/af_unix.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "../compat/compat.h"
#include "attach.h"
#include "bus.h"
#include "family.h"
#include "flush.h"
#include "peer.h"
#include "pump.h"
#include "route.h"
#include "sock.h"
#include "unixsock.h"

/*
 * One at a time, so that the two ends of a connection see each other.  No mutex: of
 * all buses, whoever holds it must not be kept from going on.
 */
static DEFINE_SPINLOCK(kdbus_attach_lock);

/* Held while a callback runs. */
DEFINE_STATIC_SRCU(kdbus_attach_srcu);

/* Some socket has had our callbacks. */
static bool kdbus_attach_used;

/* What a callback is about, with a reference to the peer; NULL if it is over. */
static struct kdbus_unix *kdbus_unix_of(struct sock *sk)
{
	struct kdbus_unix *u;

	rcu_read_lock();
	u = rcu_dereference_sk_user_data(sk);
	if (u && !kref_get_unless_zero(&u->peer->kref))
		u = NULL;
	rcu_read_unlock();
	return u;
}

static void kdbus_unix_data_ready(struct sock *sk)
{
	int idx = srcu_read_lock(&kdbus_attach_srcu);
	struct kdbus_unix *u = kdbus_unix_of(sk);

	if (u) {
		kdbus_pump(u);
		kdbus_peer_put(u->peer);
	}
	srcu_read_unlock(&kdbus_attach_srcu, idx);
}

/* The client reads no more: neither does what it would read go anywhere. */
static void kdbus_unix_deaf(struct kdbus_peer *peer)
{
	if (READ_ONCE(peer->daemon_sk->sk_shutdown) & SEND_SHUTDOWN)
		return;
	kdbus_queue_shut(&peer->down);
	kdbus_peer_shut(peer, peer->daemon_sk, SEND_SHUTDOWN, false);
}

static void kdbus_unix_state_change(struct sock *sk)
{
	int idx = srcu_read_lock(&kdbus_attach_srcu);
	struct kdbus_unix *u = kdbus_unix_of(sk);

	if (u) {
		u->state_change(sk);
		if (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN)
			kdbus_unix_deaf(u->peer);
		/*
		 * Not here: whoever closes the last descriptor need have nothing to do
		 * with what has been written.
		 */
		kdbus_unix_work(u, 0);
		kdbus_peer_put(u->peer);
	}
	srcu_read_unlock(&kdbus_attach_srcu, idx);
}

static void kdbus_unix_write_space(struct sock *sk)
{
	int idx = srcu_read_lock(&kdbus_attach_srcu);
	struct kdbus_unix *u = kdbus_unix_of(sk);

	if (u) {
		u->write_space(sk);
		kdbus_flush_relief(u);
		kdbus_peer_put(u->peer);
	}
	srcu_read_unlock(&kdbus_attach_srcu, idx);
}

/* The socket that stands for the client's has got room again. */
static void kdbus_stand_in_write_space(struct sock *sk)
{
	kdbus_pump_relief(sk->sk_user_data);
}

static bool kdbus_unix_is_hooked(struct sock *sk)
{
	return READ_ONCE(sk->sk_data_ready) == kdbus_unix_data_ready;
}

/* A task that writes to one end must not end up writing to the other. */
static int kdbus_unix_hook(struct kdbus_unix *u)
{
	struct sock *sk = u->sk, *other = kdbus_unix_other(u);
	int ret = -EBUSY;

	spin_lock(&kdbus_attach_lock);
	write_lock_bh(&sk->sk_callback_lock);
	if (!sk->sk_user_data && other && !kdbus_unix_is_hooked(other)) {
		u->data_ready = sk->sk_data_ready;
		u->state_change = sk->sk_state_change;
		u->write_space = sk->sk_write_space;
		rcu_assign_sk_user_data(sk, u);
		WRITE_ONCE(sk->sk_write_space, kdbus_unix_write_space);
		WRITE_ONCE(sk->sk_state_change, kdbus_unix_state_change);
		WRITE_ONCE(sk->sk_data_ready, kdbus_unix_data_ready);
		u->hooked = true;
		kdbus_attach_used = true;
		ret = 0;
	}
	write_unlock_bh(&sk->sk_callback_lock);
	spin_unlock(&kdbus_attach_lock);
	return ret;
}

static void kdbus_unix_unhook(struct kdbus_unix *u)
{
	struct sock *sk = u->sk;

	write_lock_bh(&sk->sk_callback_lock);
	WRITE_ONCE(sk->sk_data_ready, u->data_ready);
	WRITE_ONCE(sk->sk_state_change, u->state_change);
	WRITE_ONCE(sk->sk_write_space, u->write_space);
	rcu_assign_sk_user_data(sk, NULL);
	write_unlock_bh(&sk->sk_callback_lock);
}

static void kdbus_attached_readable(struct kdbus_peer *peer)
{
	kdbus_flush(peer->taken);
}

static void kdbus_attached_hangup(struct kdbus_peer *peer, bool reset)
{
	struct kdbus_unix *u = peer->taken;
	struct file *file;

	/*
	 * What there is room for goes now.  If this is somebody else than the owner,
	 * whom a reader who looks at that would take for the sender, it is lost: he
	 * must not have to wait for anybody.
	 */
	if (u->hooked)
		kdbus_flush(u);
	spin_lock_bh(&u->lock);
	file = u->file;
	u->file = NULL;
	spin_unlock_bh(&u->lock);
	if (u->hooked) {
		kdbus_unix_unhook(u);
		if (reset)
			kdbus_unix_other_reset(u);
	}
	fput(file);
}

static void kdbus_attached_shutdown(struct kdbus_peer *peer, u8 mode)
{
	struct file *file = kdbus_unix_get(peer->taken);
	struct socket *sock = peer->taken->sock;
	u8 ours = 0;

	if (!file)
		return;
	kdbus_flush(peer->taken);
	if (mode & SEND_SHUTDOWN)
		ours |= RCV_SHUTDOWN;
	if (mode & RCV_SHUTDOWN)
		ours |= SEND_SHUTDOWN;
	READ_ONCE(sock->ops)->shutdown(sock, ours - 1);
	fput(file);
}

static bool kdbus_attached_lent(struct kdbus_peer *peer)
{
	struct file *file = kdbus_unix_get(peer->taken);
	struct sock *sk = peer->taken->sk;
	bool lent;

	if (!file)
		return false;
	lent = !kdbus_unix_empty(peer->taken) ||
	       (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN);
	fput(file);
	return lent;
}

static ssize_t kdbus_attached_recv(struct kdbus_peer *peer, struct msghdr *msg,
				   size_t size, int flags)
{
	struct kdbus_unix *u = peer->taken;
	struct file *file = kdbus_unix_get(u);
	int ret;

	if (!file)
		return 0;
	ret = READ_ONCE(u->sock->ops)->recvmsg(u->sock, msg, size,
					       (flags & ~MSG_WAITALL) |
					       MSG_DONTWAIT);
	fput(file);
	if (ret == -ECONNRESET) {
		WRITE_ONCE(u->reset, true);
		ret = 0;
	}
	return ret;
}

static void kdbus_attached_received(struct kdbus_peer *peer)
{
	clear_bit(KDBUS_UNIX_LENT, &peer->taken->flags);
	/* Pairs with the look at the flag by the pump, if there is one. */
	smp_mb__after_atomic();
	kdbus_pump_here(peer->taken, KDBUS_UNIX_STEPS_OF_DAEMON);
}

static ssize_t kdbus_attached_send(struct kdbus_peer *peer, struct msghdr *msg)
{
	return kdbus_flush_files(peer->taken, msg);
}

static void kdbus_unix_free(struct kdbus_unix *u)
{
	put_cred(u->cred);
	put_pid(u->pid);
	kfree(u);
}

static void kdbus_attached_free(struct kdbus_peer *peer)
{
	kdbus_unix_free(peer->taken);
}

/* The client end is an AF_UNIX socket, whose other end was taken over. */
static const struct kdbus_transport kdbus_attached = {
	.attached = true,
	.readable = kdbus_attached_readable,
	.hangup = kdbus_attached_hangup,
	.shutdown = kdbus_attached_shutdown,
	.lent = kdbus_attached_lent,
	.recv = kdbus_attached_recv,
	.received = kdbus_attached_received,
	.send = kdbus_attached_send,
	.free = kdbus_attached_free,
};

static void kdbus_unix_do_work(struct work_struct *work)
{
	struct kdbus_unix *u = container_of(to_delayed_work(work),
					    struct kdbus_unix, work);

	kdbus_pump_here(u, KDBUS_UNIX_STEPS);
	kdbus_flush(u);
	kdbus_peer_put(u->peer);
}

/* Is it something that can be taken over?  The socket, or an error. */
static struct socket *kdbus_unix_check(struct file *file)
{
	struct socket *sock = kdbus_sock_from_file(file);
	struct sock *sk = sock ? sock->sk : NULL;

	if (!sock)
		return ERR_PTR(-ENOTSOCK);
	if (!sk || sk->sk_family != AF_UNIX || sk->sk_type != SOCK_STREAM ||
	    READ_ONCE(sk->sk_state) != TCP_ESTABLISHED ||
	    READ_ONCE(sk->sk_peek_off) >= 0 || kdbus_sk_wants_extra(sk) ||
	    !READ_ONCE(sk->sk_peer_cred))
		return ERR_PTR(-EOPNOTSUPP);
	return sock;
}

static struct kdbus_unix *kdbus_unix_new(struct file *file, struct socket *sock)
{
	struct kdbus_unix *u = kzalloc(sizeof(*u), GFP_KERNEL_ACCOUNT);

	if (!u)
		return NULL;
	spin_lock_init(&u->lock);
	u->file = get_file(file);
	u->sock = sock;
	u->sk = sock->sk;
	u->cred = kdbus_get_cred(current_cred());
	u->pid = get_pid(task_tgid(current));
	INIT_DELAYED_WORK(&u->work, kdbus_unix_do_work);
	return u;
}

static kuid_t kdbus_unix_uid(struct sock *sk)
{
	kuid_t uid;

	spin_lock(&sk->sk_peer_lock);
	uid = sk->sk_peer_cred->euid;
	spin_unlock(&sk->sk_peer_lock);
	return uid;
}

/*
 * The connection: a socket that stands for the client's, and the daemon end,
 * which is what @daemon becomes.
 */
static struct kdbus_peer *kdbus_attach_peer(struct kdbus_bus *bus,
					    struct kdbus_unix *u,
					    struct sock *daemon)
{
	struct sock *stand_in = kdbus_sock_new(sock_net(daemon), NULL, 1);
	struct kdbus_sock *ds = kdbus_sk(daemon);
	struct kdbus_peer *peer;

	if (!stand_in)
		return NULL;
	stand_in->sk_user_data = u;
	stand_in->sk_write_space = kdbus_stand_in_write_space;
	peer = kdbus_peer_new(bus, stand_in, daemon, &kdbus_attached,
			      kdbus_unix_uid(u->sk));
	sock_put(stand_in);
	if (!peer)
		return NULL;
	u->peer = peer;
	peer->taken = u;
	kdbus_peercred_copy(daemon, u->sk);
	WRITE_ONCE(daemon->sk_state, TCP_ESTABLISHED);
	daemon->sk_socket->state = SS_CONNECTED;
	ds->peer = peer;
	/* Pairs with kdbus_sock_connected(): the peer is there. */
	smp_store_release(&ds->role, KDBUS_ROLE_DAEMON);
	return peer;
}

/* A daemon end for the socket, as a file that nobody has got yet. */
static struct file *kdbus_attach_file(struct kdbus_bus *bus, struct file *file,
				      struct socket *sock)
{
	struct kdbus_unix *u;
	struct socket *daemon;
	int ret = sock_create(kdbus_family, SOCK_STREAM, 0, &daemon);

	if (ret)
		return ERR_PTR(ret);
	u = kdbus_unix_new(file, sock);
	if (!u)
		goto release;
	if (!kdbus_attach_peer(bus, u, daemon->sk)) {
		fput(u->file);
		kdbus_unix_free(u);
		goto release;
	}
	/* Releases the socket, and all that belongs to it, if it fails. */
	return sock_alloc_file(daemon, file->f_flags & O_NONBLOCK, NULL);
release:
	sock_release(daemon);
	return ERR_PTR(-ENOMEM);
}

/*
 * The other end may have written something, or closed, and read the pointer to the
 * old callback then, while we might not see yet what it has done.  AF_UNIX does
 * either under this lock: whoever had it before us is seen, and whoever gets it
 * after us sees our callbacks.
 */
static void kdbus_unix_settle(struct kdbus_unix *u)
{
	unix_state_lock(u->sk);
	unix_state_unlock(u->sk);
}

static int kdbus_attach_install(struct file *file, char **label,
				int __user *daemon_fd)
{
	struct kdbus_peer *peer =
		kdbus_sk(kdbus_sock_from_file(file)->sk)->peer;
	int fd = get_unused_fd_flags(O_CLOEXEC), ret;

	if (fd < 0)
		return fd;
	ret = put_user(fd, daemon_fd);
	if (!ret)
		ret = kdbus_unix_hook(peer->taken);
	if (ret) {
		put_unused_fd(fd);
		return ret;
	}
	swap(peer->label_text, *label);
	/* What was written before that. */
	kdbus_unix_settle(peer->taken);
	kdbus_pump_here(peer->taken, KDBUS_UNIX_STEPS_OF_DAEMON);
	fd_install(fd, file);
	return 0;
}

/**
 * kdbus_attach() - take a connection over
 * @bus: which it shall belong to
 * @fd: descriptor of the daemon's end of it
 * @label: the client's security label, taken if this succeeds; NULL for none
 * @daemon_fd: where to put the descriptor of the daemon end
 *
 * Context: process context of the owner of the bus, may sleep.
 * Return: 0, or a negative error, see %KDBUS_ATTACH.
 */
int kdbus_attach(struct kdbus_bus *bus, int fd, char **label,
		 int __user *daemon_fd)
{
	struct file *file = fget(fd), *end;
	struct socket *sock;
	int ret;

	if (!file)
		return -EBADF;
	sock = kdbus_unix_check(file);
	if (IS_ERR(sock)) {
		fput(file);
		return PTR_ERR(sock);
	}
	end = kdbus_attach_file(bus, file, sock);
	fput(file);
	if (IS_ERR(end))
		return PTR_ERR(end);
	ret = kdbus_attach_install(end, label, daemon_fd);
	if (ret)
		fput(end);
	return ret;
}

/**
 * kdbus_attach_exit() - wait until nobody is in a callback any more
 *
 * There is no connection left.  Who has read the pointer to a callback without
 * having called it is waited for by the first grace period, for a task does not
 * sleep between the two; who is in it, by the second; who is at its last
 * instructions, by the third.
 */
void kdbus_attach_exit(void)
{
	if (!kdbus_attach_used)
		return;
	synchronize_rcu_tasks();
	synchronize_srcu(&kdbus_attach_srcu);
	synchronize_rcu_tasks();
}
