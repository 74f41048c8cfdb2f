# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the tests beside it: TAP, and roots to look at.  Every test is a
# function test_NAME, which runs in a shell of its own under "set -e", with an
# empty root in $root; "main" runs those that match the pattern in $1.
# shellcheck disable=SC2034 # variables for them
set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# put FILE TEXT...: a file of the root, of these lines
put() {
	local file=$root$1
	shift
	mkdir -p "${file%/*}"
	printf '%s\n' "$@" >"$file"
}

put_socket() {
	mkdir -p "$root${1%/*}"
	python3 -c 'import os, socket, sys
os.chdir(os.path.dirname(sys.argv[1]))
socket.socket(socket.AF_UNIX).bind(os.path.basename(sys.argv[1]))' "$root$1"
}

# equal WANTED GOT [WHAT]
equal() {
	[ "$1" = "$2" ] || {
		printf '# %s:\n# wanted: %s\n# got:    %s\n' "${3:-they differ}" "$1" "$2"
		return 1
	}
}

# contains TEXT PART
contains() {
	case $1 in
	*"$2"*) ;;
	*)
		printf '# not there: %s\n# in: %s\n' "$2" "$1"
		return 1
		;;
	esac
}

# status_of COMMAND...: its exit status, and what it said in $said
status_of() {
	status=0
	said=$("$@" 2>&1) || status=$?
}

main() {
	local tests name number=0 log failed=0 work result
	mapfile -t tests < <(declare -F | sed -n 's/^declare -f test_//p' |
		grep -E "${1:-.}")
	work=$(mktemp -d)
	# shellcheck disable=SC2064 # now
	trap "rm -rf '$work'" EXIT
	echo "1..${#tests[@]}"
	for name in "${tests[@]}"; do
		number=$((number + 1))
		root=$work/$name log=$work/$name.log
		mkdir "$root"
		# Not in a condition, where "set -e" would not count.
		(
			set -e
			"test_$name"
		) >"$log" 2>&1
		result=$?
		if [ $result = 0 ]; then
			echo "ok $number - $name"
		else
			echo "not ok $number - $name"
			sed 's/^\(# \)\?/# /' "$log"
			failed=1
		fi
		rm -rf "$root"
	done
	return $failed
}
