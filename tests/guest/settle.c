// SPDX-License-Identifier: GPL-2.0-only
/* Waiting until what has been closed is gone: see fakebus.h. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fakebus.h"
#include "slow.h"

/* Sockets of the module, in the kernel; the third column is what counts. */
static long sockets_that_exist(void)
{
	FILE *file = fopen("/proc/net/protocols", "re");
	char line[256];
	long count = -1;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "DBUS ", 5))
			sscanf(line, "%*s %*s %ld", &count);
	fclose(file);
	assert_true(count >= 0);
	return count;
}

/* Those that are open here, and those that stand for clients of AF_UNIX. */
static long sockets_that_should(void)
{
	FILE *file = fopen("/proc/net/kdbus", "re");
	char line[1024], *at;
	long count = 0;
	int fd, domain;
	socklen_t len;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		at = strstr(line, " attached ");
		count += at ? strtol(at + strlen(" attached "), NULL, 10) : 0;
	}
	fclose(file);
	for (fd = 0; fd < 4096; fd++) {
		len = sizeof(domain);
		if (!getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len))
			count += domain == kdbus_family();
	}
	return count;
}

/**
 * settle() - wait until connections that have been closed are gone
 *
 * They are freed behind a grace period.
 */
void settle(void)
{
	int i;

	for (i = 0; sockets_that_exist() > sockets_that_should(); i++) {
		if (i == 1000)
			fail_msg("connections that were closed do not go");
		usleep(slowly(10) * 1000);
	}
}
