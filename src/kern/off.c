// SPDX-License-Identifier: GPL-2.0-only
/* Mechanisms that keep the order, to be switched off; see off.h. */

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "off.h"

#define KDBUS_OFF_DAWDLE_US	200
#define KDBUS_OFF_SLEEP_MS	200

unsigned long kdbus_off_mask;

static const char * const kdbus_off_names[] = {
	[KDBUS_OFF_FENCE] = "no-fence",
	[KDBUS_OFF_STAGING] = "no-staging",
	[KDBUS_OFF_WITHDRAW] = "late-withdraw",
	[KDBUS_OFF_PUBLISH] = "early-publish",
	[KDBUS_OFF_MATCH] = "late-match",
	[KDBUS_OFF_INTERESTS] = "stale-recipients",
	[KDBUS_OFF_PAUSE] = "no-pause",
	[KDBUS_OFF_NEWS] = "late-news",
};

/**
 * kdbus_off_switch() - switch one mechanism off, and the others on
 * @value: which, or "none"
 *
 * Return: false if there is none of that name.
 */
bool kdbus_off_switch(const char *value)
{
	size_t i;

	if (sysfs_streq(value, "none")) {
		WRITE_ONCE(kdbus_off_mask, 0);
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(kdbus_off_names); i++)
		if (sysfs_streq(value, kdbus_off_names[i])) {
			WRITE_ONCE(kdbus_off_mask, BIT(i));
			return true;
		}
	return false;
}

/**
 * kdbus_off_dawdle() - if a mechanism is off, take a little longer
 * @what: the mechanism
 *
 * Context: any.
 */
void kdbus_off_dawdle(enum kdbus_off what)
{
	if (kdbus_off(what))
		udelay(KDBUS_OFF_DAWDLE_US);
}

/**
 * kdbus_off_sleep() - if a mechanism is off, take much longer
 * @what: the mechanism
 *
 * Context: process context, may sleep.
 */
void kdbus_off_sleep(enum kdbus_off what)
{
	if (kdbus_off(what))
		msleep(KDBUS_OFF_SLEEP_MS);
}
