// SPDX-License-Identifier: GPL-2.0-only
/* Which messages the module delivers, and what it makes of the sender. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fixture.h"

static bool call_goes_fast(void)
{
	static uint32_t serial;

	return goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .flags = NO_REPLY,
					 .serial = ++serial));
}

/* Each thing that the owner has to say, missing in turn. */
static void nothing_by_itself(void **state)
{
	struct bus own;
	struct peer from, to;
	const struct spec spec = { SPEC_CALL(":1.2"), .flags = NO_REPLY };

	(void)state;
	bus_open(&own);
	peer_connect(&own, &from);
	peer_connect(&own, &to);
	peer_sasl(&from);
	peer_sasl(&to);
	strcpy(from.name, ":1.1");
	assert_false(goes_fast(&from, &to, message(&spec)));
	assert_ok(bus_configure(&own));
	assert_false(goes_fast(&from, &to, message(&spec)));
	assert_ok(peer_publish(&to, ":1.2"));
	assert_false(goes_fast(&from, &to, message(&spec)));
	assert_ok(peer_publish(&from, ":1.1"));
	assert_false(goes_fast(&from, &to, message(&spec)));
	assert_ok(peer_caps(&from, KDBUS_CAP_SEND_ALL));
	assert_false(goes_fast(&from, &to, message(&spec)));
	assert_ok(peer_caps(&to, KDBUS_CAP_RECV_ALL));
	assert_true(goes_fast(&from, &to, message(&spec)));
	/* And back. */
	assert_ok(peer_caps(&from, 0));
	assert_false(goes_fast(&from, &to, message(&spec)));
	assert_ok(peer_caps(&from, KDBUS_CAP_SEND_ALL));
	assert_ok(peer_caps(&to, KDBUS_CAP_SEND_ALL));
	assert_false(goes_fast(&from, &to, message(&spec)));
	assert_ok(peer_caps(&to, KDBUS_CAP_RECV_ALL));
	own.config.flags = 0;
	assert_ok(bus_configure(&own));
	assert_false(goes_fast(&from, &to, message(&spec)));
	own.config.flags = KDBUS_BUS_FASTPATH;
	assert_ok(bus_configure(&own));
	assert_true(goes_fast(&from, &to, message(&spec)));
	peer_close(&from);
	peer_close(&to);
	bus_close(&own);
}

static void call_and_return(void **state)
{
	struct writer w;

	(void)state;
	w = MESSAGE(SPEC_CALL(":1.2"), .serial = 7, .text = "question");
	send_message(&a, &w);
	expect_fast(&a, &b, &w);
	writer_free(&w);
	w = MESSAGE(SPEC_RETURN(":1.1", 7), .serial = 3, .text = "answer");
	send_message(&b, &w);
	expect_fast(&b, &a, &w);
	writer_free(&w);
	assert_int_equal(bus_stat(&bus, "calls"), 1);
	assert_int_equal(bus_stat(&bus, "returns"), 1);
	assert_int_equal(bus_stat(&bus, "slow"), 0);
	assert_int_equal(bus_stat(&bus, "replies"), 0);
}

static void call_and_error(void **state)
{
	struct writer w;

	(void)state;
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 7)));
	w = MESSAGE(SPEC_ERROR(":1.1", 7), .text = "no");
	send_message(&b, &w);
	expect_fast(&b, &a, &w);
	writer_free(&w);
	assert_int_equal(bus_stat(&bus, "errors"), 1);
	assert_int_equal(bus_stat(&bus, "replies"), 0);
}

static void by_well_known_name(void **state)
{
	(void)state;
	assert_false(goes_fast(&a, &b, MESSAGE(SPEC_CALL("org.example.B"))));
	assert_ok(peer_publish(&b, "org.example.B"));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL("org.example.B"),
					      .serial = 2)));
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_RETURN(":1.1", 2))));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL("org.example.B"))));
	/* To oneself as well. */
	assert_true(goes_fast(&b, &b, MESSAGE(SPEC_CALL("org.example.B"))));
	assert_true(goes_fast(&b, &b, MESSAGE(SPEC_RETURN(":1.2", 1))));
}

static void without_reply(void **state)
{
	(void)state;
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"),
					      .flags = NO_REPLY)));
	assert_int_equal(bus_stat(&bus, "replies"), 0);
	assert_int_equal(peer_query(&a, &b, 1).count, 0);
	/* So this one is not asked for. */
	assert_false(goes_fast(&b, &a, MESSAGE(SPEC_RETURN(":1.1", 1))));
}

static void flags_stay(void **state)
{
	uint8_t flags;

	(void)state;
	for (flags = 0; flags < 8; flags++)
		assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"),
						      .flags = flags,
						      .serial = flags + 1)));
	for (flags = 8; flags; flags <<= 1)
		assert_false(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"),
						       .flags = flags,
						       .serial = 100)));
}

