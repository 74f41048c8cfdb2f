/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages at random, and their way through the bus. */
#ifndef POLICY_FLOW_H
#define POLICY_FLOW_H

#include "../bus/client.h"
#include "../unit/rng.h"

/* So many that every user whom the policies name is one of them. */
#define ACTORS		22
/* The first of them are root's, as most services are. */
#define ROOTS		5
#define ACTOR_TAKEN	1024

/**
 * struct actor - a client that does what the test says
 * @client: its connection
 * @user: whose it is
 * @rule: the match rule that it has added, or empty
 * @taken: what it has read and not written down yet
 * @taken_count: how many of these
 */
struct actor {
	struct client *client;
	const char *user;
	char rule[256];
	DBusMessage *taken[ACTOR_TAKEN];
	unsigned int taken_count;
};

extern struct actor actors[ACTORS];

/* What the recipient of a call does about it. */
enum answer {
	ANSWER_RETURN,
	ANSWER_ERROR,
	ANSWER_TWICE,
	ANSWER_NEVER,
};

/**
 * struct flow - a message that can be sent again
 * @sender: an index of actors
 * @recipient: likewise, or -1 for @name or nobody
 * @name: destination, if it is not the unique name of @recipient; or NULL
 * @type: DBUS_MESSAGE_TYPE_...
 * @path: NULL for none, like all of the following
 * @interface: .
 * @member: .
 * @error: name of an error, of this message or of the answer
 * @re: serial number that it claims to answer, 0 for none
 * @files: number of files
 * @no_reply: it wants none
 * @answer: to a call
 */
struct flow {
	int sender;
	int recipient;
	const char *name;
	int type;
	const char *path;
	const char *interface;
	const char *member;
	const char *error;
	uint32_t re;
	unsigned int files;
	bool no_reply;
	enum answer answer;
};

/* How much came, after the first of a row, and how much of it by the module. */
struct tally {
	unsigned long messages;
	unsigned long came;
	unsigned long refused;
	unsigned long again;
	unsigned long fast;
};

extern struct tally tally;

/* flow_random - a message about something that a rule is about */
void flow_random(struct flow *flow, struct rng *rng);

/* flow_redirect - to the owner of NAME, about something that it has rules for */
void flow_redirect(struct flow *flow, const char *name, struct rng *rng);

/*
 * flow_send - send it COUNT times and write down what becomes of it.  With
 * CALM, nothing is under way when the next one is sent, and the module has to
 * deliver whatever came the time before.
 */
void flow_send(const struct flow *flow, unsigned int count, bool calm);

/* actors_settle - all that is under way arrives, and is written down */
void actors_settle(void);

#endif
