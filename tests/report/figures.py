#!/usr/bin/env python3
"""Every figure of a report, computed a second time from the records and the predictions (standard library only, no code
shared with tierce), compared as printed.

    figures.py REPORT.html RECORDS.jsonl[.gz] TIER,TIER,... PREDICTIONS.jsonl [--points INSPECT.json] [--route TIERCE MODEL]

Prints a line for each figure that differs and for each figure that it does not know, and ends with
"N passed, N failed". --points: output of `tierce inspect --json`, where the model has operating points. --route: checks
the table of features against `tierce route --explain` of every record (two tiers, a finished model).
"""
import collections, gzip, html.parser, json, math, re, subprocess, sys

NAN = float('nan')

class Page(html.parser.HTMLParser):
    """Texts of elements with data-f, by their key; ids of the mistakes; names and rows of feature tables."""
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.figure, self.open, self.key, self.twice = {}, 0, None, []
        self.rows, self.table, self.row, self.name = collections.defaultdict(list), None, None, None
        self.loose, self.cell = [], None
        self.wrong, self.in_wrong = [], False
    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if 'data-f' in a:
            self.key = a['data-f']
            if self.key in self.figure: self.twice.append(self.key)
            self.figure[self.key] = ''
        if tag == 'table': self.table = a.get('id')
        if tag == 'th' and a.get('scope') == 'row': self.name = ''
        if tag == 'td': self.cell = a.get('class', '')
        if tag == 'ol' and a.get('class') == 'wrong': self.in_wrong = True
        if tag == 'b' and self.in_wrong: self.wrong.append('')
        self.last = tag
    def handle_endtag(self, tag):
        if tag in ('td', 'span'): self.key = None
        if tag == 'td': self.cell = None
        if tag == 'th' and self.name is not None:
            self.rows[self.table].append(self.name); self.name = None
        if tag == 'ol': self.in_wrong = False
        if tag == 'b': self.last = ''
    def handle_data(self, text):
        if self.key: self.figure[self.key] += text
        elif self.cell == '' and re.search(r'\d', text): self.loose.append(text)
        if self.name is not None: self.name += text
        if self.in_wrong and self.wrong and self.last in ('b', 'bdi') and not self.wrong[-1]: self.wrong[-1] = text

class Random:  # xorshift64*
    def __init__(self, seed): self.x = (seed * 0x9e3779b97f4a7c15 + 1) & (1 << 64) - 1
    def next(self):
        x = self.x; x ^= x >> 12; x = (x ^ x << 25) & (1 << 64) - 1; x ^= x >> 27; self.x = x
        return (x * 0x2545f4914f6cdd1d & (1 << 64) - 1) >> 32

def lines(path):
    with (gzip.open if path.endswith('.gz') else open)(path, 'rt', encoding='utf-8') as f: yield from f

def hull_height(points, lo, hi):
    best = []
    for c, q in sorted(points):
        if best and q <= best[-1][1]: continue
        while len(best) >= 2 and (best[-1][1] - best[-2][1]) * (c - best[-2][0]) <= (q - best[-2][1]) * (best[-1][0] - best[-2][0]): best.pop()
        best.append((c, q))
    total, i = 0.0, 0
    for k in range(401):
        x = lo + (hi - lo) * k / 400
        if x <= best[0][0]: total += best[0][1]; continue
        while i + 1 < len(best) and best[i + 1][0] < x: i += 1
        if i + 1 >= len(best): total += best[-1][1]
        else:
            (c0, q0), (c1, q1) = best[i], best[i + 1]
            total += q0 + (q1 - q0) * (x - c0) / (c1 - c0) if c1 > c0 else q1
    return total / 401

