#include "data/import/scale.h"

#include <math.h>

bool td_scale_look(td_scale *s, double score, double low, double high, uint32_t file, uint64_t line)
{
    const bool fresh = !s->n;
    if (!isfinite(score)) {
        s->infinite++;
        return false;
    }
    s->least = fresh || score < s->least ? score : s->least;
    s->most = fresh || score > s->most ? score : s->most;
    s->n++;
    if (score >= low && score <= high)
        return true;
    if (!s->outside++) {
        s->first = score;
        s->file = file;
        s->line = line;
    }
    return false;
}

void td_scale_guess(const td_scale *s, double *low, double *high)
{
    static const double usual[] = {1, 5, 10, 100, 1000};
    *low = s->least >= 0 ? 0 : -1;
    for (double least = -1; least > s->least && s->least >= -1e300;) /* -1, -10, -100, … */
        *low = least *= 10;
    *low = s->least < -1e300 ? s->least : *low;
    *high = ceil(s->most);
    for (int i = 4; i >= 0; i--)
        *high = s->most <= usual[i] ? usual[i] : *high;
}
