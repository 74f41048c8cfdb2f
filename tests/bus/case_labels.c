// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bus on which SELinux mediates; see selinux/policy.cil.  Clients are of the label
 * that their sockets were given.  Unix sockets alone have a label that SELinux goes
 * by, so nobody is native here.
 */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "client.h"
#include "counters.h"

#define TRIES		3
#define ROUNDS		3
#define SELINUX		"/sys/fs/selinux/"

static const char *full_name(const char *name)
{
	static char full[64];

	snprintf(full, sizeof(full), "org.kdbus.%s", name);
	return full;
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len)
		give_up("cannot write '%s' to %s", text, path);
	close(fd);
}

/* Nothing at all for the usual label. */
static void label_sockets(const char *label)
{
	write_to("/proc/thread-self/attr/sockcreate", label);
}

static struct client *open_labelled(const char *name, const char *type)
{
	struct client *client;
	char label[64];

	snprintf(label, sizeof(label), "u:r:%s", type);
	label_sockets(label);
	client = client_open(name);
	label_sockets("");
	return client;
}

static struct client *open_service(const char *name, const char *type)
{
	struct client *service = open_labelled(name, type);

	client_request_name(service, full_name(name), 0);
	client_drain(service);
	return service;
}

/*
 * dbus-daemon hears of it as of a message, and reloads its configuration when it
 * next gets to that.
 */
static void wait_for_daemon(struct client *client)
{
	int i;

	for (i = 0; i < 5; i++)
		client_sync(client);
}

static void set_mood(struct client *client, bool good)
{
	write_to(SELINUX "booleans/mood", good ? "1" : "0");
	write_to(SELINUX "commit_pending_bools", "1");
	wait_for_daemon(client);
	say("-- the mood is %s", good ? "good" : "bad");
}

static void enforce(struct client *client, bool on)
{
	write_to(SELINUX "enforce", on ? "1" : "0");
	wait_for_daemon(client);
	say("-- %s", on ? "enforced" : "permissive");
}

static void call_and_answer(struct client *caller, struct client *service)
{
	DBusMessage *message;

	client_send(caller, new_call(full_name(service->label), "Any"));
	client_sync(caller);
	client_sync(service);
	while (service->stashed) {
		message = client_read(service);
		if (dbus_message_get_type(message) ==
		    DBUS_MESSAGE_TYPE_METHOD_CALL)
			client_reply(service, message, "here you are");
		dbus_message_unref(message);
	}
	client_drain(service);
	client_drain(caller);
}

/* The first goes by dbus-daemon, which then knows. */
static void call_thrice(struct client *caller, struct client *service)
{
	int i;

	say("-- %s to %s", caller->label, service->label);
	call_and_answer(caller, service);
	carried_begin();
	for (i = 1; i < TRIES; i++)
		call_and_answer(caller, service);
}

static void nobody_is_native(void)
{
	const char *path = strstr(bus_unix_address(), "path=");
	char kdbus[128];

	if (!path)
		give_up("%s has no path", bus_unix_address());
	snprintf(kdbus, sizeof(kdbus), "%s.kdbus", path + strlen("path="));
	check(access(kdbus, F_OK), "there is a socket %s", kdbus);
}

static void case_labels_flows(void)
{
	struct client *caller = open_labelled("CALLER", "caller_t");

	nobody_is_native();
	call_thrice(caller, open_service("Open", "open_t"));
	carried_end(2, 2, 0, 0);
	call_thrice(caller, open_service("Closed", "closed_t"));
	carried_end(0, 0, 0, 0);
	call_thrice(caller, open_service("Silent", "silent_t"));
	carried_end(2, 0, 0, 0);
	/* What is to be logged has to come by. */
	call_thrice(caller, open_service("Logged", "logged_t"));
	carried_end(0, 0, 0, 0);
	call_thrice(caller, open_service("Base", "base_t"));
	carried_end(2, 2, 0, 0);
	call_thrice(client_open("BASE"), open_service("Other", "closed_t"));
	carried_end(2, 2, 0, 0);
}

static void case_labels_change(void)
{
	struct client *caller = open_labelled("CALLER", "caller_t");
	struct client *moody = open_service("Moody", "moody_t");
	int i;

	for (i = 0; i < ROUNDS; i++) {
		set_mood(caller, true);
		call_thrice(caller, moody);
		carried_end(2, 2, 0, 0);
		set_mood(caller, false);
		call_thrice(caller, moody);
		carried_end(0, 0, 0, 0);
	}
}

static void case_labels_mode(void)
{
	struct client *caller = open_labelled("CALLER", "caller_t");
	struct client *closed = open_service("Closed", "closed_t");
	int i;

	for (i = 0; i < ROUNDS; i++) {
		enforce(caller, false);
		call_thrice(caller, closed);
		carried_end(2, 2, 0, 0);
		enforce(caller, true);
		call_thrice(caller, closed);
		carried_end(0, 0, 0, 0);
	}
}

/* Of the last two, the module has carried so many. */
static void broadcast_thrice(struct client *caller, struct client *const *all,
			     size_t n, long carried)
{
	long before = 0;
	size_t i, k;

	for (k = 0; k < TRIES; k++) {
		if (k == 1)
			before = bus_value("broadcasts");
		client_send(caller, new_signal(NULL, "News"));
		client_sync(caller);
		for (i = 0; i < n; i++)
			client_drain(all[i]);
	}
	before = bus_value("broadcasts") - before;
	check(bus_mode() != BUS_FAST || before == carried,
	      "%ld broadcasts were carried, not %ld", before, carried);
}

/* Whom a broadcast does not reach for its label gets it no faster, either. */
static void case_labels_signals(void)
{
	struct client *caller = open_labelled("CALLER", "caller_t");
	struct client *all[] = {
		open_service("Open", "open_t"),
		open_service("Moody", "moody_t"),
	};
	size_t i;

	for (i = 0; i < 2; i++)
		client_match(all[i], "type='signal',interface='" TEST_INTERFACE "'");
	for (i = 0; i < ROUNDS; i++) {
		set_mood(caller, true);
		broadcast_thrice(caller, all, 2, 2);
		set_mood(caller, false);
		broadcast_thrice(caller, all, 2, 0);
	}
}

static void case_labels_names(void)
{
	struct client *caller = open_labelled("CALLER", "caller_t");
	struct client *open = open_service("Open", "open_t");
	const char *const labelled[] = { caller->unique, "org.kdbus.Open", DRIVER };
	size_t i;

	for (i = 0; i < 3; i++)
		client_driver(caller, "GetConnectionSELinuxSecurityContext",
			      labelled[i]);
	client_request_name(caller, "org.kdbus.Guarded", 0);
	client_request_name(open, "org.kdbus.Guarded", 0);
	client_drain(caller);
	client_drain(open);
}

const struct bus_case cases_labels[] = {
	{ "labels-flows", "labels", case_labels_flows },
	{ "labels-change", "labels", case_labels_change },
	{ "labels-mode", "labels", case_labels_mode },
	{ "labels-signals", "labels", case_labels_signals },
	{ "labels-names", "labels", case_labels_names },
	{}
};
