// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters of the bus, out of /proc/net/kdbus: a bus that quietly falls
 * back to what dbus-daemon always did passes every other test.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "counters.h"
#include "transcript.h"
#include "turns.h"

#define AWAIT_TRIES	6000

static struct carried before;
static long broadcasts_before;

static bool is_our_bus(const char *line)
{
	const char *path = strstr(line, " path ");
	const char *ours = strstr(bus_address(), "path=");
	size_t len;

	if (!path || !ours)
		return false;
	path += strlen(" path ");
	ours += strlen("path=");
	len = strlen(ours);
	return !strncmp(path, ours, len) && path[len] == '\n';
}

/* The line of the bus that the case runs on, to be freed. */
static char *bus_line(void)
{
	FILE *file = fopen("/proc/net/kdbus", "r");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		give_up("/proc/net/kdbus cannot be opened: no module");
	while (getline(&line, &size, file) > 0)
		if (is_our_bus(line)) {
			fclose(file);
			return line;
		}
	give_up("/proc/net/kdbus does not know %s", bus_address());
}

static const char *value_in(const char *line, const char *key, char *value,
			    size_t size)
{
	char pattern[32];
	const char *at;

	snprintf(pattern, sizeof(pattern), " %s ", key);
	at = strstr(line, pattern);
	if (!at)
		give_up("/proc/net/kdbus has no '%s'", key);
	snprintf(value, size, "%s", at + strlen(pattern));
	value[strcspn(value, " \n")] = '\0';
	return value;
}

long bus_value(const char *key)
{
	char value[32], *line;

	if (bus_mode() == BUS_STOCK)
		return 0;
	line = bus_line();
	value_in(line, key, value, sizeof(value));
	free(line);
	return atol(value);
}

void peers_become(long peers)
{
	int i;

	if (bus_mode() == BUS_STOCK)
		return;
	for (i = 0; i < 200 && bus_value("peers") != peers; i++)
		usleep(10000);
	check(bus_value("peers") == peers, "%ld peers instead of %ld",
	      bus_value("peers"), peers);
}

static struct carried carried_now(void)
{
	struct carried now = {
		.calls = bus_value("calls"),
		.returns = bus_value("returns"),
		.errors = bus_value("errors"),
		.signals = bus_value("signals"),
	};

	return now;
}

static struct carried carried_since(void)
{
	struct carried now = carried_now();

	now.calls -= before.calls;
	now.returns -= before.returns;
	now.errors -= before.errors;
	now.signals -= before.signals;
	return now;
}

void carried_begin(void)
{
	before = carried_now();
}

static void complain(const char *what, const struct carried *got,
		     const struct carried *want)
{
	check(false, "the module carried %ld calls, %ld returns, %ld errors, %ld signals instead of %s%ld, %ld, %ld, %ld",
	      got->calls, got->returns, got->errors, got->signals, what,
	      want->calls, want->returns, want->errors, want->signals);
}

void carried_end(long calls, long returns, long errors, long signals)
{
	struct carried want = { calls, returns, errors, signals };
	struct carried got = carried_since();

	if (turns_have_plain())
		return;
	if (bus_mode() != BUS_FAST)
		want = (struct carried){ 0 };
	if (got.calls != want.calls || got.returns != want.returns ||
	    got.errors != want.errors || got.signals != want.signals)
		complain("", &got, &want);
}

static bool carried_enough(const struct carried *got,
			   const struct carried *want)
{
	return got->calls >= want->calls && got->returns >= want->returns &&
	       got->errors >= want->errors && got->signals >= want->signals;
}

void carried_some(long calls, long returns, long errors, long signals)
{
	struct carried want = { calls, returns, errors, signals };
	struct carried got = carried_since();

	if (turns_have_plain())
		return;
	if (bus_mode() != BUS_FAST)
		carried_end(0, 0, 0, 0);
	else if (!carried_enough(&got, &want))
		complain("at least ", &got, &want);
}

void carried_await(long calls, long returns, long errors, long signals)
{
	struct carried want = { calls, returns, errors, signals };
	struct carried got;
	int i;

	for (i = 0; i < AWAIT_TRIES; i++) {
		usleep(10000);
		got = carried_since();
		if (bus_mode() != BUS_FAST || turns_have_plain() ||
		    carried_enough(&got, &want))
			break;
	}
	carried_some(calls, returns, errors, signals);
}

void broadcasts_begin(void)
{
	broadcasts_before = bus_value("broadcasts");
}

void broadcasts_end(long at_least)
{
	long got = bus_value("broadcasts") - broadcasts_before;

	if (bus_mode() != BUS_FAST)
		check(!got, "the module carried %ld broadcasts", got);
	else if (!turns_have_plain())
		check(got >= at_least,
		      "the module carried %ld broadcasts instead of at least %ld",
		      got, at_least);
}

bool files_are_carried(void)
{
	return !strncmp(bus_address(), "kdbus:", strlen("kdbus:"));
}

void fastpath_is(const char *state)
{
	char value[32], *line;

	if (bus_mode() == BUS_STOCK)
		return;
	if (bus_mode() == BUS_OFF)
		state = "forced-off";
	line = bus_line();
	value_in(line, "fastpath", value, sizeof(value));
	free(line);
	check(!strcmp(value, state), "the fast path is '%s', not '%s'", value,
	      state);
}
