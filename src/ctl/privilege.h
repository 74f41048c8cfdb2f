/* SPDX-License-Identifier: GPL-2.0-only */
/* What only root may do. */
#ifndef KDBUSCTL_PRIVILEGE_H
#define KDBUSCTL_PRIVILEGE_H

#include "command.h"

#ifndef BINDIR
#define BINDIR	"/usr/bin"
#endif
#ifndef SBINDIR
#define SBINDIR	"/usr/sbin"
#endif

bool must_ask(void);
int ask(const struct options *options, const char *const args[]);
int ask_for_output(const struct options *options, const char *const args[], char **output);

#endif
