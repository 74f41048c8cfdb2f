// SPDX-License-Identifier: GPL-2.0-only
/* What can be taken over, what that gives, and how it ends. */

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach.h"

/* What cannot be taken over is left alone. */
static void what_is_refused(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int end[2], fd, one = 1, off = 0;

	(void)state;
	assert_fails(attach(bus.listener, -1), EBADF);
	fd = open("/dev/null", O_RDWR);
	assert_fails(attach(bus.listener, fd), ENOTSOCK);
	close(fd);
	assert_ok(socketpair(AF_UNIX, SOCK_DGRAM, 0, end));
	assert_fails(attach(bus.listener, end[0]), EOPNOTSUPP);
	close_pair(end);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_fails(attach(bus.listener, fd), EOPNOTSUPP);
	assert_ok(bind(fd, (struct sockaddr *)&sun, sizeof(sa_family_t)));
	assert_ok(listen(fd, 1));
	assert_fails(attach(bus.listener, fd), EOPNOTSUPP);
	close(fd);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_fails(attach(bus.listener, fd), EOPNOTSUPP);
	close(fd);
	assert_fails(attach(bus.listener, a.daemon), EOPNOTSUPP);
	pair(end);
	assert_ok(setsockopt(end[0], SOL_SOCKET, SO_PASSCRED, &one,
			     sizeof(one)));
	assert_fails(attach(bus.listener, end[0]), EOPNOTSUPP);
	/* The client's does not matter. */
	fd = attach(bus.listener, end[1]);
	assert_ok(fd);
	close(fd);
	close_pair(end);
	pair(end);
	assert_ok(setsockopt(end[0], SOL_SOCKET, SO_PEEK_OFF, &off,
			     sizeof(off)));
	assert_fails(attach(bus.listener, end[0]), EOPNOTSUPP);
	close_pair(end);
}

static void only_for_the_owner(void **state)
{
	int end[2], fd = socket(kdbus_family(), SOCK_STREAM, 0);
	struct kdbus_attach bad = { .label_len = 10 };
	socklen_t len = 1;

	(void)state;
	pair(end);
	assert_fails(attach(fd, end[0]), EPERM);
	assert_fails(attach(end[0], end[1]), EOPNOTSUPP);
	assert_fails(getsockopt(bus.listener, SOL_KDBUS, KDBUS_ATTACH, &bad,
				&len), EINVAL);
	len = sizeof(bad);
	assert_fails(getsockopt(bus.listener, SOL_KDBUS, KDBUS_ATTACH, &bad,
				&len), EINVAL);
	close(fd);
	close_pair(end);
}

/* Nothing is left of an attempt: the connection is an ordinary one. */
static void not_twice(void **state)
{
	int end[2], fd, other;

	(void)state;
	pair(end);
	fd = attach(bus.listener, end[0]);
	assert_ok(fd);
	assert_fails(attach(bus.listener, end[0]), EBUSY);
	/* Nor the other end: what one writes would go round. */
	assert_fails(attach(a.daemon, end[1]), EBUSY);
	close(fd);
	other = attach(a.daemon, end[1]);
	assert_ok(other);
	assert_fails(attach(bus.listener, end[0]), EBUSY);
	close(other);
	fd = attach(bus.listener, end[0]);
	assert_ok(fd);
	close(fd);
	send_bytes(end[0], "x", 1);
	expect_bytes(end[1], "x", 1);
	send_bytes(end[1], "y", 1);
	expect_bytes(end[0], "y", 1);
	close_pair(end);
}

/* A bus that nobody can connect to. */
static void without_an_address(void **state)
{
	struct bus own = { .config = bus.config };
	struct peer c, d;

	(void)state;
	own.listener = socket(kdbus_family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_fails(set_option(own.listener, KDBUS_BUS_CONFIG, &own.config,
				sizeof(own.config)), EPERM);
	assert_fails(set_option(bus.listener, KDBUS_BUS_NEW, "x", 1), EINVAL);
	assert_fails(set_option(a.daemon, KDBUS_BUS_NEW, "x", 1), EINVAL);
	assert_fails(set_option(own.listener, KDBUS_BUS_NEW, own.path, 108),
		     EINVAL);
	snprintf(own.path, sizeof(own.path), "nowhere-%d", getpid());
	assert_ok(set_option(own.listener, KDBUS_BUS_NEW, own.path,
			     strlen(own.path)));
	assert_ok(fcntl(own.listener, F_SETFL, O_NONBLOCK));
	assert_fails(accept(own.listener, NULL, NULL), EAGAIN);
	assert_ok(bus_configure(&own));
	peer_open(&own, &c, ":1.1");
	peer_open(&own, &d, ":1.2");
	assert_int_equal(bus_stat(&own, "attached"), 2);
	assert_int_equal(bus_stat(&own, "peers"), 2);
	close(own.listener);
	assert_true(goes_fast(&c, &d, fast()));
	peer_close(&c);
	peer_close(&d);
}

static void expect_same_groups(int fd, int other)
{
	gid_t got[64], want[64];
	socklen_t got_len = sizeof(got), want_len = sizeof(want);

	assert_ok(getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, got, &got_len));
	assert_ok(getsockopt(other, SOL_SOCKET, SO_PEERGROUPS, want,
			     &want_len));
	assert_int_equal(got_len, want_len);
	assert_memory_equal(got, want, got_len);
}

