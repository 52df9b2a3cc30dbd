#!/usr/bin/env python3
"""Learners for logs, tried fast: the familiar rows of train/solver.c in numpy and scipy, on five folds by crc32(id),
for two tiers written as a common part and a difference: log-odds = common(x) -/+ difference(x).

    learners.py DIR LOGS PENALTY_COMMON PENALTY_DIFFERENCE C DATA...
        DIR      what tests/bench/vectors.c wrote
        DATA     full, log (80/20), or a number of complete records; sim-full, sim-log: outcomes drawn from the fit of all
                 real ones, judged by that truth
    Fits of their own per tier are 2 2 .7; tr_solve_joint is .889 8 .5 (1 / (1 + TR_DEPART^2 / 2), 2 / TR_DEPART^2).

No gate, no general rows, no skipped pairs, no calibration, so figures are near those of `tierce train`, not equal to them.
A held-out record's source is guessed from its text: multinomial logistic regression on 200 latent directions (of all texts;
no outcome is in them). Needs python3-sklearn; a minute to start with.
"""
import sys
import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.utils.extmath import randomized_svd

SCALE = dict(enumerate([.55, .7, 0, .5, .5, .5, .5, .45, .03]))  # as in train/defaults.c, blocks in their order; no skipped pairs
FOLDS = 5

def sigmoid(z): return 1 / (1 + np.exp(-z))

def apgr(gain, a, b):
    d = (b - a)[np.argsort(-gain, kind='stable')]
    c = np.cumsum(d)
    return (c.sum() - c[-1] / 2) / len(d) / c[-1]

def lift(gain, a, b, source):
    total = n = 0
    for s in np.unique(source):
        k = source == s
        gap = (b - a)[k].mean()
        if k.sum() >= 50 and abs(gap) > 1e-12:
            total += (apgr(gain[k], a[k], b[k]) - .5) * gap * k.sum(); n += k.sum()
    return 100 * total / n

def newton(parts, penalty, c, tolerance=3e-3):
    """parts: (matrix, its transpose, sign, labels); w = common, then difference; truncated Newton, as liblinear's solver 0"""
    m = len(penalty) // 2
    y = np.concatenate([p[3] for p in parts])
    def times(w): return np.concatenate([M @ (w[:m] + s * w[m:]).astype(np.float32) for M, _, s, _ in parts]).astype(float)
    def back(r):
        g, at = np.zeros(2 * m), 0
        for _, Mt, s, labels in parts:
            v = Mt @ r[at:at + len(labels)].astype(np.float32)
            g[:m] += v; g[m:] += s * v; at += len(labels)
        return g
    def loss(w, z): return (penalty * w * w).sum() / 2 + c * (np.logaddexp(0, z) - y * z).sum()
    w, z = np.zeros(2 * m), np.zeros(len(y))
    now, first = loss(w, z), np.linalg.norm(c * back(.5 - y))
    for _ in range(30):
        p = sigmoid(z)
        g = penalty * w + c * back(p - y)
        size = np.linalg.norm(g)
        if size <= tolerance * first: break
        curve, step, r = c * p * (1 - p), np.zeros(2 * m), -g
        q = r / penalty; rq = r @ q
        for _ in range(60):
            h = penalty * q + back(curve * times(q))
            a = rq / (q @ h)
            step += a * q; r = r - a * h
            if np.linalg.norm(r) < min(.1, (size / first) ** .5) * size / 2: break
            v = r / penalty; q, rq = v + (r @ v) / rq * q, r @ v
        t, zs = 1.0, times(step)
        while t > 1e-4 and loss(w + t * step, z + t * zs) > now + 1e-4 * t * (g @ step): t /= 2
        w, z = w + t * step, z + t * zs
        now = loss(w, z)
    return w

