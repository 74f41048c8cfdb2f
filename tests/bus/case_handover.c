// SPDX-License-Identifier: GPL-2.0-only
/*
 * A name goes back and forth between two processes while a third sends calls to
 * it.  What each of them does when is up to the scheduler, so the transcript
 * only says that the rules have been kept.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "child.h"
#include "client.h"
#include "counters.h"

#define NAME		"org.kdbus.Handover"
#define CALLS		600
#define WINDOW		8

struct owner {
	struct client *client;
	bool owns;
	uint32_t last;
	unsigned int handovers;
	int tell;
};

static void ask_for_name(struct owner *owner)
{
	DBusMessage *call = with_string(driver_call("RequestName"), NAME);
	dbus_uint32_t flags = DBUS_NAME_FLAG_ALLOW_REPLACEMENT |
			      DBUS_NAME_FLAG_REPLACE_EXISTING;

	dbus_message_append_args(call, DBUS_TYPE_UINT32, &flags,
				 DBUS_TYPE_INVALID);
	client_send(owner->client, no_reply(call));
}

static bool is_about_name(DBusMessage *message, const char *member)
{
	const char *name = "";

	return dbus_message_is_signal(message, DRIVER, member) &&
	       dbus_message_get_args(message, NULL, DBUS_TYPE_STRING, &name,
				     DBUS_TYPE_INVALID) &&
	       !strcmp(name, NAME);
}

/* Numbers come in order, and to the owner only. */
static void take_call(struct owner *owner, DBusMessage *call)
{
	uint32_t number = number_of(call);
	DBusMessage *reply = dbus_message_new_method_return(call);

	if (!owner->owns)
		dprintf(owner->tell, "call %u to somebody else\n", number);
	if (number <= owner->last)
		dprintf(owner->tell, "call %u after %u\n", number, owner->last);
	owner->last = number;
	dbus_message_append_args(reply, DBUS_TYPE_UINT32, &number,
				 DBUS_TYPE_INVALID);
	client_send(owner->client, reply);
}

/* Who has lost the name wants it back. */
static void take_news(struct owner *owner, DBusMessage *news)
{
	if (is_about_name(news, "NameAcquired")) {
		owner->owns = true;
		owner->handovers++;
	} else if (is_about_name(news, "NameLost")) {
		owner->owns = false;
		ask_for_name(owner);
	}
}

static int own_in_turns(const void *argument, int tell)
{
	struct owner owner = { .client = client_open_quiet(bus_address()),
			       .tell = tell };
	DBusMessage *message;
	bool go_on = true;

	(void)argument;
	dprintf(tell, "%s\n", owner.client->unique);
	ask_for_name(&owner);
	while (go_on && (message = client_next(owner.client))) {
		if (dbus_message_has_member(message, "Quit"))
			go_on = false;
		else if (dbus_message_has_member(message, "Call"))
			take_call(&owner, message);
		else
			take_news(&owner, message);
		dbus_message_unref(message);
	}
	dprintf(tell, "%u handovers\n", owner.handovers);
	return 0;
}

struct caller {
	struct client *client;
	uint32_t sent;
	uint32_t answered;
	uint32_t first_serial;
	bool done[CALLS + 1];
};

static void send_next(struct caller *caller)
{
	uint32_t serial;

	serial = client_send(caller->client,
			     new_numbered(NAME, "Call", ++caller->sent));
	if (!caller->first_serial)
		caller->first_serial = serial;
	check(serial == caller->first_serial + caller->sent - 1,
	      "libdbus leaves out serial numbers");
}

/* False when no answer comes. */
static bool take_answer(struct caller *caller)
{
	DBusMessage *reply = client_next(caller->client);
	uint32_t number;

	if (!check(reply, "after %u calls no answer comes", caller->answered))
		return false;
	number = dbus_message_get_reply_serial(reply) - caller->first_serial +
		 1;
	if (number > CALLS)
		say_message("A", reply);
	else if (!check(!caller->done[number], "call %u has two answers",
			number))
		say_message("A", reply);
	else
		caller->done[number] = true;
	if (dbus_message_get_error_name(reply))
		say_message("A", reply);
	else
		check(number_of(reply) == number,
		      "call %u has the answer of another", number);
	caller->answered++;
	dbus_message_unref(reply);
	return true;
}

static void finish(struct client *a, struct child *child, const char *unique)
{
	unsigned int handovers;
	const char *line;

	client_send(a, no_reply(new_call(unique, "Quit")));
	while (*(line = child_line(child))) {
		if (sscanf(line, "%u handovers", &handovers) == 1)
			check(handovers > 5, "only %u handovers", handovers);
		else
			check(false, "%s", line);
	}
	check(!child_wait(child), "an owner failed");
}

static void case_handover(void)
{
	struct child children[2] = { child_start(own_in_turns, NULL),
				     child_start(own_in_turns, NULL) };
	struct caller caller = { .client = client_open("A") };
	char unique[2][64];
	int i;

	for (i = 0; i < 2; i++)
		snprintf(unique[i], sizeof(unique[i]), "%s",
			 child_line(&children[i]));
	client_await_owner(NAME, true);
	carried_begin();
	while (caller.sent < WINDOW)
		send_next(&caller);
	while (caller.answered < CALLS && take_answer(&caller))
		if (caller.sent < CALLS)
			send_next(&caller);
	say("%u calls, %u answers", caller.sent, caller.answered);
	carried_some(CALLS / 20, CALLS / 20, 0, 0);
	for (i = 0; i < 2; i++)
		finish(caller.client, &children[i], unique[i]);
	client_drain(caller.client);
}

const struct bus_case cases_handover[] = {
	{ "handover", "session", case_handover },
	{ 0 },
};
