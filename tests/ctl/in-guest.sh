#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# In a guest with the module and the patched dbus: let kdbusctl look at buses
# that run, and print its answers, each behind a line "== NAME".
set -eu
export LD_LIBRARY_PATH=/test
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket

answer() {
	echo "== $1"
	shift
	"$@" 2>&1 || echo "exit status $?"
}

# wait_for TEST...
wait_for() {
	for _ in $(seq 200); do
		"$@" && return
		sleep 0.05
	done
	echo "timed out: $*"
	exit 1
}

# with_connection COMMAND...: run something that stays connected, and wait for it
with_connection() {
	"$@" >/dev/null 2>&1 &
	others="$others $!"
}

answer without ./kdbusctl status --json
KDBUS_LISTEN=auto with-kdbus dbus-daemon --session --nofork --nopidfile \
	--address="$DBUS_SYSTEM_BUS_ADDRESS" >/run/log 2>&1 &
daemon=$!
wait_for test -S /run/dbus/system_bus_socket.kdbus
others=
# One through each: the echo service and its client are native, and the other one
# has stock libdbus.
with_connection with-kdbus dbus-test-tool echo --system \
	--name=com.example.Native
with_connection dbus-test-tool echo --system --name=com.example.Unix
has_name() {
	with-kdbus dbus-send --system --print-reply --dest=org.freedesktop.DBus / \
		org.freedesktop.DBus.GetNameOwner string:"$1" >/dev/null 2>&1
}
wait_for has_name com.example.Native
wait_for has_name com.example.Unix
with-kdbus dbus-test-tool spam --system \
	--dest=com.example.Native --count=50 >/dev/null
answer with ./kdbusctl status --json
answer text ./kdbusctl status
answer off ./kdbusctl fastpath off system
answer forced ./kdbusctl status --json
answer doctor ./kdbusctl doctor --json
answer all-on ./kdbusctl fastpath on --all --json
answer again ./kdbusctl status --json
answer alice /usr/bin/setpriv --reuid=alice --regid=alice --init-groups ./kdbusctl fastpath off system
answer alice-looks /usr/bin/setpriv --reuid=alice --regid=alice --init-groups ./kdbusctl status --json
answer wrong ./kdbusctl fastpath off 77
# shellcheck disable=SC2086 # several
kill $others $daemon
wait $daemon || :
answer after ./kdbusctl status --json
