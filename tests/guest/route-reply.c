// SPDX-License-Identifier: GPL-2.0-only
/* Replies: one for each call, from the one who was called. */

#include <stdlib.h>
#include <unistd.h>

#include "trio.h"

static bool call(uint32_t serial)
{
	return goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = serial));
}

static bool reply(uint32_t serial)
{
	return goes_fast(&b, &a, MESSAGE(SPEC_RETURN(":1.1", serial)));
}

/* The daemon answers a call that it has been given. */
static void daemon_answers(uint32_t serial)
{
	struct writer w = MESSAGE(SPEC_ERROR(":1.1", serial));

	send_bytes(a.daemon, w.p, w.len);
	expect_bytes(a.client, w.p, w.len);
	writer_free(&w);
}

static void nobody_asked(void **state)
{
	(void)state;
	assert_false(reply(1));
	assert_false(goes_fast(&b, &a, MESSAGE(SPEC_ERROR(":1.1", 1))));
	assert_true(call(5));
	assert_false(reply(4));
	assert_false(reply(6));
	assert_true(reply(5));
}

static void only_once(void **state)
{
	(void)state;
	assert_true(call(5));
	assert_true(reply(5));
	assert_false(reply(5));
	assert_false(goes_fast(&b, &a, MESSAGE(SPEC_ERROR(":1.1", 5))));
	/* The serial may be used again. */
	assert_true(call(5));
	assert_true(reply(5));
}

static void only_from_the_one_who_was_called(void **state)
{
	(void)state;
	assert_true(call(5));
	assert_false(goes_fast(&c, &a, MESSAGE(SPEC_RETURN(":1.1", 5))));
	assert_false(goes_fast(&a, &a, MESSAGE(SPEC_RETURN(":1.1", 5))));
	/* Nor to somebody else. */
	assert_false(goes_fast(&b, &c, MESSAGE(SPEC_RETURN(":1.3", 5))));
	assert_true(reply(5));
}

static void in_any_order(void **state)
{
	uint32_t i;

	(void)state;
	for (i = 1; i <= 100; i++)
		assert_true(call(i));
	assert_int_equal(peer_query(&a, &b, 50).count, 100);
	for (i = 100; i >= 1; i--)
		assert_true(reply(i));
	assert_int_equal(bus_stat(&bus, "replies"), 0);
}

/* Two calls with one serial cannot be told apart: the daemon's business. */
static void same_serial_twice(void **state)
{
	(void)state;
	assert_true(call(5));
	assert_false(call(5));
	assert_int_equal(peer_query(&a, &b, 5).count, 1);
	daemon_answers(5);
	/* To another recipient it is another reply. */
	assert_true(goes_fast(&a, &c, MESSAGE(SPEC_CALL(":1.3"), .serial = 5)));
	assert_true(reply(5));
	assert_true(goes_fast(&c, &a, MESSAGE(SPEC_RETURN(":1.1", 5))));
}

/* Nor those of which the daemon has the first, as long as it has any. */
static void serial_of_the_daemon(void **state)
{
	(void)state;
	assert_false(goes_fast(&a, &b, MESSAGE(SPEC_CALL("a.b"), .serial = 5)));
	assert_false(call(5));
	assert_false(goes_fast(&a, &c, MESSAGE(SPEC_CALL(":1.3"), .serial = 4)));
	assert_true(call(6));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 5,
					      .flags = NO_REPLY)));
	assert_true(goes_fast(&c, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 5)));
	daemon_answers(5);
	daemon_answers(5);
	assert_true(reply(6));
	assert_false(call(6));
	daemon_answers(4);
	daemon_answers(6);
	assert_true(call(5));
	/* They begin again. */
	assert_false(goes_fast(&a, &b, MESSAGE(SPEC_CALL("a.b"), .serial = 7)));
	daemon_answers(7);
	assert_true(reply(5));
	assert_false(goes_fast(&a, &b, MESSAGE(SPEC_CALL("a.b"), .serial = 1)));
	assert_true(call(2));
	assert_false(call(1));
}

static void query(void **state)
{
	struct kdbus_reply_query q;

	(void)state;
	q = peer_query(&a, &b, 5);
	assert_int_equal(q.known, 0);
	assert_int_equal(q.count, 0);
	assert_true(call(5));
	q = peer_query(&a, &b, 5);
	assert_int_equal(q.known, 1);
	assert_int_equal(q.count, 1);
	assert_int_equal(peer_query(&a, &b, 6).known, 0);
	assert_int_equal(peer_query(&a, &c, 5).known, 0);
	assert_int_equal(peer_query(&b, &a, 5).known, 0);
	assert_int_equal(peer_query(&b, &a, 5).count, 0);
	/* To ask changes nothing. */
	assert_true(reply(5));
	assert_int_equal(peer_query(&a, &b, 5).count, 0);
}

