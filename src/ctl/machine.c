// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of kdbus there is on the machine.  Files alone are asked, so that the
 * answer is the same from a rescue shell, in a chroot, or where no bus runs.
 */

#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "run.h"

#define DPKG_STATUS	"/var/lib/dpkg/status"
#define SECURE_BOOT \
	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static int read_number(const char *path)
{
	char text[TEXT_MAX];

	return file_read(path, text, sizeof(text)) ? atoi(text) : 0;
}

/* Four bytes of attributes, and one that says it. */
static bool secure_boot(void)
{
	FILE *file = file_open(SECURE_BOOT);
	char bytes[5] = "";
	bool on;

	if (!file)
		return false;
	on = fread(bytes, 1, sizeof(bytes), file) == sizeof(bytes) && bytes[4] == 1;
	fclose(file);
	return on;
}

static bool locked_down(void)
{
	char text[TEXT_MAX];

	return file_read("/sys/kernel/security/lockdown", text, sizeof(text)) &&
	       !strstr(text, "[none]");
}

static bool enforces_signatures(void)
{
	char text[TEXT_MAX];

	return file_read("/sys/module/module/parameters/sig_enforce", text,
			 sizeof(text)) && *text == 'Y';
}

/* A list, as the kernel splits it. */
static bool blacklisted(char *command_line)
{
	static const char option[] = "module_blacklist=";
	char *word, *name, *words, *names;

	for (word = strtok_r(command_line, " \t", &words); word;
	     word = strtok_r(NULL, " \t", &words)) {
		if (strncmp(word, option, strlen(option)))
			continue;
		for (name = strtok_r(word + strlen(option), ",", &names); name;
		     name = strtok_r(NULL, ",", &names))
			if (!strcmp(name, "kdbus"))
				return true;
	}
	return false;
}

static void find_module_file(struct module *module, const char *release)
{
	static const char * const dirs[] = {
		"updates/dkms", "updates", "extra", "weak-updates", "kernel/net/kdbus",
	};
	static const char * const suffixes[] = { "", ".xz", ".zst", ".gz" };
	const char *path;
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		for (j = 0; j < ARRAY_SIZE(suffixes); j++) {
			path = path_of("/lib/modules/%s/%s/kdbus.ko%s", release,
				       dirs[i], suffixes[j]);
			if (*module->file || !file_exists(path))
				continue;
			snprintf(module->file, sizeof(module->file), "%s", path);
		}
}

static void ask_modinfo(const struct module *module, const char *field, char *text)
{
	const char *file = path_of("%s/%s", files_root(), module->file);
	const char *const argv[] = { "modinfo", "-F", field, file, NULL };
	/* It is not in the PATH of users. */
	const char *const sbin[] = { "/sbin/modinfo", "-F", field, file, NULL };

	if (!run_capture(argv, text, TEXT_MAX))
		run_capture(sbin, text, TEXT_MAX);
}

static void look_at_module(struct machine *machine)
{
	struct module *module = &machine->module;
	char placeholder[TEXT_MAX];

	module->family = read_number(FAMILY_FILE);
	module->loaded = module->family > 0;
	file_read("/sys/module/kdbus/version", module->version,
		  sizeof(module->version));
	module->registered = file_exists("/var/lib/dkms/kdbus");
	if (*machine->release)
		find_module_file(module, machine->release);
	if (!*module->file)
		return;
	ask_modinfo(module, "version", module->file_version);
	ask_modinfo(module, "vermagic", module->vermagic);
	ask_modinfo(module, "signer", module->signer);
	ask_modinfo(module, "placeholder", placeholder);
	module->placeholder = *placeholder == 'Y';
}

static bool dpkg_knows_dbus(void)
{
	static const char field[] = "Package: ";
	FILE *file = file_open(DPKG_STATUS);
	bool known = false;
	char line[512];

	if (!file)
		return false;
	while (!known && fgets(line, sizeof(line), file))
		known = !strncmp(line, field, strlen(field)) && strstr(line, "dbus");
	fclose(file);
	return known;
}

/* The other's may be there, too: Fedora has dpkg, with a list of nothing. */
static enum packager find_packager(void)
{
	bool dpkg = file_exists(DPKG_STATUS);
	bool rpm = file_exists("/usr/lib/sysimage/rpm") || file_exists("/var/lib/rpm");

	if (dpkg && (!rpm || dpkg_knows_dbus()))
		return PACKAGER_APT;
	if (file_exists("/usr/bin/zypper"))
		return PACKAGER_ZYPPER;
	if (file_exists("/usr/bin/dnf") || file_exists("/usr/bin/dnf5"))
		return PACKAGER_DNF;
	return dpkg ? PACKAGER_APT : PACKAGER_NONE;
}

