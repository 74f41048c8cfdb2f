# SPDX-License-Identifier: GPL-2.0-only
#
# What dkms.conf runs, in this directory, with KERNEL_DIR=DIRECTORY.
#
# A kernel that the module cannot be built for gets a placeholder, because with
# some versions of DKMS a build that fails keeps the kernel itself from being
# installed.  Its makefiles or its compiler may be what fails, so the last one
# takes nothing of the kernel, and no compiler: DKMS comes without one on Debian 13.
# KDBUS_STUB=n asks for the module or a failure.

.PHONY: modules
modules:
	$(MAKE) -C $(KERNEL_DIR) M=$(CURDIR) modules $(if $(filter n,$(KDBUS_STUB)),, \
		|| $(MAKE) -C $(KERNEL_DIR) M=$(CURDIR) KDBUS_STUB=y modules \
		|| as -o kdbus.ko stub/bare.S || cc -c -o kdbus.ko stub/bare.S)
