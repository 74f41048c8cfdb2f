// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random calls on sockets of the module, by processes that own buses and by ones
 * that may nothing, at the same time, which are killed at random.
 *
 *	fuzz-sockets [SECONDS [SEED]]
 *
 * What must not happen is for the kernel to say.  In the end nothing may be left,
 * and a new bus has to work.  The random numbers of each process follow from the
 * seed, which is printed; when they meet does not.
 */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <linux/sockios.h>
#include <time.h>
#include <unistd.h>

#include "../unit/generate.h"
#include "fakebus.h"
#include "slow.h"

#define BUSES		3
#define OWNERS		3
#define CLIENTS		5
#define SLOTS		24
#define NOBODY		65534
#define DIR		"/tmp/fuzz"
#define LIFE_MS		3000
#define PATIENCE_US	30000
#define SCRIBBLE	64

static atomic_ulong *calls, *good;

/**
 * struct fuzz - a process
 * @rng: its random numbers
 * @owner: it owns a bus
 * @fds: sockets and files, or -1
 * @w: the last message that was made
 * @other: the one before
 */
struct fuzz {
	struct rng rng;
	bool owner;
	int fds[SLOTS];
	struct writer w;
	struct writer other;
};

static int *random_slot(struct fuzz *f)
{
	return &f->fds[rng_below(&f->rng, SLOTS)];
}

static int random_fd(struct fuzz *f)
{
	int i, fd = -1;

	for (i = 0; i < 5 && fd < 0; i++)
		fd = *random_slot(f);
	return fd;
}

static void keep(struct fuzz *f, int fd)
{
	int *slot = random_slot(f);

	if (fd < 0)
		return;
	if (*slot >= 0)
		close(*slot);
	*slot = fd;
}

static long note(long result)
{
	atomic_fetch_add_explicit(calls, 1, memory_order_relaxed);
	if (result >= 0)
		atomic_fetch_add_explicit(good, 1, memory_order_relaxed);
	return result;
}

static socklen_t random_address(struct fuzz *f, struct sockaddr_un *sun)
{
	uint32_t len = sizeof(*sun);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = rng_once_in(&f->rng, 20) ? AF_UNIX : kdbus_family();
	snprintf(sun->sun_path, sizeof(sun->sun_path), DIR "/bus-%u",
		 rng_below(&f->rng, BUSES));
	if (rng_once_in(&f->rng, 10))
		sun->sun_path[rng_below(&f->rng, 100)] =
			rng_below(&f->rng, 256);
	if (rng_once_in(&f->rng, 10))
		len = rng_below(&f->rng, sizeof(*sun) + 20);
	return len;
}

static int new_socket(struct fuzz *f)
{
	int flags = rng_once_in(&f->rng, 30) ? 0 : SOCK_NONBLOCK;

	return note(socket(kdbus_family(), SOCK_STREAM | flags, 0));
}

static void do_socket(struct fuzz *f)
{
	keep(f, new_socket(f));
}

static void do_connect(struct fuzz *f)
{
	static const char hello[] = "\0AUTH EXTERNAL 30\r\nBEGIN\r\n";
	struct sockaddr_un sun;
	socklen_t len = random_address(f, &sun);
	int fd = rng_once_in(&f->rng, 4) ? random_fd(f) : new_socket(f);

	if (note(connect(fd, (struct sockaddr *)&sun, len)) == 0 &&
	    !rng_once_in(&f->rng, 8))
		note(send(fd, hello, sizeof(hello) - 1, MSG_NOSIGNAL));
	if (fd != random_fd(f))
		keep(f, dup(fd));
}

static void do_bind(struct fuzz *f)
{
	struct sockaddr_un sun;
	socklen_t len = random_address(f, &sun);
	int fd = rng_once_in(&f->rng, 2) ? random_fd(f) : new_socket(f);

	if (f->owner && rng_once_in(&f->rng, 2))
		unlink(sun.sun_path);
	if (note(bind(fd, (struct sockaddr *)&sun, len)) == 0) {
		chmod(sun.sun_path, 0666);
		note(listen(fd, rng_below(&f->rng, 20)));
	}
	keep(f, dup(fd));
}

static void do_listen(struct fuzz *f)
{
	note(listen(random_fd(f), rng_below(&f->rng, 5)));
}

