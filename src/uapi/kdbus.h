/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * AF_DBUS: the interface between the kernel module and user space.
 *
 * A client only needs the socket calls.  Everything below is for the owner of
 * a bus, that is for whoever holds the listening socket or a socket that
 * accept() or KDBUS_ATTACH returned from it ("a daemon end").  On any other
 * socket, options fail with EPERM; those of a daemon end alone fail with
 * ENOTCONN on a listener.  Two are for others: KDBUS_BUS_NEW is for a socket that
 * becomes an owner, and fails with EINVAL on one that is something already, be
 * it bound; KDBUS_PEERSEC is for clients as well, and fails with ENOTCONN on a
 * socket that is not connected.
 */
#ifndef _UAPI_KDBUS_H
#define _UAPI_KDBUS_H

#include <linux/types.h>

/*
 * The address family has no number of its own.  This is the default; the one
 * in use is in /sys/module/kdbus/parameters/family, which is also how a
 * program finds out, without a system call on a socket, that the module is
 * there at all.
 */
#define KDBUS_AF_DEFAULT	18
#define KDBUS_FAMILY_FILE	"/sys/module/kdbus/parameters/family"

/* struct sockaddr_un with another family: a path of up to 107 bytes and NUL. */
#define KDBUS_PATH_MAX		108

/* Level for getsockopt() and setsockopt(). */
#define SOL_KDBUS		0x4442

/**
 * enum kdbus_sockopt - options at level SOL_KDBUS
 *
 * @KDBUS_BUS_CONFIG: (set, listener or daemon end) struct kdbus_bus_config.
 *	The fast path of a bus stays off until its owner has said this once.
 *	When the call returns, no delivery that relied on the previous
 *	configuration is under way any more.
 * @KDBUS_BUS_FORGET: (set, listener or daemon end, no value) drop every
 *	approval and every %KDBUS_CAP_SEND_ALL and %KDBUS_CAP_RECV_ALL of every
 *	connection of the bus.  For a reload of the policy.
 * @KDBUS_PEER_INFO: (get, daemon end) struct kdbus_peer_info.
 * @KDBUS_PEER_CAPS: (set, daemon end) __u32 of enum kdbus_peer_cap, replaces
 *	the earlier set.  Also says that the owner has nothing left that it could
 *	not write to this connection: a write that had to wait (EAGAIN) keeps
 *	the module from delivering there until this.
 * @KDBUS_PEER_FORGET: (set, daemon end, no value) drop all approvals that
 *	name this connection, as sender or as recipient.  For a change in the
 *	names that it owns or queues for.
 * @KDBUS_NAME_PUBLISH: (set, daemon end) a bus name, unique or well-known,
 *	without NUL: from now on the name routes to this connection.  The first
 *	unique name (":...") is what the module writes as SENDER.
 *	EEXIST if another connection has it.
 * @KDBUS_NAME_WITHDRAW: (set, daemon end) a bus name: nothing is routed by it
 *	to this connection any more once the call has returned.  No error if it
 *	was not published.
 * @KDBUS_APPROVE: (set, daemon end of the sender) struct kdbus_approval.
 * @KDBUS_DONE: (set, daemon end) __u32 count: so many more messages that were
 *	read from this connection have been dispatched for good, that is,
 *	everything that follows from them has been written to its recipients.
 * @KDBUS_REPLY_QUERY: (get, daemon end of the caller) struct
 *	kdbus_reply_query, read and written: how many replies this connection
 *	waits for in the module, and whether a certain one is among them.  For
 *	the message that is being dispatched, the first without %KDBUS_DONE: if
 *	it was sent when that limit had been reached, the number is the limit's.
 * @KDBUS_REPLY_CLAIM: (get, daemon end of the callee) struct kdbus_reply,
 *	read: the owner has received a reply to a call that the module had
 *	delivered.  Success means that the module was waiting for it, and waits
 *	no longer; ENOENT that nobody asked for this reply.
 * @KDBUS_REPLY_TAKE: (get, daemon end of the callee) array of struct
 *	kdbus_reply, as many as fit: replies that this connection owes, moved
 *	from the module to the owner of the bus.  Repeat until nothing comes.
 * @KDBUS_MATCH_ADD: (set, daemon end) a match rule of this connection, as text
 *	without NUL, is in force.  Only while %KDBUS_BUS_BROADCAST is set are
 *	match rules looked at.
 * @KDBUS_MATCH_REMOVE: (set, daemon end) it is not any more: one rule that
 *	is equal goes.  ENOENT if there is none.
 * @KDBUS_BUS_MATCH_ADD: (set, listener or daemon end) a match rule of somebody
 *	who is no connection of this bus is in force: broadcasts that match it
 *	go to the owner.
 * @KDBUS_BUS_MATCH_REMOVE: (set, listener or daemon end) likewise.
 * @KDBUS_BUS_STAGE: (set, listener or daemon end, no value) messages that are
 *	written to daemon ends from now on stay invisible to their recipients,
 *	and so does what comes behind them.
 * @KDBUS_BUS_COMMIT: (set, listener or daemon end, no value) they become
 *	visible, all at once.
 * @KDBUS_PEERSEC: (get, any connected socket) the security label of the other
 *	side as it was at connect(), as SO_PEERSEC gives it for AF_UNIX.
 * @KDBUS_BUS_NEW: (set, a socket that is nothing yet) a text without NUL: make
 *	the socket the owner of a bus that nobody can connect() to, for
 *	connections that are attached.  The text takes the place of the path in
 *	/proc/net/kdbus.
 * @KDBUS_ATTACH: (get, listener or daemon end) struct kdbus_attach, read and
 *	written: take over a connected AF_UNIX stream socket.  It is a
 *	connection of this bus from now on, whose client end is the other end of
 *	that socket, and whose daemon end is the new descriptor.  Nobody else
 *	may read or write the socket any more; the module keeps it open until
 *	the daemon end is closed.  Files that are written to such a daemon end
 *	have to come with the beginning of a message, and with all of its fixed
 *	header; EINVAL otherwise.
 *	EBUSY if the socket, or its other end, is attached already or belongs
 *	to a sockmap; EOPNOTSUPP if it is not a connected AF_UNIX stream socket,
 *	or has SO_PASSCRED or the like set.
 * @KDBUS_REPLY_LEAST: (set, daemon end of the caller) __u32: the owner waits for
 *	at least so many replies for this connection.  The module counts the calls
 *	that it has given to the owner less the replies that he has written, but
 *	some of these nobody has asked for.
 */