def two(rows):
    """APGR, CPT50, CPT80 of [(gain, cheap, strong)], equals moving together."""
    n = len(rows); gap = sum(r[2] - r[1] for r in rows) / n
    if abs(gap) < 1e-12: return NAN, NAN, NAN
    area = acc = 0.0; cpt = {.5: NAN, .8: NAN}; o = sorted(rows, key=lambda r: -r[0]); i = 0
    while i < n:
        j, d = i, 0.0
        while j < n and o[j][0] == o[i][0]: d += o[j][2] - o[j][1]; j += 1
        nxt = acc + d / n; area += (acc + nxt) / 2 * (j - i) / n
        for x in cpt:
            if cpt[x] != cpt[x] and gap > 0 and nxt / gap >= x: cpt[x] = (i + (j - i) * ((x * gap - acc) / (nxt - acc) if nxt > acc else 0)) / n
        acc, i = nxt, j
    return area / gap, cpt[.5], cpt[.8]

def lift(rows, groups):
    by = collections.defaultdict(list)
    for r, g in zip(rows, groups): by[g].append(r)
    total = n = 0.0
    for rs in by.values():
        gap = sum(r[2] - r[1] for r in rs) / len(rs)
        if len(rs) < 50 or abs(gap) < 1e-12: continue
        total += (two(rs)[0] - .5) * gap * len(rs); n += len(rs)
    return 100 * total / n if n else NAN

