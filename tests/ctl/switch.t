#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "kdbusctl enable" and "disable" change what the next boot and the next login
# do, and leave no trace when they are undone.  In a root without anything that
# runs: systemctl is the real one.
. "$(dirname "$0")/lib.sh"
mkdir -p "$top/build/ctl"
flock "$top/build/ctl" make -s -C "$top/src/ctl" >&2 || exit

if [ "$(id -u)" != 0 ]; then
	echo "1..0 # SKIP only root switches buses in a root directory"
	exit
fi
export HOME=/users/me
unset XDG_CONFIG_HOME XDG_RUNTIME_DIR

ctl() {
	"$top/build/ctl/kdbusctl" --root="$root" "$@"
}

system_link=/etc/systemd/system/sysinit.target.wants/kdbus-system-bus.service
session_link=/etc/systemd/user/sockets.target.wants/kdbus-session-bus.service

machine() {
	local unit
	put /usr/lib/systemd/system/kdbus-system-bus.service \
		"[Service]" ExecStart=/bin/true "[Install]" WantedBy=sysinit.target
	put /usr/lib/systemd/user/kdbus-session-bus.service \
		"[Service]" ExecStart=/bin/true "[Install]" WantedBy=sockets.target
	put /usr/lib/systemd/system/dbus.socket "[Socket]" ListenStream=/run/x
	mkdir -p "$root"/etc/systemd/{system,user} "$root/var/lib"
	for unit in system user; do
		put /usr/lib/systemd/$unit/dbus-daemon.service \
			"[Service]" ExecStart=/bin/true "[Install]" Alias=dbus.service
		put /usr/lib/systemd/$unit/dbus-broker.service \
			"[Service]" ExecStart=/bin/true "[Install]" Alias=dbus.service
	done
}

fedora() {
	machine
	systemctl --quiet --root="$root" enable dbus-broker.service
	systemctl --quiet --root="$root" --global enable dbus-broker.service
}

# As Debian has it: dbus.service is dbus-daemon's, and dbus-broker's alias hides it.
debian() {
	local unit
	machine
	for unit in system user; do
		rm "$root/usr/lib/systemd/$unit/dbus-daemon.service"
		put /usr/lib/systemd/$unit/dbus.service "[Service]" ExecStart=/bin/true
	done
	systemctl --quiet --root="$root" enable dbus-broker.service
	systemctl --quiet --root="$root" --global enable dbus-broker.service
}

# everything: names of all files, and where links point
everything() {
	(cd "$root" && find . -mindepth 1 -printf '%y %p %l\n' | sort)
}

# What polkit has granted is for the running system, not for a tree of the user's.
test_pkexec_and_a_root() {
	machine
	ctl enable system
	PKEXEC_UID=1000 status_of ctl disable system
	equal 1 "$status"
	contains "$said" "pkexec cannot run it"
	[ -L "$root$system_link" ]
}

# Nor is it if kdbus-rollback gets the name of the tree.
test_pkexec_and_a_root_for_rollback() {
	local option
	for option in "--root $root" "--root=$root"; do
		# shellcheck disable=SC2086 # two words, or one
		PKEXEC_UID=1000 status_of "$top/build/ctl/kdbusctl" rollback -- --purge $option
		equal 1 "$status"
		equal "kdbusctl: with --root, only root may do that, and not by pkexec" "$said"
	done
}

test_system() {
	machine
	ctl enable system
	[ -L "$root$system_link" ]
	[ ! -e "$root$session_link" ]
	ctl enable system
	ctl disable system
	[ ! -L "$root$system_link" ]
	ctl disable system
}

test_all() {
	machine
	ctl enable --all
	[ -L "$root$system_link" ]
	[ -L "$root$session_link" ]
	equal "true true" "$(ctl status --json | jq -r '.buses[0].enabled | "\(.) \(.)"')"
	ctl disable --all
	[ ! -L "$root$system_link" ]
	[ ! -L "$root$session_link" ]
}

test_answer_in_json() {
	machine
	ctl enable --all --json >"$root/answer"
	equal "true true true" "$(jq -r '"\(.system) \(.session_of_all) \(.problems | length > 0)"' "$root/answer")"
	ctl disable session --json >"$root/answer"
	equal "null false" "$(jq -r '"\(.system) \(.session_of_all)"' "$root/answer")"
}

