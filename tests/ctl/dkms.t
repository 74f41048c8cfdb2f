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

# postinst COMMAND: with this in the place of what debhelper adds, which runs DKMS, and
# with what DKMS has in that root
postinst() {
	sed -e "s|^#DEBHELPER#\$|$1|" -e "s|key=/var|key=$root/var|" \
		"$top/debian/kdbus-dkms.postinst" >"$root/postinst"
	grep -qF "$1" "$root/postinst"
	grep -qF "key=$root/var" "$root/postinst"
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

# mokutil_says STATE ENROLLED: the two answers; what it is told about a key that is not
# there is of no use
mokutil_says() {
	# shellcheck disable=SC2016 # for the script
	put /bin/mokutil '#!/bin/sh' 'case $1 in' \
		"--sb-state) echo '$1' ;;" \
		"--test-key) [ -e \"\$2\" ] && echo \"\$2 $2\" ;;" \
		"*) exit 2 ;;" "esac"
	chmod +x "$root/bin/mokutil"
}

# postinst_with_mokutil: what it says then, DKMS being content
postinst_with_mokutil() {
	PATH=$root/bin:$PATH status_of postinst :
	equal 0 "$status"
}

test_secure_boot_and_a_key_not_enrolled() {
	mokutil_says "SecureBoot enabled" "is not enrolled"
	put /var/lib/dkms/mok.pub key
	postinst_with_mokutil
	contains "$said" "Secure Boot is on"
	contains "$said" "mokutil --import $root/var/lib/dkms/mok.pub"
	contains "$said" "reboot "
	contains "$said" "Until then the message buses are plain"
	# The machine goes on without it.
	[[ $said != *"DKMS has failed"* ]]
}

test_secure_boot_and_an_enrolled_key() {
	mokutil_says "SecureBoot enabled" "is already enrolled"
	put /var/lib/dkms/mok.pub key
	postinst_with_mokutil
	equal "" "$said"
}

test_secure_boot_and_no_signature() {
	mokutil_says "SecureBoot enabled" "is already enrolled"
	postinst_with_mokutil
	contains "$said" "DKMS has signed nothing"
	contains "$said" "the message buses will be plain"
}

test_no_secure_boot() {
	mokutil_says "SecureBoot disabled" "is not enrolled"
	put /var/lib/dkms/mok.pub key
	postinst_with_mokutil
	equal "" "$said"
	mokutil_says "EFI variables are not supported on this system" "is not enrolled"
	postinst_with_mokutil
	equal "" "$said"
}

# Only after DKMS has made the key, so not while an upgrade is undone.
test_secure_boot_and_an_undone_upgrade() {
	mokutil_says "SecureBoot enabled" "is not enrolled"
	postinst :
	put /var/lib/dkms/mok.pub key
	PATH=$root/bin:$PATH status_of sh "$root/postinst" abort-upgrade 1
	equal 0 "$status"
	equal "" "$said"
}

main "$@"
