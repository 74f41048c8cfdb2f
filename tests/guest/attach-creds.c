// SPDX-License-Identifier: GPL-2.0-only
/* Who has written, as somebody who reads from AF_UNIX is told. */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach.h"

#define ALICE	1001

/* Some bytes, and what is told of who has written them. */
static void receive_control(int fd, int type, void *data, size_t size)
{
	char byte[1000], control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = { .iov_base = byte, .iov_len = sizeof(byte) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, slowly(PATIENCE_MS)), 1);
	assert_true(recvmsg(fd, &msg, MSG_DONTWAIT) > 0);
	assert_non_null(CMSG_FIRSTHDR(&msg));
	assert_int_equal(CMSG_FIRSTHDR(&msg)->cmsg_type, type);
	memcpy(data, CMSG_DATA(CMSG_FIRSTHDR(&msg)), size);
}

static void receive_creds(int fd, struct ucred *creds)
{
	receive_control(fd, SCM_CREDENTIALS, creds, sizeof(*creds));
}

/* Whoever asks who has written sees the daemon, whoever it was. */
static void passcred(void **state)
{
	struct writer w = fast();
	struct ucred creds;
	int one = 1;
	pid_t pid;

	(void)state;
	assert_ok(setsockopt(b.client, SOL_SOCKET, SO_PASSCRED, &one,
			     sizeof(one)));
	send_bytes(b.daemon, w.p, w.len);
	receive_creds(b.client, &creds);
	assert_int_equal(creds.pid, getpid());
	pid = fork();
	if (!pid) {
		if (setuid(1001))
			_exit(1);
		send_message(&a, &w);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	receive_creds(b.client, &creds);
	assert_int_equal(creds.pid, getpid());
	assert_int_equal(creds.uid, 0);
	writer_free(&w);
}

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD	76
#endif
#define SCM_PIDFD_NUMBER	4

/* Which process a file descriptor of one stands for. */
static pid_t pid_of(int pidfd)
{
	char path[64], line[128];
	pid_t pid = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "Pid: %d", &pid);
	fclose(file);
	return pid;
}

static pid_t receive_pidfd(int fd)
{
	int pidfd;
	pid_t pid;

	receive_control(fd, SCM_PIDFD_NUMBER, &pidfd, sizeof(pidfd));
	assert_ok(pidfd);
	pid = pid_of(pidfd);
	close(pidfd);
	return pid;
}

/* The same for who asks for nothing but a file descriptor of the process. */
static void passpidfd(void **state)
{
	struct writer w = fast();
	int one = 1;
	pid_t pid;

	(void)state;
	if (setsockopt(b.client, SOL_SOCKET, SO_PASSPIDFD, &one, sizeof(one))) {
		/* Before Linux 6.5 nobody can ask. */
		assert_int_equal(errno, ENOPROTOOPT);
		writer_free(&w);
		return;
	}
	pid = fork();
	if (!pid) {
		send_message(&a, &w);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(receive_pidfd(b.client), getpid());
	writer_free(&w);
}

/* What was written to him before the end he reads, though it takes a thread. */
static void last_words(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .text = "last");
	int one = 1, round, i;
	struct writer got;
	struct peer c;

	(void)state;
	for (round = 0; round < 50; round++) {
		peer_open(&bus, &c, ":1.3");
		assert_ok(setsockopt(c.client, SOL_SOCKET, SO_PASSCRED, &one,
				     sizeof(one)));
		send_bytes(c.daemon, w.p, w.len);
		send_bytes(c.daemon, w.p, w.len);
		if (round % 2)
			assert_ok(shutdown(c.daemon, SHUT_WR));
		else
			peer_close_daemon(&c);
		for (i = 0; i < 2; i++) {
			got = receive(c.client, NULL, NULL);
			writer_free(&got);
		}
		expect_end(c.client);
		peer_close(&c);
	}
	writer_free(&w);
}

static const struct sockaddr_un place = {
	.sun_family = AF_UNIX,
	.sun_path = "/tmp/creds",
};

/* A server of root's that looks at who writes. */
static int serve(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	unlink(place.sun_path);
	assert_ok(bind(fd, (const struct sockaddr *)&place, sizeof(place)));
	assert_ok(chmod(place.sun_path, 0666));
	assert_ok(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)));
	assert_ok(listen(fd, 1));
	return fd;
}

