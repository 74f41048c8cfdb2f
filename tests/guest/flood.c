// SPDX-License-Identifier: GPL-2.0-only
/* See flood.h. */

#include <poll.h>

#include "flood.h"
#include "slow.h"

#define PATIENCE_MS	20000

static void *flood_write(void *arg)
{
	struct flood *flood = arg;
	struct writer w = MESSAGE(SPEC_SIGNAL(flood->to->name));
	int i;

	for (i = 0; i < flood->count; i++)
		if (send(flood->from->client, w.p, w.len, 0) != (ssize_t)w.len)
			flood->failed = true;
	writer_free(&w);
	return NULL;
}

/* Each is as long as the first one, with the sender's name in it. */
static void *flood_read(void *arg)
{
	struct flood *flood = arg;
	struct writer w = MESSAGE(SPEC_SIGNAL(flood->to->name),
				  .sender = flood->from->name);
	struct pollfd p = { .fd = flood->to->client, .events = POLLIN };
	size_t left = w.len * flood->count;
	static char block[65536];
	ssize_t n;

	while (left) {
		if (poll(&p, 1, slowly(PATIENCE_MS)) != 1)
			break;
		n = recv(p.fd, block, sizeof(block), MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n <= 0 || (size_t)n > left)
			break;
		left -= n;
	}
	if (left)
		flood->failed = true;
	writer_free(&w);
	return NULL;
}

/**
 * flood_begin() - send them
 * @flood: what to know of it until flood_end()
 * @from: who sends
 * @to: who reads
 * @count: how many signals
 */
void flood_begin(struct flood *flood, const struct peer *from,
		 const struct peer *to, int count)
{
	*flood = (struct flood){ .from = from, .to = to, .count = count };
	assert_int_equal(pthread_create(&flood->reader, NULL, flood_read,
					flood), 0);
	assert_int_equal(pthread_create(&flood->writer, NULL, flood_write,
					flood), 0);
}

/**
 * flood_end() - wait until all have been sent and read
 * @flood: what flood_begin() has begun
 */
void flood_end(struct flood *flood)
{
	pthread_join(flood->writer, NULL);
	pthread_join(flood->reader, NULL);
	assert_false(flood->failed);
}