/* A client as alice: what the daemon end says of her is what AF_UNIX says. */
static void credentials(void **state)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX, .sun_path = "/tmp/cr" };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), fd, end;
	struct ucred got, want;
	socklen_t len = sizeof(got);
	pid_t pid;

	(void)state;
	unlink(sun.sun_path);
	assert_ok(bind(listener, (struct sockaddr *)&sun, sizeof(sun)));
	assert_ok(chmod(sun.sun_path, 0666));
	assert_ok(listen(listener, 1));
	pid = fork();
	if (!pid) {
		gid_t groups[] = { 1000, 5 };

		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (setgroups(2, groups) || setgid(1001) || setuid(1001) ||
		    connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
			_exit(1);
		pause();
	}
	fd = accept(listener, NULL, NULL);
	assert_ok(fd);
	end = attach(bus.listener, fd);
	assert_ok(end);
	assert_ok(getsockopt(end, SOL_SOCKET, SO_PEERCRED, &got, &len));
	assert_ok(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &want, &len));
	assert_int_equal(got.pid, pid);
	assert_int_equal(got.uid, 1001);
	assert_memory_equal(&got, &want, sizeof(got));
	expect_same_groups(end, fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(end);
	close(fd);
	close(listener);
}

static void label(void **state)
{
	struct {
		struct kdbus_attach head;
		char text[8];
	} request = { .head.label_len = 7, .text = "my_cat" };
	char got[32] = {};
	socklen_t len = sizeof(request);
	int end[2];

	(void)state;
	pair(end);
	request.head.fd = end[0];
	assert_ok(getsockopt(bus.listener, SOL_KDBUS, KDBUS_ATTACH, &request,
			     &len));
	len = 3;
	assert_fails(getsockopt(request.head.fd, SOL_KDBUS, KDBUS_PEERSEC, got,
				&len), ERANGE);
	assert_int_equal(len, 6);
	len = sizeof(got);
	assert_ok(getsockopt(request.head.fd, SOL_KDBUS, KDBUS_PEERSEC, got,
			     &len));
	assert_int_equal(len, 6);
	assert_string_equal(got, "my_cat");
	assert_fails(getsockopt(a.daemon, SOL_KDBUS, KDBUS_PEERSEC, got, &len),
		     ENOPROTOOPT);
	close(request.head.fd);
	close_pair(end);
}

/* Flags of the descriptor. */
static void blocking_or_not(void **state)
{
	int end[2], fd;

	(void)state;
	pair(end);
	assert_ok(fcntl(end[0], F_SETFL, O_NONBLOCK));
	fd = attach(bus.listener, end[0]);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	close_pair(end);
	assert_false(fcntl(a.daemon, F_GETFL) & O_NONBLOCK);
}

/* What the client wrote before is part of the stream. */
static void written_before(void **state)
{
	struct writer w = fast();
	struct peer c = { .bus = &bus, .attached = true };
	int end[2];

	(void)state;
	pair(end);
	c.client = end[0];
	send_bytes(c.client, "\0AUTH\r\nBEGIN\r\n", 14);
	send_bytes(c.client, w.p, w.len);
	c.daemon = attach(bus.listener, end[1]);
	assert_ok(c.daemon);
	close(end[1]);
	expect_slow(&c, &(struct writer){ .p = (uint8_t *)"\0AUTH\r\nBEGIN\r\n",
					  .len = 14 });
	expect_slow(&c, &w);
	peer_close(&c);
	writer_free(&w);
}

/* A client who hangs up before, or right behind what it wrote. */
static void gone_before(void **state)
{
	struct writer w = slow();
	int end[2], fd;

	(void)state;
	pair(end);
	send_bytes(end[0], w.p, w.len);
	close(end[0]);
	fd = attach(bus.listener, end[1]);
	assert_ok(fd);
	close(end[1]);
	expect_slow(&(struct peer){ .daemon = fd }, &w);
	expect_end(fd);
	close(fd);
	writer_free(&w);
}

static void half_closed(void **state)
{
	struct writer w = slow();

	(void)state;
	send_message(&a, &w);
	assert_ok(shutdown(a.client, SHUT_WR));
	expect_slow(&a, &w);
	expect_end(a.daemon);
	/* The other way goes on. */
	send_bytes(a.daemon, w.p, w.len);
	expect_bytes(a.client, w.p, w.len);
	assert_ok(shutdown(a.client, SHUT_RD));
	assert_fails(send(a.daemon, w.p, w.len, MSG_NOSIGNAL), EPIPE);
	writer_free(&w);
}

static void daemon_shuts_down(void **state)
{
	struct writer w = slow();

	(void)state;
	send_bytes(b.daemon, w.p, w.len);
	assert_ok(shutdown(b.daemon, SHUT_WR));
	expect_slow(&(struct peer){ .daemon = b.client }, &w);
	expect_end(b.client);
	send_message(&b, &w);
	expect_slow(&b, &w);
	assert_ok(shutdown(b.daemon, SHUT_RDWR));
	assert_fails(send(b.client, "x", 1, MSG_NOSIGNAL), EPIPE);
	writer_free(&w);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(attach_take,
	TEST(what_is_refused),
	TEST(only_for_the_owner),
	TEST(not_twice),
	TEST(without_an_address),
	TEST(credentials),
	TEST(label),
	TEST(blocking_or_not),
	TEST(written_before),
	TEST(gone_before),
	TEST(half_closed),
	TEST(daemon_shuts_down));
