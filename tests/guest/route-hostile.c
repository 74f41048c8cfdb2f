// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a client might try against others, beyond messages that are not valid:
 * see docs/security.md for the whole list.
 */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <dbus/dbus.h>

#include "late.h"
#include "slow.h"
#include "trio.h"

static bool others_talk(void)
{
	return goes_fast(&b, &c, MESSAGE(SPEC_SIGNAL(":1.3"), .text = "hello"));
}

/* Bytes that another thread changes while they are sent. */
struct unsteady {
	struct writer w;
	atomic_bool stop;
};

static void *change(void *data)
{
	struct unsteady *u = data;
	volatile uint8_t *p = u->w.p;
	uint32_t seed = 1;
	size_t at;
	uint8_t was;

	while (!u->stop) {
		seed = seed * 1103515245 + 12345;
		/* The length of the message stays, or all ends at once. */
		at = 16 + (seed >> 8) % (u->w.len - 16);
		was = p[at];
		p[at] = seed >> 24;
		p[at] = was;
	}
	return NULL;
}

/* Returns whether a message has come; it is a valid one then. */
static bool check_valid(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	DBusError error = DBUS_ERROR_INIT;
	struct writer got;
	DBusMessage *m;

	if (poll(&p, 1, 0) != 1)
		return false;
	got = receive(fd, NULL, NULL);
	m = dbus_message_demarshal((const char *)got.p, got.len, &error);
	if (!m)
		fail_msg("libdbus: %s", error.message);
	assert_string_equal(dbus_message_get_sender(m), ":1.1");
	dbus_message_unref(m);
	writer_free(&got);
	return true;
}

static void memory_that_changes(void **state)
{
	static uint8_t block[8192];
	struct unsteady u = {
		.w = MESSAGE(SPEC_SIGNAL(":1.2"), .text = "some text"),
	};
	int i, fast = 0, slow = 0;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, change, &u), 0);
	for (i = 0; i < 6000; i++) {
		send_bytes(a.client, u.w.p, u.w.len);
		fast += check_valid(b.client);
		while (recv(a.daemon, block, sizeof(block), MSG_DONTWAIT) > 0) {
			slow++;
			peer_done(&a, 1);
			/* The daemon would end the connection. */
			peer_close(&a);
			peer_open(&bus, &a, ":1.1");
		}
	}
	u.stop = true;
	pthread_join(thread, NULL);
	assert_true(fast > 100);
	print_message("# %d delivered, %d given to the daemon\n", fast, slow);
	writer_free(&u.w);
}

/*
 * A call on a's socket that waits for its memory, while stuck_end() has not
 * been called.
 */
struct stuck {
	ssize_t (*call)(int fd, void *at, size_t len);
	size_t len;
	ssize_t result;
	uint8_t *page;
	int uffd;
	pthread_t thread;
};

static ssize_t call_send(int fd, void *at, size_t len)
{
	return send(fd, at, len, MSG_NOSIGNAL);
}

static ssize_t call_recv(int fd, void *at, size_t len)
{
	return recv(fd, at, len, 0);
}

static void *stuck_thread(void *data)
{
	struct stuck *stuck = data;

	stuck->result = stuck->call(a.client, stuck->page, stuck->len);
	return NULL;
}

static void stuck_begin(struct stuck *stuck)
{
	stuck->page = late_page(&stuck->uffd);
	if (!stuck->page)
		skip();
	assert_int_equal(pthread_create(&stuck->thread, NULL, stuck_thread,
					stuck), 0);
	late_wait(stuck->uffd);
}

/* The memory comes, and holds these bytes. */
static void stuck_end(struct stuck *stuck, const void *bytes, size_t len)
{
	late_give(stuck->uffd, stuck->page, bytes, len);
	pthread_join(stuck->thread, NULL);
	late_end(stuck->uffd, stuck->page);
}

/* Whoever sends from memory that does not come keeps only himself waiting. */
static void sender_is_stuck(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .text = "late");
	struct stuck stuck = { .call = call_send, .len = w.len };

	(void)state;
	stuck_begin(&stuck);
	assert_true(others_talk());
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_SIGNAL(":1.1"))));
	send_bytes(a.daemon, w.p, w.len);
	expect_bytes(a.client, w.p, w.len);
	assert_ok(bus_forget(&bus));
	assert_ok(peer_caps(&a, CAPS_ALL));
	assert_ok(peer_caps(&b, CAPS_ALL));
	stuck_end(&stuck, w.p, w.len);
	assert_int_equal(stuck.result, w.len);
	expect_fast(&a, &b, &w);
	writer_free(&w);
}

/* And the daemon gets rid of him. */
static void stuck_sender_is_dropped(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .text = "never");
	struct stuck stuck = { .call = call_send, .len = w.len };

	(void)state;
	stuck_begin(&stuck);
	peer_close_daemon(&a);
	assert_true(others_talk());
	stuck_end(&stuck, w.p, w.len);
	/* As if it had been closed just afterwards. */
	expect_nothing(b.client);
	assert_fails(send(a.client, w.p, w.len, MSG_NOSIGNAL), EPIPE);
	writer_free(&w);
}

/* Likewise one who receives into such memory. */
static void recipient_is_stuck(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.1"), .text = "slowly");
	struct stuck stuck = { .call = call_recv, .len = PAGE };

	(void)state;
	send_message(&b, &w);
	stuck_begin(&stuck);
	/* More for him, from a client and from the daemon. */
	send_message(&b, &w);
	send_bytes(a.daemon, w.p, w.len);
	assert_true(others_talk());
	stuck_end(&stuck, "", 1);
	assert_true(stuck.result > (ssize_t)w.len);
	writer_free(&w);
}

