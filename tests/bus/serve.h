/* SPDX-License-Identifier: GPL-2.0-only */
/* A service for whoever wants to call one. */
#ifndef BUS_SERVE_H
#define BUS_SERVE_H

#include "client.h"

/*
 * serve - own NAME and answer calls until one of Quit; 0 if all went well
 *
 *	Echo		all arguments
 *	Count STRING	the number of this call, and the argument
 *	Fail		an error
 *	Emit		a signal to everybody before the answer
 *	CallBack STRING	calls a method of that name, and returns what it says
 *	Introspect	the usual XML
 */
int serve(const char *name);
int serve_as(struct client *client);

#endif
