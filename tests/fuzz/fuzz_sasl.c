// SPDX-License-Identifier: GPL-2.0-only
/* The end of the exchange does not depend on the pieces it arrives in. */
#include <stdint.h>
#include <stdlib.h>

#include "core/sasl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kdbus_sasl whole = { 0 };
	struct kdbus_sasl bytes = { 0 };
	size_t used = kdbus_sasl_scan(&whole, data, size);
	size_t i;

	if (used != size && !whole.done)
		abort();
	for (i = 0; i < size && !bytes.done; i++)
		if (kdbus_sasl_scan(&bytes, data + i, 1) != 1)
			abort();
	if (i != used || bytes.done != whole.done)
		abort();
	return 0;
}
