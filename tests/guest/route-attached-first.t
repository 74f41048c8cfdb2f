#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the module does with messages when every other client is attached.
exec "$(dirname "$0")/in-guest" 1 test-route attached-first "$@"
