// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bus with rules: see config/system.conf.  What is refused is refused by the
 * daemon, each time; what is allowed is carried by the module, but for the first
 * message of its kind, and for what is to be logged.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cases.h"
#include "child.h"
#include "client.h"
#include "counters.h"
#include "serve.h"

#define INTERFACE	"org.kdbus.Policy"
#define EXTRA		"/run/bus-test/extra.conf"
#define TRIES		3

enum { SIGNAL = 1, FILES = 2, LOGGED = 4 };

struct flow {
	const char *user;
	const char *destination;
	const char *member;
	const char *path;
	const char *interface;
	unsigned int kind;	/* a call without files or a log, or ... */
};

static const struct flow flows[] = {
	{ "root", "Open", "Any", "/a", INTERFACE, 0 },
	{ "alice", "Open", "Any", "/a", INTERFACE, 0 },
	{ "alice", "Open", "Other", "/b", INTERFACE, 0 },
	{ "alice", "Open", "Other", "/b", NULL, 0 },
	{ "alice", "Open", "Forbidden", "/a", INTERFACE, 0 },
	{ "alice", "Open", "Forbidden", "/a", "org.kdbus.Else", 0 },
	{ "alice", "Open", "Unreceivable", "/a", INTERFACE, 0 },
	{ "bob", "Open", "Any", "/a", INTERFACE, 0 },
	{ "bob", "Open", "ForBob", "/a", INTERFACE, 0 },
	{ "nobody", "Open", "Any", "/a", INTERFACE, 0 },
	{ "alice", "Get", "Get", "/a", INTERFACE, 0 },
	{ "alice", "Get", "Set", "/a", INTERFACE, 0 },
	{ "alice", "Get", "Get", "/a", NULL, 0 },
	{ "alice", "Get", "Get", "/other", INTERFACE, 0 },
	{ "alice", "Path", "Any", "/allowed", INTERFACE, 0 },
	{ "alice", "Path", "Any", "/allowed/not", INTERFACE, 0 },
	{ "alice", "Path", "Any", "/", INTERFACE, 0 },
	{ "alice", "Alice", "Any", "/a", INTERFACE, 0 },
	{ "bob", "Alice", "Any", "/a", INTERFACE, 0 },
	{ "root", "Alice", "Any", "/a", INTERFACE, 0 },
	{ "alice", "Friends", "Any", "/a", INTERFACE, 0 },
	{ "bob", "Friends", "Any", "/a", INTERFACE, 0 },
	{ "nobody", "Friends", "Any", "/a", INTERFACE, 0 },
	{ "alice", "Mandatory", "Any", "/a", INTERFACE, 0 },
	{ "alice", "Closed", "Any", "/a", INTERFACE, 0 },
	{ "alice", "NoFiles", "Any", "/a", INTERFACE, 0 },
	{ "alice", "NoFiles", "Any", "/a", INTERFACE, FILES },
	{ "alice", "Open", "Any", "/a", INTERFACE, FILES },
	{ "alice", "Closed", "Signal", "/a", INTERFACE, SIGNAL },
	{ "bob", "Closed", "Secret", "/a", INTERFACE, SIGNAL },
	{ "alice", "Logged", "Any", "/a", INTERFACE, LOGGED },
	{ "alice", "Logged", "Any", "/a", NULL, LOGGED },
	{ "root", "Logged", "Signal", "/a", INTERFACE, LOGGED | SIGNAL },
};

#define FLOWS	(sizeof(flows) / sizeof(*flows))

/* Connections that own one name each, and one that owns two. */
static const char *const services[][2] = {
	{ "Open" }, { "Get", "Path" }, { "Alice" }, { "Friends" },
	{ "Mandatory" }, { "Closed" }, { "NoFiles" }, { "Logged" },
};

#define SERVICES	(sizeof(services) / sizeof(*services))

static struct client *owners[SERVICES];

static const char *full_name(const char *name)
{
	static char full[64];

	snprintf(full, sizeof(full), "org.kdbus.%s", name);
	return full;
}

static void open_services(void)
{
	size_t i;

	for (i = 0; i < SERVICES; i++) {
		owners[i] = client_open(services[i][0]);
		client_request_name(owners[i], full_name(services[i][0]), 0);
		if (services[i][1])
			client_request_name(owners[i],
					    full_name(services[i][1]), 0);
		client_drain(owners[i]);
	}
}

static struct client *owner_of(const char *name)
{
	size_t i;

	for (i = 0; i < SERVICES; i++)
		if (!strcmp(services[i][0], name) ||
		    (services[i][1] && !strcmp(services[i][1], name)))
			return owners[i];
	give_up("nobody owns %s", name);
}