test_says_what_is_wrong() {
	machine
	contains "$(ctl enable system)" "system bus: switched on from the next boot"
	contains "$(ctl enable system)" "dbus-daemon is the distribution's"
}

# So is what somebody wanted so, or what the machine may have enrolled.
test_says_what_keeps_it_plain() {
	machine
	put /proc/cmdline "quiet kdbus=off"
	contains "$(ctl enable system)" "but so far, the kernel's command line has kdbus=off"
	contains "$(ctl enable system --json | jq -r '.problems | join(" ")')" "kdbus=off"
	put /run/systemd/container docker
	contains "$(ctl enable system)" "but so far, this is a container"
	rm "$root/run/systemd/container"
	put /proc/sys/kernel/osrelease 1.2.3
	put /lib/modules/1.2.3/updates/dkms/kdbus.ko
	put /sys/module/module/parameters/sig_enforce Y
	put /bin/modinfo "#!/bin/sh" "echo somebody"
	chmod 755 "$root/bin/modinfo"
	PATH=$root/bin:$PATH status_of ctl enable system
	contains "$said" "the module is signed by 'somebody', which this machine has to have"
	contains "$said" "mokutil --import"
	# What can be lived with is for doctor.
	equal "$said" "${said#*not loaded}"
}

test_not_installed() {
	status_of ctl enable system
	equal 1 "$status"
	contains "$said" "kdbus-system-bus.service is not installed"
}

test_masked() {
	machine
	ln -s /dev/null "$root/etc/systemd/system/kdbus-system-bus.service"
	ln -s /dev/null "$root/etc/systemd/user/kdbus-session-bus.service"
	ctl enable --all
	[ ! -L "$root/etc/systemd/system/kdbus-system-bus.service" ]
	[ ! -L "$root/etc/systemd/user/kdbus-session-bus.service" ]
	[ -L "$root$system_link" ]
	[ -L "$root$session_link" ]
}

# as_user COMMAND...: of these units, with a home directory and no session
as_user() {
	mkdir -p "$root/home"
	chmod 755 "$root" "${root%/*}"
	chown nobody "$root/home"
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount sh -ec 'for dir in etc/systemd/user usr/lib/systemd/user; do
			mount --bind "$1/$dir" "/$dir"
		done
		export HOME="$1/home" XDG_RUNTIME_DIR="$1/none"
		unset XDG_CONFIG_HOME
		shift
		exec setpriv --reuid=nobody --clear-groups "$@"' sh "$root" "$@"
}

test_masked_by_the_user() {
	machine
	local units=$root/home/.config/systemd/user
	cp "$top/build/ctl/kdbusctl" "$root/"
	as_user mkdir -p "$units"
	as_user ln -s /dev/null "$units/kdbus-session-bus.service"
	as_user "$root/kdbusctl" enable session
	[ ! -L "$units/kdbus-session-bus.service" ]
	[ -L "$units/sockets.target.wants/kdbus-session-bus.service" ]
}

# Whoever has not switched it on alone hears what does.
test_disabled_by_a_user_and_on_for_all() {
	machine
	cp "$top/build/ctl/kdbusctl" "$root/"
	as_user "$root/kdbusctl" enable session
	as_user "$root/kdbusctl" disable session
	ctl enable session
	status_of as_user "$root/kdbusctl" disable session
	equal 1 "$status"
	contains "$said" "on for all users, so yours stays on"
	contains "$said" "sudo kdbusctl disable session --global"
	equal "$said" "${said#*switched off}"
	status_of as_user "$root/kdbusctl" disable session --json
	equal 1 "$status"
	contains "$said" '"error": "session buses are switched on for all users'
	# The other way that it names works.
	as_user systemctl --user mask kdbus-session-bus.service
	as_user "$root/kdbusctl" disable session
	ctl disable session
	as_user "$root/kdbusctl" enable session
	as_user "$root/kdbusctl" disable session
}

# What a user has switched on, root may switch off with the command that it is told.
test_disabled_for_all_and_on_for_a_user() {
	machine
	local link=$root/home/.config/systemd/user/sockets.target.wants/kdbus-session-bus.service
	cp "$top/build/ctl/kdbusctl" "$root/"
	as_user "$root/kdbusctl" enable session
	status_of ctl disable --all
	equal 0 "$status"
	contains "$said" "users who have switched on their own keep it"
	[ -L "$link" ]
	# shellcheck disable=SC2046 # words
	systemctl --root="$root" $(sed -n 's/.*as well: systemctl //p' <<<"$said")
	equal "" "$(ctl disable --all | grep 'keep it' || :)"
	status_of as_user "$root/kdbusctl" enable session
	equal 1 "$status"
	contains "$said" "the administrator has masked"
	ctl enable session
	as_user "$root/kdbusctl" enable session
}

