// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once, at random: connections come and go, the owner says
 * things and unsays them, processes are killed. In the end nothing is left.
 */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "slow.h"
#include "stress.h"

#define SECONDS	8
#define SECONDS_MAX	60
#define ENOUGH	10	/* of everything that is counted */
#define PEERS	48
#define NAMES	4

static struct bus bus;
static struct run run;

/* The daemon ends, shared by the threads of the owner. */
static struct {
	pthread_mutex_t lock;
	int fd[PEERS];
	uint64_t id[PEERS];
} ends = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const char *random_name(char *name, size_t size)
{
	if (!random_below(4))
		snprintf(name, size, "org.example.N%u", random_below(NAMES));
	else
		snprintf(name, size, ":1.%u", 1 + random_below(6));
	return name;
}

static struct writer random_message(void)
{
	static const uint8_t types[] = {
		CALL, CALL, CALL, SIGNAL, SIGNAL, SIGNAL, RETURN, ERROR,
	};
	char to[40];
	struct spec spec = {
		.type = types[random_below(ARRAY_SIZE(types))],
		.flags = random_below(2),
		.serial = 1 + random_below(50),
		.path = "/a",
		.interface = "org.example.If",
		.member = random_below(2) ? "Do" : "Done",
		.error = "org.example.Error",
		.to = random_below(10) ? random_name(to, sizeof(to)) : NULL,
		.bytes = random_below(50) ? random_below(200) :
					    random_below(100000),
		.big_endian = random_below(2),
		.sender = random_below(10) ? NULL : ":1.3",
		.fds = !random_below(20),
	};

	if (spec.type == RETURN || spec.type == ERROR)
		spec.reply_serial = 1 + random_below(50);
	return message(&spec);
}

static void send_random(int fd)
{
	struct writer w = random_message();
	int file = 0;

	/* Now and then only a part of it. */
	if (!random_below(100))
		w.len = 1 + random_below(w.len);
	if (random_below(20))
		(void)!send(fd, w.p, w.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	else
		send_with_fds(fd, w.p, w.len, &file, 1, MSG_DONTWAIT);
	writer_free(&w);
}

static void receive_some(int fd)
{
	char buf[20000], control[CMSG_SPACE(16 * sizeof(int))];
	struct iovec iov = { .iov_base = buf, .iov_len = sizeof(buf) };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fds[16], n;

	if (recvmsg(fd, &msg, MSG_DONTWAIT) <= 0)
		return;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg)
		return;
	n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(fds, CMSG_DATA(cmsg), n * sizeof(int));
	while (n--)
		close(fds[n]);
}

/* One connection, from beginning to some end. */
static void be_client(const struct sockaddr_un *sun)
{
	static const char sasl[] = "\0AUTH EXTERNAL 30\r\nBEGIN\r\n";
	int fd = socket(sun->sun_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int n;

	if (random_below(2))
		fcntl(fd, F_SETFL, O_NONBLOCK);
	set_timeouts(fd);
	if (connect(fd, (const struct sockaddr *)sun, sizeof(*sun) - 1))
		goto out;
	n = random_below(30) ? (int)sizeof(sasl) - 1 : random_below(20) + 1;
	(void)!send(fd, sasl, n, MSG_NOSIGNAL);
	/* Most wait until they are known. */
	if (random_below(10))
		poll(&p, 1, 50);
	for (n = random_below(200); n; n--) {
		send_random(fd);
		if (random_below(3))
			receive_some(fd);
		if (!random_below(3))
			usleep(random_below(500));
		if (!random_below(300))
			shutdown(fd, random_below(3));
	}
out:
	close(fd);
}

static void make_address(struct sockaddr_un *sun)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = kdbus_family();
	strcpy(sun->sun_path, bus.path);
}

static void *be_clients(void *arg)
{
	struct sockaddr_un sun;

	(void)arg;
	make_address(&sun);
	while (!run.stop)
		be_client(&sun);
	return NULL;
}

static pid_t fork_clients(void)
{
	struct sockaddr_un sun;
	pid_t pid = fork();
	int i;

	if (pid)
		return pid;
	/* Only the clients' side is to be in this process. */
	close(bus.listener);
	for (i = 0; i < PEERS; i++)
		if (ends.fd[i] > 0)
			close(ends.fd[i]);
	make_address(&sun);
	alarm(slowly(SECONDS_MAX) * 2);
	for (;;)
		be_client(&sun);
}

