// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who wants a broadcast: match rules, and an index of them.
 *
 * A rule is indexed by the values of those of a few properties that it names.
 * For a message, each combination of properties that any rule names is looked
 * up once: the cost does not depend on how many rules there are that want
 * something else.
 */

#include <linux/jhash.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "bus.h"
#include "limits.h"
#include "matches.h"
#include "names.h"
#include "peer.h"

/* The properties of the index. */
enum kdbus_rule_property {
	KDBUS_RULE_INTERFACE = 1 << 0,
	KDBUS_RULE_MEMBER = 1 << 1,
	KDBUS_RULE_PATH = 1 << 2,
	KDBUS_RULE_ARG0 = 1 << 3,
	KDBUS_RULE_SENDER = 1 << 4,
};

const struct rhashtable_params kdbus_rules_params = {
	.head_offset = offsetof(struct kdbus_rule, node),
	.key_offset = offsetof(struct kdbus_rule, key),
	.key_len = sizeof(struct kdbus_rule_key),
	.automatic_shrinking = true,
};

static u32 kdbus_rule_mix(const char *text, u32 len, u32 hash)
{
	return jhash(text, len, hash + 1);
}

static u32 kdbus_rule_mix_value(const struct kdbus_match_rule *match,
				const struct kdbus_match_value *value, u32 hash)
{
	return kdbus_rule_mix(match->text + value->at, value->len, hash);
}

static const struct kdbus_match_value *
kdbus_rule_arg0(const struct kdbus_match_rule *match)
{
	if (match->n_args && !match->args[0].index &&
	    match->args[0].kind == KDBUS_MATCH_ARG_EQUAL)
		return &match->args[0].value;
	return NULL;
}

/* The order of mixing is that of kdbus_probe_hash(): the sender comes last. */
static void kdbus_rule_index(const struct kdbus_match_rule *match,
			     struct kdbus_rule_key *key)
{
	const struct kdbus_match_value *arg0 = kdbus_rule_arg0(match);
	u32 mask = 0, hash = 0;

	if (match->keys & KDBUS_MATCH_INTERFACE) {
		mask |= KDBUS_RULE_INTERFACE;
		hash = kdbus_rule_mix_value(match, &match->interface, hash);
	}
	if (match->keys & KDBUS_MATCH_MEMBER) {
		mask |= KDBUS_RULE_MEMBER;
		hash = kdbus_rule_mix_value(match, &match->member, hash);
	}
	if (match->keys & KDBUS_MATCH_PATH) {
		mask |= KDBUS_RULE_PATH;
		hash = kdbus_rule_mix_value(match, &match->path, hash);
	}
	if (arg0) {
		mask |= KDBUS_RULE_ARG0;
		hash = kdbus_rule_mix_value(match, arg0, hash);
	}
	if (match->keys & KDBUS_MATCH_SENDER) {
		mask |= KDBUS_RULE_SENDER;
		hash = kdbus_rule_mix_value(match, &match->sender, hash);
	}
	key->mask = mask;
	key->hash = hash;
}

static struct kdbus_rule *kdbus_rule_new(struct kdbus_peer *peer,
					 const char *text, u32 len)
{
	struct kdbus_rule *rule;

	if (len > KDBUS_MATCH_TEXT_MAX)
		return ERR_PTR(-EINVAL);
	rule = kzalloc(offsetof(struct kdbus_rule, match) +
		       kdbus_match_size(len), GFP_KERNEL_ACCOUNT);
	if (!rule)
		return ERR_PTR(-ENOMEM);
	if (!kdbus_match_parse(text, len, &rule->match)) {
		kfree(rule);
		return ERR_PTR(-EINVAL);
	}
	rule->peer = peer;
	kdbus_rule_delay(rule);
	kdbus_rule_index(&rule->match, &rule->key);
	return rule;
}

static struct list_head *kdbus_rule_list(struct kdbus_bus *bus,
					 struct kdbus_peer *peer)
{
	return peer ? &peer->rules : &bus->foreign_rules;
}

static u32 *kdbus_rule_count(struct kdbus_bus *bus, struct kdbus_peer *peer)
{
	return peer ? &peer->rules_count : &bus->foreign_count;
}

