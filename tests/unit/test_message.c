// SPDX-License-Identifier: GPL-2.0-only
/* Frame and header. */
#include "unit.h"

static struct writer w;

static int teardown(void **state)
{
	(void)state;
	writer_free(&w);
	return 0;
}

static bool parse(struct kdbus_view *view)
{
	uint8_t *copy = exact_copy(w.p, w.len);
	bool valid = kdbus_message_parse(copy, w.len, view);

	free(copy);
	return valid;
}

static bool valid(void)
{
	struct kdbus_view view;

	return parse(&view);
}

/* Start of a call, to which a test adds; finish() ends it. */
static void begin_call(void)
{
	put_header(&w, KDBUS_TYPE_CALL, 0, 1);
	put_field(&w, KDBUS_HDR_PATH, 'o', "/a");
	put_field(&w, KDBUS_HDR_MEMBER, 's', "M");
}

static void finish(void)
{
	end_header(&w);
	end_body(&w);
}

static void frame_lengths(void **state)
{
	static const uint8_t little[16] = {
		'l', 1, 0, 1, 9, 0, 0, 0, 1, 0, 0, 0, 17, 1, 0, 0,
	};
	static const uint8_t big[16] = {
		'B', 1, 0, 1, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 1, 16,
	};
	struct kdbus_frame frame;

	(void)state;
	assert_true(kdbus_message_frame(little, 400, &frame));
	assert_false(frame.big_endian);
	assert_int_equal(frame.fields_len, 273);
	assert_int_equal(frame.header_len, 16 + 280);
	assert_int_equal(frame.body_len, 9);
	assert_int_equal(frame.total_len, 16 + 280 + 9);

	assert_true(kdbus_message_frame(big, 400, &frame));
	assert_true(frame.big_endian);
	assert_int_equal(frame.header_len, 16 + 272);
	assert_int_equal(frame.total_len, 16 + 272 + 9);
	assert_true(kdbus_message_frame(big, 16 + 272 + 9, &frame));
	assert_false(kdbus_message_frame(big, 16 + 272 + 8, &frame));
}

static bool frame_of(uint32_t fields_len, uint32_t body_len, uint32_t max)
{
	struct kdbus_frame frame;

	put_header(&w, 1, 0, 1);
	set_u32(&w, 4, body_len);
	set_u32(&w, 12, fields_len);
	return kdbus_message_frame(w.p, max, &frame);
}

static void frame_limits(void **state)
{
	(void)state;
	assert_true(frame_of(0, KDBUS_MESSAGE_MAX - 16, KDBUS_MESSAGE_MAX));
	assert_false(frame_of(0, KDBUS_MESSAGE_MAX - 15, KDBUS_MESSAGE_MAX));
	assert_false(frame_of(0, KDBUS_MESSAGE_MAX - 15, UINT32_MAX));
	assert_false(frame_of(0, UINT32_MAX, UINT32_MAX));
	assert_false(frame_of(UINT32_MAX, 0, UINT32_MAX));
	assert_false(frame_of(UINT32_MAX - 16, 16, UINT32_MAX));
	assert_false(frame_of(0x80000000, 0x80000000, UINT32_MAX));
}

static void frame_byte_order(void **state)
{
	struct kdbus_frame frame;
	int c;

	(void)state;
	put_header(&w, 1, 0, 1);
	for (c = 0; c < 256; c++) {
		w.p[0] = c;
		assert_int_equal(kdbus_message_frame(w.p, 16, &frame),
				 c == 'l' || c == 'B');
	}
}

static void put_every_field(void)
{
	put_header(&w, 77, 0xff, 0x01020304);
	put_field_u32(&w, KDBUS_HDR_UNIX_FDS, 3);
	put_field(&w, KDBUS_HDR_SIGNATURE, 'g', "s");
	put_field(&w, KDBUS_HDR_SENDER, 's', ":1.7");
	put_field(&w, KDBUS_HDR_DESTINATION, 's', "org.example.D");
	put_field_u32(&w, KDBUS_HDR_REPLY_SERIAL, 0x0a0b0c0d);
	put_field(&w, KDBUS_HDR_ERROR_NAME, 's', "org.example.E");
	put_field(&w, KDBUS_HDR_MEMBER, 's', "Member");
	put_field(&w, KDBUS_HDR_INTERFACE, 's', "org.example.I");
	put_field(&w, KDBUS_HDR_PATH, 'o', "/p");
	end_header(&w);
	put_string(&w, "body");
	end_body(&w);
}

