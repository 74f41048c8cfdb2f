/* SPDX-License-Identifier: GPL-2.0-only */
/* File descriptors on their way. */
#ifndef KDBUS_KERN_FDS_H
#define KDBUS_KERN_FDS_H

#include <linux/types.h>

struct kdbus_user;
struct msghdr;
struct scm_fp_list;

/**
 * struct kdbus_fds - a queue of files, in flight for a user
 * @list: the files, NULL if there are none
 * @user: who is charged for them, with a reference; NULL if there are none
 */
struct kdbus_fds {
	struct scm_fp_list *list;
	struct kdbus_user *user;
};

int kdbus_fds_count(const struct kdbus_fds *fds);
int kdbus_fds_collect(struct kdbus_fds *fds, struct msghdr *msg,
		      struct kdbus_user *user);
int kdbus_fds_append(struct kdbus_fds *fds, struct kdbus_fds *more);
void kdbus_fds_install(struct kdbus_fds *fds, struct msghdr *msg, bool peek);
void kdbus_fds_drop(struct kdbus_fds *fds);

#endif
