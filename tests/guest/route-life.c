// SPDX-License-Identifier: GPL-2.0-only
/* Beginnings and ends: of clients, of the owner, and options that are none. */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

/* Gives a client end away to a process that does nothing, and kills it. */
static void kill_client(struct peer *peer)
{
	pid_t pid = fork();

	assert_ok(pid);
	if (!pid) {
		pause();
		_exit(0);
	}
	peer_close_client(peer);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void callee_is_killed(void **state)
{
	struct kdbus_reply reply;

	(void)state;
	/* Some process has to hold the other ends, and is this one. */
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 5)));
	kill_client(&b);
	expect_end(b.daemon);
	assert_false(goes_fast(&a, &a, MESSAGE(SPEC_CALL(":1.2"))));
	assert_int_equal(peer_take(&b, &reply, 1), 1);
	assert_int_equal(reply.serial, 5);
	/* Until the owner hangs up it may write, in vain. */
	assert_fails(send(b.daemon, "x", 1, MSG_NOSIGNAL), EPIPE);
	peer_close_daemon(&b);
}

static void client_is_killed_in_a_message(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .text = "never");

	(void)state;
	send_bytes(a.client, w.p, w.len - 1);
	kill_client(&a);
	expect_end(a.daemon);
	expect_nothing(b.client);
	writer_free(&w);
}

static void client_leaves_unread(void **state)
{
	char x;

	(void)state;
	send_free(&a, MESSAGE(SPEC_SIGNAL(":1.2")));
	peer_close_client(&b);
	assert_fails(recv(b.daemon, &x, 1, 0), ECONNRESET);
	expect_end(b.daemon);
	assert_false(goes_fast(&a, &a, MESSAGE(SPEC_SIGNAL(":1.2"))));
}

/* The owner hangs up on one client; what it has got it may still read. */
static void daemon_end_is_closed(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .text = "fast"), got;
	struct writer d = MESSAGE(SPEC_SIGNAL(NULL), .text = "daemon");

	(void)state;
	send_message(&a, &w);
	send_bytes(b.daemon, d.p, d.len);
	peer_close_daemon(&b);
	assert_false(goes_fast(&a, &a, MESSAGE(SPEC_SIGNAL(":1.2"))));
	got = receive(b.client, NULL, NULL);
	writer_free(&got);
	got = receive(b.client, NULL, NULL);
	writer_free(&got);
	expect_end(b.client);
	assert_fails(send(b.client, w.p, w.len, MSG_NOSIGNAL), EPIPE);
	writer_free(&w);
	writer_free(&d);
}

