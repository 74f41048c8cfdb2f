// SPDX-License-Identifier: GPL-2.0-only
/* Order and number: nothing overtakes, nothing is lost, nothing comes twice. */

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "stress.h"

static struct bus bus;
static struct peer a, b, c;
static struct run run;

static int setup(void **state)
{
	struct peer *const peers[] = { &a, &b, &c };
	char name[] = ":1.1";
	size_t i;

	(void)state;
	run_begin(&run);
	bus_open(&bus);
	assert_ok(bus_configure(&bus));
	for (i = 0; i < ARRAY_SIZE(peers); i++) {
		name[3] = '1' + i;
		peer_open(&bus, peers[i], name);
		set_timeouts(peers[i]->client);
		set_timeouts(peers[i]->daemon);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	peer_close(&a);
	peer_close(&b);
	peer_close(&c);
	bus_close(&bus);
	return 0;
}

static void send_on(int fd, const char *to, uint32_t serial)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(to), .serial = serial,
				  .bytes = random_below(20) ? 10 : 3000);
	size_t done = 0;
	ssize_t n;

	while (done < w.len && !run.stop) {
		n = send(fd, w.p + done, w.len - done, MSG_NOSIGNAL);
		if (n > 0)
			done += n;
		else if (errno != EAGAIN)
			trouble(&run, "send: %s", strerrorname_np(errno));
	}
	writer_free(&w);
}

/*
 * The daemon passes on what it gets, as dbus-daemon does: first to the
 * recipient, then it says that it is done.
 */
static void *pass_on(void *arg)
{
	static char message[10000];
	uint32_t one = 1;
	ssize_t len;

	(void)arg;
	while ((len = read_message(&run, a.daemon, message, sizeof(message)))) {
		if (send(b.daemon, message, len, MSG_NOSIGNAL) != len)
			trouble(&run, "the daemon cannot write");
		set_option(a.daemon, KDBUS_DONE, &one, sizeof(one));
	}
	return NULL;
}

/* Fast and slow ones, as it happens; to one recipient. */
static void *send_numbered(void *arg)
{
	uint32_t serial = 1;

	(void)arg;
	while (!run.stop)
		send_on(a.client, random_below(5) ? ":1.2" : "org.example.Slow",
			serial++);
	return NULL;
}

static void *expect_numbered(void *arg)
{
	uint32_t message[2500], serial = 0;

	while (read_message(&run, b.client, message, sizeof(message)))
		if (message[2] != ++serial) {
			trouble(&run, "%u in place of %u", message[2], serial);
			serial = message[2];
		}
	*(uint32_t *)arg = serial;
	return NULL;
}

static void one_sender_one_order(void **state)
{
	pthread_t threads[3];
	uint32_t count = 0;
	int i;

	(void)state;
	threads[0] = start(pass_on, NULL);
	threads[1] = start(expect_numbered, &count);
	threads[2] = start(send_numbered, NULL);
	pause_ms(3000);
	run.stop = true;
	for (i = 0; i < 3; i++)
		finish(threads[i]);
	run_check(&run);
	print_message("# %u messages, %lu fast, %lu slow, %lu held\n", count,
		      bus_stat(&bus, "signals"), bus_stat(&bus, "slow"),
		      bus_stat(&bus, "held"));
	assert_true(count > 100 && bus_stat(&bus, "slow") > 20 &&
		    bus_stat(&bus, "held") > 20);
}

static atomic_uint reactions;

/* To c, and then to b, who tells c. */
static void *tell_both(void *arg)
{
	uint32_t serial = 1;

	(void)arg;
	for (; !run.stop; serial++) {
		send_on(a.client, ":1.3", serial);
		send_on(a.client, ":1.2", serial);
		while (!run.stop && serial > reactions + 1000)
			sched_yield();
	}
	return NULL;
}

static void *tell_on(void *arg)
{
	uint32_t message[2500];

	(void)arg;
	while (read_message(&run, b.client, message, sizeof(message)))
		send_on(b.client, ":1.3", message[2] + 0x10000000);
	return NULL;
}

