// SPDX-License-Identifier: GPL-2.0-only
/* AF_UNIX connections that the module takes over. */

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "fakebus.h"
#include "slow.h"

#define LIMIT	90

#define THE(name) { name##_tests, &name##_count }

static const struct {
	const struct CMUnitTest *tests;
	const size_t *count;
} suites[] = {
	THE(attach_take), THE(attach_files), THE(attach_tricks),
};

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
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	transport = ATTACHED;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, too_slow);
	alarm(slowly(LIMIT));
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("attach", all, count, NULL, NULL);
}
