/* SPDX-License-Identifier: GPL-2.0-only */
/* The cases, by the file that they are in. */
#ifndef BUS_CASES_H
#define BUS_CASES_H

/**
 * struct bus_case - one case
 * @name: what it is called
 * @config: the bus that it wants, a file NAME.conf in config/
 * @run: the case; returns when it is over
 */
struct bus_case {
	const char *name;
	const char *config;
	void (*run)(void);
};

extern const struct bus_case cases_calls[];
extern const struct bus_case cases_replies[];
extern const struct bus_case cases_bytes[];
extern const struct bus_case cases_invalid[];
extern const struct bus_case cases_sasl[];
extern const struct bus_case cases_files[];
extern const struct bus_case cases_sizes[];
extern const struct bus_case cases_signals[];
extern const struct bus_case cases_names[];
extern const struct bus_case cases_driver[];
extern const struct bus_case cases_lives[];
extern const struct bus_case cases_activation[];
extern const struct bus_case cases_handover[];
extern const struct bus_case cases_order[];
extern const struct bus_case cases_monitor[];
extern const struct bus_case cases_limits[];
extern const struct bus_case cases_quotas[];
extern const struct bus_case cases_mixed[];
extern const struct bus_case cases_moments[];
extern const struct bus_case cases_policy[];
extern const struct bus_case cases_labels[];
extern const struct bus_case cases_random[];

#endif
