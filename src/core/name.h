/* SPDX-License-Identifier: GPL-2.0-only */
/* Syntax of names and strings, as strict as libdbus and no stricter. */
#ifndef KDBUS_CORE_NAME_H
#define KDBUS_CORE_NAME_H

#include "port.h"

/* D-Bus Specification, "Valid Names". */
#define KDBUS_NAME_MAX	255

bool kdbus_is_bus_name(const char *s, u32 len);
bool kdbus_is_bus_namespace(const char *s, u32 len);
bool kdbus_is_unique_name(const char *s, u32 len);
bool kdbus_is_interface(const char *s, u32 len);
bool kdbus_is_member(const char *s, u32 len);
bool kdbus_is_error_name(const char *s, u32 len);
bool kdbus_is_path(const char *s, u32 len);
bool kdbus_is_utf8(const char *s, u32 len);

#endif
