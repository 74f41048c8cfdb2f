// SPDX-License-Identifier: GPL-2.0-only
/* Moving bytes through a connection whose SASL exchange does not end. */

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "slow.h"
#include "twin.h"

#define BIG	(8 << 20)
#define NOWHERE	((void *)16)

static void note_recv(struct twin *t, int fd, size_t size, int flags)
{
	char text[100] = "";

	must(size < sizeof(text));
	twin_say(t, "recv %zu bytes, flags %x", size, flags);
	if (NOTE(recv(fd, text, size, flags)) > 0)
		twin_say(t, "%s", text);
}

TWIN_TEST_BOTH_ENDS(bytes_are_a_stream)
{
	int end[2];

	twin_pair(t, end);
	NOTE(send(end[0], "one", 3, 0));
	NOTE(send(end[0], "two", 3, 0));
	NOTE(write(end[0], "three", 5));
	note_recv(t, end[1], 2, 0);
	note_recv(t, end[1], 2, 0);
	note_recv(t, end[1], 50, 0);
	note_recv(t, end[1], 50, MSG_DONTWAIT);
	NOTE(send(end[0], "", 0, 0));
	note_recv(t, end[1], 50, MSG_DONTWAIT);
	NOTE(send(end[0], "four", 4, 0));
	NOTE(read(end[1], NULL, 0));
	note_recv(t, end[1], 4, 0);
	twin_pair_close(end);
}

TWIN_TEST_BOTH_ENDS(peeking)
{
	int end[2];

	twin_pair(t, end);
	note_recv(t, end[1], 50, MSG_PEEK | MSG_DONTWAIT);
	NOTE(send(end[0], "one", 3, 0));
	NOTE(send(end[0], "two", 3, 0));
	note_recv(t, end[1], 2, MSG_PEEK);
	note_recv(t, end[1], 5, MSG_PEEK);
	note_recv(t, end[1], 50, MSG_PEEK);
	note_recv(t, end[1], 1, 0);
	note_recv(t, end[1], 50, MSG_PEEK);
	note_recv(t, end[1], 50, 0);
	note_recv(t, end[1], 50, MSG_PEEK | MSG_DONTWAIT);
	NOTE(send(end[0], "three", 5, 0));
	close(end[0]);
	note_recv(t, end[1], 50, MSG_PEEK);
	note_recv(t, end[1], 50, 0);
	note_recv(t, end[1], 50, MSG_PEEK);
	close(end[1]);
}

static void send_slowly(struct twin *t, void *arg)
{
	int fd = *(int *)arg;

	must(send(fd, "one", 3, 0) == 3);
	twin_sleep_ms(60);
	must(send(fd, "two", 3, 0) == 3);
	twin_sleep_ms(60);
	must(send(fd, "three", 5, 0) == 5);
	twin_sleep_ms(60);
	(void)t;
}

TWIN_TEST_BOTH_ENDS(waiting_for_all)
{
	int end[2];
	pid_t pid;

	twin_pair(t, end);
	NOTE(send(end[0], "zero", 4, 0));
	note_recv(t, end[1], 50, MSG_WAITALL | MSG_DONTWAIT);
	pid = twin_fork(t, send_slowly, &end[0]);
	note_recv(t, end[1], 8, MSG_WAITALL);
	close(end[0]);
	/* The end of the stream ends the wait. */
	note_recv(t, end[1], 50, MSG_WAITALL);
	note_recv(t, end[1], 50, MSG_WAITALL);
	twin_wait(t, pid);
	close(end[1]);
}

TWIN_TEST_BOTH_ENDS(low_water_mark)
{
	int end[2], mark = 5;
	pid_t pid;

	twin_pair(t, end);
	NOTE(setsockopt(end[1], SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)));
	pid = twin_fork(t, send_slowly, &end[0]);
	note_recv(t, end[1], 50, 0);
	twin_wait(t, pid);
	note_recv(t, end[1], 50, 0);
	twin_pair_close(end);
}

TWIN_TEST_BOTH_ENDS(vectors)
{
	int end[2];
	char a[4] = "", b[4] = "", c[10] = "";
	struct iovec out[3] = { { "ab", 2 }, { "", 0 }, { "cdefg", 5 } };
	struct iovec in[3] = { { a, 3 }, { b, 3 }, { c, 9 } };

	twin_pair(t, end);
	NOTE(writev(end[0], out, 3));
	NOTE(readv(end[1], in, 3));
	twin_say(t, "%s %s %s", a, b, c);
	twin_pair_close(end);
}

