// SPDX-License-Identifier: GPL-2.0-only
/* Clients that are native, attached or plain in turns. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "client.h"
#include "counters.h"
#include "transcript.h"
#include "turns.h"

static unsigned int turn;
static char kind;
static long attached;
static struct rlimit old;

static const char *turns(void)
{
	const char *all = getenv("BUS_TEST_TURNS");

	return all && bus_mode() != BUS_STOCK ? all : "";
}

static pid_t daemon_pid(void)
{
	const char *pid = getenv("BUS_TEST_PID");

	if (!pid)
		give_up("BUS_TEST_PID is missing");
	return atoi(pid);
}

/* The descriptor that the daemon gets next. */
static int next_descriptor(void)
{
	char path[64], target[4];
	int fd = 0;

	do
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", daemon_pid(),
			 fd++);
	while (readlink(path, target, sizeof(target)) > 0);
	return fd - 1;
}

/*
 * The daemon can accept one more connection, but not attach it.  Nor can it open
 * the user database, so it has to know who we are already.
 */
static void one_descriptor(void)
{
	static struct client *first;
	struct rlimit one;

	/* It stays, so that no descriptor becomes free meanwhile. */
	if (!first)
		first = client_open_quiet(bus_address());
	if (prlimit(daemon_pid(), RLIMIT_NOFILE, NULL, &old))
		give_up("the daemon's limits cannot be read");
	one = (struct rlimit){ next_descriptor() + 1, old.rlim_max };
	if (prlimit(daemon_pid(), RLIMIT_NOFILE, &one, NULL))
		give_up("the daemon's limits cannot be set");
}

const char *turn_begin(void)
{
	size_t count = strlen(turns());

	kind = count ? turns()[turn++ % count] : 'n';
	if (kind == 'n')
		return bus_address();
	attached = bus_value("attached");
	if (kind == 'p')
		one_descriptor();
	return bus_unix_address();
}

void turn_end(void)
{
	if (kind == 'n')
		return;
	if (kind == 'p' && prlimit(daemon_pid(), RLIMIT_NOFILE, &old, NULL))
		give_up("the daemon's limits cannot be set back");
	check(bus_value("attached") == attached + (kind == 'a'),
	      "%ld connections are attached, after %ld and one that is %s",
	      bus_value("attached"), attached,
	      kind == 'a' ? "to be" : "to stay plain");
}

bool turns_have_plain(void)
{
	return strchr(turns(), 'p');
}
