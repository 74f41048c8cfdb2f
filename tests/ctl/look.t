#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What kdbusctl says of systems that are directories, as it does of a system that
# does not come up: "kdbusctl --root".
. "$(dirname "$0")/lib.sh"
mkdir -p "$top/build/ctl"
flock "$top/build/ctl" make -s -C "$top/src/ctl" >&2 || exit

me=$(id -u)
export XDG_RUNTIME_DIR=/run/user/$me HOME=/users/me
unset XDG_CONFIG_HOME DBUS_KDBUS

ctl() {
	"$top/build/ctl/kdbusctl" --root="$root" "$@"
}

# query FILTER COMMAND...: of its answer in JSON
query() {
	local filter=$1
	shift
	{ ctl --json "$@" || :; } | jq -r "$filter"
}

# problems: the names of checks that find one
problems() {
	query '[.checks[] | select(.result == "problem") | .check] | join(" ")' doctor
}

# finding CHECK KEY
finding() {
	query ".checks[] | select(.check == \"$1\") | .$2" doctor
}

# Everything in place, nothing switched on, Debian
machine() {
	local release=6.1.0-9-amd64
	put /proc/sys/kernel/osrelease $release
	put /proc/cmdline "BOOT_IMAGE=/vmlinuz root=/dev/sda1 quiet"
	put /proc/net/unix "Num       RefCount Protocol Flags    Type St Inode Path"
	put /var/lib/dpkg/status
	put /usr/lib/kdbus/dbus-daemon.patched 1.14.10-1kdbus1
	put /usr/lib/kdbus/libdbus.patched 1.14.10-1kdbus1
	put /usr/lib/systemd/system/kdbus-system-bus.service \
		"[Service]" ExecStart=/bin/true "[Install]" WantedBy=sysinit.target
	put /usr/lib/systemd/user/kdbus-session-bus.service \
		"[Service]" ExecStart=/bin/true "[Install]" WantedBy=sockets.target
	put /usr/sbin/kdbus-rollback
	put /var/lib/kdbus/stock/dbus-daemon_1.14.10-1_amd64.deb
	put /var/lib/dkms/kdbus/0.1.0/source
	put /sys/module/kdbus/version 0.1.0
	put /sys/module/kdbus/parameters/family 18
	put_socket /run/dbus/system_bus_socket
}

# kernel_bus ID SOCKET FASTPATH KEY VALUE...
kernel_bus() {
	local id=$1 socket=$2 fastpath=$3
	shift 3
	mkdir -p "$root/proc/net"
	echo "bus $id owner 0 fastpath $fastpath $* path $socket" >>"$root/proc/net/kdbus"
}

unix_socket() { # STATE PATH
	echo "0000000000000000: 00000003 00000000 00000000 0001 $1 12345 $2" \
		>>"$root/proc/net/unix"
}

wanted() { # LINK
	mkdir -p "$root${1%/*}"
	ln -s /usr/lib/systemd/whatever "$root$1"
}

system_on() {
	wanted /etc/systemd/system/sysinit.target.wants/kdbus-system-bus.service
}

system() { # KEY: of the system bus
	query ".buses[0].$1" status
}

test_empty_root() {
	equal absent "$(system state)"
	equal null "$(query .kernel status)"
	# There is no kernel to have a module for.
	equal "units daemon library rollback" "$(problems)"
	status_of ctl doctor
	equal 1 "$status"
	contains "$(ctl status)" "no kernel runs there"
}

test_not_switched_on() {
	machine
	equal plain "$(system state)"
	equal "it is plain: not switched on" "$(system why)"
	equal false "$(system enabled)"
	equal "" "$(problems)"
	status_of ctl doctor
	equal 0 "$status"
}

