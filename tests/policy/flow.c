// SPDX-License-Identifier: GPL-2.0-only
/* Messages at random, and their way through the bus. */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bus/counters.h"
#include "flow.h"
#include "vocabulary.h"

struct actor actors[ACTORS];
struct tally tally;

/* What has come since the last message was sent. */
static unsigned int came;

static bool chance(struct rng *rng, uint32_t percent)
{
	return rng_below(rng, 100) < percent;
}

static int random_type(struct rng *rng)
{
	uint32_t n = rng_below(rng, 100);

	if (n < 60)
		return DBUS_MESSAGE_TYPE_METHOD_CALL;
	if (n < 92)
		return DBUS_MESSAGE_TYPE_SIGNAL;
	return n < 96 ? DBUS_MESSAGE_TYPE_METHOD_RETURN :
			DBUS_MESSAGE_TYPE_ERROR;
}

static void choose_destination(struct flow *flow, struct rng *rng)
{
	flow->recipient = -1;
	flow->name = NULL;
	if (flow->type == DBUS_MESSAGE_TYPE_SIGNAL && chance(rng, 55))
		return;
	if (chance(rng, 70))
		flow->name = random_name(rng);
	else
		flow->recipient = rng_below(rng, ACTORS);
}

static void choose_subject(struct flow *flow, struct rng *rng)
{
	const struct shape *shape = random_shape(rng, flow->name);

	flow->interface = shape->interface ?: random_interface(rng);
	flow->member = shape->member ?: random_member(rng);
	flow->path = shape->path ?: random_path(rng);
	flow->error = shape->error ?: random_error(rng);
	if (chance(rng, 15))
		flow->interface = random_interface(rng);
	if (chance(rng, 20))
		flow->member = random_member(rng);
	if (chance(rng, 20))
		flow->path = random_path(rng);
}

/* A reply need not say what it is about, but may. */
static void drop_fields(struct flow *flow, struct rng *rng)
{
	bool call = flow->type == DBUS_MESSAGE_TYPE_METHOD_CALL;
	bool signal = flow->type == DBUS_MESSAGE_TYPE_SIGNAL;

	if (chance(rng, call ? 12 : 80) && !signal)
		flow->interface = NULL;
	if (chance(rng, 80) && !call && !signal)
		flow->member = NULL;
	if (chance(rng, 80) && !call && !signal)
		flow->path = NULL;
}

static enum answer random_answer(struct rng *rng)
{
	uint32_t n = rng_below(rng, 100);

	if (n < 70)
		return ANSWER_RETURN;
	if (n < 90)
		return ANSWER_ERROR;
	return n < 96 ? ANSWER_TWICE : ANSWER_NEVER;
}

void flow_random(struct flow *flow, struct rng *rng)
{
	memset(flow, 0, sizeof(*flow));
	flow->sender = rng_below(rng, chance(rng, 40) ? ROOTS : ACTORS);
	flow->type = random_type(rng);
	choose_destination(flow, rng);
	choose_subject(flow, rng);
	drop_fields(flow, rng);
	flow->answer = random_answer(rng);
	flow->no_reply = chance(rng, 15);
	if (chance(rng, 12))
		flow->files = 1 + rng_below(rng, 3);
	/* Replies that nobody has asked for, and what only looks like one. */
	if (flow->type == DBUS_MESSAGE_TYPE_METHOD_RETURN ||
	    flow->type == DBUS_MESSAGE_TYPE_ERROR || chance(rng, 2))
		flow->re = 1 + rng_below(rng, 1000);
}

void flow_redirect(struct flow *flow, const char *name, struct rng *rng)
{
	const struct shape *shape = random_shape(rng, name);

	flow->name = name;
	if (flow->interface && shape->interface && chance(rng, 85))
		flow->interface = shape->interface;
	if (flow->member && shape->member && chance(rng, 85))
		flow->member = shape->member;
	if (flow->path && shape->path && chance(rng, 85))
		flow->path = shape->path;
}