static void do_accept(struct fuzz *f)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	int fd = random_fd(f);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	keep(f, note(accept4(fd, (struct sockaddr *)&sun, &len,
			     SOCK_NONBLOCK)));
}

static void do_close(struct fuzz *f)
{
	int *slot = random_slot(f);

	if (*slot >= 0)
		note(close(*slot));
	*slot = -1;
}

static void do_shutdown(struct fuzz *f)
{
	if (rng_once_in(&f->rng, 4))
		note(shutdown(random_fd(f), rng_below(&f->rng, 4)));
}

/* A message, good or damaged; or one of the last two once more. */
static void make_message(struct fuzz *f)
{
	struct generator g = { .rng = f->rng, .spoil = -1 };
	struct writer w = f->other;
	struct spec spec = {
		.type = 1 + rng_below(&f->rng, 4),
		.flags = rng_below(&f->rng, 4),
		.serial = 1 + rng_below(&f->rng, 8),
		.path = "/a", .interface = "a.b", .member = "M",
		.to = rng_once_in(&f->rng, 3) ? "org.example.N1" : ":1.1",
		.bytes = rng_once_in(&f->rng, 20) ?
			rng_below(&f->rng, 300000) : rng_below(&f->rng, 100),
	};

	if (rng_once_in(&f->rng, 5))
		return;
	f->other = f->w;
	f->w = w;
	writer_free(&f->w);
	if (rng_once_in(&f->rng, 4)) {
		generate_message(&g);
		f->rng = g.rng;
		f->w = g.w;
	} else {
		if (spec.type == RETURN || spec.type == ERROR)
			spec.reply_serial = 1 + rng_below(&f->rng, 8);
		if (spec.type == ERROR)
			spec.error = "a.b.E";
		if (rng_once_in(&f->rng, 4))
			spec.to = NULL;
		if (rng_once_in(&f->rng, 8))
			spec.fds = rng_below(&f->rng, 4);
		f->w = message(&spec);
	}
	if (f->w.len && f->other.len && rng_once_in(&f->rng, 3))
		mutate_message(&f->rng, &f->w, &f->other);
}

static void *scribble(void *arg)
{
	volatile uint8_t *at = arg;
	int i;

	for (i = 0; i < 2000; i++)
		at[i % SCRIBBLE] ^= 1 << i % 8;
	return NULL;
}

static int domain_of(int fd)
{
	int domain;
	socklen_t len = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) ? -1 : domain;
}

/*
 * No socket of the module goes by AF_UNIX, as such circles stay: the kernel looks
 * for its own sockets alone (see docs/design.md, section 7).
 */
static void add_files(struct fuzz *f, int to, struct msghdr *msg, char *control)
{
	struct cmsghdr *cmsg = (struct cmsghdr *)control;
	int i, n = 1 + rng_below(&f->rng, 3), fd;

	msg->msg_control = control;
	msg->msg_controllen = CMSG_SPACE(n * sizeof(int));
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = rng_once_in(&f->rng, 10) ? (int)rng_below(&f->rng, 5) :
						     SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
	if (rng_once_in(&f->rng, 20))
		cmsg->cmsg_len = rng_once_in(&f->rng, 2) ?
			0 : rng_below(&f->rng, 100);
	for (i = 0; i < n; i++) {
		fd = rng_once_in(&f->rng, 2) ? 0 : random_fd(f);
		if (domain_of(fd) == kdbus_family() && domain_of(to) == AF_UNIX)
			fd = 0;
		memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &fd, sizeof(int));
	}
}

static void do_send(struct fuzz *f)
{
	char control[CMSG_SPACE(8 * sizeof(int))] = {};
	struct iovec iov;
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int flags = MSG_NOSIGNAL, to = random_fd(f);
	pthread_t thread;
	bool raced;

	make_message(f);
	iov = (struct iovec){ .iov_base = f->w.p, .iov_len = f->w.len };
	if (!f->w.len)
		return;
	if (rng_once_in(&f->rng, 6))
		iov.iov_len = rng_below(&f->rng, f->w.len + 1);
	if (rng_once_in(&f->rng, 100))
		iov.iov_base = (void *)8;
	if (rng_once_in(&f->rng, 5))
		add_files(f, to, &msg, control);
	if (!rng_once_in(&f->rng, 50))
		flags |= MSG_DONTWAIT;
	if (rng_once_in(&f->rng, 50))
		flags |= 1 << rng_below(&f->rng, 16);
	raced = f->w.len > SCRIBBLE && rng_once_in(&f->rng, 50) &&
		!pthread_create(&thread, NULL, scribble, f->w.p);
	note(sendmsg(to, &msg, flags));
	if (raced)
		pthread_join(thread, NULL);
}

