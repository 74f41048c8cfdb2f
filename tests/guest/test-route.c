// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the module does with messages, and what the owner of a bus can say.
 *
 * test-route [native|attached|native-first|attached-first] [PATTERN]: see enum
 * transport.
 */

#include <sys/resource.h>

#include "fakebus.h"

#define LIMIT	200

SUITE(route_basic);
SUITE(route_bytes);
SUITE(route_fds);
SUITE(route_reply);
SUITE(route_policy);
SUITE(route_names);
SUITE(route_fence);
SUITE(route_limits);
SUITE(route_life);
SUITE(route_invalid);
SUITE(route_hostile);
SUITE(route_match);
SUITE(route_back);
SUITE(route_turns);

static const struct suite suites[] = {
	THE(route_basic), THE(route_bytes), THE(route_fds), THE(route_reply),
	THE(route_policy), THE(route_names), THE(route_fence),
	THE(route_limits), THE(route_life), THE(route_invalid),
	THE(route_hostile), THE(route_match), THE(route_back),
	THE(route_turns),
};

static const char *const transports[] = {
	[NATIVE] = "native",
	[ATTACHED] = "attached",
	[NATIVE_FIRST] = "native-first",
	[ATTACHED_FIRST] = "attached-first",
};

static bool choose_transport(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(transports); i++)
		if (!strcmp(name, transports[i])) {
			transport = i;
			return true;
		}
	return false;
}

int main(int argc, char **argv)
{
	const struct rlimit files = { 4096, 4096 };

	if (argc > 1 && choose_transport(argv[1])) {
		argv++;
		argc--;
	}
	setrlimit(RLIMIT_NOFILE, &files);
	bail_out_after(LIMIT);
	return run_suites("route", suites, ARRAY_SIZE(suites),
			  argc > 1 ? argv[1] : NULL);
}