static void need(dbus_bool_t ok, const char *what)
{
	if (!ok)
		give_up("a message cannot have this %s", what);
}

static void set_fields(DBusMessage *message, const struct flow *flow)
{
	const char *destination = flow->name;

	if (flow->recipient >= 0)
		destination = actors[flow->recipient].client->unique;
	need(dbus_message_set_destination(message, destination), "destination");
	need(dbus_message_set_path(message, flow->path), "path");
	need(dbus_message_set_interface(message, flow->interface), "interface");
	need(dbus_message_set_member(message, flow->member), "member");
	if (flow->type == DBUS_MESSAGE_TYPE_ERROR)
		need(dbus_message_set_error_name(message, flow->error),
		     "error");
	if (flow->re)
		need(dbus_message_set_reply_serial(message, flow->re),
		     "serial number");
	dbus_message_set_no_reply(message, flow->no_reply);
}

static DBusMessage *message_of(const struct flow *flow)
{
	static dbus_uint32_t number;
	DBusMessage *message = dbus_message_new(flow->type);
	int fd = STDIN_FILENO;
	unsigned int i;

	set_fields(message, flow);
	number++;
	dbus_message_append_args(message, DBUS_TYPE_UINT32, &number,
				 DBUS_TYPE_INVALID);
	for (i = 0; i < flow->files; i++)
		dbus_message_append_args(message, DBUS_TYPE_UNIX_FD, &fd,
					 DBUS_TYPE_INVALID);
	return message;
}

static void answer_call(struct client *client, DBusMessage *call,
			const struct flow *flow)
{
	if (flow->answer == ANSWER_NEVER || dbus_message_get_no_reply(call))
		return;
	if (flow->answer == ANSWER_ERROR)
		client_reply_error(client, call, flow->error, "so there");
	else
		client_reply(client, call, "well");
	if (flow->answer == ANSWER_TWICE)
		client_reply(client, call, "again");
}

static bool is_refusal(DBusMessage *message)
{
	const char *sender = dbus_message_get_sender(message);

	return dbus_message_get_type(message) == DBUS_MESSAGE_TYPE_ERROR &&
	       sender && !strcmp(sender, DRIVER);
}

/* What somebody who listens in sees of the test's own questions. */
static bool is_for_driver(DBusMessage *message)
{
	return dbus_message_has_destination(message, DRIVER);
}

/* Whether it has been answered, so that there may be more to come. */
static bool take(struct actor *actor, DBusMessage *message,
		 const struct flow *flow)
{
	bool is_call = dbus_message_get_type(message) ==
		       DBUS_MESSAGE_TYPE_METHOD_CALL;

	if (actor->taken_count == ACTOR_TAKEN)
		give_up("too many messages for %s", actor->client->label);
	actor->taken[actor->taken_count++] = message;
	if (is_refusal(message))
		tally.refused++;
	if (flow && dbus_message_get_type(message) == flow->type)
		came++;
	if (is_call && flow)
		answer_call(actor->client, message, flow);
	return is_call && flow;
}

static bool is_readable(struct client *client)
{
	struct pollfd p = { .events = POLLIN };

	if (!dbus_connection_get_socket(client->connection, &p.fd))
		give_up("%s is disconnected", client->label);
	return poll(&p, 1, 0) > 0;
}

static DBusMessage *next_now(struct client *client)
{
	DBusMessage *message;

	if (client->stashed)
		return client_next(client);
	while (!(message = dbus_connection_pop_message(client->connection)) &&
	       is_readable(client))
		dbus_connection_read_write(client->connection, 0);
	return message;
}

/*
 * All that has come to one of them.  Answers are under way until the driver,
 * who is asked behind them, has answered too.
 */
static bool take_all(struct actor *actor, const struct flow *flow)
{
	bool answered = false, any = false;
	DBusMessage *message;

	while ((message = next_now(actor->client))) {
		if (is_for_driver(message)) {
			dbus_message_unref(message);
			continue;
		}
		answered |= take(actor, message, flow);
		any = true;
	}
	if (answered)
		client_sync(actor->client);
	return any;
}

