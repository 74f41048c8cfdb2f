/* SPDX-License-Identifier: GPL-2.0-only */
/* Match rules. */
#ifndef KDBUS_CORE_MATCH_H
#define KDBUS_CORE_MATCH_H

#include "message.h"

/* dbus-daemon's limits. */
#define KDBUS_MATCH_TEXT_MAX	1024
/* As dbus-daemon writes such a text: each apostrophe takes four bytes, not two. */
#define KDBUS_MATCH_QUOTED_MAX	4096
#define KDBUS_MATCH_TOKENS_MAX	16
#define KDBUS_MATCH_ARG_MAX	63

enum kdbus_match_key {
	KDBUS_MATCH_TYPE = 1 << 0,
	KDBUS_MATCH_SENDER = 1 << 1,
	KDBUS_MATCH_INTERFACE = 1 << 2,
	KDBUS_MATCH_MEMBER = 1 << 3,
	KDBUS_MATCH_PATH = 1 << 4,
	KDBUS_MATCH_PATH_NAMESPACE = 1 << 5,
	KDBUS_MATCH_DESTINATION = 1 << 6,
	KDBUS_MATCH_EAVESDROP = 1 << 7,
};

/* What an argument has to be to the value. */
enum kdbus_match_arg_kind {
	KDBUS_MATCH_ARG_EQUAL,
	KDBUS_MATCH_ARG_PATH,		/* the same, or one is above the other */
	KDBUS_MATCH_ARG_NAMESPACE,	/* the same, or below it */
};

/* A part of the rule's text, without NUL. */
struct kdbus_match_value {
	u16 at;
	u16 len;
};

struct kdbus_match_arg {
	struct kdbus_match_value value;
	u8 index;
	u8 kind;
};

/**
 * struct kdbus_match_rule - a match rule
 *
 * @keys: enum kdbus_match_key, those that it has, %KDBUS_MATCH_EAVESDROP only
 *	if that is true
 * @type: message type
 * @n_args: number of elements of @args
 * @sender: unique or well-known name
 * @interface: interface
 * @member: member
 * @path: of either kind
 * @destination: unique or well-known name
 * @args: conditions on arguments, by ascending index
 * @text: the values, as many bytes as the text had that the rule is from
 *
 * There are no pointers in it, so a rule may be moved.
 */
struct kdbus_match_rule {
	u8 keys;
	u8 type;
	u8 n_args;
	struct kdbus_match_value sender;
	struct kdbus_match_value interface;
	struct kdbus_match_value member;
	struct kdbus_match_value path;
	struct kdbus_match_value destination;
	struct kdbus_match_arg args[KDBUS_MATCH_TOKENS_MAX];
	char text[];
};

/**
 * struct kdbus_match_args - the arguments of a message that rules may look at
 *
 * @data: the message
 * @strings: bit by index: there is a string
 * @paths: likewise: there is an object path
 * @at: by index: offset of the string or path
 * @len: by index: its length
 */
struct kdbus_match_args {
	const u8 *data;
	u64 strings;
	u64 paths;
	u32 at[KDBUS_MATCH_ARG_MAX + 1];
	u32 len[KDBUS_MATCH_ARG_MAX + 1];
};

/**
 * struct kdbus_match_peers - who talks to whom
 *
 * @owns: is @peer the primary owner of this name, unique or well-known?
 * @sender: for @owns; NULL for the bus driver
 * @recipient: for @owns: who the message is addressed to; NULL for the bus
 *	driver and for nobody
 */
struct kdbus_match_peers {
	bool (*owns)(const void *peer, const char *name, u32 len);
	const void *sender;
	const void *recipient;
};

/**
 * kdbus_match_size() - bytes of a rule
 * @text_len: length of its text
 *
 * Return: how much memory kdbus_match_parse() needs.
 */
static inline size_t kdbus_match_size(u32 text_len)
{
	return sizeof(struct kdbus_match_rule) + text_len;
}

bool kdbus_match_parse(const char *text, u32 len,
		       struct kdbus_match_rule *rule);
bool kdbus_match_equal(const struct kdbus_match_rule *a,
		       const struct kdbus_match_rule *b);
bool kdbus_match_same(const struct kdbus_match_rule *a,
		      const struct kdbus_match_rule *b);

bool kdbus_match_args_read(const u8 *data, const struct kdbus_view *view,
			   u32 count, struct kdbus_match_args *args);
u32 kdbus_match_args_wanted(const struct kdbus_match_rule *rule);
bool kdbus_match_header(const struct kdbus_match_rule *rule,
			const struct kdbus_view *view);
bool kdbus_match_arguments(const struct kdbus_match_rule *rule,
			   const struct kdbus_match_args *args);
bool kdbus_match_names(const struct kdbus_match_rule *rule,
		       const struct kdbus_view *view,
		       const struct kdbus_match_peers *peers);

#endif
