#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Check the model of the order that the module keeps with spin: it holds, and
# without any one of the mechanisms it does not.
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
	./pan -m200000 >pan.log 2>&1
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
for macro in NO_FENCE LATE_WITHDRAW EARLY_PUBLISH NO_STAGING; do
	if verify "$macro"; then
		report "not ok" "$macro is noticed"
	elif grep -q 'assertion violated' pan.log; then
		report ok "$macro is noticed"
	else
		report "not ok" "$macro is noticed as a violated assertion"
		sed 's/^/# /' pan.log
	fi
done
