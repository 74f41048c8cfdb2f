// SPDX-License-Identifier: GPL-2.0-only
/*
 * Actors talk to each other in every way that there is, at random, and check
 * the order of all that they get.
 *
 * Each message carries a clock: the matrix of how many messages each actor had
 * sent to each other one, as far as its sender knew. So whoever gets it knows
 * how many he has to have got before from this sender (no more, no less), and
 * from everybody else (no less). See Raynal, Schiper, Toueg: The causal ordering
 * abstraction and a simple way to implement it (1991).
 */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "load.h"

/* Unread messages of an actor above which nobody sends him any more. */
#define BACKLOG		1500
#define BURST		64
#define UNWRITTEN	(64 << 10)
#define VISITORS	65536

/* Who wants signals of that member; see subscribe(). */
enum audience { AUDIENCE_ONE, AUDIENCE_ALL, AUDIENCE_EVEN };

struct clock {
	uint32_t sent[ACTORS_MAX][ACTORS_MAX];
	uint32_t changes;
	uint32_t events[ACTORS_MAX];
};

/**
 * struct actor - one of them
 * @link: its connection
 * @self: its number
 * @clock: what it knows
 * @got: messages that it has got of each
 * @events: broadcasts among them
 * @mine: names that it owns, according to NameAcquired and NameLost
 * @calls: by name, to each
 * @named: the last of those from each caller
 * @present: unique names of visitors that have come and not gone
 * @visited: the next number of each
 * @file: some descriptor to send
 */
struct actor {
	struct link link;
	unsigned int self;
	struct clock clock;
	uint32_t got[ACTORS_MAX];
	uint32_t events[ACTORS_MAX];
	bool mine[NAMES];
	uint32_t calls[NAMES];
	uint32_t named[NAMES][ACTORS_MAX];
	bool present[VISITORS];
	uint32_t visited[VISITORS];
	int file;
};

static bool in_audience(unsigned int actor, enum audience audience,
			unsigned int to)
{
	switch (audience) {
	case AUDIENCE_ONE:
		return actor == to;
	case AUDIENCE_EVEN:
		return !(actor % 2);
	default:
		return true;
	}
}

static unsigned int random_actor(void)
{
	return random_below(shared->actors);
}

static bool has_room(unsigned int to)
{
	return atomic_load(&shared->sent[to]) - atomic_load(&shared->got[to]) <
	       BACKLOG;
}

static bool all_have_room(void)
{
	unsigned int i;

	for (i = 0; i < shared->actors; i++)
		if (!has_room(i))
			return false;
	return true;
}

/* "uuuuauauay": who, a number, changes of owners, is it an event, clock, broadcasts, filler */
#define CLOCKED "uuuuauauay"

static void put_clock(struct actor *a, struct writer *w, uint32_t number,
		      bool event, uint32_t filler)
{
	static const uint8_t zeros[100000];
	unsigned int i, n = shared->actors;

	put_u32(w, a->self);
	put_u32(w, number);
	put_u32(w, a->clock.changes);
	put_u32(w, event);
	put_u32(w, n * n * 4);
	for (i = 0; i < n; i++)
		put_bytes(w, a->clock.sent[i], n * 4);
	put_u32(w, n * 4);
	put_bytes(w, a->clock.events, n * 4);
	put_u32(w, filler);
	put_bytes(w, zeros, filler);
}

static void note_sent(struct actor *a, enum audience audience, unsigned int to,
		      const char *kind)
{
	unsigned int i;
	uint32_t number;

	if (audience != AUDIENCE_ONE)
		a->clock.events[a->self]++;
	for (i = 0; i < shared->actors; i++)
		if (in_audience(i, audience, to)) {
			number = a->clock.sent[a->self][i]++;
			shared->kinds[a->self][i][number % KINDS_KEPT] = *kind;
			atomic_fetch_add(&shared->sent[i], 1);
		}
}

static uint32_t random_filler(void)
{
	if (once_in(200))
		return random_below(100000);
	return once_in(4) ? random_below(500) : 0;
}

