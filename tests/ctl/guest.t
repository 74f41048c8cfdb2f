#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kdbusctl in a guest, with the module and dbus-daemon at work (with the patched
# dbus packages of $KDBUS_DBUS, if that is set).
. "$(dirname "$0")/lib.sh"
mkdir -p "$top/build/ctl"
flock "$top/build/ctl" make -s -C "$top/src/ctl" >&2 || exit

library=$(ldd "$top/build/ctl/kdbusctl" | sed -n 's/.*libjson-c.so.* => \(.*\) (.*/\1/p')
answers=$(mktemp)
"$top/tests/vm/run" --quiet --module "--dbus${KDBUS_DBUS:+=$KDBUS_DBUS}" --add="$top/build/ctl/kdbusctl" \
	--add="$library" --add="$top/tests/ctl/in-guest.sh" ./in-guest.sh \
	>"$answers" || {
	sed 's/^/# /' "$answers"
	echo "Bail out! the guest has failed"
	rm "$answers"
	exit 1
}
mapfile -t lines <"$answers"
rm "$answers"

# said NAME: what was answered there
said() {
	printf '%s\n' "${lines[@]}" | awk -v name="== $1" '
		/^== / { on = ($0 == name); next } on'
}

# query NAME FILTER: of the system bus
query() {
	said "$1" | jq -r ".buses[0] | $2"
}

test_without_a_bus() {
	equal absent "$(query without .state)"
	equal true "$(said without | jq .module.loaded)"
	equal 18 "$(said without | jq .module.family)"
}

test_who_is_connected_how() {
	equal kdbus "$(query with .state)"
	# The other one has been attached without knowing it.
	equal "1 1 0" "$(query with '.connections | "\(.native) \(.attached) \(.plain)"')"
	contains "$(said text)" "it is on kdbus"
}

test_counters() {
	equal "50 50" "$(query with '.counters | "\(.calls) \(.returns)"')"
}

test_fastpath() {
	contains "$(said off)" "every message goes through dbus-daemon"
	equal "through-daemon forced-off" "$(query forced '"\(.state) \(.fastpath)"')"
	equal note "$(said doctor | jq -r '.checks[] | select(.check == "bus").result' | head -n 1)"
	equal 1 "$(said all-on | jq .buses)"
	equal on "$(query again .fastpath)"
}

test_fastpath_of_somebody_else() {
	contains "$(said alice)" "exit status 1"
	equal on "$(query alice-looks .fastpath)"
}

test_fastpath_of_no_bus() {
	contains "$(said wrong)" "the module has no bus '77'"
	contains "$(said wrong)" "exit status 1"
}

test_after() {
	equal null "$(query after .id)"
}

main "$@"
