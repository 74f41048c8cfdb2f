#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pcap.py FILE: what clients have said to each other, out of a capture.

A line for each message that is not to or from the bus itself: its type, error
name, path, interface, member, signature and the bytes of its body.
"""

import struct
import sys

CLASSIC = (0xa1b2c3d4, 0xa1b23c4d)
NG = 0x0a0d0d0a
LINKTYPE_DBUS = 231
TYPES = ('invalid', 'call', 'return', 'error', 'signal')
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY, DESTINATION, SENDER, SIGNATURE = \
    range(1, 9)
DRIVER = 'org.freedesktop.DBus'


def classic_packets(data):
    assert struct.unpack_from('<I', data, 20)[0] == LINKTYPE_DBUS
    at = 24
    while at + 16 <= len(data):
        included, original = struct.unpack_from('<8xII', data, at)
        yield data[at + 16:at + 16 + included], original
        at += 16 + included


def ng_packets(data):
    at = 0
    while at + 12 <= len(data):
        kind, size = struct.unpack_from('<II', data, at)
        if kind == 1:
            assert struct.unpack_from('<H', data, at + 8)[0] == LINKTYPE_DBUS
        if kind == 6 and at + size <= len(data):
            included, original = struct.unpack_from('<II', data, at + 20)
            yield data[at + 28:at + 28 + included], original
        at += size


def packets(data):
    """Those that have been written whole."""
    magic = struct.unpack_from('<I', data)[0]
    assert magic in CLASSIC + (NG,), 'not a capture: %x' % magic
    for packet, size in (ng_packets if magic == NG else classic_packets)(data):
        if len(packet) == size:
            yield packet


def fields(message):
    """The header fields, by number."""
    found, at = {}, 16
    end = 16 + struct.unpack_from('<I', message, 12)[0]
    while at < end:
        at = (at + 7) & ~7
        code, kind = message[at], chr(message[at + 2])
        at += 4
        if kind == 'g':
            size, at = message[at], at + 1
        else:
            at = (at + 3) & ~3
            size, at = struct.unpack_from('<I', message, at)[0], at + 4
        if kind == 'u':
            found[code] = size
        else:
            found[code] = message[at:at + size].decode()
            at += size + 1
    return found


def main():
    with open(sys.argv[1], 'rb') as file:
        data = file.read()
    for message in packets(data):
        assert message[:1] == b'l', 'of the other byte order'
        header = fields(message)
        if DRIVER in (header.get(SENDER), header.get(DESTINATION)):
            continue
        words = [header.get(key) for key in
                 (ERROR_NAME, PATH, INTERFACE, MEMBER, SIGNATURE)]
        size = struct.unpack_from('<I', message, 4)[0]
        print(TYPES[message[1]], *[word for word in words if word],
              message[len(message) - size:])


main()
