// SPDX-License-Identifier: GPL-2.0-only
/* What poll() and epoll_wait() see, level and edge triggered. */

#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "twin.h"

static int epoll_on(int fd, uint32_t more)
{
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | more,
	};
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	must(epoll >= 0 && !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	return epoll;
}

TWIN_TEST(states_of_a_socket)
{
	int fd = twin_socket(t), client = twin_socket(t), server;

	twin_poll(t, "new", fd);
	must(!twin_bind(t, fd, "path"));
	twin_poll(t, "bound", fd);
	must(!listen(fd, 1));
	twin_poll(t, "listening", fd);
	must(!twin_connect(t, client, "path"));
	twin_poll(t, "pending", fd);
	twin_poll(t, "waiting", client);
	server = accept(fd, NULL, NULL);
	twin_poll(t, "nothing pending", fd);
	twin_poll(t, "client", client);
	twin_poll(t, "server", server);
	close(fd);
	twin_poll(t, "client", client);
	twin_poll(t, "server", server);
	close(client);
	close(server);
}

TWIN_TEST_BOTH_ENDS(levels)
{
	int end[2];
	char c;

	twin_pair(t, end);
	twin_poll(t, "idle", end[0]);
	must(send(end[1], "ab", 2, 0) == 2);
	twin_poll(t, "readable", end[0]);
	must(recv(end[0], &c, 1, 0) == 1);
	twin_poll(t, "still readable", end[0]);
	must(recv(end[0], &c, 1, 0) == 1);
	twin_poll(t, "read", end[0]);
	twin_fill(end[0]);
	twin_poll(t, "full", end[0]);
	twin_poll(t, "the other side", end[1]);
	twin_drain(end[1]);
	twin_poll(t, "drained", end[0]);
	twin_fill(end[0]);
	close(end[1]);
	twin_poll(t, "full and left", end[0]);
	close(end[0]);
}

