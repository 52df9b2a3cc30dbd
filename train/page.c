#include "train/page.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "data/writer.h"
#include "train/html.h"
#include "train/memory.h"
#include "train/page_sections.h"

#define MISTAKES 12

const char *tr_page_tier(const tr_page_figures *f, uint32_t t)
{
    return f->on->d->tiers.tier[t].name;
}

void tr_page_shown(td_out *out, const tr_page_figures *f)
{
    if (!f->shown) {
        td_puts(out, "by estimated probability alone");
        return;
    }
    td_puts(out, "at the operating point ");
    tr_html_name(out, f->shown);
}

static void put_head(td_out *out)
{
    td_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                 /* nothing may be fetched or run, whatever slipped through */
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
                 "<title>tierce: what routing is worth</title>\n<style>\n");
    td_puts(out, tr_page_style);
    td_puts(out, "</style>\n</head>\n<body>\n<main>\n");
}

static void put_page(td_out *out, const tr_page_figures *f, const tr_mistake *m, const tr_why *why)
{
    put_head(out);
    tr_page_verdict(out, f);
    tr_page_curve(out, f);
    tr_page_groups(out, f);
    tr_page_best(out, f);
    tr_page_calibration(out, f);
    tr_page_features(out, f, why);
    tr_page_wrong(out, f, m, why);
    tr_page_parts(out, f);
    tr_page_method(out, f, why);
    td_puts(out, "</main>\n</body>\n</html>\n");
}

bool tr_page_write(const char *path, const tr_page *page, td_error *error)
{
    tr_page_figures f;
    tr_mistake mistakes[MISTAKES];
    tr_why why;
    td_out out = {0};
    tr_page_figures_open(&f, page);
    const uint32_t n = tr_page_mistakes(&f, mistakes, MISTAKES);
    tr_why_open(&why, &f, mistakes, n);
    put_page(&out, &f, mistakes, &why);
    tr_why_close(&why);
    tr_page_figures_close(&f);
    td_writer *w = out.failed ? NULL : td_writer_open(path, error);
    bool good = out.failed ? td_fail(error, "memory ended while the report was written") : w != NULL;
    if (w) {
        const bool put = td_writer_put(w, out.at, out.len, error);
        good = put && td_writer_commit(w, error);
        if (!put)
            td_writer_abort(w);
    }
    free(out.at);
    return good;
}
