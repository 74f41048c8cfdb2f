// SPDX-License-Identifier: GPL-2.0-only
/* Sockets of AF_DBUS behave like those of AF_UNIX. */

#include <stdlib.h>
#include <string.h>

#include "twin.h"

#define SUITE(name) { name##_tests, &name##_count }

static const struct {
	const struct CMUnitTest *tests;
	const size_t *count;
} suites[] = {
	SUITE(socket_path),	SUITE(socket_connect), SUITE(socket_io),
	SUITE(socket_poll),	SUITE(socket_shutdown), SUITE(socket_cred),
	SUITE(socket_fds),	SUITE(socket_own),
};

/* One group of all: TAP has room for one plan. */
int main(int argc, char **argv)
{
	const size_t n = sizeof(suites) / sizeof(suites[0]);
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
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("socket", all, count, NULL, NULL);
}