static void check_every_field(bool big_endian)
{
	struct kdbus_view view;

	w.big_endian = big_endian;
	put_every_field();
	assert_true(kdbus_message_parse(w.p, w.len, &view));
	assert_int_equal(view.frame.big_endian, big_endian);
	assert_int_equal(view.frame.total_len, w.len);
	assert_int_equal(view.type, 77);
	assert_int_equal(view.flags, 0xff);
	assert_int_equal(view.serial, 0x01020304);
	assert_int_equal(view.present, 0x3fe);
	assert_false(view.unknown_fields);
	assert_int_equal(view.reply_serial, 0x0a0b0c0d);
	assert_int_equal(view.unix_fds, 3);
	assert_str(&view.path, "/p");
	assert_str(&view.interface, "org.example.I");
	assert_str(&view.member, "Member");
	assert_str(&view.error_name, "org.example.E");
	assert_str(&view.destination, "org.example.D");
	assert_str(&view.sender, ":1.7");
	assert_str(&view.signature, "s");
	assert_int_equal(w.p[view.sender_at], KDBUS_HDR_SENDER);
	assert_int_equal(view.sender_at % 8, 0);
	assert_ptr_equal(w.p + view.sender_end,
			 view.sender.s + view.sender.len + 1);
	assert_true(kdbus_body_valid(w.p, &view));
}

static void every_field(void **state)
{
	(void)state;
	check_every_field(false);
	check_every_field(true);
	w.big_endian = false;
}

static void no_fields(void **state)
{
	struct kdbus_view view;

	(void)state;
	put_header(&w, 5, 0, 1);
	finish();
	assert_true(parse(&view));
	assert_int_equal(view.present, 0);
	assert_int_equal(view.sender_at, 0);
	assert_null(view.signature.s);
}

static void length_has_to_match(void **state)
{
	struct kdbus_view view;
	uint8_t *copy;
	size_t len;

	(void)state;
	begin_call();
	put_field(&w, KDBUS_HDR_SIGNATURE, 'g', "u");
	end_header(&w);
	put_u32(&w, 5);
	end_body(&w);
	assert_true(valid());
	for (len = 0; len < w.len; len++) {
		copy = exact_copy(w.p, len);
		assert_false(kdbus_message_parse(copy, len, &view));
		free(copy);
	}
	put_u8(&w, 0);
	assert_false(valid());
}

static void fixed_part(void **state)
{
	(void)state;
	begin_call();
	finish();
	assert_true(valid());
	w.p[1] = 0;
	assert_false(valid());
	w.p[1] = 255;
	assert_true(valid());
	w.p[3] = 2;
	assert_false(valid());
	w.p[3] = 0;
	assert_false(valid());
	w.p[3] = 1;
	set_u32(&w, 8, 0);
	assert_false(valid());
}

/* A header with those of the needed fields that @fields names. */
static bool with_fields(uint8_t type, uint32_t fields)
{
	put_header(&w, type, 0, 1);
	if (fields & KDBUS_HDR_BIT(KDBUS_HDR_PATH))
		put_field(&w, KDBUS_HDR_PATH, 'o', "/a");
	if (fields & KDBUS_HDR_BIT(KDBUS_HDR_INTERFACE))
		put_field(&w, KDBUS_HDR_INTERFACE, 's', "a.b");
	if (fields & KDBUS_HDR_BIT(KDBUS_HDR_MEMBER))
		put_field(&w, KDBUS_HDR_MEMBER, 's', "M");
	if (fields & KDBUS_HDR_BIT(KDBUS_HDR_ERROR_NAME))
		put_field(&w, KDBUS_HDR_ERROR_NAME, 's', "a.b");
	if (fields & KDBUS_HDR_BIT(KDBUS_HDR_REPLY_SERIAL))
		put_field_u32(&w, KDBUS_HDR_REPLY_SERIAL, 1);
	finish();
	return valid();
}

static void required_fields(void **state)
{
	static const uint32_t required[] = {
		[KDBUS_TYPE_CALL] = 0x0a,
		[KDBUS_TYPE_RETURN] = 0x20,
		[KDBUS_TYPE_ERROR] = 0x30,
		[KDBUS_TYPE_SIGNAL] = 0x0e,
		[KDBUS_TYPE_SIGNAL + 1] = 0,
	};
	uint32_t fields;
	uint32_t type;

	(void)state;
	for (type = 1; type < ARRAY_SIZE(required); type++)
		for (fields = 0; fields < 0x40; fields += 2)
			assert_int_equal(with_fields(type, fields),
					 (fields & required[type]) ==
					 required[type]);
}

