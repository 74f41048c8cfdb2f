// SPDX-License-Identifier: GPL-2.0-only
/*
 * Machines whose buses are served by dbus-broker, such as Fedora's: an alias,
 * dbus.service, says which of two services it is.  It is changed at the user's
 * explicit word only, and what it was is noted, for the way back.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker.h"
#include "bus.h"
#include "machine.h"

/* kdbus-rollback reads it too: where the alias pointed, or "none". */
static const char *note_file(enum units units)
{
	return path_of(STATE_DIR "/replaced-broker.%s",
		       units == UNITS_SYSTEM ? "system" : "user");
}

static const char *alias_file(enum units units)
{
	return path_of("/etc/systemd/%s/dbus.service",
		       units == UNITS_SYSTEM ? "system" : "user");
}

/* Whole or not at all: the machine may stop at any time. */
static bool write_note(enum units units)
{
	char target[TEXT_MAX], path[TEXT_MAX], new[TEXT_MAX + 4];
	const char *root = strcmp(files_root(), "/") ? files_root() : "";
	FILE *file;
	bool good;

	if (!file_link(alias_file(units), target, sizeof(target)))
		strcpy(target, "none");
	snprintf(path, sizeof(path), "%s%s", root, note_file(units));
	snprintf(new, sizeof(new), "%s.new", path);
	mkdir(path_of("%s" STATE_DIR, root), 0755);
	file = fopen(new, "we");
	if (!file)
		return false;
	good = fprintf(file, "%s\n", target) > 0;
	good = !fflush(file) && !fsync(fileno(file)) && good;
	good = !fclose(file) && good;
	return good && !rename(new, path);
}

/*
 * Fedora has a unit of dbus-daemon beside that of dbus-broker, and an alias that
 * chooses.  Elsewhere the unit is dbus.service itself, which dbus-broker's alias
 * hides.
 */
static bool is_hidden(const char *dir)
{
	char target[TEXT_MAX];

	return unit_installed(dir, "dbus.service") &&
	       !file_link(path_of("/usr/lib/systemd/%s/dbus.service", dir), target,
			  sizeof(target));
}

/* What unit_systemctl() leaves out, others do, such as package managers. */
static void warn_of_reload(const struct options *options, enum units units)
{
	if (files_elsewhere() || access("/run/systemd/private", F_OK))
		return;
	if (units == UNITS_SYSTEM)
		say(options,
		    "restart the machine soon: if systemd reads its units again before that, as it does when packages are installed, it leaves the system bus, and nobody can log in");
	else
		say(options,
		    "users should log out soon: if their systemd reads its units again before that, it leaves their session bus");
}

/**
 * broker_make_way() - let dbus-daemon serve a bus, if dbus-broker does
 * @options: whether the user has said so
 * @units: the system bus, or session buses
 *
 * Return: exit status.
 */
int broker_make_way(const struct options *options, enum units units)
{
	const char *dir = units == UNITS_SYSTEM ? "system" : "user";
	const char *bus = units == UNITS_SYSTEM ? "system" : "session";
	bool beside = unit_installed(dir, "dbus-daemon.service");
	int status;

	if (strcmp(bus_broker(units != UNITS_SYSTEM), "dbus-broker"))
		return 0;
	if (units == UNITS_USER)
		return fail(options, EXIT_PROBLEM,
			    "dbus-broker serves session buses here, and does not know kdbus; to let dbus-daemon serve those of all users: kdbusctl enable session --global --replace-dbus-broker");
	if (!options->replace_broker)
		return fail(options, EXIT_PROBLEM,
			    "dbus-broker serves the %s bus here, and does not know kdbus; to let dbus-daemon serve it from now on: kdbusctl enable %s --replace-dbus-broker",
			    bus, bus);
	if (!beside && !is_hidden(dir))
		return fail(options, EXIT_PROBLEM,
			    "there is no unit of dbus-daemon to replace dbus-broker with: install dbus-daemon");
	if (!write_note(units))
		return fail(options, EXIT_PROBLEM, "cannot write %s: %s",
			    note_file(units), strerror(errno));
	status = beside ? unit_systemctl(options, units, "enable", "dbus-daemon.service") :
			  unit_systemctl(options, units, "disable", "dbus-broker.service");
	if (!status)
		warn_of_reload(options, units);
	return status;
}

/**
 * broker_is_replaced() - has dbus-broker made way before?
 * @units: the system bus, or session buses
 *
 * Return: true if so.
 */
bool broker_is_replaced(enum units units)
{
	return file_exists(note_file(units));
}

/**
 * broker_come_back() - let dbus-broker serve a bus again, if it did
 * @options: whether the answer is for programs
 * @units: the system bus, or session buses
 *
 * Return: exit status.
 */
int broker_come_back(const struct options *options, enum units units)
{
	int status;

	if (!file_exists(note_file(units)))
		return 0;
	if (!unit_installed(units == UNITS_SYSTEM ? "system" : "user",
			    "dbus-broker.service")) {
		say(options, "dbus-broker is gone, so dbus-daemon goes on to serve the %s bus",
		    units == UNITS_SYSTEM ? "system" : "session");
	} else {
		status = unit_systemctl(options, units, "enable", "dbus-broker.service");
		if (status)
			return status;
		warn_of_reload(options, units);
	}
	if (!file_remove(note_file(units)))
		return fail(options, EXIT_PROBLEM, "cannot remove %s: %s",
			    note_file(units), strerror(errno));
	return 0;
}
