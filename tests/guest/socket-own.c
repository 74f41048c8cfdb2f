// SPDX-License-Identifier: GPL-2.0-only
/* What differs from AF_UNIX on purpose, and what AF_UNIX has not got. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmsg.h"
#include "twin.h"
#include "../../src/uapi/kdbus.h"

static struct twin own(void)
{
	return (struct twin){ .family = twin_kdbus_family(), .log = 2 };
}

static void setup(struct twin *t, int end[2])
{
	char dir[] = "/tmp/own-XXXXXX";

	*t = own();
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chdir(dir), 0);
	twin_pair(t, end);
}

#define assert_fails(call, error)					\
	do {								\
		errno = 0;						\
		assert_int_equal((call), -1);				\
		assert_string_equal(strerrorname_np(errno), #error);	\
	} while (0)

static void only_streams(void **state)
{
	int family = twin_kdbus_family(), fds[2];

	(void)state;
	assert_fails(socket(family, SOCK_DGRAM, 0), ESOCKTNOSUPPORT);
	assert_fails(socket(family, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
	assert_fails(socket(family, SOCK_RAW, 0), ESOCKTNOSUPPORT);
	assert_fails(socket(family, SOCK_STREAM, 1), EPROTONOSUPPORT);
	assert_fails(socketpair(family, SOCK_STREAM, 0, fds), EOPNOTSUPP);
}

/* Neither made-up names nor names that are in no file system. */
static void only_paths(void **state)
{
	struct sockaddr_un sun = { .sun_family = twin_kdbus_family() };
	struct twin t = own();
	int fd = twin_socket(&t);

	(void)state;
	assert_fails(bind(fd, (struct sockaddr *)&sun, 2), EINVAL);
	strcpy(sun.sun_path + 1, "abstract");
	assert_fails(bind(fd, (struct sockaddr *)&sun, 11), EINVAL);
	assert_fails(connect(fd, (struct sockaddr *)&sun, 11), EINVAL);
	/* 108 bytes without NUL */
	memset(sun.sun_path, 'x', sizeof(sun.sun_path));
	assert_fails(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), EINVAL);
	close(fd);
}

static void no_urgent_data(void **state)
{
	struct twin t;
	int end[2], i;
	char c;

	(void)state;
	setup(&t, end);
	for (i = 0; i < 2; i++) {
		assert_fails(send(end[i], "x", 1, MSG_OOB), EOPNOTSUPP);
		assert_fails(recv(end[i], &c, 1, MSG_OOB), EOPNOTSUPP);
		assert_fails(recv(end[i], &c, 1, MSG_DONTWAIT), EAGAIN);
	}
	twin_pair_close(end);
}

static ssize_t send_fd(int sock, int fd)
{
	return send_with_fds(sock, "x", 1, &fd, 1, 0);
}

/* The kernel has no garbage collector for a cycle of them. */
static void no_socket_in_itself(void **state)
{
	struct twin t;
	int end[2], i, fresh, unix_pair[2];
	char c;

	(void)state;
	setup(&t, end);
	fresh = twin_socket(&t);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, unix_pair), 0);
	for (i = 0; i < 2; i++) {
		if (i == 1) {
			/* Of which dbus-daemon drops the message alone. */
			assert_fails(send_fd(end[i], fresh), ETOOMANYREFS);
			assert_fails(send_fd(end[i], end[0]), ETOOMANYREFS);
		} else {
			assert_fails(send_fd(end[i], end[0]), EPERM);
			assert_fails(send_fd(end[i], end[1]), EPERM);
			assert_fails(send_fd(end[i], fresh), EPERM);
		}
		assert_fails(recv(end[!i], &c, 1, MSG_DONTWAIT), EAGAIN);
		/* Other sockets may go. */
		assert_int_equal(send_fd(end[i], unix_pair[0]), 1);
		assert_int_equal(recv(end[!i], &c, 1, 0), 1);
	}
	assert_int_equal(send_fd(unix_pair[0], end[0]), 1);
	close(unix_pair[0]);
	close(unix_pair[1]);
	close(fresh);
	twin_pair_close(end);
}

