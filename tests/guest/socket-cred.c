// SPDX-License-Identifier: GPL-2.0-only
/* Who is at the other end. */

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "twin.h"
#include "../../src/uapi/kdbus.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD	77
#endif

/* Notes the credentials; the process as one that is known, or not. */
static void note_peer(struct twin *t, const char *what, int fd, pid_t known)
{
	struct ucred cred = {};
	gid_t groups[20];
	socklen_t len = sizeof(cred);
	size_t i;

	twin_say(t, "peer of %s", what);
	NOTE(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len));
	twin_say(t, "length %u uid %d gid %d pid %s", len, cred.uid, cred.gid,
		 cred.pid == known ? "known" : cred.pid ? "other" : "none");
	len = sizeof(groups);
	if (NOTE(getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len)))
		return;
	for (i = 0; i < len / sizeof(groups[0]); i++)
		twin_say(t, "group %d", groups[i]);
	len = 1;
	NOTE(getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len));
}

/* A client that connects as alice and is somebody else afterwards. */
static void connect_and_change(struct twin *t, void *arg)
{
	int fd;
	char c;

	(void)arg;
	setgroups(0, NULL);
	must(!setresgid(ALICE, ALICE, 0) && !setresuid(ALICE, ALICE, 0));
	fd = twin_client(t, "path");
	note_peer(t, "client", fd, getppid());
	must(!setresuid(0, 0, 0) && !setresgid(BOB, BOB, BOB) &&
	     !setresuid(BOB, BOB, BOB));
	must(send(fd, "x", 1, 0) == 1);
	must(recv(fd, &c, 1, 0) == 1);
}

TWIN_TEST(credentials_are_those_of_connect)
{
	int fd = twin_listener(t, "path", 1), server;
	pid_t pid;
	char c;

	must(!chmod("path", 0666));
	pid = twin_fork(t, connect_and_change, NULL);
	server = accept(fd, NULL, NULL);
	must(recv(server, &c, 1, 0) == 1);
	note_peer(t, "server", server, pid);
	must(send(server, "x", 1, 0) == 1);
	twin_wait(t, pid);
	note_peer(t, "server afterwards", server, pid);
	close(server);
	close(fd);
}

/* What the client sees is who called listen(), not who accepts or sends. */
static void listen_as_bob(struct twin *t, void *arg)
{
	twin_become(BOB);
	NOTE(listen(*(int *)arg, 5));
}

static void connect_as_friend(struct twin *t, void *arg)
{
	int fd;

	twin_become(ALICE);
	fd = twin_client(t, "path");
	note_peer(t, "alice", fd, *(pid_t *)arg);
}

TWIN_TEST(credentials_are_those_of_listen)
{
	int fd = twin_socket(t), server;
	pid_t bob, alice;

	must(!twin_bind(t, fd, "path") && !chmod("path", 0666));
	note_peer(t, "bound", fd, getpid());
	bob = twin_fork(t, listen_as_bob, &fd);
	twin_wait(t, bob);
	alice = twin_fork(t, connect_as_friend, &bob);
	server = accept(fd, NULL, NULL);
	twin_wait(t, alice);
	note_peer(t, "server", server, alice);
	/* Whoever calls listen() again is the one from then on. */
	must(!listen(fd, 5));
	bob = getpid();
	alice = twin_fork(t, connect_as_friend, &bob);
	twin_wait(t, alice);
	note_peer(t, "listening", fd, getpid());
	close(server);
	close(fd);
}

TWIN_TEST(credentials_without_peer)
{
	int fd = twin_socket(t);

	note_peer(t, "new", fd, getpid());
	close(fd);
}

static void id_map(pid_t pid, const char *file, const char *map)
{
	char path[50];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_WRONLY);
	must(fd >= 0 && write(fd, map, strlen(map)) == (ssize_t)strlen(map));
	close(fd);
}

static void connect_as_bob(struct twin *t, void *arg)
{
	(void)arg;
	twin_become(BOB);
	twin_client(t, "path");
}

/* In a user namespace where root is alice and nobody else is anybody. */
static void in_user_namespace(struct twin *t, void *arg)
{
	int *sync = arg, fd;
	char c;

	must(!unshare(CLONE_NEWUSER));
	must(write(sync[1], "x", 1) == 1);
	must(read(sync[2], &c, 1) == 1);
	must(!setresgid(0, 0, 0) && !setresuid(0, 0, 0));
	fd = twin_client(t, "path");
	note_peer(t, "client inside", fd, getppid());
	must(send(fd, "x", 1, 0) == 1);
	note_peer(t, "server inside", sync[4], 1);
	must(recv(fd, &c, 1, 0) == 1);
}

TWIN_TEST(credentials_in_a_user_namespace)
{
	int fd = twin_listener(t, "path", 5), server, sync[5];
	pid_t pid;
	char c;

	must(!chmod("path", 0666));
	must(!pipe(sync) && !pipe(sync + 2));
	/* A connection of bob's, to be looked at from inside. */
	pid = twin_fork(t, connect_as_bob, NULL);
	sync[4] = accept(fd, NULL, NULL);
	twin_wait(t, pid);

	pid = twin_fork(t, in_user_namespace, sync);
	must(read(sync[0], &c, 1) == 1);
	id_map(pid, "gid_map", "0 1001 1\n");
	id_map(pid, "uid_map", "0 1001 1\n");
	must(write(sync[3], "x", 1) == 1);
	server = accept(fd, NULL, NULL);
	must(recv(server, &c, 1, 0) == 1);
	note_peer(t, "server", server, pid);
	must(send(server, "x", 1, 0) == 1);
	twin_wait(t, pid);
	close(server);
	close(fd);
}

static void connect_and_wait(struct twin *t, void *arg)
{
	int fd = twin_client(t, "path");
	char c;

	(void)arg;
	must(recv(fd, &c, 1, 0) == 1);
}

/* Only kernels from 6.5 on have it; then it works here as well. */
TWIN_TEST(pidfd_of_the_peer)
{
	int fd = twin_listener(t, "path", 5), server, pidfd = -1;
	socklen_t len = sizeof(pidfd);
	struct pollfd p = { .events = POLLIN };
	pid_t pid = twin_fork(t, connect_and_wait, NULL);

	server = accept(fd, NULL, NULL);
	if (NOTE(getsockopt(server, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len)))
		goto out;
	p.fd = pidfd;
	NOTE(poll(&p, 1, 0));
	must(send(server, "x", 1, 0) == 1);
	NOTE(poll(&p, 1, 3000));
	twin_wait(t, pid);
	/*
	 * Once a process has been waited for, there is nothing to get.  Later
	 * kernels remember the peers of AF_UNIX by means that modules lack.
	 */
	len = sizeof(pidfd);
	must(t->family == AF_UNIX || getsockopt(server, SOL_SOCKET,
						SO_PEERPIDFD, &pidfd, &len));
	close(server);
	close(fd);
	return;
out:
	must(send(server, "x", 1, 0) == 1);
	twin_wait(t, pid);
	close(server);
	close(fd);
}

SUITE_TESTS(socket_cred,
	cmocka_unit_test(credentials_are_those_of_connect),
	cmocka_unit_test(credentials_are_those_of_listen),
	cmocka_unit_test(credentials_without_peer),
	cmocka_unit_test(credentials_in_a_user_namespace),
	cmocka_unit_test(pidfd_of_the_peer));
