#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What kdbus-switch counts of boots with kdbus, and that it switches everything off
# after two that have not come up.  In a root directory, and without a systemd that
# could be asked; systemctl changes links there.
if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP only root can be without systemd"
	exit
fi
# shellcheck disable=SC2016 # for the inner shell
if [ -z "${BOOTS_NAMESPACE:-}" ]; then
	BOOTS_NAMESPACE=1 exec "$(dirname "$0")/../../scripts/own-mounts" \
		sh -c 'mount -t tmpfs none /run && exec "$0" "$@"' "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"

system_link=/etc/systemd/system/sysinit.target.wants/kdbus-system-bus.service
session_link=/etc/systemd/user/sockets.target.wants/kdbus-session-bus.service
session_unit=/etc/systemd/user/kdbus-session-bus.service

# machine [COMMAND-LINE]: one with both buses switched on
machine() {
	put /proc/cmdline "quiet ${1:-}"
	put /usr/lib/systemd/system/kdbus-system-bus.service \
		"[Service]" ExecStart=/bin/true "[Install]" WantedBy=sysinit.target
	put /usr/lib/systemd/user/kdbus-session-bus.service \
		"[Service]" ExecStart=/bin/true "[Install]" WantedBy=sockets.target
	mkdir -p "$root"/etc/systemd/{system,user} "$root/var/lib/kdbus"
	systemctl --quiet --root="$root" enable kdbus-system-bus.service
	systemctl --quiet --root="$root" --global enable kdbus-session-bus.service
}

# switch VERB...: in that root
switch() {
	KDBUS_SWITCH_ROOT=$root sh "$top/scripts/kdbus-switch" "$@"
}

boot_count() {
	cat "$root/var/lib/kdbus/boot-count" 2>/dev/null || echo none
}

test_two_boots() {
	machine
	switch guard
	equal 1 "$(boot_count)"
	switch guard
	equal 2 "$(boot_count)"
	[ ! -e "$root/run/kdbus/off" ]
	contains "$(switch guard)" "two boots with kdbus have not reached multi-user.target"
	contains "$(cat "$root/run/kdbus/off")" "two boots"
	equal none "$(boot_count)"
	[ ! -L "$root$system_link" ]
	[ ! -L "$root$session_link" ]
	# Users may have enabled theirs.
	equal /dev/null "$(readlink "$root$session_unit")"
}

# Switching off for good takes an /etc that can be written.  Until then, each boot
# is plain, not only every third.
test_two_boots_and_etc_read_only() {
	machine
	put /var/lib/kdbus/boot-count 2
	mount --bind "$root/etc" "$root/etc"
	mount -o remount,bind,ro "$root/etc"
	status_of switch guard
	equal 1 "$status"
	rm -r "$root/run/kdbus"
	contains "$(switch guard || :)" "two boots with kdbus"
	contains "$(cat "$root/run/kdbus/off")" "two boots"
	[ ! -e "$root/run/kdbus/counted" ]
	umount "$root/etc"
	switch guard
	equal none "$(boot_count)"
	[ ! -L "$root$system_link" ]
}

test_two_boots_and_no_directory_of_units() {
	machine
	put /var/lib/kdbus/boot-count 2
	rm -r "$root/etc/systemd/user"
	switch guard
	equal /dev/null "$(readlink "$root$session_unit")"
	equal none "$(boot_count)"
}

# A unit file of the administrator's own is nothing to be overwritten.
test_two_boots_and_a_unit_of_the_administrators() {
	machine
	put /var/lib/kdbus/boot-count 2
	put "$session_unit" "# mine"
	status_of switch guard
	equal 1 "$status"
	equal "# mine" "$(cat "$root$session_unit")"
	[ -e "$root/run/kdbus/off" ]
	[ ! -L "$root$session_link" ]
}

test_a_good_boot() {
	machine
	switch guard
	switch guard
	switch guard-ok
	equal none "$(boot_count)"
	switch guard
	equal 1 "$(boot_count)"
	[ -L "$root$system_link" ]
}

