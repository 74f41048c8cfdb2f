// SPDX-License-Identifier: GPL-2.0-only
/* Streams: any number of messages in any number of writes, of any size. */

#include <pthread.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fixture.h"

static void add(struct writer *to, struct writer w)
{
	put_bytes(to, w.p, w.len);
	writer_free(&w);
}

static struct writer fast(uint32_t serial)
{
	return MESSAGE(SPEC_SIGNAL(":1.2"), .serial = serial, .text = "fast");
}

static struct writer slow(uint32_t serial)
{
	return MESSAGE(SPEC_SIGNAL(NULL), .serial = serial, .text = "slow");
}

/* Ten fast ones, two slow ones. */
static struct writer a_dozen(void)
{
	struct writer all = {};
	uint32_t i;

	for (i = 1; i <= 10; i++)
		add(&all, fast(i));
	add(&all, slow(11));
	add(&all, slow(12));
	return all;
}

static void expect_a_dozen(void)
{
	uint32_t i;

	for (i = 1; i <= 10; i++)
		expect_serial(b.client, i);
	expect_serial(a.daemon, 11);
	expect_serial(a.daemon, 12);
	expect_nothing(b.client);
	expect_nothing(a.daemon);
	assert_ok(peer_done(&a, 2));
}

static void many_in_one_write(void **state)
{
	struct writer all = a_dozen();

	(void)state;
	send_message(&a, &all);
	expect_a_dozen();
	writer_free(&all);
}

static void one_byte_a_write(void **state)
{
	struct writer all = a_dozen();
	size_t i;

	(void)state;
	for (i = 0; i < all.len; i++)
		send_bytes(a.client, all.p + i, 1);
	expect_a_dozen();
	writer_free(&all);
}

static void writes_of_any_length(void **state)
{
	struct writer all = a_dozen();
	size_t i, step;

	(void)state;
	for (step = 2; step < 300; step += 7) {
		for (i = 0; i < all.len; i += step)
			send_bytes(a.client, all.p + i,
				   i + step < all.len ? step : all.len - i);
		expect_a_dozen();
	}
	writer_free(&all);
}

static void split_in_two_at_every_byte(void **state)
{
	struct writer w = {};
	size_t i;

	(void)state;
	add(&w, fast(1));
	add(&w, fast(2));
	for (i = 1; i < w.len; i++) {
		send_bytes(a.client, w.p, i);
		send_bytes(a.client, w.p + i, w.len - i);
		expect_serial(b.client, 1);
		expect_serial(b.client, 2);
	}
	expect_nothing(a.daemon);
	writer_free(&w);
}

static void vectors_that_fit_nothing(void **state)
{
	struct writer w = fast(1);
	struct iovec iov[100];
	size_t i, at = 0, n = 0;

	(void)state;
	for (i = 1; at < w.len; i = i % 5 + 1) {
		iov[n].iov_base = w.p + at;
		iov[n].iov_len = at + i < w.len ? i : w.len - at;
		at += iov[n++].iov_len;
	}
	assert_int_equal(writev(a.client, iov, n), w.len);
	expect_fast(&a, &b, &w);
	writer_free(&w);
}

/* A message that could not be read from memory is not half there. */
static void memory_that_cannot_be_read(void **state)
{
	struct writer w = fast(1);
	struct iovec iov[2] = {
		{ .iov_base = w.p, .iov_len = 40 },
		{ .iov_base = (void *)16, .iov_len = w.len - 40 },
	};
	ssize_t n;

	(void)state;
	n = writev(a.client, iov, 2);
	/* As many as are there count as sent. */
	if (n < 0)
		n = 0;
	send_bytes(a.client, w.p + n, w.len - n);
	expect_fast(&a, &b, &w);
	send_message(&a, &w);
	expect_fast(&a, &b, &w);
	writer_free(&w);
}

static const char lines[] =
	"\0AUTH EXTERNAL 30\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";

/* Lines, a slow message, a fast one and another slow one. */
static struct writer pipelined(size_t *sasl, size_t *first)
{
	struct writer all = {};