/* What cannot be read from memory is not sent, and what is sent arrives. */
TWIN_TEST_BOTH_ENDS(bad_memory)
{
	int end[2];
	struct iovec out[2] = { { "ab", 2 }, { NOWHERE, 5 } };
	char a[3] = "";
	struct iovec in[2] = { { a, 2 }, { NOWHERE, 5 } };

	twin_pair(t, end);
	NOTE(send(end[0], NOWHERE, 5, 0));
	NOTE(writev(end[0], out, 2));
	note_recv(t, end[1], 50, MSG_DONTWAIT);
	NOTE(send(end[0], "xyz", 3, 0));
	NOTE(recv(end[1], NOWHERE, 5, 0));
	note_recv(t, end[1], 50, MSG_DONTWAIT);
	NOTE(send(end[0], "xyz", 3, 0));
	NOTE(readv(end[1], in, 2));
	note_recv(t, end[1], 50, MSG_DONTWAIT);
	NOTE(sendmsg(end[0], NOWHERE, 0));
	NOTE(recvmsg(end[1], NOWHERE, 0));
	twin_pair_close(end);
}

TWIN_TEST(calls_that_need_a_connection)
{
	int fd = twin_socket(t), end[2];
	struct sockaddr_un sun;
	socklen_t len = twin_address(t, &sun, "path");
	char c;

	NOTE(send(fd, "x", 1, 0));
	NOTE(recv(fd, &c, 1, 0));
	NOTE(getpeername(fd, (struct sockaddr *)&sun, &(socklen_t){ 4 }));
	must(!twin_bind(t, fd, "path"));
	NOTE(send(fd, "x", 1, 0));
	NOTE(recv(fd, &c, 1, 0));
	must(!listen(fd, 1));
	NOTE(send(fd, "x", 1, 0));
	NOTE(recv(fd, &c, 1, 0));
	NOTE(recv(fd, &c, 1, MSG_DONTWAIT));
	twin_pair(t, end);
	NOTE(sendto(end[0], "x", 1, 0, (struct sockaddr *)&sun, len));
	NOTE(sendto(end[1], "x", 1, 0, (struct sockaddr *)&sun, len));
	NOTE(sendto(fd, "x", 1, 0, (struct sockaddr *)&sun, len));
	NOTE(recvfrom(end[0], &c, 1, MSG_DONTWAIT, (struct sockaddr *)&sun,
		      &len));
	NOTE(send(end[1], "x", 1, 0));
	len = sizeof(sun);
	NOTE(recvfrom(end[0], &c, 1, 0, (struct sockaddr *)&sun, &len));
	twin_say(t, "length %u", len);
	NOTE(lseek(end[0], 0, SEEK_SET));
	NOTE_OK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, end[0], 0) ==
			MAP_FAILED ? -1 : 0);
	twin_pair_close(end);
	close(fd);
}

/* A byte of the big stream, such that a lost or doubled one shows. */
static char pattern(size_t at)
{
	return "abcdefghijkmnopqrstuvwxyz"[at % 25] ^ (at >> 12 & 0x7);
}

struct big {
	int fd;
	size_t step;
};

static void send_big(struct twin *t, void *arg)
{
	struct big *big = arg;
	char *data = malloc(BIG);
	size_t i, done = 0;
	ssize_t n;

	(void)t;
	for (i = 0; i < BIG; i++)
		data[i] = pattern(i);
	while (done < BIG) {
		n = send(big->fd, data + done,
			 big->step < BIG - done ? big->step : BIG - done, 0);
		must(n > 0);
		done += n;
	}
	free(data);
}

static void note_receive_big(struct twin *t, int fd)
{
	static char part[50021];
	size_t sum = 0, wrong = 0;
	ssize_t n, i;

	while (sum < BIG) {
		n = recv(fd, part, sizeof(part), 0);
		must(n > 0);
		for (i = 0; i < n; i++)
			wrong += part[i] != pattern(sum + i);
		sum += n;
	}
	twin_say(t, "%zu bytes, %zu wrong", sum, wrong);
}

TWIN_TEST_BOTH_ENDS(big_transfer)
{
	static const size_t steps[] = { BIG, 100000, 4099 };
	struct big big;
	int end[2];
	size_t i;
	pid_t pid;

	twin_pair(t, end);
	for (i = 0; i < 3; i++) {
		big = (struct big){ .fd = end[0], .step = steps[i] };
		pid = twin_fork(t, send_big, &big);
		note_receive_big(t, end[1]);
		twin_wait(t, pid);
	}
	twin_pair_close(end);
}