/* A path that is too long for the module, so that the daemon gets it. */
static const char *slow_path(void)
{
	static char path[6001];
	int i;

	if (!*path)
		for (i = 0; i < 6000; i++)
			path[i] = i % 2 ? 'x' : '/';
	return path;
}

static void tell(struct actor *a, uint8_t type, uint8_t flags,
		 unsigned int to, const char *path)
{
	struct writer *w = link_begin_at(&a->link, type, flags,
					 shared->unique[to], path, "Tell",
					 CLOCKED);
	bool file = once_in(50);

	if (file)
		put_field_u32(w, 9, 1);
	end_header(w);
	put_clock(a, w, 0, false, random_filler());
	if (file)
		link_end_with_file(&a->link, a->file);
	else
		link_end(&a->link);
	note_sent(a, AUDIENCE_ONE, to, file ? "file" : strcmp(path, LOAD_PATH) ? "long" :
		  type == SIGNAL ? "signal" : "call");
}

static void broadcast(struct actor *a, const char *member,
		      enum audience audience, uint32_t number)
{
	struct writer *w = link_begin(&a->link, SIGNAL, 0, NULL, member,
				      CLOCKED);

	put_clock(a, w, number, true, random_filler());
	link_end(&a->link);
	note_sent(a, audience, 0, member);
}

static void load_name(char *name, unsigned int number)
{
	sprintf(name, LOAD_NAMES "%u", number);
}

/* Whoever owns the name gets it, so it is in nobody's clock. */
static void call_by_name(struct actor *a)
{
	unsigned int number = random_below(NAMES);
	struct writer *w;
	char name[64];

	load_name(name, number);
	w = link_begin(&a->link, CALL, NO_REPLY | NO_AUTO_START, name, "Named",
		       "uuu");
	put_u32(w, a->self);
	put_u32(w, number);
	put_u32(w, ++a->calls[number]);
	link_end(&a->link);
}

/* Replace whoever has it, or queue behind him, or give it up. */
static void move_name(struct actor *a)
{
	char name[64];

	load_name(name, random_below(NAMES));
	if (once_in(3))
		link_ask(&a->link, "ReleaseName", name);
	else
		link_request_name(&a->link, name, 1 | (once_in(2) ? 2 : 0));
}

/* What concerns the daemon. */
static void act_slowly(struct actor *a)
{
	uint32_t what = random_below(100);

	if (what < 30)
		tell(a, SIGNAL, 0, random_actor(), slow_path());
	else if (what < 40)
		broadcast(a, "Outside", AUDIENCE_ALL, 0);
	else if (what < 50)
		call_service(&a->link, a->self, 0);
	else if (what < 65)
		link_ask(&a->link, "GetId", NULL);
	else if (what < 75)
		move_name(a);
	else
		call_by_name(a);
}

/* One message. */
static void act(struct actor *a)
{
	unsigned int to = random_actor();
	uint32_t what = random_below(100);

	if (random_below(1000) < shared->slow)
		act_slowly(a);
	else if (what < 55)
		broadcast(a, "All", AUDIENCE_ALL, 0);
	else if (what < 65)
		broadcast(a, "Even", AUDIENCE_EVEN, 0);
	else if (what < 85)
		tell(a, SIGNAL, 0, to, LOAD_PATH);
	else if (what < 93)
		tell(a, CALL, NO_REPLY, to, LOAD_PATH);
	else
		tell(a, CALL, 0, to, LOAD_PATH);
}

