/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking AF_UNIX connections over. */
#ifndef KDBUS_KERN_ATTACH_H
#define KDBUS_KERN_ATTACH_H

#include <linux/compiler.h>

struct kdbus_bus;

int kdbus_attach(struct kdbus_bus *bus, int fd, char **label,
		 int __user *daemon_fd);
void kdbus_attach_exit(void);

#endif
