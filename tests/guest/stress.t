#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What only goes wrong when several processors are at it.
exec "$(dirname "$0")/in-guest" 4 test-stress "$@"
