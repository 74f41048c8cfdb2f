// SPDX-License-Identifier: GPL-2.0-only
/* File descriptors as cargo. */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cmsg.h"
#include "twin.h"

#define MANY	253

/* Sends text together with descriptors. */
static ssize_t send_fds(int sock, const char *text, size_t len, const int *fds,
			int count)
{
	return send_with_fds(sock, text, len, fds, count, MSG_DONTWAIT);
}

/* Notes what is received; returns the last descriptor, and closes others. */
static int note_fds(struct twin *t, int sock, size_t size, size_t room,
		    int flags)
{
	char text[100] = "", control[CMSG_SPACE(MANY * sizeof(int))];
	struct iovec iov = { .iov_base = text, .iov_len = size };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = room ? CMSG_LEN(room * sizeof(int)) : 0,
	};
	struct cmsghdr *cmsg;
	int fds[MANY], count = 0, i;

	twin_say(t, "receive %zu bytes, room for %zu, flags %x", size, room,
		 flags);
	if (NOTE(recvmsg(sock, &msg, flags)) < 0)
		return -1;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg) {
		must(cmsg->cmsg_type == SCM_RIGHTS);
		count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(cmsg), count * sizeof(int));
	}
	twin_say(t, "'%s' flags %x descriptors %d", text,
		 msg.msg_flags & ~MSG_CMSG_CLOEXEC, count);
	for (i = 0; i < count; i++)
		twin_say(t, "fd flags %x", fcntl(fds[i], F_GETFD));
	for (i = 0; i < count - 1; i++)
		close(fds[i]);
	return count ? fds[count - 1] : -1;
}

