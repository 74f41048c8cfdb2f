// SPDX-License-Identifier: GPL-2.0-only
/* The same code on AF_UNIX and on AF_DBUS: see twin.h. */

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "slow.h"
#include "twin.h"
#include "../../src/uapi/kdbus.h"

/* Seconds that a scenario may take on one family. */
#define TWIN_LIMIT	40

static pid_t twin_main_pid;

/**
 * twin_kdbus_family() - the number of AF_DBUS, or -1 if there is no module
 */
int twin_kdbus_family(void)
{
	FILE *file = fopen(KDBUS_FAMILY_FILE, "re");
	int family = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%d", &family) != 1)
		family = -1;
	fclose(file);
	return family;
}

void twin_broken(const char *what, const char *file, int line)
{
	print_error("# %s:%d: not true: %s (%s)\n", file, line, what,
		    strerror(errno));
	if (getpid() != twin_main_pid)
		_exit(99);
	_fail(file, line);
	abort();
}

static void twin_too_slow(int sig)
{
	static const char text[] = "Bail out! A scenario never ends.\n";

	(void)sig;
	(void)!write(STDOUT_FILENO, text, sizeof(text) - 1);
	_exit(98);
}

static char *twin_notes(int log)
{
	off_t size = lseek(log, 0, SEEK_END);
	char *text = calloc(1, size + 1);

	must(text && pread(log, text, size, 0) == size);
	close(log);
	return text;
}

static char *twin_run_on(void (*scenario)(struct twin *t), int family,
			 bool swap)
{
	struct twin t = {
		.family = family,
		.swap = swap,
		.log = memfd_create("notes", MFD_CLOEXEC),
	};
	char dir[] = "/tmp/twin-XXXXXX";

	must(t.log >= 0 && mkdtemp(dir) && !chmod(dir, 0755) && !chdir(dir));
	umask(022);
	signal(SIGALRM, twin_too_slow);
	alarm(slowly(TWIN_LIMIT));
	scenario(&t);
	alarm(0);
	must(!chdir("/"));
	return twin_notes(t.log);
}

/* Some lines of a text from where it differs from another. */
static void twin_show(const char *title, const char *text, size_t from)
{
	int lines = 4;

	while (from && lines)
		lines -= text[--from] == '\n';
	from += !!from;
	print_error("# %s:\n", title);
	for (lines = 0; lines < 12 && text[from]; lines++) {
		size_t len = strcspn(text + from, "\n");

		print_error("#   %.*s\n", (int)len, text + from);
		from += len + !!text[from + len];
	}
}

static void twin_compare(const char *want, const char *got, bool swap)
{
	size_t i = 0;

	while (want[i] && want[i] == got[i])
		i++;
	if (!want[i] && !got[i])
		return;
	print_error("# they differ%s\n", swap ? " with ends swapped" : "");
	twin_show("AF_UNIX", want, i);
	twin_show("AF_DBUS", got, i);
	fail();
}

/**
 * twin_run() - run a scenario on both families and compare
 * @scenario: the scenario, in an empty directory of its own
 * @swap: swap the ends of pairs
 */
void twin_run(void (*scenario)(struct twin *t), bool swap)
{
	char *want, *got;
	int family = twin_kdbus_family();

	twin_main_pid = getpid();
	must(family > 0);
	want = twin_run_on(scenario, AF_UNIX, swap);
	got = twin_run_on(scenario, family, swap);
	/* A scenario that saw nothing has compared nothing. */
	assert_true(*want);
	twin_compare(want, got, swap);
	free(want);
	free(got);
}

/**
 * twin_say() - note something
 * @t: the run
 * @format: as of printf()
 */
void twin_say(struct twin *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vdprintf(t->log, format, args);
	va_end(args);
	dprintf(t->log, "\n");
}

/**
 * twin_note() - note what a call has returned, and errno if it failed
 * @t: the run
 * @what: the call
 * @ret: its result
 *
 * Return: @ret
 */
