// SPDX-License-Identifier: GPL-2.0-only
/* "kdbusctl status", "doctor" and "version". */

#include <stdio.h>
#include <string.h>

#include "check.h"
#include "command.h"
#include "memory.h"

static const char *state_of(const struct bus *bus)
{
	if (bus_is_fast(bus))
		return "kdbus";
	if (bus->in_kernel)
		return "through-daemon";
	return bus->runs ? "plain" : "absent";
}

static struct json_object *module_json(const struct machine *machine)
{
	const struct module *module = &machine->module;
	struct json_object *object = json_object_new_object();

	add_bool(object, "loaded", module->loaded);
	add_string(object, "version", module->version);
	if (module->loaded)
		add_number(object, "family", module->family);
	add_string(object, "file", module->file);
	add_string(object, "file_version", module->file_version);
	add_string(object, "signer", module->signer);
	return object;
}

static struct json_object *connections_json(const struct bus *bus)
{
	struct json_object *object = json_object_new_object();

	add_number(object, "native", bus_native(bus));
	add_number(object, "attached", bus->kernel.attached);
	add_number(object, "plain", bus->plain);
	return object;
}

static struct json_object *counters_json(const struct kernel_bus *bus)
{
	struct json_object *object = json_object_new_object();
	size_t i;

	for (i = 0; i < bus->n_counters; i++)
		add_number(object, bus->counters[i].name, bus->counters[i].value);
	return object;
}

static struct json_object *bus_json(const struct machine *machine, const struct bus *bus)
{
	static const char * const kinds[] = { "system", "session", "other" };
	struct json_object *object = json_object_new_object();
	struct finding finding;

	check_bus(machine, bus, &finding);
	add_string(object, "bus", kinds[bus->kind]);
	if (bus->kind != BUS_SYSTEM)
		add_number(object, "uid", bus->uid);
	add_string(object, "socket", bus->socket);
	add_string(object, "state", state_of(bus));
	add_string(object, "why", finding.message);
	if (bus->unknown)
		json_object_object_add(object, "enabled", NULL);
	else
		add_bool(object, "enabled", bus->enabled);
	add_bool(object, "enabled_for_all", bus->for_all);
	add_string(object, "broker", bus->broker);
	json_object_object_add(object, "connections", connections_json(bus));
	if (!bus->in_kernel)
		return object;
	add_number(object, "id", bus->kernel.id);
	add_string(object, "fastpath", bus->kernel.fastpath);
	add_number(object, "names", bus->kernel.names);
	if (kernel_tells(&bus->kernel)) {
		add_number(object, "replies_due", bus->kernel.replies);
		json_object_object_add(object, "counters", counters_json(&bus->kernel));
	} else {
		json_object_object_add(object, "replies_due", NULL);
		json_object_object_add(object, "counters", NULL);
	}
	return object;
}

static void status_json(const struct machine *machine, const struct bus *buses, size_t n)
{
	struct json_object *object = json_object_new_object();
	struct json_object *array = json_object_new_array();
	size_t i;

	add_string(object, "version", KDBUS_VERSION);
	add_string(object, "kernel", machine->release);
	json_object_object_add(object, "module", module_json(machine));
	add_string(object, "daemon", machine->daemon);
	add_string(object, "library", machine->library);
	for (i = 0; i < n; i++)
		json_object_array_add(array, bus_json(machine, &buses[i]));
	json_object_object_add(object, "buses", array);
	print_json(object);
}

static void print_module(const struct machine *machine)
{
	const struct module *module = &machine->module;

	if (module->loaded)
		printf("module    loaded, version %s, address family %d\n",
		       *module->version ? module->version : "unknown",
		       module->family);
	else if (module->placeholder)
		printf("module    a placeholder, as it could not be built for %s\n",
		       machine->release);
	else if (*module->file)
		printf("module    version %s, not loaded\n",
		       *module->file_version ? module->file_version : "unknown");
	else if (*machine->release)
		printf("module    none for kernel %s\n", machine->release);
	else
		puts("module    no kernel runs there");
}

static void print_package(const char *title, const char *version)
{
	printf("%-9s %s%s\n", title, *version ? "patched, " : "the distribution's",
	       version);
}

static void print_traffic(const struct kernel_bus *bus)
{
	unsigned long long fast = kernel_counter(bus, "calls") +
				  kernel_counter(bus, "returns") +
				  kernel_counter(bus, "errors") +
				  kernel_counter(bus, "signals") +
				  kernel_counter(bus, "broadcasts");
	/* What dbus-daemon sends is most of this once more, on its way out. */
	unsigned long long slow = kernel_counter(bus, "slow");

	printf("  by the kernel   %llu calls, %llu returns, %llu errors",
	       kernel_counter(bus, "calls"), kernel_counter(bus, "returns"),
	       kernel_counter(bus, "errors"));
	printf(", %llu signals, %llu broadcasts\n", kernel_counter(bus, "signals"),
	       kernel_counter(bus, "broadcasts"));
	printf("  by dbus-daemon  %llu messages, to itself or to be passed on\n", slow);
	if (fast + slow)
		printf("  dbus-daemon slept through %llu %% of them\n",
		       fast * 100 / (fast + slow));
}

