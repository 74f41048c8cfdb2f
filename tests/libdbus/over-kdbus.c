// SPDX-License-Identifier: GPL-2.0-only
/*
 * over-kdbus: the patched libdbus on sockets of the module, both sides of it,
 * without a bus.  TAP on stdout.
 *
 * over-kdbus --family BUS connects to the session or system bus as programs do
 * and says whether that went by "unix" or "kdbus", and --shared does the same with
 * the connection that all parts of a program share; --guid shows the server's GUID,
 * and --files whether file descriptors can be sent, "yes" or "no".
 * over-kdbus --trap PATH listens on a kdbus socket there and makes PATH.caught
 * if somebody connects.
 */
#define _GNU_SOURCE
#include <dbus/dbus.h>
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define INTERFACE	"org.kdbus.Test"
#define SOCKET_PATH	"/run/over-kdbus"
#define ADDRESS		"kdbus:path=" SOCKET_PATH
#define MANY_FDS	16

static int tests, failures;

#define CHECK(condition) do {						\
		if (!(condition)) {					\
			printf("# line %d: not true: %s\n", __LINE__, #condition); \
			return 0;					\
		}							\
	} while (0)

static void need(dbus_bool_t ok)
{
	if (!ok)
		errx(1, "out of memory");
}

static void run(const char *name, int (*test)(void))
{
	int ok = test();

	failures += !ok;
	printf("%sok %d - %s\n", ok ? "" : "not ", ++tests, name);
	fflush(stdout);
}

/* ---- the service ---- */

static DBusMessage *echo(DBusMessage *call)
{
	DBusMessage *reply = dbus_message_new_method_return(call);
	const unsigned char *data;
	int count;

	need(!!reply);
	need(dbus_message_get_args(call, NULL, 'a', 'y', &data, &count, 0));
	need(dbus_message_append_args(reply, 'a', 'y', &data, count, 0));
	return reply;
}

/* Sends back as many descriptors as came. */
static DBusMessage *echo_fds(DBusMessage *call)
{
	DBusMessage *reply = dbus_message_new_method_return(call);
	DBusMessageIter iter, out;
	int fd;

	need(!!reply);
	dbus_message_iter_init(call, &iter);
	dbus_message_iter_init_append(reply, &out);
	while (dbus_message_iter_get_arg_type(&iter) == 'h') {
		dbus_message_iter_get_basic(&iter, &fd);
		need(dbus_message_iter_append_basic(&out, 'h', &fd));
		close(fd);
		dbus_message_iter_next(&iter);
	}
	return reply;
}

static DBusMessage *who(DBusConnection *connection, DBusMessage *call)
{
	DBusMessage *reply = dbus_message_new_method_return(call);
	unsigned long pid = 0, uid = -1;
	dbus_uint32_t pid32, uid32;

	need(!!reply);
	dbus_connection_get_unix_process_id(connection, &pid);
	dbus_connection_get_unix_user(connection, &uid);
	pid32 = pid;
	uid32 = uid;
	need(dbus_message_append_args(reply, 'u', &pid32, 'u', &uid32, 0));
	return reply;
}

/* Floods the caller, who does not read, and says how much is on its way. */
static DBusMessage *flood(DBusConnection *connection, DBusMessage *call)
{
	DBusMessage *reply = dbus_message_new_method_return(call), *signal;
	static const unsigned char block[1000];
	const unsigned char *data = block;
	dbus_uint32_t before, after;
	int i;

	need(!!reply);
	before = dbus_connection_get_outgoing_size(connection);
	for (i = 0; i < 50; i++) {
		signal = dbus_message_new_signal("/", INTERFACE, "Flood");
		need(!!signal);
		need(dbus_message_append_args(signal, 'a', 'y', &data, 1000, 0));
		need(dbus_connection_send(connection, signal, NULL));
		dbus_message_unref(signal);
	}
	after = dbus_connection_get_outgoing_size(connection);
	need(dbus_message_append_args(reply, 'u', &before, 'u', &after, 0));
	return reply;
}