test_on_kdbus() {
	machine
	system_on
	put /run/kdbus/dbus.env KDBUS_LISTEN=auto
	kernel_bus 7 /run/dbus/system_bus_socket.kdbus on peers 12 attached 5 \
		names 20 replies 3 calls 100 returns 98 errors 1 signals 4 \
		broadcasts 2 slow 30 daemon 10
	unix_socket 01 /run/dbus/system_bus_socket
	for _ in 1 2 3 4 5 6 7 8; do unix_socket 03 /run/dbus/system_bus_socket; done
	unix_socket 03 /run/dbus/system_bus_socket2
	unix_socket 03 /run/systemd/journal/stdout
	equal kdbus "$(system state)"
	equal true "$(system enabled)"
	equal "7 5 3" "$(system 'connections | "\(.native) \(.attached) \(.plain)"')"
	equal "100 98 10" "$(system 'counters | "\(.calls) \(.returns) \(.daemon)"')"
	equal "7 on 20 3" "$(query '.buses[0] | "\(.id) \(.fastpath) \(.names) \(.replies_due)"' status)"
	contains "$(ctl status)" "7 native, 5 attached, 3 plain"
	contains "$(ctl status)" "by dbus-daemon  30 messages"
	equal "" "$(problems)"
}

# A module that has more to say, and one that has less.
test_other_modules() {
	machine
	kernel_bus 1 /run/dbus/system_bus_socket.kdbus on peers 4 wonders 9
	equal "4 0" "$(system 'connections | "\(.native) \(.attached)"')"
	equal 9 "$(system counters.wonders)"
	: >"$root/proc/net/kdbus"
	echo "something else" >"$root/proc/net/kdbus"
	echo "bus 1 owner zero fastpath on path /x" >>"$root/proc/net/kdbus"
	echo "bus 1 owner 0 fastpath on peers" >>"$root/proc/net/kdbus"
	equal "plain 1" "$(query '"\(.buses[0].state) \([.buses[] | select(.bus != "session")] | length)"' status)"
}

test_path_with_escapes() {
	machine
	kernel_bus 3 '/tmp/a\134b c\012d' on peers 1
	equal $'/tmp/a\\b c\nd' "$(query '.buses[] | select(.bus == "other").socket' status)"
}

