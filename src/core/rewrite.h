/* SPDX-License-Identifier: GPL-2.0-only */
/* Writing the SENDER field of a message. */
#ifndef KDBUS_CORE_REWRITE_H
#define KDBUS_CORE_REWRITE_H

#include "message.h"

u32 kdbus_rewrite_len(const struct kdbus_view *view, u32 sender_len);
bool kdbus_rewrite_fits(const struct kdbus_view *view, u32 sender_len,
			u32 max_size);
void kdbus_rewrite_sender(const u8 *data, const struct kdbus_view *view,
			  const char *sender, u32 sender_len, u8 *out);

#endif
