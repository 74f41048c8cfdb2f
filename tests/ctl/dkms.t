#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What DKMS and apt get where the module cannot be built: a placeholder, and no
# failure.  Without any kernel's headers.
# shellcheck disable=SC2016,SC2119,SC2120 # for make and the inner shell; there are variables
. "$(dirname "$0")/lib.sh"

# sources: as DKMS has them, with headers that are of no use
sources() {
	mkdir -p "$root/src"
	cp -r "$top/src/dkms.mk" "$top/src/Kbuild" "$top/src/stub" "$root/src"
	put /headers/Makefile '$(error these headers cannot be used)'
}

# build_module [VARIABLE=VALUE]...: as dkms.conf does
build_module() {
	make -C "$root/src" -f dkms.mk KERNEL_DIR="$root/headers" "$@"
}

# is_placeholder: for kdbusctl and kdbus-switch, and not for the kernel
is_placeholder() {
	equal Y "$(modinfo -F placeholder "$root/src/kdbus.ko")"
	equal "Placeholder where kdbus could not be built" \
		"$(modinfo -F description "$root/src/kdbus.ko")"
	equal GPL "$(modinfo -F license "$root/src/kdbus.ko")"
	equal "" "$(modinfo -F vermagic "$root/src/kdbus.ko")"
}

test_headers_of_no_use() {
	sources
	build_module
	is_placeholder
	strip -g "$root/src/kdbus.ko"
	is_placeholder
	# It says the same as the one that a kernel loads.
	diff <(sed -n 's/^MODULE_[A-Z]*(\(placeholder, \)\?"\(.*\)");/\2/p' "$root/src/stub/stub.c") \
		<(sed -n 's/.*\.asciz "[a-z]*=\(.*\)"/\1/p' "$root/src/stub/bare.S")
}

test_no_headers_and_no_assembler() {
	sources
	rm -r "$root/headers"
	put /bin/as "#!/bin/sh" "exit 1"
	chmod +x "$root/bin/as"
	# cc looks for its own beside it, and "cc" is what make finds in PATH.
	put /bin/cc "#!/bin/sh" "exec env PATH='$PATH' cc \"\$@\""
	chmod +x "$root/bin/cc"
	PATH=$root/bin:$PATH build_module
	is_placeholder
}

test_the_module_or_a_failure() {
	sources
	status_of build_module KDBUS_STUB=n
	equal 2 "$status"
	[ ! -e "$root/src/kdbus.ko" ]
}

# postinst COMMAND: with this in the place of what debhelper adds, which runs DKMS
postinst() {
	sed "s|^#DEBHELPER#\$|$1|" "$top/debian/kdbus-dkms.postinst" >"$root/postinst"
	grep -qF "$1" "$root/postinst"
	sh "$root/postinst" configure ""
}

test_dkms_fails_while_the_package_is_configured() {
	status_of postinst 'sh -c "exit 10"; echo not here'
	equal 0 "$status"
	equal 1 "$(wc -l <<<"$said")"
	contains "$said" "kdbus-dkms: DKMS has failed"
	status_of postinst 'exit 1'
	equal 0 "$status"
	contains "$said" "kdbus-dkms: DKMS has failed"
}

test_dkms_does_not_fail() {
	status_of postinst 'echo "$1"'
	equal 0 "$status"
	equal configure "$said"
}

main "$@"
