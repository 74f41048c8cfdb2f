// SPDX-License-Identifier: GPL-2.0-only
/*
 * Order: what one client sends is not overtaken by what it sends later, nor by
 * what others do because of that, whichever ways the messages take.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "child.h"
#include "client.h"
#include "counters.h"
#include "raw.h"

#define ROUNDS	60

/*
 * Calls alternate with requests to the driver, which tells the recipient of
 * each.  The order in which it hears of both is the order of sending.
 */
static void case_fence(void)
{
	struct client *a = client_open("A"), *b = client_open("B");
	char name[64];
	int i;

	client_match(b, "type='signal',member='NameOwnerChanged'");
	carried_begin();
	for (i = 0; i < ROUNDS; i++) {
		DBusMessage *request = driver_call("RequestName");
		dbus_uint32_t flags = 0;

		snprintf(name, sizeof(name), "org.kdbus.Fence%d", i);
		with_string(request, name);
		dbus_message_append_args(request, DBUS_TYPE_UINT32, &flags,
					 DBUS_TYPE_INVALID);
		client_send(a, no_reply(request));
		client_send(a, new_numbered(b->unique, "Call", i));
	}
	client_sync(a);
	client_expect(b, 2 * ROUNDS);
	/* Each of these names has another owner now, or approvals might. */
	carried_some(1, 0, 0, 0);
	if (bus_mode() == BUS_FAST)
		check(bus_value("held") > 0, "nothing has been held back");
}

/* The same in one write. */
static void case_fence_one_write(void)
{
	struct raw *a = raw_open("A", false);
	struct client *b = client_open("B");
	struct raw_bytes bytes = { 0 };
	struct raw_message call = raw_call(b->unique, "Call");
	struct raw_message signal = raw_call(NULL, "News");
	int i;

	client_match(b, "member='News'");
	signal.type = DBUS_MESSAGE_TYPE_SIGNAL;
	for (i = 0; i < ROUNDS; i++) {
		signal.serial = 1000 + i;
		put_message(&bytes, &signal);
		call.serial = 2000 + i;
		put_message(&bytes, &call);
	}
	raw_write(a, bytes.data, bytes.len, 0);
	client_expect(b, 2 * ROUNDS);
	raw_drain(a);
}

/* Answers from the driver and from a fast recipient that answers at once. */
static int echo_service(const void *argument, int tell)
{
	struct client *client = client_open_quiet(bus_address());
	DBusMessage *message;

	(void)argument;
	dprintf(tell, "%s\n", client->unique);
	while ((message = client_next(client))) {
		if (dbus_message_has_member(message, "Quit"))
			return 0;
		if (dbus_message_has_member(message, "Call"))
			client_reply(client, message, "now");
		dbus_message_unref(message);
	}
	return 1;
}

/*
 * A sends to C, then to B; B reacts by sending to C.  C hears of A first.  How A
 * sends to C decides which way that takes.
 */
struct triangle {
	const char *c;
	uint32_t rounds;
};

/* B: passes numbers on. */
static int react(const void *argument, int tell)
{
	const struct triangle *triangle = argument;
	struct client *b = client_open_quiet(bus_address());
	DBusMessage *message;
	uint32_t done = 0;

	dprintf(tell, "%s\n", b->unique);
	while (done < triangle->rounds && (message = client_next(b))) {
		if (dbus_message_has_member(message, "Go")) {
			client_send(b, no_reply(new_numbered(triangle->c,
							     "Reaction",
							     number_of(message))));
			done++;
		}
		dbus_message_unref(message);
	}
	return done < triangle->rounds;
}

static DBusMessage *numbered_signal(const char *destination, uint32_t number)
{
	DBusMessage *signal = new_signal(destination, "Cause");

	dbus_message_append_args(signal, DBUS_TYPE_UINT32, &number,
				 DBUS_TYPE_INVALID);
	return signal;
}

static DBusMessage *fast_cause(const char *c, uint32_t number)
{
	return no_reply(new_numbered(c, "Cause", number));
}

static DBusMessage *broadcast_cause(const char *c, uint32_t number)
{
	(void)c;
	return numbered_signal(NULL, number);
}

/* A path that is too long for the module. */
static DBusMessage *long_cause(const char *c, uint32_t number)
{
	static char path[6001];
	DBusMessage *message = fast_cause(c, number);
	int i;

	for (i = 0; i < 6000; i++)
		path[i] = i % 2 ? 'x' : '/';
	dbus_message_set_path(message, path);
	return message;
}

/* Every other one is slow. */
static DBusMessage *mixed_cause(const char *c, uint32_t number)
{
	return (number % 2 ? long_cause : fast_cause)(c, number);
}

static void check_order(struct client *c, uint32_t rounds)
{
	uint32_t causes = 0, reactions = 0;
	DBusMessage *message;

	while (reactions < rounds && (message = client_next(c))) {
		uint32_t number = number_of(message);

		if (dbus_message_has_member(message, "Cause"))
			check(number == causes++, "cause %u out of turn",
			      number);
		else if (dbus_message_has_member(message, "Reaction")) {
			check(number == reactions++, "reaction %u out of turn",
			      number);
			check(number < causes, "reaction %u before its cause",
			      number);
		}
		dbus_message_unref(message);
	}
	say("%u causes, %u reactions", causes, reactions);
}

