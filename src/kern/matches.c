// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who wants a broadcast: match rules, and an index of them.
 *
 * A rule is indexed by the values of those of a few properties that it names
 * (its mask), and by one more condition, the most telling one that it has (the
 * detail).  For a message, each combination of these that any rule uses is looked
 * up as often as there are values that would match: the cost does not depend on
 * how many rules there are that want something else.
 *
 * Whoever wants a namespace of names or paths is found by each name or path
 * above that of the message, down to a depth of KDBUS_RULE_DEPTH; those who want
 * something deeper are all found with that.
 */

#include <linux/jhash.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "bus.h"
#include "limits.h"
#include "matches.h"
#include "names.h"
#include "peer.h"
#include "user.h"

/* The properties of the index. */
enum kdbus_rule_property {
	KDBUS_RULE_INTERFACE = 1 << 0,
	KDBUS_RULE_MEMBER = 1 << 1,
	KDBUS_RULE_PATH = 1 << 2,
	KDBUS_RULE_ARG0 = 1 << 3,
	KDBUS_RULE_SENDER = 1 << 4,
};

/*
 * What else a rule says.  Paths in arguments match in either direction, so such
 * a rule has entries for what is above its own path as well.
 */
enum kdbus_rule_detail {
	KDBUS_RULE_PLAIN,
	KDBUS_RULE_ARG,
	KDBUS_RULE_ARG0_NAMESPACE,
	KDBUS_RULE_ARG_PATH,
	KDBUS_RULE_ARG_PATH_ABOVE,
	KDBUS_RULE_PATH_NAMESPACE,
};

#define KDBUS_RULE_DEPTH	8

