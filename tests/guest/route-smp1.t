#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the module does with messages; on one processor.
exec "$(dirname "$0")/in-guest" 1 test-route "$@"
