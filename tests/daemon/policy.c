// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy: what the patched dbus-daemon tells the module about a policy holds
 * for every message that the policy's own check may be asked about.
 *
 * Random rules, random messages: messages that agree in the fields that a
 * verdict is said to depend on get the same verdict, none of them is logged if
 * that has been ruled out, and a policy said to allow everything does.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/kdbus-policy.h"
#include "bus/kdbus-uapi.h"
#include "dbus/dbus-internals.h"
#include "dbus/dbus-message-internal.h"

#define NEED(x) do { if (!(x)) fail(#x, __LINE__); } while (0)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MAX_RULES	8
#define MAX_FDS		2
#define MESSAGES	24

static const char *const paths[] = { NULL, "/a", "/b" };
static const char *const interfaces[] = { NULL, "i.a", "i.b" };
static const char *const members[] = { NULL, "A", "B" };
static const char *const errors[] = { NULL, "e.A", "e.B" };
static const char *const names[] = { "n.a", "n.a.c", "n.ab", "n.b" };

struct verdict {
	dbus_bool_t allowed;
	dbus_bool_t log;
};

static unsigned long policies = 5000, all_count, const_count, field_count, log_count;
static unsigned int seed = 1;

static void fail(const char *what, int line)
{
	printf("not ok 1 - policy\n# line %d: %s, with seed %u\n", line, what, seed);
	exit(1);
}

static unsigned int below(unsigned int n)
{
	return (unsigned int)random() % n;
}

static dbus_bool_t rarely(void)
{
	return below(4) == 0;
}

/* Most rules name few things, or nearly nothing would ever match. */
static char *pick(const char *const *from, unsigned int n)
{
	const char *text = rarely() ? from[below(n)] : NULL;

	return text ? _dbus_strdup(text) : NULL;
}

static void random_fds(unsigned int *min, unsigned int *max)
{
	*min = rarely() ? below(MAX_FDS + 1) : 0;
	*max = rarely() ? below(MAX_FDS + 1) : DBUS_MAXIMUM_MESSAGE_UNIX_FDS;
}

static int random_type(void)
{
	return 1 + (int)below(4);
}

static void random_send_rule(BusPolicyRule *rule)
{
	rule->d.send.message_type = below(2) ? random_type() : 0;
	rule->d.send.path = pick(paths, COUNT(paths));
	rule->d.send.interface = pick(interfaces, COUNT(interfaces));
	rule->d.send.member = pick(members, COUNT(members));
	rule->d.send.error = pick(errors, COUNT(errors));
	rule->d.send.destination = pick(names, COUNT(names));
	rule->d.send.destination_is_prefix = rule->d.send.destination && below(2);
	random_fds(&rule->d.send.min_fds, &rule->d.send.max_fds);
	rule->d.send.eavesdrop = rarely();
	rule->d.send.requested_reply = below(2);
	rule->d.send.log = rarely() && rarely();
	rule->d.send.broadcast = rarely() ? below(3) : BUS_POLICY_TRISTATE_ANY;
}

static void random_receive_rule(BusPolicyRule *rule)
{
	rule->d.receive.message_type = below(2) ? random_type() : 0;
	rule->d.receive.path = pick(paths, COUNT(paths));
	rule->d.receive.interface = pick(interfaces, COUNT(interfaces));
	rule->d.receive.member = pick(members, COUNT(members));
	rule->d.receive.error = pick(errors, COUNT(errors));
	rule->d.receive.origin = pick(names, COUNT(names));
	random_fds(&rule->d.receive.min_fds, &rule->d.receive.max_fds);
	rule->d.receive.eavesdrop = rarely();
	rule->d.receive.requested_reply = below(2);
}

static BusClientPolicy *random_policy(void)
{
	BusClientPolicy *policy = bus_client_policy_new();
	unsigned int n = below(MAX_RULES + 1);

	NEED(policy);
	while (n--) {
		BusPolicyRuleType type = below(2) ? BUS_POLICY_RULE_SEND :
						    BUS_POLICY_RULE_RECEIVE;
		BusPolicyRule *rule = bus_policy_rule_new(type, below(3) > 0);

		NEED(rule);
		if (type == BUS_POLICY_RULE_SEND)
			random_send_rule(rule);
		else
			random_receive_rule(rule);
		NEED(bus_client_policy_append_rule(policy, rule));
		bus_policy_rule_unref(rule);
	}
	if (below(2))
		bus_client_policy_optimize(policy);
	return policy;
}

static void append_fds(DBusMessage *message, unsigned int n)
{
	int fd = 0;

	while (n--)
		NEED(dbus_message_append_args(message, DBUS_TYPE_UNIX_FD, &fd,
					      DBUS_TYPE_INVALID));
}

/* A type of message, or broadcasts. */
static int random_kind(void)
{
	return 1 + (int)below(KDBUS_APPROVE_BROADCAST);
}

