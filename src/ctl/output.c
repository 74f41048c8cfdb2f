// SPDX-License-Identifier: GPL-2.0-only
/* Answers, for people and for programs. */

#include <stdarg.h>
#include <stdio.h>

#include "command.h"

/* How many bytes the character has, 0 if it is none of UTF-8.  Neither characters
 * that could be shorter nor halves of others count.
 */
static size_t utf8_length(const char *text)
{
	static const struct {
		unsigned char mask, lead;
		unsigned int least;
	} forms[] = {
		{ 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 },
		{ 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 },
	};
	const unsigned char *at = (const unsigned char *)text;
	unsigned int code;
	size_t n, i;

	for (n = 0; n < ARRAY_SIZE(forms); n++)
		if ((*at & forms[n].mask) == forms[n].lead)
			break;
	if (n == ARRAY_SIZE(forms))
		return 0;
	code = *at & ~forms[n].mask;
	for (i = 1; i <= n; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	if (code < forms[n].least || code > 0x10ffff || (code & ~0x7ffU) == 0xd800)
		return 0;
	return n + 1;
}

/* Paths may have any bytes.  JSON may not, so others are shown as U+FFFD. */
static void put_utf8(const char *text)
{
	size_t length;

	while (*text) {
		length = utf8_length(text);
		if (length)
			fwrite(text, 1, length, stdout);
		else
			fputs("\xef\xbf\xbd", stdout);
		text += length ? length : 1;
	}
	putchar('\n');
}

/**
 * print_json() - print an answer for programs
 * @object: the answer, which is given up
 */
void print_json(struct json_object *object)
{
	put_utf8(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
							JSON_C_TO_STRING_SPACED |
							JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
}

/**
 * add_string() - add a text to an object
 * @object: the object
 * @key: the key
 * @text: the text; an empty one becomes null
 */
void add_string(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, *text ? json_object_new_string(text) :
						    NULL);
}

/**
 * add_number() - add a number to an object
 * @object: the object
 * @key: the key
 * @number: the number
 */
void add_number(struct json_object *object, const char *key, unsigned long long number)
{
	json_object_object_add(object, key, json_object_new_int64(number));
}

/**
 * add_bool() - add a truth value to an object
 * @object: the object
 * @key: the key
 * @value: the value
 */
void add_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

__printf(3, 0)
static void fail_as(const struct options *options, struct json_object *answer,
		    const char *format, va_list args)
{
	static bool answered;
	char text[1024];

	vsnprintf(text, sizeof(text), format, args);
	fprintf(stderr, "kdbusctl: %s\n", text);
	add_string(answer, "error", text);
	if (options->json && !answered) {
		print_json(answer);
		answered = true;
	} else {
		json_object_put(answer);
	}
}

/**
 * fail() - say what went wrong; in JSON only the first time, for one answer
 * @options: say it in JSON too?
 * @status: exit status
 * @format: as for printf(), without a line break
 *
 * Return: @status.
 */
int fail(const struct options *options, int status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_as(options, json_object_new_object(), format, args);
	va_end(args);
	return status;
}

/**
 * fail_with() - the same, if there is more to say
 * @options: say it in JSON too?
 * @status: exit status
 * @answer: to which that is added, and which is given up
 * @format: as for printf(), without a line break
 *
 * Return: @status.
 */
int fail_with(const struct options *options, int status, struct json_object *answer,
	      const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail_as(options, answer, format, args);
	va_end(args);
	return status;
}

/**
 * say() - tell people something that programs do not need
 * @options: whether the answer is for programs
 * @format: as for printf(), without a line break
 */
void say(const struct options *options, const char *format, ...)
{
	va_list args;

	if (options->json)
		return;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}
