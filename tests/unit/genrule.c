// SPDX-License-Identifier: GPL-2.0-only
/* Random match rules, and messages that they have a chance to match. */
#include "genrule.h"

#include <stdio.h>
#include <string.h>

static const char * const interfaces[] = { "a.b", "a.b", "a.bc", "a.b.c" };
static const char * const members[] = { "M", "M", "Mm", "m" };
static const char * const paths[] = {
	"/", "/a", "/a/b", "/ab", "/a/b/c",
	"/1/2/3/4/5/6/7", "/1/2/3/4/5/6/7/8", "/1/2/3/4/5/6/7/8/9",
};
static const char * const types[] = {
	"signal", "signal", "signal", "signal", "method_call", "method_return",
	"error",
};
static const char * const strings[] = {
	"", "a", "a.b", "a.bc", "a.b.c",
	"a.b.c.d.e.f.g", "a.b.c.d.e.f.g.h", "a.b.c.d.e.f.g.h.i",
	"/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/ab/",
	"/1/2/3/4/5/6/", "/1/2/3/4/5/6/7/", "/1/2/3/4/5/6/7/8",
	"/1/2/3/4/5/6/7/8/", "/1/2/3/4/5/6/7/8/9/",
	"it's", "a,b", "\\", "a\\'b", "x y", "=", "M",
	"\xc3\xa4.\xe2\x82\xac",
};

static const char *pick_name(struct rng *r, const char * const *names)
{
	uint32_t n = 0;

	while (names[n])
		n++;
	return names[rng_below(r, n)];
}

/* One of the ways to write @value. */
static char *put_value(struct rng *r, char *s, const char *value)
{
	bool quoted = false;

	for (; *value; value++) {
		bool quote = *value == '\'';

		/* Not within a character. */
		if ((*value & 0xc0) == 0x80) {
			*s++ = *value;
			continue;
		}
		if (quoted && (quote || rng_once_in(r, 10))) {
			*s++ = '\'';
			quoted = false;
		}
		if (!quoted && !quote &&
		    (strchr(",\\", *value) || rng_once_in(r, 3))) {
			*s++ = '\'';
			quoted = true;
		}
		if (quote)
			*s++ = '\\';
		*s++ = *value;
	}
	if (quoted)
		*s++ = '\'';
	return s;
}

static char *put_key(struct rng *r, char *s, const char *start, const char *key,
		     const char *value)
{
	if (s != start)
		*s++ = ',';
	while (rng_once_in(r, 8))
		*s++ = " \t\n\r"[rng_below(r, 4)];
	s += sprintf(s, "%s", key);
	while (rng_once_in(r, 16))
		*s++ = ' ';
	*s++ = '=';
	return put_value(r, s, value);
}

static char *put_arg_key(struct rng *r, char *s, const char *start)
{
	uint32_t i = rng_once_in(r, 10) ? rng_below(r, 70) : rng_below(r, 3);
	const char *suffix = rng_once_in(r, 2) ? "path" : "";
	char key[32];

	if (rng_once_in(r, 5))
		return put_key(r, s, start, "arg0namespace",
			       strings[1 + rng_below(r, 7)]);
	if (rng_once_in(r, 2))
		i = 0;
	switch (rng_below(r, 12)) {
	case 0:
		snprintf(key, sizeof(key), "arg0x%x%s", i, suffix);
		break;
	case 1:
		snprintf(key, sizeof(key), "arg0%o%s", i, suffix);
		break;
	case 2:
		snprintf(key, sizeof(key), "arg+%u%s", i, suffix);
		break;
	default:
		snprintf(key, sizeof(key), "arg%u%s", i, suffix);
	}
	return put_key(r, s, start, key, rng_pick(r, strings));
}

