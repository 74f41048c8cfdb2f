// SPDX-License-Identifier: GPL-2.0-only
/* Who lets go of something last, and what that costs him. */

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "attach.h"
#include "late.h"

/* Both ends of a connection that the owner has taken over, and his own. */
struct link {
	int client;
	int handed;
	int daemon;
};

static void link_open(struct link *link)
{
	int end[2];

	pair(end);
	link->client = end[0];
	link->handed = end[1];
	link->daemon = attach(bus.listener, end[1]);
	assert_ok(link->daemon);
}

/* Until nothing more goes into the client's socket. */
static void fill_up(const struct link *link)
{
	static const char lines[20000];

	send_bytes(link->client, "", 1);
	drain_end(link->daemon);
	while (send(link->daemon, lines, sizeof(lines),
		    MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
}

/* Waits for room, and lets go of everything as soon as there is some. */
static void *wait_and_close(void *data)
{
	struct sched_param first = { .sched_priority = 1 };
	struct link *link = data;
	struct pollfd p = { .fd = link->handed, .events = POLLOUT };

	assert_int_equal(pthread_setschedparam(pthread_self(), SCHED_FIFO,
					       &first), 0);
	if (poll(&p, 1, PATIENCE_MS) != 1)
		return "no room";
	close(link->handed);
	close(link->daemon);
	return NULL;
}

/*
 * The client makes room, and is in the middle of telling the module when the
 * owner, who is woken by that and preempts him, lets go of the last descriptors of
 * the socket that he writes to.
 */
static void reader_outlives_the_socket(void **state)
{
	static char rest[4096];
	pthread_t thread;
	void *error;
	int round;

	(void)state;
	preempt_on_one_processor();
	for (round = 0; round < 20; round++) {
		struct link link;

		link_open(&link);
		fill_up(&link);
		assert_int_equal(pthread_create(&thread, NULL, wait_and_close,
						&link), 0);
		usleep(1000);
		while (recv(link.client, rest, sizeof(rest), 0) > 0)
			;
		pthread_join(thread, &error);
		assert_null(error);
		close(link.client);
	}
	preempt("voluntary");
	assert_true(goes_fast(&a, &b, fast()));
}

/* Threads that a bus has for its attached clients, see limits.h of the module. */
#define THREADS		16

/* An owner who reads, into memory that does not come, what he has handed over. */
struct thief {
	struct link link;
	pthread_t thread;
	uint8_t *page;
	int uffd;
	atomic_bool stop;
};

/* Nobody comes between what it sends and its reading that, or hardly ever. */
static void *steal(void *data)
{
	struct sched_param first = { .sched_priority = 1 };
	struct thief *thief = data;

	assert_int_equal(pthread_setschedparam(pthread_self(), SCHED_FIFO,
					       &first), 0);
	while (!thief->stop) {
		send(thief->link.client, "NOTHING\r\n", 9, MSG_DONTWAIT);
		if (recv(thief->link.handed, thief->page, PAGE,
			 MSG_DONTWAIT) > 0)
			break;
		usleep(1000);
	}
	return NULL;
}

/* A kernel thread of the bus waits for him from now on. */
static void occupy_thread(struct thief *thief)
{
	link_open(&thief->link);
	send_bytes(thief->link.client, "", 1);
	assert_int_equal(pthread_create(&thief->thread, NULL, steal, thief), 0);
	late_wait(thief->uffd);
	send(thief->link.client, "NOTHING\r\n", 9, MSG_DONTWAIT);
}

static void release_thread(struct thief *thief)
{
	thief->stop = true;
	late_give(thief->uffd, thief->page, "", 1);
	pthread_join(thief->thread, NULL);
	late_end(thief->uffd, thief->page);
	close(thief->link.client);
	close(thief->link.handed);
	close(thief->link.daemon);
}

static void occupy_threads(struct thief *thieves)
{
	int i;

	for (i = 0; i < THREADS; i++) {
		thieves[i].page = late_page(&thieves[i].uffd);
		if (!thieves[i].page)
			skip();
	}
	for (i = 0; i < THREADS; i++)
		occupy_thread(&thieves[i]);
	usleep(slowly(50) * 1000);
}

static void release_threads(struct thief *thieves)
{
	int i;

	for (i = 0; i < THREADS; i++)
		release_thread(&thieves[i]);
}

static bool has_come(int daemon)
{
	char byte;

	return recv(daemon, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/*
 * What a client has written is for its writers and the threads of the bus to deal
 * with.  Whoever is given its socket, and closes it, has nothing to do with that.
 */
static void closer_does_not_route(void **state)
{
	struct thief thieves[THREADS] = {};
	char bytes[] = "AUTH ";
	bool all_busy, routed;
	struct link link;

	(void)state;
	occupy_threads(thieves);
	link_open(&link);
	send_bytes(link.client, bytes, 5);
	all_busy = !has_come(link.daemon);
	close(link.handed);
	close(link.client);
	routed = has_come(link.daemon);
	release_threads(thieves);
	assert_int_equal(recv(link.daemon, bytes, 5, MSG_WAITALL), 5);
	assert_int_equal(recv(link.daemon, bytes, 1, 0), 0);
	close(link.daemon);
	assert_true(all_busy);
	assert_false(routed);
}

#define BEHIND		200

/*
 * What a client has written behind something with files is not for the daemon to deal
 * with when it has read that: all others need it as well.
 */
static void daemon_does_little(void **state)
{
	struct writer f = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1), w = fast(), got;
	struct thief thieves[THREADS] = {};
	unsigned long held;
	int i, fd = 0, fds[4], count;

	(void)state;
	occupy_threads(thieves);
	assert_int_equal(send_with_fds(a.client, f.p, f.len, &fd, 1, 0), f.len);
	for (i = 0; i < BEHIND; i++)
		send_message(&a, &w);
	held = bus_stat(&bus, "held");
	got = receive(a.daemon, fds, &count);
	held = bus_stat(&bus, "held") - held;
	release_threads(thieves);
	assert_int_equal(count, 1);
	close(fds[0]);
	writer_free(&got);
	assert_in_range(held, 1, BEHIND / 2);
	assert_ok(peer_done(&a, 1));
	for (i = 0; i < BEHIND; i++) {
		got = receive(b.client, NULL, NULL);
		writer_free(&got);
	}
	writer_free(&f);
	writer_free(&w);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(attach_last,
	TEST(reader_outlives_the_socket),
	TEST(closer_does_not_route),
	TEST(daemon_does_little));
