// SPDX-License-Identifier: GPL-2.0-only
/* Marshalled values. */
#include "unit.h"

#include "generate.h"

static struct writer w;

static int teardown(void **state)
{
	(void)state;
	writer_free(&w);
	return 0;
}

static void begin(const char *sig)
{
	put_header(&w, KDBUS_TYPE_RETURN, 0, 1);
	put_field_u32(&w, KDBUS_HDR_REPLY_SERIAL, 1);
	if (sig)
		put_field(&w, KDBUS_HDR_SIGNATURE, 'g', sig);
	end_header(&w);
}

/* The body so far, the header having said how long it is. */
static bool valid(void)
{
	struct kdbus_view view;
	uint8_t *copy;
	bool ok;

	end_body(&w);
	copy = exact_copy(w.p, w.len);
	assert_true(kdbus_message_parse(copy, w.len, &view));
	ok = kdbus_body_valid(copy, &view);
	free(copy);
	/* So that end_body() can be called again. */
	set_u32(&w, 4, view.frame.header_len);
	return ok;
}

static bool bytes_valid(const char *sig, const void *bytes, size_t len)
{
	begin(sig);
	put_bytes(&w, bytes, len);
	return valid();
}

static void empty(void **state)
{
	(void)state;
	assert_true(bytes_valid(NULL, "", 0));
	assert_true(bytes_valid("", "", 0));
	assert_false(bytes_valid(NULL, "\0", 1));
	assert_false(bytes_valid("", "\0", 1));
	assert_false(bytes_valid("y", "", 0));
	assert_false(bytes_valid("(y)", "", 0));
}

static void numbers(void **state)
{
	static const char bytes[16] = { 0 };
	static const struct {
		const char *sig;
		size_t size;
	} types[] = {
		{ "y", 1 }, { "n", 2 }, { "q", 2 }, { "b", 4 }, { "i", 4 },
		{ "u", 4 }, { "h", 4 }, { "x", 8 }, { "t", 8 }, { "d", 8 },
		{ "yn", 4 }, { "yq", 4 }, { "yi", 8 }, { "yx", 16 },
		{ "nu", 8 }, { "yyyyyyyyd", 16 }, { "(y)", 1 }, { "y(y)", 9 },
	};
	size_t len;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(types); i++)
		for (len = 0; len <= sizeof(bytes); len++)
			assert_int_equal(bytes_valid(types[i].sig, bytes, len),
					 len == types[i].size);
}

static void number_padding(void **state)
{
	char bytes[16] = { 0 };
	size_t i;

	(void)state;
	for (i = 1; i < 8; i++) {
		bytes[i] = 1;
		assert_false(bytes_valid("yx", bytes, 16));
		assert_false(bytes_valid("y(y)", bytes, 9));
		bytes[i] = 0;
	}
	bytes[0] = 1;
	bytes[8] = 1;
	assert_true(bytes_valid("yx", bytes, 16));
}

static bool boolean(uint32_t v)
{
	begin("b");
	put_u32(&w, v);
	return valid();
}

static void booleans(void **state)
{
	(void)state;
	for (w.big_endian = false;; w.big_endian = true) {
		assert_true(boolean(0));
		assert_true(boolean(1));
		assert_false(boolean(2));
		assert_false(boolean(0x01000000));
		assert_false(boolean(0x80000000));
		if (w.big_endian)
			break;
	}
	w.big_endian = false;
}

static void boolean_arrays(void **state)
{
	(void)state;
	begin("ab");
	put_u32(&w, 12);
	put_u32(&w, 1);
	put_u32(&w, 0);
	put_u32(&w, 1);
	assert_true(valid());
	set_u32(&w, w.len - 4, 2);
	assert_false(valid());
}

static void strings(void **state)
{
	(void)state;
	assert_true(bytes_valid("s", "\0\0\0\0", 5));
	assert_true(bytes_valid("s", "\3\0\0\0a\xc3\xa4", 8));
	assert_false(bytes_valid("s", "\3\0\0\0a\xc3\xa4", 7));
	assert_false(bytes_valid("s", "\3\0\0\0ab\xc3", 8));
	assert_false(bytes_valid("s", "\3\0\0\0a\0b", 8));
	assert_false(bytes_valid("s", "\3\0\0\0abcd", 8));
	assert_false(bytes_valid("s", "\xff\xff\xff\xff""abc", 8));
	assert_true(bytes_valid("o", "\2\0\0\0/a", 7));
	assert_false(bytes_valid("o", "\2\0\0\0a/", 7));
	assert_false(bytes_valid("o", "\0\0\0\0", 5));
	assert_true(bytes_valid("g", "\2as", 4));
	assert_false(bytes_valid("g", "\2sa", 4));
	assert_false(bytes_valid("g", "\2as", 3));
}

static void arrays(void **state)
{
	(void)state;
	assert_true(bytes_valid("ay", "\3\0\0\0abc", 7));
	assert_true(bytes_valid("ay", "\0\0\0\0", 4));
	assert_false(bytes_valid("ay", "\3\0\0\0ab", 6));
	assert_false(bytes_valid("ay", "\2\0\0\0abc", 7));
	assert_false(bytes_valid("aq", "\3\0\0\0abc", 7));
	assert_true(bytes_valid("aq", "\4\0\0\0abcd", 8));
	assert_false(bytes_valid("ay", "\xff\xff\xff\xff", 4));
	/* The padding in front of the first element is there in any case. */
	assert_false(bytes_valid("ax", "\0\0\0\0", 4));
	assert_true(bytes_valid("ax", "\0\0\0\0\0\0\0\0", 8));
	assert_false(bytes_valid("ax", "\0\0\0\0\0\0\1\0", 8));
	assert_true(bytes_valid("a(s)", "\0\0\0\0\0\0\0\0", 8));
	assert_false(bytes_valid("a(s)", "\0\0\0\0", 4));
}

