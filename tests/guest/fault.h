/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calls of which one allocation, or one copy of user memory, fails: the first of
 * all, then the second, until there are no more.
 */
#ifndef TESTS_GUEST_FAULT_H
#define TESTS_GUEST_FAULT_H

#include "fakebus.h"

/**
 * struct scene - what a call happens in; new for each fault
 * @bus: a bus, or what is going to be one
 * @a: a connection, the sender
 * @b: another, the recipient
 * @c: a third, which wants broadcasts
 * @fd: whatever the call makes or works on, or -1
 * @end: the ends of a pair of AF_UNIX sockets, or -1
 * @w: the message that the call is about
 * @fds: files that it brings
 * @len: how many bytes of it have been sent or read
 */
struct scene {
	struct bus bus;
	struct peer a;
	struct peer b;
	struct peer c;
	int fd;
	int end[2];
	struct writer w;
	int fds;
	size_t len;
};

/**
 * struct fault_case - a call
 * @name: of the test
 * @before: makes what the call needs, without faults
 * @call: the call; like a system call, -1 and errno if it fails
 * @after: what has to hold, and the call once more, without faults, if it has
 *	failed; @result is what @call has returned, or a negative error
 */
struct fault_case {
	const char *name;
	void (*before)(struct scene *s);
	int (*call)(struct scene *s);
	void (*after)(struct scene *s, int result);
};

extern const struct fault_case fault_setup_cases[];
extern const size_t fault_setup_count;
extern const struct fault_case fault_message_cases[];
extern const size_t fault_message_count;

/* fault-run.c */
bool faults_available(void);
void fault_run(void **state);

void scene_open(struct scene *s);
void expect_refusal(int result);
void arrives_once(struct scene *s);

#endif