test_failed_boots_are_forgotten() {
	machine
	put /var/lib/kdbus/boot-count 2
	put /run/kdbus/off "two boots have failed"
	ctl enable system
	[ ! -e "$root/var/lib/kdbus/boot-count" ]
	[ ! -e "$root/run/kdbus/off" ]
}

test_broker_stays_unless_told() {
	local bus
	fedora
	everything >"$root.before"
	for bus in system session; do
		status_of ctl enable $bus
		equal 1 "$status"
		contains "$said" "kdbusctl enable $bus --replace-dbus-broker"
	done
	status_of ctl enable --all
	equal 1 "$status"
	everything | diff "$root.before" -
}

test_broker_replaced_and_back() {
	fedora
	everything >"$root.before"
	ctl enable system --replace-dbus-broker
	equal /usr/lib/systemd/system/dbus-daemon.service \
		"$(readlink "$root/etc/systemd/system/dbus.service")"
	equal /usr/lib/systemd/user/dbus-broker.service \
		"$(readlink "$root/etc/systemd/user/dbus.service")"
	equal dbus-daemon "$(ctl status --json | jq -r '.buses[0].broker')"
	# Not even twice loses what it was.
	ctl enable --all --replace-dbus-broker
	equal /usr/lib/systemd/user/dbus-daemon.service \
		"$(readlink "$root/etc/systemd/user/dbus.service")"
	ctl enable --all
	ctl disable --all
	find "$root" -depth \( -name '*.wants' -o -path '*/var/lib/kdbus' \) -empty -delete
	everything | diff "$root.before" -
}

# hidden_and_back COMMAND...: that brings it back
hidden_and_back() {
	local kind
	debian
	everything >"$root.before"
	ctl enable --all --replace-dbus-broker
	for kind in system user; do
		[ ! -L "$root/etc/systemd/$kind/dbus.service" ]
		equal /usr/lib/systemd/$kind/dbus-broker.service \
			"$(cat "$root"/var/lib/kdbus/replaced-broker.$kind)"
	done
	equal dbus-daemon "$(ctl status --json | jq -r '.buses[0].broker')"
	"$@"
	find "$root" -depth \( -name '*.wants' -o -path '*/var/lib/kdbus' \) -empty -delete
	everything | diff "$root.before" -
}

test_broker_that_hides_the_daemon_and_disabled() {
	hidden_and_back ctl disable --all
}

# Without --purge, a mask is all that stays.
rolled_back() {
	sh "$top/scripts/kdbus-rollback" --root="$root"
	rm "$root/etc/systemd/user/kdbus-session-bus.service"
}

test_broker_that_hides_the_daemon_and_rolled_back() {
	hidden_and_back rolled_back
}

# remove_package: as dpkg does it, without a systemd that could be asked
remove_package() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount sh -ec 'for dir in etc/systemd usr/lib/systemd var/lib; do
			mount --bind "$1/$dir" "/$dir"
		done
		mount -t tmpfs none /run
		export PATH="$2/build/ctl:$PATH"
		sh "$2/debian/kdbus.prerm" remove' sh "$root" "$top"
}

# running COMMAND...: where systemd seems to run; $root/asked is what it was asked to do
running() {
	put /bin/systemctl "#!/bin/sh" "echo \"\$*\" >>$root/asked" \
		"[ \"\$1\" != show ] || { cat $root/runs; exit; }" \
		"[ \"\$1\" != daemon-reload ] || exit 0" \
		"PATH=/usr/bin:/bin SYSTEMD_OFFLINE=1 exec systemctl \"\$@\""
	chmod 755 "$root/bin/systemctl"
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount sh -ec 'for dir in etc/systemd usr/lib/systemd var/lib; do
			mount --bind "$1/$dir" "/$dir"
		done
		mount -t tmpfs none /run
		mkdir -p /run/systemd/system
		: >/run/systemd/private
		export PATH="$1/bin:$2/build/ctl:$PATH"
		shift 2
		"$@"' sh "$root" "$top" "$@"
}

