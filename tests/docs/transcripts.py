#!/usr/bin/env python3
"""The transcripts in README.md and docs/, run again (standard library only).

    python3 tests/docs/transcripts.py --check [BUILD]         those that take no time, as `make test` does
    python3 tests/docs/transcripts.py --check --all [BUILD]   every one
    python3 tests/docs/transcripts.py --regenerate [--all] [BUILD]   writes them anew: read the diff before committing it
    (names of documents behind BUILD: only those)

A block counts where the line before its fence is a comment: <!-- run: SETUP --> or <!-- run: SETUP, slow -->. SETUP is a
row of `setups` below: the files that a stranger is supposed to have. Blocks of one document with one setup share a
folder, in their order. Inside a block a line "$ command" runs (sh; lines that end in a backslash or inside quotes go
on), and what follows is what it prints, errors included. A line "…" stands for any lines, "…" inside a line for
anything. What a clock says is masked; a number with a decimal point may differ by a hundredth of itself or by 0.005,
as another C library may move a last digit."""
import os, re, shutil, subprocess, sys, tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ONLY_FLASH = r"""sed 's/,"pro":{[^}]*}//' records.jsonl > flash.jsonl"""
ONLY_PRO = r"""sed 's/"flash":{[^}]*},//' records.jsonl > pro.jsonl"""
SHARED = os.path.join(os.path.dirname(ROOT), 'shared')
LOGS = SHARED + '/harness-logs'
LITELLM = ROOT + '/tests/docs/litellm.json'
# name: another setup to begin with, and shell commands; every one is made once and copied
setups = {
    'empty': (None, []),
    'lm-eval': (None, ['sh %s/tests/lm_eval_dir.sh tierce results' % ROOT]),
    'sim': (None, ['tierce simulate -n 6000 -o all.jsonl', 'head -3000 all.jsonl > records.jsonl', 'tail -3000 all.jsonl > held.jsonl']),
    'router': ('sim', ['tierce train -q --tiers flash,pro records.jsonl -o router.tierce']),
    'merge': (None, ['tierce simulate -n 3000 --seed 7 -o records.jsonl', ONLY_FLASH, ONLY_PRO,
                     r"""sed 's/"score":1/"score":x/;s/"score":0/"score":1/;s/"score":x/"score":0/' pro.jsonl > rerun.jsonl"""]),
    'batches': (None, ['tierce simulate -n 3000 --seed 7 -o records.jsonl', 'tierce data split -o r records.jsonl', 'cp %s/data/examples/gemini-2026-08.json tiers.json' % ROOT,
                       'tierce train -q --tiers tiers.json r-train.jsonl -o r.tierce', 'tierce data export --batch -o in.jsonl r-test.jsonl']),
    'parallel': ('batches', []),
    'prices': (None, ['cp %s model_prices_and_context_window.json' % LITELLM]),
    'drift': ('router', ["grep -h '\"source\":\"simulated/\\(terminal-bench\\|finance-agent\\)\"' held.jsonl > agents.jsonl"]),
    'edge': (None, ['tierce simulate -n 500 --seed 9 -o traffic.jsonl']),
    'compare': ('router', ['head -1000 records.jsonl > fewer.jsonl', 'tierce train -q --tiers flash,pro fewer.jsonl -o old.tierce', 'cp records.jsonl train.jsonl']),
    'tune': ('router', ['head -300 held.jsonl > few.jsonl', 'cp held.jsonl requests.jsonl']),
    'traffic': ('router', ['tierce tune -m router.tierce --keep-quality 0.98:pro --name balanced held.jsonl'] + [r"""awk '{ chosen = (NR * 7919 %% 5 == 0) ? "pro" : "flash"; p = chosen == "pro" ? 0.2 : 0.8
        if (chosen == "pro") sub(/"flash":{[^}]*},/, ""); else sub(/,"pro":{[^}]*}/, "")
        sub(/^{/, "{\"chosen\":\"" chosen "\",\"propensity\":" p ","); print }' %s.jsonl > %slog.jsonl""" % (of, as_) for of, as_ in (('records', ''), ('held', 'later'))]),
    'litellm': (None, ['cp %s/tests/import/litellm/* .' % ROOT]),
    'gsm8k': (None, ['cp %s/routellm-csv/gsm8k_responses.csv .' % LOGS]),
    'bfcl': (None, ['cp -r %s/bfcl .' % LOGS, 'mkdir questions', 'cp %s/corpora/bfcl_v1.jsonl.gz questions' % SHARED]),
}

