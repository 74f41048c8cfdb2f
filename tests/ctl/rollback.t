#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kdbus-rollback in a Debian 12 machine with the real dbus packages: after it, no
# file differs from those of a machine that never had kdbus, even if it was
# killed at any of its commands and run again.
#
# KDBUS_KILL_EVERY=N kills it at every N-th command (default 15), and at the last.
if [ -z "${ROLLBACK_NAMESPACE:-}" ]; then
	if [ "$(id -u)" != 0 ]; then
		echo "1..0 # SKIP only root can make such a machine"
		exit
	fi
	ROLLBACK_NAMESPACE=1 exec "$(dirname "$0")/../../scripts/own-mounts" "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
layers=$(mktemp -d)
mount -t tmpfs -o size=2g rollback "$layers"
"$top/tests/ctl/rollback-root" "$layers" >&2 || {
	echo "Bail out! there is no machine to roll back"
	exit 1
}

# What external commands go through: counted, and fatal at the one that is set.
# Children are killed as well, as they are if somebody pulls the plug.
make_wrappers() {
	local command
	mkdir -p "$layers/base/wrap"
	for command in awk cat chmod chroot cp cut depmod dpkg dpkg-deb dpkg-query \
		getent grep id ln mkdir mv readlink rm rmdir rmmod sed setsid sort timeout tr; do
		cat >"$layers/base/wrap/$command" <<-EOW
			#!/bin/sh
			PATH=/usr/sbin:/usr/bin:/sbin:/bin
			echo >>/tmp/count
			stop=\$(cat /tmp/stop)
			# Two at a time may both see the later number.
			[ "\$stop" = 0 ] || [ "\$(wc -l </tmp/count)" -lt "\$stop" ] || {
				case $command in
				dpkg) $command "\$@" & sleep 0.\$stop ;;
				esac
				kill -KILL -\$(cat /tmp/group)
			}
			exec $command "\$@"
		EOW
		chmod 755 "$layers/base/wrap/$command"
	done
}
make_wrappers

# machine NAME: a machine of its own that has kdbus, at $machine
machine() {
	machine=$layers/$1.merged changes=$layers/$1.upper
	mkdir "$machine" "$changes" "$layers/$1.work"
	mount -t overlay rollback -o \
		"lowerdir=$layers/kdbus:$layers/base,upperdir=$changes,workdir=$layers/$1.work" \
		"$machine"
	[ -e "$machine/usr/lib/systemd/system/kdbus-system-bus.service" ]
}

drop() {
	umount "$machine"
	rm -rf "$machine" "$changes" "$layers/$1.work"
}

# rollback ARG...: found as the user's shell would
rollback() {
	# shellcheck disable=SC2016 # for the inner shell
	chroot "$machine" sh -c 'PATH=/usr/local/sbin:/usr/sbin:/usr/bin
		p=$(command -v kdbus-rollback) || exit 0
		exec sh "$p" "$@"' sh "$@"
}

# killed_rollback N: at its N-th command; 0 lets it come to its end
killed_rollback() {
	echo "$1" >"$machine/tmp/stop"
	: >"$machine/tmp/count"
	# shellcheck disable=SC2016 # for the inner shell
	setsid -w chroot "$machine" sh -c 'echo $$ >/tmp/group
		KDBUS_ROLLBACK_PATH=/wrap exec sh /usr/sbin/kdbus-rollback --purge' \
		>"$machine/tmp/log" 2>&1 || :
	if grep -q "kdbus is gone" "$machine/tmp/log"; then
		[ "$1" = 0 ]
	else
		[ "$1" != 0 ]
	fi || {
		sed 's/^/# /' "$machine/tmp/log"
		echo "# it was to be killed at command $1"
		return 1
	}
}

