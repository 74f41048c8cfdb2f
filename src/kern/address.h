/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets, and the paths they are bound to. */
#ifndef KDBUS_KERN_ADDRESS_H
#define KDBUS_KERN_ADDRESS_H

#include <linux/un.h>
#include <linux/wait.h>

#include "../compat/compat.h"

struct kdbus_bus;
struct kdbus_peer;

/**
 * enum kdbus_role - what a socket is
 * @KDBUS_ROLE_NONE: nothing yet; possibly bound
 * @KDBUS_ROLE_LISTENER: listening: the owner of a bus
 * @KDBUS_ROLE_CLIENT: the end that has connected
 * @KDBUS_ROLE_DAEMON: the end that accept() returned, or will
 */
enum kdbus_role {
	KDBUS_ROLE_NONE,
	KDBUS_ROLE_LISTENER,
	KDBUS_ROLE_CLIENT,
	KDBUS_ROLE_DAEMON,
};

/**
 * struct kdbus_address - a path as it is given to bind() and connect()
 * @len: bytes of @sun in use, 0 if there is no address
 * @sun: family and path
 */
struct kdbus_address {
	int len;
	struct sockaddr_un sun;
};

/**
 * struct kdbus_sock - a socket of the family
 * @sk: the kernel's part, first
 * @setup: one of bind(), listen() and connect() at a time; guards the step from
 *	one role to another
 * @role: what it is; published behind what belongs to it
 * @peer: of a client or daemon end, with a reference
 * @bus: of a listener, with a reference; taken by others under @backlog_lock
 *	unless @backlog_dead
 * @address: what it, or the listener it came from, is bound to
 * @path: keeps the inode of a bound socket
 * @bound: in the table of bound sockets
 * @label: of a listener: the security label at listen()
 * @backlog_lock: guards what follows
 * @backlog: of a listener: daemon ends that wait for accept(), by @pending
 * @backlog_len: how many
 * @backlog_max: how many may be there before connect() waits
 * @backlog_dead: takes no more
 * @backlog_wait: who waits in connect()
 * @pending: of a daemon end: in @backlog
 */
struct kdbus_sock {
	struct sock sk;
	struct mutex setup;
	enum kdbus_role role;
	struct kdbus_peer *peer;
	struct kdbus_bus *bus;
	struct kdbus_address address;
	struct path path;
	struct hlist_node bound;
	struct kdbus_label label;

	spinlock_t backlog_lock;
	struct list_head backlog;
	u32 backlog_len;
	u32 backlog_max;
	bool backlog_dead;
	wait_queue_head_t backlog_wait;
	struct list_head pending;
};

static inline struct kdbus_sock *kdbus_sk(const struct sock *sk)
{
	return container_of(sk, struct kdbus_sock, sk);
}

int kdbus_address_parse(struct kdbus_address *address,
			const kdbus_sockaddr_t *from, int len);
int kdbus_address_bind(struct kdbus_sock *ks, struct kdbus_address *address,
		       umode_t mode);
void kdbus_address_unbind(struct kdbus_sock *ks);
struct kdbus_sock *kdbus_address_find(const struct kdbus_address *address);

#endif
