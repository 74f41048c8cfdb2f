// SPDX-License-Identifier: GPL-2.0-only
/* The socket calls, but for connecting (connect.c) and moving data (io.c). */

#include <linux/compat.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/sockios.h>
#include <asm/ioctls.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "control.h"
#include "family.h"
#include "peer.h"
#include "room.h"
#include "route.h"
#include "sock.h"
#include "socket.h"

static int kdbus_release(struct socket *sock)
{
	struct sock *sk = sock->sk;
	struct kdbus_sock *ks;

	if (!sk)
		return 0;
	ks = kdbus_sk(sk);
	kdbus_address_unbind(ks);
	switch (ks->role) {
	case KDBUS_ROLE_LISTENER:
		kdbus_close_listener(ks);
		break;
	case KDBUS_ROLE_CLIENT:
		kdbus_close_client(ks);
		break;
	case KDBUS_ROLE_DAEMON:
		kdbus_close_daemon(ks, false);
		break;
	case KDBUS_ROLE_NONE:
		break;
	}
	sock_orphan(sk);
	sock->sk = NULL;
	sock_put(sk);
	return 0;
}

static int kdbus_bind(struct socket *sock, kdbus_sockaddr_t *addr, int len)
{
	struct kdbus_sock *ks = kdbus_sk(sock->sk);
	struct kdbus_address address;
	int ret;

	ret = kdbus_address_parse(&address, addr, len);
	if (ret)
		return ret;
	if (mutex_lock_interruptible(&ks->setup))
		return -ERESTARTSYS;
	if (ks->address.len || ks->role != KDBUS_ROLE_NONE)
		ret = -EINVAL;
	else
		ret = kdbus_address_bind(ks, &address,
					 SOCK_INODE(sock)->i_mode);
	mutex_unlock(&ks->setup);
	return ret;
}

/* The address belongs to the listener, whose name the daemon ends share. */
static int kdbus_getname(struct socket *sock, struct sockaddr *addr, int peer)
{
	struct kdbus_sock *ks = kdbus_sk(sock->sk);
	struct sockaddr_un *sun = (struct sockaddr_un *)addr;
	const struct kdbus_address *address = &ks->address;
	int len;

	if (peer && !kdbus_sock_connected(sock->sk))
		return -ENOTCONN;
	if (peer)
		address = ks->role == KDBUS_ROLE_CLIENT ?
			&kdbus_sk(ks->peer->daemon_sk)->address : NULL;
	/* Pairs with bind(): the path is there. */
	len = address ? smp_load_acquire(&address->len) : 0;
	if (len) {
		memcpy(sun, &address->sun, len);
		return len;
	}
	sun->sun_family = kdbus_family;
	return offsetof(struct sockaddr_un, sun_path);
}

static void kdbus_shutdown_client(struct kdbus_peer *peer, int mode)
{
	if (mode & RCV_SHUTDOWN) {
		kdbus_queue_shut(&peer->down);
		kdbus_peer_shut(peer, peer->daemon_sk, SEND_SHUTDOWN, false);
	}
	if (mode & SEND_SHUTDOWN)
		kdbus_route_end(peer, false, false);
}

static void kdbus_shutdown_daemon(struct kdbus_peer *peer, int mode)
{
	u8 other = 0;

	if (mode & RCV_SHUTDOWN) {
		kdbus_queue_shut(&peer->up);
		other |= SEND_SHUTDOWN;
	}
	if (mode & SEND_SHUTDOWN) {
		kdbus_queue_shut(&peer->down);
		other |= RCV_SHUTDOWN;
	}
	peer->transport->shutdown(peer, other);
}

static int kdbus_shutdown(struct socket *sock, int how)
{
	struct kdbus_sock *ks = kdbus_sk(sock->sk);
	int mode = how + 1;

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	if (!kdbus_sock_connected(sock->sk)) {
		spin_lock(&ks->backlog_lock);
		WRITE_ONCE(sock->sk->sk_shutdown, sock->sk->sk_shutdown | mode);
		spin_unlock(&ks->backlog_lock);
		sock->sk->sk_state_change(sock->sk);
		return 0;
	}
	kdbus_peer_shut(ks->peer, sock->sk, mode, false);
	if (ks->role == KDBUS_ROLE_CLIENT)
		kdbus_shutdown_client(ks->peer, mode);
	else
		kdbus_shutdown_daemon(ks->peer, mode);
	return 0;
}

static __poll_t kdbus_poll_connected(struct sock *sk)
{
	struct kdbus_sock *ks = kdbus_sk(sk);
	bool daemon = ks->role == KDBUS_ROLE_DAEMON;
	__poll_t mask = 0;

	if (kdbus_peer_readable(ks->peer, daemon))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (daemon ? kdbus_room_daemon_wait(ks->peer) : sock_writeable(sk))
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	else
		sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	return mask;
}

