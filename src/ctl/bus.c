// SPDX-License-Identifier: GPL-2.0-only
/* The standard buses. */

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "machine.h"
#include "memory.h"
#include "run.h"

/* State of a connected socket in /proc/net/unix. */
#define UNIX_CONNECTED	3

/* What look_at_links() says */
#define LINK_WANTED	1
#define LINK_MASKED	2
/* How many homes may be silent before no other is asked */
#define SILENT_MAX	3

/* Those that the daemon has accepted bear the name of the one that listens. */
static unsigned long long count_connections(const char *path)
{
	FILE *file = file_open("/proc/net/unix");
	unsigned long long count = 0;
	char line[512], name[256];
	unsigned int state;

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %*s %*s %*s %x %*s %255[^\n]", &state,
			   name) == 2 &&
		    state == UNIX_CONNECTED && !strcmp(name, path))
			count++;
	fclose(file);
	return count;
}

/**
 * bus_broker() - which program will serve a bus, the next time
 * @session: session buses, or else the system bus
 *
 * Fedora has both programs, and an alias that says which one is meant.
 *
 * Return: its name.
 */
const char *bus_broker(bool session)
{
	static const char * const dirs[] = {
		"/etc/systemd", "/usr/lib/systemd", "/lib/systemd",
	};
	char target[TEXT_MAX];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		if (file_link(path_of("%s/%s/dbus.service", dirs[i],
				      session ? "user" : "system"),
			      target, sizeof(target)))
			return strstr(target, "dbus-broker") ? "dbus-broker" :
							       "dbus-daemon";
	return "dbus-daemon";
}

/* Any user may call a bus of his own what he likes. */
static bool may_serve(uid_t owner, const struct bus *bus)
{
	static const char *const users[] = { "messagebus", "dbus" };
	struct passwd *user;
	size_t i;

	if (!owner || bus->kind != BUS_SYSTEM)
		return !owner || owner == bus->uid;
	for (i = 0; i < ARRAY_SIZE(users); i++) {
		user = getpwnam(users[i]);
		if (user && user->pw_uid == owner)
			return true;
	}
	return false;
}

/* A bus without a socket in the module goes by its unix socket. */
static bool is_of(const struct kernel_bus *kernel, const struct bus *bus)
{
	return may_serve(kernel->owner, bus) &&
	       (!strcmp(kernel->path, path_of("%s%s", bus->socket, KDBUS_SUFFIX)) ||
		!strcmp(kernel->path, bus->socket));
}

static void find_in_kernel(struct bus *bus, const struct kernel_bus *kernel,
			   size_t n)
{
	size_t i;

	/* A bus that was left behind by a daemon that died comes earlier. */
	for (i = 0; i < n; i++)
		if (is_of(&kernel[i], bus)) {
			bus->in_kernel = true;
			bus->kernel = kernel[i];
		}
}

static void look(struct bus *bus, const struct kernel_bus *kernel, size_t n)
{
	bus->runs = file_is_socket(bus->socket);
	bus->broker = bus_broker(bus->kind == BUS_SESSION);
	bus->plain = count_connections(bus->socket);
	find_in_kernel(bus, kernel, n);
	/* An attached connection still is the client's unix socket. */
	bus->plain -= bus->kernel.attached < bus->plain ? bus->kernel.attached :
							  bus->plain;
}

static void look_at_system(struct bus *bus)
{
	bus->kind = BUS_SYSTEM;
	strcpy(bus->socket, SYSTEM_SOCKET);
	bus->enabled = unit_wanted("/etc/systemd/system", SYSTEM_UNIT);
	bus->for_all = bus->enabled;
	bus->masked_for_all = file_is_masked("/etc/systemd/system/" SYSTEM_UNIT);
	bus->masked = bus->masked_for_all;
	/* systemd's note of its active units, which this one stays. */
	bus->unit_ran = file_exists("/run/systemd/units/invocation:" SYSTEM_UNIT);
	bus->environment = file_exists("/run/kdbus/dbus.env");
	file_read("/run/kdbus/system.reason", bus->reason, sizeof(bus->reason));
}

/* Where the user's own units are. */
static const char *user_units(const struct bus *bus, const struct passwd *user)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = user ? user->pw_dir : "/nonexistent";

	if (bus->uid == getuid()) {
		if (config && *config == '/')
			return path_of("%s/systemd/user", config);
		if (getenv("HOME"))
			home = getenv("HOME");
	}
	return path_of("%s/.config/systemd/user", home);
}

static int look_at_links(const char *units)
{
	return (unit_wanted(units, SESSION_UNIT) ? LINK_WANTED : 0) |
	       (file_is_masked(path_of("%s/" SESSION_UNIT, units)) ? LINK_MASKED : 0);
}

/* Homes of others may be on a network whose server is gone, which takes for ever. */
static void look_at_home(struct bus *bus, const char *units)
{
	static int silent;
	int links = -1;

	if (geteuid())
		links = look_at_links(units);
	else if (silent < SILENT_MAX)
		links = run_in_time(look_at_links, units);
	if (links < 0) {
		silent++;
		bus->unknown = !bus->for_all;
		return;
	}
	bus->enabled = bus->enabled || links & LINK_WANTED;
	bus->masked = bus->masked || links & LINK_MASKED;
}

