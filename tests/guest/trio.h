/* SPDX-License-Identifier: GPL-2.0-only */
/* A bus with three peers. */
#ifndef TESTS_GUEST_TRIO_H
#define TESTS_GUEST_TRIO_H

#include "fixture.h"

/* :1.3 */
extern struct peer c;

int three_peers(void **state);

#define TEST_OF_THREE(name) \
	cmocka_unit_test_setup_teardown(name, three_peers, no_peers)

#endif
