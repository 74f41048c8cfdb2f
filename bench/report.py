#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turn what bench/guest-bench.sh prints into a table, a CSV file and a chart.

report.py bench FILE [--csv FILE] [--svg FILE]
    The table of every size, with the targets; exit status 1 if one is missed.
report.py demo FILE --calls N
    The table of one size; exit status 1 unless kdbus carried the calls, by the
    module's own counters and by the daemon's context switches.
"""
import argparse
import csv
import statistics
import sys
from collections import defaultdict

TRANSPORTS = ('dbus-daemon', 'dbus-broker', 'kdbus-off', 'kdbus-attached',
              'kdbus', 'p2p', 'raw')
WITH_DAEMON = TRANSPORTS[:5]
TITLES = {
    'dbus-daemon': 'stock dbus-daemon',
    'dbus-broker': 'dbus-broker',
    'kdbus-off': 'kdbus, fast path off',
    'kdbus-attached': 'kdbus, attached',
    'kdbus': 'kdbus',
    'p2p': 'peer to peer, no bus',
    'raw': 'bare socket, no D-Bus',
}
# What kdbus has to reach.
MAX_OVER_P2P = 1.10
# Libraries that know nothing of kdbus, how many times as fast as with stock
# attached clients shall be, and up to which size.  GDBus spends most of a call in
# threads of its own, whatever carries it: without any bus it is far from that, too.
LIBRARIES = {'pingpong': 'libdbus', 'gdbus': 'GDBus', 'sd-bus': 'sd-bus'}
MIN_SPEEDUP = 1.6
SPEEDUP_UP_TO = 6905
# A daemon that is woken for less than one call in a thousand is asleep: a
# timer of its own may fall into the measurement.
MAX_SWITCHES = 0.001
MAX_CPU_US = 0.1


class Row:
    """All runs of one workload, size and transport."""

    def __init__(self):
        self.us, self.switches, self.cpu_us = [], [], []

    def add(self, us, switches, cpu_us):
        self.us.append(us)
        self.switches.append(switches)
        self.cpu_us.append(cpu_us)

    median_us = property(lambda self: statistics.median(self.us))
    median_switches = property(lambda self: statistics.median(self.switches))
    median_cpu_us = property(lambda self: statistics.median(self.cpu_us))


def read(name):
    """The rows by (workload, bytes, transport); counters by transport, name."""
    rows, counters = defaultdict(Row), {}
    with open(name, encoding='ascii') as lines:
        for line in lines:
            words = line.split()
            if len(words) == 6:
                row = rows[words[0], int(words[1]), words[2]]
                row.add(*map(float, words[3:]))
            elif len(words) == 4 and words[0] == 'counter':
                counters[words[1], words[2]] = int(words[3])
            else:
                sys.exit(f'report.py: {name}: what is "{line.strip()}"?')
    if not rows:
        sys.exit(f'report.py: {name} has no results')
    return rows, counters


def order(key):
    workload, size, transport = key
    return workload, size, TRANSPORTS.index(transport)


def write_csv(rows, name):
    with open(name, 'w', newline='', encoding='ascii') as file:
        out = csv.writer(file, lineterminator='\n')
        out.writerow(('workload', 'bytes', 'transport', 'runs', 'us_min',
                      'us_median', 'us_max', 'daemon_switches_per_call',
                      'daemon_cpu_us_per_call'))
        for key in sorted(rows, key=order):
            row = rows[key]
            out.writerow((*key, len(row.us),
                          *(f'{us:.3f}' for us in (min(row.us), row.median_us,
                                                   max(row.us))),
                          f'{row.median_switches:.4f}',
                          f'{row.median_cpu_us:.4f}'))


def number(value):
    """Three significant digits or all before the point."""
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f'{value:,.{digits}f}'


def print_table(head, lines):
    cells = [head] + lines
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    for line in cells:
        first, *rest = line
        padded = [cell.rjust(width) for cell, width in zip(rest, widths[1:])]
        print('   '.join(['  ' + first.ljust(widths[0]), *padded]).rstrip())
        if line is head:
            print('  ' + '-' * (sum(widths) + 3 * len(rest)))


def verdict(values, good):
    missed = [not good(value) for value in values]
    return 'MISSED' if any(missed) else 'met'


def print_bench(rows):
    """The table of µs by transport and size; true if all targets are met."""
    sizes = sorted({size for _, size, _ in rows})
    present = [t for t in TRANSPORTS if any(t == key[2] for key in rows)]

    def row(transport, size):
        return rows['pingpong', size, transport]

    def line(title, values, last=''):
        return [title, *values, last]

    lines = [line(TITLES[t], [number(row(t, s).median_us) for s in sizes])
             for t in present]
    print('\nMicroseconds of guest time per call and reply, median of '
          f'{len(next(iter(rows.values())).us)} runs, by payload in bytes:\n')
    print_table(line('', [f'{s:,}' for s in sizes]), lines)
    if 'kdbus' not in present or 'p2p' not in present:
        return True

    over_p2p = [row('kdbus', s).median_us / row('p2p', s).median_us
                for s in sizes]
    switches = [row('kdbus', s).median_switches for s in sizes]
    cpu_us = [row('kdbus', s).median_cpu_us for s in sizes]
    verdicts = [verdict(over_p2p, lambda v: v <= MAX_OVER_P2P),
                verdict(switches, lambda v: v <= MAX_SWITCHES),
                verdict(cpu_us, lambda v: v <= MAX_CPU_US)]
    lines = [line(f'times faster than {TITLES[t]}',
                  [f'{row(t, s).median_us / row("kdbus", s).median_us:.2f}'
                   for s in sizes])
             for t in ('dbus-daemon', 'dbus-broker') if t in present]
    lines += [
        line(f'time of peer to peer (target: at most {MAX_OVER_P2P:.2f})',
             [f'{v:.2f}' for v in over_p2p], verdicts[0]),
        line("daemon's context switches per call (target: 0)",
             [f'{v:.3f}' for v in switches], verdicts[1]),
        line("daemon's CPU time in µs per call (target: 0)",
             [f'{v:.3f}' for v in cpu_us], verdicts[2]),
    ]
    print('\nkdbus against the others:\n')
    print_table(line('', [f'{s:,}' for s in sizes]), lines)
    print()
    return 'MISSED' not in verdicts


def times(slow, fast):
    return f'{slow.median_us / fast.median_us:.2f}'


def is_met(size, stock, broker, attached):
    """Whether attached clients are as fast as they have to be."""
    if attached.median_switches > MAX_SWITCHES:
        return False
    if size > SPEEDUP_UP_TO:
        return attached.median_us <= stock.median_us
    return (attached.median_us * MIN_SPEEDUP <= stock.median_us
            and attached.median_us < broker.median_us)


def print_attached(rows):
    """The table of unmodified clients; true if all targets are met."""
    sizes = sorted({size for _, size, _ in rows})
    lines, met = [], True
    for workload, library in LIBRARIES.items():
        found = [[rows.get((workload, s, t)) for s in sizes] for t in
                 ('dbus-daemon', 'dbus-broker', 'kdbus-attached')]
        if not all(row for of_transport in found for row in of_transport):
            continue
        stock, broker, attached = found
        reached = all(is_met(*of_size) for of_size in
                      zip(sizes, stock, broker, attached))
        met = met and reached
        lines += [[f'{library}: {TITLES["kdbus-attached"]}',
                   *(number(row.median_us) for row in attached),
                   'met' if reached else 'MISSED'],
                  [f'  times faster than stock (target: {MIN_SPEEDUP})',
                   *map(times, stock, attached), ''],
                  ['  times faster than dbus-broker',
                   *map(times, broker, attached), '']]
        direct = [rows.get((workload, s, 'p2p')) for s in sizes]
        if all(direct):
            lines += [[f'{library}: {TITLES["p2p"]}',
                       *(number(row.median_us) for row in direct), ''],
                      ['  times faster than stock',
                       *map(times, stock, direct), '']]
    if lines:
        print("\nThe distribution's own libraries, whose unix sockets are attached "
              '(targets: the\ndaemon sleeps, no size slower than stock; up to '
              f'{SPEEDUP_UP_TO:,} bytes as fast as each line\nsays, and faster '
              'than dbus-broker):\n')
        print_table(['', *(f'{s:,}' for s in sizes), ''], lines)
        print()
    return met


def print_demo(rows, counters, made):
    """The table of one size; true if kdbus carried the calls made."""
    stock = next(row for key, row in rows.items() if key[2] == 'dbus-daemon')
    kdbus = next(row for key, row in rows.items() if key[2] == 'kdbus')
    lines = []
    for key in sorted(rows, key=order):
        row = rows[key]
        daemon = ['-', '-']
        if key[2] in WITH_DAEMON:
            daemon = [f'{row.median_switches:.3f}', f'{row.median_cpu_us:.1f}']
        lines.append([TITLES[key[2]], number(row.median_us),
                      f'{stock.median_us / row.median_us:.2f} x', *daemon])
    print()
    print_table(['', 'µs per call', 'speed', "daemon's switches",
                 "daemon's CPU µs"], lines)
    print()

    calls = counters.get(('kdbus', 'calls'), 0)
    returns = counters.get(('kdbus', 'returns'), 0)
    print(f'  Without the daemon, the module delivered {calls:,} calls and '
          f'{returns:,} replies.')
    carried = calls >= made and returns >= made
    asleep = kdbus.median_switches <= MAX_SWITCHES
    if not carried:
        print(f'  FAILED: kdbus has not carried the {made:,} calls.')
    if not asleep:
        print('  FAILED: the daemon was woken up.')
    return carried and asleep


COLOURS = {
    'dbus-daemon': '#8c8c8c', 'dbus-broker': '#5b7fa6',
    'kdbus-off': '#e3b98f', 'kdbus-attached': '#f0a868', 'kdbus': '#d9601a', 'p2p': '#3f7f4f',
    'raw': '#c3cfc5',
}


def panel(rows, size, top, left, width):
    """The bars of one payload size, as lines of SVG, and their height."""
    present = [t for t in TRANSPORTS if ('pingpong', size, t) in rows]
    longest = max(rows['pingpong', size, t].median_us for t in present)
    out = [f'<text x="20" y="{top - 8}" class="size">{size:,} bytes</text>']
    if 'p2p' in present and 'kdbus' in present:
        x = left + (rows['pingpong', size, 'p2p'].median_us * MAX_OVER_P2P
                    / longest * width)
        y = top + present.index('kdbus') * 20
        out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 4}" '
                   f'y2="{y + 19}" class="target"/>')
    for i, transport in enumerate(present):
        us = rows['pingpong', size, transport].median_us
        y = top + i * 20
        bar = us / longest * width
        out += [
            f'<text x="{left - 8}" y="{y + 12}" class="name">'
            f'{TITLES[transport]}</text>',
            f'<rect x="{left}" y="{y}" width="{bar:.1f}" height="15" '
            f'fill="{COLOURS[transport]}"/>',
            f'<text x="{left + bar + 6:.1f}" y="{y + 12}" class="us">'
            f'{number(us)}</text>',
        ]
    return out, len(present) * 20


def write_svg(rows, name):
    left, width, y = 190, 520, 70
    body = []
    for size in sorted({size for _, size, _ in rows}):
        lines, height = panel(rows, size, y + 20, left, width)
        body += lines
        y += height + 46
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="800" height="{y}" '
        f'viewBox="0 0 800 {y}" font-family="sans-serif" font-size="12">',
        '<style>.name{text-anchor:end}.size{font-weight:bold;font-size:14px}'
        '.target{stroke:#222;stroke-width:2}'
        '.us{paint-order:stroke;stroke:white;stroke-width:3}</style>',
        f'<rect width="800" height="{y}" fill="white"/>',
        '<text x="20" y="28" font-size="18">One D-Bus call and its reply: '
        'microseconds of guest time</text>',
        '<text x="20" y="48">Shorter is better. Every size has its own scale. '
        f'The line: {MAX_OVER_P2P:.2f} times peer to peer, the target for '
        'kdbus.</text>',
        *body, '</svg>',
    ]
    with open(name, 'w', encoding='utf-8') as file:
        file.write('\n'.join(out) + '\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('what', choices=('bench', 'demo'))
    parser.add_argument('file')
    parser.add_argument('--calls', type=int, help='how many were made (demo)')
    parser.add_argument('--csv')
    parser.add_argument('--svg')
    args = parser.parse_args()
    if args.what == 'demo' and not args.calls:
        parser.error('demo needs --calls')
    rows, counters = read(args.file)
    if args.csv:
        write_csv(rows, args.csv)
    if args.svg:
        write_svg(rows, args.svg)
    if args.what == 'bench':
        good = [print_bench(rows), print_attached(rows)]
    else:
        good = [print_demo(rows, counters, args.calls)]
    sys.exit(0 if all(good) else 1)


if __name__ == '__main__':
    main()
