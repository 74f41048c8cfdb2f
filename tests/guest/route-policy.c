// SPDX-License-Identifier: GPL-2.0-only
/* Approvals: only what has been said to be allowed, and only so long. */

#include <stdio.h>
#include <unistd.h>

#include "trio.h"

static int setup(void **state)
{
	three_peers(state);
	assert_ok(peer_caps(&a, KDBUS_CAP_FDS));
	assert_ok(peer_caps(&b, KDBUS_CAP_FDS));
	assert_ok(peer_caps(&c, KDBUS_CAP_FDS));
	return 0;
}

static const struct spec approved = {
	SPEC_CALL(":1.2"), .flags = NO_REPLY, .fds = 0,
};

static bool fast(const struct spec *spec)
{
	return goes_fast(&a, &b, message(spec));
}

static void each_pair_of_caps(void **state)
{
	uint32_t from, to;

	(void)state;
	for (from = 0; from < 8; from++)
		for (to = 0; to < 8; to++) {
			assert_ok(peer_caps(&a, from));
			assert_ok(peer_caps(&b, to));
			assert_int_equal(fast(&approved),
					 (from & KDBUS_CAP_SEND_ALL) &&
					 (to & KDBUS_CAP_RECV_ALL));
		}
	assert_fails(peer_caps(&a, 8), EINVAL);
	assert_fails(peer_caps(&a, ~0U), EINVAL);
}

static void approval_without_fields(void **state)
{
	struct spec other = approved;

	(void)state;
	assert_false(fast(&approved));
	assert_ok(peer_approve(&a, &b, CALL, 0, NULL));
	assert_true(fast(&approved));
	other.path = "/other";
	other.interface = NULL;
	other.member = "Other";
	assert_true(fast(&other));
	/* Of this type only, in this direction, between these two. */
	assert_false(goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	assert_false(goes_fast(&b, &a, MESSAGE(SPEC_CALL(":1.1"))));
	assert_false(goes_fast(&a, &c, MESSAGE(SPEC_CALL(":1.3"))));
	assert_false(goes_fast(&c, &b, MESSAGE(SPEC_CALL(":1.2"))));
}

/* Whatever name of the recipient the message is addressed to. */
static void approval_counts_for_every_name(void **state)
{
	(void)state;
	assert_ok(peer_publish(&b, "org.example.B"));
	assert_ok(peer_approve(&a, &b, CALL, 0, NULL));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL("org.example.B"),
					      .flags = NO_REPLY)));
}

static void each_type(void **state)
{
	(void)state;
	assert_ok(peer_approve(&a, &b, SIGNAL, 0, NULL));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	assert_false(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"))));
	assert_ok(peer_approve(&a, &b, CALL, 0, NULL));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 2)));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 3)));
	assert_false(goes_fast(&b, &a, MESSAGE(SPEC_RETURN(":1.1", 2))));
	assert_ok(peer_approve(&b, &a, RETURN, 0, NULL));
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_RETURN(":1.1", 2))));
	/* Requested ones only. */
	assert_false(goes_fast(&b, &a, MESSAGE(SPEC_RETURN(":1.1", 2))));
	assert_false(goes_fast(&b, &a, MESSAGE(SPEC_ERROR(":1.1", 3))));
	assert_ok(peer_approve(&b, &a, ERROR, 0, NULL));
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_ERROR(":1.1", 3))));
	assert_false(goes_fast(&b, &a, MESSAGE(SPEC_ERROR(":1.1", 3))));
}

/* The message with another value in one field, or without it. */
static struct spec with_other(uint32_t field, bool absent)
{
	struct spec spec = approved;

	if (field == KDBUS_FIELD_PATH)
		spec.path = "/a/c";
	if (field == KDBUS_FIELD_INTERFACE)
		spec.interface = absent ? NULL : "org.example.Ig";
	if (field == KDBUS_FIELD_MEMBER)
		spec.member = "Dp";
	return spec;
}

