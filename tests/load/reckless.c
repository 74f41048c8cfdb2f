// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clients that read slowly or not at all, send what is large or not complete, and
 * are killed in the middle of it.  All others must not notice.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"

#define NAME		"org.kdbus.Load.Reckless"
#define LIFE_MS		3000
#define BIG		(4 << 20)
#define UNWRITTEN	(1 << 20)

/**
 * struct reckless - one life
 * @link: its connection
 * @pace: it reads once in so many rounds, 0 for never
 * @file: some descriptor to send
 */
struct reckless {
	struct link link;
	unsigned int pace;
	int file;
};

static struct writer *begin_filled(struct reckless *r, uint8_t type,
				   const char *to, uint32_t size)
{
	static const uint8_t zeros[4096];
	struct writer *w = link_begin(&r->link, type,
				      once_in(2) ? NO_REPLY : 0, to,
				      "Reckless", "ay");
	uint32_t n;

	put_u32(w, size);
	for (; size; size -= n) {
		n = size < sizeof(zeros) ? size : sizeof(zeros);
		put_bytes(w, zeros, n);
	}
	return w;
}

static void send_file(struct reckless *r)
{
	struct writer *w = link_begin_at(&r->link, SIGNAL, 0, NAME, LOAD_PATH,
					 "Reckless", "");

	put_field_u32(w, 9, 1);
	end_header(w);
	link_end_with_file(&r->link, r->file);
}

/* The rest never comes. */
static void send_half(struct reckless *r)
{
	struct writer *w = begin_filled(r, CALL, NAME, random_below(10000));

	end_body(w);
	put_bytes(&r->link.out, w->p, 1 + random_below(w->len - 1));
	link_flush(&r->link);
	pause();
}

static void misbehave(struct reckless *r)
{
	switch (random_below(12)) {
	case 0:
		begin_filled(r, CALL, NAME, random_below(BIG));
		link_end(&r->link);
		break;
	case 1:
		send_file(r);
		break;
	case 2:
		link_request_name(&r->link, NAME, 1 | 2);
		break;
	case 3:
		link_ask(&r->link, "ReleaseName", NAME);
		break;
	case 4:
		match(&r->link, once_in(2) ? "member='All'" :
					     "interface='" LOAD_INTERFACE "'");
		break;
	case 5:
		begin_filled(r, SIGNAL, NULL, random_below(2000));
		link_end(&r->link);
		break;
	case 6:
		if (once_in(8))
			send_half(r);
		break;
	default:
		begin_filled(r, CALL, NAME, random_below(500));
		link_end(&r->link);
	}
}

static void listen_badly(struct reckless *r)
{
	struct msg msg;

	if (!r->pace || !once_in(r->pace) || !link_fill(&r->link))
		return;
	while (link_next(&r->link, &msg)) {
		delivered();
		if (msg.type != CALL || msg.flags & NO_REPLY || once_in(3))
			continue;
		link_begin_reply(&r->link, &msg, "");
		link_end(&r->link);
	}
}

static void live(const char *address, char *unique)
{
	struct reckless r = {
		.pace = random_below(4) * random_below(20),
		.file = open("/dev/null", O_RDONLY | O_CLOEXEC),
	};

	if (!link_try(&r.link, address))
		return;
	strcpy(unique, r.link.unique);
	link_request_name(&r.link, NAME, 1 | 2);
	while (!r.link.dead) {
		if (link_unwritten(&r.link) < UNWRITTEN)
			misbehave(&r);
		link_flush(&r.link);
		listen_badly(&r);
		usleep(random_below(10000));
	}
	broken(RULE_OTHER, "somebody reckless is disconnected");
}

/*
 * Until the bus has noticed: one that has too much to do would have more and more
 * to read of those who are gone.
 */
static void await_end(struct link *watcher, const char *unique)
{
	struct msg msg;

	while (!shared->stop && *unique) {
		if (!link_answer(watcher, link_ask(watcher, "NameHasOwner",
						   unique), &msg) ||
		    !msg_u32(&msg, 0))
			break;
		usleep(5000);
	}
}

/* One life, of which the other process says what it is called. */
static void run_life(const char *address, char *unique)
{
	unsigned int skip;
	pid_t pid;

	*unique = '\0';
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Another life than that of the one before. */
		for (skip = getpid() % 1000; skip; skip--)
			random_below(2);
		live(address, unique);
		_exit(0);
	}
	usleep(random_below(LIFE_MS * 1000));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	shared->kills++;
}

void be_reckless(const char *address)
{
	struct link watcher;
	char *unique = mmap(NULL, sizeof(watcher.unique),
			    PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (unique == MAP_FAILED)
		abort();
	link_open(&watcher, address);
	ready_and_wait();
	while (!shared->stop) {
		run_life(address, unique);
		await_end(&watcher, unique);
	}
	link_close(&watcher);
}