static void print_bus(const struct machine *machine, const struct bus *bus)
{
	char socket[sizeof(bus->socket)];
	struct finding finding;

	check_bus(machine, bus, &finding);
	strcpy(socket, bus->socket);
	text_make_printable(socket);
	printf("\n%s (%s): %s\n", bus_title(bus), socket, finding.message);
	if (bus->kind != BUS_OTHER)
		printf("  switched on     %s\n", bus->unknown ? "unknown" :
		       !bus->enabled ? "no" :
		       bus->kind == BUS_SESSION && bus->for_all ?
		       "yes, for all users" : "yes");
	if (bus->runs)
		printf("  connections     %llu native, %llu attached, %llu plain\n",
		       bus_native(bus), bus->kernel.attached, bus->plain);
	if (bus->in_kernel && kernel_tells(&bus->kernel))
		print_traffic(&bus->kernel);
	else if (bus->in_kernel)
		puts("  messages        known to root and the owner of the bus only");
}

static void status_text(const struct machine *machine, const struct bus *buses, size_t n)
{
	size_t i;

	printf("kdbus     %s\n", KDBUS_VERSION);
	print_module(machine);
	print_package("daemon", machine->daemon);
	print_package("library", machine->library);
	for (i = 0; i < n; i++)
		print_bus(machine, &buses[i]);
}

/**
 * command_status() - say which bus is on kdbus, and why not
 * @options: what the command line says
 * @argc: number of arguments, none of which is wanted
 * @argv: the arguments
 *
 * Return: exit status.
 */
int command_status(const struct options *options, int argc, char **argv)
{
	struct machine machine;
	struct bus *buses;
	size_t n;

	if (argc)
		return fail(options, EXIT_USAGE, "status takes no argument: %s", *argv);
	machine_look(&machine);
	n = buses_look(&buses);
	if (options->json)
		status_json(&machine, buses, n);
	else
		status_text(&machine, buses, n);
	return 0;
}

static const char *result_name(enum result result)
{
	static const char * const names[] = {
		[RESULT_SKIPPED] = "skipped",
		[RESULT_OK] = "ok",
		[RESULT_NOTE] = "note",
		[RESULT_HINDRANCE] = "note",
		[RESULT_PROBLEM] = "problem",
	};

	return names[result];
}

static void doctor_json(const struct finding *findings, size_t n, size_t problems)
{
	struct json_object *object = json_object_new_object();
	struct json_object *array = json_object_new_array();
	struct json_object *entry;
	size_t i;

	for (i = 0; i < n; i++) {
		entry = json_object_new_object();
		add_string(entry, "check", findings[i].check);
		add_string(entry, "bus", findings[i].bus ?
			   findings[i].bus->socket : "");
		add_string(entry, "result", result_name(findings[i].result));
		add_string(entry, "message", findings[i].message);
		add_string(entry, "mend", findings[i].mend);
		json_object_array_add(array, entry);
	}
	add_number(object, "problems", problems);
	json_object_object_add(object, "checks", array);
	print_json(object);
}

static void print_finding(const struct finding *finding)
{
	printf("%-8s %s%s%s\n", result_name(finding->result),
	       finding->bus ? bus_title(finding->bus) : "",
	       finding->bus ? ": " : "", finding->message);
	if (*finding->mend)
		printf("         mend: %s\n", finding->mend);
}

/**
 * command_doctor() - check everything that can be wrong
 * @options: what the command line says
 * @argc: number of arguments, none of which is wanted
 * @argv: the arguments
 *
 * Return: exit status: 1 if there is a problem.
 */
int command_doctor(const struct options *options, int argc, char **argv)
{
	struct machine machine;
	struct finding *findings;
	struct bus *buses;
	size_t n, n_buses, i, problems = 0;

	if (argc)
		return fail(options, EXIT_USAGE, "doctor takes no argument: %s", *argv);
	machine_look(&machine);
	n_buses = buses_look(&buses);
	findings = room_for(NULL, FINDINGS_MAX + n_buses, sizeof(*findings));
	n = check_machine(&machine, findings, FINDINGS_MAX);
	for (i = 0; i < n_buses; i++)
		check_bus(&machine, &buses[i], &findings[n++]);
	for (i = 0; i < n; i++)
		problems += findings[i].result == RESULT_PROBLEM;
	if (options->json) {
		doctor_json(findings, n, problems);
	} else {
		for (i = 0; i < n; i++)
			print_finding(&findings[i]);
		printf("\n%zu problem%s\n", problems, problems == 1 ? "" : "s");
	}
	return problems ? EXIT_PROBLEM : 0;
}

/**
 * command_version() - say of what version everything is
 * @options: what the command line says
 * @argc: number of arguments, none of which is wanted
 * @argv: the arguments
 *
 * Return: exit status.
 */
int command_version(const struct options *options, int argc, char **argv)
{
	struct json_object *object;
	struct machine machine;

	if (argc)
		return fail(options, EXIT_USAGE, "version takes no argument: %s", *argv);
	machine_look(&machine);
	if (!options->json) {
		printf("kdbus     %s\n", KDBUS_VERSION);
		print_module(&machine);
		print_package("daemon", machine.daemon);
		print_package("library", machine.library);
		return 0;
	}
	object = json_object_new_object();
	add_string(object, "version", KDBUS_VERSION);
	json_object_object_add(object, "module", module_json(&machine));
	add_string(object, "daemon", machine.daemon);
	add_string(object, "library", machine.library);
	print_json(object);
	return 0;
}
