// SPDX-License-Identifier: GPL-2.0-only
/* A dbus-daemon of our own. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "private_bus.h"

static const char config[] =
	"<busconfig>\n"
	" <listen>unix:path=%s/bus</listen>\n"
	" <policy context='default'>\n"
	"  <allow send_destination='*' eavesdrop='true'/>\n"
	"  <allow send_requested_reply='false' send_type='method_return'/>\n"
	"  <allow send_requested_reply='false' send_type='error'/>\n"
	"  <allow receive_requested_reply='false'/>\n"
	"  <allow eavesdrop='true'/>\n"
	"  <allow own='*'/>\n"
	" </policy>\n"
	"</busconfig>\n";

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void write_config(const struct private_bus *bus)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/config", bus->dir);
	f = fopen(path, "w");
	if (!f)
		die(path);
	fprintf(f, config, bus->dir);
	if (fclose(f))
		die(path);
}

static void wait_for_socket(const struct private_bus *bus)
{
	char path[128];
	int tries;

	snprintf(path, sizeof(path), "%s/bus", bus->dir);
	for (tries = 0; access(path, F_OK); tries++) {
		if (tries == 1000 || waitpid(bus->pid, NULL, WNOHANG)) {
			fprintf(stderr, "dbus-daemon does not start, see "
				"%s/log\n", bus->dir);
			exit(2);
		}
		usleep(10000);
	}
}

void bus_start(struct private_bus *bus)
{
	char option[128];
	char log[128];

	snprintf(bus->dir, sizeof(bus->dir), "/tmp/kdbus-test.XXXXXX");
	if (!mkdtemp(bus->dir))
		die(bus->dir);
	write_config(bus);
	snprintf(option, sizeof(option), "--config-file=%s/config", bus->dir);
	snprintf(log, sizeof(log), "%s/log", bus->dir);
	bus->pid = fork();
	if (bus->pid < 0)
		die("fork");
	if (!bus->pid) {
		/* However the test ends. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (!freopen(log, "w", stderr))
			die(log);
		execlp("dbus-daemon", "dbus-daemon", option, "--nofork",
		       "--nopidfile", (char *)NULL);
		die("dbus-daemon");
	}
	wait_for_socket(bus);
	snprintf(bus->address, sizeof(bus->address), "unix:path=%s/bus",
		 bus->dir);
}

void bus_stop(struct private_bus *bus)
{
	static const char * const names[] = { "bus", "config", "log" };
	char path[128];
	size_t i;

	kill(bus->pid, SIGTERM);
	waitpid(bus->pid, NULL, 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", bus->dir, names[i]);
		unlink(path);
	}
	rmdir(bus->dir);
}

DBusConnection *bus_connect(const struct private_bus *bus)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *c = dbus_connection_open_private(bus->address, &error);

	if (!c || !dbus_bus_register(c, &error)) {
		fprintf(stderr, "%s: %s\n", bus->address, error.message);
		exit(2);
	}
	dbus_connection_set_exit_on_disconnect(c, FALSE);
	return c;
}

bool bus_call(DBusConnection *c, const char *method, const char *arg,
	      char name[256])
{
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *reply;
	DBusMessage *call;

	call = dbus_message_new_method_call(DBUS_SERVICE_DBUS, DBUS_PATH_DBUS,
					    DBUS_INTERFACE_DBUS, method);
	if (arg)
		dbus_message_append_args(call, DBUS_TYPE_STRING, &arg,
					 DBUS_TYPE_INVALID);
	reply = dbus_connection_send_with_reply_and_block(c, call, -1, &error);
	dbus_message_unref(call);
	if (reply) {
		dbus_message_unref(reply);
		return true;
	}
	snprintf(name, 256, "%s", error.name);
	dbus_error_free(&error);
	return false;
}

void bus_own(DBusConnection *c, const char *name)
{
	DBusError error = DBUS_ERROR_INIT;

	if (dbus_bus_request_name(c, name, 0, &error) < 0) {
		fprintf(stderr, "%s: %s\n", name, error.message);
		exit(2);
	}
}