def percentile(values, rounds):
    if len(values) < 40 or len(values) * 2 <= rounds: return NAN, NAN
    v = sorted(values); return v[len(v) // 40], v[len(v) - 1 - len(v) // 40]

class Data:
    def __init__(self, records, tiers, predictions):
        P = {r['id']: r for r in map(json.loads, open(predictions, encoding='utf-8'))}
        self.T = range(len(tiers)); self.tiers = tiers
        self.all = [dict(json.loads(l), line=l) for l in lines(records)]; self.all = [r for r in self.all if any(t in r['outcomes'] for t in tiers)]
        self.sources = list(dict.fromkeys(r.get('source', '') for r in self.all)); self.workloads = list(dict.fromkeys(r.get('workload', '') for r in self.all))
        self.whole = [r for r in self.all if all(t in r['outcomes'] for t in tiers)]
        costs = [r for r in self.whole if all('cost_usd' in r['outcomes'][t] for t in tiers)]
        self.costed = bool(costs) and 2 * len(costs) >= len(self.whole)
        self.n_costed = len(costs) if self.costed else 0
        self.on = costs if self.costed else self.whole
        self.P = P
    def s(self, r): return [r['outcomes'][t]['score'] for t in self.tiers]
    def c(self, r): return [r['outcomes'][t]['cost_usd'] for t in self.tiers]
    def p(self, r, part=None):
        q = self.P[r['id']]; q = q['parts'][part] if part else q['p']; return [q[t] for t in self.tiers]
    def pc(self, r):
        q = self.P[r['id']].get('cost'); return [q[t] for t in self.tiers] if q else None

def decide(p, cost, value, charge, least=0.0, ceiling=0.0, default=0):
    ok = [t for t in range(len(p)) if not (ceiling > 0 and cost and cost[t] > ceiling) and p[t] >= least]
    if not ok: return default
    u = [value * (p[t] - charge[t]) - (cost[t] if cost else 0) if value > 0 else p[t] - charge[t] for t in range(len(p))]
    return min(ok, key=lambda t: (-u[t], cost[t] if cost else 0, t))

class Check:
    def __init__(self, page): self.page, self.seen, self.bad, self.good = page, set(), [], 0
    def __call__(self, key, form, value):
        self.seen.add(key)
        want = 'n/a' if value is None or not math.isfinite(value) else form % value
        have = self.page.figure.get(key)
        # a sum in another order may fall on the other side of a half: 60.73025 is 60.7302 or 60.7303
        either = want != 'n/a' and have in [form % (value * (1 + e)) for e in (-1e-12, 1e-12)]
        if have == want or either: self.good += 1
        else: self.bad.append(f'{key}: page {have}, computed {want} ({value!r})')
    def span(self, key, form, value, low, high):
        self(key, form, value)
        if low == low and high == high: self(key + '.low', form, low); self(key + '.high', form, high)

class Report:
    def __init__(self, page, d, points):
        self.d, self.check, self.points, self.page = d, Check(page), points, page
        f = page.figure
        self.seed, self.resamples, self.rounds = int(f['seed']), int(f['resamples']), int(f['shuffles'])
        self.S = [d.s(r) for r in d.on]; self.Pr = [d.p(r) for r in d.on]; self.pc = [d.pc(r) for r in d.on]
        last = max(1, len(d.tiers) - 1)
        self.spend = [d.c(r) if d.costed else [t / last for t in d.T] for r in d.on]
        self.n, self.last = len(d.on), len(d.tiers) - 1
        self.ms = [sum(s[t] for s in self.S) / self.n for t in d.T]; self.mc = [sum(c[t] for c in self.spend) / self.n for t in d.T]
        self.best = max(d.T, key=lambda t: (self.ms[t], -self.mc[t]))
        self.unit = 1000 if d.costed else 100; self.sf = '%.4f' if d.costed else '%.1f'
        pool = [[r['outcomes'][t]['score'] for r in d.all if t in r['outcomes']] for t in d.tiers]
        self.default = max(d.T, key=lambda t: (sum(pool[t]) / len(pool[t]), -t))

    # ---- the curve, its test, its intervals ----
    def knobs(self):
        values = self.d.costed and all(c is not None for c in self.pc)
        if values:
            spans = [max(c) - min(c) for c in self.pc]; spans = [x for x in spans if x > 0]; most = max(max(c) for c in self.pc)
            least = min(spans) if spans and most > 0 else None
            if least is None: least = most = 1
            a, b = math.log(least / 10), math.log(most * 1000)
            return [(math.exp(a + (b - a) * k / 240), None) for k in range(241)] + [(0.0, None)]
        g = sorted(p[self.last] - p[0] for p in self.Pr); out = []
        for k in range(241):
            at = (self.n - 1) * (240 - k) // 240
            x = (g[at] + g[at - 1]) / 2 if k and at else g[0] - 1e-6 if k else g[-1] + 1e-6
            out.append((0.0, max(-1, min(1, x))))
        return out
    def curve(self):
        zero = [0.0] * len(self.d.tiers); knobs = self.knobs(); self.members = []
        for value, charge in knobs:
            ch = zero if charge is None else [charge * t / self.last for t in self.d.T]
            self.members.append([decide(p, c, value, ch) for p, c in zip(self.Pr, self.pc)])
        self.members += [[t] * self.n for t in self.d.T]
        self.moves = [[i for i in range(self.n) if a[i] != b[i]] for a, b in zip(self.members, self.members[1:])]
        points = self.sums([1] * self.n)
        for k, (value, charge) in enumerate(knobs):
            if k and not self.moves[k - 1]: continue
            self.check(f'setting.{k}.knob', '%.9g', value if charge is None else charge)
            self.check(f'setting.{k}.score', '%.4f', points[k][1]); self.check(f'setting.{k}.spend', self.sf, points[k][0] * self.unit)
        self.n_knobs = len(knobs)
    def sums(self, weight, deal=None):
        q = c = 0.0; n = sum(weight); out = []
        S = self.S if deal is None else [self.S[i] for i in deal]; C = self.spend
        C = C if deal is None else [C[i] for i in deal]
        for i, t in enumerate(self.members[0]): q += weight[i] * S[i][t]; c += weight[i] * C[i][t]
        out.append((c / n, q / n))
        for k, moved in enumerate(self.moves):
            a, b = self.members[k], self.members[k + 1]
            for i in moved: q += weight[i] * (S[i][b[i]] - S[i][a[i]]); c += weight[i] * (C[i][b[i]] - C[i][a[i]])
            out.append((c / n, q / n))
        return out
    def offer(self, points):
        fixed = points[self.n_knobs:]; lo, hi = min(p[0] for p in fixed), max(p[0] for p in fixed)
        goal = max(fixed, key=lambda p: (p[1], -p[0])); reach = [c for c, q in points[:self.n_knobs] if q >= goal[1] - 1e-9]
        gain = hull_height(points, lo, hi) - hull_height(fixed, lo, hi)
        return gain, 1 - min(reach) / goal[0] if reach and goal[0] > 0 else NAN
    def draws(self, seed):
        r = Random(seed)
        for _ in range(self.resamples):
            w = [0] * self.n
            for _ in range(self.n): w[r.next() % self.n] += 1
            yield w
    def shuffled(self, groups, seed, key, gain):
        r = Random(seed + 13); order = collections.defaultdict(list); deal = list(range(self.n)); null = []
        for i in range(self.n): order[groups[i]].append(i)
        fixed = [(self.mc[t], self.ms[t]) for t in self.d.T]; lo, hi = min(self.mc), max(self.mc); mix = hull_height(fixed, lo, hi)
        for _ in range(self.rounds):
            for g in sorted(order):
                o = order[g]
                for k in range(len(o) - 1, 0, -1):
                    j = r.next() % (k + 1); deal[o[k]], deal[o[j]] = deal[o[j]], deal[o[k]]
            # slot j's decision falls on record deal[j]
            q = sum(self.S[deal[j]][t] for j, t in enumerate(self.members[0])); c = sum(self.spend[deal[j]][t] for j, t in enumerate(self.members[0])); pts = [(c / self.n, q / self.n)]
            for k, moved in enumerate(self.moves):
                a, b = self.members[k], self.members[k + 1]
                for j in moved: q += self.S[deal[j]][b[j]] - self.S[deal[j]][a[j]]; c += self.spend[deal[j]][b[j]] - self.spend[deal[j]][a[j]]
                pts.append((c / self.n, q / self.n))
            null.append(hull_height(pts, lo, hi) - mix)
        self.check(key + '.null_mean', '%+.4f', sum(null) / self.rounds); self.check(key + '.null_95', '%+.4f', sorted(null)[(self.rounds - 1) * 95 // 100])
        p = (1 + sum(x >= gain - 1e-12 for x in null)) / (1 + self.rounds); self.check(key + '.p', '%.4f', p)
        return p
    def verdict(self):
        self.curve(); gain, saving = self.offer(self.sums([1] * self.n)); g, s = [], []
        for w in self.draws(self.seed + 77):
            a, b = self.offer(self.sums(w)); g.append(a)
            if b == b: s.append(b)
        gi, si = percentile(g, self.resamples), percentile(s, self.resamples)
        self.check.span('verdict.gain_said', '%+.4f', gain, *gi)
        if 'verdict.gain' in self.page.figure: self.check.span('verdict.gain', '%+.4f', gain, *gi)
        if self.d.costed: saving, si = self.swept()
        if 'verdict.saving' in self.page.figure: self.check.span('verdict.saving', '%.1f', 100 * saving, 100 * si[0], 100 * si[1])
        self.shuffled([0] * self.n, self.seed, 'verdict', gain)
        if len(self.d.sources) > 1:
            at = {s: k for k, s in enumerate(self.d.sources)}
            self.shuffled([at[r.get('source', '')] for r in self.d.on], self.seed + 1, 'within', gain)
        self.check('verdict.limit', '%g', float(self.page.figure['verdict.limit']))
        if 'verdict.difference' in self.page.figure:
            ok = []
            for t in self.d.T:
                d = [s[t] - s[self.best] for s in self.S]; m = sum(d) / self.n; e = 1.96 * math.sqrt(max(0, sum(x * x for x in d) / self.n - m * m) / self.n)
                if m + e >= 0: ok.append((self.mc[t] if self.d.costed else t, t, m, e))
            _, _, m, e = min(ok); self.check.span('verdict.difference', '%+.4f', m, m - e, m + e)

    # ---- policies ----
    def policy(self, k):
        if not self.points: return [decide(p, c, 0.0, [0.0] * len(p), default=self.default) for p, c in zip(self.Pr, self.pc)]
        x = self.points[k]; charge = [x.get('charge', {}).get(t, 0.0) for t in self.d.tiers]
        assert x['min_familiarity'] == 0, 'abstaining points are not recomputed here'
        return [decide(p, c, x['value_usd'], charge, x['min_probability'], x['max_cost_usd'], self.d.tiers.index(x['default_tier'])) for p, c in zip(self.Pr, self.pc)]
    def judged(self, choice, seed):
        def of(w):
            n = sum(w); q = sum(m * s[t] for m, s, t in zip(w, self.S, choice)) / n; c = sum(m * s[t] for m, s, t in zip(w, self.spend, choice)) / n
            ref = sum(m * s[self.best] for m, s in zip(w, self.spend)) / n
            return q, c, 1 - c / ref if ref > 0 else NAN
        value = of([1] * self.n); r = [of(w) for w in self.draws(seed + 5)]
        return [(v, *percentile([x[k] for x in r], self.resamples)) for k, v in enumerate(value)]
    def put_policy(self, k, j):
        self.check.span(f'point.{k}.score', '%.4f', *j[0]); self.check.span(f'point.{k}.spend', self.sf, *(x * self.unit for x in j[1]))
    def tiles(self):
        shown = next((k for k in range(len(self.points) - 1, 0, -1) if self.points[k]['name'] == 'balanced'), 0)
        self.choice = self.policy(shown); j = self.judged(self.choice, self.seed)
        self.check('tile.best', '%.4f', self.ms[self.best]); self.check.span('tile.router', '%.4f', *j[0])
        if self.d.costed or self.best: self.check.span('tile.saving', '%.1f %%', *(100 * x for x in j[2]))
        if self.points:
            for k in range(len(self.points)): self.put_policy(k, self.judged(self.policy(k), self.seed + k))
        else: self.put_policy(0, j)
        o = [max(self.d.T, key=lambda t: (s[t], -c[t] if self.d.costed else 0, -t)) for s, c in zip(self.S, self.spend)]
        score = sum(s[t] for s, t in zip(self.S, o)) / self.n
        self.check('tile.oracle', '%.4f', score); self.check('oracle.0.score', '%.4f', score)
        if self.d.costed: self.check('oracle.0.spend', '%.4f', 1000 * sum(c[t] for c, t in zip(self.spend, o)) / self.n)
        for t in self.d.T: self.check(f'fixed.{t}.score', '%.4f', self.ms[t]); self.check(f'fixed.{t}.spend', self.sf, self.unit * self.mc[t])
        self.oracle = [None if len(set(s)) == 1 else t for s, t in zip(self.S, o)]

    # ---- tables ----
    def group(self, key, idx):
        n = len(idx); d = [self.S[i][self.choice[i]] - self.S[i][self.best] for i in idx]; m = sum(d) / n; c = self.check
        e = 1.96 * math.sqrt(max(0, sum(x * x for x in d) / n - m * m) / n)
        c(key + '.n', '%.0f', n); c(key + '.best', '%.4f', sum(self.S[i][self.best] for i in idx) / n)
        c(key + '.router', '%.4f', sum(self.S[i][self.choice[i]] for i in idx) / n); c.span(key + '.gain', '%+.4f', m, m - e, m + e)
        share = [100 * sum(self.choice[i] == t for i in idx) / n for t in self.d.T]
        if len(self.d.tiers) > 6: c(key + '.most', '%.1f', max(share))
        else:
            for t in self.d.T:
                if len(self.d.tiers) > 2 or t: c(f'{key}.share{t}', '%.1f', share[t])
        if self.d.costed: c(key + '.saved', '%.1f', 100 * (1 - sum(self.spend[i][self.choice[i]] for i in idx) / sum(self.spend[i][self.best] for i in idx)))
        rows = [(self.Pr[i][self.last] - self.Pr[i][0], self.S[i][0], self.S[i][self.last]) for i in idx]; a = two(rows)[0]
        c(key + '.lift', '%+.2f', 0 if a != a else 100 * (a - .5) * sum(r[2] - r[1] for r in rows) / n)
    def groups(self):
        for key, names in (('workload', self.d.workloads), ('source', self.d.sources)):
            if key == 'workload' and len(names) < 2: continue
            for k, name in enumerate(names):
                idx = [i for i, r in enumerate(self.d.on) if r.get(key, '') == name]
                if idx: self.group(f'{key}.{k}', idx)
            self.group(f'{key}.all.0', range(self.n))
    def tables(self):
        c, T = self.check, self.d.T
        for r in range(len(self.d.tiers) + 1):
            row = [sum(o == (r if r < len(self.d.tiers) else None) and t == x for o, x in zip(self.oracle, self.choice)) for t in T]
            for t in T: c(f'confusion.{r}.to{t}', '%.0f', row[t])
            if r < len(self.d.tiers): c(f'confusion.{r}.right', '%.1f', 100 * row[r] / sum(row) if sum(row) else NAN)
        W = self.d.whole; S = [self.d.s(r) for r in W]; P = [self.d.p(r) for r in W]; n = len(W); k = 0
        for a in T:
            for z in range(a + 1, len(self.d.tiers)):
                if not (len(self.d.tiers) <= 4 or z == a + 1 or (not a and z == self.last)): continue
                kind = collections.Counter((s[a] >= .5, s[z] >= .5) for s in S)
                for name, what in (('rescue', (False, True)), ('loss', (True, False)), ('safe', (True, True)), ('hard', (False, False))): c(f'pair.{k}.{name}', '%.1f', 100 * kind[what] / n)
                up = [p[z] - p[a] for s, p in zip(S, P) if s[a] < .5 <= s[z]]; down = [p[z] - p[a] for s, p in zip(S, P) if s[z] < .5 <= s[a]]
                c(f'pair.{k}.auc', '%.3f', sum((u > v) + .5 * (u == v) for u in up for v in down) / (len(up) * len(down)) if up and down else NAN); k += 1
        pairs = [(x, y) for s, p in zip(S, P) for x, y in zip(p, s)]
        c('brier', '%.4f', sum((x - y) ** 2 for x, y in pairs) / len(pairs))
        b = collections.defaultdict(list); e = collections.defaultdict(float)
        for x, y in pairs: b[min(9, int(x * 10))].append((x, y)); e[min(14, int(x * 15))] += x - y
        c('ece', '%.4f', sum(map(abs, e.values())) / len(pairs))
        for k, v in b.items():
            m = len(v); came = sum(y for _, y in v) / m; w = 1.96 * math.sqrt(max(0, came * (1 - came) / m))
            c(f'bin.{k}.n', '%.0f', m); c(f'bin.{k}.said', '%.3f', sum(x for x, _ in v) / m); c.span(f'bin.{k}.came', '%.3f', came, max(0, came - w), min(1, came + w))
        src = [r.get('source', '') for r in W]
        for k, part in enumerate(('level', 'general', 'familiar', None)):
            Q = [self.d.p(r, part) for r in W]; clip = lambda v: min(max(v, 1e-9), 1 - 1e-9)
            c(f'part.{k}.log_loss', '%.4f', -sum(y * math.log(clip(x)) + (1 - y) * math.log(1 - clip(x)) for p, s in zip(Q, S) for x, y in zip(p, s)) / n / len(self.d.tiers))
            rows = [(p[-1] - p[0], s[0], s[-1]) for p, s in zip(Q, S)]
            c(f'part.{k}.lift', '%+.2f', lift(rows, src)); c(f'part.{k}.apgr', '%.3f', two(rows)[0])
        for k, v in enumerate((*two(rows), lift(rows, src))): c(f'measure.{k}.value', '%.2f' if k == 3 else '%.3f', v)
        if self.d.costed: self.aiq()
    def swept(self):
        """Saving at the best fixed tier's score over the settings of lambda, with its interval."""
        lo, hi = min(self.mc), max(self.mc); members = []
        for k in range(-60, 61):
            lam = 10 ** (k / 12) / max(hi - lo, 1e-12) * .1
            members.append([max(self.d.T, key=lambda t: (p[t] - lam * (pc or self.mc)[t], -(pc or self.mc)[t])) for p, pc in zip(self.Pr, self.pc)])
        moves = [[(i, a[i], b[i]) for i in range(self.n) if a[i] != b[i]] for a, b in zip(members, members[1:])]
        def saving(w):
            q = sum(m * s[t] for m, s, t in zip(w, self.S, members[0])); c = sum(m * s[t] for m, s, t in zip(w, self.spend, members[0])); pts = [(c, q)]
            for moved in moves:
                for i, a, b in moved: q += w[i] * (self.S[i][b] - self.S[i][a]); c += w[i] * (self.spend[i][b] - self.spend[i][a])
                pts.append((c, q))
            fixed = [(sum(m * s[t] for m, s in zip(w, self.spend)), sum(m * s[t] for m, s in zip(w, self.S))) for t in self.d.T]
            cost, score = max(fixed, key=lambda f: (f[1], -f[0])); reach = [c for c, q in pts if q >= score - 1e-9 * self.n]
            return 1 - min(reach) / cost if reach and cost > 0 else NAN
        v = sorted(x for x in map(saving, self.draws(self.seed + 11)) if x == x)
        there = len(v) >= 20 and len(v) > self.resamples // 2
        return saving([1] * self.n), (v[len(v) // 40], v[len(v) - 1 - len(v) // 40]) if there else (NAN, NAN)
    def aiq(self):
        lo, hi = min(self.mc), max(self.mc); fixed = list(zip(self.mc, self.ms)); pts = []
        for k in range(-60, 61):
            lam = 10 ** (k / 12) / max(hi - lo, 1e-12) * .1; q = c = 0.0
            for s, cost, p, pc in zip(self.S, self.spend, self.Pr, self.pc):
                pc = pc or self.mc; t = max(self.d.T, key=lambda t: (p[t] - lam * pc[t], -pc[t])); q += s[t]; c += cost[t]
            pts.append((c / self.n, q / self.n))
        self.check('measure.4.value', '%.4f', hull_height(pts + fixed, lo, hi)); self.check('measure.5.value', '%.4f', hull_height(fixed, lo, hi))

    # ---- mistakes, features, counts ----
    def wrong(self):
        rows = []
        for i, (s, t, o) in enumerate(zip(self.S, self.choice, self.oracle)):
            if o is not None and s[o] > s[t]: rows.append((-(s[o] - s[t]), -(self.Pr[i][t] - self.Pr[i][o]), i, t, o))
        rows = sorted(rows)[:12]; logit = lambda p: math.log(p / (1 - p)); c = self.check; f = self.page.figure
        ids = [self.d.on[r[2]]['id'] for r in rows]; mine = [x for x in self.page.wrong if x != 'in all, in log-odds']
        if ids == mine: c.good += 1
        else: c.bad.append(f'worst mistakes: page {mine}, computed {ids}')
        for k, (_, _, i, t, o) in enumerate(rows):
            for j, x in enumerate((t, o)): c(f'wrong.{k}.p{j}', '%.3f', self.Pr[i][x]); c(f'wrong.{k}.score{j}', '%.2f', self.S[i][x])
            if f'wrong.{k}.sum' not in f: continue
            c(f'wrong.{k}.sum', '%+.2f', logit(self.Pr[i][t]) - logit(self.Pr[i][o]))
            parts = [x for x in f if x.startswith(f'wrong.{k}.why') or x == f'wrong.{k}.rest']; total = sum(float(f[x]) for x in parts)
            c.seen.update(parts)
            if abs(total - float(f[f'wrong.{k}.sum'])) <= .005 * (len(parts) + 1): c.good += len(parts)
            else: c.bad.append(f'wrong.{k}: the reasons sum to {total}, not {f[f"wrong.{k}.sum"]}')
    def features(self, route):
        f = self.page.figure; stride = -(-self.n // 4000); sample = self.d.on[::stride]; keys = [x for x in f if x.startswith('effect-')]
        self.check('explained', '%.0f', len(sample)); self.check('explained_all', '%.0f', len(sample))
        sums, apart, count = collections.defaultdict(float), collections.defaultdict(float), collections.Counter()
        for r in sample if route else ():
            out = subprocess.run([route[0], 'route', '-m', route[1], '--json', '--explain', '--top', '100000', '-r', '-'], input=r['line'], capture_output=True, text=True, encoding='utf-8', check=True)
            w = json.loads(out.stdout); sign = 1 if w['tier'] == self.d.tiers[-1] else -1
            for x in w['why']:
                block, name = x['feature'].split(':', 1)
                if block == 'base': continue
                name = name if block in ('named', 'level') else f'{block}: {name or "(not recognised)"}'
                sums[name] += sign * x['log_odds']; apart[block, name] += sign * x['log_odds']; count[name] += 1
        for side, sign in (('up', -1), ('down', 1)):
            names = self.page.rows[f'effect-gain-{side}']
            for k, name in enumerate(names):
                key = f'effect-gain-{side}.{k}'; name = name.strip()
                if route:
                    self.check(key + '.in', '%.1f', 100 * count[name] / len(sample)); self.near(key + '.adds', sums[name] / count[name] if count[name] else NAN); self.near(key + '.all', sums[name] / len(sample))
            if route:
                want = sorted(apart.values())[::1 if side == 'down' else -1][:10]
                for k, v in enumerate(want): self.near(f'effect-gain-{side}.{k}.all', v / len(sample))
        for x in keys:   # whatever the source of the sums: part of the records times what is added there is what is added in all
            if x.endswith('.all'):
                a = x[:-4]; product = float(f[a + '.in']) / 100 * float(f[a + '.adds'])
                if abs(product - float(f[x])) <= .0005 * float(f[a + '.in']) / 100 + .0005 * abs(float(f[a + '.adds'])) + .0001: self.check.good += 1
                else: self.check.bad.append(f'{x}: {f[x]}, but in x adds = {product}')
                self.check.seen.update((x, a + '.in', a + '.adds'))
    def near(self, key, value):
        """route prints six digits: the last one of a sum may differ."""
        have = float(self.page.figure.get(key, 'nan')); unit = 1.01e-3 if key.endswith('adds') else 1.01e-4
        self.check.seen.add(key)
        if abs(have - value) < unit: self.check.good += 1
        else: self.check.bad.append(f'{key}: page {have}, route {value}')
    def counts(self):
        c, d, f = self.check, self.d, self.page.figure
        for key, v in (('judged', self.n), ('records', len(d.all)), ('judged_all', len(d.whole)), ('judged_costs', d.n_costed), ('sources', len(d.sources))): c(key, '%.0f', v)
        if self.n < len(d.whole): c('judged_costed', '%.0f', self.n); c('judged_whole', '%.0f', len(d.whole))
        c.seen.update(('seed', 'resamples', 'shuffles', 'folds'))   # what the command says; read, not computed

def main(argv):
    opts = {}
    args = []
    i = 1
    while i < len(argv):
        if argv[i] == '--points': opts['points'] = json.load(open(argv[i + 1], encoding='utf-8'))['points']; i += 2
        elif argv[i] == '--route': opts['route'] = argv[i + 1:i + 3]; i += 3
        else: args.append(argv[i]); i += 1
    page = Page(); page.feed(open(args[0], encoding='utf-8').read())
    r = Report(page, Data(args[1], args[2].split(','), args[3]), opts.get('points') or [])
    r.verdict(); r.tiles(); r.groups(); r.tables(); r.wrong(); r.features(opts.get('route')); r.counts()
    bad = r.check.bad + [f'{k}: a figure that nobody computed again' for k in page.figure if k not in r.check.seen]
    bad += [f'{k}: there twice' for k in page.twice] + [f'a number without a name in a table: {t!r}' for t in page.loose if not t.startswith('[')]
    for b in bad: print('FAILED', b)
    print(f'{r.check.good} passed, {len(bad)} failed')
    return 1 if bad else 0
sys.exit(main(sys.argv))
