// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the module says of its buses: a line of "key value" pairs for each, the
 * last of which is the path.  Keys that are not known here are counters, so that
 * a newer module can have more of them.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "kernel.h"
#include "memory.h"

static unsigned long long *known_number(struct kernel_bus *bus, const char *key)
{
	const struct {
		const char *key;
		unsigned long long *number;
	} known[] = {
		{ "bus", &bus->id },
		{ "peers", &bus->peers },
		{ "attached", &bus->attached },
		{ "names", &bus->names },
		{ "replies", &bus->replies },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(key, known[i].key))
			return known[i].number;
	return NULL;
}

static bool set_number(struct kernel_bus *bus, const char *key, const char *text)
{
	unsigned long long *number = known_number(bus, key);
	struct counter *counter = &bus->counters[bus->n_counters];
	unsigned long long value;
	char *end;

	value = strtoull(text, &end, 10);
	if (end == text || *end)
		return false;
	if (number) {
		*number = value;
	} else if (!strcmp(key, "owner")) {
		bus->owner = value;
	} else if (bus->n_counters < COUNTERS_MAX) {
		snprintf(counter->name, sizeof(counter->name), "%s", key);
		counter->value = value;
		bus->n_counters++;
	}
	return true;
}

static bool set_pair(struct kernel_bus *bus, const char *key, const char *text)
{
	if (!strcmp(key, "fastpath")) {
		snprintf(bus->fastpath, sizeof(bus->fastpath), "%s", text);
		return true;
	}
	return set_number(bus, key, text);
}

/* The kernel writes a line break and a backslash as three octal digits. */
static void unescape(char *to, size_t size, const char *from)
{
	unsigned int code;
	int length;

	while (*from && size > 1) {
		if (sscanf(from, "\\%3o%n", &code, &length) == 1 && length == 4) {
			*to++ = code;
			from += length;
		} else {
			*to++ = *from++;
		}
		size--;
	}
	*to = '\0';
}

/**
 * kernel_parse_bus() - take a line of /proc/net/kdbus apart
 * @line: the line; it gets changed
 * @bus: gets what it says
 *
 * Return: false if it makes no sense.
 */
bool kernel_parse_bus(char *line, struct kernel_bus *bus)
{
	char *path = strstr(line, " path ");
	char *key, *value, *rest;

	memset(bus, 0, sizeof(*bus));
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, "bus ", 4) || !path)
		return false;
	unescape(bus->path, sizeof(bus->path), path + strlen(" path "));
	*path = '\0';
	for (key = strtok_r(line, " ", &rest); key; key = strtok_r(NULL, " ", &rest)) {
		value = strtok_r(NULL, " ", &rest);
		if (!value || !set_pair(bus, key, value))
			return false;
	}
	return true;
}

/**
 * kernel_buses() - all buses that the module has in this network namespace
 * @buses: gets them, for free()
 *
 * Return: how many there are; 0 without the module.
 */
size_t kernel_buses(struct kernel_bus **buses)
{
	FILE *file = file_open(KERNEL_FILE);
	char *line = NULL;
	size_t n = 0, size = 0;

	*buses = NULL;
	if (!file)
		return 0;
	/* Any user can have many, which must not hide those that come later. */
	while (getline(&line, &size, file) >= 0) {
		*buses = room_for(*buses, n + 1, sizeof(**buses));
		n += kernel_parse_bus(line, &(*buses)[n]);
	}
	free(line);
	fclose(file);
	return n;
}

/**
 * kernel_counter() - one counter of a bus
 * @bus: the bus
 * @name: of the counter
 *
 * Return: its value, 0 if there is none of that name.
 */
unsigned long long kernel_counter(const struct kernel_bus *bus, const char *name)
{
	size_t i;

	for (i = 0; i < bus->n_counters; i++)
		if (!strcmp(bus->counters[i].name, name))
			return bus->counters[i].value;
	return 0;
}

/**
 * kernel_tells() - is this user told what a bus has carried?
 * @bus: the bus
 */
bool kernel_tells(const struct kernel_bus *bus)
{
	return bus->n_counters;
}

/**
 * kernel_fastpath() - keep the fast path of a bus off, or do not any more
 * @id: of the bus
 * @on: false to keep it off
 *
 * Return: 0 or a negative error.
 */
int kernel_fastpath(unsigned long long id, bool on)
{
	int fd = open(KERNEL_FILE, O_WRONLY | O_CLOEXEC);
	char text[64];
	int length, ret = 0;

	if (fd < 0)
		return -errno;
	length = snprintf(text, sizeof(text), "%llu fastpath %s", id,
			  on ? "on" : "off");
	if (write(fd, text, length) != length)
		ret = -errno;
	close(fd);
	return ret;
}
