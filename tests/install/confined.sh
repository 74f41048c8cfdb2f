# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by check: programs that AppArmor confines.  The kernel knows the module's
# address family as "ash", which had its number.
# shellcheck disable=SC2016 # what is quoted is for the machine

# systemd refuses to start anything with a profile that is not loaded.
use_profiles='
	# profile NAME RULES
	profile() {
		printf "%s\n" "abi <abi/3.0>," "include <tunables/global>" \
			"profile kdbus-$1 {" "signal," "$2" "}" | apparmor_parser -r -K
	}
	# confined NAME [OPTION]... COMMAND [ARG]...: in her session
	confined() {
		profile=kdbus-$1
		shift
		systemd-run -q --wait --pipe --collect --uid=alice -p AppArmorProfile=$profile \
			-E XDG_RUNTIME_DIR=/run/user/1000 \
			-E DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus "$@"
	}
	native() {
		echo $(($(count peers session) - $(count attached session)))
	}
	has_name() {
		call session org.freedesktop.DBus / org.freedesktop.DBus.GetNameOwner \
			string:org.example.Echo
	}
	# serve NAME native|attached: until serve_no_more
	serve() {
		native=$(native) attached=$(count attached session)
		confined $1 --unit=server /usr/bin/python3 /host/echo serve &
		ok "$1: it has a name" patiently has_name
		native=$(($(native) - native)) attached=$(($(count attached session) - attached))
		case $2 in
		native) ok "and is native" test "$native $attached" = "1 0" ;;
		attached) ok "and is attached" test "$native $attached" = "0 1" ;;
		esac
	}
	serve_no_more() {
		systemctl stop server
		ok "it goes" patiently no has_name
	}
	# speak NAME
	speak() {
		calls=$(count calls session) returns=$(count returns session)
		ok "100 calls of it by $1" confined $1 /usr/bin/python3 /host/echo call 100
		calls=$(($(count calls session) - calls))
		returns=$(($(count returns session) - returns))
		ok "of which the module has delivered $calls, and $returns answers" \
			test $calls -ge 95 -a $returns -ge 95
	}'

# "unix" may not have the socket, "blind" may not read of what family it is, "native" may
# have no other, and "system" and "session" have what profiles of programs have that are
# to talk to a bus: rules to which the package kdbus adds.
case_confined() {
	wants confined || return 0
	conclude "what AppArmor confines is attached, or native if its profile says dbus" \
		booted "$use_profiles"'
		works
		is_on session
		usual="include <abstractions/base>
			/usr/** rmix, /etc/** r, /host/** r, owner /proc/*/** r,"
		ok "profiles" profile unix "file, network unix,"
		ok "without the file" profile blind "file, network, deny /sys/module/kdbus/** r,"
		ok "native alone" profile native "file, network ash stream,"
		ok "the session bus" profile session "$usual
			include <abstractions/dbus-session-strict>"
		ok "the system bus" profile system "$usual
			include <abstractions/dbus-strict>
			network unix, /run/user/** rw,"
		serve unix attached
		speak unix
		# Who may have no unix socket writes into one, and reads of one that may have
		# no other.
		speak native
		serve_no_more
		ok "the kernel has said no" sh -c "dmesg |
			grep -E \"DENIED.*operation=.create.*profile=.kdbus-unix.*family=.ash\""
		serve blind attached
		speak blind
		serve_no_more
		for p in native session system; do
			serve $p native
			speak $p
			serve_no_more
		done'
}
