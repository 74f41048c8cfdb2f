#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""report.py DIRECTORY "MODE..." SUITE...: what the suites said, as a table.

DIRECTORY/MODE/SUITE.log is what guest-run has printed of a suite in that mode.
The exit status is 0 if kdbus gives the results of stock dbus-daemon, test by
test, and if the module's counters say that each run took the way that its column
names.
"""

import collections
import os
import re
import sys

STOCK = 'dbus-daemon'
BROKER = 'dbus-broker'
FAST = ('native', 'attached')
DELIVERED = ('calls', 'returns', 'errors', 'signals', 'broadcasts')

# In small letters: "OK" is what Python's unittest says of all its tests together.
TAP = re.compile(r'^(not )?ok\b *(\d+)? *-? *(.*?)(?: *# *((?i:SKIP|TODO))\b.*)?$')
# Formats in which a result comes first, and then the case: GoogleTest (its list
# of failures at the end has no times) and Go.
RESULT_FIRST = (
    re.compile(r'^\[ +(OK|FAILED|SKIPPED) +\] ([^\s,]+).* \(\d+ ms\)$'),
    re.compile(r'^ *--- (PASS|FAIL|SKIP): (\S+) \('),
)
# And those in which it comes last: pytest, BlueZ's tester.
RESULT_LAST = (
    re.compile(r'^\S*?([^/\s]+\.py::.+?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL)'),
    re.compile(r'^(/\S+) +(?:\x1b\[[\d;]*m)*(Passed|Failed|Timed out|Not Run)\b'),
)
PASSED = ('OK', 'PASS', 'PASSED', 'Passed')
SKIPPED = ('SKIP', 'SKIPPED', 'XFAIL', 'Not Run')
# What a test was called depends on the process and the time of day.
VOLATILE = re.compile(r'0x[0-9a-f]+|\b[0-9a-f]{32}\b|\b(?:errors|failures)=\d+')

# What ends otherwise than on stock on purpose, and how: a socket of the module as
# cargo of a message is refused, see docs/conformance.md.
ON_PURPOSE = {
    ('dbus-tests', 'test-dbus-daemon_alone: /limits/pending-fd-timeout'):
        'missing',
    ('dbus-tests', 'test-dbus-daemon_alone: exit status'): 'failed',
}


class Suite:
    def __init__(self, name, transport):
        self.name = name
        self.transport = transport
        self.results = collections.OrderedDict()
        self.counters = {}
        self.daemons = 0
        self.ended = False

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


def meaning(word):
    if word in PASSED:
        return 'passed'
    return 'skipped' if word in SKIPPED else 'failed'


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
    for pattern in RESULT_FIRST:
        match = pattern.match(line)
        if match:
            return match.group(2), meaning(match.group(1))
    for pattern in RESULT_LAST:
        match = pattern.match(line)
        if match:
            return match.group(1), meaning(match.group(2))
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
    """One suite, or None if there is no log of it."""
    suite = program = before = None
    cases = []
    if not os.path.exists(path):
        return None
    with open(path, errors='replace') as log:
        for line in log:
            words = line.split()
            if not line.startswith('@'):
                found = one_line(line.rstrip('\n'))
                if found and program:
                    cases.append(found)
            elif words[0] == '@suite':
                suite = Suite(*words[1:3])
            elif words[0] == '@before':
                before = numbers(words[1:])
            elif words[0] == '@after':
                suite.counters = {key: n - before.get(key, 0)
                                  for key, n in numbers(words[1:]).items()}
            elif words[0] == '@daemons':
                suite.daemons = int(words[1])
                suite.ended = True
            elif words[0] == '@program':
                program, cases = words[1], []
            elif words[0] == '@status':
                end_program(suite, program, int(words[1]), cases)
                program = None
    return suite


def transport_error(mode, suite):
    """Why a run has not used the way that it is named after, or None."""
    slow = suite.counters.get('slow', 0)
    buses = suite.counters.get('buses', 0)
    if mode == BROKER:
        return 'a dbus-daemon was started' if suite.daemons else None
    if not suite.daemons:
        return 'no dbus-daemon was started through the stand-in'
    if mode == STOCK:
        return 'the module had a bus' if buses else None
    if not buses:
        return 'no bus of the module was made'
    if not slow:
        return 'nobody was connected to the module'
    if mode == 'kdbus-off':
        return ('the module delivered %d messages' % suite.delivered()
                if suite.delivered() else None)
    return None if suite.delivered() else 'the module delivered nothing'


def differences(mode, suite, stock):
    for key in stock.results.keys() | suite.results.keys():
        here = suite.results.get(key, 'missing')
        there = stock.results.get(key, 'missing')
        if mode in ('native', 'kdbus-off'):
            there = ON_PURPOSE.get((suite.name, key), there)
        if here != there:
            yield '%s: %s, expected was %s' % (key, here, there)


def complaints(mode, suite, stock):
    if not suite.ended:
        yield 'the run has not come to its end'
    error = transport_error(mode, suite)
    if error:
        yield error
    if mode not in (STOCK, BROKER):
        if stock and stock.ended:
            yield from sorted(differences(mode, suite, stock))
        else:
            yield 'there is no run on %s to compare with' % STOCK


def transport(name, modes, logs):
    return next((logs[mode, name].transport for mode in modes
                 if logs[mode, name]), '–')


def table(modes, names, logs):
    yield '| suite | %s | %s |' % (' | '.join(modes), ' | '.join(
        'delivered, %s' % mode for mode in FAST))
    yield '| --- ' * (1 + len(modes) + len(FAST)) + '|'
    for name in names:
        suites = [logs[mode, name] for mode in modes]
        cells = [suite.cell() if suite and suite.ended else '–'
                 for suite in suites]
        fast = [logs.get((mode, name)) for mode in FAST]
        fast = ['{:,}'.format(suite.delivered()) if suite and suite.ended
                else '–' for suite in fast]
        yield '| %s | %s | %s |' % (
            name, ' | '.join(cells), ' | '.join(fast))


def main():
    directory, modes, names = sys.argv[1], sys.argv[2].split(), sys.argv[3:]
    logs = {(mode, name): read('%s/%s/%s.log' % (directory, mode, name))
            for mode in modes for name in names}
    found = []
    for (mode, name), suite in logs.items():
        if suite:
            found += ['%s: %s: %s' % (mode, name, text)
                      for text in complaints(mode, suite, logs[STOCK, name])]
        elif mode != BROKER and not (
                mode == 'native' and transport(name, modes, logs) != 'native'):
            found.append('%s: %s: has not been run' % (mode, name))
    print('\n'.join(table(modes, names, logs)))
    for line in found:
        print('report.py: %s' % line, file=sys.stderr)
    sys.exit(1 if found else 0)


main()
