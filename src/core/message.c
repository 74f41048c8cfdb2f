// SPDX-License-Identifier: GPL-2.0-only
/*
 * Header of a message.
 *
 * What is accepted is what the message loader of libdbus accepts, for that is
 * what dbus-daemon disconnects a client by, and a recipient the daemon.
 */
#include "message.h"

#include "body.h"
#include "name.h"

#define PROTOCOL_VERSION	1

/* The values of header fields are in an array, a struct and a variant. */
#define FIELD_DEPTH		3

/* Reserved for messages that a library makes up for its own program. */
#define LOCAL_PATH		"/org/freedesktop/DBus/Local"
#define LOCAL_INTERFACE		"org.freedesktop.DBus.Local"

static const u8 field_type[] = {
	[KDBUS_HDR_PATH] = 'o',
	[KDBUS_HDR_INTERFACE] = 's',
	[KDBUS_HDR_MEMBER] = 's',
	[KDBUS_HDR_ERROR_NAME] = 's',
	[KDBUS_HDR_REPLY_SERIAL] = 'u',
	[KDBUS_HDR_DESTINATION] = 's',
	[KDBUS_HDR_SENDER] = 's',
	[KDBUS_HDR_SIGNATURE] = 'g',
	[KDBUS_HDR_UNIX_FDS] = 'u',
	[KDBUS_HDR_CONTAINER] = 'o',
};

/**
 * kdbus_message_frame() - find out how long a message is
 * @fixed: its first %KDBUS_FIXED_HEADER bytes
 * @max_size: longest message to accept; never more than %KDBUS_MESSAGE_MAX
 * @frame: its lengths
 *
 * Return: true if it has a byte order and is not too long.
 */
bool kdbus_message_frame(const u8 *fixed, u32 max_size,
			 struct kdbus_frame *frame)
{
	if (fixed[0] != 'l' && fixed[0] != 'B')
		return false;
	if (max_size > KDBUS_MESSAGE_MAX)
		max_size = KDBUS_MESSAGE_MAX;

	frame->big_endian = fixed[0] == 'B';
	frame->body_len = kdbus_load_u32(fixed + 4, frame->big_endian);
	frame->fields_len = kdbus_load_u32(fixed + 12, frame->big_endian);
	/* One by one, lest their sum overflows. */
	if (frame->body_len > max_size || frame->fields_len > max_size)
		return false;
	frame->header_len = KDBUS_FIXED_HEADER +
			    kdbus_align(frame->fields_len, 8);
	frame->total_len = frame->header_len + frame->body_len;
	return frame->total_len <= max_size;
}

static bool begins_with(const struct kdbus_str *str, const char *s, u32 len)
{
	return str->len >= len && !memcmp(str->s, s, len);
}

/*
 * libdbus compares only as many bytes as the reserved names have, so what
 * merely begins with them is refused as well.
 */
static bool path_valid(const struct kdbus_str *path)
{
	return kdbus_is_path(path->s, path->len) &&
	       !begins_with(path, LOCAL_PATH, sizeof(LOCAL_PATH) - 1);
}

static bool interface_valid(const struct kdbus_str *name)
{
	return kdbus_is_interface(name->s, name->len) &&
	       !begins_with(name, LOCAL_INTERFACE, sizeof(LOCAL_INTERFACE) - 1);
}

static bool bus_name_valid(const struct kdbus_str *name)
{
	return kdbus_is_bus_name(name->s, name->len);
}

static bool read_string(struct kdbus_cursor *c, struct kdbus_str *str)
{
	u32 at;

	if (!kdbus_cursor_string(c, &at, &str->len))
		return false;
	str->s = (const char *)c->data + at;
	return true;
}

static bool read_signature(struct kdbus_cursor *c, struct kdbus_str *str)
{
	u32 at;

	if (!kdbus_cursor_signature(c, &at, &str->len))
		return false;
	str->s = (const char *)c->data + at;
	return true;
}

static bool read_sender(struct kdbus_cursor *c, struct kdbus_view *view)
{
	view->sender_at = c->pos - 4;
	if (!read_string(c, &view->sender))
		return false;
	view->sender_end = c->pos;
	return bus_name_valid(&view->sender);
}

/* dbus-daemon checks it as it does the others, but lets nobody have it. */
static bool read_container(struct kdbus_cursor *c, struct kdbus_view *view)
{
	struct kdbus_str path;

	view->unknown_fields = true;
	return read_string(c, &path) && kdbus_is_path(path.s, path.len);
}

static bool read_value(struct kdbus_cursor *c, u8 code,
		       struct kdbus_view *view)
{
	switch (code) {
	case KDBUS_HDR_PATH:
		return read_string(c, &view->path) && path_valid(&view->path);
	case KDBUS_HDR_INTERFACE:
		return read_string(c, &view->interface) &&
		       interface_valid(&view->interface);
	case KDBUS_HDR_MEMBER:
		return read_string(c, &view->member) &&
		       kdbus_is_member(view->member.s, view->member.len);
	case KDBUS_HDR_ERROR_NAME:
		return read_string(c, &view->error_name) &&
		       kdbus_is_error_name(view->error_name.s,
					   view->error_name.len);
	case KDBUS_HDR_REPLY_SERIAL:
		return kdbus_cursor_u32(c, &view->reply_serial) &&
		       view->reply_serial;
	case KDBUS_HDR_DESTINATION:
		return read_string(c, &view->destination) &&
		       bus_name_valid(&view->destination);
	case KDBUS_HDR_SENDER:
		return read_sender(c, view);
	case KDBUS_HDR_SIGNATURE:
		return read_signature(c, &view->signature);
	case KDBUS_HDR_UNIX_FDS:
		return kdbus_cursor_u32(c, &view->unix_fds);
	default:
		return read_container(c, view);
	}
}

