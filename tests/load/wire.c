// SPDX-License-Identifier: GPL-2.0-only
/* A client without a library. */

#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../../src/uapi/kdbus.h"

#define ROOM		(256 << 10)
#define FILES_MAX	253

static int family_of(const char *address)
{
	char text[16] = "";
	int fd, family = 0;

	if (strncmp(address, "kdbus:", 6))
		return AF_UNIX;
	fd = open(KDBUS_FAMILY_FILE, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		family = atoi(text);
	if (fd >= 0)
		close(fd);
	return family;
}

static int connect_to(const char *address)
{
	const char *path = strstr(address, "path=");
	struct sockaddr_un sun = { .sun_family = family_of(address) };
	int fd, tries;

	if (!path)
		return -1;
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path + 5);
	for (tries = 0; tries < 50; tries++) {
		fd = socket(sun.sun_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd < 0)
			return -1;
		if (!connect(fd, (struct sockaddr *)&sun, sizeof(sun)))
			return fd;
		close(fd);
		/* Too many at the same time. */
		if (errno != EAGAIN)
			return -1;
		usleep(10000);
	}
	return -1;
}

static bool say_line(int fd, const char *line, size_t len)
{
	return send(fd, line, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool hear_line(int fd, const char *begin)
{
	char line[256];
	size_t n = 0;

	while (n < sizeof(line) && recv(fd, line + n, 1, 0) == 1)
		if (line[n++] == '\n')
			return !strncmp(line, begin, strlen(begin));
	return false;
}

static bool authenticate(int fd)
{
	char auth[64], id[16], *at;
	int n;

	snprintf(id, sizeof(id), "%u", geteuid());
	n = 1 + sprintf(auth + 1, "AUTH EXTERNAL ");
	auth[0] = '\0';
	for (at = id; *at; at++)
		n += sprintf(auth + n, "%02x", *at);
	n += sprintf(auth + n, "\r\n");
	return say_line(fd, auth, n) && hear_line(fd, "OK") &&
	       say_line(fd, "NEGOTIATE_UNIX_FD\r\n", 19) &&
	       hear_line(fd, "AGREE_UNIX_FD") && say_line(fd, "BEGIN\r\n", 7);
}

bool link_try(struct link *link, const char *address)
{
	uint32_t serial;
	struct msg msg;
	size_t at = 0;

	memset(link, 0, sizeof(*link));
	link->fd = connect_to(address);
	if (link->fd < 0)
		return false;
	if (!authenticate(link->fd))
		goto fail;
	fcntl(link->fd, F_SETFL, O_NONBLOCK);
	serial = link_ask(link, "Hello", NULL);
	if (!link_answer(link, serial, &msg) || msg.type != RETURN)
		goto fail;
	snprintf(link->unique, sizeof(link->unique), "%s",
		 msg_string(&msg, &at));
	return true;
fail:
	link_close(link);
	return false;
}

void link_open(struct link *link, const char *address)
{
	if (link_try(link, address))
		return;
	fprintf(stderr, "cannot connect to %s: %s\n", address, strerror(errno));
	exit(1);
}

void link_close(struct link *link)
{
	close(link->fd);
	writer_free(&link->in);
	writer_free(&link->out);
	writer_free(&link->scratch);
	link->fd = -1;
	link->dead = true;
}

struct writer *link_begin_at(struct link *link, uint8_t type, uint8_t flags,
			     const char *to, const char *path,
			     const char *member, const char *signature)
{
	struct writer *w = &link->scratch;

	put_header(w, type, flags, ++link->serial);
	put_field(w, 1, 'o', path);
	put_field(w, 2, 's', to && !strcmp(to, DRIVER) ? DRIVER :
							LOAD_INTERFACE);
	put_field(w, 3, 's', member);
	if (to)
		put_field(w, 6, 's', to);
	if (*signature)
		put_field(w, 8, 'g', signature);
	return w;
}

struct writer *link_begin(struct link *link, uint8_t type, uint8_t flags,
			  const char *to, const char *member,
			  const char *signature)
{
	struct writer *w = link_begin_at(link, type, flags, to, LOAD_PATH,
					 member, signature);

	end_header(w);
	return w;
}

struct writer *link_begin_reply(struct link *link, const struct msg *msg,
				const char *signature)
{
	struct writer *w = &link->scratch;

	put_header(w, RETURN, NO_REPLY, ++link->serial);
	put_field_u32(w, 5, msg->serial);
	put_field(w, 6, 's', msg->sender);
	if (*signature)
		put_field(w, 8, 'g', signature);
	end_header(w);
	return w;
}

uint32_t link_end(struct link *link)
{
	end_body(&link->scratch);
	put_bytes(&link->out, link->scratch.p, link->scratch.len);
	return link->serial;
}

/* All that waits goes first; then the bytes that the descriptor belongs to. */
uint32_t link_end_with_file(struct link *link, int file)
{
	struct writer *w = &link->scratch;
	char control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec iov;
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);
	ssize_t n = -1;

	end_body(w);
	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &file, sizeof(int));
	while (!link->dead && n < 0) {
		iov = (struct iovec){ .iov_base = w->p, .iov_len = w->len };
		if (link_flush(link))
			n = sendmsg(link->fd, &msg, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != ETOOMANYREFS)
			link->dead = true;
		if (n < 0 && !link->dead) {
			/* Somebody has to read, or nobody gets on. */
			link_fill(link);
			usleep(1000);
		}
	}
	if (n > 0)
		put_bytes(&link->out, w->p + n, w->len - n);
	return link->serial;
}

