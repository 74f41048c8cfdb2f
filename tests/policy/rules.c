// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules at random.
 *
 * Whatever attributes dbus-daemon lets stand together in one rule (see
 * append_rule_from_element() in its config-parser.c) do so here sooner or
 * later, in every kind of context.
 */

#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../bus/transcript.h"
#include "rules.h"
#include "vocabulary.h"

#define RULES_FILE	"/etc/dbus-1/system.d/random.conf"
#define CONSOLE_FILE	"/run/console/alice"

static const char *const rule_types[] = {
	"method_call", "method_return", "error", "signal",
};

static const char *const truths[] = { "true", "false" };

static struct shape hints[RULES_HINTS];
static unsigned int hints_count;

void rules_hint(int n, const struct shape *shape)
{
	hints[n] = *shape;
	if (hints_count <= (unsigned int)n)
		hints_count = n + 1;
}

static bool chance(struct rng *rng, uint32_t percent)
{
	return rng_below(rng, 100) < percent;
}

static void put(FILE *file, const char *side, const char *key,
		const char *value)
{
	fprintf(file, " %s%s=\"%s\"", side, key, value);
}

/* What a rule could be about, and a name to go with it. */
static const struct shape *subject(struct rng *rng, const char **name)
{
	const struct shape *shape;

	*name = random_name(rng);
	if (!hints_count || !chance(rng, 60))
		return random_shape(rng, *name);
	shape = &hints[rng_below(rng, hints_count)];
	if (shape->name)
		*name = shape->name;
	return shape;
}

static void put_subject(FILE *file, struct rng *rng, const char *side,
			const struct shape *shape)
{
	bool named = shape->interface && chance(rng, 60);

	if (named)
		put(file, side, "interface", shape->interface);
	if (chance(rng, 25))
		put(file, side, "path",
		    chance(rng, 50) && shape->path ? shape->path :
						     random_path(rng));
	else if (!named)
		put(file, side, "error", random_error(rng));
	if (named && shape->member && chance(rng, 60))
		put(file, side, "member", shape->member);
}

static void put_modifiers(FILE *file, struct rng *rng, const char *side)
{
	if (chance(rng, 15))
		put(file, side, "requested_reply", rng_pick(rng, truths));
	if (chance(rng, 6))
		put(file, "", "eavesdrop", rng_pick(rng, truths));
	if (chance(rng, 10))
		fprintf(file, " max_fds=\"%u\"", rng_below(rng, 3));
	if (chance(rng, 6))
		fprintf(file, " min_fds=\"%u\"", rng_below(rng, 3));
	if (chance(rng, 6))
		put(file, "", "log", "true");
}

static void put_send(FILE *file, struct rng *rng)
{
	const char *name;
	const struct shape *shape = subject(rng, &name);
	bool broadcast = chance(rng, 10);

	if (broadcast)
		put(file, "send_", "broadcast", rng_pick(rng, truths));
	else if (chance(rng, 60))
		put(file, "send_", "destination", name);
	else if (chance(rng, 30))
		put(file, "send_", "destination_prefix",
		    chance(rng, 50) ? "org.freedesktop" : name);
	else if (chance(rng, 50))
		put(file, "send_", "destination", "*");
	if (chance(rng, 35))
		put(file, "send_", "type",
		    broadcast ? "signal" : rng_pick(rng, rule_types));
	if (chance(rng, 70) || broadcast)
		put_subject(file, rng, "send_", shape);
	else
		put(file, "send_", "interface", "*");
	put_modifiers(file, rng, "send_");
}

static void put_receive(FILE *file, struct rng *rng)
{
	const char *name;
	const struct shape *shape = subject(rng, &name);

	if (chance(rng, 40))
		put(file, "receive_", "sender", name);
	if (chance(rng, 40))
		put(file, "receive_", "type", rng_pick(rng, rule_types));
	put_subject(file, rng, "receive_", shape);
	put_modifiers(file, rng, "receive_");
}

static void put_rule(FILE *file, struct rng *rng)
{
	fprintf(file, "<%s", chance(rng, 55) ? "allow" : "deny");
	if (chance(rng, 60))
		put_send(file, rng);
	else if (chance(rng, 80))
		put_receive(file, rng);
	else
		put(file, "own", chance(rng, 50) ? "_prefix" : "",
		    random_name(rng));
	fputs("/>\n", file);
}

static void put_context(FILE *file, struct rng *rng)
{
	uint32_t kind = rng_below(rng, 100);

	if (kind < 30)
		fputs("<policy context=\"default\">\n", file);
	else if (kind < 40)
		fputs("<policy context=\"mandatory\">\n", file);
	else if (kind < 60)
		fprintf(file, "<policy user=\"%s\">\n",
			random_user(rng));
	else if (kind < 85)
		fprintf(file, "<policy group=\"%s\">\n",
			random_group(rng));
	else
		fprintf(file, "<policy at_console=\"%s\">\n",
			rng_pick(rng, truths));
}

static void put_policy(FILE *file, struct rng *rng)
{
	uint32_t rules = 1 + rng_below(rng, 4);

	put_context(file, rng);
	while (rules--)
		put_rule(file, rng);
	fputs("</policy>\n", file);
}

/* What the clients of this test cannot do without. */
static void put_driver(FILE *file)
{
	fputs("<policy context=\"mandatory\">\n"
	      "<allow send_destination=\"org.freedesktop.DBus\"/>\n"
	      "<allow receive_sender=\"org.freedesktop.DBus\"/>\n"
	      "</policy>\n", file);
}

static void move_console(struct rng *rng)
{
	FILE *file;

	if (chance(rng, 50)) {
		unlink(CONSOLE_FILE);
		return;
	}
	mkdir("/run/console", 0755);
	file = fopen(CONSOLE_FILE, "w");
	if (!file)
		give_up("cannot write " CONSOLE_FILE);
	fclose(file);
}

/*
 * Written in place: dbus-daemon reads a directory in the order in which its
 * entries come, which has to be the same on every bus.
 */
void rules_write(struct rng *rng)
{
	FILE *file = fopen(RULES_FILE, "w");
	uint32_t policies = rng_below(rng, 6);

	if (!file)
		give_up("cannot write " RULES_FILE);
	fputs("<busconfig>\n", file);
	while (policies--)
		put_policy(file, rng);
	put_driver(file);
	fputs("</busconfig>\n", file);
	if (fclose(file))
		give_up("cannot write " RULES_FILE);
	move_console(rng);
}