enum kdbus_sockopt {
	KDBUS_BUS_CONFIG = 1,
	KDBUS_BUS_FORGET = 2,
	KDBUS_PEER_INFO = 3,
	KDBUS_PEER_CAPS = 4,
	KDBUS_PEER_FORGET = 5,
	KDBUS_NAME_PUBLISH = 6,
	KDBUS_NAME_WITHDRAW = 7,
	KDBUS_APPROVE = 8,
	KDBUS_DONE = 9,
	KDBUS_REPLY_QUERY = 10,
	KDBUS_REPLY_CLAIM = 11,
	KDBUS_REPLY_TAKE = 12,
	KDBUS_PEERSEC = 13,
	KDBUS_MATCH_ADD = 14,
	KDBUS_MATCH_REMOVE = 15,
	KDBUS_BUS_MATCH_ADD = 16,
	KDBUS_BUS_MATCH_REMOVE = 17,
	KDBUS_BUS_STAGE = 18,
	KDBUS_BUS_COMMIT = 19,
	KDBUS_BUS_NEW = 20,
	KDBUS_ATTACH = 21,
	KDBUS_REPLY_LEAST = 22,
};

/**
 * enum kdbus_bus_flag - what a bus may do
 *
 * @KDBUS_BUS_FASTPATH: the module may deliver messages itself.  Cleared by the
 *	owner while somebody listens to messages that are not addressed to
 *	him (a monitor, an eavesdropping match rule).
 * @KDBUS_BUS_BROADCAST: signals without destination too.  The owner says of
 *	every match rule, his own connections' and others', when it comes into
 *	force and when it goes.
 */
enum kdbus_bus_flag {
	KDBUS_BUS_FASTPATH = 1 << 0,
	KDBUS_BUS_BROADCAST = 1 << 1,
};

/**
 * struct kdbus_bus_config - limits and switches of a bus
 *
 * @flags: enum kdbus_bus_flag
 * @max_message_size: bytes of one message, header included
 * @max_outgoing_bytes: unread bytes of a recipient above which it gets
 *	nothing more from the module (the message goes to the owner, who
 *	refuses it)
 * @max_outgoing_fds: the same for file descriptors
 * @max_message_fds: file descriptors of one message
 * @max_replies: replies that one connection may wait for in the module
 * @reserved: zero
 */
