// SPDX-License-Identifier: GPL-2.0-only
/*
 * File descriptors on their way.
 *
 * The kernel has no garbage collector for a family of our own.  A socket of
 * this family is therefore never accepted as cargo, and what a user has in
 * flight is limited, so that a cycle through AF_UNIX pins a bounded amount.
 */

#include <linux/file.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <net/scm.h>

#include "../compat/compat.h"
#include "family.h"
#include "fds.h"
#include "user.h"

/**
 * kdbus_fds_count() - number of files in a queue
 * @fds: the queue
 */
int kdbus_fds_count(const struct kdbus_fds *fds)
{
	return fds->list ? fds->list->count : 0;
}

static bool kdbus_fds_allowed(const struct scm_fp_list *list)
{
	struct socket *sock;
	int i;

	for (i = 0; i < list->count; i++) {
		sock = kdbus_sock_from_file(list->fp[i]);
		if (sock && sock->sk && kdbus_is_family(sock->sk->sk_family))
			return false;
	}
	return true;
}

/* __scm_send() takes SCM_RIGHTS for PF_UNIX alone, and looks at nothing else
 * of the socket.  Our own operations must not claim to be PF_UNIX: the garbage
 * collector would take our sockets for its own.
 */
static const struct proto_ops kdbus_scm_ops = { .family = PF_UNIX };

static int kdbus_fds_parse(struct msghdr *msg, struct scm_cookie *scm)
{
	struct socket sock = { .ops = &kdbus_scm_ops };

	return __scm_send(&sock, msg, scm);
}

/**
 * kdbus_fds_collect() - take the files out of a sendmsg() call
 * @fds: an empty queue, filled on success
 * @msg: the call
 * @user: who is charged
 *
 * Context: process context of the sender, may sleep.
 * Return: 0, or a negative error: EBADF and EINVAL as AF_UNIX gives them,
 * EPERM for a socket of this family, ETOOMANYREFS for too many in flight.
 */
int kdbus_fds_collect(struct kdbus_fds *fds, struct msghdr *msg,
		      struct kdbus_user *user)
{
	struct scm_cookie scm = {};
	int ret = 0;

	if (msg->msg_controllen)
		ret = kdbus_fds_parse(msg, &scm);
	if (ret || !scm.fp)
		goto out;

	ret = -EPERM;
	if (!kdbus_fds_allowed(scm.fp))
		goto out;
	ret = -ETOOMANYREFS;
	if (!kdbus_user_charge_fds(user, scm.fp->count))
		goto out;
	/* A byte of memory stands for the reference to the account. */
	kdbus_user_charge(user, 1, true);
	fds->list = scm.fp;
	fds->user = user;
	scm.fp = NULL;
	ret = 0;
out:
	scm_destroy(&scm);
	return ret;
}

/**
 * kdbus_fds_append() - put files behind others of the same user
 * @fds: the queue that grows
 * @more: emptied on success
 *
 * Return: 0, or -E2BIG if one list cannot hold them.
 */
int kdbus_fds_append(struct kdbus_fds *fds, struct kdbus_fds *more)
{
	int have = kdbus_fds_count(fds), add = kdbus_fds_count(more);

	if (!add)
		return 0;
	if (!have) {
		*fds = *more;
		*more = (struct kdbus_fds){};
		return 0;
	}
	if (have + add > fds->list->max)
		return -E2BIG;
	memcpy(&fds->list->fp[have], more->list->fp,
	       add * sizeof(more->list->fp[0]));
	fds->list->count += add;
	more->list->count = 0;
	kdbus_user_uncharge(more->user, 1);
	scm_destroy(&(struct scm_cookie){ .fp = more->list });
	*more = (struct kdbus_fds){};
	return 0;
}

/**
 * kdbus_fds_install() - give files to the caller of recvmsg()
 * @fds: the files; gone afterwards unless @peek
 * @msg: the call; MSG_CTRUNC is set in it if it has no room for all
 * @peek: leave the queue as it is
 *
 * Context: process context of the reader, may sleep.
 */
void kdbus_fds_install(struct kdbus_fds *fds, struct msghdr *msg, bool peek)
{
	struct scm_cookie scm = {};

	if (!fds->list)
		return;
	scm.fp = peek ? scm_fp_dup(fds->list) : fds->list;
	if (!peek) {
		kdbus_user_uncharge_fds(fds->user, fds->list->count);
		kdbus_user_uncharge(fds->user, 1);
		*fds = (struct kdbus_fds){};
	}
	if (scm.fp && msg->msg_controllen)
		kdbus_scm_detach_fds(msg, &scm);
	else
		msg->msg_flags |= MSG_CTRUNC;
	scm_destroy(&scm);
}

/**
 * kdbus_fds_drop() - close files that nobody will receive
 * @fds: emptied
 *
 * Context: process context.
 */
void kdbus_fds_drop(struct kdbus_fds *fds)
{
	struct scm_cookie scm = { .fp = fds->list };

	if (!fds->list)
		return;
	kdbus_user_uncharge_fds(fds->user, fds->list->count);
	kdbus_user_uncharge(fds->user, 1);
	*fds = (struct kdbus_fds){};
	scm_destroy(&scm);
}
