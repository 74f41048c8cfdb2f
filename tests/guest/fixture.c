// SPDX-License-Identifier: GPL-2.0-only
#include "trio.h"

struct bus bus;
struct peer a, b, c = { .client = -1, .daemon = -1 };

int two_peers(void **state)
{
	(void)state;
	bus_open(&bus);
	assert_ok(bus_configure(&bus));
	peer_open(&bus, &a, ":1.1");
	peer_open(&bus, &b, ":1.2");
	return 0;
}

int three_peers(void **state)
{
	two_peers(state);
	peer_open(&bus, &c, ":1.3");
	return 0;
}

int no_peers(void **state)
{
	(void)state;
	peer_close(&a);
	peer_close(&b);
	peer_close(&c);
	bus_close(&bus);
	return 0;
}

/* The next message there has this serial. */
void expect_serial(int fd, uint32_t serial)
{
	struct writer got = receive(fd, NULL, NULL);
	uint32_t value;

	memcpy(&value, got.p + 8, 4);
	assert_int_equal(value, serial);
	writer_free(&got);
}
