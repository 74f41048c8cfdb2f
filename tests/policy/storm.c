// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy-storm SEED STEPS: clients of several users exchange messages at random
 * on the bus of the environment (see ../bus/guest-run), while names change
 * hands, match rules come and go, and the policy is loaded anew.  The same
 * SEED does the same on every bus.
 *
 * All that the clients see is the transcript on stdout.  Exit status 1 if
 * something that must hold on every bus did not, or if the module has not
 * carried most of what was allowed before.
 */

#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bus/counters.h"
#include "flow.h"
#include "rules.h"
#include "vocabulary.h"

#define RECENT		64
#define NAMES		24
#define GROUPS_MAX	32
/* Messages that are sent before and after a name changes hands. */
#define ABOUT		6
#define SECONDS		900
/* Of a hundred messages like one that came just before. */
#define FAST_ENOUGH	90

static struct rng rng;
static struct flow recent[RECENT];
static unsigned int recent_count;
static const char *names[NAMES];

static bool chance(uint32_t percent)
{
	return rng_below(&rng, 100) < percent;
}

static const struct flow *remembered(void)
{
	unsigned int count = recent_count < RECENT ? recent_count : RECENT;

	return &recent[rng_below(&rng, count)];
}

static unsigned int some(void)
{
	return 1 + rng_below(&rng, 4);
}

/* Now that something has changed, what was decided before counts no more. */
static void send_again(unsigned int flows)
{
	while (flows-- && recent_count)
		flow_send(remembered(), 1 + rng_below(&rng, 2), true);
}

static void open_actor(int i)
{
	static unsigned int generation;
	char label[16];

	snprintf(label, sizeof(label), "C%u", generation++);
	actors[i].client = client_open_as(label, actors[i].user);
	actors[i].rule[0] = '\0';
	say("-- %s is %s", label, actors[i].user);
}

/* Whether it has got the name, or waits for it. */
static bool request_name(int i, const char *name, uint32_t flags)
{
	uint32_t result;

	say("-- %s wants %s", actors[i].client->label, name);
	result = client_request_name(actors[i].client, name, flags);
	actors_settle();
	return result == DBUS_REQUEST_NAME_REPLY_PRIMARY_OWNER ||
	       result == DBUS_REQUEST_NAME_REPLY_IN_QUEUE;
}

static void step_message(void)
{
	struct flow *flow = &recent[recent_count++ % RECENT];

	flow_random(flow, &rng);
	/* What names there are is more interesting than those there are not. */
	if (flow->name && chance(85))
		flow_redirect(flow, rng_pick(&rng, names), &rng);
	flow_send(flow, some(), chance(75));
}

/*
 * Messages to and from one of them whose fate may depend on whether he has, or
 * waits for, a certain name; which they do not mention.
 */
static void flows_about(struct flow *flows, int i, const char *name)
{
	int n;

	for (n = 0; n < ABOUT; n++) {
		flow_random(&flows[n], &rng);
		flow_redirect(&flows[n], name, &rng);
		flows[n].name = NULL;
		flows[n].recipient = n % 4 ? i : (int)rng_below(&rng, ACTORS);
		if (n % 4 == 0)
			flows[n].sender = i;
	}
}

static void send_flows(const struct flow *flows)
{
	int n;

	for (n = 0; n < ABOUT; n++)
		flow_send(&flows[n], 2, true);
}

static void step_name(void)
{
	int i = rng_below(&rng, chance(50) ? ROOTS : ACTORS);
	const char *name = rng_pick(&rng, names);
	struct flow flows[ABOUT];

	flows_about(flows, i, name);
	send_flows(flows);
	request_name(i, name, rng_below(&rng, 8));
	send_flows(flows);
	if (chance(60)) {
		say("-- %s gives %s back", actors[i].client->label, name);
		client_release_name(actors[i].client, name);
		actors_settle();
		send_flows(flows);
	}
	send_again(1);
}

/* So that some of the new rules are about something that happens. */
static void hint(void)
{
	const struct flow *flow;
	struct shape shape;
	int n;

	for (n = 0; n < 8 && recent_count; n++) {
		flow = remembered();
		shape = (struct shape){
			.name = (char *)flow->name,
			.interface = (char *)flow->interface,
			.member = (char *)flow->member,
			.path = (char *)flow->path,
			.error = (char *)flow->error,
		};
		rules_hint(n, &shape);
	}
}

static void step_reload(void)
{
	DBusMessage *answer;
	const char *text = "";

	hint();
	send_again(4);
	rules_write(&rng);
	say("-- new rules");
	answer = client_ask(actors[0].client, driver_call("ReloadConfig"));
	dbus_message_get_args(answer, NULL, DBUS_TYPE_STRING, &text,
			      DBUS_TYPE_INVALID);
	check(!dbus_message_get_error_name(answer), "ReloadConfig: %s", text);
	dbus_message_unref(answer);
	send_again(10);
}

/*
 * Not simply all signals: dbus-daemon loads rules anew by itself when it notices
 * that they have changed, and says so, nobody knows when.
 */
static void random_match(char *rule, size_t size)
{
	const struct shape *shape = random_shape(&rng, NULL);
	size_t n = snprintf(rule, size, "type='signal'");

	if (shape->interface && chance(70))
		n += snprintf(rule + n, size - n, ",interface='%s'",
			      shape->interface);
	else if (chance(30))
		n += snprintf(rule + n, size - n, ",member='NameOwnerChanged'");
	else
		n += snprintf(rule + n, size - n, ",sender='%s'",
			      shape->name ?: random_name(&rng));
	if (shape->member && chance(10))
		n += snprintf(rule + n, size - n, ",member='%s'",
			      shape->member);
	if (shape->path && chance(10))
		snprintf(rule + n, size - n, ",path_namespace='%s'",
			 shape->path);
}

