// SPDX-License-Identifier: GPL-2.0-only
/* Processes that each do one thing again and again, and check it. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "load.h"

#define LIVES		40	/* calls that an instance of the service answers */
#define WAITING_CALLS	40

uint32_t match(struct link *link, const char *rule)
{
	return link_ask(link, "AddMatch", rule);
}

void call_service(struct link *link, unsigned int caller, unsigned int after)
{
	unsigned long number = shared->called[caller] + 1;
	struct writer *w;

	if (number - shared->served[caller] > WAITING_CALLS)
		return;
	shared->called[caller] = number;
	w = link_begin(link, CALL, NO_REPLY, LOAD_SERVICE, "Serve", "uuu");
	put_u32(w, caller);
	put_u32(w, number);
	put_u32(w, after);
	link_end(link);
}

static void serve(const struct msg *msg)
{
	unsigned int caller = msg_u32(msg, 0) % CALLERS_MAX;
	unsigned long number = msg_u32(msg, 4), after = msg_u32(msg, 8);

	checked(RULE_ACTIVATION);
	delivered();
	if (number != shared->served[caller] + 1)
		broken(RULE_ACTIVATION, "call %lu of %u to the service in place of %lu",
		       number, caller, shared->served[caller] + 1);
	shared->served[caller] = number;
	if (!after)
		return;
	checked(RULE_TICKET);
	if (shared->served[caller ^ 1] < after)
		broken(RULE_TICKET, "call %lu of %u knows of call %lu of %u, %lu is here",
		       number, caller, after, caller ^ 1,
		       shared->served[caller ^ 1]);
}

/*
 * Started by dbus-daemon when somebody calls. After some calls it gives its
 * name up, in an orderly way, so that none is lost.
 */
int be_service(const char *address)
{
	uint32_t released = 0;
	struct link link;
	struct msg msg;
	int calls = 0;

	if (!link_try(&link, address))
		return 1;
	link_request_name(&link, LOAD_SERVICE, 4);
	shared->instances++;
	while (link_read(&link, &msg, PATIENCE)) {
		if (released && msg.reply_serial == released)
			break;
		if (msg.type != CALL)
			continue;
		/* The one before has to have seen all of its calls. */
		if (!calls++)
			flock(open("/dev/shm/load.lock",
				   O_RDWR | O_CREAT | O_CLOEXEC, 0666), LOCK_EX);
		serve(&msg);
		if (calls == LIVES)
			released = link_ask(&link, "ReleaseName", LOAD_SERVICE);
	}
	link_close(&link);
	return 0;
}

static void say_number(struct link *link, const char *member, uint32_t number)
{
	put_u32(link_begin(link, SIGNAL, 0, NULL, member, "u"), number);
	link_end(link);
}

/* Comes, says something at once, and goes. */
void be_visitor(const char *address)
{
	uint32_t count, i;
	struct link link;
	struct msg msg;

	ready_and_wait();
	while (!shared->stop) {
		if (!link_try(&link, address)) {
			if (!shared->stop)
				broken(RULE_OTHER, "a visitor cannot connect");
			break;
		}
		count = 1 + random_below(10);
		for (i = 0; i < count; i++)
			say_number(&link, "Visit", i);
		if (once_in(2))
			link_answer(&link, link_ask(&link, "GetId", NULL),
				    &msg);
		link_flush(&link);
		link_close(&link);
		shared->visits++;
		usleep(random_below(20000));
	}
}

/* Who is not on this bus and wants some of the broadcasts. */
void be_outsider(const char *address)
{
	struct link link;
	struct msg msg;

	link_open(&link, address);
	match(&link, "member='Outside'");
	ready_and_wait();
	while (!shared->ended && !link.dead)
		link_read(&link, &msg, 0);
	link_close(&link);
}

/* Sends the signal that it is asked for, and says so. */
void be_emitter(const char *address)
{
	const char *member, *argument;
	struct writer *w;
	struct link link;
	struct msg msg;
	size_t at;

	link_open(&link, address);
	link_request_name(&link, LOAD_EMITTER, 0);
	link_answer(&link, link_ask(&link, "GetId", NULL), &msg);
	ready_and_wait();
	while (!shared->ended && !link.dead) {
		if (!link_read(&link, &msg, 0) || !msg_is(&msg, "Emit"))
			continue;
		at = 4;
		member = msg_string(&msg, &at);
		argument = msg_string(&msg, &at);
		w = link_begin(&link, SIGNAL, 0, NULL, member, "su");
		put_string(w, argument);
		put_u32(w, msg_u32(&msg, 0));
		link_end(&link);
		w = link_begin(&link, SIGNAL, 0, msg.sender, "Done", "u");
		put_u32(w, msg_u32(&msg, 0));
		link_end(&link);
		link_flush(&link);
	}
	link_close(&link);
}