static int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	must(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static bool same_file(int a, int b)
{
	struct stat sa, sb;

	return !fstat(a, &sa) && !fstat(b, &sb) && sa.st_ino == sb.st_ino &&
	       sa.st_dev == sb.st_dev;
}

TWIN_TEST_BOTH_ENDS(one_descriptor)
{
	int file = open("file", O_CREAT | O_RDWR, 0600), before = open_fds();
	int end[2], got;

	twin_pair(t, end);
	NOTE(send_fds(end[0], "abc", 3, &file, 1));
	got = note_fds(t, end[1], 50, 5, 0);
	NOTE(same_file(file, got));
	close(got);
	NOTE(send_fds(end[0], "abc", 3, &file, 1));
	got = note_fds(t, end[1], 50, 5, MSG_CMSG_CLOEXEC);
	close(got);
	twin_pair_close(end);
	NOTE(open_fds() - before);
	close(file);
}

TWIN_TEST_BOTH_ENDS(descriptors_and_stream)
{
	int file = open("file", O_CREAT | O_RDWR, 0600), end[2];

	twin_pair(t, end);
	NOTE(send(end[0], "before", 6, 0));
	NOTE(send_fds(end[0], "first", 5, &file, 1));
	NOTE(send_fds(end[0], "second", 6, &file, 1));
	NOTE(send(end[0], "behind", 6, 0));
	close(note_fds(t, end[1], 50, 5, 0));
	close(note_fds(t, end[1], 3, 5, 0));
	close(note_fds(t, end[1], 50, 5, 0));
	note_fds(t, end[1], 50, 5, MSG_DONTWAIT);
	/* In parts: they come with the first. */
	NOTE(send_fds(end[0], "third", 5, &file, 1));
	close(note_fds(t, end[1], 1, 5, 0));
	note_fds(t, end[1], 50, 5, 0);
	NOTE(send(end[0], "ab", 2, 0));
	NOTE(send_fds(end[0], "cd", 2, &file, 1));
	NOTE(send(end[0], "ef", 2, 0));
	close(note_fds(t, end[1], 5, 5, MSG_WAITALL));
	note_fds(t, end[1], 50, 5, MSG_DONTWAIT);
	twin_pair_close(end);
	close(file);
}

TWIN_TEST_BOTH_ENDS(room_for_descriptors)
{
	int fds[3], end[2], before, i;

	for (i = 0; i < 3; i++)
		fds[i] = open(".", O_RDONLY);
	twin_pair(t, end);
	before = open_fds();
	for (i = 0; i < 5; i++) {
		NOTE(send_fds(end[0], "abc", 3, fds, 3));
		close(note_fds(t, end[1], 50, i, 0));
		NOTE(open_fds() - before);
	}
	/* Whoever does not ask does not get any. */
	NOTE(send_fds(end[0], "abc", 3, fds, 3));
	NOTE(read(end[1], (char[10]){}, 10));
	NOTE(open_fds() - before);
	twin_pair_close(end);
	for (i = 0; i < 3; i++)
		close(fds[i]);
}

TWIN_TEST_BOTH_ENDS(no_room_in_the_process)
{
	struct rlimit old, new;
	int fds[3], end[2], i;

	for (i = 0; i < 3; i++)
		fds[i] = open(".", O_RDONLY);
	twin_pair(t, end);
	must(!getrlimit(RLIMIT_NOFILE, &old));
	new = old;
	new.rlim_cur = dup(end[0]);
	close(new.rlim_cur);
	must(!setrlimit(RLIMIT_NOFILE, &new));
	NOTE(send_fds(end[0], "abc", 3, fds, 3));
	note_fds(t, end[1], 50, 3, 0);
	must(!setrlimit(RLIMIT_NOFILE, &old));
	note_fds(t, end[1], 50, 3, MSG_DONTWAIT);
	twin_pair_close(end);
	for (i = 0; i < 3; i++)
		close(fds[i]);
}

TWIN_TEST_BOTH_ENDS(peeking_at_descriptors)
{
	int file = open("file", O_CREAT | O_RDWR, 0600), end[2], before;

	twin_pair(t, end);
	before = open_fds();
	NOTE(send_fds(end[0], "abc", 3, &file, 1));
	NOTE(send(end[0], "def", 3, 0));
	close(note_fds(t, end[1], 50, 5, MSG_PEEK));
	close(note_fds(t, end[1], 2, 5, MSG_PEEK));
	close(note_fds(t, end[1], 50, 0, MSG_PEEK));
	close(note_fds(t, end[1], 1, 5, 0));
	note_fds(t, end[1], 50, 5, MSG_PEEK);
	note_fds(t, end[1], 50, 5, 0);
	NOTE(open_fds() - before);
	twin_pair_close(end);
	close(file);
}

TWIN_TEST_BOTH_ENDS(many_descriptors)
{
	int fds[MANY + 1], end[2], before, i;

	for (i = 0; i <= MANY; i++)
		fds[i] = 0;
	twin_pair(t, end);
	before = open_fds();
	NOTE(send_fds(end[0], "abc", 3, fds, MANY + 1));
	NOTE(send_fds(end[0], "abc", 3, fds, MANY));
	close(note_fds(t, end[1], 50, MANY, 0));
	NOTE(open_fds() - before);
	twin_pair_close(end);
}

TWIN_TEST_BOTH_ENDS(descriptors_that_are_none)
{
	int end[2], fds[2] = { 0, 999 };
	union {
		char control[CMSG_SPACE(sizeof(int))];
		struct cmsghdr cmsg;
	} u = {};
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = sizeof(u),
	};

	twin_pair(t, end);
	NOTE(send_fds(end[0], "abc", 3, fds, 2));
	fds[1] = -1;
	NOTE(send_fds(end[0], "abc", 3, fds, 2));
	/* No bytes, no descriptors. */
	NOTE(send_fds(end[0], "", 0, fds, 1));
	NOTE(send(end[0], "next", 4, 0));
	note_fds(t, end[1], 50, 5, MSG_DONTWAIT);
	NOTE(send_fds(end[0], "none", 4, fds, 0));
	note_fds(t, end[1], 50, 5, MSG_DONTWAIT);
	u.cmsg.cmsg_len = 3;
	NOTE(sendmsg(end[0], &msg, 0));
	u.cmsg.cmsg_len = 500;
	NOTE(sendmsg(end[0], &msg, 0));
	u.cmsg.cmsg_len = CMSG_LEN(sizeof(int));
	u.cmsg.cmsg_level = SOL_SOCKET;
	u.cmsg.cmsg_type = 99;
	NOTE(sendmsg(end[0], &msg, 0));
	u.cmsg.cmsg_level = SOL_SOCKET + 1;
	NOTE(sendmsg(end[0], &msg, 0));
	note_fds(t, end[1], 50, 5, MSG_DONTWAIT);
	twin_pair_close(end);
}

/* A pipe tells whether its other end is still open somewhere. */
static int pipe_to_send(int *reader)
{
	int p[2];

	must(!pipe2(p, O_NONBLOCK | O_CLOEXEC));
	*reader = p[0];
	return p[1];
}

