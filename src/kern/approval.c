// SPDX-License-Identifier: GPL-2.0-only
/*
 * Approvals: what the daemon's policy has let through, and will again.
 *
 * A flow is a sender, a recipient and a message type.  Its decision depends on
 * some header fields; each combination of their values that the daemon has
 * approved is one value of the flow.
 */

#include <linux/jhash.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "../core/message.h"
#include "approval.h"
#include "limits.h"
#include "user.h"

#define KDBUS_FLOW_STRINGS	4

/* What a decision depends on, out of a message or out of an approval. */
struct kdbus_facts {
	struct kdbus_str str[KDBUS_FLOW_STRINGS];
	u32 fds;
	u32 hash;
};

struct kdbus_flow_value {
	struct hlist_node node;
	u32 hash;
	u32 fds;
	u32 size;
	u32 len[KDBUS_FLOW_STRINGS];
	char text[];
};

struct kdbus_flow {
	struct hlist_node node;
	struct kdbus_flow_key key;
	u32 fields;
	u32 count;
	struct hlist_head values;
};

/**
 * kdbus_approvals_init() - make an empty set
 * @approvals: its memory
 * @user: who pays for what will be in it
 */
void kdbus_approvals_init(struct kdbus_approvals *approvals,
			  struct kdbus_user *user)
{
	int i;

	for (i = 0; i < KDBUS_FLOW_BUCKETS; i++)
		INIT_HLIST_HEAD(&approvals->flows[i]);
	approvals->user = user;
	approvals->count = 0;
	approvals->bytes = 0;
}

static void kdbus_approvals_refund(struct kdbus_approvals *approvals, u32 bytes)
{
	approvals->bytes -= bytes;
	kdbus_user_uncharge(approvals->user, bytes);
}

static void kdbus_flow_clear(struct kdbus_approvals *approvals,
			     struct kdbus_flow *flow)
{
	struct kdbus_flow_value *value;
	struct hlist_node *next;

	hlist_for_each_entry_safe(value, next, &flow->values, node) {
		kdbus_approvals_refund(approvals, value->size);
		kfree(value);
	}
	INIT_HLIST_HEAD(&flow->values);
	flow->count = 0;
}

/**
 * kdbus_approvals_destroy() - withdraw them all
 * @approvals: the set, empty afterwards
 *
 * Context: under the lock of the set.
 */
void kdbus_approvals_destroy(struct kdbus_approvals *approvals)
{
	struct kdbus_flow *flow;
	struct hlist_node *next;
	int i;

	for (i = 0; i < KDBUS_FLOW_BUCKETS; i++)
		hlist_for_each_entry_safe(flow, next, &approvals->flows[i],
					  node) {
			kdbus_flow_clear(approvals, flow);
			kdbus_approvals_refund(approvals, sizeof(*flow));
			kfree(flow);
		}
	kdbus_approvals_init(approvals, approvals->user);
}

static u32 kdbus_flow_bucket(const struct kdbus_flow_key *key)
{
	return jhash_3words(lower_32_bits(key->recipient),
			    upper_32_bits(key->recipient), key->type, 0) %
	       KDBUS_FLOW_BUCKETS;
}

static struct kdbus_flow *
kdbus_flow_find(const struct kdbus_approvals *approvals,
		const struct kdbus_flow_key *key)
{
	const struct hlist_head *head;
	struct kdbus_flow *flow;

	head = &approvals->flows[kdbus_flow_bucket(key)];
	hlist_for_each_entry(flow, head, node)
		if (flow->key.recipient == key->recipient &&
		    flow->key.type == key->type)
			return flow;
	return NULL;
}

static bool kdbus_flow_current(const struct kdbus_flow *flow,
			       const struct kdbus_flow_key *key)
{
	return flow->key.from_epoch == key->from_epoch &&
	       flow->key.to_epoch == key->to_epoch;
}

static void kdbus_facts_hash(struct kdbus_facts *facts)
{
	int i;

	facts->hash = facts->fds;
	for (i = 0; i < KDBUS_FLOW_STRINGS; i++)
		if (facts->str[i].len)
			facts->hash = jhash(facts->str[i].s, facts->str[i].len,
					    facts->hash + i);
}

static void kdbus_facts_of_view(struct kdbus_facts *facts, u32 fields,
				const struct kdbus_view *view)
{
	memset(facts, 0, sizeof(*facts));
	if (fields & KDBUS_FIELD_PATH)
		facts->str[0] = view->path;
	if (fields & KDBUS_FIELD_INTERFACE)
		facts->str[1] = view->interface;
	if (fields & KDBUS_FIELD_MEMBER)
		facts->str[2] = view->member;
	if (fields & KDBUS_FIELD_ERROR_NAME)
		facts->str[3] = view->error_name;
	if (fields & KDBUS_FIELD_FDS)
		facts->fds = view->unix_fds;
	kdbus_facts_hash(facts);
}

static void kdbus_facts_of_approval(struct kdbus_facts *facts,
				    const struct kdbus_approval *approval)
{
	const u16 len[KDBUS_FLOW_STRINGS] = {
		approval->path_len, approval->interface_len,
		approval->member_len, approval->error_name_len,
	};
	const char *text = approval->text;
	int i;

	for (i = 0; i < KDBUS_FLOW_STRINGS; i++) {
		facts->str[i].s = text;
		facts->str[i].len = len[i];
		text += len[i];
	}
	facts->fds = approval->fds;
	kdbus_facts_hash(facts);
}

