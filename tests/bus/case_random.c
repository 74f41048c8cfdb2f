// SPDX-License-Identifier: GPL-2.0-only
/* Who gets which signal, at random: dbus-daemon is what the module is compared with. */

#include <string.h>

#include "cases.h"
#include "client.h"
#include "counters.h"
#include "random.h"
#include "raw.h"

#define READERS		8
#define RULES		3
#define ROUNDS		6
#define TURNS		1
#define TURN		50	/* signals, fewer than a socket holds */

struct reader {
	struct client *client;
	char rules[RULES][RANDOM_RULE_SIZE];
};

static struct reader readers[READERS];

/* All of them the first time, later some.  One without a key would hide the others. */
static void change_rules(struct reader *reader)
{
	int i;

	for (i = 0; i < RULES; i++) {
		if (*reader->rules[i] && random_below(2))
			continue;
		if (*reader->rules[i])
			client_driver(reader->client, "RemoveMatch",
				      reader->rules[i]);
		do {
			random_rule(reader->rules[i]);
		} while (!strchr(reader->rules[i], '='));
		client_match(reader->client, reader->rules[i]);
	}
}

/* Could the module carry it?  Of the other byte order, dbus-daemon has to look. */
static bool is_for_all(const void *data, size_t len)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *message = dbus_message_demarshal(data, len, &error);
	bool yes;

	if (!message)
		give_up("the signal is none: %s", error.message);
	yes = *(const char *)data == 'l' && !dbus_message_get_destination(message);
	dbus_message_unref(message);
	return yes;
}

/* Returns how many of them the module could carry. */
static long send_signals(struct raw *a, uint32_t first)
{
	const void *data;
	long count = 0;
	uint32_t i;
	size_t len;

	for (i = 0; i < TURN; i++) {
		data = random_signal(first + i, &len);
		count += is_for_all(data, len);
		raw_write(a, data, len, 0);
	}
	return count;
}

static void own_name(struct raw *a, const char *name)
{
	struct raw_message call = raw_hello();
	struct raw_bytes body = { 0 };

	put_string(&body, name);
	put_number(&body, DBUS_NAME_FLAG_DO_NOT_QUEUE);
	call.member = "RequestName";
	call.signature = "su";
	call.body = body.data;
	call.body_len = body.len;
	raw_send(a, call);
	raw_drain(a);
}

/* dbus-daemon has written what it had for them, so that the module may deliver. */
static void settle_all(struct raw *a)
{
	int i;

	for (i = 0; i < READERS; i++)
		client_sync(readers[i].client);
	raw_drain(a);
}

static void drain_all(struct raw *a, struct client *recipient)
{
	int i;

	raw_drain(a);
	client_drain(recipient);
	for (i = 0; i < READERS; i++)
		client_drain(readers[i].client);
}

static void open_readers(void)
{
	char label[4] = "R0";
	int i;

	for (i = 0; i < READERS; i++) {
		label[1] = '0' + i;
		readers[i].client = client_open(label);
	}
}

static void case_match_random(void)
{
	struct client *recipient = client_open("S");
	struct raw *a = raw_open("A", false);
	long could = 0;
	int i, k;

	random_start(a->unique, recipient->unique);
	own_name(a, "a.b");
	own_name(a, "a.b.c");
	client_request_name(recipient, "r.s", 0);
	open_readers();
	broadcasts_begin();
	for (i = 0; i < ROUNDS; i++) {
		for (k = 0; k < READERS; k++)
			change_rules(&readers[k]);
		settle_all(a);
		for (k = 0; k < TURNS; k++) {
			could += send_signals(a, 1000 + (i * TURNS + k) * TURN);
			drain_all(a, recipient);
		}
	}
	check(could > ROUNDS * TURNS * TURN / 4, "%ld broadcasts are not many", could);
	broadcasts_end(could * 9 / 10);
}

const struct bus_case cases_random[] = {
	{ "match-random", "session", case_match_random },
	{ 0 },
};