# what PATH: what it is, and a hash of what is in it
what() {
	if [ -L "$1" ]; then
		readlink "$1"
	elif [ -f "$1" ]; then
		case $1 in
		# dpkg writes its packages in any order.
		*/var/lib/dpkg/status) sort "$1" | sha256sum ;;
		*) stat -c '%f %u %g' "$1" && sha256sum <"$1" ;;
		esac
	elif [ -e "$1" ]; then
		stat -c '%f %u %g' "$1"
	else
		echo nothing
	fi
}

# Is everything as on the machine that never had kdbus?  Only what has changed in
# a layer can differ.
is_pristine() {
	local path a b differences=0
	while IFS= read -r path; do
		case $path in
		var/log/* | var/cache/* | var/lib/dpkg/*-old | var/lib/dpkg/lock* | \
			var/lib/dpkg/triggers/Lock | tmp/*)
			continue
			;;
		esac
		a=$(what "$layers/base/$path") b=$(what "$machine/$path")
		[ "$a" = "$b" ] || {
			printf '# %s: %s, not %s\n' "$path" "$b" "$a"
			differences=$((differences + 1))
		}
	done < <({ cd "$layers/kdbus" && find . -mindepth 1
		cd "$changes" && find . -mindepth 1; } | sed 's#^\./##' | sort -u |
		grep -vE '^(run|run/.*)$')
	[ "$differences" = 0 ]
}

# Without --purge packages stay, and work; switched on is nothing.
test_switches() {
	machine switches
	rollback
	rollback
	equal /dev/null "$(readlink "$machine/etc/systemd/user/kdbus-session-bus.service")"
	rm "$machine/etc/systemd/user/kdbus-session-bus.service"
	[ -z "$(find "$machine/etc" "$machine/users" "$machine/run" -name '*kdbus*' ! -path '*/run/kdbus*' ! -type d ! -path '*dbus.service.d*' ! -path '*/run/user/1001/kdbus' | sed 's/^/# left: /' | tee /dev/stderr)" ]
	[ ! -e "$machine/run/kdbus/dbus.env" ]
	[ ! -e "$machine/var/lib/kdbus/boot-count" ]
	equal /usr/lib/systemd/system/dbus-broker.service \
		"$(readlink "$machine/etc/systemd/system/dbus.service")"
	contains "$(chroot "$machine" dpkg-query -W dbus-daemon)" kdbus1
	[ -e "$machine/usr/sbin/kdbus-rollback" ]
	drop switches
}

# systemd_runs UNIT [dead]: a systemd whose dbus.service that is; what it is asked to
# do is in $machine/tmp/asked
systemd_runs() {
	mkdir -p "$machine/run/systemd"
	: >"$machine/run/systemd/private"
	cat >"$machine/usr/local/sbin/systemctl" <<-EOS
		#!/bin/sh
		echo "\$*" >>/tmp/asked
		case \$* in
		*FragmentPath*) echo /usr/lib/systemd/system/$1 ;;
		*Id*) echo $1 ;;
		*is-active*) [ -z "${2:-}" ] ;;
		esac
	EOS
	chmod 755 "$machine/usr/local/sbin/systemctl"
	: >"$machine/tmp/asked"
}

# A systemd that reads its units again, and finds dbus.service to be another one than
# the one that runs, leaves the bus.
test_nothing_is_read_again() {
	machine reload
	systemd_runs dbus.service
	rollback >"$machine/tmp/first"
	# Nor if nothing is left to be done.
	rollback >"$machine/tmp/second"
	equal 0 "$(grep -c daemon-reload "$machine/tmp/asked")"
	contains "$(cat "$machine/tmp/first")" "restart the machine soon"
	contains "$(cat "$machine/tmp/second")" "restart the machine soon"
	systemd_runs dbus-broker.service
	rollback >"$machine/tmp/third"
	equal 1 "$(grep -c daemon-reload "$machine/tmp/asked")"
	equal 0 "$(grep -c restart "$machine/tmp/third")"
	drop reload
}

# As in a rescue shell, from which the boot may go on.
test_no_bus_runs() {
	machine rescue
	systemd_runs dbus-daemon.service dead
	rollback >"$machine/tmp/first"
	equal 1 "$(grep -c daemon-reload "$machine/tmp/asked")"
	[ ! -e "$machine/run/systemd/system.control" ]
	equal 0 "$(grep -c restart "$machine/tmp/first")"
	drop rescue
}

