// SPDX-License-Identifier: GPL-2.0-only
/* May a message pass between two peers? */

#include "allow.h"
#include "peer.h"

static void kdbus_allow_key(struct kdbus_flow_key *key,
			    const struct kdbus_peer *from,
			    const struct kdbus_peer *to, u8 type)
{
	key->recipient = to->id;
	key->type = type;
	key->from_epoch = from->epoch;
	key->to_epoch = to->epoch;
}

/**
 * kdbus_allowed() - does the policy let a message through?
 * @from: the sender; its route lock is held
 * @to: the recipient; the lock of its queue is held
 * @view: the message; a reply is a requested one
 * @type: its type, or KDBUS_APPROVE_BROADCAST
 */
bool kdbus_allowed(struct kdbus_peer *from, struct kdbus_peer *to,
		   const struct kdbus_view *view, u8 type)
{
	struct kdbus_flow_key key;

	lockdep_assert_held(&from->route);
	lockdep_assert_held(&to->down.lock);

	if ((from->caps & KDBUS_CAP_SEND_ALL) &&
	    (to->caps & KDBUS_CAP_RECV_ALL))
		return true;
	kdbus_allow_key(&key, from, to, type);
	return kdbus_approvals_hold(&from->approvals, &key, view);
}

/**
 * kdbus_allow() - let a kind of message through from now on
 * @from: the sender
 * @to: the recipient, the one that @approval names
 * @approval: the kind, checked by the caller
 *
 * Context: process context, may sleep; takes the route lock of @from and the
 * lock of the queue of @to.
 * Return: 0 or -ENOMEM.
 */
int kdbus_allow(struct kdbus_peer *from, struct kdbus_peer *to,
		const struct kdbus_approval *approval)
{
	struct kdbus_flow_memory memory;
	struct kdbus_flow_key key;
	int ret = kdbus_approvals_prepare(&memory, from->user, approval);

	if (ret)
		return ret;
	spin_lock(&from->route);
	spin_lock(&to->down.lock);
	kdbus_allow_key(&key, from, to, approval->type);
	kdbus_approvals_add(&from->approvals, &key, approval, &memory);
	spin_unlock(&to->down.lock);
	spin_unlock(&from->route);
	kdbus_approvals_release(&memory);
	return 0;
}
