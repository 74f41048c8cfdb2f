// SPDX-License-Identifier: GPL-2.0-only
/* Nobody reads or writes for others for as long as these like. */

#include <unistd.h>

#include "attach.h"
#include "flood.h"

#define FLOOD		20000
/* Several times what a socket holds. */
#define AT_A_TIME	3000

/*
 * Behind a message with files a client writes as fast as it can. The daemon, which
 * reads the files, does not go on for it.
 */
static void files_before_a_flood(void **state)
{
	struct writer f = MESSAGE(SPEC_SIGNAL(NULL), .fds = 1), got;
	int fd = 0, fds[4], count;
	static struct flood flood;

	(void)state;
	assert_int_equal(send_with_fds(a.client, f.p, f.len, &fd, 1, 0), f.len);
	flood_begin(&flood, &a, &b, FLOOD);
	/* Until there is no room for more. */
	usleep(slowly(500) * 1000);
	got = receive(a.daemon, fds, &count);
	assert_int_equal(count, 1);
	assert_in_range(bus_stat(&bus, "signals") + bus_stat(&bus, "held"), 0,
			AT_A_TIME);
	close(fds[0]);
	assert_ok(peer_done(&a, 1));
	assert_in_range(bus_stat(&bus, "signals"), 0, AT_A_TIME);
	flood_end(&flood);
	assert_int_equal(bus_stat(&bus, "signals"), FLOOD);
	writer_free(&f);
	writer_free(&got);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(attach_turns,
	TEST(files_before_a_flood));
