// SPDX-License-Identifier: GPL-2.0-only
/* What one user holds: kernel memory and file descriptors in flight. */

#include <linux/capability.h>
#include <linux/hashtable.h>
#include <linux/moduleparam.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "limits.h"
#include "user.h"

/*
 * What the names and match rules of all buses of one user may take.  The clients
 * of a bus choose them, so they must not take what its owner needs for messages.
 */
static long kdbus_user_tables = KDBUS_USER_TABLES;
module_param_named(user_tables, kdbus_user_tables, long, 0644);
MODULE_PARM_DESC(user_tables,
		 "bytes that names and match rules on the buses of one user may take");

static DEFINE_HASHTABLE(kdbus_users, 8);
static DEFINE_SPINLOCK(kdbus_users_lock);

/* Nobody may choose users, of whom a namespace has many, so that all fall together. */
static hsiphash_key_t kdbus_users_key __read_mostly;

static u32 kdbus_user_hash(kuid_t owner, kuid_t uid)
{
	net_get_random_once(&kdbus_users_key, sizeof(kdbus_users_key));
	return hsiphash_2u32(__kuid_val(owner), __kuid_val(uid),
			     &kdbus_users_key);
}

static struct kdbus_user *kdbus_user_find(kuid_t owner, kuid_t uid, u32 hash)
{
	struct kdbus_user *user;

	lockdep_assert_held(&kdbus_users_lock);

	hash_for_each_possible(kdbus_users, user, node, hash)
		if (uid_eq(user->uid, uid) && uid_eq(user->owner, owner) &&
		    atomic_long_add_unless(&user->usage, 1, 0))
			return user;
	return NULL;
}

/**
 * kdbus_user_get() - find or make the account of a user
 * @owner: whose buses it is for
 * @uid: the user
 *
 * Context: process context, may sleep.
 * Return: the account with a reference for the caller, NULL without memory.
 */
struct kdbus_user *kdbus_user_get(kuid_t owner, kuid_t uid)
{
	u32 hash = kdbus_user_hash(owner, uid);
	struct kdbus_user *user, *new;

	new = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	if (!new)
		return NULL;
	new->owner = owner;
	new->uid = uid;
	atomic_long_set(&new->usage, 1);

	spin_lock_bh(&kdbus_users_lock);
	user = kdbus_user_find(owner, uid, hash);
	if (!user)
		hash_add(kdbus_users, &new->node, hash);
	spin_unlock_bh(&kdbus_users_lock);

	if (!user)
		return new;
	kfree(new);
	return user;
}

/**
 * kdbus_user_part() - make the part that a connection has of an account
 * @owner: whose bus it is on
 * @uid: the user
 *
 * What is charged to it is charged to the account as well.
 *
 * Context: process context, may sleep.
 * Return: the part with a reference for the caller, NULL without memory.
 */
struct kdbus_user *kdbus_user_part(kuid_t owner, kuid_t uid)
{
	struct kdbus_user *part = kzalloc(sizeof(*part), GFP_KERNEL_ACCOUNT);

	if (!part)
		return NULL;
	part->owner = owner;
	part->uid = uid;
	part->whole = kdbus_user_get(owner, uid);
	if (!part->whole) {
		kfree(part);
		return NULL;
	}
	atomic_long_set(&part->usage, 1);
	return part;
}

static struct kdbus_user *kdbus_user_whole(struct kdbus_user *user)
{
	return user->whole ?: user;
}

static void kdbus_user_sub(struct kdbus_user *user, long amount)
{
	if (atomic_long_sub_return(amount, &user->usage))
		return;

	spin_lock_bh(&kdbus_users_lock);
	hash_del(&user->node);
	spin_unlock_bh(&kdbus_users_lock);
	kfree(user);
}

/* Of a part, which may be gone afterwards. */
static void kdbus_part_sub(struct kdbus_user *part, long amount)
{
	if (!atomic_long_sub_return(amount, &part->usage)) {
		kdbus_user_sub(part->whole, 1);
		kfree(part);
	}
}

/**
 * kdbus_user_put() - drop a reference of kdbus_user_get() or kdbus_user_part()
 * @user: the account, or part
 *
 * Context: any but hard interrupt.
 */
