// SPDX-License-Identifier: GPL-2.0-only
/*
 * soak-attach ROUNDS: connections are taken over in the middle of what their
 * clients write, while others talk to each other.
 *
 * In each round a client writes lines and messages in odd pieces to an AF_UNIX
 * socket, which the owner of the bus attaches at some moment and relays by hand
 * until the module delivers.  The recipient has to see every message of every
 * round, once and in order; the client has to see what the owner has sent.
 * Every fourth message, either way, brings a file that is as long as the serial
 * says.
 * Speaks TAP.
 */

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fakebus.h"
#include "slow.h"

#define MESSAGES	12	/* of a client in a round */
#define ANSWERS		4	/* of the owner */
#define BODY		700
#define SHARED		":1.9"
#define WINDOW		50	/* messages of the others that are unread at most */
#define ROUND_MS	30000
#define FILES_LEFT	200	/* that others may have opened meanwhile */

static const char lines[] = "\0AUTH EXTERNAL 30\r\nBEGIN\r\n";
static const char answer[] = "OK 0123456789abcdef0123456789abcdef\r\n";

/* Bytes and files as they come, taken apart into messages. */
struct stream {
	uint8_t bytes[65536];
	size_t len;
	int files[MESSAGES];
	int n_files;
	bool bare;	/* no file comes at all */
	bool gaps;	/* others get some of the messages */
	bool began;
	uint32_t next;
	uint32_t count;
	const char *who;
};

static struct bus bus;
static struct peer sender, recipient, to;
static uint32_t others_read;
static bool stop;

static void broken(const char *who, const char *what, uint32_t got,
		   uint32_t expected)
{
	printf("not ok 1 - %s: %s %u instead of %u\n", who, what, got, expected);
	fflush(stdout);
	_exit(1);
}

static uint32_t number_at(const uint8_t *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

/* Length of the message at the front, 0 if it is not there as a whole. */
static size_t whole(const struct stream *s)
{
	size_t len;

	if (s->len < 16)
		return 0;
	if (s->bytes[0] != 'l')
		broken(s->who, "a message begins with", s->bytes[0], 'l');
	len = 16 + ((number_at(s->bytes + 12) + 7) & ~7u) +
	      number_at(s->bytes + 4);
	return len <= s->len ? len : 0;
}

static void skip_bytes(struct stream *s, size_t len)
{
	memmove(s->bytes, s->bytes + len, s->len - len);
	s->len -= len;
}

/* What comes before the messages. */
static void skip_lines(struct stream *s, const char *text, size_t len)
{
	if (s->began || s->len < len)
		return;
	if (memcmp(s->bytes, text, len))
		broken(s->who, "first byte", s->bytes[0], text[0]);
	skip_bytes(s, len);
	s->began = true;
}

/* ---- the files ---- */

static bool brings_a_file(uint32_t serial)
{
	return serial % 4 == 0;
}

static int file_of_size(uint32_t size)
{
	int fd = memfd_create("soak", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, size))
		broken("a file", "error", errno, 0);
	return fd;
}

static void keep_files(struct stream *s, struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int n = cmsg ? (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

	if ((msg->msg_flags & MSG_CTRUNC) || s->n_files + n > MESSAGES)
		broken(s->who, "files", s->n_files + n, MESSAGES);
	if (n)
		memcpy(s->files + s->n_files, CMSG_DATA(cmsg), n * sizeof(int));
	s->n_files += n;
}

/* Takes the file that came with a message; -1 if it is one that brings none. */
static int take_file(struct stream *s, uint32_t serial)
{
	int fd = s->files[0];
	struct stat st;

	if (s->bare || !brings_a_file(serial))
		return -1;
	if (!s->n_files)
		broken(s->who, "files with a message", 0, 1);
	memmove(s->files, s->files + 1, --s->n_files * sizeof(int));
	if (fstat(fd, &st) || (uint64_t)st.st_size != serial)
		broken(s->who, "a file of size", st.st_size, serial);
	return fd;
}

/* No more have come than messages that bring some. */
static void no_file_left(const struct stream *s)
{
	if (s->n_files)
		broken(s->who, "files too many", s->n_files, 0);
}

/* The number of files that are open in the whole guest. */
static long files_open(void)
{
	FILE *file = fopen("/proc/sys/fs/file-nr", "re");
	long n;

	if (!file || fscanf(file, "%ld", &n) != 1)
		broken("file-nr", "error", errno, 0);
	fclose(file);
	return n;
}

/* ---- the messages ---- */

/* False if there is nothing now. */
static bool read_some(int fd, struct stream *s, int flags)
{
	char control[CMSG_SPACE(MESSAGES * sizeof(int))];
	struct iovec iov = { s->bytes + s->len, sizeof(s->bytes) - s->len };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(fd, &msg, flags | MSG_CMSG_CLOEXEC);

	if (n > 0) {
		s->len += n;
		keep_files(s, &msg);
	} else if (!n || errno != EAGAIN) {
		broken(s->who, "the stream ends with error", n ? errno : 0, 0);
	}
	return n > 0;
}

/* Checks the number of the message at the front, and takes its file, if any. */
static int check_message(struct stream *s)
{
	uint32_t serial = number_at(s->bytes + 8);

	if (s->gaps ? serial < s->next : serial != s->next)
		broken(s->who, "message", serial, s->next);
	s->next = serial + 1;
	s->count++;
	return take_file(s, serial);
}

static void count_message(struct stream *s, size_t len)
{
	int file = check_message(s);

	if (file >= 0)
		close(file);
	skip_bytes(s, len);
}

static void send_all(int fd, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	ssize_t n;

	for (; len; p += n, len -= n) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n < 0)
			broken("send", "error", errno, 0);
	}
}

