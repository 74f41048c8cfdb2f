// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking byte streams apart into messages.
 *
 * Each direction of a connection begins with SASL lines and goes on with
 * messages.  A message is collected until it is whole; what cannot be
 * collected is passed on in chunks, which nothing comes between.
 */

#include <linux/uio.h>
#include <net/sock.h>

#include "bus.h"
#include "off.h"
#include "peer.h"
#include "plant.h"
#include "reply.h"
#include "room.h"
#include "route.h"
#include "stream.h"
#include "user.h"

/**
 * struct kdbus_direction - what differs between the two directions
 * @room: may another message or chunk be begun?
 * @message: takes a whole message
 * @chunk: takes a chunk, which may be the start of a message
 * @max_size: longest message that is kept whole
 */
struct kdbus_direction {
	bool (*room)(const struct kdbus_peer *peer);
	int (*message)(struct kdbus_peer *peer, struct kdbus_msg *msg);
	int (*chunk)(struct kdbus_peer *peer, struct kdbus_msg *msg,
		     bool starts_message);
	u32 (*max_size)(const struct kdbus_peer *peer);
};

static int kdbus_stream_fill(struct iov_iter *from, u8 *to, size_t n)
{
	size_t got = copy_from_iter(to, n, from);

	if (got == n)
		return 0;
	/* What is not kept has not been sent. */
	iov_iter_revert(from, got);
	return -EFAULT;
}

/* Attaches what has been collected of files to what is passed on next. */
static void kdbus_stream_attach(struct kdbus_tx *tx, struct kdbus_msg *msg)
{
	msg->fds = tx->fds;
	tx->fds = (struct kdbus_fds){};
}

/* A chunk of up to @max bytes out of the stream. */
static struct kdbus_msg *kdbus_stream_chunk(struct kdbus_user *user,
					    struct iov_iter *from, size_t max)
{
	size_t n = min_t(size_t, iov_iter_count(from), max);
	struct kdbus_msg *msg = kdbus_msg_new(user, 0, n, true);
	int ret;

	if (!msg)
		return ERR_PTR(-ENOMEM);
	ret = kdbus_stream_fill(from, kdbus_msg_bytes(msg), n);
	if (ret) {
		kdbus_msg_free(msg);
		return ERR_PTR(ret);
	}
	return msg;
}

/* Passes the fixed header on, or a part of it: the rest follows in chunks. */
static int kdbus_stream_give_up(const struct kdbus_direction *dir,
				struct kdbus_peer *peer, struct kdbus_tx *tx,
				struct kdbus_user *user, bool framed,
				u32 left)
{
	struct kdbus_msg *msg = kdbus_msg_new(user, 0, tx->fixed_len, true);
	bool starts = tx->fixed_len == KDBUS_FIXED_HEADER;

	if (!msg)
		return -ENOMEM;
	memcpy(kdbus_msg_bytes(msg), tx->fixed, tx->fixed_len);
	kdbus_stream_attach(tx, msg);
	tx->fixed_len = 0;
	tx->pass_left = left;
	if (!framed)
		WRITE_ONCE(tx->phase, KDBUS_PHASE_RAW);
	else if (left)
		WRITE_ONCE(tx->phase, KDBUS_PHASE_PASS);
	return dir->chunk(peer, msg, starts);
}

/*
 * A message of which files are there but not all bytes: the daemon has a limit
 * for how long it may stay like that, so let it see what there is.
 */
static int kdbus_stream_show_files(const struct kdbus_direction *dir,
				   struct kdbus_peer *peer, struct kdbus_tx *tx,
				   struct kdbus_user *user)
{
	struct kdbus_msg *msg = tx->msg;

	if (!tx->fds.list)
		return 0;
	/* So little of it is no library's doing, and is not worth a state. */
	if (!msg)
		return kdbus_stream_give_up(dir, peer, tx, user, false, 0);
	tx->msg = NULL;
	tx->pass_left = kdbus_msg_len(msg) - tx->filled;
	WRITE_ONCE(tx->phase, KDBUS_PHASE_PASS);
	msg->end -= tx->pass_left;
	kdbus_stream_attach(tx, msg);
	return dir->chunk(peer, msg, true);
}