# Whoever makes a bus chooses its path, and programs of others read the answer.
test_path_with_any_bytes() {
	local answer bad
	machine
	kernel_bus 3 $'/tmp/\xff\xc3\xa9\xe2\x82/\xc0\xaf\xed\xa0\x80\xf0\x9f\x90\x8e' on peers 1
	answer=$(ctl --json status | python3 -c 'import json, sys
buses = json.loads(sys.stdin.buffer.read().decode("utf-8"))["buses"]
print(ascii([bus["socket"] for bus in buses if bus["bus"] == "other"][0]))')
	bad='\ufffd'
	equal "'/tmp/$bad\xe9$bad$bad/$bad$bad$bad$bad$bad\U0001f40e'" "$answer"
	status_of ctl --json enable $'\xff'
	iconv -f UTF-8 -t UTF-8 <<<"${said#*$'\n'}" >/dev/null
}

# What users choose cannot speak to root's terminal, nor look like our own lines.
test_control_characters() {
	local esc=$'\e' csi=$'\xc2\x9b'
	machine
	kernel_bus 3 "/tmp/${esc}[2J${csi}2Jx\\012y" on peers 1
	contains "$(ctl status)" "(/tmp/?[2J??2Jx?y): it is on kdbus"
	wanted /etc/systemd/user/sockets.target.wants/kdbus-session-bus.service
	put_socket /run/user/"$me"/bus
	put /run/user/"$me"/kdbus/session.reason "no ${esc}[2J" "         mend: rm -rf /"
	contains "$(ctl status)" "it is plain: no ?[2J?         mend"
	contains "$(ctl doctor || :)" "it is plain: no ?[2J?         mend"
}

test_pipe_for_a_file() {
	machine
	wanted /etc/systemd/user/sockets.target.wants/kdbus-session-bus.service
	put_socket /run/user/"$me"/bus
	mkdir "$root/run/user/$me/kdbus"
	mkfifo "$root/run/user/$me/kdbus/session.reason"
	timeout 20 "$top/build/ctl/kdbusctl" --root="$root" status
}

# session_why: what keeps it plain
session_why() {
	query '.buses[] | select(.bus == "session") | .why' status
}

# Root looks at what users have put there: neither a secret nor a device is for them
# to have opened.
test_link_for_a_file() {
	local dir=$root/run/user/$me/kdbus
	machine
	wanted /etc/systemd/user/sockets.target.wants/kdbus-session-bus.service
	put_socket /run/user/"$me"/bus
	put /run/user/"$me"/kdbus/session.reason "the moon is full"
	equal "it is plain: the moon is full" "$(session_why)"
	put /etc/shadow secret
	ln -sf "$root/etc/shadow" "$dir/session.reason"
	said=$(session_why)
	equal "$said" "${said#*secret}"
	# The same for the directory, and a link is no environment.
	put /elsewhere/session.reason secret
	put /elsewhere/dbus.env KDBUS_LISTEN=auto
	rm -r "$dir"
	equal "$said" "$(session_why)"
	ln -s "$root/elsewhere" "$dir"
	equal "$said" "$(session_why)"
}

# As a device would, it shows that it was opened.
test_link_to_a_pipe() {
	local text
	machine
	wanted /etc/systemd/user/sockets.target.wants/kdbus-session-bus.service
	put_socket /run/user/"$me"/bus
	mkdir "$root/run/user/$me/kdbus"
	mkfifo "$root/pipe"
	exec 5<>"$root/pipe"
	echo "still there" >&5
	ln -s "$root/pipe" "$root/run/user/$me/kdbus/session.reason"
	session_why
	read -r -t 1 text <&5
	equal "still there" "$text"
}

test_somebody_elses_file() {
	[ "$me" = 0 ] || return 0
	machine
	wanted /etc/systemd/user/sockets.target.wants/kdbus-session-bus.service
	put_socket /run/user/"$me"/bus
	put /run/user/"$me"/kdbus/session.reason "the moon is full"
	chown nobody "$root/run/user/$me/kdbus/session.reason"
	said=$(session_why)
	equal "$said" "${said#*moon}"
}

test_fastpath_off() {
	machine
	system_on
	kernel_bus 9 /run/dbus/system_bus_socket.kdbus forced-off peers 1
	equal through-daemon "$(system state)"
	equal "kdbusctl fastpath on 9" "$(finding bus mend | head -n 1)"
	: >"$root/proc/net/kdbus"
	kernel_bus 9 /run/dbus/system_bus_socket.kdbus off peers 1
	contains "$(system why)" "a monitor"
	# Neither is broken.
	equal "" "$(problems)"
}

test_session() {
	machine
	put_socket /run/user/"$me"/bus
	session='.buses[] | select(.bus == "session")'
	equal "plain false false" "$(query "$session"' | "\(.state) \(.enabled) \(.enabled_for_all)"' status)"
	wanted /users/me/.config/systemd/user/sockets.target.wants/kdbus-session-bus.service
	equal "true false" "$(query "$session"' | "\(.enabled) \(.enabled_for_all)"' status)"
	wanted /etc/systemd/user/sockets.target.wants/kdbus-session-bus.service
	equal "true true" "$(query "$session"' | "\(.enabled) \(.enabled_for_all)"' status)"
	equal "it will be on kdbus from the next login" "$(query "$session.why" status)"
	mend=".checks[] | select(.bus == \"/run/user/$me/bus\") | .mend"
	ln -s /dev/null "$root/users/me/.config/systemd/user/kdbus-session-bus.service"
	equal "kdbusctl enable session" "$(query "$mend" doctor)"
	ln -s /dev/null "$root/etc/systemd/user/kdbus-session-bus.service"
	equal "kdbusctl enable session --global" "$(query "$mend" doctor)"
	rm "$root"/{etc,users/me/.config}/systemd/user/kdbus-session-bus.service
	put /run/user/"$me"/kdbus/session.reason "the module kdbus is not loaded"
	equal "it is plain: the module kdbus is not loaded" "$(query "$session.why" status)"
	kernel_bus 2 /run/user/"$me"/bus.kdbus on peers 3
	equal kdbus "$(query "$session.state" status)"
}

# Root looks into the homes of others, which may be those of a network.
test_homes_that_do_not_answer() {
	local user text
	[ "$me" = 0 ] || return 0
	machine
	for user in 1201 1202 1203 1204 1205; do put_socket /run/user/$user/bus; done
	put /dead.c '#define _GNU_SOURCE' '#include <dlfcn.h>' '#include <fcntl.h>' \
		'#include <string.h>' '#include <unistd.h>' \
		'int openat(int dir, const char *path, int flags, ...) {' \
		'	int (*real)(int, const char *, int, ...) = dlsym(RTLD_NEXT, "openat");' \
		'	while (strstr(path, ".config/systemd/user")) pause();' \
		'	return real(dir, path, flags); }'
	gcc -shared -fPIC -o "$root/dead.so" "$root/dead.c"
	LD_PRELOAD=$root/dead.so timeout -s KILL 60 "$top/build/ctl/kdbusctl" \
		--root="$root" status >"$root/text" &
	text=$!
	# After three of them, nobody waits for more.
	equal "5 null it is plain, and whether it is switched on cannot be told: the home directory does not answer" \
		"$(LD_PRELOAD=$root/dead.so timeout -s KILL 20 "$top/build/ctl/kdbusctl" \
			--root="$root" --json status | jq -r '[.buses[] | select(.uid > 1200)] |
			"\(length) \([.[] | "\(.enabled) \(.why)"] | unique | join(" "))"')"
	wait $text
	equal 5 "$(grep -c "switched on     unknown" "$root/text")"
}

test_share_of_the_kernel() {
	machine
	kernel_bus 1 /run/dbus/system_bus_socket.kdbus on peers 3
	equal 0 "$(ctl status | grep -c -e slept -e "by dbus-daemon")"
	contains "$(ctl status)" "known to root and the owner of the bus only"
	rm "$root/proc/net/kdbus"
	kernel_bus 1 /run/dbus/system_bus_socket.kdbus on peers 3 calls 0 slow 0
	equal 0 "$(ctl status | grep -c -e slept -e "known to root")"
	rm "$root/proc/net/kdbus"
	kernel_bus 1 /run/dbus/system_bus_socket.kdbus on peers 3 calls 60 returns 58 \
		errors 2 signals 10 broadcasts 10 slow 20 daemon 40
	contains "$(ctl status)" "dbus-daemon slept through 87 % of them"
	# A call from one client to another and its reply, which both went through it
	rm "$root/proc/net/kdbus"
	kernel_bus 1 /run/dbus/system_bus_socket.kdbus on peers 3 calls 6 slow 2 daemon 2
	contains "$(ctl status)" "by dbus-daemon  2 messages"
	contains "$(ctl status)" "dbus-daemon slept through 75 % of them"
}

test_masked() {
	machine
	system_on
	ln -s /dev/null "$root/etc/systemd/system/kdbus-system-bus.service"
	equal "it is plain: its unit is masked" "$(system why)"
}

test_kernel_command_line() {
	machine
	system_on
	put /proc/cmdline "quiet kdbus=office nokdbus=off"
	contains "$(system why)" "next boot"
	put /proc/cmdline "quiet kdbus=off"
	equal "it is plain: the kernel's command line has kdbus=off" "$(system why)"
	equal note "$(finding command-line result)"
}

test_reason_of_the_unit() {
	machine
	system_on
	put /run/kdbus/system.reason "the moon is full"
	equal "it is plain: the moon is full" "$(system why)"
	equal bus "$(problems)"
}

# With a full /run, the unit can write neither the environment nor why there is none;
# but it has run, or it will only at the next boot.
test_no_room_for_a_reason() {
	machine
	system_on
	put /run/kdbus/counted
	equal "it will be on kdbus from the next boot" "$(system why)"
	# As systemd notes it, of units that are active.
	mkdir -p "$root/run/systemd/units"
	ln -s 0123456789abcdef "$root/run/systemd/units/invocation:kdbus-system-bus.service"
	contains "$(system why)" "it is plain: at this boot"
	equal problem "$(finding 'bus" and .bus == "/run/dbus/system_bus_socket' result)"
	equal "journalctl -b -u kdbus-system-bus" \
		"$(finding 'bus" and .bus == "/run/dbus/system_bus_socket' mend)"
	put /run/kdbus/system.reason "the moon is full"
	equal "it is plain: the moon is full" "$(system why)"
}

test_dbus_broker() {
	machine
	system_on
	mkdir -p "$root/etc/systemd/system"
	ln -s /usr/lib/systemd/system/dbus-broker.service \
		"$root/etc/systemd/system/dbus.service"
	equal dbus-broker "$(system broker)"
	equal "it is plain: dbus-broker serves it" "$(system why)"
	equal "kdbusctl enable system --replace-dbus-broker" "$(finding bus mend | head -n 1)"
}

# Which program serves session buses is one decision for all users.
test_dbus_broker_of_sessions() {
	machine
	put_socket /run/user/"$me"/bus
	wanted /users/me/.config/systemd/user/sockets.target.wants/kdbus-session-bus.service
	mkdir -p "$root/etc/systemd/user"
	ln -s /usr/lib/systemd/user/dbus-broker.service \
		"$root/etc/systemd/user/dbus.service"
	equal "it is plain: dbus-broker serves it" "$(session_why)"
	equal "kdbusctl enable session --global --replace-dbus-broker" \
		"$(finding "bus\" and .bus == \"/run/user/$me/bus" mend)"
}

