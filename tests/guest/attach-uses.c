// SPDX-License-Identifier: GPL-2.0-only
/* Other ways than send() and recv() of using a client's end that is attached. */

#include <fcntl.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach.h"

#define ROUNDS	50
#define LONG	100000

/* ---- splice() ---- */

/* Through a pipe, in pieces of no more than @piece bytes. */
static void splice_out(int fd, const struct writer *w, size_t piece)
{
	size_t done, n;
	int p[2];

	assert_ok(pipe(p));
	for (done = 0; done < w->len; done += n) {
		n = w->len - done < piece ? w->len - done : piece;
		assert_int_equal(write(p[1], w->p + done, n), n);
		assert_int_equal(splice(p[0], NULL, fd, NULL, n, 0), n);
	}
	close(p[0]);
	close(p[1]);
}

static void spliced(void **state)
{
	struct writer w = fast(), f = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1);
	struct writer whole = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = 30000);
	struct writer got;
	int i, fd = 0, fds[4], count;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		splice_out(a.client, &w, 7);
		expect_fast(&a, &b, &w);
		splice_out(a.client, &whole, whole.len);
		expect_fast(&a, &b, &whole);
		/* AF_UNIX adds it to the piece that has brought the file. */
		assert_int_equal(send_with_fds(a.client, f.p, f.len, &fd, 1,
					       0), f.len);
		splice_out(a.client, &w, 7);
		relay(&a, &b);
		got = receive(b.client, fds, &count);
		assert_int_equal(count, 1);
		close(fds[0]);
		writer_free(&got);
		expect_fast(&a, &b, &w);
	}
	writer_free(&w);
	writer_free(&f);
	writer_free(&whole);
}

static void *write_long_ones(void *arg)
{
	const struct writer *w = arg;
	long i;

	for (i = 0; i < ROUNDS; i++)
		if (send(a.client, w->p, w->len, MSG_NOSIGNAL) !=
		    (ssize_t)w->len)
			break;
	return (void *)i;
}

/* As the client: what is there, through a pipe. */
static size_t splice_in(int fd, uint8_t *to, size_t room, int p[2])
{
	ssize_t n = splice(fd, NULL, p[1], NULL, room, 0), got = 0, r;

	assert_true(n > 0);
	for (; got < n; got += r) {
		r = read(p[0], to + got, n - got);
		assert_true(r > 0);
	}
	return n;
}

/* While more is being written than there is room for. */
static void spliced_by_the_reader(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = LONG);
	struct writer want = MESSAGE(SPEC_SIGNAL(":1.2"), .bytes = LONG,
				     .sender = ":1.1");
	uint8_t *got = malloc(want.len);
	pthread_t thread;
	size_t have, n;
	void *sent;
	int i, p[2];

	(void)state;
	assert_ok(pipe(p));
	assert_int_equal(pthread_create(&thread, NULL, write_long_ones, &w), 0);
	for (i = 0; i < ROUNDS; i++) {
		for (have = 0; have < want.len; have += n)
			n = splice_in(b.client, got + have, want.len - have, p);
		assert_memory_equal(got + want.len - LONG, want.p + want.len -
				    LONG, LONG);
	}
	pthread_join(thread, &sent);
	assert_int_equal((long)sent, ROUNDS);
	expect_nothing(b.client);
	close(p[0]);
	close(p[1]);
	free(got);
	writer_free(&w);
	writer_free(&want);
}

/* ---- io_uring ---- */

struct ring {
	int fd;
	struct io_uring_params p;
	uint8_t *sq, *cq;
	struct io_uring_sqe *sqes;
};

static void *ring_map(const struct ring *r, size_t size, off_t what)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, r->fd,
			what);

	assert_true(at != MAP_FAILED);
	return at;
}

static struct ring ring_open(void)
{
	struct ring r = {};