# A systemd that reads its units again, and finds dbus.service to be another one than
# the one that runs, leaves the bus.
test_nothing_is_read_again() {
	local lines
	fedora
	echo dbus-broker.service >"$root/runs"
	contains "$(running kdbusctl enable --all --replace-dbus-broker)" \
		"restart the machine soon"
	contains "$(running kdbusctl disable --all)" "restart the machine soon"
	lines=$(wc -l <"$root/asked")
	[ "$lines" -ge 8 ]
	equal "$lines" "$(grep -c -e '--no-reload' "$root/asked")"
}

test_nothing_is_read_again_for_a_user() {
	machine
	mkdir -p "$root/home"
	: >"$root/asked"
	cp "$top/build/ctl/kdbusctl" "$root/"
	chmod 755 "$root" "${root%/*}"
	chown nobody "$root/home" "$root/asked"
	running setpriv --reuid=nobody --clear-groups env HOME="$root/home" \
		XDG_RUNTIME_DIR="$root/none" "$root/kdbusctl" enable session
	contains "$(cat "$root/asked")" "--no-reload --user enable"
	contains "$(cat "$root/asked")" "--no-reload --user unmask"
}

# With what is left to systemd by the package itself.
test_removed_before_the_broker_is_back() {
	local unit
	for unit in dbus.service dbus-broker.service; do
		rm -rf "${root:?}"/*
		debian
		ctl enable system --replace-dbus-broker
		echo $unit >"$root/runs"
		running sh "$top/debian/kdbus.prerm" remove
		running sh "$top/debian/kdbus.postrm" remove
		equal "$unit $([ $unit = dbus.service ] && echo 0 || echo 1)" \
			"$unit $(grep -c daemon-reload "$root/asked")"
	done
}

test_broker_that_hides_the_daemon_and_removed() {
	local kind
	debian
	ctl enable --all --replace-dbus-broker
	remove_package
	[ ! -L "$root$system_link" ]
	[ ! -L "$root$session_link" ]
	for kind in system user; do
		contains "$(readlink "$root/etc/systemd/$kind/dbus.service")" \
			"/lib/systemd/$kind/dbus-broker.service"
		[ ! -e "$root/var/lib/kdbus/replaced-broker.$kind" ]
	done
}

# Somebody has removed the package meanwhile.  An alias of nothing is no bus.
broker_gone() {
	local kind
	fedora
	ctl enable --all --replace-dbus-broker
	rm "$root"/usr/lib/systemd/*/dbus-broker.service
	"$@"
	[ ! -L "$root$system_link" ]
	[ ! -L "$root$session_link" ]
	for kind in system user; do
		equal /usr/lib/systemd/$kind/dbus-daemon.service \
			"$(readlink "$root/etc/systemd/$kind/dbus.service")"
		[ ! -e "$root/var/lib/kdbus/replaced-broker.$kind" ]
	done
}

test_broker_gone_and_disabled() {
	broker_gone ctl disable --all
}

test_broker_gone_and_rolled_back() {
	broker_gone sh "$top/scripts/kdbus-rollback" --root="$root"
}

# broker_masked: for fear that it might be used.  An alias of that is no bus either.
broker_masked() {
	fedora
	ctl enable --all --replace-dbus-broker
	ln -s /dev/null "$root/etc/systemd/user/dbus-broker.service"
}

test_broker_masked_and_rolled_back() {
	broker_masked
	sh "$top/scripts/kdbus-rollback" --root="$root"
	equal /usr/lib/systemd/user/dbus-daemon.service \
		"$(readlink "$root/etc/systemd/user/dbus.service")"
	equal /usr/lib/systemd/system/dbus-broker.service \
		"$(readlink "$root/etc/systemd/system/dbus.service")"
}

# What is wrong with one bus is no reason to leave the other switched on.
test_disable_goes_on() {
	broker_masked
	status_of ctl disable --all
	equal 1 "$status"
	contains "$said" "cannot enable dbus-broker.service"
	[ ! -L "$root$session_link" ]
	[ ! -L "$root$system_link" ]
	equal /usr/lib/systemd/system/dbus-broker.service \
		"$(readlink "$root/etc/systemd/system/dbus.service")"
}

