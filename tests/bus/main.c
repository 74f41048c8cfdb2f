// SPDX-License-Identifier: GPL-2.0-only
/*
 * bus-test --list		print the cases, each with the bus that it wants
 * bus-test CASE		run one and print its transcript
 * bus-test serve NAME		be a service, see serve.h
 *
 * The exit status is 0 if all that must hold on every bus did, and the module
 * carried what it should.  That the transcript is the same on every bus is for
 * the caller to find out, see guest-run.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "serve.h"
#include "transcript.h"

#define CASE_SECONDS	300

static const struct bus_case *const all_cases[] = {
	cases_calls, cases_replies, cases_bytes, cases_invalid, cases_sasl,
	cases_files, cases_sizes, cases_signals, cases_names, cases_driver,
	cases_lives, cases_activation, cases_handover, cases_order,
	cases_monitor, cases_limits, cases_quotas, cases_mixed, cases_policy,
	cases_moments, cases_labels, cases_random,
};

static const struct bus_case *next_case(const struct bus_case *after)
{
	size_t i;

	for (i = 0; i < sizeof(all_cases) / sizeof(*all_cases); i++) {
		const struct bus_case *c = all_cases[i];

		if (!after)
			return c;
		for (; c->name; c++)
			if (c == after) {
				if (c[1].name)
					return c + 1;
				after = NULL;
				break;
			}
	}
	return NULL;
}

static int list(void)
{
	const struct bus_case *c = NULL;

	while ((c = next_case(c)))
		printf("%s %s\n", c->config, c->name);
	return 0;
}

static void time_is_up(int signal)
{
	static const char text[] = "FAILED: the case takes too long\n";

	(void)signal;
	if (write(2, text, sizeof(text) - 1) < 0)
		_exit(125);
	_exit(124);
}

int main(int argc, char **argv)
{
	const struct bus_case *c = NULL;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && !strcmp(argv[1], "--list"))
		return list();
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	while (argc == 2 && (c = next_case(c)))
		if (!strcmp(c->name, argv[1]))
			break;
	if (!c) {
		fprintf(stderr, "usage: bus-test --list | CASE | serve NAME\n");
		return 2;
	}
	signal(SIGALRM, time_is_up);
	alarm(CASE_SECONDS);
	c->run();
	fflush(stdout);
	return failed() ? 1 : 0;
}
