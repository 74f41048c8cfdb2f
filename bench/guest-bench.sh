#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest-bench.sh RUNS TRANSPORTS BYTES:CALLS...: measure ping-pong calls in a
# guest, RUNS times each.  TRANSPORTS is a list of dbus-daemon, dbus-broker,
# kdbus, kdbus-off, kdbus-attached, p2p and raw.  Transports and sizes take turns, so
# that what changes slowly changes all of them alike.  Prints what kdbus-bench
# prints, and what the module has counted for it as lines "counter TRANSPORT NAME
# VALUE".
#
# LIBRARIES, if set, is a list of gdbus and sdbus, with which calls are measured as
# well, once, on those transports that have nothing to do with the library, and with
# GDBus from one program to another.
set -eu

runs=$1
transports=$2
shift 2

# The others wait in their places; the bus's variables are kept by name.
for transport in $transports; do
	case $transport in
	p2p | raw) continue ;;
	esac
	name=$(echo "$transport" | tr - _)
	variables=$(start-bus "$transport" "/run/bench/$transport")
	eval "$variables"
	eval "${name}_address='$BUS_ADDRESS' ${name}_with='$BUS_WITH' ${name}_pid=$BUS_PID"
done

# measure TRANSPORT BYTES CALLS [PROGRAM]
measure() {
	case $1 in
	p2p | raw)
		"${4:-kdbus-bench}" --transport="$1" --bytes="$2" --calls="$3"
		return
		;;
	esac
	name=$(echo "$1" | tr - _)
	eval "address=\$${name}_address with=\$${name}_with pid=\$${name}_pid"
	# shellcheck disable=SC2154 # eval
	$with "${4:-kdbus-bench}" --address="$address" --daemon="$pid" --label="$1" \
		--bytes="$2" --calls="$3"
}

for _ in $(seq "$runs"); do
	for size; do
		for transport in $transports; do
			measure "$transport" "${size%:*}" "${size#*:}"
		done
	done
done

for library in ${LIBRARIES:-}; do
	for size; do
		for transport in $transports; do
			case $transport:$library in
			dbus-daemon:* | dbus-broker:* | kdbus-attached:* | p2p:gdbus)
				measure "$transport" "${size%:*}" "${size#*:}" \
					"$library-bench"
				;;
			esac
		done
	done
done

for transport in $transports; do
	case $transport in
	kdbus | kdbus-off) path=/run/bench/$transport/kdbus ;;
	kdbus-attached) path=/run/bench/$transport/bus ;;
	*) continue ;;
	esac
	for counter in calls returns slow daemon; do
		echo "counter $transport $counter" "$(kdbus-bus "$path" $counter)"
	done
done
