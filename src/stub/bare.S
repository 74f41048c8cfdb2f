/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The placeholder of a kernel that not even stub.c can be built for.  It has what
 * modinfo looks at, and nothing that any kernel would load.  See dkms.mk.
 */
	.section .modinfo, "a"
	.asciz "placeholder=Y"
	.asciz "description=Placeholder where kdbus could not be built"
	.asciz "license=GPL"
