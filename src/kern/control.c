// SPDX-License-Identifier: GPL-2.0-only
/* What the owner of a bus says and asks through socket options. */

#include <linux/net.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/sock.h>

#include "address.h"
#include "allow.h"
#include "attach.h"
#include "bus.h"
#include "control.h"
#include "matches.h"
#include "names.h"
#include "off.h"
#include "own.h"
#include "peer.h"
#include "reply.h"
#include "route.h"
#include "sock.h"

#define KDBUS_FLAGS_OF_BUS	(KDBUS_BUS_FASTPATH | KDBUS_BUS_BROADCAST)
#define KDBUS_CAPS_KNOWN	(KDBUS_CAP_SEND_ALL | KDBUS_CAP_RECV_ALL | \
				 KDBUS_CAP_FDS)
#define KDBUS_FIELDS_KNOWN	(KDBUS_FIELD_PATH | KDBUS_FIELD_INTERFACE | \
				 KDBUS_FIELD_MEMBER | KDBUS_FIELD_ERROR_NAME | \
				 KDBUS_FIELD_FDS)

/* Who asks: a daemon end has both, a listener has a bus, a client neither. */
struct kdbus_caller {
	struct kdbus_bus *bus;
	struct kdbus_peer *peer;
};

static void kdbus_caller_init(struct kdbus_caller *caller, struct sock *sk)
{
	struct kdbus_sock *ks = kdbus_sk(sk);

	*caller = (struct kdbus_caller){};
	switch (kdbus_sock_role(sk)) {
	case KDBUS_ROLE_LISTENER:
		caller->bus = ks->bus;
		break;
	case KDBUS_ROLE_DAEMON:
		caller->peer = ks->peer;
		caller->bus = ks->peer->bus;
		break;
	default:
		break;
	}
}

static int kdbus_copy_exact(void *to, size_t size, sockptr_t from,
			    unsigned int len)
{
	if (len != size)
		return -EINVAL;
	return copy_from_sockptr(to, from, size) ? -EFAULT : 0;
}

static int kdbus_set_config(struct kdbus_bus *bus, sockptr_t value,
			    unsigned int len)
{
	struct kdbus_bus_config config;
	int ret = kdbus_copy_exact(&config, sizeof(config), value, len);

	if (ret)
		return ret;
	if ((config.flags & ~KDBUS_FLAGS_OF_BUS) || config.reserved)
		return -EINVAL;
	config.max_message_size = min(config.max_message_size,
				      KDBUS_MESSAGE_MAX);
	kdbus_bus_configure(bus, &config);
	return 0;
}

static int kdbus_set_caps(struct kdbus_peer *peer, sockptr_t value,
			  unsigned int len)
{
	u32 caps;
	int ret = kdbus_copy_exact(&caps, sizeof(caps), value, len);

	if (ret)
		return ret;
	if (caps & ~KDBUS_CAPS_KNOWN)
		return -EINVAL;
	kdbus_peer_set_caps(peer, caps);
	return 0;
}

static int kdbus_set_name(struct kdbus_peer *peer, bool publish,
			  sockptr_t value, unsigned int len)
{
	char buf[KDBUS_NAME_MAX];
	struct kdbus_str text = { .s = buf, .len = len };

	if (!len || len > KDBUS_NAME_MAX)
		return -EINVAL;
	if (copy_from_sockptr(buf, value, len))
		return -EFAULT;
	if (publish) {
		kdbus_off_sleep(KDBUS_OFF_WITHDRAW);
		return kdbus_name_publish(peer, &text);
	}
	if (!kdbus_off(KDBUS_OFF_WITHDRAW) || buf[0] == ':')
		kdbus_name_withdraw(peer, &text);
	return 0;
}

