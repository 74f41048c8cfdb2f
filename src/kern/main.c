// SPDX-License-Identifier: GPL-2.0-only
/* Loading and unloading. */

#include <linux/module.h>
#include <linux/net.h>

#include "../uapi/kdbus.h"
#include "attach.h"
#include "family.h"
#include "observe.h"
#include "peer.h"
#include "socket.h"
#include "unixsock.h"

int kdbus_family = KDBUS_AF_DEFAULT;
module_param_named(family, kdbus_family, int, 0444);
MODULE_PARM_DESC(family, "address family number to use (default 18)");

static int __init kdbus_init(void)
{
	int ret;

	if (kdbus_family <= AF_UNIX || kdbus_family >= NPROTO) {
		pr_err("kdbus: %d is not an address family, try family=%d\n",
		       kdbus_family, KDBUS_AF_DEFAULT);
		return -EINVAL;
	}
	ret = kdbus_peer_init();
	if (ret)
		return ret;
	ret = kdbus_observe_init();
	if (ret)
		goto exit_peer;
	ret = kdbus_socket_init();
	if (ret == -EEXIST)
		pr_err("kdbus: address family %d is taken, try another with family=\n",
		       kdbus_family);
	if (ret)
		goto exit_observe;
	pr_info("kdbus: address family %d\n", kdbus_family);
	return 0;

exit_observe:
	kdbus_observe_exit();
exit_peer:
	kdbus_peer_exit();
	return ret;
}

static void __exit kdbus_exit(void)
{
	kdbus_socket_exit();
	kdbus_observe_exit();
	kdbus_attach_exit();
	kdbus_peer_exit();
	kdbus_socket_exit_late();
}

module_init(kdbus_init);
module_exit(kdbus_exit);

MODULE_DESCRIPTION("D-Bus messages from sender to recipient (AF_DBUS)");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