	put_bytes(&all, lines, sizeof(lines) - 1);
	*sasl = all.len;
	add(&all, slow(1));
	*first = all.len;
	add(&all, fast(2));
	add(&all, slow(3));
	return all;
}

static void open_silent(struct peer *peer)
{
	peer_connect(&bus, peer);
	assert_ok(peer_publish(peer, ":1.3"));
	strcpy(peer->name, ":1.3");
	assert_ok(peer_caps(peer, CAPS_ALL));
}

static void expect_pipelined(struct peer *c, const struct writer *all,
			     size_t first)
{
	uint8_t got[1000];

	assert_int_equal(recv(c->daemon, got, sizeof(got), MSG_DONTWAIT),
			 first);
	assert_memory_equal(got, all->p, first);
	/* Held behind the first. */
	expect_nothing(b.client);
	assert_ok(peer_done(c, 1));
	expect_serial(b.client, 2);
	expect_serial(c->daemon, 3);
	assert_ok(peer_done(c, 1));
	expect_nothing(b.client);
	expect_nothing(c->daemon);
}

static void lines_and_messages_in_one_write(void **state)
{
	size_t sasl, first;
	struct writer all = pipelined(&sasl, &first);
	struct peer c;

	(void)state;
	open_silent(&c);
	send_message(&c, &all);
	expect_pipelined(&c, &all, first);
	peer_close(&c);
	writer_free(&all);
}

static void lines_and_messages_split_anywhere(void **state)
{
	size_t sasl, first, i;
	struct writer all = pipelined(&sasl, &first);
	struct peer c;

	(void)state;
	for (i = 1; i < all.len; i++) {
		open_silent(&c);
		send_bytes(c.client, all.p, i);
		send_bytes(c.client, all.p + i, all.len - i);
		expect_pipelined(&c, &all, first);
		peer_close(&c);
	}
	/* And byte by byte. */
	open_silent(&c);
	for (i = 0; i < all.len; i++)
		send_bytes(c.client, all.p + i, 1);
	expect_pipelined(&c, &all, first);
	peer_close(&c);
	writer_free(&all);
}

/* Fast right behind BEGIN, in the same write. */
static void message_behind_begin(void **state)
{
	struct writer all = {}, w = fast(1);
	size_t i;
	struct peer c;

	(void)state;
	put_bytes(&all, lines, sizeof(lines) - 1);
	put_bytes(&all, w.p, w.len);
	for (i = 1; i < all.len; i++) {
		open_silent(&c);
		send_bytes(c.client, all.p, i);
		send_bytes(c.client, all.p + i, all.len - i);
		expect_bytes(c.daemon, lines, sizeof(lines) - 1);
		expect_fast(&c, &b, &w);
		peer_close(&c);
	}
	writer_free(&w);
	writer_free(&all);
}

/* What looks like a message or like BEGIN in the lines is neither. */
static void lines_that_are_not_begin(void **state)
{
	static const char *const other[] = {
		"\r\nBEGI\r\n", "\r\n BEGIN\r\n", "\r\nBEGINS\r\n",
		"\r\nbegin\r\n", "\r\nAUTH BEGIN\r\n", "\r\nBEGIN",
		"\nBEGIN\n", "\rBEGIN\r",
	};
	struct writer w = fast(1);
	struct peer c;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(other); i++) {
		open_silent(&c);
		send_bytes(c.client, "\0AUTH", 5);
		send_bytes(c.client, other[i], strlen(other[i]));
		send_message(&c, &w);
		expect_nothing(b.client);
		peer_close(&c);
	}
	writer_free(&w);
}

static void sizes(void **state)
{
	static const uint32_t bytes[] = {
		1, 8191, 8192, 8193, 65535, 65536, 65537, 1 << 20,
		(1 << 20) + 1, 16 << 20,
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bytes); i++) {
		assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"),
						      .serial = i + 1,
						      .bytes = bytes[i])));
		assert_true(goes_fast(&b, &a, MESSAGE(SPEC_RETURN(":1.1", i + 1),
						      .bytes = bytes[i])));
		assert_false(goes_fast(&a, &b, MESSAGE(SPEC_CALL("a.b"),
						       .bytes = bytes[i])));
	}
}

