// SPDX-License-Identifier: GPL-2.0-only
/* Answers, for people and for programs. */

#include <stdarg.h>
#include <stdio.h>

#include "command.h"

/**
 * print_json() - print an answer for programs
 * @object: the answer, which is given up
 */
void print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY |
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
	static bool answered;
	struct json_object *object;
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fprintf(stderr, "kdbusctl: %s\n", text);
	if (options->json && !answered) {
		object = json_object_new_object();
		add_string(object, "error", text);
		print_json(object);
		answered = true;
	}
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
