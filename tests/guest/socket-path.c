// SPDX-License-Identifier: GPL-2.0-only
/* Paths: bind(), finding a socket by its path, names of sockets. */

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "twin.h"

static void note_inode(struct twin *t, const char *path)
{
	struct stat st;

	if (NOTE(lstat(path, &st)))
		return;
	twin_say(t, "mode %o uid %u gid %u links %lu", st.st_mode, st.st_uid,
		 st.st_gid, (unsigned long)st.st_nlink);
}

static void bind_with_umask(struct twin *t, mode_t mask, const char *path)
{
	int fd = twin_socket(t);

	umask(mask);
	NOTE(twin_bind(t, fd, path));
	umask(022);
	note_inode(t, path);
	close(fd);
	/* The inode stays. */
	note_inode(t, path);
}

TWIN_TEST(bind_makes_an_inode)
{
	bind_with_umask(t, 022, "a");
	bind_with_umask(t, 0, "b");
	bind_with_umask(t, 0177, "c");
	bind_with_umask(t, 0777, "d");
}

static void bind_as_alice(struct twin *t, void *arg)
{
	int fd = twin_socket(t);

	(void)arg;
	twin_become(ALICE);
	NOTE(twin_bind(t, fd, "alice"));
	NOTE(twin_bind(t, fd, "open/alice"));
	note_inode(t, "open/alice");
}

TWIN_TEST(bind_counts_permissions)
{
	must(!mkdir("open", 0));
	must(!chmod("open", 0777));
	twin_wait(t, twin_fork(t, bind_as_alice, NULL));
}

TWIN_TEST(bind_where_something_is)
{
	int fd = twin_socket(t), other = twin_listener(t, "socket", 1);

	must(!close(creat("file", 0666)) && !mkdir("dir", 0777) &&
	     !symlink("nowhere", "link"));
	NOTE(twin_bind(t, fd, "file"));
	NOTE(twin_bind(t, fd, "dir"));
	NOTE(twin_bind(t, fd, "link"));
	NOTE(twin_bind(t, fd, "socket"));
	close(other);
	NOTE(twin_bind(t, fd, "socket"));
	NOTE(twin_bind(t, fd, "none/socket"));
	NOTE(twin_bind(t, fd, "file/socket"));
	/* None of this has made the socket a bound one. */
	NOTE(listen(fd, 1));
	NOTE(twin_bind(t, fd, "free"));
	NOTE(twin_bind(t, fd, "another"));
	/* AF_UNIX of 5.10 makes the inode and only then sees that it must not. */
	must(t->family == AF_UNIX || access("another", F_OK));
	NOTE(listen(fd, 1));
	close(fd);
}

TWIN_TEST(addresses_that_are_none)
{
	struct sockaddr_un sun;
	socklen_t len = twin_address(t, &sun, "path");
	int fd = twin_socket(t);

	NOTE(connect(fd, (struct sockaddr *)&sun, 1));
	NOTE(connect(fd, (struct sockaddr *)&sun, 2));
	NOTE(bind(fd, (struct sockaddr *)&sun, 1));
	NOTE(bind(fd, (struct sockaddr *)&sun, sizeof(sun) + 1));
	NOTE(connect(fd, (struct sockaddr *)&sun, sizeof(sun) + 1));
	NOTE(bind(fd, NULL, len));
	sun.sun_family = AF_INET;
	NOTE(bind(fd, (struct sockaddr *)&sun, len));
	NOTE(connect(fd, (struct sockaddr *)&sun, len));
	sun.sun_family = AF_UNSPEC;
	NOTE(connect(fd, (struct sockaddr *)&sun, len));
	/* The NUL need not be counted. */
	sun.sun_family = t->family;
	NOTE(bind(fd, (struct sockaddr *)&sun, len - 1));
	NOTE(access("path", F_OK));
	close(fd);
}

TWIN_TEST(longest_path)
{
	char path[108];
	int fd = twin_socket(t), client = twin_socket(t);

	memset(path, 'x', 107);
	path[107] = '\0';
	NOTE(twin_bind(t, fd, path));
	NOTE(listen(fd, 1));
	NOTE(access(path, F_OK));
	NOTE(twin_connect(t, client, path));
	close(fd);
	close(client);
}