static void array_ends(void **state)
{
	(void)state;
	begin("as");
	put_u32(&w, 14);
	put_string(&w, "abc");
	put_string(&w, "d");
	assert_true(valid());
	/* Between two elements, within one, behind the last one. */
	set_u32(&w, w.len - 18, 8);
	assert_false(valid());
	set_u32(&w, w.len - 18, 13);
	assert_false(valid());
	begin("asy");
	put_u32(&w, 9);
	put_string(&w, "abc");
	put_u8(&w, 7);
	assert_false(valid());
}

static void variants(void **state)
{
	(void)state;
	assert_true(bytes_valid("v", "\1y\0\7", 4));
	assert_true(bytes_valid("v", "\1v\0\1y\0\7", 7));
	assert_true(bytes_valid("vy", "\1y\0\7\7", 5));
	assert_false(bytes_valid("v", "\0\0\7", 3));
	assert_false(bytes_valid("v", "\2yy\0\7\7", 6));
	assert_false(bytes_valid("v", "\1a\0\7", 4));
	assert_false(bytes_valid("v", "\1y\0", 3));
	assert_true(bytes_valid("v", "\1n\0\0\7\0", 6));
	assert_false(bytes_valid("v", "\1n\0\7\7\0", 6));
	assert_true(bytes_valid("v", "\2ay\0\1\0\0\0\7", 9));
}

/* Variants in one another, around one byte. */
static bool nested_variants(uint32_t n)
{
	begin("v");
	while (--n)
		put_signature(&w, "v");
	put_signature(&w, "y");
	put_u8(&w, 1);
	return valid();
}

static void variant_depth(void **state)
{
	(void)state;
	assert_true(nested_variants(64));
	assert_false(nested_variants(65));
}

/*
 * @arrays arrays around 32 arrays of structs, in the innermost of which is
 * something else.
 */
static bool nested_arrays(uint32_t arrays, const char *sig, const void *bytes,
			  size_t len)
{
	size_t start[128];
	size_t at[128];
	char s[256] = "";
	uint32_t n;
	uint32_t i;

	for (i = 0; i < arrays; i++)
		strcat(s, "a");
	for (i = 0; i < 32; i++)
		strcat(s, "a(");
	strcat(s, sig);
	for (i = 0; i < 32; i++)
		strcat(s, ")");

	begin(s);
	for (n = 0; n < arrays + 32; n++) {
		at[n] = w.len;
		put_u32(&w, 0);
		if (n >= arrays)
			put_align(&w, 8);
		start[n] = w.len;
	}
	put_bytes(&w, bytes, len);
	for (i = 0; i < n; i++)
		set_u32(&w, at[i], w.len - start[i]);
	return valid();
}

static void array_depth(void **state)
{
	(void)state;
	assert_true(nested_arrays(0, "y", "\7", 1));
	assert_false(nested_arrays(1, "y", "\7", 1));
	/* Numbers of an array are no level of their own, nor is nothing. */
	assert_true(nested_arrays(0, "ay", "\1\0\0\0\7", 5));
	assert_true(nested_arrays(0, "as", "\0\0\0\0", 4));
	assert_false(nested_arrays(0, "as", "\5\0\0\0\0\0\0\0", 9));
	assert_false(nested_arrays(0, "v", "\1y\0\7", 4));
}

static bool byte_array(uint32_t len)
{
	char *zero = calloc(len, 1);

	assert_non_null(zero);
	begin("ay");
	put_u32(&w, len);
	put_bytes(&w, zero, len);
	free(zero);
	return valid();
}

static void array_limit(void **state)
{
	(void)state;
	assert_true(byte_array(KDBUS_ARRAY_MAX));
	assert_false(byte_array(KDBUS_ARRAY_MAX + 1));
}

/* Values of every type; cut off anywhere, they are not valid any more. */
static void random_values(void **state)
{
	struct generator g = { .rng.state = 42, .spoil = -1 };
	struct kdbus_view view;
	uint8_t *copy;
	char sig[512];
	uint32_t i;
	size_t len;

	(void)state;
	for (i = 0; i < 2000; i++) {
		g.w.big_endian = i & 1;
		do
			generate_signature(&g.rng, sig);
		while (strlen(sig) > 255);
		put_header(&g.w, 5, 0, 1);
		put_field(&g.w, KDBUS_HDR_SIGNATURE, 'g', sig);
		end_header(&g.w);
		generate_values(&g, sig);
		end_body(&g.w);
		copy = exact_copy(g.w.p, g.w.len);
		assert_true(kdbus_message_parse(copy, g.w.len, &view));
		assert_true(kdbus_body_valid(copy, &view));
		free(copy);
		if (!view.frame.body_len)
			continue;
		len = view.frame.header_len +
		      rng_below(&g.rng, view.frame.body_len);
		set_u32(&g.w, 4, len - view.frame.header_len);
		copy = exact_copy(g.w.p, len);
		assert_true(kdbus_message_parse(copy, len, &view));
		assert_false(kdbus_body_valid(copy, &view));
		free(copy);
	}
	writer_free(&g.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(numbers),
		cmocka_unit_test(number_padding),
		cmocka_unit_test(booleans),
		cmocka_unit_test(boolean_arrays),
		cmocka_unit_test(strings),
		cmocka_unit_test(arrays),
		cmocka_unit_test(array_ends),
		cmocka_unit_test(variants),
		cmocka_unit_test(variant_depth),
		cmocka_unit_test(array_depth),
		cmocka_unit_test(array_limit),
		cmocka_unit_test(random_values),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