static void check_clock(struct actor *a, const struct msg *msg, unsigned int from,
			const uint32_t *sent, const uint32_t *events)
{
	unsigned int n = shared->actors, self = a->self, k;
	uint32_t before = sent[from * n + self];

	checked(RULE_FIFO);
	if (before != a->got[from])
		broken(RULE_FIFO, "%u from %u to %u (%s): number %u in place of %u, a '%c'",
		       msg->serial, from, self, msg->member, before,
		       a->got[from],
		       shared->kinds[from][self][a->got[from] % KINDS_KEPT]);
	a->got[from] = before + 1;
	checked(RULE_CAUSE);
	for (k = 0; k < n; k++) {
		if (k == from)
			continue;
		if (sent[k * n + self] > a->got[k])
			broken(RULE_CAUSE, "%u from %u to %u (%s): knows of %u messages from %u, only %u are here",
			       msg->serial, from, self, msg->member,
			       sent[k * n + self], k, a->got[k]);
	}
	/* What everybody gets has come to all before anybody can know of it. */
	if (self % 2)
		return;
	checked(RULE_EVENT);
	for (k = 0; k < n; k++)
		if (k != from && events[k] > a->events[k])
			broken(RULE_EVENT, "%u from %u to %u (%s): knows of %u broadcasts of %u, only %u are here",
			       msg->serial, from, self, msg->member, events[k],
			       k, a->events[k]);
}

static void learn(struct actor *a, unsigned int from, const uint32_t *sent,
		  const uint32_t *events)
{
	unsigned int n = shared->actors, i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++)
			if (sent[i * n + k] > a->clock.sent[i][k])
				a->clock.sent[i][k] = sent[i * n + k];
	for (i = 0; i < n; i++)
		if (events[i] > a->clock.events[i])
			a->clock.events[i] = events[i];
	/* This very message; of its own it knows better. */
	if (from != a->self)
		a->clock.sent[from][a->self] = a->got[from];
}

static void reply(struct actor *a, const struct msg *msg, unsigned int to)
{
	struct writer *w = link_begin_reply(&a->link, msg, CLOCKED);

	put_clock(a, w, 0, false, 0);
	link_end(&a->link);
	note_sent(a, AUDIENCE_ONE, to, "reply");
}

static void handle_clocked(struct actor *a, const struct msg *msg)
{
	static uint32_t sent[ACTORS_MAX * ACTORS_MAX], events[ACTORS_MAX];
	unsigned int n = shared->actors, from = msg_u32(msg, 0);
	bool event = msg_u32(msg, 12);

	if (from >= n || strcmp(msg->sender, shared->unique[from])) {
		broken(RULE_OTHER, "a message of %u comes from %s", from,
		       msg->sender);
		return;
	}
	memcpy(sent, msg->body + 20, n * n * 4);
	memcpy(events, msg->body + 24 + n * n * 4, n * 4);
	check_clock(a, msg, from, sent, events);
	if (event) {
		a->events[from]++;
		/* Its own clock is of the moment before. */
		events[from]++;
	}
	checked(RULE_OWNER);
	if (msg_u32(msg, 8) > a->clock.changes)
		broken(RULE_OWNER, "%u from %u to %u (%s): knows of %u changes of owners, only %u are here",
		       msg->serial, from, a->self, msg->member,
		       msg_u32(msg, 8), a->clock.changes);
	learn(a, from, sent, events);
	atomic_fetch_add(&shared->got[a->self], 1);
	delivered();
	if (msg->type == CALL && !(msg->flags & NO_REPLY))
		reply(a, msg, from);
}

static void handle_named(struct actor *a, const struct msg *msg)
{
	unsigned int from = msg_u32(msg, 0), number = msg_u32(msg, 4);
	uint32_t call = msg_u32(msg, 8);

	if (from >= shared->actors || number >= NAMES)
		return;
	delivered();
	checked(RULE_NAME);
	if (!a->mine[number])
		broken(RULE_NAME, "%u is called by name %u, which is not its",
		       a->self, number);
	checked(RULE_FIFO);
	if (call <= a->named[number][from])
		broken(RULE_FIFO, "call %u by name of %u to %u after call %u",
		       call, from, a->self, a->named[number][from]);
	a->named[number][from] = call;
}

/* Numbered signals of connections that come and go. */
static void handle_visit(struct actor *a, const struct msg *msg)
{
	unsigned int id = atoi(msg->sender + 3) % VISITORS;
	uint32_t number = msg_u32(msg, 0);

	delivered();
	checked(RULE_NEWCOMER);
	if (!a->present[id])
		broken(RULE_NEWCOMER, "%s says %u and is not there", msg->sender,
		       number);
	if (number != a->visited[id])
		broken(RULE_FIFO, "%u of %s in place of %u", number,
		       msg->sender, a->visited[id]);
	a->visited[id] = number + 1;
}

