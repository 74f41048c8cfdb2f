# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by the cases beside it: programs that know nothing of kdbus talk to a
# service that uses it, and the other way round.  What they print is the
# transcript.  Variables are those of start-bus.
set -u
# shellcheck disable=SC2034 # for those who source this
name=org.kdbus.Tools path=/org/kdbus/Test interface=org.kdbus.Test

# plain: what differs from run to run
plain() {
	sed -E \
		-e 's/:1\.[0-9]+/:?/g' \
		-e 's/time=[0-9.]+/time=T/' \
		-e 's/\b(serial|cookie)=[0-9]+/\1=N/g' \
		-e 's/(pid=|PID=)[0-9]+/\1N/g'
}

# say WHAT COMMAND [ARG]...: run it, all that it prints and its exit status
say() {
	echo "-- $1"
	shift
	"$@" >/run/said 2>&1
	status=$?
	plain </run/said
	[ $status = 0 ] || echo "status $status"
}

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# until_true COMMAND [ARG]...: for a minute
until_true() {
	for _ in $(seq 600); do
		"$@" && return
		sleep 0.1
	done
	fail "never true: $*"
}

has_owner() {
	dbus-send --bus="$BUS_UNIX" --print-reply=literal \
		--dest=org.freedesktop.DBus / \
		org.freedesktop.DBus.NameHasOwner "string:$1" | grep -q true
}

# over kdbus, or over the unix socket of the stock bus
start_service() {
	# shellcheck disable=SC2086 # no word if stock
	$BUS_WITH bus-test serve "$name" &
	service=$!
	until_true has_owner "$name"
}

stop_service() {
	dbus-send --bus="$BUS_UNIX" --print-reply --dest="$name" "$path" \
		"$interface.Quit" >/dev/null
	wait "$service" || fail "the service ended with status $?"
}

# start_watching TEXT PROGRAM [ARG]...: in the background, until stop_watching;
# it has begun when it prints the text
start_watching() {
	begun=$1
	watched=$(mktemp)
	shift
	# What is to be killed is no shell.
	(exec "$@") >"$watched" 2>&1 &
	watcher=$!
	until_true grep -q "$begun" "$watched"
}

# stop_watching TEXT: once it has come
stop_watching() {
	until_true grep -q "$1" "$watched"
	kill "$watcher"
	wait "$watcher" 2>/dev/null
	plain <"$watched"
}

# emit TEXT: the service sends a signal to everybody
emit() {
	dbus-send --bus="$BUS_UNIX" --print-reply --dest="$name" "$path" \
		"$interface.Emit" "string:$1" >/dev/null
}

# send ARG...: dbus-send over kdbus, or over the unix socket of the stock bus
send() {
	# shellcheck disable=SC2086 # no word if stock
	$BUS_WITH dbus-send --bus="$BUS_ADDRESS" "$@"
}

# carried: how many calls the module has delivered
carried() {
	[ "$BUS_TEST_MODE" != stock ] || { echo 0; return; }
	kdbus-bus "${BUS_ADDRESS#*=}" calls
}

start_traffic() {
	DBUS_SESSION_BUS_ADDRESS=$BUS_ADDRESS
	export DBUS_SESSION_BUS_ADDRESS
	# shellcheck disable=SC2086 # no word if stock
	$BUS_WITH dbus-test-tool echo --session --name="$name.Echo" &
	echo_tool=$!
	until_true has_owner "$name.Echo"
}

stop_traffic() {
	kill "$echo_tool"
}

# Calls between two tools.  The first one of a connection may come before the
# name of that is known to the module.
expect_traffic() {
	before=$(carried)
	# shellcheck disable=SC2086 # no word if stock
	$BUS_WITH dbus-test-tool spam --session --dest="$name.Echo" \
		--count=20 || fail "dbus-test-tool fails"
	count=$(($(carried) - before))
	[ "$BUS_TEST_MODE" != kdbus ] || [ "$count" -ge 19 ] ||
		fail "the module has carried $count calls"
}