static void triangle(DBusMessage *(*cause)(const char *c, uint32_t number))
{
	struct client *a = client_open("A"), *c = client_open("C");
	struct triangle triangle = { c->unique, 10 * ROUNDS };
	struct child child = child_start(react, &triangle);
	char b[64];
	uint32_t i;

	client_match(c, "member='Cause'");
	snprintf(b, sizeof(b), "%s", child_line(&child));
	carried_begin();
	for (i = 0; i < triangle.rounds; i++) {
		client_send(a, cause(c->unique, i));
		client_send(a, no_reply(new_numbered(b, "Go", i)));
	}
	check_order(c, triangle.rounds);
	carried_some(triangle.rounds, 0, 0, 0);
	check(!child_wait(&child), "B has not got all");
}

static void case_triangle_fast(void)
{
	triangle(fast_cause);
}

static void case_triangle_broadcast(void)
{
	broadcasts_begin();
	triangle(broadcast_cause);
	broadcasts_end(5 * ROUNDS);
}

static void case_triangle_long(void)
{
	triangle(long_cause);
}

static void case_triangle_mixed(void)
{
	triangle(mixed_cause);
}

/* Answers from two sides, each in the order of the questions. */
static void case_two_sides(void)
{
	struct child child = child_start(echo_service, NULL);
	struct client *a = client_open("A");
	uint32_t last[2] = { 0, 0 };
	char b[64];
	int i, side;

	snprintf(b, sizeof(b), "%s", child_line(&child));
	carried_begin();
	for (i = 0; i < ROUNDS; i++) {
		client_send(a, driver_call("GetId"));
		client_send(a, new_call(b, "Call"));
	}
	for (i = 0; i < 2 * ROUNDS; i++) {
		DBusMessage *reply = client_next(a);
		uint32_t serial;

		if (!check(reply, "answer %d does not come", i))
			break;
		side = !strcmp(dbus_message_get_sender(reply), b);
		serial = dbus_message_get_reply_serial(reply);
		check(serial > last[side], "answer to %u after that to %u",
		      serial, last[side]);
		last[side] = serial;
		dbus_message_unref(reply);
	}
	say("%d answers", i);
	carried_some(ROUNDS, ROUNDS, 0, 0);
	client_send(a, no_reply(new_call(b, "Quit")));
	check(!child_wait(&child), "B fails");
}

#define FLOOD		250	/* messages; one socket holds them */
#define FLOOD_TURN	100	/* more than dbus-daemon reads at a time */

/* Small messages, which concern the daemon: the module knows no such flag. */
static void flood(struct raw *a, const char *destination)
{
	struct raw_message message = raw_call(destination, "Flood");
	struct raw_bytes bytes = { 0 };
	int i;

	message.type = DBUS_MESSAGE_TYPE_SIGNAL;
	message.flags = 0x40;
	for (i = 0; i < FLOOD; i++) {
		message.serial = 1000 + i;
		put_message(&bytes, &message);
	}
	raw_write(a, bytes.data, bytes.len, 0);
}

/* Until a process sleeps, is stopped or whatever the letter says in ps(1). */
static void await_state(pid_t pid, char wanted)
{
	char path[64], state = 0;
	int tries;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (tries = 0; state != wanted && tries < 1000; tries++) {
		FILE *file = fopen(path, "re");

		if (!file || fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			give_up("%s cannot be read", path);
		fclose(file);
		usleep(10000);
	}
}

/* How many messages come before the answer to SERIAL. */
static unsigned int count_before(struct client *c, uint32_t serial)
{
	DBusMessage *message;
	unsigned int count = 0;
	bool found = false;

	while (!found && (message = client_next(c))) {
		found = dbus_message_get_reply_serial(message) == serial;
		count += !found;
		dbus_message_unref(message);
	}
	return count;
}

/*
 * Who has written a lot is not served until nothing is left of it before anybody
 * else has his turn.
 */
static void case_turns(void)
{
	struct raw *a = raw_open("A", false);
	struct client *c = client_open("C");
	pid_t daemon = atoi(getenv("BUS_TEST_PID"));
	DBusMessage *message;
	unsigned int before;
	uint32_t serial;

	/* Asleep, so that it wakes up to the flood first. */
	await_state(daemon, 'S');
	kill(daemon, SIGSTOP);
	await_state(daemon, 'T');
	flood(a, c->unique);
	serial = client_send(c, driver_call("GetId"));
	kill(daemon, SIGCONT);
	before = count_before(c, serial);
	check(before > 0 && before < FLOOD_TURN, "%u messages of somebody else come first",
	      before);
	/* How many that are depends on the bus; that all come does not. */
	while (before < FLOOD && (message = client_next(c))) {
		dbus_message_unref(message);
		before++;
	}
	say("%u messages for C", before);
}

const struct bus_case cases_order[] = {
	{ "fence", "session", case_fence },
	{ "fence-one-write", "session", case_fence_one_write },
	{ "two-sides", "session", case_two_sides },
	{ "triangle-fast", "session", case_triangle_fast },
	{ "triangle-broadcast", "session", case_triangle_broadcast },
	{ "triangle-long", "session", case_triangle_long },
	{ "triangle-mixed", "session", case_triangle_mixed },
	{ "turns", "session", case_turns },
	{ 0 },
};