TWIN_TEST(connect_to_what_is_no_listener)
{
	int fd = twin_socket(t), bound = twin_socket(t);
	int dead = twin_listener(t, "dead", 1);

	close(dead);
	must(!close(creat("file", 0666)) && !mkdir("dir", 0777));
	NOTE(twin_connect(t, fd, "none"));
	NOTE(twin_connect(t, fd, "none/none"));
	NOTE(twin_connect(t, fd, "file/none"));
	NOTE(twin_connect(t, fd, "dead"));
	NOTE(twin_connect(t, fd, "file"));
	NOTE(twin_connect(t, fd, "dir"));
	must(!twin_bind(t, bound, "bound"));
	NOTE(twin_connect(t, fd, "bound"));
	NOTE(listen(bound, 1));
	NOTE(twin_connect(t, fd, "bound"));
	NOTE(twin_connect(t, fd, "bound"));
	NOTE(twin_connect(t, bound, "bound"));
	NOTE(listen(fd, 1));
	close(fd);
	close(bound);
}

TWIN_TEST(connect_to_the_other_family)
{
	struct twin other = *t;
	int fd = twin_socket(t), listener;

	other.family = t->family == AF_UNIX ? twin_kdbus_family() : AF_UNIX;
	listener = twin_listener(&other, "other", 1);
	NOTE(twin_connect(t, fd, "other"));
	NOTE(twin_bind(t, fd, "other"));
	close(listener);
	NOTE(twin_connect(t, fd, "other"));
	close(fd);
}

static void connect_as_alice(struct twin *t, void *arg)
{
	(void)arg;
	twin_become(ALICE);
	NOTE(twin_connect(t, twin_socket(t), "path"));
	NOTE(twin_connect(t, twin_socket(t), "closed/path"));
}

TWIN_TEST(connect_needs_write_permission)
{
	static const mode_t modes[] = { 0755, 0666, 0222, 0444, 0700, 0 };
	int fd = twin_listener(t, "path", 100), inner;
	size_t i;

	must(!mkdir("closed", 0700));
	inner = twin_listener(t, "closed/path", 10);
	must(!chmod("closed/path", 0777));
	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		must(!chmod("path", modes[i]));
		twin_wait(t, twin_fork(t, connect_as_alice, NULL));
	}
	must(!chown("path", ALICE, 0) && !chmod("path", 0600));
	twin_wait(t, twin_fork(t, connect_as_alice, NULL));
	must(!chown("path", 0, FRIENDS) && !chmod("path", 0660));
	twin_wait(t, twin_fork(t, connect_as_alice, NULL));
	close(fd);
	close(inner);
}

static void note_connect(struct twin *t, const char *path)
{
	int fd = twin_socket(t);

	twin_note(t, path, twin_connect(t, fd, path));
	close(fd);
}

TWIN_TEST(links_and_renames)
{
	int fd = twin_listener(t, "path", 100), second;

	must(!mkdir("dir", 0777) && !symlink("path", "symbolic") &&
	     !symlink("symbolic", "dir/dangling") &&
	     !symlink("../path", "dir/symbolic") && !link("path", "hard"));
	note_connect(t, "symbolic");
	note_connect(t, "dir/dangling");
	note_connect(t, "dir/symbolic");
	note_connect(t, "hard");
	note_connect(t, "./dir/../path");
	must(!rename("path", "dir/renamed"));
	note_connect(t, "path");
	note_connect(t, "symbolic");
	note_connect(t, "dir/renamed");
	must(!unlink("dir/renamed"));
	note_connect(t, "hard");
	must(!unlink("hard"));
	note_connect(t, "hard");
	/* Another socket may have the path now. */
	second = twin_listener(t, "path", 100);
	note_connect(t, "symbolic");
	close(fd);
	note_connect(t, "path");
	close(second);
	note_connect(t, "path");
}

TWIN_TEST(unlinked_path_keeps_connections)
{
	int fd = twin_listener(t, "path", 10), client, server;
	char c = 'x';

	client = twin_client(t, "path");
	must(!unlink("path"));
	NOTE_OK(server = accept(fd, NULL, NULL));
	NOTE(send(client, &c, 1, 0));
	NOTE(recv(server, &c, 1, 0));
	note_connect(t, "path");
	close(fd);
	NOTE(send(server, &c, 1, 0));
	NOTE(recv(client, &c, 1, 0));
	close(client);
	close(server);
}

