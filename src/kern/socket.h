/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket calls. */
#ifndef KDBUS_KERN_SOCKET_H
#define KDBUS_KERN_SOCKET_H

#include "address.h"

int kdbus_socket_init(void);
void kdbus_socket_exit(void);
void kdbus_socket_exit_late(void);

/* connect.c */
int kdbus_listen(struct socket *sock, int backlog);
int kdbus_connect(struct socket *sock, kdbus_sockaddr_t *addr, int len,
		  int flags);
KDBUS_ACCEPT(kdbus_accept);
void kdbus_close_listener(struct kdbus_sock *ks);
void kdbus_close_daemon(struct kdbus_sock *ks, bool unaccepted);
void kdbus_close_client(struct kdbus_sock *ks);

/* io.c */
int kdbus_sendmsg(struct socket *sock, struct msghdr *msg, size_t len);
int kdbus_recvmsg(struct socket *sock, struct msghdr *msg, size_t size,
		  int flags);

#endif