# Beside dbus-broker's unit, that of dbus-daemon can be held until the next boot.
# Fedora's package manager makes systemd read its units again in any case.
test_bus_is_held() {
	local held
	machine held
	held=$machine/run/systemd/system.control/dbus.service
	systemd_runs dbus-daemon.service
	rollback >"$machine/tmp/first"
	equal /usr/lib/systemd/system/dbus-daemon.service "$(readlink "$held")"
	equal /usr/lib/systemd/system/dbus-broker.service \
		"$(readlink "$machine/etc/systemd/system/dbus.service")"
	equal 1 "$(grep -c daemon-reload "$machine/tmp/asked")"
	equal 0 "$(grep -c restart "$machine/tmp/first")"
	drop held
}

test_purge() {
	machine purge
	status_of rollback --purge
	equal 0 "$status"
	[ "${said#*the next upgrade}" = "$said" ]
	is_pristine
	drop purge
}

# What the user had removed, before kdbus or since, does not come back.
# shellcheck disable=SC2016 # dpkg-query's
test_purge_with_removed_packages() {
	local state each='${Package} ${db:Status-Abbrev}${Version}\n'
	machine removed
	chroot "$machine" sh -c 'set -e
		dpkg --force-depends -i /var/lib/kdbus/stock/dbus-user-session_*.deb
		dpkg --force-depends --remove dbus-user-session dbus kdbus-dkms'
	state=$(chroot "$machine" dpkg-query -W -f "$each" dbus dbus-user-session)
	# One patched and one not
	grep -q '^dbus rc .*kdbus1' <<<"$state"
	contains "$state" "dbus-user-session rc "
	status_of rollback --purge
	equal 0 "$status" "$said"
	contains "$said" "kdbus is gone"
	equal "$state" "$(chroot "$machine" dpkg-query -W -f "$each" dbus dbus-user-session)"
	equal "" "$(chroot "$machine" dpkg-query -W -f "$each" | grep ^kdbus)"
	drop removed
}

# apt knows what a repository is, whatever its file is called.
test_purge_warns_of_repositories() {
	local lists sources
	machine repository
	lists=$machine/var/lib/apt/lists sources=$machine/etc/apt/sources.list.d
	mkdir -p "$lists"
	echo "Origin: kdbus" >"$lists/_some_where_dists_bookworm_InRelease"
	echo "Origin: kdbus" >"$lists/host_apt_dists_bookworm_Release"
	echo "Origin: Debian" >"$lists/mirror_debian_dists_bookworm_InRelease"
	echo "deb [trusted=yes] file:///some/where bookworm main" >"$sources/a.list"
	printf 'Types: deb\nURIs: http://host/apt/\nSuites: bookworm\n' >"$sources/b.sources"
	echo "deb http://mirror/debian bookworm main" >"$sources/c.list"
	echo "# deb file:/some/where bookworm main, for kdbus" >"$sources/d.list"
	status_of rollback
	[ "${said#*the next upgrade}" = "$said" ]
	status_of rollback --purge
	equal 0 "$status"
	equal "/etc/apt/sources.list.d/a.list /etc/apt/sources.list.d/b.sources" \
		"$(sed -n 's/.*remove the repository of kdbus from: //p' <<<"$said")"
	drop repository
}

# A user who has switched his session off by a mask need not remember it, and had
# nothing of systemd before.
test_purge_of_a_users_mask() {
	machine users
	local units=$machine/users/alice/.config/systemd/user
	ln -s /dev/null "$units/kdbus-session-bus.service"
	ln -s /dev/null "$units/other.service"
	rollback
	[ -L "$units/kdbus-session-bus.service" ]
	rollback --purge
	equal other.service "$(ls "$units")"
	rm "$units/other.service"
	rollback_again
	[ -d "$machine/users/alice" ] && [ ! -e "$machine/users/alice/.config" ]
	drop users
}