/*
 * Each of them sees its own messages in order, but nobody sees who got his
 * before somebody else.
 */
static void say_taken(struct actor *actor)
{
	unsigned int i;

	for (i = 0; i < actor->taken_count; i++) {
		say_message(actor->client->label, actor->taken[i]);
		dbus_message_unref(actor->taken[i]);
	}
	actor->taken_count = 0;
}

static void settle(const struct flow *flow)
{
	bool any;
	int i;

	do {
		any = false;
		for (i = 0; i < ACTORS; i++)
			any |= take_all(&actors[i], flow);
	} while (any);
	for (i = 0; i < ACTORS; i++)
		say_taken(&actors[i]);
}

/* Who has been answered may not be the last to whom the driver says something. */
void actors_settle(void)
{
	client_sync(actors[0].client);
	settle(NULL);
}

static unsigned long delivered_by_module(void)
{
	return bus_value("calls") + bus_value("signals") +
	       bus_value("broadcasts");
}

/*
 * What dbus-daemon has written about messages that a rule with `log` lets through,
 * since it was asked last: the module must not have carried any of these.
 */
static unsigned long logged(void)
{
	static FILE *file;
	char path[256], line[2048];
	unsigned long count = 0;

	if (!file) {
		snprintf(path, sizeof(path), "%s/log", bus_dir());
		file = fopen(path, "r");
	}
	if (!file)
		give_up("the bus has no log");
	clearerr(file);
	while (fgets(line, sizeof(line), file))
		if (strstr(line, "Would reject message"))
			count++;
	return count;
}

static void send_once(const struct flow *flow)
{
	client_send(actors[flow->sender].client, message_of(flow));
	tally.messages++;
}

static bool is_broadcast(const struct flow *flow)
{
	return !flow->name && flow->recipient < 0;
}

/* Files of a broadcast are the daemon's business, always. */
static bool is_for_module(const struct flow *flow)
{
	if (flow->files && (is_broadcast(flow) || !files_are_carried()))
		return false;
	return !flow->re;
}

static void send_calmly(const struct flow *flow, unsigned int count)
{
	unsigned long before = 0, again = 0, slow = 0, fast, lines;
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (i == 1)
			before = delivered_by_module();
		came = 0;
		send_once(flow);
		client_sync(actors[flow->sender].client);
		settle(flow);
		lines = logged();
		if (lines)
			say("-- logged: %lu", lines);
		if (i && came && lines)
			slow++;
		else if (i && came)
			again++;
	}
	if (!again || !is_for_module(flow))
		return;
	fast = delivered_by_module() - before;
	check(!slow || !fast || is_broadcast(flow),
	      "the module has carried what is to be logged");
	tally.again += again;
	tally.fast += fast < again ? fast : again;
}

static void send_at_once(const struct flow *flow, unsigned int count)
{
	unsigned long lines;

	while (count--)
		send_once(flow);
	client_sync(actors[flow->sender].client);
	settle(flow);
	lines = logged();
	if (lines)
		say("-- logged: %lu", lines);
}

static void say_flow(const struct flow *flow, unsigned int count)
{
	say("-- %s, %u times: %s to %s, %s %s.%s %s, re %u, %u files%s",
	    actors[flow->sender].client->label, count,
	    dbus_message_type_to_string(flow->type),
	    flow->name ?: flow->recipient < 0 ? "everybody" :
			  actors[flow->recipient].client->label,
	    flow->path ?: "", flow->interface ?: "", flow->member ?: "",
	    flow->error ?: "", flow->re, flow->files,
	    flow->no_reply ? ", no reply" : "");
}

void flow_send(const struct flow *flow, unsigned int count, bool calm)
{
	say_flow(flow, count);
	came = 0;
	if (calm)
		send_calmly(flow, count);
	else
		send_at_once(flow, count);
	tally.came += came;
}