static DBusMessage *message_of(const struct flow *flow)
{
	DBusMessage *message;
	int fd = 0;

	if (flow->kind & SIGNAL) {
		message = dbus_message_new_signal(flow->path, flow->interface,
						  flow->member);
		dbus_message_set_destination(message,
					     full_name(flow->destination));
	} else {
		message = dbus_message_new_method_call(
			full_name(flow->destination), flow->path,
			flow->interface, flow->member);
	}
	if (flow->kind & FILES)
		dbus_message_append_args(message, DBUS_TYPE_UNIX_FD, &fd,
					 DBUS_TYPE_INVALID);
	return message;
}

/* All that has come; calls are answered.  Their number. */
static int answer_all(struct client *owner)
{
	DBusMessage *message;
	int count = 0;

	client_sync(owner);
	while (owner->stashed) {
		message = client_read(owner);
		if (dbus_message_get_type(message) ==
		    DBUS_MESSAGE_TYPE_METHOD_CALL)
			client_reply(owner, message, NULL);
		dbus_message_unref(message);
		count++;
	}
	client_drain(owner);
	return count;
}

/* How often dbus-daemon has written that it lets something through reluctantly. */
static int lines_logged(void)
{
	char path[256], *line = NULL;
	size_t size = 0;
	int count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/log", bus_dir());
	file = fopen(path, "r");
	if (!file)
		give_up("cannot read %s", path);
	while (getline(&line, &size, file) > 0)
		if (strstr(line, "Would reject message"))
			count++;
	free(line);
	fclose(file);
	return count;
}

/* What has come through is carried by the module, from the second one on. */
static void expect_carried(const struct flow *flow, int came)
{
	if (!came || flow->kind & LOGGED ||
	    (flow->kind & FILES && !files_are_carried()))
		carried_end(0, 0, 0, 0);
	else if (flow->kind & SIGNAL)
		carried_end(0, 0, 0, TRIES - 1);
	else
		carried_end(TRIES - 1, TRIES - 1, 0, 0);
}

static void try_flow(struct client *sender, const struct flow *flow)
{
	struct client *owner = owner_of(flow->destination);
	int i, came = 0, logged = lines_logged();

	say("-- %s to %s: %s %s%s%s%s", flow->user, flow->destination,
	    flow->path, flow->interface ?: "", flow->interface ? "." : "",
	    flow->member, flow->kind & FILES ? " with a file" : "");
	for (i = 0; i < TRIES; i++) {
		if (i == 1)
			carried_begin();
		client_send(sender, message_of(flow));
		client_sync(sender);
		came += answer_all(owner);
		client_drain(sender);
	}
	check(came == 0 || came == TRIES, "%d of %d came through", came, TRIES);
	expect_carried(flow, came);
	logged = lines_logged() - logged;
	check(logged == (flow->kind & LOGGED ? TRIES : 0),
	      "%d lines are logged", logged);
}

static void case_policy(void)
{
	static const char *const users[] = { "root", "alice", "bob", "nobody" };
	struct client *senders[4];
	size_t i, user;

	open_services();
	for (user = 0; user < 4; user++)
		senders[user] = client_open_as(users[user], users[user]);
	for (i = 0; i < FLOWS; i++)
		for (user = 0; user < 4; user++)
			if (!strcmp(flows[i].user, users[user]))
				try_flow(senders[user], &flows[i]);
}

static void call_and_answer(struct client *a, struct client *owner,
			    const char *name)
{
	client_send(a, dbus_message_new_method_call(full_name(name), "/a",
						    INTERFACE, "Any"));
	client_sync(a);
	answer_all(owner);
	client_drain(a);
}

/*
 * Rules may ask for any name of the recipient, so what it owns or waits for
 * changes what is allowed: from one message to the next.
 */
static void case_policy_names(void)
{
	struct client *a = client_open_as("alice", "alice");
	struct client *s = client_open("S"), *other = client_open("OTHER");
	int i;

	client_request_name(s, "org.kdbus.Closed", 0);
	client_drain(s);
	call_and_answer(a, s, "Closed");
	client_request_name(s, "org.kdbus.Open", 0);
	client_drain(s);
	for (i = 0; i < TRIES; i++)
		call_and_answer(a, s, "Closed");
	client_release_name(s, "org.kdbus.Open");
	client_drain(s);
	carried_begin();
	call_and_answer(a, s, "Closed");
	carried_end(0, 0, 0, 0);
	/* To wait for a name is enough. */
	client_request_name(other, "org.kdbus.Open", 0);
	client_request_name(s, "org.kdbus.Open", 0);
	client_drain(s);
	call_and_answer(a, s, "Closed");
	carried_begin();
	call_and_answer(a, s, "Closed");
	carried_end(1, 1, 0, 0);
	client_release_name(s, "org.kdbus.Open");
	carried_begin();
	call_and_answer(a, s, "Closed");
	carried_end(0, 0, 0, 0);
}