static bool has_stock(void)
{
	const char * const dirs[] = STOCK_DIRS;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		if (dir_has(dirs[i], ".deb") || dir_has(dirs[i], ".rpm"))
			return true;
	return false;
}

/* Of dpkg's list: a paragraph for each package, beginning with its name. */
static bool installed_version(const char *package, char *version)
{
	FILE *file = file_open(DPKG_STATUS);
	bool named = false, found = false;
	char line[512], name[128];

	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Package: %127s", name) == 1)
			named = !strcmp(name, package);
		found = named && sscanf(line, "Version: %127s", version) == 1;
	}
	fclose(file);
	return found;
}

/* Of a name like "dbus-daemon_1.14.10-1_amd64.deb"; dbus has no epoch there. */
static bool kept_version(const char *package, char *version)
{
	DIR *dir = file_dir(STATE_DIR "/stock");
	size_t length = strlen(package);
	struct dirent *entry;
	bool found = false;

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = !strncmp(entry->d_name, package, length) &&
			sscanf(entry->d_name + length, "_%127[^_]_", version) == 1;
	closedir(dir);
	return found;
}

/* rpm's list is no text, so of its packages nobody knows here. */
static bool is_updated(const char *package)
{
	char installed[128], kept[128], nothing[TEXT_MAX];
	const char *const argv[] = {
		"dpkg", "--compare-versions", installed, "gt", kept, NULL,
	};

	return installed_version(package, installed) &&
	       kept_version(package, kept) &&
	       run_capture(argv, nothing, sizeof(nothing));
}

/**
 * machine_look() - look at everything that is not particular to a bus
 * @machine: gets what is found
 */
void machine_look(struct machine *machine)
{
	char text[4096];

	memset(machine, 0, sizeof(*machine));
	file_read("/proc/sys/kernel/osrelease", machine->release,
		  sizeof(machine->release));
	file_read("/proc/cmdline", text, sizeof(text));
	machine->off = text_has_word(text, "kdbus=off");
	machine->blacklisted = blacklisted(text);
	machine->must_sign = locked_down() || secure_boot() || enforces_signatures();
	machine->sealed = read_number("/proc/sys/kernel/modules_disabled") > 0;
	machine->container = file_exists("/run/systemd/container");
	look_at_module(machine);
	file_read("/usr/lib/kdbus/dbus-daemon.patched", machine->daemon,
		  sizeof(machine->daemon));
	file_read("/usr/lib/kdbus/libdbus.patched", machine->library,
		  sizeof(machine->library));
	machine->units = unit_installed("system", SYSTEM_UNIT) &&
			 unit_installed("user", SESSION_UNIT);
	machine->stock = has_stock();
	machine->daemon_updated = !*machine->daemon && is_updated("dbus-daemon");
	machine->library_updated = !*machine->library && is_updated("libdbus-1-3");
	machine->failed_boots = read_number(BOOT_COUNT);
	file_read(OFF_FILE, machine->given_up, sizeof(machine->given_up));
	if (!*machine->given_up && file_exists(OFF_FILE))
		strcpy(machine->given_up, OFF_WITHOUT_WORDS);
	machine->packager = find_packager();
}

/**
 * unit_installed() - is there a unit file?
 * @dir: "system" or "user"
 * @unit: the unit
 *
 * Return: true if so.
 */
bool unit_installed(const char *dir, const char *unit)
{
	return file_exists(path_of("/usr/lib/systemd/%s/%s", dir, unit)) ||
	       file_exists(path_of("/lib/systemd/%s/%s", dir, unit));
}

static bool is_dependency_dir(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot && (!strcmp(dot, ".wants") || !strcmp(dot, ".requires"));
}

/**
 * unit_wanted() - is a unit enabled?
 * @dir: where links say so, such as /etc/systemd/system
 * @unit: the unit
 *
 * Return: true if something there wants or requires it.
 */
bool unit_wanted(const char *dir, const char *unit)
{
	DIR *stream = file_dir(dir);
	struct dirent *entry;
	bool found = false;

	if (!stream)
		return false;
	while (!found && (entry = readdir(stream)))
		found = is_dependency_dir(entry->d_name) &&
			file_exists(path_of("%s/%s/%s", dir, entry->d_name, unit));
	closedir(stream);
	return found;
}

/**
 * packager_install() - the command that installs packages
 * @packager: with what
 *
 * Return: the beginning of the command.
 */
const char *packager_install(enum packager packager)
{
	switch (packager) {
	case PACKAGER_APT:
		return "apt install";
	case PACKAGER_DNF:
		return "dnf install";
	case PACKAGER_ZYPPER:
		return "zypper install";
	case PACKAGER_NONE:
		break;
	}
	return "install these packages:";
}
