// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the module does with messages, and what the owner of a bus can say.
 *
 * test-route [native|attached|native-first|attached-first] [PATTERN]: see enum
 * transport.
 */

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fakebus.h"
#include "slow.h"

#define LIMIT	200

#define THE(name) { name##_tests, &name##_count }

static const struct {
	const struct CMUnitTest *tests;
	const size_t *count;
} suites[] = {
	THE(route_basic), THE(route_bytes), THE(route_fds), THE(route_reply),
	THE(route_policy), THE(route_names), THE(route_fence),
	THE(route_limits), THE(route_life), THE(route_invalid),
	THE(route_hostile),
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

static void too_slow(int sig)
{
	static const char text[] = "Bail out! It never ends.\n";

	(void)sig;
	(void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
	_exit(98);
}

/* One group of all: TAP has room for one plan. */
int main(int argc, char **argv)
{
	const struct rlimit files = { 4096, 4096 };
	struct CMUnitTest *all;
	size_t i, count = 0;

	for (i = 0; i < ARRAY_SIZE(suites); i++)
		count += *suites[i].count;
	all = calloc(count, sizeof(*all));
	if (!all)
		return 1;
	for (i = 0, count = 0; i < ARRAY_SIZE(suites); i++) {
		memcpy(&all[count], suites[i].tests,
		       *suites[i].count * sizeof(*all));
		count += *suites[i].count;
	}
	if (argc > 1 && choose_transport(argv[1])) {
		argv++;
		argc--;
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGALRM, too_slow);
	alarm(slowly(LIMIT));
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("route", all, count, NULL, NULL);
}
