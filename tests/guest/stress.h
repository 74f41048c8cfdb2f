/* SPDX-License-Identifier: GPL-2.0-only */
/* Common parts of the stress tests: threads, time, troubles. */
#ifndef TESTS_GUEST_STRESS_H
#define TESTS_GUEST_STRESS_H

#include <pthread.h>
#include <stdatomic.h>

#include "fakebus.h"

/**
 * struct run - a test that lasts some time
 * @stop: the threads are to end
 * @troubles: what has gone wrong, counted
 * @text: the first of it
 */
struct run {
	atomic_bool stop;
	atomic_int troubles;
	char text[200];
};

void run_begin(struct run *run);
void run_check(struct run *run);
void trouble(struct run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

pthread_t start(void *(*function)(void *), void *arg);
void finish(pthread_t thread);
void pause_ms(int ms);
void set_timeouts(int fd);
ssize_t read_message(struct run *run, int fd, void *to, size_t len);
uint32_t random_below(uint32_t n);

#endif
