// SPDX-License-Identifier: GPL-2.0-only
/*
 * dispatched: the function that is called when a message has been dispatched
 * for good is called once for each message that came in, whichever way it left
 * the queue, and for nothing else.
 */
#include "pair.h"

static int client_done, server_done, short_of_memory, filtered;

static void count(DBusConnection *connection, DBusMessage *message, void *data)
{
	NEED(dbus_message_get_serial(message) != 0);
	/* takes the lock, which libdbus would complain about if it had it */
	NEED(dbus_connection_get_outgoing_size(connection) >= 0);
	*(int *)data += 1;
}

static void count_free(void *data)
{
	*(int *)data = -1;
}

static DBusHandlerResult filter(DBusConnection *connection, DBusMessage *message,
				void *data)
{
	(void)connection;
	(void)data;
	/* not before all filters have run */
	NEED(server_done == 0);
	filtered++;
	if (short_of_memory > 0) {
		short_of_memory--;
		return DBUS_HANDLER_RESULT_NEED_MEMORY;
	}
	return dbus_message_has_member(message, "Filtered") ?
		DBUS_HANDLER_RESULT_HANDLED : DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
}

static DBusMessage *signal_called(const char *member)
{
	DBusMessage *message = dbus_message_new_signal("/", "org.kdbus.Test", member);

	NEED(message);
	return message;
}

static DBusMessage *call_of(const char *interface, const char *member)
{
	DBusMessage *message = dbus_message_new_method_call(NULL, "/", interface, member);

	NEED(message);
	return message;
}

static void send_to_server(DBusMessage *message)
{
	NEED(dbus_connection_send(client, message, NULL));
	dbus_message_unref(message);
}

/* After what was sent has been handled, it has been counted so often. */
static void expect(const char *what, int at_server, int at_client)
{
	exchange(TRUE);
	if (server_done != at_server || client_done != at_client)
		errx(1, "%s: counted %d and %d instead of %d and %d", what,
		     server_done, client_done, at_server, at_client);
	server_done = client_done = 0;
}

static void test_dispatch(void)
{
	send_to_server(signal_called("Filtered"));
	expect("handled by a filter", 1, 0);

	send_to_server(signal_called("Ignored"));
	expect("handled by nobody", 1, 0);

	send_to_server(call_of("org.kdbus.Test", "Unknown"));
	expect("call answered with an error", 1, 1);

	send_to_server(call_of(DBUS_INTERFACE_PEER, "Ping"));
	expect("call answered by libdbus", 1, 1);

	filtered = 0;
	short_of_memory = 3;
	send_to_server(signal_called("Filtered"));
	expect("put back for lack of memory", 1, 0);
	NEED(short_of_memory == 0 && filtered == 4);
}

static void test_queue(void)
{
	DBusMessage *message;

	send_to_server(signal_called("Popped"));
	exchange(FALSE);
	message = dbus_connection_pop_message(server);
	NEED(message);
	dbus_message_unref(message);
	expect("popped", 1, 0);
	NEED(!dbus_connection_pop_message(server));
	expect("nothing to pop", 0, 0);

	send_to_server(signal_called("Borrowed"));
	exchange(FALSE);
	message = dbus_connection_borrow_message(server);
	NEED(message);
	dbus_connection_return_message(server, message);
	NEED(server_done == 0);
	message = dbus_connection_borrow_message(server);
	NEED(message);
	dbus_connection_steal_borrowed_message(server, message);
	dbus_message_unref(message);
	expect("borrowed twice and stolen", 1, 0);
}

static DBusPendingCall *ping(int timeout)
{
	DBusPendingCall *pending = NULL;
	DBusMessage *call = call_of(DBUS_INTERFACE_PEER, "Ping");

	NEED(dbus_connection_send_with_reply(client, call, &pending, timeout));
	NEED(pending);
	dbus_message_unref(call);
	return pending;
}

static void drop(DBusPendingCall *pending)
{
	dbus_pending_call_block(pending);
	NEED(dbus_pending_call_get_completed(pending));
	dbus_pending_call_unref(pending);
}

static void test_replies(void)
{
	DBusPendingCall *pending = ping(10000);

	expect("reply that is dispatched", 1, 1);
	drop(pending);

	pending = ping(10000);
	while (!server_done) {
		dbus_connection_read_write(server, 10);
		dbus_connection_dispatch(server);
	}
	drop(pending);
	expect("reply that somebody blocks for", 1, 1);

	/* both the error that was made up and the reply that is too late */
	pending = ping(1);
	drop(pending);
	NEED(client_done == 0);
	expect("timeout", 1, 1);
}

static void test_disconnect(void)
{
	dbus_connection_set_exit_on_disconnect(client, FALSE);
	dbus_connection_set_exit_on_disconnect(server, FALSE);
	dbus_connection_close(client);
	expect("disconnected", 0, 0);
	NEED(!dbus_connection_get_is_connected(server));
	dbus_connection_unref(client);
	NEED(client_done == -1);
	dbus_connection_unref(server);
}

int main(void)
{
	open_pair();
	NEED(dbus_connection_add_filter(server, filter, NULL, NULL));
	_dbus_connection_set_message_dispatched_function(client, count,
							 &client_done, count_free);
	_dbus_connection_set_message_dispatched_function(server, count,
							 &server_done, NULL);
	test_dispatch();
	test_queue();
	test_replies();
	test_disconnect();
	printf("each message is counted once\n");
	return 0;
}
