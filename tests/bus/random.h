/* SPDX-License-Identifier: GPL-2.0-only */
/* Match rules and signals at random, see ../unit/genrule.h; no eavesdropping. */
#ifndef BUS_RANDOM_H
#define BUS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define RANDOM_RULE_SIZE	1400

/*
 * random_start - of the seed in BUS_SEED; SENDER and RECIPIENT are the unique names
 * of those who own "a.b" and "r.s"
 */
void random_start(const char *sender, const char *recipient);

/* random_below - 0 to N - 1 */
uint32_t random_below(uint32_t n);

/* random_rule - mostly a valid one */
void random_rule(char text[RANDOM_RULE_SIZE]);

/* random_signal - one that such rules may match, in a static buffer */
const void *random_signal(uint32_t serial, size_t *len);

#endif
