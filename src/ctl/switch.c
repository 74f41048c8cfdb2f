// SPDX-License-Identifier: GPL-2.0-only
/*
 * "kdbusctl enable", "disable", "fastpath" and "rollback".
 *
 * What needs root is done by the same command once more, through pkexec, if the
 * user is somebody else.  Root never asks: polkit needs a system bus, and that
 * may be what is broken.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker.h"
#include "check.h"
#include "command.h"
#include "privilege.h"
#include "run.h"
#include "unit.h"

/**
 * struct target - the buses that a command is about
 * @system: the system bus
 * @session: session buses
 * @global: those of all users
 */
struct target {
	bool system;
	bool session;
	bool global;
};

static int parse_target(const struct options *options, int argc, char **argv,
			struct target *target)
{
	int i;

	memset(target, 0, sizeof(*target));
	target->system = options->all;
	target->session = options->all;
	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "system"))
			target->system = true;
		else if (!strcmp(argv[i], "session"))
			target->session = true;
		else
			return fail(options, EXIT_USAGE,
				    "there is no bus '%s', only 'system' and 'session'",
				    argv[i]);
	}
	if (!target->system && !target->session)
		return fail(options, EXIT_USAGE,
			    "which bus: system, session or --all?");
	/* Root has no session worth switching. */
	target->global = target->session && (options->global || !geteuid());
	return 0;
}

/* Says what to expect, since nothing shows before the next boot or login. */
static void warn_of_problems(const struct options *options, struct json_object *answer)
{
	static struct finding findings[FINDINGS_MAX];
	struct json_object *array = json_object_new_array();
	struct machine machine;
	size_t n, i;

	machine_look(&machine);
	n = check_machine(&machine, findings, FINDINGS_MAX);
	for (i = 0; i < n; i++) {
		if (findings[i].result < RESULT_HINDRANCE)
			continue;
		json_object_array_add(array,
				      json_object_new_string(findings[i].message));
		say(options, "but so far, %s", findings[i].message);
		if (*findings[i].mend)
			say(options, "  mend: %s", findings[i].mend);
	}
	json_object_object_add(answer, "problems", array);
}

/* What has failed before, or was rolled back, gets another chance. */
static int forget_failures(const struct options *options)
{
	if (!file_remove(BOOT_COUNT) || !file_remove(OFF_FILE))
		return fail(options, EXIT_PROBLEM, "cannot remove %s or %s: %s",
			    BOOT_COUNT, OFF_FILE, strerror(errno));
	return 0;
}

/* All of it or nothing. */
static int switch_on(const struct options *options, enum units units, const char *unit)
{
	bool replaced = broker_is_replaced(units);
	int status = broker_make_way(options, units);

	if (!status && units != UNITS_USER)
		status = forget_failures(options);
	if (!status)
		status = unit_enable(options, units, unit);
	if (status && !replaced)
		broker_come_back(options, units);
	return status;
}

static int enable_system(const struct options *options)
{
	const char *args[4] = { "enable", "system" };

	if (options->replace_broker)
		args[2] = "--replace-dbus-broker";
	if (must_ask())
		return ask(options, args);
	return switch_on(options, UNITS_SYSTEM, SYSTEM_UNIT);
}

static int enable_session(const struct options *options, bool global)
{
	const char *args[5] = { "enable", "session", "--global" };

	if (options->replace_broker)
		args[3] = "--replace-dbus-broker";
	if (global && must_ask())
		return ask(options, args);
	return switch_on(options, global ? UNITS_GLOBAL : UNITS_USER, SESSION_UNIT);
}

static int disable_system(const struct options *options)
{
	const char * const args[] = { "disable", "system", NULL };
	int status;

	if (must_ask())
		return ask(options, args);
	status = unit_disable(options, UNITS_SYSTEM, SYSTEM_UNIT);
	return status ? status : broker_come_back(options, UNITS_SYSTEM);
}

static int disable_session(const struct options *options, bool global)
{
	const char * const args[] = { "disable", "session", "--global", NULL };
	int status;

	if (!global)
		return unit_disable(options, UNITS_USER, SESSION_UNIT);
	if (must_ask())
		return ask(options, args);
	status = unit_disable(options, UNITS_GLOBAL, SESSION_UNIT);
	return status ? status : broker_come_back(options, UNITS_GLOBAL);
}

static bool session_is_enabled(bool global)
{
	const char * const argv[] = {
		"systemctl", "--user", "--quiet", "is-enabled", SESSION_UNIT, NULL,
	};

	return global ? unit_wanted("/etc/systemd/user", SESSION_UNIT) :
			!run_quietly(argv);
}

/* Of root, in one question. */
static int ask_to_enable_both(const struct options *options)
{
	const char *args[5] = { "enable", "--all", "--global" };

	if (options->replace_broker)
		args[3] = "--replace-dbus-broker";
	return ask(options, args);
}

static int ask_to_disable_both(const struct options *options)
{
	const char * const args[] = { "disable", "--all", "--global", NULL };

	return ask(options, args);
}

