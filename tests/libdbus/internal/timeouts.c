// SPDX-License-Identifier: GPL-2.0-only
/*
 * timeouts: the error for a call that gets no reply is the same whether it was
 * made beforehand or when it was needed.
 */
#include "pair.h"

#include <dbus/dbus-message-private.h>
#include <dbus/dbus-pending-call-internal.h>

#include <string.h>

static dbus_bool_t no_handler(void *data)
{
	(void)data;
	return TRUE;
}

static DBusMessage *new_call(const char *sender, dbus_uint32_t serial)
{
	DBusMessage *call = dbus_message_new_method_call("org.kdbus.Test", "/",
							 "org.kdbus.Test", "Call");

	NEED(call);
	NEED(dbus_message_set_sender(call, sender));
	dbus_message_set_serial(call, serial);
	return call;
}

static DBusPendingCall *new_pending(DBusMessage *call, dbus_bool_t deferred)
{
	dbus_uint32_t serial = dbus_message_get_serial(call);
	DBusPendingCall *pending;

	_dbus_connection_lock(client);
	pending = _dbus_pending_call_new_unlocked(client, 1000, no_handler);
	NEED(pending);
	if (deferred)
		NEED(_dbus_pending_call_defer_timeout_error_unlocked(pending, call, serial));
	else
		NEED(_dbus_pending_call_set_timeout_error_unlocked(pending, call, serial));
	_dbus_connection_unlock(client);
	return pending;
}

/* The reply that the caller finds when the call is given up */
static DBusMessage *give_up(dbus_bool_t deferred)
{
	DBusMessage *call = new_call(NULL, 7), *reply;
	DBusPendingCall *pending = new_pending(call, deferred);

	_dbus_connection_lock(client);
	_dbus_pending_call_set_reply_unlocked(pending, NULL);
	_dbus_pending_call_start_completion_unlocked(pending);
	_dbus_connection_unlock(client);
	reply = dbus_pending_call_steal_reply(pending);
	dbus_pending_call_unref(pending);
	dbus_message_unref(call);
	return reply;
}

/* What is in the queue of incoming messages when it times out */
static DBusMessage *time_out(dbus_bool_t deferred)
{
	DBusMessage *call = new_call(NULL, 7), *reply;
	DBusPendingCall *pending = new_pending(call, deferred);

	_dbus_connection_lock(client);
	_dbus_pending_call_queue_timeout_error_unlocked(pending, client);
	/* times out only once */
	_dbus_pending_call_queue_timeout_error_unlocked(pending, client);
	_dbus_connection_unlock(client);
	reply = dbus_connection_pop_message(client);
	NEED(!dbus_connection_pop_message(client));
	dbus_pending_call_unref(pending);
	dbus_message_unref(call);
	return reply;
}

static const char *text_of(DBusMessage *message)
{
	const char *text = NULL;

	NEED(dbus_message_get_args(message, NULL, DBUS_TYPE_STRING, &text,
				   DBUS_TYPE_INVALID));
	return text;
}

static void compare(DBusMessage *one, DBusMessage *other)
{
	NEED(one && other);
	NEED(dbus_message_is_error(one, DBUS_ERROR_NO_REPLY));
	NEED(dbus_message_is_error(other, DBUS_ERROR_NO_REPLY));
	NEED(dbus_message_get_reply_serial(other) == 7);
	NEED(_dbus_string_equal(&one->header.data, &other->header.data));
	NEED(strcmp(text_of(one), text_of(other)) == 0);
	dbus_message_unref(one);
	dbus_message_unref(other);
}

/* A call that somebody else's name is on gets its error back under that. */
static void test_sender(void)
{
	DBusMessage *call = new_call(":1.5", 7);
	DBusPendingCall *pending;

	_dbus_connection_lock(client);
	pending = _dbus_pending_call_new_unlocked(client, 1000, no_handler);
	NEED(pending);
	NEED(!_dbus_pending_call_defer_timeout_error_unlocked(pending, call, 7));
	_dbus_connection_unlock(client);
	dbus_pending_call_unref(pending);
	dbus_message_unref(call);
}

int main(void)
{
	open_pair();
	compare(give_up(FALSE), give_up(TRUE));
	compare(time_out(FALSE), time_out(TRUE));
	test_sender();
	printf("the errors are the same\n");
	return 0;
}
