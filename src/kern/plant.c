// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bugs on demand, to show that the debug kernels see them in this module, and
 * that the tests of the order do.
 *
 * Not part of the module unless it is built with KDBUS_PLANT=y, for
 * tests/vm/test-net-holds: then "insmod kdbus.ko plant=leak", or writing "leak"
 * to /sys/module/kdbus/parameters/plant, does what no code must do. For
 * tests/load/net-holds, "no-fence" and the like switch a mechanism off, until
 * "none" does the opposite.
 */

#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "bus.h"
#include "msg.h"
#include "names.h"
#include "off.h"
#include "peer.h"
#include "plant.h"
#include "user.h"

#define KDBUS_PLANT_UID		4242
#define KDBUS_PLANT_BYTES	1234
#define KDBUS_PLANT_TURNS	200000

static struct kdbus_user *kdbus_plant_user(kuid_t uid)
{
	return kdbus_user_get(uid, uid);
}

/* An account is looked at after its last reference has gone. */
static int kdbus_plant_uaf(void)
{
	struct kdbus_user *user = kdbus_plant_user(KUIDT_INIT(KDBUS_PLANT_UID));

	if (!user)
		return -ENOMEM;
	kdbus_user_put(user);
	return kdbus_user_full(user) ? -EBUSY : 0;
}

/* A byte is written behind the end of a message. */
static int kdbus_plant_overflow(void)
{
	struct kdbus_user *user = kdbus_plant_user(GLOBAL_ROOT_UID);
	struct kdbus_msg *msg;

	if (!user)
		return -ENOMEM;
	msg = kdbus_msg_new(user, 0, KDBUS_PLANT_BYTES, true);
	if (msg) {
		WRITE_ONCE(kdbus_msg_bytes(msg)[KDBUS_PLANT_BYTES], 1);
		kdbus_msg_free(msg);
	}
	kdbus_user_put(user);
	return msg ? 0 : -ENOMEM;
}

/* The list of buses is locked by somebody who has a bus locked. */
static int kdbus_plant_abba(void)
{
	struct kdbus_bus *bus;

	mutex_lock(&kdbus_buses_lock);
	bus = list_first_entry_or_null(&kdbus_buses, struct kdbus_bus, node);
	if (bus) {
		kdbus_bus_get(bus);
		mutex_lock(&bus->lock);
		mutex_unlock(&bus->lock);
	}
	mutex_unlock(&kdbus_buses_lock);
	if (!bus)
		return -ENOENT;

	mutex_lock(&bus->lock);
	mutex_lock(&kdbus_buses_lock);
	mutex_unlock(&kdbus_buses_lock);
	mutex_unlock(&bus->lock);
	kdbus_bus_put(bus);
	return 0;
}

/* Messages are made that nobody frees; one alone could be overlooked. */
static int kdbus_plant_leak(void)
{
	struct kdbus_user *user = kdbus_plant_user(GLOBAL_ROOT_UID);
	int i;

	if (!user)
		return -ENOMEM;
	for (i = 0; i < 8; i++)
		kdbus_msg_new(user, 0, KDBUS_PLANT_BYTES, true);
	kdbus_user_put(user);
	return 0;
}

/* Memory is asked for, which may sleep, under the lock of a queue. */
static int kdbus_plant_atomic(void)
{
	struct kdbus_user *user = kdbus_plant_user(GLOBAL_ROOT_UID);
	struct kdbus_queue queue;
	struct kdbus_msg *msg;

	if (!user)
		return -ENOMEM;
	kdbus_queue_init(&queue);
	spin_lock(&queue.lock);
	msg = kdbus_msg_new(user, 0, KDBUS_PLANT_BYTES, true);
	spin_unlock(&queue.lock);
	if (msg)
		kdbus_msg_free(msg);
	kdbus_queue_destroy(&queue);
	kdbus_user_put(user);
	return msg ? 0 : -ENOMEM;
}

static u64 kdbus_plant_counter;

