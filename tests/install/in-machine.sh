# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Comes before each script that tests run in a machine.

# as_alice COMMAND [ARG]...: in her session, with its environment
as_alice() {
	setpriv --reuid=alice --regid=alice --init-groups env HOME="$(getent passwd alice | cut -d: -f6)" \
		XDG_RUNTIME_DIR=/run/user/1000 \
		DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus "$@"
}

# count FIELD system|session: of that bus, from the module
count() {
	case $2 in
	system) path=/run/dbus/system_bus_socket.kdbus ;;
	session) path=/run/user/1000/bus.kdbus ;;
	esac
	sed -n "s#^bus .* $1 \([0-9]*\) .*path $path\$#\1#p" /proc/net/kdbus 2>/dev/null
}

# by_kernel system|session, by_daemon system|session: messages until now
by_kernel() {
	echo $(($(count calls "$1") + $(count returns "$1") + $(count errors "$1") +
		$(count signals "$1") + $(count broadcasts "$1")))
}

# What dbus-daemon sends ("daemon") is most of that once more.
by_daemon() {
	count slow "$1"
}

note_counters() {
	for bus in system session; do
		by_kernel $bus >/tmp/by_kernel.$bus
		by_daemon $bus >/tmp/by_daemon.$bus
	done
}

# enough_by_kernel system|session PERCENT: of the messages since note_counters
enough_by_kernel() {
	kernel=$(($(by_kernel "$1") - $(cat "/tmp/by_kernel.$1")))
	daemon=$(($(by_daemon "$1") - $(cat "/tmp/by_daemon.$1")))
	ok "$1 bus: $kernel messages by the kernel, $daemon by dbus-daemon" \
		test $((kernel * 100)) -ge $(((kernel + daemon) * $2))
}

# every_connection: as many connections of the system bus as dbus-daemon knows of, but
# for the one that asks; the bus itself has no unique name
every_connection() {
	names=$(busctl --no-legend list --unique | wc -l)
	mine=$(kdbusctl status --json | sed -n "/\"bus\": *\"system\"/,/}/p" | tr -d ' ",' |
		awk -F: '$1 == "native" || $1 == "attached" || $1 == "plain" { n += $2 } END { print n }')
	echo "dbus-daemon: $names, busctl among them; kdbusctl: $mine"
	[ "$mine" = $((names - 1)) ]
}

# plain system|session: how many connections kdbusctl says are neither native nor
# attached
plain() {
	kdbusctl status --json | /usr/bin/python3 -c 'import json, sys
print(*(bus["connections"]["plain"] for bus in json.load(sys.stdin)["buses"]
        if bus["bus"] == sys.argv[1]))' "$1"
}

# ok NAME COMMAND [ARG]...: says whether the command succeeds, and shows what it
# printed if it does not
ok() {
	name=$1
	shift
	if "$@" >/tmp/ok.log 2>&1; then
		echo "ok - $name"
	else
		echo "not ok - $name"
		tail -n 20 /tmp/ok.log | sed 's/^/#   /'
	fi
}

# no COMMAND...: succeeds if the command fails
no() {
	! "$@"
}

# call system|session DEST PATH MEMBER [ARG]...: by a program with libdbus
call() {
	bus=$1 dest=$2 path=$3 member=$4
	shift 4
	case $bus in
	system) set -- dbus-send --system --print-reply --dest="$dest" "$path" "$member" "$@" ;;
	session) set -- as_alice dbus-send --session --print-reply --dest="$dest" "$path" "$member" "$@" ;;
	esac
	"$@"
}

# driver system|session: does the bus itself answer?
driver() {
	call "$1" org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.GetId
}

# patiently COMMAND...: until it succeeds
patiently() {
	for _ in $(seq 60); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 1
	done
	"$@"
}

