// SPDX-License-Identifier: GPL-2.0-only
/* Faults on the way of messages. */

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>
#include <unistd.h>

#include "fault.h"

static const int null_file[1] = { 0 };

static int send_from(struct scene *s, int fd)
{
	if (s->fds)
		return send_with_fds(fd, s->w.p, s->w.len, null_file, s->fds,
				     MSG_DONTWAIT);
	return send(fd, s->w.p, s->w.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Whatever has not been taken is sent once more. */
static void send_rest(struct scene *s, int fd, int result)
{
	if (result < 0) {
		expect_refusal(result);
		result = send_from(s, fd);
		assert_int_equal(result, s->w.len);
	} else if ((size_t)result < s->w.len) {
		send_bytes(fd, s->w.p + result, s->w.len - result);
	}
}

static int call_send(struct scene *s)
{
	return send_from(s, s->a.client);
}

static void after_send(struct scene *s, int result)
{
	send_rest(s, s->a.client, result);
	arrives_once(s);
}

static void make_call(struct scene *s)
{
	s->w = MESSAGE(SPEC_CALL(":1.2"), .text = "question");
}

static void make_signal(struct scene *s)
{
	s->w = MESSAGE(SPEC_SIGNAL(":1.2"), .text = "something");
}

static void make_large(struct scene *s)
{
	s->w = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 200000);
}

static void make_file(struct scene *s)
{
	s->w = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1);
	s->fds = 1;
}

static void make_slow(struct scene *s)
{
	s->w = MESSAGE(SPEC_CALL("org.freedesktop.DBus"), .text = "x");
}

/* The call has been delivered; the scene's message is the answer. */
static void make_return(struct scene *s)
{
	assert_true(goes_fast(&s->b, &s->a, MESSAGE(SPEC_CALL(":1.1"),
						    .serial = 5)));
	s->w = MESSAGE(SPEC_RETURN(":1.2", 5), .text = "answer");
}

/* To the daemon only, if the fence is up; the other is held behind it. */
static void make_fenced(struct scene *s)
{
	struct writer w = MESSAGE(SPEC_CALL(NULL), .serial = 9);

	send_message(&s->a, &w);
	expect_slow(&s->a, &w);
	writer_free(&w);
	make_signal(s);
}

static void after_fenced(struct scene *s, int result)
{
	send_rest(s, s->a.client, result);
	expect_nothing(s->b.client);
	assert_ok(peer_done(&s->a, 1));
	arrives_once(s);
}

static void make_held(struct scene *s)
{
	make_fenced(s);
	send_message(&s->a, &s->w);
}

static int call_done(struct scene *s)
{
	return peer_done(&s->a, 1);
}

static void after_done(struct scene *s, int result)
{
	if (result < 0) {
		expect_refusal(result);
		assert_ok(call_done(s));
	}
	arrives_once(s);
}

/* The first half is there. */
static void make_half(struct scene *s)
{
	make_large(s);
	send_bytes(s->a.client, s->w.p, 1000);
}

