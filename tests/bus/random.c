// SPDX-License-Identifier: GPL-2.0-only
/* Match rules and signals at random. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/genrule.h"
#include "random.h"

_Static_assert(RANDOM_RULE_SIZE == RULE_TEXT_SIZE, "the size of a rule");

#define TYPE_AT		1
#define SIGNAL		4

static struct rng rng;
static struct vocabulary vocabulary;

void random_start(const char *sender, const char *recipient)
{
	const char *seed = getenv("BUS_SEED");

	rng.state = seed ? strtoull(seed, NULL, 0) : 1;
	fprintf(stderr, "# BUS_SEED=%s\n", seed ? seed : "1");
	vocabulary = (struct vocabulary) {
		.senders = { "a.b", "a.b.c", "r.s", sender, recipient },
		.recipients = { "r.s", recipient },
	};
}

uint32_t random_below(uint32_t n)
{
	return rng_below(&rng, n);
}

void random_rule(char text[RANDOM_RULE_SIZE])
{
	do {
		generate_rule(&rng, &vocabulary, text);
	} while (strstr(text, "eavesdrop"));
}

const void *random_signal(uint32_t serial, size_t *len)
{
	static struct writer w;

	do {
		generate_candidate(&rng, &vocabulary, serial, &w);
	} while (w.p[TYPE_AT] != SIGNAL);
	*len = w.len;
	return w.p;
}
