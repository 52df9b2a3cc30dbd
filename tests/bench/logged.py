#!/usr/bin/env python3
"""A log made of full outcomes: one tier chosen a record, the rest hidden.

    logged.py RECORDS OUT FAVOURITE SHARE SEED [TIER,TIER,...]   FAVOURITE with probability SHARE, the
                                                                 others evenly; --keep-all as a seventh word
                                                                 keeps the other outcomes (a truth to check by);
                                                                 --both=PART instead: that part of the records was sent
                                                                 to all tiers and is no choice (sampled by SEED's last digit)
"""
import gzip, json, random, sys

src, out, favourite, share, seed = sys.argv[1:6]
tiers = sys.argv[6].split(',') if len(sys.argv) > 6 else None
keep = len(sys.argv) > 7 and sys.argv[7] == '--keep-all'
part = float(sys.argv[7].split('=')[1]) if len(sys.argv) > 7 and sys.argv[7].startswith('--both=') else 0
rng, sample = random.Random(int(seed)), random.Random('shadow' + seed[-1])
with (gzip.open if src.endswith('.gz') else open)(src, 'rt', encoding='utf-8') as f, open(out, 'w', encoding='utf-8') as to:
    for line in f:
        r = json.loads(line)
        names = tiers or sorted(r['outcomes'])
        if any(t not in r['outcomes'] for t in names):
            continue
        others = [t for t in names if t != favourite]
        if rng.random() < float(share):
            chosen, p = favourite, float(share)
        else:
            chosen, p = rng.choice(others), (1 - float(share)) / len(others)
        if part and sample.random() < part:
            to.write(line); continue
        r['chosen'], r['propensity'] = chosen, p
        if not keep:
            r['outcomes'] = {chosen: r['outcomes'][chosen]}
        to.write(json.dumps(r, ensure_ascii=False) + '\n')
