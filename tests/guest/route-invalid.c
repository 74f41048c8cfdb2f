// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages that are not valid are the daemon's business: it gets them as they
 * are, and no other client ever sees them.
 */

#include <stdio.h>
#include <unistd.h>

#include <dbus/dbus.h>

#include "fixture.h"

static void refused(struct writer w)
{
	assert_false(goes_fast(&a, &b, w));
}

/* Opens a signal that would be delivered. */
static struct writer begin(void)
{
	struct writer w = {};

	put_header(&w, SIGNAL, 0, 1);
	put_field(&w, 1, 'o', "/a");
	put_field(&w, 2, 's', "a.b");
	put_field(&w, 3, 's', "c");
	put_field(&w, 6, 's', ":1.2");
	return w;
}

static struct writer finish(struct writer w)
{
	end_header(&w);
	end_body(&w);
	return w;
}

static struct writer with_byte(size_t at, uint8_t value)
{
	struct writer w = finish(begin());

	assert_true(at < w.len);
	w.p[at] = value;
	return w;
}

static void bad_header(void **state)
{
	struct writer w;

	(void)state;
	assert_true(goes_fast(&a, &b, finish(begin())));
	refused(with_byte(1, 0));	/* no type */
	refused(with_byte(3, 0));	/* version of the protocol */
	refused(with_byte(3, 2));
	refused(with_byte(8, 0));	/* serial */
	refused(with_byte(16, 0));	/* field code */
	refused(with_byte(17, 2));	/* signature of a field */
	refused(with_byte(18, 's'));
	refused(with_byte(19, 1));
	refused(with_byte(24, 'x'));	/* path without slash */
	refused(with_byte(25, 0));
	w = begin();
	put_field(&w, 6, 's', ":1.2");	/* twice */
	refused(finish(w));
	w = begin();
	put_field(&w, 4, 's', "noerrorname");
	refused(finish(w));
	w = begin();
	put_field(&w, 7, 's', "not a name");
	refused(finish(w));
	w = begin();
	put_field(&w, 8, 'g', "{sv}");
	refused(finish(w));
	w = begin();
	put_field(&w, 8, 'g', "a");
	refused(finish(w));
	assert_true(bus_stat(&bus, "invalid") >= 10);
}

/* Nothing may wait for bytes that need not come. */
static void header_alone(void **state)
{
	uint8_t unknown_type[16] = { 'l', 5, 0, 1, 0, 0, 0, 0, 1 };
	struct writer w = finish(begin());

	(void)state;
	send_bytes(a.client, unknown_type, sizeof(unknown_type));
	expect_bytes(a.daemon, unknown_type, sizeof(unknown_type));
	assert_ok(peer_done(&a, 1));
	assert_true(goes_fast(&a, &b, w));
}

static void missing_fields(void **state)
{
	(void)state;
	refused(MESSAGE(.type = CALL, .path = "/a", .to = ":1.2"));
	refused(MESSAGE(.type = CALL, .member = "a", .to = ":1.2"));
	refused(MESSAGE(.type = SIGNAL, .path = "/a", .member = "a",
			.to = ":1.2"));
	refused(MESSAGE(.type = SIGNAL, .interface = "a.b", .member = "a",
			.to = ":1.2"));
	refused(MESSAGE(.type = RETURN, .to = ":1.2"));
	refused(MESSAGE(.type = ERROR, .to = ":1.2", .reply_serial = 1));
	refused(MESSAGE(.type = ERROR, .to = ":1.2", .error = "a.b"));
}

static void bad_names(void **state)
{
	(void)state;
	refused(MESSAGE(.type = CALL, .path = "/a/", .member = "a",
			.to = ":1.2"));
	refused(MESSAGE(.type = CALL, .path = "/a//b", .member = "a",
			.to = ":1.2"));
	refused(MESSAGE(.type = CALL, .path = "/a", .member = "a.b",
			.to = ":1.2"));
	refused(MESSAGE(.type = CALL, .path = "/a", .member = "1",
			.to = ":1.2"));
	refused(MESSAGE(.type = CALL, .path = "/a", .member = "a",
			.interface = "a", .to = ":1.2"));
	refused(MESSAGE(.type = CALL, .path = "/a", .member = "a",
			.interface = "a..b", .to = ":1.2"));
	refused(MESSAGE(.type = SIGNAL, .path = "/org/freedesktop/DBus/Local",
			.member = "a", .interface = "a.b", .to = ":1.2"));
	refused(MESSAGE(.type = SIGNAL, .path = "/a", .member = "a",
			.interface = "org.freedesktop.DBus.Local",
			.to = ":1.2"));
}

/* A body of this signature and these bytes. */
static struct writer with_body(const char *signature, const void *bytes,
			       size_t len)
{
	struct writer w = begin();

	put_field(&w, 8, 'g', signature);
	end_header(&w);
	put_bytes(&w, bytes, len);
	end_body(&w);
	return w;
}

#define BODY(signature, bytes) with_body(signature, bytes, sizeof(bytes) - 1)

