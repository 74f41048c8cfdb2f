// SPDX-License-Identifier: GPL-2.0-only
/* Names: what routes where, and since when. */

#include <stdio.h>
#include <unistd.h>

#include "trio.h"

static bool reaches(struct peer *to, const char *name)
{
	return goes_fast(&a, to, MESSAGE(SPEC_SIGNAL(name), .text = "text"));
}

static void one_owner(void **state)
{
	(void)state;
	assert_ok(peer_publish(&b, "org.example.Name"));
	assert_true(reaches(&b, "org.example.Name"));
	/* Said again, it is still so. */
	assert_ok(peer_publish(&b, "org.example.Name"));
	assert_fails(peer_publish(&c, "org.example.Name"), EEXIST);
	assert_true(reaches(&b, "org.example.Name"));
	/* Nobody takes away what is another's, or what is not there. */
	assert_ok(peer_withdraw(&c, "org.example.Name"));
	assert_ok(peer_withdraw(&c, "org.example.None"));
	assert_true(reaches(&b, "org.example.Name"));
	assert_ok(peer_withdraw(&b, "org.example.Name"));
	assert_false(reaches(&b, "org.example.Name"));
	assert_ok(peer_publish(&c, "org.example.Name"));
	assert_true(reaches(&c, "org.example.Name"));
}

static void whole_names(void **state)
{
	(void)state;
	assert_ok(peer_publish(&b, "org.example.Name"));
	assert_false(reaches(&b, "org.example.Nam"));
	assert_false(reaches(&b, "org.example.Name2"));
	assert_false(reaches(&b, "org.example.name"));
	assert_false(reaches(&b, "org.example"));
	assert_true(reaches(&b, "org.example.Name"));
}

static void many_names(void **state)
{
	char name[50];
	int i;

	(void)state;
	for (i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "org.example.Name%d", i);
		assert_ok(peer_publish(i & 1 ? &b : &c, name));
	}
	assert_int_equal(bus_stat(&bus, "names"), 3003);
	for (i = 0; i < 3000; i += 97) {
		snprintf(name, sizeof(name), "org.example.Name%d", i);
		assert_true(reaches(i & 1 ? &b : &c, name));
	}
	for (i = 0; i < 3000; i += 2) {
		snprintf(name, sizeof(name), "org.example.Name%d", i);
		assert_ok(peer_withdraw(&c, name));
	}
	assert_false(reaches(&c, "org.example.Name0"));
	assert_true(reaches(&b, "org.example.Name1"));
	peer_close(&b);
	assert_false(reaches(&c, "org.example.Name1"));
	assert_int_equal(bus_stat(&bus, "names"), 2);
}

static void longest_name(void **state)
{
	char name[257];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[1] = '.';
	name[256] = '\0';
	assert_fails(peer_publish(&b, name), EINVAL);
	name[255] = '\0';
	assert_ok(peer_publish(&b, name));
	assert_true(reaches(&b, name));
	assert_fails(peer_publish(&b, ""), EINVAL);
	assert_fails(peer_withdraw(&b, ""), EINVAL);
	assert_fails(set_option(b.daemon, KDBUS_NAME_PUBLISH, (void *)16, 20),
		     EFAULT);
	assert_fails(set_option(b.daemon, KDBUS_NAME_PUBLISH, NULL, 20),
		     EFAULT);
}

/* The client's end is gone: the name is the owner's to withdraw. */
static void after_death(void **state)
{
	(void)state;
	assert_ok(peer_publish(&b, "org.example.Name"));
	peer_close_client(&b);
	assert_false(reaches(&c, "org.example.Name"));
	assert_fails(peer_publish(&c, "org.example.Name"), EEXIST);
	peer_close_daemon(&b);
	assert_ok(peer_publish(&c, "org.example.Name"));
	assert_true(reaches(&c, "org.example.Name"));
	/* Unique names too, as far as the module is concerned. */
	assert_false(reaches(&c, ":1.2"));
	assert_ok(peer_publish(&c, ":1.2"));
	assert_true(reaches(&c, ":1.2"));
}

/* The sender is the first unique name, whatever comes later. */
static void first_unique_name(void **state)
{
	(void)state;
	assert_ok(peer_publish(&a, ":1.77"));
	assert_true(reaches(&b, ":1.2"));
	assert_ok(peer_withdraw(&a, ":1.1"));
	assert_true(reaches(&b, ":1.2"));
}

static void well_known_name_alone(void **state)
{
	struct peer d;

	(void)state;
	peer_connect(&bus, &d);
	peer_sasl(&d);
	assert_ok(peer_publish(&d, "org.example.D"));
	assert_ok(peer_caps(&d, CAPS_ALL));
	/* It can be reached, but has no name to send by. */
	assert_true(reaches(&d, "org.example.D"));
	assert_false(goes_fast(&d, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	peer_close(&d);
}

/* A message on its way when the name goes has been delivered, or has not. */
static void handed_over(void **state)
{
	struct writer first = MESSAGE(SPEC_SIGNAL("a.b"), .serial = 1);
	struct writer second = MESSAGE(SPEC_SIGNAL("a.b"), .serial = 2);
	struct writer third = MESSAGE(SPEC_SIGNAL("a.b"), .serial = 3);

	(void)state;
	assert_ok(peer_publish(&b, "a.b"));
	send_message(&a, &first);
	assert_ok(peer_withdraw(&b, "a.b"));
	send_message(&a, &second);
	assert_ok(peer_publish(&c, "a.b"));
	send_message(&a, &third);
	/* The third may not overtake the second, which the daemon has. */
	expect_nothing(c.client);
	expect_slow(&a, &second);
	assert_ok(peer_done(&a, 1));
	expect_fast(&a, &b, &first);
	expect_fast(&a, &c, &third);
	expect_nothing(b.client);
	writer_free(&first);
	writer_free(&second);
	writer_free(&third);
}

static void two_buses(void **state)
{
	struct bus other;
	struct peer d, e;

	(void)state;
	bus_open(&other);
	assert_ok(bus_configure(&other));
	peer_open(&other, &d, ":1.1");
	peer_open(&other, &e, ":1.2");
	assert_ok(peer_publish(&b, "org.example.Name"));
	assert_ok(peer_publish(&e, "org.example.Name"));
	assert_true(reaches(&b, "org.example.Name"));
	expect_nothing(e.client);
	assert_true(goes_fast(&d, &e, MESSAGE(SPEC_CALL("org.example.Name"))));
	expect_nothing(b.client);
	assert_true(goes_fast(&e, &d, MESSAGE(SPEC_RETURN(":1.1", 1))));
	assert_true(bus_stat(&bus, "bus") != bus_stat(&other, "bus"));
	peer_close(&d);
	peer_close(&e);
	bus_close(&other);
}

#define TEST TEST_OF_THREE

SUITE_TESTS(route_names,
	TEST(one_owner),
	TEST(whole_names),
	TEST(many_names),
	TEST(longest_name),
	TEST(after_death),
	TEST(first_unique_name),
	TEST(well_known_name_alone),
	TEST(handed_over),
	TEST(two_buses));
