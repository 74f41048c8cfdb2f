// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation and each copy of user memory that a call makes fails in turn.
 * What must not happen is for the kernel to say (see tests/vm); here: a call that
 * fails says why and can be made again, no message is lost, doubled or cut, and
 * the bus lives on.
 *
 * test-faults [native|attached] [PATTERN]
 */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fault.h"
#include "slow.h"

#define LIMIT		600
#define PATIENCE_MS	2000
/* A call with more of them than this never ends. */
#define FAULTS_MAX	2000

#define DEBUG		"/sys/kernel/debug/"

static bool write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) > 0;

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Those that may wait can fail, too; and nothing is said about it. */
static bool prepare_faults(void)
{
	return write_text(DEBUG "failslab/ignore-gfp-wait", "N") &&
	       write_text(DEBUG "failslab/verbose", "0") &&
	       write_text(DEBUG "fail_page_alloc/ignore-gfp-wait", "N") &&
	       write_text(DEBUG "fail_page_alloc/ignore-gfp-highmem", "N") &&
	       write_text(DEBUG "fail_page_alloc/min-order", "0") &&
	       write_text(DEBUG "fail_page_alloc/verbose", "0") &&
	       write_text(DEBUG "fail_usercopy/verbose", "0");
}

/* From where to where a function of the module goes. */
static void find_function(const char *name, unsigned long *from,
			  unsigned long *to)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[256], symbol[100];
	unsigned long at;
	int pass;

	assert_non_null(file);
	*from = 0;
	*to = ~0UL;
	for (pass = 0; pass < 2; pass++) {
		rewind(file);
		while (fgets(line, sizeof(line), file)) {
			if (sscanf(line, "%lx %*c %99s [kdbus]", &at, symbol) != 2)
				continue;
			if (!pass && !strcmp(symbol, name))
				*from = at;
			if (pass && at > *from && at < *to)
				*to = at;
		}
	}
	fclose(file);
	assert_true(*from && *to != ~0UL);
}

/* A single allocation that this task makes below a function of the module. */
static void fail_below(const char *function)
{
	unsigned long from, to;
	char text[32];

	find_function(function, &from, &to);
	sprintf(text, "%#lx", from);
	assert_true(write_text(DEBUG "failslab/require-start", text));
	sprintf(text, "%#lx", to);
	assert_true(write_text(DEBUG "failslab/require-end", text));
	assert_true(write_text(DEBUG "failslab/stacktrace-depth", "30"));
	assert_true(write_text(DEBUG "failslab/task-filter", "Y"));
	assert_true(write_text(DEBUG "failslab/times", "1"));
	assert_true(write_text(DEBUG "failslab/probability", "100"));
	assert_true(write_text("/proc/thread-self/make-it-fail", "1"));
}

static void fail_no_more(void)
{
	assert_true(write_text("/proc/thread-self/make-it-fail", "0"));
	assert_true(write_text(DEBUG "failslab/probability", "0"));
}

/* The kernel counts faults of this task down; 0 is none. */
static int nth_fd;

static void faults_on(int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	assert_int_equal(pwrite(nth_fd, text, len, 0), len);
}

/* To look at the number, and to set it, is to copy user memory as well. */
static bool faults_off(void)
{
	char text[16] = "";
	ssize_t n = pread(nth_fd, text, sizeof(text) - 1, 0);

	while (pwrite(nth_fd, "0", 1, 0) != 1)
		;
	return n > 0 && atoi(text) == 0;
}

/**
 * scene_open() - a bus with three connections
 * @s: filled in
 */
void scene_open(struct scene *s)
{
	static const char rule[] = "interface='org.example.If'";

	bus_open(&s->bus);
	s->bus.config.flags |= KDBUS_BUS_BROADCAST;
	assert_ok(bus_configure(&s->bus));
	peer_open(&s->bus, &s->a, ":1.1");
	peer_open(&s->bus, &s->b, ":1.2");
	peer_open(&s->bus, &s->c, ":1.3");
	assert_ok(set_option(s->b.daemon, KDBUS_MATCH_ADD, rule,
			     sizeof(rule) - 1));
	assert_ok(set_option(s->c.daemon, KDBUS_MATCH_ADD, rule,
			     sizeof(rule) - 1));
}

/**
 * expect_refusal() - a call has failed for want of memory, or for bad memory
 * @result: what it has returned
 */
void expect_refusal(int result)
{
	switch (-result) {
	case ENOMEM:
	case ENOBUFS:
	case EFAULT:
	case ENFILE: /* sock_alloc(), accept(): no inode, no file */
	case ETOOMANYREFS:
		return;
	default:
		fail_msg("it fails with %s", strerrorname_np(-result));
	}
}

/*
 * Who has got the message, the daemon or the recipient: -1 if nobody.  What an
 * attached one has sent may take a kernel thread that tries again after a while.
 */
static int place_of(const struct scene *s)
{
	struct pollfd p[] = {
		{ .fd = s->a.daemon, .events = POLLIN },
		{ .fd = s->b.client, .events = POLLIN },
	};

	if (poll(p, 2, transport == NATIVE ? 0 : slowly(PATIENCE_MS)) <= 0)
		return -1;
	return p[0].revents ? p[0].fd : p[1].fd;
}

