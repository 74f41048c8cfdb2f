// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a machine may do while the module is at work: unload it at once, take
 * processors away, freeze a client, tear namespaces down, run out of descriptors.
 *
 * test-ordeal [ROUNDS [PATTERN]]: of unloading and loading, 30 if none are given
 */

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "slow.h"

#define LIMIT		600
#define MODULE		"/vm/kdbus.ko"
#define CGROUPS		"/sys/fs/cgroup"
#define GROUP		CGROUPS "/kdbus-frozen"
#define CPU		"/sys/devices/system/cpu/cpu1/online"
#define BUSY		2
#define WRITERS		2

static int rounds = 30;

static bool put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* A process of its own, which dies with the test. */
static pid_t spawn(void (*function)(void *arg), void *arg)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	function(arg);
	_exit(0);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int call_bus(const char *path, int family,
		    int (*call)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un sun = { .sun_family = family };
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(sun.sun_path, path);
	if (fd < 0 || !call(fd, (struct sockaddr *)&sun, sizeof(sun)))
		return fd;
	close(fd);
	return -1;
}

/*
 * Owns a bus for a moment, again and again, with a connection of either kind and
 * something unread on each; whether the module is there or not.
 */
static void come_and_go(void *arg)
{
	int family = kdbus_family(), owner, client, pair[2], end_of, i;
	char path[40];

	(void)arg;
	sprintf(path, "/tmp/ordeal-%d", getpid());
	for (i = getpid();; i++) {
		unlink(path);
		owner = call_bus(path, family, bind);
		if (owner < 0)
			continue;
		listen(owner, 5);
		client = call_bus(path, family, connect);
		if (i % 2)
			close(accept(owner, NULL, NULL));
		send(client, "\0AUTH", 5, MSG_NOSIGNAL);
		if (i % 3 == 0 && !socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
			send(pair[0], "\0AUTH", 5, MSG_NOSIGNAL);
			end_of = attach(owner, pair[1]);
			send(pair[0], "more", 4, MSG_NOSIGNAL);
			close(end_of);
			close(pair[0]);
			close(pair[1]);
		}
		close(client);
		close(owner);
		usleep(1000 * (5 + i * 7 % 60));
	}
}

static int load(void)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC), ret;

	assert_ok(fd);
	ret = syscall(SYS_finit_module, fd, "", 0);
	close(fd);
	return ret;
}

/* To whoever reads the other end, whichever callbacks that has. */
static void write_forever(void *arg)
{
	const int *fd = arg;

	for (;;)
		if (send(*fd, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			usleep(1000);
}

/*
 * Takes a socket over that is being written to, and gives it back.  Whoever writes
 * may be on his way into the module then, and nothing holds it for him.
 */
static void take_and_give_back(int fd)
{
	char path[40], block[4096];
	int owner, end_of, i;

	sprintf(path, "/tmp/ordeal-%d", getpid());
	owner = call_bus(path, kdbus_family(), bind);
	assert_ok(owner);
	assert_ok(listen(owner, 5));
	end_of = attach(owner, fd);
	assert_ok(end_of);
	/* Until they have woken up, and for a while. */
	for (i = 0; i < 20; i++) {
		while (recv(end_of, block, sizeof(block), MSG_DONTWAIT) ==
		       sizeof(block))
			;
		usleep(200);
	}
	close(end_of);
	close(owner);
	unlink(path);
}

static long unload(void)
{
	long tries = 1;

	while (syscall(SYS_delete_module, "kdbus", O_NONBLOCK)) {
		assert_int_equal(errno, EAGAIN);
		tries++;
		usleep(500);
	}
	return tries;
}

static void unload_and_load(void **state)
{
	pid_t pids[BUSY];
	long tries = 0;
	int i;

	(void)state;
	for (i = 0; i < BUSY; i++)
		pids[i] = spawn(come_and_go, NULL);
	for (i = 0; i < rounds; i++) {
		tries += unload();
		usleep(i % 4 * 1000);
		assert_ok(load());
	}
	printf("# %d times, in %ld tries\n", rounds, tries);
	for (i = 0; i < BUSY; i++)
		end(pids[i]);
	settle();
}

/* Nobody else has a socket, so that it goes as soon as it can. */
static void unload_while_written_to(void **state)
{
	pid_t writers[WRITERS];
	int i, lasting[2];

	(void)state;
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM, 0, lasting));
	for (i = 0; i < WRITERS; i++)
		writers[i] = spawn(write_forever, &lasting[0]);
	for (i = 0; i < rounds; i++) {
		take_and_give_back(lasting[1]);
		unload();
		assert_ok(load());
	}
	for (i = 0; i < WRITERS; i++)
		end(writers[i]);
	close(lasting[0]);
	close(lasting[1]);
	settle();
}