/* Each set of the fields that a call has. */
static void each_field_mask(void **state)
{
	uint32_t mask, field;

	(void)state;
	for (mask = 0; mask < 8; mask++) {
		assert_ok(peer_forget(&a));
		assert_false(fast(&approved));
		assert_ok(peer_approve(&a, &b, CALL, mask, &approved));
		assert_true(fast(&approved));
		for (field = 1; field < 8; field <<= 1) {
			struct spec other = with_other(field, false);
			struct spec without = with_other(field, true);

			assert_int_equal(fast(&other), !(mask & field));
			assert_int_equal(fast(&without), !(mask & field));
		}
	}
}

/* A value that is the beginning of another, or longer, or elsewhere. */
static void values_are_whole(void **state)
{
	static const struct spec values = { .path = "/ab", .member = "Do" };
	struct spec spec = approved;
	uint32_t fields = KDBUS_FIELD_PATH | KDBUS_FIELD_MEMBER;

	(void)state;
	assert_ok(peer_approve(&a, &b, CALL, fields, &values));
	spec.path = "/ab";
	assert_true(fast(&spec));
	spec.path = "/a";
	assert_false(fast(&spec));
	spec.path = "/abc";
	assert_false(fast(&spec));
	/* The same letters, shared out in another way. */
	spec.path = "/abD";
	spec.member = "o";
	assert_false(fast(&spec));
}

static void absent_interface(void **state)
{
	static const struct spec values = { .interface = NULL };
	struct spec spec = approved;

	(void)state;
	assert_ok(peer_approve(&a, &b, CALL, KDBUS_FIELD_INTERFACE, &values));
	assert_false(fast(&spec));
	spec.interface = NULL;
	assert_true(fast(&spec));
}

static void error_name(void **state)
{
	static const struct spec values = { .error = "org.example.Error.No" };

	(void)state;
	assert_ok(peer_approve(&a, &b, CALL, 0, NULL));
	assert_ok(peer_approve(&b, &a, ERROR, KDBUS_FIELD_ERROR_NAME, &values));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 5)));
	assert_false(goes_fast(&b, &a, MESSAGE(.type = ERROR, .to = ":1.1",
					       .reply_serial = 5,
					       .error = "org.example.Error")));
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_ERROR(":1.1", 5))));
}

static bool fds_go_fast(int n)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = n), m;
	int fds[4] = { 0 }, got[4], count;
	bool fast_way;
	char x;

	assert_int_equal(n ? send_with_fds(a.client, w.p, w.len, fds, n, 0) :
			     send(a.client, w.p, w.len, 0), w.len);
	fast_way = recv(b.client, &x, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
	m = receive(fast_way ? b.client : a.daemon, got, &count);
	assert_int_equal(count, n);
	while (count--)
		close(got[count]);
	if (!fast_way)
		assert_ok(peer_done(&a, 1));
	writer_free(&m);
	writer_free(&w);
	return fast_way;
}

static void number_of_descriptors(void **state)
{
	static const struct spec none = { .fds = 0 }, two = { .fds = 2 };

	(void)state;
	assert_ok(peer_approve(&a, &b, SIGNAL, KDBUS_FIELD_FDS, &none));
	assert_true(fds_go_fast(0));
	assert_false(fds_go_fast(1));
	assert_ok(peer_approve(&a, &b, SIGNAL, KDBUS_FIELD_FDS, &two));
	assert_true(fds_go_fast(0));
	assert_false(fds_go_fast(1));
	assert_int_equal(fds_go_fast(2), files_may_go_fast(&a, &b));
}

/* Values add up; other fields begin anew. */
static void several_values(void **state)
{
	struct spec spec = approved;

	(void)state;
	assert_ok(peer_approve(&a, &b, CALL, KDBUS_FIELD_MEMBER, &approved));
	spec.member = "Undo";
	assert_false(fast(&spec));
	assert_ok(peer_approve(&a, &b, CALL, KDBUS_FIELD_MEMBER, &spec));
	assert_ok(peer_approve(&a, &b, CALL, KDBUS_FIELD_MEMBER, &spec));
	assert_true(fast(&spec));
	assert_true(fast(&approved));
	assert_ok(peer_approve(&a, &b, CALL,
			       KDBUS_FIELD_MEMBER | KDBUS_FIELD_PATH, &spec));
	assert_true(fast(&spec));
	assert_false(fast(&approved));
}