class Corpus:
    def __init__(self, path):
        def raw(name, kind): return np.fromfile(f'{path}/{name}', kind)
        self.n, tiers, self.sources, bits = map(int, open(f'{path}/shape').read().split())
        if tiers != 2: sys.exit('two tiers only')
        columns, at = np.unique(raw('index', np.uint32), return_inverse=True)
        scale = np.array([SCALE[b] for b in columns >> bits])
        X = sp.csr_matrix((raw('value', np.float32) * scale[at], at, raw('start', np.uint64).astype(np.int64)), shape=(self.n, len(columns)))
        self.X = X[:, np.flatnonzero(scale > 0)].tocsr()
        self.score, self.source, self.crc = raw('score', float).reshape(-1, 2), raw('source', np.uint32).astype(int), raw('crc', np.uint32)
        self.y = self.score
        frequent = np.bincount(self.X.indices, minlength=self.X.shape[1]) >= 4
        words = frequent & ((columns >> bits)[scale > 0] != 8)  # the last block is sizes, not presence
        U, spread, _ = randomized_svd(self.X[:, np.flatnonzero(words)].astype(np.float32), 200, n_oversamples=20, n_iter=2, random_state=0)
        self.latent = (U * spread).astype(float)
        self.folds = [self.fold(k) for k in range(FOLDS)]

    def columns(self, rows, keep, levels):
        return sp.hstack([self.X[rows][:, keep], levels, np.full((len(rows), 1), 2.0)]).tocsr().astype(np.float32)

    def own_level(self, rows):
        return sp.csr_matrix((np.ones(len(rows)), (np.arange(len(rows)), self.source[rows])), shape=(len(rows), self.sources))

    def fold(self, k):
        train, held = np.flatnonzero(self.crc % FOLDS != k), np.flatnonzero(self.crc % FOLDS == k)
        frequency = np.bincount(self.X[train].indices, minlength=self.X.shape[1])
        keep, own = np.flatnonzero(frequency >= 3), self.own_level(train)
        guess = LogisticRegression(C=300, max_iter=40, tol=1e-3).fit(self.latent[train], self.source[train])
        p = np.zeros((len(held), self.sources))
        p[:, guess.classes_] = guess.predict_proba(self.latent[held])
        return train, held, self.columns(train, keep, own), self.columns(held, keep, sp.csr_matrix(np.where(p > 1e-3, p, 0)))

    def fit(self, X, Xt, labels, rows, penalty, c):
        """log-odds of both tiers; rows: those of each tier with an outcome"""
        m, parts = X.shape[1], []
        for t, sign in ((0, -1.0), (1, 1.0)):
            M = X[rows[t]]
            parts.append((M, M.T.tocsr(), sign, labels[rows[t], t]))
        weights = np.repeat(penalty, m).astype(float)
        weights[[m - 1, 2 * m - 1]] = .01
        w = newton(parts, weights, c)
        return [Xt @ (w[:m] + s * w[m:]) for s in (-1, 1)]

    def simulate(self, rng):
        """Outcomes from the fit of all real ones; the tiers' correlated so that they differ as often as they do"""
        every = np.arange(self.n)
        keep = np.flatnonzero(np.bincount(self.X.indices, minlength=self.X.shape[1]) >= 3)
        X = self.columns(every, keep, self.own_level(every))
        self.truth = sigmoid(np.array(self.fit(X, X, self.score, (every, every), (2, 2), .7))).T
        from scipy.special import ndtr
        e, differ = rng.normal(size=(self.n, 2)), np.square(self.score[:, 1] - self.score[:, 0]).mean()
        def draw(rho):
            u = ndtr(np.c_[e[:, 0], rho * e[:, 0] + (1 - rho * rho) ** .5 * e[:, 1]])
            return (u < self.truth).astype(float)
        self.y = min((draw(rho) for rho in np.arange(0, 1, .05)), key=lambda y: abs(np.square(y[:, 1] - y[:, 0]).mean() - differ))

    def run(self, data, seed, penalty, c):
        self.y, judge, rng = self.score, self.score, np.random.default_rng(1000 + seed)
        if data.startswith('sim-'):
            self.simulate(np.random.default_rng(seed)); data, judge = data[4:], self.truth
        u, gain = rng.random(self.n), np.zeros(self.n)
        for train, held, X, Xt in self.folds:
            if data == 'full': rows = (np.arange(len(train)),) * 2
            elif data == 'log': rows = np.flatnonzero(u[train] < .8), np.flatnonzero(u[train] >= .8)
            else: rows = (np.sort(np.argsort(u[train])[:int(data)]),) * 2
            z = self.fit(X, Xt, self.y[train], rows, penalty, c)
            gain[held] = sigmoid(z[1]) - sigmoid(z[0])
        return apgr(gain, *judge.T), lift(gain, *judge.T, self.source)

def main(argv):
    if len(argv) < 7: sys.exit(__doc__)
    corpus, penalty, c = Corpus(argv[1]), (float(argv[3]), float(argv[4])), float(argv[5])
    for data in argv[6:]:
        got = np.array([corpus.run(data, s, penalty, c) for s in range(1 if data == 'full' else int(argv[2]))])
        print(f'{data:9s} APGR {got[:, 0].mean():.4f} ({" ".join(f"{a:.3f}" for a in got[:, 0])})  LIFT {got[:, 1].mean():.3f}', flush=True)
main(sys.argv)
