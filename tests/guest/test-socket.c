// SPDX-License-Identifier: GPL-2.0-only
/* Sockets of AF_DBUS behave like those of AF_UNIX. */

#include "suite.h"

SUITE(socket_path);
SUITE(socket_connect);
SUITE(socket_io);
SUITE(socket_poll);
SUITE(socket_shutdown);
SUITE(socket_cred);
SUITE(socket_fds);
SUITE(socket_own);

static const struct suite suites[] = {
	THE(socket_path), THE(socket_connect), THE(socket_io),
	THE(socket_poll), THE(socket_shutdown), THE(socket_cred),
	THE(socket_fds), THE(socket_own),
};

int main(int argc, char **argv)
{
	return run_suites("socket", suites, ARRAY_SIZE(suites),
			  argc > 1 ? argv[1] : NULL);
}
