// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be wrong with the machine, and how to mend it.  The order is that of
 * causes: the first problem is what to mend first.
 */

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

/* What DKMS signs with, and how to make the machine trust it. */
#define MOK	"/var/lib/dkms/mok.pub"
#define ENROL	"mokutil --import " MOK
/* Exit statuses for what is enrolled differ between versions, the words do not. */
#define ENROLLED	"mokutil --test-key " MOK " | grep -q 'already enrolled'"

/**
 * struct check - something to look at
 * @name: short and stable, for programs
 * @good: what to say if all is well
 * @look: returns false if it is not, and says so in the finding
 */
struct check {
	const char *name;
	const char *good;
	bool (*look)(const struct machine *machine, struct finding *finding);
};

__printf(3, 4)
static bool found(struct finding *finding, enum result result, const char *format, ...)
{
	va_list args;

	finding->result = result;
	va_start(args, format);
	vsnprintf(finding->message, sizeof(finding->message), format, args);
	va_end(args);
	return false;
}

__printf(2, 3)
static void mend(struct finding *finding, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(finding->mend, sizeof(finding->mend), format, args);
	va_end(args);
}

static bool skip(struct finding *finding)
{
	finding->result = RESULT_SKIPPED;
	return false;
}

static bool check_command_line(const struct machine *machine, struct finding *finding)
{
	if (!machine->off)
		return true;
	mend(finding, "take kdbus=off out of the boot loader's configuration and reboot");
	return found(finding, RESULT_HINDRANCE, "the kernel's command line has kdbus=off");
}

static bool check_container(const struct machine *machine, struct finding *finding)
{
	if (!machine->container)
		return true;
	return found(finding, RESULT_HINDRANCE,
		     "this is a container, where buses stay plain");
}

/* In the words of kdbus-rollback, or of kdbus-switch, which has two reasons. */
static bool check_given_up(const char *reason, struct finding *finding)
{
	if (!strncmp(reason, "kdbus-rollback", strlen("kdbus-rollback"))) {
		mend(finding, "kdbusctl enable --all");
		return found(finding, RESULT_HINDRANCE, "%s", reason);
	}
	if (!strncmp(reason, "cannot write", strlen("cannot write")))
		mend(finding, "make room on /var or mount it writable, then reboot");
	else if (!strcmp(reason, OFF_WITHOUT_WORDS))
		mend(finding, "make room on /run, then kdbusctl enable --all");
	else
		mend(finding, "see journalctl -b -1, then kdbusctl enable --all");
	return found(finding, RESULT_PROBLEM, "%s", reason);
}

static bool check_boots(const struct machine *machine, struct finding *finding)
{
	if (*machine->given_up)
		return check_given_up(machine->given_up, finding);
	if (!machine->failed_boots)
		return true;
	return found(finding, RESULT_NOTE,
		     "a boot with kdbus has not come up, or not yet; after two it is switched off");
}

static bool check_units(const struct machine *machine, struct finding *finding)
{
	if (machine->units)
		return true;
	mend(finding, "%s kdbus", packager_install(machine->packager));
	return found(finding, RESULT_PROBLEM, "the systemd units are not installed");
}

/*
 * That packages to go back to are there does not say that it ever was the patched
 * one: with dnf, that comes by the next upgrade.
 */
static bool check_patched(const struct machine *machine, struct finding *finding,
			  const char *what, const char *version, bool updated)
{
	bool apt = machine->packager == PACKAGER_APT;

	if (*version)
		return true;
	mend(finding, apt ? "apt update && apt full-upgrade" :
	     machine->packager == PACKAGER_ZYPPER ? "zypper dup" : "dnf upgrade");
	if (updated)
		return found(finding, RESULT_PROBLEM,
			     "%s is the distribution's: an update has replaced the patched one",
			     what);
	if (!machine->stock)
		mend(finding, "%s %s", packager_install(machine->packager),
		     apt ? "dbus-daemon libdbus-1-3" : "dbus-daemon dbus-libs");
	return found(finding, RESULT_PROBLEM,
		     "%s is the distribution's, not the patched one", what);
}

