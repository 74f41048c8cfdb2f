// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random messages, most of them valid, many damaged: the core and libdbus have
 * to agree about each.
 *
 *	diff_libdbus [-n MESSAGES] [-s SEED]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "compare.h"
#include "generate.h"

struct damage {
	const char *name;
	uint64_t total;
	uint64_t valid;
};

struct run {
	struct generator g;
	struct writer previous;
	uint64_t verdicts[DIFFERENT + 1];
	uint64_t big_endian;
	uint64_t with_sender;
	uint64_t with_unknown;
	uint64_t bytes;
	struct damage damage[16];
};

static void hexdump(const uint8_t *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		fprintf(stderr, "%02x%s", p[i],
			i % 8 == 7 || i + 1 == len ? "\n" : " ");
}

static void count_damage(struct run *r, const char *name, enum verdict verdict)
{
	struct damage *d = r->damage;

	while (d->name && strcmp(d->name, name))
		d++;
	d->name = name;
	d->total++;
	d->valid += verdict == VALID;
}

static bool check_valid(struct run *r, const uint8_t *data,
			const struct kdbus_view *view, bool damaged)
{
	char sender[512];

	r->big_endian += view->frame.big_endian;
	r->with_sender += view->sender_at != 0;
	r->with_unknown += view->unknown_fields;
	if (!damaged && view->unknown_fields != r->g.unknown) {
		fprintf(stderr, "difference: unknown fields: core %s\n",
			view->unknown_fields ? "some" : "none");
		return false;
	}
	do
		generate_name(&r->g.rng, NAME_BUS, sender);
	while (strlen(sender) > 255);
	return compare_rewritten(data, view, sender, 512);
}

/* In memory of its own, so that the sanitizers see a read behind the end. */
static enum verdict check_message(struct run *r, bool damaged)
{
	size_t len = r->g.w.len;
	struct kdbus_view view;
	enum verdict verdict;
	uint8_t *data;

	data = malloc(len ? len : 1);
	if (!data) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	memcpy(data, r->g.w.p, len);
	verdict = compare_message(data, len, &view);
	if (verdict == VALID && !check_valid(r, data, &view, damaged))
		verdict = DIFFERENT;
	free(data);
	return verdict;
}

static bool one_message(struct run *r)
{
	enum verdict verdict;
	const char *damage;

	generate_message(&r->g);
	damage = mutate_message(&r->g.rng, &r->g.w,
				r->previous.len ? &r->previous : &r->g.w);
	verdict = check_message(r, strcmp(damage, "none"));
	r->bytes += r->g.w.len;
	r->verdicts[verdict]++;
	count_damage(r, damage, verdict);
	if (verdict == DIFFERENT) {
		hexdump(r->g.w.p, r->g.w.len);
		return false;
	}
	r->previous.len = 0;
	put_bytes(&r->previous, r->g.w.p, r->g.w.len);
	return true;
}

static bool one_syntax(struct run *r)
{
	char s[1024];

	switch (rng_below(&r->g.rng, 4)) {
	case 0:
		generate_signature_text(&r->g.rng, s);
		break;
	case 1:
		generate_utf8_text(&r->g.rng, s, sizeof(s));
		break;
	default:
		generate_name_text(&r->g.rng, s);
	}
	return compare_syntax(s);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * part / whole : 0.0;
}

static void report(const struct run *r, uint64_t n)
{
	const struct damage *d;

	printf("# %" PRIu64 " messages, %.0f bytes on average: %.1f %% valid, "
	       "%.1f %% invalid, %.1f %% incomplete\n", n,
	       (double)r->bytes / n, percent(r->verdicts[VALID], n),
	       percent(r->verdicts[INVALID], n),
	       percent(r->verdicts[INCOMPLETE], n));
	printf("# of the valid ones: %.1f %% big-endian, %.1f %% with SENDER, "
	       "%.1f %% with unknown fields\n",
	       percent(r->big_endian, r->verdicts[VALID]),
	       percent(r->with_sender, r->verdicts[VALID]),
	       percent(r->with_unknown, r->verdicts[VALID]));
	for (d = r->damage; d->name; d++)
		printf("# damage %-8s %7" PRIu64 ", still valid %.1f %%\n",
		       d->name, d->total, percent(d->valid, d->total));
}

static bool run(struct run *r, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++) {
		if (!one_message(r) || !one_syntax(r)) {
			fprintf(stderr, "message %" PRIu64 " of the seed\n", i);
			return false;
		}
	}
	report(r, n);
	/* Otherwise the messages test little, whatever the result. */
	if (r->verdicts[VALID] < n / 4 || r->verdicts[INVALID] < n / 10) {
		fprintf(stderr, "too few valid or too few invalid messages\n");
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	uint64_t seed = (uint64_t)time(NULL);
	uint64_t n = 1000000;
	struct run r = { 0 };
	bool ok;
	int opt;

	while ((opt = getopt(argc, argv, "n:s:")) != -1) {
		if (opt == 'n') {
			n = strtoull(optarg, NULL, 0);
		} else if (opt == 's') {
			seed = strtoull(optarg, NULL, 0);
		} else {
			fprintf(stderr, "usage: %s [-n MESSAGES] [-s SEED]\n",
				argv[0]);
			return 2;
		}
	}
	r.g.rng.state = seed;
	printf("# seed %" PRIu64 "\n", seed);
	fflush(stdout);
	ok = run(&r, n);
	printf("%s 1 - %" PRIu64 " messages: core and libdbus agree\n1..1\n",
	       ok ? "ok" : "not ok", n);
	writer_free(&r.g.w);
	writer_free(&r.previous);
	return ok ? 0 : 1;
}