static void keep_files(struct fuzz *f, struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	size_t i, n;
	int fd;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET ||
		    cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int),
			       sizeof(fd));
			keep(f, fd);
		}
	}
}

static void do_receive(struct fuzz *f)
{
	static char room[70000], control[CMSG_SPACE(20 * sizeof(int))];
	struct iovec iov = {
		.iov_base = room,
		.iov_len = rng_once_in(&f->rng, 3) ?
			rng_below(&f->rng, 200) : sizeof(room),
	};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
		.msg_controllen = rng_once_in(&f->rng, 8) ?
			rng_below(&f->rng, 40) : sizeof(control),
	};
	int flags = MSG_DONTWAIT;

	if (rng_once_in(&f->rng, 10))
		flags |= 1 << rng_below(&f->rng, 16);
	if (rng_once_in(&f->rng, 100))
		iov.iov_base = (void *)8;
	if (note(recvmsg(random_fd(f), &msg, flags)) >= 0)
		keep_files(f, &msg);
}

static void do_look(struct fuzz *f)
{
	struct sockaddr_un sun;
	socklen_t len = rng_below(&f->rng, sizeof(sun) + 1);
	struct pollfd p = { .fd = random_fd(f), .events = 0xffff };
	int amount;

	note(poll(&p, 1, 0));
	note(ioctl(random_fd(f), rng_once_in(&f->rng, 2) ? SIOCINQ : SIOCOUTQ,
		   rng_once_in(&f->rng, 30) ? NULL : &amount));
	if (rng_once_in(&f->rng, 2))
		note(getsockname(random_fd(f), (struct sockaddr *)&sun, &len));
	else
		note(getpeername(random_fd(f), (struct sockaddr *)&sun, &len));
}

static void do_epoll(struct fuzz *f)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int ep;

	if (!rng_once_in(&f->rng, 10))
		return;
	ep = epoll_create1(EPOLL_CLOEXEC);
	note(epoll_ctl(ep, EPOLL_CTL_ADD, random_fd(f), &event));
	note(epoll_wait(ep, &event, 1, 0));
	keep(f, ep);
}

static const char *const texts[] = {
	":1.1", ":1.2", ":1.3", "org.example.N1", "org.example.N2",
	"org.freedesktop.DBus", "type='signal'", "interface='a.b'",
	"sender='org.example.N1',member='M'", "arg0='x',path='/a'",
	"path_namespace='/',eavesdrop=true", "",
};

/* What the owner of a bus says of names and rules. */
static void say_text(struct fuzz *f, int fd)
{
	static const int options[] = {
		KDBUS_NAME_PUBLISH, KDBUS_NAME_PUBLISH, KDBUS_NAME_WITHDRAW,
		KDBUS_MATCH_ADD, KDBUS_MATCH_REMOVE, KDBUS_BUS_MATCH_ADD,
		KDBUS_BUS_MATCH_REMOVE, KDBUS_BUS_NEW,
	};
	const char *text = rng_pick(&f->rng, texts);
	char other[600];

	if (rng_once_in(&f->rng, 6)) {
		generate_name_text(&f->rng, other);
		text = other;
	}
	note(set_option(fd, rng_pick(&f->rng, options), text, strlen(text)));
}

static void say_config(struct fuzz *f, int fd)
{
	struct kdbus_bus_config config = {
		.flags = rng_once_in(&f->rng, 4) ? rng_below(&f->rng, 8) : 3,
		.max_message_size = rng_once_in(&f->rng, 4) ? 1000 : 1 << 20,
		.max_outgoing_bytes = rng_once_in(&f->rng, 4) ? 3000 : 1 << 22,
		.max_outgoing_fds = rng_below(&f->rng, 20),
		.max_message_fds = rng_below(&f->rng, 16),
		.max_replies = rng_below(&f->rng, 50),
	};

	note(set_option(fd, KDBUS_BUS_CONFIG, &config, sizeof(config)));
}