# The program itself is gone by now.
rollback_again() {
	sh "$top/scripts/kdbus-rollback" --root "$machine" --purge
}

# Where the packages are rpm's, dpkg may be one of them, with books of its own.
test_purge_beside_a_foreign_dpkg() {
	machine foreign
	: >"$machine/var/lib/dpkg/status"
	printf '#!/bin/sh\necho "rpm $*" >>/tmp/asked\n' >"$machine/usr/local/bin/rpm"
	chmod 755 "$machine/usr/local/bin/rpm"
	status_of rollback --purge
	contains "$(cat "$machine/tmp/asked")" "rpm -q"
	drop foreign
}

# Before it is known whose the packages are, nothing that was kept may go.
test_purge_without_a_package_manager() {
	machine neither
	: >"$machine/var/lib/dpkg/status"
	mkdir -p "$machine/usr/lib/kdbus/stock"
	: >"$machine/usr/lib/kdbus/stock/kept.rpm"
	status_of rollback --purge
	equal 1 "$status"
	contains "$said" "neither dpkg nor rpm"
	[ -e "$machine/usr/lib/kdbus/stock/kept.rpm" ]
	drop neither
}

test_purge_from_outside() {
	machine outside
	sh "$top/scripts/kdbus-rollback" --root "$machine" --purge
	rm -rf "$machine/run"
	is_pristine
	drop outside
}

test_purge_without_stock() {
	machine nothing
	rm -r "$machine/var/lib/kdbus/stock"
	status_of rollback --purge
	equal 1 "$status"
	contains "$said" "nothing was kept to replace these with: dbus "
	[ ! -e "$machine/etc/systemd/system/sysinit.target.wants/kdbus-system-bus.service" ]
	# The rest of the story, when it is there.
	chroot "$machine" dpkg-query -W dbus-daemon | grep -q kdbus1
	mkdir -p "$machine/var/lib/kdbus/stock"
	cp "$layers/kdbus/var/lib/kdbus/stock"/*.deb "$machine/var/lib/kdbus/stock/"
	rollback --purge
	is_pristine
	drop nothing
}

# A broken file, as a full disk or somebody else's lock: what was kept stays until
# it has been installed, and so does what installs it.
test_purge_that_cannot_install() {
	local stock
	machine lock
	stock=$(echo "$machine"/var/lib/kdbus/stock/libdbus-1-3_*_amd64.deb)
	mv "$stock" "$machine/tmp/"
	# What dpkg reads first is whole.
	head -c 9000 "$machine/tmp/${stock##*/}" >"$stock"
	status_of rollback --purge
	equal 1 "$status"
	contains "$said" "dpkg could not install"
	[ -e "$stock" ]
	contains "$(chroot "$machine" dpkg-query -s kdbus-dbus-stock)" "ok installed"
	[ ! -e "$machine/lib/modules/6.1.0-1-amd64/updates/dkms/kdbus.ko" ]
	mv "$machine/tmp/${stock##*/}" "$stock"
	rollback --purge
	is_pristine
	drop lock
}

# Neither /usr/local/sbin nor what is kept can be used: the program stays, and is the
# one that the message names.
test_purge_that_cannot_keep_a_copy() {
	local sbin stock
	machine copy
	sbin=$machine/usr/local/sbin
	mount --bind "$sbin" "$sbin"
	mount -o remount,bind,ro "$sbin"
	stock=$(echo "$machine"/var/lib/kdbus/stock/libdbus-1-3_*_amd64.deb)
	cp "$stock" "$machine/tmp/"
	head -c 9000 "$machine/tmp/${stock##*/}" >"$stock"
	status_of rollback --purge
	umount "$sbin"
	equal 1 "$status"
	contains "$said" "cannot copy this program"
	contains "$said" "run kdbus-rollback --purge again"
	[ -x "$machine/usr/sbin/kdbus-rollback" ]
	mv "$machine/tmp/${stock##*/}" "$stock"
	rollback --purge
	is_pristine
	drop copy
}

