#!/usr/bin/env python3
"""Makes the refuse-STATUS-*.tierce files from v1-two.tierce: one fault each, checksums right unless they are
the fault. Run once; the files are kept. A reader must refuse each with the status in its name."""
import struct, zlib

good = open('v1-two.tierce', 'rb').read()
raw = zlib.decompress(good[32:])

def pack(raw, major=1, minor=0):
    packed = zlib.compress(raw, 9)
    head = b'TIERCE\r\n' + struct.pack('<HHIIII', major, minor, len(packed), len(raw), zlib.crc32(raw), zlib.crc32(packed))
    return head + struct.pack('<I', zlib.crc32(head)) + packed

def sections(raw):
    at = 0
    while at < len(raw):
        tag, flags, n = struct.unpack('<4sII', raw[at:at + 12])
        yield tag, flags, raw[at + 12:at + 12 + n]
        at += 12 + n

def join(list_):
    return b''.join(struct.pack('<4sII', t, f, len(b)) + b for t, f, b in list_)

def change(tag, edit):
    return join((t, f, edit(b) if t == tag else b) for t, f, b in sections(raw))

def put(name, data):
    open('refuse-' + name + '.tierce', 'wb').write(data)

put('VERSION-major-2', pack(raw, major=2))
put('MAGIC-text-transfer', good.replace(b'\r\n', b'\n', 1))
put('TRUNCATED-half', good[:len(good) // 2])
put('CHECKSUM-one-bit', good[:-9] + bytes([good[-9] ^ 4]) + good[-8:])
put('SECTION-mandatory', pack(join(list(sections(raw)) + [(b'NEWS', 1, b'x')])))
put('EXTRACTOR-other-version', pack(change(b'SPEC', lambda b: b[:-4] + struct.pack('<I', 99))))
put('SELFTEST-other-weights', pack(change(b'ESTM', lambda b: struct.pack('<d', 0.5) + b[8:])))
put('CORRUPT-index-out-of-range', pack(change(b'WGHT', lambda b: b[:4] + b'\xff\xff\xff\xff\x0f' + b[9:])))
put('CORRUPT-order', pack(join(list(sections(raw))[::-1])))
put('LIMIT-bomb', (lambda h: h + struct.pack('<I', zlib.crc32(h)) + good[32:])(good[:16] + struct.pack('<I', 1 << 31) + good[20:28]))
# what a later minor version may bring and this one must keep
open('v1-later-minor.tierce', 'wb').write(pack(join(list(sections(raw)) + [(b'LATR', 0, b'later')]), minor=7))
