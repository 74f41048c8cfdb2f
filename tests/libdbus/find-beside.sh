#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# find-beside.sh: in a guest, which socket the patched libdbus takes for a
# standard bus whose address is that of the unix one.  TAP on stdout.
set -u

count=0 failures=0
ok() {
	count=$((count + 1))
	echo "ok $count - $1"
}
not_ok() {
	count=$((count + 1)) failures=$((failures + 1))
	echo "not ok $count - $1"
}

# expect FAMILY WHAT [COMMAND...]: that COMMAND (as root, if none is given) gets
# to the session bus that way
expect() { expect_of --family "$@"; }

# expect_of OPTION ANSWER WHAT [COMMAND...]: likewise, what over-kdbus OPTION says
expect_of() {
	option=$1 answer=$2 what=$3
	shift 3
	got=$("$@" with-kdbus over-kdbus "$option" session 2>&1) || got="error: $got"
	if [ "$got" = "$answer" ]; then
		ok "$what: $answer"
	else
		not_ok "$what: $answer"
		echo "# got $got"
	fi
}

as() {
	user=$1
	shift
	/usr/bin/setpriv --reuid="$user" --regid="$user" --init-groups "$@"
}

# last_descriptor WITH COMMAND...: a script needs descriptors of its own
last_descriptor() {
	# shellcheck disable=SC2016 # for the inner shell
	"$1" sh -c 'ulimit -n 4; exec "$@"' sh "$2" "$3" "$4"
}

wait_for() {
	for _ in $(seq 200); do
		"$@" && return
		sleep 0.05
	done
	echo "# not in time: $*"
}

# start_bus DIR [VARIABLE=VALUE]...: a bus for all users in DIR; sets pid
start_bus() {
	dir=$1
	shift
	mkdir -p "$dir"
	cat >"$dir/config" <<-EOT
	<busconfig>
	<type>session</type>
	<listen>unix:path=$dir/bus</listen>
	<policy context="default">
	<allow user="*"/> <allow own="*"/> <allow eavesdrop="true"/>
	<allow send_destination="*" eavesdrop="true"/>
	</policy>
	</busconfig>
	EOT
	env "$@" with-kdbus dbus-daemon --config-file="$dir/config" --nofork \
		--nopidfile >>/run/bus.log 2>&1 &
	pid=$!
	wait_for test -S "$dir/bus"
	export DBUS_SESSION_BUS_ADDRESS="unix:path=$dir/bus"
}

stop_bus() {
	kill "$pid"
	wait "$pid" 2>/dev/null
}

# ---- a bus that listens on both ----

start_bus /run/both KDBUS_LISTEN=auto
wait_for test -S /run/both/bus.kdbus
expect kdbus "the bus's own socket"
expect kdbus "by another user" as alice
# Standard input, output and error, and the connection
expect kdbus "with the last file descriptor" last_descriptor
expect_of --shared kdbus "with the last one, shared by all who ask" last_descriptor
expect_of --files yes "with the last one, files can be sent" last_descriptor
expect unix "turned off" env DBUS_KDBUS=0
expect unix "the user of stock libdbus" env LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libdbus-1.so.3
plain=$DBUS_SESSION_BUS_ADDRESS
DBUS_SESSION_BUS_ADDRESS="$plain;$plain" expect unix "a list is as it is"
chmod 777 /run/both
expect unix "in a directory that anybody may change"
chmod 1777 /run/both
expect kdbus "in a directory like /tmp"
chmod 755 /run/both
ln -s bus /run/both/link
ln -s bus.kdbus /run/both/link.kdbus
DBUS_SESSION_BUS_ADDRESS="unix:path=/run/both/link" expect unix "beside a symbolic link, another one"
chown bob /run/both/bus.kdbus
expect unix "of a user who is not the bus's"
chown root /run/both/bus.kdbus
rm /run/both/link.kdbus

# ---- somebody else's ----

chmod 1777 /run/both
mv /run/both/bus.kdbus /run/both/real
as alice with-kdbus over-kdbus --trap /run/both/bus.kdbus &
trapper=$!
wait_for test -S /run/both/bus.kdbus
expect unix "planted in a directory like /tmp"
expect unix "planted, by a third user" as bob
if [ -e /run/both/bus.kdbus.caught ]; then
	not_ok "nobody has connected to the planted one"
else
	ok "nobody has connected to the planted one"
fi
kill $trapper
rm -f /run/both/bus.kdbus
ln /run/both/real /run/both/bus.kdbus
expect unix "a hard link to a socket of the right owner"
rm /run/both/real
expect kdbus "the same without the other link"

# ---- what a bus leaves ----

stop_bus
expect "error: over-kdbus: session bus: Failed to connect to socket /run/both/bus: No such file or directory" \
	"no bus"
with-kdbus over-kdbus --trap /run/both/bus.kdbus &
trapper=$!
wait_for test -S /run/both/bus.kdbus
kill -9 $trapper
start_bus /run/both KDBUS_LISTEN=
expect unix "a socket that nobody listens on any more"
stop_bus

# ---- GUIDs ----

start_bus /run/guid KDBUS_LISTEN=auto
wait_for test -S /run/guid/bus.kdbus
guid=$(with-kdbus over-kdbus --guid session)
DBUS_SESSION_BUS_ADDRESS="$DBUS_SESSION_BUS_ADDRESS,guid=$guid" expect kdbus "with the right GUID"
if DBUS_SESSION_BUS_ADDRESS="$DBUS_SESSION_BUS_ADDRESS,guid=00112233445566778899aabbccddeeff" \
	with-kdbus over-kdbus --family session >/dev/null 2>&1; then
	not_ok "with a wrong GUID: error"
else
	ok "with a wrong GUID: error"
fi
DBUS_KDBUS=0 with-kdbus over-kdbus --guid session >/run/other-guid
if [ "$(cat /run/other-guid)" = "$guid" ]; then
	ok "both have the same GUID"
else
	not_ok "both have the same GUID"
fi

# ---- setuid programs ----

# its library is the patched one without LD_LIBRARY_PATH, which it ignores
cp /test/over-kdbus-rpath /run/setuid
chmod 4755 /run/setuid
got=$(as alice /run/setuid --family session 2>&1)
case $got in
*setuid*) ok "a setuid program does not believe its environment" ;;
*)
	not_ok "a setuid program does not believe its environment"
	echo "# got $got"
	;;
esac
stop_bus
start_bus /run/dbus KDBUS_LISTEN=auto
wait_for test -S /run/dbus/bus.kdbus
ln -s bus /run/dbus/system_bus_socket
ln /run/dbus/bus.kdbus /run/dbus/system_bus_socket.kdbus
got=$(as alice /run/setuid --family system 2>&1)
if [ "$got" = kdbus ]; then
	ok "a setuid program finds the default address"
else
	not_ok "a setuid program finds the default address"
	echo "# got $got"
fi
stop_bus
echo "1..$count"
[ $failures = 0 ]
