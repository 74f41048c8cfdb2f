// SPDX-License-Identifier: GPL-2.0-only
/* What only root may do, for users whom polkit lets. */

#include <unistd.h>

#include "files.h"
#include "privilege.h"
#include "run.h"

/* Of pkexec: the user has closed the dialog; not allowed, or no way to ask. */
#define PKEXEC_DISMISSED	126
#define PKEXEC_REFUSED		127
#define ARGS_MAX		12

/**
 * must_ask() - is somebody else than root running this?
 *
 * Return: true if so.
 */
bool must_ask(void)
{
	return geteuid() != 0;
}

/**
 * ask() - run kdbusctl as root, if polkit lets the user
 * @options: whether the answer is for programs
 * @args: arguments of kdbusctl, the first being the command, and NULL
 *
 * Return: exit status.
 */
int ask(const struct options *options, const char *const args[])
{
	const char *argv[ARGS_MAX + 3] = { "pkexec", BINDIR "/kdbusctl" };
	int i, status;

	if (files_elsewhere())
		return fail(options, EXIT_PROBLEM, "with --root, only root may do that");
	for (i = 0; i < ARGS_MAX && args[i]; i++)
		argv[i + 2] = args[i];
	status = options->json ? run_quietly(argv) : run_program(argv);
	if (status == PKEXEC_DISMISSED || status == PKEXEC_REFUSED)
		return fail(options, EXIT_PROBLEM,
			    "polkit did not allow it or could not be asked; as root it works without: sudo kdbusctl %s",
			    args[0]);
	if (status && options->json)
		return fail(options, status, "kdbusctl %s has failed as root", args[0]);
	return status;
}
