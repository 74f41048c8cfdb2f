/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared by the tests of connections that are taken over. */
#ifndef TESTS_GUEST_ATTACH_H
#define TESTS_GUEST_ATTACH_H

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "slow.h"

#define PATIENCE_MS	5000

static inline void pair(int end[2])
{
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end));
}

static inline void close_pair(int end[2])
{
	close(end[0]);
	close(end[1]);
}

/* Who is woken runs at once, even if the waker is in the kernel. */
static inline void preempt(const char *how)
{
	int fd = open("/sys/kernel/debug/sched/preempt", O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, how, strlen(how)) < 0)
		print_message("# preemption stays as it is\n");
	close(fd);
}

/* So that it is the waker himself who does not go on. */
static inline void preempt_on_one_processor(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	assert_ok(sched_setaffinity(0, sizeof(cpus), &cpus));
	preempt("full");
}

/* From a to b. */
static inline struct writer fast(void)
{
	return MESSAGE(SPEC_SIGNAL(":1.2"), .text = "fast");
}

/* From a to the daemon. */
static inline struct writer slow(void)
{
	return MESSAGE(SPEC_SIGNAL(NULL), .text = "slow");
}

#endif