static bool read_unknown(struct kdbus_cursor *c, struct kdbus_view *view)
{
	u32 sig;

	view->unknown_fields = true;
	c->pos++;
	return kdbus_cursor_variant(c, &sig) &&
	       kdbus_values_valid(c, sig, FIELD_DEPTH);
}

/*
 * Any other type of a known field is wrong even where it is well-formed, so
 * the variant's signature need not be parsed.
 */
static bool read_field(struct kdbus_cursor *c, struct kdbus_view *view)
{
	const u8 *p = c->data + c->pos;
	u8 code = p[0];

	if (!code)
		return false;
	if (code > KDBUS_HDR_CONTAINER)
		return read_unknown(c, view);
	if (!kdbus_cursor_has(c, 4))
		return false;
	if (p[1] != 1 || p[2] != field_type[code] || p[3])
		return false;
	if (view->present & KDBUS_HDR_BIT(code))
		return false;
	view->present |= KDBUS_HDR_BIT(code);
	c->pos += 4;
	return read_value(c, code, view);
}

static bool read_fields(const u8 *data, struct kdbus_view *view)
{
	struct kdbus_cursor c = {
		.data = data,
		.pos = KDBUS_FIXED_HEADER,
		.end = KDBUS_FIXED_HEADER + view->frame.fields_len,
		.big_endian = view->frame.big_endian,
	};

	while (c.pos < c.end) {
		/* No padding behind the last one: that is not the array's. */
		if (!kdbus_cursor_align(&c, 8) || c.pos == c.end)
			return false;
		if (!read_field(&c, view))
			return false;
	}
	c.end = view->frame.header_len;
	return kdbus_cursor_align(&c, 8);
}

/* Those that a message of this type cannot do without. */
static u32 required_fields(u8 type)
{
	switch (type) {
	case KDBUS_TYPE_CALL:
		return KDBUS_HDR_BIT(KDBUS_HDR_PATH) |
		       KDBUS_HDR_BIT(KDBUS_HDR_MEMBER);
	case KDBUS_TYPE_RETURN:
		return KDBUS_HDR_BIT(KDBUS_HDR_REPLY_SERIAL);
	case KDBUS_TYPE_ERROR:
		return KDBUS_HDR_BIT(KDBUS_HDR_REPLY_SERIAL) |
		       KDBUS_HDR_BIT(KDBUS_HDR_ERROR_NAME);
	case KDBUS_TYPE_SIGNAL:
		return KDBUS_HDR_BIT(KDBUS_HDR_PATH) |
		       KDBUS_HDR_BIT(KDBUS_HDR_INTERFACE) |
		       KDBUS_HDR_BIT(KDBUS_HDR_MEMBER);
	default:
		return 0;
	}
}

/**
 * kdbus_message_parse() - check the header of a message and read it
 * @data: the message
 * @len: its length, which has to be what the header says
 * @view: what is in it; it points into @data
 *
 * The number of file descriptors that came with the message is not known
 * here: dbus-daemon also refuses one that wants more of them (unix_fds) than
 * have been received.
 *
 * Types above %KDBUS_TYPE_SIGNAL, unknown flags and unknown fields are valid;
 * what to do about them is the caller's business.
 *
 * Return: true if dbus-daemon would accept the header.
 */
bool kdbus_message_parse(const u8 *data, u32 len, struct kdbus_view *view)
{
	u32 required;

	memset(view, 0, sizeof(*view));
	if (len < KDBUS_FIXED_HEADER)
		return false;
	if (!kdbus_message_frame(data, KDBUS_MESSAGE_MAX, &view->frame))
		return false;
	if (len != view->frame.total_len ||
	    view->frame.fields_len > KDBUS_ARRAY_MAX)
		return false;

	view->type = data[1];
	view->flags = data[2];
	view->serial = kdbus_message_serial(data);
	if (view->type == KDBUS_TYPE_INVALID || data[3] != PROTOCOL_VERSION ||
	    !view->serial)
		return false;
	if (!read_fields(data, view))
		return false;
	required = required_fields(view->type);
	return (view->present & required) == required;
}

/**
 * kdbus_body_valid() - check the body of a message
 * @data: the message
 * @view: its header, as kdbus_message_parse() has accepted it
 *
 * Return: true if the body is what the signature says and no more.
 */
bool kdbus_body_valid(const u8 *data, const struct kdbus_view *view)
{
	struct kdbus_cursor c = {
		.data = data,
		.pos = view->frame.header_len,
		.end = view->frame.total_len,
		.big_endian = view->frame.big_endian,
	};

	if (view->signature.s &&
	    !kdbus_values_valid(&c, (u32)(view->signature.s - (const char *)data),
				0))
		return false;
	return c.pos == c.end;
}
