// SPDX-License-Identifier: GPL-2.0-only
/* Random messages: header fields and the odd extreme. */
#include <string.h>

#include "generate.h"

enum {
	PATH = 1, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL,
	DESTINATION, SENDER, SIGNATURE, UNIX_FDS, CONTAINER,
};

#define BIT(code) (1u << (code))

static const char field_type[] = " osssussguo";

static const enum name_kind field_kind[] = {
	[PATH] = NAME_PATH,
	[INTERFACE] = NAME_INTERFACE,
	[MEMBER] = NAME_MEMBER,
	[ERROR_NAME] = NAME_INTERFACE,
	[DESTINATION] = NAME_BUS,
	[SENDER] = NAME_BUS,
	[CONTAINER] = NAME_PATH,
};

static void put_unknown_field(struct generator *g, uint8_t code)
{
	char sig[512];

	do
		generate_signature(&g->rng, sig);
	while (!*sig);
	/* As one complete type; that of a known field will mostly be wrong. */
	if (strlen(sig) > 1) {
		memmove(sig + 1, sig, strlen(sig) + 1);
		sig[0] = '(';
		strcat(sig, ")");
	}
	put_align(&g->w, 8);
	put_u8(&g->w, code);
	put_signature(&g->w, sig);
	generate_values(g, sig);
	if (code > UNIX_FDS)
		g->unknown = true;
}

static void wrong_name(struct generator *g, uint8_t code, char *s)
{
	static const char * const reserved[] = {
		"/org/freedesktop/DBus/Local", "/org/freedesktop/DBus/Local_",
		"/org/freedesktop/DBus/Local/x", "/org/freedesktop/DBus/Loca",
		"org.freedesktop.DBus.Local", "org.freedesktop.DBus.Locale",
		"org.freedesktop.DBus.Local.x", "org.freedesktop.DBus.Loca",
		":", ":.", ":.a", ":a", ":1..2", "a", "", "/", "//", "a.-b",
	};

	if (code == PATH || code == INTERFACE || rng_once_in(&g->rng, 4))
		strcpy(s, rng_pick(&g->rng, reserved));
	else
		generate_name_text(&g->rng, s);
}

static void put_name_field(struct generator *g, uint8_t code)
{
	char s[1024];

	if (rng_once_in(&g->rng, 300))
		wrong_name(g, code, s);
	else
		generate_name(&g->rng, field_kind[code], s);
	/* Lengths 253 to 258, of which the last three are too long. */
	if (rng_once_in(&g->rng, 300) && strlen(s) > 1 && strlen(s) < 250) {
		size_t len = strlen(s);
		size_t to = 253 + rng_below(&g->rng, 6);

		memset(s + len, 'x', to - len);
		s[to] = 0;
	}
	put_field(&g->w, code, field_type[code], s);
}

static void put_known_field(struct generator *g, uint8_t code, const char *sig)
{
	if (rng_once_in(&g->rng, 500)) {
		put_unknown_field(g, code);
		return;
	}
	if (code == CONTAINER)
		g->unknown = true;
	if (code == REPLY_SERIAL)
		put_field_u32(&g->w, code,
			      rng_once_in(&g->rng, 200) ?
			      0 : 1 + rng_below(&g->rng, 1000));
	else if (code == UNIX_FDS)
		put_field_u32(&g->w, code,
			      rng_once_in(&g->rng, 4) ?
			      1 + rng_below(&g->rng, 5) : 0);
	else if (code == SIGNATURE)
		put_field(&g->w, code, 'g', sig);
	else
		put_name_field(g, code);
}

/* Those that the type needs, and others. */
static uint32_t choose_fields(struct generator *g, uint8_t type, const char *sig)
{
	static const uint32_t needed[] = {
		0,
		BIT(PATH) | BIT(MEMBER),
		BIT(REPLY_SERIAL),
		BIT(REPLY_SERIAL) | BIT(ERROR_NAME),
		BIT(PATH) | BIT(INTERFACE) | BIT(MEMBER),
	};
	uint32_t set = rng_below(&g->rng, 2048) & rng_next(&g->rng) & ~1u;

	if (!rng_once_in(&g->rng, 8))
		set &= ~(BIT(CONTAINER) | BIT(UNIX_FDS));
	if (type <= 4)
		set |= needed[type];
	if (*sig)
		set |= BIT(SIGNATURE);
	if (rng_once_in(&g->rng, 50))
		set &= ~BIT(1 + rng_below(&g->rng, CONTAINER));
	if (rng_once_in(&g->rng, 100))
		set = 0;
	return set;
}

