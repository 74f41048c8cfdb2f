// SPDX-License-Identifier: GPL-2.0-only
/* Limits: of one recipient, of one sender, of one user. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "slow.h"

/* What the socket of an attached client takes besides, in bytes. */
#define ATTACHED_ROOM	212992

static size_t waiting(int fd)
{
	static char block[1 << 20];
	ssize_t n = recv(fd, block, sizeof(block), MSG_DONTWAIT | MSG_PEEK);

	return n < 0 ? 0 : n;
}

/* A recipient that does not read gets what it may have, then no more. */
static void recipient_does_not_read(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 1000);
	size_t len = w.len + 16, more = b.attached ? ATTACHED_ROOM / len : 0;
	int fast = 0;

	(void)state;
	bus.config.max_outgoing_bytes = 100000;
	assert_ok(bus_configure(&bus));
	while (fast < 1000) {
		send_message(&a, &w);
		if (waiting(a.daemon))
			break;
		fast++;
	}
	/* The one that goes over it still gets through, as in dbus-daemon. */
	assert_in_range(fast, 100000 / len, 100000 / len + 1 + more);
	expect_slow(&a, &w);
	assert_ok(peer_done(&a, 1));
	/* Nor is the sender blocked ever. */
	send_message(&a, &w);
	expect_slow(&a, &w);
	assert_ok(peer_done(&a, 1));
	drain(&b);
	assert_true(goes_fast(&a, &b, w));
}

static void daemon_does_not_read(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .bytes = 1000);
	struct pollfd p = { .fd = a.client, .events = POLLOUT };
	ssize_t n;
	int sent = 0;

	(void)state;
	do {
		n = send(a.client, w.p, w.len, MSG_DONTWAIT);
		sent += n > 0;
	} while (n == (ssize_t)w.len && sent < 10000);
	assert_int_equal(n, -1);
	assert_int_equal(errno, EAGAIN);
	assert_in_range(sent, 20, 2000);
	assert_int_equal(poll(&p, 1, 0), 0);
	while (sent--)
		expect_slow(&a, &w);
	assert_int_equal(poll(&p, 1, 0), 1);
	expect_nothing(a.daemon);
	writer_free(&w);
}

/* The bus owner's own writes, up to what it has said itself. */
static int fill_from_daemon(void)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .bytes = 100000);
	int sent = 0;
	ssize_t n;

	do {
		n = send(b.daemon, w.p, w.len, MSG_DONTWAIT);
		sent += n > 0;
	} while (n == (ssize_t)w.len && sent < 10000);
	assert_int_equal(n, -1);
	assert_int_equal(errno, EAGAIN);
	writer_free(&w);
	return sent;
}

static void daemon_is_refused(void **state)
{
	struct pollfd p = { .fd = b.daemon, .events = POLLOUT };
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"));
	int sent;

	(void)state;
	bus.config.max_message_size = 200000;
	bus.config.max_outgoing_bytes = 1000000;
	assert_ok(bus_configure(&bus));
	/* Never before that and one message more. */
	sent = fill_from_daemon();
	assert_in_range(sent, 12, b.attached ? 16 : 14);
	assert_int_equal(poll(&p, 1, 0), 0);
	/*
	 * What the daemon could not write must not be overtaken, even once
	 * there is room, until it says that there is nothing left.
	 */
	assert_false(goes_fast(&b, &a, MESSAGE(SPEC_CALL(":1.2"))));
	drain(&b);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_false(goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	assert_ok(peer_caps(&b, CAPS_ALL));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	writer_free(&w);
}

static void *wait_for_room(void *arg)
{
	struct pollfd p = { .fd = b.daemon, .events = POLLOUT };

	*(int *)arg = poll(&p, 1, -1);
	return NULL;
}

/* A poll() that ends because it has waited long enough looks once more. */
static void expect_awake(pthread_t thread)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += slowly(5);
	assert_int_equal(pthread_timedjoin_np(thread, NULL, &until), 0);
}

