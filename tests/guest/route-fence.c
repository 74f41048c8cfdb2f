// SPDX-License-Identifier: GPL-2.0-only
/* The fence: nothing overtakes what the daemon has not finished with. */

#include <poll.h>
#include <unistd.h>

#include "slow.h"
#include "trio.h"

/* A message for b, and one for the daemon. */
static void send_fast(uint32_t serial)
{
	send_free(&a, MESSAGE(SPEC_SIGNAL(":1.2"), .serial = serial,
			      .text = "fast"));
}

static void send_slow(uint32_t serial)
{
	send_free(&a, MESSAGE(SPEC_SIGNAL(NULL), .serial = serial,
			      .text = "slow"));
}

static void held_until_done(void **state)
{
	(void)state;
	send_slow(1);
	send_fast(2);
	send_fast(3);
	expect_nothing(b.client);
	/* That the daemon has read it is not enough. */
	expect_serial(a.daemon, 1);
	expect_nothing(a.daemon);
	expect_nothing(b.client);
	assert_int_equal(bus_stat(&bus, "held"), 2);
	assert_ok(peer_done(&a, 1));
	expect_serial(b.client, 2);
	expect_serial(b.client, 3);
	send_fast(4);
	expect_serial(b.client, 4);
	assert_int_equal(bus_stat(&bus, "held"), 2);
}

static void slow_ones_follow_each_other(void **state)
{
	(void)state;
	send_slow(1);
	send_slow(2);
	send_slow(3);
	send_fast(4);
	expect_serial(a.daemon, 1);
	expect_serial(a.daemon, 2);
	expect_serial(a.daemon, 3);
	assert_ok(peer_done(&a, 1));
	expect_nothing(b.client);
	assert_ok(peer_done(&a, 1));
	expect_nothing(b.client);
	assert_ok(peer_done(&a, 0));
	expect_nothing(b.client);
	assert_ok(peer_done(&a, 1));
	expect_serial(b.client, 4);
}

/* Once one is held, all that follow wait behind it. */
static void order_is_kept(void **state)
{
	(void)state;
	send_slow(1);
	send_fast(2);
	send_slow(3);
	send_fast(4);
	send_slow(5);
	send_slow(6);
	send_fast(7);
	expect_serial(a.daemon, 1);
	expect_nothing(a.daemon);
	assert_ok(peer_done(&a, 1));
	expect_serial(b.client, 2);
	expect_serial(a.daemon, 3);
	expect_nothing(a.daemon);
	expect_nothing(b.client);
	assert_ok(peer_done(&a, 1));
	expect_serial(b.client, 4);
	expect_serial(a.daemon, 5);
	expect_nothing(b.client);
	assert_ok(peer_done(&a, 1));
	expect_serial(a.daemon, 6);
	expect_nothing(b.client);
	assert_ok(peer_done(&a, 1));
	expect_serial(b.client, 7);
	expect_nothing(a.daemon);
	expect_nothing(b.client);
}

static void only_that_sender(void **state)
{
	(void)state;
	send_slow(1);
	send_fast(2);
	assert_true(goes_fast(&c, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_SIGNAL(":1.1"))));
	assert_true(goes_fast(&b, &c, MESSAGE(SPEC_SIGNAL(":1.3"))));
	expect_nothing(b.client);
}

static void replies_are_held_too(void **state)
{
	(void)state;
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_CALL(":1.1"), .serial = 9)));
	send_slow(1);
	send_free(&a, MESSAGE(SPEC_RETURN(":1.2", 9), .serial = 2));
	expect_nothing(b.client);
	assert_int_equal(peer_query(&b, &a, 9).known, 1);
	expect_serial(a.daemon, 1);
	assert_ok(peer_done(&a, 1));
	expect_serial(b.client, 2);
	assert_int_equal(peer_query(&b, &a, 9).known, 0);
}

/* The daemon may not be done with what it has not got. */
static void done_too_often(void **state)
{
	(void)state;
	assert_ok(peer_done(&a, 1000));
	send_slow(1);
	send_fast(2);
	expect_nothing(b.client);
	assert_ok(peer_done(&a, ~0U));
	expect_serial(b.client, 2);
	send_slow(3);
	send_fast(4);
	expect_nothing(b.client);
}

/* What is held is decided upon when its turn comes. */
static void name_goes_while_held(void **state)
{
	(void)state;
	send_slow(1);
	send_fast(2);
	expect_serial(a.daemon, 1);
	assert_ok(peer_withdraw(&b, ":1.2"));
	assert_ok(peer_done(&a, 1));
	expect_nothing(b.client);
	expect_serial(a.daemon, 2);
}

static void name_moves_while_held(void **state)
{
	(void)state;
	send_slow(1);
	send_fast(2);
	expect_serial(a.daemon, 1);
	assert_ok(peer_withdraw(&b, ":1.2"));
	assert_ok(peer_publish(&c, ":1.2"));
	assert_ok(peer_done(&a, 1));
	expect_nothing(b.client);
	expect_serial(c.client, 2);
}

static void right_goes_while_held(void **state)
{
	(void)state;
	send_slow(1);
	send_fast(2);
	send_fast(3);
	expect_serial(a.daemon, 1);
	assert_ok(bus_forget(&bus));
	assert_ok(peer_done(&a, 1));
	/* Two that the daemon has: a fence again. */
	expect_serial(a.daemon, 2);
	assert_ok(peer_caps(&a, CAPS_ALL));
	assert_ok(peer_caps(&b, CAPS_ALL));
	expect_nothing(b.client);
	assert_ok(peer_done(&a, 1));
	expect_serial(b.client, 3);
}

