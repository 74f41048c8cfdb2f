// SPDX-License-Identifier: GPL-2.0-only
/* Making connections: listen(), connect(), accept() and the backlog. */

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "twin.h"

#define CLIENTS	20

static void on_signal(int sig)
{
	(void)sig;
}

/* Signals that interrupt, or that restart what they interrupt. */
static void catch_signal(int sig, int flags)
{
	struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = flags,
	};

	must(!sigaction(sig, &action, NULL));
}

static void note_backlog(struct twin *t, int backlog)
{
	int fd, client[CLIENTS], i, ret = 0;

	fd = twin_listener(t, "path", backlog);
	for (i = 0; i < CLIENTS && !ret; i++) {
		client[i] = twin_socket(t);
		twin_nonblock(client[i]);
		ret = NOTE(twin_connect(t, client[i], "path"));
	}
	i--;
	/* It is a socket as before; with room, it connects. */
	NOTE(twin_connect(t, client[i], "path"));
	twin_poll(t, "refused", client[i]);
	NOTE(send(client[i], "x", 1, MSG_NOSIGNAL));
	NOTE(close(accept(fd, NULL, NULL)));
	NOTE(twin_connect(t, client[i], "path"));
	twin_poll(t, "connected", client[i]);
	NOTE(send(client[i], "x", 1, MSG_NOSIGNAL));
	NOTE(listen(fd, backlog + 1));
	NOTE(twin_connect(t, client[i], "path"));
	client[i + 1] = twin_socket(t);
	twin_nonblock(client[i + 1]);
	NOTE(twin_connect(t, client[i + 1], "path"));
	for (i++; i >= 0; i--)
		close(client[i]);
	close(fd);
	must(!unlink("path"));
}

TWIN_TEST(backlog_is_bounded)
{
	note_backlog(t, 0);
	note_backlog(t, 1);
	note_backlog(t, 5);
}

static void connect_slowly(struct twin *t, void *arg)
{
	int fd = twin_socket(t);

	(void)arg;
	NOTE(twin_connect(t, fd, "path"));
	NOTE(send(fd, "hello", 5, 0));
}

TWIN_TEST(full_backlog_blocks)
{
	int fd = twin_listener(t, "path", 0), server;
	int first = twin_client(t, "path");
	char text[10] = "";
	pid_t pid = twin_fork(t, connect_slowly, NULL);

	twin_sleep_ms(100);
	twin_say(t, "child waits: %d", !waitpid(pid, NULL, WNOHANG));
	NOTE(close(accept(fd, NULL, NULL)));
	NOTE_OK(server = accept(fd, NULL, NULL));
	twin_wait(t, pid);
	NOTE(recv(server, text, sizeof(text), 0));
	twin_say(t, "%s", text);
	close(server);
	close(first);
	close(fd);
}

static void connect_in_vain(struct twin *t, void *arg)
{
	int fd = twin_socket(t);

	close(*(int *)arg);
	NOTE(twin_connect(t, fd, "path"));
	NOTE(twin_connect(t, fd, "path"));
}

TWIN_TEST(listener_closes_while_connect_waits)
{
	int fd = twin_listener(t, "path", 0);
	int first = twin_client(t, "path");
	pid_t pid = twin_fork(t, connect_in_vain, &fd);

	twin_await_rest(pid, 60);
	close(fd);
	twin_wait(t, pid);
	twin_poll(t, "first", first);
	close(first);
}

TWIN_TEST(connect_times_out)
{
	int fd = twin_listener(t, "path", 0);
	int first = twin_client(t, "path"), second = twin_socket(t);

	twin_timeout(second, SO_SNDTIMEO, 50);
	NOTE(twin_connect(t, second, "path"));
	NOTE(twin_connect(t, second, "path"));
	NOTE(close(accept(fd, NULL, NULL)));
	NOTE(twin_connect(t, second, "path"));
	close(first);
	close(second);
	close(fd);
}

static void interrupted_connect(struct twin *t, void *arg)
{
	int fd = twin_socket(t);

	(void)arg;
	catch_signal(SIGUSR1, 0);
	NOTE(twin_connect(t, fd, "path"));
	NOTE(send(fd, "x", 1, MSG_NOSIGNAL));
	twin_timeout(fd, SO_SNDTIMEO, 900);
	catch_signal(SIGUSR1, SA_RESTART);
	NOTE(twin_connect(t, fd, "path"));
}

