/* SPDX-License-Identifier: GPL-2.0-only */
/* Other programs. */
#ifndef KDBUSCTL_RUN_H
#define KDBUSCTL_RUN_H

#include <stdbool.h>
#include <stddef.h>

/* As shells have it. */
#define STATUS_NOT_EXECUTABLE	126
#define STATUS_NOT_FOUND	127

int run_program(const char *const argv[]);
int run_quietly(const char *const argv[]);
int run_in_time(int (*look)(const char *arg), const char *arg);
int run_for_output(const char *const argv[], char **output);
bool run_capture(const char *const argv[], char *text, size_t size);

#endif
