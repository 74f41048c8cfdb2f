// SPDX-License-Identifier: GPL-2.0-only
/* AF_UNIX connections that the module takes over. */

#include <signal.h>

#include "fakebus.h"

#define LIMIT	90

SUITE(attach_take);
SUITE(attach_files);
SUITE(attach_tricks);
SUITE(attach_creds);
SUITE(attach_turns);
SUITE(attach_last);
SUITE(attach_sockmap);
SUITE(attach_uses);

static const struct suite suites[] = {
	THE(attach_take), THE(attach_files), THE(attach_tricks),
	THE(attach_creds), THE(attach_turns), THE(attach_last),
	THE(attach_sockmap), THE(attach_uses),
};

int main(int argc, char **argv)
{
	transport = ATTACHED;
	signal(SIGPIPE, SIG_IGN);
	bail_out_after(LIMIT);
	return run_suites("attach", suites, ARRAY_SIZE(suites),
			  argc > 1 ? argv[1] : NULL);
}
