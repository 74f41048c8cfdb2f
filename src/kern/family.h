/* SPDX-License-Identifier: GPL-2.0-only */
/* The number that the address family goes by. */
#ifndef KDBUS_KERN_FAMILY_H
#define KDBUS_KERN_FAMILY_H

#include <linux/types.h>

/* Module parameter, fixed once the module is loaded. */
extern int kdbus_family;

static inline bool kdbus_is_family(int family)
{
	return family == kdbus_family;
}

#endif
