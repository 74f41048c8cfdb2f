#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the module does with messages of attached clients; on two processors.
exec "$(dirname "$0")/in-guest" 2 test-route attached "$@"