static void switched_off_while_held(void **state)
{
	(void)state;
	send_slow(1);
	send_fast(2);
	expect_serial(a.daemon, 1);
	bus.config.flags = 0;
	assert_ok(bus_configure(&bus));
	assert_ok(peer_done(&a, 1));
	expect_serial(a.daemon, 2);
	expect_nothing(b.client);
}

static void recipient_goes_while_held(void **state)
{
	(void)state;
	send_slow(1);
	send_fast(2);
	expect_serial(a.daemon, 1);
	peer_close_client(&b);
	assert_ok(peer_done(&a, 1));
	expect_serial(a.daemon, 2);
}

static void end_comes_behind_what_is_held(void **state)
{
	(void)state;
	send_slow(1);
	send_fast(2);
	send_slow(3);
	send_fast(4);
	peer_close_client(&a);
	expect_serial(a.daemon, 1);
	expect_nothing(a.daemon);
	assert_ok(peer_done(&a, 1));
	expect_serial(b.client, 2);
	expect_serial(a.daemon, 3);
	expect_nothing(a.daemon);
	expect_nothing(b.client);
	assert_ok(peer_done(&a, 1));
	expect_serial(b.client, 4);
	expect_end(a.daemon);
}

static int events(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDHUP };

	assert_ok(poll(&p, 1, 0));
	return p.revents;
}

/* Of the end of an attached client a kernel thread of the bus tells. */
static void expect_events(int fd, int want)
{
	int i;

	for (i = 0; i < 2000 && events(fd) != want; i++)
		usleep(slowly(1) * 1000);
	assert_int_equal(events(fd), want);
}

static void half_closed(void **state)
{
	(void)state;
	send_slow(1);
	send_fast(2);
	assert_ok(shutdown(a.client, SHUT_WR));
	assert_int_equal(events(a.daemon), POLLIN);
	expect_serial(a.daemon, 1);
	assert_int_equal(events(a.daemon), 0);
	assert_ok(peer_done(&a, 1));
	expect_serial(b.client, 2);
	expect_events(a.daemon, POLLIN | POLLRDHUP);
	expect_end(a.daemon);
	/* It still receives. */
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_SIGNAL(":1.1"))));
	peer_close_client(&a);
	expect_events(a.daemon, POLLIN | POLLRDHUP | POLLHUP);
}

static void closed_with_nothing_held(void **state)
{
	(void)state;
	send_slow(1);
	peer_close_client(&a);
	/* Unfinished is not held: the end is there behind the message. */
	expect_serial(a.daemon, 1);
	expect_end(a.daemon);
}

/* The owner hangs up: what is held is nobody's. */
static void daemon_hangs_up(void **state)
{
	char x;

	(void)state;
	send_slow(1);
	send_fast(2);
	send_slow(3);
	peer_close_daemon(&a);
	expect_nothing(b.client);
	/* Reset, for something was not read. */
	assert_fails(recv(a.client, &x, 1, 0), ECONNRESET);
	expect_end(a.client);
	assert_fails(send(a.client, "x", 1, MSG_NOSIGNAL), EPIPE);
}

/* A sender that does not wait for the daemon is told to. */
static void what_is_held_is_bounded(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 1000);
	struct pollfd p = { .fd = a.client, .events = POLLOUT };
	int sent = 0, i;
	ssize_t n;

	(void)state;
	send_slow(1);
	do {
		n = send(a.client, w.p, w.len, MSG_DONTWAIT);
		sent += n > 0;
	} while (n == (ssize_t)w.len && sent < 10000);
	assert_int_equal(n, -1);
	assert_int_equal(errno, EAGAIN);
	assert_in_range(sent, 20, 2000);
	assert_int_equal(poll(&p, 1, 0), 0);
	expect_serial(a.daemon, 1);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_ok(peer_done(&a, 1));
	/* They are the recipient's now. */
	assert_true(soon_writable(&a));
	for (i = 0; i < sent; i++)
		expect_serial(b.client, 1);
	send_message(&a, &w);
	expect_fast(&a, &b, &w);
	writer_free(&w);
}

/* A message that nobody can keep whole is held in pieces, and let go whole. */
static void too_long_a_message_is_held(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 50000);
	size_t i;

	(void)state;
	bus.config.max_message_size = 10000;
	assert_ok(bus_configure(&bus));
	send_slow(1);
	send_fast(2);
	for (i = 0; i < w.len; i += 7000)
		send_bytes(a.client, w.p + i,
			   i + 7000 < w.len ? 7000 : w.len - i);
	expect_serial(a.daemon, 1);
	expect_nothing(a.daemon);
	assert_ok(peer_done(&a, 1));
	expect_serial(b.client, 2);
	expect_bytes(a.daemon, w.p, w.len);
	expect_nothing(b.client);
	writer_free(&w);
}

#define TEST TEST_OF_THREE

SUITE_TESTS(route_fence,
	TEST(held_until_done),
	TEST(slow_ones_follow_each_other),
	TEST(order_is_kept),
	TEST(only_that_sender),
	TEST(replies_are_held_too),
	TEST(done_too_often),
	TEST(name_goes_while_held),
	TEST(name_moves_while_held),
	TEST(right_goes_while_held),
	TEST(switched_off_while_held),
	TEST(recipient_goes_while_held),
	TEST(end_comes_behind_what_is_held),
	TEST(half_closed),
	TEST(closed_with_nothing_held),
	TEST(daemon_hangs_up),
	TEST(what_is_held_is_bounded),
	TEST(too_long_a_message_is_held));
