/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking byte streams apart into messages. */
#ifndef KDBUS_KERN_STREAM_H
#define KDBUS_KERN_STREAM_H

#include <linux/types.h>

struct iov_iter;
struct kdbus_fds;
struct kdbus_peer;
struct msghdr;

int kdbus_stream_client(struct kdbus_peer *peer, struct iov_iter *from,
			struct kdbus_fds *fds);
bool kdbus_stream_client_starts(const struct kdbus_peer *peer);
u32 kdbus_stream_client_rest(struct kdbus_peer *peer, u8 **to);
int kdbus_stream_client_filled(struct kdbus_peer *peer, u32 n);
int kdbus_stream_client_lend(struct kdbus_peer *peer, const u8 *head, u32 len);
int kdbus_stream_daemon(struct kdbus_peer *peer, struct iov_iter *from,
			struct kdbus_fds *fds);
ssize_t kdbus_stream_daemon_files(struct kdbus_peer *peer, struct msghdr *msg);

#endif
