# SPDX-License-Identifier: GPL-2.0-only

set -l commands status doctor enable disable fastpath rollback version
complete -c kdbusctl -f
complete -c kdbusctl -n "not __fish_seen_subcommand_from $commands" -a status -d 'Which bus is on kdbus, and why not'
complete -c kdbusctl -n "not __fish_seen_subcommand_from $commands" -a doctor -d 'Check everything that can be wrong'
complete -c kdbusctl -n "not __fish_seen_subcommand_from $commands" -a enable -d 'Switch a bus on'
complete -c kdbusctl -n "not __fish_seen_subcommand_from $commands" -a disable -d 'Switch a bus off'
complete -c kdbusctl -n "not __fish_seen_subcommand_from $commands" -a fastpath -d 'Let the kernel deliver messages or not'
complete -c kdbusctl -n "not __fish_seen_subcommand_from $commands" -a rollback -d 'Back to plain dbus'
complete -c kdbusctl -n "not __fish_seen_subcommand_from $commands" -a version -d 'Of everything there is'
complete -c kdbusctl -n "__fish_seen_subcommand_from enable disable" -a 'system session'
complete -c kdbusctl -n "__fish_seen_subcommand_from fastpath; and not __fish_seen_subcommand_from on off" -a 'on off'
complete -c kdbusctl -n "__fish_seen_subcommand_from on off" -a 'system session'
# The options behind "--" are those of kdbus-rollback.
complete -c kdbusctl -n "__fish_seen_subcommand_from rollback; and not contains -- -- (commandline -opc)" -a '--'
complete -c kdbusctl -n "__fish_seen_subcommand_from rollback; and contains -- -- (commandline -opc)" -a '--purge --root'
complete -c kdbusctl -l json -d 'Answer in JSON'
complete -c kdbusctl -l all -d 'Every bus'
complete -c kdbusctl -l global -d 'Session buses of all users'
complete -c kdbusctl -l replace-dbus-broker -d 'Let dbus-daemon serve the bus instead'
complete -c kdbusctl -l root -x -a '(__fish_complete_directories)' -d 'Look at the system in a directory, or switch it'
complete -c kdbusctl -l version -d 'Show the version of kdbusctl'
complete -c kdbusctl -s h -l help -d 'Show what there is'
