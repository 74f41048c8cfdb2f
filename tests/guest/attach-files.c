// SPDX-License-Identifier: GPL-2.0-only
/* Files that come and go through a socket that was taken over. */

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "attach.h"

/* Files between messages that have none, in one go. */
static void files_in_between(void **state)
{
	struct writer w = fast(), f = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1);
	int i, fd = 0, fds[4], count;
	struct writer got;

	(void)state;
	for (i = 0; i < 100; i++) {
		send_message(&a, &w);
		assert_int_equal(send_with_fds(a.client, f.p, f.len, &fd, 1,
					       0), f.len);
		send_message(&a, &w);
		/* The first went fast, the last waits behind the second. */
		got = receive(b.client, NULL, NULL);
		writer_free(&got);
		expect_nothing(b.client);
		relay(&a, &b);
		got = receive(b.client, fds, &count);
		assert_int_equal(count, 1);
		close(fds[0]);
		writer_free(&got);
		got = receive(b.client, fds, &count);
		assert_int_equal(count, 0);
		writer_free(&got);
		expect_nothing(b.client);
		expect_nothing(a.daemon);
	}
	assert_int_equal(bus_stat(&bus, "lent"), 100);
	writer_free(&w);
	writer_free(&f);
}

/* Files where no library puts them: in the middle of a message, or of lines. */
static void files_in_odd_places(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 3000);
	size_t at, cut[] = { 1, 15, 16, 17, 2000, w.len - 1 };
	int fd = 0, fds[4], count;
	struct writer got;
	struct peer c;

	(void)state;
	for (at = 0; at < ARRAY_SIZE(cut); at++) {
		peer_open(&bus, &c, ":1.3");
		send_bytes(c.client, w.p, cut[at]);
		assert_int_equal(send_with_fds(c.client, w.p + cut[at],
					       w.len - cut[at], &fd, 1, 0),
				 w.len - cut[at]);
		got = receive(c.daemon, fds, &count);
		assert_int_equal(count, 1);
		assert_int_equal(got.len, w.len);
		assert_memory_equal(got.p, w.p, w.len);
		close(fds[0]);
		expect_nothing(c.daemon);
		writer_free(&got);
		/* Nothing overtakes it, wherever it was cut. */
		send_message(&c, &w);
		expect_nothing(b.client);
		expect_nothing(c.daemon);
		assert_ok(peer_done(&c, 1));
		expect_fast(&c, &b, &w);
		peer_close(&c);
	}
	writer_free(&w);
}

static void files_with_lines(void **state)
{
	static const char lines[] = "\0AUTH\r\n";
	struct writer w = fast();
	int fd = 0;
	struct peer c;

	(void)state;
	peer_connect(&bus, &c);
	assert_int_equal(send_with_fds(c.client, lines, 7, &fd, 1, 0), 7);
	expect_bytes(c.daemon, lines, 7);
	send_bytes(c.client, "BEGIN\r\n", 7);
	expect_bytes(c.daemon, "BEGIN\r\n", 7);
	/* It is never looked into again, but nothing of it is lost. */
	send_message(&c, &w);
	expect_slow(&c, &w);
	peer_close_client(&c);
	expect_end(c.daemon);
	peer_close(&c);
	writer_free(&w);
}

