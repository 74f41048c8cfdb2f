# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the tests in this directory: machines that live in a directory.
#
#	$machine/root	the files of a machine that is off
#	$machine/disk	the disk of a machine that has been on
#	$machine/share	/host in the machine
#
# Packages are installed into root, where the compiler runs natively.  "boot" makes
# a disk of it the first time; what the machine writes stays on the disk.

. "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib.sh"

install_tests=$KDBUS_TOP/tests/install
DISK_SIZE=4G

# new_machine DIR SUITE [KIND]: as the distribution makes it, off
new_machine() {
	local image
	image=$("$install_tests/image" "${@:2}") || return
	machine=$1
	rm -rf --one-file-system "$machine"
	mkdir -p "$machine/share"
	cp -a --reflink=auto "$image/root" "$machine/root"
	cp -l "$image/vmlinux" "$machine/vmlinux" 2>/dev/null ||
		cp "$image/vmlinux" "$machine/vmlinux"
	cp -a "$install_tests/root/." "$machine/root/"
	cp "$KDBUS_TOP"/debian/tests/{echo,traffic} "$machine/share/"
	systemctl --root="$machine/root" --quiet enable vmtest.service vmtest-early.service
	newest_initrd
}

# newest_initrd: to be called after kernels have been installed
newest_initrd() {
	local initrds=("$machine"/root/boot/initrd.img-*)
	cp "${initrds[-1]}" "$machine/initrd"
}

# copy_machine DIR: machine becomes a copy of itself
copy_machine() {
	rm -rf --one-file-system "$1"
	mkdir -p "$1"
	cp -a --reflink=auto --sparse=always "$machine/." "$1/"
	machine=$1
}

# in_root COMMAND [ARG]...: in the root of the machine, which is off.  /repo is
# the repository of packages.
in_root() {
	# shellcheck disable=SC2016 # for the inner shell
	"$install_tests/../../scripts/own-mounts" --pid --fork --kill-child sh -c '
		set -e
		root=$1 repo=$2
		mount --bind "$root" "$root"
		mkdir -p "$root/repo"
		cp "$3" "$root/"
		shift 3
		[ ! -d "$repo" ] || mount --bind -o ro "$repo" "$root/repo"
		mount -t proc proc "$root/proc"
		mount -t tmpfs tmp "$root/run"
		mount -t tmpfs tmp "$root/tmp"
		mount -t devtmpfs dev "$root/dev" 2>/dev/null || mount --rbind /dev "$root/dev"
		exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive TERM=dumb \
			chroot "$root" "$@"' sh "$machine/root" "${repository:-/nonexistent}" \
		"$install_tests/in-machine.sh" "$@" </dev/null
}

make_disk() {
	[ ! -e "$machine/disk" ] || return 0
	truncate -s "$DISK_SIZE" "$machine/disk"
	/sbin/mke2fs -q -t ext4 -d "$machine/root" "$machine/disk"
	rm -rf --one-file-system "$machine/root"
}

# boot [--time=SECONDS] [--append=TEXT] [--early=SCRIPT] [--keep] SCRIPT: start the
# machine, run the text of a script in it as soon as it is up, show its output,
# and stop.  Another may run before anything of kdbus does.  The disk is
# afterwards as it was before, except with --keep.  The status is the script's, or
# 121 if the machine did not come up.
boot() {
	local limit=900 append='' early='' snapshot=-snapshot status=0 share=$machine/share
	while :; do
		case $1 in
		--time=*) limit=${1#*=} ;;
		--append=*) append=${1#*=} ;;
		--early=*) early=${1#*=} ;;
		--keep) snapshot='' ;;
		*) break ;;
		esac
		shift
	done
	make_disk
	rm -f "$share"/{up,status,journal,dmesg,output,early}
	{
		cat "$install_tests/in-machine.sh"
		printf '%s\n' "$1"
	} >"$share/command"
	[ -z "$early" ] || printf '%s\n' "$early" >"$share/early"
	timeout -k 5 "$limit" qemu-system-x86_64 -nodefaults -no-user-config -no-reboot \
		-display none -machine q35,sata=off,smbus=off,usb=off,i8042=off -smp 2 -m 1024 -accel tcg,thread=multi -cpu max \
		-kernel "$machine/vmlinux" -initrd "$machine/initrd" $snapshot \
		-drive "file=$machine/disk,if=virtio,format=raw" \
		-virtfs "local,path=$share,mount_tag=host,security_model=none" \
		${repository:+-virtfs "local,path=$repository,mount_tag=repo,security_model=none,readonly=on"} \
		-serial "file:$machine/console" -serial "file:$share/output" \
		-append "root=/dev/vda rw console=ttyS0 panic=-1 oops=panic mitigations=off tsc=reliable no_timer_check net.ifnames=0 systemd.show_status=0 modprobe.blacklist=kvm_amd,kvm_intel,powernow_k8,acpi_cpufreq,pcspkr $append" \
		</dev/null >"$machine/qemu.log" 2>&1 || status=$?
	tr -d '\r' <"$share/output" 2>/dev/null || :
	[ "$status" = 0 ] || return 121
	[ -s "$share/status" ] || return 121
	return "$(cat "$share/status")"
}

# journal_has REGEX: did the last boot say this?
journal_has() {
	grep -qE "$1" "$machine/share/journal"
}
