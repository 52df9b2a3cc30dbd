#!/usr/bin/env python3
"""fastText, quantised, on the same records and folds: out-of-fold predictions for judge.py, one classifier a tier.
fasttext.py CORPUS TIER,TIER OUT WORKDIR CUTOFF...   one OUT-CUTOFF.jsonl for each number of words and pairs that quantising
keeps; prints for each: the cutoff and the bytes of the quantised models together (largest fold)."""
import gzip, json, os, shutil, subprocess, sys, zlib

corpus, tiers, out, work = sys.argv[1], sys.argv[2].split(','), sys.argv[3], sys.argv[4]
os.makedirs(work, exist_ok=True)
records = [json.loads(l) for l in gzip.open(corpus, 'rt', encoding='utf-8') if l.strip()]

def text(record):
    parts = []
    for m in record['messages']:
        c = m.get('content')
        parts += [c] if isinstance(c, str) else [p.get('text', '') for p in c or [] if isinstance(p, dict)]
    parts += [json.dumps(t) for t in record.get('tools') or []]
    return ' '.join(' '.join(parts).split())[:20000] or '.'

texts = [text(r) for r in records]
fold = [zlib.crc32(r['id'].encode()) % 5 for r in records]
cutoffs = sys.argv[5:]
p = {c: [{} for _ in records] for c in cutoffs}
largest = dict.fromkeys(cutoffs, 0)
quiet = dict(check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
for f in range(5):
    size = dict.fromkeys(cutoffs, 0)
    test = [i for i in range(len(records)) if fold[i] == f]
    with open(f'{work}/test', 'w') as g:
        g.writelines(texts[i] + '\n' for i in test)
    for t in tiers:
        with open(f'{work}/train', 'w') as g:
            g.writelines(f"__label__{int(records[i]['outcomes'][t]['score'] >= .5)} {texts[i]}\n"
                         for i in range(len(records)) if fold[i] != f)
        model = f'{work}/{t}'
        subprocess.run(['fasttext', 'supervised', '-input', f'{work}/train', '-output', model, '-dim', '16', '-wordNgrams', '2',
                        '-bucket', '200000', '-epoch', '5', '-lr', '0.1', '-thread', '1', '-verbose', '0'], **quiet)
        for c in cutoffs:
            small = f'{model}-{c}'
            shutil.copy(model + '.bin', small + '.bin') # quantize looks beside its output
            subprocess.run(['fasttext', 'quantize', '-input', f'{work}/train', '-output', small, '-qnorm', '-cutoff', c,
                            '-verbose', '0'], **quiet)
            size[c] += os.path.getsize(small + '.ftz')
            said = subprocess.run(['fasttext', 'predict-prob', small + '.ftz', f'{work}/test', '2'], check=True, capture_output=True,
                                  text=True).stdout.splitlines()
            for i, line in zip(test, said):
                q = line.split()
                p[c][i][t] = dict(zip(q[0::2], map(float, q[1::2]))).get('__label__1', 0.0)
    for c in cutoffs:
        largest[c] = max(largest[c], size[c])
for c in cutoffs:
    with open(f'{out}-{c}.jsonl', 'w') as g:
        for r, q in zip(records, p[c]):
            g.write(json.dumps({'id': r['id'], 'p': q}) + '\n')
    print(c, largest[c])