test_no_kdbus_or_no_boot_at_all() {
	local line
	for line in kdbus=off single systemd.unit=rescue.target emergency; do
		machine $line
		switch guard
		equal none "$(boot_count)" "$line"
	done
}

# Neither comes to multi-user.target: offline updates, and a new labelling.
test_boots_that_are_no_failures() {
	local at
	machine
	put /sys/fs/selinux/enforce 1
	for at in system-update etc/system-update .autorelabel; do
		put /var/lib/kdbus/boot-count 2
		ln -s /var/not/mounted "$root/$at"
		[ $at != .autorelabel ] || { rm "$root/$at" && : >"$root/$at"; }
		switch guard
		equal 2 "$(boot_count)" "$at"
		[ -L "$root$system_link" ]
		contains "$(says_of_system)" "the system bus is plain: the dbus packages"
		rm "$root/$at" "$root/run/kdbus/counted"
	done
	put /proc/cmdline "quiet autorelabel=1"
	switch guard
	equal 2 "$(boot_count)" autorelabel=1
}

# The file may be there for years where nothing labels files.
test_stale_file_for_labels() {
	machine
	: >"$root/.autorelabel"
	switch guard
	equal 1 "$(boot_count)"
}

test_nonsense_in_the_file() {
	machine
	put /var/lib/kdbus/boot-count "some garbage"
	switch guard
	equal 1 "$(boot_count)"
}

test_cannot_be_counted() {
	machine
	rmdir "$root/var/lib/kdbus"
	put /var/lib/kdbus "not a directory"
	switch guard
	contains "$(cat "$root/run/kdbus/off")" "cannot write"
	[ ! -e "$root/run/kdbus/counted" ]
}

# says_of_system: why it would be plain, by its unit
says_of_system() {
	put /usr/lib/systemd/system/dbus.service "[Service]"
	switch start system
}

# What switched it off had no room to say why.
test_off_without_a_word() {
	machine
	switch guard
	: >"$root/run/kdbus/off"
	contains "$(says_of_system)" "the system bus is plain: it has been switched off"
}

# A guard that was killed, is masked or could not write anything has said nothing.
test_guard_that_did_not_run() {
	machine
	contains "$(says_of_system)" "the system bus is plain: this boot could not be counted"
	switch guard
	contains "$(says_of_system)" "the system bus is plain: the dbus packages"
}

test_guard_has_nothing_to_count_in_rescue() {
	machine single
	switch guard
	contains "$(says_of_system)" "the system bus is plain: the dbus packages"
}

# A session may begin before the boot is over, with the system bus plain.
test_session_of_a_boot_that_cannot_be_counted() {
	machine
	switch module 0
	contains "$(cat "$root/run/kdbus/module.reason")" "could not be counted"
}

test_session_that_is_masked() {
	machine
	ln -s /dev/null "$root$session_unit"
	switch module 0
	[ ! -e "$root/run/kdbus/module.reason" ]
}

# has_all: all it takes but the module
has_all() {
	machine
	put /run/kdbus/counted ""
	put /usr/lib/kdbus/dbus-daemon.patched 1
	put /usr/lib/kdbus/libdbus.patched 1
	put /usr/lib/systemd/system/dbus.service "[Service]"
}

# Of what stands in for the module modprobe says nothing, and succeeds.
test_another_command_for_the_module() {
	has_all
	mount -t tmpfs none /etc/modprobe.d
	echo 'install kdbus /bin/true' >/etc/modprobe.d/test.conf
	contains "$(switch start system)" \
		"the system bus is plain: modprobe's configuration has '/bin/true' in the place of the module"
	contains "$(cat "$root/run/kdbus/module.reason")" "/bin/true"
	echo 'options kdbus family=18' >>/etc/modprobe.d/test.conf
	contains "$(switch start system)" "modprobe's configuration has"
	umount /etc/modprobe.d
}