/* With a file; returns how many bytes have gone with it. */
static size_t send_file(int fd, const void *bytes, size_t len, int file)
{
	ssize_t n = send_with_fds(fd, bytes, len, &file, 1, 0);

	if (n < 0)
		broken("send with a file", "error", errno, 0);
	close(file);
	return n;
}

static void send_whole(int fd, const uint8_t *bytes, size_t len, int file)
{
	size_t n = file < 0 ? 0 : send_file(fd, bytes, len, file);

	send_all(fd, bytes + n, len - n);
}

static struct writer numbered(const char *dest, uint32_t serial)
{
	return MESSAGE(SPEC_SIGNAL(dest), .serial = serial, .bytes = BODY,
		       .fds = brings_a_file(serial));
}

static struct writer from_the_bus(uint32_t serial)
{
	return MESSAGE(SPEC_SIGNAL(SHARED), .sender = "org.freedesktop.DBus",
		       .serial = serial, .bytes = BODY,
		       .fds = brings_a_file(serial));
}

/* ---- the client of a round ---- */

struct client {
	int fd;
	uint32_t first;
	unsigned int seed;
};

/* With the first piece goes the file, if there is one. */
static void send_in_pieces(struct client *c, const uint8_t *p, size_t len,
			   int file)
{
	size_t n;

	while (len) {
		n = 1 + rand_r(&c->seed) % 900;
		if (n > len)
			n = len;
		send_whole(c->fd, p, n, file);
		file = -1;
		p += n;
		len -= n;
		if (!(rand_r(&c->seed) % 4))
			usleep(rand_r(&c->seed) % 500);
	}
}

static void send_gathered(struct client *c, struct writer *all, int file)
{
	send_in_pieces(c, all->p, all->len, file);
	writer_free(all);
}

/* Like libdbus, it sends by itself what brings a file. */
static void send_numbered(struct client *c)
{
	struct writer all = { 0 }, w;
	uint32_t i;

	put_bytes(&all, lines, sizeof(lines) - 1);
	for (i = c->first; i != c->first + MESSAGES; i++) {
		if (brings_a_file(i))
			send_gathered(c, &all, -1);
		w = numbered(recipient.name, i);
		put_bytes(&all, w.p, w.len);
		writer_free(&w);
		if (brings_a_file(i))
			send_gathered(c, &all, file_of_size(i));
	}
	send_gathered(c, &all, -1);
}

static void *run_client(void *arg)
{
	struct client *c = arg;
	struct stream s = { .next = c->first, .who = "the client" };
	size_t len;

	send_numbered(c);
	while (s.next != c->first + ANSWERS) {
		read_some(c->fd, &s, 0);
		skip_lines(&s, answer, sizeof(answer) - 1);
		while (s.began && (len = whole(&s)))
			count_message(&s, len);
	}
	no_file_left(&s);
	return NULL;
}

/* ---- the owner of the bus ---- */

static void send_answers(struct peer *peer, uint32_t first)
{
	struct writer w;
	uint32_t i;

	for (i = 0; i < ANSWERS; i++) {
		w = from_the_bus(first + i);
		send_whole(peer->daemon, w.p, w.len,
			   brings_a_file(first + i) ?
			   file_of_size(first + i) : -1);
		writer_free(&w);
	}
}

/* Hands on what the module has left to the owner. */
static void relay_some(struct peer *peer, struct stream *s)
{
	size_t len;

	if (!read_some(peer->daemon, s, MSG_DONTWAIT))
		return;
	skip_lines(s, lines, sizeof(lines) - 1);
	while (s->began && (len = whole(s))) {
		send_whole(recipient.daemon, s->bytes, len, check_message(s));
		skip_bytes(s, len);
		assert_ok(peer_done(peer, 1));
	}
}