static bool with_field(uint8_t code, char type, const char *value)
{
	put_header(&w, 5, 0, 1);
	put_field(&w, code, type, value);
	finish();
	return valid();
}

static void field_types(void **state)
{
	static const char types[] = " osssussguo";
	static const char * const values[] = {
		"", "/a", "a.b", "M", "a.b", NULL, "a.b", "a.b", "s", NULL, "/a",
	};
	uint8_t code;

	(void)state;
	for (code = 1; code < ARRAY_SIZE(values); code++) {
		if (!values[code])
			continue;
		assert_true(with_field(code, types[code], values[code]));
		assert_false(with_field(code, 'v', values[code]));
		assert_false(with_field(code, types[code] == 's' ? 'o' : 's',
					code == KDBUS_HDR_SIGNATURE ? "s" :
					values[code]));
	}
	assert_false(with_field(0, 's', "a"));
	assert_false(with_field(KDBUS_HDR_REPLY_SERIAL, 's', "a"));
	assert_false(with_field(KDBUS_HDR_UNIX_FDS, 's', "a"));
	put_header(&w, 5, 0, 1);
	put_field_u32(&w, KDBUS_HDR_REPLY_SERIAL, 0);
	finish();
	assert_false(valid());
}

/* A field that starts like one of PATH's. */
static bool with_signature(const char *start, size_t len)
{
	put_header(&w, 5, 0, 1);
	put_bytes(&w, start, len);
	put_string(&w, "/a");
	finish();
	return valid();
}

static void field_signatures(void **state)
{
	(void)state;
	assert_true(with_signature("\1\1o", 4));
	assert_false(with_signature("\1\0o", 4));
	assert_false(with_signature("\1\2o", 4));
	assert_false(with_signature("\1\1oo", 4));
	assert_false(with_signature("\1\2oo\0\0\0", 8));
	assert_false(with_signature("\1\2ao\0\0\0", 8));
}

static void field_values(void **state)
{
	(void)state;
	assert_false(with_field(KDBUS_HDR_PATH, 'o', "a"));
	assert_false(with_field(KDBUS_HDR_INTERFACE, 's', "a"));
	assert_false(with_field(KDBUS_HDR_MEMBER, 's', "a.b"));
	assert_false(with_field(KDBUS_HDR_ERROR_NAME, 's', "a"));
	assert_false(with_field(KDBUS_HDR_DESTINATION, 's', "a"));
	assert_true(with_field(KDBUS_HDR_DESTINATION, 's', ":1.1"));
	assert_false(with_field(KDBUS_HDR_SENDER, 's', "a"));
	assert_false(with_field(KDBUS_HDR_SIGNATURE, 'g', "a"));
	assert_true(with_field(KDBUS_HDR_SIGNATURE, 'g', ""));
	assert_false(with_field(KDBUS_HDR_CONTAINER, 'o', "x"));
}

static void reserved_names(void **state)
{
	(void)state;
	assert_false(with_field(KDBUS_HDR_PATH, 'o',
				"/org/freedesktop/DBus/Local"));
	assert_false(with_field(KDBUS_HDR_PATH, 'o',
				"/org/freedesktop/DBus/Locals"));
	assert_true(with_field(KDBUS_HDR_PATH, 'o',
			       "/org/freedesktop/DBus/Loca"));
	assert_false(with_field(KDBUS_HDR_INTERFACE, 's',
				"org.freedesktop.DBus.Local"));
	assert_false(with_field(KDBUS_HDR_INTERFACE, 's',
				"org.freedesktop.DBus.Local.x"));
	assert_true(with_field(KDBUS_HDR_INTERFACE, 's',
			       "org.freedesktop.DBus"));
	assert_true(with_field(KDBUS_HDR_ERROR_NAME, 's',
			       "org.freedesktop.DBus.Local"));
}

static void field_twice(void **state)
{
	(void)state;
	begin_call();
	put_field(&w, KDBUS_HDR_MEMBER, 's', "M");
	finish();
	assert_false(valid());
	begin_call();
	put_field(&w, KDBUS_HDR_CONTAINER, 'o', "/a");
	put_field(&w, KDBUS_HDR_CONTAINER, 'o', "/a");
	finish();
	assert_false(valid());
	/* Nobody minds that of a field that nobody knows. */
	begin_call();
	put_field(&w, 200, 'o', "/a");
	put_field(&w, 200, 'o', "/a");
	finish();
	assert_true(valid());
}

