/* SPDX-License-Identifier: GPL-2.0-only */
/* Lists that grow. */
#ifndef KDBUSCTL_MEMORY_H
#define KDBUSCTL_MEMORY_H

#include <stddef.h>

void *room_for(void *list, size_t n, size_t size);

#endif