static int call_half(struct scene *s)
{
	return send(s->a.client, s->w.p + 1000, s->w.len - 1000,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void after_half(struct scene *s, int result)
{
	size_t sent = 1000 + (result > 0 ? result : 0);

	if (result < 0)
		expect_refusal(result);
	if (sent < s->w.len)
		send_bytes(s->a.client, s->w.p + sent, s->w.len - sent);
	arrives_once(s);
}

static void make_broadcast(struct scene *s)
{
	s->w = MESSAGE(SPEC_SIGNAL(NULL), .text = "to all");
}

static bool one_came(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct writer w;

	if (poll(&p, 1, 0) != 1)
		return false;
	w = receive(fd, NULL, NULL);
	writer_free(&w);
	return true;
}

/* All or nobody; if nobody, then the daemon. */
static void after_broadcast(struct scene *s, int result)
{
	bool slow;
	int i;

	send_rest(s, s->a.client, result);
	slow = one_came(s->a.daemon);
	if (slow) {
		assert_ok(peer_done(&s->a, 1));
		expect_nothing(s->b.client);
		expect_nothing(s->c.client);
		return;
	}
	for (i = 0; i < 2; i++) {
		int fd = i ? s->c.client : s->b.client;
		struct writer w = receive(fd, NULL, NULL);

		writer_free(&w);
		expect_nothing(fd);
	}
	expect_nothing(s->a.daemon);
}

static int call_down(struct scene *s)
{
	return send_from(s, s->b.daemon);
}

/*
 * From the daemon: what it could not write it writes again.  To an attached
 * client, files go once all before them has gone.
 */
static void after_down(struct scene *s, int result)
{
	struct pollfd p = { .fd = s->b.daemon, .events = POLLOUT };

	if (result == -EAGAIN && s->b.attached) {
		assert_int_equal(poll(&p, 1, 10000), 1);
		result = send_from(s, s->b.daemon);
		assert_int_equal(result, s->w.len);
	}
	send_rest(s, s->b.daemon, result);
	assert_ok(peer_caps(&s->b, CAPS_ALL));
	arrives_once(s);
}

static void make_down_staged(struct scene *s)
{
	assert_ok(set_option(s->bus.listener, KDBUS_BUS_STAGE, NULL, 0));
	make_signal(s);
}

static void after_down_staged(struct scene *s, int result)
{
	send_rest(s, s->b.daemon, result);
	expect_nothing(s->b.client);
	assert_ok(set_option(s->bus.listener, KDBUS_BUS_COMMIT, NULL, 0));
	assert_ok(peer_caps(&s->b, CAPS_ALL));
	arrives_once(s);
}

static void make_greeting(struct scene *s)
{
	peer_close(&s->c);
	peer_connect(&s->bus, &s->c);
}

static const char greeting[] = "\0AUTH EXTERNAL 30\r\nBEGIN\r\n";

static int call_greeting(struct scene *s)
{
	return send(s->c.client, greeting, sizeof(greeting) - 1, MSG_NOSIGNAL);
}

static void after_greeting(struct scene *s, int result)
{
	size_t sent = result > 0 ? result : 0;

	if (result < 0)
		expect_refusal(result);
	if (sent < sizeof(greeting) - 1)
		send_bytes(s->c.client, greeting + sent,
			   sizeof(greeting) - 1 - sent);
	expect_bytes(s->c.daemon, greeting, sizeof(greeting) - 1);
}

/* Reading: the scene's message lies there. */
static char room[300000];

static int read_some(int fd, int flags)
{
	char control[CMSG_SPACE(10 * sizeof(int))];
	struct iovec iov = { .iov_base = room, .iov_len = sizeof(room) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int n = recvmsg(fd, &msg, MSG_DONTWAIT | flags), file;

	cmsg = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS) {
		memcpy(&file, CMSG_DATA(cmsg), sizeof(file));
		close(file);
	}
	return n;
}

static void lie_there(struct scene *s)
{
	struct pollfd p = { .fd = s->b.client, .events = POLLIN };

	assert_int_equal(call_send(s), s->w.len);
	relay(&s->a, &s->b);
	assert_int_equal(poll(&p, 1, 10000), 1);
}

static void make_unread(struct scene *s)
{
	make_signal(s);
	assert_int_equal(call_send(s), s->w.len);
	assert_int_equal(poll(&(struct pollfd){ .fd = s->b.client,
						.events = POLLIN }, 1, 10000), 1);
}

static void make_unread_large(struct scene *s)
{
	make_large(s);
	assert_int_equal(call_send(s), s->w.len);
}

static void make_unread_file(struct scene *s)
{
	make_file(s);
	lie_there(s);
}

static int call_read(struct scene *s)
{
	return read_some(s->b.client, 0);
}

static int call_peek(struct scene *s)
{
	return read_some(s->b.client, MSG_PEEK);
}

static void expect_rest(struct scene *s, int fd, int result)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	/* SENDER is a field more, which relay() does not add. */
	bool relayed = s->fds && !files_may_go_fast(&s->a, &s->b);
	size_t want = s->w.len + (relayed ? 0 : 16);
	size_t have = result > 0 ? result : 0;

	if (result < 0)
		expect_refusal(result);
	while (have < want) {
		assert_int_equal(poll(&p, 1, 10000), 1);
		result = read_some(fd, 0);
		assert_ok(result);
		have += result;
	}
	assert_int_equal(have, want);
	expect_nothing(fd);
}

static void after_read(struct scene *s, int result)
{
	expect_rest(s, s->b.client, result);
}

static void after_peek(struct scene *s, int result)
{
	if (result < 0)
		expect_refusal(result);
	expect_rest(s, s->b.client, 0);
}

static void make_unread_slow(struct scene *s)
{
	make_slow(s);
	assert_int_equal(call_send(s), s->w.len);
}

static void make_unread_slow_file(struct scene *s)
{
	s->w = MESSAGE(SPEC_SIGNAL("org.freedesktop.DBus"), .fds = 1);
	s->fds = 1;
	assert_int_equal(call_send(s), s->w.len);
}

static int call_read_up(struct scene *s)
{
	return read_some(s->a.daemon, 0);
}

static void after_read_up(struct scene *s, int result)
{
	size_t have = result > 0 ? result : 0;

	if (result < 0)
		expect_refusal(result);
	while (have < s->w.len) {
		result = read_some(s->a.daemon, 0);
		assert_ok(result);
		have += result;
	}
	assert_int_equal(have, s->w.len);
	expect_nothing(s->a.daemon);
	assert_ok(peer_done(&s->a, 1));
}

/* The end: with a bit of everything unread. */
static void make_end(struct scene *s)
{
	make_held(s);
	send_free(&s->b, MESSAGE(SPEC_CALL(":1.1")));
	send_free(&s->c, MESSAGE(SPEC_SIGNAL(NULL)));
	send_bytes(s->a.client, s->w.p, s->w.len / 2);
}

static int call_close_client(struct scene *s)
{
	int ret = close(s->a.client);

	s->a.client = -1;
	return ret;
}

static void after_close(struct scene *s, int result)
{
	assert_ok(result);
	peer_close_client(&s->a);
	assert_ok(peer_withdraw(&s->a, ":1.1"));
	peer_close_daemon(&s->a);
	drain(&s->b);
	assert_true(goes_fast(&s->c, &s->b, MESSAGE(SPEC_CALL(":1.2"))));
}

static int call_close_daemon(struct scene *s)
{
	int ret = close(s->a.daemon);

	s->a.daemon = -1;
	return ret;
}

static void after_close_daemon(struct scene *s, int result)
{
	assert_ok(result);
	peer_close_client(&s->a);
	drain(&s->b);
	assert_true(goes_fast(&s->c, &s->b, MESSAGE(SPEC_CALL(":1.2"))));
}

static int call_shutdown(struct scene *s)
{
	return shutdown(s->c.client, SHUT_RDWR);
}

static void after_shutdown(struct scene *s, int result)
{
	assert_ok(result);
	expect_end(s->c.daemon);
}

static int call_amount(struct scene *s)
{
	int amount;

	return ioctl(s->a.daemon, SIOCINQ, &amount);
}

static void after_amount(struct scene *s, int result)
{
	(void)s;
	if (result < 0)
		expect_refusal(result);
}

const struct fault_case fault_message_cases[] = {
	{ "send_call", make_call, call_send, after_send },
	{ "send_return", make_return, call_send, after_send },
	{ "send_signal", make_signal, call_send, after_send },
	{ "send_large", make_large, call_send, after_send },
	{ "send_half", make_half, call_half, after_half },
	{ "send_broadcast", make_broadcast, call_send, after_broadcast },
	{ "send_slow", make_slow, call_send, after_send },
	{ "send_fenced", make_fenced, call_send, after_fenced },
	{ "send_file", make_file, call_send, after_send },
	{ "greeting", make_greeting, call_greeting, after_greeting },
	{ "done", make_held, call_done, after_done },
	{ "down", make_signal, call_down, after_down },
	{ "down_large", make_large, call_down, after_down },
	{ "down_file", make_file, call_down, after_down },
	{ "down_staged", make_down_staged, call_down, after_down_staged },
	{ "read", make_unread, call_read, after_read },
	{ "read_large", make_unread_large, call_read, after_read },
	{ "read_file", make_unread_file, call_read, after_read },
	{ "peek", make_unread, call_peek, after_peek },
	{ "peek_file", make_unread_file, call_peek, after_peek },
	{ "read_up", make_unread_slow, call_read_up, after_read_up },
	{ "read_up_file", make_unread_slow_file, call_read_up, after_read_up },
	{ "close_client", make_end, call_close_client, after_close },
	{ "close_daemon", make_end, call_close_daemon, after_close_daemon },
	{ "shutdown", NULL, call_shutdown, after_shutdown },
	{ "amount", NULL, call_amount, after_amount },
};
const size_t fault_message_count = ARRAY_SIZE(fault_message_cases);
