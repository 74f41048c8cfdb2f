/* SPDX-License-Identifier: GPL-2.0-only */
/* Finding the end of a client's SASL exchange. */
#ifndef KDBUS_CORE_SASL_H
#define KDBUS_CORE_SASL_H

#include "port.h"

/* Zero-initialised at the start of a connection. */
struct kdbus_sasl {
	u8 matched;		/* how much of a BEGIN line has been seen */
	bool other_line;	/* this line is not BEGIN */
	bool done;
	bool started;		/* the byte in front of the first line has come */
	bool cr;		/* the last byte was a carriage return */
};

size_t kdbus_sasl_scan(struct kdbus_sasl *s, const u8 *data, size_t len);

#endif