long twin_note(struct twin *t, const char *what, long ret)
{
	if (ret < 0)
		twin_say(t, "%s = %ld %s", what, ret, strerrorname_np(errno));
	else
		twin_say(t, "%s = %ld", what, ret);
	return ret;
}

/**
 * twin_note_ok() - note whether a call has failed
 * @t: the run
 * @what: the call
 * @ret: its result
 *
 * Return: @ret
 */
long twin_note_ok(struct twin *t, const char *what, long ret)
{
	twin_note(t, what, ret < 0 ? -1 : 0);
	return ret;
}

int twin_socket(const struct twin *t)
{
	int fd = socket(t->family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0);
	return fd;
}

socklen_t twin_address(const struct twin *t, struct sockaddr_un *sun,
		       const char *path)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = t->family;
	must(strlen(path) < sizeof(sun->sun_path));
	strcpy(sun->sun_path, path);
	return offsetof(struct sockaddr_un, sun_path) + strlen(path) + 1;
}

int twin_bind(const struct twin *t, int fd, const char *path)
{
	struct sockaddr_un sun;
	socklen_t len = twin_address(t, &sun, path);

	return bind(fd, (struct sockaddr *)&sun, len);
}

int twin_connect(const struct twin *t, int fd, const char *path)
{
	struct sockaddr_un sun;
	socklen_t len = twin_address(t, &sun, path);

	return connect(fd, (struct sockaddr *)&sun, len);
}

int twin_listener(const struct twin *t, const char *path, int backlog)
{
	int fd = twin_socket(t);

	must(!twin_bind(t, fd, path));
	must(!listen(fd, backlog));
	return fd;
}

int twin_client(const struct twin *t, const char *path)
{
	int fd = twin_socket(t);

	must(!twin_connect(t, fd, path));
	return fd;
}

/**
 * twin_pair() - make a connection
 * @t: the run
 * @end: the end that has connected and the end that was accepted, or the other
 *	way round if the ends are swapped
 */
void twin_pair(const struct twin *t, int end[2])
{
	int listener = twin_listener(t, "pair", 1);

	end[t->swap] = twin_client(t, "pair");
	end[!t->swap] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	must(end[!t->swap] >= 0);
	close(listener);
	must(!unlink("pair"));
}

void twin_pair_close(int end[2])
{
	close(end[0]);
	close(end[1]);
}

void twin_nonblock(int fd)
{
	must(!fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK));
}

void twin_sleep_ms(int ms)
{
	struct timespec ts = {
		.tv_sec = slowly(ms) / 1000,
		.tv_nsec = slowly(ms) % 1000 * 1000000L,
	};

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* How often a process has gone to sleep, or -1 if it does something now. */
static long twin_sleeps(pid_t pid)
{
	char path[40], line[100], state = '?';
	long sleeps = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	must(file);
	while (fgets(line, sizeof(line), file)) {
		sscanf(line, "State: %c", &state);
		sscanf(line, "voluntary_ctxt_switches: %ld", &sleeps);
	}
	fclose(file);
	return state == 'S' ? sleeps : -1;
}

/**
 * twin_await_rest() - wait until a child waits for something
 * @pid: the child
 * @ms: and has done so for so long
 */
void twin_await_rest(pid_t pid, int ms)
{
	long before, after = -1;

	do {
		before = after;
		twin_sleep_ms(ms);
		after = twin_sleeps(pid);
	} while (after < 0 || after != before);
}

/**
 * twin_timeout() - set a time limit of a socket
 * @fd: the socket
 * @option: SO_RCVTIMEO or SO_SNDTIMEO
 * @ms: milliseconds, 0 for none
 */
void twin_timeout(int fd, int option, int ms)
{
	const struct timeval tv = {
		.tv_sec = slowly(ms) / 1000,
		.tv_usec = slowly(ms) % 1000 * 1000,
	};

	must(!setsockopt(fd, SOL_SOCKET, option, &tv, sizeof(tv)));
}

static const char *twin_events(uint32_t events, char *text, size_t size)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} bits[] = {
		{ EPOLLIN, " in" },	  { EPOLLOUT, " out" },
		{ EPOLLERR, " err" },	  { EPOLLHUP, " hup" },
		{ EPOLLRDHUP, " rdhup" }, { EPOLLRDNORM, " rdnorm" },
		{ EPOLLWRNORM, " wrnorm" }, { EPOLLPRI, " pri" },
	};
	size_t i;

	*text = '\0';
	for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (events & bits[i].bit)
			strncat(text, bits[i].name, size - strlen(text) - 1);
	return *text ? text : " nothing";
}

