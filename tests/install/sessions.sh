# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by check: sessions that begin in a way of their own, and what takes too long.
# shellcheck disable=SC2016,SC2154 # what is quoted is for the machine; check has the rest

# The directory is full before her systemd starts.
case_session_full() {
	wants session-full || return 0
	conclude "the directory of a session is full" booted --early='
		full=/run/user/%i/full
		printf "%s\n" "[Service]" "ExecStartPre=+-/bin/dd if=/dev/zero of=$full bs=4k" \
			"ExecStartPost=+/bin/rm $full" \
			>/usr/lib/systemd/system/user@.service.d/test.conf
		systemctl daemon-reload' '
		works
		# There was no room to leave kdbusctl a word.
		is_plain session "cannot write" "it will be on kdbus from the next login"
		is_on system'
}

# modprobe does not come back: the units are given up, each with the time that it has.
case_timeout() {
	wants timeout || return 0
	conclude "loading the module takes too long" booted \
		--early='echo "install kdbus /bin/sleep 1000" >/etc/modprobe.d/test.conf' '
		ok "the session begins" patiently systemctl is-active user@1000.service
		works
		is_plain system "\(timeout\)"
		is_plain session "\(timeout\)"'
}

# Without lingering, her systemd comes and goes with her.
case_login() {
	wants login || return 0
	conclude "a session bus is on kdbus from the next login" booted --early='
		rm /var/lib/systemd/linger/alice \
			/etc/systemd/user/sockets.target.wants/kdbus-session-bus.service' '
		# login NUMBER
		login() {
			systemd-run -q --unit="login-$1" -p User=alice -p PAMName=login sleep 1000
			ok "login $1" patiently users_of_session
		}
		ok "nobody has a session" no test -e /run/user/1000
		login 1
		is_off session
		ok "alice enables hers" as_alice kdbusctl enable session
		is_off session
		ok "she leaves" systemctl stop login-1
		ok "and her systemd" patiently no test -e /run/user/1000
		login 2
		works
		is_on session
		is_on system'
}

# As soon as there is a socket, and before most services
case_early() {
	wants early || return 0
	conclude "the system bus is used as soon as there is its socket" booted --early='
		systemd-run --no-block --unit=early-user -p DefaultDependencies=no \
			-p Wants=dbus.socket -p After=dbus.socket -p Before=multi-user.target \
			-p Type=oneshot -p RemainAfterExit=yes busctl list' '
		ok "it got an answer" sh -c "journalctl -b -o cat -u early-user |
			grep org.freedesktop.DBus"
		works
		is_on system'
}

cases_sessions() {
	case_session_full
	case_timeout
	case_login
	case_early
}