/* Hands the message on if all of it is there: the header may have been all. */
static int kdbus_stream_whole(const struct kdbus_direction *dir,
			      struct kdbus_peer *peer, struct kdbus_tx *tx)
{
	struct kdbus_msg *msg = tx->msg;

	if (tx->filled < kdbus_msg_len(msg))
		return 0;
	tx->msg = NULL;
	kdbus_stream_attach(tx, msg);
	return dir->message(peer, msg);
}

/* The fixed header is there: how long is the message, and is there memory? */
static int kdbus_stream_begin(const struct kdbus_direction *dir,
			      struct kdbus_peer *peer, struct kdbus_tx *tx,
			      struct kdbus_user *user)
{
	struct kdbus_frame frame;

	if (!kdbus_message_frame(tx->fixed, dir->max_size(peer), &frame))
		return kdbus_stream_give_up(dir, peer, tx, user, false, 0);

	tx->msg = kdbus_msg_new(user, KDBUS_HEADROOM, frame.total_len, false);
	if (!tx->msg)
		return kdbus_stream_give_up(dir, peer, tx, user, true,
					    frame.total_len - tx->fixed_len);
	memcpy(kdbus_msg_bytes(tx->msg), tx->fixed, tx->fixed_len);
	tx->filled = tx->fixed_len;
	tx->fixed_len = 0;
	return kdbus_stream_whole(dir, peer, tx);
}

static int kdbus_stream_start(const struct kdbus_direction *dir,
			      struct kdbus_peer *peer, struct kdbus_tx *tx,
			      struct kdbus_user *user, struct iov_iter *from)
{
	size_t n = min_t(size_t, iov_iter_count(from),
			 KDBUS_FIXED_HEADER - tx->fixed_len);
	int ret = kdbus_stream_fill(from, tx->fixed + tx->fixed_len, n);

	if (ret)
		return ret;
	tx->fixed_len += n;
	if (tx->fixed_len < KDBUS_FIXED_HEADER)
		return 0;
	return kdbus_stream_begin(dir, peer, tx, user);
}

static int kdbus_stream_message(const struct kdbus_direction *dir,
				struct kdbus_peer *peer, struct kdbus_tx *tx,
				struct kdbus_user *user, struct iov_iter *from)
{
	struct kdbus_msg *msg = tx->msg;
	size_t n;
	int ret;

	if (!msg)
		return kdbus_stream_start(dir, peer, tx, user, from);

	n = min_t(size_t, iov_iter_count(from),
		  kdbus_msg_len(msg) - tx->filled);
	ret = kdbus_stream_fill(from, kdbus_msg_bytes(msg) + tx->filled, n);
	if (ret)
		return ret;
	tx->filled += n;
	return kdbus_stream_whole(dir, peer, tx);
}

static int kdbus_stream_pass(const struct kdbus_direction *dir,
			     struct kdbus_peer *peer, struct kdbus_tx *tx,
			     struct kdbus_user *user, struct iov_iter *from)
{
	bool raw = tx->phase == KDBUS_PHASE_RAW;
	size_t max = raw ? KDBUS_CHUNK : min_t(u32, tx->pass_left, KDBUS_CHUNK);
	struct kdbus_msg *msg = kdbus_stream_chunk(user, from, max);

	if (IS_ERR(msg))
		return PTR_ERR(msg);
	kdbus_stream_attach(tx, msg);
	if (!raw) {
		tx->pass_left -= kdbus_msg_len(msg);
		if (!tx->pass_left)
			WRITE_ONCE(tx->phase, KDBUS_PHASE_MESSAGES);
	}
	return dir->chunk(peer, msg, false);
}

/* At a point where a sender may be told to wait? */
static bool kdbus_stream_at_start(const struct kdbus_tx *tx)
{
	return !tx->msg && !tx->fixed_len;
}

typedef int (*kdbus_sasl_step)(struct kdbus_peer *peer, struct iov_iter *from);

