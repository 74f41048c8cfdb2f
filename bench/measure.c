// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measuring calls, whatever makes them.  One line on stdout:
 *
 *	WORKLOAD BYTES LABEL US_PER_CALL DAEMON_SWITCHES DAEMON_CPU_US
 *
 * the last two also per call, and 0 if no --daemon is given.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"

#define BYTES_MAX	(64 * 1024 * 1024)

struct bench opt = {
	.transport = "bus",
	.calls = 10000,
	.warmup = 100,
};

void start_service(void (*service)(int ready), char *answer, size_t size)
{
	int ready[2];
	ssize_t n;

	if (pipe(ready))
		err(1, "pipe");
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		close(ready[0]);
		service(ready[1]);
	}
	close(ready[1]);
	n = read(ready[0], answer, size - 1);
	if (n <= 0)
		errx(1, "the service did not start");
	answer[n] = 0;
	close(ready[0]);
}

/* ---- what the bus daemon spends ---- */

struct spent {
	double us;
	long switches;
};

static double clock_us(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now))
		err(1, "clock");
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static double cpu_us(pid_t pid)
{
	clockid_t clock;

	errno = clock_getcpuclockid(pid, &clock);
	if (errno)
		err(1, "process %d", pid);
	return clock_us(clock);
}

static long context_switches(pid_t pid)
{
	char name[32], line[256];
	long sum = 0, n;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/%d/status", pid);
	file = fopen(name, "r");
	if (!file)
		err(1, "%s", name);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "voluntary_ctxt_switches: %ld", &n) == 1 ||
		    sscanf(line, "nonvoluntary_ctxt_switches: %ld", &n) == 1)
			sum += n;
	fclose(file);
	return sum;
}

static struct spent spent_by_daemon(void)
{
	struct spent spent = { 0 };

	if (opt.daemon) {
		spent.us = cpu_us(opt.daemon);
		spent.switches = context_switches(opt.daemon);
	}
	return spent;
}

void measure(void (*call)(void *link), void *link)
{
	struct spent before, after;
	double begin, end;
	long i;

	for (i = 0; i < opt.warmup; i++)
		call(link);
	before = spent_by_daemon();
	begin = clock_us(CLOCK_MONOTONIC);
	for (i = 0; i < opt.calls; i++)
		call(link);
	end = clock_us(CLOCK_MONOTONIC);
	after = spent_by_daemon();
	printf("%s %d %s %.3f %.4f %.4f\n",
	       opt.workload, opt.bytes, opt.label,
	       (end - begin) / opt.calls,
	       (double)(after.switches - before.switches) / opt.calls,
	       (after.us - before.us) / opt.calls);
}

static _Noreturn void usage(void)
{
	fputs("usage: BENCHMARK [--transport=TRANSPORT] [--address=ADDRESS]\n"
	      "                 [--bytes=N] [--calls=N] [--warmup=N]\n"
	      "                 [--daemon=PID] [--label=TEXT]\n", stderr);
	exit(2);
}

static long number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || end == text || n < 0)
		errx(2, "'%s' is not a number", text);
	return n;
}

static void make_payload(void)
{
	int i;

	opt.payload = malloc(opt.bytes + 1);
	if (!opt.payload)
		errx(1, "out of memory");
	for (i = 0; i < opt.bytes; i++)
		opt.payload[i] = i * 31 + i / 251;
}

void parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "transport", required_argument, NULL, 't' },
		{ "address", required_argument, NULL, 'a' },
		{ "bytes", required_argument, NULL, 'b' },
		{ "calls", required_argument, NULL, 'c' },
		{ "warmup", required_argument, NULL, 'w' },
		{ "daemon", required_argument, NULL, 'd' },
		{ "label", required_argument, NULL, 'l' },
		{ 0 }
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 't': opt.transport = optarg; break;
		case 'a': opt.address = optarg; break;
		case 'b': opt.bytes = number(optarg); break;
		case 'c': opt.calls = number(optarg); break;
		case 'w': opt.warmup = number(optarg); break;
		case 'd': opt.daemon = number(optarg); break;
		case 'l': opt.label = optarg; break;
		default: usage();
		}
	}
	if (optind != argc || !opt.calls || opt.bytes > BYTES_MAX)
		usage();
	if (strcmp(opt.transport, "p2p") && strcmp(opt.transport, "raw")) {
		if (strcmp(opt.transport, "bus") || !opt.address)
			usage();
	}
	if (!opt.label)
		opt.label = opt.transport;
	make_payload();
}
