// SPDX-License-Identifier: GPL-2.0-only
/* A bus: what belongs to one listening socket. */

#include <linux/cred.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "../core/message.h"
#include "bus.h"
#include "limits.h"
#include "msg.h"
#include "user.h"

DEFINE_MUTEX(kdbus_buses_lock);
LIST_HEAD(kdbus_buses);

/* How many are gone, and what they had counted; under the same lock. */
u64 kdbus_buses_ended;
struct kdbus_stats kdbus_buses_ended_stats;

static u64 kdbus_bus_last_id;

/* Charges a bus to its owner. */
static bool kdbus_bus_charge(struct kdbus_bus *bus)
{
	bus->user = kdbus_user_get(bus->owner, bus->owner);
	if (!bus->user)
		return false;
	if (kdbus_user_charge(bus->user, KDBUS_BUS_BYTES, false))
		return true;
	kdbus_user_put(bus->user);
	return false;
}

static void kdbus_bus_uncharge(struct kdbus_bus *bus)
{
	kdbus_user_uncharge(bus->user, KDBUS_BUS_BYTES);
	kdbus_user_put(bus->user);
}

/**
 * kdbus_bus_new() - make a bus
 * @net: network namespace of the listening socket
 * @path: where it listens
 * @tables: what the tables are of, which this file need not know
 *
 * Nothing takes the fast path on it until its owner has configured it.
 *
 * Context: process context of the owner, may sleep.
 * Return: the bus with a reference for the caller, or NULL without memory, or if
 * the user has all that a user may have.
 */
struct kdbus_bus *kdbus_bus_new(struct net *net, const char *path,
				const struct kdbus_bus_tables *tables)
{
	struct kdbus_bus *bus = kzalloc(sizeof(*bus), GFP_KERNEL_ACCOUNT);

	if (!bus)
		return NULL;
	kref_init(&bus->kref);
	mutex_init(&bus->lock);
	INIT_LIST_HEAD(&bus->peers);
	xa_init_flags(&bus->by_id, XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&bus->foreign_rules);
	spin_lock_init(&bus->batch_lock);
	bus->tables = tables;
	bus->net = get_net(net);
	bus->owner = current_euid();
	bus->config.max_message_size = KDBUS_MESSAGE_MAX;
	strscpy(bus->path, path, sizeof(bus->path));

	if (!kdbus_bus_charge(bus))
		goto free_bus;
	bus->stats = alloc_percpu_gfp(struct kdbus_stats, GFP_KERNEL_ACCOUNT);
	if (!bus->stats)
		goto uncharge;
	if (rhashtable_init(&bus->names, tables->names))
		goto free_stats;
	if (rhashtable_init(&bus->replies, tables->replies))
		goto free_names;
	if (rhashtable_init(&bus->rules, tables->rules))
		goto free_replies;
	bus->threads = alloc_workqueue("kdbus_unix", WQ_UNBOUND,
				       KDBUS_BUS_THREADS);
	if (!bus->threads)
		goto free_rules;

	mutex_lock(&kdbus_buses_lock);
	bus->id = ++kdbus_bus_last_id;
	list_add_tail(&bus->node, &kdbus_buses);
	mutex_unlock(&kdbus_buses_lock);
	return bus;

free_rules:
	rhashtable_destroy(&bus->rules);
free_replies:
	rhashtable_destroy(&bus->replies);
free_names:
	rhashtable_destroy(&bus->names);
free_stats:
	free_percpu(bus->stats);
uncharge:
	kdbus_bus_uncharge(bus);
free_bus:
	put_net(bus->net);
	kfree(bus);
	return NULL;
}

/**
 * kdbus_bus_get() - take a reference
 * @bus: the bus
 */
struct kdbus_bus *kdbus_bus_get(struct kdbus_bus *bus)
{
	kref_get(&bus->kref);
	return bus;
}

/* A bus may be gone before anybody has looked at it, as those of tests are. */
static void kdbus_bus_ended(const struct kdbus_bus *bus)
{
	int i;

	kdbus_buses_ended++;
	for (i = 0; i < KDBUS_STATS; i++)
		kdbus_buses_ended_stats.count[i] += kdbus_bus_count(bus, i);
}

static void kdbus_bus_free(struct kref *kref)
{
	struct kdbus_bus *bus = container_of(kref, struct kdbus_bus, kref);

	list_del(&bus->node);
	kdbus_bus_ended(bus);
	mutex_unlock(&kdbus_buses_lock);

	/* Whatever they did was for peers, which are gone. */
	destroy_workqueue(bus->threads);
	if (bus->batch)
		kdbus_batch_put(bus->batch);
	/* Those of peers are gone. */
	bus->tables->free_rules(bus);
	rhashtable_destroy(&bus->rules);
	rhashtable_destroy(&bus->replies);
	rhashtable_destroy(&bus->names);
	free_percpu(bus->stats);
	kdbus_bus_uncharge(bus);
	xa_destroy(&bus->by_id);
	mutex_destroy(&bus->lock);
	put_net(bus->net);
	kfree(bus);
}

/**
 * kdbus_bus_put() - drop a reference
 * @bus: the bus
 *
 * Context: process context, may sleep; takes kdbus_buses_lock.
 */
void kdbus_bus_put(struct kdbus_bus *bus)
{
	kref_put_mutex(&bus->kref, kdbus_bus_free, &kdbus_buses_lock);
}

/**
 * kdbus_bus_count() - read a counter
 * @bus: the bus
 * @stat: which
 *
 * Return: the sum over all processors, exact once nothing is under way.
 */
u64 kdbus_bus_count(const struct kdbus_bus *bus, enum kdbus_stat stat)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(bus->stats, cpu)->count[stat]);
	return sum;
}