static int kdbus_stream_run(const struct kdbus_direction *dir,
			    kdbus_sasl_step sasl, struct kdbus_peer *peer,
			    struct kdbus_tx *tx, struct kdbus_user *user,
			    struct iov_iter *from)
{
	int ret = 0;

	while (!ret && iov_iter_count(from)) {
		if (kdbus_stream_at_start(tx) && !dir->room(peer))
			return -EAGAIN;
		if (tx->phase == KDBUS_PHASE_SASL)
			ret = sasl(peer, from);
		else if (tx->phase == KDBUS_PHASE_MESSAGES)
			ret = kdbus_stream_message(dir, peer, tx, user, from);
		else
			ret = kdbus_stream_pass(dir, peer, tx, user, from);
	}
	return ret;
}

/*
 * The files of a call belong to its first byte.  A caller that has to wait
 * before that keeps them, and so does one whose memory cannot be read.
 */
static int kdbus_stream_write(const struct kdbus_direction *dir,
			      kdbus_sasl_step sasl, struct kdbus_peer *peer,
			      struct kdbus_tx *tx, struct kdbus_user *user,
			      struct iov_iter *from, struct kdbus_fds *fds)
{
	size_t len = iov_iter_count(from);
	bool fresh = !tx->fds.list;
	int ret, shown;

	lockdep_assert_held(&tx->lock);

	if (len && fds->list) {
		if (kdbus_stream_at_start(tx) && !dir->room(peer))
			return -EAGAIN;
		if (kdbus_fds_append(&tx->fds, fds))
			return -ETOOMANYREFS;
	}
	ret = kdbus_stream_run(dir, sasl, peer, tx, user, from);
	if (ret && fresh && iov_iter_count(from) == len) {
		*fds = tx->fds;
		tx->fds = (struct kdbus_fds){};
		return ret;
	}
	shown = kdbus_stream_show_files(dir, peer, tx, user);
	return ret ?: shown;
}

static int kdbus_client_message(struct kdbus_peer *peer, struct kdbus_msg *msg)
{
	kdbus_route_message(peer, msg);
	return READ_ONCE(peer->up.shut) ? -EPIPE : 0;
}

static int kdbus_client_chunk(struct kdbus_peer *peer, struct kdbus_msg *msg,
			      bool starts_message)
{
	kdbus_route_chunk(peer, msg, starts_message);
	return READ_ONCE(peer->up.shut) ? -EPIPE : 0;
}

static u32 kdbus_client_max_size(const struct kdbus_peer *peer)
{
	return READ_ONCE(peer->bus->config.max_message_size);
}

static const struct kdbus_direction kdbus_from_client = {
	.room = kdbus_room_client,
	.message = kdbus_client_message,
	.chunk = kdbus_client_chunk,
	.max_size = kdbus_client_max_size,
};

static int kdbus_client_sasl(struct kdbus_peer *peer, struct iov_iter *from)
{
	struct kdbus_tx *tx = &peer->from_client;
	struct kdbus_msg *msg;
	size_t len, n;

	msg = kdbus_stream_chunk(peer->user, from, KDBUS_CHUNK);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	len = kdbus_msg_len(msg);
	n = kdbus_sasl_scan(&tx->sasl, kdbus_msg_bytes(msg), len);
	iov_iter_revert(from, len - n);
	msg->end -= len - n;
	kdbus_stream_attach(tx, msg);
	if (tx->sasl.done)
		WRITE_ONCE(tx->phase, KDBUS_PHASE_MESSAGES);
	return kdbus_client_chunk(peer, msg, false);
}

/**
 * kdbus_stream_client() - a client writes
 * @peer: the client; the lock of its stream is held
 * @from: the bytes
 * @fds: the files that come with the first of them; emptied with that
 *
 * Context: process context, may sleep.
 * Return: 0 if all of @from has been taken; a negative error otherwise, with
 * the rest left in @from: EAGAIN if the client has to wait until the daemon has
 * read something, EPIPE, ENOMEM, EFAULT, ETOOMANYREFS.
 */
