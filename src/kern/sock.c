// SPDX-License-Identifier: GPL-2.0-only
/* Sockets of the family: what they are made of. */

#include <linux/cred.h>
#include <linux/module.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "family.h"
#include "sock.h"

struct proto kdbus_proto = {
	.name = "DBUS",
	.owner = THIS_MODULE,
	.obj_size = sizeof(struct kdbus_sock),
};

/* For /proc/net/protocols; older kernels want bottom halves off. */
static void kdbus_sock_count(struct sock *sk, int n)
{
	local_bh_disable();
	sock_prot_inuse_add(sock_net(sk), &kdbus_proto, n);
	local_bh_enable();
}

static void kdbus_sock_destruct(struct sock *sk)
{
	kdbus_sock_count(sk, -1);
}

/**
 * kdbus_sock_new() - make a socket that is nothing yet
 * @net: its network namespace
 * @sock: the user's handle on it, or NULL if there is none yet
 * @kern: made by the kernel for itself
 *
 * Context: process context, may sleep.
 * Return: the socket with one reference, or NULL without memory.
 */
struct sock *kdbus_sock_new(struct net *net, struct socket *sock, int kern)
{
	struct sock *sk = sk_alloc(net, kdbus_family, GFP_KERNEL, &kdbus_proto,
				   kern);
	struct kdbus_sock *ks;

	if (!sk)
		return NULL;
	sock_init_data(sock, sk);
	kdbus_sock_count(sk, 1);
	sk->sk_destruct = kdbus_sock_destruct;
	sk->sk_state = TCP_CLOSE;

	ks = kdbus_sk(sk);
	mutex_init(&ks->setup);
	ks->role = KDBUS_ROLE_NONE;
	ks->peer = NULL;
	ks->bus = NULL;
	ks->address.len = 0;
	ks->path = (struct path){};
	INIT_HLIST_NODE(&ks->bound);
	memset(&ks->label, 0, sizeof(ks->label));
	spin_lock_init(&ks->backlog_lock);
	INIT_LIST_HEAD(&ks->backlog);
	ks->backlog_len = 0;
	ks->backlog_max = 0;
	ks->backlog_dead = false;
	init_waitqueue_head(&ks->backlog_wait);
	INIT_LIST_HEAD(&ks->pending);
	return sk;
}

/**
 * kdbus_peercred_current() - let the other side see who we are
 * @sk: the socket that shows it, as init_peercred() of AF_UNIX does
 *
 * Context: process context.
 */
void kdbus_peercred_current(struct sock *sk)
{
	const struct cred *cred = kdbus_get_cred(current_cred());
	struct pid *pid = get_pid(task_tgid(current));

	spin_lock(&sk->sk_peer_lock);
	swap(sk->sk_peer_cred, cred);
	swap(sk->sk_peer_pid, pid);
	spin_unlock(&sk->sk_peer_lock);
	put_cred(cred);
	put_pid(pid);
}

/**
 * kdbus_peercred_copy() - let a socket show what another one shows
 * @sk: the socket
 * @from: the other one
 *
 * Context: process context.
 */
void kdbus_peercred_copy(struct sock *sk, struct sock *from)
{
	const struct cred *cred;
	struct pid *pid;

	spin_lock(&from->sk_peer_lock);
	cred = kdbus_get_cred(from->sk_peer_cred);
	pid = get_pid(from->sk_peer_pid);
	spin_unlock(&from->sk_peer_lock);

	spin_lock(&sk->sk_peer_lock);
	swap(sk->sk_peer_cred, cred);
	swap(sk->sk_peer_pid, pid);
	spin_unlock(&sk->sk_peer_lock);
	put_cred(cred);
	put_pid(pid);
}
