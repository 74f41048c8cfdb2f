# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by check: what becomes of a kernel that is installed when kdbus is there.
# shellcheck disable=SC2016,SC2154 # what is quoted is for the machine; check has the rest

# fetch_kernel VERSION: its packages
fetch_kernel() {
	local dir=$machine/root/new kbuild
	mkdir -p "$dir"
	# Of Debian 13 on, each kernel has a package of these programs to itself.
	kbuild=$("$KDBUS_TOP/scripts/apt-suite" "$suite" apt-cache depends "linux-headers-$1-amd64" |
		sed -n 's/.*Depends: \(linux-kbuild-.*\)/\1/p')
	(cd "$dir" && "$KDBUS_TOP/scripts/apt-suite" "$suite" apt-get download "$kbuild" \
		"linux-image-$1-amd64" "linux-headers-$1-amd64" "linux-headers-$1-common") >/dev/null
}

# change_headers PACKAGE FILE LINE: one more line at the end of a file of that package
change_headers() {
	local dir=$machine/root/new
	dpkg-deb -R "$dir/$1"_*.deb "$dir/unpacked"
	[ -e "$dir/unpacked$2" ] || echo "$1 has no $2"
	echo "$3" >>"$dir/unpacked$2"
	sed -i "\\: ${2#/}\$:d" "$dir/unpacked/DEBIAN/md5sums"
	dpkg-deb -b "$dir/unpacked" "$(echo "$dir/$1"_*.deb)" >/dev/null
	rm -r "$dir/unpacked"
}

# break_headers VERSION: the module cannot be built with them any more, as if
# something had changed in the kernel
break_headers() {
	change_headers "linux-headers-$1-common" \
		"/usr/src/linux-headers-$1-common/include/net/sock.h" \
		'#error the module cannot be built with this'
}

# break_makefiles VERSION: nothing at all can be built with these headers
break_makefiles() {
	change_headers "linux-headers-$1-amd64" "/usr/src/linux-headers-$1-amd64/Makefile" \
		'$(error these headers are of no use)'
}

# other_version: of a kernel of the same series, so that little else is needed
other_version() {
	"$KDBUS_TOP/scripts/apt-suite" "$suite" apt-cache search --names-only \
		"^linux-image-$(cut -d. -f 1,2 <<<"$known")\.[-0-9.+deb]*-amd64\$" |
		sed -nE 's/^linux-image-(.*)-amd64 .*/\1/p' |
		grep -vxF "${known%-amd64}" | sort -V | tail -n 1
}

# install_kernel VERSION: the packages in /new, and be a machine that boots it
install_kernel() {
	in_root sh -ec 'apt-get -q -y install /new/*.deb' >"$work/kernel.log" 2>&1 ||
		echo "apt has failed: $(tail -n 5 "$work/kernel.log")"
	in_root sh -c '. "$0"
		ok "nothing is left unconfigured" test -z "$(dpkg --audit)"
		ok "it has an initrd" test -s "/boot/initrd.img-$1-amd64"
		systemctl --quiet enable kdbus-system-bus.service' /in-machine.sh "$1"
	rm -rf "$machine/root/new" "$machine/vmlinux"
	cp "$machine/root/boot/vmlinuz-$1-amd64" "$machine/vmlinux"
	cp "$machine/root/boot/initrd.img-$1-amd64" "$machine/initrd"
}

another_kernel() {
	fetch_kernel "$version" || return
	install_kernel "$version"
	in_root sh -c '. "$0"
		ok "DKMS has built the module for it" sh -c \
			"modinfo -k $1-amd64 -F version kdbus && ! modinfo -k $1-amd64 -F placeholder kdbus | grep Y"' \
		/in-machine.sh "$version"
	booted 'works; is_on system'
}

# broken_kernel: that was broken by the function whose name is in $damage
broken_kernel() {
	fetch_kernel "$version" && "$damage" "$version" || return
	install_kernel "$version"
	in_root sh -c '. "$0"
		ok "its module is a placeholder" sh -c \
			"modinfo -k $1-amd64 -F placeholder kdbus | grep Y"
		ok "the other kernel has the module" sh -c \
			"! modinfo -k $2 -F placeholder kdbus | grep Y"' \
		/in-machine.sh "$version" "$known"
	booted 'works; is_plain system "placeholder"'
}

# with_kernel FUNCTION: needs a kernel that the machine has not got
with_kernel() {
	local known version
	known=$(cat "$(image_of)/version")
	version=$(other_version)
	if [ -n "$version" ]; then
		"$1"
	else
		echo "$suite has no other kernel"
	fi
}

image_of() {
	"$install_tests/image" "$suite"
}

case_kernel() {
	local damage
	wants kernel || return 0
	copy_machine "$work/kernel"
	conclude "a new kernel" with_kernel another_kernel
	machine=$work/machine
	copy_machine "$work/broken"
	damage=break_headers
	conclude "a new kernel that the module cannot be built for" with_kernel broken_kernel
	machine=$work/machine
	copy_machine "$work/useless"
	damage=break_makefiles
	conclude "a new kernel whose headers are of no use" with_kernel broken_kernel
	machine=$work/machine
}
