/* SPDX-License-Identifier: GPL-2.0-only */
/* A D-Bus message in one contiguous buffer: framing, header, read-only view. */
#ifndef KDBUS_CORE_MESSAGE_H
#define KDBUS_CORE_MESSAGE_H

#include "wire.h"

/* Bytes that say how long the message is. */
#define KDBUS_FIXED_HEADER	16

/* D-Bus Specification, "Message Protocol". */
#define KDBUS_MESSAGE_MAX	(128u << 20)

enum kdbus_message_type {
	KDBUS_TYPE_INVALID = 0,
	KDBUS_TYPE_CALL = 1,
	KDBUS_TYPE_RETURN = 2,
	KDBUS_TYPE_ERROR = 3,
	KDBUS_TYPE_SIGNAL = 4,
};

enum kdbus_message_flag {
	KDBUS_FLAG_NO_REPLY_EXPECTED = 1,
	KDBUS_FLAG_NO_AUTO_START = 2,
	KDBUS_FLAG_INTERACTIVE_AUTH = 4,
	KDBUS_FLAGS_KNOWN = 7,
};

enum kdbus_header_field {
	KDBUS_HDR_PATH = 1,
	KDBUS_HDR_INTERFACE = 2,
	KDBUS_HDR_MEMBER = 3,
	KDBUS_HDR_ERROR_NAME = 4,
	KDBUS_HDR_REPLY_SERIAL = 5,
	KDBUS_HDR_DESTINATION = 6,
	KDBUS_HDR_SENDER = 7,
	KDBUS_HDR_SIGNATURE = 8,
	KDBUS_HDR_UNIX_FDS = 9,
	KDBUS_HDR_CONTAINER = 10,	/* dbus-daemon's alone: it strips it */
};

#define KDBUS_HDR_BIT(f)	(1u << (f))

/* Bytes inside the message; a NUL follows them there.  NULL if absent. */
struct kdbus_str {
	const char *s;
	u32 len;
};

/* Lengths, known from the first KDBUS_FIXED_HEADER bytes. */
struct kdbus_frame {
	bool big_endian;
	u32 fields_len;		/* of the header field array, without padding */
	u32 header_len;		/* up to the body, with padding: a multiple of 8 */
	u32 body_len;
	u32 total_len;		/* header_len + body_len */
};

struct kdbus_view {
	struct kdbus_frame frame;
	u8 type;
	u8 flags;
	u32 serial;
	u32 present;		/* KDBUS_HDR_BIT() of each known field found */
	bool unknown_fields;	/* there are fields beyond KDBUS_HDR_UNIX_FDS */
	u32 reply_serial;
	u32 unix_fds;
	u32 sender_at;		/* offset of the SENDER struct, 0 if absent */
	u32 sender_end;		/* first byte behind its string's NUL */
	struct kdbus_str path;
	struct kdbus_str interface;
	struct kdbus_str member;
	struct kdbus_str error_name;
	struct kdbus_str destination;
	struct kdbus_str sender;
	struct kdbus_str signature;
};

/**
 * kdbus_message_serial() - serial number of a message
 * @fixed: its first %KDBUS_FIXED_HEADER bytes
 */
static inline u32 kdbus_message_serial(const u8 *fixed)
{
	return kdbus_load_u32(fixed + 8, fixed[0] == 'B');
}

bool kdbus_message_frame(const u8 *fixed, u32 max_size,
			 struct kdbus_frame *frame);
bool kdbus_message_parse(const u8 *data, u32 len, struct kdbus_view *view);
bool kdbus_body_valid(const u8 *data, const struct kdbus_view *view);

#endif