/* A daemon that waits is woken when there is room, not earlier. */
static void daemon_is_woken(void **state)
{
	pthread_t thread;
	int ready = -1;
	static char block[400000];

	(void)state;
	bus.config.max_message_size = 200000;
	bus.config.max_outgoing_bytes = 1000000;
	assert_ok(bus_configure(&bus));
	fill_from_daemon();
	assert_int_equal(pthread_create(&thread, NULL, wait_for_room, &ready),
			 0);
	usleep(50000);
	assert_int_equal(recv(b.client, block, 10, 0), 10);
	usleep(50000);
	assert_int_equal(ready, -1);
	assert_int_equal(recv(b.client, block, sizeof(block), MSG_WAITALL),
			 sizeof(block));
	expect_awake(thread);
	assert_int_equal(ready, 1);
}

/* The end of the client is room, too, though it waits behind what he has sent. */
static void daemon_is_woken_by_the_end(void **state)
{
	pthread_t thread;
	int ready = -1;

	(void)state;
	bus.config.max_message_size = 200000;
	bus.config.max_outgoing_bytes = 1000000;
	assert_ok(bus_configure(&bus));
	send_free(&b, MESSAGE(SPEC_SIGNAL(NULL)));
	send_free(&b, MESSAGE(SPEC_SIGNAL(":1.1")));
	fill_from_daemon();
	assert_int_equal(pthread_create(&thread, NULL, wait_for_room, &ready),
			 0);
	usleep(50000);
	assert_int_equal(ready, -1);
	peer_close_client(&b);
	expect_awake(thread);
	assert_int_equal(ready, 1);
}

/* A message begun and not finished. */
static void begin_message_on(struct bus *on, struct peer *hog,
			     const char *name, uint32_t size)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"));

	set_u32(&w, 4, size);
	peer_open(on, hog, name);
	send_bytes(hog->client, w.p, 16);
	writer_free(&w);
}

static void begin_message(struct peer *hog, const char *name, uint32_t size)
{
	begin_message_on(&bus, hog, name, size);
}

/* Such, until the user has no memory left. */
static void use_up_memory(struct peer hog[2])
{
	begin_message(&hog[0], ":1.100", 120 << 20);
	begin_message(&hog[1], ":1.101", 120 << 20);
}

static void large_messages(void)
{
	bus.config.max_message_size = 128 << 20;
	bus.config.max_outgoing_bytes = 128 << 20;
	assert_ok(bus_configure(&bus));
}

/* What is more than there is memory for goes to the daemon, in pieces. */
static void expect_pieces(struct peer *peer, const struct writer *w)
{
	size_t at, n;

	for (at = 0; at < w->len; at += n) {
		n = send(peer->client, w->p + at,
			 w->len - at < 60000 ? w->len - at : 60000,
			 MSG_DONTWAIT);
		assert_in_range(n, 1, 60000);
		expect_bytes(peer->daemon, w->p + at, n);
	}
}

/*
 * 256 MiB for all messages of a user: then a sender's messages go to the
 * daemon, in pieces, and those of the daemon still get through.
 */
static void user_has_no_memory_left(void **state)
{
	struct writer big = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 20 << 20);
	struct writer small = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 1000);
	struct writer got;
	struct peer hog[2];
	int i;

	(void)state;
	large_messages();
	use_up_memory(hog);
	/* 240 MiB are gone: 20 more are too much, a thousand bytes are not. */
	expect_pieces(&a, &big);
	expect_nothing(b.client);
	assert_ok(peer_done(&a, 1));
	assert_true(goes_fast(&a, &b, small));
	for (i = 0; i < 2; i++)
		peer_close(&hog[i]);
	settle();
	send_message(&a, &big);
	expect_nothing(a.daemon);
	got = receive(b.client, NULL, NULL);
	writer_free(&got);
	writer_free(&big);
}

/*
 * What nobody has read is in the sender's memory cgroup, and he can do nothing about
 * it: beyond 16 MiB of one connection it is for the daemon.
 */
