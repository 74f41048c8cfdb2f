/* SPDX-License-Identifier: GPL-2.0-only */
/* Every limit of the module that a bus does not set for itself. */
#ifndef KDBUS_KERN_LIMITS_H
#define KDBUS_KERN_LIMITS_H

#include <linux/gfp.h>
#include <linux/sizes.h>

/*
 * Memory of a message that the daemon can have instead if there is none.  It is
 * charged to the memory cgroup of the sender, who may be at his limit for what
 * others do not read: that is no reason to kill him.
 */
#define KDBUS_GFP_MESSAGE \
	(GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN)

/*
 * Memory that must not fail for that.  Of atomic allocations alone the memory
 * controller lets the charge go over the limit.
 */
#define KDBUS_GFP_FORCED	(GFP_ATOMIC | __GFP_ACCOUNT | __GFP_NOWARN)

/* Kernel memory that the messages of one user may take, in bytes. */
#define KDBUS_USER_BYTES	(256L << 20)

/*
 * Of these, what the messages of one connection that nobody has read may take before
 * the next ones go to the daemon.  They are charged to the sender's memory cgroup,
 * which may have no more than this and a little: his are not the hands that they are in.
 */
#define KDBUS_PEER_BYTES	SZ_16M

/* Names and match rules of the buses of one user, unless root says otherwise. */
#define KDBUS_USER_TABLES	(512L << 20)

/* What a bus takes of it, with what belongs to each processor, and its threads. */
#define KDBUS_BUS_BYTES		SZ_64K
#define KDBUS_BUS_THREADS	16

/*
 * Unread bytes of a sender whatever SO_SNDBUFFORCE says: with a message more,
 * the count of them must not overflow.
 */
#define KDBUS_SNDBUF_MAX	(256 << 20)

/* Bytes that are moved at once where message boundaries are not known. */
#define KDBUS_CHUNK		SZ_32K

/* Headers beyond this go to the daemon: they are rewritten under a lock. */
#define KDBUS_FAST_HEADER_MAX	SZ_4K

/* Room in front of a message, for its header to grow by a SENDER field. */
#define KDBUS_HEADROOM		64

/* Unique names are ":1.N" in practice; SENDER has to fit the headroom. */
#define KDBUS_UNIQUE_MAX	40

/* D-Bus Specification, "Valid Names". */
#define KDBUS_NAME_MAX		255

/* Well-known names that one connection can have published. */
#define KDBUS_NAMES_MAX		65536

/*
 * Approvals of one sender, values of one of them, and bytes of all, that are
 * kept.  How many it takes is for the sender to choose.
 */
#define KDBUS_FLOWS_MAX		1024
#define KDBUS_FLOW_VALUES_MAX	64
#define KDBUS_APPROVALS_BYTES	SZ_1M

/* Match rules that are kept for one connection, and for all who are none. */
#define KDBUS_RULES_MAX		65536

/*
 * Steps of the search for a broadcast's recipients, which cannot be interrupted:
 * some milliseconds.  What takes more is for the daemon.
 */
#define KDBUS_PROBE_STEPS	SZ_16K

/* Recipients of a broadcast that a first attempt has room for. */
#define KDBUS_FANOUT_FIRST	32

/* Longest text of an approval: four strings of a header. */
#define KDBUS_APPROVAL_TEXT_MAX	SZ_4K

#endif
