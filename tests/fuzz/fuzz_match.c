// SPDX-License-Identifier: GPL-2.0-only
/*
 * A rule, NUL, and a message: nothing is read or written outside them, and a
 * rule is equal to itself.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool owns(const void *peer, const char *name, u32 len)
{
	return len && *name == *(const char *)peer;
}

static void match(const struct kdbus_match_rule *rule, const uint8_t *data,
		  size_t size)
{
	const struct kdbus_match_peers peers = { owns, "o", ":" };
	/* From the bus driver, to a name that nobody has. */
	const struct kdbus_match_peers driver = { owns, NULL, NULL };
	struct kdbus_match_args args;
	struct kdbus_view view;

	if (!kdbus_message_parse(data, size, &view) ||
	    !kdbus_body_valid(data, &view))
		return;
	if (!kdbus_match_args_read(data, &view, kdbus_match_args_wanted(rule),
				   &args))
		abort();
	kdbus_match_header(rule, &view);
	kdbus_match_names(rule, &view, &peers);
	kdbus_match_names(rule, &view, &driver);
	kdbus_match_arguments(rule, &args);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, 0, size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	struct kdbus_match_rule *rule = malloc(kdbus_match_size(len));
	uint8_t *message;

	if (!rule)
		return 0;
	if (kdbus_match_parse((const char *)data, len, rule)) {
		if (!kdbus_match_equal(rule, rule))
			abort();
		/* A message begins at a multiple of 8 and ends where it ends. */
		if (end && size > len + 1) {
			message = malloc(size - len - 1);
			if (!message)
				abort();
			memcpy(message, end + 1, size - len - 1);
			match(rule, message, size - len - 1);
			free(message);
		}
	}
	free(rule);
	return 0;
}
