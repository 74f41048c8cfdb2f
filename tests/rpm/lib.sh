# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shellcheck disable=SC2154 # top is the sourcing script's
# Sourced by check: a machine of RPM packages, as far as one can be had on Debian.
# Its programs are Debian's; a package without files, "base", provides for them what
# our packages require.

# make_base_package REPO OUT: provides what the packages of the repository require
# and do not provide themselves
make_base_package() {
	local work
	work=$(mktemp -d)
	{
		cat <<-'EOC'
			Name: base
			Version: 1
			Release: 1
			Summary: What the machine below has
			License: none
			Group: none
			BuildArch: noarch
		EOC
		find "$1" -name '*.rpm' -exec rpm -qp --nosignature --qf '[%{REQUIRENEVRS}\n]' {} + |
			grep -vE '^(rpmlib|rich|\(|dbus|kdbus|libdbus-1\.so)' | sort -u |
			sed 's/ >= / = /; s/^/Provides: /'
		printf '%%description\nbase\n%%files\n'
	} >"$work/base.spec"
	rpmbuild -bb --quiet --define "_topdir $work" "$work/base.spec" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		return 1
	}
	mv "$work"/RPMS/*/*.rpm "$2"
	rm -rf "$work"
}

# make_distribution DIR RELEASE: packages that are called as those of dbus
make_distribution() {
	local work name
	work=$(mktemp -d)
	{
		printf 'Name: dbus\nEpoch: 1\nVersion: 1.16.2\nRelease: %s\n' "$2"
		printf 'Summary: A bus\nLicense: none\nGroup: none\n%%description\nA bus\n%%files\n'
		for name in common daemon libs tools devel x11; do
			printf '%%package %s\nSummary: A bus\nGroup: none\n' $name
			[ $name != common ] || echo "BuildArch: noarch"
			printf '%%description %s\nA bus\n%%files %s\n' $name $name
		done
	} >"$work/dbus.spec"
	rpmbuild -bb --quiet --define "_topdir $work" "$work/dbus.spec" >"$work/log" 2>&1 || {
		cat "$work/log" >&2
		return 1
	}
	mv "$work"/RPMS/*/*.rpm "$1"
	rm -rf "$work"
}

# make_root DIR: the programs
make_root() {
	"$top/scripts/suite-chroot" --with=systemd --with=kmod --with=rpm bookworm \
		tar -C / --numeric-owner -c bin sbin lib lib64 usr etc var |
		tar -x --numeric-owner -C "$1"
	mkdir -p "$1"/{run,tmp,proc,dev,root}
	mknod -m 666 "$1/dev/null" c 1 3
	# A script, and what adds users, with its libraries: all of it that matters here.
	(cd "$1/tmp" && "$top/scripts/apt-suite" bookworm apt-get download \
		dkms passwd libsemanage2 libsepol2 >&2)
	for package in "$1"/tmp/*.deb; do
		dpkg-deb --fsys-tarfile "$package" | tar -x -C "$1" --keep-directory-symlink
	done
	rm -rf "$1"/tmp/* "$1/var/lib/dpkg" "$1/usr/bin/dpkg"* "$1/etc/kernel"
	# Directories that are there in all distributions of RPM packages.
	mkdir -p "$1/etc/systemd/"{system,user} "$1/usr/share/fish/vendor_completions.d" \
		"$1/usr/share/zsh/site-functions" "$1/usr/share/selinux/packages" \
		"$1"/usr/share/man/man{4,7,8} "$1/var/lib/dkms"
}
