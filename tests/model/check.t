#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Check the model of the order that the module keeps with spin: it holds, and
# without any one of the mechanisms what that is there for does not.
set -eu

model=$(dirname "$(realpath "$0")")/order.pml
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

# verify [MACRO]: 0 if no assertion can be violated, and nothing gets stuck
verify() {
	rm -f pan.* ./*.trail
	if ! { spin -a ${1:+-D"$1"} "$model" >spin.log 2>&1 &&
	       cc -O2 -DSAFETY -o pan pan.c >cc.log 2>&1; }; then
		cat spin.log cc.log 2>/dev/null
		echo "Bail out! the model cannot be compiled"
		exit 1
	fi
	# Not the first error alone.
	./pan -m200000 -c0 >pan.log 2>&1
	grep -q 'errors: 0$' pan.log && ! grep -q 'max search depth too small' pan.log
}

n=0
report() {
	n=$((n + 1))
	echo "$1 $n - $2"
}

echo 1..5
if verify; then
	report ok "the order is kept"
else
	report "not ok" "the order is kept"
	sed 's/^/# /' pan.log
fi
# misses MACRO ASSERTION: that one, as pan writes it, is violated without it
misses() {
	if verify "$1"; then
		report "not ok" "$1 is noticed"
	elif grep -qF "assertion violated $2 (at" pan.log; then
		report ok "$1 is noticed"
	else
		report "not ok" "$1 is noticed as a violation of $2"
		head -n 30 pan.log | sed 's/^/# /'
	fi
}

# What B says after A's calls comes after them.
misses NO_FENCE '(delivered==3)'
# X gets no call after NameLost.
misses LATE_WITHDRAW '( !(lost)||(n==102))'
# Y gets none before NameAcquired.
misses EARLY_PUBLISH 'mine'
# G sees the broadcast before the answer to it.
misses NO_STAGING '(n==104)'
