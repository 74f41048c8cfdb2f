# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the scripts beside it: messages, and the cache.
#
# Whatever takes long to make (kernels, packages, guest images) is kept outside
# the checkout, in a directory whose name holds a hash of everything that it
# was made from.  So a cached thing is never stale, only unused.

KDBUS_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
KDBUS_CACHE=${KDBUS_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kdbus}

note() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die() {
	note "$@"
	exit 1
}

# as_root CMD...: only the installation of packages needs it
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "'$1' needs root: run it as root or install sudo"
	fi
}

# step TEXT...: the next of KDBUS_STEPS steps, the first one being KDBUS_STEP
# shellcheck disable=SC2153 # two variables
step() {
	printf '[%d/%d] %s…\n' "${KDBUS_STEP:=1}" "$KDBUS_STEPS" "$*"
	KDBUS_STEP=$((KDBUS_STEP + 1))
}

# hash_of [FILE|DIR]...: a short hash of names and contents, and of stdin.  Where
# the checkout is, and how its files were named, makes no difference.
hash_of() {
	{
		realpath -z --relative-to="$KDBUS_TOP" "$@" | (
			cd "$KDBUS_TOP" || exit
			xargs -0 -I{} find {} -type f -print0 |
				LC_ALL=C sort -z | xargs -0 sha256sum
		)
		cat
	} | sha256sum | cut -c1-16
}

# cached NAME KEY COMMAND [ARG]...: prints the directory NAME-KEY of the cache.
# If there is none yet, COMMAND makes it: its last two arguments are an empty
# directory to fill and the name that this will get.  A build that fails leaves
# nothing behind; of two at a time, one builds and the other waits.
#
# COMMAND has to be a program, as a function called here would run without
# "set -e": scripts call themselves ("cached NAME KEY "$0" --build").
cached() {
	local dir=$KDBUS_CACHE/$1-$2 tmp
	shift 2
	if [ ! -d "$dir" ]; then
		mkdir -p "$KDBUS_CACHE/lock"
		tmp=$dir.tmp.$$
		(
			flock 9
			[ ! -d "$dir" ] || exit 0
			rm -rf "$dir".tmp.*
			mkdir -p "$tmp"
			"$@" "$tmp" "$dir" >&2 || exit
			chmod -R u+w "$tmp"
			mv "$tmp" "$dir"
		) 9>"$KDBUS_CACHE/lock/${dir##*/}" || {
			rm -rf "$tmp"
			return 1
		}
	fi
	printf '%s\n' "$dir"
}

# dbus_of SUITE: the version of dbus in that release of Debian, if there are
# patches for it
dbus_of() {
	local version=
	case $1 in
	bookworm) version=1.14 ;;
	trixie) version=1.16 ;;
	esac
	[ ! -s "$KDBUS_TOP/dbus-patches/dbus-$version/series" ] || echo "$version"
}

# pack_cpio DIR: an initramfs on stdout; the same files give the same bytes
pack_cpio() {
	find "$1" -exec touch -h -d @0 {} +
	(cd "$1" && find . -mindepth 1 -printf '%P\0' | LC_ALL=C sort -z |
		cpio -o0 -H newc -R 0:0 --reproducible --quiet)
}