# installed_daemon VERSION: as dpkg notes it
installed_daemon() {
	put /var/lib/dpkg/status "Package: dbus" "Version: 9" "" "Package: dbus-daemon" \
		"Status: install ok installed" "Version: $1" "" "Package: z" "Version: 9"
}

test_superseded_packages() {
	local version
	machine
	system_on
	rm "$root/usr/lib/kdbus/dbus-daemon.patched"
	equal "daemon bus" "$(problems)"
	# Whether it was ever another is not known, until it is newer than what was kept.
	for version in 1.14.10-1 1.14.9-3; do
		installed_daemon $version
		equal "it is plain: dbus-daemon is the distribution's, not the patched one" \
			"$(system why)"
		equal "apt update && apt full-upgrade" "$(finding daemon mend)"
	done
	installed_daemon 1.14.10-1+deb12u1
	contains "$(system why)" "an update has replaced the patched one"
	equal "apt update && apt full-upgrade" "$(finding daemon mend)"
	put /usr/lib/kdbus/dbus-daemon.patched 1.14.10-2kdbus1
	equal "versions bus" "$(problems)"
	equal "apt update && apt full-upgrade" "$(finding versions mend)"
	rm "$root/var/lib/dpkg/status"
	put /usr/bin/dnf
	equal "dnf distro-sync" "$(finding versions mend)"
	put /usr/bin/zypper
	equal "zypper dup" "$(finding versions mend)"
}

