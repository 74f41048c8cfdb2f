// SPDX-License-Identifier: GPL-2.0-only
/* Order and number: nothing overtakes, nothing is lost, nothing comes twice. */

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "stress.h"

static struct bus bus;
static struct peer a, b, c, d;
static struct run run;

static int setup(void **state)
{
	struct peer *const peers[] = { &a, &b, &c, &d };
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
	peer_close(&d);
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

#define EVENTS		400000
#define BY_B		0x10000000
#define BY_DAEMON	0x20000000

/* What one of those who listen to everybody has heard, in its order. */
struct ear {
	struct peer *peer;
	atomic_uint count;
	uint32_t heard[EVENTS];
};

static struct ear ears[] = { { .peer = &c }, { .peer = &d } };

static void *hear_all(void *arg)
{
	uint32_t message[2500];
	struct ear *ear = arg;

	while (ear->count < EVENTS &&
	       read_message(&run, ear->peer->client, message, sizeof(message)))
		ear->heard[ear->count++] = message[2];
	return NULL;
}

/* As long as both keep up, so that nobody has to miss anything. */
static bool may_tell(uint32_t *own)
{
	while (!run.stop && ++*own > ears[0].count / 3 + 1000)
		sched_yield();
	return !run.stop && ears[0].count < EVENTS - 5000;
}

static void *tell_all(void *arg)
{
	struct peer *peer = arg;
	uint32_t serial = peer == &b ? BY_B : 0, told = 0;

	while (may_tell(&told))
		send_on(peer->client, NULL, ++serial);
	return NULL;
}

/* What goes to the daemon it drops, so that nobody hears of it. */
static void *hear_nothing(void *arg)
{
	static _Thread_local char message[10000];
	struct peer *peer = arg;
	uint32_t one = 1;

	while (read_message(&run, peer->daemon, message, sizeof(message)))
		set_option(peer->daemon, KDBUS_DONE, &one, sizeof(one));
	return NULL;
}

/* To the end, as the other one will hear it. */
static void say(int fd, uint32_t serial)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .serial = serial);

	if (send(fd, w.p, w.len, MSG_NOSIGNAL) != (ssize_t)w.len)
		trouble(&run, "say: %s", strerrorname_np(errno));
	writer_free(&w);
}

/* The daemon says something to both as one event. */
static void *daemon_tells_all(void *arg)
{
	uint32_t serial = BY_DAEMON, told = 0;

	(void)arg;
	while (may_tell(&told)) {
		serial++;
		set_option(bus.listener, KDBUS_BUS_STAGE, NULL, 0);
		say(c.daemon, serial);
		say(d.daemon, serial);
		set_option(bus.listener, KDBUS_BUS_COMMIT, NULL, 0);
	}
	return NULL;
}

static void listen_to_all(void)
{
	static const char rule[] = "type='signal'";
	size_t i;

	bus.config.flags |= KDBUS_BUS_BROADCAST;
	assert_ok(bus_configure(&bus));
	for (i = 0; i < ARRAY_SIZE(ears); i++) {
		ears[i].count = 0;
		assert_ok(set_option(ears[i].peer->daemon, KDBUS_MATCH_ADD, rule,
				     strlen(rule)));
	}
}

/* Any two who hear two events hear them in one order, whoever tells them. */
static void one_order_for_all(void **state)
{
	pthread_t threads[7];
	uint32_t i, from_daemon = 0;

	(void)state;
	listen_to_all();
	threads[0] = start(hear_all, &ears[0]);
	threads[1] = start(hear_all, &ears[1]);
	threads[2] = start(hear_nothing, &a);
	threads[3] = start(hear_nothing, &b);
	threads[4] = start(tell_all, &a);
	threads[5] = start(tell_all, &b);
	threads[6] = start(daemon_tells_all, NULL);
	pause_ms(4000);
	run.stop = true;
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		finish(threads[i]);
	for (i = 0; i < ears[0].count && i < ears[1].count; i++) {
		if (ears[0].heard[i] != ears[1].heard[i])
			trouble(&run, "event %u: %x and %x", i,
				ears[0].heard[i], ears[1].heard[i]);
		from_daemon += ears[0].heard[i] > BY_DAEMON;
	}
	print_message("# %u events, %u of the daemon, %lu fast, %lu slow\n", i,
		      from_daemon, bus_stat(&bus, "broadcasts"),
		      bus_stat(&bus, "slow"));
	run_check(&run);
	assert_true(i > 500 && from_daemon > 50 &&
		    bus_stat(&bus, "broadcasts") > 100);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

SUITE_TESTS(stress_order,
	TEST(one_sender_one_order),
	TEST(reactions_come_later),
	TEST(exactly_one_reply),
	TEST(one_order_for_all));