static bool kdbus_flow_value_is(const struct kdbus_flow_value *value,
				const struct kdbus_facts *facts)
{
	const char *text = value->text;
	int i;

	if (value->hash != facts->hash || value->fds != facts->fds)
		return false;
	for (i = 0; i < KDBUS_FLOW_STRINGS; i++) {
		if (value->len[i] != facts->str[i].len ||
		    memcmp(text, facts->str[i].s, value->len[i]))
			return false;
		text += value->len[i];
	}
	return true;
}

static bool kdbus_flow_has(const struct kdbus_flow *flow,
			   const struct kdbus_facts *facts)
{
	const struct kdbus_flow_value *value;

	hlist_for_each_entry(value, &flow->values, node)
		if (kdbus_flow_value_is(value, facts))
			return true;
	return false;
}

/**
 * kdbus_approvals_hold() - is a message of an approved kind?
 * @approvals: of the sender; its lock is held
 * @key: the flow, as of now
 * @view: the message; a reply is a requested one
 */
bool kdbus_approvals_hold(const struct kdbus_approvals *approvals,
			  const struct kdbus_flow_key *key,
			  const struct kdbus_view *view)
{
	struct kdbus_flow *flow = kdbus_flow_find(approvals, key);
	struct kdbus_facts facts;

	if (!flow || !kdbus_flow_current(flow, key))
		return false;
	if (!flow->fields)
		return true;
	kdbus_facts_of_view(&facts, flow->fields, view);
	return kdbus_flow_has(flow, &facts);
}

static struct kdbus_flow_value *
kdbus_flow_value_new(const struct kdbus_facts *facts)
{
	struct kdbus_flow_value *value;
	size_t size = sizeof(*value);
	char *text;
	int i;

	for (i = 0; i < KDBUS_FLOW_STRINGS; i++)
		size += facts->str[i].len;
	value = kmalloc(size, GFP_KERNEL_ACCOUNT);
	if (!value)
		return NULL;
	value->hash = facts->hash;
	value->fds = facts->fds;
	value->size = size;
	text = value->text;
	for (i = 0; i < KDBUS_FLOW_STRINGS; i++) {
		value->len[i] = facts->str[i].len;
		memcpy(text, facts->str[i].s, value->len[i]);
		text += value->len[i];
	}
	return value;
}

/**
 * kdbus_approvals_prepare() - get the memory that an approval takes
 * @memory: filled in
 * @user: the sender's, of which the caller holds a reference
 * @approval: the approval
 *
 * Context: process context, may sleep.
 * Return: 0 or -ENOMEM, also if the user has all that one may have.
 */
int kdbus_approvals_prepare(struct kdbus_flow_memory *memory,
			    struct kdbus_user *user,
			    const struct kdbus_approval *approval)
{
	struct kdbus_facts facts;

	kdbus_facts_of_approval(&facts, approval);
	memory->user = user;
	memory->flow = kzalloc(sizeof(*memory->flow), GFP_KERNEL_ACCOUNT);
	memory->value = kdbus_flow_value_new(&facts);
	if (memory->flow && memory->value &&
	    kdbus_user_charge(user, sizeof(*memory->flow) + memory->value->size,
			      false))
		return 0;
	kfree(memory->flow);
	kfree(memory->value);
	return -ENOMEM;
}

/**
 * kdbus_approvals_release() - give back what has not been used
 * @memory: of kdbus_approvals_prepare()
 */
void kdbus_approvals_release(struct kdbus_flow_memory *memory)
{
	if (memory->flow)
		kdbus_user_uncharge(memory->user, sizeof(*memory->flow));
	if (memory->value)
		kdbus_user_uncharge(memory->user, memory->value->size);
	kfree(memory->flow);
	kfree(memory->value);
}

/* The flow to put a value into: the one that is there, if it still holds. */
static struct kdbus_flow *kdbus_flow_renew(struct kdbus_approvals *approvals,
					   const struct kdbus_flow_key *key,
					   u32 fields,
					   struct kdbus_flow_memory *memory)
{
	struct kdbus_flow *flow = kdbus_flow_find(approvals, key);

	if (!flow) {
		flow = memory->flow;
		memory->flow = NULL;
		approvals->bytes += sizeof(*flow);
		hlist_add_head(&flow->node,
			       &approvals->flows[kdbus_flow_bucket(key)]);
		approvals->count++;
	} else if (flow->fields != fields || !kdbus_flow_current(flow, key) ||
		   flow->count >= KDBUS_FLOW_VALUES_MAX) {
		kdbus_flow_clear(approvals, flow);
	}
	flow->key = *key;
	flow->fields = fields;
	return flow;
}

/**
 * kdbus_approvals_add() - let a kind of message through from now on
 * @approvals: of the sender; its lock is held
 * @key: the flow
 * @approval: the kind
 * @memory: for it; what is used is taken out
 */
void kdbus_approvals_add(struct kdbus_approvals *approvals,
			 const struct kdbus_flow_key *key,
			 const struct kdbus_approval *approval,
			 struct kdbus_flow_memory *memory)
{
	struct kdbus_flow *flow;
	struct kdbus_facts facts;

	/* Flows to peers that are gone stay until this. */
	if (approvals->count >= KDBUS_FLOWS_MAX ||
	    approvals->bytes >= KDBUS_APPROVALS_BYTES)
		kdbus_approvals_destroy(approvals);

	kdbus_facts_of_approval(&facts, approval);
	flow = kdbus_flow_renew(approvals, key, approval->fields, memory);
	if (kdbus_flow_has(flow, &facts))
		return;
	hlist_add_head(&memory->value->node, &flow->values);
	approvals->bytes += memory->value->size;
	memory->value = NULL;
	flow->count++;
}
