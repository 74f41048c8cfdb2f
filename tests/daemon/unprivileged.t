#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# unprivileged.t [OPTION]...: a system bus whose daemon has never been root, with
# dbus 1.16 in a guest with Debian 13's kernel.  OPTIONs are for tests/vm/run.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p build/unprivileged
for source in tests/daemon/peer.c tests/libdbus/over-kdbus.c; do
	name=$(basename "$source" .c)
	# shellcheck disable=SC2046 # several flags
	cc -O2 -g -Wall -Wextra "$source" -o "build/unprivileged/$name.new" \
		$(pkg-config --cflags --libs dbus-1)
	mv "build/unprivileged/$name.new" "build/unprivileged/$name"
done
exec tests/vm/run --quiet --module --dbus --time=300 --root=trixie --kernel=trixie \
	"$@" --add=build/unprivileged/peer --add=build/unprivileged/over-kdbus \
	--add=tests/daemon/unprivileged.sh -- unprivileged.sh
