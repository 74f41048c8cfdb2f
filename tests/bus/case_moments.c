// SPDX-License-Identifier: GPL-2.0-only
/* What dbus-daemon tells the module may fail: strace lets it. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "child.h"
#include "client.h"

#define QUOTES	300
#define FAILING	"inject=setsockopt:error=ENOMEM:when=1"

static int run_strace(const void *argument, int tell)
{
	(void)tell;
	execlp("strace", "strace", "-qq", "-o", "/dev/null", "-p",
	       getenv("BUS_TEST_PID"), "-e", "trace=setsockopt", "-e", argument,
	       NULL);
	return 127;
}

static bool is_traced(void)
{
	char line[256], *colon;
	int tracer = 0;
	FILE *file;

	snprintf(line, sizeof(line), "/proc/%s/status", getenv("BUS_TEST_PID"));
	file = fopen(line, "r");
	if (!file)
		give_up("the bus is gone");
	while (fgets(line, sizeof(line), file)) {
		colon = strchr(line, ':');
		if (colon && !strncmp(line, "TracerPid", colon - line))
			tracer = atoi(colon + 1);
	}
	fclose(file);
	return tracer;
}

static struct child disturb(const char *how)
{
	struct child child = child_start(run_strace, how);
	int i;

	for (i = 0; i < 1000 && !is_traced(); i++)
		usleep(10000);
	if (!is_traced())
		give_up("strace does not work");
	return child;
}

/* Signals with so many quotes as their argument go to E, who wants just these. */
static void want_quotes(struct client *e, char *quotes)
{
	char rule[2 * QUOTES + 16] = "arg0=";
	int i;

	for (i = 0; i < QUOTES; i++) {
		strcat(rule, "\\'");
		strcat(quotes, "'");
	}
	client_match(e, rule);
}

static void emit_quotes(struct client *a, struct client *e, const char *quotes)
{
	DBusMessage *message;

	client_send(a, with_string(new_signal(NULL, "Quotes"), quotes));
	client_sync(a);
	client_sync(e);
	check(e->stashed == 1, "%u signals instead of one", e->stashed);
	while (e->stashed) {
		message = client_next(e);
		dbus_message_unref(message);
	}
}

/*
 * E has a rule that the module does not take: with all that escapes the quotes it
 * is too long.  That it cannot forget another one at once has nothing to do with
 * that.
 */
static void case_no_memory_for_rule(void)
{
	struct client *a = client_open("A"), *c = client_open("C");
	struct client *e = client_open("E");
	char quotes[QUOTES + 1] = "";
	struct child strace;

	want_quotes(e, quotes);
	client_match(c, "member='Else'");
	emit_quotes(a, e, quotes);
	strace = disturb(FAILING);
	client_driver(c, "RemoveMatch", "member='Else'");
	child_kill(&strace);
	emit_quotes(a, e, quotes);
	client_send(a, new_signal(NULL, "Else"));
	client_sync(a);
	client_drain(c);
	client_drain(e);
}

const struct bus_case cases_moments[] = {
	{ "no-memory-for-rule", "session", case_no_memory_for_rule },
	{ 0 },
};
