// SPDX-License-Identifier: GPL-2.0-only
/*
 * Something for a fuzzer to begin with.
 *
 *	make_seeds message|match|sasl DIRECTORY
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/generate.h"
#include "unit/genrule.h"

#define SEEDS 600

static const struct vocabulary vocabulary = {
	.senders = { ":1.1", "a.b" },
	.recipients = { ":1.2", "r.s" },
};

static void write_seed(const char *dir, int number, const struct writer *w)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%d", dir, number);
	f = fopen(path, "wb");
	if (!f || fwrite(w->p, 1, w->len, f) != w->len || fclose(f)) {
		perror(path);
		exit(1);
	}
}

/* Good ones, damaged ones, and what is nothing but text. */
static void make_message(struct generator *g, int number)
{
	static struct writer other;
	char text[512];

	if (number % 8 == 7) {
		if (rng_once_in(&g->rng, 2))
			generate_name_text(&g->rng, text);
		else
			generate_utf8_text(&g->rng, text, sizeof(text));
		put_bytes(&g->w, text, strlen(text));
		return;
	}
	generate_message(g);
	if (number % 2)
		mutate_message(&g->rng, &g->w, &other);
	other.len = 0;
	put_bytes(&other, g->w.p, g->w.len);
}

static void make_rule(struct rng *r, struct writer *w)
{
	struct writer message = { 0 };
	char text[RULE_TEXT_SIZE];

	if (rng_once_in(r, 3))
		generate_rule_text(r, &vocabulary, text);
	else
		generate_rule(r, &vocabulary, text);
	generate_candidate(r, &vocabulary, 1, &message);
	put_bytes(w, text, strlen(text) + 1);
	put_bytes(w, message.p, message.len);
	writer_free(&message);
}

static void make_sasl(struct rng *r, struct writer *w)
{
	static const char * const lines[] = {
		"AUTH EXTERNAL 30\r\n", "DATA\r\n", "NEGOTIATE_UNIX_FD\r\n",
		"BEGIN\r\n", "BEGIN now\r\n", "\r\n", "ERROR\r\n",
	};
	uint32_t n = rng_below(r, 5);

	put_u8(w, 0);
	while (n--) {
		const char *line = rng_pick(r, lines);

		put_bytes(w, line, strlen(line));
	}
}

int main(int argc, char **argv)
{
	struct generator g = { .rng.state = 1 };
	int i;

	if (argc != 3) {
		fprintf(stderr, "usage: %s message|match|sasl DIRECTORY\n",
			argv[0]);
		return 2;
	}
	for (i = 0; i < SEEDS; i++) {
		g.w.len = 0;
		if (!strcmp(argv[1], "message"))
			make_message(&g, i);
		else if (!strcmp(argv[1], "match"))
			make_rule(&g.rng, &g.w);
		else
			make_sasl(&g.rng, &g.w);
		write_seed(argv[2], i, &g.w);
	}
	writer_free(&g.w);
	return 0;
}
