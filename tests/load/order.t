#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Order under load, in short; "make order" does much more of it.  Speaks TAP.
set -uo pipefail
cd "$(dirname "$0")" || exit

count=0 failed=0
# check NAME OPTION...
check() {
	local name=$1 verdict=ok
	shift
	count=$((count + 1))
	./run --time=600 "$@" || verdict="not ok" failed=1
	echo "$verdict $count - $name"
}

# What is asserted is true of the reference.
check "stock dbus-daemon keeps the order" --smp=2 dbus-daemon --messages=8000
check "kdbus keeps the order" --smp=2 kdbus --messages=30000
check "kdbus keeps it on four processors" --smp=4 kdbus --messages=15000
check "kdbus keeps it with attached clients" --smp=2 kdbus-both \
	--messages=20000 --mixed=6
echo "1..$count"
exit $failed
