// SPDX-License-Identifier: GPL-2.0-only
/*
 * load: put a load on a bus and assert that it keeps order.
 *
 *	load [OPTION]... ADDRESS UNIX-ADDRESS
 *	load service ADDRESS
 *
 * The second is what dbus-daemon starts. Exit status 0 if enough messages have
 * been delivered and all that is asserted held, or, with --expect, if that did
 * not.
 */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

#define MEMORY		"/dev/shm/load"
#define PROCESSES_MAX	64
#define RECKLESS_MAX	16
/* So many of a rule are told at once, the first again in the end. */
#define BROKEN_SHOWN	50

struct shared *shared;

const char * const rule_names[RULES] = {
	"fifo", "cause", "event", "owner", "newcomer", "name", "heir",
	"activation", "ticket", "match", "other",
};

/**
 * struct options - what is wanted
 * @actors: how many
 * @mixed: how many of them through the unix socket
 * @slow: of a thousand things that they do, how many concern the daemon
 * @reckless: how many behave badly and are killed, on top of that
 * @messages: deliveries after which it is enough
 * @seconds: time after which it is enough
 * @bus: number of the bus in /proc/net/kdbus, 0 if it has none
 * @expect: the rule that is to be broken, RULES for none
 * @address: of the bus
 * @unix_address: of its unix socket
 */
struct options {
	unsigned int actors;
	unsigned int mixed;
	unsigned int slow;
	unsigned int reckless;
	unsigned long messages;
	unsigned long seconds;
	unsigned int bus;
	enum rule expect;
	const char *address;
	const char *unix_address;
};

void shared_open(const char *path, bool make)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | (make ? O_CREAT | O_TRUNC : 0),
		      0666);

	if (fd >= 0 && (!make || !ftruncate(fd, sizeof(*shared)))) {
		shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED, fd, 0);
		if (shared != MAP_FAILED)
			return;
	}
	perror(path);
	exit(1);
}

void broken(enum rule rule, const char *format, ...)
{
	unsigned int before = atomic_fetch_add(&shared->broken[rule], 1);
	char text[sizeof(shared->text[rule])];
	va_list args;

	if (before >= BROKEN_SHOWN)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!before)
		strcpy(shared->text[rule], text);
	fprintf(stderr, "# %s is broken: %s\n", rule_names[rule], text);
}

uint32_t random_below(uint32_t n)
{
	static uint64_t state;

	if (!state)
		state = (uint64_t)getpid() << 32 | time(NULL);
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % n;
}

bool once_in(uint32_t n)
{
	return !random_below(n);
}

