// SPDX-License-Identifier: GPL-2.0-only
/* A broadcast that was in a queue already, and is taken back. */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/message.h"
#include "slow.h"
#include "trio.h"

#define LISTENERS	40
#define ROUNDS		1500

/* Rounds that have been begun, calls that the recipient has read, and the end. */
static struct {
	atomic_int go;
	atomic_int got;
	atomic_bool stop;
} scene;

static struct peer others[LISTENERS];

static int setup(void **state)
{
	char name[16];
	int i;

	three_peers(state);
	scene.go = scene.got = 0;
	scene.stop = false;
	bus.config.flags |= KDBUS_BUS_BROADCAST;
	bus.config.max_outgoing_bytes = 100000;
	assert_ok(bus_configure(&bus));
	assert_ok(set_option(b.daemon, KDBUS_MATCH_ADD, "member='Done'", 13));
	for (i = 0; i < LISTENERS; i++) {
		snprintf(name, sizeof(name), ":1.%d", 100 + i);
		peer_open(&bus, &others[i], name);
		assert_ok(set_option(others[i].daemon, KDBUS_MATCH_ADD,
				     "member='Done'", 13));
	}
	return 0;
}

static int teardown(void **state)
{
	int i;

	for (i = 0; i < LISTENERS; i++)
		peer_close(&others[i]);
	return no_peers(state);
}

/* Reads, and counts the calls that come. */
static void *read_all(void *unused)
{
	struct kdbus_frame frame;
	uint8_t block[1000];

	(void)unused;
	while (!scene.stop && recv(b.client, block, 16, MSG_WAITALL) == 16) {
		if (!kdbus_message_frame(block, sizeof(block), &frame) ||
		    recv(b.client, block + 16, frame.total_len - 16,
			 MSG_WAITALL) < 0)
			break;
		scene.got += block[1] == CALL;
	}
	return NULL;
}

/* One broadcast a round; what goes to the daemon is done with at once. */
static void *broadcast(void *unused)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .text = "all");
	static uint8_t block[1 << 12];
	int round = 0;

	(void)unused;
	while (!scene.stop) {
		if (round == scene.go)
			continue;
		round = scene.go;
		send(a.client, w.p, w.len, MSG_DONTWAIT);
		if (recv(a.daemon, block, sizeof(block), MSG_DONTWAIT) > 0)
			peer_done(&a, 1);
	}
	writer_free(&w);
	return NULL;
}

/* Somebody's rules change all the time. */
static void *change_rules(void *unused)
{
	(void)unused;
	while (!scene.stop) {
		set_option(c.daemon, KDBUS_MATCH_ADD, "member='No'", 11);
		set_option(c.daemon, KDBUS_MATCH_REMOVE, "member='No'", 11);
	}
	return NULL;
}

static bool arrives(int count)
{
	int i;

	for (i = 0; scene.got < count && i < (int)slowly(2000); i++)
		usleep(1000);
	return scene.got >= count;
}

/* What came behind it is read at once: its recipient is woken again. */
static void nobody_sleeps_on(void **state)
{
	void *(*const parts[])(void *) = { read_all, broadcast, change_rules };
	struct writer w = MESSAGE(SPEC_CALL(":1.2"), .flags = NO_REPLY);
	pthread_t threads[3];
	bool ok = true;
	int i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, parts[i],
						NULL), 0);
	for (i = 1; ok && i <= ROUNDS; i++) {
		scene.go = i;
		usleep(random() % 200);
		send_bytes(c.client, w.p, w.len);
		ok = arrives(i);
	}
	scene.stop = true;
	send_bytes(b.daemon, w.p, w.len);
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	writer_free(&w);
	assert_true(ok);
}

SUITE_TESTS(route_back,
	cmocka_unit_test_setup_teardown(nobody_sleeps_on, setup, teardown));
