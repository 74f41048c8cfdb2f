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

/* What no rule mentions, but clients may be. */
void vocabulary_add_user(const char *user);
void vocabulary_add_group(const char *group);

/* Users that some rule is for, or that have been added: see guest-run. */
unsigned int users_count(void);
const char *user_number(unsigned int n);
unsigned int groups_count(void);
const char *group_number(unsigned int n);
const char *random_user(struct rng *rng);
const char *random_group(struct rng *rng);

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
