/* SPDX-License-Identifier: GPL-2.0-only */
/* What the client of an attached socket is to read. */
#ifndef KDBUS_KERN_FLUSH_H
#define KDBUS_KERN_FLUSH_H

#include <linux/types.h>

struct kdbus_unix;
struct msghdr;

void kdbus_flush(struct kdbus_unix *u);
bool kdbus_flush_end(struct kdbus_unix *u);
void kdbus_flush_relief(struct kdbus_unix *u);
ssize_t kdbus_flush_files(struct kdbus_unix *u, struct msghdr *msg);

#endif