static void write_extra(const char *rules, const char *limits)
{
	FILE *file = fopen(EXTRA ".new", "w");

	if (!file)
		give_up("cannot write %s", EXTRA);
	fprintf(file, "<busconfig><policy context=\"mandatory\">%s"
		"</policy>%s</busconfig>\n", rules, limits);
	fclose(file);
	if (rename(EXTRA ".new", EXTRA))
		give_up("cannot replace %s", EXTRA);
}

static void reload_with(struct client *root, const char *rules,
			const char *limits)
{
	DBusMessage *answer;

	write_extra(rules, limits);
	answer = client_ask(root, driver_call("ReloadConfig"));
	check(!dbus_message_get_error_name(answer), "ReloadConfig: %s",
	      dbus_message_get_error_name(answer));
	dbus_message_unref(answer);
}

static void reload(struct client *root, const char *rules)
{
	reload_with(root, rules, "");
}

#define DENY_OPEN	"<deny send_destination=\"org.kdbus.Open\"/>"
#define ALLOW_CLOSED	"<allow send_destination=\"org.kdbus.Closed\"/>"

/* New rules count from the answer to ReloadConfig on. */
static void case_reload(void)
{
	struct client *root = client_open("ROOT");
	struct client *a = client_open_as("alice", "alice");
	struct client *s = client_open("S");
	int i;

	client_request_name(s, "org.kdbus.Open", 0);
	client_drain(s);
	for (i = 0; i < 3; i++) {
		reload(root, "");
		call_and_answer(a, s, "Open");
		carried_begin();
		call_and_answer(a, s, "Open");
		carried_end(1, 1, 0, 0);
		reload(root, DENY_OPEN);
		call_and_answer(a, s, "Open");
		call_and_answer(a, s, "Open");
		carried_end(1, 1, 0, 0);
	}
	client_release_name(s, "org.kdbus.Open");
	client_request_name(s, "org.kdbus.Closed", 0);
	client_drain(s);
	for (i = 0; i < 3; i++) {
		reload(root, "");
		carried_begin();
		call_and_answer(a, s, "Closed");
		call_and_answer(a, s, "Closed");
		carried_end(0, 0, 0, 0);
		reload(root, ALLOW_CLOSED);
		call_and_answer(a, s, "Closed");
		carried_begin();
		call_and_answer(a, s, "Closed");
		carried_end(1, 1, 0, 0);
	}
	reload(root, "");
}

/* A call that was let through may be answered under the new rules. */
static void case_reload_pending(void)
{
	struct client *root = client_open("ROOT");
	struct client *a = client_open_as("alice", "alice");
	struct client *s = client_open("S");
	DBusMessage *calls[2];
	int i;

	client_request_name(s, "org.kdbus.Open", 0);
	client_drain(s);
	call_and_answer(a, s, "Open");
	carried_begin();
	for (i = 0; i < 2; i++) {
		client_send(a, dbus_message_new_method_call("org.kdbus.Open",
							    "/a", INTERFACE,
							    "Any"));
		calls[i] = client_read(s);
	}
	carried_end(2, 0, 0, 0);
	reload(root, DENY_OPEN);
	client_reply(s, calls[0], "late");
	client_expect(a, 1);
	reload(root, "<deny send_type=\"method_return\" "
	       "send_requested_reply=\"true\"/>");
	client_reply(s, calls[1], "later");
	client_drain(s);
	client_drain(a);
	carried_end(2, 0, 0, 0);
	reload(root, "");
}

enum phase { PHASE_CHANGING, PHASE_ALLOWED, PHASE_DENIED, PHASE_END };

struct shared {
	volatile enum phase phase;
	volatile unsigned int allowed;
	volatile unsigned int denied;
};

/* Asks all the time, and compares the answers with what the rules say. */
static int ask_for_ever(const void *argument, int tell)
{
	struct shared *shared = *(struct shared *const *)argument;
	struct client *client = client_open_as("?", "alice");
	enum phase before, after;
	DBusMessage *reply;
	bool denied;

	dprintf(tell, "ready\n");
	while ((before = shared->phase) != PHASE_END) {
		client_send(client, dbus_message_new_method_call(
				"org.kdbus.Open", "/a", INTERFACE, "Echo"));
		reply = client_next(client);
		after = shared->phase;
		if (!reply)
			return 1;
		denied = dbus_message_get_error_name(reply);
		if (before == after && before != PHASE_CHANGING &&
		    denied != (before == PHASE_DENIED))
			dprintf(tell, "%s in phase %d\n",
				denied ? "denied" : "allowed", before);
		if (denied)
			shared->denied++;
		else
			shared->allowed++;
		dbus_message_unref(reply);
	}
	return 0;
}