static __poll_t kdbus_poll(struct file *file, struct socket *sock,
			   poll_table *wait)
{
	struct sock *sk = sock->sk;
	u8 shutdown;
	__poll_t mask = 0;

	sock_poll_wait(file, sock, wait);
	shutdown = READ_ONCE(sk->sk_shutdown);
	if (READ_ONCE(sk->sk_err))
		mask |= EPOLLERR;
	if (shutdown == SHUTDOWN_MASK || READ_ONCE(sk->sk_state) == TCP_CLOSE)
		mask |= EPOLLHUP;
	if (shutdown & RCV_SHUTDOWN)
		mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (kdbus_sock_connected(sk))
		mask |= kdbus_poll_connected(sk);
	else if (!list_empty_careful(&kdbus_sk(sk)->backlog))
		mask |= EPOLLIN | EPOLLRDNORM;
	else if (READ_ONCE(sk->sk_state) == TCP_CLOSE)
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return mask;
}

static int kdbus_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg)
{
	struct kdbus_sock *ks = kdbus_sk(sock->sk);
	enum kdbus_role role = kdbus_sock_role(sock->sk);
	bool daemon = role == KDBUS_ROLE_DAEMON;
	u64 amount;

	if (cmd != SIOCINQ && cmd != SIOCOUTQ)
		return -ENOIOCTLCMD;
	if (cmd == SIOCINQ && role == KDBUS_ROLE_LISTENER)
		return -EINVAL;
	if (!daemon && role != KDBUS_ROLE_CLIENT)
		return put_user(0, (int __user *)arg);
	if (cmd == SIOCOUTQ && !daemon)
		amount = sk_wmem_alloc_get(sock->sk);
	else if ((cmd == SIOCINQ) == daemon)
		amount = READ_ONCE(ks->peer->up.bytes);
	else
		amount = READ_ONCE(ks->peer->down.bytes);
	return put_user((int)min_t(u64, amount, INT_MAX), (int __user *)arg);
}

#ifdef CONFIG_COMPAT
static int kdbus_compat_ioctl(struct socket *sock, unsigned int cmd,
			      unsigned long arg)
{
	return kdbus_ioctl(sock, cmd, (unsigned long)compat_ptr(arg));
}
#endif

/* The number in use may be another one: what counts is that of the sock. */
static const struct proto_ops kdbus_ops = {
	.family = KDBUS_AF_DEFAULT,
	.owner = THIS_MODULE,
	.release = kdbus_release,
	.bind = kdbus_bind,
	.connect = kdbus_connect,
	.socketpair = sock_no_socketpair,
	.accept = kdbus_accept,
	.getname = kdbus_getname,
	.poll = kdbus_poll,
	.ioctl = kdbus_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = kdbus_compat_ioctl,
#endif
	.listen = kdbus_listen,
	.shutdown = kdbus_shutdown,
	.setsockopt = kdbus_setsockopt,
	.getsockopt = kdbus_getsockopt,
	.sendmsg = kdbus_sendmsg,
	.recvmsg = kdbus_recvmsg,
	.mmap = sock_no_mmap,
	KDBUS_NO_SENDPAGE
};

static int kdbus_create(struct net *net, struct socket *sock, int protocol,
			int kern)
{
	if (sock->type != SOCK_STREAM)
		return -ESOCKTNOSUPPORT;
	if (protocol)
		return -EPROTONOSUPPORT;
	sock->state = SS_UNCONNECTED;
	sock->ops = &kdbus_ops;
	return kdbus_sock_new(net, sock, kern) ? 0 : -ENOMEM;
}

static struct net_proto_family kdbus_net_family = {
	.create = kdbus_create,
	.owner = THIS_MODULE,
};

/**
 * kdbus_socket_init() - register the family
 *
 * Return: 0, -EEXIST if its number is taken, or another negative error.
 */
int kdbus_socket_init(void)
{
	int ret = proto_register(&kdbus_proto, 1);

	if (ret)
		return ret;
	kdbus_net_family.family = kdbus_family;
	ret = sock_register(&kdbus_net_family);
	if (ret)
		proto_unregister(&kdbus_proto);
	return ret;
}

/**
 * kdbus_socket_exit() - unregister the family; there are no sockets any more
 */
void kdbus_socket_exit(void)
{
	sock_unregister(kdbus_family);
}

/**
 * kdbus_socket_exit_late() - the last socket's memory has been given back
 */
void kdbus_socket_exit_late(void)
{
	proto_unregister(&kdbus_proto);
}
