// SPDX-License-Identifier: GPL-2.0-only
/*
 * refuse.so: in dbus-daemon's LD_PRELOAD, a module that refuses to route by names
 * that begin with "t.Refused", and with REFUSE=config to be configured.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kdbus.h"

#define NAME	"t.Refused"

typedef int setsockopt_function(int, int, int, const void *, socklen_t);

static int is_refused(int option, const void *value, socklen_t len)
{
	const char *what = getenv("REFUSE");

	if (option == KDBUS_BUS_CONFIG)
		return what && !strcmp(what, "config");
	return option == KDBUS_NAME_PUBLISH && len >= strlen(NAME) &&
	       !memcmp(value, NAME, strlen(NAME));
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t len)
{
	static setsockopt_function *next;

	if (level == SOL_KDBUS && is_refused(option, value, len)) {
		errno = ENOSPC;
		return -1;
	}
	if (!next)
		next = (setsockopt_function *)dlsym(RTLD_NEXT, "setsockopt");
	return next(fd, level, option, value, len);
}