/* To the byte: as large as the bus allows, and one more. */
static void largest_message(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 1000);
	uint32_t overhead = w.len - 1000, max = bus.config.max_message_size;

	(void)state;
	writer_free(&w);
	w = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = max - overhead);
	assert_int_equal(w.len, max);
	assert_true(goes_fast(&a, &b, w));
	/* Of the next one the daemon gets every byte, and nobody else any. */
	w = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = max - overhead + 1);
	send_bytes(a.client, w.p, 5000);
	expect_bytes(a.daemon, w.p, 5000);
	expect_nothing(b.client);
	writer_free(&w);
}

/*
 * With a sender in it, it would be longer than any library takes: then the
 * daemon has to find out what to do.
 */
static void largest_message_of_all(void **state)
{
	uint32_t max = 128 << 20, half = 60 << 20;
	struct writer w = { .p = calloc(1, max), .size = max };

	(void)state;
	assert_non_null(w.p);
	bus.config.max_message_size = max;
	bus.config.max_outgoing_bytes = 2ULL * max;
	assert_ok(bus_configure(&bus));
	put_header(&w, SIGNAL, 0, 1);
	put_field(&w, 1, 'o', "/a");
	put_field(&w, 2, 's', "a.b");
	put_field(&w, 3, 's', "c");
	put_field(&w, 6, 's', ":1.2");
	put_field(&w, 8, 'g', "ayayay");
	end_header(&w);
	/* No array may be longer than half of it. */
	put_u32(&w, half);
	w.len += half;
	put_u32(&w, half);
	w.len += half;
	put_u32(&w, max - w.len - 4);
	w.len = max;
	end_body(&w);
	send_message(&a, &w);
	expect_nothing(b.client);
	expect_slow(&a, &w);
	assert_ok(peer_done(&a, 1));
	writer_free(&w);
}

/* What the daemon sends may be larger than what clients may send. */
static void large_message_of_the_daemon(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .bytes = 20000), got;

	(void)state;
	bus.config.max_message_size = 10000;
	assert_ok(bus_configure(&bus));
	send_bytes(b.daemon, w.p, 15000);
	assert_ok(peer_caps(&b, CAPS_ALL));
	/* Not into the middle of it. */
	send_free(&a, fast(1));
	send_bytes(b.daemon, w.p + 15000, w.len - 15000);
	expect_serial(b.client, 1);
	got = receive(b.client, NULL, NULL);
	assert_int_equal(got.len, w.len);
	assert_memory_equal(got.p, w.p, w.len);
	writer_free(&got);
	writer_free(&w);
}

static void *send_many(void *arg)
{
	struct writer w = fast(1);
	int i;

	for (i = 0; i < 500; i++)
		if (send(*(int *)arg, w.p, w.len, 0) != (ssize_t)w.len)
			break;
	writer_free(&w);
	return (void *)(long)i;
}

/* Threads that share a connection write whole messages. */
static void threads_share_a_connection(void **state)
{
	pthread_t thread[4];
	void *count;
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, send_many,
						&a.client), 0);
	for (i = 0; i < 2000; i++)
		expect_serial(b.client, 1);
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], &count);
		assert_int_equal((long)count, 500);
	}
	expect_nothing(a.daemon);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(route_bytes,
	TEST(many_in_one_write),
	TEST(one_byte_a_write),
	TEST(writes_of_any_length),
	TEST(split_in_two_at_every_byte),
	TEST(vectors_that_fit_nothing),
	TEST(memory_that_cannot_be_read),
	TEST(lines_and_messages_in_one_write),
	TEST(lines_and_messages_split_anywhere),
	TEST(message_behind_begin),
	TEST(lines_that_are_not_begin),
	TEST(sizes),
	TEST(largest_message),
	TEST(largest_message_of_all),
	TEST(large_message_of_the_daemon),
	TEST(threads_share_a_connection));