static int all_gone(void **state)
{
	no_peers(state);
	settle();
	return 0;
}

static bool signal_goes_fast(void)
{
	return goes_fast(&a, &b, MESSAGE(SPEC_SIGNAL(":1.2"), .text = "x"));
}

static void toggle_processor(void *arg)
{
	(void)arg;
	for (;;) {
		put_text(CPU, "0");
		usleep(20000);
		put_text(CPU, "1");
		usleep(20000);
	}
}

static long number_in(const char *path)
{
	FILE *file = fopen(path, "re");
	long n = -1;

	if (file && fscanf(file, "%ld", &n) != 1)
		n = -1;
	if (file)
		fclose(file);
	return n;
}

/* What was counted on a processor that is gone still counts. */
static void processors_come_and_go(void **state)
{
	unsigned long sent = 0;
	bool was_off = false;
	pid_t pid;

	(void)state;
	if (access(CPU, W_OK))
		skip();
	pid = spawn(toggle_processor, NULL);
	for (; sent < 2000 || (!was_off && sent < 200000); sent++) {
		assert_true(signal_goes_fast());
		was_off |= sent % 16 == 0 && number_in(CPU) == 0;
	}
	end(pid);
	assert_true(was_off);
	assert_true(put_text(CPU, "1"));
	assert_int_equal(bus_stat(&bus, "signals"), sent);
}

/* Writes as fast as it goes, and reads nothing. */
static void write_signals(void *arg)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 5000);

	(void)arg;
	while (send(a.client, w.p, w.len, MSG_NOSIGNAL) > 0)
		;
}

static void freeze(bool on)
{
	int i;

	assert_true(put_text(GROUP "/cgroup.freeze", on ? "1" : "0"));
	for (i = 0; i < 500; i++) {
		FILE *file = fopen(GROUP "/cgroup.events", "re");
		char line[40];
		bool done = false;

		while (file && fgets(line, sizeof(line), file))
			done |= !strcmp(line, on ? "frozen 1\n" : "frozen 0\n");
		if (file)
			fclose(file);
		if (done)
			return;
		usleep(slowly(10) * 1000);
	}
	fail_msg("it does not freeze");
}

