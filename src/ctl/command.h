/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands, and what they have in common. */
#ifndef KDBUSCTL_COMMAND_H
#define KDBUSCTL_COMMAND_H

#include <json-c/json.h>
#include <stdbool.h>

#include "macros.h"

#ifndef KDBUS_VERSION
#define KDBUS_VERSION "unknown"
#endif

/* Exit statuses; those of other programs are passed on. */
#define EXIT_PROBLEM	1
#define EXIT_USAGE	2

/**
 * struct options - what the command line says, besides the command
 * @json: answer in JSON
 * @all: every bus
 * @global: session buses of all users
 * @replace_broker: change from dbus-broker to dbus-daemon
 */
struct options {
	bool json;
	bool all;
	bool global;
	bool replace_broker;
};

int command_status(const struct options *options, int argc, char **argv);
int command_doctor(const struct options *options, int argc, char **argv);
int command_enable(const struct options *options, int argc, char **argv);
int command_disable(const struct options *options, int argc, char **argv);
int command_fastpath(const struct options *options, int argc, char **argv);
int command_rollback(const struct options *options, int argc, char **argv);
int command_version(const struct options *options, int argc, char **argv);

/* Common to them: output.c */
int fail(const struct options *options, int status, const char *format, ...)
	__printf(3, 4);
int fail_with(const struct options *options, int status, struct json_object *answer,
	      const char *format, ...) __printf(4, 5);
void say(const struct options *options, const char *format, ...)
	__printf(2, 3);
void print_json(struct json_object *object);
void add_string(struct json_object *object, const char *key, const char *text);
void add_number(struct json_object *object, const char *key, unsigned long long number);
void add_bool(struct json_object *object, const char *key, bool value);

#endif
