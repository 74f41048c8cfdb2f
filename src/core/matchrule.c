// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text of match rules, as bus/signals.c of dbus-daemon reads it.
 *
 *	key='value',key='value'
 *
 * Quotes are as in a shell, except that a backslash means itself unless a
 * quote follows.  The daemon stops without an error at a key that is empty, and
 * after 16 keys.
 */
#include "match.h"
#include "name.h"

struct parser {
	const char *p;
	const char *end;
	struct kdbus_match_rule *rule;
	u16 used;		/* of the rule's text */
};

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_white(struct parser *x)
{
	while (x->p < x->end && is_white(*x->p))
		x->p++;
}

/* Up to the equals sign, and over that unless the key is empty. */
static bool take_key(struct parser *x, struct kdbus_str *key)
{
	skip_white(x);
	key->s = x->p;
	while (x->p < x->end && *x->p != '=' && !is_white(*x->p))
		x->p++;
	key->len = (u32)(x->p - key->s);
	skip_white(x);
	if (!key->len)
		return true;
	if (x->p == x->end || *x->p != '=')
		return false;
	x->p++;
	return true;
}

static void put(struct parser *x, char c)
{
	x->rule->text[x->used++] = c;
}

/* Up to the quote that ends it, and over that. */
static bool take_quoted(struct parser *x)
{
	for (; x->p < x->end; x->p++) {
		if (*x->p == '\'') {
			x->p++;
			return true;
		}
		put(x, *x->p);
	}
	return false;
}

/* Whatever follows the backslash, even a comma, belongs to the value. */
static void take_escaped(struct parser *x)
{
	if (x->p == x->end || *x->p != '\'')
		put(x, '\\');
	if (x->p < x->end)
		put(x, *x->p++);
}

/* Up to a comma, and over that. */
static bool take_value(struct parser *x, struct kdbus_match_value *value)
{
	char c;

	value->at = x->used;
	while (x->p < x->end) {
		c = *x->p++;
		if (c == ',')
			break;
		if (c == '\\')
			take_escaped(x);
		else if (c != '\'')
			put(x, c);
		else if (!take_quoted(x))
			return false;
	}
	value->len = x->used - value->at;
	return true;
}

static bool is_text(const struct kdbus_str *str, const char *s)
{
	return str->len == strlen(s) && !memcmp(str->s, s, str->len);
}

static bool set_type(struct kdbus_match_rule *rule,
		     const struct kdbus_str *value)
{
	static const char * const names[] = {
		[KDBUS_TYPE_CALL] = "method_call",
		[KDBUS_TYPE_RETURN] = "method_return",
		[KDBUS_TYPE_ERROR] = "error",
		[KDBUS_TYPE_SIGNAL] = "signal",
	};
	u8 type;

	if (rule->keys & KDBUS_MATCH_TYPE)
		return false;
	rule->keys |= KDBUS_MATCH_TYPE;
	for (type = KDBUS_TYPE_CALL; type <= KDBUS_TYPE_SIGNAL; type++) {
		if (is_text(value, names[type])) {
			rule->type = type;
			return true;
		}
	}
	return false;
}

/* This one may come again; the last one counts. */
static bool set_eavesdrop(struct kdbus_match_rule *rule,
			  const struct kdbus_str *value)
{
	if (is_text(value, "true"))
		rule->keys |= KDBUS_MATCH_EAVESDROP;
	else if (is_text(value, "false"))
		rule->keys &= KDBUS_MATCH_EAVESDROP - 1;
	else
		return false;
	return true;
}

static u32 digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (u32)(c - '0');
	c |= 0x20;
	if (c >= 'a' && c <= 'f')
		return (u32)(c - 'a') + 10;
	return 16;
}

/*
 * The longest number at @used, over which that is moved.  False if there is
 * none, or it is too high for an index.
 */
static bool parse_digits(const struct kdbus_str *s, u32 *used, u32 *number)
{
	u32 base = 10;
	u32 start;
	u32 digit;

	if (*used < s->len && s->s[*used] == '0')
		base = 8;
	if (base == 8 && s->len - *used > 2 &&
	    (s->s[*used + 1] | 0x20) == 'x' &&
	    digit_value(s->s[*used + 2]) < 16) {
		base = 16;
		*used += 2;
	}
	*number = 0;
	for (start = *used; *used < s->len; ++*used) {
		digit = digit_value(s->s[*used]);
		if (digit >= base)
			break;
		*number = *number * base + digit;
		if (*number > KDBUS_MATCH_ARG_MAX)
			return false;
	}
	return *used > start;
}

/*
 * dbus-daemon reads the index with strtoul(), so it may be octal, hexadecimal
 * or signed, and have the white space in front that does not end a key.  Of
 * the negative numbers only zero is taken here: others become small ones by
 * overflow, where unsigned long has just the right size.
 */
static bool parse_index(const struct kdbus_str *key, u32 *used, u32 *index)
{
	bool negative;

	while (*used < key->len &&
	       (key->s[*used] == '\v' || key->s[*used] == '\f'))
		++*used;
	negative = *used < key->len && key->s[*used] == '-';
	if (negative || (*used < key->len && key->s[*used] == '+'))
		++*used;
	return parse_digits(key, used, index) && !(negative && *index);
}