static void unknown_field(void **state)
{
	struct kdbus_view view;

	(void)state;
	begin_call();
	put_align(&w, 8);
	put_u8(&w, 11);
	put_signature(&w, "(sv)");
	put_align(&w, 8);
	put_string(&w, "a");
	put_signature(&w, "u");
	put_u32(&w, 1);
	finish();
	assert_true(parse(&view));
	assert_true(view.unknown_fields);
	assert_int_equal(view.present, 0x0a);

	begin_call();
	put_field(&w, KDBUS_HDR_CONTAINER, 'o', "/a");
	finish();
	assert_true(parse(&view));
	assert_true(view.unknown_fields);
}

static void unknown_field_is_checked(void **state)
{
	(void)state;
	begin_call();
	put_field(&w, 11, 's', "\xff");
	finish();
	assert_false(valid());
	begin_call();
	put_field(&w, 11, 'o', "a");
	finish();
	assert_false(valid());
	begin_call();
	put_align(&w, 8);
	put_u8(&w, 11);
	put_signature(&w, "yy");
	put_u8(&w, 1);
	put_u8(&w, 1);
	finish();
	assert_false(valid());
}

/* Variants in a field of which three containers are the header's own. */
static bool nested_field(uint32_t variants)
{
	begin_call();
	put_align(&w, 8);
	put_u8(&w, 11);
	while (variants--)
		put_signature(&w, "v");
	put_signature(&w, "y");
	put_u8(&w, 1);
	finish();
	return valid();
}

static void unknown_field_depth(void **state)
{
	(void)state;
	assert_true(nested_field(61));
	assert_false(nested_field(62));
}

static void padding(void **state)
{
	struct kdbus_view view;
	size_t used[64];
	size_t n = 0;
	size_t at;

	(void)state;
	put_header(&w, KDBUS_TYPE_CALL, 0, 1);
	put_field(&w, KDBUS_HDR_PATH, 'o', "/a");
	used[n++] = w.len;
	put_field(&w, KDBUS_HDR_MEMBER, 's', "Mm");
	used[n++] = w.len;
	finish();
	assert_true(parse(&view));
	while (n--) {
		for (at = used[n]; at % 8; at++) {
			w.p[at] = 1;
			assert_false(valid());
			w.p[at] = 0;
		}
	}
	assert_true(valid());
	/* What follows the last field is not part of the array. */
	set_u32(&w, 12, view.frame.header_len - 16);
	assert_false(valid());
}

static void array_length(void **state)
{
	struct kdbus_view view;
	uint32_t len;

	(void)state;
	begin_call();
	finish();
	assert_true(parse(&view));
	for (len = 0; len <= view.frame.header_len - 16; len++) {
		set_u32(&w, 12, len);
		assert_int_equal(valid(), len == view.frame.fields_len);
	}
}

/* A path as long as an array of header fields may be. */
static bool long_path(uint32_t fields_len)
{
	uint32_t len = fields_len - 9;
	char *path = malloc(len + 1);

	assert_non_null(path);
	memset(path, 'x', len);
	path[0] = '/';
	path[len] = 0;
	put_header(&w, 5, 0, 1);
	put_field(&w, KDBUS_HDR_PATH, 'o', path);
	free(path);
	finish();
	return valid();
}

static void array_limit(void **state)
{
	(void)state;
	assert_true(long_path(KDBUS_ARRAY_MAX));
	assert_false(long_path(KDBUS_ARRAY_MAX + 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frame_lengths),
		cmocka_unit_test(frame_limits),
		cmocka_unit_test(frame_byte_order),
		cmocka_unit_test(every_field),
		cmocka_unit_test(no_fields),
		cmocka_unit_test(length_has_to_match),
		cmocka_unit_test(fixed_part),
		cmocka_unit_test(required_fields),
		cmocka_unit_test(field_types),
		cmocka_unit_test(field_signatures),
		cmocka_unit_test(field_values),
		cmocka_unit_test(reserved_names),
		cmocka_unit_test(field_twice),
		cmocka_unit_test(unknown_field),
		cmocka_unit_test(unknown_field_is_checked),
		cmocka_unit_test(unknown_field_depth),
		cmocka_unit_test(padding),
		cmocka_unit_test(array_length),
		cmocka_unit_test(array_limit),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
