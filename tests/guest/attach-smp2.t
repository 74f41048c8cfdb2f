#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# AF_UNIX connections that the module takes over; on two processors.
exec "$(dirname "$0")/in-guest" 2 test-attach "$@"
