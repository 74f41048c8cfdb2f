// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/net/kdbus: what there is, what it does, and an emergency switch.
 *
 * Reading lists the buses of the network namespace, a line of "key value" pairs
 * each, and at the end how many have ended, and what these had counted.  What a
 * bus has carried is for those who may switch it: to anybody else the moments and
 * lengths of a user's messages would tell what he does.
 *
 * Writing "ID fastpath off" keeps the fast path of a bus off, until "ID fastpath
 * on"; for the owner of the bus, or CAP_NET_ADMIN.
 */

#include <linux/cred.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "bus.h"
#include "observe.h"
#include "peer.h"

static const char * const kdbus_stat_names[KDBUS_STATS] = {
	[KDBUS_STAT_CALLS] = "calls",
	[KDBUS_STAT_RETURNS] = "returns",
	[KDBUS_STAT_ERRORS] = "errors",
	[KDBUS_STAT_SIGNALS] = "signals",
	[KDBUS_STAT_BROADCASTS] = "broadcasts",
	[KDBUS_STAT_COPIES] = "copies",
	[KDBUS_STAT_FAST_BYTES] = "fast_bytes",
	[KDBUS_STAT_HELD] = "held",
	[KDBUS_STAT_SLOW] = "slow",
	[KDBUS_STAT_LENT] = "lent",
	[KDBUS_STAT_DAEMON] = "daemon",
	[KDBUS_STAT_INVALID] = "invalid",
};

static const char *kdbus_fastpath_state(const struct kdbus_bus *bus)
{
	if (bus->forced_off)
		return "forced-off";
	return bus->config.flags & KDBUS_BUS_FASTPATH ? "on" : "off";
}

/* Who has opened the file counts, as whoever reads or writes may have been tricked. */
static bool kdbus_may_switch(const struct kdbus_bus *bus,
			     const struct file *file)
{
	return uid_eq(bus->owner, file->f_cred->euid) ||
	       file_ns_capable(file, bus->net->user_ns, CAP_NET_ADMIN);
}

static void kdbus_show_traffic(struct seq_file *m, struct kdbus_bus *bus)
{
	int i;

	seq_printf(m, " replies %d", atomic_read(&bus->replies.nelems));
	for (i = 0; i < KDBUS_STATS; i++)
		seq_printf(m, " %s %llu", kdbus_stat_names[i],
			   kdbus_bus_count(bus, i));
}

static void kdbus_show_bus(struct seq_file *m, struct kdbus_bus *bus)
{
	struct kdbus_peer *peer;
	unsigned int peers = 0, attached = 0, names = 0;

	mutex_lock(&bus->lock);
	list_for_each_entry(peer, &bus->peers, list) {
		if (!READ_ONCE(peer->retired)) {
			peers++;
			attached += peer->transport->attached;
		}
		names += peer->names_count;
	}
	seq_printf(m, "bus %llu owner %u fastpath %s peers %u attached %u",
		   bus->id, from_kuid_munged(seq_user_ns(m), bus->owner),
		   kdbus_fastpath_state(bus), peers, attached);
	seq_printf(m, " names %u", names);
	mutex_unlock(&bus->lock);

	if (kdbus_may_switch(bus, m->file))
		kdbus_show_traffic(m, bus);
	/* Last, for it may contain blanks. */
	seq_puts(m, " path ");
	seq_escape(m, bus->path, "\n\\");
	seq_putc(m, '\n');
}

/* Those of all namespaces and users, so for the first one only, and its root. */
static void kdbus_show_ended(struct seq_file *m)
{
	int i;

	if (!file_ns_capable(m->file, &init_user_ns, CAP_NET_ADMIN))
		return;
	seq_printf(m, "ended %llu", kdbus_buses_ended);
	for (i = 0; i < KDBUS_STATS; i++)
		seq_printf(m, " %s %llu", kdbus_stat_names[i],
			   kdbus_buses_ended_stats.count[i]);
	seq_putc(m, '\n');
}

static int kdbus_show(struct seq_file *m, void *v)
{
	struct net *net = seq_file_single_net(m);
	struct kdbus_bus *bus;

	mutex_lock(&kdbus_buses_lock);
	list_for_each_entry(bus, &kdbus_buses, node)
		if (bus->net == net)
			kdbus_show_bus(m, bus);
	if (net_eq(net, &init_net))
		kdbus_show_ended(m);
	mutex_unlock(&kdbus_buses_lock);
	return 0;
}

static int kdbus_switch(struct file *file, u64 id, bool off)
{
	struct net *net = seq_file_single_net(file->private_data);
	struct kdbus_bus *bus;
	int ret = -ENOENT;

	mutex_lock(&kdbus_buses_lock);
	list_for_each_entry(bus, &kdbus_buses, node) {
		if (bus->net != net || bus->id != id)
			continue;
		ret = -EPERM;
		if (!kdbus_may_switch(bus, file))
			break;
		kdbus_bus_force_off(bus, off);
		ret = 0;
	}
	mutex_unlock(&kdbus_buses_lock);
	return ret;
}

static int kdbus_write(struct file *file, char *text, size_t size)
{
	char word[4];
	u64 id;

	if (sscanf(text, "%llu fastpath %3s", &id, word) != 2)
		return -EINVAL;
	if (!strcmp(word, "off"))
		return kdbus_switch(file, id, true);
	if (!strcmp(word, "on"))
		return kdbus_switch(file, id, false);
	return -EINVAL;
}

static int __net_init kdbus_net_init(struct net *net)
{
	return proc_create_net_single_write("kdbus", 0666, net->proc_net,
					    kdbus_show, kdbus_write, NULL) ?
		0 : -ENOMEM;
}

static void __net_exit kdbus_net_exit(struct net *net)
{
	remove_proc_entry("kdbus", net->proc_net);
}

static struct pernet_operations kdbus_net_ops = {
	.init = kdbus_net_init,
	.exit = kdbus_net_exit,
};

/**
 * kdbus_observe_init() - make the file, in each network namespace
 *
 * Return: 0 or a negative error.
 */
int kdbus_observe_init(void)
{
	return register_pernet_subsys(&kdbus_net_ops);
}

/**
 * kdbus_observe_exit() - remove it
 */
void kdbus_observe_exit(void)
{
	unregister_pernet_subsys(&kdbus_net_ops);
}
