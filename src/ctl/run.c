// SPDX-License-Identifier: GPL-2.0-only
/* Other programs. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "run.h"

/* As shells have it. */
#define STATUS_NOT_FOUND	127

/* Failures are worth a word unless nobody minds them. */
static void become(const char *const argv[], bool optional)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (optional && null >= 0)
		dup2(null, STDERR_FILENO);
	/* It does not write to them. */
	execvp(argv[0], (char *const *)argv);
	if (!optional)
		fprintf(stderr, "kdbusctl: cannot run %s: %s\n", argv[0],
			strerror(errno));
	_exit(STATUS_NOT_FOUND);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return STATUS_NOT_FOUND;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

/**
 * run_program() - run a program, with our output as its own
 * @argv: its name and arguments, and NULL
 *
 * Return: its exit status; 127 if there is no such program, 128 and the signal
 * if it was killed.
 */
int run_program(const char *const argv[])
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return STATUS_NOT_FOUND;
	if (!pid)
		become(argv, false);
	return wait_for(pid);
}

/**
 * run_quietly() - run a program without what it says on standard output
 * @argv: its name and arguments, and NULL
 *
 * Return: as run_program().
 */
int run_quietly(const char *const argv[])
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	pid_t pid;

	fflush(NULL);
	pid = null < 0 ? -1 : fork();
	if (!pid) {
		dup2(null, STDOUT_FILENO);
		become(argv, false);
	}
	if (null >= 0)
		close(null);
	return pid < 0 ? STATUS_NOT_FOUND : wait_for(pid);
}

static char *read_all(int fd)
{
	struct stat sb = { 0 };
	ssize_t length;
	char *text;

	fstat(fd, &sb);
	text = room_for(NULL, sb.st_size + 1, 1);
	length = pread(fd, text, sb.st_size, 0);
	text[length > 0 ? length : 0] = '\0';
	return text;
}

/**
 * run_for_output() - run a program for all that it says on standard output
 * @argv: its name and arguments, and NULL
 * @output: gets that, for free()
 *
 * Nobody waits for the end of a pipe, which something that the program has left
 * running may keep open.
 *
 * Return: as run_program().
 */
int run_for_output(const char *const argv[], char **output)
{
	int fd = memfd_create("output", MFD_CLOEXEC), status;
	pid_t pid;

	fflush(NULL);
	pid = fd < 0 ? -1 : fork();
	if (!pid) {
		dup2(fd, STDOUT_FILENO);
		become(argv, false);
	}
	status = pid < 0 ? STATUS_NOT_FOUND : wait_for(pid);
	*output = read_all(fd);
	if (fd >= 0)
		close(fd);
	return status;
}

/**
 * run_capture() - run a program for its first line of output
 * @argv: its name and arguments, and NULL
 * @text: gets the line, without its end
 * @size: of @text
 *
 * Return: false if the program failed.
 */
bool run_capture(const char *const argv[], char *text, size_t size)
{
	int ends[2];
	pid_t pid;
	FILE *file;

	*text = '\0';
	if (pipe2(ends, O_CLOEXEC))
		return false;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		dup2(ends[1], STDOUT_FILENO);
		become(argv, true);
	}
	close(ends[1]);
	file = fdopen(ends[0], "r");
	if (!file)
		close(ends[0]);
	else if (fgets(text, size, file))
		text[strcspn(text, "\n")] = '\0';
	/* The rest, so that it is not killed for writing it. */
	while (file && fgetc(file) != EOF)
		;
	if (file)
		fclose(file);
	return pid > 0 && !wait_for(pid);
}
