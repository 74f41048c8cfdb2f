// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing the SENDER field of a message.
 *
 * The new field takes the place of the old one, or else comes first.  Each
 * field starts at a multiple of 8, so those behind it keep their bytes and,
 * if the buffer has room in front, even their place.
 */
#include "rewrite.h"

/* Field code, signature "s" and length: all of the field but its string. */
#define FIELD_HEAD	8

struct edit {
	u32 start;		/* where the field goes */
	u32 resume;		/* where the old header goes on behind it */
	u32 block;		/* length of the new field, with padding */
};

static struct edit plan(const struct kdbus_view *view, u32 sender_len)
{
	struct edit e = {
		.start = KDBUS_FIXED_HEADER,
		.resume = KDBUS_FIXED_HEADER,
		.block = kdbus_align(FIELD_HEAD + sender_len + 1, 8),
	};

	if (view->sender_at) {
		e.start = view->sender_at;
		e.resume = kdbus_align(view->sender_end, 8);
	}
	return e;
}

static u32 new_header_len(const struct kdbus_view *view, const struct edit *e)
{
	return e->start + e->block + (view->frame.header_len - e->resume);
}

/* The padding behind the last field is not part of the array. */
static u32 new_fields_len(const struct kdbus_view *view, const struct edit *e,
			  u32 sender_len)
{
	u32 start = e->start - KDBUS_FIXED_HEADER;
	u32 resume = e->resume - KDBUS_FIXED_HEADER;

	if (resume >= view->frame.fields_len)
		return start + FIELD_HEAD + sender_len + 1;
	return start + e->block + (view->frame.fields_len - resume);
}

/**
 * kdbus_rewrite_len() - length of a header with another sender
 * @view: the message
 * @sender_len: length of the new sender, a bus name
 *
 * Return: length of the header once that is its SENDER; a multiple of 8.
 */
u32 kdbus_rewrite_len(const struct kdbus_view *view, u32 sender_len)
{
	struct edit e = plan(view, sender_len);

	return new_header_len(view, &e);
}

/**
 * kdbus_rewrite_fits() - does a message with another sender stay in bounds
 * @view: the message
 * @sender_len: length of the new sender, a bus name
 * @max_size: longest message to make; never more than %KDBUS_MESSAGE_MAX
 *
 * Return: true if every library takes the message as it will be.
 */
bool kdbus_rewrite_fits(const struct kdbus_view *view, u32 sender_len,
			u32 max_size)
{
	struct edit e = plan(view, sender_len);

	if (max_size > KDBUS_MESSAGE_MAX)
		max_size = KDBUS_MESSAGE_MAX;
	return new_fields_len(view, &e, sender_len) <= KDBUS_ARRAY_MAX &&
	       new_header_len(view, &e) + view->frame.body_len <= max_size;
}

static void write_field(u8 *p, const char *sender, u32 sender_len, u32 block,
			bool big_endian)
{
	p[0] = KDBUS_HDR_SENDER;
	p[1] = 1;
	p[2] = 's';
	p[3] = 0;
	kdbus_store_u32(p + 4, sender_len, big_endian);
	memcpy(p + FIELD_HEAD, sender, sender_len);
	memset(p + FIELD_HEAD + sender_len, 0, block - FIELD_HEAD - sender_len);
}

/**
 * kdbus_rewrite_sender() - write a header with another sender
 * @data: a message, of which only the header is needed
 * @view: what is in it
 * @sender: the new sender, a bus name, anywhere but in the two buffers
 * @sender_len: its length
 * @out: kdbus_rewrite_len() bytes for the header
 *
 * Every other field, known or not, stays as it is, and so does the body.
 *
 * @out may be in the same buffer as @data and overlap it if both headers end
 * at the same place: then the body need not move.  Otherwise the two must not
 * overlap.  In place, @view is of no use afterwards.
 */
void kdbus_rewrite_sender(const u8 *data, const struct kdbus_view *view,
			  const char *sender, u32 sender_len, u8 *out)
{
	struct edit e = plan(view, sender_len);
	u8 *rest = out + e.start + e.block;

	/* In place this may cover the old field, but nothing behind it. */
	memmove(out, data, e.start);
	if (rest != data + e.resume)
		memcpy(rest, data + e.resume,
		       view->frame.header_len - e.resume);
	write_field(out + e.start, sender, sender_len, e.block,
		    view->frame.big_endian);
	kdbus_store_u32(out + 12, new_fields_len(view, &e, sender_len),
			view->frame.big_endian);
}
