# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only

_kdbusctl_complete() {
	local word=${COMP_WORDS[COMP_CWORD]} command='' state='' i
	local choices='--json --all --global --replace-dbus-broker --root= --version --help'
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		# What comes behind it are the options of kdbus-rollback.
		--)
			mapfile -t COMPREPLY < <(compgen -W '--purge --root=' -- "$word")
			return
			;;
		-*) ;;
		on | off) state=${COMP_WORDS[i]} ;;
		status | doctor | enable | disable | fastpath | rollback | version)
			command=${COMP_WORDS[i]}
			;;
		esac
	done
	case $command in
	'') choices+=' status doctor enable disable fastpath rollback version' ;;
	enable | disable) choices+=' system session' ;;
	fastpath)
		choices='system session --all --json'
		case $state:$word in
		:-*) ;;
		:*) choices='on off' ;;
		esac
		;;
	rollback) choices='-- --json' ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}

complete -F _kdbusctl_complete kdbusctl