TWIN_TEST(signals_interrupt_connect)
{
	int fd = twin_listener(t, "path", 0);
	int first = twin_client(t, "path");
	pid_t pid = twin_fork(t, interrupted_connect, NULL);

	twin_await_rest(pid, 60);
	kill(pid, SIGUSR1);
	twin_await_rest(pid, 60);
	kill(pid, SIGUSR1);
	twin_wait(t, pid);
	close(first);
	close(fd);
}

static void interrupted_accept(struct twin *t, void *arg)
{
	int fd = *(int *)arg;

	catch_signal(SIGUSR1, 0);
	NOTE(accept(fd, NULL, NULL));
	twin_timeout(fd, SO_RCVTIMEO, 900);
	NOTE(accept(fd, NULL, NULL));
	twin_timeout(fd, SO_RCVTIMEO, 50);
	NOTE(accept(fd, NULL, NULL));
	twin_timeout(fd, SO_RCVTIMEO, 0);
	catch_signal(SIGUSR1, SA_RESTART);
	NOTE_OK(accept(fd, NULL, NULL));
}

TWIN_TEST(signals_interrupt_accept)
{
	int fd = twin_listener(t, "path", 0), client, i;
	pid_t pid = twin_fork(t, interrupted_accept, &fd);

	for (i = 0; i < 3; i++) {
		twin_await_rest(pid, 60);
		kill(pid, SIGUSR1);
	}
	twin_await_rest(pid, 60);
	client = twin_client(t, "path");
	twin_wait(t, pid);
	close(client);
	close(fd);
}