static void move_match(int i)
{
	struct actor *actor = &actors[i];

	if (actor->rule[0]) {
		client_driver(actor->client, "RemoveMatch", actor->rule);
		actor->rule[0] = '\0';
	} else {
		random_match(actor->rule, sizeof(actor->rule));
		client_match(actor->client, actor->rule);
	}
}

static void step_match(void)
{
	move_match(rng_below(&rng, ACTORS));
	send_again(1);
}

static void step_reconnect(void)
{
	/* The first one is needed for ReloadConfig. */
	int i = 1 + rng_below(&rng, ACTORS - 1);
	char unique[sizeof(actors[i].client->unique)];

	say("-- %s leaves", actors[i].client->label);
	strcpy(unique, actors[i].client->unique);
	client_close(actors[i].client);
	client_await_owner(unique, false);
	if (i >= ROOTS)
		actors[i].user = random_user(&rng);
	open_actor(i);
	actors_settle();
	send_again(3);
}

/* Somebody listens in, for a while. */
static void step_eavesdrop(void)
{
	static const char rule[] = "eavesdrop='true',type='method_call'";
	struct tally before = tally;

	client_match(actors[0].client, rule);
	send_again(4);
	client_driver(actors[0].client, "RemoveMatch", rule);
	tally.again = before.again;
	tally.fast = before.fast;
}

static void step(void)
{
	uint32_t n = rng_below(&rng, 100);

	if (n < 60)
		step_message();
	else if (n < 72)
		send_again(1);
	else if (n < 82)
		step_name();
	else if (n < 90)
		step_match();
	else if (n < 96)
		step_reload();
	else if (n < 99)
		step_reconnect();
	else
		step_eavesdrop();
}

/* The users and groups of the policies, and some that these know nothing of. */
static void read_policies(void)
{
	static const char *const more_users[] = { "bob", "nobody" };
	static const char *const more_groups[] = {
		"root", "alice", "nogroup", "avahi",
	};
	unsigned int i;

	vocabulary_read("/usr/share/dbus-1/system.d");
	vocabulary_read("/etc/dbus-1/system.d");
	for (i = 0; i < sizeof(more_users) / sizeof(*more_users); i++)
		vocabulary_add_user(more_users[i]);
	for (i = 0; i < sizeof(more_groups) / sizeof(*more_groups); i++)
		vocabulary_add_group(more_groups[i]);
}

static bool is_actor(const char *user)
{
	int i;

	for (i = 0; i < ACTORS; i++)
		if (!strcmp(actors[i].user, user))
			return true;
	return false;
}

static bool is_in(const char *user, const char *group)
{
	struct passwd *entry = getpwnam(user);
	struct group *wanted = getgrnam(group);
	gid_t groups[GROUPS_MAX];
	int count = GROUPS_MAX;

	if (!entry || !wanted ||
	    getgrouplist(user, entry->pw_gid, groups, &count) < 0)
		give_up("%s and %s cannot be looked up", user, group);
	while (count--)
		if (groups[count] == wanted->gr_gid)
			return true;
	return false;
}

static bool has_actor(const char *group)
{
	int i;

	for (i = 0; i < ACTORS; i++)
		if (is_in(actors[i].user, group))
			return true;
	return false;
}

/* Rules for a user or a group whom nobody is or is in would not be tested. */
static void check_actors(void)
{
	unsigned int n;

	for (n = 0; n < users_count(); n++)
		check(is_actor(user_number(n)), "no client is %s",
		      user_number(n));
	for (n = 0; n < groups_count(); n++)
		check(has_actor(group_number(n)), "no client is in %s",
		      group_number(n));
}

/* The policies do not let them in: not this user, nor any of this group. */
static void try_outcasts(void)
{
	check(!client_try_as("OUTCAST", "outcast"), "outcast is let in");
	check(!client_try_as("EXILE", "exile"), "one of outcasts is let in");
}

static void begin(void)
{
	int i;

	read_policies();
	for (i = 0; i < ACTORS; i++) {
		actors[i].user = i < ROOTS ? "root" : user_number(i - ROOTS);
		open_actor(i);
		if (chance(75))
			move_match(i);
	}
	check_actors();
	try_outcasts();
	/* Most belong to root, as most services do. */
	for (i = 0; i < NAMES;) {
		names[i] = random_name(&rng);
		if (request_name(rng_below(&rng, chance(80) ? ROOTS : ACTORS),
				 names[i], rng_below(&rng, 4)))
			i++;
	}
}

static void time_is_up(int signal)
{
	static const char text[] = "FAILED: the storm takes too long\n";

	(void)signal;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(125);
	_exit(124);
}

static void conclude(void)
{
	fprintf(stderr, "%lu messages, %lu errors of the bus, %lu messages like one before, %lu of them by the module\n",
		tally.messages, tally.refused, tally.again, tally.fast);
	check(tally.refused && tally.again, "nothing is refused, or nothing allowed");
	if (bus_mode() == BUS_FAST)
		check(tally.fast * 100 >= tally.again * FAST_ENOUGH,
		      "the module has carried %lu of %lu", tally.fast,
		      tally.again);
	else
		check(!tally.fast, "the module carries something");
}

int main(int argc, char **argv)
{
	unsigned long steps;

	if (argc != 3) {
		fprintf(stderr, "usage: policy-storm SEED STEPS\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, time_is_up);
	alarm(SECONDS);
	rng.state = strtoul(argv[1], NULL, 10);
	begin();
	for (steps = strtoul(argv[2], NULL, 10); steps; steps--)
		step();
	conclude();
	fflush(stdout);
	return failed() ? 1 : 0;
}