struct kdbus_bus_config {
	__u32 flags;
	__u32 max_message_size;
	__u64 max_outgoing_bytes;
	__u32 max_outgoing_fds;
	__u32 max_message_fds;
	__u32 max_replies;
	__u32 reserved;
};

/**
 * struct kdbus_peer_info - what identifies a connection
 *
 * @bus_id: number of the bus, never used again while the module is loaded
 * @peer_id: number of the connection, never used again on this bus
 */
struct kdbus_peer_info {
	__u64 bus_id;
	__u64 peer_id;
};

/**
 * enum kdbus_peer_cap - what the owner says of a connection as a whole
 *
 * @KDBUS_CAP_SEND_ALL: its policy lets it send any call, signal or requested
 *	reply to everybody
 * @KDBUS_CAP_RECV_ALL: its policy lets it receive the same from everybody
 * @KDBUS_CAP_FDS: it has negotiated the passing of file descriptors
 */
enum kdbus_peer_cap {
	KDBUS_CAP_SEND_ALL = 1 << 0,
	KDBUS_CAP_RECV_ALL = 1 << 1,
	KDBUS_CAP_FDS = 1 << 2,
};

/**
 * enum kdbus_approval_field - message properties that an approval depends on
 *
 * @KDBUS_FIELD_PATH: the object path is the given one, or absent if that is
 *	empty; likewise for the next three
 * @KDBUS_FIELD_INTERFACE: interface
 * @KDBUS_FIELD_MEMBER: member
 * @KDBUS_FIELD_ERROR_NAME: error name
 * @KDBUS_FIELD_FDS: the number of file descriptors is the given one
 */
enum kdbus_approval_field {
	KDBUS_FIELD_PATH = 1 << 0,
	KDBUS_FIELD_INTERFACE = 1 << 1,
	KDBUS_FIELD_MEMBER = 1 << 2,
	KDBUS_FIELD_ERROR_NAME = 1 << 3,
	KDBUS_FIELD_FDS = 1 << 4,
};

/* Type of an approval: a signal without destination. */
#define KDBUS_APPROVE_BROADCAST	5

/**
 * struct kdbus_approval - a kind of message that the policy lets through
 *
 * @recipient: peer_id of the recipient
 * @fields: enum kdbus_approval_field, those that the decision depended on;
 *	approvals of the same recipient and type have to name the same fields,
 *	one that names others replaces all the earlier ones
 * @fds: number of file descriptors, if %KDBUS_FIELD_FDS is set
 * @type: message type, 1 to 4, or KDBUS_APPROVE_BROADCAST; replies are approved
 *	as requested replies only, signals as ones with a destination
 * @reserved: zero
 * @path_len: bytes of the object path in @text, 0 if absent or not named
 * @interface_len: likewise
 * @member_len: likewise
 * @error_name_len: likewise
 * @text: the strings one after the other, in this order, without NUL
 */
struct kdbus_approval {
	__u64 recipient;
	__u32 fields;
	__u32 fds;
	__u8 type;
	__u8 reserved[7];
	__u16 path_len;
	__u16 interface_len;
	__u16 member_len;
	__u16 error_name_len;
	char text[];
};

/**
 * struct kdbus_reply - a reply that somebody waits for
 *
 * @peer: peer_id of the caller
 * @serial: serial of the call
 * @reserved: zero
 */
struct kdbus_reply {
	__u64 peer;
	__u32 serial;
	__u32 reserved;
};

/**
 * struct kdbus_reply_query - what a caller waits for in the module
 *
 * @callee: in: peer_id of the callee
 * @serial: in: serial of the call
 * @known: out: 1 if the reply of @callee to @serial is waited for
 * @count: out: number of replies that the connection waits for
 * @reserved: zero
 */
struct kdbus_reply_query {
	__u64 callee;
	__u32 serial;
	__u32 known;
	__u32 count;
	__u32 reserved;
};

/* Longest security label of an attached connection. */
#define KDBUS_LABEL_MAX		4096

/**
 * struct kdbus_attach - a connected AF_UNIX socket that becomes a connection
 *
 * @fd: in: the socket; out: the daemon end, with close-on-exec set, and
 *	O_NONBLOCK if the socket has it
 * @label_len: in: bytes of @label, 0 if there is none
 * @label: in: what %KDBUS_PEERSEC is to give for the new daemon end; the owner
 *	knows it from SO_PEERSEC of the socket
 */
struct kdbus_attach {
	__s32 fd;
	__u32 label_len;
	char label[];
};

#endif