	r.fd = syscall(SYS_io_uring_setup, 1, &r.p);
	if (r.fd < 0)
		skip();
	r.sq = ring_map(&r, r.p.sq_off.array + 4 * r.p.sq_entries,
			IORING_OFF_SQ_RING);
	r.cq = ring_map(&r, r.p.cq_off.cqes + r.p.cq_entries *
			sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	r.sqes = ring_map(&r, r.p.sq_entries * sizeof(*r.sqes),
			  IORING_OFF_SQES);
	return r;
}

static void ring_put(struct ring *r, const struct io_uring_sqe *sqe)
{
	uint32_t *tail = (uint32_t *)(r->sq + r->p.sq_off.tail);

	r->sqes[0] = *sqe;
	*(uint32_t *)(r->sq + r->p.sq_off.array) = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	assert_int_equal(syscall(SYS_io_uring_enter, r->fd, 1, 0, 0, NULL, 0),
			 1);
}

/* Waits for it to be done. */
static int ring_get(struct ring *r)
{
	uint32_t *head = (uint32_t *)(r->cq + r->p.cq_off.head);
	struct io_uring_cqe *cqes = (void *)(r->cq + r->p.cq_off.cqes);
	int res;

	assert_ok(syscall(SYS_io_uring_enter, r->fd, 0, 1,
			  IORING_ENTER_GETEVENTS, NULL, 0));
	res = cqes[*head & (r->p.cq_entries - 1)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return res;
}

static void ring_close(struct ring *r)
{
	munmap(r->sq, r->p.sq_off.array + 4 * r->p.sq_entries);
	munmap(r->cq, r->p.cq_off.cqes + r->p.cq_entries *
	       sizeof(struct io_uring_cqe));
	munmap(r->sqes, r->p.sq_entries * sizeof(*r->sqes));
	close(r->fd);
}

/* Written at once or by a thread of its own, and asked for before it is there. */
static void by_io_uring(void **state)
{
	struct writer w = fast(), want = MESSAGE(SPEC_SIGNAL(":1.2"),
						 .sender = ":1.1",
						 .text = "fast");
	struct ring out = ring_open(), in = ring_open();
	uint8_t got[1000];
	int i;

	(void)state;
	for (i = 0; i < ROUNDS; i++) {
		ring_put(&in, &(struct io_uring_sqe){
			.opcode = IORING_OP_RECV,
			.fd = b.client,
			.addr = (uintptr_t)got,
			.len = sizeof(got),
		});
		ring_put(&out, &(struct io_uring_sqe){
			.opcode = IORING_OP_SEND,
			.flags = i % 2 ? IOSQE_ASYNC : 0,
			.fd = a.client,
			.addr = (uintptr_t)w.p,
			.len = w.len,
		});
		assert_int_equal(ring_get(&out), w.len);
		assert_int_equal(ring_get(&in), want.len);
		expect_nothing(a.daemon);
		expect_nothing(b.client);
	}
	assert_int_equal(bus_stat(&bus, "signals"), ROUNDS);
	ring_close(&out);
	ring_close(&in);
	writer_free(&w);
	writer_free(&want);
}

/* ---- other processes ---- */

/* What comes through the socket, as somebody else. */
static void use_what_comes(int from)
{
	struct writer w = fast(), got;
	int fds[4], count;

	if (setgid(1001) || setuid(1001))
		_exit(1);
	got = receive(from, fds, &count);
	if (count != 1)
		_exit(2);
	send_bytes(fds[0], w.p, w.len);
	writer_free(&got);
	got = receive(fds[0], NULL, NULL);
	_exit(0);
}

/* The client's end goes to another user's process, which is its last. */
static void handed_to_another(void **state)
{
	struct writer f = MESSAGE(SPEC_SIGNAL(NULL), .fds = 1), w = fast();
	int end[2], status;
	pid_t pid;

	(void)state;
	pair(end);
	pid = fork();
	if (!pid) {
		close(end[0]);
		peer_close(&a);
		use_what_comes(end[1]);
	}
	close(end[1]);
	assert_int_equal(send_with_fds(end[0], f.p, f.len, &a.client, 1, 0),
			 f.len);
	peer_close_client(&a);
	expect_fast(&a, &b, &w);
	assert_ok(kill(pid, 0));
	expect_nothing(a.daemon);
	send_bytes(a.daemon, w.p, w.len);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	expect_end(a.daemon);
	close(end[0]);
	writer_free(&f);
	writer_free(&w);
}

/* ---- buffers ---- */

struct long_flood {
	int fd;
	struct writer *w;
	bool failed;
};

static void *write_one(void *arg)
{
	struct long_flood *flood = arg;
	ssize_t n;
	size_t done;

	for (done = 0; done < flood->w->len && !flood->failed; done += n) {
		n = send(flood->fd, flood->w->p + done, flood->w->len - done,
			 MSG_NOSIGNAL);
		flood->failed = n <= 0;
	}
	return NULL;
}

/* Some hundred bytes at a time, with pauses. */
static void read_slowly(int fd, uint8_t *to, size_t len)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t want, done;
	ssize_t n;

	for (done = 0; done < len; done += n) {
		want = len - done < 700 ? len - done : 700;
		assert_int_equal(poll(&p, 1, slowly(PATIENCE_MS)), 1);
		n = recv(fd, to + done, want, 0);
		assert_true(n > 0);
		if (done % 13 == 0)
			usleep(500);
	}
}

/* A long message through buffers as small as can be. */
static void goes_slowly(int from, int to, struct writer *w, size_t len)
{
	struct long_flood flood = { .fd = from, .w = w };
	uint8_t *got = malloc(len);
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, write_one, &flood), 0);
	read_slowly(to, got, len);
	pthread_join(thread, NULL);
	assert_false(flood.failed);
	assert_memory_equal(got + len - LONG, w->p + w->len - LONG, LONG);
	expect_nothing(to);
	free(got);
}