/* However many there are: forgotten ones cost time, never safety. */
static void very_many_values(void **state)
{
	char member[20];
	struct spec spec = approved;
	int i;

	(void)state;
	spec.member = member;
	for (i = 0; i < 1000; i++) {
		snprintf(member, sizeof(member), "Do%d", i);
		assert_ok(peer_approve(&a, &b, CALL, KDBUS_FIELD_MEMBER,
				       &spec));
		assert_true(fast(&spec));
	}
	snprintf(member, sizeof(member), "Do%d", i);
	assert_false(fast(&spec));
}

/* The number makes it another one than all others. */
static void approve_long_path(const struct peer *to, uint8_t type, int number)
{
	char path[3900];
	const struct spec spec = { .path = path };

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	snprintf(path, 10, "/%08d", number);
	path[9] = 'a';
	assert_ok(peer_approve(&a, to, type, KDBUS_FIELD_PATH, &spec));
}

/* A MiB for each sender, who chooses what is in them. */
static void very_long_values(void **state)
{
	static const uint8_t kinds[] = { CALL, RETURN, ERROR, SIGNAL };
	int i;

	(void)state;
	assert_ok(peer_approve(&a, &b, CALL, KDBUS_FIELD_MEMBER, &approved));
	for (i = 0; i < 240; i++) {
		assert_true(fast(&approved));
		approve_long_path(&c, kinds[i / 60], i);
	}
	for (i = 0; i < 120; i++)
		approve_long_path(&a, kinds[i / 60], i);
	assert_false(fast(&approved));
}

static void very_many_recipients(void **state)
{
	struct peer other = b;
	int i;

	(void)state;
	for (i = 0; i < 1500; i++) {
		peer_connect(&bus, &other);
		assert_ok(peer_approve(&a, &other, CALL, 0, NULL));
		peer_close(&other);
	}
	assert_false(fast(&approved));
	assert_ok(peer_approve(&a, &b, CALL, 0, NULL));
	assert_true(fast(&approved));
}

static void approve_all(void)
{
	assert_ok(peer_approve(&a, &b, CALL, 0, NULL));
	assert_ok(peer_approve(&b, &a, CALL, 0, NULL));
	assert_ok(peer_approve(&c, &b, CALL, 0, NULL));
	assert_ok(peer_approve(&c, &a, CALL, 0, NULL));
}

static bool between(struct peer *from, struct peer *to)
{
	return goes_fast(from, to, MESSAGE(SPEC_CALL(to->name),
					   .flags = NO_REPLY));
}

static void forget_a_peer(void **state)
{
	(void)state;
	approve_all();
	assert_true(between(&a, &b));
	assert_ok(peer_forget(&b));
	assert_false(between(&a, &b));
	assert_false(between(&b, &a));
	assert_false(between(&c, &b));
	assert_true(between(&c, &a));
	/* It may be approved again. */
	assert_ok(peer_approve(&a, &b, CALL, 0, NULL));
	assert_true(between(&a, &b));
	assert_false(between(&b, &a));
	assert_ok(peer_forget(&a));
	assert_false(between(&a, &b));
	/* Approvals of an earlier time do not come back with a new one. */
	assert_ok(peer_approve(&a, &b, CALL, KDBUS_FIELD_PATH, &approved));
	assert_ok(peer_forget(&a));
	assert_ok(peer_approve(&a, &b, CALL, KDBUS_FIELD_PATH,
			       &(struct spec){ .path = "/new" }));
	assert_false(fast(&approved));
}

