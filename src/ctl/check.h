/* SPDX-License-Identifier: GPL-2.0-only */
/* What can be wrong, and how to mend it. */
#ifndef KDBUSCTL_CHECK_H
#define KDBUSCTL_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "bus.h"
#include "machine.h"

#define MESSAGE_MAX	512
#define FINDINGS_MAX	128

/**
 * enum result - what a check says
 * @RESULT_SKIPPED: there is nothing to check
 * @RESULT_OK: all is well
 * @RESULT_NOTE: somebody can live with it
 * @RESULT_HINDRANCE: a note, too: it keeps buses plain, but somebody wanted it so,
 *	or there may be nothing to it
 * @RESULT_PROBLEM: it keeps kdbus, or the way back, from working
 */
enum result {
	RESULT_SKIPPED,
	RESULT_OK,
	RESULT_NOTE,
	RESULT_HINDRANCE,
	RESULT_PROBLEM,
};

/**
 * struct finding - what a check has found
 * @check: its name
 * @bus: which bus it is about, or NULL
 * @result: how bad it is
 * @message: what there is to say
 * @mend: a command that mends it, or empty
 */
struct finding {
	const char *check;
	const struct bus *bus;
	enum result result;
	char message[MESSAGE_MAX];
	char mend[MESSAGE_MAX];
};

size_t check_machine(const struct machine *machine, struct finding *findings, size_t max);
void check_bus(const struct machine *machine, const struct bus *bus, struct finding *finding);

#endif