static int accept_and_ask(int listener)
{
	int fd = accept(listener, NULL, NULL), one = 1;

	assert_ok(fd);
	assert_ok(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)));
	return fd;
}

/* As who calls this: a bus that has taken over a connection to that server. */
static int take_connection(struct bus *own)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), end;

	if (connect(fd, (const struct sockaddr *)&place, sizeof(place)))
		return -1;
	own->listener = socket(kdbus_family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(own->path, sizeof(own->path), "creds-%d", getpid());
	if (set_option(own->listener, KDBUS_BUS_NEW, own->path,
		       strlen(own->path)))
		return -1;
	end = attach(own->listener, fd);
	close(fd);
	return end;
}

/* The owner is gone, and a child of his has got the daemon end. */
static void write_as_orphan(void)
{
	struct bus own = { .config = bus.config };
	int end, ready[2];
	char x;

	if (setgid(ALICE) || setuid(ALICE) || pipe(ready))
		_exit(1);
	end = take_connection(&own);
	if (end < 0)
		_exit(1);
	if (fork()) {
		/* Not before the child has been made. */
		_exit(read(ready[0], &x, 1) != 1);
	}
	x = write(ready[1], "x", 1);
	close(ready[0]);
	close(ready[1]);
	while (getppid() != 1)
		usleep(1000);
	/* Until init has noticed that, too. */
	usleep(slowly(200) * 1000);
	x = write(end, "hello\r\n", 7);
	usleep(slowly(200) * 1000);
	_exit(0);
}

/* A bus of alice's whose owner is gone: nobody speaks as root in her name. */
static void nobody_speaks_as_root(void **state)
{
	int listener = serve(), fd;
	struct pollfd p = { .events = POLLIN };
	struct ucred creds;
	char x;
	pid_t pid;
	int ret;

	(void)state;
	pid = fork();
	if (!pid)
		write_as_orphan();
	fd = accept_and_ask(listener);
	assert_int_equal(waitpid(pid, &ret, 0), pid);
	assert_int_equal(ret, 0);
	p.fd = fd;
	assert_int_equal(poll(&p, 1, slowly(PATIENCE_MS)), 1);
	/* It may come to nothing, but not to root's. */
	if (recv(fd, &x, 1, MSG_PEEK) > 0) {
		receive_creds(fd, &creds);
		assert_int_equal(creds.uid, ALICE);
	}
	close(fd);
	close(listener);
}

/* Nobody has accepted the connection yet when somebody of root's writes to it. */
static void ids_are_the_owners(void **state)
{
	struct bus own = { .config = bus.config };
	int listener = serve(), end, fd;
	struct ucred creds;

	(void)state;
	assert_ok(setresgid(ALICE, ALICE, 0));
	assert_ok(setresuid(ALICE, ALICE, 0));
	end = take_connection(&own);
	assert_ok(setresuid(0, 0, 0));
	assert_ok(setresgid(0, 0, 0));
	assert_ok(end);
	send_bytes(end, "hello\r\n", 7);
	fd = accept_and_ask(listener);
	receive_creds(fd, &creds);
	assert_int_equal(creds.uid, ALICE);
	assert_int_equal(creds.gid, ALICE);
	assert_int_equal(creds.pid, getpid());
	close(fd);
	close(end);
	close(own.listener);
	close(listener);
}

/* An attempt that fails takes nothing of what there is to read. */
static void failed_attempt_takes_nothing(void **state)
{
	struct rlimit old, none = {};
	int end[2], one = 1, ret, error;

	(void)state;
	pair(end);
	assert_ok(setsockopt(end[0], SOL_SOCKET, SO_PASSCRED, &one,
			     sizeof(one)));
	send_bytes(end[0], "hello", 5);
	assert_ok(getrlimit(RLIMIT_NOFILE, &old));
	none.rlim_max = old.rlim_max;
	assert_ok(setrlimit(RLIMIT_NOFILE, &none));
	ret = attach(bus.listener, end[1]);
	error = errno;
	assert_ok(setrlimit(RLIMIT_NOFILE, &old));
	assert_int_equal(ret, -1);
	assert_int_equal(error, EMFILE);
	expect_bytes(end[1], "hello", 5);
	close_pair(end);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(attach_creds,
	TEST(passcred),
	TEST(passpidfd),
	TEST(last_words),
	TEST(nobody_speaks_as_root),
	TEST(ids_are_the_owners),
	TEST(failed_attempt_takes_nothing));