# says_with_kmod WORDS PLACEHOLDER REASON: if that is what modprobe says, and what
# modinfo says of a placeholder
says_with_kmod() {
	# shellcheck disable=SC2016 # for the script
	put /kmod '#!/bin/sh' 'case ${0##*/} in' \
		"modprobe) echo \"modprobe: ERROR: could not insert 'kdbus': $1\" >&2; exit 1 ;;" \
		"modinfo) [ \"\$2\" != placeholder ] || echo ${2:-} ;;" "esac"
	chmod +x "$root/kmod"
	mount --bind "$root/kmod" "$(readlink -f /usr/sbin/modprobe)"
	status_of switch start system
	umount "$(readlink -f /usr/sbin/modprobe)"
	contains "$said" "the system bus is plain: $3"
}

# Some placeholders load and say so, others are no modules to the kernel.
test_placeholder() {
	local words
	has_all
	for words in "No such device" "Exec format error" "Invalid module format" \
		"Key was rejected by service"; do
		says_with_kmod "$words" Y "the module could not be built for Linux $(uname -r)"
	done
	says_with_kmod "Exec format error" "" "the module kdbus was built for another kernel"
}

# failed_by RESULT WHAT: as systemd runs it after what did not end by itself, or did
failed_by() {
	SERVICE_RESULT=$1 XDG_RUNTIME_DIR=$root/run/user switch failed "$2"
}

test_what_takes_too_long() {
	local what="it could not be found out what it takes"
	has_all
	put /run/kdbus/dbus.env KDBUS_LISTEN=auto
	put /run/user/kdbus/dbus.env KDBUS_LISTEN=auto
	equal "<4>the system bus is plain: $what (timeout)" "$(failed_by timeout system)"
	equal "$what (timeout)" "$(cat "$root/run/kdbus/system.reason")"
	[ ! -e "$root/run/kdbus/dbus.env" ]
	[ -e "$root/run/user/kdbus/dbus.env" ]
	equal "<4>the session bus is plain: $what (signal)" "$(failed_by signal session)"
	equal "$what (signal)" "$(cat "$root/run/user/kdbus/session.reason")"
	[ ! -e "$root/run/user/kdbus/dbus.env" ]
	[ ! -e "$root/run/kdbus/module.reason" ]
}

# It is said by the session's unit.
test_module_that_takes_too_long() {
	has_all
	put /usr/lib/systemd/user/dbus.service "[Service]"
	equal "" "$(failed_by timeout module)"
	[ ! -e "$root/run/kdbus/system.reason" ]
	equal "<4>the session bus is plain: the module kdbus could not be loaded (timeout)" \
		"$(XDG_RUNTIME_DIR=$root/run/user switch start session)"
}

test_nothing_took_too_long() {
	local what
	has_all
	put /run/kdbus/dbus.env KDBUS_LISTEN=auto
	put /run/user/kdbus/dbus.env KDBUS_LISTEN=auto
	for what in system session module; do
		equal "" "$(failed_by success $what)"
	done
	[ -e "$root/run/kdbus/dbus.env" ]
	[ -e "$root/run/user/kdbus/dbus.env" ]
	[ ! -e "$root/run/kdbus/system.reason" ]
	[ ! -e "$root/run/kdbus/module.reason" ]
	[ ! -e "$root/run/user/kdbus/session.reason" ]
}

# The module would be the host's.
test_container() {
	has_all
	put /run/systemd/container lxc
	put /sys/module/kdbus/parameters/family 18
	rm "$root/run/kdbus/counted"
	switch guard
	equal none "$(boot_count)"
	equal "<4>the system bus is plain: this is a container" "$(switch start system)"
	[ ! -e "$root/run/kdbus/dbus.env" ]
	switch module 0
	[ ! -e "$root/run/kdbus/module.reason" ]
	equal "<4>the session bus is plain: this is a container" \
		"$(XDG_RUNTIME_DIR=$root/run/user switch start session)"
}

main "$@"
