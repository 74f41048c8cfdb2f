/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets that own a bus. */
#ifndef KDBUS_KERN_OWN_H
#define KDBUS_KERN_OWN_H

struct kdbus_sock;

int kdbus_own(struct kdbus_sock *ks, const char *text, int backlog);

#endif