# Not every home directory can be seen, so nobody's session is on, and one command
# is enough to have it again.
test_mask() {
	machine mask
	local mask=$machine/etc/systemd/user/kdbus-session-bus.service
	mv "$machine/users/alice" "$machine/users/.alice"
	status_of rollback
	equal 0 "$status"
	contains "$said" "kdbusctl enable session"
	equal /dev/null "$(readlink "$mask")"
	status_of rollback --purge
	equal 0 "$status"
	[ ! -L "$mask" ]
	drop mask
}

# own_unit WHAT: an administrator has his own where the mask would be
own_unit() {
	status_of rollback
	equal 1 "$status"
	contains "$said" "cannot mask kdbus-session-bus.service"
	equal "# mine" "$(cat "$unit")" "$1"
	rollback --purge
	equal "# mine" "$(cat "$unit")" "$1"
}

test_mask_and_a_unit_of_the_administrators() {
	machine own
	local unit=$machine/etc/systemd/user/kdbus-session-bus.service
	echo "# mine" >"$unit"
	own_unit file
	drop own
}

test_mask_and_a_linked_unit_of_the_administrators() {
	machine linked
	local unit=$machine/etc/systemd/user/kdbus-session-bus.service
	echo "# mine" >"$machine/users/mine.service"
	ln -s ../../../users/mine.service "$unit"
	own_unit link
	drop linked
}

# A user may have made links to anywhere, and as root they would be followed.
test_links_in_home() {
	machine links
	local units=$machine/users/alice/.config/systemd/user system=$machine/usr/lib/systemd/system
	mkdir -p "$system/multi-user.target.wants" "$units/a.target.wants"
	ln -s ../kdbus-mine.service "$system/multi-user.target.wants/"
	ln -s /usr/lib/systemd/system/multi-user.target.wants "$units/x.target.wants"
	chown -hR 1001:1001 "$machine/users/alice"
	# It is the user's own thing to keep these elsewhere.
	mv "$machine/users/alice/.config" "$machine/users/config"
	ln -s /users/config "$machine/users/alice/.config"
	status_of rollback
	equal 0 "$status"
	[ -L "$system/multi-user.target.wants/kdbus-mine.service" ]
	contains "$said" "cannot remove"
	[ ! -e "$machine/users/config/systemd/user/sockets.target.wants" ]
	status_of rollback --purge
	equal 0 "$status"
	[ -L "$system/multi-user.target.wants/kdbus-mine.service" ]
	drop links
}

# Nor may what a user has made keep all the others waiting.
test_odd_things_in_runtime_directory() {
	machine runtime
	local dir=$machine/run/user/1001
	rm -rf "$dir"
	mkdir -p "$dir/kdbus/dbus.env/x" "$dir/bus.kdbus/x" "$machine/run/user/1002"
	ln -s /users/theirs "$machine/run/user/1002/kdbus"
	mkdir "$machine/users/theirs"
	echo theirs >"$machine/users/theirs/dbus.env"
	: >"$machine/run/user/1002/bus.kdbus"
	chown -hR 1001:1001 "$dir"
	chown -hR 1002:1002 "$machine/run/user/1002"
	status_of rollback --purge
	equal 0 "$status" "$said"
	contains "$said" " /run/user/1001/bus.kdbus"
	[ -e "$machine/users/theirs/dbus.env" ]
	[ ! -e "$machine/run/user/1002/bus.kdbus" ]
	drop runtime
}

# listed_bus PATH OWNER: one more in the list of the module
listed_bus() {
	local module=$machine/proc/net/kdbus id=1
	mkdir -p "${module%/*}"
	[ ! -e "$module" ] || id=$(($(wc -l <"$module") + 1))
	echo "bus $id owner $2 fastpath on peers 2 calls 3 path $1" >>"$module"
}

