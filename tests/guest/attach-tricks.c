// SPDX-License-Identifier: GPL-2.0-only
/* What a client may do to its end of a connection that was taken over. */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach.h"
#include "late.h"

/* The other end in another process, or in several. */
static void passed_on(void **state)
{
	struct writer w = fast();
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		send_message(&a, &w);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	expect_fast(&a, &b, &w);
	send_message(&a, &w);
	expect_fast(&a, &b, &w);
	writer_free(&w);
}

/* The client's own options: none of them is the module's concern. */
static void options_of_the_client(void **state)
{
	int one = 1, off = 0;
	size_t i;

	(void)state;
	assert_ok(setsockopt(b.client, SOL_SOCKET, SO_PEEK_OFF, &off,
			     sizeof(off)));
	assert_ok(setsockopt(a.client, SOL_SOCKET, SO_PEEK_OFF, &off,
			     sizeof(off)));
	for (i = 0; i < 50; i++)
		assert_true(goes_fast(&a, &b, fast()));
	/* As small as the kernel lets them be. */
	assert_ok(setsockopt(a.client, SOL_SOCKET, SO_SNDBUF, &one,
			     sizeof(one)));
	assert_ok(setsockopt(a.client, SOL_SOCKET, SO_RCVBUF, &one,
			     sizeof(one)));
	assert_ok(setsockopt(b.client, SOL_SOCKET, SO_RCVBUF, &one,
			     sizeof(one)));
	for (i = 0; i < 50; i++)
		assert_true(goes_fast(&a, &b, fast()));
}

/* Urgent bytes are as good as lost, and nothing else is. */
static void urgent_bytes(void **state)
{
	struct writer w = fast();

	(void)state;
	if (send(a.client, "!", 1, MSG_OOB) != 1)
		skip();
	send_message(&a, &w);
	usleep(slowly(50) * 1000);
	/* Whether it counts is for AF_UNIX to say; nothing must hang. */
	drain_end(a.daemon);
	drain(&b);
	writer_free(&w);
}

/* A socket that travels over itself is closed like one of AF_UNIX. */
static void over_itself(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .fds = 1);
	int fds[4], count;
	struct writer got;

	(void)state;
	assert_int_equal(send_with_fds(a.client, w.p, w.len, &a.client, 1, 0),
			 w.len);
	got = receive(a.daemon, fds, &count);
	assert_int_equal(count, 1);
	close(fds[0]);
	writer_free(&got);
	/* Once more, and nobody reads it. */
	assert_int_equal(send_with_fds(a.client, w.p, w.len, &a.client, 1, 0),
			 w.len);
	peer_close(&a);
	writer_free(&w);
}

/* The process that owns a bus is killed: the client reads the end. */
static void owner_is_killed(void **state)
{
	int end[2], ready[2];
	char x;
	pid_t pid;

	(void)state;
	pair(end);
	assert_ok(pipe(ready));
	pid = fork();
	if (!pid) {
		struct bus own;

		close(end[0]);
		bus_open(&own);
		if (attach(own.listener, end[1]) < 0)
			_exit(1);
		close(end[1]);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	close(end[1]);
	assert_int_equal(read(ready[0], &x, 1), 1);
	send_bytes(end[0], "\0AUTH\r\n", 7);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* It has not read what was written. */
	assert_fails(recv(end[0], &x, 1, 0), ECONNRESET);
	expect_end(end[0]);
	close(end[0]);
	close(ready[0]);
	close(ready[1]);
}

/* Writers who share a socket; whole messages, whoever pumps. */
static void *write_many(void *arg)
{
	struct writer w = fast();
	int i;

	for (i = 0; i < 500; i++)
		if (send(*(int *)arg, w.p, w.len, 0) != (ssize_t)w.len)
			break;
	writer_free(&w);
	return (void *)(long)i;
}

static void writers_and_the_end(void **state)
{
	pthread_t thread[4];
	int i, round;

	(void)state;
	for (round = 0; round < 20; round++) {
		struct peer c;

		peer_open(&bus, &c, ":1.3");
		for (i = 0; i < 4; i++)
			assert_int_equal(pthread_create(&thread[i], NULL,
							write_many, &c.client),
					 0);
		usleep(1000 * round);
		peer_close_daemon(&c);
		for (i = 0; i < 4; i++)
			pthread_join(thread[i], NULL);
		peer_close(&c);
		drain(&b);
		assert_true(goes_fast(&a, &b, fast()));
	}
}

static void *read_and_close(void *client)
{
	struct sched_param first = { .sched_priority = 1 };
	char byte;

	assert_int_equal(pthread_setschedparam(pthread_self(), SCHED_FIFO,
					       &first), 0);
	if (recv(*(int *)client, &byte, 1, 0) != 1)
		return "nothing read";
	close(*(int *)client);
	return NULL;
}

/*
 * The client goes while somebody writes to it, who has one of the messages in
 * hand: the client preempts him when it has got that.
 */
static void closed_while_written_to(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL),
				  .sender = "org.freedesktop.DBus");
	pthread_t thread;
	void *error;
	int round;

	(void)state;
	preempt_on_one_processor();
	for (round = 0; round < 20; round++) {
		struct peer c;

		peer_open(&bus, &c, ":1.3");
		assert_int_equal(pthread_create(&thread, NULL, read_and_close,
						&c.client), 0);
		usleep(1000);
		send(c.daemon, w.p, w.len, MSG_NOSIGNAL);
		pthread_join(thread, &error);
		assert_null(error);
		c.client = -1;
		peer_close(&c);
	}
	preempt("voluntary");
	writer_free(&w);
	assert_true(goes_fast(&a, &b, fast()));
}