static bool check_daemon(const struct machine *machine, struct finding *finding)
{
	return check_patched(machine, finding, "dbus-daemon", machine->daemon,
			     machine->daemon_updated);
}

static bool check_library(const struct machine *machine, struct finding *finding)
{
	return check_patched(machine, finding, "libdbus", machine->library,
			     machine->library_updated);
}

static bool check_same_version(const struct machine *machine, struct finding *finding)
{
	if (!*machine->daemon || !*machine->library)
		return skip(finding);
	if (!strcmp(machine->daemon, machine->library))
		return true;
	mend(finding, machine->packager == PACKAGER_APT ? "apt update && apt full-upgrade" :
	     machine->packager == PACKAGER_ZYPPER ? "zypper dup" : "dnf distro-sync");
	return found(finding, RESULT_PROBLEM,
		     "dbus-daemon %s and libdbus %s are not of one version",
		     machine->daemon, machine->library);
}

/* What follows is about the module, and needs to know for which kernel. */
static bool no_kernel(const struct machine *machine)
{
	return !*machine->release || machine->container;
}

static const char *build_tools(const struct machine *machine)
{
	switch (machine->packager) {
	case PACKAGER_APT:
		return path_of("apt install linux-headers-%s", machine->release);
	case PACKAGER_DNF:
		return path_of("dnf install kernel-devel-%s", machine->release);
	default:
		return "zypper install kernel-default-devel";
	}
}

static bool check_module_file(const struct machine *machine, struct finding *finding)
{
	const struct module *module = &machine->module;

	if (no_kernel(machine))
		return skip(finding);
	if (module->loaded || *module->file)
		return true;
	found(finding, RESULT_PROBLEM, "there is no module for the running kernel %s",
	      machine->release);
	if (!module->registered)
		mend(finding, "%s kdbus-dkms", packager_install(machine->packager));
	else if (!file_exists(path_of("/lib/modules/%s/build/Makefile",
				      machine->release)))
		mend(finding, "%s && dkms autoinstall -k %s", build_tools(machine),
		     machine->release);
	else
		mend(finding, "dkms autoinstall -k %s; then see %s", machine->release,
		     "/var/lib/dkms/kdbus/*/build/make.log");
	return false;
}

static bool check_placeholder(const struct machine *machine, struct finding *finding)
{
	if (no_kernel(machine) || !*machine->module.file)
		return skip(finding);
	if (!machine->module.placeholder)
		return true;
	mend(finding, "boot another kernel; why is in /var/lib/dkms/kdbus/*/%s/*/log/make.log",
	     machine->release);
	return found(finding, RESULT_PROBLEM,
		     "the module could not be built for %s, there is only a placeholder",
		     machine->release);
}

static bool check_vermagic(const struct machine *machine, struct finding *finding)
{
	const struct module *module = &machine->module;
	size_t length = strlen(machine->release);

	if (no_kernel(machine) || !*module->vermagic || module->placeholder)
		return skip(finding);
	if (!strncmp(module->vermagic, machine->release, length) &&
	    strchr(" ", module->vermagic[length]))
		return true;
	mend(finding, "dkms install --force kdbus/%s -k %s", module->file_version,
	     machine->release);
	return found(finding, RESULT_PROBLEM, "%s was built for %.*s, not for %s",
		     module->file, (int)strcspn(module->vermagic, " "),
		     module->vermagic, machine->release);
}

static bool check_signature(const struct machine *machine, struct finding *finding)
{
	const struct module *module = &machine->module;

	if (no_kernel(machine) || !*module->file || module->placeholder)
		return skip(finding);
	if (module->loaded || !machine->must_sign)
		return true;
	if (!*module->signer) {
		mend(finding, "%s && dkms install --force kdbus/%s", ENROL,
		     module->file_version);
		return found(finding, RESULT_PROBLEM,
			     "this kernel loads signed modules only, and %s has no signature",
			     module->file);
	}
	mend(finding, ENROLLED " || " ENROL);
	return found(finding, RESULT_HINDRANCE,
		     "the module is signed by '%s', which this machine has to have enrolled",
		     module->signer);
}

