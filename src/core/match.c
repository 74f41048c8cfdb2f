// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which messages a match rule is about, as bus/signals.c of dbus-daemon has it.
 */
#include "match.h"

#include "body.h"

static struct kdbus_str value_of(const struct kdbus_match_rule *rule,
				 struct kdbus_match_value value)
{
	struct kdbus_str str = { rule->text + value.at, value.len };

	return str;
}

static bool same(const struct kdbus_str *a, const struct kdbus_str *b)
{
	return a->len == b->len && !memcmp(a->s, b->s, a->len);
}

static bool begins_with(const struct kdbus_str *str,
			const struct kdbus_str *start)
{
	return start->len <= str->len && !memcmp(str->s, start->s, start->len);
}

/* Without the key, anything is right. */
static bool is_value(const struct kdbus_match_rule *rule, u8 key,
		     struct kdbus_match_value value,
		     const struct kdbus_str *actual)
{
	struct kdbus_str expected;

	if (!(rule->keys & key))
		return true;
	if (!actual->s)
		return false;
	expected = value_of(rule, value);
	return same(&expected, actual);
}

/* The root is above everything. */
static bool in_path_namespace(const struct kdbus_match_rule *rule,
			      const struct kdbus_str *path)
{
	struct kdbus_str above;

	if (!(rule->keys & KDBUS_MATCH_PATH_NAMESPACE))
		return true;
	if (!path->s)
		return false;
	above = value_of(rule, rule->path);
	return begins_with(path, &above) &&
	       (above.len == 1 || path->len == above.len ||
		path->s[above.len] == '/');
}

/**
 * kdbus_match_header() - compare a rule with the header of a message
 * @rule: the rule
 * @view: the message
 *
 * Return: true if type, interface, member and path are the rule's.
 */
bool kdbus_match_header(const struct kdbus_match_rule *rule,
			const struct kdbus_view *view)
{
	if ((rule->keys & KDBUS_MATCH_TYPE) && rule->type != view->type)
		return false;
	return is_value(rule, KDBUS_MATCH_INTERFACE, rule->interface,
			&view->interface) &&
	       is_value(rule, KDBUS_MATCH_MEMBER, rule->member,
			&view->member) &&
	       is_value(rule, KDBUS_MATCH_PATH, rule->path, &view->path) &&
	       in_path_namespace(rule, &view->path);
}

/*
 * A message to somebody is for eavesdroppers only.  dbus-daemon asks who gets
 * it; if that is the bus driver, or nobody yet, then which name it is sent to.
 */
static bool match_destination(const struct kdbus_match_rule *rule,
			      const struct kdbus_view *view,
			      const struct kdbus_match_peers *peers)
{
	struct kdbus_str name = value_of(rule, rule->destination);

	if (!(rule->keys & KDBUS_MATCH_DESTINATION))
		return !view->destination.s ||
		       (rule->keys & KDBUS_MATCH_EAVESDROP);
	if (!view->destination.s || !(rule->keys & KDBUS_MATCH_EAVESDROP))
		return false;
	if (!peers->recipient)
		return same(&name, &view->destination);
	return peers->owns(peers->recipient, name.s, name.len);
}

static bool match_sender(const struct kdbus_match_rule *rule,
			 const struct kdbus_match_peers *peers)
{
	static const struct kdbus_str driver = { "org.freedesktop.DBus", 20 };
	struct kdbus_str name = value_of(rule, rule->sender);

	if (!(rule->keys & KDBUS_MATCH_SENDER))
		return true;
	if (!peers->sender)
		return same(&name, &driver);
	return peers->owns(peers->sender, name.s, name.len);
}

/**
 * kdbus_match_names() - compare a rule with sender and recipient of a message
 * @rule: the rule
 * @view: the message
 * @peers: who they are
 *
 * That the recipient gets what is addressed to it needs no rule, and is not
 * what this is about.
 *
 * Return: true if they are the rule's, or it may have what is sent to others.
 */
bool kdbus_match_names(const struct kdbus_match_rule *rule,
		       const struct kdbus_view *view,
		       const struct kdbus_match_peers *peers)
{
	return match_sender(rule, peers) &&
	       match_destination(rule, view, peers);
}

/* Each ends in a slash if it is the shorter one. */
static bool match_path(const struct kdbus_str *expected,
		       const struct kdbus_str *actual)
{
	const struct kdbus_str *above = actual;
	const struct kdbus_str *below = expected;

	if (expected->len == actual->len)
		return same(expected, actual);
	if (expected->len < actual->len) {
		above = expected;
		below = actual;
	}
	return above->len && above->s[above->len - 1] == '/' &&
	       begins_with(below, above);
}

static bool match_namespace(const struct kdbus_str *expected,
			    const struct kdbus_str *actual)
{
	return begins_with(actual, expected) &&
	       (actual->len == expected->len ||
		actual->s[expected->len] == '.');
}