static void say_approval(struct fuzz *f, int fd)
{
	union {
		char bytes[200];
		struct kdbus_approval a;
	} u = {
		.a = {
			.recipient = rng_below(&f->rng, 20),
			.fields = rng_below(&f->rng, 64),
			.type = rng_below(&f->rng, 7),
			.path_len = rng_below(&f->rng, 4),
			.member_len = rng_below(&f->rng, 4),
		},
	};

	note(set_option(fd, KDBUS_APPROVE, &u, sizeof(u.a) + u.a.path_len +
			u.a.member_len));
}

static void say_number(struct fuzz *f, int fd)
{
	static const int options[] = {
		KDBUS_PEER_CAPS, KDBUS_PEER_CAPS, KDBUS_DONE, KDBUS_DONE,
	};
	uint32_t n = rng_once_in(&f->rng, 10) ? rng_next(&f->rng) :
						rng_below(&f->rng, 8);

	note(set_option(fd, rng_pick(&f->rng, options), &n, sizeof(n)));
}

static void say_nothing(struct fuzz *f, int fd)
{
	static const int options[] = {
		KDBUS_BUS_FORGET, KDBUS_PEER_FORGET, KDBUS_BUS_STAGE,
		KDBUS_BUS_COMMIT, KDBUS_BUS_COMMIT,
	};

	note(set_option(fd, rng_pick(&f->rng, options), NULL, 0));
}

static void say_anything(struct fuzz *f, int fd)
{
	uint64_t words[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = rng_once_in(&f->rng, 3) ? rng_next(&f->rng) : 0;
	note(setsockopt(fd, rng_once_in(&f->rng, 4) ? SOL_SOCKET : SOL_KDBUS,
			rng_below(&f->rng, 80), words,
			rng_below(&f->rng, sizeof(words))));
}

static void do_say(struct fuzz *f)
{
	static void (*const ways[])(struct fuzz *f, int fd) = {
		say_text, say_text, say_text, say_config, say_approval,
		say_number, say_number, say_nothing, say_anything,
	};
	int fd = random_fd(f);

	rng_pick(&f->rng, ways)(f, fd);
}

static void do_ask(struct fuzz *f)
{
	uint64_t words[32];
	socklen_t len = rng_once_in(&f->rng, 4) ?
		rng_below(&f->rng, sizeof(words) + 1) : sizeof(words);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		words[i] = rng_below(&f->rng, 20);
	note(getsockopt(random_fd(f), rng_once_in(&f->rng, 5) ? SOL_SOCKET :
								SOL_KDBUS,
			rng_below(&f->rng, 24), words, &len));
}

/* An AF_UNIX connection, and perhaps somebody who takes it over. */
static void do_attach(struct fuzz *f)
{
	int end[2], fd = random_fd(f);

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, end))
		return;
	if (rng_once_in(&f->rng, 4))
		fd = -1;
	if (rng_once_in(&f->rng, 8)) {
		close(end[1]);
		end[1] = random_fd(f);
	}
	keep(f, note(attach(fd, end[1])));
	if (rng_once_in(&f->rng, 8))
		keep(f, note(attach(random_fd(f), end[0])));
	keep(f, end[0]);
	keep(f, dup(end[1]));
	if (rng_once_in(&f->rng, 2))
		close(end[1]);
}

static void do_proc(struct fuzz *f)
{
	static char text[20000];
	int fd;

	if (!rng_once_in(&f->rng, 20))
		return;
	fd = open("/proc/net/kdbus", O_RDWR | O_CLOEXEC);
	note(read(fd, text, sizeof(text)));
	note(dprintf(fd, "%u fastpath %s", rng_below(&f->rng, 50),
		     rng_once_in(&f->rng, 4) ? "off" : "on"));
	close(fd);
}

static void live(struct fuzz *f)
{
	static void (*const ways[])(struct fuzz *f) = {
		do_socket, do_connect, do_connect, do_bind, do_listen,
		do_accept, do_accept, do_accept, do_close, do_shutdown,
		do_send, do_send, do_send, do_send, do_send, do_send,
		do_receive, do_receive, do_receive, do_receive, do_look,
		do_epoll, do_say, do_say, do_say, do_say, do_ask, do_attach,
		do_proc,
	};

	for (;;)
		rng_pick(&f->rng, ways)(f);
}