# The patched packages come by the upgrade, to which those that were kept are ahead.
test_packages_before_the_first_upgrade() {
	machine
	rm "$root/var/lib/dpkg/status" "$root"/usr/lib/kdbus/*.patched
	put /usr/bin/dnf
	put /usr/lib/kdbus/stock/dbus-daemon-1.16.2-1.x86_64.rpm
	equal "dbus-daemon is the distribution's, not the patched one" "$(finding daemon message)"
	equal "libdbus is the distribution's, not the patched one" "$(finding library message)"
	equal "dnf upgrade" "$(finding daemon mend)"
}

# Each distribution has the other's package manager, too, to look into its packages.
test_package_managers_of_others() {
	machine
	rm "$root"/var/lib/kdbus/stock/*
	put /usr/bin/dnf
	mkdir -p "$root/usr/lib/sysimage/rpm"
	equal "dnf install kdbus-dbus-stock" "$(finding stock mend)"
	put /usr/bin/zypper
	equal "zypper install kdbus-dbus-stock" "$(finding stock mend)"
	put /var/lib/dpkg/status "Package: libc6" "" "Package: libdbus-1-3" "Status: install ok installed"
	equal "apt install kdbus-dbus-stock" "$(finding stock mend)"
	# With a database of either kind, but without a program for that of rpm.
	put /var/lib/dpkg/status "Package: libc6" "Depends: dbus"
	equal "zypper install kdbus-dbus-stock" "$(finding stock mend)"
	rm "$root"/usr/bin/*
	equal "apt install kdbus-dbus-stock" "$(finding stock mend)"
}

test_no_stock() {
	machine
	rm "$root"/var/lib/kdbus/stock/*
	equal note "$(finding stock result)"
	equal "apt install kdbus-dbus-stock" "$(finding stock mend)"
	put /usr/lib/kdbus/stock/dbus-1.16.2-1.x86_64.rpm
	equal ok "$(finding stock result)"
}

test_module_missing() {
	machine
	rm -r "$root/sys/module"
	equal module "$(problems)"
	contains "$(finding module mend)" "apt install linux-headers-6.1.0-9-amd64 && dkms autoinstall"
	put /lib/modules/6.1.0-9-amd64/build/Makefile
	contains "$(finding module mend)" make.log
	rm -r "$root/var/lib/dkms"
	equal "apt install kdbus-dkms" "$(finding module mend)"
	rm -r "$root/var/lib/dpkg"
	put /usr/bin/dnf
	equal "dnf install kdbus-dkms" "$(finding module mend)"
}

# What the module in such a file says of itself is in a section of it.
module_file() { # VERMAGIC [FIELD=VALUE]
	local file=$root/lib/modules/6.1.0-9-amd64/updates/dkms/kdbus.ko
	mkdir -p "${file%/*}"
	printf 'vermagic=%s SMP\0version=0.1.0\0%s\0' "$1" "${2:-x=y}" >"$root/modinfo"
	echo | gcc -xc -c -o "$root/empty.o" -
	objcopy --add-section .modinfo="$root/modinfo" "$root/empty.o" "$file"
}

test_module_of_another_kernel() {
	machine
	rm -r "$root/sys/module"
	module_file 6.1.0-8-amd64
	equal vermagic "$(problems)"
	contains "$(finding vermagic mend)" "dkms install --force kdbus/0.1.0 -k 6.1.0-9-amd64"
	module_file 6.1.0-9-amd64
	equal "" "$(problems)"
	equal note "$(finding loaded result)"
	put /sys/module/kdbus/parameters/family 18
	put /sys/module/kdbus/version 0.0.9
	equal reboot "$(finding loaded-version mend)"
}

test_placeholder() {
	machine
	rm -r "$root/sys/module"
	module_file 6.1.0-9-amd64 placeholder=Y
	equal placeholder "$(problems)"
	contains "$(finding placeholder mend)" "6.1.0-9-amd64/*/log/make.log"
	# What modinfo says of it need not be anything.
	put /usr/bin/modinfo "#!/bin/sh" "[ \"\$2\" != placeholder ] || echo Y"
	chmod 755 "$root/usr/bin/modinfo"
	contains "$(PATH=$root/usr/bin:$PATH ctl status)" \
		"module    a placeholder, as it could not be built for 6.1.0-9-amd64"
	# Nor does it have a version for dkms to install, or anything to be signed.
	put /sys/module/module/parameters/sig_enforce Y
	equal placeholder "$(PATH=$root/usr/bin:$PATH problems)"
	put /usr/bin/modinfo "#!/bin/sh"
	contains "$(PATH=$root/usr/bin:$PATH ctl status)" "module    version unknown, not loaded"
}

