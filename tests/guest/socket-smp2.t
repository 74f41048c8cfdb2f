#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Sockets of AF_DBUS behave like those of AF_UNIX; on two processors.
exec "$(dirname "$0")/in-guest" 2 test-socket "$@"