/* The daemon's files come behind what is there, and before what is not. */
static void files_of_the_daemon(void **state)
{
	struct writer f = MESSAGE(SPEC_SIGNAL(NULL), .fds = 1, .bytes = 100000);
	struct pollfd p = { .fd = b.daemon, .events = POLLOUT };
	int fd = 0, fds[4], count, sent = 0, rest;
	ssize_t n;
	struct writer got;

	(void)state;
	while ((n = send_with_fds(b.daemon, f.p, f.len, &fd, 1,
				  MSG_DONTWAIT)) == (ssize_t)f.len)
		sent++;
	assert_in_range(sent, 1, 4);
	if (n < 0) {
		assert_int_equal(errno, EAGAIN);
		n = 0;
	}
	/* It is not to be overtaken meanwhile. */
	assert_false(goes_fast(&a, &a, MESSAGE(SPEC_SIGNAL(":1.2"))));
	if (n)
		send_bytes(b.daemon, f.p + n, f.len - n);
	else
		assert_int_equal(poll(&p, 1, 0), 0);
	for (rest = sent + !!n; rest; rest--) {
		got = receive(b.client, fds, &count);
		assert_int_equal(count, 1);
		assert_int_equal(got.len, f.len);
		close(fds[0]);
		writer_free(&got);
	}
	/* On two processors it may come upon who has just made room. */
	do
		assert_int_equal(poll(&p, 1, slowly(PATIENCE_MS)), 1);
	while (send_with_fds(b.daemon, f.p, f.len, &fd, 1, MSG_DONTWAIT) < 0 &&
	       errno == EAGAIN);
	got = receive(b.client, fds, &count);
	assert_int_equal(count, 1);
	close(fds[0]);
	writer_free(&got);
	assert_ok(peer_caps(&b, CAPS_ALL));
	assert_true(goes_fast(&a, &b, fast()));
	writer_free(&f);
}

static void files_of_the_daemon_misplaced(void **state)
{
	struct writer f = MESSAGE(SPEC_SIGNAL(NULL), .fds = 1);
	int fd = 0;

	(void)state;
	assert_fails(send_with_fds(b.daemon, f.p, 8, &fd, 1, 0), EINVAL);
	send_bytes(b.daemon, f.p, 20);
	assert_fails(send_with_fds(b.daemon, f.p + 20, f.len - 20, &fd, 1, 0),
		     EINVAL);
	send_bytes(b.daemon, f.p + 20, f.len - 20);
	expect_bytes(b.client, f.p, f.len);
	writer_free(&f);
}

static int send_control(int fd, size_t cmsg_len)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr cmsg;
	} u = {
		.cmsg = {
			.cmsg_len = cmsg_len,
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
		},
	};
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &u,
		.msg_controllen = sizeof(u),
	};

	return sendmsg(fd, &msg, MSG_NOSIGNAL) < 0 ? errno : 0;
}

/* Control messages whose lengths are wrong, none above all: as AF_UNIX has it. */
static void control_of_no_length(void **state)
{
	size_t len;
	int end[2];

	(void)state;
	pair(end);
	for (len = 0; len < CMSG_LEN(0); len++) {
		assert_int_equal(send_control(end[0], len), EINVAL);
		assert_int_equal(send_control(a.daemon, len), EINVAL);
		assert_int_equal(send_control(a.client, len), EINVAL);
	}
	assert_int_equal(send_control(a.daemon, SIZE_MAX), EINVAL);
	expect_nothing(a.client);
	expect_nothing(a.daemon);
	close_pair(end);
}

/* What nobody is to see yet stays unseen, files or not. */
static void batches(void **state)
{
	struct writer w = slow(), f = MESSAGE(SPEC_SIGNAL(NULL), .fds = 1);
	struct pollfd p = { .fd = b.daemon, .events = POLLOUT };
	int fd = 0;

	(void)state;
	assert_ok(set_option(bus.listener, KDBUS_BUS_STAGE, NULL, 0));
	send_bytes(a.daemon, w.p, w.len);
	send_bytes(b.daemon, w.p, w.len);
	expect_nothing(a.client);
	expect_nothing(b.client);
	assert_fails(send_with_fds(b.daemon, f.p, f.len, &fd, 1, MSG_DONTWAIT),
		     EAGAIN);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_ok(set_option(bus.listener, KDBUS_BUS_COMMIT, NULL, 0));
	expect_bytes(a.client, w.p, w.len);
	expect_bytes(b.client, w.p, w.len);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(send_with_fds(b.daemon, f.p, f.len, &fd, 1,
				       MSG_DONTWAIT), f.len);
	expect_bytes(b.client, f.p, f.len);
	writer_free(&w);
	writer_free(&f);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(attach_files,
	TEST(files_in_between),
	TEST(files_in_odd_places),
	TEST(files_with_lines),
	TEST(files_of_the_daemon),
	TEST(files_of_the_daemon_misplaced),
	TEST(control_of_no_length),
	TEST(batches));
