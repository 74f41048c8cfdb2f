// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading, and whether anything is left behind. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "fakebus.h"
#include "slow.h"

/* Where the guest keeps it. */
#define MODULE	"/vm/kdbus.ko"

static int load(const char *parameters)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC), ret;

	assert_ok(fd);
	ret = syscall(SYS_finit_module, fd, parameters, 0);
	close(fd);
	return ret;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "kdbus", O_NONBLOCK);
}

/* The last connection is freed a little after it has been closed. */
static int unload_soon(void)
{
	int i;

	for (i = 0; i < (int)slowly(200); i++) {
		if (!unload())
			return 0;
		if (errno != EAGAIN)
			return -1;
		usleep(10000);
	}
	return -1;
}

/* Sockets of the module that the kernel knows of, -1 without module. */
static long sockets(void)
{
	FILE *file = fopen("/proc/net/protocols", "re");
	char line[300];
	long size, count = -1;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "DBUS ", 5) &&
		    sscanf(line, "DBUS %ld %ld", &size, &count) != 2)
			fail_msg("cannot read %s", line);
	fclose(file);
	return count;
}

/* Does the kernel's log have this text, in what has come since @from? */
static int log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	assert_ok(fd);
	lseek(fd, 0, SEEK_END);
	return fd;
}

static bool log_has(int fd, const char *text)
{
	char line[2000];
	bool found = false;
	ssize_t n;

	while ((n = read(fd, line, sizeof(line) - 1)) > 0) {
		line[n] = '\0';
		found |= !!strstr(line, text);
	}
	return found;
}

static int teardown(void **state)
{
	(void)state;
	unload_soon();
	return load("") ? -1 : 0;
}

static void refused_while_in_use(void **state)
{
	int fd = socket(kdbus_family(), SOCK_STREAM, 0);
	struct peer a, b;
	struct bus bus;

	(void)state;
	assert_fails(unload(), EAGAIN);
	close(fd);
	bus_open(&bus);
	assert_fails(unload(), EAGAIN);
	assert_ok(bus_configure(&bus));
	peer_open(&bus, &a, ":1.1");
	peer_open(&bus, &b, ":1.2");
	bus_close(&bus);
	assert_fails(unload(), EAGAIN);
	/* Each end alone keeps it. */
	peer_close(&a);
	peer_close_daemon(&b);
	assert_fails(unload(), EAGAIN);
	assert_true(sockets() > 0);
	peer_close_client(&b);
	assert_ok(unload_soon());
}

static void nothing_is_left(void **state)
{
	int old = kdbus_family();

	(void)state;
	assert_int_equal(sockets(), 0);
	assert_ok(unload());
	assert_int_equal(sockets(), -1);
	assert_int_equal(access("/proc/net/kdbus", F_OK), -1);
	assert_int_equal(access("/sys/module/kdbus", F_OK), -1);
	assert_fails(socket(old, SOCK_STREAM, 0), EAFNOSUPPORT);
	assert_fails(unload(), ENOENT);
}

static void use_it_once(void)
{
	struct peer a, b;
	struct bus bus;

	bus_open(&bus);
	assert_ok(bus_configure(&bus));
	peer_open(&bus, &a, ":1.1");
	peer_open(&bus, &b, ":1.2");
	assert_true(goes_fast(&a, &b, MESSAGE(SPEC_CALL(":1.2"))));
	peer_close(&a);
	peer_close(&b);
	bus_close(&bus);
}

static void again_and_again(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		use_it_once();
		assert_ok(unload_soon());
		assert_ok(load(""));
		assert_fails(load(""), EEXIST);
	}
}

