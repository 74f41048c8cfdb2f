/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module says of its buses, in /proc/net/kdbus. */
#ifndef KDBUSCTL_KERNEL_H
#define KDBUSCTL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

#define KERNEL_FILE	"/proc/net/kdbus"
#define COUNTERS_MAX	24

/**
 * struct counter - one of the things that the module counts
 * @name: what
 * @value: how many
 */
struct counter {
	char name[24];
	unsigned long long value;
};

/**
 * struct kernel_bus - a bus, as the module sees it
 * @id: its number
 * @owner: the user that it belongs to
 * @fastpath: "on", "off" or "forced-off"
 * @peers: connections
 * @attached: those of them that are unix sockets on the client's side
 * @names: bus names
 * @replies: due
 * @counters: since the bus began
 * @n_counters: how many there are
 * @path: of the listening socket
 */
struct kernel_bus {
	unsigned long long id;
	unsigned int owner;
	char fastpath[16];
	unsigned long long peers;
	unsigned long long attached;
	unsigned long long names;
	unsigned long long replies;
	struct counter counters[COUNTERS_MAX];
	size_t n_counters;
	char path[440];
};

bool kernel_parse_bus(char *line, struct kernel_bus *bus);
size_t kernel_buses(struct kernel_bus **buses);
unsigned long long kernel_counter(const struct kernel_bus *bus, const char *name);
bool kernel_tells(const struct kernel_bus *bus);
int kernel_fastpath(unsigned long long id, bool on);

#endif