static void options_are_the_owners(void **state)
{
	struct kdbus_bus_config config = { .flags = 0 };
	char buf[256] = "";
	socklen_t len;
	struct twin t;
	int end[2], fresh, i;

	(void)state;
	setup(&t, end);
	fresh = twin_socket(&t);
	for (i = KDBUS_BUS_CONFIG; i <= KDBUS_REPLY_LEAST; i++) {
		/* For a socket that is nothing yet. */
		if (i == KDBUS_BUS_NEW)
			continue;
		assert_fails(setsockopt(end[0], SOL_KDBUS, i, &config,
					sizeof(config)), EPERM);
		assert_fails(setsockopt(fresh, SOL_KDBUS, i, &config,
					sizeof(config)), EPERM);
	}
	for (i = KDBUS_BUS_CONFIG; i < KDBUS_PEERSEC; i++) {
		len = sizeof(buf);
		assert_fails(getsockopt(end[0], SOL_KDBUS, i, buf, &len),
			     EPERM);
		assert_fails(getsockopt(fresh, SOL_KDBUS, i, buf, &len),
			     EPERM);
	}
	len = sizeof(buf);
	assert_fails(getsockopt(fresh, SOL_KDBUS, KDBUS_PEERSEC, buf, &len),
		     ENOTCONN);
	assert_int_equal(setsockopt(end[1], SOL_KDBUS, KDBUS_BUS_CONFIG,
				    &config, sizeof(config)), 0);
	assert_fails(setsockopt(end[1], SOL_KDBUS + 1, KDBUS_BUS_CONFIG,
				&config, sizeof(config)), ENOPROTOOPT);
	close(fresh);
	twin_pair_close(end);
}

/* What the process calls itself, or "" if no security module labels it. */
static void own_label(char *label, size_t size)
{
	FILE *file = fopen("/proc/self/attr/current", "re");

	*label = '\0';
	if (!file)
		return;
	if (!fgets(label, size, file))
		*label = '\0';
	fclose(file);
	label[strcspn(label, "\n")] = '\0';
}

static void security_label(void **state)
{
	char want[256], got[256];
	socklen_t len, whole;
	struct twin t;
	int end[2], i;

	(void)state;
	setup(&t, end);
	own_label(want, sizeof(want));
	if (!*want) {
		len = sizeof(got);
		assert_fails(getsockopt(end[0], SOL_KDBUS, KDBUS_PEERSEC, got,
					&len), ENOPROTOOPT);
		skip();
	}
	for (i = 0; i < 2; i++) {
		memset(got, 0, sizeof(got));
		len = sizeof(got) - 1;
		assert_int_equal(getsockopt(end[i], SOL_KDBUS, KDBUS_PEERSEC,
					    got, &len), 0);
		/* The mode in brackets is not part of the label. */
		assert_true(len > 0 && !strncmp(got, want, strlen(got)));
		assert_int_equal(len, strlen(got));
		whole = len;
		len = 1;
		assert_fails(getsockopt(end[i], SOL_KDBUS, KDBUS_PEERSEC, got,
					&len), ERANGE);
		assert_int_equal(len, whole);
	}
	twin_pair_close(end);
}

/* Of all processes and threads of the machine, how many there are. */
static int tasks(void)
{
	FILE *file = fopen("/proc/loadavg", "re");
	int count;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%*s %*s %*s %*d/%d", &count), 1);
	fclose(file);
	return count;
}

/* Who may open many connections shall not use up what others need to fork. */
static void connections_take_no_pids(void **state)
{
	enum { PAIRS = 200, OTHERS = 40 };
	int end[PAIRS][2], before, i;
	struct twin t;

	(void)state;
	before = tasks();
	setup(&t, end[0]);
	for (i = 1; i < PAIRS; i++)
		twin_pair(&t, end[i]);
	for (i = 0; i < PAIRS; i++)
		assert_int_equal(send(end[i][0], "x", 1, 0), 1);
	/* The kernel's own come and go. */
	assert_in_range(tasks(), 1, before + OTHERS);
	for (i = 0; i < PAIRS; i++)
		twin_pair_close(end[i]);
}

SUITE_TESTS(socket_own,
	cmocka_unit_test(only_streams),
	cmocka_unit_test(only_paths),
	cmocka_unit_test(no_urgent_data),
	cmocka_unit_test(no_socket_in_itself),
	cmocka_unit_test(options_are_the_owners),
	cmocka_unit_test(security_label),
	cmocka_unit_test(connections_take_no_pids));