static void note_pipe(struct twin *t, const char *what, int reader)
{
	char c;
	int i;
	ssize_t n;

	/* Files are closed by a work item of the kernel at times. */
	for (i = 0; i < 100; i++) {
		n = read(reader, &c, 1);
		if (!n)
			break;
		twin_sleep_ms(5);
	}
	twin_say(t, "%s: %s", what, n ? "open" : "closed");
}

TWIN_TEST_BOTH_ENDS(files_in_flight_are_closed)
{
	int end[2], reader, writer;

	twin_pair(t, end);
	writer = pipe_to_send(&reader);
	NOTE(send_fds(end[0], "abc", 3, &writer, 1));
	close(writer);
	twin_say(t, "in flight: %zd", read(reader, (char[1]){}, 1));
	close(end[1]);
	note_pipe(t, "reader closed", reader);
	close(end[0]);
	close(reader);

	twin_pair(t, end);
	writer = pipe_to_send(&reader);
	NOTE(send_fds(end[0], "abc", 3, &writer, 1));
	close(writer);
	close(end[0]);
	twin_say(t, "sender closed: %zd", read(reader, (char[1]){}, 1));
	close(note_fds(t, end[1], 50, 5, 0));
	note_pipe(t, "received and closed", reader);
	close(end[1]);
	close(reader);

	twin_pair(t, end);
	writer = pipe_to_send(&reader);
	NOTE(send_fds(end[0], "abc", 3, &writer, 1));
	close(writer);
	NOTE(read(end[1], (char[10]){}, 10));
	note_pipe(t, "read without", reader);
	close(end[0]);
	close(end[1]);
	close(reader);
}

/* Descriptors that cannot be sent because the buffer is full stay whole. */
TWIN_TEST_BOTH_ENDS(descriptors_and_full_buffer)
{
	int end[2], reader, writer = pipe_to_send(&reader);

	twin_pair(t, end);
	twin_fill(end[0]);
	NOTE(send_fds(end[0], "abc", 3, &writer, 1));
	close(writer);
	note_pipe(t, "not sent", reader);
	twin_drain(end[1]);
	note_fds(t, end[1], 50, 5, MSG_DONTWAIT);
	twin_pair_close(end);
	close(reader);
}

static void send_too_many(struct twin *t, void *arg)
{
	const struct rlimit limit = { .rlim_cur = 50, .rlim_max = 50 };
	int client = twin_client(t, "path"), fds[10] = {}, sent = 0, ret = 0;

	(void)arg;
	must(!setrlimit(RLIMIT_NOFILE, &limit));
	while (sent < 100 && !ret) {
		ret = send_fds(client, "x", 1, fds, 10) == 1 ? 0 : -1;
		sent += ret ? 0 : 10;
	}
	twin_note(t, "sending", ret);
	/* AF_UNIX looks before it counts, and so lets one more through. */
	twin_say(t, "stopped at the limit: %d", sent == 50 || sent == 60);
	must(send(client, "end", 3, 0) == 3);
	must(recv(client, (char[1]){}, 1, 0) == 1);
	NOTE(send_fds(client, "y", 1, fds, 10));
}

static void send_too_many_as_alice(struct twin *t, void *arg)
{
	twin_become(ALICE);
	send_too_many(t, arg);
}

static void note_limit(struct twin *t,
		       void (*child)(struct twin *t, void *arg))
{
	int fd = twin_listener(t, "path", 5), server;
	pid_t pid;

	must(!chmod("path", 0666));
	pid = twin_fork(t, child, NULL);
	server = accept(fd, NULL, NULL);
	twin_sleep_ms(200);
	twin_drain(server);
	must(send(server, "x", 1, 0) == 1);
	twin_wait(t, pid);
	close(server);
	close(fd);
	must(!unlink("path"));
}

TWIN_TEST(descriptors_in_flight_are_limited)
{
	note_limit(t, send_too_many_as_alice);
	note_limit(t, send_too_many);
}

SUITE_TESTS(socket_fds,
	cmocka_unit_test(one_descriptor),
	cmocka_unit_test(descriptors_and_stream),
	cmocka_unit_test(room_for_descriptors),
	cmocka_unit_test(no_room_in_the_process),
	cmocka_unit_test(peeking_at_descriptors),
	cmocka_unit_test(many_descriptors),
	cmocka_unit_test(descriptors_that_are_none),
	cmocka_unit_test(files_in_flight_are_closed),
	cmocka_unit_test(descriptors_and_full_buffer),
	cmocka_unit_test(descriptors_in_flight_are_limited));