# The kernel's file refuses all of them here; each has to be tried.
test_fastpath_goes_on() {
	put /net/kdbus "bus 1 owner 0 fastpath on path /x/1" "bus 2 owner 0 fastpath on path /x/2"
	# shellcheck disable=SC2016 # for the inner shell
	status_of unshare --mount sh -c 'mount --bind "$1" /proc && mount -o remount,bind,ro /proc &&
		"$2" --json fastpath off --all' sh "$root" "$top/build/ctl/kdbusctl"
	equal 1 "$status"
	contains "$said" "fast path of the bus 1"
	contains "$said" "kdbusctl: cannot switch the fast path of the bus 2"
	equal 1 "$(grep -c '"error"' <<<"$said")"
}

# nothing_changes ARG...: "kdbusctl enable" fails, and all is as before
nothing_changes() {
	everything >"$root.before"
	status_of ctl enable "$@"
	equal 1 "$status"
	find "$root" -depth \( -name '*.wants' -o -path '*/var/lib/kdbus' \) -empty -delete
	everything | diff "$root.before" -
}

test_broker_stays_without_our_unit() {
	fedora
	rm "$root/usr/lib/systemd/system/kdbus-system-bus.service"
	nothing_changes system --replace-dbus-broker
}

test_sessions_stay_if_the_system_bus_does() {
	machine
	rm "$root/usr/lib/systemd/system/kdbus-system-bus.service"
	nothing_changes --all
}

test_broker_of_sessions_stays_if_the_system_bus_does() {
	fedora
	rm "$root/usr/lib/systemd/system/kdbus-system-bus.service"
	nothing_changes --all --replace-dbus-broker
	# What was switched on before stays so.
	ctl enable session --replace-dbus-broker
	nothing_changes --all
}

test_no_daemon_to_replace_it() {
	fedora
	rm "$root/usr/lib/systemd/system/dbus-daemon.service"
	status_of ctl enable system --replace-dbus-broker
	equal 1 "$status"
	contains "$said" "install dbus-daemon"
}

# Where nobody may go into the checkout.
copy_for_others() {
	chmod 755 "${root%/*}"
	cp "$top/build/ctl/kdbusctl" "$root.kdbusctl"
}

# Somebody else than root cannot, and hears what would.
test_plain_user() {
	copy_for_others
	status_of setpriv --reuid=65534 --regid=65534 --clear-groups \
		"$root.kdbusctl" --root="$root" enable system
	equal 1 "$status"
	contains "$said" "only root may do that"
}

test_plain_user_without_polkit() {
	copy_for_others
	status_of setpriv --reuid=65534 --regid=65534 --clear-groups \
		env PATH=/nowhere "$root.kdbusctl" disable system
	equal 1 "$status"
	contains "$said" "as root it works without: sudo kdbusctl disable system"
}

# with_programs COMMAND...: and those of $root/sbin for all of /usr/sbin
with_programs() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount sh -ec 'mount --bind "$1/sbin" /usr/sbin && shift && exec "$@"' \
		sh "$root" "$@"
}

# rollback_of STATUS: two lines and an empty one, and what is wrong
rollback_of() {
	put /sbin/kdbus-rollback "#!/bin/sh" 'echo "kdbus-rollback: one"' echo \
		'echo "kdbus-rollback: [$*]"' "echo trouble >&2" "exit $1"
	chmod 755 "$root/sbin/kdbus-rollback"
}

# polkit_grants COMMAND: whatever kdbusctl asks for; then COMMAND says what root does
polkit_grants() {
	copy_for_others
	mkdir -p "$root/bin"
	put /bin/pkexec "#!/bin/sh" "shift" "echo \"\$*\" >>$root/asked" "$1"
	chmod 755 "$root" "$root/bin/pkexec"
	: >"$root/asked"
	chmod 666 "$root/asked"
}

# by_a_user ARG...: kdbusctl, and that pkexec is the only one there
by_a_user() {
	setpriv --reuid=65534 --regid=65534 --clear-groups \
		env PATH="$root/bin:$PATH" "$root.kdbusctl" "$@"
}

# What root's kdbusctl says is said, and not once more.
test_asked_of_polkit_and_said_once() {
	local verb
	polkit_grants 'echo "root: $*"'
	for verb in enable disable; do
		equal "root: $verb system" "$(by_a_user $verb system)"
		equal "root: $verb session --global" "$(by_a_user $verb session --global)"
		# One question is enough.
		equal "root: $verb --all --global" "$(by_a_user $verb --all --global)"
		equal "root: $verb --all --global" "$(by_a_user $verb system session --global)"
		equal "$([ $verb = enable ] && echo true || echo false)" \
			"$(by_a_user $verb system --json | jq -r .system)"
	done
	equal "root: enable --all --global --replace-dbus-broker" \
		"$(by_a_user enable --all --global --replace-dbus-broker)"
	equal 11 "$(wc -l <"$root/asked")"
}

