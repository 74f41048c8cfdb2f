#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""report.py DIRECTORY [MODE]...: what the suites said, as a table.

DIRECTORY/MODE.log is what guest-run has printed in that mode.  The exit status
is 0 if kdbus gives the results of stock dbus-daemon, test by test, and if the
module's counters say that each run took the way that its column names.
"""

import collections
import re
import sys

STOCK = 'dbus-daemon'
DELIVERED = ('calls', 'returns', 'errors', 'signals', 'broadcasts')

TAP = re.compile(r'^(not )?ok\b *(\d+)? *-? *(.*?)(?: *# *(SKIP|TODO)\b.*)?$', re.I)
PYTEST = re.compile(r'^\S*?([^/\s]+\.py::\S+) (PASSED|FAILED|ERROR|SKIPPED|XFAIL)')
# What a test was called depends on the process and the time of day.
VOLATILE = re.compile(r'0x[0-9a-f]+|\b[0-9a-f]{32}\b')


class Suite:
    def __init__(self, name, transport):
        self.name = name
        self.transport = transport
        self.results = collections.OrderedDict()
        self.counters = {}
        self.daemons = 0

    def add(self, program, case, result):
        key = '%s: %s' % (program, VOLATILE.sub('*', case))
        name, count = key, 1
        while name in self.results:
            count += 1
            name = '%s (%d)' % (key, count)
        self.results[name] = result

    def count(self, result):
        return sum(r == result for r in self.results.values())

    def cell(self):
        return '%d / %d / %d' % tuple(
            self.count(r) for r in ('passed', 'failed', 'skipped'))

    def delivered(self):
        return sum(self.counters.get(key, 0) for key in DELIVERED)


def numbers(words):
    return {key: int(n) for key, n in zip(words[::2], words[1::2])}


def one_line(line):
    """The case and the result that a line of output tells, if it does."""
    match = TAP.match(line)
    if match:
        case = match.group(3) or 'test %s' % match.group(2)
        directive = (match.group(4) or '').upper()
        if directive == 'SKIP':
            return case, 'skipped'
        if match.group(1) and directive != 'TODO':
            return case, 'failed'
        return case, 'passed'
    match = PYTEST.match(line)
    if match:
        return match.group(1), {
            'PASSED': 'passed', 'SKIPPED': 'skipped', 'XFAIL': 'skipped',
        }.get(match.group(2), 'failed')
    return None


def end_program(suite, program, status, cases):
    for case, result in cases:
        suite.add(program, case, result)
    said = any(result == 'failed' for _, result in cases)
    if not cases:
        result = {0: 'passed', 77: 'skipped'}.get(status, 'failed')
        suite.add(program, 'exit status', result)
    elif status not in (0, 77) and not said:
        suite.add(program, 'breaks off', 'failed')


def read(path):
    suites, done = collections.OrderedDict(), False
    suite = program = before = None
    cases = []
    with open(path, errors='replace') as log:
        for line in log:
            words = line.split()
            if not line.startswith('@'):
                found = one_line(line.rstrip('\n'))
                if found and program:
                    cases.append(found)
            elif words[0] == '@suite':
                suite = suites[words[1]] = Suite(*words[1:3])
            elif words[0] == '@before':
                before = numbers(words[1:])
            elif words[0] == '@after':
                suite.counters = {key: n - before.get(key, 0)
                                  for key, n in numbers(words[1:]).items()}
            elif words[0] == '@daemons':
                suite.daemons = int(words[1])
            elif words[0] == '@program':
                program, cases = words[1], []
            elif words[0] == '@status':
                end_program(suite, program, int(words[1]), cases)
                program = None
            elif words[0] == '@done':
                done = True
    return suites, done


def transport_error(mode, suite):
    """Why a run has not used the way that it is named after, or None."""
    slow = suite.counters.get('slow', 0)
    buses = suite.counters.get('buses', 0)
    if mode == 'dbus-broker':
        return 'a dbus-daemon was started' if suite.daemons else None
    if not suite.daemons:
        return 'no dbus-daemon was started through the stand-in'
    if mode == STOCK:
        return 'the module had a bus' if buses else None
    if not buses:
        return 'no bus of the module was made'
    if not slow:
        return 'nobody was connected to the module'
    if mode == 'kdbus' and not suite.delivered():
        return 'the module delivered nothing'
    if mode == 'kdbus-off' and suite.delivered():
        return 'the module delivered %d messages' % suite.delivered()
    return None


def differences(mode, suite, stock):
    for key in stock.results.keys() | suite.results.keys():
        here = suite.results.get(key, 'missing')
        there = stock.results.get(key, 'missing')
        if here != there:
            yield '%s: %s: %s, on %s %s' % (mode, key, here, STOCK, there)


def complaints(mode, suites, stock, done):
    if not done:
        yield '%s: the run has not come to its end' % mode
    for suite in suites.values():
        error = transport_error(mode, suite)
        if error:
            yield '%s: %s: %s' % (mode, suite.name, error)
        if mode not in (STOCK, 'dbus-broker'):
            yield from sorted(differences(mode, suite, stock[suite.name]))


def table(modes, logs):
    yield '| suite | clients | %s | delivered by the module |' % ' | '.join(modes)
    yield '| --- ' * (len(modes) + 3) + '|'
    for name, suite in logs[STOCK].items():
        cells = [logs[mode][name].cell() if name in logs[mode] else '–'
                 for mode in modes]
        fast = logs.get('kdbus', {}).get(name)
        cells.append('{:,}'.format(fast.delivered()) if fast else '–')
        yield '| %s | %s | %s |' % (name, suite.transport, ' | '.join(cells))


def main():
    directory, modes = sys.argv[1], sys.argv[2:]
    read_logs = {mode: read('%s/%s.log' % (directory, mode)) for mode in modes}
    logs = {mode: suites for mode, (suites, _) in read_logs.items()}
    found = []
    for mode, (suites, done) in read_logs.items():
        found += complaints(mode, suites, logs[STOCK], done)
    print('\n'.join(table(modes, logs)))
    for line in found:
        print('report.py: %s' % line, file=sys.stderr)
    sys.exit(1 if found else 0)


main()