static void *hear_both(void *arg)
{
	uint32_t message[2500], first = 0, second = 0;

	(void)arg;
	while (read_message(&run, c.client, message, sizeof(message))) {
		if (message[2] < 0x10000000) {
			if (message[2] != ++first)
				trouble(&run, "from a: %u", message[2]);
			continue;
		}
		if (message[2] - 0x10000000 != ++second)
			trouble(&run, "from b: %u", message[2]);
		if (second > first)
			trouble(&run, "%u is answered before it came", second);
		reactions = second;
	}
	return NULL;
}

static void reactions_come_later(void **state)
{
	pthread_t threads[3];
	int i;

	(void)state;
	reactions = 0;
	threads[0] = start(hear_both, NULL);
	threads[1] = start(tell_on, NULL);
	threads[2] = start(tell_both, NULL);
	pause_ms(3000);
	run.stop = true;
	for (i = 0; i < 3; i++)
		finish(threads[i]);
	run_check(&run);
	print_message("# %u reactions\n", reactions);
	assert_true(reactions > 100);
}

/* The owner claims a reply at the moment at which it comes. */
static pthread_barrier_t barrier;

static void *reply_at_once(void *arg)
{
	uint32_t serial;

	(void)arg;
	for (serial = 1; ; serial++) {
		struct writer w = MESSAGE(SPEC_RETURN(":1.1", serial));

		pthread_barrier_wait(&barrier);
		if (run.stop) {
			writer_free(&w);
			break;
		}
		if (send(b.client, w.p, w.len, 0) != (ssize_t)w.len)
			trouble(&run, "cannot reply");
		pthread_barrier_wait(&barrier);
		writer_free(&w);
	}
	return NULL;
}

static bool take_if_there(int fd)
{
	struct writer got;
	char x;

	if (recv(fd, &x, 1, MSG_PEEK | MSG_DONTWAIT) != 1)
		return false;
	got = receive(fd, NULL, NULL);
	writer_free(&got);
	return true;
}

/* The daemon passes on what it has claimed: the caller waits no longer. */
static void pass_reply_on(uint32_t serial)
{
	struct writer w = MESSAGE(SPEC_RETURN(":1.1", serial),
				  .sender = ":1.2");

	send_bytes(a.daemon, w.p, w.len);
	expect_bytes(a.client, w.p, w.len);
	writer_free(&w);
}

static void exactly_one_reply(void **state)
{
	time_t end = time(NULL) + 3;
	int claimed = 0, delivered = 0, i;
	pthread_t thread;
	uint32_t serial;

	(void)state;
	pthread_barrier_init(&barrier, NULL, 2);
	thread = start(reply_at_once, NULL);
	for (serial = 1; time(NULL) < end; serial++) {
		bool claim, fast, slow;

		assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"),
						      .serial = serial)));
		pthread_barrier_wait(&barrier);
		for (i = random_below(200); i; i--)
			atomic_signal_fence(memory_order_seq_cst);
		claim = !peer_claim(&b, &a, serial);
		pthread_barrier_wait(&barrier);
		fast = take_if_there(a.client);
		slow = take_if_there(b.daemon);
		if (slow)
			assert_ok(peer_done(&b, 1));
		if (claim == fast || fast == slow)
			trouble(&run, "claimed %d, delivered %d, slow %d",
				claim, fast, slow);
		if (claim)
			pass_reply_on(serial);
		claimed += claim;
		delivered += fast;
	}
	run.stop = true;
	pthread_barrier_wait(&barrier);
	finish(thread);
	pthread_barrier_destroy(&barrier);
	print_message("# claimed %d, delivered %d\n", claimed, delivered);
	run_check(&run);
	assert_true(claimed + delivered > 100);
	assert_int_equal(bus_stat(&bus, "replies"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

SUITE_TESTS(stress_order,
	TEST(one_sender_one_order),
	TEST(reactions_come_later),
	TEST(exactly_one_reply));
