/* SPDX-License-Identifier: GPL-2.0-only */
/* Marshalled values. */
#ifndef KDBUS_CORE_BODY_H
#define KDBUS_CORE_BODY_H

#include "wire.h"

bool kdbus_value_valid(struct kdbus_cursor *c, u32 *sig, u32 depth);
bool kdbus_values_valid(struct kdbus_cursor *c, u32 sig, u32 depth);

#endif
