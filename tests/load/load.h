/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the processes of a load share, and how they tell that order is broken.
 */
#ifndef LOAD_LOAD_H
#define LOAD_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

#define ACTORS_MAX	16
#define NAMES		4
#define CALLERS_MAX	32
#define KINDS_KEPT	8192

/* Prefix of the names that move about. */
#define LOAD_NAMES	"org.kdbus.Load.N"
#define LOAD_SERVICE	"org.kdbus.Activated"
#define LOAD_EMITTER	"org.kdbus.Load.Emitter"
#define LOAD_HEIRLOOM	"org.kdbus.Load.Heirloom"
#define LOAD_KEEPSAKE	"org.kdbus.Load.Keepsake"

/**
 * enum rule - what is asserted
 * @RULE_FIFO: from one connection to another, nothing is overtaken, lost or
 *	doubled
 * @RULE_CAUSE: nothing comes before what its sender knew to be on its way
 * @RULE_EVENT: likewise where the cause was a broadcast
 * @RULE_OWNER: nothing comes before a NameOwnerChanged that its sender had got
 * @RULE_NEWCOMER: nor from a new connection before the one about itself
 * @RULE_NAME: nothing comes by a name to somebody who has not got it
 * @RULE_HEIR: a rule about the sender's name matches from the moment on at which
 *	he knows that it is his
 * @RULE_ACTIVATION: no call overtakes those of its caller that waited for
 *	activation
 * @RULE_TICKET: nor those of somebody else that its caller knew of
 * @RULE_MATCH: a match rule is in force when AddMatch has returned, and no
 *	longer when RemoveMatch has
 * @RULE_OTHER: what nobody expected
 */
enum rule {
	RULE_FIFO,
	RULE_CAUSE,
	RULE_EVENT,
	RULE_OWNER,
	RULE_NEWCOMER,
	RULE_NAME,
	RULE_HEIR,
	RULE_ACTIVATION,
	RULE_TICKET,
	RULE_MATCH,
	RULE_OTHER,
	RULES,
};

extern const char * const rule_names[RULES];

/**
 * struct shared - memory of all processes
 * @stop: nothing new is to be begun
 * @ended: everything has come
 * @processes: how many there are
 * @ready: how many of them have begun
 * @deliveries: messages between clients that have arrived
 * @checked: how often each rule has been looked at
 * @broken: and found broken
 * @text: the first of that, of each
 * @actors: how many there are
 * @slow: of a thousand things that they do, how many concern the daemon
 * @unique: their names
 * @witness: name of the witness
 * @companion: and of the companion
 * @customer: and of both customers
 * @ticks: of the ticker that the companion has heard
 * @sent: messages to an actor
 * @got: how many of them have arrived
 * @called: to the service that is activated, by each caller
 * @served: the last of these that has been seen
 * @instances: of that service
 * @visits: connections that have come and gone
 * @kills: processes that have been killed
 * @kinds: of the last messages from each actor to each: what a lost one was
 */
struct shared {
	atomic_bool stop;
	atomic_bool ended;
	unsigned int processes;
	atomic_uint ready;
	atomic_ulong deliveries;
	atomic_ulong checked[RULES];
	atomic_uint broken[RULES];
	char text[RULES][256];
	unsigned int actors;
	unsigned int slow;
	char unique[ACTORS_MAX][32];
	char witness[32];
	char companion[32];
	char customer[2][32];
	atomic_uint ticks;
	atomic_ulong sent[ACTORS_MAX];
	atomic_ulong got[ACTORS_MAX];
	atomic_ulong called[CALLERS_MAX];
	atomic_ulong served[CALLERS_MAX];
	atomic_uint instances;
	atomic_uint visits;
	atomic_uint kills;
	char kinds[ACTORS_MAX][ACTORS_MAX][KINDS_KEPT];
};

extern struct shared *shared;

/* broken - an assertion does not hold; from any process */
void broken(enum rule rule, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline void checked(enum rule rule)
{
	atomic_fetch_add_explicit(&shared->checked[rule], 1,
				  memory_order_relaxed);
}

static inline void delivered(void)
{
	atomic_fetch_add_explicit(&shared->deliveries, 1, memory_order_relaxed);
}

/* shared_open - map the file, making it if MAKE; or end the process */
void shared_open(const char *path, bool make);

uint32_t random_below(uint32_t n);
bool once_in(uint32_t n);

/* ready_and_wait - until all processes are; false if the load is over by then */
void ready_and_wait(void);

/*
 * call_service - the next numbered call to the service that is activated; of
 * the other customer's calls the one numbered AFTER is known, or none if 0
 */
void call_service(struct link *link, unsigned int caller, unsigned int after);

/* match - ask for a match rule; does not wait for the answer */
uint32_t match(struct link *link, const char *rule);

/* What processes do; each returns when the load is to end. */
void be_actor(unsigned int self, const char *address);
void be_visitor(const char *address);
void be_outsider(const char *address);
void be_emitter(const char *address);
void be_matcher(const char *address);
void be_heir(const char *address, bool first);
void be_witness(const char *address);
void be_customer(const char *address, unsigned int caller);
void be_caller(const char *address, const char *name);
void be_keeper(const char *address);
void be_ticker(const char *address);
void be_companion(const char *address);
void be_switcher(const char *address);
void be_reckless(const char *address);
int be_service(const char *address);

#endif
