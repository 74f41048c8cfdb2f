/* SPDX-License-Identifier: GPL-2.0-only */
/* What one user holds: kernel memory and file descriptors in flight. */
#ifndef KDBUS_KERN_USER_H
#define KDBUS_KERN_USER_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/uidgid.h>

/**
 * struct kdbus_user - account of a user on the buses of one owner
 * @node: in the table of users, protected by its lock
 * @whole: of the part that one connection has, the account that this is a part of,
 *	with a reference; NULL for such an account
 * @owner: whose buses.  Anybody can have one, and connect others to it who do not
 *	know; that must not take what they have on another's.
 * @uid: whose account
 * @usage: bytes charged, plus one for each holder of a reference; the account
 *	goes when this reaches zero
 * @tables: bytes of entries in tables of his buses; there is a reference for each
 *	of these
 * @fds: file descriptors in flight
 */
struct kdbus_user {
	struct hlist_node node;
	struct kdbus_user *whole;
	kuid_t owner;
	kuid_t uid;
	atomic_long_t usage;
	atomic_long_t tables;
	atomic_t fds;
};

struct kdbus_user *kdbus_user_get(kuid_t owner, kuid_t uid);
struct kdbus_user *kdbus_user_part(kuid_t owner, kuid_t uid);
void kdbus_user_put(struct kdbus_user *user);
bool kdbus_user_charge(struct kdbus_user *user, size_t bytes, bool force);
bool kdbus_user_full(const struct kdbus_user *user);
bool kdbus_user_part_full(const struct kdbus_user *part, size_t bytes);
void kdbus_user_uncharge(struct kdbus_user *user, size_t bytes);
bool kdbus_user_charge_table(struct kdbus_user *user, size_t bytes, bool last);
void kdbus_user_uncharge_table(struct kdbus_user *user, size_t bytes);
bool kdbus_user_charge_fds(struct kdbus_user *user, int count);
void kdbus_user_uncharge_fds(struct kdbus_user *user, int count);

#endif