uint32_t link_ask(struct link *link, const char *member, const char *text)
{
	struct writer *w = link_begin(link, CALL, 0, DRIVER, member,
				      text ? "s" : "");

	if (text)
		put_string(w, text);
	return link_end(link);
}

uint32_t link_request_name(struct link *link, const char *name, uint32_t flags)
{
	struct writer *w = link_begin(link, CALL, 0, DRIVER, "RequestName",
				      "su");

	put_string(w, name);
	put_u32(w, flags);
	return link_end(link);
}

size_t link_unwritten(const struct link *link)
{
	return link->out.len - link->out_at;
}

bool link_flush(struct link *link)
{
	while (link_unwritten(link) && !link->dead) {
		ssize_t n = send(link->fd, link->out.p + link->out_at,
				 link_unwritten(link), MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0)
			link->dead = true;
		else
			link->out_at += n;
	}
	link->out.len = link->out_at = 0;
	return true;
}

static void drop_files(struct link *link, struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	int files[FILES_MAX];
	size_t n;

	if (!cmsg || cmsg->cmsg_type != SCM_RIGHTS)
		return;
	n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);
	memcpy(files, CMSG_DATA(cmsg), n * sizeof(int));
	link->files += n;
	while (n)
		close(files[--n]);
}

static void make_room(struct writer *w, size_t *at)
{
	if (*at) {
		w->len -= *at;
		memmove(w->p, w->p + *at, w->len);
		*at = 0;
	}
	if (w->size < w->len + ROOM) {
		w->size = w->len + 2 * ROOM;
		w->p = realloc(w->p, w->size);
		if (!w->p)
			abort();
	}
}

bool link_fill(struct link *link)
{
	char control[CMSG_SPACE(FILES_MAX * sizeof(int))];
	struct msghdr msg = {
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct iovec iov;
	ssize_t n;

	make_room(&link->in, &link->in_at);
	iov.iov_base = link->in.p + link->in.len;
	iov.iov_len = ROOM;
	msg.msg_iov = &iov;
	n = recvmsg(link->fd, &msg, MSG_CMSG_CLOEXEC);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		link->dead = true;
		return false;
	}
	drop_files(link, &msg);
	link->in.len += n;
	return true;
}

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* One header field; returns where the next one begins. */
static uint32_t take_field(const uint8_t *p, uint32_t at, struct msg *msg)
{
	const char *text;

	at = (at + 7) & ~7U;
	/* Code, and a signature of one character. */
	if (p[at + 2] == 'u') {
		if (p[at] == 5)
			msg->reply_serial = u32_at(p + at + 4);
		else if (p[at] == 9)
			msg->fds = u32_at(p + at + 4);
		return at + 8;
	}
	if (p[at + 2] == 'g') {
		msg->signature = (const char *)p + at + 5;
		return at + 6 + p[at + 4];
	}
	text = (const char *)p + at + 8;
	switch (p[at]) {
	case 1:
		msg->path = text;
		break;
	case 3:
		msg->member = text;
		break;
	case 4:
		msg->error = text;
		break;
	case 6:
		msg->destination = text;
		break;
	case 7:
		msg->sender = text;
		break;
	}
	return at + 9 + u32_at(p + at + 4);
}

bool link_next(struct link *link, struct msg *msg)
{
	const uint8_t *p = link->in.p + link->in_at;
	size_t have = link->in.len - link->in_at;
	uint32_t at = 16, end, total;

	if (have < 16)
		return false;
	if (p[0] != 'l') {
		fprintf(stderr, "no message where one begins\n");
		abort();
	}
	end = 16 + u32_at(p + 12);
	total = ((end + 7) & ~7U) + u32_at(p + 4);
	if (have < total)
		return false;
	*msg = (struct msg){
		.type = p[1], .flags = p[2], .serial = u32_at(p + 8),
		.path = "", .member = "", .error = "", .destination = "",
		.sender = "", .signature = "",
		.body = p + ((end + 7) & ~7U), .body_len = u32_at(p + 4),
	};
	while (at < end)
		at = take_field(p, at, msg);
	link->in_at += total;
	return true;
}

void link_wait(struct link *link, int ms)
{
	struct pollfd p = {
		.fd = link->fd,
		.events = POLLIN | (link_unwritten(link) ? POLLOUT : 0),
	};

	poll(&p, 1, ms);
}

bool link_read(struct link *link, struct msg *msg, int seconds)
{
	time_t end = time(NULL) + seconds;

	while (!link_next(link, msg)) {
		link_flush(link);
		if (link_fill(link))
			continue;
		if (link->dead || time(NULL) > end)
			return false;
		link_wait(link, 1000);
	}
	return true;
}

bool link_answer(struct link *link, uint32_t serial, struct msg *msg)
{
	while (link_read(link, msg, PATIENCE))
		if (msg->reply_serial == serial)
			return true;
	return false;
}

uint32_t msg_u32(const struct msg *msg, size_t at)
{
	return at + 4 <= msg->body_len ? u32_at(msg->body + at) : 0;
}

const char *msg_string(const struct msg *msg, size_t *at)
{
	const char *text;

	*at = (*at + 3) & ~3UL;
	if (*at + 5 > msg->body_len)
		return "";
	text = (const char *)msg->body + *at + 4;
	*at += 5 + u32_at(msg->body + *at);
	return text;
}

bool msg_is(const struct msg *msg, const char *member)
{
	return !strcmp(msg->member, member);
}

bool msg_from_driver(const struct msg *msg)
{
	return !strcmp(msg->sender, DRIVER);
}