static bool line_forbids(const char *line)
{
	char word[32], name[32];

	/* "blacklist" is about aliases, and not about who asks for the module. */
	return sscanf(line, "%31s %31s", word, name) == 2 &&
	       !strcmp(name, "kdbus") && !strcmp(word, "install");
}

static bool file_forbids(const char *path)
{
	FILE *file = file_open(path);
	bool forbids = false;
	char line[512];

	if (!file)
		return false;
	while (!forbids && fgets(line, sizeof(line), file))
		forbids = line_forbids(line);
	fclose(file);
	return forbids;
}

static bool dir_forbids(const char *path, struct finding *finding)
{
	DIR *dir = file_dir(path);
	struct dirent *entry;
	const char *file;
	bool forbids = false;

	if (!dir)
		return false;
	while (!forbids && (entry = readdir(dir))) {
		/* modprobe reads no others. */
		if (!name_ends(entry->d_name, ".conf"))
			continue;
		file = path_of("%s/%s", path, entry->d_name);
		forbids = file_forbids(file);
		if (!forbids)
			continue;
		found(finding, RESULT_PROBLEM, "%s forbids to load the module", file);
		mend(finding, "take the line about kdbus out of %s", file);
	}
	closedir(dir);
	return forbids;
}

static bool check_forbidden(const struct machine *machine, struct finding *finding)
{
	if (no_kernel(machine))
		return skip(finding);
	if (machine->module.loaded)
		return true;
	if (machine->blacklisted) {
		mend(finding, "take kdbus out of the kernel's module_blacklist= and reboot");
		return found(finding, RESULT_PROBLEM,
			     "the kernel's command line forbids to load the module");
	}
	if (machine->sealed) {
		mend(finding, "load kdbus before something sets kernel.modules_disabled; reboot");
		return found(finding, RESULT_PROBLEM,
			     "this kernel loads no modules any more");
	}
	return !dir_forbids("/etc/modprobe.d", finding) &&
	       !dir_forbids("/run/modprobe.d", finding) &&
	       !dir_forbids("/usr/lib/modprobe.d", finding) &&
	       !dir_forbids("/lib/modprobe.d", finding);
}

static bool check_loaded(const struct machine *machine, struct finding *finding)
{
	if (no_kernel(machine) || (!machine->module.loaded && !*machine->module.file))
		return skip(finding);
	if (machine->module.loaded)
		return true;
	mend(finding, "modprobe kdbus");
	return found(finding, RESULT_NOTE,
		     "the module is not loaded: the units of the buses do that");
}

static bool check_loaded_version(const struct machine *machine, struct finding *finding)
{
	const struct module *module = &machine->module;

	if (!module->loaded || !*module->file_version)
		return skip(finding);
	if (!strcmp(module->version, module->file_version))
		return true;
	mend(finding, "reboot");
	return found(finding, RESULT_NOTE,
		     "the loaded module is of version %s, the installed one of %s",
		     module->version, module->file_version);
}

/* See bus_kdbus_is_mediated() in the patched dbus-daemon. */
static bool check_labels(const struct machine *machine, struct finding *finding)
{
	char text[TEXT_MAX];

	(void)machine;
	if (!file_read("/sys/module/apparmor/parameters/enabled", text,
		       sizeof(text)) || *text != 'Y' ||
	    !file_exists("/sys/kernel/security/apparmor/features/dbus/mask"))
		return true;
	return found(finding, RESULT_PROBLEM,
		     "AppArmor mediates D-Bus messages, which dbus-daemon alone can do");
}

