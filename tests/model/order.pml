/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The order that the fence, the late publishing and early withdrawing of names,
 * and the staging of broadcasts are to keep (docs/design.md, "Order").  Each of
 * NO_FENCE, LATE_WITHDRAW, EARLY_PUBLISH and NO_STAGING takes one mechanism away;
 * tests/model/check.t wants each of them to be missed.
 *
 * Client A calls a name CALLS times, with numbers, while the name passes from X
 * to Y; then it tells B to go on, who calls the owner by its unique name, which
 * is always known.  E sends a broadcast to F and G; F reacts by sending to G.
 */
#define CALLS	3
#define LOST	100	/* NameLost */
#define GOT	101	/* NameAcquired */
#define REACTION 102	/* of B, to what A told it after its calls */
#define GO	103
#define EVENT	104
#define ANSWER	105

chan up = [8] of { byte };	/* A's messages for the daemon */
chan held = [8] of { byte };	/* A's messages behind the fence */
chan to_x = [8] of { byte };
chan to_y = [8] of { byte };
chan to_b = [2] of { byte };
chan to_f = [2] of { byte };
chan to_g = [4] of { byte };

byte unfinished = 0;	/* given to the daemon, not done */
mtype = { none, x, y };
mtype route = x;	/* what the module knows */
mtype owner = x;	/* what the daemon knows */
byte delivered = 0;	/* number of A's last call in anybody's queue */
bool visible_f = false, visible_g = false;

#ifdef NO_FENCE
#define FENCED (false)
#else
#define FENCED (unfinished > 0)
#endif

inline put(who, n)
{
	assert(n == delivered + 1);	/* none lost, doubled or overtaken */
	delivered = n;
	if
	:: who == x -> to_x!n
	:: else -> to_y!n
	fi
}

/* The module decides on a message whose turn it is. */
inline decide(n)
{
	if
	:: n == GO && FENCED -> held!n
	:: n == GO && !FENCED -> to_b!GO
	:: n != GO && route == none -> unfinished++; up!n
	:: n != GO && route != none && FENCED -> held!n
	:: n != GO && route != none && !FENCED -> put(route, n)
	fi
}

inline send(n)
{
	atomic {
		if
		:: nempty(held) -> held!n
		:: else -> decide(n)
		fi
	}
}

active proctype A()
{
	byte n = 1;
	do
	:: n <= CALLS -> send(n); n++
	:: else -> break
	od;
	send(GO)
}

/* KDBUS_DONE: the fence may open, and what it held goes on. */
inline done()
{
	atomic {
		unfinished--;
		do
		:: unfinished == 0 && nempty(held) -> held?m; decide(m)
		:: else -> break
		od;
		m = 0
	}
}

active proctype Daemon()
{
	byte n, m;
	bool changed = false;
end:	do
	:: up?n ->
		/* Reading is one thing, writing it to its recipient another. */
		atomic { put(owner, n) };
		done()
	:: !changed ->
		changed = true;
#ifndef LATE_WITHDRAW
		route = none;
#endif
#ifdef EARLY_PUBLISH
		route = y;
#endif
		owner = y;
		to_x!LOST;
		to_y!GOT;
		route = y	/* and whatever came meanwhile is in up */
	od
}

active proctype X()
{
	byte n;
	bool lost = false;
end:	do
	:: to_x?n ->
		if
		:: n == LOST -> lost = true
		:: else -> assert(!lost || n == REACTION)
		fi
	od
}

active proctype Y()
{
	byte n;
	bool mine = false;
end:	do
	:: to_y?n ->
		if
		:: n == GOT -> mine = true
		/* The triangle: A's calls are all there before B's message. */
		:: n == REACTION -> assert(delivered == CALLS)
		:: else -> assert(mine)
		fi
	od
}

active proctype B()
{
	to_b?GO;
	to_y!REACTION
}

active proctype E()
{
	to_f!EVENT;
#ifdef NO_STAGING
	visible_f = true;
#endif
	to_g!EVENT;
	atomic { visible_f = true; visible_g = true }	/* commit */
}

active proctype F()
{
	visible_f;
	to_f?EVENT;
	to_g!ANSWER
}

active proctype G()
{
	byte n;
	(visible_g && nempty(to_g)) || (nempty(to_g) && to_g?[ANSWER]);
	to_g?n;
	assert(n == EVENT)
}
