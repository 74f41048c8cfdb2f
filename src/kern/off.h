/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mechanisms that keep the order, to be switched off by tests/load, which has to
 * notice.  Only a module built with KDBUS_PLANT=y can.
 */
#ifndef KDBUS_KERN_OFF_H
#define KDBUS_KERN_OFF_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>

/**
 * enum kdbus_off - what is switched off
 * @KDBUS_OFF_FENCE: later messages wait until the daemon has finished
 * @KDBUS_OFF_STAGING: a broadcast becomes visible everywhere at once
 * @KDBUS_OFF_WITHDRAW: a name is withdrawn before anybody is told
 * @KDBUS_OFF_PUBLISH: a name is published after everybody has been told; it is
 *	with NameAcquired instead
 * @KDBUS_OFF_MATCH: a match rule is in force when the owner has said so; it is
 *	a little later instead
 * @KDBUS_OFF_INTERESTS: the recipients of a broadcast are those of the moment of
 *	its delivery
 * @KDBUS_OFF_PAUSE: no broadcasts while the owner of the bus forbids them
 * @KDBUS_OFF_NEWS: what the owner of the bus has written is in the recipient's
 *	queue; a change of owners is only there once the next one is written, to
 *	whomever, instead
 */
enum kdbus_off {
	KDBUS_OFF_FENCE,
	KDBUS_OFF_STAGING,
	KDBUS_OFF_WITHDRAW,
	KDBUS_OFF_PUBLISH,
	KDBUS_OFF_MATCH,
	KDBUS_OFF_INTERESTS,
	KDBUS_OFF_PAUSE,
	KDBUS_OFF_NEWS,
};

#ifdef KDBUS_PLANT
extern unsigned long kdbus_off_mask;

static inline bool kdbus_off(enum kdbus_off what)
{
	return READ_ONCE(kdbus_off_mask) & BIT(what);
}

bool kdbus_off_switch(const char *value);

/* Time for others to see what they should not; the second sleeps. */
void kdbus_off_dawdle(enum kdbus_off what);
void kdbus_off_sleep(enum kdbus_off what);
#else
static inline bool kdbus_off(enum kdbus_off what)
{
	return false;
}

static inline void kdbus_off_dawdle(enum kdbus_off what)
{
}

static inline void kdbus_off_sleep(enum kdbus_off what)
{
}
#endif

#endif
