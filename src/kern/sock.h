/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets of the family: what they are made of. */
#ifndef KDBUS_KERN_SOCK_H
#define KDBUS_KERN_SOCK_H

#include "address.h"

extern struct proto kdbus_proto;

struct sock *kdbus_sock_new(struct net *net, struct socket *sock, int kern);
bool kdbus_sock_connected(struct sock *sk);
void kdbus_peercred_current(struct sock *sk);
void kdbus_peercred_copy(struct sock *sk, struct sock *from);

#endif
