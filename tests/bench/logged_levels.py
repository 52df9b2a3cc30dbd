#!/usr/bin/env python3
"""How much of what a logged policy costs is lost before any text is looked at? Requests are ranked by the
difference of the tiers' mean scores in their source and nothing else: learned from the full outcomes of four
folds, or from a log of one outcome each, ranked on the fifth. Both learners are told what no learner knows, the
mean and the spread of the sources' true differences, and shrink each source's difference by them: if sources are
alike beforehand, no estimate of the differences is better on average.

    logged_levels.py CORPUS CHEAP STRONG [SHARE [LOGS [FULL.p LOG.p ...]]]
        SHARE      probability of CHEAP in the log (default 0.8)
        LOGS       simulated logs (default 100)
        FULL.p ... predictions for the whole corpus (tierce eval --predictions), of a model of all outcomes and of
                   models of logs: says where between them the loss is, in the sources' levels or inside them
"""
import gzip, json, random, sys, zlib

FOLDS = 5

def apgr(rows):
    """rows: [(gain, cheap score, strong score)]; equal gains move together"""
    n, by = len(rows), {}
    for g, a, b in rows:
        d = by.setdefault(g, [0, 0.0]); d[0] += 1; d[1] += b - a
    area = acc = 0.0
    for g in sorted(by, reverse=True):
        k, d = by[g]
        area += (acc + acc + d) / 2 * k; acc += d
    return area / n / acc

def read(path):
    with (gzip.open if path.endswith('.gz') else open)(path, 'rt', encoding='utf-8') as f:
        return [json.loads(l) for l in f if l.strip()]

def variance(values):
    m = sum(values) / len(values)
    return sum((v - m) ** 2 for v in values) / len(values)

def full_difference(rows):
    """(difference of means, its variance) of one source's records, both outcomes known"""
    d = [b - a for a, b in rows]
    return (sum(d) / len(d), (variance(d) * len(d) + .2) / (len(d) + 1) / len(d)) if d else (0, 1e3)

def logged_difference(rows, share, rng):
    seen = [[], []]
    for row in rows:
        k = rng.random() >= share
        seen[k].append(row[k])
    if not seen[0] or not seen[1]: return 0, 1e3
    smooth = [(variance(s) * len(s) + .2) / (len(s) + 1) / len(s) for s in seen]
    return sum(seen[1]) / len(seen[1]) - sum(seen[0]) / len(seen[0]), sum(smooth)

def levels_only(folds, prior, learn):
    mean, spread2 = prior
    ranked = []
    for train, held in folds:
        for s, rows in held.items():
            d, v = learn(train.get(s, []))
            gain = (d * spread2 + mean * v) / (spread2 + v)
            ranked += [(gain, a, b) for a, b in rows]
    return apgr(ranked)

def between(truth, full, logged):
    """APGR of levels (mean predicted gain of a source) of one model with the ranks inside sources of another"""
    def split(gain):
        sums = {}
        for i, (a, b, s) in truth.items():
            t = sums.setdefault(s, [0, 0.0]); t[0] += 1; t[1] += gain[i]
        return {s: t[1] / t[0] for s, t in sums.items()}
    own = {id(g): split(g) for g in (full, logged)}
    def mixed(levels, inside):
        return apgr([(inside[i] - own[id(inside)][s] + own[id(levels)][s], a, b) for i, (a, b, s) in truth.items()])
    return mixed(full, full), mixed(logged, logged), mixed(logged, full), mixed(full, logged)

def main(argv):
    if len(argv) < 4: sys.exit(__doc__)
    corpus, cheap, strong = argv[1:4]
    share, logs, paths = float(argv[4]) if len(argv) > 4 else .8, int(argv[5]) if len(argv) > 5 else 100, argv[6:]
    truth = {r['id']: (r['outcomes'][cheap]['score'], r['outcomes'][strong]['score'], r['source']) for r in read(corpus)
             if cheap in r['outcomes'] and strong in r['outcomes']}
    folds = [({}, {}) for _ in range(FOLDS)]
    sources = {}
    for i, (a, b, s) in truth.items():
        mine = zlib.crc32(i.encode()) % FOLDS
        sources.setdefault(s, []).append((a, b))
        for k in range(FOLDS):
            folds[k][k == mine].setdefault(s, []).append((a, b))
    difference = {s: sum(b - a for a, b in r) / len(r) for s, r in sources.items()}
    n = len(truth)
    mean = sum(difference[s] * len(r) for s, r in sources.items()) / n
    spread2 = sum((difference[s] - mean) ** 2 * len(r) for s, r in sources.items()) / n
    full = levels_only(folds, (mean, spread2), full_difference)
    print(f'{n} records, {len(sources)} sources; difference of the tiers by source {mean:.4f}, spread {spread2 ** .5:.4f}')
    print(f'levels alone, all outcomes: APGR {full:.4f}')
    got = []
    for seed in range(logs):
        rng = random.Random(seed)
        got.append(levels_only(folds, (mean, spread2), lambda rows: logged_difference(rows, share, rng)))
    got.sort()
    print(f'levels alone, {logs} logs at {share:g}: APGR {sum(got) / logs:.4f} [{got[int(.025 * logs)]:.4f}, {got[int(.975 * logs) - 1]:.4f}]; '
          f'loss {full - sum(got) / logs:.4f}, at most .02 in {sum(full - g <= .02 for g in got)}')
    gains = [{r['id']: r['p'][strong] - r['p'][cheap] for r in read(p)} for p in paths]
    for path, g in list(zip(paths, gains))[1:]:
        f, l, level, inside = between(truth, gains[0], g)
        print(f'{path}: {f:.4f} full, {l:.4f} logged; loss {f - level:.4f} by its levels alone, {f - inside:.4f} by what is inside sources alone')
main(sys.argv)