TWIN_TEST(big_transfers_both_ways)
{
	struct big there, back;
	int end[2];
	pid_t pid[2];

	twin_pair(t, end);
	there = (struct big){ .fd = end[0], .step = 70000 };
	back = (struct big){ .fd = end[1], .step = 30000 };
	pid[0] = twin_fork(t, send_big, &there);
	pid[1] = twin_fork(t, send_big, &back);
	/* One reads after the other, so that one has to wait. */
	note_receive_big(t, end[1]);
	note_receive_big(t, end[0]);
	twin_wait(t, pid[0]);
	twin_wait(t, pid[1]);
	twin_pair_close(end);
}

/* A program that writes only when poll() lets it, as an event loop does. */
static void send_polling(struct twin *t, void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLOUT };
	size_t i = 0;
	char part[1000];
	ssize_t n;

	(void)t;
	twin_nonblock(p.fd);
	while (i < BIG / 4) {
		size_t j, left = BIG / 4 - i;

		must(poll(&p, 1, slowly(10000)) == 1);
		must(p.revents == POLLOUT);
		for (j = 0; j < sizeof(part); j++)
			part[j] = pattern(i + j);
		n = send(p.fd, part, left < 1000 ? left : 1000, 0);
		must(n > 0 || errno == EAGAIN);
		i += n > 0 ? n : 0;
	}
}

TWIN_TEST_BOTH_ENDS(writing_by_poll)
{
	char part[7000];
	size_t sum = 0, wrong = 0;
	ssize_t n, i;
	int end[2];
	pid_t pid;

	twin_pair(t, end);
	pid = twin_fork(t, send_polling, &end[0]);
	/* Let it fill the buffer. */
	twin_sleep_ms(200);
	close(end[0]);
	while ((n = recv(end[1], part, sizeof(part), 0)) > 0) {
		for (i = 0; i < n; i++)
			wrong += part[i] != pattern(sum + i);
		sum += n;
	}
	twin_say(t, "%zu bytes, %zu wrong", sum, wrong);
	twin_wait(t, pid);
	close(end[1]);
}

TWIN_TEST_BOTH_ENDS(full_buffer)
{
	static char block[1 << 20];
	size_t filled;
	int end[2];

	twin_pair(t, end);
	filled = twin_fill(end[0]);
	must(filled > 10000);
	twin_poll(t, "full", end[0]);
	NOTE(send(end[0], "x", 1, MSG_DONTWAIT));
	twin_timeout(end[0], SO_SNDTIMEO, 30);
	NOTE(send(end[0], "x", 1, 0));
	/* The other direction has a buffer of its own. */
	NOTE(send(end[1], "x", 1, MSG_DONTWAIT));
	must(twin_drain(end[1]) == filled);
	twin_poll(t, "empty again", end[0]);
	/* More than there is room for: a part. */
	filled = send(end[0], block, sizeof(block), MSG_DONTWAIT);
	must(filled > 10000 && filled < sizeof(block));
	must(twin_drain(end[1]) == filled);
	twin_pair_close(end);
}