static void make_small(int fd)
{
	int one = 1;

	assert_ok(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &one, sizeof(one)));
	assert_ok(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &one, sizeof(one)));
}

static void smallest_buffers(void **state)
{
	struct writer to_b = MESSAGE(SPEC_SIGNAL(":1.4"), .bytes = LONG);
	struct writer got_by_b = MESSAGE(SPEC_SIGNAL(":1.4"), .bytes = LONG,
					 .sender = ":1.3");
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .bytes = LONG);
	struct peer peer[2];
	int i, end[2];

	(void)state;
	for (i = 0; i < 2; i++) {
		peer[i] = (struct peer){ .bus = &bus, .attached = true };
		pair(end);
		make_small(end[0]);
		make_small(end[1]);
		peer[i].client = end[0];
		peer[i].daemon = attach(bus.listener, end[1]);
		assert_ok(peer[i].daemon);
		make_small(peer[i].daemon);
		close(end[1]);
		peer_sasl(&peer[i]);
		assert_ok(peer_publish(&peer[i], i ? ":1.4" : ":1.3"));
		assert_ok(peer_caps(&peer[i], CAPS_ALL));
	}
	for (i = 0; i < 3; i++) {
		goes_slowly(peer[0].client, peer[1].client, &to_b,
			    got_by_b.len);
		goes_slowly(peer[0].client, peer[0].daemon, &w, w.len);
		assert_ok(peer_done(&peer[0], 1));
		goes_slowly(peer[1].daemon, peer[1].client, &w, w.len);
	}
	assert_int_equal(bus_stat(&bus, "signals"), 3);
	peer_close(&peer[0]);
	peer_close(&peer[1]);
	writer_free(&to_b);
	writer_free(&got_by_b);
	writer_free(&w);
}

#define TEST TEST_OF_TWO

SUITE_TESTS(attach_uses,
	TEST(spliced),
	TEST(spliced_by_the_reader),
	TEST(by_io_uring),
	TEST(handed_to_another),
	TEST(smallest_buffers));