static void note_end(struct twin *t, const char *what,
		     void (*finish)(int end[2]))
{
	int end[2], level, edge;
	char c;

	twin_pair(t, end);
	level = epoll_on(end[0], 0);
	edge = epoll_on(end[0], EPOLLET);
	twin_epoll(t, "edge, at first", edge);
	finish(end);
	twin_say(t, "after %s", what);
	twin_poll(t, what, end[0]);
	twin_epoll(t, "level", level);
	twin_epoll(t, "edge", edge);
	twin_epoll(t, "edge again", edge);
	NOTE(recv(end[0], &c, 1, MSG_DONTWAIT));
	NOTE(recv(end[0], &c, 1, MSG_DONTWAIT));
	twin_poll(t, what, end[0]);
	twin_epoll(t, "edge", edge);
	NOTE(send(end[0], "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT));
	twin_poll(t, what, end[0]);
	close(level);
	close(edge);
	close(end[0]);
	if (end[1] >= 0)
		close(end[1]);
}

static void finish_close(int end[2])
{
	close(end[1]);
	end[1] = -1;
}

static void finish_data_close(int end[2])
{
	must(send(end[1], "x", 1, 0) == 1);
	finish_close(end);
}

static void finish_unread_close(int end[2])
{
	must(send(end[0], "x", 1, 0) == 1);
	finish_close(end);
}

static void finish_both_unread_close(int end[2])
{
	must(send(end[1], "x", 1, 0) == 1);
	finish_unread_close(end);
}

static void finish_write(int end[2])
{
	must(!shutdown(end[1], SHUT_WR));
}

static void finish_read(int end[2])
{
	must(!shutdown(end[1], SHUT_RD));
}

static void finish_both(int end[2])
{
	must(!shutdown(end[1], SHUT_RDWR));
}

static void finish_own_read(int end[2])
{
	must(!shutdown(end[0], SHUT_RD));
}

static void finish_own_write(int end[2])
{
	must(!shutdown(end[0], SHUT_WR));
}

static void finish_own_both(int end[2])
{
	must(!shutdown(end[0], SHUT_RDWR));
}

static void finish_write_close(int end[2])
{
	finish_write(end);
	finish_close(end);
}

static void finish_full_close(int end[2])
{
	twin_fill(end[0]);
	finish_close(end);
}

TWIN_TEST_BOTH_ENDS(ends_of_a_connection)
{
	note_end(t, "close", finish_close);
	note_end(t, "data and close", finish_data_close);
	note_end(t, "close with unread data", finish_unread_close);
	note_end(t, "close with both unread", finish_both_unread_close);
	note_end(t, "close of a full buffer", finish_full_close);
	note_end(t, "shutdown write", finish_write);
	note_end(t, "shutdown read", finish_read);
	note_end(t, "shutdown both", finish_both);
	note_end(t, "shutdown write, close", finish_write_close);
	note_end(t, "own shutdown read", finish_own_read);
	note_end(t, "own shutdown write", finish_own_write);
	note_end(t, "own shutdown both", finish_own_both);
}

TWIN_TEST_BOTH_ENDS(edges)
{
	int end[2], edge;
	char c;

	twin_pair(t, end);
	edge = epoll_on(end[0], EPOLLET);
	twin_epoll(t, "at first", edge);
	twin_epoll(t, "again", edge);
	must(send(end[1], "a", 1, 0) == 1);
	twin_epoll(t, "data", edge);
	twin_epoll(t, "again", edge);
	must(send(end[1], "b", 1, 0) == 1);
	twin_epoll(t, "more data", edge);
	must(recv(end[0], &c, 1, 0) == 1);
	twin_epoll(t, "read a part", edge);
	must(recv(end[0], &c, 1, 0) == 1);
	twin_epoll(t, "read all", edge);
	must(send(end[1], "c", 1, 0) == 1);
	twin_epoll(t, "data again", edge);
	twin_fill(end[0]);
	twin_epoll(t, "full", edge);
	twin_drain(end[1]);
	twin_epoll(t, "drained", edge);
	twin_epoll(t, "again", edge);
	close(edge);
	twin_pair_close(end);
}

TWIN_TEST(edges_of_a_listener)
{
	int fd = twin_listener(t, "path", 10), edge = epoll_on(fd, EPOLLET);
	int client[2];

	twin_epoll(t, "at first", edge);
	client[0] = twin_client(t, "path");
	twin_epoll(t, "one", edge);
	twin_epoll(t, "again", edge);
	client[1] = twin_client(t, "path");
	twin_epoll(t, "two", edge);
	close(accept(fd, NULL, NULL));
	twin_epoll(t, "one left", edge);
	close(accept(fd, NULL, NULL));
	twin_epoll(t, "none left", edge);
	twin_pair_close(client);
	close(edge);
	close(fd);
}

/* Somebody who waits is woken, not only whoever looks. */
struct waiter {
	int fd;
	short events;
	int ret;
	short revents;
};

static void *wait_for_event(void *arg)
{
	struct waiter *w = arg;
	struct pollfd p = { .fd = w->fd, .events = w->events };

	w->ret = poll(&p, 1, 3000);
	w->revents = p.revents;
	return NULL;
}

static void note_wake(struct twin *t, const char *what, int end[2],
		      short events, void (*act)(int end[2]))
{
	struct waiter w = { .fd = end[0], .events = events };
	pthread_t thread;

	must(!pthread_create(&thread, NULL, wait_for_event, &w));
	twin_sleep_ms(50);
	act(end);
	must(!pthread_join(thread, NULL));
	twin_say(t, "%s: %d %x", what, w.ret, w.revents);
}

static void act_send(int end[2])
{
	must(send(end[1], "x", 1, 0) == 1);
}

static void act_drain(int end[2])
{
	twin_drain(end[1]);
}

TWIN_TEST_BOTH_ENDS(waiters_are_woken)
{
	int end[2];
	char c;

	twin_pair(t, end);
	note_wake(t, "data", end, POLLIN, act_send);
	must(recv(end[0], &c, 1, 0) == 1);
	twin_fill(end[0]);
	note_wake(t, "room", end, POLLOUT, act_drain);
	note_wake(t, "half closed", end, POLLIN | POLLRDHUP, finish_write);
	note_wake(t, "hangup", end, 0, finish_close);
	close(end[0]);

	twin_pair(t, end);
	twin_fill(end[0]);
	note_wake(t, "full and closed", end, POLLIN, finish_close);
	close(end[0]);
	twin_pair(t, end);
	note_wake(t, "closed", end, 0, finish_close);
	close(end[0]);
	twin_pair(t, end);
	note_wake(t, "shut", end, 0, finish_both);
	twin_pair_close(end);
	twin_pair(t, end);
	note_wake(t, "own shut", end, 0, finish_own_both);
	twin_pair_close(end);
}

SUITE_TESTS(socket_poll,
	cmocka_unit_test(states_of_a_socket),
	cmocka_unit_test(levels),
	cmocka_unit_test(ends_of_a_connection),
	cmocka_unit_test(edges),
	cmocka_unit_test(edges_of_a_listener),
	cmocka_unit_test(waiters_are_woken));
