// SPDX-License-Identifier: GPL-2.0-only
/* What is different where a client is attached: see fakebus.h. */

#include <poll.h>
#include <unistd.h>

#include "fakebus.h"
#include "slow.h"

#define PATIENCE_MS	2000

/**
 * files_may_go_fast() - can the module carry files from one to another?
 * @from: the sender
 * @to: the recipient
 *
 * It cannot where one of them is attached.
 */
bool files_may_go_fast(const struct peer *from, const struct peer *to)
{
	return !from->attached && !to->attached;
}

/**
 * relay() - as the daemon, hand on a message with files, and be done with it
 * @from: who has sent it
 * @to: who is to get it
 *
 * Nothing happens if the module can hand it on itself.
 */
void relay(struct peer *from, struct peer *to)
{
	int fds[FDS_MAX], count;
	struct writer w;

	if (files_may_go_fast(from, to))
		return;
	w = receive(from->daemon, fds, &count);
	assert_int_equal(send_with_fds(to->daemon, w.p, w.len, fds, count,
				       MSG_DONTWAIT), w.len);
	while (count--)
		close(fds[count]);
	writer_free(&w);
	assert_ok(peer_done(from, 1));
}

/**
 * soon_writable() - may the client write?
 * @peer: the connection
 *
 * That of an attached one is up to a kernel thread at times.
 */
bool soon_writable(const struct peer *peer)
{
	struct pollfd p = { .fd = peer->client, .events = POLLOUT };

	return poll(&p, 1, peer->attached ? slowly(PATIENCE_MS) : 0) == 1;
}

/**
 * drain_end() - read all there is
 * @fd: an end of a connection
 */
void drain_end(int fd)
{
	static char block[100000];

	while (recv(fd, block, sizeof(block), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

/**
 * drain() - as the client, read all there is
 * @peer: the connection; if it is attached, more may come after a while
 */
void drain(const struct peer *peer)
{
	struct pollfd p = { .fd = peer->client, .events = POLLIN };

	do
		drain_end(peer->client);
	while (peer->attached && poll(&p, 1, slowly(200)) == 1);
}
