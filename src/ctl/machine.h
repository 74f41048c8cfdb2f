/* SPDX-License-Identifier: GPL-2.0-only */
/* What of kdbus there is on the machine, whether any bus uses it or not. */
#ifndef KDBUSCTL_MACHINE_H
#define KDBUSCTL_MACHINE_H

#include <stdbool.h>

#include "files.h"

#define SYSTEM_UNIT	"kdbus-system-bus.service"
#define SESSION_UNIT	"kdbus-session-bus.service"
#define FAMILY_FILE	"/sys/module/kdbus/parameters/family"
#define STATE_DIR	"/var/lib/kdbus"
#define BOOT_COUNT	STATE_DIR "/boot-count"
/* Packaged copies, where packages may not own what is in /var. */
#define STOCK_DIRS	{ STATE_DIR "/stock", "/usr/lib/kdbus/stock" }
/* Why the units keep the buses plain until the next boot: boots with kdbus have not
 * come up or cannot be counted, or kdbus-rollback wants it so.
 */
#define OFF_FILE	"/run/kdbus/off"
/* With a full /run, there was room for the file and for no word in it. */
#define OFF_WITHOUT_WORDS	"it has been switched off, and /run had no room to say why"

/**
 * enum packager - what installs packages there
 * @PACKAGER_NONE: nothing that is known here
 * @PACKAGER_APT: Debian and those based on it
 * @PACKAGER_DNF: Fedora and those based on it
 * @PACKAGER_ZYPPER: openSUSE
 */
enum packager {
	PACKAGER_NONE,
	PACKAGER_APT,
	PACKAGER_DNF,
	PACKAGER_ZYPPER,
};

/**
 * struct module - the kernel module
 * @loaded: it is
 * @version: of the loaded one
 * @family: address family of the loaded one
 * @file: where the one for this kernel is, or empty
 * @file_version: its version
 * @vermagic: which kernel it was built for
 * @signer: who has signed it, or empty
 * @placeholder: the file is none that works, as DKMS could not build it
 * @registered: DKMS knows the sources
 */
struct module {
	bool loaded;
	char version[TEXT_MAX];
	int family;
	char file[TEXT_MAX];
	char file_version[TEXT_MAX];
	char vermagic[TEXT_MAX];
	char signer[TEXT_MAX];
	bool placeholder;
	bool registered;
};

/**
 * struct machine - everything that is not particular to a bus
 * @release: of the running kernel, empty if none runs there
 * @off: "kdbus=off" is on the kernel's command line
 * @must_sign: the kernel loads signed modules only
 * @blacklisted: "module_blacklist=" of the kernel's command line has the module
 * @sealed: the kernel loads no modules any more
 * @container: it is a container, with somebody else's kernel
 * @module: the kernel module
 * @daemon: version of the patched dbus-daemon, empty if it is not patched
 * @library: version of the patched libdbus, likewise
 * @units: the units are installed
 * @stock: packages to go back to are there
 * @daemon_updated: the installed dbus-daemon is newer than those
 * @library_updated: libdbus, likewise
 * @failed_boots: how many boots in a row have not come up, or not yet
 * @given_up: why kdbus is off until the next boot, or empty
 * @packager: what installs packages
 */
struct machine {
	char release[TEXT_MAX];
	bool off;
	bool must_sign;
	bool blacklisted;
	bool sealed;
	bool container;
	struct module module;
	char daemon[TEXT_MAX];
	char library[TEXT_MAX];
	bool units;
	bool stock;
	bool daemon_updated;
	bool library_updated;
	int failed_boots;
	char given_up[TEXT_MAX];
	enum packager packager;
};

void machine_look(struct machine *machine);
bool unit_installed(const char *dir, const char *unit);
bool unit_wanted(const char *dir, const char *unit);
const char *packager_install(enum packager packager);

#endif