static void expect_message(int fd, const struct scene *s)
{
	int fds[16], count = 0, i;
	struct writer got = receive(fd, fds, &count);

	/* A SENDER is added, and the rest stays. */
	assert_true(got.len >= s->w.len);
	assert_memory_equal(got.p + 8, s->w.p + 8, 4);
	if (s->w.len > 1000)
		assert_memory_equal(got.p + got.len - 500,
				    s->w.p + s->w.len - 500, 500);
	assert_int_equal(count, s->fds);
	for (i = 0; i < count; i++)
		close(fds[i]);
	writer_free(&got);
}

/**
 * arrives_once() - the message of the scene, from @a to @b, is in one place
 * @s: the scene; read, and dispatched if it was the daemon who got it
 */
void arrives_once(struct scene *s)
{
	int fd = place_of(s);

	if (fd < 0)
		fail_msg("the message has not come");
	expect_message(fd, s);
	if (fd == s->a.daemon)
		assert_ok(peer_done(&s->a, 1));
	expect_nothing(s->a.daemon);
	expect_nothing(s->b.client);
}

/* With the connections that there are, or with new ones. */
static void lives_on(struct scene *s)
{
	const struct spec spec = { SPEC_CALL(":1.2"), .serial = 777 };

	if (s->a.client < 0 || s->a.daemon < 0 || s->b.client < 0 ||
	    s->b.daemon < 0)
		return;
	if (!goes_fast(&s->a, &s->b, message(&spec)))
		fail_msg("the fast path is gone");
	assert_true(goes_fast(&s->b, &s->a, MESSAGE(SPEC_RETURN(":1.1", 777))));
}

static void scene_close(struct scene *s)
{
	int i;

	peer_close(&s->a);
	peer_close(&s->b);
	peer_close(&s->c);
	bus_close(&s->bus);
	if (s->fd >= 0)
		close(s->fd);
	for (i = 0; i < 2; i++)
		if (s->end[i] >= 0)
			close(s->end[i]);
	writer_free(&s->w);
}

/* Returns whether there was so much as an @nth thing to fail. */
static bool run_once(const struct fault_case *f, int nth)
{
	struct scene s = { .fd = -1, .end = { -1, -1 } };
	int result;
	bool failed;

	scene_open(&s);
	if (f->before)
		f->before(&s);
	faults_on(nth);
	result = f->call(&s);
	if (result < 0)
		result = -errno;
	failed = faults_off();
	if (!failed && result < 0)
		fail_msg("without a fault: %s", strerrorname_np(-result));
	f->after(&s, result);
	lives_on(&s);
	scene_close(&s);
	return failed;
}

void fault_run(void **state)
{
	const struct fault_case *f = *state;
	int nth = 1;

	while (nth < FAULTS_MAX && run_once(f, nth))
		nth++;
	assert_true(nth < FAULTS_MAX);
	settle();
	printf("# %s: %d faults\n", f->name, nth - 1);
	fflush(stdout);
}

/*
 * AF_UNIX does not say that there are files if it has no memory to copy their list.
 * To find the number of that fault takes luck, as it differs from time to time.
 */
static void files_not_seen(void **state)
{
	struct scene s = { .fd = -1, .end = { -1, -1 }, .fds = 1 };
	const int file = 0;

	(void)state;
	if (transport == NATIVE)
		skip();
	scene_open(&s);
	s.w = MESSAGE(SPEC_SIGNAL(":1.2"), .fds = 1);
	fail_below("kdbus_unix_look");
	assert_int_equal(send_with_fds(s.a.client, s.w.p, s.w.len, &file, 1,
				       MSG_DONTWAIT), s.w.len);
	fail_no_more();
	arrives_once(&s);
	lives_on(&s);
	scene_close(&s);
	settle();
}

static struct CMUnitTest *list_tests(size_t *count)
{
	struct CMUnitTest *all = calloc(fault_setup_count + fault_message_count +
					1, sizeof(*all));
	const struct fault_case *f;
	size_t i;

	*count = 0;
	for (i = 0; all && i < fault_setup_count + fault_message_count; i++) {
		f = i < fault_setup_count ? &fault_setup_cases[i] :
			&fault_message_cases[i - fault_setup_count];
		all[(*count)++] = (struct CMUnitTest){
			.name = f->name, .test_func = fault_run,
			.initial_state = (void *)f,
		};
	}
	if (all)
		all[(*count)++] =
			(struct CMUnitTest)cmocka_unit_test(files_not_seen);
	return all;
}

int main(int argc, char **argv)
{
	const struct rlimit files = { 4096, 4096 };
	struct CMUnitTest *all;
	size_t count;

	nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0 || !prepare_faults()) {
		puts("Bail out! This kernel injects no faults.");
		return 1;
	}
	all = list_tests(&count);
	if (argc > 1 && !strcmp(argv[1], "attached"))
		transport = ATTACHED;
	if (argc > 1 && (transport || !strcmp(argv[1], "native"))) {
		argv++;
		argc--;
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	setrlimit(RLIMIT_NOFILE, &files);
	mlockall(MCL_CURRENT | MCL_FUTURE);
	signal(SIGPIPE, SIG_IGN);
	bail_out_after(LIMIT);
	kdbus_family();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("faults", all, count, NULL, NULL);
}