/* What of a message with a file is in memory that comes, as the daemon sends it. */
static uint8_t head_with_file[16];

static ssize_t daemon_sends_file(int fd, void *at, size_t len)
{
	struct iovec iov[2] = {
		{ .iov_base = head_with_file, .iov_len = sizeof(head_with_file) },
		{ .iov_base = at, .iov_len = len },
	};
	char control[CMSG_SPACE(sizeof(int))] = "";
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	(void)fd;
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &(int){ STDOUT_FILENO }, sizeof(int));
	return sendmsg(a.daemon, &msg, MSG_NOSIGNAL);
}

static void *close_client(void *data)
{
	(void)data;
	close(a.client);
	return NULL;
}

/* The client of a daemon who is stuck can leave. */
static void daemon_is_stuck(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.1"), .fds = 1, .bytes = 100);
	struct stuck stuck = {
		.call = daemon_sends_file,
		.len = w.len - sizeof(head_with_file),
	};
	struct timespec until;
	pthread_t thread;
	int ret;

	(void)state;
	memcpy(head_with_file, w.p, sizeof(head_with_file));
	stuck_begin(&stuck);
	assert_true(others_talk());
	assert_int_equal(pthread_create(&thread, NULL, close_client, NULL), 0);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += slowly(5000) / 1000;
	ret = pthread_timedjoin_np(thread, NULL, &until);
	stuck_end(&stuck, w.p + sizeof(head_with_file), stuck.len);
	if (ret)
		pthread_join(thread, NULL);
	a.client = -1;
	assert_int_equal(ret, 0);
	writer_free(&w);
}

/* What looks like the driver's news teaches nothing. */
static void news_from_a_client(void **state)
{
	static const char * const members[] = {
		"NameAcquired", "NameLost", "NameOwnerChanged",
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(members); i++)
		goes_fast(&a, &b, MESSAGE(.type = SIGNAL, .to = ":1.2",
					  .path = "/org/freedesktop/DBus",
					  .interface = "org.freedesktop.DBus",
					  .member = members[i],
					  .sender = "org.freedesktop.DBus",
					  .text = "org.example.Name"));
	/* A call to the name is still the daemon's business. */
	assert_false(goes_fast(&b, &a, MESSAGE(SPEC_CALL("org.example.Name"))));
	assert_true(others_talk());
}

/* Serials are the client's own: it may use them again, and all of them. */
static void serials_wrap(void **state)
{
	static const uint32_t serials[] = {
		1, 0x7fffffff, 0x80000000, 0xffffffff, 1, 0xffffffff,
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(serials); i++) {
		assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"),
						      .serial = serials[i])));
		assert_true(goes_fast(&b, &a, MESSAGE(SPEC_RETURN(":1.1",
								  serials[i]))));
	}
	/* Twice at a time is one too many, and for the daemon to refuse. */
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 7)));
	assert_false(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = 7)));
}

/* A variant in a variant, and so on: as deep as is valid, and deeper. */
static struct writer nested(int depth)
{
	struct writer w = {};
	int i;

	put_header(&w, SIGNAL, 0, 1);
	put_field(&w, 1, 'o', "/a");
	put_field(&w, 2, 's', "a.b");
	put_field(&w, 3, 's', "c");
	put_field(&w, 6, 's', ":1.2");
	put_field(&w, 8, 'g', "v");
	end_header(&w);
	for (i = 1; i < depth; i++)
		put_signature(&w, "v");
	put_signature(&w, "y");
	put_u8(&w, 1);
	end_body(&w);
	return w;
}

static void deep_bodies(void **state)
{
	int depth, deepest = 0;

	(void)state;
	for (depth = 1; depth < 80; depth++)
		if (goes_fast(&a, &b, nested(depth))) {
			assert_int_equal(depth, deepest + 1);
			deepest = depth;
		}
	assert_int_equal(deepest, 64);
}

/* What the kernel fills in is filled in, to the last byte. */
static void nothing_of_the_kernel(void **state)
{
	struct {
		struct kdbus_peer_info info;
		uint8_t behind[8];
	} got;
	socklen_t len = sizeof(got);
	struct writer w;

	(void)state;
	memset(&got, 0xa5, sizeof(got));
	assert_ok(getsockopt(a.daemon, SOL_KDBUS, KDBUS_PEER_INFO, &got, &len));
	assert_int_equal(len, sizeof(got.info));
	assert_int_equal(got.info.peer_id, a.id);
	assert_int_equal(got.behind[0], 0xa5);
	/* Padding of the header that the module has written is zero. */
	send_free(&a, MESSAGE(SPEC_SIGNAL(":1.2"), .text = "x"));
	w = receive(b.client, NULL, NULL);
	assert_non_null(dbus_message_demarshal((const char *)w.p, w.len, NULL));
	writer_free(&w);
}

#define TEST TEST_OF_THREE

SUITE_TESTS(route_hostile,
	TEST(memory_that_changes),
	TEST(sender_is_stuck),
	TEST(stuck_sender_is_dropped),
	TEST(recipient_is_stuck),
	TEST(daemon_is_stuck),
	TEST(news_from_a_client),
	TEST(serials_wrap),
	TEST(deep_bodies),
	TEST(nothing_of_the_kernel));