const struct rhashtable_params kdbus_rules_params = {
	.head_offset = offsetof(struct kdbus_rule_set, node),
	.key_offset = offsetof(struct kdbus_rule_set, key),
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

/**
 * struct kdbus_index - by what a rule is to be found
 * @match: the rule
 * @mask: which properties it names, the sender apart
 * @count: number of @keys
 * @keys: of the entries that it gets
 */
struct kdbus_index {
	const struct kdbus_match_rule *match;
	u32 mask;
	u32 count;
	struct kdbus_rule_key keys[1 + KDBUS_RULE_DEPTH];
};

/* The first condition of a kind, but for arg0 if that is in the mask. */
static const struct kdbus_match_arg *
kdbus_rule_arg(const struct kdbus_match_rule *match, u8 kind)
{
	u32 i;

	for (i = 0; i < match->n_args; i++)
		if (match->args[i].kind == kind &&
		    (kind != KDBUS_MATCH_ARG_EQUAL || match->args[i].index))
			return &match->args[i];
	return NULL;
}

/* The order of mixing is that of kdbus_probe_hash(). */
static u32 kdbus_rule_mask(const struct kdbus_match_rule *match, u32 *hash)
{
	const struct kdbus_match_value *arg0 = kdbus_rule_arg0(match);
	u32 mask = 0;

	*hash = 0;
	if (match->keys & KDBUS_MATCH_INTERFACE) {
		mask |= KDBUS_RULE_INTERFACE;
		*hash = kdbus_rule_mix_value(match, &match->interface, *hash);
	}
	if (match->keys & KDBUS_MATCH_MEMBER) {
		mask |= KDBUS_RULE_MEMBER;
		*hash = kdbus_rule_mix_value(match, &match->member, *hash);
	}
	if (match->keys & KDBUS_MATCH_PATH) {
		mask |= KDBUS_RULE_PATH;
		*hash = kdbus_rule_mix_value(match, &match->path, *hash);
	}
	if (arg0) {
		mask |= KDBUS_RULE_ARG0;
		*hash = kdbus_rule_mix_value(match, arg0, *hash);
	}
	return mask;
}

/* Length of @text up to the @nth separator, @len if there are not so many. */
static u32 kdbus_rule_cut(const char *text, u32 len, char separator, u32 nth)
{
	u32 i;

	for (i = 0; i < len; i++)
		if (text[i] == separator && !--nth)
			return i;
	return len;
}

static void kdbus_index_add(struct kdbus_index *index, u32 detail, u32 hash)
{
	const struct kdbus_match_rule *match = index->match;
	struct kdbus_rule_key *key = &index->keys[index->count++];

	key->mask = index->mask;
	key->detail = detail;
	key->hash = hash;
	if (match->keys & KDBUS_MATCH_SENDER) {
		key->mask |= KDBUS_RULE_SENDER;
		key->hash = kdbus_rule_mix_value(match, &match->sender, hash);
	}
}

/* By a name or path, as far as it is looked at. */
static void kdbus_index_below(struct kdbus_index *index, u32 detail,
			      const struct kdbus_match_value *value,
			      char separator, u32 hash)
{
	const char *text = index->match->text + value->at;
	u32 len = value->len;

	if (len && text[len - 1] == separator)
		len--;
	len = kdbus_rule_cut(text, len, separator, KDBUS_RULE_DEPTH);
	kdbus_index_add(index, detail, kdbus_rule_mix(text, len, hash));
}

/* By each directory above a path. */
static void kdbus_index_above(struct kdbus_index *index,
			      const struct kdbus_match_value *value, u32 hash)
{
	const char *text = index->match->text + value->at;
	u32 depth, len;

	for (depth = 1; depth <= KDBUS_RULE_DEPTH; depth++) {
		len = kdbus_rule_cut(text, value->len, '/', depth);
		if (len + 1 >= value->len)
			break;
		kdbus_index_add(index, KDBUS_RULE_ARG_PATH_ABOVE,
				kdbus_rule_mix(text, len, hash));
	}
}

static void kdbus_index_make(struct kdbus_index *index)
{
	const struct kdbus_match_rule *match = index->match;
	const struct kdbus_match_arg *arg;
	u32 hash;

	index->mask = kdbus_rule_mask(match, &hash);
	arg = kdbus_rule_arg(match, KDBUS_MATCH_ARG_EQUAL);
	if (arg) {
		hash = kdbus_rule_mix_value(match, &arg->value,
					    hash + arg->index);
		kdbus_index_add(index, KDBUS_RULE_ARG, hash);
		return;
	}
	arg = kdbus_rule_arg(match, KDBUS_MATCH_ARG_NAMESPACE);
	if (arg) {
		kdbus_index_below(index, KDBUS_RULE_ARG0_NAMESPACE, &arg->value,
				  '.', hash);
		return;
	}
	arg = kdbus_rule_arg(match, KDBUS_MATCH_ARG_PATH);
	if (arg) {
		hash += arg->index;
		kdbus_index_below(index, KDBUS_RULE_ARG_PATH, &arg->value, '/',
				  hash);
		kdbus_index_above(index, &arg->value, hash);
		return;
	}
	if (match->keys & KDBUS_MATCH_PATH_NAMESPACE)
		kdbus_index_below(index, KDBUS_RULE_PATH_NAMESPACE,
				  &match->path, '/', hash);
	else
		kdbus_index_add(index, KDBUS_RULE_PLAIN, hash);
}

/* The same rule, which has no pointers in it, with entries behind its text. */
static struct kdbus_rule *kdbus_rule_with_entries(struct kdbus_rule *rule,
						  size_t size)
{
	struct kdbus_index index = { .match = &rule->match };
	struct kdbus_rule *larger;
	u32 i;

	kdbus_index_make(&index);
	size = ALIGN(size, __alignof__(struct kdbus_rule_entry));
	size += index.count * sizeof(*rule->entries);
	larger = krealloc(rule, size, GFP_KERNEL_ACCOUNT);
	if (!larger)
		return NULL;
	larger->count = index.count;
	/* Each entry may be the first of a set. */
	larger->size = size + index.count * sizeof(struct kdbus_rule_set);
	larger->entries = (void *)larger + size -
			  index.count * sizeof(*larger->entries);
	for (i = 0; i < index.count; i++) {
		larger->entries[i].key = index.keys[i];
		larger->entries[i].rule = larger;
	}
	return larger;
}

static struct kdbus_rule *kdbus_rule_new(struct kdbus_peer *peer,
					 const char *text, u32 len)
{
	size_t size = offsetof(struct kdbus_rule, match) +
		      kdbus_match_size(len);
	struct kdbus_rule *rule, *complete;

	if (len > KDBUS_MATCH_QUOTED_MAX)
		return ERR_PTR(-EINVAL);
	rule = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!rule)
		return ERR_PTR(-ENOMEM);
	if (!kdbus_match_parse(text, len, &rule->match)) {
		kfree(rule);
		return ERR_PTR(-EINVAL);
	}
	rule->peer = peer;
	kdbus_rule_delay(rule);
	complete = kdbus_rule_with_entries(rule, size);
	if (!complete) {
		kfree(rule);
		return ERR_PTR(-ENOMEM);
	}
	return complete;
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

static void kdbus_rule_count_entry(struct kdbus_bus *bus,
				   const struct kdbus_rule_key *key, int change)
{
	u32 *count = &bus->rule_entries[key->detail][key->mask];
	u32 masks = bus->rule_masks[key->detail];

	*count += change;
	if (*count)
		masks |= BIT(key->mask);
	else
		masks &= ~BIT(key->mask);
	WRITE_ONCE(bus->rule_masks[key->detail], masks);
}

/* The set of a key, made if there is none yet. */
static struct kdbus_rule_set *
kdbus_rule_set_get(struct kdbus_bus *bus, const struct kdbus_rule_key *key)
{
	struct kdbus_rule_set *set;
	int ret;

	set = rhashtable_lookup_fast(&bus->rules, key, kdbus_rules_params);
	if (set)
		return set;
	set = kzalloc(sizeof(*set), GFP_KERNEL_ACCOUNT);
	if (!set)
		return ERR_PTR(-ENOMEM);
	set->key = *key;
	ret = rhashtable_insert_fast(&bus->rules, &set->node,
				     kdbus_rules_params);
	if (ret) {
		kfree(set);
		return ERR_PTR(ret);
	}
	return set;
}

/*
 * Whoever looks for recipients may have the set, and finds nothing.  An entry
 * leaves at the same cost wherever in the set it is: there may be many others, of
 * other peers.
 */
static void kdbus_rule_entry_unlink(struct kdbus_bus *bus,
				    struct kdbus_rule_entry *entry)
{
	struct kdbus_rule_set *set = entry->set;

	hlist_del_rcu(&entry->node);
	kdbus_rule_count_entry(bus, &entry->key, -1);
	if (--set->count)
		return;
	rhashtable_remove_fast(&bus->rules, &set->node, kdbus_rules_params);
	kfree_rcu(set, rcu);
}

static int kdbus_rule_entry_link(struct kdbus_bus *bus,
				 struct kdbus_rule_entry *entry)
{
	entry->set = kdbus_rule_set_get(bus, &entry->key);
	if (IS_ERR(entry->set))
		return PTR_ERR(entry->set);
	hlist_add_head_rcu(&entry->node, &entry->set->entries);
	entry->set->count++;
	kdbus_rule_count_entry(bus, &entry->key, 1);
	return 0;
}

/* Takes the first @count entries out. */
static void kdbus_rule_unlink(struct kdbus_bus *bus, struct kdbus_rule *rule,
			      u32 count)
{
	while (count--)
		kdbus_rule_entry_unlink(bus, &rule->entries[count]);
}

static int kdbus_rule_link(struct kdbus_bus *bus, struct kdbus_rule *rule)
{
	u32 i;
	int ret;

	for (i = 0; i < rule->count; i++) {
		ret = kdbus_rule_entry_link(bus, &rule->entries[i]);
		if (ret) {
			kdbus_rule_unlink(bus, rule, i);
			return ret;
		}
	}
	return 0;
}

static int kdbus_rule_insert(struct kdbus_bus *bus, struct kdbus_rule *rule)
{
	u32 *count = kdbus_rule_count(bus, rule->peer);
	u32 wanted = kdbus_match_args_wanted(&rule->match);
	int ret;

	lockdep_assert_held(&bus->lock);

	if (*count >= KDBUS_RULES_MAX)
		return -ENOSPC;
	if (!kdbus_user_charge_table(bus->user, rule->size, false))
		return -ENOMEM;
	/* Before the rule can be found: who finds it looks at its arguments. */
	if (wanted > bus->rule_args)
		WRITE_ONCE(bus->rule_args, wanted);
	ret = kdbus_rule_link(bus, rule);
	if (ret) {
		kdbus_user_uncharge_table(bus->user, rule->size);
		return ret;
	}
	list_add_tail(&rule->list, kdbus_rule_list(bus, rule->peer));
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
	/* By a part of its entries somebody may have found it already. */
	if (ret)
		kfree_rcu(rule, rcu);
	return ret;
}

static void kdbus_rule_drop(struct kdbus_bus *bus, struct kdbus_rule *rule)
{
	kdbus_rule_unlink(bus, rule, rule->count);
	list_del(&rule->list);
	--*kdbus_rule_count(bus, rule->peer);
	kdbus_bus_interests_changed(bus);
	kdbus_user_uncharge_table(bus->user, rule->size);
	kfree_rcu(rule, rcu);
}

/* Of a peer, what dbus-daemon takes for equal; of all others, each takes his own. */
static bool kdbus_rule_equal(const struct kdbus_rule *rule,
			     const struct kdbus_rule *like)
{
	if (rule->peer != like->peer)
		return false;
	return like->peer ? kdbus_match_equal(&rule->match, &like->match) :
			    kdbus_match_same(&rule->match, &like->match);
}

static struct kdbus_rule *
kdbus_rule_find_in_list(const struct list_head *list,
			const struct kdbus_rule *like)
{
	struct kdbus_rule *rule;

	list_for_each_entry_reverse(rule, list, list)
		if (kdbus_rule_equal(rule, like))
			return rule;
	return NULL;
}

static struct kdbus_rule *
kdbus_rule_find_in_set(const struct kdbus_rule_set *set,
		       const struct kdbus_rule *like)
{
	struct kdbus_rule_entry *entry;

	hlist_for_each_entry(entry, &set->entries, node)
		if (kdbus_rule_equal(entry->rule, like))
			return entry->rule;
	return NULL;
}

/*
 * The latest that is equal, as dbus-daemon looks for it.  What is in the same set
 * may be of many others, and one peer may have many rules in many sets, so the
 * shorter way is taken.  Of a namespace of paths dbus-daemon does not ask which, so
 * the sets do not help to find it.
 */
static struct kdbus_rule *kdbus_rule_find_equal(struct kdbus_bus *bus,
						const struct kdbus_rule *like)
{
	const struct kdbus_rule_key *key = &like->entries[0].key;
	struct list_head *list = kdbus_rule_list(bus, like->peer);
	struct kdbus_rule_set *set;

	lockdep_assert_held(&bus->lock);

	if (like->peer && key->detail == KDBUS_RULE_PATH_NAMESPACE)
		return kdbus_rule_find_in_list(list, like);
	set = rhashtable_lookup_fast(&bus->rules, key, kdbus_rules_params);
	if (!set)
		return NULL;
	if (*kdbus_rule_count(bus, like->peer) < set->count)
		return kdbus_rule_find_in_list(list, like);
	return kdbus_rule_find_in_set(set, like);
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
	rule = kdbus_rule_find_equal(bus, like);
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
	list_for_each_entry_safe(rule, next, &peer->rules, list)
		kdbus_rule_drop(peer->bus, rule);
	mutex_unlock(&peer->bus->lock);
}

/**
 * kdbus_rules_free_foreign() - a bus ends
 * @bus: the bus, that nobody uses any more
 */
void kdbus_rules_free_foreign(struct kdbus_bus *bus)
{
	struct kdbus_rule *rule, *next;

	list_for_each_entry_safe(rule, next, &bus->foreign_rules, list)
		kdbus_rule_drop(bus, rule);
}

/* A message for which rules are searched. */
struct kdbus_probe {
	struct kdbus_peer *sender;
	const struct kdbus_view *view;
	const struct kdbus_match_args *args;
	kdbus_rule_found found;
	void *data;
	u32 *steps;
};

/* Names, arguments, depths and kinds of rules multiply: false if it takes too long. */
static bool kdbus_probe_step(const struct kdbus_probe *probe)
{
	return (*probe->steps)++ < KDBUS_PROBE_STEPS;
}

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

static bool kdbus_probe_lookup(const struct kdbus_probe *probe,
			       const struct kdbus_rule_key *key)
{
	struct kdbus_rule_entry *entry;
	struct kdbus_rule_set *set;

	if (!kdbus_probe_step(probe))
		return false;
	set = rhashtable_lookup(&probe->sender->bus->rules, key,
				kdbus_rules_params);
	if (!set)
		return true;
	hlist_for_each_entry_rcu(entry, &set->entries, node) {
		if (!kdbus_probe_step(probe))
			return false;
		if (kdbus_probe_matches(probe, entry->rule) &&
		    !probe->found(entry->rule->peer, probe->data))
			return false;
	}
	return true;
}

/* All but the sender is in the key: with each of his names, if that counts. */
static bool kdbus_probe_senders(const struct kdbus_probe *probe,
				struct kdbus_rule_key key, u32 hash)
{
	struct kdbus_name *name;

	key.hash = hash;
	if (!(key.mask & KDBUS_RULE_SENDER))
		return kdbus_probe_lookup(probe, &key);
	list_for_each_entry_rcu(name, &probe->sender->names, list) {
		key.hash = kdbus_rule_mix(name->text, name->key.len, hash);
		if (!kdbus_probe_lookup(probe, &key))
			return false;
	}
	return true;
}

/* By a name or path and by all above it. */
static bool kdbus_probe_above(const struct kdbus_probe *probe,
			      const struct kdbus_rule_key *key,
			      const char *text, u32 len, char separator,
			      u32 hash)
{
	/* No rule has more. */
	u32 max = min_t(u32, len, KDBUS_MATCH_TEXT_MAX + 1);
	u32 depth, cut;

	for (depth = 1; depth <= KDBUS_RULE_DEPTH; depth++) {
		cut = kdbus_rule_cut(text, max, separator, depth);
		if (cut == max)
			break;
		if (!kdbus_probe_senders(probe, *key,
					 kdbus_rule_mix(text, cut, hash)))
			return false;
	}
	if (depth > KDBUS_RULE_DEPTH || len > KDBUS_MATCH_TEXT_MAX ||
	    (len && text[len - 1] == separator))
		return true;
	return kdbus_probe_senders(probe, *key, kdbus_rule_mix(text, len, hash));
}

/* By a path that says with its last byte that it means all below it. */
static bool kdbus_probe_below(const struct kdbus_probe *probe,
			      const struct kdbus_rule_key *key,
			      const char *text, u32 len, u32 hash)
{
	if (!len || len > KDBUS_MATCH_TEXT_MAX || text[len - 1] != '/')
		return true;
	return kdbus_probe_senders(probe, *key,
				   kdbus_rule_mix(text, len - 1, hash));
}

static bool kdbus_probe_arg(const struct kdbus_probe *probe,
			    const struct kdbus_rule_key *key, u32 i, u32 hash)
{
	const struct kdbus_match_args *args = probe->args;
	const char *text = (const char *)args->data + args->at[i];
	u32 len = args->len[i];

	switch (key->detail) {
	case KDBUS_RULE_ARG_PATH:
		return kdbus_probe_above(probe, key, text, len, '/', hash + i);
	case KDBUS_RULE_ARG_PATH_ABOVE:
		return kdbus_probe_below(probe, key, text, len, hash + i);
	default:
		return len > KDBUS_MATCH_TEXT_MAX ||
		       kdbus_probe_senders(probe, *key,
					   kdbus_rule_mix(text, len, hash + i));
	}
}

/* By each argument that is of the right type. */
static bool kdbus_probe_args(const struct kdbus_probe *probe,
			     const struct kdbus_rule_key *key, u32 hash)
{
	u64 which = probe->args->strings;
	u32 i;

	if (key->detail == KDBUS_RULE_ARG)
		which &= ~1ULL;
	else
		which |= probe->args->paths;
	for (; which; which &= which - 1) {
		i = __ffs64(which);
		if (!kdbus_probe_arg(probe, key, i, hash))
			return false;
	}
	return true;
}

static bool kdbus_probe_detail(const struct kdbus_probe *probe,
			       const struct kdbus_rule_key *key, u32 hash)
{
	const struct kdbus_match_args *args = probe->args;
	const struct kdbus_str *path = &probe->view->path;

	switch (key->detail) {
	case KDBUS_RULE_PLAIN:
		return kdbus_probe_senders(probe, *key, hash);
	case KDBUS_RULE_ARG0_NAMESPACE:
		return !(args->strings & 1) ||
		       kdbus_probe_above(probe, key,
					 (const char *)args->data + args->at[0],
					 args->len[0], '.', hash);
	case KDBUS_RULE_PATH_NAMESPACE:
		return !path->s || kdbus_probe_above(probe, key, path->s,
						     path->len, '/', hash);
	default:
		return kdbus_probe_args(probe, key, hash);
	}
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
		if (!(args->strings & 1) || args->len[0] > KDBUS_MATCH_TEXT_MAX)
			return false;
		*hash = kdbus_rule_mix(arg0, args->len[0], *hash);
	}
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
 * Return: false if @found has ended the search, or it takes more than
 * KDBUS_PROBE_STEPS.
 */
bool kdbus_rules_find(struct kdbus_peer *sender, const struct kdbus_view *view,
		      const struct kdbus_match_args *args,
		      kdbus_rule_found found, void *data)
{
	struct kdbus_bus *bus = sender->bus;
	u32 masks, hash, steps = 0;
	const struct kdbus_probe probe = {
		.sender = sender,
		.view = view,
		.args = args,
		.found = found,
		.data = data,
		.steps = &steps,
	};
	struct kdbus_rule_key key = {};

	for (; key.detail < KDBUS_RULE_DETAILS; key.detail++) {
		masks = READ_ONCE(bus->rule_masks[key.detail]);
		for (; masks; masks &= masks - 1) {
			key.mask = __ffs(masks);
			if (kdbus_probe_hash(&probe, key.mask, &hash) &&
			    !kdbus_probe_detail(&probe, &key, hash))
				return false;
		}
	}
	return true;
}
