/* SPDX-License-Identifier: GPL-2.0-only */
/* What the benchmarks of several D-Bus libraries have in common. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <sys/types.h>

#define NAME		"org.kdbus.Bench"
#define PATH		"/org/kdbus/Bench"
#define INTERFACE	"org.kdbus.Bench"
#define TIMEOUT_MS	(120 * 1000)

/**
 * struct bench - what is measured, from the command line
 * @workload: what the line of the result begins with
 * @transport: bus, or what the program knows besides
 * @label: what the result calls the transport
 * @address: of the bus
 * @bytes: of payload
 * @calls: how many are measured
 * @warmup: how many are made before
 * @daemon: process number of the bus, or 0
 * @payload: @bytes of it
 */
struct bench {
	const char *workload;
	const char *transport;
	const char *label;
	const char *address;
	int bytes;
	long calls;
	long warmup;
	pid_t daemon;
	unsigned char *payload;
};

extern struct bench opt;

/* parse_options - or exit with what the options are */
void parse_options(int argc, char **argv);

/*
 * start_service - run it in a process of its own, which ends with this one;
 * returns what it has written when it is ready
 */
void start_service(void (*service)(int ready), char *answer, size_t size);

/* measure - print what calls take */
void measure(void (*call)(void *link), void *link);

#endif
