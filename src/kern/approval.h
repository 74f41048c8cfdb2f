/* SPDX-License-Identifier: GPL-2.0-only */
/* Approvals: what the daemon's policy has let through, and will again. */
#ifndef KDBUS_KERN_APPROVAL_H
#define KDBUS_KERN_APPROVAL_H

#include <linux/list.h>
#include <linux/types.h>

#include "../uapi/kdbus.h"

struct kdbus_user;
struct kdbus_view;

#define KDBUS_FLOW_BUCKETS	16

/**
 * struct kdbus_flow_key - a flow from a sender, and when that was approved
 * @recipient: number of the peer that receives
 * @type: message type, or KDBUS_APPROVE_BROADCAST
 * @from_epoch: epoch of the sender
 * @to_epoch: epoch of the recipient; an approval of another one is void
 */
struct kdbus_flow_key {
	u64 recipient;
	u8 type;
	u32 from_epoch;
	u32 to_epoch;
};

struct kdbus_flow;
struct kdbus_flow_value;

/**
 * struct kdbus_flow_memory - what it takes to remember an approval
 * @user: who pays for it
 * @flow: memory for a flow, NULL once it is used
 * @value: likewise for a value of it
 */
struct kdbus_flow_memory {
	struct kdbus_user *user;
	struct kdbus_flow *flow;
	struct kdbus_flow_value *value;
};

/**
 * struct kdbus_approvals - flows from one sender, guarded by its owner's lock
 * @flows: struct kdbus_flow by recipient and type
 * @user: the sender's, who pays for them; of which the owner has a reference
 * @count: how many
 * @bytes: how much is paid
 */
struct kdbus_approvals {
	struct hlist_head flows[KDBUS_FLOW_BUCKETS];
	struct kdbus_user *user;
	u32 count;
	u32 bytes;
};

void kdbus_approvals_init(struct kdbus_approvals *approvals,
			  struct kdbus_user *user);
void kdbus_approvals_destroy(struct kdbus_approvals *approvals);
int kdbus_approvals_prepare(struct kdbus_flow_memory *memory,
			    struct kdbus_user *user,
			    const struct kdbus_approval *approval);
void kdbus_approvals_add(struct kdbus_approvals *approvals,
			 const struct kdbus_flow_key *key,
			 const struct kdbus_approval *approval,
			 struct kdbus_flow_memory *memory);
void kdbus_approvals_release(struct kdbus_flow_memory *memory);
bool kdbus_approvals_hold(const struct kdbus_approvals *approvals,
			  const struct kdbus_flow_key *key,
			  const struct kdbus_view *view);

#endif
