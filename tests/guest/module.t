#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Loading, unloading, and whether anything is left behind.
exec "$(dirname "$0")/in-guest" 2 test-module "$@"