/* A match rule of @peer, or of nobody who has a peer. */
static int kdbus_set_match(struct kdbus_bus *bus, struct kdbus_peer *peer,
			   bool add, sockptr_t value, unsigned int len)
{
	char *text;
	int ret;

	if (len > KDBUS_MATCH_QUOTED_MAX)
		return -EINVAL;
	text = memdup_sockptr(value, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	if (add)
		ret = kdbus_rule_add(bus, peer, text, len);
	else
		ret = kdbus_rule_remove(bus, peer, text, len);
	kfree(text);
	return ret;
}

static bool kdbus_approval_valid(const struct kdbus_approval *approval,
				 unsigned int len)
{
	size_t text = (size_t)approval->path_len + approval->interface_len +
		      approval->member_len + approval->error_name_len;

	return approval->type >= KDBUS_TYPE_CALL &&
	       approval->type <= KDBUS_APPROVE_BROADCAST &&
	       !(approval->fields & ~KDBUS_FIELDS_KNOWN) &&
	       !memchr_inv(approval->reserved, 0, sizeof(approval->reserved)) &&
	       len == sizeof(*approval) + text;
}

/* Finds the recipient by its number, and approves while it cannot go away. */
static int kdbus_approve_by_id(struct kdbus_peer *from,
			       const struct kdbus_approval *approval)
{
	struct kdbus_bus *bus = from->bus;
	struct kdbus_peer *to;
	int ret = -ENOENT;

	mutex_lock(&bus->lock);
	to = kdbus_peer_find(bus, approval->recipient);
	if (to)
		ret = kdbus_allow(from, to, approval);
	mutex_unlock(&bus->lock);
	return ret;
}

static int kdbus_set_approval(struct kdbus_peer *from, sockptr_t value,
			      unsigned int len)
{
	struct kdbus_approval *approval;
	int ret = -EINVAL;

	if (len < sizeof(*approval) ||
	    len > sizeof(*approval) + KDBUS_APPROVAL_TEXT_MAX)
		return -EINVAL;
	approval = memdup_sockptr(value, len);
	if (IS_ERR(approval))
		return PTR_ERR(approval);
	if (kdbus_approval_valid(approval, len))
		ret = kdbus_approve_by_id(from, approval);
	kfree(approval);
	return ret;
}

static int kdbus_set_done(struct kdbus_peer *peer, sockptr_t value,
			  unsigned int len)
{
	u32 count;
	int ret = kdbus_copy_exact(&count, sizeof(count), value, len);

	if (!ret)
		kdbus_route_done(peer, count);
	return ret;
}

static int kdbus_set_reply_least(struct kdbus_peer *caller, sockptr_t value,
				 unsigned int len)
{
	u32 count;
	int ret = kdbus_copy_exact(&count, sizeof(count), value, len);

	if (!ret)
		kdbus_reply_least(caller, count);
	return ret;
}

static int kdbus_set_peer(struct kdbus_peer *peer, int option, sockptr_t value,
			  unsigned int len)
{
	switch (option) {
	case KDBUS_PEER_CAPS:
		return kdbus_set_caps(peer, value, len);
	case KDBUS_PEER_FORGET:
		kdbus_peer_forget(peer);
		return 0;
	case KDBUS_NAME_PUBLISH:
		return kdbus_set_name(peer, true, value, len);
	case KDBUS_NAME_WITHDRAW:
		return kdbus_set_name(peer, false, value, len);
	case KDBUS_APPROVE:
		return kdbus_set_approval(peer, value, len);
	case KDBUS_DONE:
		return kdbus_set_done(peer, value, len);
	case KDBUS_MATCH_ADD:
		return kdbus_set_match(peer->bus, peer, true, value, len);
	case KDBUS_MATCH_REMOVE:
		return kdbus_set_match(peer->bus, peer, false, value, len);
	case KDBUS_REPLY_LEAST:
		return kdbus_set_reply_least(peer, value, len);
	default:
		return -ENOPROTOOPT;
	}
}

/* Makes a bus that has no address. */
static int kdbus_set_new(struct sock *sk, sockptr_t value, unsigned int len)
{
	struct kdbus_sock *ks = kdbus_sk(sk);
	char text[KDBUS_PATH_MAX] = {};
	int ret;

	if (len >= sizeof(text))
		return -EINVAL;
	if (copy_from_sockptr(text, value, len))
		return -EFAULT;
	if (mutex_lock_interruptible(&ks->setup))
		return -ERESTARTSYS;
	if (ks->address.len || ks->role != KDBUS_ROLE_NONE)
		ret = -EINVAL;
	else
		ret = kdbus_own(ks, text, 0);
	mutex_unlock(&ks->setup);
	return ret;
}

/**
 * kdbus_setsockopt() - setsockopt(2), see enum kdbus_sockopt
 * @sock: a listener or a daemon end
 * @level: SOL_KDBUS
 * @option: which
 * @value: the value
 * @len: its length
 *
 * Return: 0, -EPERM for a client, or another negative error.
 */
int kdbus_setsockopt(struct socket *sock, int level, int option,
		     sockptr_t value, unsigned int len)
{
	struct kdbus_caller caller;

	if (level != SOL_KDBUS)
		return -ENOPROTOOPT;
	kdbus_caller_init(&caller, sock->sk);
	if (option == KDBUS_BUS_NEW)
		return kdbus_set_new(sock->sk, value, len);
	if (!caller.bus)
		return -EPERM;
	switch (option) {
	case KDBUS_BUS_CONFIG:
		return kdbus_set_config(caller.bus, value, len);
	case KDBUS_BUS_FORGET:
		kdbus_bus_forget(caller.bus);
		return 0;
	case KDBUS_BUS_MATCH_ADD:
		return kdbus_set_match(caller.bus, NULL, true, value, len);
	case KDBUS_BUS_MATCH_REMOVE:
		return kdbus_set_match(caller.bus, NULL, false, value, len);
	case KDBUS_BUS_STAGE:
		return kdbus_bus_stage(caller.bus);
	case KDBUS_BUS_COMMIT:
		kdbus_bus_commit(caller.bus);
		return 0;
	default:
		if (!caller.peer)
			return -ENOTCONN;
		return kdbus_set_peer(caller.peer, option, value, len);
	}
}

static int kdbus_put_value(char __user *value, int __user *len,
			   const void *from, int size)
{
	if (copy_to_user(value, from, size))
		return -EFAULT;
	return put_user(size, len);
}

static int kdbus_get_info(struct kdbus_peer *peer, char __user *value,
			  int __user *len, int room)
{
	struct kdbus_peer_info info = {
		.bus_id = peer->bus->id,
		.peer_id = peer->id,
	};

	if (room < (int)sizeof(info))
		return -EINVAL;
	return kdbus_put_value(value, len, &info, sizeof(info));
}

static int kdbus_get_reply_query(struct kdbus_peer *caller, char __user *value,
				 int __user *len, int room)
{
	struct kdbus_reply_query query;

	if (room < (int)sizeof(query))
		return -EINVAL;
	if (copy_from_user(&query, value, sizeof(query)))
		return -EFAULT;
	query.known = kdbus_reply_known(caller->bus, caller->id, query.callee,
					query.serial);
	query.count = kdbus_reply_count_then(caller);
	query.reserved = 0;
	return kdbus_put_value(value, len, &query, sizeof(query));
}

static int kdbus_get_reply_claim(struct kdbus_peer *callee, char __user *value,
				 int __user *len, int room)
{
	struct kdbus_reply reply;

	if (room < (int)sizeof(reply))
		return -EINVAL;
	if (copy_from_user(&reply, value, sizeof(reply)))
		return -EFAULT;
	if (!kdbus_reply_claim(callee->bus, reply.peer, callee, reply.serial,
			       true))
		return -ENOENT;
	return put_user((int)sizeof(reply), len);
}

/* What cannot be copied stays taken: the owner has given bad memory. */
static int kdbus_get_reply_take(struct kdbus_peer *callee, char __user *value,
				int __user *len, int room)
{
	struct kdbus_reply reply;
	int done = 0;

	while (done + (int)sizeof(reply) <= room &&
	       kdbus_reply_take(callee, &reply)) {
		if (copy_to_user(value + done, &reply, sizeof(reply)))
			return -EFAULT;
		done += sizeof(reply);
	}
	return put_user(done, len);
}

/* The label of one who is attached; the owner has told it. */
static int kdbus_get_label(const char *text, char __user *value,
			   int __user *len, int room)
{
	int n = text ? strlen(text) : 0;

	if (!n)
		return -ENOPROTOOPT;
	if (n > room)
		return put_user(n, len) ?: -ERANGE;
	return kdbus_put_value(value, len, text, n);
}

static int kdbus_get_peersec(struct sock *sk, char __user *value,
			     int __user *len, int room)
{
	struct kdbus_sock *ks = kdbus_sk(sk);
	bool daemon = ks->role == KDBUS_ROLE_DAEMON;
	char *text = NULL;
	int ret;

	if (daemon && ks->peer->transport->attached)
		return kdbus_get_label(ks->peer->label_text, value, len, room);
	ret = kdbus_label_text(daemon ? &ks->peer->label :
					&ks->peer->owner_label, &text);
	if (ret < 0)
		return ret == -EOPNOTSUPP ? -ENOPROTOOPT : ret;
	if (ret > room) {
		kfree(text);
		return put_user(ret, len) ?: -ERANGE;
	}
	ret = kdbus_put_value(value, len, text, ret);
	kfree(text);
	return ret;
}

static int kdbus_get_attach(struct kdbus_bus *bus, char __user *value,
			    int room)
{
	struct kdbus_attach request;
	char *label = NULL;
	int ret;

	if (room < (int)sizeof(request))
		return -EINVAL;
	if (copy_from_user(&request, value, sizeof(request)))
		return -EFAULT;
	if (request.label_len > KDBUS_LABEL_MAX ||
	    request.label_len > room - sizeof(request))
		return -EINVAL;
	if (request.label_len) {
		label = memdup_user_nul(value + sizeof(request),
					request.label_len);
		if (IS_ERR(label))
			return PTR_ERR(label);
	}
	ret = kdbus_attach(bus, request.fd, &label,
			   (int __user *)(value +
					  offsetof(struct kdbus_attach, fd)));
	kfree(label);
	return ret;
}

static int kdbus_get_peer(struct kdbus_peer *peer, int option,
			  char __user *value, int __user *len, int room)
{
	switch (option) {
	case KDBUS_PEER_INFO:
		return kdbus_get_info(peer, value, len, room);
	case KDBUS_REPLY_QUERY:
		return kdbus_get_reply_query(peer, value, len, room);
	case KDBUS_REPLY_CLAIM:
		return kdbus_get_reply_claim(peer, value, len, room);
	case KDBUS_REPLY_TAKE:
		return kdbus_get_reply_take(peer, value, len, room);
	default:
		return -ENOPROTOOPT;
	}
}

/**
 * kdbus_getsockopt() - getsockopt(2), see enum kdbus_sockopt
 * @sock: a daemon end, or a listener; for KDBUS_PEERSEC any connected socket
 * @level: SOL_KDBUS
 * @option: which
 * @value: where to put the value; read first by some
 * @len: its length, in and out
 *
 * Return: 0, -EPERM for a client, or another negative error.
 */
int kdbus_getsockopt(struct socket *sock, int level, int option,
		     char __user *value, int __user *len)
{
	struct kdbus_caller caller;
	int room;

	if (level != SOL_KDBUS)
		return -ENOPROTOOPT;
	if (get_user(room, len))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	kdbus_caller_init(&caller, sock->sk);
	if (option == KDBUS_PEERSEC) {
		if (!kdbus_sock_connected(sock->sk))
			return -ENOTCONN;
		return kdbus_get_peersec(sock->sk, value, len, room);
	}
	if (!caller.bus)
		return -EPERM;
	if (option == KDBUS_ATTACH)
		return kdbus_get_attach(caller.bus, value, room);
	if (!caller.peer)
		return -ENOTCONN;
	return kdbus_get_peer(caller.peer, option, value, len, room);
}