static DBusHandlerResult serve(DBusConnection *connection, DBusMessage *message,
			       void *unused)
{
	DBusMessage *reply = NULL;

	(void)unused;
	if (dbus_message_is_method_call(message, INTERFACE, "Echo"))
		reply = echo(message);
	else if (dbus_message_is_method_call(message, INTERFACE, "EchoFds"))
		reply = echo_fds(message);
	else if (dbus_message_is_method_call(message, INTERFACE, "Who"))
		reply = who(connection, message);
	else if (dbus_message_is_method_call(message, INTERFACE, "Flood"))
		reply = flood(connection, message);
	else if (dbus_message_is_method_call(message, INTERFACE, "Ignore"))
		return DBUS_HANDLER_RESULT_HANDLED;
	else if (dbus_message_is_method_call(message, INTERFACE, "Close"))
		dbus_connection_close(connection);
	else
		return DBUS_HANDLER_RESULT_NOT_YET_HANDLED;
	if (reply) {
		need(dbus_connection_send(connection, reply, NULL));
		dbus_message_unref(reply);
	}
	return DBUS_HANDLER_RESULT_HANDLED;
}

static dbus_bool_t add_watch(DBusWatch *watch, void *data)
{
	*(DBusWatch **)data = watch;
	return TRUE;
}

static void remove_watch(DBusWatch *watch, void *data)
{
	(void)watch;
	*(DBusWatch **)data = NULL;
}

static void new_connection(DBusServer *server, DBusConnection *connection,
			   void *data)
{
	(void)server;
	*(DBusConnection **)data = dbus_connection_ref(connection);
	dbus_connection_set_max_message_size(connection, DBUS_MAXIMUM_MESSAGE_LENGTH);
}

static void serve_one(DBusConnection *connection)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	need(dbus_connection_add_filter(connection, serve, NULL, NULL));
	dbus_connection_set_exit_on_disconnect(connection, FALSE);
	while (dbus_connection_read_write_dispatch(connection, -1))
		;
	exit(0);
}

/* A process for each connection, so that a test that fails stops no other */
static void serve_all(DBusWatch **watch, DBusConnection **connection)
{
	struct pollfd pollfd = { .events = POLLIN };
	int fd;

	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		*connection = NULL;
		while (!*connection) {
			pollfd.fd = dbus_watch_get_unix_fd(*watch);
			poll(&pollfd, 1, -1);
			dbus_watch_handle(*watch, DBUS_WATCH_READABLE);
		}
		if (!fork())
			serve_one(*connection);
		/* not dbus_connection_close(), which would shut it down */
		if (dbus_connection_get_socket(*connection, &fd))
			close(fd);
	}
}

static pid_t start_service(void)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *connection = NULL;
	DBusWatch *watch = NULL;
	DBusServer *server = dbus_server_listen(ADDRESS, &error);
	pid_t pid;

	if (!server)
		errx(1, "%s: %s", ADDRESS, error.message);
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	need(dbus_server_set_watch_functions(server, add_watch, remove_watch,
					     NULL, &watch, NULL));
	dbus_server_set_new_connection_function(server, new_connection,
						&connection, NULL);
	serve_all(&watch, &connection);
	exit(0);
}

/* ---- the client ---- */

static int domain_of(DBusConnection *connection)
{
	int fd, domain = -1;
	socklen_t size = sizeof(domain);

	if (dbus_connection_get_socket(connection, &fd))
		getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
	return domain;
}

static DBusConnection *connect_to(const char *address)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *connection = dbus_connection_open_private(address, &error);

	if (!connection) {
		printf("# %s: %s\n", address, error.message);
		dbus_error_free(&error);
		return NULL;
	}
	dbus_connection_set_max_message_size(connection, DBUS_MAXIMUM_MESSAGE_LENGTH);
	return connection;
}

static void disconnect(DBusConnection *connection)
{
	dbus_connection_close(connection);
	dbus_connection_unref(connection);
}

static DBusMessage *new_call(const char *member)
{
	DBusMessage *call = dbus_message_new_method_call(NULL, "/", INTERFACE, member);

	need(!!call);
	return call;
}

/* Takes the message. */
static DBusMessage *call(DBusConnection *connection, DBusMessage *message)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusMessage *reply;

	reply = dbus_connection_send_with_reply_and_block(connection, message,
							  60000, &error);
	if (!reply) {
		printf("# %s: %s\n", dbus_message_get_member(message), error.message);
		dbus_error_free(&error);
	}
	dbus_message_unref(message);
	return reply;
}