static const char *const rules[] = {
	"member='M%u'",
	"type='signal',interface='" LOAD_INTERFACE "',member='M%u'",
	"sender='" LOAD_EMITTER "',member='M%u'",
	"arg0='a.b%u'",
	"arg0namespace='a.b%u'",
	"path='" LOAD_PATH "',interface='" LOAD_INTERFACE "',arg0='a.b%u'",
	"path_namespace='/org/kdbus',member='M%u'",
	"sender='" LOAD_EMITTER "',interface='" LOAD_INTERFACE "',arg0='a.b%u'",
};

/* How often the signal comes that somebody is asked to send; -1 at the end. */
static int count_emitted(struct link *link, unsigned int id, uint32_t number)
{
	struct writer *w = link_begin(link, CALL, NO_REPLY, LOAD_EMITTER,
				      "Emit", "uss");
	struct msg msg;
	char text[32];
	int count = 0;

	put_u32(w, number);
	snprintf(text, sizeof(text), "M%u", id);
	put_string(w, text);
	snprintf(text, sizeof(text), "a.b%u", id);
	put_string(w, text);
	link_end(link);
	while (link_read(link, &msg, PATIENCE)) {
		if (msg.member[0] == 'M') {
			count++;
			delivered();
		} else if (msg_is(&msg, "Done") && msg_u32(&msg, 0) == number) {
			delivered();
			return count;
		}
	}
	if (!shared->stop)
		broken(RULE_MATCH, "no answer to number %u", number);
	return -1;
}

/* Either it waits for the answer, or it does not: the order is the same. */
static void change_rule(struct link *link, const char *how, const char *rule)
{
	uint32_t serial = link_ask(link, how, rule);
	struct msg msg;

	if (once_in(2))
		link_answer(link, serial, &msg);
}

static void expect_emitted(struct link *link, unsigned int id, uint32_t number,
			   int want, const char *rule)
{
	int count = count_emitted(link, id, number);

	checked(RULE_MATCH);
	if (count >= 0 && count != want)
		broken(RULE_MATCH, "%d signals instead of %d, by rule %s",
		       count, want, rule);
}

void be_matcher(const char *address)
{
	unsigned int id = getpid() % 1000 * 1000000;
	uint32_t number = 0;
	struct link link;
	char rule[256];

	link_open(&link, address);
	ready_and_wait();
	while (!shared->stop) {
		snprintf(rule, sizeof(rule),
			 rules[random_below(sizeof(rules) / sizeof(*rules))],
			 ++id);
		change_rule(&link, "AddMatch", rule);
		expect_emitted(&link, id, ++number, 1, rule);
		change_rule(&link, "RemoveMatch", rule);
		expect_emitted(&link, id, ++number, 0, rule);
	}
	link_close(&link);
}

static void say_heir(struct link *link, const char *to, const char *member,
		     uint32_t who, uint32_t number)
{
	struct writer *w = link_begin(link, SIGNAL, 0, to, member, "uu");

	put_u32(w, who);
	put_u32(w, number);
	link_end(link);
}

/* Reads what has come, and takes no notice. */
static void ignore_all(struct link *link)
{
	struct msg msg;

	link_flush(link);
	while (link_fill(link))
		while (link_next(link, &msg))
			;
}

static void call_named(struct link *link, const char *name)
{
	link_begin(link, CALL, NO_REPLY | NO_AUTO_START, name, "Named", "");
	link_end(link);
}

/* The other customer has called: a call from here comes after that one. */
static void heed_ticket(struct link *link, const struct msg *msg,
			unsigned int caller)
{
	if (msg_is(msg, "Ticket"))
		call_service(link, caller, msg_u32(msg, 0));
}

/* For some milliseconds, or until something has come. */
static void heed_tickets(struct link *link, unsigned int caller, int ms)
{
	struct msg msg;

	link_flush(link);
	link_wait(link, ms);
	while (link_fill(link))
		while (link_next(link, &msg))
			heed_ticket(link, &msg, caller);
	link_flush(link);
}

