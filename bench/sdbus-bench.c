// SPDX-License-Identifier: GPL-2.0-only
/*
 * sdbus-bench: how long a method call and its reply take with sd-bus, the library
 * of systemd's programs, in kdbus-bench's way.
 */
#include <err.h>
#include <stdint.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "measure.h"

static int need(int result, const char *what)
{
	if (result < 0)
		errx(1, "%s: %s", what, strerror(-result));
	return result;
}

static sd_bus *connect_to_bus(void)
{
	sd_bus *bus;

	need(sd_bus_new(&bus), "sd_bus_new");
	need(sd_bus_set_address(bus, opt.address), opt.address);
	need(sd_bus_set_bus_client(bus, 1), "sd_bus_set_bus_client");
	need(sd_bus_start(bus), opt.address);
	return bus;
}

static void append_payload(sd_bus_message *message, const void *data,
			   size_t count)
{
	if (count)
		need(sd_bus_message_append_array(message, 'y', data, count),
		     "payload");
}

static size_t read_payload(sd_bus_message *message, const void **data)
{
	size_t count = 0;

	if (opt.bytes)
		need(sd_bus_message_read_array(message, 'y', data, &count),
		     "payload");
	return count;
}

/* ---- the service ---- */

static int echo(sd_bus_message *message, void *data, sd_bus_error *error)
{
	sd_bus_message *reply;
	const void *bytes;
	size_t count;

	(void)data, (void)error;
	need(sd_bus_message_new_method_return(message, &reply), "reply");
	count = read_payload(message, &bytes);
	append_payload(reply, bytes, count);
	need(sd_bus_send(NULL, reply, NULL), "reply");
	sd_bus_message_unref(reply);
	return 1;
}

static void serve(int ready)
{
	static const sd_bus_vtable vtable[] = {
		SD_BUS_VTABLE_START(0),
		SD_BUS_METHOD("Ping", "", "", echo, SD_BUS_VTABLE_UNPRIVILEGED),
		SD_BUS_METHOD("Echo", "ay", "ay", echo,
			      SD_BUS_VTABLE_UNPRIVILEGED),
		SD_BUS_VTABLE_END
	};
	sd_bus *bus = connect_to_bus();

	need(sd_bus_add_object_vtable(bus, NULL, PATH, INTERFACE, vtable, NULL),
	     "object");
	need(sd_bus_request_name(bus, NAME, 0), "RequestName");
	if (write(ready, "", 1) != 1)
		err(1, "pipe");
	for (;;)
		if (!need(sd_bus_process(bus, NULL), "sd_bus_process"))
			need(sd_bus_wait(bus, UINT64_MAX), "sd_bus_wait");
}

/* ---- the client ---- */

static sd_bus_message *make_call(sd_bus *bus)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message, *reply;

	need(sd_bus_message_new_method_call(bus, &message, NAME, PATH, INTERFACE,
					    opt.bytes ? "Echo" : "Ping"), "call");
	append_payload(message, opt.payload, opt.bytes);
	if (sd_bus_call(bus, message, TIMEOUT_MS * 1000ull, &error, &reply) < 0)
		errx(1, "call: %s", error.message);
	sd_bus_message_unref(message);
	return reply;
}

static void call(void *link)
{
	sd_bus_message_unref(make_call(link));
}

/* Every byte of one reply, outside of the measurement. */
static void check_echo(sd_bus *bus)
{
	sd_bus_message *reply = make_call(bus);
	const void *data = NULL;

	if (read_payload(reply, &data) != (size_t)opt.bytes ||
	    (opt.bytes && memcmp(data, opt.payload, opt.bytes)))
		errx(1, "the reply is not what was sent");
	sd_bus_message_unref(reply);
}

int main(int argc, char **argv)
{
	char ready[2];
	sd_bus *bus;

	opt.workload = "sd-bus";
	parse_options(argc, argv);
	start_service(serve, ready, sizeof(ready));
	bus = connect_to_bus();
	check_echo(bus);
	measure(call, bus);
	return 0;
}
