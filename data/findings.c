#include "data/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void td_find(td_findings *f, bool fault, const char *what, const char *first)
{
    for (uint32_t i = 0; i < f->n; i++)
        if (f->at[i].fault == fault && !strcmp(f->at[i].what, what)) {
            f->at[i].count++;
            return;
        }
    if (f->n == TD_MAX_FINDINGS) {
        f->failed = true;
        return;
    }
    td_finding *new = &f->at[f->n];
    *new = (td_finding){strdup(what), fault, false, 1, strdup(first)};
    if (new->what && new->first) {
        f->n++;
        return;
    }
    free(new->what);
    free(new->first);
    f->failed = true;
}

void td_find_many(td_findings *f, bool note, const char *what, const char *first, uint64_t n)
{
    const uint32_t before = f->n;
    td_find(f, false, what, first);
    if (f->n > before) {
        f->at[before].note = note;
        f->at[before].count = n;
    }
}

static uint64_t count(const td_findings *f, bool fault)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < f->n; i++)
        n += f->at[i].fault == fault && !f->at[i].note ? f->at[i].count : 0;
    return n;
}

uint64_t td_count_faults(const td_findings *f)
{
    return count(f, true);
}

uint64_t td_count_warnings(const td_findings *f)
{
    return count(f, false);
}

void td_findings_text(const td_findings *f, td_out *out)
{
    char head[64];
    static const char *const kinds[] = {"fault", "warning", "note"};
    for (int kind = 0; kind < 3; kind++)
        for (uint32_t i = 0; i < f->n; i++) {
            if ((f->at[i].fault ? 0 : f->at[i].note ? 2 : 1) != kind)
                continue;
            snprintf(head, sizeof head, "  %-8s %7llu  ", kinds[kind], (unsigned long long)f->at[i].count);
            td_puts(out, head);
            td_puts(out, f->at[i].what);
            td_puts(out, "\n                    first: ");
            td_puts(out, f->at[i].first);
            td_puts(out, "\n");
        }
    if (f->failed)
        td_puts(out, "  more kinds of problems than are counted here, or memory ended: mend these first\n");
}

void td_findings_free(td_findings *f)
{
    for (uint32_t i = 0; i < f->n; i++) {
        free(f->at[i].what);
        free(f->at[i].first);
    }
    memset(f, 0, sizeof *f);
}
