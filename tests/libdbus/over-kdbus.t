#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# The patched libdbus on sockets of the module, in a guest.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p build/libdbus
# shellcheck disable=SC2046 # several flags
cc -O2 -g -Wall -Wextra -o build/libdbus/over-kdbus.new tests/libdbus/over-kdbus.c \
	$(pkg-config --cflags --libs dbus-1)
mv build/libdbus/over-kdbus.new build/libdbus/over-kdbus
exec tests/vm/run --quiet --module --dbus --time=300 \
	--add=build/libdbus/over-kdbus -- with-kdbus over-kdbus
