#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What Wireshark makes of the files that tools capture: no message is malformed to it,
# and what clients said to each other is on kdbus what it is on stock.  Speaks TAP.
# shellcheck disable=SC2317 # check calls the functions
set -uo pipefail
cd "$(dirname "$0")" || exit

# Of each message.
fields="-e dbus.message_type -e dbus.path -e dbus.interface -e dbus.member"
fields+=" -e dbus.error_name -e dbus.reply_serial -e dbus.signature -e dbus.type.string"
bad='_ws.malformed || _ws.expert.severity >= 0x600000'
# pcap.py and tools-capture leave out the same.
from_bus='dbus.sender == "org.freedesktop.DBus"'
to_bus='dbus.destination == "org.freedesktop.DBus"'
said="!($from_bus) && !($to_bus) && !(dbus.member == \"Begin\")"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# shark FILE FILTER [OPTION]...: a capture may end within a packet, which is no error
shark() {
	local file=$1 filter=$2
	shift 2
	tshark -n -r "$file" -Y "$filter" "$@" 2>/dev/null
}

# fields FILE: a line for each message between clients
fields() {
	# shellcheck disable=SC2086 # a list of options
	shark "$1" "$said" -T fields $fields
}

count=0 failed=0
# check NAME COMMAND [ARG]...: it has to succeed
check() {
	local verdict=ok name=$1
	shift
	"$@" >"$dir/check" 2>&1 || verdict="not ok" failed=1
	count=$((count + 1))
	echo "$verdict $count - $name"
	[ "$verdict" = ok ] || head -n 20 "$dir/check" | sed 's/^/# /'
}

# is_clean FILE
is_clean() {
	[ "$(shark "$1" dbus -T fields -e dbus.serial | wc -l)" -gt 20 ] &&
		! shark "$1" "$bad" | grep .
}

# is_same FILE KIND: as it is on stock, and that is all that tools-capture sends
is_same() {
	fields "$dir/dbus-daemon-$2" >"$dir/stock"
	[ "$(wc -l <"$dir/stock")" = 16 ] || {
		cat "$dir/stock"
		return 1
	}
	fields "$1" | diff "$dir/stock" -
}

# One byte of an interface's name, wherever it is.
is_noticed() {
	perl -pe 's/org\.kdbus\.Test/org.kdb\/s.Test/' "$1" >"$dir/broken"
	! is_clean "$dir/broken"
}

check "tools capture" ./check --share="$dir" \
	--env=BUS_MODES="dbus-daemon kdbus kdbus-attached" tools-capture
for tool in busctl dbus-monitor bustle-pcap; do
	for kind in dbus-daemon kdbus kdbus-attached; do
		file=$dir/$kind-$tool
		check "$tool on $kind: nothing is malformed" is_clean "$file"
		check "$tool on $kind: all is there" is_same "$file" "$tool"
	done
	check "$tool: a wrong byte is noticed" is_noticed "$dir/kdbus-$tool"
done
echo "1..$count"
exit $failed
