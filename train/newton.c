#include "train/newton.h"

#include <math.h>
#include <string.h>

#include "models/maths.h"

/* Gaussian elimination with pivoting; a is k * k, b becomes the solution. False when singular. */
static int solve(double a[TR_NEWTON_MAX][TR_NEWTON_MAX], double *b, unsigned k)
{
    for (unsigned i = 0; i < k; i++) {
        unsigned pivot = i;
        for (unsigned r = i + 1; r < k; r++)
            if (fabs(a[r][i]) > fabs(a[pivot][i]))
                pivot = r;
        if (fabs(a[pivot][i]) < 1e-12)
            return 0;
        for (unsigned c = 0; c < k; c++) {
            const double t = a[i][c];
            a[i][c] = a[pivot][c];
            a[pivot][c] = t;
        }
        const double t = b[i];
        b[i] = b[pivot];
        b[pivot] = t;
        for (unsigned r = i + 1; r < k; r++) {
            const double f = a[r][i] / a[i][i];
            for (unsigned c = i; c < k; c++)
                a[r][c] -= f * a[i][c];
            b[r] -= f * b[i];
        }
    }
    for (unsigned i = k; i-- > 0;) {
        for (unsigned c = i + 1; c < k; c++)
            b[i] -= a[i][c] * b[c];
        b[i] /= a[i][i];
    }
    return 1;
}

static double dot(const double *x, const double *w, unsigned k)
{
    double sum = 0;
    for (unsigned j = 0; j < k; j++)
        sum += x[j] * w[j];
    return sum;
}

static double loss(const double *x, const double *target, const double *fixed, size_t n, unsigned k,
                   double ridge, const double *w, const double *start)
{
    double sum = 0;
    for (unsigned j = 0; j < k; j++)
        sum += ridge / 2 * (w[j] - start[j]) * (w[j] - start[j]);
    for (size_t i = 0; i < n; i++) {
        const double z = (fixed ? fixed[i] : 0) + dot(x + i * k, w, k);
        const double soft = z > 0 ? z + log1p(exp(-z)) : log1p(exp(z));
        sum += soft - target[i] * z;
    }
    return sum;
}

void tr_newton_logistic(const double *x, const double *target, const double *fixed, size_t n,
                        unsigned k, double ridge, double *w)
{
    double start[TR_NEWTON_MAX], now;
    memcpy(start, w, k * sizeof *w);
    now = loss(x, target, fixed, n, k, ridge, w, start);
    for (int round = 0; round < 50; round++) {
        double hessian[TR_NEWTON_MAX][TR_NEWTON_MAX] = {{0}}, step[TR_NEWTON_MAX] = {0};
        for (unsigned j = 0; j < k; j++) {
            step[j] = -ridge * (w[j] - start[j]);
            hessian[j][j] = ridge;
        }
        for (size_t i = 0; i < n; i++) {
            const double *row = x + i * k;
            const double p = tm_sigmoid((fixed ? fixed[i] : 0) + dot(row, w, k));
            for (unsigned a = 0; a < k; a++) {
                step[a] += (target[i] - p) * row[a];
                for (unsigned b = 0; b < k; b++)
                    hessian[a][b] += p * (1 - p) * row[a] * row[b];
            }
        }
        if (!solve(hessian, step, k))
            return;
        double next[TR_NEWTON_MAX], length = 1, better = now;
        for (int half = 0; half < 20; half++, length /= 2) {
            for (unsigned j = 0; j < k; j++)
                next[j] = w[j] + length * step[j];
            better = loss(x, target, fixed, n, k, ridge, next, start);
            if (better <= now)
                break;
        }
        if (!(better < now - 1e-10 * (1 + fabs(now))))
            return;
        memcpy(w, next, k * sizeof *w);
        now = better;
    }
}