# The module may refuse; what else there is to do is done nevertheless.
test_bus_that_stays_on() {
	machine stays
	local module=$machine/proc/net/kdbus
	mkdir -p "${module%/*}"
	echo "bus 7 owner 0 fastpath on peers 2 path /run/dbus/system_bus_socket.kdbus" >"$module"
	mount --bind "$module" "$module"
	mount -o remount,bind,ro "$module"
	status_of rollback
	umount "$module"
	equal 1 "$status"
	contains "$said" "goes on to carry the messages of the bus at /run/dbus/"
	[ ! -L "$machine/etc/systemd/system/sysinit.target.wants/kdbus-system-bus.service" ]
	status_of rollback
	equal 0 "$status"
	equal "7 fastpath off" "$(cat "$module")"
	drop stays
}

# Any user can have a bus, and choose its path.
test_bus_that_is_called_like_a_file() {
	machine called
	local module=$machine/proc/net/kdbus
	mkdir -p "${module%/*}"
	echo "bus 7 owner 0 fastpath on peers 2 path /etc/important.kdbus" >"$module"
	echo mine >"$machine/etc/important.kdbus"
	status_of rollback
	equal 0 "$status"
	equal mine "$(cat "$machine/etc/important.kdbus")"
	drop called
}

# bus_socket PATH OWNER: of a bus in the module, the socket being a user's
bus_socket() {
	root=$machine put_socket "$1"
	chown -h "$2:$2" "$machine$1"
	listed_bus "$1" "$2"
}

# What leads elsewhere leads nowhere that its owner could not go, and is no failure.
test_sockets_of_others() {
	machine others
	listed_bus "/run/mine path /usr/lib/theirs.kdbus" 1001
	bus_socket /users/alice/bus.kdbus 1001
	root=$machine put_socket /usr/lib/theirs.kdbus
	listed_bus "/users/alice/link/theirs.kdbus" 1001
	ln -s /usr/lib "$machine/users/alice/link"
	listed_bus "not a path" 1001
	chown 1001:1001 "$machine/users/alice"
	status_of rollback
	equal 0 "$status" "$said"
	[ -S "$machine/usr/lib/theirs.kdbus" ]
	[ ! -e "$machine/users/alice/bus.kdbus" ]
	contains "$said" "cannot remove /users/alice/link/theirs.kdbus"
	# The file is none of the kernel's, so it has the last one that was written.
	equal "4 fastpath off" "$(cat "$machine/proc/net/kdbus")"
	drop others
}

# Of a user whom only the directory of his company knows, no file says so.
test_unlisted_user() {
	machine unlisted
	local wants="$machine/home/corp/dave/.config/systemd/user/sockets.target.wants"
	mkdir -p "$wants"
	ln -s /usr/lib/systemd/user/kdbus-session-bus.service "$wants/"
	status_of rollback
	equal 0 "$status"
	[ ! -L "$wants/kdbus-session-bus.service" ]
	drop unlisted
}

# dead_mount DIR: a file system that never answers, as one of a network may not.
# The file descriptor is open as long as somebody is to answer.
dead_mount() {
	mkdir -p "$1"
	mount -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0,allow_other dead "$1" 9<&9
}

# dead_rollback MOUNT [ARG]...: as long as that does not answer
dead_rollback() {
	exec 9<>/dev/fuse
	dead_mount "$1"
	status_of timeout -s KILL 100 chroot "$machine" sh /usr/sbin/kdbus-rollback "${@:2}"
	umount -l "$1"
	exec 9<&-
}

# What can be done is done.
test_homes_that_do_not_answer() {
	machine dead
	local wants="$machine/home/corp/dave/.config/systemd/user/sockets.target.wants"
	mkdir -p "$wants"
	ln -s /usr/lib/systemd/user/kdbus-session-bus.service "$wants/"
	dead_rollback "$machine/home/erin"
	equal 0 "$status"
	[ ! -L "$wants/kdbus-session-bus.service" ]
	equal /dev/null "$(readlink "$machine/etc/systemd/user/kdbus-session-bus.service")"
	dead_rollback "$machine/home" --purge
	equal 0 "$status"
	contains "$said" "kdbus is gone"
	drop dead
}