test_module_unsigned() {
	machine
	rm -r "$root/sys/module"
	module_file 6.1.0-9-amd64
	put /sys/kernel/security/lockdown "[none] integrity confidentiality"
	equal ok "$(finding signature result)"
	put /sys/kernel/security/lockdown "none [integrity] confidentiality"
	equal problem "$(finding signature result)"
	contains "$(finding signature mend)" "mokutil --import /var/lib/dkms/mok.pub"
	put /sys/kernel/security/lockdown "[none] integrity confidentiality"
	mkdir -p "$root/sys/firmware/efi/efivars"
	printf '\6\0\0\0\1' >"$root/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	equal problem "$(finding signature result)"
	printf '\6\0\0\0\0' >"$root/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
	equal ok "$(finding signature result)"
}

# mended_by_mokutil ANSWER STATUS: what the mend asks of a mokutil that answers so
mended_by_mokutil() {
	put /bin/mokutil "#!/bin/sh" "echo \"\$1\" >>$root/asked" \
		"[ \"\$1\" != --test-key ] || { echo \"\$2 is $1\"; exit $2; }"
	chmod 755 "$root/bin/mokutil"
	rm -f "$root/asked"
	PATH=$root/bin:$PATH sh -c "$(finding signature mend)" || :
	paste -sd ' ' "$root/asked"
}