static char *put_random_key(struct rng *r, const struct vocabulary *v, char *s,
			    const char *start)
{
	switch (rng_below(r, 12)) {
	case 0:
		return put_key(r, s, start, "type", rng_pick(r, types));
	case 1:
		return put_key(r, s, start, "sender",
			       pick_name(r, v->senders));
	case 2:
		return put_key(r, s, start, "interface",
			       rng_pick(r, interfaces));
	case 3:
		return put_key(r, s, start, "member", rng_pick(r, members));
	case 4:
		return put_key(r, s, start, "path", rng_pick(r, paths));
	case 5:
		return put_key(r, s, start, "path_namespace",
			       rng_pick(r, paths));
	case 6:
		if (!rng_once_in(r, 3))
			return put_key(r, s, start, "destination",
				       pick_name(r, v->recipients));
		return s;
	case 7:
		return put_key(r, s, start, "eavesdrop",
			       rng_once_in(r, 4) ? "false" : "true");
	default:
		return put_arg_key(r, s, start);
	}
}

/* A rule that is mostly valid, if it does not happen to say a thing twice. */
void generate_rule(struct rng *r, const struct vocabulary *v, char *text)
{
	uint32_t n = rng_below(r, rng_once_in(r, 20) ? 18 : 4);
	char *s = text;

	while (n--)
		s = put_random_key(r, v, s, text);
	if (rng_once_in(r, 20))
		*s++ = ',';
	*s = 0;
}

/* Anything that might be taken for a rule. */
void generate_rule_text(struct rng *r, const struct vocabulary *v, char *text)
{
	static const char chars[] = "',\\= \t\n\v\fa0x9-+./:'',,==\\";
	size_t len;
	uint32_t n;

	generate_rule(r, v, text);
	len = strlen(text);
	for (n = rng_below(r, 4); n && len; n--)
		text[rng_below(r, len)] = chars[rng_below(r, sizeof(chars) - 1)];
	/* Lengths of about 1024, of which the rest is a value. */
	if (rng_once_in(r, 50)) {
		n = 1020 + rng_below(r, 8);
		len += sprintf(text + len, "%sarg9=", len ? "," : "");
		while (len < n)
			text[len++] = 'x';
		text[len] = 0;
	}
}

static void put_arg(struct rng *r, struct writer *w, char code)
{
	switch (code) {
	case 's':
		put_string(w, rng_pick(r, strings));
		break;
	case 'o':
		put_string(w, rng_pick(r, paths));
		break;
	case 'u':
		put_u32(w, rng_below(r, 5));
		break;
	default:
		put_signature(w, "s");
		put_string(w, rng_pick(r, strings));
	}
}

static void put_fields(struct rng *r, const struct vocabulary *v,
		       struct writer *w, uint8_t type, const char *sig)
{
	/* A call that the bus driver refuses reaches no eavesdropper. */
	if (type == 1)
		put_field(w, 6, 's', v->recipients[0]);
	else if (type != 4 || rng_once_in(r, 6))
		put_field(w, 6, 's', pick_name(r, v->recipients));
	if (type == 1 || type == 4 || rng_once_in(r, 2)) {
		put_field(w, 1, 'o', rng_pick(r, paths));
		put_field(w, 3, 's', rng_pick(r, members));
	}
	if (type == 4 || rng_once_in(r, 2))
		put_field(w, 2, 's', rng_pick(r, interfaces));
	if (type == 3)
		put_field(w, 4, 's', "a.b");
	if (type == 2 || type == 3)
		put_field_u32(w, 5, 1 + rng_below(r, 100000));
	if (*sig || rng_once_in(r, 2))
		put_field(w, 8, 'g', sig);
}

/* A message to match; mostly a broadcast signal. */
void generate_candidate(struct rng *r, const struct vocabulary *v,
			uint32_t serial, struct writer *w)
{
	uint8_t type = rng_once_in(r, 6) ? 1 + rng_below(r, 4) : 4;
	uint32_t n = rng_below(r, rng_once_in(r, 20) ? 70 : 5);
	char sig[80];
	uint32_t i;

	for (i = 0; i < n; i++)
		sig[i] = "sssouv"[rng_below(r, 6)];
	sig[n] = 0;
	w->big_endian = rng_once_in(r, 3);
	put_header(w, type, 1, serial);
	put_fields(r, v, w, type, sig);
	end_header(w);
	for (i = 0; i < n; i++)
		put_arg(r, w, sig[i]);
	end_body(w);
}