static int check_echo(DBusConnection *connection, int size)
{
	DBusMessage *message = new_call("Echo"), *reply;
	unsigned char *data = malloc(size + 1);
	const unsigned char *back;
	int i, count;

	need(!!data);
	for (i = 0; i < size; i++)
		data[i] = (i * 2654435761u + size) >> 13;
	need(dbus_message_append_args(message, 'a', 'y', &data, size, 0));
	reply = call(connection, message);
	CHECK(reply);
	CHECK(dbus_message_get_args(reply, NULL, 'a', 'y', &back, &count, 0));
	CHECK(count == size && memcmp(data, back, size) == 0);
	dbus_message_unref(reply);
	free(data);
	return 1;
}

static int test_family(void)
{
	DBusConnection *connection = connect_to(ADDRESS);

	CHECK(connection);
	CHECK(domain_of(connection) != AF_UNIX && domain_of(connection) > 0);
	CHECK(check_echo(connection, 1));
	disconnect(connection);
	return 1;
}

/* Sizes around those of reads, in an order that grows and shrinks them */
static int test_sizes(void)
{
	static const int sizes[] = {
		0, 1, 1950, 2048, 2049, 8192, 65536, 100, 262144, 262145, 1 << 20,
		5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 7000, 1 << 24, 300000, 0, 32 << 20, 3,
	};
	DBusConnection *connection = connect_to(ADDRESS);
	unsigned i;

	CHECK(connection);
	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		CHECK(check_echo(connection, sizes[i]));
	disconnect(connection);
	return 1;
}

/* Many calls on their way at once, so that a read ends within a message */
static int test_pipelined(void)
{
	enum { COUNT = 200 };
	DBusConnection *connection = connect_to(ADDRESS);
	static unsigned char block[3000];
	const unsigned char *data = block, *back;
	DBusPendingCall *pending[COUNT];
	DBusMessage *message;
	int i, count;

	CHECK(connection);
	for (i = 0; i < COUNT; i++) {
		message = new_call("Echo");
		memset(block, i, sizeof(block));
		need(dbus_message_append_args(message, 'a', 'y', &data, i * 15, 0));
		need(dbus_connection_send_with_reply(connection, message,
						     &pending[i], 60000));
		dbus_message_unref(message);
	}
	for (i = 0; i < COUNT; i++) {
		dbus_pending_call_block(pending[i]);
		message = dbus_pending_call_steal_reply(pending[i]);
		memset(block, i, sizeof(block));
		CHECK(dbus_message_get_args(message, NULL, 'a', 'y', &back, &count, 0));
		CHECK(count == i * 15 && memcmp(back, block, count) == 0);
		dbus_message_unref(message);
		dbus_pending_call_unref(pending[i]);
	}
	disconnect(connection);
	return 1;
}

/* The other ends of the pipes have to be the same after the round trip. */
static int check_fds(DBusConnection *connection, int count)
{
	DBusMessage *message = new_call("EchoFds"), *reply;
	int i, fd, ends[MANY_FDS][2];
	DBusMessageIter iter;
	char c;

	dbus_message_iter_init_append(message, &iter);
	for (i = 0; i < count; i++) {
		CHECK(pipe(ends[i]) == 0);
		need(dbus_message_iter_append_basic(&iter, 'h', &ends[i][1]));
		close(ends[i][1]);
	}
	reply = call(connection, message);
	CHECK(reply);
	dbus_message_iter_init(reply, &iter);
	for (i = 0; i < count; i++) {
		CHECK(dbus_message_iter_get_arg_type(&iter) == 'h');
		dbus_message_iter_get_basic(&iter, &fd);
		CHECK(write(fd, &(char){ 'a' + i }, 1) == 1);
		close(fd);
		CHECK(read(ends[i][0], &c, 1) == 1 && c == 'a' + i);
		close(ends[i][0]);
		dbus_message_iter_next(&iter);
	}
	dbus_message_unref(reply);
	return 1;
}

