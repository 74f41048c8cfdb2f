#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# AF_UNIX connections that are taken over in mid-stream, a few of them.
exec "$(dirname "$0")/in-guest" 2 soak-attach "${@:-500}"
