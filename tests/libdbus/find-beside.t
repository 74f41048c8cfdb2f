#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Which socket the patched libdbus takes for the standard buses, in a guest.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p build/libdbus
for rpath in '' -rpath; do
	# shellcheck disable=SC2046 # several flags
	cc -O2 -g -Wall -Wextra -o "build/libdbus/over-kdbus$rpath.new" \
		tests/libdbus/over-kdbus.c $(pkg-config --cflags --libs dbus-1) \
		${rpath:+-Wl,-rpath,/kdbus/usr/lib/$(cc -print-multiarch)}
	mv "build/libdbus/over-kdbus$rpath.new" "build/libdbus/over-kdbus$rpath"
done
exec tests/vm/run --quiet --module --dbus --time=300 \
	--add=build/libdbus/over-kdbus --add=build/libdbus/over-kdbus-rpath \
	--add=tests/libdbus/find-beside.sh -- find-beside.sh
