// SPDX-License-Identifier: GPL-2.0-only
/* Writing SENDER. */
#include "unit.h"

#include "core/rewrite.h"

#define HEADROOM 600

/* Where the message has a SENDER before. */
enum old_sender { NOWHERE, FIRST, MIDDLE, LAST, ALONE, NO_FIELDS, PLACES };

static struct writer w;

static int teardown(void **state)
{
	(void)state;
	writer_free(&w);
	return 0;
}

static void make_message(enum old_sender where, const char *old)
{
	put_header(&w, 5, 7, 0x01020304);
	if (where == FIRST || where == ALONE)
		put_field(&w, KDBUS_HDR_SENDER, 's', old);
	if (where < ALONE) {
		put_field(&w, KDBUS_HDR_PATH, 'o', "/path");
		if (where == MIDDLE)
			put_field(&w, KDBUS_HDR_SENDER, 's', old);
		put_field_u32(&w, KDBUS_HDR_REPLY_SERIAL, 9);
		put_field(&w, KDBUS_HDR_SIGNATURE, 'g', "s");
		if (where == LAST)
			put_field(&w, KDBUS_HDR_SENDER, 's', old);
	}
	end_header(&w);
	if (where < ALONE)
		put_string(&w, "the body");
	end_body(&w);
}

static void check_result(const uint8_t *out, size_t len, const char *sender,
			 enum old_sender where)
{
	struct kdbus_view view;
	uint8_t *copy = exact_copy(out, len);

	assert_true(kdbus_message_parse(copy, len, &view));
	assert_true(kdbus_body_valid(copy, &view));
	assert_str(&view.sender, sender);
	assert_int_equal(view.type, 5);
	assert_int_equal(view.flags, 7);
	assert_int_equal(view.serial, 0x01020304);
	assert_int_equal(view.frame.big_endian, w.big_endian);
	if (where < ALONE) {
		assert_int_equal(view.present, 0x1a2);
		assert_str(&view.path, "/path");
		assert_int_equal(view.reply_serial, 9);
		assert_str(&view.signature, "s");
		assert_string_equal(copy + view.frame.header_len + 4,
				    "the body");
	} else {
		assert_int_equal(view.present, 0x80);
	}
	free(copy);
}

static void rewrite(enum old_sender where, const char *old, const char *sender)
{
	struct kdbus_view view;
	uint32_t header_len;
	uint32_t body_len;
	uint8_t *buffer;
	uint8_t *out;
	uint8_t *in;

	make_message(where, old);
	in = exact_copy(w.p, w.len);
	assert_true(kdbus_message_parse(in, w.len, &view));
	header_len = kdbus_rewrite_len(&view, strlen(sender));
	body_len = view.frame.body_len;
	assert_int_equal(header_len % 8, 0);

	/* Exactly so many bytes, and the body behind. */
	out = malloc(header_len);
	assert_non_null(out);
	kdbus_rewrite_sender(in, &view, sender, strlen(sender), out);
	assert_memory_equal(in, w.p, w.len);
	out = realloc(out, header_len + body_len);
	assert_non_null(out);
	memcpy(out + header_len, in + view.frame.header_len, body_len);
	check_result(out, header_len + body_len, sender, where);

	/* In place: the same bytes, and none in front of them touched. */
	buffer = calloc(HEADROOM + w.len, 1);
	assert_non_null(buffer);
	memset(buffer, 0xee, HEADROOM);
	memcpy(buffer + HEADROOM, in, w.len);
	kdbus_rewrite_sender(buffer + HEADROOM, &view, sender, strlen(sender),
			     buffer + HEADROOM + view.frame.header_len -
			     header_len);
	assert_memory_equal(buffer + HEADROOM + view.frame.header_len -
			    header_len, out, header_len + body_len);
	assert_int_equal(buffer[HEADROOM + view.frame.header_len -
				header_len - 1],
			 header_len >= view.frame.header_len ? 0xee :
			 in[view.frame.header_len - header_len - 1]);
	free(buffer);
	free(out);
	free(in);
}

static void every_place(void **state)
{
	char names[5][300] = { ":1.1", ":1.23456", ":1.234567", ":1.2", "" };
	uint32_t where;
	uint32_t old;
	uint32_t new;

	(void)state;
	memset(names[4], 'a', 255);
	names[4][0] = ':';
	for (where = 0; where < PLACES; where++)
		for (old = 0; old < ARRAY_SIZE(names); old++)
			for (new = 0; new < ARRAY_SIZE(names); new++)
				rewrite(where, names[old], names[new]);
}

static void both_byte_orders(void **state)
{
	w.big_endian = true;
	every_place(state);
	w.big_endian = false;
}

/* Without an old SENDER, nothing behind the fixed part moves. */
static void fields_stay(void **state)
{
	struct kdbus_view view;
	uint8_t buffer[512];
	uint32_t grown;

	(void)state;
	make_message(NOWHERE, NULL);
	memcpy(buffer + 64, w.p, w.len);
	assert_true(kdbus_message_parse(buffer + 64, w.len, &view));
	grown = kdbus_rewrite_len(&view, 5) - view.frame.header_len;
	assert_int_equal(grown, 16);
	kdbus_rewrite_sender(buffer + 64, &view, ":1.42", 5,
			     buffer + 64 - grown);
	assert_memory_equal(buffer + 64 + 16, w.p + 16, w.len - 16);
	check_result(buffer + 64 - grown, w.len + grown, ":1.42", NOWHERE);
}

static void fits(void **state)
{
	struct kdbus_view view = {
		.frame = { .header_len = 64, .total_len = 1064,
			   .fields_len = 48, .body_len = 1000 },
	};

	(void)state;
	assert_true(kdbus_rewrite_fits(&view, 5, 1080));
	assert_false(kdbus_rewrite_fits(&view, 5, 1079));
	assert_true(kdbus_rewrite_fits(&view, 5, UINT32_MAX));
	view.frame.body_len = KDBUS_MESSAGE_MAX - 80;
	assert_true(kdbus_rewrite_fits(&view, 5, UINT32_MAX));
	view.frame.body_len++;
	assert_false(kdbus_rewrite_fits(&view, 5, UINT32_MAX));
	view.frame.body_len = 0;
	view.frame.fields_len = KDBUS_ARRAY_MAX - 16;
	view.frame.header_len = KDBUS_ARRAY_MAX;
	assert_true(kdbus_rewrite_fits(&view, 5, UINT32_MAX));
	view.frame.fields_len++;
	view.frame.header_len += 8;
	assert_false(kdbus_rewrite_fits(&view, 5, UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_place),
		cmocka_unit_test(both_byte_orders),
		cmocka_unit_test(fields_stay),
		cmocka_unit_test(fits),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