void ready_and_wait(void)
{
	shared->ready++;
	while (shared->ready < shared->processes && !shared->ended)
		usleep(5000);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static pid_t pids[PROCESSES_MAX];
static unsigned int processes;

/* A process of its own, which dies with this one. */
static bool in_child(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (pid) {
		pids[processes++] = pid;
		return false;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return true;
}

#define SPAWN(call) do { \
	if (in_child()) { \
		call; \
		_exit(0); \
	} \
} while (0)

static void spawn_all(const struct options *o)
{
	unsigned int i;

	shared->actors = o->actors;
	shared->slow = o->slow;
	shared->processes = o->actors + o->reckless + 17;
	for (i = 0; i < o->actors; i++)
		SPAWN(be_actor(i, i < o->mixed ? o->unix_address : o->address));
	SPAWN(be_visitor(o->address));
	SPAWN(be_visitor(o->unix_address));
	SPAWN(be_outsider(o->unix_address));
	SPAWN(be_emitter(o->address));
	SPAWN(be_matcher(o->address));
	SPAWN(be_matcher(o->unix_address));
	SPAWN(be_heir(o->address, true));
	SPAWN(be_heir(o->address, false));
	SPAWN(be_witness(o->address));
	SPAWN(be_customer(o->address, ACTORS_MAX));
	SPAWN(be_customer(o->address, ACTORS_MAX + 1));
	SPAWN(be_caller(o->address, LOAD_HEIRLOOM));
	SPAWN(be_caller(o->address, LOAD_KEEPSAKE));
	SPAWN(be_keeper(o->address));
	SPAWN(be_ticker(o->address));
	SPAWN(be_companion(o->address));
	SPAWN(be_switcher(o->address));
	for (i = 0; i < o->reckless; i++)
		SPAWN(be_reckless(i % 2 ? o->unix_address : o->address));
}

/* Off, for a moment: everything goes the other way. */
static void switch_fastpath(const struct options *o, bool on)
{
	int fd = open("/proc/net/kdbus", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	dprintf(fd, "%u fastpath %s", o->bus, on ? "on" : "off");
	close(fd);
}

/* Somebody who overhears has the same effect. */
static void overhear(const struct options *o)
{
	struct link link;
	struct msg msg;

	if (!link_try(&link, o->unix_address))
		return;
	link_answer(&link, match(&link, "eavesdrop='true',type='error'"), &msg);
	usleep(random_below(10000));
	link_close(&link);
}

/* One at a time.  Who has to wait for a busy bus does not see what time it is. */
static void overhear_apart(const struct options *o)
{
	static pid_t pid;

	if (pid > 0 && !waitpid(pid, NULL, WNOHANG))
		return;
	pid = fork();
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	overhear(o);
	_exit(0);
}

static void disturb(const struct options *o)
{
	if (o->bus && once_in(2)) {
		switch_fastpath(o, false);
		usleep(random_below(20000));
		switch_fastpath(o, true);
	} else if (once_in(2)) {
		overhear_apart(o);
	}
}

static bool is_over(const struct options *o, double began)
{
	unsigned int i;

	for (i = 0; i < RULES; i++)
		if (shared->broken[i] && (o->expect == RULES || o->expect == i))
			return true;
	for (i = 0; i < processes; i++)
		if (waitpid(pids[i], NULL, WNOHANG) == pids[i]) {
			broken(RULE_OTHER, "process %u has ended", i);
			return true;
		}
	if (o->seconds && now() - began > o->seconds)
		return true;
	return o->messages && shared->deliveries >= o->messages;
}

static void watch(const struct options *o)
{
	double began = now(), said = began;

	while (!is_over(o, began)) {
		usleep(200000);
		if (once_in(4) && shared->ready == shared->processes)
			disturb(o);
		if (now() - said < 60)
			continue;
		said = now();
		fprintf(stderr, "# %.0f s: %lu deliveries\n", said - began,
			shared->deliveries);
	}
}

static bool all_has_come(void)
{
	unsigned int i;

	for (i = 0; i < shared->actors; i++)
		if (shared->sent[i] != shared->got[i])
			return false;
	for (i = 0; i < CALLERS_MAX; i++)
		if (shared->called[i] != shared->served[i])
			return false;
	return true;
}

/* Whatever has been sent arrives, unless something is to be broken. */
static void settle(const struct options *o)
{
	int tries, seconds = o->expect == RULES ? PATIENCE : 10;
	unsigned int i;

	shared->stop = true;
	for (tries = 0; tries < 10 * seconds; tries++) {
		if (all_has_come()) {
			usleep(100000);
			if (all_has_come())
				break;
		}
		usleep(100000);
	}
	shared->ended = true;
	if (o->expect != RULES)
		return;
	for (i = 0; i < shared->actors; i++)
		if (shared->sent[i] != shared->got[i])
			broken(RULE_FIFO, "%u has got %lu messages of %lu", i,
			       shared->got[i], shared->sent[i]);
	for (i = 0; i < CALLERS_MAX; i++)
		if (shared->called[i] != shared->served[i])
			broken(RULE_ACTIVATION, "%lu calls of %u to the service have come of %lu",
			       shared->served[i], i, shared->called[i]);
}

static void collect(void)
{
	unsigned int i, tries;

	for (tries = 0; tries < 100; tries++) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return;
		usleep(50000);
	}
	for (i = 0; i < processes; i++)
		kill(pids[i], SIGKILL);
}

static bool verdict(const struct options *o)
{
	bool ok = true;
	unsigned int i;

	for (i = 0; i < RULES; i++) {
		printf("# %s: checked %lu times, broken %u times\n",
		       rule_names[i], shared->checked[i], shared->broken[i]);
		if (shared->broken[i])
			printf("#   first: %s\n", shared->text[i]);
		if (shared->broken[i] && o->expect == RULES)
			ok = false;
		/* Something that is never looked at always holds. */
		if (i != RULE_OTHER && !shared->checked[i] &&
		    o->expect == RULES)
			ok = false;
	}
	printf("# deliveries %lu, visits %u, instances of the service %u, kills %u\n",
	       shared->deliveries, shared->visits, shared->instances,
	       shared->kills);
	if (o->expect != RULES)
		return shared->broken[o->expect];
	return ok && shared->deliveries >= o->messages;
}

static enum rule rule_of(const char *name)
{
	enum rule rule;

	for (rule = 0; rule < RULES; rule++)
		if (!strcmp(name, rule_names[rule]))
			return rule;
	fprintf(stderr, "there is no rule '%s'\n", name);
	exit(2);
}

static void parse(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "actors", required_argument, NULL, 'a' },
		{ "mixed", required_argument, NULL, 'x' },
		{ "slow", required_argument, NULL, 'w' },
		{ "reckless", required_argument, NULL, 'r' },
		{ "messages", required_argument, NULL, 'm' },
		{ "seconds", required_argument, NULL, 's' },
		{ "bus", required_argument, NULL, 'b' },
		{ "expect", required_argument, NULL, 'e' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (opt) {
		case 'a':
			o->actors = atoi(optarg);
			break;
		case 'x':
			o->mixed = atoi(optarg);
			break;
		case 'w':
			o->slow = atoi(optarg);
			break;
		case 'r':
			o->reckless = atoi(optarg);
			break;
		case 'm':
			o->messages = strtoul(optarg, NULL, 10);
			break;
		case 's':
			o->seconds = strtoul(optarg, NULL, 10);
			break;
		case 'b':
			o->bus = atoi(optarg);
			break;
		case 'e':
			o->expect = rule_of(optarg);
			break;
		default:
			exit(2);
		}
	}
	if (argc - optind != 2 || o->actors < 2 || o->actors > ACTORS_MAX ||
	    o->mixed > o->actors || o->reckless > RECKLESS_MAX ||
	    !(o->messages || o->seconds)) {
		fprintf(stderr, "usage: load [OPTION]... ADDRESS UNIX-ADDRESS, with 2 to %d actors, and messages or seconds\n",
			ACTORS_MAX);
		exit(2);
	}
	o->address = argv[optind];
	o->unix_address = argv[optind + 1];
}

int main(int argc, char **argv)
{
	struct options o = {
		.actors = 12, .slow = 80, .expect = RULES,
	};
	bool ok;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(argv[1], "service")) {
		shared_open(MEMORY, false);
		return be_service(argv[2]);
	}
	parse(&o, argc, argv);
	shared_open(MEMORY, true);
	spawn_all(&o);
	watch(&o);
	settle(&o);
	collect();
	ok = verdict(&o);
	return ok ? 0 : 1;
}
