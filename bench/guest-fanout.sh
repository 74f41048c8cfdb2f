#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest-fanout.sh SIGNALS RULES...: measure a broadcast to two recipients on a
# stock bus and on a kdbus bus with so many rules about other things (see
# kdbus-fanout), and on the latter with as many similar ones; "BUS KIND RULES
# MICROSECONDS BROADCASTS" each, the last as the module has counted them.
set -eu
signals=$1
shift

# measure BUS KIND RULES
measure() {
	dir=/run/$1-$2-$3
	variables=$(start-bus "$1" "$dir")
	eval "$variables"
	# shellcheck disable=SC2086,SC2154 # set by start-bus
	us=$($BUS_WITH kdbus-fanout "$BUS_ADDRESS" 2 "$2" "$3" "$signals")
	count=0
	[ "$1" = dbus-daemon ] || count=$(kdbus-bus "$dir/kdbus" broadcasts)
	echo "$1 $2 $3 $us $count"
	kill "$BUS_PID"
}

for rules; do
	measure dbus-daemon usual "$rules"
	measure kdbus usual "$rules"
	measure kdbus similar "$rules"
done
