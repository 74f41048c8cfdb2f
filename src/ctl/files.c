// SPDX-License-Identifier: GPL-2.0-only
/* The files of the system that is looked at. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"

static int root_fd = -1;
static const char *root_path = "/";

/**
 * files_set_root() - choose the system to look at
 * @path: its root directory
 *
 * Return: 0 or a negative error.
 */
int files_set_root(const char *path)
{
	root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	root_path = path;
	return root_fd < 0 ? -errno : 0;
}

/**
 * files_elsewhere() - is it another system than the running one?
 *
 * Return: true if so.
 */
bool files_elsewhere(void)
{
	struct stat here, there;

	return !stat("/", &here) && !fstat(root_fd, &there) &&
	       (here.st_ino != there.st_ino || here.st_dev != there.st_dev);
}

/**
 * files_root() - where that system is
 *
 * Return: the directory that files_set_root() was given.
 */
const char *files_root(void)
{
	return root_path;
}

/**
 * path_of() - put a path together
 * @format: as for printf()
 *
 * Return: the path, which stays valid for the next three calls.
 */
const char *path_of(const char *format, ...)
{
	static char buffers[4][PATH_MAX];
	static unsigned int next;
	char *buffer = buffers[next++ % 4];
	va_list args;

	va_start(args, format);
	vsnprintf(buffer, PATH_MAX, format, args);
	va_end(args);
	return buffer;
}