static bool match_argument(const struct kdbus_match_rule *rule,
			   const struct kdbus_match_arg *arg,
			   const struct kdbus_match_args *args)
{
	struct kdbus_str expected = value_of(rule, arg->value);
	u64 bit = 1ull << arg->index;
	struct kdbus_str actual;

	if (!(args->strings & bit) &&
	    !(arg->kind == KDBUS_MATCH_ARG_PATH && (args->paths & bit)))
		return false;
	actual.s = (const char *)args->data + args->at[arg->index];
	actual.len = args->len[arg->index];
	switch (arg->kind) {
	case KDBUS_MATCH_ARG_PATH:
		return match_path(&expected, &actual);
	case KDBUS_MATCH_ARG_NAMESPACE:
		return match_namespace(&expected, &actual);
	default:
		return same(&expected, &actual);
	}
}

/**
 * kdbus_match_arguments() - compare a rule with the arguments of a message
 * @rule: the rule
 * @args: the arguments, at least kdbus_match_args_wanted() of them
 *
 * Return: true if they are the rule's.
 */
bool kdbus_match_arguments(const struct kdbus_match_rule *rule,
			   const struct kdbus_match_args *args)
{
	u32 i;

	for (i = 0; i < rule->n_args; i++)
		if (!match_argument(rule, &rule->args[i], args))
			return false;
	return true;
}

/**
 * kdbus_match_args_wanted() - how many arguments a rule looks at
 * @rule: the rule
 *
 * Return: the highest index and one, or 0 if it looks at none.
 */
u32 kdbus_match_args_wanted(const struct kdbus_match_rule *rule)
{
	return rule->n_args ? rule->args[rule->n_args - 1].index + 1u : 0;
}

static bool read_argument(struct kdbus_cursor *c, u32 *sig, u32 i,
			  struct kdbus_match_args *args)
{
	u8 code = c->data[*sig];

	if (code != 's' && code != 'o')
		return kdbus_value_valid(c, sig, 0);
	if (!kdbus_cursor_string(c, &args->at[i], &args->len[i]))
		return false;
	*(code == 's' ? &args->strings : &args->paths) |= 1ull << i;
	++*sig;
	return true;
}

/**
 * kdbus_match_args_read() - find the arguments of a message
 * @data: the message
 * @view: its header; the body has been found valid
 * @count: how many arguments to look at
 * @args: the arguments; they point into @data
 *
 * Return: false only if the body is not valid after all.
 */
bool kdbus_match_args_read(const u8 *data, const struct kdbus_view *view,
			   u32 count, struct kdbus_match_args *args)
{
	struct kdbus_cursor c = {
		.data = data,
		.pos = view->frame.header_len,
		.end = view->frame.total_len,
		.big_endian = view->frame.big_endian,
	};
	u32 sig;
	u32 i;

	args->data = data;
	args->strings = 0;
	args->paths = 0;
	if (!view->signature.s)
		return true;
	if (count > KDBUS_MATCH_ARG_MAX + 1)
		count = KDBUS_MATCH_ARG_MAX + 1;
	sig = (u32)(view->signature.s - (const char *)data);
	for (i = 0; i < count && data[sig]; i++)
		if (!read_argument(&c, &sig, i, args))
			return false;
	return true;
}

static bool same_value(const struct kdbus_match_rule *a,
		       struct kdbus_match_value av,
		       const struct kdbus_match_rule *b,
		       struct kdbus_match_value bv)
{
	struct kdbus_str as = value_of(a, av);
	struct kdbus_str bs = value_of(b, bv);

	return same(&as, &bs);
}

static bool same_args(const struct kdbus_match_rule *a,
		      const struct kdbus_match_rule *b)
{
	u32 i;

	if (a->n_args != b->n_args)
		return false;
	for (i = 0; i < a->n_args; i++)
		if (a->args[i].index != b->args[i].index ||
		    a->args[i].kind != b->args[i].kind ||
		    !same_value(a, a->args[i].value, b, b->args[i].value))
			return false;
	return true;
}

/**
 * kdbus_match_equal() - does RemoveMatch of one rule remove the other
 * @a: one
 * @b: the other
 *
 * dbus-daemon removes the latest rule that is equal.  It does not compare the
 * value of path_namespace.
 *
 * Return: true if dbus-daemon takes them for the same.
 */
bool kdbus_match_equal(const struct kdbus_match_rule *a,
		       const struct kdbus_match_rule *b)
{
	if (a->keys != b->keys || a->type != b->type)
		return false;
	if ((a->keys & KDBUS_MATCH_PATH) && !same_value(a, a->path, b, b->path))
		return false;
	return same_value(a, a->sender, b, b->sender) &&
	       same_value(a, a->interface, b, b->interface) &&
	       same_value(a, a->member, b, b->member) &&
	       same_value(a, a->destination, b, b->destination) &&
	       same_args(a, b);
}

/**
 * kdbus_match_same() - do two rules want the same messages
 * @a: one
 * @b: the other
 *
 * Return: true if they are equal, the value of path_namespace included.
 */
bool kdbus_match_same(const struct kdbus_match_rule *a,
		      const struct kdbus_match_rule *b)
{
	if (!kdbus_match_equal(a, b))
		return false;
	return !(a->keys & KDBUS_MATCH_PATH_NAMESPACE) ||
	       same_value(a, a->path, b, b->path);
}