static void in_mount_namespace(struct twin *t, void *arg)
{
	(void)arg;
	must(!unshare(CLONE_NEWNS));
	must(!mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL));
	must(!mount("path", "file", NULL, MS_BIND, NULL));
	must(!mount(".", "dir", NULL, MS_BIND, NULL));
	note_connect(t, "file");
	note_connect(t, "dir/path");
	must(!mount("none", "dir", "tmpfs", 0, NULL));
	note_connect(t, "dir/path");
	must(!mount("path", "file", NULL, MS_BIND, NULL));
	must(!mount(NULL, "file", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY,
		    NULL));
	/* A socket can be written to on a file system that cannot. */
	note_connect(t, "file");
}

static void in_chroot(struct twin *t, void *arg)
{
	(void)arg;
	must(!chroot("."));
	note_connect(t, "/path");
	note_connect(t, "/tmp");
}

TWIN_TEST(namespaces_and_bind_mounts)
{
	int fd = twin_listener(t, "path", 100);

	must(!close(creat("file", 0666)) && !mkdir("dir", 0777));
	twin_wait(t, twin_fork(t, in_mount_namespace, NULL));
	twin_wait(t, twin_fork(t, in_chroot, NULL));
	note_connect(t, "file");
	note_connect(t, "dir/path");
	close(fd);
}

static void note_names(struct twin *t, const char *what, int fd)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);

	twin_say(t, "names of %s", what);
	memset(&sun, 0, sizeof(sun));
	if (!NOTE(getsockname(fd, (struct sockaddr *)&sun, &len)))
		twin_say(t, "length %u family %d path %s", len,
			 sun.sun_family == t->family, sun.sun_path);
	memset(&sun, 0, sizeof(sun));
	len = sizeof(sun);
	if (!NOTE(getpeername(fd, (struct sockaddr *)&sun, &len)))
		twin_say(t, "length %u family %d path %s", len,
			 sun.sun_family == t->family, sun.sun_path);
}

TWIN_TEST(names_of_sockets)
{
	int fd = twin_socket(t), client = twin_socket(t), server;
	struct sockaddr_un sun;
	socklen_t len = 4;

	note_names(t, "new", fd);
	must(!twin_bind(t, fd, "path"));
	note_names(t, "bound", fd);
	must(!listen(fd, 10));
	note_names(t, "listening", fd);
	must(!twin_connect(t, client, "path"));
	note_names(t, "waiting", client);
	NOTE_OK(server = accept(fd, NULL, NULL));
	note_names(t, "client", client);
	note_names(t, "server", server);
	/* A name that does not fit is cut off, and its length told. */
	NOTE(getsockname(fd, (struct sockaddr *)&sun, &len));
	twin_say(t, "length %u", len);
	close(server);
	note_names(t, "left client", client);
	close(client);
	must(!twin_connect(t, client = twin_socket(t), "path"));
	len = sizeof(sun);
	memset(&sun, 0, sizeof(sun));
	NOTE_OK(server = accept(fd, (struct sockaddr *)&sun, &len));
	twin_say(t, "length %u family %d", len, sun.sun_family == t->family);
	close(fd);
	note_names(t, "client without listener", client);
	note_names(t, "server without listener", server);
	close(client);
	close(server);
}

SUITE_TESTS(socket_path,
	cmocka_unit_test(bind_makes_an_inode),
	cmocka_unit_test(bind_counts_permissions),
	cmocka_unit_test(bind_where_something_is),
	cmocka_unit_test(addresses_that_are_none),
	cmocka_unit_test(longest_path),
	cmocka_unit_test(connect_to_what_is_no_listener),
	cmocka_unit_test(connect_to_the_other_family),
	cmocka_unit_test(connect_needs_write_permission),
	cmocka_unit_test(links_and_renames),
	cmocka_unit_test(unlinked_path_keeps_connections),
	cmocka_unit_test(namespaces_and_bind_mounts),
	cmocka_unit_test(names_of_sockets));
