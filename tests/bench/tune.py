#!/usr/bin/env python3
"""Does what `tierce tune` promises hold on requests that nobody has seen?

    tune.py BUILD CORPORA [CORPUS...]

For each corpus four models are fitted on half of the records (by crc32 of their ids) and the other half is
halved five times: tuned on one part, applied to the other, 20 halvings in all. The goal is 98 % of
the best tier's score. The realised figures are computed here from the recorded outcomes and the decisions
that `tierce score --point` makes, without the project's own arithmetic. A promise holds when the figure
lies in the interval for "the next N requests", N being the part it is applied to. Where tune refuses 98 %, it names
the nearest goal that it would not refuse, and that one is tuned for, as a user would. "Saved" is the spend against
the best tier's. Exit status 1 when score, its part of the best tier's, or spend (USD, else the share of the last tier)
held in fewer than 18 of 20.
"""
import gzip, json, os, subprocess, sys, tempfile, zlib

build, corpora = sys.argv[1:3]
NINE = 'llama3.2-1b,llama3.2-3b,llama3.1-8b,gpt-4o-mini,qwen2.5-32b-coder-instruct,qwen2.5-72b-instruct,llama3.1-70b,gpt-4o,llama3.1-405b'
TIERS = {'flash_pro': 'flash,pro', 'routellm': 'mistralai/Mixtral-8x7B-Instruct-v0.1,gpt-4-1106-preview',
         'rational_cascades_9models': NINE}
tierce = os.path.join(build, 'tierce')

def run(*words):
    r = subprocess.run([tierce, *words], capture_output=True, text=True)
    if r.returncode not in (0, 4):
        sys.exit(f'{" ".join(words)}: {r.stderr}')
    return r.stdout

def half(salt, i):
    """0 or 1 from crc32(id), mixed: checksums of differently salted ids differ by a constant, so salting before
    the checksum would make all halvings the same one."""
    h = zlib.crc32(i.encode()) ^ salt * 0x9e3779b1 & 0xffffffff
    for shift, odd in ((16, 0x85ebca6b), (13, 0xc2b2ae35)):
        h = (h ^ h >> shift) * odd & 0xffffffff
    return (h ^ h >> 16) >> 7 & 1

def write(path, lines):
    with open(path, 'w', encoding='utf-8') as f: f.writelines(lines)

def realised(model, path, lines, tiers, costed, reference):
    choice = {}
    for l in run('score', '-q', '-m', model, '--point', 'goal', path).splitlines():
        d = json.loads(l); choice[d['id']] = d['tier']
    score = ref = cost = ref_cost = n = 0; share = dict.fromkeys(tiers, 0)
    for l in lines:
        r = json.loads(l); o = r['outcomes']
        if any(t not in o or (costed and 'cost_usd' not in o[t]) for t in tiers): continue
        t = choice[r['id']]; n += 1; share[t] += 1
        score += o[t]['score']; ref += o[reference]['score']
        if costed: cost += o[t]['cost_usd']; ref_cost += o[reference]['cost_usd']
    out = {'score': score / n, 'ratio': score / ref, 'share': share[tiers[-1]] / n}
    if costed: out['cost_usd'] = cost / n; out['saving'] = 1 - cost / ref_cost
    return n, out

def main(name, work):
    tiers = TIERS[name].split(',')
    with gzip.open(os.path.join(corpora, name + '.jsonl.gz'), 'rt', encoding='utf-8') as f: lines = f.readlines()
    ids = [json.loads(l)['id'] for l in lines]
    held, widths, trials, refused, kept, savings, spared = {}, {}, 0, [], 0, [], []
    for m in range(4):
        fit = [l for l, i in zip(lines, ids) if half(100 + m, i)]
        rest = [(l, i) for l, i in zip(lines, ids) if not half(100 + m, i)]
        model, a, b = (os.path.join(work, x) for x in ('model', 'a.jsonl', 'b.jsonl'))
        write(a, fit)
        run('train', '-q', '--c', '0.5', '--tiers', ','.join(tiers), a, '-o', model)
        for h in range(5):
            part = [[], []]
            for l, i in rest: part[half(10 * m + h, i)].append(l)
            write(a, part[0]); write(b, part[1])
            tune = lambda keep: json.loads(run('tune', '--json', '-m', model, '-o', model + '.t', '--keep-quality', str(keep),
                                               '--name', 'goal', '--batch', str(len(part[1])), a))
            tuned = tune(0.98)
            trials += 1
            if not tuned['reached'] and tuned['nearest']:
                refused.append(tuned['nearest'])
                tuned = tune(tuned['nearest'])
            if not tuned['reached']: continue
            n, real = realised(model + '.t', b, part[1], tiers, tuned['costed'], tuned['reference'])
            tuned['share'] = tuned['share'][tiers[-1]]
            for k, v in real.items():
                low, high = tuned[k][3:5]
                held[k] = held.get(k, 0) + (low <= v <= high)
                widths[k] = widths.get(k, 0) + high - low
            kept += real['ratio'] >= 0.98
            savings.append(real.get('saving')); spared.append(1 - real['share'])
    print(f'{name}: {trials} halvings, {len(refused)} refused at 98 % and tuned for what was offered ({", ".join(map(str, refused)) or "none"}); promised intervals that held: ' +
          ', '.join(f'{k} {v}/{trials}' for k, v in held.items()))
    done = len(spared)
    money = f'saved {sum(savings) / done:.1%} of the money of always {tuned["reference"]}' if tuned['costed'] else \
            f'no costs recorded for most records; spared {tiers[-1]} {sum(spared) / done:.1%} of the requests'
    width = ', '.join(f'{k} {v / done:.3g}' for k, v in widths.items())
    print(f'  mean width of the intervals: {width}')
    print(f'  98 % of {tuned["reference"]} kept on the other half in {kept}/{done}; {money}', flush=True)
    return min(held[k] for k in ('score', 'ratio', 'cost_usd' if tuned['costed'] else 'share')) >= 18 * trials / 20

with tempfile.TemporaryDirectory() as work:
    good = [main(name, work) for name in sys.argv[3:] or TIERS]
sys.exit(not all(good))
