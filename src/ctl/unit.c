// SPDX-License-Identifier: GPL-2.0-only
/* Switching units on and off. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"
#include "run.h"
#include "unit.h"

/* Without a service manager to talk to, systemctl changes the links itself, as
 * long as it knows.
 */
static void work_offline(enum units units)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	const char *manager = "/run/systemd/private";

	if (units == UNITS_USER)
		manager = path_of("%s/systemd/private", dir ? dir : "/nonexistent");
	if (!files_elsewhere() && access(manager, F_OK))
		setenv("SYSTEMD_OFFLINE", "1", 1);
}

/**
 * unit_systemctl() - let systemctl change something about a unit
 * @options: whether the answer is for programs
 * @units: whose unit
 * @verb: what to do
 * @unit: the unit
 *
 * Nothing counts before the next boot or login, and the service managers that run
 * must not read it earlier: one that finds another dbus.service than the one that
 * runs takes the bus for dead, and leaves it.
 *
 * Return: exit status.
 */
int unit_systemctl(const struct options *options, enum units units,
		   const char *verb, const char *unit)
{
	const char *argv[10] = {
		"systemctl", "--quiet", "--no-ask-password", "--no-reload",
	};
	int n = 4, status;
	char root[4096];

	if (files_elsewhere()) {
		snprintf(root, sizeof(root), "--root=%s", files_root());
		argv[n++] = root;
	}
	if (units != UNITS_SYSTEM)
		argv[n++] = units == UNITS_USER ? "--user" : "--global";
	argv[n++] = verb;
	if (!strcmp(verb, "enable"))
		argv[n++] = "--force";
	argv[n++] = unit;
	work_offline(units);
	status = run_program(argv);
	unsetenv("SYSTEMD_OFFLINE");
	if (status)
		return fail(options, EXIT_PROBLEM, "systemctl cannot %s %s (status %d)",
			    verb, unit, status);
	return 0;
}

static const char *own_unit(enum units units, const char *unit)
{
	return path_of("/etc/systemd/%s/%s",
		       units == UNITS_SYSTEM ? "system" : "user", unit);
}

/**
 * unit_enable() - switch a unit of ours on
 * @options: whether the answer is for programs
 * @units: whose unit
 * @unit: the unit
 *
 * Return: exit status.
 */
int unit_enable(const struct options *options, enum units units, const char *unit)
{
	int status;

	if (!unit_installed(units == UNITS_SYSTEM ? "system" : "user", unit))
		return fail(options, EXIT_PROBLEM, "%s is not installed", unit);
	/* kdbus-rollback masks what it cannot reach. */
	if (units == UNITS_USER && file_is_masked(own_unit(units, unit)))
		return fail(options, EXIT_PROBLEM,
			    "the administrator has masked %s; this undoes it: kdbusctl enable session --global",
			    unit);
	/* Of users, systemctl knows best where they keep their units. */
	if (units == UNITS_USER || file_is_masked(own_unit(units, unit))) {
		status = unit_systemctl(options, units, "unmask", unit);
		if (status)
			return status;
	}
	return unit_systemctl(options, units, "enable", unit);
}

/**
 * unit_disable() - switch a unit of ours off
 * @options: whether the answer is for programs
 * @units: whose unit
 * @unit: the unit
 *
 * Return: exit status.
 */
int unit_disable(const struct options *options, enum units units, const char *unit)
{
	/* Links may outlive the unit. */
	return unit_systemctl(options, units, "disable", unit);
}
