// SPDX-License-Identifier: GPL-2.0-only
/* Other programs. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "run.h"

/* Even a network has answered by then. */
#define PATIENCE_MS		5000

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

/**
 * run_in_time() - call a function that may never return
 * @look: the function, which says something from 0 to 255
 * @arg: for it
 *
 * Return: what it says, or -1 if it takes too long.
 */
int run_in_time(int (*look)(const char *arg), const char *arg)
{
	struct pollfd end = { .events = POLLIN };
	unsigned char answer;
	bool answered;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		answer = look(arg);
		_exit(write(ends[1], &answer, 1) != 1);
	}
	close(ends[1]);
	end.fd = ends[0];
	answered = pid > 0 && poll(&end, 1, PATIENCE_MS) > 0 &&
		   read(ends[0], &answer, 1) == 1;
	close(ends[0]);
	if (answered)
		wait_for(pid);
	/* What sleeps in the kernel may not even hear of that, so nobody waits. */
	else if (pid > 0)
		kill(pid, SIGKILL);
	return answered ? answer : -1;
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
