// SPDX-License-Identifier: GPL-2.0-only
/* kdbusctl: look at kdbus, switch it on and off. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "files.h"

static const struct {
	const char *name;
	int (*run)(const struct options *options, int argc, char **argv);
} commands[] = {
	{ "status", command_status },
	{ "doctor", command_doctor },
	{ "enable", command_enable },
	{ "disable", command_disable },
	{ "fastpath", command_fastpath },
	{ "rollback", command_rollback },
	{ "version", command_version },
};

static const char usage[] =
"usage: kdbusctl [OPTION]... COMMAND\n"
"\n"
"  status                      which bus is on kdbus, who is connected how, why not\n"
"  doctor                      check everything that can be wrong, and how to mend it\n"
"  enable system|session|--all     switch a bus on, from the next boot or login\n"
"  disable system|session|--all    switch it off\n"
"  fastpath on|off BUS|--all   let the kernel deliver messages or not, at once;\n"
"                              BUS is system, session or its number\n"
"  rollback [-- OPTION...]     back to plain dbus: see kdbus-rollback(8)\n"
"  version                     of everything there is\n"
"\n"
"      --json                  answer in JSON\n"
"      --all                   every bus\n"
"      --global                with session: of all users (as root, always)\n"
"      --replace-dbus-broker   with enable: let dbus-daemon serve the bus instead\n"
"      --root=DIR              look at the system in DIR, which does not run, or\n"
"                              switch it\n"
"      --version               show the version of kdbusctl\n"
"  -h, --help                  show this\n";

/* Options of rollback come after "--", and are kdbus-rollback's. */
static int wrong_option(const struct options *options, const char *command)
{
	if (command && !strcmp(command, "rollback"))
		return fail(options, EXIT_USAGE,
			    "an option makes no sense; those of kdbus-rollback come after '--': kdbusctl rollback -- OPTION...");
	return fail(options, EXIT_USAGE,
		    "an option makes no sense; kdbusctl --help lists what there is");
}

static int parse_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "all", no_argument, NULL, 'a' },
		{ "global", no_argument, NULL, 'g' },
		{ "replace-dbus-broker", no_argument, NULL, 'b' },
		{ "root", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *root = "/";
	bool wrong = false;
	int option, ret;

	while ((option = getopt_long(argc, argv, "h", known, NULL)) >= 0)
		switch (option) {
		case 'j':
			options->json = true;
			break;
		case 'a':
			options->all = true;
			break;
		case 'g':
			options->global = true;
			break;
		case 'b':
			options->replace_broker = true;
			break;
		case 'r':
			root = optarg;
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		case 'V':
			puts("kdbusctl " KDBUS_VERSION);
			exit(0);
		default:
			wrong = true;
		}
	if (wrong)
		return wrong_option(options, argv[optind]);
	ret = files_set_root(root);
	if (ret)
		return fail(options, EXIT_USAGE, "%s: %s", root, strerror(-ret));
	/*
	 * Polkit has let the user change this system.  A tree of his own may have
	 * links to anywhere.
	 */
	if (files_elsewhere() && getenv("PKEXEC_UID"))
		return fail(options, EXIT_PROBLEM,
			    "with --root, pkexec cannot run it: use sudo, or unset PKEXEC_UID in a shell of root");
	return 0;
}

static int run_command(const struct options *options, int argc, char **argv)
{
	size_t i;

	if (!argc && options->json)
		return fail(options, EXIT_USAGE, "there is no command");
	if (!argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(argv[0], commands[i].name))
			return commands[i].run(options, argc - 1, argv + 1);
	return fail(options, EXIT_USAGE,
		    "there is no command '%s'; kdbusctl --help lists what there is",
		    argv[0]);
}

/**
 * main() - do what the command line says
 * @argc: number of words
 * @argv: the words
 *
 * Return: exit status: 0 if all is well, 1 if not, 2 for a command line that
 * makes no sense.
 */
int main(int argc, char **argv)
{
	struct options options = { 0 };
	int status = parse_options(argc, argv, &options);

	if (!status)
		status = run_command(&options, argc - optind, argv + optind);
	/* A full disk must not pass for an answer. */
	if (fflush(stdout) || ferror(stdout)) {
		perror("kdbusctl: cannot write the answer");
		return EXIT_PROBLEM;
	}
	return status;
}
