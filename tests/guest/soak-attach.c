// SPDX-License-Identifier: GPL-2.0-only
/*
 * soak-attach ROUNDS: connections are taken over in the middle of what their
 * clients write, while others talk to each other.
 *
 * In each round a client writes lines and messages in odd pieces to an AF_UNIX
 * socket, which the owner of the bus attaches at some moment and relays by hand
 * until the module delivers.  The recipient has to see every message of every
 * round, once and in order; the client has to see what the owner has sent.
 * Speaks TAP.
 */

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fakebus.h"
#include "slow.h"

#define MESSAGES	12	/* of a client in a round */
#define ANSWERS		4	/* of the owner */
#define BODY		700
#define SHARED		":1.9"
#define WINDOW		50	/* messages of the others that are unread at most */
#define ROUND_MS	30000

static const char lines[] = "\0AUTH EXTERNAL 30\r\nBEGIN\r\n";
static const char answer[] = "OK 0123456789abcdef0123456789abcdef\r\n";

/* Bytes as they come, taken apart into messages. */
struct stream {
	uint8_t bytes[65536];
	size_t len;
	bool began;
	uint32_t next;
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

/* False if there is nothing now. */
static bool read_some(int fd, struct stream *s, int flags)
{
	ssize_t n = recv(fd, s->bytes + s->len, sizeof(s->bytes) - s->len,
			 flags);

	if (n > 0)
		s->len += n;
	else if (!n || errno != EAGAIN)
		broken(s->who, "the stream ends with error", n ? errno : 0, 0);
	return n > 0;
}

/* Checks the number of the message at the front and goes on to the next. */
static void count_message(struct stream *s, size_t len)
{
	uint32_t serial = number_at(s->bytes + 8);

	if (serial != s->next)
		broken(s->who, "message", serial, s->next);
	s->next++;
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

static struct writer numbered(const char *dest, uint32_t serial)
{
	return MESSAGE(SPEC_SIGNAL(dest), .serial = serial, .bytes = BODY);
}

static struct writer from_the_bus(uint32_t serial)
{
	return MESSAGE(SPEC_SIGNAL(SHARED), .sender = "org.freedesktop.DBus",
		       .serial = serial, .bytes = BODY);
}

/* ---- the client of a round ---- */

struct client {
	int fd;
	uint32_t first;
	unsigned int seed;
};

static void send_in_pieces(struct client *c, const uint8_t *p, size_t len)
{
	size_t n;

	while (len) {
		n = 1 + rand_r(&c->seed) % 900;
		if (n > len)
			n = len;
		send_all(c->fd, p, n);
		p += n;
		len -= n;
		if (!(rand_r(&c->seed) % 4))
			usleep(rand_r(&c->seed) % 500);
	}
}

static void *run_client(void *arg)
{
	struct client *c = arg;
	struct stream s = { .next = c->first, .who = "the client" };
	struct writer all = { 0 }, w;
	uint32_t i;
	size_t len;

	put_bytes(&all, lines, sizeof(lines) - 1);
	for (i = 0; i < MESSAGES; i++) {
		w = numbered(recipient.name, c->first + i);
		put_bytes(&all, w.p, w.len);
		writer_free(&w);
	}
	send_in_pieces(c, all.p, all.len);
	writer_free(&all);
	while (s.next != c->first + ANSWERS) {
		read_some(c->fd, &s, 0);
		skip_lines(&s, answer, sizeof(answer) - 1);
		while (s.began && (len = whole(&s)))
			count_message(&s, len);
	}
	return NULL;
}

/* ---- the owner of the bus ---- */

static void send_answers(struct peer *peer, uint32_t first)
{
	struct writer w;
	uint32_t i;

	for (i = 0; i < ANSWERS; i++) {
		w = from_the_bus(first + i);
		send_all(peer->daemon, w.p, w.len);
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
		send_all(recipient.daemon, s->bytes, len);
		count_message(s, len);
		assert_ok(peer_done(peer, 1));
	}
}

/* Returns how many messages the owner has relayed. */
static uint32_t one_round(struct stream *received, uint32_t first,
			  unsigned int *seed)
{
	struct client c = { .first = first, .seed = rand_r(seed) };
	struct stream s = { .next = first, .who = "the owner" };
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
	return s.next - first;
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
	struct stream s = { .next = 1, .who = "the other recipient" };
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

int main(int argc, char **argv)
{
	uint32_t rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 500, i;
	struct stream received = { .next = 1, .who = "the recipient" };
	unsigned long relayed = 0, fast;
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
	fast = bus_stat(&bus, "signals");
	printf("# %u messages: %lu relayed, %lu held meanwhile; %lu beside them; %lu delivered by the module\n",
	       rounds * MESSAGES, relayed, bus_stat(&bus, "held"),
	       (unsigned long)(uintptr_t)sent, fast);
	if (!relayed || relayed >= (unsigned long)rounds * MESSAGES)
		broken("the owner", "messages relayed", relayed,
		       rounds * MESSAGES / 2);
	printf("ok 1 - %u connections attached in mid-stream\n", rounds);
	bus_close(&bus);
	return 0;
}