static bool check_selinux(const struct machine *machine, struct finding *finding)
{
	char text[TEXT_MAX];

	/* Which modules it has is for root alone to see. */
	if (!file_read("/sys/fs/selinux/enforce", text, sizeof(text)) || geteuid())
		return skip(finding);
	if (*text != '1' ||
	    file_exists("/var/lib/selinux/targeted/active/modules/200/kdbus"))
		return true;
	mend(finding, "%s kdbus-selinux", packager_install(machine->packager));
	return found(finding, RESULT_PROBLEM,
		     "SELinux is enforcing, and does not know the sockets of kdbus");
}

static bool check_stock(const struct machine *machine, struct finding *finding)
{
	if (!*machine->daemon && !*machine->library)
		return skip(finding);
	if (machine->stock)
		return true;
	mend(finding, "%s kdbus-dbus-stock", packager_install(machine->packager));
	return found(finding, RESULT_NOTE,
		     "going back to the distribution's dbus packages will need the network");
}

static bool check_rollback(const struct machine *machine, struct finding *finding)
{
	if (file_exists("/usr/sbin/kdbus-rollback") ||
	    file_exists("/sbin/kdbus-rollback"))
		return true;
	mend(finding, "%s kdbus", packager_install(machine->packager));
	return found(finding, RESULT_PROBLEM, "kdbus-rollback is not installed");
}

static bool check_environment(const struct machine *machine, struct finding *finding)
{
	const char *kdbus = getenv("DBUS_KDBUS");

	(void)machine;
	if (files_elsewhere() || !kdbus || strcmp(kdbus, "0"))
		return true;
	mend(finding, "unset DBUS_KDBUS");
	return found(finding, RESULT_NOTE,
		     "programs started from here do not use kdbus, because of DBUS_KDBUS=0");
}

static const struct check checks[] = {
	{ "command-line", "the kernel's command line does not turn kdbus off",
	  check_command_line },
	{ "container", "this is no container", check_container },
	{ "boots", "the machine comes up with kdbus", check_boots },
	{ "units", "the systemd units are installed", check_units },
	{ "daemon", "dbus-daemon is the patched one", check_daemon },
	{ "library", "libdbus is the patched one", check_library },
	{ "versions", "dbus-daemon and libdbus are of one version", check_same_version },
	{ "module", "there is a module for the running kernel", check_module_file },
	{ "placeholder", "it could be built", check_placeholder },
	{ "vermagic", "the module was built for it", check_vermagic },
	{ "signature", "the kernel does not mind the module's signature",
	  check_signature },
	{ "forbidden", "nothing forbids to load the module", check_forbidden },
	{ "loaded", "the module is loaded", check_loaded },
	{ "loaded-version", "no other version of the module is loaded",
	  check_loaded_version },
	{ "labels", "no labels decide that the module could not know", check_labels },
	{ "selinux", "SELinux does not stand in the way", check_selinux },
	{ "stock", "the distribution's dbus packages are at hand", check_stock },
	{ "rollback", "kdbus-rollback is installed", check_rollback },
	{ "environment", "the environment does not turn kdbus off", check_environment },
};

/**
 * check_machine() - check everything that is not particular to a bus
 * @machine: what is known of it
 * @findings: gets one of each check that makes sense there
 * @max: how many fit
 *
 * Return: how many there are.
 */
size_t check_machine(const struct machine *machine, struct finding *findings, size_t max)
{
	size_t i, n = 0;

	for (i = 0; i < ARRAY_SIZE(checks) && n < max; i++) {
		memset(&findings[n], 0, sizeof(findings[n]));
		findings[n].check = checks[i].name;
		if (checks[i].look(machine, &findings[n]))
			found(&findings[n], RESULT_OK, "%s", checks[i].good);
		n += findings[n].result != RESULT_SKIPPED;
	}
	return n;
}

static const char *switch_name(const struct bus *bus)
{
	return bus->kind == BUS_SYSTEM ? "system" : "session";
}

static const char *next_time(const struct bus *bus)
{
	return bus->kind == BUS_SYSTEM ? "boot" : "login";
}

