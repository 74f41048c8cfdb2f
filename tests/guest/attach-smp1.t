#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# AF_UNIX connections that the module takes over; on one processor.
exec "$(dirname "$0")/in-guest" 1 test-attach "$@"
