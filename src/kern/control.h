/* SPDX-License-Identifier: GPL-2.0-only */
/* What the owner of a bus says and asks through socket options. */
#ifndef KDBUS_KERN_CONTROL_H
#define KDBUS_KERN_CONTROL_H

#include <linux/sockptr.h>

struct socket;

int kdbus_setsockopt(struct socket *sock, int level, int option,
		     sockptr_t value, unsigned int len);
int kdbus_getsockopt(struct socket *sock, int level, int option,
		     char __user *value, int __user *len);

#endif
