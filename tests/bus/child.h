/* SPDX-License-Identifier: GPL-2.0-only */
/* Clients in processes of their own, to be killed or to run at the same time. */
#ifndef BUS_CHILD_H
#define BUS_CHILD_H

#include <sys/types.h>

struct child {
	pid_t pid;
	int from;	/* lines that it tells the case */
};

/*
 * child_start - run FUNCTION(ARGUMENT, tell) in a process of its own, which
 * exits with its result.  It writes no transcript: it may print lines to tell.
 */
struct child child_start(int (*function)(const void *argument, int tell),
			 const void *argument);

/* child_start_stock - the same program as a service NAME over AF_UNIX, with
 * the distribution's libdbus
 */
struct child child_start_stock(const char *name);

/* child_line - a line that it has told, in a static buffer; "" at its end */
const char *child_line(struct child *child);

/* child_kill - without giving it a chance to say goodbye */
void child_kill(struct child *child);

/* child_wait - its exit status, or 128 and more if a signal has ended it */
int child_wait(struct child *child);

#endif