needs = {'gsm8k': LOGS, 'bfcl': LOGS, 'parallel': shutil.which('parallel') or '/no parallel'} # else skipped, and counted

# ---- blocks ----

class Block:
    """One fenced block: its place in the document's lines, and per command its text and what it is said to print."""
    def __init__(self, doc, start, lines, setup, slow):
        self.doc, self.start, self.setup, self.slow, self.commands, self.head = doc, start, setup, slow, [], []
        i = 0
        while i < len(lines) and not lines[i].startswith('$ '):
            self.head.append(lines[i]); i += 1
        while i < len(lines):
            text = [lines[i][2:]]
            while text[-1].endswith('\\') or '\n'.join(text).count('"') % 2 or '\n'.join(text).count("'") % 2:
                i += 1; text.append(lines[i])
            i += 1; said = []
            while i < len(lines) and not lines[i].startswith('$ '):
                said.append(lines[i]); i += 1
            self.commands.append(['\n'.join(text), said])
        self.n_lines, self.ran = len(lines), False

def blocks_of(path):
    lines = open(path, encoding='utf-8').read().split('\n')
    found, i = [], 0
    while i < len(lines):
        m = re.fullmatch(r'<!-- run: ([a-z0-9-]+)(, slow)? -->', lines[i].strip())
        i += 1
        if not m and not lines[i - 1].startswith('<!-- run'): continue
        if not m or m.group(1) not in setups: sys.exit(f'{path}:{i}: {lines[i - 1].strip()}: no such setup; there are: {", ".join(setups)}')
        if not lines[i].startswith('```'): sys.exit(f'{path}:{i + 1}: a fence must follow the comment')
        end = lines.index('```', i + 1)
        found.append(Block(path, i + 1, lines[i + 1:end], m.group(1), bool(m.group(2))))
        i = end
    return lines, found

# ---- comparing ----

def masked(line):
    line = re.sub(r'[0-9.]+ s of CPU', '# s of CPU', line)
    line = re.sub(r'router itself: [0-9.]+ us .*', 'router itself: # us', line)
    line = re.sub(r'\$[0-9.e+-]+ per million requests.*', '# per million requests', line)
    return line.rstrip()

NUMBER = re.compile(r'[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?')

def near(a, b, text, end):
    if a == b: return True
    if '.' not in a + b and not re.match(r' (bytes|of [0-9]+ features|features)', text[end:]): return False
    x, y = float(a), float(b)
    return abs(x - y) <= max(0.005, 0.01 * max(x, y))

def same(said, line):
    said, line = masked(said), masked(line)
    if said == line: return True
    if '…' in said: return re.fullmatch('.*'.join(map(re.escape, said.split('…'))), line) is not None
    if NUMBER.sub('#', re.sub(' +', ' ', said)) != NUMBER.sub('#', re.sub(' +', ' ', line)): return False
    return all(near(x.group(), y.group(), said, x.end()) for x, y in zip(NUMBER.finditer(said), NUMBER.finditer(line)))

def fits(said, lines):
    """None, or the first line that is said and not printed."""
    def at(i, j):
        nonlocal worst
        while i < len(said) and said[i].strip() != '…':
            if j == len(lines) or not same(said[i], lines[j]):
                worst = max(worst, i); return False
            i += 1; j += 1
        if i == len(said):
            if j != len(lines): worst = max(worst, i)
            return j == len(lines)
        return any(at(i + 1, k) for k in range(j, len(lines) + 1))
    worst = -1
    return None if at(0, 0) else worst

def skeleton(line): return re.sub(r' +', ' ', NUMBER.sub('#', masked(line))).strip()

