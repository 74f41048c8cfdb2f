/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marshalling for tests.  It shares nothing with the core, so that the two
 * cannot be wrong in the same way.
 */
#ifndef KDBUS_TEST_WRITER_H
#define KDBUS_TEST_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct writer {
	uint8_t *p;
	size_t len;
	size_t size;
	bool big_endian;
};

void writer_free(struct writer *w);
void put_bytes(struct writer *w, const void *p, size_t len);
void put_u8(struct writer *w, uint8_t v);
void put_number(struct writer *w, uint64_t v, size_t size);
void put_u32(struct writer *w, uint32_t v);
void put_align(struct writer *w, size_t alignment);
void put_string(struct writer *w, const char *s);
void put_signature(struct writer *w, const char *s);
void set_u32(struct writer *w, size_t at, uint32_t v);

/* Header of a message: begin, any number of fields, end.  Then the body. */
void put_header(struct writer *w, uint8_t type, uint8_t flags, uint32_t serial);
void put_field(struct writer *w, uint8_t code, char type, const char *value);
void put_field_u32(struct writer *w, uint8_t code, uint32_t value);
void end_header(struct writer *w);
void end_body(struct writer *w);

#endif
