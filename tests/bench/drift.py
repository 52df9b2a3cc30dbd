#!/usr/bin/env python3
"""Drift alarms: 20 random halvings of mmlu_pro must raise none, bfcl_v1 against a model of mmlu_pro must.

    drift.py BUILD CORPORA
"""
import gzip, json, os, random, subprocess, sys, tempfile

build, corpora = sys.argv[1:3]
tierce = os.path.join(build, 'tierce')

def run(*words):
    r = subprocess.run(['nice', '-n', '5', tierce, *words], capture_output=True, text=True)
    if r.returncode not in (0, 4): sys.exit(f'{words}: {r.stderr}')
    return r.returncode, r.stdout

with gzip.open(os.path.join(corpora, 'mmlu_pro.jsonl.gz'), 'rt', encoding='utf-8') as f: lines = f.readlines()
with tempfile.TemporaryDirectory() as work:
    a, b, model = (os.path.join(work, x) for x in ('a.jsonl', 'b.jsonl', 'model'))
    alarms = moved = 0; worst = 0.
    for s in range(20):
        random.Random(s).shuffle(lines)
        for path, part in ((a, lines[::2]), (b, lines[1::2])):
            with open(path, 'w', encoding='utf-8') as f: f.writelines(part)
        run('train', '-q', '--c', '0.5', '--inner-folds', '2', '--tiers', 'gemini-1.5-flash-002,gemini-1.5-pro-002', a, '-o', model)
        code, out = run('drift', '--json', '-m', model, b)
        d = json.loads(out)
        alarms += code == 4; moved += any(h['state'] != 'stable' for h in d['histograms'])
        worst = max([worst] + [h['psi'] for h in d['histograms']])
    print(f'mmlu_pro against its other half: {alarms}/20 alarms, {moved}/20 with anything moved, largest PSI {worst:.3f}')
    code, out = run('drift', '--top', '4', '-m', model, os.path.join(corpora, 'bfcl_v1.jsonl.gz'))
    print(f'bfcl_v1 against a model of mmlu_pro: status {code}\n{out}')