TWIN_TEST(accept_without_waiting)
{
	int fd = twin_socket(t), client = twin_socket(t), server;

	NOTE(accept(fd, NULL, NULL));
	NOTE(listen(fd, 1));
	must(!twin_bind(t, fd, "path"));
	NOTE(accept(fd, NULL, NULL));
	NOTE(listen(fd, 1));
	NOTE(listen(fd, 1));
	twin_nonblock(fd);
	NOTE(accept(fd, NULL, NULL));
	must(!twin_connect(t, client, "path"));
	NOTE(accept(client, NULL, NULL));
	NOTE_OK(server = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
	NOTE(fcntl(server, F_GETFL) & O_NONBLOCK);
	NOTE(fcntl(server, F_GETFD));
	NOTE(accept(server, NULL, NULL));
	NOTE(accept4(fd, NULL, NULL, 1));
	NOTE(accept(fd, NULL, NULL));
	close(server);
	close(client);
	close(fd);
}

TWIN_TEST(client_gone_before_accept)
{
	int fd = twin_listener(t, "path", 10), client, server;
	char text[10] = "";

	client = twin_client(t, "path");
	NOTE(send(client, "bye", 3, 0));
	close(client);
	twin_poll(t, "listener", fd);
	NOTE_OK(server = accept(fd, NULL, NULL));
	twin_poll(t, "server", server);
	NOTE(recv(server, text, sizeof(text), 0));
	twin_say(t, "%s", text);
	NOTE(recv(server, text, sizeof(text), 0));
	NOTE(send(server, "x", 1, MSG_NOSIGNAL));
	close(server);
	close(fd);
}

TWIN_TEST(listener_gone_before_accept)
{
	int fd = twin_listener(t, "path", 10), client, talker;
	char c;

	client = twin_client(t, "path");
	talker = twin_client(t, "path");
	NOTE(send(talker, "hello", 5, 0));
	close(fd);
	twin_poll(t, "client", client);
	NOTE(recv(client, &c, 1, 0));
	NOTE(recv(client, &c, 1, 0));
	twin_poll(t, "talker", talker);
	NOTE(send(talker, "x", 1, MSG_NOSIGNAL));
	NOTE(recv(talker, &c, 1, 0));
	close(client);
	close(talker);
}

TWIN_TEST(listener_shut_down)
{
	int fd = twin_listener(t, "path", 10), client = twin_socket(t);
	int early = twin_client(t, "path");

	NOTE(shutdown(fd, SHUT_WR));
	twin_poll(t, "listener", fd);
	NOTE(shutdown(fd, SHUT_RD));
	twin_poll(t, "listener", fd);
	NOTE(twin_connect(t, client, "path"));
	NOTE(close(accept(fd, NULL, NULL)));
	NOTE(accept(fd, NULL, NULL));
	close(early);
	close(client);
	close(fd);
}

static void accept_until_shut(struct twin *t, void *arg)
{
	NOTE(accept(*(int *)arg, NULL, NULL));
}

TWIN_TEST(shutdown_ends_accept)
{
	int fd = twin_listener(t, "path", 10);
	pid_t pid = twin_fork(t, accept_until_shut, &fd);

	twin_sleep_ms(100);
	shutdown(fd, SHUT_RDWR);
	twin_wait(t, pid);
	close(fd);
}

static long note_option(struct twin *t, int fd, int option)
{
	int value = -1;
	socklen_t len = sizeof(value);

	NOTE(getsockopt(fd, SOL_SOCKET, option, &value, &len));
	return value;
}

TWIN_TEST(what_a_socket_is)
{
	int fd = twin_socket(t), client, server;

	NOTE(note_option(t, fd, SO_ACCEPTCONN));
	NOTE(note_option(t, fd, SO_TYPE));
	NOTE(note_option(t, fd, SO_PROTOCOL));
	NOTE(note_option(t, fd, SO_ERROR));
	must(note_option(t, fd, SO_DOMAIN) == t->family);
	must(!twin_bind(t, fd, "path") && !listen(fd, 1));
	NOTE(note_option(t, fd, SO_ACCEPTCONN));
	client = twin_client(t, "path");
	server = accept(fd, NULL, NULL);
	must(note_option(t, server, SO_DOMAIN) == t->family);
	NOTE(note_option(t, server, SO_TYPE));
	NOTE(note_option(t, server, SO_ACCEPTCONN));
	NOTE(note_option(t, server, SO_SNDBUF));
	NOTE(note_option(t, client, SO_ACCEPTCONN));
	NOTE(note_option(t, client, SO_SNDBUF));
	NOTE(socket(t->family, SOCK_STREAM, 5));
	NOTE(socket(t->family, SOCK_RDM, 0));
	NOTE(socket(t->family, 77, 0));
	close(fd);
	close(client);
	close(server);
}

/* Several threads accept from one listener; each connection once. */
static void *accept_some(void *arg)
{
	int fd = *(int *)arg, server;
	long count = 0;
	char c;

	while ((server = accept(fd, NULL, NULL)) >= 0) {
		count += recv(server, &c, 1, 0);
		close(server);
	}
	return (void *)count;
}

TWIN_TEST(several_threads_accept)
{
	int fd = twin_listener(t, "path", 3), client, i;
	pthread_t thread[4];
	long sum = 0;
	void *count;

	for (i = 0; i < 4; i++)
		must(!pthread_create(&thread[i], NULL, accept_some, &fd));
	for (i = 0; i < 100; i++) {
		client = twin_client(t, "path");
		must(send(client, "x", 1, 0) == 1);
		close(client);
	}
	twin_sleep_ms(100);
	shutdown(fd, SHUT_RDWR);
	for (i = 0; i < 4; i++) {
		must(!pthread_join(thread[i], &count));
		sum += (long)count;
	}
	twin_say(t, "%ld connections", sum);
	close(fd);
}

SUITE_TESTS(socket_connect,
	cmocka_unit_test(backlog_is_bounded),
	cmocka_unit_test(full_backlog_blocks),
	cmocka_unit_test(listener_closes_while_connect_waits),
	cmocka_unit_test(connect_times_out),
	cmocka_unit_test(signals_interrupt_connect),
	cmocka_unit_test(signals_interrupt_accept),
	cmocka_unit_test(accept_without_waiting),
	cmocka_unit_test(client_gone_before_accept),
	cmocka_unit_test(listener_gone_before_accept),
	cmocka_unit_test(listener_shut_down),
	cmocka_unit_test(shutdown_ends_accept),
	cmocka_unit_test(what_a_socket_is),
	cmocka_unit_test(several_threads_accept));