/* An absolute path would be looked up from the root of the running system. */
static const char *below(const char *path)
{
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

/**
 * file_exists() - is there anything of that name?
 * @path: the name; a dangling link counts
 *
 * Return: true if so.
 */
bool file_exists(const char *path)
{
	struct stat sb;

	return !fstatat(root_fd, below(path), &sb, AT_SYMLINK_NOFOLLOW);
}

/**
 * file_is_socket() - is there a socket of that name?
 * @path: the name
 *
 * Return: true if so.
 */
bool file_is_socket(const char *path)
{
	struct stat sb;

	return !fstatat(root_fd, below(path), &sb, 0) && S_ISSOCK(sb.st_mode);
}

/**
 * file_is_masked() - is this a unit file that says "never start it"?
 * @path: of the unit file
 *
 * Return: true if it is empty or a link to /dev/null.
 */
bool file_is_masked(const char *path)
{
	char target[TEXT_MAX];
	struct stat sb;

	if (file_link(path, target, sizeof(target)))
		return !strcmp(target, "/dev/null");
	return !fstatat(root_fd, below(path), &sb, 0) &&
	       S_ISREG(sb.st_mode) && !sb.st_size;
}

static FILE *stream_of(int fd)
{
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (!file && fd >= 0)
		close(fd);
	return file;
}

/**
 * file_open() - open a file for reading
 * @path: its name
 *
 * Return: the file, or NULL.
 */
FILE *file_open(const char *path)
{
	return stream_of(openat(root_fd, below(path),
				O_RDONLY | O_NONBLOCK | O_CLOEXEC));
}

static bool read_beginning(FILE *file, char *text, size_t size)
{
	size_t length;

	*text = '\0';
	if (!file)
		return false;
	length = fread(text, 1, size - 1, file);
	fclose(file);
	while (length && strchr(" \t\r\n", text[length - 1]))
		length--;
	text[length] = '\0';
	return true;
}

/**
 * file_read() - the beginning of a file
 * @path: its name
 * @text: gets as much as fits, without white space at the end
 * @size: of @text
 *
 * Return: false if the file cannot be read, and @text is empty.
 */
bool file_read(const char *path, char *text, size_t size)
{
	return read_beginning(file_open(path), text, size);
}

/*
 * A user may put anything where root expects a file of his, and opening alone does
 * something to a device.  So it is held first, without being opened.
 */
static int user_file(uid_t uid, const char *dir, const char *subdir, const char *name)
{
	int top = openat(root_fd, below(dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
	int sub = top < 0 ? -1 : openat(top, subdir, O_PATH | O_DIRECTORY |
					O_NOFOLLOW | O_CLOEXEC);
	int fd = sub < 0 ? -1 : openat(sub, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat sb;

	if (top >= 0)
		close(top);
	if (sub >= 0)
		close(sub);
	if (fd >= 0 && (fstat(fd, &sb) || !S_ISREG(sb.st_mode) || sb.st_uid != uid)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/**
 * user_file_exists() - does a user have such a file?
 * @uid: the user
 * @dir: a directory that somebody else than the user has made
 * @subdir: one in it, which the user may have made
 * @name: of the file in that
 *
 * Return: true if so; false if it is a link or belongs to somebody else.
 */
bool user_file_exists(uid_t uid, const char *dir, const char *subdir, const char *name)
{
	int fd = user_file(uid, dir, subdir, name);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/**
 * user_file_read() - the beginning of a user's file
 * @uid: the user
 * @dir: a directory that somebody else than the user has made
 * @subdir: one in it, which the user may have made
 * @name: of the file in that
 * @text: gets as much as fits, without white space at the end
 * @size: of @text
 *
 * Return: false if user_file_exists() says so or the file cannot be read, and @text
 * is empty.
 */
bool user_file_read(uid_t uid, const char *dir, const char *subdir, const char *name,
		    char *text, size_t size)
{
	int held = user_file(uid, dir, subdir, name), fd = -1;

	/* The user may have a lease on it, which O_NONBLOCK does not wait for. */
	if (held >= 0) {
		fd = open(path_of("/proc/self/fd/%d", held),
			  O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		close(held);
	}
	return read_beginning(stream_of(fd), text, size);
}

/**
 * file_link() - where a symbolic link points
 * @path: the link
 * @target: gets it, cut short if it does not fit
 * @size: of @target
 *
 * Return: false if there is no such link, and @target is empty.
 */
bool file_link(const char *path, char *target, size_t size)
{
	ssize_t length = readlinkat(root_fd, below(path), target, size - 1);

	target[length > 0 ? length : 0] = '\0';
	return length > 0;
}

/**
 * file_remove() - remove a file
 * @path: its name
 *
 * Return: true if it is not there any more.
 */
bool file_remove(const char *path)
{
	return !unlinkat(root_fd, below(path), 0) || errno == ENOENT;
}

/**
 * file_dir() - open a directory
 * @path: its name
 *
 * Return: the directory, or NULL.
 */
DIR *file_dir(const char *path)
{
	int fd = openat(root_fd, below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir;

	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (!dir)
		close(fd);
	return dir;
}

/**
 * name_ends() - does a name have such an ending?
 * @name: the name
 * @suffix: how it ends
 *
 * Return: true if so.
 */
bool name_ends(const char *name, const char *suffix)
{
	size_t length = strlen(name);

	return length >= strlen(suffix) &&
	       !strcmp(name + length - strlen(suffix), suffix);
}

/**
 * dir_has() - does a directory contain a file with such an ending?
 * @path: of the directory
 * @suffix: how the name ends
 *
 * Return: true if so.
 */
bool dir_has(const char *path, const char *suffix)
{
	DIR *dir = file_dir(path);
	struct dirent *entry;
	bool found = false;

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = name_ends(entry->d_name, suffix);
	closedir(dir);
	return found;
}

/**
 * text_make_printable() - make a text of somebody else safe for a terminal
 * @text: the text, in which question marks take the place of control characters
 */
void text_make_printable(char *text)
{
	unsigned char *at = (unsigned char *)text;

	for (; *at; at++) {
		if (*at < ' ' || *at == 0x7f) {
			*at = '?';
		} else if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) {
			/* Those of eight bits, as UTF-8 has them. */
			*at++ = '?';
			*at = '?';
		}
	}
}

/**
 * text_has_word() - is a word among those of a text?
 * @text: words separated by white space
 * @word: the word
 *
 * Return: true if so.
 */
bool text_has_word(const char *text, const char *word)
{
	size_t length = strlen(word);
	const char *at = text;

	while ((at = strstr(at, word))) {
		if ((at == text || strchr(" \t\n", at[-1])) &&
		    (!at[length] || strchr(" \t\n", at[length])))
			return true;
		at += length;
	}
	return false;
}
