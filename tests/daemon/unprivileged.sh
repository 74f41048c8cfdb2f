#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2016 # wait_for evaluates later
#
# unprivileged.sh: in a guest, a system bus whose daemon has never been root, as
# Debian 13 runs it: systemd has made its unix socket.  Speaks TAP.
set -u
count=0
kdbus=/run/dbus/system_bus_socket.kdbus
log=/run/bus.log

check() { # check WHAT EXPECTED FOUND
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		echo "# expected '$2', found '$3'"
		sed 's/^/# | /' "$log"
	fi
}

wait_for() {
	for _ in $(seq 400); do
		"$@" && return
		sleep 0.05
	done
	echo "Bail out! timed out waiting for: $*"
	exit 1
}

as() {
	user=$1
	shift
	/usr/bin/setpriv --reuid="$user" --regid="$user" --init-groups "$@" 2>&1
}

# start_bus OWNER: of the directory; sets pid
start_bus() {
	rm -rf /run/dbus
	mkdir /run/dbus
	: >"$log"
	systemd-socket-activate -E KDBUS_LISTEN=auto -l /run/dbus/system_bus_socket \
		/usr/bin/setpriv --reuid=messagebus --regid=messagebus --clear-groups \
		with-kdbus dbus-daemon --config-file=/run/bus.conf --address=systemd: \
		--nofork --nopidfile >"$log" 2>&1 &
	pid=$!
	wait_for test -S /run/dbus/system_bus_socket
	chmod 666 /run/dbus/system_bus_socket
	chown "$1" /run/dbus
	# the first one starts it
	as alice over-kdbus --family system >/dev/null
}

stop_bus() {
	kill "$pid"
	wait "$pid" 2>/dev/null
}

cat >/run/bus.conf <<-EOT
	<busconfig>
	<type>system</type> <user>messagebus</user>
	<listen>unix:path=/run/dbus/unused</listen>
	<policy context="default">
	<allow user="*"/> <allow own="*"/> <allow send_destination="*"/>
	<allow receive_sender="*"/>
	</policy>
	</busconfig>
EOT

start_bus root
check "where it may not make a socket there is a line in the log" 1 \
	"$(grep -c 'Not listening on kdbus:' "$log")"
check "and a bus" unix "$(as alice with-kdbus over-kdbus --family system)"
stop_bus

start_bus messagebus
check "the daemon has never been root" "messagebus root messagebus" \
	"$(stat -c %U "/proc/$pid" /run/dbus/system_bus_socket "$kdbus" | xargs)"
check "other users find its socket" kdbus \
	"$(as alice with-kdbus over-kdbus --family system)"
check "with stock libdbus too, the other one" unix "$(as alice over-kdbus --family system)"
with-kdbus peer unix:path=/run/dbus/system_bus_socket service t.Unix >/dev/null &
as bob with-kdbus peer "kdbus:path=$kdbus" service t.Any >/run/ready &
wait_for grep -q ready /run/ready
before=$(kdbus-bus "$kdbus" calls)
for _ in 1 2 3; do
	echo "t.Any t.Any Do"
done | as alice with-kdbus peer "kdbus:path=$kdbus" client >/run/answers
check "calls between users arrive" "return return return" "$(xargs </run/answers)"
check "by way of the module" yes \
	"$([ "$(kdbus-bus "$kdbus" calls)" -gt "$before" ] && echo yes)"
check "anybody may look" yes "$(as alice kdbus-bus "$kdbus" peers >/dev/null && echo yes)"
check "its owner may force the fast path off" 0 \
	"$(as messagebus kdbus-bus "$kdbus" force off >&2; echo $?)"
check "others may not" no "$(as alice kdbus-bus "$kdbus" force on >/dev/null || echo no)"
check "without a line in the log" 0 "$(grep -c kdbus: "$log")"
stop_bus
echo "1..$count"
