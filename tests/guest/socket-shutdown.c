// SPDX-License-Identifier: GPL-2.0-only
/* Ends of connections: shutdown(), close(), EPIPE, ECONNRESET. */

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "twin.h"

static void note_recv(struct twin *t, const char *who, int fd)
{
	char text[50] = "";

	twin_say(t, "%s receives", who);
	if (NOTE(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0)
		twin_say(t, "%s", text);
}

static void note_send(struct twin *t, const char *who, int fd)
{
	twin_say(t, "%s sends", who);
	NOTE(send(fd, "data", 4, MSG_DONTWAIT | MSG_NOSIGNAL));
}

static void note_error(struct twin *t, const char *who, int fd)
{
	int error = -1;
	socklen_t len = sizeof(error);

	must(!getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len));
	twin_say(t, "%s has error %s", who, strerrorname_np(error));
}

/* What works on either side, and what comes through. */
static void note_pair(struct twin *t, int end[2])
{
	twin_poll(t, "first", end[0]);
	twin_poll(t, "second", end[1]);
	note_send(t, "first", end[0]);
	note_send(t, "second", end[1]);
	note_recv(t, "first", end[0]);
	note_recv(t, "second", end[1]);
	note_recv(t, "first", end[0]);
	note_recv(t, "second", end[1]);
	twin_poll(t, "first", end[0]);
	twin_poll(t, "second", end[1]);
}

static void note_shutdown(struct twin *t, int how, bool data)
{
	int end[2];

	twin_pair(t, end);
	twin_say(t, "shutdown %d, %s", how, data ? "with data" : "without");
	if (data) {
		note_send(t, "first", end[0]);
		note_send(t, "second", end[1]);
	}
	NOTE(shutdown(end[0], how));
	note_pair(t, end);
	NOTE(shutdown(end[0], how));
	/* The rest as well, from the other side. */
	NOTE(shutdown(end[1], SHUT_RDWR));
	note_pair(t, end);
	close(end[0]);
	note_recv(t, "second", end[1]);
	note_send(t, "second", end[1]);
	note_error(t, "second", end[1]);
	close(end[1]);
}

TWIN_TEST_BOTH_ENDS(shutdowns)
{
	int how;

	for (how = SHUT_RD; how <= SHUT_RDWR; how++) {
		note_shutdown(t, how, false);
		note_shutdown(t, how, true);
	}
}

TWIN_TEST(shutdown_of_what_is_not_connected)
{
	int fd = twin_socket(t), end[2];

	NOTE(shutdown(fd, 3));
	NOTE(shutdown(fd, -1));
	NOTE(shutdown(fd, SHUT_WR));
	twin_poll(t, "one", fd);
	NOTE(shutdown(fd, SHUT_RD));
	twin_poll(t, "two", fd);
	close(fd);
	twin_pair(t, end);
	NOTE(shutdown(end[0], 3));
	twin_pair_close(end);
}

/* A connection of which one side has been closed, seen from the other. */
static void note_left(struct twin *t, bool first_unread, bool second_unread)
{
	int end[2];

	twin_pair(t, end);
	twin_say(t, "unread %d %d", first_unread, second_unread);
	if (first_unread)
		note_send(t, "second", end[1]);
	if (second_unread)
		note_send(t, "first", end[0]);
	close(end[1]);
	twin_poll(t, "left", end[0]);
	note_send(t, "left", end[0]);
	note_recv(t, "left", end[0]);
	note_recv(t, "left", end[0]);
	note_recv(t, "left", end[0]);
	note_error(t, "left", end[0]);
	twin_poll(t, "left", end[0]);
	NOTE(shutdown(end[0], SHUT_RDWR));
	close(end[0]);
}

TWIN_TEST_BOTH_ENDS(closing)
{
	note_left(t, false, false);
	note_left(t, false, true);
	note_left(t, true, false);
	note_left(t, true, true);
}

TWIN_TEST_BOTH_ENDS(error_of_a_reset_connection)
{
	int end[2];

	twin_pair(t, end);
	note_send(t, "first", end[0]);
	close(end[1]);
	note_error(t, "first", end[0]);
	note_error(t, "first", end[0]);
	note_recv(t, "first", end[0]);
	close(end[0]);

	twin_pair(t, end);
	note_send(t, "first", end[0]);
	close(end[1]);
	note_send(t, "first", end[0]);
	note_recv(t, "first", end[0]);
	note_recv(t, "first", end[0]);
	close(end[0]);
}