static void forget_the_bus(void **state)
{
	(void)state;
	approve_all();
	assert_ok(peer_caps(&a, CAPS_ALL));
	assert_ok(peer_caps(&c, CAPS_ALL));
	assert_true(between(&a, &b));
	assert_true(between(&a, &c));
	assert_ok(bus_forget(&bus));
	assert_false(between(&a, &b));
	assert_false(between(&b, &a));
	assert_false(between(&a, &c));
	assert_false(between(&c, &a));
	assert_ok(peer_caps(&a, CAPS_ALL));
	assert_ok(peer_caps(&c, CAPS_ALL));
	assert_true(between(&a, &c));
	assert_false(between(&a, &b));
}

/* Which descriptors a peer takes is no policy. */
static void forgetting_keeps_descriptors(void **state)
{
	(void)state;
	assert_ok(bus_forget(&bus));
	assert_ok(peer_approve(&a, &b, SIGNAL, 0, NULL));
	assert_int_equal(fds_go_fast(1), files_may_go_fast(&a, &b));
}

static void recipient_gone(void **state)
{
	struct peer gone = b;

	(void)state;
	assert_ok(peer_approve(&a, &b, CALL, 0, NULL));
	peer_close(&b);
	/* Another one with that name has not been approved. */
	peer_open(&bus, &b, ":1.2");
	assert_false(fast(&approved));
	settle();
	assert_fails(peer_approve(&a, &gone, CALL, 0, NULL), ENOENT);
	gone.id = 0;
	assert_fails(peer_approve(&a, &gone, CALL, 0, NULL), ENOENT);
	gone.id = ~0ULL;
	assert_fails(peer_approve(&a, &gone, CALL, 0, NULL), ENOENT);
}

static int approve_raw(struct kdbus_approval *approval, socklen_t len)
{
	return set_option(a.daemon, KDBUS_APPROVE, approval, len);
}

static void bad_approvals(void **state)
{
	union {
		char bytes[8192];
		struct kdbus_approval a;
	} u = { .a = { .recipient = b.id, .type = CALL } };
	const socklen_t size = sizeof(u.a);

	(void)state;
	assert_ok(approve_raw(&u.a, size));
	assert_ok(peer_forget(&a));
	assert_fails(approve_raw(&u.a, size - 1), EINVAL);
	assert_fails(approve_raw(&u.a, size + 1), EINVAL);
	assert_fails(approve_raw(&u.a, 0), EINVAL);
	assert_fails(approve_raw(&u.a, sizeof(u)), EINVAL);
	assert_fails(approve_raw((void *)16, size), EFAULT);
	assert_fails(approve_raw(NULL, size), EFAULT);
	u.a.path_len = 1;
	assert_fails(approve_raw(&u.a, size), EINVAL);
	assert_ok(approve_raw(&u.a, size + 1));
	assert_ok(peer_forget(&a));
	u.a.path_len = 0xffff;
	assert_fails(approve_raw(&u.a, size), EINVAL);
	assert_fails(approve_raw(&u.a, size + 4096), EINVAL);
	u.a.path_len = 0;
	u.a.type = 0;
	assert_fails(approve_raw(&u.a, size), EINVAL);
	u.a.type = 6;
	assert_fails(approve_raw(&u.a, size), EINVAL);
	u.a.type = CALL;
	u.a.fields = 1 << 5;
	assert_fails(approve_raw(&u.a, size), EINVAL);
	u.a.fields = 0;
	u.a.reserved[6] = 1;
	assert_fails(approve_raw(&u.a, size), EINVAL);
	assert_false(fast(&approved));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, no_peers)

SUITE_TESTS(route_policy,
	TEST(each_pair_of_caps),
	TEST(approval_without_fields),
	TEST(approval_counts_for_every_name),
	TEST(each_type),
	TEST(each_field_mask),
	TEST(values_are_whole),
	TEST(absent_interface),
	TEST(error_name),
	TEST(number_of_descriptors),
	TEST(several_values),
	TEST(very_many_values),
	TEST(very_long_values),
	TEST(very_many_recipients),
	TEST(forget_a_peer),
	TEST(forget_the_bus),
	TEST(forgetting_keeps_descriptors),
	TEST(recipient_gone),
	TEST(bad_approvals));