/* Processes that are killed wherever they are. */
static void *kill_clients(void *arg)
{
	pid_t pid;

	(void)arg;
	while (!run.stop) {
		pthread_mutex_lock(&ends.lock);
		pid = fork_clients();
		pthread_mutex_unlock(&ends.lock);
		pause_ms(20 + random_below(150));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return NULL;
}

static void say_name(int fd, int option)
{
	char name[40];

	random_name(name, sizeof(name));
	set_option(fd, option, name, strlen(name));
}

static void say_rule(int fd, int option)
{
	static const char *const rules[] = {
		"", "type='signal'", "member='Done'",
		"interface='org.example.If',member='Do'",
		"sender='org.example.N1'", "path='/a'", "path_namespace='/'",
	};
	const char *rule = rules[random_below(ARRAY_SIZE(rules))];

	set_option(fd, option, rule, strlen(rule));
}

static void say_caps(int fd)
{
	uint32_t caps = random_below(4) ? CAPS_ALL : random_below(8);

	set_option(fd, KDBUS_PEER_CAPS, &caps, sizeof(caps));
}

static void say_approval(int fd)
{
	union {
		char bytes[sizeof(struct kdbus_approval) + 2];
		struct kdbus_approval a;
	} u = {
		.a = {
			.recipient = ends.id[random_below(PEERS)],
			.fields = random_below(2) ? KDBUS_FIELD_MEMBER : 0,
			.type = 1 + random_below(5),
			.member_len = 2,
		},
	};

	memcpy(u.a.text, "Do", 2);
	set_option(fd, KDBUS_APPROVE, &u, sizeof(struct kdbus_approval) + 2);
}

static void say_config(int fd)
{
	struct kdbus_bus_config config = bus.config;

	config.flags = random_below(3) ? 3 : random_below(4);
	config.max_outgoing_bytes = random_below(3) ? 1 << 20 : 2000;
	config.max_replies = 10 + random_below(100);
	set_option(fd, KDBUS_BUS_CONFIG, &config, sizeof(config));
}

static void ask_replies(int fd)
{
	struct kdbus_reply replies[5] = {
		{ .peer = ends.id[random_below(PEERS)],
		  .serial = random_below(50) },
	};
	socklen_t len = sizeof(replies);

	getsockopt(fd, SOL_KDBUS, KDBUS_REPLY_QUERY + random_below(3), replies,
		   &len);
}

/* Something that an owner may say at any time; the lock is held. */
static void say_something(int fd)
{
	uint32_t count = random_below(20);

	switch (random_below(16)) {
	case 0 ... 2:
		say_name(fd, KDBUS_NAME_PUBLISH);
		break;
	case 3:
		if (random_below(2))
			say_name(fd, KDBUS_NAME_WITHDRAW);
		break;
	case 4 ... 5:
		say_caps(fd);
		break;
	case 6:
		if (random_below(4))
			say_approval(fd);
		else
			say_config(fd);
		break;
	case 7:
		ask_replies(fd);
		break;
	case 8:
		say_rule(fd, KDBUS_MATCH_ADD);
		break;
	case 9:
		say_rule(fd, KDBUS_MATCH_REMOVE);
		break;
	case 10:
		/* Whoever has been forgotten has to be told his rights anew. */
		set_option(fd, random_below(20) ? KDBUS_PEER_FORGET :
						  KDBUS_BUS_FORGET, NULL, 0);
		break;
	case 11:
		set_option(fd, random_below(2) ? KDBUS_BUS_STAGE :
						 KDBUS_BUS_COMMIT, NULL, 0);
		break;
	case 12:
		send_random(fd);
		break;
	default:
		set_option(fd, KDBUS_DONE, &count, sizeof(count));
	}
}

static void *say_things(void *arg)
{
	int i;

	(void)arg;
	while (!run.stop) {
		pthread_mutex_lock(&ends.lock);
		i = random_below(PEERS);
		if (ends.fd[i] > 0)
			say_something(ends.fd[i]);
		pthread_mutex_unlock(&ends.lock);
		/* The lock is not fair. */
		if (!random_below(4))
			usleep(200);
	}
	return NULL;
}

static bool accept_one(void)
{
	int fd = accept4(bus.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct kdbus_peer_info info;
	socklen_t len = sizeof(info);
	char name[40];
	int i;

	if (fd < 0)
		return false;
	pthread_mutex_lock(&ends.lock);
	for (i = 1; i < PEERS && ends.fd[i] > 0; i++)
		;
	if (i == PEERS || getsockopt(fd, SOL_KDBUS, KDBUS_PEER_INFO, &info,
				     &len)) {
		close(fd);
	} else {
		ends.fd[i] = fd;
		ends.id[i] = info.peer_id;
		snprintf(name, sizeof(name), ":1.%d", i);
		set_option(fd, KDBUS_NAME_PUBLISH, name, strlen(name));
		say_caps(fd);
		(void)!send(fd, "OK\r\n", 4, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	pthread_mutex_unlock(&ends.lock);
	return true;
}

/* Reads what there is, and hangs up at the end or when it feels like it. */
static void serve(int i)
{
	/* More than it has got does no harm. */
	uint32_t done = random_below(3) ? 100 : random_below(4);
	struct pollfd p = { .fd = ends.fd[i], .events = POLLIN };

	if (p.fd <= 0)
		return;
	poll(&p, 1, 0);
	if (p.revents & POLLIN)
		receive_some(p.fd);
	set_option(p.fd, KDBUS_DONE, &done, sizeof(done));
	if ((p.revents & POLLHUP) || !random_below(500)) {
		close(p.fd);
		ends.fd[i] = 0;
	}
}

static void *be_daemon(void *arg)
{
	int i;

	(void)arg;
	while (!run.stop) {
		while (accept_one())
			;
		for (i = 1; i < PEERS; i++) {
			pthread_mutex_lock(&ends.lock);
			serve(i);
			pthread_mutex_unlock(&ends.lock);
		}
	}
	return NULL;
}

static bool line_in(const char *path, const char *text)
{
	FILE *file = fopen(path, "re");
	char line[2000];
	bool found = false;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		found |= !!strstr(line, text);
	fclose(file);
	return found;
}

/* The last ones are freed a little after they have been closed. */
static void expect_nothing_left(void)
{
	long size, count = -1;
	char line[300];
	int i;

	for (i = 0; i < (int)slowly(300) && count; i++) {
		FILE *file = fopen("/proc/net/protocols", "re");

		assert_non_null(file);
		while (fgets(line, sizeof(line), file))
			sscanf(line, "DBUS %ld %ld", &size, &count);
		fclose(file);
		if (count)
			pause_ms(10);
	}
	assert_int_equal(count, 0);
	for (i = 0; i < (int)slowly(100) && line_in("/proc/net/kdbus", "bus "); i++)
		pause_ms(10);
	assert_false(line_in("/proc/net/kdbus", "bus "));
}

static void close_ends(void)
{
	int i;

	for (i = 0; i < PEERS; i++)
		if (ends.fd[i] > 0)
			close(ends.fd[i]);
	memset(ends.fd, 0, sizeof(ends.fd));
}

static const char *const stat_names[] = {
	"calls", "signals", "slow", "held", "broadcasts",
};

static void read_stats(unsigned long *stats)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stat_names); i++)
		stats[i] = bus_stat(&bus, stat_names[i]);
}

static bool all_has_happened(const unsigned long *stats)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stat_names); i++)
		if (stats[i] <= ENOUGH)
			return false;
	return true;
}