/* Session buses first, which are taken back if the system bus cannot follow. */
static int enable_both(const struct options *options, bool global)
{
	bool enabled, replaced;
	int status;

	if (global && must_ask())
		return ask_to_enable_both(options);
	enabled = session_is_enabled(global);
	replaced = broker_is_replaced(UNITS_GLOBAL);
	status = enable_session(options, global);
	if (status)
		return status;
	status = enable_system(options);
	if (!status)
		return 0;
	if (!enabled)
		disable_session(options, global);
	else if (global && !replaced)
		broker_come_back(options, UNITS_GLOBAL);
	return status;
}

/* What the user has not switched on, the user alone cannot switch off. */
static int check_still_on(const struct options *options)
{
	struct bus *buses;
	size_t n = buses_look(&buses), i;
	bool on = false;

	for (i = 0; i < n; i++)
		if (buses[i].kind == BUS_SESSION && buses[i].uid == getuid())
			on = buses[i].for_all && !buses[i].masked;
	free(buses);
	if (!on)
		return 0;
	return fail(options, EXIT_PROBLEM,
		    "session buses are switched on for all users, so yours stays on; to switch off those of all: sudo kdbusctl disable session --global; or yours alone: systemctl --user mask %s",
		    SESSION_UNIT);
}

/* What users have switched on is in their homes, which need not be there. */
static void say_who_keeps_it(const struct options *options)
{
	if (!file_is_masked("/etc/systemd/user/" SESSION_UNIT))
		say(options,
		    "  but users who have switched on their own keep it; to switch off those as well: systemctl --global mask %s",
		    SESSION_UNIT);
}

/* Of what root was asked to do, root's kdbusctl has spoken. */
static void say_what_next(const struct options *options, const struct target *target,
			  const char *state)
{
	if (target->system && !must_ask())
		say(options, "system bus: switched %s from the next boot", state);
	if (target->session && !(target->global && must_ask()))
		say(options, "session bus%s: switched %s from the next login",
		    target->global ? " of all users" : "", state);
}

static struct json_object *answer_for(const struct target *target, bool enabled)
{
	struct json_object *object = json_object_new_object();

	if (target->system)
		add_bool(object, "system", enabled);
	if (target->session)
		add_bool(object, target->global ? "session_of_all" : "session",
			 enabled);
	return object;
}

/**
 * command_enable() - switch buses on
 * @options: what the command line says
 * @argc: number of arguments
 * @argv: names of buses
 *
 * Return: exit status.
 */
int command_enable(const struct options *options, int argc, char **argv)
{
	struct json_object *answer;
	struct target target;
	int status = parse_target(options, argc, argv, &target);

	if (status)
		return status;
	if (!target.system)
		status = enable_session(options, target.global);
	else if (!target.session)
		status = enable_system(options);
	else
		status = enable_both(options, target.global);
	if (status)
		return status;
	answer = answer_for(&target, true);
	say_what_next(options, &target, "on");
	/* The same for what may be wrong; but programs have not heard it. */
	if (options->json || !must_ask() || !(target.system || target.global))
		warn_of_problems(options, answer);
	if (options->json)
		print_json(answer);
	else
		json_object_put(answer);
	return 0;
}

/**
 * command_disable() - switch buses off
 * @options: what the command line says
 * @argc: number of arguments
 * @argv: names of buses
 *
 * Return: exit status.
 */
int command_disable(const struct options *options, int argc, char **argv)
{
	struct target target;
	int status = parse_target(options, argc, argv, &target);
	int system = 0;

	if (status)
		return status;
	if (target.system && target.global && must_ask()) {
		status = ask_to_disable_both(options);
	} else {
		if (target.session)
			status = disable_session(options, target.global);
		if (target.session && !target.global && !status)
			status = check_still_on(options);
		/* Whatever is wrong with one bus, the other does not have to suffer it. */
		if (target.system)
			system = disable_system(options);
	}
	target.session = target.session && !status;
	target.system = target.system && !system;
	say_what_next(options, &target, "off");
	if (target.session && target.global && !must_ask())
		say_who_keeps_it(options);
	if (status || system)
		return status ? status : system;
	if (options->json)
		print_json(answer_for(&target, false));
	return 0;
}

static bool is_named(const struct bus *bus, const char *name)
{
	char *end;

	if (!strcmp(name, "system"))
		return bus->kind == BUS_SYSTEM;
	if (!strcmp(name, "session"))
		return bus->kind == BUS_SESSION && bus->uid == getuid();
	return bus->in_kernel && bus->kernel.id == strtoull(name, &end, 10) &&
	       end != name && !*end;
}

static int switch_fastpath(const struct options *options, const struct bus *bus,
			   const char *state)
{
	const char *args[4] = { "fastpath", state };
	char id[24];
	int ret = kernel_fastpath(bus->kernel.id, !strcmp(state, "on"));

	if ((ret == -EPERM || ret == -EACCES) && must_ask()) {
		snprintf(id, sizeof(id), "%llu", bus->kernel.id);
		args[2] = id;
		return ask(options, args);
	}
	/* It has ended since it was looked at. */
	if (ret == -ENOENT && options->all)
		return 0;
	if (ret)
		return fail(options, EXIT_PROBLEM, "cannot switch the fast path of the %s: %s",
			    bus_title(bus), strerror(-ret));
	say(options, "%s: fast path %s", bus_title(bus),
	    strcmp(state, "on") ? "off, every message goes through dbus-daemon" : "on");
	return 0;
}

