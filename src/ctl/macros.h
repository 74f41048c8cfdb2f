/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel has, and C has not. */
#ifndef KDBUSCTL_MACROS_H
#define KDBUSCTL_MACROS_H

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))
#define ATTRIBUTE(what)		__attribute__((what))
#define __printf(text, args)	ATTRIBUTE(__format__(printf, text, args))

#endif
