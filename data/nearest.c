#include "data/nearest.h"

#include <string.h>

#define LONGEST 63

static size_t min3(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Damerau's distance with three rolling rows. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1];
    const size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        size_t *const oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[m];
}

/* The first of the nearest that are nearer than `limit`. */
static const char *nearer(const char *word, const char *const *list, size_t n, size_t limit)
{
    const char *best = NULL;
    size_t best_distance = limit;
    for (size_t i = 0; i < n; i++) {
        const size_t d = distance(word, list[i]);
        if (d < best_distance) {
            best_distance = d;
            best = list[i];
        }
    }
    return best;
}

const char *td_nearest(const char *word, const char *const *list, size_t n)
{
    return nearer(word, list, n, strlen(word) / 3 + 2);
}

const char *td_near_miss(const char *word, const char *const *list, size_t n)
{
    return nearer(word, list, n, strlen(word) < 8 ? 2 : 3);
}