/* Calls, and says so to the other: when dbus-daemon has got it, or at once. */
static void call_with_ticket(struct link *link, unsigned int caller)
{
	unsigned int self = caller - ACTORS_MAX;
	uint32_t serial;
	struct msg msg;

	call_service(link, caller, 0);
	if (once_in(2)) {
		serial = link_ask(link, "GetId", NULL);
		while (link_read(link, &msg, PATIENCE) &&
		       msg.reply_serial != serial)
			heed_ticket(link, &msg, caller);
	}
	put_u32(link_begin(link, SIGNAL, 0, shared->customer[!self], "Ticket",
			   "u"), shared->called[caller]);
	link_end(link);
}

/*
 * Calls the service.  With nothing else to say, it is not held back for other
 * messages just when the service gets its name.
 */
void be_customer(const char *address, unsigned int caller)
{
	struct link link;

	link_open(&link, address);
	strcpy(shared->customer[caller - ACTORS_MAX], link.unique);
	ready_and_wait();
	while (!shared->stop && !link.dead) {
		call_with_ticket(&link, caller);
		/* Who waits reacts at once, so that little time is enough. */
		heed_tickets(&link, caller, random_below(15));
		heed_tickets(&link, caller, random_below(15));
	}
	/* Who leaves takes along his calls that wait for activation. */
	while (!shared->ended && !link.dead) {
		ignore_all(&link);
		link_wait(&link, 100);
	}
	link_close(&link);
}

/*
 * Calls by a name that moves or that comes and goes, and says nothing else.  So
 * it is not held back for other messages just when the name changes.
 */
void be_caller(const char *address, const char *name)
{
	struct link link;

	link_open(&link, address);
	ready_and_wait();
	while (!shared->stop && !link.dead) {
		call_named(&link, name);
		ignore_all(&link);
		usleep(random_below(20000));
	}
	link_close(&link);
}

/* Until the answer has come; calls by the name are counted. */
static int count_named(struct link *link, uint32_t serial)
{
	struct msg msg;
	int count = 0;

	while (link_read(link, &msg, PATIENCE) && msg.reply_serial != serial)
		count += msg_is(&msg, "Named");
	return count;
}

/* Owns a name that nobody else wants, and gives it up again and again. */
void be_keeper(const char *address)
{
	struct link link;
	int count;

	link_open(&link, address);
	ready_and_wait();
	while (!shared->stop && !link.dead) {
		link_request_name(&link, LOAD_KEEPSAKE, 0);
		count_named(&link, link_ask(&link, "GetId", NULL));
		usleep(random_below(30000));
		count_named(&link, link_ask(&link, "ReleaseName", LOAD_KEEPSAKE));
		usleep(random_below(30000));
		count = count_named(&link, link_ask(&link, "GetId", NULL));
		checked(RULE_NAME);
		if (count)
			broken(RULE_NAME, "%d calls by a name that has been given up",
			       count);
	}
	link_close(&link);
}

/* Does the driver say that it is ours, or not any more? */
static bool is_heirloom(const struct msg *msg)
{
	size_t at = 0;

	return (msg_is(msg, "NameAcquired") || msg_is(msg, "NameLost")) &&
	       !strcmp(msg_string(msg, &at), LOAD_HEIRLOOM);
}

/*
 * Two of them hand a name to each other. Who gets it says so at once, to those
 * who look at the name, and then to one of these by his own.
 */
void be_heir(const char *address, bool first)
{
	uint32_t number = 0;
	struct link link;
	bool mine = false;
	struct msg msg;

	link_open(&link, address);
	ready_and_wait();
	link_request_name(&link, LOAD_HEIRLOOM, 0);
	while (!shared->ended && !link.dead) {
		if (!link_read(&link, &msg, 0))
			continue;
		if (msg_is(&msg, "Named")) {
			checked(RULE_NAME);
			if (!mine)
				broken(RULE_NAME, "heir %d is called by a name that is not his",
				       first);
		}
		if (!is_heirloom(&msg))
			continue;
		mine = msg_is(&msg, "NameAcquired");
		if (!mine)
			continue;
		say_heir(&link, NULL, "Owned", first, ++number);
		say_heir(&link, shared->witness, "Now", first, number);
		link_flush(&link);
		usleep(random_below(3000));
		link_ask(&link, "ReleaseName", LOAD_HEIRLOOM);
		if (!shared->stop)
			link_request_name(&link, LOAD_HEIRLOOM, 0);
		link_flush(&link);
	}
	link_close(&link);
}

