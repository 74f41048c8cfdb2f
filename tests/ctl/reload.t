#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The scripts of the package kdbus let systemd read its units again, but for where it
# would take the bus that runs for another one, and leave it.
if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP only root can have other units"
	exit
fi
# shellcheck disable=SC2016 # for the inner shell
if [ -z "${RELOAD_NAMESPACE:-}" ]; then
	RELOAD_NAMESPACE=1 exec "$(dirname "$0")/../../scripts/own-mounts" \
		sh -c 'mount -t tmpfs none /run && mount -t tmpfs none /etc/systemd &&
			exec "$0" "$@"' "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"

# machine NEXT RUNS: the units that serve the next boot and this one
machine() {
	rm -rf /etc/systemd/system
	mkdir -p /run/systemd/system /etc/systemd/system
	: >"/etc/systemd/system/$1"
	[ "$1" = dbus.service ] || ln -s "$1" /etc/systemd/system/dbus.service
	put /bin/systemctl '#!/bin/sh' "echo \"\$*\" >>'$root/asked'" \
		"case \$* in *Id*) echo $2 ;; esac"
	chmod +x "$root/bin/systemctl"
}

# reloads SCRIPT VERB: how often
reloads() {
	: >"$root/asked"
	PATH=$root/bin:$PATH sh "$top/debian/kdbus.$1" "$2"
	grep -c daemon-reload "$root/asked" || :
}

test_the_bus_that_runs_comes_next() {
	local unit
	for unit in dbus.service dbus-broker.service; do
		machine $unit $unit
		equal 1 "$(reloads postinst configure)" "$unit"
		equal 1 "$(reloads postrm remove)" "$unit"
	done
}

test_another_bus_comes_next() {
	machine dbus-broker.service dbus.service
	equal 0 "$(reloads postinst configure)"
	equal 0 "$(reloads postrm remove)"
	machine dbus.service dbus-broker.service
	equal 0 "$(reloads postinst configure)"
}

test_no_systemd() {
	machine dbus.service dbus.service
	rmdir /run/systemd/system
	equal 0 "$(reloads postinst configure)"
	equal 0 "$(reloads postrm remove)"
}

main "$@"