int kdbus_stream_client(struct kdbus_peer *peer, struct iov_iter *from,
			struct kdbus_fds *fds)
{
	if (READ_ONCE(peer->up.shut))
		return -EPIPE;
	return kdbus_stream_write(&kdbus_from_client, kdbus_client_sasl, peer,
				  &peer->from_client, peer->user, from, fds);
}

/**
 * kdbus_stream_client_starts() - is the next byte the first of a message?
 * @peer: the client, on whose behalf nobody but the caller writes
 */
bool kdbus_stream_client_starts(const struct kdbus_peer *peer)
{
	const struct kdbus_tx *tx = &peer->from_client;

	return READ_ONCE(tx->phase) == KDBUS_PHASE_MESSAGES &&
	       kdbus_stream_at_start(tx);
}

/**
 * kdbus_stream_client_rest() - what is missing of the message being collected
 * @peer: the client; the lock of its stream is held
 * @to: set to where the next byte goes
 *
 * Return: number of bytes, 0 if nothing is being collected.
 */
u32 kdbus_stream_client_rest(struct kdbus_peer *peer, u8 **to)
{
	const struct kdbus_tx *tx = &peer->from_client;

	lockdep_assert_held(&tx->lock);

	if (!tx->msg)
		return 0;
	*to = kdbus_msg_bytes(tx->msg) + tx->filled;
	return kdbus_msg_len(tx->msg) - tx->filled;
}

/**
 * kdbus_stream_client_filled() - some of that has been put there
 * @peer: the client; the lock of its stream is held
 * @n: so many bytes
 *
 * Context: process context, may sleep.
 * Return: 0, or -EPIPE if nobody will read what the client sends.
 */
int kdbus_stream_client_filled(struct kdbus_peer *peer, u32 n)
{
	struct kdbus_tx *tx = &peer->from_client;

	lockdep_assert_held(&tx->lock);

	tx->filled += n;
	return kdbus_stream_whole(&kdbus_from_client, peer, tx);
}

/* Passes on, as the beginning of a message, what has been collected of it. */
static int kdbus_lend_collected(struct kdbus_peer *peer, struct kdbus_tx *tx)
{
	struct kdbus_msg *msg = tx->msg;

	if (!msg)
		return kdbus_stream_give_up(&kdbus_from_client, peer, tx,
					    peer->user, true, 0);
	tx->msg = NULL;
	msg->end = msg->pos + tx->filled;
	return kdbus_client_chunk(peer, msg, true);
}

/* Lends @count bytes by @msg, which begin a message if they begin with @head. */
static int kdbus_lend_bytes(struct kdbus_peer *peer, struct kdbus_msg *msg,
			    const u8 *head, u32 count)
{
	if (head)
		memcpy(kdbus_msg_bytes(msg), head, KDBUS_FIXED_HEADER);
	msg->lent = true;
	msg->endless = count == U32_MAX;
	msg->end = count;
	kdbus_bus_add(peer->bus, KDBUS_STAT_LENT, 1);
	return kdbus_client_chunk(peer, msg, head);
}

/*
 * What has been collected goes first; if it does not, @msg goes nowhere.  A part
 * of a fixed header does not count as a message: @msg does, then, by its @head.
 */
static int kdbus_lend_behind(struct kdbus_peer *peer, struct kdbus_tx *tx,
			     struct kdbus_msg *msg, const u8 *head, u32 count)
{
	int ret = 0;

	if (!kdbus_stream_at_start(tx))
		ret = kdbus_lend_collected(peer, tx);
	if (ret) {
		kdbus_msg_free(msg);
		return ret;
	}
	if (count == U32_MAX)
		WRITE_ONCE(tx->phase, KDBUS_PHASE_RAW);
	return kdbus_lend_bytes(peer, msg, head, count);
}

/*
 * The rest of a message that has begun: its length may not be known before its
 * fixed header is complete.
 */
static int kdbus_lend_rest(struct kdbus_peer *peer, struct kdbus_tx *tx,
			   struct kdbus_msg *msg, const u8 *fixed)
{
	struct kdbus_frame frame;

