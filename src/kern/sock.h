/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets of the family: what they are made of. */
#ifndef KDBUS_KERN_SOCK_H
#define KDBUS_KERN_SOCK_H

#include <linux/cred.h>
#include <net/sock.h>

#include "address.h"

extern struct proto kdbus_proto;

struct sock *kdbus_sock_new(struct net *net, struct socket *sock, int kern);

/* What a socket is at the moment; what belongs to that is there. */
static inline enum kdbus_role kdbus_sock_role(const struct sock *sk)
{
	/* Pairs with the release in listen(), connect() and KDBUS_ATTACH. */
	return smp_load_acquire(&kdbus_sk(sk)->role);
}

/* An end of a connection stays one. */
static inline bool kdbus_sock_connected(const struct sock *sk)
{
	enum kdbus_role role = kdbus_sock_role(sk);

	return role == KDBUS_ROLE_CLIENT || role == KDBUS_ROLE_DAEMON;
}

static inline const struct cred *kdbus_get_cred(const struct cred *cred)
{
	/* It clears a flag, which the kernel lets anybody do at any time. */
	return data_race(get_cred(cred));
}

void kdbus_peercred_current(struct sock *sk);
void kdbus_peercred_copy(struct sock *sk, struct sock *from);

#endif