/* Returns how many messages the owner has relayed. */
static uint32_t one_round(struct stream *received, uint32_t first,
			  unsigned int *seed)
{
	struct client c = { .first = first, .seed = rand_r(seed) };
	struct stream s = { .next = first, .who = "the owner", .gaps = true };
	struct peer peer = { .bus = &bus, .attached = true };
	uint32_t end = first + MESSAGES;
	int pair[2], wait = rand_r(seed) % 200;
	pthread_t thread;
	size_t len;

	assert_ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	c.fd = pair[0];
	if (pthread_create(&thread, NULL, run_client, &c))
		broken("pthread_create", "error", errno, 0);
	if (wait < 100)
		usleep(wait);
	peer.daemon = attach(bus.listener, pair[1]);
	assert_ok(peer.daemon);
	close(pair[1]);
	send_all(peer.daemon, answer, sizeof(answer) - 1);
	while (!s.began)
		relay_some(&peer, &s);
	send_answers(&peer, first);
	if (wait & 1)
		relay_some(&peer, &s);
	assert_ok(peer_publish(&peer, SHARED));
	assert_ok(peer_caps(&peer, CAPS_ALL));
	/* What comes meanwhile has to wait for what is not relayed yet. */
	if (wait & 2)
		usleep(5 * wait);
	while (received->next != end) {
		relay_some(&peer, &s);
		read_some(recipient.client, received, MSG_DONTWAIT);
		while ((len = whole(received)))
			count_message(received, len);
	}
	pthread_join(thread, NULL);
	close(c.fd);
	close(peer.daemon);
	no_file_left(&s);
	no_file_left(received);
	return s.count;
}

/* ---- the others ---- */

static void *send_forever(void *unused)
{
	struct writer w = numbered(to.name, 1);
	uint32_t serial = 1;

	(void)unused;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		if (serial - __atomic_load_n(&others_read, __ATOMIC_RELAXED) >
		    WINDOW) {
			sched_yield();
			continue;
		}
		set_u32(&w, 8, serial);
		send_all(sender.client, w.p, w.len);
		serial++;
	}
	writer_free(&w);
	shutdown(sender.client, SHUT_WR);
	return (void *)(uintptr_t)(serial - 1);
}

static void *receive_forever(void *unused)
{
	struct stream s = { .next = 1, .who = "the other recipient",
			    .bare = true };
	struct pollfd p = { .fd = to.client, .events = POLLIN };
	size_t len;

	(void)unused;
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED) ||
	       poll(&p, 1, 2000) > 0) {
		if (poll(&p, 1, 100) > 0)
			read_some(to.client, &s, MSG_DONTWAIT);
		while ((len = whole(&s)))
			count_message(&s, len);
		__atomic_store_n(&others_read, s.next - 1, __ATOMIC_RELAXED);
	}
	return (void *)(uintptr_t)(s.next - 1);
}

static void give_up(int sig)
{
	static const char text[] = "not ok 1 - a round takes too long\n";

	(void)sig;
	if (write(1, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

/* What the rounds should have come to. */
static void check_counts(uint32_t rounds, unsigned long relayed)
{
	unsigned long all = (unsigned long)rounds * MESSAGES;
	unsigned long lent = bus_stat(&bus, "lent");

	printf("# %lu messages: %lu relayed, %lu held meanwhile; %lu delivered by the module\n",
	       all, relayed, bus_stat(&bus, "held"), bus_stat(&bus, "signals"));
	if (relayed <= all / 4 || relayed >= all)
		broken("the owner", "messages relayed", relayed, all / 2);
	if (lent < all / 4)
		broken("the owner", "messages with files", lent, all / 4);
}

int main(int argc, char **argv)
{
	uint32_t rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 500, i;
	struct stream received = { .next = 1, .who = "the recipient" };
	unsigned long relayed = 0;
	long files;
	pthread_t writer, reader;
	unsigned int seed = 1;
	void *sent, *got;

	transport = ATTACHED;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, give_up);
	puts("1..1");
	bus_open(&bus);
	assert_ok(bus_configure(&bus));
	peer_open(&bus, &sender, ":1.1");
	peer_open(&bus, &to, ":1.2");
	peer_open(&bus, &recipient, ":1.3");
	if (pthread_create(&writer, NULL, send_forever, NULL) ||
	    pthread_create(&reader, NULL, receive_forever, NULL))
		broken("pthread_create", "error", errno, 0);
	files = files_open();
	for (i = 0; i < rounds; i++) {
		alarm(slowly(ROUND_MS / 1000));
		relayed += one_round(&received, 1 + i * MESSAGES, &seed);
		if (i % 1000 == 999) {
			printf("# %u rounds\n", i + 1);
			fflush(stdout);
		}
	}
	alarm(slowly(ROUND_MS / 1000));
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(writer, &sent);
	pthread_join(reader, &got);
	if (sent != got)
		broken("the other recipient", "messages", (uintptr_t)got,
		       (uintptr_t)sent);
	printf("# %lu messages beside them\n", (unsigned long)(uintptr_t)sent);
	check_counts(rounds, relayed);
	if (files_open() > files + FILES_LEFT)
		broken("the guest", "open files", files_open(), files);
	printf("ok 1 - %u connections attached in mid-stream\n", rounds);
	bus_close(&bus);
	return 0;
}
