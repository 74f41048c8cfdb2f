/* SPDX-License-Identifier: GPL-2.0-only */
/* What most tests begin with: a configured bus that has two peers. */
#ifndef TESTS_GUEST_FIXTURE_H
#define TESTS_GUEST_FIXTURE_H

#include "fakebus.h"

extern struct bus bus;

/* :1.1 and :1.2 */
extern struct peer a, b;

int two_peers(void **state);
int no_peers(void **state);

void expect_serial(int fd, uint32_t serial);

#define TEST_OF_TWO(name) \
	cmocka_unit_test_setup_teardown(name, two_peers, no_peers)

#endif
