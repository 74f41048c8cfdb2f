// SPDX-License-Identifier: GPL-2.0-only
/* Whether there is room for another message, for either end. */

#include <net/sock.h>

#include "bus.h"
#include "limits.h"
#include "peer.h"
#include "room.h"
#include "user.h"

/**
 * kdbus_room_client() - may a client begin another message?
 * @peer: the client
 *
 * Context: any; a snapshot.
 */
bool kdbus_room_client(const struct kdbus_peer *peer)
{
	const struct sock *sk = peer->client_sk;
	int max = min(READ_ONCE(sk->sk_sndbuf), KDBUS_SNDBUF_MAX);

	return sk_wmem_alloc_get(sk) < max || READ_ONCE(peer->up.shut);
}

/**
 * kdbus_room_daemon() - may the daemon begin another message?
 * @peer: the connection
 *
 * One that observes the limits it has set is never refused, as long as its owner
 * has memory left.  Beyond that each client still has what any socket would take,
 * so that a few clients who do not read cannot silence the bus for all others.
 *
 * Context: any; a snapshot.
 */
bool kdbus_room_daemon(const struct kdbus_peer *peer)
{
	const struct kdbus_bus_config *config = &peer->bus->config;
	u64 least = READ_ONCE(peer->daemon_sk->sk_sndbuf);
	u64 most = READ_ONCE(config->max_outgoing_bytes);
	u64 bytes = READ_ONCE(peer->down.bytes);

	if (READ_ONCE(peer->down.shut))
		return true;
	/* Files that wait here would be hidden from the owner's limit, if any. */
	if (most &&
	    READ_ONCE(peer->down.fds) > READ_ONCE(config->max_outgoing_fds))
		return false;
	/* It has files to send, which nobody can keep for it. */
	if (READ_ONCE(peer->down_files))
		return false;
	if (bytes < least)
		return true;
	return most && !kdbus_user_full(peer->owner) &&
	       bytes < most + READ_ONCE(config->max_message_size);
}

/**
 * kdbus_room_daemon_wait() - may the daemon begin another message?
 * @peer: the connection
 *
 * Context: any.
 * Return: true if it may; otherwise the daemon end is told once it may.
 */
bool kdbus_room_daemon_wait(struct kdbus_peer *peer)
{
	if (kdbus_room_daemon(peer))
		return true;
	WRITE_ONCE(peer->down_waited, true);
	/* Pairs with kdbus_room_daemon_relief(): one sees the other. */
	smp_mb();
	return kdbus_room_daemon(peer);
}

/**
 * kdbus_room_daemon_appears() - tell the daemon end that there is room
 * @peer: the connection
 *
 * Context: any, without locks of the peer.
 */
void kdbus_room_daemon_appears(struct kdbus_peer *peer)
{
	WRITE_ONCE(peer->down_waited, false);
	peer->daemon_sk->sk_write_space(peer->daemon_sk);
}

/**
 * kdbus_room_daemon_relief() - the client has read something
 * @peer: the client
 *
 * Context: any, without locks of the peer.
 */
void kdbus_room_daemon_relief(struct kdbus_peer *peer)
{
	/* Pairs with kdbus_room_daemon_wait(). */
	smp_mb();
	if (READ_ONCE(peer->down_waited) && kdbus_room_daemon(peer))
		kdbus_room_daemon_appears(peer);
}