	if (tx->msg)
		return kdbus_lend_behind(peer, tx, msg, NULL,
					 kdbus_msg_len(tx->msg) - tx->filled);
	if (!kdbus_message_frame(fixed, KDBUS_MESSAGE_MAX, &frame))
		return kdbus_lend_behind(peer, tx, msg, NULL, U32_MAX);
	return kdbus_lend_behind(peer, tx, msg, fixed,
				 frame.total_len - tx->fixed_len);
}

static int kdbus_lend_message(struct kdbus_peer *peer, struct kdbus_tx *tx,
			      struct kdbus_msg *msg, const u8 *fixed)
{
	struct kdbus_frame frame;

	if (!kdbus_message_frame(fixed, kdbus_client_max_size(peer), &frame))
		return kdbus_lend_behind(peer, tx, msg, NULL, U32_MAX);
	return kdbus_lend_bytes(peer, msg, fixed, frame.total_len);
}

static int kdbus_lend_passing(struct kdbus_peer *peer, struct kdbus_tx *tx,
			      struct kdbus_msg *msg)
{
	u32 left = tx->pass_left;

	tx->pass_left = 0;
	WRITE_ONCE(tx->phase, KDBUS_PHASE_MESSAGES);
	return kdbus_lend_bytes(peer, msg, NULL, left);
}

/**
 * kdbus_stream_client_lend() - there is something that only the daemon can read
 * @peer: the client; the lock of its stream is held
 * @head: the next bytes of the stream, which stay where they are
 * @len: how many of them can be seen, KDBUS_FIXED_HEADER if there are more
 *
 * What the message that these bytes belong to has not been read of is lent to
 * the daemon, or, if they do not tell how much that is, everything from here on.
 * No library sends files with a part of a fixed header.  The caller reads
 * nothing until the daemon has taken it.
 *
 * Context: process context, may sleep.
 * Return: 0 if bytes have been lent; -ENOMEM, with nothing done; or -EPIPE if
 * nobody will read them.
 */
int kdbus_stream_client_lend(struct kdbus_peer *peer, const u8 *head, u32 len)
{
	struct kdbus_tx *tx = &peer->from_client;
	u8 fixed[KDBUS_FIXED_HEADER];
	struct kdbus_msg *msg;
	u32 missing;
	int ret = 0;

	lockdep_assert_held(&tx->lock);

	if (READ_ONCE(peer->up.shut))
		return -EPIPE;
	/* There has been no memory to begin with this one. */
	if (tx->fixed_len == KDBUS_FIXED_HEADER)
		ret = kdbus_stream_begin(&kdbus_from_client, peer, tx, peer->user);
	if (ret)
		return ret;
	missing = KDBUS_FIXED_HEADER - tx->fixed_len;
	msg = kdbus_msg_new(peer->user, 0, KDBUS_FIXED_HEADER, true);
	if (!msg)
		return -ENOMEM;
	if (tx->phase == KDBUS_PHASE_PASS)
		return kdbus_lend_passing(peer, tx, msg);
	if (tx->msg)
		return kdbus_lend_rest(peer, tx, msg, NULL);
	if (tx->phase != KDBUS_PHASE_MESSAGES || len < missing)
		return kdbus_lend_behind(peer, tx, msg, NULL, U32_MAX);
	memcpy(fixed, tx->fixed, tx->fixed_len);
	memcpy(fixed + tx->fixed_len, head, missing);
	if (tx->fixed_len)
		return kdbus_lend_rest(peer, tx, msg, fixed);
	return kdbus_lend_message(peer, tx, msg, fixed);
}

/* Is it part of something that several recipients are to see at once? */
static void kdbus_daemon_join(struct kdbus_bus *bus, struct kdbus_msg *msg)
{
	if (!READ_ONCE(bus->batch))
		return;
	spin_lock(&bus->batch_lock);
	if (bus->batch)
		kdbus_batch_join(bus->batch, msg);
	spin_unlock(&bus->batch_lock);
}

static int kdbus_daemon_put(struct kdbus_peer *peer, struct kdbus_msg *msg)
{
	kdbus_daemon_join(peer->bus, msg);
	if (!kdbus_queue_add(&peer->down, msg)) {
		kdbus_msg_free(msg);
		return -EPIPE;
	}
	kdbus_peer_wake_client(peer);
	return 0;
}