/* A number that another family has, or that can be none. */
static void family_that_is_taken(void **state)
{
	static const char *const taken[] = {
		"family=2", "family=16",
	};
	static const char *const none[] = {
		"family=0", "family=1", "family=-1", "family=46", "family=4711",
	};
	int fd = log_open();
	char text[100];
	size_t i;

	(void)state;
	assert_ok(unload_soon());
	for (i = 0; i < ARRAY_SIZE(taken); i++) {
		assert_fails(load(taken[i]), EEXIST);
		snprintf(text, sizeof(text),
			 "kdbus: address family %s is taken", taken[i] + 7);
		assert_true(log_has(fd, text));
	}
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		assert_fails(load(none[i]), EINVAL);
		snprintf(text, sizeof(text),
			 "kdbus: %s is not an address family", none[i] + 7);
		assert_true(log_has(fd, text));
	}
	assert_fails(load("family=x"), EINVAL);
	assert_int_equal(sockets(), -1);
	assert_int_equal(access("/proc/net/kdbus", F_OK), -1);
	close(fd);
}

static void another_family(void **state)
{
	int fd;
	FILE *file;
	char line[20] = "";

	(void)state;
	assert_ok(unload_soon());
	assert_ok(load("family=19"));
	file = fopen(KDBUS_FAMILY_FILE, "re");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	fclose(file);
	assert_string_equal(line, "19\n");
	fd = socket(19, SOCK_STREAM, 0);
	assert_ok(fd);
	close(fd);
	assert_fails(socket(KDBUS_AF_DEFAULT, SOCK_STREAM, 0), EAFNOSUPPORT);
	assert_ok(unload_soon());
}

/* Nobody makes the kernel load it by asking for a socket. */
static void no_automatic_loading(void **state)
{
	int fd = open(MODULE, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *bytes;

	(void)state;
	assert_ok(fd);
	assert_ok(fstat(fd, &st));
	bytes = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(bytes != MAP_FAILED);
	assert_non_null(memmem(bytes, st.st_size, "license=GPL", 11));
	assert_null(memmem(bytes, st.st_size, "alias=net-pf", 12));
	munmap(bytes, st.st_size);
	close(fd);
}

static void say_match(struct peer *peer, const char *rule)
{
	assert_ok(set_option(peer->daemon, KDBUS_MATCH_ADD, rule,
			     strlen(rule)));
}

/* A bit of everything, left in the middle of it. */
static void use_everything(int round)
{
	struct writer half = MESSAGE(SPEC_CALL(":1.2"), .bytes = 3000);
	struct writer with_fd = MESSAGE(SPEC_CALL(":1.2"), .fds = 1);
	const struct spec values = { .member = "Do" };
	struct peer a, b, c, d;
	int file = 0;
	struct bus bus;

	bus_open(&bus);
	bus.config.flags |= KDBUS_BUS_BROADCAST;
	assert_ok(bus_configure(&bus));
	peer_open(&bus, &a, ":1.1");
	peer_open(&bus, &b, ":1.2");
	peer_open(&bus, &c, ":1.3");
	peer_connect(&bus, &d);
	assert_ok(peer_publish(&b, "org.example.B"));
	assert_ok(peer_publish(&b, "org.example.C"));
	assert_ok(peer_withdraw(&b, "org.example.C"));
	assert_ok(peer_approve(&a, &b, CALL, KDBUS_FIELD_MEMBER, &values));
	assert_ok(peer_approve(&a, &b, SIGNAL, 0, NULL));
	say_match(&b, "type='signal',interface='org.example.If'");
	say_match(&c, "member='Done'");
	send_free(&a, MESSAGE(SPEC_CALL(":1.2"), .serial = 1));
	send_free(&a, MESSAGE(SPEC_CALL(":1.2"), .serial = 2));
	send_free(&b, MESSAGE(SPEC_RETURN(":1.1", 1)));
	send_free(&c, MESSAGE(SPEC_SIGNAL(NULL), .text = "to all"));
	send_with_fds(c.client, with_fd.p, with_fd.len, &file, 1, 0);
	send_with_fds(a.client, with_fd.p, with_fd.len, &file, 1, 0);
	/* Slow, held, held with a file, and half. */
	send_free(&a, MESSAGE(SPEC_CALL(NULL)));
	send_free(&a, MESSAGE(SPEC_CALL(":1.2"), .serial = 3));
	send_with_fds(a.client, with_fd.p, with_fd.len, &file, 1, 0);
	send_bytes(a.client, half.p, half.len / 2);
	send_bytes(b.daemon, half.p, half.len / 3);
	send_bytes(d.client, "\0AUTH", 5);
	if (round & 1)
		peer_close_client(&a);
	if (round & 2)
		peer_close_daemon(&b);
	if (round & 4)
		bus_close(&bus);
	if (round & 8)
		peer_done(&a, 1);
	peer_close(&a);
	peer_close(&b);
	peer_close(&c);
	peer_close(&d);
	if (!(round & 4))
		bus_close(&bus);
	writer_free(&half);
	writer_free(&with_fd);
}

#define CACHES_MAX	400
#define ROUNDS		1500

/* Fewer where each of them takes longer; what leaks is compared with them. */
static int rounds(void)
{
	return ROUNDS / slowly(1);
}

struct cache {
	char name[60];
	long objects;
};

/*
 * All objects of a slab that a processor keeps for itself count as handed out.
 * Shrinking gives these slabs back, and what is left is exact.
 */
static void shrink_cache(const char *name)
{
	char path[120];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_ok(fd);
	assert_int_equal(write(fd, "1", 1), 1);
	close(fd);
}

static void shrink_caches(const char *prefix)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	char line[300], name[60];
	long objects;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%59s %ld", name, &objects) == 2 &&
		    !strncmp(name, prefix, strlen(prefix)))
			shrink_cache(name);
	fclose(file);
}

