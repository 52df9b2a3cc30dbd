#!/usr/bin/env python3
"""folds.py RECORDS K FOLD TRAIN HELD: records with crc32(id) mod K == FOLD to HELD, the rest to TRAIN."""
import gzip, json, sys, zlib

src, k, fold, train, held = sys.argv[1:6]
with (gzip.open if src.endswith('.gz') else open)(src, 'rt', encoding='utf-8') as f, \
        open(train, 'w', encoding='utf-8') as a, open(held, 'w', encoding='utf-8') as b:
    for line in f:
        (b if zlib.crc32(json.loads(line)['id'].encode()) % int(k) == int(fold) else a).write(line)