/* For tests alone: another one before it, to somebody else perhaps. */
static int kdbus_daemon_late(struct kdbus_peer *peer, struct kdbus_msg *msg)
{
	struct kdbus_peer *other = kdbus_plant_late(peer, &msg);

	if (msg)
		kdbus_daemon_put(other ?: peer, msg);
	if (other)
		kdbus_peer_put(other);
	return 0;
}

static int kdbus_daemon_message(struct kdbus_peer *peer, struct kdbus_msg *msg)
{
	kdbus_bus_add(peer->bus, KDBUS_STAT_DAEMON, 1);
	kdbus_reply_answered(peer, kdbus_msg_bytes(msg));
	if (kdbus_off(KDBUS_OFF_PUBLISH))
		kdbus_plant_acquired(peer, kdbus_msg_bytes(msg),
				     kdbus_msg_len(msg));
	if (kdbus_off(KDBUS_OFF_NEWS))
		return kdbus_daemon_late(peer, msg);
	return kdbus_daemon_put(peer, msg);
}

/* What the daemon has queued, or sends in pieces, must not be overtaken. */
static void kdbus_daemon_down_off(struct kdbus_peer *peer,
				  enum kdbus_down_off why, bool off)
{
	spin_lock(&peer->down.lock);
	if (off)
		peer->down_off |= why;
	else
		peer->down_off &= ~why;
	spin_unlock(&peer->down.lock);
}

static int kdbus_daemon_chunk(struct kdbus_peer *peer, struct kdbus_msg *msg,
			      bool starts_message)
{
	int ret;

	if (starts_message) {
		kdbus_reply_answered(peer, kdbus_msg_bytes(msg));
		kdbus_daemon_down_off(peer, KDBUS_DOWN_CUT, true);
	}
	ret = kdbus_daemon_put(peer, msg);
	if (peer->from_daemon.phase == KDBUS_PHASE_MESSAGES)
		kdbus_daemon_down_off(peer, KDBUS_DOWN_CUT, false);
	return ret;
}

/* The owner's limit is one for clients: he adds the sender himself. */
static u32 kdbus_daemon_max_size(const struct kdbus_peer *peer)
{
	return KDBUS_MESSAGE_MAX;
}

static const struct kdbus_direction kdbus_from_daemon = {
	.room = kdbus_room_daemon,
	.message = kdbus_daemon_message,
	.chunk = kdbus_daemon_chunk,
	.max_size = kdbus_daemon_max_size,
};

/*
 * The daemon's last line may come before or after it has read BEGIN.  But none
 * of its lines begins like a message, with the mark of the byte order.
 */
static bool kdbus_daemon_begins(const struct kdbus_peer *peer, u8 first)
{
	return peer->from_daemon.line_start && (first == 'l' || first == 'B') &&
	       READ_ONCE(peer->from_client.phase) != KDBUS_PHASE_SASL;
}

static int kdbus_daemon_sasl(struct kdbus_peer *peer, struct iov_iter *from)
{
	struct kdbus_tx *tx = &peer->from_daemon;
	struct kdbus_msg *msg;
	u32 len;

	msg = kdbus_stream_chunk(peer->owner, from, KDBUS_CHUNK);
	if (IS_ERR(msg))
		return PTR_ERR(msg);
	len = kdbus_msg_len(msg);
	if (kdbus_daemon_begins(peer, *kdbus_msg_bytes(msg))) {
		WRITE_ONCE(tx->phase, KDBUS_PHASE_MESSAGES);
		iov_iter_revert(from, len);
		kdbus_msg_free(msg);
		return 0;
	}
	tx->line_start = kdbus_msg_bytes(msg)[len - 1] == '\n';
	kdbus_stream_attach(tx, msg);
	return kdbus_daemon_put(peer, msg);
}

/* A write has to wait: nothing may overtake it meanwhile. */
static void kdbus_daemon_refused(struct kdbus_peer *peer)
{
	kdbus_daemon_down_off(peer, KDBUS_DOWN_REFUSED, true);
	/* Whoever waits for an edge has seen none if there is room by now. */
	if (kdbus_room_daemon_wait(peer))
		kdbus_room_daemon_appears(peer);
}