def renew(said, lines, place):
    """The lines as printed now, with what was left out left out again."""
    if '…' not in [s.strip() for s in said] : return lines
    new, j, parts, part = [], 0, [], []
    for s in said:
        if s.strip() == '…': parts.append(part); part = []; continue
        part.append(s)
    parts.append(part)
    for k, part in enumerate(parts):
        if k: new.append(said[[i for i, s in enumerate(said) if s.strip() == '…'][k - 1]])
        if not part: continue
        if k == 0: start = 0
        elif k == len(parts) - 1 and skeleton(lines[len(lines) - len(part)]) == skeleton(part[0]): start = len(lines) - len(part)
        else:
            hits = [i for i in range(j, len(lines)) if skeleton(lines[i]) == skeleton(part[0])]
            if not hits: sys.exit(f'{place}: cannot find where this part stands now; mend it by hand:\n  {part[0]}')
            start = hits[0]
            if k == len(parts) - 1: return new + lines[start:] # more came of it: all of that
        new += [s if '…' in s and same(s, l) else l for s, l in zip(part, lines[start:start + len(part)])]
        j = start + len(part)
    return new

# ---- running ----

class Scratch:
    def __init__(self, build):
        self.root = tempfile.mkdtemp()
        os.mkdir(self.root + '/bin')
        for name in ('tierce', 'tierce-train', 'tierce-dispatch'): os.symlink(os.path.join(os.path.abspath(build), name), f'{self.root}/bin/{name}')
        self.env = dict(os.environ, PATH=self.root + '/bin:' + os.environ['PATH'], LC_ALL='C.UTF-8', COLUMNS='80')
        self.used = {}
    def run(self, command, folder):
        p = subprocess.run(['sh', '-c', command], cwd=folder, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return p.stdout.decode('utf-8', 'replace').split('\n')[:-1] if p.stdout else []
    def base(self, name):
        folder = f'{self.root}/base-{name}'
        if os.path.isdir(folder): return folder
        before, commands = setups[name]
        if before: shutil.copytree(self.base(before), folder, symlinks=True)
        else: os.mkdir(folder)
        for c in commands:
            p = subprocess.run(['sh', '-c', c], cwd=folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            if p.returncode: sys.exit(f'setup {name}: {c}\n{p.stderr.decode()}')
        return folder
    def folder(self, doc, setup):
        if (doc, setup) not in self.used:
            self.used[doc, setup] = f'{self.root}/work-{len(self.used)}'
            shutil.copytree(self.base(setup), self.used[doc, setup], symlinks=True)
        return self.used[doc, setup]

def main(argv):
    regenerate, every = '--regenerate' in argv, '--all' in argv
    if not regenerate and '--check' not in argv: sys.exit(__doc__)
    rest = [a for a in argv if not a.startswith('--')]
    build = rest[0] if rest else 'build'
    os.chdir(ROOT)
    docs = rest[1:] or ['README.md'] + sorted('docs/' + d for d in os.listdir('docs') if d.endswith('.md'))
    scratch, passed, failed, skipped = Scratch(build), 0, 0, 0
    try:
        for doc in docs:
            lines, blocks = blocks_of(doc)
            for b in blocks:
                if (b.slow and not every) or not os.path.exists(needs.get(b.setup, '/')): skipped += 1; continue
                b.ran = True
                for command in b.commands:
                    text, said = command
                    said = said[:]
                    tail = []
                    while said and not said[-1].strip(): tail.append(said.pop())
                    printed = scratch.run(text, scratch.folder(doc, b.setup))
                    while printed and not printed[-1].strip(): printed.pop()
                    if regenerate: command[1] = renew(said, printed, f'{doc}:{b.start + 1}') + tail; continue
                    wrong = fits(said, printed)
                    if wrong is None: passed += 1; continue
                    failed += 1
                    print(f'FAILED {doc}:{b.start + 1}: $ {text}\n  said:    {said[wrong] if 0 <= wrong < len(said) else "(the end)"}\n  printed:')
                    for l in printed[:60]: print('    ' + l)
            for b in reversed(blocks):
                if not regenerate or not b.ran: continue
                new = b.head[:]
                for text, said in b.commands: new += ('$ ' + text).split('\n') + said
                lines[b.start:b.start + b.n_lines] = new
            if regenerate: open(doc, 'w', encoding='utf-8').write('\n'.join(lines))
    finally:
        shutil.rmtree(scratch.root)
    if regenerate: return 0
    if failed: print('python3 tests/docs/transcripts.py --regenerate, when this is as it should be')
    print(f'{passed} passed, {failed} failed, {skipped} skipped')
    return 1 if failed else 0

sys.exit(main(sys.argv[1:]))
