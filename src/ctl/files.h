/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The files of the system that is looked at, which need not be the running one:
 * with --root it is a directory that holds another.
 *
 * Paths are absolute in that system.  Files are small; those of /proc and /run
 * may go away at any time, which is the same as if they had never been there.
 */
#ifndef KDBUSCTL_FILES_H
#define KDBUSCTL_FILES_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include "macros.h"

#define TEXT_MAX	256

int files_set_root(const char *path);
bool files_elsewhere(void);
const char *files_root(void);

const char *path_of(const char *format, ...) __printf(1, 2);
bool file_exists(const char *path);
bool file_is_socket(const char *path);
bool file_is_masked(const char *path);
bool file_read(const char *path, char *text, size_t size);
bool user_file_exists(uid_t uid, const char *dir, const char *subdir, const char *name);
bool user_file_read(uid_t uid, const char *dir, const char *subdir, const char *name,
		    char *text, size_t size);
bool file_link(const char *path, char *target, size_t size);
bool file_remove(const char *path);
FILE *file_open(const char *path);
DIR *file_dir(const char *path);
bool name_ends(const char *name, const char *suffix);
bool dir_has(const char *path, const char *suffix);

void text_make_printable(char *text);
bool text_has_word(const char *text, const char *word);

#endif