# Of two buses, the user's own is not root's to speak of.
test_asked_of_polkit_for_one_of_two() {
	machine
	polkit_grants 'echo "root: $*"'
	cp "$top/build/ctl/kdbusctl" "$root/"
	equal "root: enable system|session bus: switched on from the next login" \
		"$(as_user env PATH="$root/bin:$PATH" "$root/kdbusctl" enable --all | paste -sd '|')"
	equal "root: disable system|session bus: switched off from the next login" \
		"$(as_user env PATH="$root/bin:$PATH" "$root/kdbusctl" disable --all | paste -sd '|')"
	polkit_grants "exit 126"
	status_of as_user env PATH="$root/bin:$PATH" "$root/kdbusctl" enable --all
	equal 1 "$status"
	contains "$said" "sudo kdbusctl enable system"
	equal "" "$(find "$root/home" -name 'kdbus-*')"
}

test_rollback_in_json() {
	local of='"\(.rolled_back) \(.error) \(.output | join("|"))"'
	rollback_of 0
	equal "true null kdbus-rollback: one||kdbus-rollback: [--purge]" \
		"$(with_programs "$top/build/ctl/kdbusctl" --json rollback -- --purge | jq -r "$of")"
	contains "$(with_programs "$top/build/ctl/kdbusctl" rollback -- --purge)" "rollback: [--purge]"
	rollback_of 1
	status_of with_programs "$top/build/ctl/kdbusctl" --json rollback
	equal 1 "$status"
	contains "$said" trouble
	contains "$said" "kdbusctl: kdbus-rollback has failed with status 1"
	equal "false kdbus-rollback has failed with status 1 kdbus-rollback: one||kdbus-rollback: []" \
		"$(sed -n '/^{/,$p' <<<"$said" | jq -r "$of")"
}

# Nobody takes that for polkit's refusal, which has the status of what is not found.
test_rollback_that_is_not_there() {
	local answer
	mkdir "$root/sbin"
	status_of with_programs "$top/build/ctl/kdbusctl" rollback
	equal 1 "$status"
	contains "$said" "/usr/sbin/kdbus-rollback could not be run"
	answer=$(with_programs "$top/build/ctl/kdbusctl" --json rollback 2>/dev/null) || status=$?
	equal 1 "$status"
	contains "$(jq -r .error <<<"$answer")" "/usr/sbin/kdbus-rollback could not be run"
	# As a script does of which not all is there
	rollback_of 127
	status_of with_programs "$top/build/ctl/kdbusctl" rollback -- --purge
	equal 1 "$status"
}

# A user gets from polkit what root gets: the program alone says what it was.
test_rollback_that_has_failed_by_a_user() {
	polkit_grants "exit 1"
	status_of by_a_user rollback
	equal "1 " "$status $said"
	polkit_grants "exit 2"
	status_of by_a_user rollback -- --pruge
	equal "2 " "$status $said"
}

test_rollback_in_json_by_a_user() {
	polkit_grants 'echo "kdbus-rollback: one"'
	equal '{"rolled_back":true,"output":["kdbus-rollback: one"]}' \
		"$(by_a_user --json rollback -- --purge | jq -c .)"
	equal "rollback -- --purge" "$(cat "$root/asked")"
	equal "kdbus-rollback: one" "$(by_a_user rollback)"
	polkit_grants "exit 127"
	status_of by_a_user --json rollback -- --purge
	equal 1 "$status"
	contains "$said" "sudo kdbusctl rollback -- --purge"
	equal 1 "$(grep -c '"error"' <<<"$said")"
}

# Who asks what it does has not done it, and needs nobody's leave.
test_rollback_help_in_json() {
	local option
	polkit_grants "echo root"
	install -D "$top/scripts/kdbus-rollback" "$root/sbin/kdbus-rollback"
	for option in --help -h; do
		equal "false true" "$(with_programs setpriv --reuid=65534 --regid=65534 --clear-groups \
			env PATH="$root/bin:$PATH" "$root.kdbusctl" --json rollback -- --purge $option |
			jq -r '"\(.rolled_back) \(.output[0] | startswith("kdbus-rollback [--purge]"))"')"
	done
	equal "" "$(cat "$root/asked")"
}

main "$@"
