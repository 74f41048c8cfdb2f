/* SPDX-License-Identifier: GPL-2.0-only */
/* Rules at random, in a file that the bus reads with the others. */
#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include "../unit/rng.h"
#include "vocabulary.h"

#define RULES_HINTS	8

/* rules_hint - something that rules may be about, replacing hint number N */
void rules_hint(int n, const struct shape *shape);

/* rules_write - replace the random rules of the bus by others */
void rules_write(struct rng *rng);

#endif