/* Those that wait for grace periods: of what has been used, and of files in /sys. */
static void wait_for_frees(void)
{
	usleep(slowly(1500) * 1000);
}

/* What the kernel's allocators have handed out. */
static int count_objects(struct cache *caches)
{
	char line[300];
	FILE *file;
	int n = 0;

	shrink_caches("");
	/* That has taken some memory itself, which KASAN keeps for a while. */
	wait_for_frees();
	shrink_caches("kmalloc-");
	file = fopen("/proc/slabinfo", "re");
	assert_non_null(file);
	while (n < CACHES_MAX && fgets(line, sizeof(line), file))
		if (sscanf(line, "%59s %ld", caches[n].name,
			   &caches[n].objects) == 2)
			n++;
	fclose(file);
	file = fopen("/proc/meminfo", "re");
	assert_non_null(file);
	while (n < CACHES_MAX && fgets(line, sizeof(line), file))
		if (sscanf(line, "Percpu: %ld", &caches[n].objects) == 1 ||
		    sscanf(line, "VmallocUsed: %ld", &caches[n].objects) == 1) {
			memcpy(caches[n].name, line, 7);
			caches[n++].name[7] = '\0';
		}
	fclose(file);
	assert_true(n > 20);
	return n;
}

static void run_rounds(void)
{
	int i;

	for (i = 0; i < rounds(); i++) {
		transport = i & 16 ? ATTACHED : NATIVE;
		use_everything(i);
	}
	transport = NATIVE;
	wait_for_frees();
}

/* Nothing grows by even one object in three rounds. */
static void nothing_leaks(void **state)
{
	static struct cache before[CACHES_MAX], after[CACHES_MAX];
	int n, m, i, j, leaks = 0;

	(void)state;
	run_rounds();
	n = count_objects(before);
	run_rounds();
	m = count_objects(after);
	for (i = 0; i < m; i++)
		for (j = 0; j < n; j++) {
			if (strcmp(after[i].name, before[j].name) ||
			    after[i].objects - before[j].objects < rounds() / 3)
				continue;
			print_error("# %s: %ld more in %d rounds\n",
				    after[i].name,
				    after[i].objects - before[j].objects,
				    rounds());
			leaks++;
		}
	assert_int_equal(leaks, 0);
	assert_int_equal(sockets(), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_leaks),
		cmocka_unit_test_teardown(refused_while_in_use, teardown),
		cmocka_unit_test_teardown(nothing_is_left, teardown),
		cmocka_unit_test_teardown(again_and_again, teardown),
		cmocka_unit_test_teardown(family_that_is_taken, teardown),
		cmocka_unit_test_teardown(another_family, teardown),
		cmocka_unit_test(no_automatic_loading),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	kdbus_family();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("module", tests, NULL, NULL);
}