static void await_more(volatile unsigned int *count)
{
	unsigned int first = *count;
	int i;

	for (i = 0; i < 6000 && *count < first + 5; i++)
		usleep(10000);
	check(*count >= first + 5, "the caller gets no answers");
}

static int serve_open(const void *argument, int tell)
{
	(void)argument;
	(void)tell;
	return serve("org.kdbus.Open");
}

/* The rules change while the calls go on. */
static void case_reload_traffic(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared),
				     PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct client *root = client_open("ROOT");
	struct child server = child_start(serve_open, NULL), caller;
	const char *line;
	int i;

	client_await_owner("org.kdbus.Open", true);
	shared->phase = PHASE_ALLOWED;
	caller = child_start(ask_for_ever, &shared);
	child_line(&caller);
	for (i = 0; i < 8; i++) {
		carried_begin();
		await_more(&shared->allowed);
		carried_some(1, 1, 0, 0);
		shared->phase = PHASE_CHANGING;
		reload(root, DENY_OPEN);
		shared->phase = PHASE_DENIED;
		await_more(&shared->denied);
		shared->phase = PHASE_CHANGING;
		reload(root, "");
		shared->phase = PHASE_ALLOWED;
	}
	shared->phase = PHASE_END;
	while (*(line = child_line(&caller)))
		check(false, "%s", line);
	check(!child_wait(&caller), "the caller fails");
	child_kill(&server);
	say("%d reloads", 2 * i);
}

#define SECRET		"org.kdbus.Secret"
#define DENY_SECRET	"<deny send_interface=\"" SECRET "\"/>"
#define NEW_MAX		4
#define LOW_LIMIT	"<limit name=\"max_replies_per_connection\">4</limit>"

#define LOGIND		"/run/systemd"
#define SEATS		LOGIND "/seats"
#define USERS		LOGIND "/users"
#define ALICE		USERS "/1001"

/* What there is to know of alice's seats is to be read from a directory. */
static void hide_alice(void)
{
	mkdir(LOGIND, 0755);
	mkdir(USERS, 0755);
	if (mkdir(ALICE, 0755) || mkdir(SEATS, 0755))
		give_up("cannot make %s and %s", ALICE, SEATS);
}

static void show_alice(void)
{
	if (rmdir(SEATS) || rmdir(ALICE))
		give_up("cannot remove %s and %s", SEATS, ALICE);
}

static void ask_and_answer(struct client *a, struct client *b,
			   const char *interface)
{
	client_send(a, dbus_message_new_method_call(b->unique, "/a", interface,
						    "Any"));
	client_sync(a);
	answer_all(b);
	client_drain(a);
}

static void ask_in_vain(struct client *a, struct client *b)
{
	carried_begin();
	ask_and_answer(a, b, SECRET);
	ask_and_answer(b, a, SECRET);
	carried_end(0, 0, 0, 0);
}

/*
 * If dbus-daemon cannot find out whether a user is at the console, his connections
 * keep their rules.  All others get the new ones, and everybody the new limits.
 */
static void case_reload_partly(void)
{
	struct client *root = client_open("ROOT"), *a = client_open("A");
	struct client *x = client_open_as("X", "alice");
	struct client *b = client_open("B");
	int i;

	ask_and_answer(a, b, SECRET);
	hide_alice();
	reload_with(root, DENY_SECRET, LOW_LIMIT);
	show_alice();
	ask_and_answer(a, b, INTERFACE);
	ask_and_answer(b, a, INTERFACE);
	ask_in_vain(a, b);
	ask_and_answer(x, b, SECRET);
	carried_begin();
	ask_and_answer(a, b, INTERFACE);
	ask_and_answer(x, b, SECRET);
	carried_end(2, 2, 0, 0);
	for (i = 0; i < NEW_MAX + 2; i++)
		client_send(a, new_numbered(b->unique, "Call", i));
	client_drain(a);
	answer_all(b);
	client_drain(a);
	reload(root, "");
}

const struct bus_case cases_policy[] = {
	{ "policy", "system", case_policy },
	{ "policy-names", "system", case_policy_names },
	{ "reload", "system", case_reload },
	{ "reload-pending", "system", case_reload_pending },
	{ "reload-traffic", "system", case_reload_traffic },
	{ "reload-partly", "limits", case_reload_partly },
	{ 0 },
};
