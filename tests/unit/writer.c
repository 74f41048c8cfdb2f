// SPDX-License-Identifier: GPL-2.0-only
/* Marshalling for tests. */
#include "writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct writer *w, size_t len)
{
	if (w->len + len <= w->size)
		return;
	w->size = 2 * (w->len + len) + 256;
	w->p = realloc(w->p, w->size);
	if (!w->p) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
}

void writer_free(struct writer *w)
{
	free(w->p);
	memset(w, 0, sizeof(*w));
}

void put_bytes(struct writer *w, const void *p, size_t len)
{
	reserve(w, len);
	if (len)
		memcpy(w->p + w->len, p, len);
	w->len += len;
}

void put_u8(struct writer *w, uint8_t v)
{
	put_bytes(w, &v, 1);
}

void put_align(struct writer *w, size_t alignment)
{
	while (w->len % alignment)
		put_u8(w, 0);
}

void put_number(struct writer *w, uint64_t v, size_t size)
{
	size_t i;

	put_align(w, size);
	for (i = 0; i < size; i++)
		put_u8(w, v >> (8 * (w->big_endian ? size - 1 - i : i)));
}

void put_u32(struct writer *w, uint32_t v)
{
	put_number(w, v, 4);
}

void put_string(struct writer *w, const char *s)
{
	put_u32(w, strlen(s));
	put_bytes(w, s, strlen(s) + 1);
}

void put_signature(struct writer *w, const char *s)
{
	put_u8(w, strlen(s));
	put_bytes(w, s, strlen(s) + 1);
}

void set_u32(struct writer *w, size_t at, uint32_t v)
{
	size_t len = w->len;

	w->len = at;
	put_u32(w, v);
	w->len = len;
}

void put_header(struct writer *w, uint8_t type, uint8_t flags, uint32_t serial)
{
	w->len = 0;
	put_u8(w, w->big_endian ? 'B' : 'l');
	put_u8(w, type);
	put_u8(w, flags);
	put_u8(w, 1);
	put_u32(w, 0);
	put_u32(w, serial);
	put_u32(w, 0);
}

static void begin_field(struct writer *w, uint8_t code, char type)
{
	char sig[2] = { type, 0 };

	put_align(w, 8);
	put_u8(w, code);
	put_signature(w, sig);
}

void put_field(struct writer *w, uint8_t code, char type, const char *value)
{
	begin_field(w, code, type);
	if (type == 'g')
		put_signature(w, value);
	else
		put_string(w, value);
}

void put_field_u32(struct writer *w, uint8_t code, uint32_t value)
{
	begin_field(w, code, 'u');
	put_u32(w, value);
}

void end_header(struct writer *w)
{
	set_u32(w, 12, w->len - 16);
	put_align(w, 8);
	/* Until end_body(): where the body starts. */
	set_u32(w, 4, w->len);
}

void end_body(struct writer *w)
{
	uint8_t *p = w->p + 4;
	uint32_t start;

	if (w->big_endian)
		start = (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
	else
		start = (uint32_t)p[3] << 24 | p[2] << 16 | p[1] << 8 | p[0];
	set_u32(w, 4, w->len - start);
}
