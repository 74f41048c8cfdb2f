// SPDX-License-Identifier: GPL-2.0-only
/* Lists that grow. */

#include <err.h>
#include <stdlib.h>

#include "memory.h"

/**
 * room_for() - make a list longer; end the program if there is no memory
 * @list: from malloc(), or NULL
 * @n: how many elements it has to have
 * @size: of one
 *
 * Return: the list, which may be elsewhere now.
 */
void *room_for(void *list, size_t n, size_t size)
{
	list = reallocarray(list, n, size);
	if (!list)
		err(EXIT_FAILURE, "%zu times %zu bytes", n, size);
	return list;
}
