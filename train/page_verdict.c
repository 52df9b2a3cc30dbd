/* The top of the page: what to do, in a sentence, and the numbers behind it. */
#include <math.h>
#include <stdio.h>

#include "train/html.h"
#include "train/page_sections.h"

/* A saving is worth a headline where it is there with confidence and the best tier is not the cheapest. */
static bool saves(const tr_page_figures *f)
{
    return f->saving > 0 && (isnan(f->saving_i.low) || f->saving_i.low > 0);
}

static void put_saving(td_out *out, const tr_page_figures *f)
{
    td_puts(out, "Route: ");
    tr_html_name(out, tr_page_tier(f, f->best));
    td_puts(out, "’s score ");
    if (f->costed) {
        td_puts(out, "at ");
        tr_html_figure(out, "verdict.saving", "%.1f", 100 * f->saving);
        td_puts(out, "&nbsp;%");
        tr_html_interval(out, "verdict.saving", "%.1f", 100 * f->saving_i.low, 100 * f->saving_i.high);
        td_puts(out, " less cost");
        return;
    }
    td_puts(out, f->on->d->n_tiers == 2 ? "with " : "at ");
    tr_html_figure(out, "verdict.saving", "%.1f", 100 * f->saving);
    td_puts(out, "&nbsp;%");
    tr_html_interval(out, "verdict.saving", "%.1f", 100 * f->saving_i.low, 100 * f->saving_i.high);
    td_puts(out, f->on->d->n_tiers == 2 ? " fewer requests to it" : " less of the way up the ladder of tiers");
}

static void put_headline(td_out *out, const tr_page_figures *f)
{
    const tr_verdict *v = f->page->verdict;
    tr_html_put(out, "<div class=\"verdict%s\">\n<h1 id=\"verdict\">", v->route ? "" : " no");
    if (!v->route) {
        td_puts(out, "Do not route: send everything to ");
        tr_html_name(out, tr_page_tier(f, v->fixed));
    } else if (saves(f)) {
        put_saving(out, f);
    } else {
        td_puts(out, "Route: score ");
        tr_html_figure(out, "verdict.gain", "%+.4f", v->shuffled.gain);
        tr_html_interval(out, "verdict.gain", "%+.4f", f->gain.low, f->gain.high);
        tr_html_put(out, " above the best mix of the tiers at the same %s", f->costed ? "cost" : "shares");
    }
    td_puts(out, "</h1>\n");
}

/* Prose of a shuffle test; key: verdict or within. */
static void put_test(td_out *out, const char *key, const tr_shuffled *s)
{
    char name[40];
    static const char *const words[] = {"", "gain ", " on average and stay below ", " in 95 of 100 deals (p&nbsp;= "};
    const double value[] = {0, s->null_mean, s->null_95, s->p};
    static const char *const part[] = {"", "null_mean", "null_95", "p"};
    for (unsigned k = 1; k < 4; k++) {
        td_puts(out, words[k]);
        snprintf(name, sizeof name, "%s.%s", key, part[k]);
        tr_html_figure(out, name, k < 3 ? "%+.4f" : "%.4f", value[k]);
    }
    td_puts(out, ")");
}

static void put_reasons(td_out *out, const tr_page_figures *f)
{
    const tr_verdict *v = f->page->verdict;
    tr_html_put(out, "<p>Knowing the request is worth ");
    tr_html_figure(out, "verdict.gain_said", "%+.4f", v->shuffled.gain);
    tr_html_interval(out, "verdict.gain_said", "%+.4f", f->gain.low, f->gain.high);
    tr_html_put(out, " of mean score over the best random mix of the tiers at the same %s, averaged over the whole range of %s. The router’s own decisions, dealt at random, ",
                f->costed ? "cost" : "shares", f->costed ? "spend" : "shares");
    put_test(out, "verdict", &v->shuffled);
    td_puts(out, "; routing is recommended where p is at most ");
    tr_html_figure(out, "verdict.limit", "%g", v->limit);
    td_puts(out, ".");
    if (v->within.rounds) {
        td_puts(out, " Dealt within sources only they ");
        put_test(out, "within", &v->within);
        td_puts(out, v->unseen ? ": this is what decides, since sources were held out." : ": what is left is knowledge beyond “which source is this”.");
    }
    td_puts(out, "</p>\n");
    if (v->route || v->fixed == v->best)
        return;
    td_puts(out, "<p>");
    tr_html_name(out, tr_page_tier(f, v->fixed));
    tr_html_put(out, " is %s than ", f->costed ? "cheaper" : "listed as cheaper");
    tr_html_name(out, tr_page_tier(f, v->best));
    td_puts(out, " and its score (");
    tr_html_figure(out, "verdict.difference", "%+.4f", v->difference);
    tr_html_interval(out, "verdict.difference", "%+.4f", v->low, v->high);
    td_puts(out, ") is not clearly lower.</p>\n");
}

static void open_tile(td_out *out, const char *key, const char *format, double value, double low, double high)
{
    td_puts(out, "<li><strong>");
    tr_html_figure(out, key, format, value);
    td_puts(out, "</strong>");
    tr_html_interval(out, key, format, low, high);
    td_puts(out, "<span class=\"what\">");
}

static void put_tiles(td_out *out, const tr_page_figures *f)
{
    const tr_judged *j = &f->judged;
    td_puts(out, "<ul class=\"tiles\">\n");
    open_tile(out, "tile.best", "%.4f", tr_fixed(f->on, f->best).score, (double)NAN, (double)NAN);
    td_puts(out, "mean score of always ");
    tr_html_name(out, tr_page_tier(f, f->best));
    td_puts(out, ", the best fixed tier</span></li>\n");
    open_tile(out, "tile.router", "%.4f", j->value.score, j->low.score, j->high.score);
    td_puts(out, "mean score of the router ");
    tr_page_shown(out, f);
    td_puts(out, "</span></li>\n");
    if (f->costed || f->best) {
        open_tile(out, "tile.saving", "%.1f %%", 100 * j->value.saving, 100 * j->low.saving, 100 * j->high.saving);
        tr_html_put(out, "%s against always ", f->costed ? "saved by it" : f->on->d->n_tiers == 2 ? "fewer requests to the last tier" : "less of the way up the ladder of tiers");
        tr_html_name(out, tr_page_tier(f, f->best));
        td_puts(out, "</span></li>\n");
    }
    open_tile(out, "tile.oracle", "%.4f", tr_oracle(f->on).score, (double)NAN, (double)NAN);
    td_puts(out, "an oracle, the best tier of every request: the ceiling</span></li>\n</ul>\n");
}

void tr_page_verdict(td_out *out, const tr_page_figures *f)
{
    td_puts(out, "<header>\n<p class=\"eyebrow\">tierce: what routing is worth on ");
    tr_html_figure(out, "judged", "%.0f", f->on->n);
    tr_html_put(out, " requests, %s</p>\n", f->page->router ? "judged by a finished model"
                                            : f->page->by_source ? "each from a source that the fit never saw"
                                                                 : "none of them seen by the fit that judged it");
    put_headline(out, f);
    put_reasons(out, f);
    td_puts(out, "</div>\n");
    if (f->page->seen)
        td_puts(out, "<p><b class=\"warn\">Careful:</b> some of these records were in the model’s training data, so all of this flatters it. "
                     "Judge it on other records, or the pipeline on folds.</p>\n");
    put_tiles(out, f);
    td_puts(out, "<p class=\"note\">Brackets are 95&nbsp;% intervals. Scores lie between 0 and 1; every figure comes from requests that "
                 "were not fitted on, unless it says otherwise.</p>\n</header>\n");
}