static int test_fds(void)
{
	DBusConnection *connection = connect_to(ADDRESS);

	CHECK(connection);
	CHECK(check_echo(connection, 1));
	CHECK(dbus_connection_can_send_type(connection, 'h'));
	CHECK(check_fds(connection, 1));
	CHECK(check_echo(connection, 70000));
	CHECK(check_fds(connection, MANY_FDS));
	CHECK(check_fds(connection, 3));
	disconnect(connection);
	return 1;
}

static int check_identity(void)
{
	DBusConnection *connection = connect_to(ADDRESS);
	dbus_uint32_t pid, uid;
	DBusMessage *reply;

	CHECK(connection);
	reply = call(connection, new_call("Who"));
	CHECK(reply);
	CHECK(dbus_message_get_args(reply, NULL, 'u', &pid, 'u', &uid, 0));
	CHECK(pid == (dbus_uint32_t)getpid());
	CHECK(uid == getuid());
	dbus_message_unref(reply);
	disconnect(connection);
	return 1;
}

/* The server accepts its own user only, so another one has to be the same. */
static int test_identity(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		exit(!check_identity());
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	return check_identity();
}

static int test_outgoing(void)
{
	DBusConnection *connection = connect_to(ADDRESS);
	DBusMessage *message = new_call("Flood");
	dbus_uint32_t before, after;
	DBusPendingCall *pending;

	CHECK(connection);
	CHECK(check_echo(connection, 1));
	need(dbus_connection_send_with_reply(connection, message, &pending, 60000));
	dbus_connection_flush(connection);
	dbus_message_unref(message);
	/* nothing is read until the service has seen how much that is */
	sleep(1);
	dbus_pending_call_block(pending);
	message = dbus_pending_call_steal_reply(pending);
	CHECK(dbus_message_get_args(message, NULL, 'u', &before, 'u', &after, 0));
	CHECK(before < 1000);
	CHECK(after > 50000);
	dbus_message_unref(message);
	dbus_pending_call_unref(pending);
	disconnect(connection);
	return 1;
}

static int is_no_reply(DBusConnection *connection, const char *member, int timeout,
		       const char *expected)
{
	DBusMessage *message = new_call(member), *reply;
	DBusError error = DBUS_ERROR_INIT;

	reply = dbus_connection_send_with_reply_and_block(connection, message,
							  timeout, &error);
	dbus_message_unref(message);
	CHECK(!reply);
	if (!dbus_error_has_name(&error, expected)) {
		printf("# %s instead of %s\n", error.name, expected);
		return 0;
	}
	CHECK(error.message && *error.message);
	dbus_error_free(&error);
	return 1;
}

static int test_timeouts(void)
{
	DBusConnection *connection = connect_to(ADDRESS);
	DBusPendingCall *pending;
	DBusMessage *message;

	CHECK(connection);
	CHECK(is_no_reply(connection, "Ignore", 50, DBUS_ERROR_NO_REPLY));
	CHECK(check_echo(connection, 10));

	message = new_call("Ignore");
	need(dbus_connection_send_with_reply(connection, message, &pending, 60000));
	dbus_message_unref(message);
	dbus_connection_set_exit_on_disconnect(connection, FALSE);
	CHECK(is_no_reply(connection, "Close", 60000, DBUS_ERROR_NO_REPLY) ||
	      dbus_connection_get_is_connected(connection) == FALSE);
	dbus_pending_call_block(pending);
	message = dbus_pending_call_steal_reply(pending);
	CHECK(dbus_message_is_error(message, DBUS_ERROR_NO_REPLY));
	dbus_message_unref(message);
	dbus_pending_call_unref(pending);
	dbus_connection_unref(connection);
	return 1;
}

