/* SPDX-License-Identifier: GPL-2.0-only */
/* Random messages. */
#ifndef KDBUS_TEST_GENERATE_H
#define KDBUS_TEST_GENERATE_H

#include "rng.h"
#include "writer.h"

/*
 * @spoil: values until one is written wrong on purpose; negative for never
 * @unknown: the message got fields that the specification does not know
 * @w: where the message goes
 */
struct generator {
	struct rng rng;
	int spoil;
	bool unknown;
	struct writer w;
};

enum name_kind {
	NAME_BUS,
	NAME_INTERFACE,
	NAME_MEMBER,
	NAME_PATH,
};

void generate_name(struct rng *r, enum name_kind kind, char *s);
void generate_name_text(struct rng *r, char *s);
void generate_signature(struct rng *r, char *s);
void generate_signature_text(struct rng *r, char *s);
void generate_utf8_text(struct rng *r, char *s, size_t size);
void generate_values(struct generator *g, const char *sig);
void generate_message(struct generator *g);

const char *mutate_message(struct rng *r, struct writer *w,
			   const struct writer *other);

#endif