void be_witness(const char *address)
{
	uint32_t last[2] = { 0, 0 }, number;
	struct link link;
	struct msg msg;
	int who;

	link_open(&link, address);
	strcpy(shared->witness, link.unique);
	link_answer(&link, match(&link, "sender='" LOAD_HEIRLOOM "',member='Owned'"),
		    &msg);
	ready_and_wait();
	while (!shared->ended && !link.dead) {
		if (!link_read(&link, &msg, 0))
			continue;
		who = msg_u32(&msg, 0) % 2;
		number = msg_u32(&msg, 4);
		if (msg_is(&msg, "Owned")) {
			delivered();
			last[who] = number;
		} else if (msg_is(&msg, "Now")) {
			delivered();
			checked(RULE_HEIR);
			if (last[who] != number)
				broken(RULE_HEIR, "heir %d has said %u, the last that came by name is %u",
				       who, number, last[who]);
		}
	}
	link_close(&link);
}

#define TICKS_AHEAD	50

/* Broadcasts all the time. */
void be_ticker(const char *address)
{
	uint32_t number = 0;
	struct link link;

	link_open(&link, address);
	ready_and_wait();
	while (!shared->stop && !link.dead) {
		if (number - shared->ticks > TICKS_AHEAD) {
			usleep(1000);
			continue;
		}
		say_number(&link, "Tick", ++number);
		link_flush(&link);
		if (once_in(5))
			usleep(random_below(5000));
	}
	link_close(&link);
}

/* Hears all of it, and says on demand what comes next. */
void be_companion(const char *address)
{
	char asked[32] = "";
	struct link link;
	struct msg msg;

	link_open(&link, address);
	strcpy(shared->companion, link.unique);
	link_answer(&link, match(&link, "member='Tick'"), &msg);
	ready_and_wait();
	while (!shared->ended && !link.dead) {
		if (!link_read(&link, &msg, 0))
			continue;
		if (msg_is(&msg, "Ask")) {
			snprintf(asked, sizeof(asked), "%s", msg.sender);
		} else if (msg_is(&msg, "Tick")) {
			delivered();
			shared->ticks = msg_u32(&msg, 0);
			if (!*asked)
				continue;
			put_u32(link_begin(&link, SIGNAL, 0, asked, "Next",
					   "u"), shared->ticks);
			link_end(&link);
			link_flush(&link);
			*asked = '\0';
		}
	}
	link_close(&link);
}

/**
 * struct switcher - wants to hear the ticker, and then not any more
 * @link: its connection
 * @last: the last number heard, 0 for none
 */
struct switcher {
	struct link link;
	uint32_t last;
};

static bool hear(struct switcher *s, struct msg *msg)
{
	uint32_t number;

	if (!link_read(&s->link, msg, PATIENCE) || shared->ended)
		return false;
	if (!msg_is(msg, "Tick"))
		return true;
	number = msg_u32(msg, 0);
	delivered();
	checked(RULE_MATCH);
	if (s->last && number != s->last + 1)
		broken(RULE_MATCH, "tick %u follows on %u", number, s->last);
	s->last = number;
	return true;
}

static bool switch_ticks(struct switcher *s, const char *how)
{
	uint32_t serial = link_ask(&s->link, how, "member='Tick'");
	struct msg msg;

	do {
		if (!hear(s, &msg))
			return false;
	} while (msg.reply_serial != serial);
	return true;
}

/* What the companion hears after he knows of our rule, we hear as well. */
static bool compare_ticks(struct switcher *s)
{
	struct msg msg;

	link_begin(&s->link, SIGNAL, 0, shared->companion, "Ask", "");
	link_end(&s->link);
	do {
		if (!hear(s, &msg))
			return false;
	} while (!msg_is(&msg, "Next"));
	checked(RULE_MATCH);
	if (s->last < msg_u32(&msg, 0))
		broken(RULE_MATCH, "somebody else has got tick %u, last here is %u",
		       msg_u32(&msg, 0), s->last);
	return true;
}

/* Nothing of it comes any more, however long we wait. */
static bool expect_silence(struct switcher *s)
{
	uint32_t serial = link_ask(&s->link, "GetId", NULL);
	struct msg msg;

	s->last = 0;
	do {
		if (!hear(s, &msg))
			return false;
	} while (msg.reply_serial != serial);
	if (s->last)
		broken(RULE_MATCH, "tick %u comes without a rule", s->last);
	s->last = 0;
	return true;
}

void be_switcher(const char *address)
{
	struct switcher s = { .last = 0 };

	link_open(&s.link, address);
	ready_and_wait();
	while (!shared->stop && switch_ticks(&s, "AddMatch") &&
	       compare_ticks(&s) && switch_ticks(&s, "RemoveMatch") &&
	       expect_silence(&s))
		usleep(random_below(2000));
	link_close(&s.link);
}