/* As long as that takes on a slow kernel, or on a busy machine. */
static void let_it_rage(unsigned long *stats)
{
	unsigned int i;

	for (i = 0; i < slowly(SECONDS_MAX); i++) {
		pause_ms(1000);
		read_stats(stats);
		if (i >= SECONDS && all_has_happened(stats))
			break;
	}
}

static void storm(void **state)
{
	unsigned long stats[ARRAY_SIZE(stat_names)];
	pthread_t threads[8];
	int n = 0, i;

	(void)state;
	run_begin(&run);
	bus_open(&bus);
	bus.config.flags |= KDBUS_BUS_BROADCAST;
	assert_ok(bus_configure(&bus));
	fcntl(bus.listener, F_SETFL, O_NONBLOCK);
	threads[n++] = start(be_daemon, NULL);
	threads[n++] = start(say_things, NULL);
	threads[n++] = start(kill_clients, NULL);
	for (i = 0; i < 4; i++)
		threads[n++] = start(be_clients, NULL);
	let_it_rage(stats);
	run.stop = true;
	while (n--)
		finish(threads[n]);
	close_ends();
	bus_close(&bus);
	run_check(&run);
	expect_nothing_left();
	for (i = 0; i < (int)ARRAY_SIZE(stat_names); i++)
		print_message("# %s: %lu\n", stat_names[i], stats[i]);
	assert_true(all_has_happened(stats));
}

/* The whole owner is killed, with its threads in the middle of things. */
static void be_owner(void)
{
	start(be_daemon, NULL);
	start(say_things, NULL);
	pause();
	_exit(0);
}

static void owner_is_killed(void **state)
{
	pthread_t threads[2];
	int round;
	pid_t pid;

	(void)state;
	for (round = 0; round < 8; round++) {
		run_begin(&run);
		bus_open(&bus);
		assert_ok(bus_configure(&bus));
		fcntl(bus.listener, F_SETFL, O_NONBLOCK);
		pid = fork();
		assert_ok(pid);
		if (!pid)
			be_owner();
		/* The listener and all ends are the child's. */
		close(bus.listener);
		threads[0] = start(be_clients, NULL);
		threads[1] = start(be_clients, NULL);
		pause_ms(100 + random_below(100));
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pause_ms(20);
		run.stop = true;
		finish(threads[0]);
		finish(threads[1]);
		unlink(bus.path);
		expect_nothing_left();
	}
}

/* Nothing that has happened here keeps the module. */
static void unload(void **state)
{
	int i, fd, ret = -1;

	(void)state;
	for (i = 0; i < (int)slowly(100) && ret; i++) {
		ret = syscall(SYS_delete_module, "kdbus", O_NONBLOCK);
		if (ret)
			pause_ms(10);
	}
	assert_ok(ret);
	fd = open("/vm/kdbus.ko", O_RDONLY | O_CLOEXEC);
	assert_ok(syscall(SYS_finit_module, fd, "", 0));
	close(fd);
}

SUITE_TESTS(stress_storm,
	cmocka_unit_test(storm),
	cmocka_unit_test(owner_is_killed),
	cmocka_unit_test(unload));