static bool arg_kind(const struct kdbus_str *key, u32 used,
		     const struct kdbus_str *value, u8 *kind)
{
	struct kdbus_str rest = { key->s + used, key->len - used };

	if (!rest.len) {
		*kind = KDBUS_MATCH_ARG_EQUAL;
	} else if (is_text(&rest, "path")) {
		*kind = KDBUS_MATCH_ARG_PATH;
	} else if (is_text(key, "arg0namespace")) {
		*kind = KDBUS_MATCH_ARG_NAMESPACE;
		return kdbus_is_bus_namespace(value->s, value->len);
	} else {
		return false;
	}
	return true;
}

/* Only one condition for each argument. */
static bool insert_arg(struct kdbus_match_rule *rule,
		       const struct kdbus_match_arg *arg)
{
	u32 i;

	for (i = 0; i < rule->n_args; i++)
		if (rule->args[i].index >= arg->index)
			break;
	if (i < rule->n_args && rule->args[i].index == arg->index)
		return false;
	memmove(&rule->args[i + 1], &rule->args[i],
		(rule->n_args - i) * sizeof(*arg));
	rule->args[i] = *arg;
	rule->n_args++;
	return true;
}

static bool set_arg(struct kdbus_match_rule *rule, const struct kdbus_str *key,
		    const struct kdbus_str *value, struct kdbus_match_value at)
{
	struct kdbus_match_arg arg = { .value = at };
	u32 used = sizeof("arg") - 1;
	u32 index;

	if (!parse_index(key, &used, &index) ||
	    !arg_kind(key, used, value, &arg.kind))
		return false;
	arg.index = (u8)index;
	return insert_arg(rule, &arg);
}

/* Keys whose value is a name or a path. */
static bool set_name(struct kdbus_match_rule *rule, const struct kdbus_str *key,
		     const struct kdbus_str *value, struct kdbus_match_value at)
{
	static const struct {
		const char *name;
		u8 key;
		u8 once;	/* keys that exclude it */
		u16 offset;
		bool (*valid)(const char *s, u32 len);
	} names[] = {
		{ "sender", KDBUS_MATCH_SENDER, KDBUS_MATCH_SENDER,
		  offsetof(struct kdbus_match_rule, sender),
		  kdbus_is_bus_name },
		{ "interface", KDBUS_MATCH_INTERFACE, KDBUS_MATCH_INTERFACE,
		  offsetof(struct kdbus_match_rule, interface),
		  kdbus_is_interface },
		{ "member", KDBUS_MATCH_MEMBER, KDBUS_MATCH_MEMBER,
		  offsetof(struct kdbus_match_rule, member),
		  kdbus_is_member },
		{ "path", KDBUS_MATCH_PATH,
		  KDBUS_MATCH_PATH | KDBUS_MATCH_PATH_NAMESPACE,
		  offsetof(struct kdbus_match_rule, path), kdbus_is_path },
		{ "path_namespace", KDBUS_MATCH_PATH_NAMESPACE,
		  KDBUS_MATCH_PATH | KDBUS_MATCH_PATH_NAMESPACE,
		  offsetof(struct kdbus_match_rule, path), kdbus_is_path },
		{ "destination", KDBUS_MATCH_DESTINATION,
		  KDBUS_MATCH_DESTINATION,
		  offsetof(struct kdbus_match_rule, destination),
		  kdbus_is_bus_name },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (is_text(key, names[i].name))
			break;
	if (i == ARRAY_SIZE(names))
		return false;
	if ((rule->keys & names[i].once) ||
	    !names[i].valid(value->s, value->len))
		return false;
	rule->keys |= names[i].key;
	memcpy((u8 *)rule + names[i].offset, &at, sizeof(at));
	return true;
}

static bool set_key(struct kdbus_match_rule *rule, const struct kdbus_str *key,
		    struct kdbus_match_value at)
{
	struct kdbus_str value = { rule->text + at.at, at.len };

	if (is_text(key, "type"))
		return set_type(rule, &value);
	if (is_text(key, "eavesdrop"))
		return set_eavesdrop(rule, &value);
	if (key->len >= 3 && !memcmp(key->s, "arg", 3))
		return set_arg(rule, key, &value, at);
	return set_name(rule, key, &value, at);
}

/**
 * kdbus_match_parse() - read the text of a match rule
 * @text: the argument of AddMatch or RemoveMatch
 * @len: its length
 * @rule: kdbus_match_size() bytes for the rule
 *
 * A rule that dbus-daemon has accepted and this function has not would be one
 * of a newer daemon; it may match anything.
 *
 * Return: true if it is a rule.
 */
bool kdbus_match_parse(const char *text, u32 len,
		       struct kdbus_match_rule *rule)
{
	struct parser x = { .p = text, .end = text + len, .rule = rule };
	struct kdbus_match_value value;
	struct kdbus_str key;
	u32 n;

	memset(rule, 0, sizeof(*rule));
	if (len > KDBUS_MATCH_QUOTED_MAX)
		return false;
	for (n = 0; n < KDBUS_MATCH_TOKENS_MAX && x.p < x.end; n++) {
		if (!take_key(&x, &key))
			return false;
		if (!key.len)
			break;
		if (!take_value(&x, &value) || !set_key(rule, &key, value))
			return false;
	}
	return true;
}
