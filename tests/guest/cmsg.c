// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <sys/socket.h>

#include "cmsg.h"

/**
 * send_with_fds() - send bytes together with descriptors
 * @fd: where
 * @bytes: the bytes
 * @len: how many
 * @fds: the descriptors
 * @count: how many, at most one more than %FDS_MAX
 * @flags: as of sendmsg(), in addition to MSG_NOSIGNAL
 *
 * Return: as of sendmsg().
 */
ssize_t send_with_fds(int fd, const void *bytes, size_t len, const int *fds,
		      int count, int flags)
{
	char control[CMSG_SPACE((FDS_MAX + 1) * sizeof(int))] = {};
	struct iovec iov = { .iov_base = (void *)bytes, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(cmsg), fds, count * sizeof(int));
	return sendmsg(fd, &msg, MSG_NOSIGNAL | flags);
}