static void not_all_for_one_sender(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 100000);
	int i;

	(void)state;
	large_messages();
	for (i = 0; i < 300; i++) {
		send_message(&a, &w);
		settle();
		if (waiting(a.daemon))
			break;
	}
	assert_in_range(i, (16 << 20) / 100200 - 1, (16 << 20) / 100000 + 4);
	expect_slow(&a, &w);
	assert_ok(peer_done(&a, 1));
	/* That is nobody else's concern. */
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_SIGNAL(":1.1"))));
	drain(&b);
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	writer_free(&w);
}

/* Whoever has used up his memory has used up nobody else's on the same bus. */
static void another_user_has_no_memory_left(void **state)
{
	struct writer big = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 20 << 20);
	struct peer hog[2], alice;
	struct writer got;
	int i;

	(void)state;
	large_messages();
	assert_ok(chmod(bus.path, 0666));
	assert_ok(seteuid(1001));
	use_up_memory(hog);
	peer_open(&bus, &alice, ":1.200");
	assert_ok(seteuid(0));
	expect_pieces(&alice, &big);
	expect_nothing(b.client);
	send_message(&a, &big);
	expect_nothing(a.daemon);
	got = receive(b.client, NULL, NULL);
	writer_free(&got);
	peer_close(&alice);
	for (i = 0; i < 2; i++)
		peer_close(&hog[i]);
	settle();
	writer_free(&big);
}

/* Who is on somebody else's bus, knowing it or not, has as much here as before. */
static void on_the_bus_of_another(void **state)
{
	struct writer big = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 20 << 20);
	struct writer got;
	struct peer hog[2];
	struct bus own;
	int i;

	(void)state;
	large_messages();
	assert_ok(seteuid(1001));
	bus_open(&own);
	assert_ok(seteuid(0));
	own.config = bus.config;
	assert_ok(bus_configure(&own));
	begin_message_on(&own, &hog[0], ":1.100", 120 << 20);
	begin_message_on(&own, &hog[1], ":1.101", 120 << 20);
	send_message(&a, &big);
	expect_nothing(a.daemon);
	got = receive(b.client, NULL, NULL);
	writer_free(&got);
	for (i = 0; i < 2; i++)
		peer_close(&hog[i]);
	bus_close(&own);
	settle();
	writer_free(&big);
}

/* Nor is there any for what the user's messages are approved by. */
static void approvals_are_paid_for(void **state)
{
	static char path[3900];
	struct spec spec = { .path = path };
	struct peer hog[2], last;
	int i, ret = 0;

	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	large_messages();
	use_up_memory(hog);
	/* Of what there is, 200 KiB are left. */
	begin_message(&last, ":1.102", (16 << 20) - (200 << 10));
	for (i = 0; i < 60 && !ret; i++) {
		snprintf(path, 6, "/%04d", i);
		path[5] = 'a';
		ret = peer_approve(&a, &b, CALL, KDBUS_FIELD_PATH, &spec);
	}
	assert_int_equal(ret, -1);
	assert_int_equal(errno, ENOMEM);
	assert_in_range(i, 30, 55);
	peer_close(&last);
	settle();
	assert_ok(peer_approve(&a, &b, CALL, KDBUS_FIELD_PATH, &spec));
	for (i = 0; i < 2; i++)
		peer_close(&hog[i]);
	/* The next test wants that memory. */
	settle();
}

/* Nor for that replies are due to him, though nothing of the calls is left. */
static void replies_are_paid_for(void **state)
{
	enum { CALLS = 6000 };
	struct peer hog[2], last;
	bool fast = true;
	int i;

	(void)state;
	bus.config.max_replies = CALLS;
	large_messages();
	use_up_memory(hog);
	/* Of what there is, 400 KiB are left, one sixth of them for the bus itself. */
	begin_message(&last, ":1.102", (16 << 20) - (400 << 10));
	for (i = 0; i < CALLS && fast; i++)
		fast = goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = i + 1));
	assert_false(fast);
	assert_in_range(i, 2000, 5000);
	peer_close(&last);
	settle();
	assert_ok(peer_done(&a, 1));
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"), .serial = CALLS)));
	for (i = 0; i < 2; i++)
		peer_close(&hog[i]);
	settle();
}