/* A bus of the module, but messages go through dbus-daemon. */
static void check_fastpath(const struct bus *bus, struct finding *finding)
{
	if (!strcmp(bus->kernel.fastpath, "forced-off")) {
		found(finding, RESULT_NOTE,
		      "every message goes through dbus-daemon, since somebody has switched the fast path off");
		mend(finding, "kdbusctl fastpath on %llu", bus->kernel.id);
		return;
	}
	found(finding, RESULT_NOTE,
	      "every message goes through dbus-daemon: a monitor, or the policy, wants it so");
}

/* Switched on, but not on kdbus: the unit knows best, if it has run. */
static void check_plain(const struct machine *machine, const struct bus *bus,
			struct finding *finding)
{
	struct finding causes[FINDINGS_MAX];
	size_t n, i;

	if (*bus->reason) {
		found(finding, RESULT_PROBLEM, "it is plain: %s", bus->reason);
		mend(finding, "mend that, then wait for the next %s", next_time(bus));
		return;
	}
	n = check_machine(machine, causes, FINDINGS_MAX);
	for (i = 0; i < n; i++)
		if (causes[i].result == RESULT_PROBLEM &&
		    strcmp(causes[i].check, "rollback")) {
			found(finding, RESULT_PROBLEM, "it is plain: %s",
			      causes[i].message);
			return;
		}
	if (bus->unit_ran && !bus->environment) {
		found(finding, RESULT_PROBLEM,
		      "it is plain: at this boot, its unit has kept it so, and could not write why");
		mend(finding, "journalctl -b -u kdbus-system-bus");
		return;
	}
	if (!bus->runs || !bus->environment) {
		found(finding, RESULT_NOTE, "it will be on kdbus from the next %s",
		      next_time(bus));
		return;
	}
	found(finding, RESULT_PROBLEM,
	      "it is plain: dbus-daemon should listen on kdbus and does not, its log says why");
	mend(finding, bus->kind == BUS_SYSTEM ?
	     "journalctl -b -u dbus.service -g kdbus" :
	     "journalctl --user -b -u dbus.service -g kdbus");
}

static void check_switched_on(const struct machine *machine, const struct bus *bus,
			      struct finding *finding)
{
	if (bus->masked) {
		found(finding, RESULT_NOTE, "it is plain: its unit is masked");
		mend(finding, "kdbusctl enable %s%s", switch_name(bus),
		     bus->masked_for_all && bus->kind == BUS_SESSION ?
		     " --global" : "");
	} else if (machine->off) {
		found(finding, RESULT_NOTE,
		      "it is plain: the kernel's command line has kdbus=off");
	} else if (!strcmp(bus->broker, "dbus-broker")) {
		found(finding, RESULT_PROBLEM, "it is plain: dbus-broker serves it");
		/* The alias is that of all users. */
		mend(finding, "kdbusctl enable %s --replace-dbus-broker",
		     bus->kind == BUS_SYSTEM ? "system" : "session --global");
	} else {
		check_plain(machine, bus, finding);
	}
}

/**
 * check_bus() - is a bus on kdbus, and if not, why?
 * @machine: what is known of the machine
 * @bus: the bus
 * @finding: gets the answer
 */
void check_bus(const struct machine *machine, const struct bus *bus,
	       struct finding *finding)
{
	memset(finding, 0, sizeof(*finding));
	finding->check = "bus";
	finding->bus = bus;
	if (bus_is_fast(bus)) {
		found(finding, RESULT_OK, "it is on kdbus");
	} else if (bus->in_kernel) {
		check_fastpath(bus, finding);
	} else if (bus->enabled) {
		check_switched_on(machine, bus, finding);
	} else if (bus->unknown) {
		found(finding, RESULT_NOTE,
		      "it is plain, and whether it is switched on cannot be told: the home directory does not answer");
	} else {
		found(finding, RESULT_NOTE, "it is plain: not switched on");
		mend(finding, "kdbusctl enable %s", switch_name(bus));
	}
}