/* A message that the module may deliver, with whatever fields it may have. */
static DBusMessage *random_message(int kind, const char *name, const char *sender)
{
	int type = kind == KDBUS_APPROVE_BROADCAST ? DBUS_MESSAGE_TYPE_SIGNAL : kind;
	DBusMessage *message = dbus_message_new(type);

	NEED(message);
	if (kind != KDBUS_APPROVE_BROADCAST)
		NEED(dbus_message_set_destination(message, name));
	NEED(dbus_message_set_sender(message, sender));
	NEED(dbus_message_set_path(message, paths[below(COUNT(paths))]));
	NEED(dbus_message_set_interface(message, interfaces[below(COUNT(interfaces))]));
	NEED(dbus_message_set_member(message, members[below(COUNT(members))]));
	NEED(dbus_message_set_error_name(message, errors[below(COUNT(errors))]));
	if (type == DBUS_MESSAGE_TYPE_METHOD_RETURN ||
	    type == DBUS_MESSAGE_TYPE_ERROR)
		NEED(dbus_message_set_reply_serial(message, 7));
	if (rarely())
		append_fds(message, below(MAX_FDS + 1));
	return message;
}

/* The name is the only one that the other side owns. */
static struct verdict judge(BusClientPolicy *policy, BusPolicyRuleType direction,
			    DBusMessage *message)
{
	struct verdict verdict = { FALSE, FALSE };
	dbus_int32_t toggles;

	if (direction == BUS_POLICY_RULE_SEND)
		verdict.allowed = bus_client_policy_check_can_send(
			policy, NULL, TRUE, NULL, message, &toggles, &verdict.log);
	else
		verdict.allowed = bus_client_policy_check_can_receive(
			policy, NULL, TRUE, NULL, NULL, NULL, message, &toggles);
	return verdict;
}

static dbus_bool_t owns(const char *name, dbus_bool_t is_prefix, void *data)
{
	const char *owned = data;
	size_t len = strlen(name);

	if (!is_prefix)
		return !strcmp(name, owned);
	return !strncmp(name, owned, len) && (!owned[len] || owned[len] == '.');
}

static dbus_bool_t same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static dbus_bool_t agree(DBusMessage *a, DBusMessage *b, dbus_uint32_t fields)
{
	return (!(fields & KDBUS_FIELD_PATH) ||
		same(dbus_message_get_path(a), dbus_message_get_path(b))) &&
	       (!(fields & KDBUS_FIELD_INTERFACE) ||
		same(dbus_message_get_interface(a), dbus_message_get_interface(b))) &&
	       (!(fields & KDBUS_FIELD_MEMBER) ||
		same(dbus_message_get_member(a), dbus_message_get_member(b))) &&
	       (!(fields & KDBUS_FIELD_ERROR_NAME) ||
		same(dbus_message_get_error_name(a), dbus_message_get_error_name(b))) &&
	       (!(fields & KDBUS_FIELD_FDS) ||
		_dbus_message_get_n_unix_fds(a) == _dbus_message_get_n_unix_fds(b));
}

static void check_messages(DBusMessage **messages, struct verdict *verdicts,
			   dbus_bool_t all, dbus_bool_t silent, dbus_uint32_t fields)
{
	int i, j;

	for (i = 0; i < MESSAGES; i++) {
		NEED(!all || (verdicts[i].allowed && !verdicts[i].log));
		NEED(!silent || !verdicts[i].log);
		for (j = 0; j < i; j++)
			NEED(!agree(messages[i], messages[j], fields) ||
			     verdicts[i].allowed == verdicts[j].allowed);
	}
}

static void check_flow(BusClientPolicy *policy, BusPolicyRuleType direction,
		       dbus_bool_t all)
{
	const char *name = names[below(COUNT(names))];
	DBusMessage *messages[MESSAGES];
	struct verdict verdicts[MESSAGES];
	int i, kind = random_kind();
	dbus_uint32_t fields;
	dbus_bool_t silent;

	/* dbus's check looks for the recipient's name in the message */
	if (kind == KDBUS_APPROVE_BROADCAST && direction == BUS_POLICY_RULE_SEND)
		name = "";
	silent = bus_kdbus_policy_fields(policy, direction, kind, owns,
					 (void *)name, &fields);
	for (i = 0; i < MESSAGES; i++) {
		messages[i] = random_message(kind,
			direction == BUS_POLICY_RULE_SEND ? name : ":1.2",
			direction == BUS_POLICY_RULE_SEND ? ":1.1" : name);
		verdicts[i] = judge(policy, direction, messages[i]);
	}
	check_messages(messages, verdicts, all, silent, fields);
	for (i = 0; i < MESSAGES; i++)
		dbus_message_unref(messages[i]);

	log_count += !silent;
	const_count += silent && !fields;
	field_count += silent && fields;
}

static void check_policy(void)
{
	BusClientPolicy *policy = random_policy();
	BusPolicyRuleType direction = below(2) ? BUS_POLICY_RULE_SEND :
						 BUS_POLICY_RULE_RECEIVE;
	dbus_bool_t all = bus_kdbus_policy_allows_all(policy, direction);
	int i;

	for (i = 0; i < 4; i++)
		check_flow(policy, direction, all);
	all_count += all;
	bus_client_policy_unref(policy);
}

int main(int argc, char **argv)
{
	unsigned long i;

	if (argc > 1)
		policies = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		seed = (unsigned int)strtoul(argv[2], NULL, 10);
	srandom(seed);

	printf("1..1\n");
	for (i = 0; i < policies; i++)
		check_policy();

	/* It would be easy to be right by always saying that it depends. */
	NEED(all_count > policies / 100);
	NEED(const_count > policies);
	NEED(field_count > policies / 4);
	NEED(log_count > 0);
	printf("ok 1 - policy\n# %lu policies: %lu allow all; of their flows %lu depend on nothing, %lu on fields, %lu may be logged\n",
	       policies, all_count, const_count, field_count, log_count);
	return 0;
}
