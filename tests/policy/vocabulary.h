/* SPDX-License-Identifier: GPL-2.0-only */
/* The words that the policies of a bus use, to make messages they are about. */
#ifndef POLICY_VOCABULARY_H
#define POLICY_VOCABULARY_H

#include "../unit/rng.h"

/**
 * struct shape - what one rule looks at
 * @name: a bus name of the recipient or sender, or NULL like the others
 * @interface: of the message
 * @member: of the message
 * @path: of the message
 * @error: name of the error
 */
struct shape {
	char *name;
	char *interface;
	char *member;
	char *path;
	char *error;
};

/* vocabulary_read - take in all rules in the files *.conf of a directory */
void vocabulary_read(const char *directory);

/* random_name - a bus name that some rule is about */
const char *random_name(struct rng *rng);

/* random_shape - a rule about NAME if there is one, or about anything */
const struct shape *random_shape(struct rng *rng, const char *name);

/* The same without a rule behind it, from what any rule mentions. */
const char *random_interface(struct rng *rng);
const char *random_member(struct rng *rng);
const char *random_path(struct rng *rng);
const char *random_error(struct rng *rng);

#endif