static void say(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_ok(fd);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Rules that differ, until there is no room; how many there was room for. */
static int fill_with_rules(const struct peer *peer)
{
	char rule[1000];
	int i, len;

	for (i = 0; i < 10000; i++) {
		len = snprintf(rule, sizeof(rule), "arg1='n%d',arg2='%0900d'", i, 0);
		if (set_option(peer->daemon, KDBUS_MATCH_ADD, rule, len))
			break;
	}
	return i;
}

/* Names and rules are charged to the owner of the bus, whoever chooses them. */
static void tables_are_paid_for(void **state)
{
	char name[40];
	int i;

	(void)state;
	say("/sys/module/kdbus/parameters/user_tables", "300000");
	/* A kibibyte of text, less than half of it for the rest. */
	assert_in_range(fill_with_rules(&a), 150, 220);
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(fill_with_rules(&b), 0);
	/* Rules leave a quarter of the room to names, which are smaller. */
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "org.example.N%d", i);
		if (peer_publish(&b, name))
			break;
	}
	assert_in_range(i, 400, 900);
	assert_int_equal(errno, ENOMEM);
	peer_close(&a);
	settle();
	assert_in_range(fill_with_rules(&b), 60, 220);
	say("/sys/module/kdbus/parameters/user_tables", "536870912");
}

#define LISTENERS	20

/* As many who want every signal. */
static void open_listeners(struct peer *listener)
{
	static const char rule[] = "type='signal'";
	char name[20];
	int i;

	bus.config.flags |= KDBUS_BUS_BROADCAST;
	large_messages();
	for (i = 0; i < LISTENERS; i++) {
		snprintf(name, sizeof(name), ":1.%d", 300 + i);
		peer_open(&bus, &listener[i], name);
		assert_ok(set_option(listener[i].daemon, KDBUS_MATCH_ADD, rule,
				     strlen(rule)));
	}
}

/* Many who do not read small broadcasts are so many entries of queues. */
static void broadcast_is_paid_for_each_recipient(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL));
	struct peer hog[3], listener[LISTENERS];
	int i, sent = 0;

	(void)state;
	open_listeners(listener);
	use_up_memory(hog);
	begin_message(&hog[2], ":1.102", 15 << 20);
	/* A mebibyte is left, each takes about two kibibytes. */
	while (sent < 10000) {
		send_message(&a, &w);
		if (waiting(a.daemon))
			break;
		sent++;
	}
	assert_in_range(sent, 300, 1500);
	expect_slow(&a, &w);
	for (i = 0; i < 3; i++)
		peer_close(&hog[i]);
	for (i = 0; i < LISTENERS; i++)
		peer_close(&listener[i]);
	settle();
	writer_free(&w);
}

/* Held in pieces behind another: every piece is let go in the end. */
static void held_without_memory(void **state)
{
	struct writer big = MESSAGE(SPEC_SIGNAL(NULL), .bytes = 20 << 20);
	struct peer hog[2];
	size_t at;
	int i;

	(void)state;
	large_messages();
	use_up_memory(hog);
	send_free(&a, MESSAGE(SPEC_SIGNAL(NULL)));
	send_free(&a, MESSAGE(SPEC_SIGNAL(":1.2")));
	for (at = 0; at < 60000; at += 20000)
		send_bytes(a.client, big.p + at, 20000);
	drain_end(a.daemon);
	expect_nothing(b.client);
	assert_ok(peer_done(&a, 1));
	assert_true(waiting(b.client) > 0);
	expect_bytes(a.daemon, big.p, 60000);
	/* And the pieces that come now. */
	send_bytes(a.client, big.p + at, 20000);
	expect_bytes(a.daemon, big.p + at, 20000);
	for (i = 0; i < 2; i++)
		peer_close(&hog[i]);
	settle();
	writer_free(&big);
}