/* Everything that only the daemon knows what to do about. */
static void for_the_daemon(void **state)
{
	static const struct spec specs[] = {
		{ SPEC_CALL("org.freedesktop.DBus") },
		{ SPEC_CALL(NULL) },
		{ SPEC_SIGNAL(NULL) },
		{ SPEC_CALL("org.example.Unknown") },
		{ SPEC_CALL(":1.99") },
		{ SPEC_CALL(":1.2"), .reply_serial = 4 },
		{ SPEC_SIGNAL(":1.2"), .reply_serial = 4 },
		{ SPEC_CALL(":1.2"), .unknown = 11 },
		{ SPEC_CALL(":1.2"), .unknown = 200 },
		{ SPEC_SIGNAL(":1.2"), .unknown = 255 },
		{ .type = 5, .to = ":1.2" },
		{ .type = 255, .to = ":1.2" },
	};
	size_t i;

	(void)state;
	assert_ok(peer_publish(&b, "org.freedesktop.DBus"));
	for (i = 0; i < ARRAY_SIZE(specs); i++)
		if (goes_fast(&a, &b, message(&specs[i])))
			fail_msg("number %zu was delivered", i);
	assert_int_equal(bus_stat(&bus, "invalid"), 0);
	assert_true(call_goes_fast());
}

static void field_that_only_the_daemon_may_set(void **state)
{
	struct writer w = {};

	(void)state;
	put_header(&w, CALL, NO_REPLY, 1);
	put_field(&w, 1, 'o', "/a");
	put_field(&w, 3, 's', "Do");
	put_field(&w, 6, 's', ":1.2");
	/* dbus-daemon's own: the container that the sender is in. */
	put_field(&w, 10, 'o', "/container");
	end_header(&w);
	end_body(&w);
	assert_false(goes_fast(&a, &b, w));
}

/* A header that long is looked at by the daemon. */
static void long_header(void **state)
{
	char path[6000] = "/";
	size_t len;

	(void)state;
	for (len = 1; len < sizeof(path) - 1; len++) {
		path[len] = 'x';
		if (len % 500)
			continue;
		goes_fast(&a, &b, MESSAGE(.type = SIGNAL, .path = path,
					  .interface = "a.b", .member = "c",
					  .to = ":1.2"));
	}
	assert_true(call_goes_fast());
}

static void forged_sender(void **state)
{
	static const char *const forged[] = {
		":1.1", ":1.2", ":1.9", ":1.12345", ":1", "org.example.Other",
		"org.freedesktop.DBus", ":1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1",
		":1.12345678901234567890123456789012345678901234567890",
	};
	size_t i;
	int fast = 0;

	(void)state;
	/* expect_fast(), within, wants the true one. */
	for (i = 0; i < ARRAY_SIZE(forged); i++)
		fast += goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"),
						  .sender = forged[i],
						  .text = "text"));
	assert_true(fast >= 3);
	/* Nor does it matter in which order the fields come. */
	for (i = 0; i < ARRAY_SIZE(forged); i++) {
		struct writer w = { .big_endian = i & 1 };

		put_header(&w, CALL, NO_REPLY, 1);
		put_field(&w, 6, 's', ":1.2");
		put_field(&w, 3, 's', "Do");
		put_field(&w, 1, 'o', "/a");
		put_field(&w, 7, 's', forged[i]);
		end_header(&w);
		end_body(&w);
		goes_fast(&a, &b, w);
	}
}

/* Lengths of the name, so that each amount of padding comes up. */
static void senders_of_any_length(void **state)
{
	char name[40] = ":1.";
	size_t len;
	struct peer c;

	(void)state;
	for (len = 3; len < sizeof(name) - 1; len++) {
		name[len] = '7';
		peer_open(&bus, &c, name);
		assert_true(goes_fast(&c, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
		assert_true(goes_fast(&c, &b, MESSAGE(SPEC_SIGNAL(":1.2"),
						      .text = "x",
						      .big_endian = true)));
		goes_fast(&c, &b, MESSAGE(SPEC_SIGNAL(":1.2"),
					  .sender = ":1.77777777"));
		peer_close(&c);
	}
	/* One that is too long has no fast path, and gets no other. */
	memset(name, '7', sizeof(name));
	memcpy(name, ":1.", 3);
	peer_connect(&bus, &c);
	peer_sasl(&c);
	assert_ok(set_option(c.daemon, KDBUS_NAME_PUBLISH, name, sizeof(name)));
	assert_ok(peer_caps(&c, CAPS_ALL));
	assert_false(goes_fast(&c, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	peer_close(&c);
}

static void both_byte_orders(void **state)
{
	(void)state;
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 500,
					      .big_endian = true,
					      .text = "hello")));
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_RETURN(":1.1", 500),
					      .text = "swapped")));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"),
					      .serial = 501)));
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_ERROR(":1.1", 501),
					      .big_endian = true,
					      .text = "swapped")));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"),
					      .big_endian = true,
					      .bytes = 100000)));
}

