// SPDX-License-Identifier: GPL-2.0-only
/* Messages with file descriptors. */

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

/* A pipe: whoever has the writing end can be told from the reading one. */
struct cargo {
	int reader;
	int writer;
};

static struct cargo cargo_new(void)
{
	int p[2];

	assert_ok(pipe2(p, O_CLOEXEC | O_NONBLOCK));
	return (struct cargo){ .reader = p[0], .writer = p[1] };
}

/* Is the writing end open anywhere? */
static bool cargo_alive(const struct cargo *cargo)
{
	char c;
	int i;

	/* Files are closed by a work item of the kernel at times. */
	for (i = 0; i < 100; i++) {
		if (!read(cargo->reader, &c, 1))
			return false;
		usleep(2000);
	}
	return true;
}

static void cargo_arrived(struct cargo *cargo, int fd)
{
	char c = 'x';

	assert_int_equal(write(fd, &c, 1), 1);
	assert_int_equal(read(cargo->reader, &c, 1), 1);
	close(fd);
	assert_false(cargo_alive(cargo));
	close(cargo->reader);
}

static void send_cargo(int fd, const struct writer *w, struct cargo *cargo)
{
	assert_int_equal(send_with_fds(fd, w->p, w->len, &cargo->writer, 1, 0),
			 w->len);
	close(cargo->writer);
}

/* Reads one message that brings one descriptor. */
static void expect_cargo(int fd, struct cargo *cargo)
{
	int fds[10], count;
	struct writer got = receive(fd, fds, &count);

	assert_int_equal(count, 1);
	cargo_arrived(cargo, fds[0]);
	writer_free(&got);
	expect_nothing(fd);
}

/* Reads bytes that bring one descriptor, and are no message yet. */
static void expect_cargo_with(int fd, const void *bytes, size_t len,
			      struct cargo *cargo)
{
	char got[100];
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = got, .iov_len = sizeof(got) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int cargo_fd;

	assert_int_equal(recvmsg(fd, &msg, MSG_DONTWAIT), len);
	assert_memory_equal(got, bytes, len);
	assert_int_equal(control.align.cmsg_type, SCM_RIGHTS);
	memcpy(&cargo_fd, CMSG_DATA(&control.align), sizeof(cargo_fd));
	cargo_arrived(cargo, cargo_fd);
}

static void both_ways(void **state)
{
	struct cargo cargo = cargo_new();
	struct writer w;

	(void)state;
	w = MESSAGE(SPEC_CALL(":1.2"), .serial = 5, .fds = 1, .text = "hello");
	send_cargo(a.client, &w, &cargo);
	relay(&a, &b);
	expect_nothing(a.daemon);
	expect_cargo(b.client, &cargo);
	writer_free(&w);

	cargo = cargo_new();
	w = MESSAGE(SPEC_RETURN(":1.1", 5), .fds = 1);
	send_cargo(b.client, &w, &cargo);
	relay(&b, &a);
	expect_nothing(b.daemon);
	expect_cargo(a.client, &cargo);
	writer_free(&w);
}

static void through_the_daemon(void **state)
{
	struct cargo cargo = cargo_new();
	struct writer w = MESSAGE(SPEC_CALL(NULL), .fds = 1);

	(void)state;
	send_cargo(a.client, &w, &cargo);
	expect_cargo(a.daemon, &cargo);
	assert_ok(peer_done(&a, 1));
	cargo = cargo_new();
	send_cargo(b.daemon, &w, &cargo);
	expect_cargo(b.client, &cargo);
	writer_free(&w);
}

static void recipient_without_fds(void **state)
{
	struct cargo cargo = cargo_new();
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1);

	(void)state;
	assert_ok(peer_caps(&b, KDBUS_CAP_SEND_ALL | KDBUS_CAP_RECV_ALL));
	send_cargo(a.client, &w, &cargo);
	expect_nothing(b.client);
	expect_cargo(a.daemon, &cargo);
	assert_ok(peer_done(&a, 1));
	writer_free(&w);
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
}

