#!/usr/bin/env python3
"""Can eval say no? Outcomes shuffled between prompts 20 times: eval --require-gain must refuse; on the real
records it must recommend routing.

    refuse.py BUILD CORPORA [RECORDS]     RECORDS: how many of flash_pro's to shuffle (default 4000)
"""
import gzip, json, os, random, subprocess, sys, tempfile, re

build, corpora = sys.argv[1:3]
size = int(sys.argv[3]) if len(sys.argv) > 3 else 4000

def judge(path, *more):
    r = subprocess.run(['nice', '-n', '5', os.path.join(build, 'tierce'), 'eval', '--tiers', 'flash,pro', '--c', '0.5', '--inner-folds', '2',
                        '--folds', '3', '--resamples', '0', '--require-gain', *more, path], capture_output=True, text=True)
    if r.returncode not in (0, 4): sys.exit(r.stderr)
    return r.returncode, float(re.search(r'p = ([0-9.]+)', r.stdout).group(1)), \
        next(l for l in r.stdout.splitlines() if l.startswith('RECOMMENDATION'))

with gzip.open(os.path.join(corpora, 'flash_pro.jsonl.gz'), 'rt', encoding='utf-8') as f:
    records = [json.loads(l) for l in f]
with tempfile.TemporaryDirectory() as work:
    path, refused, ps = os.path.join(work, 'r.jsonl'), 0, []
    for s in range(20):
        rng = random.Random(s)
        some = rng.sample(records, size)
        outcomes = [r['outcomes'] for r in some]
        rng.shuffle(outcomes)
        with open(path, 'w', encoding='utf-8') as f:
            for r, o in zip(some, outcomes): f.write(json.dumps(dict(r, outcomes=o)) + '\n')
        code, p, text = judge(path)
        refused += code == 4; ps.append(p)
        if not s: print('shuffled:', text)
    print(f'{refused}/20 shuffles refused; p: ' + ' '.join(f'{p:.3f}' for p in sorted(ps)), flush=True)
    with open(path, 'w', encoding='utf-8') as f:
        for r in records: f.write(json.dumps(r) + '\n')
    code, p, text = judge(path)
    print(f'as recorded ({len(records)} records): status {code}, p = {p}\n{text}')