static int test_lists(void)
{
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *connection;
	DBusServer *server;
	struct stat sb;

	server = dbus_server_listen("kdbus:path=/nonexistent/x;unix:path=/run/over-unix",
				    &error);
	CHECK(server);
	connection = connect_to("kdbus:path=/nonexistent/x;kdbus:path=/run/over-unix;unix:path=/run/over-unix");
	CHECK(connection && domain_of(connection) == AF_UNIX);
	disconnect(connection);
	dbus_server_disconnect(server);
	dbus_server_unref(server);

	server = dbus_server_listen("kdbus:path=/run/over-second", &error);
	CHECK(server);
	CHECK(stat("/run/over-second", &sb) == 0 && S_ISSOCK(sb.st_mode));
	CHECK((sb.st_mode & 0777) == 0777);
	connection = connect_to("kdbus:path=/run/over-second;unix:path=/nonexistent");
	CHECK(connection && domain_of(connection) != AF_UNIX);
	disconnect(connection);
	dbus_server_disconnect(server);
	dbus_server_unref(server);
	CHECK(stat("/run/over-second", &sb) != 0);

	CHECK(!dbus_connection_open_private("kdbus:abstract=x", &error));
	CHECK(dbus_error_has_name(&error, DBUS_ERROR_BAD_ADDRESS));
	dbus_error_free(&error);
	return 1;
}

/* Makes socket() fail for the module's family, as hardened services have it. */
static int forbid_family(int family, int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, family, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	return 1;
}

static int check_forbidden(int error)
{
	DBusConnection *connection = connect_to(ADDRESS);
	int family;

	CHECK(connection);
	family = domain_of(connection);
	disconnect(connection);
	CHECK(forbid_family(family, error));
	CHECK(!connect_to(ADDRESS));
	CHECK(dbus_server_listen("unix:path=/run/over-unix", NULL));
	connection = connect_to(ADDRESS ";unix:path=/run/over-unix");
	CHECK(connection && domain_of(connection) == AF_UNIX);
	return 1;
}

static int test_forbidden(void)
{
	static const int errors[] = { EPERM, EAFNOSUPPORT, ENOSYS };
	int i, status;
	pid_t pid;

	for (i = 0; i < 3; i++) {
		pid = fork();
		if (!pid)
			exit(!check_forbidden(errors[i]));
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	return 1;
}

static int show_bus(const char *what, const char *name)
{
	DBusBusType type = strcmp(name, "system") ? DBUS_BUS_SESSION : DBUS_BUS_SYSTEM;
	dbus_bool_t shared = !strcmp(what, "--shared");
	DBusError error = DBUS_ERROR_INIT;
	DBusConnection *connection;

	connection = shared ? dbus_bus_get(type, &error) :
			      dbus_bus_get_private(type, &error);
	if (!connection)
		errx(1, "%s bus: %s", name, error.message);
	if (!strcmp(what, "--guid"))
		puts(dbus_connection_get_server_id(connection));
	else if (!strcmp(what, "--files"))
		puts(dbus_connection_can_send_type(connection, 'h') ? "yes" : "no");
	else
		puts(domain_of(connection) == AF_UNIX ? "unix" : "kdbus");
	if (!shared)
		disconnect(connection);
	return 0;
}

static int trap(const char *path)
{
	DBusError error = DBUS_ERROR_INIT;
	struct pollfd pollfd = { .events = POLLIN };
	char name[256];
	DBusWatch *watch;
	DBusServer *server;

	snprintf(name, sizeof(name), "kdbus:path=%s", path);
	server = dbus_server_listen(name, &error);
	if (!server)
		errx(1, "%s: %s", name, error.message);
	need(dbus_server_set_watch_functions(server, add_watch, remove_watch,
					     NULL, &watch, NULL));
	pollfd.fd = dbus_watch_get_unix_fd(watch);
	poll(&pollfd, 1, -1);
	snprintf(name, sizeof(name), "%s.caught", path);
	fclose(fopen(name, "w"));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--trap"))
		return trap(argv[2]);
	if (argc == 3 && !strncmp(argv[1], "--", 2))
		return show_bus(argv[1], argv[2]);
	if (argc != 1)
		errx(2, "usage: over-kdbus [--family|--shared|--guid|--files "
			"session|system | --trap PATH]");
	start_service();
	run("the socket is not a unix one", test_family);
	run("messages of all sizes", test_sizes);
	run("many messages at once", test_pipelined);
	run("file descriptors", test_fds);
	run("who the client is", test_identity);
	run("what the client has not read is counted", test_outgoing);
	run("calls without a reply", test_timeouts);
	run("lists of addresses, and what is left of a socket", test_lists);
	run("unix where kdbus is forbidden", test_forbidden);
	printf("1..%d\n", tests);
	return failures != 0;
}