# Of mokutil's versions, some end with 1 and some with 0 for a key that is enrolled.
test_module_signed() {
	local status
	machine
	rm -r "$root/sys/module"
	module_file 6.1.0-9-amd64 "signer=DKMS module signing key"
	put /sys/kernel/security/lockdown "none [integrity] confidentiality"
	put /usr/bin/modinfo "#!/bin/sh" "[ \"\$2\" != signer ] || echo DKMS module signing key"
	chmod 755 "$root/usr/bin/modinfo"
	equal note "$(PATH=$root/usr/bin:$PATH finding signature result)"
	for status in 0 1; do
		equal --test-key "$(mended_by_mokutil "already enrolled" $status)"
		equal "--test-key --import" "$(mended_by_mokutil "not enrolled" $status)"
	done
}

test_module_forbidden() {
	machine
	rm -r "$root/sys/module"
	module_file 6.1.0-9-amd64
	# To who asks for the module, that a file blacklists it is nothing.
	put /etc/modprobe.d/mine.conf "# kdbus" "blacklist kdbus" "install kdbusx /bin/false"
	equal ok "$(finding forbidden result)"
	# Nor does modprobe read a file of another name.
	put /etc/modprobe.d/mine.conf.dpkg-old "install kdbus /bin/false"
	put /etc/modprobe.d/README "install kdbus /bin/false"
	put /etc/modprobe.d/conf "install kdbus /bin/false"
	equal ok "$(finding forbidden result)"
	put /etc/modprobe.d/mine.conf "options x y=1" "  install kdbus /bin/false"
	equal problem "$(finding forbidden result)"
	contains "$(finding forbidden message)" "/etc/modprobe.d/mine.conf"
	rm "$root/etc/modprobe.d/mine.conf"
	put /proc/cmdline "quiet module_blacklist=xkdbus,kdbusx"
	equal ok "$(finding forbidden result)"
	put /proc/cmdline "quiet module_blacklist=other,kdbus ro"
	equal problem "$(finding forbidden result)"
	contains "$(finding forbidden message)" "command line"
	rm "$root/proc/cmdline"
	put /proc/sys/kernel/modules_disabled 1
	equal problem "$(finding forbidden result)"
}

test_labels() {
	machine
	put /sys/module/apparmor/parameters/enabled Y
	equal ok "$(finding labels result)"
	put /sys/kernel/security/apparmor/features/dbus/mask "acquire send receive"
	equal labels "$(problems)"
	contains "$(finding labels message)" AppArmor
	put /sys/module/apparmor/parameters/enabled N
	equal ok "$(finding labels result)"
	put /sys/fs/selinux/enforce 0
	equal ok "$(finding labels result)"
}

# SELinux guards the unix socket, and there is no other.
test_bus_without_a_socket_in_the_module() {
	machine
	kernel_bus 1 /run/dbus/system_bus_socket on peers 3 attached 3
	equal kdbus "$(query '.buses[0].state' status)"
	equal 1 "$(query '.buses | length' status)"
}