TWIN_TEST_BOTH_ENDS(size_of_the_send_buffer)
{
	int end[2], size = 1, big = 400000;
	socklen_t len = sizeof(size);
	size_t filled[3];

	twin_pair(t, end);
	filled[0] = twin_fill(end[0]);
	twin_drain(end[1]);
	NOTE(setsockopt(end[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	NOTE(getsockopt(end[0], SOL_SOCKET, SO_SNDBUF, &size, &len));
	twin_say(t, "%d", size);
	filled[1] = twin_fill(end[0]);
	twin_drain(end[1]);
	NOTE(setsockopt(end[0], SOL_SOCKET, SO_SNDBUFFORCE, &big, sizeof(big)));
	filled[2] = twin_fill(end[0]);
	twin_say(t, "%d %d", filled[0] > 3 * filled[1],
		 filled[2] > filled[0] * 3 / 2);
	twin_pair_close(end);
}

TWIN_TEST_BOTH_ENDS(amounts)
{
	int end[2], in = -1, out = -1;

	twin_pair(t, end);
	NOTE(ioctl(end[1], SIOCINQ, &in));
	NOTE(ioctl(end[0], SIOCOUTQ, &out));
	twin_say(t, "%d %d", in, out);
	must(send(end[0], "hello", 5, 0) == 5);
	must(send(end[0], "world", 5, 0) == 5);
	NOTE(ioctl(end[1], FIONREAD, &in));
	NOTE(ioctl(end[0], TIOCOUTQ, &out));
	/* What is to be read is exact; what it occupies is not. */
	twin_say(t, "%d %d", in, out >= 10);
	note_recv(t, end[1], 3, 0);
	NOTE(ioctl(end[1], SIOCINQ, &in));
	twin_say(t, "%d", in);
	note_recv(t, end[1], 10, 0);
	NOTE(ioctl(end[1], SIOCINQ, &in));
	NOTE(ioctl(end[0], SIOCOUTQ, &out));
	twin_say(t, "%d %d", in, out);
	NOTE(ioctl(end[1], SIOCINQ, NOWHERE));
	NOTE(ioctl(end[1], SIOCATMARK + 50, &in));
	twin_pair_close(end);
}

TWIN_TEST(amounts_without_connection)
{
	int fd = twin_socket(t), amount = -1;

	NOTE(ioctl(fd, SIOCINQ, &amount));
	NOTE(ioctl(fd, SIOCOUTQ, &amount));
	twin_say(t, "%d", amount);
	must(!twin_bind(t, fd, "path") && !listen(fd, 1));
	NOTE(ioctl(fd, SIOCINQ, &amount));
	close(fd);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void catch_signal(int flags)
{
	struct sigaction action = {
		.sa_handler = on_signal,
		.sa_flags = flags,
	};

	must(!sigaction(SIGUSR1, &action, NULL));
}

static void interrupted_recv(struct twin *t, void *arg)
{
	int *end = arg;
	char c;

	catch_signal(0);
	NOTE(recv(end[1], &c, 1, 0));
	twin_timeout(end[1], SO_RCVTIMEO, 900);
	catch_signal(SA_RESTART);
	NOTE(recv(end[1], &c, 1, 0));
	twin_timeout(end[1], SO_RCVTIMEO, 30);
	NOTE(recv(end[1], &c, 1, 0));
	twin_timeout(end[1], SO_RCVTIMEO, 0);
	NOTE(recv(end[1], &c, 1, 0));
}

static void interrupted_send(struct twin *t, void *arg)
{
	int *end = arg;

	twin_fill(end[0]);
	catch_signal(0);
	NOTE(send(end[0], "x", 1, 0));
	twin_timeout(end[0], SO_SNDTIMEO, 900);
	catch_signal(SA_RESTART);
	NOTE(send(end[0], "x", 1, 0));
	twin_timeout(end[0], SO_SNDTIMEO, 0);
	NOTE(send(end[0], "x", 1, 0));
}

/* Twice interrupted; the third signal is followed by a restart. */
static void interrupt(struct twin *t, int end[2],
		      void (*child)(struct twin *t, void *arg))
{
	pid_t pid = twin_fork(t, child, end);
	int i;

	/* Longer than the short time limit, far shorter than the long one. */
	for (i = 0; i < 3; i++) {
		twin_await_rest(pid, 60);
		kill(pid, SIGUSR1);
	}
	twin_await_rest(pid, 60);
	twin_drain(end[1]);
	send(end[0], "x", 1, MSG_DONTWAIT);
	twin_wait(t, pid);
}

TWIN_TEST_BOTH_ENDS(signals_interrupt)
{
	int end[2];

	twin_pair(t, end);
	interrupt(t, end, interrupted_recv);
	twin_drain(end[1]);
	interrupt(t, end, interrupted_send);
	twin_pair_close(end);
}

static void use_copy(struct twin *t, void *arg)
{
	int *end = arg;

	NOTE(send(end[0], "child", 5, 0));
	note_recv(t, end[1], 3, 0);
}

TWIN_TEST_BOTH_ENDS(shared_ends)
{
	int end[2], copy;

	twin_pair(t, end);
	copy = dup(end[0]);
	NOTE(send(copy, "dup", 3, 0));
	close(end[0]);
	note_recv(t, end[1], 50, MSG_DONTWAIT);
	note_recv(t, end[1], 50, MSG_DONTWAIT);
	end[0] = copy;
	twin_wait(t, twin_fork(t, use_copy, end));
	note_recv(t, end[1], 50, MSG_DONTWAIT);
	note_recv(t, end[1], 50, MSG_DONTWAIT);
	close(copy);
	note_recv(t, end[1], 50, MSG_DONTWAIT);
	close(end[1]);
}

#define RECORD	64
#define RECORDS	1500

static void *send_records(void *arg)
{
	int *job = arg;
	char record[RECORD];
	int i;

	memset(record, '1' + job[1], sizeof(record));
	for (i = 0; i < RECORDS; i++)
		if (send(job[0], record, sizeof(record), 0) != RECORD)
			return (void *)1;
	return NULL;
}

static void *receive_bytes(void *arg)
{
	char part[777];
	ssize_t n;
	long sum = 0;

	while ((n = recv(*(int *)arg, part, sizeof(part), 0)) > 0)
		sum += n;
	return (void *)sum;
}

/* Small writes of several threads do not mix. */
TWIN_TEST_BOTH_ENDS(threads_write_one_socket)
{
	int end[2], job[4][2], i, mixed = 0, seen[4] = {};
	pthread_t thread[4];
	char record[RECORD], other[RECORD];
	void *failed;

	twin_pair(t, end);
	for (i = 0; i < 4; i++) {
		job[i][0] = end[0];
		job[i][1] = i;
		must(!pthread_create(&thread[i], NULL, send_records, job[i]));
	}
	for (i = 0; i < 4 * RECORDS; i++) {
		must(recv(end[1], record, RECORD, MSG_WAITALL) == RECORD);
		memset(other, record[0], RECORD);
		mixed += !!memcmp(record, other, RECORD);
		seen[(record[0] - '1') & 3]++;
	}
	for (i = 0; i < 4; i++) {
		must(!pthread_join(thread[i], &failed));
		twin_say(t, "%d records, failed %d", seen[i], !!failed);
	}
	twin_say(t, "%d mixed", mixed);
	twin_pair_close(end);
}

TWIN_TEST_BOTH_ENDS(threads_read_one_socket)
{
	int end[2], job[2], i;
	pthread_t thread[4];
	void *count;
	long sum = 0;

	twin_pair(t, end);
	for (i = 0; i < 4; i++)
		must(!pthread_create(&thread[i], NULL, receive_bytes, &end[1]));
	job[0] = end[0];
	job[1] = 0;
	NOTE_OK(-(long)send_records(job));
	close(end[0]);
	for (i = 0; i < 4; i++) {
		must(!pthread_join(thread[i], &count));
		sum += (long)count;
	}
	twin_say(t, "%ld bytes", sum);
	close(end[1]);
}

static void wait_to_be_killed(struct twin *t, void *arg)
{
	int *end = arg;

	(void)t;
	close(end[1]);
	must(send(end[0], "last", 4, 0) == 4);
	pause();
}

TWIN_TEST_BOTH_ENDS(peer_is_killed)
{
	int end[2];
	pid_t pid;

	twin_pair(t, end);
	pid = twin_fork(t, wait_to_be_killed, end);
	close(end[0]);
	twin_sleep_ms(50);
	kill(pid, SIGKILL);
	note_recv(t, end[1], 50, 0);
	note_recv(t, end[1], 50, 0);
	twin_poll(t, "after", end[1]);
	NOTE(send(end[1], "x", 1, MSG_NOSIGNAL));
	close(end[1]);
}

static void *read_to_the_end(void *arg)
{
	int *end = arg;
	long count = 0;
	char c;

	while (recv(end[1], &c, 1, 0) == 1)
		count++;
	close(end[1]);
	return (void *)count;
}

/* The reader looks at a moment when there is nothing yet, and at the next one all. */
TWIN_TEST_BOTH_ENDS(last_byte_and_the_end)
{
	long sum = 0;
	int i;

	for (i = 0; i < 300; i++) {
		pthread_t reader;
		void *count;
		int end[2];

		twin_pair(t, end);
		must(!pthread_create(&reader, NULL, read_to_the_end, end));
		must(send(end[0], "x", 1, 0) == 1);
		close(end[0]);
		must(!pthread_join(reader, &count));
		sum += (long)count;
	}
	twin_say(t, "%ld bytes", sum);
}

SUITE_TESTS(socket_io,
	cmocka_unit_test(bytes_are_a_stream),
	cmocka_unit_test(peeking),
	cmocka_unit_test(waiting_for_all),
	cmocka_unit_test(low_water_mark),
	cmocka_unit_test(vectors),
	cmocka_unit_test(bad_memory),
	cmocka_unit_test(calls_that_need_a_connection),
	cmocka_unit_test(big_transfer),
	cmocka_unit_test(big_transfers_both_ways),
	cmocka_unit_test(writing_by_poll),
	cmocka_unit_test(full_buffer),
	cmocka_unit_test(size_of_the_send_buffer),
	cmocka_unit_test(amounts),
	cmocka_unit_test(amounts_without_connection),
	cmocka_unit_test(signals_interrupt),
	cmocka_unit_test(shared_ends),
	cmocka_unit_test(threads_write_one_socket),
	cmocka_unit_test(threads_read_one_socket),
	cmocka_unit_test(peer_is_killed),
	cmocka_unit_test(last_byte_and_the_end));
