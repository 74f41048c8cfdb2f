// SPDX-License-Identifier: GPL-2.0-only
/* Published names: what the destination of a message is looked up in. */

#include <linux/jhash.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bus.h"
#include "names.h"
#include "off.h"
#include "peer.h"
#include "user.h"

static u32 kdbus_name_hash_key(const void *data, u32 len, u32 seed)
{
	const struct kdbus_str *key = data;

	return jhash(key->s, key->len, seed);
}

static u32 kdbus_name_hash(const void *data, u32 len, u32 seed)
{
	const struct kdbus_name *name = data;

	return jhash(name->text, name->key.len, seed);
}

static int kdbus_name_compare(struct rhashtable_compare_arg *arg,
			      const void *obj)
{
	const struct kdbus_str *key = arg->key;
	const struct kdbus_name *name = obj;

	return name->key.len != key->len ||
	       memcmp(name->text, key->s, key->len);
}

const struct rhashtable_params kdbus_names_params = {
	.head_offset = offsetof(struct kdbus_name, node),
	.key_offset = offsetof(struct kdbus_name, key),
	.key_len = sizeof(struct kdbus_str),
	.hashfn = kdbus_name_hash_key,
	.obj_hashfn = kdbus_name_hash,
	.obj_cmpfn = kdbus_name_compare,
	.automatic_shrinking = true,
};

/**
 * kdbus_name_find() - look up a published name
 * @bus: the bus
 * @text: the name
 *
 * Context: under rcu_read_lock(), which also keeps the owner's memory.
 * Return: the name, or NULL; whether it is still live has to be checked under
 * the lock of the owner's queue.
 */
struct kdbus_name *kdbus_name_find(struct kdbus_bus *bus,
				   const struct kdbus_str *text)
{
	return rhashtable_lookup(&bus->names, text, kdbus_names_params);
}

static size_t kdbus_name_size(u32 len)
{
	return offsetof(struct kdbus_name, text) + len + 1;
}

/* No longer to be found, but for those who have found it already. */
static void kdbus_name_free(struct kdbus_bus *bus, struct kdbus_name *name)
{
	kdbus_user_uncharge_table(bus->user, kdbus_name_size(name->key.len));
	kfree_rcu(name, rcu);
}

static struct kdbus_name *kdbus_name_new(struct kdbus_peer *peer,
					 const struct kdbus_str *text)
{
	size_t size = kdbus_name_size(text->len);
	struct kdbus_name *name;

	/* Without it dbus-daemon approves nothing: match rules leave room. */
	if (!kdbus_user_charge_table(peer->bus->user, size, true))
		return NULL;
	name = kmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!name) {
		kdbus_user_uncharge_table(peer->bus->user, size);
		return NULL;
	}
	memcpy(name->text, text->s, text->len);
	name->text[text->len] = '\0';
	name->key.s = name->text;
	name->key.len = text->len;
	name->owner = peer;
	name->live = true;
	return name;
}

static void kdbus_name_remove(struct kdbus_peer *peer, struct kdbus_name *name)
{
	lockdep_assert_held(&peer->bus->lock);

	/* Who has found it but not delivered by it yet finds it dead. */
	spin_lock(&peer->down.lock);
	name->live = false;
	spin_unlock(&peer->down.lock);

	rhashtable_remove_fast(&peer->bus->names, &name->node,
			       kdbus_names_params);
	list_del_rcu(&name->list);
	peer->names_count--;
	kdbus_bus_interests_changed(peer->bus);
	kdbus_name_free(peer->bus, name);
}

/* What has not been withdrawn in time: see enum kdbus_plant_off. */
static void kdbus_name_remove_other(struct kdbus_peer *peer,
				    const struct kdbus_str *text)
{
	struct kdbus_name *name;

	rcu_read_lock();
	name = kdbus_name_find(peer->bus, text);
	rcu_read_unlock();
	if (name && name->owner != peer)
		kdbus_name_remove(name->owner, name);
}

static int kdbus_name_insert(struct kdbus_peer *peer, struct kdbus_name *name)
{
	struct kdbus_bus *bus = peer->bus;
	struct kdbus_name *old;

	lockdep_assert_held(&bus->lock);

	if (peer->names_count >= KDBUS_NAMES_MAX)
		return -ENOSPC;
	if (kdbus_off(KDBUS_OFF_WITHDRAW) || kdbus_off(KDBUS_OFF_PUBLISH))
		kdbus_name_remove_other(peer, &name->key);
	old = rhashtable_lookup_get_insert_key(&bus->names, &name->key,
					       &name->node, kdbus_names_params);
	if (IS_ERR(old))
		return PTR_ERR(old);
	if (old)
		return old->owner == peer ? -EALREADY : -EEXIST;
	list_add_rcu(&name->list, &peer->names);
	peer->names_count++;
	kdbus_bus_interests_changed(bus);
	return 0;
}

/* The first unique name is the sender of all that the peer will send. */
static void kdbus_name_note_unique(struct kdbus_peer *peer,
				   const struct kdbus_str *text)
{
	if (text->s[0] != ':' || peer->unique_len ||
	    text->len >= KDBUS_UNIQUE_MAX)
		return;
	memcpy(peer->unique, text->s, text->len);
	/* Pairs with kdbus_route_examine(): the text is there. */
	smp_store_release(&peer->unique_len, text->len);
}

/**
 * kdbus_name_publish() - let a name route to a peer
 * @peer: the peer
 * @text: the name
 *
 * Context: process context, may sleep; takes kdbus_bus.lock.
 * Return: 0, also if it did already; -EEXIST if it routes to another peer;
 * -ENOSPC if the peer has too many; -ENOMEM.
 */
int kdbus_name_publish(struct kdbus_peer *peer, const struct kdbus_str *text)
{
	struct kdbus_name *name = kdbus_name_new(peer, text);
	int ret;

	if (!name)
		return -ENOMEM;
	mutex_lock(&peer->bus->lock);
	ret = kdbus_name_insert(peer, name);
	if (!ret)
		kdbus_name_note_unique(peer, text);
	mutex_unlock(&peer->bus->lock);
	if (ret)
		kdbus_name_free(peer->bus, name);
	return ret == -EALREADY ? 0 : ret;
}

/**
 * kdbus_name_withdraw() - let a name route to a peer no longer
 * @peer: the peer
 * @text: the name; nothing happens if it does not route there
 *
 * Nothing is delivered by the name any more when this returns.
 *
 * Context: process context, may sleep; takes kdbus_bus.lock.
 */
void kdbus_name_withdraw(struct kdbus_peer *peer, const struct kdbus_str *text)
{
	struct kdbus_name *name;

	mutex_lock(&peer->bus->lock);
	rcu_read_lock();
	name = kdbus_name_find(peer->bus, text);
	rcu_read_unlock();
	if (name && name->owner == peer)
		kdbus_name_remove(peer, name);
	mutex_unlock(&peer->bus->lock);
}

/**
 * kdbus_names_withdraw_all() - withdraw every name of a peer
 * @peer: the peer
 *
 * Context: process context, may sleep; takes kdbus_bus.lock.
 */
void kdbus_names_withdraw_all(struct kdbus_peer *peer)
{
	struct kdbus_name *name, *next;

	mutex_lock(&peer->bus->lock);
	list_for_each_entry_safe(name, next, &peer->names, list)
		kdbus_name_remove(peer, name);
	mutex_unlock(&peer->bus->lock);
}