static volatile sig_atomic_t pipe_signals;

static void count_signal(int sig)
{
	(void)sig;
	pipe_signals++;
}

static void die_by_sigpipe(struct twin *t, void *arg)
{
	(void)t;
	signal(SIGPIPE, SIG_DFL);
	(void)!write(*(int *)arg, "x", 1);
}

TWIN_TEST_BOTH_ENDS(broken_pipe)
{
	int end[2], status;
	pid_t pid;

	twin_pair(t, end);
	close(end[1]);
	signal(SIGPIPE, count_signal);
	pipe_signals = 0;
	NOTE(send(end[0], "x", 1, MSG_NOSIGNAL));
	NOTE(pipe_signals);
	NOTE(send(end[0], "x", 1, 0));
	NOTE(pipe_signals);
	NOTE(write(end[0], "x", 1));
	NOTE(pipe_signals);
	NOTE(send(end[0], "x", 0, 0));
	NOTE(pipe_signals);
	signal(SIGPIPE, SIG_IGN);
	NOTE(write(end[0], "x", 1));
	pid = twin_fork(t, die_by_sigpipe, &end[0]);
	must(waitpid(pid, &status, 0) == pid);
	NOTE(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	close(end[0]);
	signal(SIGPIPE, SIG_DFL);
}

/* Who sleeps in a call learns of the end. */
static void blocked_recv(struct twin *t, void *arg)
{
	int *end = arg;
	char c;

	close(end[1]);
	NOTE(recv(end[0], &c, 1, 0));
}

static void blocked_send(struct twin *t, void *arg)
{
	static char big[3 << 20];
	int *end = arg;

	close(end[1]);
	signal(SIGPIPE, SIG_IGN);
	twin_say(t, "%d", send(end[0], big, sizeof(big), 0) < 3 << 20);
	NOTE(send(end[0], big, sizeof(big), 0));
}

static void note_blocked(struct twin *t,
			 void (*child)(struct twin *t, void *arg), int how)
{
	int end[2];
	pid_t pid;

	twin_pair(t, end);
	pid = twin_fork(t, child, end);
	twin_sleep_ms(100);
	if (how < 0)
		close(end[1]);
	else
		NOTE(shutdown(end[1], how));
	twin_wait(t, pid);
	close(end[0]);
	if (how >= 0)
		close(end[1]);
}

TWIN_TEST_BOTH_ENDS(sleepers_learn_of_the_end)
{
	note_blocked(t, blocked_recv, -1);
	note_blocked(t, blocked_recv, SHUT_WR);
	note_blocked(t, blocked_send, -1);
	note_blocked(t, blocked_send, SHUT_RD);
}

static void shut_own_receiving(struct twin *t, void *arg)
{
	int *end = arg;
	char c;

	NOTE(recv(end[0], &c, 1, 0));
}

TWIN_TEST_BOTH_ENDS(own_shutdown_ends_a_call)
{
	int end[2];
	pid_t pid;

	twin_pair(t, end);
	pid = twin_fork(t, shut_own_receiving, end);
	twin_sleep_ms(100);
	NOTE(shutdown(end[0], SHUT_RD));
	twin_wait(t, pid);
	twin_pair_close(end);
}

/* A half-closed connection still carries a lot the other way. */
TWIN_TEST_BOTH_ENDS(half_closed)
{
	int end[2];
	char text[20] = "";

	twin_pair(t, end);
	NOTE(send(end[0], "request", 7, 0));
	NOTE(shutdown(end[0], SHUT_WR));
	NOTE(recv(end[1], text, sizeof(text), 0));
	NOTE(recv(end[1], text, sizeof(text), 0));
	NOTE(send(end[1], "answer", 6, 0));
	close(end[1]);
	NOTE(recv(end[0], text, sizeof(text), 0));
	NOTE(recv(end[0], text, sizeof(text), 0));
	close(end[0]);
}

SUITE_TESTS(socket_shutdown,
	cmocka_unit_test(shutdowns),
	cmocka_unit_test(shutdown_of_what_is_not_connected),
	cmocka_unit_test(closing),
	cmocka_unit_test(error_of_a_reset_connection),
	cmocka_unit_test(broken_pipe),
	cmocka_unit_test(sleepers_learn_of_the_end),
	cmocka_unit_test(own_shutdown_ends_a_call),
	cmocka_unit_test(half_closed));
