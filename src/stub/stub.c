// SPDX-License-Identifier: GPL-2.0-only
/*
 * What DKMS gets for a kernel that the module cannot be built for: a module that
 * says so and does not load.  See dkms.mk.
 */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>

static int __init kdbus_stub_init(void)
{
	pr_notice("kdbus: could not be built for this kernel, this is a placeholder; see make.log of DKMS\n");
	return -ENODEV;
}
module_init(kdbus_stub_init);

MODULE_INFO(placeholder, "Y");
MODULE_DESCRIPTION("Placeholder where kdbus could not be built");
MODULE_LICENSE("GPL");