static int kdbus_rule_insert(struct kdbus_bus *bus, struct kdbus_rule *rule)
{
	u32 *count = kdbus_rule_count(bus, rule->peer);
	u32 wanted = kdbus_match_args_wanted(&rule->match);
	u32 *masks = &bus->rule_masks[rule->key.mask];
	int ret;

	lockdep_assert_held(&bus->lock);

	if (*count >= KDBUS_RULES_MAX)
		return -ENOSPC;
	/* Before the rule can be found: who finds it looks at its arguments. */
	if (wanted > bus->rule_args)
		WRITE_ONCE(bus->rule_args, wanted);
	ret = rhltable_insert(&bus->rules, &rule->node, kdbus_rules_params);
	if (ret)
		return ret;
	list_add_tail(&rule->list, kdbus_rule_list(bus, rule->peer));
	WRITE_ONCE(*masks, *masks + 1);
	++*count;
	kdbus_bus_interests_changed(bus);
	return 0;
}

/**
 * kdbus_rule_add() - a match rule comes into force
 * @bus: the bus
 * @peer: whose; NULL for somebody who is no peer
 * @text: the rule
 * @len: its length
 *
 * Context: process context, may sleep; takes kdbus_bus.lock.
 * Return: 0, -EINVAL if it is no rule, -ENOSPC for too many, -ENOMEM.
 */
int kdbus_rule_add(struct kdbus_bus *bus, struct kdbus_peer *peer,
		   const char *text, u32 len)
{
	struct kdbus_rule *rule = kdbus_rule_new(peer, text, len);
	int ret;

	if (IS_ERR(rule))
		return PTR_ERR(rule);
	mutex_lock(&bus->lock);
	ret = kdbus_rule_insert(bus, rule);
	mutex_unlock(&bus->lock);
	if (ret)
		kfree(rule);
	return ret;
}

static void kdbus_rule_drop(struct kdbus_bus *bus, struct kdbus_rule *rule)
{
	u32 *masks = &bus->rule_masks[rule->key.mask];

	rhltable_remove(&bus->rules, &rule->node, kdbus_rules_params);
	list_del(&rule->list);
	WRITE_ONCE(*masks, *masks - 1);
	--*kdbus_rule_count(bus, rule->peer);
	kdbus_bus_interests_changed(bus);
	kfree_rcu(rule, rcu);
}

static struct kdbus_rule *kdbus_rule_find_equal(struct kdbus_bus *bus,
						const struct kdbus_rule *like)
{
	struct rhlist_head *list, *pos;
	struct kdbus_rule *rule;

	list = rhltable_lookup(&bus->rules, &like->key, kdbus_rules_params);
	rhl_for_each_entry_rcu(rule, pos, list, node)
		if (rule->peer == like->peer &&
		    kdbus_match_equal(&rule->match, &like->match))
			return rule;
	return NULL;
}

/**
 * kdbus_rule_remove() - a match rule is in force no longer
 * @bus: the bus
 * @peer: whose; NULL for somebody who is no peer
 * @text: the rule, or another text that means the same
 * @len: its length
 *
 * Context: process context, may sleep; takes kdbus_bus.lock.
 * Return: 0, -ENOENT if there is no such rule, -EINVAL, -ENOMEM.
 */
int kdbus_rule_remove(struct kdbus_bus *bus, struct kdbus_peer *peer,
		      const char *text, u32 len)
{
	struct kdbus_rule *like = kdbus_rule_new(peer, text, len);
	struct kdbus_rule *rule;

	if (IS_ERR(like))
		return PTR_ERR(like);
	mutex_lock(&bus->lock);
	rcu_read_lock();
	rule = kdbus_rule_find_equal(bus, like);
	rcu_read_unlock();
	if (rule)
		kdbus_rule_drop(bus, rule);
	mutex_unlock(&bus->lock);
	kfree(like);
	return rule ? 0 : -ENOENT;
}

/**
 * kdbus_rules_remove_all() - a peer wants nothing any more
 * @peer: the peer
 *
 * Context: process context, may sleep; takes kdbus_bus.lock.
 */
void kdbus_rules_remove_all(struct kdbus_peer *peer)
{
	struct kdbus_rule *rule, *next;

	mutex_lock(&peer->bus->lock);
	/*
	 * From the youngest on: that is where the table keeps it among others
	 * of the same key, and the search for an old one would be long.
	 */
	list_for_each_entry_safe_reverse(rule, next, &peer->rules, list)
		kdbus_rule_drop(peer->bus, rule);
	mutex_unlock(&peer->bus->lock);
}

