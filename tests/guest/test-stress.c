// SPDX-License-Identifier: GPL-2.0-only
/* What only goes wrong when several processors are at it. */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

#define LIMIT	200

SUITE(stress_gates);
SUITE(stress_order);
SUITE(stress_storm);

static const struct suite suites[] = {
	THE(stress_gates), THE(stress_order), THE(stress_storm),
};

void run_begin(struct run *run)
{
	memset(run, 0, sizeof(*run));
}

/**
 * run_check() - fail the test if there was trouble
 * @run: the run, all of whose threads have ended
 */
void run_check(struct run *run)
{
	if (run->troubles)
		fail_msg("%d times, first: %s", run->troubles, run->text);
}

/**
 * trouble() - note that something is wrong; from any thread
 * @run: the run
 * @format: as of printf()
 */
void trouble(struct run *run, const char *format, ...)
{
	va_list args;

	if (atomic_fetch_add(&run->troubles, 1))
		return;
	va_start(args, format);
	vsnprintf(run->text, sizeof(run->text), format, args);
	va_end(args);
}

pthread_t start(void *(*function)(void *), void *arg)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, function, arg), 0);
	return thread;
}

void finish(pthread_t thread)
{
	assert_int_equal(pthread_join(thread, NULL), 0);
}

void pause_ms(int ms)
{
	const struct timespec ts = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L,
	};

	nanosleep(&ts, NULL);
}

/* So that every thread looks up now and then. */
void set_timeouts(int fd)
{
	const struct timeval tv = { .tv_usec = 50000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
}

/**
 * read_message() - wait for a message, until the run ends
 * @run: the run
 * @fd: where
 * @to: the message
 * @len: how much room there is
 *
 * Return: its length, 0 when the run has ended.
 */
ssize_t read_message(struct run *run, int fd, void *to, size_t len)
{
	uint32_t header[4], total;
	size_t done = 0, want = sizeof(header);
	ssize_t n;

	while (done < want) {
		n = recv(fd, (char *)to + done, want - done, 0);
		if (n < 0 && errno == EAGAIN && !run->stop)
			continue;
		if (n <= 0)
			return 0;
		done += n;
		if (done != sizeof(header) || want != sizeof(header))
			continue;
		memcpy(header, to, sizeof(header));
		total = 16 + ((header[3] + 7) & ~7U) + header[1];
		if ((char)header[0] != 'l' || total > len) {
			trouble(run, "no message where one begins");
			return 0;
		}
		want = total;
	}
	return done;
}

uint32_t random_below(uint32_t n)
{
	static _Thread_local uint32_t seed;

	if (!seed)
		seed = (uint32_t)(uintptr_t)&seed ^ (uint32_t)getpid() << 16;
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

int main(int argc, char **argv)
{
	const struct rlimit files = { 4096, 4096 };

	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	bail_out_after(LIMIT);
	kdbus_family();
	return run_suites("stress", suites, ARRAY_SIZE(suites),
			  argc > 1 ? argv[1] : NULL);
}