/**
 * kdbus_stream_daemon() - the daemon end writes
 * @peer: the connection; the lock of the daemon's stream is held
 * @from: the bytes
 * @fds: the files that come with the first of them; emptied with that
 *
 * Context: process context, may sleep.
 * Return: like kdbus_stream_client().
 */
int kdbus_stream_daemon(struct kdbus_peer *peer, struct iov_iter *from,
			struct kdbus_fds *fds)
{
	int ret;

	if (READ_ONCE(peer->down.shut))
		return -EPIPE;
	ret = kdbus_stream_write(&kdbus_from_daemon, kdbus_daemon_sasl, peer,
				 &peer->from_daemon, peer->owner, from, fds);
	if (ret == -EAGAIN)
		kdbus_daemon_refused(peer);
	return ret;
}

/* Looks at the header of what the daemon is about to send itself. */
static int kdbus_files_header(struct kdbus_peer *peer, struct iov_iter *from,
			      u8 *fixed, struct kdbus_frame *frame)
{
	struct kdbus_tx *tx = &peer->from_daemon;
	int ret;

	if (iov_iter_count(from) < KDBUS_FIXED_HEADER)
		return -EINVAL;
	ret = kdbus_stream_fill(from, fixed, KDBUS_FIXED_HEADER);
	if (ret)
		return ret;
	iov_iter_revert(from, KDBUS_FIXED_HEADER);
	if (tx->phase == KDBUS_PHASE_SASL && kdbus_daemon_begins(peer, *fixed))
		WRITE_ONCE(tx->phase, KDBUS_PHASE_MESSAGES);
	if (tx->phase != KDBUS_PHASE_MESSAGES || !kdbus_stream_at_start(tx) ||
	    !kdbus_message_frame(fixed, KDBUS_MESSAGE_MAX, frame))
		return -EINVAL;
	return 0;
}

/**
 * kdbus_stream_daemon_files() - the daemon end writes to one who is attached
 * @peer: the connection; the lock of the daemon's stream is held
 * @msg: the sendmsg() call, with files
 *
 * Only the socket of the client can take the files, and only from the daemon:
 * so it has to wait until nothing is left to be sent before them, nor of a
 * batch that is not to be seen yet.
 *
 * Context: process context of the daemon, may sleep.
 * Return: bytes sent, or a negative error: EAGAIN, EPIPE, EFAULT, EINVAL if
 * they do not come with the beginning of a message.
 */
ssize_t kdbus_stream_daemon_files(struct kdbus_peer *peer, struct msghdr *msg)
{
	struct kdbus_tx *tx = &peer->from_daemon;
	u8 fixed[KDBUS_FIXED_HEADER];
	struct kdbus_frame frame;
	ssize_t n;

	lockdep_assert_held(&tx->lock);

	if (READ_ONCE(peer->down.shut))
		return -EPIPE;
	n = kdbus_files_header(peer, &msg->msg_iter, fixed, &frame);
	if (n)
		return n;
	iov_iter_truncate(&msg->msg_iter, frame.total_len);
	n = READ_ONCE(peer->bus->batch) ? -EAGAIN :
					  peer->transport->send(peer, msg);
	if (n > 0) {
		kdbus_bus_add(peer->bus, KDBUS_STAT_DAEMON, 1);
		kdbus_reply_answered(peer, fixed);
		tx->pass_left = frame.total_len - n;
		if (tx->pass_left)
			WRITE_ONCE(tx->phase, KDBUS_PHASE_PASS);
	}
	/* From here on there is a whole message, or the rest is to come. */
	kdbus_daemon_down_off(peer, KDBUS_DOWN_CUT, n > 0 && tx->pass_left);
	if (n == -EAGAIN) {
		WRITE_ONCE(peer->down_files, true);
		/* Somebody may have made room just before: look again. */
		peer->transport->readable(peer);
		kdbus_daemon_refused(peer);
	}
	return n;
}
