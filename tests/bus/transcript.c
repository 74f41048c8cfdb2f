// SPDX-License-Identifier: GPL-2.0-only
/* The transcript of a case. */

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "transcript.h"

#define LABELS_MAX	512
#define TEXT_MAX	8192
/* Longer values are written as their length and a hash. */
#define VALUE_SHOWN	200

static struct {
	char *unique;
	char *label;
} labels[LABELS_MAX];
static unsigned int labels_count;
static bool has_failed;

static const char *from_environment(const char *name)
{
	const char *value = getenv(name);

	if (!value)
		give_up("%s is not set: cases are started by guest-run", name);
	return value;
}

enum bus_mode bus_mode(void)
{
	const char *mode = from_environment("BUS_TEST_MODE");

	if (!strcmp(mode, "kdbus"))
		return BUS_FAST;
	return strcmp(mode, "kdbus-off") ? BUS_STOCK : BUS_OFF;
}

bool bus_attaches(void)
{
	return !strcmp(from_environment("BUS_TEST_ATTACH"), "yes");
}

const char *bus_address(void)
{
	return from_environment("BUS_TEST_ADDRESS");
}

const char *bus_unix_address(void)
{
	return from_environment("BUS_TEST_UNIX");
}

const char *bus_dir(void)
{
	return from_environment("BUS_TEST_DIR");
}

void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static void complain(const char *format, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "FAILED: ");
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	has_failed = true;
}

bool check(bool ok, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (!ok)
		complain(format, args);
	va_end(args);
	return ok;
}

void give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	complain(format, args);
	va_end(args);
	_exit(1);
}

bool failed(void)
{
	return has_failed;
}

void label_name(const char *unique, const char *label)
{
	if (labels_count == LABELS_MAX)
		give_up("too many connections for one case");
	labels[labels_count].unique = strdup(unique);
	labels[labels_count].label = strdup(label);
	labels_count++;
}

const char *name_of_label(const char *label)
{
	unsigned int i;

	/* The latest, if a label has been used again. */
	for (i = labels_count; i-- > 0;)
		if (!strcmp(labels[i].label, label))
			return labels[i].unique;
	give_up("nobody is called %s", label);
}

static const char *label_of_name(const char *text, size_t len)
{
	unsigned int i;

	for (i = 0; i < labels_count; i++)
		if (strlen(labels[i].unique) == len &&
		    !memcmp(labels[i].unique, text, len))
			return labels[i].label;
	return ":?";
}

static size_t unique_length(const char *text)
{
	size_t len = strspn(text, ":0123456789.");

	/* As in "connection :1.5." at the end of a sentence. */
	while (len && text[len - 1] == '.')
		len--;
	return !strncmp(text, ":1.", 3) && len > 3 ? len : 0;
}

const char *plain(const char *text)
{
	static char out[TEXT_MAX];
	size_t n = 0, len;

	while (*text && n + 100 < sizeof(out)) {
		len = unique_length(text);
		if (len) {
			n += snprintf(out + n, 64, "%s",
				      label_of_name(text, len));
			text += len;
		} else if (!strncmp(text, "pid=", 4)) {
			n += snprintf(out + n, 64, "pid=N");
			text += 4 + strspn(text + 4, "0123456789");
		} else {
			out[n++] = *text++;
		}
	}
	out[n] = '\0';
	return out;
}

/* Eight bytes at a time: there are messages of megabytes. */
static uint32_t hash_of(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint64_t hash = len, word;

	for (; len >= sizeof(word); len -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
		hash ^= hash >> 32;
		bytes += sizeof(word);
	}
	while (len--)
		hash = (hash ^ *bytes++) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

static void say_string(DBusMessageIter *iter)
{
	const char *text;

	dbus_message_iter_get_basic(iter, &text);
	if (strlen(text) > VALUE_SHOWN * 4)
		printf(" <%zu characters, %08x>", strlen(text),
		       hash_of(text, strlen(text)));
	else
		printf(" \"%s\"", plain(text));
}

/* What can be read from a file tells which one it is. */
static void say_file(DBusMessageIter *iter)
{
	char text[32];
	ssize_t n;
	int fd;

	dbus_message_iter_get_basic(iter, &fd);
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	printf(" file(%s)", n < 0 ? "unreadable" : text);
	close(fd);
}

static void say_number(DBusMessageIter *iter, int type)
{
	DBusBasicValue value = { .u64 = 0 };

	dbus_message_iter_get_basic(iter, &value);
	if (type == DBUS_TYPE_DOUBLE)
		printf(" %g", value.dbl);
	else
		printf(" %llu", (unsigned long long)value.u64);
}

static void say_values(DBusMessageIter *iter);

static void say_container(DBusMessageIter *iter, int type)
{
	DBusMessageIter sub;

	dbus_message_iter_recurse(iter, &sub);
	if (type == DBUS_TYPE_ARRAY &&
	    dbus_message_iter_get_element_type(iter) == DBUS_TYPE_BYTE) {
		const uint8_t *bytes = NULL;
		int n = 0;

		dbus_message_iter_get_fixed_array(&sub, &bytes, &n);
		printf(" <%d bytes, %08x>", n, hash_of(bytes, n));
		return;
	}
	printf(" %c", type == DBUS_TYPE_ARRAY ? '[' : '(');
	say_values(&sub);
	printf(" %c", type == DBUS_TYPE_ARRAY ? ']' : ')');
}

static void say_values(DBusMessageIter *iter)
{
	int type;

	while ((type = dbus_message_iter_get_arg_type(iter))) {
		if (type == DBUS_TYPE_STRING || type == DBUS_TYPE_SIGNATURE ||
		    type == DBUS_TYPE_OBJECT_PATH)
			say_string(iter);
		else if (type == DBUS_TYPE_UNIX_FD)
			say_file(iter);
		else if (dbus_type_is_container(type))
			say_container(iter, type);
		else
			say_number(iter, type);
		dbus_message_iter_next(iter);
	}
}

static void say_field(const char *name, const char *value)
{
	if (!value)
		return;
	if (strlen(value) > VALUE_SHOWN)
		printf(" %s=<%zu characters, %08x>", name, strlen(value),
		       hash_of(value, strlen(value)));
	else
		printf(" %s=%s", name, plain(value));
}

void say_message(const char *who, DBusMessage *message)
{
	DBusMessageIter iter;

	printf("%s: %s #%u", who,
	       dbus_message_type_to_string(dbus_message_get_type(message)),
	       dbus_message_get_serial(message));
	if (dbus_message_get_reply_serial(message))
		printf(" re #%u", dbus_message_get_reply_serial(message));
	say_field("from", dbus_message_get_sender(message));
	say_field("to", dbus_message_get_destination(message));
	say_field("path", dbus_message_get_path(message));
	say_field("interface", dbus_message_get_interface(message));
	say_field("member", dbus_message_get_member(message));
	say_field("error", dbus_message_get_error_name(message));
	printf("%s%s%s",
	       dbus_message_get_no_reply(message) ? " no-reply" : "",
	       dbus_message_get_auto_start(message) ? "" : " no-auto-start",
	       dbus_message_get_allow_interactive_authorization(message) ?
	       " interactive" : "");
	printf(" '%s'", dbus_message_get_signature(message));
	if (dbus_message_iter_init(message, &iter))
		say_values(&iter);
	putchar('\n');
	fflush(stdout);
}
