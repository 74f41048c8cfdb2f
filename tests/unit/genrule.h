/* SPDX-License-Identifier: GPL-2.0-only */
/* Random match rules, and messages that they have a chance to match. */
#ifndef KDBUS_TEST_GENRULE_H
#define KDBUS_TEST_GENRULE_H

#include "rng.h"
#include "writer.h"

#define RULE_TEXT_SIZE 1400

/*
 * Names to choose from; the last one is NULL.  The first of the recipients is
 * the only one that gets calls.
 */
struct vocabulary {
	const char *senders[8];
	const char *recipients[8];
};

void generate_rule(struct rng *r, const struct vocabulary *v, char *text);
void generate_rule_text(struct rng *r, const struct vocabulary *v, char *text);
void generate_candidate(struct rng *r, const struct vocabulary *v,
			uint32_t serial, struct writer *w);

#endif
