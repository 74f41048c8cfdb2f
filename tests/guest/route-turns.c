// SPDX-License-Identifier: GPL-2.0-only
/* The daemon is not kept busy by one client for as long as that likes. */

#include <unistd.h>

#include "fixture.h"
#include "flood.h"

#define FLOOD		20000
/* Several times what the socket of a sender holds. */
#define AT_A_TIME	3000

/* What is held is released at once, but not what comes meanwhile. */
static void done_in_a_flood(void **state)
{
	unsigned long held = 0, before, after;
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL));
	static struct flood flood;

	(void)state;
	send_message(&a, &w);
	expect_bytes(a.daemon, w.p, w.len);
	flood_begin(&flood, &a, &b, FLOOD);
	/* Until there is no room for more. */
	do {
		before = held;
		usleep(100000);
		held = bus_stat(&bus, "held");
	} while (!held || held != before);
	assert_int_equal(bus_stat(&bus, "signals"), 0);
	assert_ok(peer_done(&a, 1));
	after = bus_stat(&bus, "signals");
	assert_in_range(after, held, AT_A_TIME);
	flood_end(&flood);
	assert_int_equal(bus_stat(&bus, "signals"), FLOOD);
	writer_free(&w);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(route_turns,
	TEST(done_in_a_flood));
