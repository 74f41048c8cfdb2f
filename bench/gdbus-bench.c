// SPDX-License-Identifier: GPL-2.0-only
/*
 * gdbus-bench: how long a method call and its reply take with GDBus, the library
 * of most desktop programs, in kdbus-bench's way.
 */
#include <err.h>
#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#include "measure.h"

static const char introspection[] =
	"<node><interface name='" INTERFACE "'>"
	"<method name='Ping'/>"
	"<method name='Echo'>"
	"<arg type='ay' direction='in'/><arg type='ay' direction='out'/>"
	"</method></interface></node>";

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

static void serve(int ready)
{
	static const GDBusInterfaceVTable vtable = { .method_call = answer };
	GDBusConnection *bus = connect_to_bus();
	GError *error = NULL;
	GDBusNodeInfo *node;

	node = g_dbus_node_info_new_for_xml(introspection, &error);
	check(error, "introspection");
	g_dbus_connection_register_object(bus, PATH, node->interfaces[0],
					  &vtable, NULL, NULL, &error);
	check(error, "object");
	g_dbus_connection_call_sync(bus, "org.freedesktop.DBus",
				    "/org/freedesktop/DBus",
				    "org.freedesktop.DBus", "RequestName",
				    g_variant_new("(su)", NAME, 4), NULL,
				    G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
	check(error, "RequestName");
	if (write(ready, "", 1) != 1)
		err(1, "pipe");
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

	reply = g_dbus_connection_call_sync(bus, NAME, PATH, INTERFACE,
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
	start_service(serve, ready, sizeof(ready));
	bus = connect_to_bus();
	check_echo(bus);
	measure(call, bus);
	return 0;
}