static void bad_body(void **state)
{
	(void)state;
	assert_true(goes_fast(&a, &b, BODY("b", "\1\0\0\0")));
	refused(BODY("b", "\2\0\0\0"));
	refused(BODY("b", "\1\0\0"));
	refused(BODY("b", "\1\0\0\0\0"));
	refused(BODY("", "\0"));
	refused(BODY("s", "\1\0\0\0a"));
	refused(BODY("s", "\1\0\0\0ab"));
	assert_true(goes_fast(&a, &b, BODY("s", "\2\0\0\0\303\244\0")));
	refused(BODY("s", "\2\0\0\0\303\50\0"));	/* not UTF-8 */
	refused(BODY("s", "\2\0\0\0\300\200\0"));
	refused(BODY("s", "\1\0\0\0\0\0"));
	refused(BODY("o", "\1\0\0\0a\0"));
	refused(BODY("yu", "\1\0\0\1\1\0\0\0"));	/* padding */
	refused(BODY("g", "\1z\0"));
	refused(BODY("v", "\1z\0"));
	refused(BODY("v", "\2uu\0\1\0\0\0\1\0\0\0"));
	refused(BODY("au", "\3\0\0\0\1\0\0"));
	refused(BODY("au", "\5\0\0\0\1\0\0\0\0"));
	refused(BODY("au", "\377\377\377\377"));
	refused(BODY("ay", "\1\0\0\4"));
}

/* The stream makes no sense any more: every byte is the daemon's. */
static void no_byte_order(void **state)
{
	struct writer w = finish(begin()), all = {};
	struct peer c;

	(void)state;
	peer_open(&bus, &c, ":1.3");
	put_bytes(&all, "x\1\0\1\0\0\0\0\1\0\0\0\0\0\0\0", 16);
	put_bytes(&all, w.p, w.len);
	put_bytes(&all, w.p, w.len);
	send_message(&c, &all);
	expect_nothing(b.client);
	expect_bytes(c.daemon, all.p, all.len);
	send_message(&c, &w);
	expect_nothing(b.client);
	expect_bytes(c.daemon, w.p, w.len);
	writer_free(&w);
	writer_free(&all);
	peer_close(&c);
}

/* Lengths that add up to less than they are. */
static void lengths_that_overflow(void **state)
{
	static const uint32_t lengths[][2] = {
		{ ~0U, 8 }, { ~0U - 15, 0 }, { 0, ~0U }, { 0, ~0U - 7 },
		{ 0x80000000, 0x80000000 }, { ~0U, ~0U }, { 1 << 27, 1 << 27 },
		{ 0, (32 << 20) - 8 },
	};
	struct writer w;
	struct peer c;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		w = finish(begin());
		set_u32(&w, 4, lengths[i][0]);
		set_u32(&w, 12, lengths[i][1]);
		peer_open(&bus, &c, ":1.3");
		send_message(&c, &w);
		expect_nothing(b.client);
		expect_bytes(c.daemon, w.p, w.len);
		peer_close(&c);
		writer_free(&w);
	}
}

static uint32_t random_seed = 4711;

static uint32_t random_below(uint32_t n)
{
	random_seed = random_seed * 1103515245 + 12345;
	return (random_seed >> 8) % n;
}

static struct writer random_message(void)
{
	const struct spec spec = {
		SPEC_CALL(":1.2"),
		.flags = NO_REPLY,
		.big_endian = random_below(2),
		.sender = random_below(2) ? ":1.5" : NULL,
		.text = random_below(2) ? "some text" : NULL,
	};
	struct writer w = message(&spec);
	uint32_t changes = 1 + random_below(3);

	while (changes--) {
		size_t at = random_below(w.len);

		switch (random_below(3)) {
		case 0:
			w.p[at] = random_below(256);
			break;
		case 1:
			w.p[at] ^= 1 << random_below(8);
			break;
		case 2:
			w.p[at] += random_below(2) ? 1 : -1;
			break;
		}
	}
	return w;
}

/* What has come out is valid, and from c. */
static void check_delivered(void)
{
	struct writer got = receive(b.client, NULL, NULL);
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *m;

	m = dbus_message_demarshal((const char *)got.p, got.len, &error);
	if (!m)
		fail_msg("libdbus: %s", error.message);
	assert_string_equal(dbus_message_get_sender(m), ":1.3");
	assert_string_equal(dbus_message_get_destination(m), ":1.2");
	dbus_message_unref(m);
	writer_free(&got);
}

static void random_messages(void **state)
{
	int i, fast = 0, slow = 0;
	uint8_t got[2000];
	struct writer w;
	struct peer c;
	ssize_t n;

	(void)state;
	for (i = 0; i < 4000; i++) {
		w = random_message();
		peer_open(&bus, &c, ":1.3");
		send_message(&c, &w);
		n = recv(c.daemon, got, sizeof(got), MSG_DONTWAIT);
		if (n > 0) {
			assert_in_range(n, 16, w.len);
			assert_memory_equal(got, w.p, n);
			slow++;
		} else if (recv(b.client, got, 1, MSG_DONTWAIT | MSG_PEEK) > 0) {
			check_delivered();
			fast++;
		}
		expect_nothing(b.client);
		peer_close(&c);
		writer_free(&w);
	}
	/* Both happen, and often. */
	assert_true(fast > 100 && slow > 100);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(route_invalid,
	TEST(bad_header),
	TEST(header_alone),
	TEST(missing_fields),
	TEST(bad_names),
	TEST(bad_body),
	TEST(no_byte_order),
	TEST(lengths_that_overflow),
	TEST(random_messages));
