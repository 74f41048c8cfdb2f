#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kdbus-switch lets a daemon that never is root make its socket beside systemd's.
. "$(dirname "$0")/lib.sh"

if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP only root gives directories away"
	exit
fi

# machine LINE: a line of the unit of the bus
machine() {
	put /proc/cmdline quiet
	put /run/kdbus/counted ""
	put /sys/module/kdbus/parameters/family 18
	put /usr/lib/kdbus/dbus-daemon.patched 1
	put /usr/lib/kdbus/libdbus.patched 1
	put /usr/lib/systemd/system/dbus.service "[Service]" "ExecStart=/bin/true" "$1"
}

start() {
	KDBUS_SWITCH_ROOT=$root "$top/scripts/kdbus-switch" start system
}

test_of_root() {
	machine "Type=notify"
	equal "" "$(start)"
	[ ! -e "$root/run/dbus" ]
	[ -e "$root/run/kdbus/dbus.env" ]
}

test_of_a_user() {
	machine "User=nobody"
	equal "" "$(start)"
	equal "nobody 755" "$(stat -c '%U %a' "$root/run/dbus")"
	[ -e "$root/run/kdbus/dbus.env" ]
}

test_of_root_before() {
	machine "User=nobody"
	mkdir -p "$root/run/dbus"
	start
	equal nobody "$(stat -c %U "$root/run/dbus")"
}

test_of_nobody_known() {
	machine "User=no-such-user"
	status_of start
	equal 0 "$status"
	equal "<4>the system bus is plain: no-such-user cannot be made the owner of $root/run/dbus" "$said"
	[ ! -e "$root/run/kdbus/dbus.env" ]
}

main "$@"