/* Smaller and smaller ones, and then bytes that are kept without a limit. */
static int use_up_all_memory(struct peer hog[20])
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"));
	static char bytes[30000];
	uint32_t size = 64 << 20;
	char name[20];
	int i;

	for (i = 0; i < 20; i++, size /= 2) {
		snprintf(name, sizeof(name), ":1.%d", 200 + i);
		peer_open(&bus, &hog[i], name);
		set_u32(&w, 4, size > 40000 ? size : 40000);
		send_bytes(hog[i].client, w.p, 16);
	}
	/* The last one is not kept whole, so its bytes are on their way. */
	send_bytes(hog[i - 1].client, bytes, sizeof(bytes));
	assert_true(waiting(hog[i - 1].daemon) > sizeof(bytes));
	writer_free(&w);
	return i;
}

/* The owner is the same user here, as on every session bus. */
static void daemon_writes_without_memory(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .bytes = 1000);
	struct peer hog[2], more[20];
	int i, n;

	(void)state;
	large_messages();
	use_up_memory(hog);
	n = use_up_all_memory(more);
	for (i = 0; i < 3; i++) {
		send_bytes(b.daemon, w.p, w.len);
		expect_bytes(b.client, w.p, w.len);
	}
	for (i = 0; i < 2; i++)
		peer_close(&hog[i]);
	for (i = 0; i < n; i++)
		peer_close(&more[i]);
	settle();
	writer_free(&w);
}

#define GROUP		"/sys/fs/cgroup/kdbus-sender"
#define PAID_BYTES	100000
#define PAID_COUNT	100
#define BODY		(1 << 20)

static void put_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static long number_in(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	char line[128];
	long n = -1;

	assert_non_null(file);
	while (n < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			n = atol(line + strlen(key));
	fclose(file);
	assert_true(n >= 0);
	return n;
}

static void limit_group(long bytes)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", bytes);
	put_text(GROUP "/memory.max", text);
}

/* A sender in a memory cgroup, who sends one message for each byte he gets. */
static pid_t start_sender(const struct writer *w, const int commands[2],
			  int results)
{
	pid_t pid = fork();
	ssize_t n;
	char c;

	if (pid)
		return pid;
	close(commands[1]);
	while (read(commands[0], &c, 1) == 1) {
		n = send(a.client, w->p, w->len, MSG_DONTWAIT);
		c = n == (ssize_t)w->len;
		if (write(results, &c, 1) != 1)
			break;
	}
	_exit(0);
}

static bool sender_sends(int commands, int results)
{
	char c = 0;

	assert_int_equal(write(commands, "", 1), 1);
	/* The end of the pipe if it has been killed. */
	assert_int_equal(read(results, &c, 1), 1);
	return c;
}

/* Puts the sender into a group of its own; what it takes with one message there. */
static long group_sender(pid_t child, int commands, int results)
{
	char pid[16];

	put_text("/sys/fs/cgroup/cgroup.subtree_control", "+memory");
	assert_int_equal(mkdir(GROUP, 0755), 0);
	snprintf(pid, sizeof(pid), "%d", child);
	put_text(GROUP "/cgroup.procs", pid);
	assert_true(sender_sends(commands, results));
	return number_in(GROUP "/memory.current", "");
}

static void ungroup_sender(pid_t child, const int commands[2], int results)
{
	int status;

	close(commands[1]);
	close(results);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(commands[0]);
	assert_int_equal(rmdir(GROUP), 0);
}

/*
 * What is delivered and not read is charged to the memory cgroup of the sender.
 * At its limit his messages go to the daemon; he is not killed, and nobody else
 * is concerned.
 */
