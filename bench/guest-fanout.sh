#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest-fanout.sh SIGNALS RULES...: measure a broadcast to two recipients on a
# stock bus and on a kdbus bus with so many rules about other things; "BUS RULES
# MICROSECONDS BROADCASTS" each, the last as the module has counted them.
set -eu
signals=$1
shift

for kind in dbus-daemon kdbus; do
	for rules; do
		variables=$(start-bus $kind "/run/$kind-$rules")
		eval "$variables"
		# shellcheck disable=SC2086,SC2154 # set by start-bus
		us=$($BUS_WITH kdbus-fanout "$BUS_ADDRESS" 2 "$rules" "$signals")
		count=0
		[ $kind = dbus-daemon ] ||
			count=$(kdbus-bus "/run/$kind-$rules/kdbus" broadcasts)
		echo "$kind $rules $us $count"
		kill "$BUS_PID"
	done
done