static void put_fields(struct generator *g, uint8_t type, const char *sig)
{
	uint32_t set = choose_fields(g, type, sig);
	uint32_t again = rng_once_in(&g->rng, 100) ? rng_below(&g->rng, 11) : 0;
	uint8_t code;

	while (set) {
		code = rng_below(&g->rng, CONTAINER + 1);
		if (rng_once_in(&g->rng, 500))
			put_unknown_field(g, rng_below(&g->rng, 256));
		if (!(set & BIT(code)))
			continue;
		put_known_field(g, code, sig);
		if (code == again)
			again = 0;
		else
			set &= ~BIT(code);
	}
	if (rng_once_in(&g->rng, 20))
		put_unknown_field(g, 11 + rng_below(&g->rng, 245));
}

/*
 * One value inside many containers: the deepest that are allowed, more or
 * less.  @chain says which: 'a', '(' and 'v'.
 */
static char *chain_signature(const char *chain, char *s)
{
	if (*chain == 'v' || !*chain) {
		*s++ = *chain ? 'v' : 'y';
		return s;
	}
	*s++ = *chain;
	s = chain_signature(chain + 1, s);
	if (*chain == '(')
		*s++ = ')';
	return s;
}

static void put_chain(struct writer *w, const char *chain)
{
	char sig[512];
	size_t start;
	size_t at;

	switch (*chain) {
	case 'a':
		put_u32(w, 0);
		at = w->len - 4;
		put_align(w, chain[1] == '(' ? 8 :
			  chain[1] == 'a' ? 4 : 1);
		start = w->len;
		put_chain(w, chain + 1);
		set_u32(w, at, w->len - start);
		break;
	case '(':
		put_align(w, 8);
		put_chain(w, chain + 1);
		break;
	case 'v':
		*chain_signature(chain + 1, sig) = 0;
		put_signature(w, sig);
		put_chain(w, chain + 1);
		break;
	default:
		put_u8(w, 7);
	}
}

static void random_chain(struct rng *r, char *chain)
{
	static const char * const kinds[] = { "v", "a(v", "av", "aa(vv", "(v" };
	const char *kind = rng_pick(r, kinds);
	uint32_t n = 55 + rng_below(r, 14);
	uint32_t i;

	for (i = 0; i < n; i++)
		chain[i] = kind[rng_below(r, strlen(kind))];
	chain[n] = 0;
}

static void generate_deep_message(struct generator *g)
{
	char chain[128];
	char sig[512];
	bool in_header = rng_once_in(&g->rng, 2);

	random_chain(&g->rng, chain);
	*chain_signature(chain, sig) = 0;
	put_header(&g->w, 2, 0, 1);
	put_field_u32(&g->w, REPLY_SERIAL, 1);
	if (in_header) {
		put_align(&g->w, 8);
		put_u8(&g->w, 77);
		g->unknown = true;
		put_signature(&g->w, sig);
		put_chain(&g->w, chain);
		end_header(&g->w);
	} else {
		put_field(&g->w, SIGNATURE, 'g', sig);
		end_header(&g->w);
		put_chain(&g->w, chain);
	}
	end_body(&g->w);
}

static uint8_t random_type(struct rng *r)
{
	if (rng_once_in(r, 100))
		return rng_below(r, 256);
	return 1 + rng_below(r, 4);
}

/* A message that is valid more often than not. */
void generate_message(struct generator *g)
{
	uint8_t type = random_type(&g->rng);
	char said[512];
	char sig[512];

	g->w.big_endian = rng_once_in(&g->rng, 2);
	g->spoil = -1;
	g->unknown = false;
	if (rng_once_in(&g->rng, 100)) {
		generate_deep_message(g);
		return;
	}
	if (rng_once_in(&g->rng, 4))
		g->spoil = rng_below(&g->rng, 12);

	generate_signature(&g->rng, sig);
	strcpy(said, sig);
	if (rng_once_in(&g->rng, 200))
		generate_signature(&g->rng, said);
	else if (rng_once_in(&g->rng, 200))
		generate_signature_text(&g->rng, said);
	put_header(&g->w, type,
		   rng_below(&g->rng, rng_once_in(&g->rng, 50) ? 256 : 8),
		   rng_once_in(&g->rng, 500) ? 0 : 1 + rng_below(&g->rng, 1u << 31));
	put_fields(g, type, said);
	end_header(&g->w);
	generate_values(g, sig);
	end_body(&g->w);
}