static void line_of_bus(char *line, size_t size)
{
	FILE *file;
	char key[40];

	snprintf(key, sizeof(key), "bus %lu ", bus_stat(&bus, "bus"));
	assert_ok(seteuid(1001));
	file = fopen("/proc/net/kdbus", "re");
	assert_ok(seteuid(0));
	assert_non_null(file);
	do {
		assert_non_null(fgets(line, size, file));
	} while (strncmp(line, key, strlen(key)));
	fclose(file);
}

/* When somebody types, and how long his password is, is not for others. */
static void traffic_is_private(void **state)
{
	char before[1024], after[1024];

	(void)state;
	line_of_bus(before, sizeof(before));
	assert_true(call_goes_fast());
	line_of_bus(after, sizeof(after));
	assert_string_equal(before, after);
	assert_non_null(strstr(before, " peers 2 "));
	assert_null(strstr(before, "slow"));
}

/* The owner may turn it off for all, from outside as well. */
static void emergency_switch(void **state)
{
	FILE *file = fopen("/proc/net/kdbus", "we");
	unsigned long id = bus_stat(&bus, "bus");

	(void)state;
	assert_non_null(file);
	setvbuf(file, NULL, _IONBF, 0);
	assert_true(call_goes_fast());
	assert_true(fprintf(file, "%lu fastpath off\n", id) > 0);
	assert_false(call_goes_fast());
	/* The owner's opinion does not matter. */
	assert_ok(bus_configure(&bus));
	assert_false(call_goes_fast());
	assert_true(fprintf(file, "%lu fastpath on\n", id) > 0);
	assert_true(call_goes_fast());
	/* Nor does it turn on what the owner has turned off. */
	bus.config.flags = 0;
	assert_ok(bus_configure(&bus));
	assert_true(fprintf(file, "%lu fastpath on\n", id) > 0);
	assert_false(call_goes_fast());
	assert_true(fprintf(file, "nonsense\n") < 0);
	assert_true(fprintf(file, "%lu fastpath maybe\n", id) < 0);
	assert_true(fprintf(file, "99999 fastpath off\n") < 0);
	assert_int_equal(errno, ENOENT);
	fclose(file);
}

/* What a bus has counted is known when it is gone. */
static void ended_buses(void **state)
{
	unsigned long ended, calls, slow;
	struct bus own;
	struct peer from, to;
	int i;

	(void)state;
	settle();
	ended = ended_stat("ended");
	calls = ended_stat("calls");
	slow = ended_stat("slow");
	bus_open(&own);
	assert_ok(bus_configure(&own));
	peer_open(&own, &from, ":1.1");
	peer_open(&own, &to, ":1.2");
	for (i = 1; i <= 3; i++)
		assert_true(goes_fast(&from, &to, MESSAGE(SPEC_CALL(":1.2"),
							  .flags = NO_REPLY,
							  .serial = i)));
	assert_false(goes_fast(&from, &to, MESSAGE(SPEC_CALL("org.kdbus.A"),
						   .flags = NO_REPLY,
						   .serial = 4)));
	assert_int_equal(ended_stat("calls"), calls);
	peer_close(&from);
	peer_close(&to);
	bus_close(&own);
	settle();
	assert_int_equal(ended_stat("ended"), ended + 1);
	assert_int_equal(ended_stat("calls"), calls + 3);
	assert_int_equal(ended_stat("slow"), slow + 1);
}

/* Messages of the daemon come through, in their order with those of peers. */
static void messages_of_the_daemon(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .text = "to all",
				  .sender = "org.freedesktop.DBus");
	struct writer got;

	(void)state;
	send_bytes(b.daemon, w.p, w.len);
	send_free(&a, MESSAGE(SPEC_SIGNAL(":1.2"), .text = "fast"));
	send_bytes(b.daemon, w.p, w.len / 2);
	/* This one may not come between the halves. */
	send_free(&a, MESSAGE(SPEC_SIGNAL(":1.2"), .text = "fast"));
	send_bytes(b.daemon, w.p + w.len / 2, w.len - w.len / 2);
	got = receive(b.client, NULL, NULL);
	assert_memory_equal(got.p, w.p, w.len);
	writer_free(&got);
	got = receive(b.client, NULL, NULL);
	writer_free(&got);
	got = receive(b.client, NULL, NULL);
	writer_free(&got);
	got = receive(b.client, NULL, NULL);
	assert_int_equal(got.len, w.len);
	assert_memory_equal(got.p, w.p, w.len);
	writer_free(&got);
	expect_nothing(b.client);
	writer_free(&w);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(route_basic,
	cmocka_unit_test(nothing_by_itself),
	TEST(call_and_return),
	TEST(call_and_error),
	TEST(by_well_known_name),
	TEST(without_reply),
	TEST(flags_stay),
	TEST(for_the_daemon),
	TEST(field_that_only_the_daemon_may_set),
	TEST(long_header),
	TEST(forged_sender),
	TEST(senders_of_any_length),
	TEST(both_byte_orders),
	TEST(traffic_is_private),
	TEST(emergency_switch),
	TEST(ended_buses),
	TEST(messages_of_the_daemon));