static void claim(void **state)
{
	(void)state;
	assert_fails(peer_claim(&b, &a, 5), ENOENT);
	assert_true(call(5));
	assert_fails(peer_claim(&b, &a, 6), ENOENT);
	assert_fails(peer_claim(&c, &a, 5), ENOENT);
	assert_fails(peer_claim(&a, &b, 5), ENOENT);
	assert_ok(peer_claim(&b, &a, 5));
	assert_fails(peer_claim(&b, &a, 5), ENOENT);
	assert_int_equal(peer_query(&a, &b, 5).count, 0);
	/* The daemon has delivered it; there is no second one. */
	assert_false(reply(5));
}

static void take(void **state)
{
	struct kdbus_reply r[5];
	uint32_t i;

	(void)state;
	assert_int_equal(peer_take(&b, r, 5), 0);
	for (i = 1; i <= 7; i++)
		assert_true(call(i));
	assert_true(goes_fast(&c, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 70)));
	assert_int_equal(peer_take(&a, r, 5), 0);
	/* The oldest come first, as many as fit. */
	assert_int_equal(peer_take(&b, r, 5), 5);
	for (i = 0; i < 5; i++) {
		assert_int_equal(r[i].peer, a.id);
		assert_int_equal(r[i].serial, i + 1);
	}
	assert_int_equal(peer_query(&a, &b, 6).count, 2);
	assert_int_equal(peer_query(&a, &b, 5).known, 0);
	assert_int_equal(peer_take(&b, r, 0), 0);
	assert_int_equal(peer_take(&b, r, 5), 3);
	assert_int_equal(r[2].peer, c.id);
	assert_int_equal(r[2].serial, 70);
	assert_int_equal(peer_take(&b, r, 5), 0);
	assert_false(reply(6));
}

static void use_limit(uint32_t max)
{
	bus.config.max_replies = max;
	assert_ok(bus_configure(&bus));
}

/* The replies that one connection may wait for. */
static void limit(void **state)
{
	uint32_t i;

	(void)state;
	use_limit(10);
	for (i = 1; i <= 10; i++)
		assert_true(call(i));
	assert_false(call(11));
	assert_false(goes_fast(&a, &c, MESSAGE(SPEC_CALL(":1.3"),
					       .serial = 12)));
	daemon_answers(11);
	daemon_answers(12);
	/* What needs no reply is not limited, nor is anybody else. */
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 50,
					      .flags = NO_REPLY)));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	assert_true(goes_fast(&c, &b, MESSAGE(SPEC_CALL(":1.2"))));
	assert_true(reply(3));
	assert_true(call(13));
	assert_false(call(14));
	daemon_answers(14);
	use_limit(0);
	assert_false(call(15));
	/* Those that are due stay so. */
	assert_true(reply(1));
}

/* Those that the daemon has yet to answer count as well. */
static void limit_of_both_ways_together(void **state)
{
	struct kdbus_reply r[5];
	uint32_t i;

	(void)state;
	use_limit(5);
	for (i = 1; i <= 3; i++)
		assert_false(goes_fast(&a, &b, MESSAGE(SPEC_CALL("a.b"),
						       .serial = i)));
	assert_true(call(4));
	assert_true(call(5));
	assert_false(call(6));
	daemon_answers(1);
	assert_false(call(7));
	daemon_answers(2);
	daemon_answers(3);
	daemon_answers(6);
	assert_true(call(8));
	/* Claimed or taken over, it is the daemon's to give. */
	assert_ok(peer_claim(&b, &a, 4));
	assert_true(call(9));
	assert_false(call(10));
	assert_int_equal(peer_take(&b, r, 5), 3);
	assert_false(call(11));
	for (i = 4; i <= 11; i++)
		if (i != 6)
			daemon_answers(i);
	for (i = 12; i <= 16; i++)
		assert_true(call(i));
	assert_false(call(17));
}

/* What the daemon sends may only look like an answer; it says what is one. */
static void limit_says_the_daemon(void **state)
{
	uint32_t least = 2, i;

	(void)state;
	use_limit(3);
	for (i = 1; i <= 2; i++)
		assert_false(goes_fast(&a, &b, MESSAGE(SPEC_CALL("a.b"),
						       .serial = i)));
	daemon_answers(77);
	daemon_answers(78);
	assert_ok(set_option(a.daemon, KDBUS_REPLY_LEAST, &least, 4));
	/* One that is open there may be meant. */
	assert_false(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 2)));
	daemon_answers(2);
	/* It is not less, but more than that. */
	least = 1;
	assert_ok(set_option(a.daemon, KDBUS_REPLY_LEAST, &least, 4));
	assert_true(call(3));
	assert_false(call(4));
	for (i = 0; i < 3; i++)
		daemon_answers(i);
	assert_true(call(5));
	assert_true(call(6));
	assert_false(call(7));
	assert_fails(set_option(a.daemon, KDBUS_REPLY_LEAST, &least, 3), EINVAL);
	least = ~0u;
	assert_ok(set_option(a.daemon, KDBUS_REPLY_LEAST, &least, 4));
	assert_true(reply(5));
	assert_false(call(8));
}

