/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory that comes only when a test wants it. */
#ifndef TESTS_GUEST_LATE_H
#define TESTS_GUEST_LATE_H

#include <stddef.h>
#include <stdint.h>

#define PAGE	4096

uint8_t *late_page(int *uffd);
void late_wait(int uffd);
void late_give(int uffd, uint8_t *page, const void *bytes, size_t len);
void late_end(int uffd, uint8_t *page);

#endif