# Any user can have as many as he likes; what matters is done before that.
test_sockets_that_do_not_answer() {
	local id
	machine silent
	for id in 1 2 3 4 5 6; do
		listed_bus "/net/far/$id.kdbus" 1001
	done
	dead_rollback "$machine/net/far"
	equal 0 "$status" "$said"
	equal "6 fastpath off" "$(cat "$machine/proc/net/kdbus")"
	[ ! -e "$machine/run/user/1001/kdbus/dbus.env" ]
	[ -z "$(find "$machine/users" -name '*.wants')" ]
	drop silent
}

# Even if somebody loses patience and kills it, the next boot is right.
test_runtime_directories_that_do_not_answer() {
	local link=etc/systemd/system/sysinit.target.wants/kdbus-system-bus.service pid
	machine runtimes
	exec 9<>/dev/fuse
	dead_mount "$machine/run/user/1002"
	chroot "$machine" sh /usr/sbin/kdbus-rollback >"$machine/tmp/log" 2>&1 9<&- &
	pid=$!
	sleep 3
	kill -KILL $pid
	wait $pid || :
	umount -l "$machine/run/user/1002"
	exec 9<&-
	[ ! -L "$machine/$link" ]
	equal /dev/null "$(readlink "$machine/etc/systemd/user/kdbus-session-bus.service")"
	equal /usr/lib/systemd/system/dbus-broker.service \
		"$(readlink "$machine/etc/systemd/system/dbus.service")"
	drop runtimes
}

test_no_purge_of_what_is_not_there() {
	machine never
	umount "$machine"
	mount --bind "$layers/base" "$machine"
	sh "$top/scripts/kdbus-rollback" --root "$machine" --purge
	drop never
}

# kill_points: one in so many, and all near the end, where there is least left of
# what another run would need
kill_points() {
	local every=${KDBUS_KILL_EVERY:-15} count at
	machine count >&2
	killed_rollback 0 >&2 || exit
	count=$(wc -l <"$machine/tmp/count")
	drop count >&2
	for ((at = 1; at <= count; at++)); do
		((at % every && at < count - 10)) || echo "$at"
	done
}

test_killed_at_any_command() {
	local at points
	points=$(kill_points)
	for at in $points; do
		machine "kill$at"
		killed_rollback "$at"
		rollback --purge >"$machine/tmp/log" 2>&1 || {
			sed 's/^/# /' "$machine/tmp/log"
			echo "# killed at $at: the next run has failed"
			return 1
		}
		is_pristine || {
			echo "# killed at $at: not everything is as it was"
			return 1
		}
		drop "kill$at"
	done
	[ "$(wc -w <<<"$points")" -ge 12 ]
}

# By no name may it take the running system for the one that was meant.
test_odd_roots() {
	local link=etc/systemd/system/sysinit.target.wants/kdbus-system-bus.service
	machine odd
	status_of rollback --root ""
	equal 2 "$status"
	contains "$said" "empty name"
	status_of rollback --root=
	equal 2 "$status"
	mkdir -p "$machine/-/etc" "$machine/-x/etc"
	status_of rollback --root -
	equal 0 "$status"
	status_of rollback --root=-x
	equal 0 "$status"
	[ -L "$machine/$link" ]
	rollback --root=/
	[ ! -L "$machine/$link" ]
	drop odd
}

test_bad_command_lines() {
	status_of sh "$top/scripts/kdbus-rollback" --pruge
	equal 2 "$status"
	status_of sh "$top/scripts/kdbus-rollback" --root
	equal 2 "$status"
	status_of sh "$top/scripts/kdbus-rollback" --root /nowhere
	equal 2 "$status"
	status_of setpriv --reuid=65534 --regid=65534 --clear-groups \
		sh -s -- --purge <"$top/scripts/kdbus-rollback"
	equal 1 "$status"
	contains "$said" "only root"
}

main "$@"
