// SPDX-License-Identifier: GPL-2.0-only
/* Clients in processes of their own. */

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "transcript.h"

static pid_t fork_with_pipe(int ends[2])
{
	pid_t pid;

	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC))
		give_up("no pipe");
	pid = fork();
	if (pid < 0)
		give_up("no process");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
	} else {
		close(ends[1]);
	}
	return pid;
}

struct child child_start(int (*function)(const void *argument, int tell),
			 const void *argument)
{
	struct child child;
	int ends[2];

	child.pid = fork_with_pipe(ends);
	child.from = ends[0];
	if (!child.pid)
		_exit(function(argument, ends[1]));
	return child;
}

struct child child_start_stock(const char *name)
{
	struct child child;
	int ends[2];

	child.pid = fork_with_pipe(ends);
	child.from = ends[0];
	if (!child.pid) {
		unsetenv("LD_LIBRARY_PATH");
		setenv("BUS_TEST_ADDRESS", bus_unix_address(), 1);
		execlp("bus-test", "bus-test", "serve", name, NULL);
		_exit(127);
	}
	return child;
}

const char *child_line(struct child *child)
{
	static char line[512];
	size_t n = 0;

	while (n + 1 < sizeof(line) && read(child->from, line + n, 1) == 1)
		if (line[n++] == '\n') {
			n--;
			break;
		}
	line[n] = '\0';
	return line;
}

int child_wait(struct child *child)
{
	int status;

	if (waitpid(child->pid, &status, 0) != child->pid)
		give_up("a process is missing");
	close(child->from);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

void child_kill(struct child *child)
{
	kill(child->pid, SIGKILL);
	child_wait(child);
}
