/* SPDX-License-Identifier: GPL-2.0-only */
/* Signals from one peer to another, as fast as it goes, by threads of their own. */
#ifndef TESTS_GUEST_FLOOD_H
#define TESTS_GUEST_FLOOD_H

#include <pthread.h>

#include "fakebus.h"

/**
 * struct flood - one of them
 * @from: who sends
 * @to: who reads
 * @count: how many signals
 * @failed: not all of them could be sent, or read
 * @writer: sends them
 * @reader: reads them
 */
struct flood {
	const struct peer *from;
	const struct peer *to;
	int count;
	bool failed;
	pthread_t writer;
	pthread_t reader;
};

void flood_begin(struct flood *flood, const struct peer *from,
		 const struct peer *to, int count);
void flood_end(struct flood *flood);

#endif