/**
 * twin_poll() - note what poll() sees
 * @t: the run
 * @what: name for the note
 * @fd: the socket
 */
void twin_poll(struct twin *t, const char *what, int fd)
{
	struct pollfd p = {
		.fd = fd,
		.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLRDNORM |
			  EPOLLWRNORM | EPOLLPRI,
	};
	char text[100];

	must(poll(&p, 1, 0) >= 0);
	twin_say(t, "poll %s:%s", what,
		 twin_events((uint16_t)p.revents, text, sizeof(text)));
}

/**
 * twin_epoll() - note what an epoll instance has to say
 * @t: the run
 * @what: name for the note
 * @epoll: the instance, with one socket
 */
void twin_epoll(struct twin *t, const char *what, int epoll)
{
	struct epoll_event event = {};
	char text[100];

	must(epoll_wait(epoll, &event, 1, 0) >= 0);
	twin_say(t, "epoll %s:%s", what,
		 twin_events(event.events, text, sizeof(text)));
}

/**
 * twin_fill() - write until there is no room
 * @fd: the socket
 *
 * Return: bytes written.
 */
size_t twin_fill(int fd)
{
	static const char block[1000];
	size_t sum = 0;
	ssize_t n;

	while ((n = send(fd, block, sizeof(block),
			 MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		sum += n;
	must(n < 0 && errno == EAGAIN);
	return sum;
}

/**
 * twin_drain() - read until there is nothing
 * @fd: the socket
 *
 * Return: bytes read.
 */
size_t twin_drain(int fd)
{
	static char block[10000];
	size_t sum = 0;
	ssize_t n;

	while ((n = recv(fd, block, sizeof(block), MSG_DONTWAIT)) > 0)
		sum += n;
	must(n == 0 || errno == EAGAIN);
	return sum;
}

static int twin_child_slot(const struct twin *t, pid_t pid)
{
	int i;

	for (i = 0; i < TWIN_CHILDREN && t->children[i].pid != pid; i++)
		;
	must(i < TWIN_CHILDREN);
	return i;
}

/**
 * twin_fork() - run a part of a scenario in another process
 * @t: the run
 * @child: what to do
 * @arg: passed to it
 *
 * Return: its process, which ends when @child returns.
 */
pid_t twin_fork(struct twin *t, void (*child)(struct twin *t, void *arg),
		void *arg)
{
	int slot = twin_child_slot(t, 0);
	int log = memfd_create("child", MFD_CLOEXEC);
	pid_t pid = fork();

	must(log >= 0 && pid >= 0);
	if (pid) {
		t->children[slot].pid = pid;
		t->children[slot].log = log;
		return pid;
	}
	t->log = log;
	alarm(slowly(TWIN_LIMIT));
	child(t, arg);
	_exit(0);
}

/**
 * twin_wait() - wait for a child
 * @t: the run
 * @pid: the child, which has to end well
 */
void twin_wait(struct twin *t, pid_t pid)
{
	int slot = twin_child_slot(t, pid), status = -1;
	char *notes;

	must(waitpid(pid, &status, 0) == pid);
	notes = twin_notes(t->children[slot].log);
	t->children[slot].pid = 0;
	dprintf(t->log, "%s", notes);
	free(notes);
	must(status == 0);
}

/**
 * twin_become() - be another user for good; in a child
 * @uid: user, whose group has the same number
 */
void twin_become(uid_t uid)
{
	const gid_t groups[] = { uid, FRIENDS };

	must(!setgroups(2, groups));
	must(!setresgid(uid, uid, uid));
	must(!setresuid(uid, uid, uid));
}
