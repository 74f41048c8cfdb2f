// SPDX-License-Identifier: GPL-2.0-only
#include <fnmatch.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slow.h"
#include "suite.h"

static bool any_is_like(const struct CMUnitTest *tests, size_t n,
			const char *pattern)
{
	while (n--)
		if (!fnmatch(pattern, tests[n].name, 0))
			return true;
	return false;
}

/**
 * run_suites() - run the tests of several files
 * @group: what they are together; one group, as TAP has room for one plan
 * @suites: the files
 * @n: how many
 * @pattern: only tests whose name is like this, or NULL
 *
 * Return: the exit status.
 */
int run_suites(const char *group, const struct suite *suites, size_t n,
	       const char *pattern)
{
	struct CMUnitTest *all;
	size_t i, count = 0;

	for (i = 0; i < n; i++)
		count += *suites[i].count;
	all = calloc(count, sizeof(*all));
	if (!all)
		return 1;
	for (i = 0, count = 0; i < n; i++) {
		memcpy(&all[count], suites[i].tests,
		       *suites[i].count * sizeof(*all));
		count += *suites[i].count;
	}
	if (pattern && !any_is_like(all, count, pattern)) {
		printf("Bail out! no test is called %s\n", pattern);
		return 1;
	}
	if (pattern)
		cmocka_set_test_filter(pattern);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests(group, all, count, NULL, NULL);
}

static void too_slow(int sig)
{
	static const char text[] = "Bail out! It never ends.\n";

	(void)sig;
	(void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
	_exit(98);
}

/**
 * bail_out_after() - end the program, if it has not ended by then
 * @seconds: on a kernel of usual speed
 */
void bail_out_after(unsigned int seconds)
{
	signal(SIGALRM, too_slow);
	alarm(slowly(seconds));
}