# by_kernel_alone NAME PATH INTERFACE: what one program asks that service of the system
# bus, and the answers, but for the first ones, of which dbus-daemon approves
by_kernel_alone() {
	calls=$(count calls system) returns=$(count returns system)
	ok "20 calls of $1" /usr/lib/vmtest/calls 20 "$@"
	calls=$(($(count calls system) - calls)) returns=$(($(count returns system) - returns))
	ok "of which the module has delivered $calls, and $returns answers" \
		test $calls -ge 15 -a $returns -ge 15
}

# The services of each machine, which are programs with sd-bus and GDBus.
users_of_system() {
	call system org.freedesktop.login1 /org/freedesktop/login1 \
		org.freedesktop.login1.Manager.ListUsers &&
	call system org.freedesktop.PolicyKit1 /org/freedesktop/PolicyKit1/Authority \
		org.freedesktop.DBus.Introspectable.Introspect &&
	call system org.freedesktop.NetworkManager /org/freedesktop/NetworkManager \
		org.freedesktop.NetworkManager.GetDevices
}

# user_of_session: systemd of the user, which is sd-bus
users_of_session() {
	call session org.freedesktop.systemd1 /org/freedesktop/systemd1 \
		org.freedesktop.systemd1.Manager.ListUnits
}

# On a busy machine a service may have its name some time before its objects.
works() {
	ok "multi-user.target is reached" systemctl is-active multi-user.target
	ok "the system bus works" driver system
	ok "logind, polkit and NetworkManager answer" patiently users_of_system
	ok "the session bus works" patiently driver session
	ok "the user's systemd answers" patiently users_of_session
}

one_line() {
	lines=$(journalctl -b -o cat | grep "the $1 bus is plain: ")
	echo "$lines"
	[ "$(echo "$lines" | grep -c .)" = 1 ]
}

reason() {
	case $1 in
	system) cat /run/kdbus/system.reason ;;
	session) cat /run/user/1000/kdbus/session.reason ;;
	esac
}

# why system|session: what kdbusctl says about that bus
why() {
	kdbusctl status --json | /usr/bin/python3 -c 'import json, sys
print("\n".join(bus["why"] for bus in json.load(sys.stdin)["buses"]
                if bus["bus"] == sys.argv[1]))' "$1"
}

# has_mend: does kdbusctl name a command for a cause, and not only for a bus?
has_mend() {
	kdbusctl doctor --json | /usr/bin/python3 -c 'import json, sys
mends = [check["mend"] for check in json.load(sys.stdin)["checks"]
         if check["result"] != "ok" and check["mend"] and not check["bus"]]
print("\n".join(mends))
sys.exit(not mends)'
}

# is_plain system|session REGEX [OTHER-REGEX]: for that reason; kdbusctl says so, too, or
# what matches the other
is_plain() {
	ok "the $1 bus is plain" no test -n "$(count daemon "$1")"
	ok "one line in the journal says why the $1 bus is plain" one_line "$1"
	# shellcheck disable=SC2016
	ok "the reason is the expected one" sh -c 'echo "$1"; echo "$1" | grep -qE "$2"' sh \
		"$(journalctl -b -o cat | sed -n "s/^the $1 bus is plain: //p")" "$2"
	# shellcheck disable=SC2016
	ok "kdbusctl status says so" sh -c 'echo "$1"; echo "$1" | grep -qE "^$2"' sh \
		"$(why "$1")" "${3:-it is plain: .*$2}"
}

# is_off system|session: because it is not enabled
is_off() {
	ok "the $1 bus is not on kdbus" no test -n "$(count daemon "$1")"
}

one_switched_off() {
	lines=$(journalctl -b -o cat | grep "so it is switched off")
	echo "$lines"
	[ "$(echo "$lines" | grep -c .)" = 1 ]
}

is_on() {
	ok "the $1 bus is on kdbus" test -n "$(count daemon "$1")"
	ok "no line says that the $1 bus is plain" no one_line "$1"
}