static void memory_cgroup_of_sender(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = PAID_BYTES);
	int commands[2], results[2], i, room = 1 << 20;
	long before, charged, limit;
	pid_t child;

	(void)state;
	/* What his own AF_UNIX socket takes of it may kill him anywhere. */
	if (a.attached)
		skip();
	large_messages();
	assert_ok(setsockopt(a.client, SOL_SOCKET, SO_SNDBUFFORCE, &room,
			     sizeof(room)));
	assert_int_equal(pipe(commands), 0);
	assert_int_equal(pipe(results), 0);
	child = start_sender(&w, commands, results[1]);
	close(results[1]);
	before = group_sender(child, commands[1], results[0]);
	for (i = 0; i < PAID_COUNT; i++)
		assert_true(sender_sends(commands[1], results[0]));
	charged = number_in(GROUP "/memory.current", "") - before;
	assert_in_range(charged, PAID_COUNT * PAID_BYTES,
			PAID_COUNT * PAID_BYTES * 3 / 2);
	expect_nothing(a.daemon);

	limit = before + charged + (2 << 20);
	limit_group(limit);
	for (i = 0; i < PAID_COUNT && !waiting(a.daemon); i++)
		assert_true(sender_sends(commands[1], results[0]));
	assert_in_range(i, 2, PAID_COUNT - 1);
	/* What must get through is charged nevertheless. */
	assert_true(sender_sends(commands[1], results[0]));
	assert_true(sender_sends(commands[1], results[0]));
	assert_true(number_in(GROUP "/memory.current", "") >
		    limit + PAID_BYTES);
	assert_int_equal(number_in(GROUP "/memory.events", "oom_kill "), 0);
	/* Where the rest was is what others see of it: nothing. */
	assert_true(goes_fast(&b, &a, MESSAGE(SPEC_SIGNAL(":1.1"))));

	drain_end(a.daemon);
	drain(&b);
	assert_ok(peer_done(&a, 3));
	assert_true(number_in(GROUP "/memory.current", "") <
		    before + (long)PAID_COUNT * PAID_BYTES / 2);
	assert_true(sender_sends(commands[1], results[0]));
	expect_nothing(a.daemon);
	assert_true(waiting(b.client) > 0);
	ungroup_sender(child, commands, results[0]);
	writer_free(&w);
}

/* However many recipients there are, there is one body. */
static void broadcast_has_one_body(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .bytes = BODY);
	struct peer listener[LISTENERS];
	int commands[2], results[2], i;
	long before, charged;
	pid_t child;

	(void)state;
	/* An AF_UNIX socket has a copy of as much as there is room for. */
	if (a.attached || b.attached)
		skip();
	large_messages();
	assert_int_equal(pipe(commands), 0);
	assert_int_equal(pipe(results), 0);
	child = start_sender(&w, commands, results[1]);
	close(results[1]);
	before = group_sender(child, commands[1], results[0]);
	drain_end(a.daemon);
	assert_ok(peer_done(&a, 1));
	open_listeners(listener);
	assert_true(sender_sends(commands[1], results[0]));
	expect_nothing(a.daemon);
	charged = number_in(GROUP "/memory.current", "") - before;
	assert_in_range(charged, 0, BODY / 2);
	for (i = 0; i < LISTENERS; i++) {
		assert_true(waiting(listener[i].client) == BODY);
		peer_close(&listener[i]);
	}
	ungroup_sender(child, commands, results[0]);
	settle();
	writer_free(&w);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(route_limits,
	TEST(recipient_does_not_read),
	TEST(daemon_does_not_read),
	TEST(daemon_is_refused),
	TEST(daemon_is_woken),
	TEST(daemon_is_woken_by_the_end),
	TEST(user_has_no_memory_left),
	TEST(not_all_for_one_sender),
	TEST(another_user_has_no_memory_left),
	TEST(on_the_bus_of_another),
	TEST(approvals_are_paid_for),
	TEST(replies_are_paid_for),
	TEST(tables_are_paid_for),
	TEST(broadcast_is_paid_for_each_recipient),
	TEST(held_without_memory),
	TEST(daemon_writes_without_memory),
	TEST(memory_cgroup_of_sender),
	TEST(broadcast_has_one_body));