/* An owner who reads from the socket that he has handed over. */
struct thief {
	int fd;
	uint8_t *page;
	atomic_bool stop;
};

static void *steal(void *data)
{
	struct thief *thief = data;

	while (!thief->stop &&
	       recv(thief->fd, thief->page, PAGE, MSG_DONTWAIT) < 0)
		;
	return NULL;
}

struct talker {
	int fd;
	atomic_bool stop;
};

static void *talk(void *data)
{
	struct talker *talker = data;

	while (!talker->stop)
		if (send(talker->fd, "NOTHING\r\n", 9, MSG_DONTWAIT) < 0)
			usleep(1000);
	return NULL;
}

/* Until the owner has got something into memory that does not come. */
static void wait_for_theft(int uffd, int daemon)
{
	struct pollfd p = { .fd = uffd, .events = POLLIN };
	int i;

	for (i = 0; i < 5000 && !poll(&p, 1, 1); i++)
		drain_end(daemon);
	late_wait(uffd);
}

/*
 * A process that has the last descriptor of the daemon end comes to its end, while
 * what a kernel thread of the bus does has none.
 */
static bool others_can_close(int daemon)
{
	pid_t pid;
	unsigned int i;

	pid = fork();
	if (!pid) {
		usleep(slowly(50) * 1000);
		_exit(0);
	}
	close(daemon);
	for (i = 0; i < slowly(5000); i += 10) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return true;
		usleep(10 * 1000);
	}
	return false;
}

/* It keeps nobody else waiting. */
static void owner_keeps_the_socket(void **state)
{
	struct talker talker = {};
	struct thief thief = {};
	pthread_t stealing, talking;
	int end[2], uffd, daemon, ret, one = 1;
	struct timespec until;
	bool closed;

	(void)state;
	thief.page = late_page(&uffd);
	if (!thief.page)
		skip();
	pair(end);
	daemon = attach(bus.listener, end[1]);
	assert_ok(daemon);
	send_bytes(end[0], "", 1);
	thief.fd = end[1];
	talker.fd = end[0];
	assert_int_equal(pthread_create(&stealing, NULL, steal, &thief), 0);
	assert_int_equal(pthread_create(&talking, NULL, talk, &talker), 0);
	wait_for_theft(uffd, daemon);
	usleep(slowly(50) * 1000);
	talker.stop = true;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += slowly(5);
	ret = pthread_timedjoin_np(talking, NULL, &until);
	/* The client asks for what only a kernel thread could say. */
	assert_ok(setsockopt(end[0], SOL_SOCKET, SO_PASSCRED, &one,
			     sizeof(one)));
	closed = others_can_close(daemon);
	late_give(uffd, thief.page, "", 1);
	thief.stop = true;
	pthread_join(stealing, NULL);
	if (ret)
		pthread_join(talking, NULL);
	late_end(uffd, thief.page);
	close_pair(end);
	assert_int_equal(ret, 0);
	assert_true(closed);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(attach_tricks,
	TEST(passed_on),
	TEST(options_of_the_client),
	TEST(urgent_bytes),
	TEST(over_itself),
	TEST(owner_is_killed),
	TEST(writers_and_the_end),
	TEST(closed_while_written_to),
	TEST(owner_keeps_the_socket));