void kdbus_user_put(struct kdbus_user *user)
{
	if (user->whole)
		kdbus_part_sub(user, 1);
	else
		kdbus_user_sub(user, 1);
}

/**
 * kdbus_user_charge() - charge memory to a user
 * @user: the account or a part of it, of which the caller holds a reference
 * @bytes: how much
 * @force: never mind the limit
 *
 * The charge is a reference too, until it is taken back.
 *
 * Context: any.
 * Return: false if that is more than a user may have; nothing is charged then.
 */
bool kdbus_user_charge(struct kdbus_user *user, size_t bytes, bool force)
{
	struct kdbus_user *whole = kdbus_user_whole(user);
	long usage = atomic_long_add_return(bytes, &whole->usage);

	if (!force && usage > KDBUS_USER_BYTES) {
		kdbus_user_sub(whole, bytes);
		return false;
	}
	if (user != whole)
		atomic_long_add(bytes, &user->usage);
	return true;
}

/**
 * kdbus_user_full() - has a user all the memory that a user may have?
 * @user: the account
 *
 * Context: any; a snapshot.
 */
bool kdbus_user_full(const struct kdbus_user *user)
{
	return atomic_long_read(&user->usage) >= KDBUS_USER_BYTES;
}

/**
 * kdbus_user_part_full() - has a connection all that the module keeps for it?
 * @part: of an account, what the connection has
 * @bytes: of that, what is not to be counted
 *
 * Context: any; a snapshot.
 */
bool kdbus_user_part_full(const struct kdbus_user *part, size_t bytes)
{
	return atomic_long_read(&part->usage) >
	       (long)bytes + KDBUS_PEER_BYTES;
}

/**
 * kdbus_user_uncharge() - take a charge back
 * @user: the account, or part; not to be used afterwards without another reference
 * @bytes: how much
 *
 * Context: any but hard interrupt.
 */
void kdbus_user_uncharge(struct kdbus_user *user, size_t bytes)
{
	struct kdbus_user *whole = kdbus_user_whole(user);

	/* It stays as long as the part, which has a reference. */
	kdbus_user_sub(whole, bytes);
	if (user != whole)
		kdbus_part_sub(user, bytes);
}

/**
 * kdbus_user_charge_table() - charge an entry of a table of a bus to its owner
 * @user: his account, of which the caller holds a reference until it is gone
 * @bytes: how much
 * @last: also if no more than a quarter of the room is left
 *
 * Context: any.
 * Return: false if that is more than a user may have; nothing is charged then.
 */
bool kdbus_user_charge_table(struct kdbus_user *user, size_t bytes, bool last)
{
	long room = READ_ONCE(kdbus_user_tables);

	if (!last)
		room -= room / 4;
	if (atomic_long_add_return(bytes, &user->tables) <= room)
		return true;
	atomic_long_sub(bytes, &user->tables);
	return false;
}

/**
 * kdbus_user_uncharge_table() - an entry of a table is gone
 * @user: the account
 * @bytes: how much
 *
 * Context: any.
 */
void kdbus_user_uncharge_table(struct kdbus_user *user, size_t bytes)
{
	atomic_long_sub(bytes, &user->tables);
}

/**
 * kdbus_user_charge_fds() - count file descriptors that go into flight
 * @user: the account
 * @count: how many
 *
 * The limit is that of AF_UNIX, see too_many_unix_fds() there.
 *
 * Context: process context of the sender.
 * Return: false if the user has too many in flight; nothing is counted then.
 */
bool kdbus_user_charge_fds(struct kdbus_user *user, int count)
{
	long total = atomic_add_return(count, &kdbus_user_whole(user)->fds);

	if (total <= (long)rlimit(RLIMIT_NOFILE) ||
	    capable(CAP_SYS_RESOURCE) || capable(CAP_SYS_ADMIN))
		return true;
	atomic_sub(count, &kdbus_user_whole(user)->fds);
	return false;
}

/**
 * kdbus_user_uncharge_fds() - file descriptors have arrived or are closed
 * @user: the account
 * @count: how many
 *
 * Context: any.
 */
void kdbus_user_uncharge_fds(struct kdbus_user *user, int count)
{
	atomic_sub(count, &kdbus_user_whole(user)->fds);
}
