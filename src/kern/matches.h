/* SPDX-License-Identifier: GPL-2.0-only */
/* Who wants a broadcast: match rules, and an index of them. */
#ifndef KDBUS_KERN_MATCHES_H
#define KDBUS_KERN_MATCHES_H

#include <linux/jiffies.h>
#include <linux/rhashtable.h>

#include "../core/match.h"
#include "off.h"

struct kdbus_bus;
struct kdbus_peer;

/**
 * struct kdbus_rule_key - what rules are indexed by
 * @mask: which properties the rule names
 * @detail: what else it says
 * @hash: of the values of all that
 */
struct kdbus_rule_key {
	u16 mask;
	u16 detail;
	u32 hash;
};

/**
 * struct kdbus_rule_set - the rules that are found together
 * @node: in kdbus_bus.rules
 * @key: what they are indexed by
 * @entries: their entries, the latest first; there is at least one
 * @count: number of them
 * @rcu: freed behind a grace period
 */
struct kdbus_rule_set {
	struct rhash_head node;
	struct kdbus_rule_key key;
	struct hlist_head entries;
	u32 count;
	struct rcu_head rcu;
};

/**
 * struct kdbus_rule_entry - where a rule is found
 * @node: in kdbus_rule_set.entries
 * @set: of which set
 * @key: see above
 * @rule: the rule
 */
struct kdbus_rule_entry {
	struct hlist_node node;
	struct kdbus_rule_set *set;
	struct kdbus_rule_key key;
	struct kdbus_rule *rule;
};

/**
 * struct kdbus_rule - a match rule in force
 * @list: in kdbus_peer.rules or kdbus_bus.foreign_rules
 * @rcu: freed behind a grace period
 * @entries: it is found by each of them
 * @count: number of these
 * @size: bytes of all that, which the owner of the bus is charged with
 * @mature: when it comes into force, with KDBUS_OFF_MATCH
 * @peer: whose; NULL if of somebody who is no peer
 * @match: the rule
 */
struct kdbus_rule {
	struct list_head list;
	struct rcu_head rcu;
	struct kdbus_rule_entry *entries;
	u32 count;
	u32 size;
#ifdef KDBUS_PLANT
	unsigned long mature;
#endif
	struct kdbus_peer *peer;
	struct kdbus_match_rule match;
};

#ifdef KDBUS_PLANT
static inline void kdbus_rule_delay(struct kdbus_rule *rule)
{
	rule->mature = jiffies + (kdbus_off(KDBUS_OFF_MATCH) ? HZ / 20 : 0);
}

static inline bool kdbus_rule_immature(const struct kdbus_rule *rule)
{
	return time_before(jiffies, rule->mature);
}
#else
static inline void kdbus_rule_delay(struct kdbus_rule *rule)
{
}

static inline bool kdbus_rule_immature(const struct kdbus_rule *rule)
{
	return false;
}
#endif

extern const struct rhashtable_params kdbus_rules_params;

int kdbus_rule_add(struct kdbus_bus *bus, struct kdbus_peer *peer,
		   const char *text, u32 len);
int kdbus_rule_remove(struct kdbus_bus *bus, struct kdbus_peer *peer,
		      const char *text, u32 len);
void kdbus_rules_remove_all(struct kdbus_peer *peer);
void kdbus_rules_free_foreign(struct kdbus_bus *bus);

/* Called for each rule that matches; false ends the search. */
typedef bool (*kdbus_rule_found)(struct kdbus_peer *peer, void *data);

bool kdbus_rules_find(struct kdbus_peer *sender, const struct kdbus_view *view,
		      const struct kdbus_match_args *args,
		      kdbus_rule_found found, void *data);

#endif
