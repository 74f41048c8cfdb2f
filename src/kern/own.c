// SPDX-License-Identifier: GPL-2.0-only
/* Sockets that own a bus. */

#include <net/sock.h>
#include <net/tcp_states.h>

#include "bus.h"
#include "matches.h"
#include "names.h"
#include "own.h"
#include "reply.h"
#include "sock.h"

static const struct kdbus_bus_tables kdbus_tables = {
	.names = &kdbus_names_params,
	.replies = &kdbus_replies_params,
	.rules = &kdbus_rules_params,
	.free_rules = kdbus_rules_free_foreign,
};

/**
 * kdbus_own() - make a socket the owner of a bus
 * @ks: the socket, its setup lock held; one that is an owner already only gets
 *	another @backlog
 * @text: what the bus is called in the listing
 * @backlog: connections that may wait for accept()
 *
 * Context: process context of the owner, may sleep.
 * Return: 0, -EINVAL for an end of a connection, -ENOMEM.
 */
int kdbus_own(struct kdbus_sock *ks, const char *text, int backlog)
{
	struct sock *sk = &ks->sk;

	lockdep_assert_held(&ks->setup);

	if (ks->role != KDBUS_ROLE_NONE && ks->role != KDBUS_ROLE_LISTENER)
		return -EINVAL;
	if (ks->role == KDBUS_ROLE_NONE) {
		ks->bus = kdbus_bus_new(sock_net(sk), text, &kdbus_tables);
		if (!ks->bus)
			return -ENOMEM;
		kdbus_label_current(&ks->label);
	}
	kdbus_peercred_current(sk);

	spin_lock(&ks->backlog_lock);
	WRITE_ONCE(ks->backlog_max, max(backlog, 0));
	/* Pairs with the acquire in setsockopt(): the bus is there. */
	smp_store_release(&ks->role, KDBUS_ROLE_LISTENER);
	WRITE_ONCE(sk->sk_state, TCP_LISTEN);
	spin_unlock(&ks->backlog_lock);
	wake_up_interruptible_all(&ks->backlog_wait);
	return 0;
}