/* Gives the daemon a call, and leaves it undone. */
static void send_call(uint32_t serial, uint8_t flags, const char *to)
{
	struct writer w = MESSAGE(SPEC_CALL(to), .serial = serial,
				  .flags = flags);

	send_bytes(a.client, w.p, w.len);
	expect_bytes(a.daemon, w.p, w.len);
	writer_free(&w);
}

/*
 * A call too many stays one, whatever has been answered by the time at which the
 * daemon comes to it; those that are sent later are not concerned.
 */
static void limit_when_it_was_sent(void **state)
{
	(void)state;
	use_limit(2);
	send_call(1, 0, "a.b");
	assert_ok(peer_done(&a, 1));
	assert_true(call(2));
	daemon_answers(1);
	assert_true(call(3));
	send_call(4, 0, ":1.2");
	send_call(5, NO_REPLY, "a.b");
	send_call(6, 0, "a.b");
	assert_true(reply(2));
	assert_true(reply(3));
	send_call(7, 0, "a.b");
	assert_int_equal(peer_query(&a, &b, 4).count, 2);
	assert_int_equal(peer_query(&a, &b, 2).known, 0);
	assert_ok(peer_done(&a, 1));
	assert_ok(peer_done(&a, 1));
	assert_int_equal(peer_query(&a, &b, 6).count, 2);
	assert_ok(peer_done(&a, 1));
	assert_int_equal(peer_query(&a, &b, 7).count, 0);
	assert_ok(peer_done(&a, 1));
	assert_int_equal(peer_query(&a, &b, 8).count, 0);
	daemon_answers(4);
	daemon_answers(6);
	daemon_answers(7);
	assert_true(call(8));
	assert_int_equal(peer_query(&a, &b, 9).count, 1);
}

/* A reply is checked like any message; what is refused stays due. */
static void reply_that_is_not_allowed(void **state)
{
	(void)state;
	assert_true(call(5));
	assert_ok(peer_caps(&b, KDBUS_CAP_RECV_ALL));
	assert_false(reply(5));
	assert_int_equal(peer_query(&a, &b, 5).known, 1);
	assert_ok(peer_caps(&b, CAPS_ALL));
	assert_true(reply(5));
}

static void callee_gone(void **state)
{
	struct kdbus_reply r[5];

	(void)state;
	assert_true(call(5));
	assert_true(call(6));
	peer_close_client(&b);
	/* The owner sees the end, and takes over what it has to answer. */
	assert_int_equal(peer_query(&a, &b, 5).count, 2);
	assert_int_equal(peer_take(&b, r, 5), 2);
	peer_close_daemon(&b);
	assert_int_equal(peer_query(&a, &b, 5).count, 0);
}

static void callee_gone_without_a_word(void **state)
{
	(void)state;
	assert_true(call(5));
	peer_close(&b);
	assert_int_equal(peer_query(&a, &b, 5).known, 0);
	assert_int_equal(peer_query(&a, &b, 5).count, 0);
	assert_int_equal(bus_stat(&bus, "replies"), 0);
}

static void caller_gone(void **state)
{
	struct kdbus_reply r[5];

	(void)state;
	assert_true(call(5));
	assert_true(goes_fast(&c, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 9)));
	peer_close_client(&a);
	/* It has not been told yet that nobody wants the reply. */
	assert_false(goes_fast(&b, &c, MESSAGE(SPEC_RETURN(":1.1", 5))));
	peer_close_daemon(&a);
	assert_int_equal(bus_stat(&bus, "replies"), 1);
	assert_int_equal(peer_take(&b, r, 5), 1);
	assert_int_equal(r[0].peer, c.id);
}

/* Well-known names may move: it is the connection that owes the reply. */
static void name_moves_before_the_reply(void **state)
{
	(void)state;
	assert_ok(peer_publish(&b, "org.example.B"));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL("org.example.B"),
					      .serial = 5)));
	assert_ok(peer_withdraw(&b, "org.example.B"));
	assert_ok(peer_publish(&c, "org.example.B"));
	assert_false(goes_fast(&c, &a, MESSAGE(SPEC_RETURN(":1.1", 5))));
	assert_true(reply(5));
}

#define TEST TEST_OF_THREE

SUITE_TESTS(route_reply,
	TEST(nobody_asked),
	TEST(only_once),
	TEST(only_from_the_one_who_was_called),
	TEST(in_any_order),
	TEST(same_serial_twice),
	TEST(serial_of_the_daemon),
	TEST(query),
	TEST(claim),
	TEST(take),
	TEST(limit),
	TEST(limit_of_both_ways_together),
	TEST(limit_says_the_daemon),
	TEST(limit_when_it_was_sent),
	TEST(reply_that_is_not_allowed),
	TEST(callee_gone),
	TEST(callee_gone_without_a_word),
	TEST(caller_gone),
	TEST(name_moves_before_the_reply));
