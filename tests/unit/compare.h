/* SPDX-License-Identifier: GPL-2.0-only */
/* What libdbus and the core think of the same bytes. */
#ifndef KDBUS_TEST_COMPARE_H
#define KDBUS_TEST_COMPARE_H

#include "core/message.h"

/**
 * enum verdict - what both of them say
 *
 * @INVALID: refused
 * @INCOMPLETE: the bytes are the beginning of something longer
 * @VALID: accepted
 * @DIFFERENT: they do not agree; the reason has been printed
 */
enum verdict {
	INVALID,
	INCOMPLETE,
	VALID,
	DIFFERENT,
};

/* @view is filled in if the verdict is VALID. */
enum verdict compare_message(const u8 *data, size_t len,
			     struct kdbus_view *view);

/* For a valid message: with @sender as its SENDER, libdbus still takes it. */
bool compare_rewritten(const u8 *data, const struct kdbus_view *view,
		       const char *sender, u32 headroom);

/* Names, paths, strings and signatures; @s ends with NUL. */
bool compare_syntax(const char *s);

#endif
