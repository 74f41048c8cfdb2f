/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The same code on AF_UNIX and on AF_DBUS.
 *
 * A scenario does what it likes with sockets of one family and notes what it
 * sees.  It is run on both, and the two lists of notes have to be equal: what
 * AF_UNIX does is what is right.
 */
#ifndef TESTS_GUEST_TWIN_H
#define TESTS_GUEST_TWIN_H

#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "suite.h"

#define ALICE	1001
#define BOB	1002
#define FRIENDS	1000

/* Child processes that a scenario may have at a time. */
#define TWIN_CHILDREN	8

/**
 * struct twin - one of the two runs of a scenario
 * @family: the address family
 * @swap: twin_pair() gives the two ends the other way round
 * @log: file with the notes
 * @children: notes of child processes, put behind ours by twin_wait(): so their
 *	order does not depend on who is faster
 */
struct twin {
	int family;
	bool swap;
	int log;
	struct {
		pid_t pid;
		int log;
	} children[TWIN_CHILDREN];
};

/* A scenario, and the test that runs it on both families. */
#define TWIN_TEST(name)							\
	static void name##_on(struct twin *t);				\
	static void name(void **state)					\
	{								\
		(void)state;						\
		twin_run(name##_on, false);				\
	}								\
	static void name##_on(struct twin *t)

/* The same for scenarios in which the ends of a pair play different parts. */
#define TWIN_TEST_BOTH_ENDS(name)					\
	static void name##_on(struct twin *t);				\
	static void name(void **state)					\
	{								\
		(void)state;						\
		twin_run(name##_on, false);				\
		twin_run(name##_on, true);				\
	}								\
	static void name##_on(struct twin *t)

/* A call, whose result is noted. */
#define NOTE(call) (errno = 0, twin_note(t, #call, (long)(call)))

/* A call whose result is no more than success or failure. */
#define NOTE_OK(call) (errno = 0, twin_note_ok(t, #call, (long)(call)))

/* Something without which the scenario makes no sense. */
#define must(condition)							\
	((condition) ? (void)0 :					\
		       twin_broken(#condition, __FILE__, __LINE__))

void twin_run(void (*scenario)(struct twin *t), bool swap);
long twin_note(struct twin *t, const char *what, long ret);
long twin_note_ok(struct twin *t, const char *what, long ret);
void twin_say(struct twin *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void twin_broken(const char *what, const char *file, int line)
	__attribute__((noreturn));

int twin_kdbus_family(void);
int twin_socket(const struct twin *t);
socklen_t twin_address(const struct twin *t, struct sockaddr_un *sun,
		       const char *path);
int twin_bind(const struct twin *t, int fd, const char *path);
int twin_connect(const struct twin *t, int fd, const char *path);
int twin_listener(const struct twin *t, const char *path, int backlog);
int twin_client(const struct twin *t, const char *path);
void twin_pair(const struct twin *t, int end[2]);
void twin_pair_close(int end[2]);

void twin_nonblock(int fd);
void twin_sleep_ms(int ms);
void twin_await_rest(pid_t pid, int ms);
void twin_timeout(int fd, int option, int ms);
void twin_poll(struct twin *t, const char *what, int fd);
void twin_epoll(struct twin *t, const char *what, int epoll);
size_t twin_fill(int fd);
size_t twin_drain(int fd);

pid_t twin_fork(struct twin *t, void (*child)(struct twin *t, void *arg),
		void *arg);
void twin_wait(struct twin *t, pid_t pid);
void twin_become(uid_t uid);

#endif
