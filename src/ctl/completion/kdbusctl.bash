# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only

_kdbusctl_complete() {
	local word=${COMP_WORDS[COMP_CWORD]} command='' i
	local choices='--json --all --global --replace-dbus-broker --root= --help'
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-*) ;;
		status | doctor | enable | disable | fastpath | rollback | version)
			command=${COMP_WORDS[i]}
			break
			;;
		esac
	done
	case $command in
	'') choices+=' status doctor enable disable fastpath rollback version' ;;
	enable | disable) choices+=' system session' ;;
	fastpath)
		if ((COMP_CWORD == i + 1)); then
			choices='on off'
		else
			choices='system session --all --json'
		fi
		;;
	rollback) choices='-- --purge --root --json' ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _kdbusctl_complete kdbusctl
