// SPDX-License-Identifier: GPL-2.0-only
/*
 * The words that the policies of a bus use.
 *
 * Messages at random would be about nothing that a rule mentions, so their
 * parts are taken from the rules.  This does not judge anything, so it may read
 * the files simply: comments apart, "<allow" and "<deny" begin a rule.
 */

#include <dbus/dbus.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bus/transcript.h"
#include "vocabulary.h"

#define SHAPES_MAX	4096
#define WORDS_MAX	4096
#define FILE_MAX	(1 << 20)

struct words {
	const char *word[WORDS_MAX];
	unsigned int count;
};

static struct shape shapes[SHAPES_MAX];
static unsigned int shapes_count;
static struct words names, interfaces, members, paths, errors;
static struct words users, groups;

static void words_add(struct words *words, const char *word)
{
	unsigned int i;

	for (i = 0; i < words->count; i++)
		if (!strcmp(words->word[i], word))
			return;
	if (words->count == WORDS_MAX)
		give_up("too many words");
	words->word[words->count++] = word;
}

static const char *words_pick(const struct words *words, struct rng *rng)
{
	if (!words->count)
		give_up("the policies of this bus have no rules");
	return words->word[rng_below(rng, words->count)];
}

/* The value of an attribute of a rule, to be kept; NULL if it has none. */
static char *attribute(const char *rule, const char *key)
{
	char pattern[40];
	const char *at;
	size_t len;

	snprintf(pattern, sizeof(pattern), "%s=\"", key);
	at = strstr(rule, pattern);
	if (!at || (at > rule && at[-1] == '_'))
		return NULL;
	at += strlen(pattern);
	len = strcspn(at, "\"");
	if (!len || !strncmp(at, "*", len))
		return NULL;
	return strndup(at, len);
}

static char *below_prefix(char *prefix)
{
	char *name;

	if (!prefix || asprintf(&name, "%s.Below", prefix) < 0)
		return NULL;
	return name;
}

static char *send_or_receive(const char *rule, const char *what)
{
	char key[40], *value;

	snprintf(key, sizeof(key), "send_%s", what);
	value = attribute(rule, key);
	if (value)
		return value;
	snprintf(key, sizeof(key), "receive_%s", what);
	return attribute(rule, key);
}

static char *name_of_rule(const char *rule)
{
	return attribute(rule, "send_destination") ?:
	       attribute(rule, "receive_sender") ?:
	       attribute(rule, "own") ?:
	       below_prefix(attribute(rule, "send_destination_prefix")) ?:
	       below_prefix(attribute(rule, "own_prefix"));
}

static void take_rule(const char *rule)
{
	struct shape shape = {
		.name = name_of_rule(rule),
		.interface = send_or_receive(rule, "interface"),
		.member = send_or_receive(rule, "member"),
		.path = send_or_receive(rule, "path"),
		.error = send_or_receive(rule, "error"),
	};

	/* Whoever breaks these rules of the driver cannot take part. */
	if (shape.name && !strcmp(shape.name, DBUS_SERVICE_DBUS))
		return;
	if (shapes_count == SHAPES_MAX)
		give_up("too many rules");
	shapes[shapes_count++] = shape;
	if (shape.name && dbus_validate_bus_name(shape.name, NULL))
		words_add(&names, shape.name);
	if (shape.interface)
		words_add(&interfaces, shape.interface);
	if (shape.member)
		words_add(&members, shape.member);
	if (shape.path)
		words_add(&paths, shape.path);
	if (shape.error)
		words_add(&errors, shape.error);
}

static void take_context(const char *policy)
{
	char *user = attribute(policy, "user");
	char *group = attribute(policy, "group");

	if (user)
		words_add(&users, user);
	if (group)
		words_add(&groups, group);
}

static void blank_comments(char *text)
{
	char *begin = text, *end;

	while ((begin = strstr(begin, "<!--"))) {
		end = strstr(begin, "-->");
		if (!end)
			end = begin + strlen(begin) - 3;
		memset(begin, ' ', end + 3 - begin);
	}
}

static void take_rules(char *text)
{
	char *end;

	blank_comments(text);
	while ((text = strchr(text, '<'))) {
		end = strchr(text, '>');
		if (!end)
			return;
		*end = '\0';
		if (!strncmp(text, "<allow", 6) || !strncmp(text, "<deny", 5))
			take_rule(text);
		else if (!strncmp(text, "<policy", 7))
			take_context(text);
		text = end + 1;
	}
}

static void read_file(const char *path)
{
	char *text = calloc(1, FILE_MAX);
	FILE *file = fopen(path, "r");

	if (!file || !text)
		give_up("cannot read %s", path);
	if (fread(text, 1, FILE_MAX - 1, file) == FILE_MAX - 1)
		give_up("%s is too long", path);
	fclose(file);
	take_rules(text);
	free(text);
}

static int is_conf(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 5 && !strcmp(entry->d_name + len - 5, ".conf");
}

void vocabulary_read(const char *directory)
{
	struct dirent **entries;
	char path[512];
	int i, count = scandir(directory, &entries, is_conf, alphasort);

	if (count < 0)
		give_up("cannot read the directory %s", directory);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", directory,
			 entries[i]->d_name);
		read_file(path);
		free(entries[i]);
	}
	free(entries);
}

void vocabulary_add_user(const char *user)
{
	words_add(&users, user);
}

void vocabulary_add_group(const char *group)
{
	words_add(&groups, group);
}

unsigned int users_count(void)
{
	return users.count;
}

const char *user_number(unsigned int n)
{
	return users.word[n % users.count];
}

unsigned int groups_count(void)
{
	return groups.count;
}

const char *group_number(unsigned int n)
{
	return groups.word[n % groups.count];
}

const char *random_user(struct rng *rng)
{
	return words_pick(&users, rng);
}

const char *random_group(struct rng *rng)
{
	return words_pick(&groups, rng);
}

const char *random_name(struct rng *rng)
{
	return words_pick(&names, rng);
}

const char *random_interface(struct rng *rng)
{
	return words_pick(&interfaces, rng);
}

const char *random_member(struct rng *rng)
{
	return words_pick(&members, rng);
}

const char *random_path(struct rng *rng)
{
	return words_pick(&paths, rng);
}

const char *random_error(struct rng *rng)
{
	return words_pick(&errors, rng);
}

const struct shape *random_shape(struct rng *rng, const char *name)
{
	unsigned int first = rng_below(rng, shapes_count), i, at;

	for (i = 0; name && i < shapes_count; i++) {
		at = (first + i) % shapes_count;
		if (shapes[at].name && !strcmp(shapes[at].name, name))
			return &shapes[at];
	}
	return &shapes[first];
}
