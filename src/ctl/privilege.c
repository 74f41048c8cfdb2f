// SPDX-License-Identifier: GPL-2.0-only
/* What only root may do, for users whom polkit lets. */

#include <stdio.h>
#include <stdlib.h>
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

/* As a shell would be given them. */
static const char *words(const char *const args[])
{
	static char text[TEXT_MAX];
	size_t length = 0;
	int i;

	for (i = 0; args[i] && length < sizeof(text); i++)
		length += snprintf(text + length, sizeof(text) - length, "%s%s",
				   i ? " " : "", args[i]);
	return text;
}

static void add_pkexec(const char *argv[ARGS_MAX + 3], const char *const args[])
{
	int i;

	argv[0] = "pkexec";
	argv[1] = BINDIR "/kdbusctl";
	for (i = 0; i < ARGS_MAX && args[i]; i++)
		argv[i + 2] = args[i];
	argv[i + 2] = NULL;
}

static bool is_refused(int status)
{
	return status == PKEXEC_DISMISSED || status == PKEXEC_REFUSED;
}

static int refused(const struct options *options, const char *const args[])
{
	return fail(options, EXIT_PROBLEM,
		    "polkit did not allow it or could not be asked; as root it works without: sudo kdbusctl %s",
		    words(args));
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
	const char *argv[ARGS_MAX + 3];
	int status;

	if (files_elsewhere())
		return fail(options, EXIT_PROBLEM, "with --root, only root may do that");
	add_pkexec(argv, args);
	status = options->json ? run_quietly(argv) : run_program(argv);
	if (is_refused(status))
		return refused(options, args);
	if (status && options->json)
		return fail(options, status, "kdbusctl %s has failed as root",
			    words(args));
	return status;
}

/**
 * ask_for_output() - the same, for what it says there
 * @options: whether the answer is for programs
 * @args: arguments of kdbusctl, the first being the command, and NULL
 * @output: gets that, for free(), or NULL if it was not run
 *
 * Return: exit status.
 */
int ask_for_output(const struct options *options, const char *const args[], char **output)
{
	const char *argv[ARGS_MAX + 3];
	int status;

	*output = NULL;
	if (files_elsewhere())
		return fail(options, EXIT_PROBLEM, "with --root, only root may do that");
	add_pkexec(argv, args);
	status = run_for_output(argv, output);
	if (!is_refused(status))
		return status;
	free(*output);
	*output = NULL;
	return refused(options, args);
}
