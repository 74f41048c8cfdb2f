// SPDX-License-Identifier: GPL-2.0-only
/*
 * gdbus-bench: how long a method call and its reply take with GDBus, the library
 * of most desktop programs, in kdbus-bench's way; with --transport=p2p over a pair
 * of sockets, which is what the library itself takes.
 */
#include <err.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"

static const char introspection[] =
	"<node><interface name='" INTERFACE "'>"
	"<method name='Ping'/>"
	"<method name='Echo'>"
	"<arg type='ay' direction='in'/><arg type='ay' direction='out'/>"
	"</method></interface></node>";

static gboolean direct;
static int ends[2];

static void check(const GError *error, const char *what)
{
	if (error)
		errx(1, "%s: %s", what, error->message);
}

static GDBusConnection *connect_to_bus(void)
{
	GError *error = NULL;
	GDBusConnection *bus;

	bus = g_dbus_connection_new_for_address_sync(opt.address,
		G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
		G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
		NULL, NULL, &error);
	check(error, opt.address);
	return bus;
}

/* One end of the pair. */
static GDBusConnection *connect_directly(int fd, const char *guid,
					 GDBusConnectionFlags flags)
{
	GError *error = NULL;
	GSocketConnection *stream;
	GDBusConnection *link;
	GSocket *socket;

	socket = g_socket_new_from_fd(fd, &error);
	check(error, "socket");
	stream = g_socket_connection_factory_create_connection(socket);
	link = g_dbus_connection_new_sync(G_IO_STREAM(stream), guid, flags,
					  NULL, NULL, &error);
	check(error, "peer");
	return link;
}

/* ---- the service ---- */

static void answer(GDBusConnection *bus, const char *sender, const char *path,
		   const char *interface, const char *method,
		   GVariant *arguments, GDBusMethodInvocation *invocation,
		   void *data)
{
	(void)bus, (void)sender, (void)path, (void)interface, (void)method;
	(void)data;
	g_dbus_method_invocation_return_value(invocation, arguments);
}

static void offer(GDBusConnection *link)
{
	static const GDBusInterfaceVTable vtable = { .method_call = answer };
	GError *error = NULL;
	GDBusNodeInfo *node;

	node = g_dbus_node_info_new_for_xml(introspection, &error);
	check(error, "introspection");
	g_dbus_connection_register_object(link, PATH, node->interfaces[0],
					  &vtable, NULL, NULL, &error);
	check(error, "object");
}

static void own_name(GDBusConnection *bus)
{
	GError *error = NULL;

	g_dbus_connection_call_sync(bus, "org.freedesktop.DBus",
				    "/org/freedesktop/DBus",
				    "org.freedesktop.DBus", "RequestName",
				    g_variant_new("(su)", NAME, 4), NULL,
				    G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
	check(error, "RequestName");
}

static void say_ready(int ready)
{
	if (write(ready, "", 1) != 1)
		err(1, "pipe");
}

static void serve(int ready)
{
	GDBusConnection *link;

	if (direct) {
		/* Connecting waits for the client. */
		say_ready(ready);
		link = connect_directly(ends[1], g_dbus_generate_guid(),
			G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
			G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING);
		offer(link);
		g_dbus_connection_start_message_processing(link);
	} else {
		link = connect_to_bus();
		offer(link);
		own_name(link);
		say_ready(ready);
	}
	g_main_loop_run(g_main_loop_new(NULL, FALSE));
}

/* ---- the client ---- */

static GVariant *payload(void)
{
	return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, opt.payload,
					 opt.bytes, 1);
}

static GVariant *make_call(GDBusConnection *bus)
{
	GError *error = NULL;
	GVariant *reply;

	reply = g_dbus_connection_call_sync(bus, direct ? NULL : NAME, PATH,
		INTERFACE,
		opt.bytes ? "Echo" : "Ping",
		opt.bytes ? g_variant_new("(@ay)", payload()) : NULL,
		NULL, G_DBUS_CALL_FLAGS_NONE, TIMEOUT_MS, NULL, &error);
	check(error, "call");
	return reply;
}

static void call(void *link)
{
	g_variant_unref(make_call(link));
}

/* Every byte of one reply, outside of the measurement. */
static void check_echo(GDBusConnection *bus)
{
	GVariant *reply = make_call(bus), *array;
	const unsigned char *data;
	gsize count;

	if (!opt.bytes)
		return;
	array = g_variant_get_child_value(reply, 0);
	data = g_variant_get_fixed_array(array, &count, 1);
	if (count != (gsize)opt.bytes || memcmp(data, opt.payload, count))
		errx(1, "the reply is not what was sent");
}

int main(int argc, char **argv)
{
	GDBusConnection *bus;
	char ready[2];

	opt.workload = "gdbus";
	parse_options(argc, argv);
	direct = !strcmp(opt.transport, "p2p");
	if (direct && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		err(1, "sockets");
	start_service(serve, ready, sizeof(ready));
	bus = direct ? connect_directly(ends[0], NULL,
			G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT) :
		connect_to_bus();
	check_echo(bus);
	measure(call, bus);
	return 0;
}