static void wake_up(int sig)
{
	(void)sig;
}

/* Whoever waits in a call is interrupted there, and goes on. */
static void wait_never_for_long(void)
{
	const struct sigaction sa = { .sa_handler = wake_up };
	const struct itimerval interval = {
		.it_interval.tv_usec = PATIENCE_US,
		.it_value.tv_usec = PATIENCE_US,
	};

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &interval, NULL);
}

/* One that works, to begin with. */
static void own(struct fuzz *f, unsigned int number)
{
	struct sockaddr_un sun = { .sun_family = kdbus_family() };
	struct kdbus_bus_config config = {
		.flags = 3, .max_message_size = 1 << 20,
		.max_outgoing_bytes = 1 << 22, .max_outgoing_fds = 64,
		.max_message_fds = 16, .max_replies = 100,
	};
	int fd = new_socket(f);

	snprintf(sun.sun_path, sizeof(sun.sun_path), DIR "/bus-%u",
		 number % BUSES);
	unlink(sun.sun_path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) ||
	    chmod(sun.sun_path, 0666) || listen(fd, 10))
		return;
	set_option(fd, KDBUS_BUS_CONFIG, &config, sizeof(config));
	f->fds[0] = fd;
	f->fds[1] = dup(fd);
}

static pid_t start(unsigned int number, uint64_t seed)
{
	struct fuzz f = { .rng.state = seed, .owner = number < OWNERS };
	pid_t pid = fork();
	int i;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < SLOTS; i++)
		f.fds[i] = -1;
	/* One owner is root. */
	if (number && (setgid(NOBODY) || setuid(NOBODY)))
		_exit(1);
	if (f.owner)
		own(&f, number);
	wait_never_for_long();
	live(&f);
	_exit(0);
}

static void a_bus_works(void)
{
	struct peer a, b;
	struct bus bus;

	settle();
	bus_open(&bus);
	assert_ok(bus_configure(&bus));
	peer_open(&bus, &a, ":1.1");
	peer_open(&bus, &b, ":1.2");
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"))));
	peer_close(&a);
	peer_close(&b);
	bus_close(&bus);
	settle();
}

static void trigger(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		print_message("# cannot write to %s\n", file);
	close(fd);
}

/* Whoever has been killed dies, unless the kernel does not let go of him. */
static void bury(pid_t pid)
{
	int i;

	kill(pid, SIGKILL);
	for (i = 0; i < 1000; i++) {
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return;
		usleep(slowly(30) * 1000);
	}
	/* Where all processors are, and who is blocked. */
	trigger("/proc/sys/kernel/printk", "8");
	trigger("/proc/sysrq-trigger", "l");
	trigger("/proc/sysrq-trigger", "w");
	fail_msg("process %d has been killed and does not die", pid);
}

static int seconds = 20;
static uint64_t seed;

static void run(void **state)
{
	pid_t pids[OWNERS + CLIENTS];
	struct rng rng = { seed };
	unsigned int i, kills = 0;
	time_t end = time(NULL) + seconds;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		pids[i] = start(i, rng_next(&rng));
	while (time(NULL) < end) {
		usleep(rng_below(&rng, LIFE_MS * 1000 / ARRAY_SIZE(pids)));
		i = rng_below(&rng, ARRAY_SIZE(pids));
		bury(pids[i]);
		pids[i] = start(i, rng_next(&rng));
		kills++;
	}
	for (i = 0; i < ARRAY_SIZE(pids); i++)
		bury(pids[i]);
	printf("# %lu calls, %lu of them without an error, %u kills\n",
	       *calls, *good, kills);
	fflush(stdout);
	/* Something has been reached. */
	assert_true(*good > *calls / 20);
	a_bus_works();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(run) };

	if (argc > 1)
		seconds = atoi(argv[1]);
	seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	printf("# seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	calls = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	good = calls + 1;
	signal(SIGPIPE, SIG_IGN);
	mkdir(DIR, 0777);
	chmod(DIR, 0777);
	kdbus_family();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("fuzz-sockets", tests, NULL, NULL);
}