static int kdbus_plant_count(void *unused)
{
	int i;

	for (i = 0; i < KDBUS_PLANT_TURNS; i++) {
		kdbus_plant_counter++;
		cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

/* Two threads count in the same place. */
static int kdbus_plant_race(void)
{
	struct task_struct *other = kthread_run(kdbus_plant_count, NULL,
						"kdbus-plant");
	int i;

	if (IS_ERR(other))
		return PTR_ERR(other);
	for (i = 0; i < KDBUS_PLANT_TURNS; i++) {
		kdbus_plant_counter++;
		cond_resched();
	}
	return kthread_stop(other);
}

/* A reference to the module is never given back, as that of a lost socket. */
static int kdbus_plant_stay(void)
{
	return try_module_get(THIS_MODULE) ? 0 : -EBUSY;
}

static const struct {
	const char *name;
	int (*plant)(void);
} kdbus_plants[] = {
	{ "uaf", kdbus_plant_uaf },
	{ "overflow", kdbus_plant_overflow },
	{ "abba", kdbus_plant_abba },
	{ "leak", kdbus_plant_leak },
	{ "atomic", kdbus_plant_atomic },
	{ "race", kdbus_plant_race },
	{ "stay", kdbus_plant_stay },
};

static bool kdbus_plant_is(const u8 *data, u32 len, const char *member,
			   struct kdbus_view *view)
{
	return kdbus_message_parse(data, len, view) &&
	       view->member.len == strlen(member) &&
	       !memcmp(view->member.s, member, strlen(member));
}

/* An earlier design: names are learnt from what the daemon says to clients. */
void kdbus_plant_acquired(struct kdbus_peer *peer, const u8 *data, u32 len)
{
	struct kdbus_view view;
	struct kdbus_str name;

	if (!kdbus_plant_is(data, len, "NameAcquired", &view))
		return;
	/* The body is a string: its length, and itself. */
	data += view.frame.header_len;
	name.len = *(const u32 *)data;
	name.s = (const char *)data + 4;
	if (name.s[0] != ':' && !kdbus_name_publish(peer, &name))
		kdbus_off_sleep(KDBUS_OFF_PUBLISH);
}

/* What waits for the next of its kind. */
static DEFINE_SPINLOCK(kdbus_plant_lock);
static struct kdbus_peer *kdbus_plant_late_peer;
static struct kdbus_msg *kdbus_plant_late_msg;

static void kdbus_plant_swap(struct kdbus_peer **peer, struct kdbus_msg **msg)
{
	spin_lock(&kdbus_plant_lock);
	swap(*peer, kdbus_plant_late_peer);
	swap(*msg, kdbus_plant_late_msg);
	spin_unlock(&kdbus_plant_lock);
}

/*
 * What the daemon says of a change of owners waits, and the one before is put in
 * its place; the peer of that, with a reference, or NULL for @peer itself.
 */
struct kdbus_peer *kdbus_plant_late(struct kdbus_peer *peer,
				    struct kdbus_msg **msg)
{
	struct kdbus_view view;

	if (!kdbus_plant_is(kdbus_msg_bytes(*msg), kdbus_msg_len(*msg),
			    "NameOwnerChanged", &view))
		return NULL;
	kdbus_peer_get(peer);
	kdbus_plant_swap(&peer, msg);
	return peer;
}

static void kdbus_plant_forget(void)
{
	struct kdbus_peer *peer = NULL;
	struct kdbus_msg *msg = NULL;

	kdbus_plant_swap(&peer, &msg);
	if (msg)
		kdbus_msg_free(msg);
	if (peer)
		kdbus_peer_put(peer);
}

static int kdbus_plant_set(const char *value, const struct kernel_param *param)
{
	size_t i;

	if (kdbus_off_switch(value)) {
		kdbus_plant_forget();
		return 0;
	}

	for (i = 0; i < ARRAY_SIZE(kdbus_plants); i++)
		if (sysfs_streq(value, kdbus_plants[i].name))
			return kdbus_plants[i].plant();
	return -EINVAL;
}

static const struct kernel_param_ops kdbus_plant_ops = {
	.set = kdbus_plant_set,
};

module_param_cb(plant, &kdbus_plant_ops, NULL, 0200);
MODULE_PARM_DESC(plant, "a bug, or a mechanism to switch off: see plant.c");
