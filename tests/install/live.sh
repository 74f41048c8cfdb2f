# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by check: packages that come while the machine runs, and both its buses.
# shellcheck disable=SC2016,SC2154 # what is quoted is for the machine; check has the rest

# install_module: and nothing else, while the machine is off, as it takes a compiler
install_module() {
	install_packages kdbus-dkms
	in_root sh -c '. "$0"
		ok "DKMS has built the module" sh -c "ls /lib/modules/*/updates/dkms/kdbus.ko*"
		ok "it brings no program" no test -e /usr/bin/kdbusctl
		ok "nor another dbus" no sh -c "dpkg-query -W dbus-daemon | grep kdbus"' \
		/in-machine.sh
}

# next_dbus: where the machine, when it runs, finds the distribution's next update
next_dbus() {
	dpkg-deb -x "$repository/pool/$suite"/kdbus-dbus-stock_*.deb "$work/stock" &&
		newer_dbus "$machine/share/new" "$work/stock/var/lib/kdbus/stock"
}

upgrade_live() {
	booted --keep '
		works
		ok "apt install kdbus" apt-get -q -y install kdbus
		ok "the patched dbus came along" sh -c "dpkg-query -W dbus-daemon | grep kdbus"
		ok "nothing is left unconfigured" test -z "$(dpkg --audit)"
		works
		ok "the module is not loaded" no test -e /sys/module/kdbus
		ok "enable both buses" kdbusctl enable --all
		ok "nothing happens before the next boot" no test -e /sys/module/kdbus'
	next_dbus || echo "there is no newer dbus"
	booted --keep "$both_on"'
		echo "deb [trusted=yes] file:/host/new ./" >/etc/apt/sources.list.d/new.list
		ok "apt update" apt-get -q update
		ok "apt upgrade" apt-get -q -y upgrade
		ok "the newer dbus is there" no sh -c "dpkg-query -W dbus-daemon libdbus-1-3 |
			grep kdbus"
		ok "nothing is left unconfigured" test -z "$(dpkg --audit)"
		works
		ok "the session again" users_of_session
		is_on system
		is_on session'
	booted '
		works
		is_plain system "missing: dbus-daemon"
		is_plain session "missing: dbus-daemon"'
}

case_live() {
	wants live || return 0
	new_machine "$work/live" "$suite" || exit
	conclude "the module alone" install_module
	conclude "kdbus, and then a newer dbus, are installed while both buses run" upgrade_live
	machine=$work/machine
}
