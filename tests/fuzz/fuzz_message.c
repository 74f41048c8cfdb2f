// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes: the core and libdbus agree about them as a message. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/rewrite.h"
#include "unit/compare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	if (!s)
		return;
	memcpy(s, data, size);
	s[size] = 0;
	if (!compare_syntax(s))
		abort();
	free(s);
}

/* With another sender a message fits its own length, and no less. */
static bool fits_itself(const struct kdbus_view *view, uint32_t sender_len)
{
	uint32_t len = kdbus_rewrite_len(view, sender_len) +
		       view->frame.body_len;

	return kdbus_rewrite_fits(view, sender_len, len) &&
	       !kdbus_rewrite_fits(view, sender_len, len - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kdbus_view view;
	enum verdict verdict = compare_message(data, size, &view);

	if (verdict == DIFFERENT)
		abort();
	if (verdict == VALID &&
	    (!compare_rewritten(data, &view, ":1.42", 64) ||
	     !fits_itself(&view, 5)))
		abort();
	if (size < 300)
		check_text(data, size);
	return 0;
}
