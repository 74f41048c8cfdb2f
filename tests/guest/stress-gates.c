// SPDX-License-Identifier: GPL-2.0-only
/*
 * What has been withdrawn is withdrawn when the call returns: a delivery that
 * relies on it is over by then, whatever other processors are doing.
 *
 * Some threads send all the time. The owner opens and closes the gate, and marks
 * in the recipient's stream since when it has been closed: nothing may come
 * between that mark and the next one.
 */

#include <stdio.h>
#include <sched.h>
#include <unistd.h>

#include "stress.h"

#define SECONDS		2
#define PATIENCE	30
#define ENOUGH		20	/* messages, of each way */
#define OPEN		1000001
#define CLOSED		1000002
#define SENDERS		3

static struct bus bus;
static struct peer senders[SENDERS], b;
static struct run run;
static atomic_int fast, slow;

static int setup(void **state)
{
	char name[] = ":1.1";
	int i;

	(void)state;
	run_begin(&run);
	bus_open(&bus);
	assert_ok(bus_configure(&bus));
	for (i = 0; i < SENDERS; i++, name[3]++) {
		peer_open(&bus, &senders[i], name);
		set_timeouts(senders[i].client);
		set_timeouts(senders[i].daemon);
	}
	peer_open(&bus, &b, ":1.9");
	set_timeouts(b.client);
	fast = slow = 0;
	return 0;
}

static int teardown(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < SENDERS; i++)
		peer_close(&senders[i]);
	peer_close(&b);
	bus_close(&bus);
	return 0;
}

static void *send_always(void *arg)
{
	struct writer w = MESSAGE(SPEC_SIGNAL("org.example.B"), .serial = 1);

	struct peer *peer = arg;

	while (!run.stop)
		if (send(peer->client, w.p, w.len, MSG_NOSIGNAL) < 0 &&
		    errno != EAGAIN)
			trouble(&run, "send: %s", strerrorname_np(errno));
	writer_free(&w);
	return NULL;
}

/* The daemon drops what it gets. */
static void *drop(void *arg)
{
	char message[1000];
	struct peer *peer = arg;
	uint32_t one = 1;

	while (read_message(&run, peer->daemon, message, sizeof(message))) {
		set_option(peer->daemon, KDBUS_DONE, &one, sizeof(one));
		slow++;
	}
	return NULL;
}

static void *watch(void *arg)
{
	uint32_t message[250];
	bool open = false;

	(void)arg;
	while (read_message(&run, b.client, message, sizeof(message))) {
		if (message[2] == OPEN || message[2] == CLOSED)
			open = message[2] == OPEN;
		else if (!open)
			trouble(&run, "delivered through a closed gate");
		else
			fast++;
	}
	return NULL;
}

static void mark(uint32_t serial)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .serial = serial);

	if (send(b.daemon, w.p, w.len, MSG_NOSIGNAL) != (ssize_t)w.len)
		trouble(&run, "mark: %s", strerrorname_np(errno));
	writer_free(&w);
}

struct gate {
	int (*open)(void);
	int (*close)(void);
};

/* On a machine that has little time for this guest it takes longer. */
static bool has_swung(time_t begin)
{
	time_t passed = time(NULL) - begin;

	return passed >= (fast > ENOUGH && slow > ENOUGH ? SECONDS : PATIENCE);
}

static void swing(const struct gate *gate)
{
	time_t begin = time(NULL);
	int i, rounds = 0;

	while (!has_swung(begin)) {
		mark(OPEN);
		if (gate->open() < 0)
			trouble(&run, "open: %s", strerrorname_np(errno));
		for (i = random_below(100); i; i--)
			sched_yield();
		if (gate->close() < 0)
			trouble(&run, "close: %s", strerrorname_np(errno));
		mark(CLOSED);
		rounds++;
		/* Let the recipient keep up. */
		if (!(rounds % 50))
			usleep(1000);
	}
	print_message("# %d rounds, %d delivered, %d for the daemon\n", rounds,
		      fast, slow);
}

static void test_gate(int (*open_it)(void), int (*close_it)(void))
{
	const struct gate gate = { .open = open_it, .close = close_it };
	pthread_t threads[2 * SENDERS + 1];
	int i;

	mark(CLOSED);
	assert_ok(close_it());
	for (i = 0; i < SENDERS; i++) {
		threads[2 * i] = start(drop, &senders[i]);
		threads[2 * i + 1] = start(send_always, &senders[i]);
	}
	threads[2 * i] = start(watch, NULL);
	swing(&gate);
	run.stop = true;
	for (i = 0; i < 2 * SENDERS + 1; i++)
		finish(threads[i]);
	run_check(&run);
	assert_true(fast > ENOUGH && slow > ENOUGH);
}

static int publish(void)
{
	return peer_publish(&b, "org.example.B");
}

static int withdraw(void)
{
	return peer_withdraw(&b, "org.example.B");
}

static void withdrawn_name(void **state)
{
	(void)state;
	test_gate(publish, withdraw);
}

static int caps_on(void)
{
	return peer_caps(&b, CAPS_ALL);
}

static int caps_off(void)
{
	return peer_caps(&b, 0);
}

static void right_to_receive(void **state)
{
	(void)state;
	assert_ok(publish());
	test_gate(caps_on, caps_off);
}

/* Says something of each sender. */
static int of_senders(int (*say)(struct peer *peer))
{
	int i, ret = 0;

	for (i = 0; i < SENDERS; i++)
		ret |= say(&senders[i]);
	return ret;
}

static int give_caps(struct peer *peer)
{
	return peer_caps(peer, CAPS_ALL);
}

static int sender_on(void)
{
	return of_senders(give_caps);
}

static int take_caps(struct peer *peer)
{
	return peer_caps(peer, 0);
}

static int sender_off(void)
{
	return of_senders(take_caps);
}

static void right_to_send(void **state)
{
	(void)state;
	assert_ok(publish());
	test_gate(sender_on, sender_off);
}

static int approve_sender(struct peer *peer)
{
	return peer_approve(peer, &b, SIGNAL, 0, NULL);
}

static int approve(void)
{
	return of_senders(approve_sender);
}

static int forget_recipient(void)
{
	return peer_forget(&b);
}

static int forget_sender(void)
{
	return of_senders(peer_forget);
}

static int forget_all(void)
{
	return bus_forget(&bus);
}

static void forgotten_recipient(void **state)
{
	(void)state;
	assert_ok(publish());
	assert_ok(caps_off());
	test_gate(approve, forget_recipient);
}

static void forgotten_sender(void **state)
{
	(void)state;
	assert_ok(publish());
	assert_ok(caps_off());
	test_gate(approve, forget_sender);
}

static void forgotten_by_all(void **state)
{
	(void)state;
	assert_ok(publish());
	assert_ok(caps_off());
	test_gate(approve, forget_all);
}

static int config_on(void)
{
	bus.config.flags = KDBUS_BUS_FASTPATH;
	return bus_configure(&bus);
}

static int config_off(void)
{
	bus.config.flags = 0;
	return bus_configure(&bus);
}

static void configured_off(void **state)
{
	(void)state;
	assert_ok(publish());
	test_gate(config_on, config_off);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

SUITE_TESTS(stress_gates,
	TEST(withdrawn_name),
	TEST(right_to_receive),
	TEST(right_to_send),
	TEST(forgotten_recipient),
	TEST(forgotten_sender),
	TEST(forgotten_by_all),
	TEST(configured_off));
