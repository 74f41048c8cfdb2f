/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_GUEST_CMSG_H
#define TESTS_GUEST_CMSG_H

#include <sys/types.h>

/* How many descriptors the kernel takes in one go. */
#define FDS_MAX	253

ssize_t send_with_fds(int fd, const void *bytes, size_t len, const int *fds,
		      int count, int flags);

#endif