static void listener_is_closed(void **state)
{
	struct peer c = { .client = -1 };
	struct sockaddr_un sun = { .sun_family = kdbus_family() };

	(void)state;
	close(bus.listener);
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"))));
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_RETURN(":1.1", 1))));
	/* A daemon end is as good for the bus as the listener. */
	assert_ok(set_option(a.daemon, KDBUS_BUS_FORGET, NULL, 0));
	assert_false(goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	c.client = socket(kdbus_family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(sun.sun_path, bus.path);
	assert_fails(connect(c.client, (struct sockaddr *)&sun, sizeof(sun) - 1),
		     ECONNREFUSED);
	close(c.client);
	bus.listener = dup(0);
}

/* The process that owns a bus, with a connection whose client it is not. */
static void own_a_bus(int ready)
{
	struct bus own;

	bus_open(&own);
	if (write(ready, own.path, sizeof(own.path)) < 0 ||
	    accept(own.listener, NULL, NULL) < 0 || write(ready, "x", 1) < 0)
		_exit(1);
	pause();
	_exit(0);
}

static void owner_is_killed(void **state)
{
	struct sockaddr_un sun = { .sun_family = kdbus_family() };
	struct pollfd p = { .events = POLLIN };
	int ready[2], client, waiting;
	pid_t pid;
	char x;

	(void)state;
	assert_ok(pipe(ready));
	pid = fork();
	assert_ok(pid);
	if (!pid)
		own_a_bus(ready[1]);
	assert_int_equal(read(ready[0], sun.sun_path, 64), 64);
	client = socket(kdbus_family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_ok(connect(client, (struct sockaddr *)&sun, sizeof(sun) - 1));
	assert_int_equal(read(ready[0], &x, 1), 1);
	waiting = socket(kdbus_family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_ok(connect(waiting, (struct sockaddr *)&sun, sizeof(sun) - 1));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	p.fd = client;
	assert_int_equal(poll(&p, 1, 3000), 1);
	assert_true(p.revents & POLLHUP);
	expect_end(client);
	assert_fails(recv(waiting, &x, 1, 0), ECONNRESET);
	close(client);
	close(waiting);
	unlink(sun.sun_path);
	close(ready[0]);
	close(ready[1]);
}

/* Who is turned away reads what he was told before, though others may not yet. */
static void closed_in_a_batch(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .text = "staged"), got;

	(void)state;
	assert_ok(set_option(bus.listener, KDBUS_BUS_STAGE, NULL, 0));
	send_bytes(a.daemon, w.p, w.len);
	send_bytes(b.daemon, w.p, w.len);
	expect_nothing(a.client);
	expect_nothing(b.client);
	peer_close_daemon(&b);
	got = receive(b.client, NULL, NULL);
	writer_free(&got);
	expect_end(b.client);
	expect_nothing(a.client);
	assert_ok(set_option(bus.listener, KDBUS_BUS_COMMIT, NULL, 0));
	expect_bytes(a.client, w.p, w.len);
	writer_free(&w);
}

/* Lengths that are wrong and pointers that lead nowhere. */
static void bad_values(void **state)
{
	static const struct {
		int option;
		socklen_t len;
	} sets[] = {
		{ KDBUS_BUS_CONFIG, sizeof(struct kdbus_bus_config) },
		{ KDBUS_PEER_CAPS, 4 },
		{ KDBUS_DONE, 4 },
		{ KDBUS_REPLY_LEAST, 4 },
	};
	char value[200] = "";
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(sets); i++) {
		int option = sets[i].option;
		socklen_t len = sets[i].len;

		assert_ok(set_option(a.daemon, option, value, len));
		assert_fails(set_option(a.daemon, option, value, len - 1),
			     EINVAL);
		assert_fails(set_option(a.daemon, option, value, len + 1),
			     EINVAL);
		assert_fails(set_option(a.daemon, option, value, 0), EINVAL);
		assert_fails(set_option(a.daemon, option, (void *)16, len),
			     EFAULT);
		assert_fails(set_option(a.daemon, option, NULL, len), EFAULT);
		assert_fails(set_option(a.daemon, option, value, -1), EINVAL);
	}
	assert_fails(set_option(a.daemon, 0, value, 4), ENOPROTOOPT);
	assert_fails(set_option(a.daemon, 1000, value, 4), ENOPROTOOPT);
	assert_fails(set_option(a.daemon, -1, value, 4), ENOPROTOOPT);
	assert_fails(set_option(a.daemon, KDBUS_PEER_INFO, value, 16),
		     ENOPROTOOPT);
	assert_fails(set_option(bus.listener, KDBUS_PEER_CAPS, value, 4),
		     ENOTCONN);
}

static void bad_config(void **state)
{
	(void)state;
	bus.config.flags = 1 << 31;
	assert_fails(bus_configure(&bus), EINVAL);
	bus.config.flags = KDBUS_BUS_FASTPATH;
	bus.config.reserved = 1;
	assert_fails(bus_configure(&bus), EINVAL);
	bus.config.reserved = 0;
	/* More than there may be is as much as there may be. */
	bus.config.max_message_size = ~0U;
	bus.config.max_outgoing_bytes = ~0ULL;
	bus.config.max_outgoing_fds = ~0U;
	bus.config.max_message_fds = ~0U;
	bus.config.max_replies = ~0U;
	assert_ok(bus_configure(&bus));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
}

static void bad_requests(void **state)
{
	static const struct {
		int option;
		socklen_t len;
	} gets[] = {
		{ KDBUS_PEER_INFO, sizeof(struct kdbus_peer_info) },
		{ KDBUS_REPLY_QUERY, sizeof(struct kdbus_reply_query) },
	};
	char value[200] = "";
	socklen_t len;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(gets); i++) {
		len = gets[i].len - 1;
		assert_fails(getsockopt(a.daemon, SOL_KDBUS, gets[i].option,
					value, &len), EINVAL);
		len = 100;
		assert_ok(getsockopt(a.daemon, SOL_KDBUS, gets[i].option, value,
				     &len));
		assert_int_equal(len, gets[i].len);
		assert_fails(getsockopt(a.daemon, SOL_KDBUS, gets[i].option,
					(void *)16, &len), EFAULT);
		len = -1;
		assert_fails(getsockopt(a.daemon, SOL_KDBUS, gets[i].option,
					value, &len), EINVAL);
		assert_fails(getsockopt(a.daemon, SOL_KDBUS, gets[i].option,
					value, (void *)16), EFAULT);
		len = 100;
		assert_fails(getsockopt(bus.listener, SOL_KDBUS,
					gets[i].option, value, &len), ENOTCONN);
	}
	len = 15;
	assert_fails(getsockopt(a.daemon, SOL_KDBUS, KDBUS_REPLY_CLAIM, value,
				&len), EINVAL);
	len = 100;
	assert_fails(getsockopt(a.daemon, SOL_KDBUS, KDBUS_REPLY_CLAIM,
				(void *)16, &len), EFAULT);
	assert_fails(getsockopt(a.daemon, SOL_KDBUS, KDBUS_BUS_CONFIG, value,
				&len), ENOPROTOOPT);
}

static uint32_t random_seed = 1;

static uint32_t random_below(uint32_t n)
{
	random_seed = random_seed * 1103515245 + 12345;
	return (random_seed >> 8) % n;
}

/* Anything at all: some of it may succeed, none of it may do harm. */
static void random_options(void **state)
{
	static uint8_t value[9000];
	int i, fd, option;
	socklen_t len;
	void *at;
	size_t j;

	(void)state;
	for (i = 0; i < 20000; i++) {
		fd = (int[]){ bus.listener, a.daemon, b.daemon,
			      b.client }[random_below(4)];
		option = random_below(40);
		len = random_below(4) ? random_below(80) :
					random_below(sizeof(value));
		at = random_below(50) ? value : (void *)16;
		for (j = 0; j < 64; j++)
			value[j] = random_below(3) ? 0 : random_below(256);
		if (random_below(2))
			set_option(fd, option, at, len);
		else
			getsockopt(fd, SOL_KDBUS, option, at, &len);
		if (!random_below(20))
			(void)!send(a.client, "l\1\0\1", 4,
				    MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

#define TEST TEST_OF_TWO

SUITE_TESTS(route_life,
	TEST(callee_is_killed),
	TEST(client_is_killed_in_a_message),
	TEST(client_leaves_unread),
	TEST(daemon_end_is_closed),
	TEST(listener_is_closed),
	TEST(owner_is_killed),
	TEST(closed_in_a_batch),
	TEST(bad_values),
	TEST(bad_config),
	TEST(bad_requests),
	TEST(random_options));