/* In the middle of a call or not: nobody else waits for it. */
static void frozen_client(void **state)
{
	struct peer c;
	char number[20];
	pid_t pid;
	int i;

	(void)state;
	mkdir(GROUP, 0755);
	if (access(GROUP "/cgroup.freeze", W_OK))
		skip();
	peer_open(&bus, &c, ":1.3");
	pid = spawn(write_signals, NULL);
	sprintf(number, "%d", pid);
	assert_true(put_text(GROUP "/cgroup.procs", number));
	for (i = 0; i < 20; i++) {
		freeze(true);
		drain_end(b.client);
		drain_end(a.daemon);
		assert_true(goes_fast(&c, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
		assert_true(goes_fast(&b, &c, MESSAGE(SPEC_SIGNAL(":1.3"))));
		freeze(false);
		peer_done(&a, 1000);
		usleep(2000);
	}
	freeze(true);
	end(pid);
	drain_end(b.client);
	peer_close(&a);
	assert_true(goes_fast(&c, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	peer_close(&c);
	rmdir(GROUP);
}

/* The first process of a namespace of each kind, with another bus and children. */
static void live_apart(void *arg)
{
	const struct timespec ts = { .tv_sec = 1000 };
	int *report = arg, i;
	struct peer own[2];
	struct bus apart;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
		    CLONE_NEWIPC) ||
	    !put_text("/proc/self/uid_map", "0 0 1") ||
	    !put_text("/proc/self/setgroups", "deny") ||
	    !put_text("/proc/self/gid_map", "0 0 1") ||
	    mount("tmp", "/tmp", "tmpfs", 0, NULL))
		_exit(1);
	if (fork())
		for (;;)
			nanosleep(&ts, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	bus_open(&apart);
	bus_configure(&apart);
	peer_open(&apart, &own[0], ":1.1");
	peer_attach(&apart, &own[1]);
	peer_sasl(&own[1]);
	peer_publish(&own[1], ":1.2");
	for (i = 0; i < 3; i++) {
		if (fork())
			continue;
		/* In the middle of something. */
		send(own[0].client, "l\1\0\1", 4, MSG_NOSIGNAL);
		for (;;)
			nanosleep(&ts, NULL);
	}
	(void)!write(*report, "x", 1);
	for (;;)
		nanosleep(&ts, NULL);
}

static void namespaces_are_torn_down(void **state)
{
	int report[2], i;
	struct peer c;
	char byte;
	pid_t pid;

	(void)state;
	for (i = 0; i < 10; i++) {
		assert_ok(pipe(report));
		peer_open(&bus, &c, ":1.3");
		pid = spawn(live_apart, &report[1]);
		close(report[1]);
		assert_int_equal(read(report[0], &byte, 1), 1);
		/* With it dies the first process there, and so do all. */
		end(pid);
		assert_true(goes_fast(&c, &b, MESSAGE(SPEC_SIGNAL(":1.2"))));
		peer_close(&c);
		close(report[0]);
		settle();
	}
}

/* As many descriptors as there are now, and no more. */
static void no_more_files(struct rlimit *old)
{
	int fd = dup(0);
	struct rlimit none;

	assert_ok(fd);
	close(fd);
	assert_ok(getrlimit(RLIMIT_NOFILE, old));
	none = (struct rlimit){ fd, old->rlim_max };
	assert_ok(setrlimit(RLIMIT_NOFILE, &none));
}

static void no_descriptors(void **state)
{
	struct writer with_file = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1);
	int end_of[2], file = 0, client;
	struct rlimit old;
	struct msghdr msg;
	struct iovec iov;
	char control[100], room[1000];

	(void)state;
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end_of));
	client = call_bus(bus.path, kdbus_family(), connect);
	assert_ok(client);
	assert_int_equal(send_with_fds(a.client, with_file.p, with_file.len,
				       &file, 1, 0), with_file.len);
	no_more_files(&old);
	assert_fails(socket(kdbus_family(), SOCK_STREAM, 0), EMFILE);
	assert_fails(accept(bus.listener, NULL, NULL), EMFILE);
	assert_fails(attach(bus.listener, end_of[1]), EMFILE);
	iov = (struct iovec){ room, sizeof(room) };
	msg = (struct msghdr){
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	/* The message comes, without its file, and says so. */
	assert_true(recvmsg(b.client, &msg, MSG_DONTWAIT) >
		    (ssize_t)with_file.len);
	assert_true(msg.msg_flags & MSG_CTRUNC);
	assert_ok(setrlimit(RLIMIT_NOFILE, &old));
	/* All of these can be done now. */
	close(accept(bus.listener, NULL, NULL));
	file = attach(bus.listener, end_of[1]);
	assert_ok(file);
	close(file);
	close(client);
	close(end_of[0]);
	close(end_of[1]);
	writer_free(&with_file);
	assert_true(signal_goes_fast());
}

#define TEST_THAT_SETTLES(name) \
	cmocka_unit_test_setup_teardown(name, two_peers, all_gone)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unload_and_load),
		cmocka_unit_test(unload_while_written_to),
		TEST_THAT_SETTLES(processors_come_and_go),
		TEST_THAT_SETTLES(frozen_client),
		TEST_THAT_SETTLES(namespaces_are_torn_down),
		TEST_THAT_SETTLES(no_descriptors),
	};

	if (argc > 1)
		rounds = atoi(argv[1]);
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	signal(SIGPIPE, SIG_IGN);
	bail_out_after(LIMIT + rounds);
	kdbus_family();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ordeal", tests, NULL, NULL);
}
