# SPDX-License-Identifier: AFL-2.1 OR GPL-2.0-or-later
#
# Appended to debian/rules of dbus.  The daemon and the library say that they are
# patched in files of their own, which go away with them when a newer version of
# the distribution comes: what switches a bus looks for them before it relies on
# either.

execute_after_dh_install:
	set -e; for pair in dbus-daemon:dbus-daemon libdbus-1-3:libdbus; do \
		dir=debian/$${pair%:*}/usr/lib/kdbus; \
		mkdir -p "$$dir"; \
		dpkg-parsechangelog -S Version >"$$dir/$${pair#*:}.patched"; \
	done