static void handle_change(struct actor *a, const struct msg *msg)
{
	size_t at = 0;
	const char *name = msg_string(msg, &at);
	const char *new;

	msg_string(msg, &at);
	new = msg_string(msg, &at);
	if (!strncmp(name, ":1.", 3)) {
		unsigned int id = atoi(name + 3) % VISITORS;

		a->present[id] = *new;
		a->visited[id] = 0;
		return;
	}
	if (strncmp(name, LOAD_NAMES, strlen(LOAD_NAMES)))
		return;
	a->clock.changes++;
	/* The new owner is heard of at once. */
	if (!strcmp(new, a->link.unique) && !shared->stop)
		broadcast(a, "All", AUDIENCE_ALL, 0);
}

static void handle_driver(struct actor *a, const struct msg *msg)
{
	bool acquired = msg_is(msg, "NameAcquired");
	const char *name;
	size_t at = 0;

	if (msg_is(msg, "NameOwnerChanged")) {
		handle_change(a, msg);
	} else if (acquired || msg_is(msg, "NameLost")) {
		name = msg_string(msg, &at);
		if (!strncmp(name, LOAD_NAMES, strlen(LOAD_NAMES)))
			a->mine[atoi(name + strlen(LOAD_NAMES)) % NAMES] =
				acquired;
	} else if (msg->type == ERROR &&
		   strcmp(msg->error, DRIVER ".Error.ServiceUnknown") &&
		   strcmp(msg->error, DRIVER ".Error.NameHasNoOwner")) {
		broken(RULE_OTHER, "%u gets error %s (%s)", a->self, msg->error,
		       msg_string(msg, &at));
	}
}

static void handle(struct actor *a, const struct msg *msg)
{
	if (msg_from_driver(msg))
		handle_driver(a, msg);
	else if (!strcmp(msg->signature, CLOCKED))
		handle_clocked(a, msg);
	else if (msg_is(msg, "Named"))
		handle_named(a, msg);
	else if (msg_is(msg, "Visit"))
		handle_visit(a, msg);
}

static void generate(struct actor *a)
{
	int i;

	for (i = 0; i < BURST; i++) {
		if (shared->stop || link_unwritten(&a->link) > UNWRITTEN ||
		    !all_have_room())
			return;
		act(a);
	}
}

static void subscribe(struct actor *a)
{
	struct msg msg;
	uint32_t last;

	match(&a->link, "type='signal',sender='" DRIVER "',member='NameOwnerChanged'");
	match(&a->link, "interface='" LOAD_INTERFACE "',member='All'");
	match(&a->link, "member='Outside'");
	match(&a->link, "path_namespace='/org/kdbus',member='Visit'");
	/* Two rules, one message. */
	match(&a->link, "type='signal',path='" LOAD_PATH "',member='All'");
	last = link_ask(&a->link, "GetId", NULL);
	if (!(a->self % 2))
		last = match(&a->link, "path='" LOAD_PATH "',member='Even'");
	if (!link_answer(&a->link, last, &msg))
		broken(RULE_OTHER, "%u cannot subscribe", a->self);
}

void be_actor(unsigned int self, const char *address)
{
	struct actor *a = calloc(1, sizeof(*a));
	struct msg msg;

	a->self = self;
	a->file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	link_open(&a->link, address);
	strcpy(shared->unique[self], a->link.unique);
	subscribe(a);
	ready_and_wait();
	while (!shared->ended) {
		generate(a);
		link_flush(&a->link);
		if (!link_fill(&a->link)) {
			if (a->link.dead) {
				broken(RULE_OTHER, "%u is disconnected", self);
				break;
			}
			/* Some react at once, most let a little come together. */
			if (once_in(4))
				link_wait(&a->link, 2);
			else
				usleep(3000);
		}
		while (link_next(&a->link, &msg))
			handle(a, &msg);
	}
	link_close(&a->link);
	free(a);
}