/* The header says another number than there are. */
static void wrong_number(void **state)
{
	struct writer w;
	int fds[3] = { 0, 0, 0 }, got[10], count;
	struct writer m;

	(void)state;
	w = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 2);
	assert_int_equal(send_with_fds(a.client, w.p, w.len, fds, 1, 0), w.len);
	expect_nothing(b.client);
	m = receive(a.daemon, got, &count);
	assert_int_equal(count, 1);
	close(got[0]);
	writer_free(&m);
	assert_int_equal(send_with_fds(a.client, w.p, w.len, fds, 3, 0), w.len);
	expect_nothing(b.client);
	m = receive(a.daemon, got, &count);
	assert_int_equal(count, 3);
	while (count--)
		close(got[count]);
	writer_free(&m);
	writer_free(&w);
	assert_ok(peer_done(&a, 2));
	/* Says some, has none; has some, says none. */
	assert_false(goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1)));
	w = MESSAGE(SPEC_SIGNAL(":1.2"));
	assert_int_equal(send_with_fds(a.client, w.p, w.len, fds, 1, 0), w.len);
	expect_nothing(b.client);
	m = receive(a.daemon, got, &count);
	assert_int_equal(count, 1);
	close(got[0]);
	writer_free(&m);
	writer_free(&w);
}

static bool many_go_fast(int n)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = n), m;
	int fds[64] = { 0 }, got[64], count;
	bool fast = true;
	char c;

	assert_int_equal(send_with_fds(a.client, w.p, w.len, fds, n, 0), w.len);
	if (recv(b.client, &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
		fast = false;
	m = receive(fast ? b.client : a.daemon, got, &count);
	assert_int_equal(count, n);
	while (count--)
		close(got[count]);
	if (!fast)
		assert_ok(peer_done(&a, 1));
	writer_free(&m);
	writer_free(&w);
	return fast;
}

static void limit_of_one_message(void **state)
{
	(void)state;
	assert_int_equal(many_go_fast(1), files_may_go_fast(&a, &b));
	assert_int_equal(many_go_fast(16), files_may_go_fast(&a, &b));
	assert_false(many_go_fast(17));
	bus.config.max_message_fds = 0;
	assert_ok(bus_configure(&bus));
	assert_false(many_go_fast(1));
}

static void limit_of_a_recipient(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 10), m;
	int fds[10] = { 0 }, got[10], i, count;

	(void)state;
	/* Otherwise they wait in the daemon, or in sockets of AF_UNIX. */
	if (!files_may_go_fast(&a, &b))
		return;
	bus.config.max_outgoing_fds = 25;
	assert_ok(bus_configure(&bus));
	for (i = 0; i < 4; i++)
		assert_int_equal(send_with_fds(a.client, w.p, w.len, fds, 10,
					       0), w.len);
	/* As dbus-daemon does: the one that goes over it still gets through. */
	for (i = 0; i < 3; i++) {
		m = receive(b.client, got, &count);
		assert_int_equal(count, 10);
		while (count--)
			close(got[count]);
		writer_free(&m);
	}
	expect_nothing(b.client);
	m = receive(a.daemon, got, &count);
	assert_int_equal(count, 10);
	while (count--)
		close(got[count]);
	writer_free(&m);
	writer_free(&w);
	assert_ok(peer_done(&a, 1));
	assert_true(many_go_fast(10));
}

/*
 * Descriptors come with the first byte of their message.  If that is not all of
 * it the daemon sees them at once, as it does not wait for the rest for ever.
 */
static void first_piece(const struct writer *w, size_t len)
{
	struct cargo cargo = cargo_new();

	assert_int_equal(send_with_fds(a.client, w->p, len, &cargo.writer, 1, 0),
			 len);
	close(cargo.writer);
	expect_nothing(b.client);
	expect_cargo_with(a.daemon, w->p, len, &cargo);
}

