#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest-leave.sh COUNT...: measure a client that leaves with so many open calls, and
# match rules, its own or of others, on a stock bus and on a kdbus bus (see kdbus-leave); "BUS KIND COUNT
# MICROSECONDS CALLS" each, the last as the module has counted them.
set -eu

# measure BUS KIND COUNT
measure() {
	dir=/run/$1-$2-$3
	variables=$(start-bus "$1" "$dir")
	eval "$variables"
	# shellcheck disable=SC2086,SC2154 # set by start-bus
	us=$($BUS_WITH kdbus-leave "$BUS_ADDRESS" "$2" "$3")
	delivered=0
	[ "$1" = dbus-daemon ] || delivered=$(kdbus-bus "$dir/kdbus" calls)
	echo "$1 $2 $3 $us $delivered"
	kill "$BUS_PID"
}

for count; do
	for kind in calls rules shared; do
		measure dbus-daemon $kind "$count"
		measure kdbus $kind "$count"
	done
done