static const char *runtime_dir(uid_t uid)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	if (uid == getuid() && dir && *dir == '/')
		return dir;
	return path_of("/run/user/%u", uid);
}

static void look_at_session(struct bus *bus, uid_t uid)
{
	/* Users of another system are not ours. */
	struct passwd *user = files_elsewhere() ? NULL : getpwuid(uid);
	char dir[TEXT_MAX], units[TEXT_MAX];

	bus->kind = BUS_SESSION;
	bus->uid = uid;
	if (user)
		snprintf(bus->user, sizeof(bus->user), "%s", user->pw_name);
	else
		snprintf(bus->user, sizeof(bus->user), "%u", uid);
	snprintf(dir, sizeof(dir), "%s", runtime_dir(uid));
	snprintf(units, sizeof(units), "%s", user_units(bus, user));
	snprintf(bus->socket, sizeof(bus->socket), "%.200s/bus", dir);
	bus->for_all = unit_wanted("/etc/systemd/user", SESSION_UNIT);
	bus->enabled = bus->for_all;
	bus->masked_for_all = file_is_masked("/etc/systemd/user/" SESSION_UNIT);
	bus->masked = bus->masked_for_all;
	look_at_home(bus, units);
	bus->environment = user_file_exists(uid, dir, "kdbus", "dbus.env");
	user_file_read(uid, dir, "kdbus", "session.reason", bus->reason,
		       sizeof(bus->reason));
	text_make_printable(bus->reason);
}

static bool has_session(uid_t uid)
{
	return file_exists(path_of("%s/bus", runtime_dir(uid))) ||
	       file_exists(path_of("%s/kdbus", runtime_dir(uid)));
}

/* Root sees everybody's session, others their own. */
static size_t find_sessions(uid_t **users)
{
	DIR *dir = geteuid() ? NULL : file_dir("/run/user");
	struct dirent *entry;
	size_t n = 0;
	char *end;
	uid_t uid;

	*users = room_for(NULL, 1, sizeof(**users));
	if (geteuid())
		(*users)[n++] = getuid();
	while (dir && (entry = readdir(dir))) {
		uid = strtoul(entry->d_name, &end, 10);
		if (*end || end == entry->d_name || !has_session(uid))
			continue;
		*users = room_for(*users, n + 1, sizeof(**users));
		(*users)[n++] = uid;
	}
	if (dir)
		closedir(dir);
	return n;
}

static bool is_known(const struct bus *buses, size_t n, const struct kernel_bus *kernel)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (is_of(kernel, &buses[i]))
			return true;
	return false;
}

static void look_at_other(struct bus *bus, const struct kernel_bus *kernel)
{
	size_t length = strlen(kernel->path);
	const size_t suffix = strlen(KDBUS_SUFFIX);

	bus->kind = BUS_OTHER;
	bus->uid = kernel->owner;
	bus->in_kernel = true;
	bus->kernel = *kernel;
	bus->runs = true;
	bus->broker = "dbus-daemon";
	/* Where it is the unix socket that one would know the bus by. */
	if (length > suffix && !strcmp(kernel->path + length - suffix, KDBUS_SUFFIX))
		length -= suffix;
	snprintf(bus->socket, sizeof(bus->socket), "%.*s", (int)length, kernel->path);
	bus->plain = count_connections(bus->socket);
	bus->plain -= kernel->attached < bus->plain ? kernel->attached : bus->plain;
}

/**
 * buses_look() - look at the system bus, session buses, and all others of the
 * module
 * @buses: gets them, for free(); there is one at least
 *
 * Return: how many there are.
 */
size_t buses_look(struct bus **buses)
{
	struct kernel_bus *kernel;
	uid_t *users;
	size_t n_kernel = kernel_buses(&kernel);
	size_t n_users = find_sessions(&users);
	size_t i, n = 0, most = 1 + n_users + n_kernel;

	*buses = room_for(NULL, most, sizeof(**buses));
	memset(*buses, 0, most * sizeof(**buses));
	look_at_system(&(*buses)[n++]);
	for (i = 0; i < n_users; i++)
		look_at_session(&(*buses)[n++], users[i]);
	for (i = 0; i < n; i++)
		look(&(*buses)[i], kernel, n_kernel);
	for (i = 0; i < n_kernel; i++)
		if (!is_known(*buses, 1 + n_users, &kernel[i]))
			look_at_other(&(*buses)[n++], &kernel[i]);
	free(users);
	free(kernel);
	return n;
}

/**
 * bus_is_fast() - does the module deliver messages of this bus?
 * @bus: the bus
 *
 * Return: true if so.
 */
bool bus_is_fast(const struct bus *bus)
{
	return bus->in_kernel && !strcmp(bus->kernel.fastpath, "on");
}

/**
 * bus_title() - what to call a bus
 * @bus: the bus
 *
 * Return: a title, valid for the next three calls of path_of().
 */
const char *bus_title(const struct bus *bus)
{
	switch (bus->kind) {
	case BUS_SYSTEM:
		return "system bus";
	case BUS_SESSION:
		return path_of("session bus of %s", bus->user);
	case BUS_OTHER:
		break;
	}
	return path_of("bus %llu", bus->kernel.id);
}

/**
 * bus_native() - connections through sockets of the module
 * @bus: the bus
 *
 * Return: their number.
 */
unsigned long long bus_native(const struct bus *bus)
{
	return bus->kernel.peers - bus->kernel.attached;
}