static void in_pieces(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1, .bytes = 5000);
	struct writer got;

	(void)state;
	first_piece(&w, 50);
	send_bytes(a.client, w.p + 50, w.len - 51);
	expect_bytes(a.daemon, w.p + 50, w.len - 51);
	/* What follows is held until the daemon is done with it. */
	send_bytes(a.client, w.p + w.len - 1, 1);
	expect_bytes(a.daemon, w.p + w.len - 1, 1);
	send_free(&a, MESSAGE(SPEC_SIGNAL(":1.2")));
	expect_nothing(b.client);
	assert_ok(peer_done(&a, 1));
	got = receive(b.client, NULL, NULL);
	writer_free(&got);
	/* Less than a header: nothing is made of this connection any more. */
	first_piece(&w, 7);
	send_bytes(a.client, w.p + 7, w.len - 7);
	expect_bytes(a.daemon, w.p + 7, w.len - 7);
	assert_ok(peer_done(&a, 1));
	send_bytes(a.client, w.p, 20);
	expect_bytes(a.daemon, w.p, 20);
	writer_free(&w);
}

static void held_with_its_message(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1);
	struct writer slow = MESSAGE(SPEC_SIGNAL(NULL));
	struct cargo cargo = cargo_new();

	(void)state;
	send_message(&a, &slow);
	send_cargo(a.client, &w, &cargo);
	expect_slow(&a, &slow);
	expect_nothing(b.client);
	assert_ok(peer_done(&a, 1));
	relay(&a, &b);
	expect_cargo(b.client, &cargo);
	writer_free(&slow);
	writer_free(&w);
}

/* Wherever a message is when its connection goes, its files are closed. */
static void closed_with_the_connection(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1);
	struct writer slow = MESSAGE(SPEC_SIGNAL(NULL), .fds = 1);
	struct cargo half = cargo_new(), up = cargo_new(), held = cargo_new();
	struct cargo down = cargo_new();

	(void)state;
	send_cargo(a.client, &w, &down);
	relay(&a, &b);
	send_cargo(a.client, &slow, &up);
	send_cargo(a.client, &w, &held);
	assert_int_equal(send_with_fds(a.client, w.p, 30, &half.writer, 1, 0),
			 30);
	close(half.writer);
	peer_close_client(&a);
	peer_close_daemon(&a);
	assert_false(cargo_alive(&up));
	assert_false(cargo_alive(&held));
	assert_false(cargo_alive(&half));
	/* What has been delivered stays delivered. */
	expect_cargo(b.client, &down);
	close(up.reader);
	close(held.reader);
	close(half.reader);
	writer_free(&slow);
	writer_free(&w);
}

static void closed_with_the_recipient(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1);
	struct cargo cargo = cargo_new();

	(void)state;
	send_cargo(a.client, &w, &cargo);
	relay(&a, &b);
	peer_close_client(&b);
	assert_false(cargo_alive(&cargo));
	close(cargo.reader);
	writer_free(&w);
}

/* A recipient that does not ask for the descriptors does not get them. */
static void read_without_asking(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1), m;
	struct cargo cargo = cargo_new();

	(void)state;
	send_cargo(a.client, &w, &cargo);
	relay(&a, &b);
	m = receive(b.client, NULL, NULL);
	assert_false(cargo_alive(&cargo));
	close(cargo.reader);
	writer_free(&m);
	writer_free(&w);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(route_fds,
	TEST(both_ways),
	TEST(through_the_daemon),
	TEST(recipient_without_fds),
	TEST(wrong_number),
	TEST(limit_of_one_message),
	TEST(limit_of_a_recipient),
	TEST(in_pieces),
	TEST(held_with_its_message),
	TEST(closed_with_the_connection),
	TEST(closed_with_the_recipient),
	TEST(read_without_asking));