/**
 * command_fastpath() - let the module deliver messages, or not, at once
 * @options: what the command line says
 * @argc: number of arguments
 * @argv: "on" or "off", and the bus
 *
 * Return: exit status.
 */
int command_fastpath(const struct options *options, int argc, char **argv)
{
	struct bus *buses;
	size_t n, i, matched = 0;
	int status = 0, ret;

	if (argc < 1 || (strcmp(argv[0], "on") && strcmp(argv[0], "off")) ||
	    argc != (options->all ? 1 : 2))
		return fail(options, EXIT_USAGE,
			    "usage: kdbusctl fastpath on|off system|session|NUMBER|--all");
	if (files_elsewhere())
		return fail(options, EXIT_USAGE, "fastpath is for the running system");
	n = buses_look(&buses);
	for (i = 0; i < n; i++) {
		if (!buses[i].in_kernel ||
		    (!options->all && !is_named(&buses[i], argv[1])))
			continue;
		matched++;
		/* One that cannot be switched must not keep the others. */
		ret = switch_fastpath(options, &buses[i], argv[0]);
		status = status ? status : ret;
	}
	if (status)
		return status;
	if (!matched && !options->all)
		return fail(options, EXIT_PROBLEM, "the module has no bus '%s'",
			    argv[1]);
	if (options->json) {
		struct json_object *answer = json_object_new_object();

		add_number(answer, "buses", matched);
		add_bool(answer, "fastpath", !strcmp(argv[0], "on"));
		print_json(answer);
	}
	return 0;
}

/* What polkit grants is for the running system alone; see parse_options(). */
static bool names_root(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (!strncmp(argv[i], "--root", strlen("--root")))
			return true;
	return false;
}

static bool wants_help(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

/* What kdbus-rollback has said is not lost, whatever the answer is. */
static int answer_rollback(const struct options *options, bool done, int status,
			   char *output)
{
	struct json_object *answer, *lines;
	char *rest = output, *line;

	/* It was never run, and somebody has said so. */
	if (!output)
		return status;
	answer = json_object_new_object();
	lines = json_object_new_array();
	while ((line = strsep(&rest, "\n")))
		if (rest || *line)
			json_object_array_add(lines, json_object_new_string(line));
	free(output);
	add_bool(answer, "rolled_back", done && !status);
	json_object_object_add(answer, "output", lines);
	if (status)
		return fail_with(options, status, answer,
				 "kdbus-rollback has failed with status %d", status);
	print_json(answer);
	return 0;
}

static int not_run(const struct options *options)
{
	return fail(options, EXIT_PROBLEM,
		    SBINDIR "/kdbus-rollback could not be run: install the package kdbus again");
}

/*
 * It ends with 0, 1 or 2.  pkexec, through which a user may have asked for it, ends
 * with these as well, and means that it was refused.
 */
static bool is_not_run(int status)
{
	return status == STATUS_NOT_EXECUTABLE || status == STATUS_NOT_FOUND;
}

static int run_rollback(const struct options *options, const char *const argv[])
{
	int status = run_program(argv);

	return is_not_run(status) ? not_run(options) : status;
}

static int run_rollback_for_output(const struct options *options,
				   const char *const argv[], char **output)
{
	int status = run_for_output(argv, output);

	if (!is_not_run(status))
		return status;
	free(*output);
	*output = NULL;
	return not_run(options);
}

/**
 * command_rollback() - run kdbus-rollback
 * @options: what the command line says
 * @argc: number of arguments
 * @argv: for kdbus-rollback, after "--"
 *
 * Return: exit status.
 */
int command_rollback(const struct options *options, int argc, char **argv)
{
	const char *args[8] = { "rollback", "--" };
	const char *root[8] = { SBINDIR "/kdbus-rollback" };
	bool help = wants_help(argc, argv);
	char *output = NULL;
	int i, n = 1, status;

	if (argc > 4)
		return fail(options, EXIT_USAGE, "too many arguments");
	if (names_root(argc, argv) && (must_ask() || getenv("PKEXEC_UID")))
		return fail(options, EXIT_PROBLEM,
			    "with --root, only root may do that, and not by pkexec");
	if (files_elsewhere()) {
		root[n++] = "--root";
		root[n++] = files_root();
	}
	for (i = 0; i < argc; i++) {
		args[i + 2] = argv[i];
		root[n++] = argv[i];
	}
	if (!options->json)
		return must_ask() && !help ? ask(options, args) :
					     run_rollback(options, root);
	status = must_ask() && !help ? ask_for_output(options, args, &output) :
				       run_rollback_for_output(options, root, &output);
	return answer_rollback(options, !help, status, output);
}