test_bus_that_somebody_calls_the_system_bus() {
	machine
	kernel_bus 1 /run/dbus/system_bus_socket.kdbus on peers 3
	sed -i 's/owner 0/owner 12345/' "$root/proc/net/kdbus"
	equal "plain kdbus" "$(query '.buses | "\(.[0].state) \(.[1].state)"' status)"
}

# Any user can have many.
test_more_buses_than_one_looks_at() {
	local id
	machine
	for id in $(seq 200); do
		kernel_bus "$id" "/tmp/$id" on peers 1
	done
	kernel_bus 201 /run/dbus/system_bus_socket.kdbus on peers 3
	equal "kdbus 201" "$(query '[.buses[] | select(.bus != "session")] |
		"\(.[0].state) \(length)"' status)"
	equal 201 "$(query '[.checks[] | select(.check == "bus" and .message == "it is on kdbus")] |
		length' doctor)"
}

test_failed_boots() {
	machine
	put /var/lib/kdbus/boot-count 1
	equal note "$(finding boots result)"
	put /run/kdbus/off "two boots with kdbus have failed"
	equal problem "$(finding boots result)"
	equal "two boots with kdbus have failed" "$(finding boots message)"
	contains "$(finding boots mend)" "journalctl -b -1"
}

# Of the file that keeps it off, not every line is about boots that have failed.
test_switched_off_at_this_boot() {
	machine
	system_on
	rm -r "$root/var/lib/kdbus"
	put /var/lib/kdbus "no directory"
	KDBUS_SWITCH_ROOT=$root sh "$top/scripts/kdbus-switch" guard
	equal problem "$(finding boots result)"
	contains "$(finding boots message)" "cannot write"
	equal "make room on /var or mount it writable, then reboot" "$(finding boots mend)"
	# As kdbus-rollback writes it, for the running system alone.
	grep -o "kdbus-rollback has switched it off" "$top/scripts/kdbus-rollback" \
		>"$root/run/kdbus/off"
	equal note "$(finding boots result)"
	equal "kdbus-rollback has switched it off" "$(finding boots message)"
	equal "kdbusctl enable --all" "$(finding boots mend)"
}

# As units see it, which look for the file alone.
test_switched_off_without_a_word() {
	machine
	system_on
	mkdir -p "$root/run/kdbus"
	: >"$root/run/kdbus/off"
	equal problem "$(finding boots result)"
	contains "$(finding boots message)" "it has been switched off"
	equal "make room on /run, then kdbusctl enable --all" "$(finding boots mend)"
	contains "$(system why)" "it is plain: it has been switched off"
}

test_container() {
	machine
	rm -r "$root/sys/module"
	put /run/systemd/container docker
	equal "" "$(problems)"
	equal note "$(finding container result)"
}

test_bad_command_lines() {
	local line
	while read -r line; do
		# shellcheck disable=SC2086 # words
		status_of ctl $line
		equal 2 "$status" "status of: kdbusctl $line"
		[ -n "$said" ]
	done <<-'EOL'

		statu
		status now
		doctor all
		version 1
		enable
		enable sytem
		disable
		enable system --alle
		--root=/nowhere status
		fastpath
		fastpath up system
		fastpath on system
		fastpath on
	EOL
	contains "$(ctl enable sytem --json 2>/dev/null)" "\"error\": \"there is no bus 'sytem'"
	# Wherever the word is that asks for it.
	contains "$(ctl --alle status --json 2>/dev/null)" '"error": "an option makes no sense'
	contains "$(ctl --json 2>/dev/null)" '"error": "there is no command'
	for line in "rollback --purge" "--purge rollback"; do
		# shellcheck disable=SC2086 # words
		status_of ctl $line
		equal 2 "$status" "status of: kdbusctl $line"
		contains "$said" "come after '--': kdbusctl rollback -- OPTION"
	done
}

test_full_disk() {
	[ -e /dev/full ]
	status=0
	ctl status >/dev/full 2>"$root/error" || status=$?
	equal 1 "$status"
	contains "$(cat "$root/error")" "No space left"
}

main "$@"