/* A message for which rules are searched. */
struct kdbus_probe {
	struct kdbus_peer *sender;
	const struct kdbus_view *view;
	const struct kdbus_match_args *args;
	kdbus_rule_found found;
	void *data;
};

static bool kdbus_probe_owns(const void *peer, const char *name, u32 len)
{
	const struct kdbus_peer *sender = peer;
	const struct kdbus_str text = { .s = name, .len = len };
	struct kdbus_name *found;

	if (!sender)
		return false;
	found = kdbus_name_find(sender->bus, &text);
	return found && found->owner == sender;
}

static bool kdbus_probe_matches(const struct kdbus_probe *probe,
				const struct kdbus_rule *rule)
{
	const struct kdbus_match_peers peers = {
		.owns = kdbus_probe_owns,
		.sender = probe->sender,
	};

	return !kdbus_rule_immature(rule) &&
	       kdbus_match_header(&rule->match, probe->view) &&
	       kdbus_match_arguments(&rule->match, probe->args) &&
	       kdbus_match_names(&rule->match, probe->view, &peers);
}

static bool kdbus_probe_lookup(const struct kdbus_probe *probe, u32 mask,
			       u32 hash)
{
	const struct kdbus_rule_key key = { .mask = mask, .hash = hash };
	struct rhlist_head *list, *pos;
	struct kdbus_rule *rule;

	list = rhltable_lookup(&probe->sender->bus->rules, &key,
			       kdbus_rules_params);
	rhl_for_each_entry_rcu(rule, pos, list, node)
		if (kdbus_probe_matches(probe, rule) &&
		    !probe->found(rule->peer, probe->data))
			return false;
	return true;
}

/* One property of the message into the hash; false if it has none. */
static bool kdbus_probe_mix(const struct kdbus_str *text, u32 *hash)
{
	if (!text->s)
		return false;
	*hash = kdbus_rule_mix(text->s, text->len, *hash);
	return true;
}

/* False if no rule with this mask can match. */
static bool kdbus_probe_hash(const struct kdbus_probe *probe, u32 mask,
			     u32 *hash)
{
	const struct kdbus_view *view = probe->view;
	const struct kdbus_match_args *args = probe->args;
	const char *arg0 = (const char *)args->data + args->at[0];

	*hash = 0;
	if ((mask & KDBUS_RULE_INTERFACE) &&
	    !kdbus_probe_mix(&view->interface, hash))
		return false;
	if ((mask & KDBUS_RULE_MEMBER) && !kdbus_probe_mix(&view->member, hash))
		return false;
	if ((mask & KDBUS_RULE_PATH) && !kdbus_probe_mix(&view->path, hash))
		return false;
	if (mask & KDBUS_RULE_ARG0) {
		if (!(args->strings & 1))
			return false;
		*hash = kdbus_rule_mix(arg0, args->len[0], *hash);
	}
	return true;
}

static bool kdbus_probe_mask(const struct kdbus_probe *probe, u32 mask)
{
	struct kdbus_name *name;
	u32 hash;

	if (!kdbus_probe_hash(probe, mask, &hash))
		return true;
	if (!(mask & KDBUS_RULE_SENDER))
		return kdbus_probe_lookup(probe, mask, hash);
	list_for_each_entry_rcu(name, &probe->sender->names, list)
		if (!kdbus_probe_lookup(probe, mask,
					kdbus_rule_mix(name->text,
						       name->key.len, hash)))
			return false;
	return true;
}

/**
 * kdbus_rules_find() - find the rules that match a broadcast
 * @sender: who sends it
 * @view: its header; the message is valid
 * @args: its arguments, as many as kdbus_bus.rule_args says
 * @found: told of the peer of each rule that matches, NULL for no peer
 * @data: for @found
 *
 * Context: under rcu_read_lock(), which also keeps the peers' memory.
 * Return: false if @found has ended the search.
 */
bool kdbus_rules_find(struct kdbus_peer *sender, const struct kdbus_view *view,
		      const struct kdbus_match_args *args,
		      kdbus_rule_found found, void *data)
{
	struct kdbus_bus *bus = sender->bus;
	const struct kdbus_probe probe = {
		.sender = sender,
		.view = view,
		.args = args,
		.found = found,
		.data = data,
	};
	u32 mask;

	for (mask = 0; mask < KDBUS_RULE_MASKS; mask++)
		if (READ_ONCE(bus->rule_masks[mask]) &&
		    !kdbus_probe_mask(&probe, mask))
			return false;
	return true;
}
