#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest-flow.sh CALLS: measure a call that a rule of the policy allows, alone,
# beside 2,000 rules about other services, and beside 50 recipients that do not
# read, on a stock bus and on a kdbus bus; "BUS SETTING MICROSECONDS SWITCHES"
# each, the last of dbus-daemon per call.
set -eu
calls=$1
work=/run/flow
mkdir -p $work

# A system bus in small, with so many rules about other services.
config() {
	cat <<-'EOC'
	<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
	 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
	<busconfig>
	 <type>system</type>
	 <listen>unix:path=/run/unused</listen>
	 <policy context="default">
	  <allow user="*"/>
	  <allow own="*"/>
	  <deny send_type="method_call"/>
	  <allow send_type="signal"/>
	  <allow send_requested_reply="true" send_type="method_return"/>
	  <allow send_requested_reply="true" send_type="error"/>
	  <allow receive_type="method_call"/>
	  <allow receive_type="method_return"/>
	  <allow receive_type="error"/>
	  <allow receive_type="signal"/>
	  <allow send_destination="org.freedesktop.DBus"/>
	  <allow send_destination="org.kdbus.Bench" send_interface="org.kdbus.Bench"/>
	  <allow send_interface="org.kdbus.Stuck"/>
	EOC
	awk -v n="$1" 'BEGIN {
		for (i = 0; i < n; i++)
			printf "<%s %s=\"org.other.Name%d\" %s_interface=\"org.other.I%d\" %s_member=\"M%d\"/>\n",
				i % 2 ? "deny" : "allow",
				i % 4 < 3 ? "send_destination" : "receive_sender", i,
				i % 4 < 3 ? "send" : "receive", i % 100,
				i % 4 < 3 ? "send" : "receive", i
	}'
	cat <<-'EOC'
	 </policy>
	 <limit name="max_outgoing_bytes">1000000</limit>
	</busconfig>
	EOC
}

# measure BUS SETTING RULES RECIPIENTS
measure() {
	config "$3" >"$work/$2.conf"
	variables=$(start-bus "$1" "$work/$1-$2" --config-file="$work/$2.conf")
	eval "$variables"
	stuck=
	if [ "$4" != 0 ]; then
		rm -f "$work/stuck"
		# shellcheck disable=SC2154 # set by start-bus
		$BUS_WITH kdbus-stuck "$BUS_ADDRESS" "$4" >"$work/stuck" &
		stuck=$!
		until [ -s "$work/stuck" ]; do
			kill -0 $stuck
			sleep 0.1
		done
	fi
	$BUS_WITH kdbus-bench --address="$BUS_ADDRESS" --daemon="$BUS_PID" \
		--label="$1 $2" --calls="$calls" | awk '{ print $3, $4, $5, $6 }'
	# shellcheck disable=SC2086 # one or two
	kill "$BUS_PID" $stuck
}

for bus in dbus-daemon kdbus; do
	measure $bus alone 0 0
	measure $bus rules 2000 0
	measure $bus stuck 0 50
done
