// SPDX-License-Identifier: GPL-2.0-only
/* Faults where connections are made and the owner of a bus says something. */

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "fault.h"

static socklen_t address(struct scene *s, struct sockaddr_un *sun,
			 const char *suffix)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = kdbus_family();
	snprintf(sun->sun_path, sizeof(sun->sun_path), "%s%s", s->bus.path,
		 suffix);
	return sizeof(*sun) - 1;
}

static void make_socket(struct scene *s)
{
	s->fd = socket(kdbus_family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_ok(s->fd);
}

static int call_socket(struct scene *s)
{
	s->fd = socket(kdbus_family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
	return s->fd;
}

static int call_bind(struct scene *s)
{
	struct sockaddr_un sun;
	socklen_t len = address(s, &sun, ".other");

	return bind(s->fd, (struct sockaddr *)&sun, len);
}

static void after_bind(struct scene *s, int result)
{
	struct sockaddr_un sun;

	address(s, &sun, ".other");
	if (result < 0) {
		/* What tmpfs says if it has no memory for an inode. */
		if (result != -ENOSPC)
			expect_refusal(result);
		/* Nothing is left of it. */
		assert_int_equal(access(sun.sun_path, F_OK), -1);
		assert_ok(call_bind(s));
	}
	assert_ok(listen(s->fd, 1));
	assert_ok(unlink(sun.sun_path));
}

static void make_bound(struct scene *s)
{
	make_socket(s);
	assert_ok(call_bind(s));
}

static int call_listen(struct scene *s)
{
	return listen(s->fd, 3);
}

static void after_listen(struct scene *s, int result)
{
	struct sockaddr_un sun;
	socklen_t len = address(s, &sun, ".other");
	int fd = socket(kdbus_family(), SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (result < 0) {
		expect_refusal(result);
		assert_ok(call_listen(s));
	}
	assert_ok(connect(fd, (struct sockaddr *)&sun, len));
	close(fd);
	assert_ok(unlink(sun.sun_path));
}

static int call_connect(struct scene *s)
{
	struct sockaddr_un sun;
	socklen_t len = address(s, &sun, "");

	return connect(s->fd, (struct sockaddr *)&sun, len);
}

static void after_connect(struct scene *s, int result)
{
	int fd;

	if (result < 0) {
		expect_refusal(result);
		assert_ok(call_connect(s));
	}
	fd = accept4(s->bus.listener, NULL, NULL, SOCK_NONBLOCK);
	assert_ok(fd);
	send_bytes(s->fd, "\0AUTH\r\n", 7);
	expect_bytes(fd, "\0AUTH\r\n", 7);
	close(fd);
	assert_ok(fcntl(s->bus.listener, F_SETFL, O_NONBLOCK));
	assert_fails(accept(s->bus.listener, NULL, NULL), EAGAIN);
}

static void make_connected(struct scene *s)
{
	make_socket(s);
	assert_ok(call_connect(s));
}

static int call_accept(struct scene *s)
{
	return accept4(s->bus.listener, NULL, NULL, SOCK_CLOEXEC);
}

static void after_accept(struct scene *s, int result)
{
	if (result < 0) {
		expect_refusal(result);
		result = call_accept(s);
		assert_ok(result);
	}
	send_bytes(s->fd, "\0AUTH\r\n", 7);
	expect_bytes(result, "\0AUTH\r\n", 7);
	close(result);
}

static int call_bus_new(struct scene *s)
{
	return set_option(s->fd, KDBUS_BUS_NEW, "name", 4);
}

/* For all calls that can be made again, and change nothing if they fail. */
static void again(struct scene *s, int result, int (*call)(struct scene *s))
{
	if (result >= 0)
		return;
	expect_refusal(result);
	assert_ok(call(s));
}

static void after_bus_new(struct scene *s, int result)
{
	again(s, result, call_bus_new);
	assert_ok(set_option(s->fd, KDBUS_BUS_CONFIG, &s->bus.config,
			     sizeof(s->bus.config)));
}

static void after_socket(struct scene *s, int result)
{
	again(s, result, call_socket);
	assert_ok(call_bus_new(s));
}

#define AGAIN(name)							\
	static void after_##name(struct scene *s, int result)		\
	{								\
		again(s, result, call_##name);				\
	}

static int call_config(struct scene *s)
{
	return bus_configure(&s->bus);
}
AGAIN(config)

static int call_caps(struct scene *s)
{
	return peer_caps(&s->a, CAPS_ALL);
}
AGAIN(caps)

static int call_publish(struct scene *s)
{
	return peer_publish(&s->b, "org.example.B");
}

static void after_publish(struct scene *s, int result)
{
	again(s, result, call_publish);
	assert_true(goes_fast(&s->a, &s->b, MESSAGE(SPEC_SIGNAL("org.example.B"))));
}

static void make_name(struct scene *s)
{
	assert_ok(call_publish(s));
}

static int call_withdraw(struct scene *s)
{
	return peer_withdraw(&s->b, "org.example.B");
}

static void after_withdraw(struct scene *s, int result)
{
	again(s, result, call_withdraw);
	assert_false(goes_fast(&s->a, &s->b, MESSAGE(SPEC_SIGNAL("org.example.B"))));
}

static int approve(struct scene *s, const char *member)
{
	const struct spec values = { .path = "/a/b", .member = member };

	return peer_approve(&s->a, &s->b, SIGNAL,
			    KDBUS_FIELD_PATH | KDBUS_FIELD_MEMBER, &values);
}

static void make_restricted(struct scene *s)
{
	assert_ok(peer_caps(&s->a, KDBUS_CAP_FDS));
}

static int call_approve(struct scene *s)
{
	return approve(s, "Done");
}

static void after_approve(struct scene *s, int result)
{
	again(s, result, call_approve);
	assert_true(goes_fast(&s->a, &s->b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	assert_ok(peer_caps(&s->a, CAPS_ALL));
}

static void make_approved(struct scene *s)
{
	make_restricted(s);
	assert_ok(call_approve(s));
}

static int call_approve_more(struct scene *s)
{
	return approve(s, "Other");
}

static void after_approve_more(struct scene *s, int result)
{
	again(s, result, call_approve_more);
	after_approve(s, 0);
}

static int call_forget(struct scene *s)
{
	return bus_forget(&s->bus);
}

static void after_forget(struct scene *s, int result)
{
	again(s, result, call_forget);
	assert_false(goes_fast(&s->a, &s->b, MESSAGE(SPEC_SIGNAL(":1.2"))));
	assert_ok(peer_caps(&s->a, CAPS_ALL));
	assert_ok(peer_caps(&s->b, CAPS_ALL));
	assert_ok(peer_caps(&s->c, CAPS_ALL));
}

static const char rule[] =
	"type='signal',sender='org.example.S',interface='org.example.If',"
	"member='M',arg0='text',arg1path='/a/',path_namespace='/x'";

static int call_match_add(struct scene *s)
{
	return set_option(s->b.daemon, KDBUS_MATCH_ADD, rule, sizeof(rule) - 1);
}

static int call_match_remove(struct scene *s)
{
	return set_option(s->b.daemon, KDBUS_MATCH_REMOVE, rule,
			  sizeof(rule) - 1);
}
AGAIN(match_remove)

static void make_match(struct scene *s)
{
	assert_ok(call_match_add(s));
}

static void after_match_add(struct scene *s, int result)
{
	again(s, result, call_match_add);
	assert_ok(call_match_remove(s));
	/* It was there once. */
	assert_fails(call_match_remove(s), ENOENT);
}

static int call_bus_match_add(struct scene *s)
{
	return set_option(s->bus.listener, KDBUS_BUS_MATCH_ADD, rule,
			  sizeof(rule) - 1);
}

static int call_bus_match_remove(struct scene *s)
{
	return set_option(s->bus.listener, KDBUS_BUS_MATCH_REMOVE, rule,
			  sizeof(rule) - 1);
}
AGAIN(bus_match_remove)

static void make_bus_match(struct scene *s)
{
	assert_ok(call_bus_match_add(s));
}

static void after_bus_match_add(struct scene *s, int result)
{
	again(s, result, call_bus_match_add);
	assert_ok(call_bus_match_remove(s));
	assert_fails(call_bus_match_remove(s), ENOENT);
}

static int call_stage(struct scene *s)
{
	return set_option(s->bus.listener, KDBUS_BUS_STAGE, NULL, 0);
}

static int call_commit(struct scene *s)
{
	return set_option(s->bus.listener, KDBUS_BUS_COMMIT, NULL, 0);
}

static void after_stage(struct scene *s, int result)
{
	again(s, result, call_stage);
	assert_ok(call_commit(s));
}

static void make_staged(struct scene *s)
{
	struct writer w = MESSAGE(SPEC_SIGNAL(":1.2"), .text = "staged");

	assert_ok(call_stage(s));
	send_bytes(s->b.daemon, w.p, w.len);
	send_bytes(s->c.daemon, w.p, w.len);
	writer_free(&w);
}

static void after_commit(struct scene *s, int result)
{
	struct writer w;

	again(s, result, call_commit);
	w = receive(s->b.client, NULL, NULL);
	writer_free(&w);
	w = receive(s->c.client, NULL, NULL);
	writer_free(&w);
}

static int call_peersec(struct scene *s)
{
	char label[100];
	socklen_t len = sizeof(label);
	int ret = getsockopt(s->a.daemon, SOL_KDBUS, KDBUS_PEERSEC, label, &len);

	/* Without a security module there is none. */
	return ret && errno == ENOPROTOOPT ? 0 : ret;
}
AGAIN(peersec)

static int call_info(struct scene *s)
{
	struct kdbus_peer_info info;
	socklen_t len = sizeof(info);

	return getsockopt(s->a.daemon, SOL_KDBUS, KDBUS_PEER_INFO, &info, &len);
}
AGAIN(info)

static void make_due(struct scene *s)
{
	s->w = MESSAGE(SPEC_CALL(":1.2"), .serial = 5);
	send_message(&s->a, &s->w);
	arrives_once(s);
}

static int call_query(struct scene *s)
{
	struct kdbus_reply_query query = { .callee = s->b.id, .serial = 5 };
	socklen_t len = sizeof(query);

	return getsockopt(s->a.daemon, SOL_KDBUS, KDBUS_REPLY_QUERY, &query,
			  &len);
}
AGAIN(query)

static int call_claim(struct scene *s)
{
	return peer_claim(&s->b, &s->a, 5);
}

/* If it has been claimed and that could not be said, it stays so. */
static void after_claim(struct scene *s, int result)
{
	if (result < 0)
		expect_refusal(result);
	if (result < 0 && peer_query(&s->a, &s->b, 5).known)
		assert_ok(call_claim(s));
	assert_int_equal(peer_query(&s->a, &s->b, 5).count, 0);
}

static int call_take(struct scene *s)
{
	struct kdbus_reply replies[4];
	socklen_t len = sizeof(replies);

	return getsockopt(s->b.daemon, SOL_KDBUS, KDBUS_REPLY_TAKE, replies,
			  &len);
}

static void after_take(struct scene *s, int result)
{
	again(s, result, call_take);
	assert_int_equal(peer_query(&s->a, &s->b, 5).count, 0);
}

static void make_pair(struct scene *s)
{
	assert_ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s->end));
	send_bytes(s->end[0], "\0AUTH EXTERNAL 30\r\n", 19);
}

static int call_attach(struct scene *s)
{
	union {
		char bytes[100];
		struct kdbus_attach a;
	} u = { .a = { .fd = s->end[1], .label_len = 5 } };
	socklen_t len = sizeof(u.a) + 5;

	strcpy(u.a.label, "label");
	if (getsockopt(s->bus.listener, SOL_KDBUS, KDBUS_ATTACH, &u, &len))
		return -1;
	s->fd = u.a.fd;
	return 0;
}

static void after_attach(struct scene *s, int result)
{
	again(s, result, call_attach);
	expect_bytes(s->fd, "\0AUTH EXTERNAL 30\r\n", 19);
	send_bytes(s->fd, "OK 12\r\n", 7);
	expect_bytes(s->end[0], "OK 12\r\n", 7);
}

static int call_proc(struct scene *s)
{
	char text[4096];
	ssize_t n = 0;

	s->fd = open("/proc/net/kdbus", O_RDONLY | O_CLOEXEC);
	if (s->fd >= 0)
		n = read(s->fd, text, sizeof(text));
	return s->fd < 0 || n < 0 ? -1 : 0;
}

static void after_proc(struct scene *s, int result)
{
	if (result < 0)
		expect_refusal(result);
	assert_int_equal(bus_stat(&s->bus, "peers"), 3);
}

static int call_poll(struct scene *s)
{
	struct pollfd p[] = {
		{ .fd = s->a.client, .events = POLLIN | POLLOUT },
		{ .fd = s->a.daemon, .events = POLLIN | POLLOUT },
		{ .fd = s->bus.listener, .events = POLLIN },
	};

	return poll(p, 3, 0);
}
AGAIN(poll)

static int call_name(struct scene *s)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);

	return getsockname(s->bus.listener, (struct sockaddr *)&sun, &len);
}
AGAIN(name)

#define CASE(name_, before_) \
	{ #name_, before_, call_##name_, after_##name_ }

const struct fault_case fault_setup_cases[] = {
	CASE(socket, NULL),
	CASE(bind, make_socket),
	CASE(listen, make_bound),
	CASE(connect, make_socket),
	CASE(accept, make_connected),
	CASE(bus_new, make_socket),
	CASE(config, NULL),
	CASE(caps, NULL),
	CASE(publish, NULL),
	CASE(withdraw, make_name),
	CASE(approve, make_restricted),
	CASE(approve_more, make_approved),
	CASE(forget, NULL),
	CASE(match_add, NULL),
	CASE(match_remove, make_match),
	CASE(bus_match_add, NULL),
	CASE(bus_match_remove, make_bus_match),
	CASE(stage, NULL),
	CASE(commit, make_staged),
	CASE(peersec, NULL),
	CASE(info, NULL),
	CASE(query, make_due),
	CASE(claim, make_due),
	CASE(take, make_due),
	CASE(attach, make_pair),
	CASE(proc, NULL),
	CASE(poll, NULL),
	CASE(name, NULL),
};
const size_t fault_setup_count = ARRAY_SIZE(fault_setup_cases);
