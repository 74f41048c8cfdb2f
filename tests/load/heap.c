// SPDX-License-Identifier: GPL-2.0-only
/*
 * For LD_PRELOAD in a daemon: write what it has in use of its heap, in KiB, into
 * the file that HEAP_IN_USE names, once a second.  What the process has resident says
 * little of that: a heap stays as large as its last block in use lets it be.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void *heap_watch(void *path)
{
	char text[32];
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	while (fd >= 0) {
		struct mallinfo2 info = mallinfo2();
		/* As wide each time, as nobody is to read a half of it. */
		int length = snprintf(text, sizeof(text), "%12zu\n",
				      (info.uordblks + info.hblkhd) >> 10);

		if (pwrite(fd, text, length, 0) != length)
			abort();
		sleep(1);
	}
	abort();
}

/* The programs around the daemon, shells for instance, have nothing to say. */
static int heap_of_daemon(void)
{
	return !strcmp(program_invocation_short_name, "dbus-daemon");
}

__attribute__((constructor)) static void heap_begin(void)
{
	const char *path = getenv("HEAP_IN_USE");
	pthread_t thread;
	sigset_t all, before;

	if (!path || !heap_of_daemon())
		return;
	/* Signals are the daemon's. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	if (pthread_create(&thread, NULL, heap_watch, (void *)path))
		abort();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
