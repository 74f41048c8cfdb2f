// SPDX-License-Identifier: GPL-2.0-only
/* Sockmaps, which take a socket's callbacks as the module does. */

#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "attach.h"

#define ROUNDS	50

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* With room for one socket. */
static int sockmap_new(void)
{
	union bpf_attr make = {
		.map_type = BPF_MAP_TYPE_SOCKMAP,
		.key_size = 4,
		.value_size = 4,
		.max_entries = 1,
	};
	int map = bpf(BPF_MAP_CREATE, &make);

	if (map < 0)
		skip();
	return map;
}

static int sockmap_add(int map, int fd)
{
	int key = 0;
	union bpf_attr update = {
		.map_fd = map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&fd,
	};

	return bpf(BPF_MAP_UPDATE_ELEM, &update);
}

/* What comes for a socket in the map goes by this program. */
static void sockmap_verdict(int map, const struct bpf_insn *insns, int count)
{
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_SK_SKB,
		.insns = (uintptr_t)insns,
		.insn_cnt = count,
		.license = (uintptr_t)"GPL",
	};
	int prog = bpf(BPF_PROG_LOAD, &load);
	union bpf_attr put = {
		.target_fd = map,
		.attach_bpf_fd = prog,
		.attach_type = BPF_SK_SKB_VERDICT,
	};

	assert_ok(prog);
	assert_ok(bpf(BPF_PROG_ATTACH, &put));
	close(prog);
}

/* The client reads it. */
static void verdict_pass(int map)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = SK_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	sockmap_verdict(map, insns, ARRAY_SIZE(insns));
}

/* The client's socket writes it, back to where it has come from. */
static void verdict_send_back(int map)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = BPF_REG_2,
		  .src_reg = BPF_PSEUDO_MAP_FD, .imm = map },
		{},
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_4 },
		{ .code = BPF_JMP | BPF_CALL,
		  .imm = BPF_FUNC_sk_redirect_map },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	sockmap_verdict(map, insns, ARRAY_SIZE(insns));
}

/* A sockmap and the module do not take a socket away from each other. */
static void sockmap(void **state)
{
	int end[2], map = sockmap_new(), fd;

	(void)state;
	pair(end);
	if (sockmap_add(map, end[0]))
		skip();
	assert_fails(attach(bus.listener, end[0]), EBUSY);
	/* That the client has put its end into one is its own affair. */
	fd = attach(bus.listener, end[1]);
	assert_ok(fd);
	send_bytes(fd, "OK\r\n", 4);
	close(map);
	map = sockmap_new();
	assert_int_equal(sockmap_add(map, end[1]), -1);
	close(fd);
	close(map);
	close_pair(end);
}

/* A client whose socket is in the map, since before it is attached or after. */
static void open_in_map(struct peer *peer, int map, bool before)
{
	int end[2];

	*peer = (struct peer){ .bus = &bus, .attached = true };
	pair(end);
	if (before)
		assert_ok(sockmap_add(map, end[0]));
	peer->client = end[0];
	peer->daemon = attach(bus.listener, end[1]);
	assert_ok(peer->daemon);
	close(end[1]);
	if (!before)
		assert_ok(sockmap_add(map, end[0]));
	send_bytes(peer->client, "\0AUTH\r\nBEGIN\r\n", 14);
	expect_bytes(peer->daemon, "\0AUTH\r\nBEGIN\r\n", 14);
	strcpy(peer->name, ":1.3");
	assert_ok(peer_publish(peer, peer->name));
	assert_ok(peer_caps(peer, CAPS_ALL));
}

static void verdict_passes(void **state)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(NULL), .bytes = 5000);
	int map, before, i;
	struct peer c;

	(void)state;
	for (before = 0; before < 2; before++) {
		map = sockmap_new();
		verdict_pass(map);
		open_in_map(&c, map, before);
		for (i = 0; i < ROUNDS; i++) {
			assert_true(goes_fast(&c, &b, fast()));
			assert_true(goes_fast(&a, &c,
					      MESSAGE(SPEC_SIGNAL(":1.3"))));
			send_bytes(c.daemon, w.p, w.len);
			expect_bytes(c.client, w.p, w.len);
		}
		peer_close(&c);
		close(map);
	}
	writer_free(&w);
}

/* Kernel threads write for the client what others have written to it. */
static void verdict_sends_back(void **state)
{
	struct writer to_b = fast(), to_daemon = slow();
	int map, before, i;
	struct peer c;

	(void)state;
	for (before = 0; before < 2; before++) {
		map = sockmap_new();
		verdict_send_back(map);
		open_in_map(&c, map, before);
		for (i = 0; i < ROUNDS; i++) {
			assert_true(goes_fast(&c, &b, fast()));
			send_bytes(c.daemon, to_b.p, to_b.len);
			expect_fast(&c, &b, &to_b);
			send_bytes(c.daemon, to_daemon.p, to_daemon.len);
			expect_slow(&c, &to_daemon);
			assert_ok(peer_done(&c, 1));
		}
		peer_close(&c);
		close(map);
	}
	writer_free(&to_b);
	writer_free(&to_daemon);
}

/* What is sent to it comes back to it again and again; others go on meanwhile. */
static void verdict_makes_a_circle(void **state)
{
	struct peer c;
	int map = sockmap_new(), i;

	(void)state;
	verdict_send_back(map);
	open_in_map(&c, map, true);
	send_free(&a, MESSAGE(SPEC_SIGNAL(":1.3")));
	for (i = 0; bus_stat(&bus, "signals") < 100; i++) {
		assert_in_range(i, 0, 1000);
		usleep(slowly(5) * 1000);
	}
	for (i = 0; i < ROUNDS; i++)
		assert_true(goes_fast(&a, &b, fast()));
	peer_close(&c);
	close(map);
	settle();
}

#define TEST TEST_OF_TWO

SUITE_TESTS(attach_sockmap,
	TEST(sockmap),
	TEST(verdict_passes),
	TEST(verdict_sends_back),
	TEST(verdict_makes_a_circle));
