/* tierce tiers: make a tiers.json from a kept price table, and check one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/litellm.h"
#include "data/nearest.h"
#include "data/options.h"
#include "data/writer.h"
#include "data/tiers.h"
#include "train/commands.h"

typedef struct {
    const char *litellm, *output, *date;
} tiers_options;

static const td_option init_options[] = {
    {"from-litellm", 0, TD_STRING, offsetof(tiers_options, litellm), 0, 0, "FILE",
     "LiteLLM's model_prices_and_context_window.json (needed)"},
    {"output", 'o', TD_STRING, offsetof(tiers_options, output), 0, 0, "FILE",
     "file to write (default or -: standard output)"},
    {"date", 0, TD_STRING, offsetof(tiers_options, date), 0, 0, "DAY",
     "the day the table is of, 2026-08-01 (default: today)"},
};

static const td_command init_command = {
    "tierce tiers init [OPTION...] --from-litellm FILE KEY...",
    "Writes a tiers.json with the prices, context window and tool support of each KEY of LiteLLM's table,\n"
    "dated and with its source. NAME=KEY names the tier; else it is called as the last part of the key.",
    init_options, sizeof init_options / sizeof *init_options,
    "example: tierce tiers init --from-litellm model_prices_and_context_window.json \\\n"
    "             flash=gemini/gemini-3.5-flash pro=gemini/gemini-3.1-pro-preview -o tiers.json\n"
    "exit status: 0 written, 1 not, 2 wrong usage"};

static const td_option check_options[] = {
    {"date", 0, TD_STRING, offsetof(tiers_options, date), 0, 0, "DAY",
     "the day to judge effective dates by, 2026-08-01 (default: today)"},
};

static const td_command check_command = {
    "tierce tiers check [OPTION...] FILE",
    "Reads a tiers.json as every command does, prints what it says, and warns of what is odd: prices that\n"
    "are not yet or no longer in force, missing prices, rates that look mistaken, tiers that share an outcome or a model id,\n"
    "outcomes that name another tier.",
    check_options, sizeof check_options / sizeof *check_options,
    "exit status: 0 valid, 1 not valid or not readable, 2 wrong usage, 3 valid with warnings"};

static void print_note(void *context, const char *text)
{
    (void)context;
    fprintf(stderr, "tierce tiers: note: %s\n", text);
}

/* The day asked for, or today; false after a complaint. */
static bool the_day(const char *asked, char day[11])
{
    td_today(day);
    if (!asked)
        return true;
    if (!td_is_date(asked, strlen(asked))) {
        fprintf(stderr, "tierce tiers: --date %.40s: must be a day of the calendar, 2026-08-01\n", asked);
        return false;
    }
    memcpy(day, asked, 11);
    return true;
}

static int init(int argc, char **argv)
{
    tiers_options o = {NULL, "-", NULL};
    td_error error;
    td_out out = {0};
    char day[11];
    const int keys = td_parse_options(&init_command, argc, argv, &o);
    if (keys < 0)
        return keys == -2 ? 0 : 2;
    if (!keys || !o.litellm) {
        fprintf(stderr, "tierce tiers init: needs --from-litellm FILE and the keys to take from it; see --help\n");
        return 2;
    }
    if (!the_day(o.date, day))
        return 2;
    if (!td_writer_spares(o.output, &o.litellm, 1, &error)) {
        fprintf(stderr, "tierce tiers init: %s\n", error.text);
        return 1;
    }
    td_node *table = td_dom_load(o.litellm, (size_t)256 << 20, &error);
    const td_litellm_job job = {(const char *const *)(argv + 1), (size_t)keys, day, o.litellm, print_note, NULL};
    bool good = table && td_litellm_tiers(table, &job, &out, &error);
    td_writer *file = good ? td_writer_open(o.output, &error) : NULL;
    good = file && td_writer_put(file, out.at, out.len, &error);
    good = td_writer_end(file, good, &error) && good;
    if (!good)
        fprintf(stderr, "tierce tiers init: %s\n", error.text);
    td_dom_free(table);
    free(out.at);
    return good ? 0 : 1;
}

/* ---- check ---- */

typedef struct {
    const char *tier, *day;
    unsigned count;
} warnings;

static void warn(warnings *w, const char *what)
{
    w->count++;
    printf("  warning: %s: %s\n", w->tier, what);
}

static void print_rates(const char *label, const td_rates *r)
{
    printf("    %-28s input %g, output %g, cached %g, cache write %g, 1 h %g, reasoning %g\n", label, r->input,
           r->output, r->cached_input, r->cache_write, r->cache_write_1h, r->reasoning);
}

static void print_tariff(const char *label, const td_tariff *t)
{
    char above[48];
    print_rates(label, &t->rates);
    if (!(t->long_above > 0))
        return;
    snprintf(above, sizeof above, "%s above %.0f", label, t->long_above);
    print_rates(above, &t->at_length);
}

static void look_at_prices(const td_tier *t, warnings *w)
{
    const char *day = w->day;
    const td_prices *p = &t->prices;
    char text[120];
    if (!p->known) {
        warn(w, "no prices: its cost will be what records say, or not known");
        return;
    }
    if (*p->to && strcmp(day, p->to) > 0) {
        snprintf(text, sizeof text, "prices expired: effective_to %s is before %s", p->to, day);
        warn(w, text);
    }
    if (*p->from && strcmp(day, p->from) < 0) {
        snprintf(text, sizeof text, "prices not yet in force: effective_from %s is after %s", p->from, day);
        warn(w, text);
    }
    if (p->usual.rates.cached_input > p->usual.rates.input)
        warn(w, "cached_input is dearer than input");
    if (p->usual.long_above > 0 && p->usual.at_length.input < p->usual.rates.input)
        warn(w, "long prompts are cheaper than short ones");
    if (p->has_batch && p->batch.rates.input > p->usual.rates.input)
        warn(w, "a batch is dearer than single requests");
    if (p->has_batch && p->usual.long_above > 0 && !(p->batch.long_above > 0))
        warn(w, "batch has no \"long\" rates: long prompts in a batch count at the usual long ones");
    if (p->usual.rates.input > 1000 || p->usual.rates.output > 1000)
        warn(w, "more than $1000 per million tokens: are the prices per million?");
    if (p->usual.rates.input > 0 && p->usual.rates.input < 1e-3)
        warn(w, "less than $0.001 per million tokens: are the prices per token?");
}

static void print_tier(const td_tier *t)
{
    printf("  %s", t->name);
    if (*t->model)
        printf(", model %s", t->model);
    printf(t->context_window ? ", context window %u tokens" : ", context window not given", t->context_window);
    printf("%s\n    outcomes", t->no_tools ? ", takes no tools" : "");
    for (size_t i = 0; i < t->n_outcomes; i++)
        printf("%s \"%s\"", i ? "," : "", t->outcomes[i]);
    printf("\n");
    if (!t->prices.known)
        return;
    print_tariff("USD per million", &t->prices.usual);
    if (t->prices.has_batch)
        print_tariff("in a batch", &t->prices.batch);
    if (*t->prices.from || *t->prices.to)
        printf("    in force from %s to %s\n", *t->prices.from ? t->prices.from : "(not given)",
               *t->prices.to ? t->prices.to : "(not given)");
}

static void warn_of_pair(void *context, const td_tier *tier, const char *what)
{
    warnings *w = context;
    w->tier = tier->name;
    warn(w, what);
}

static int check(int argc, char **argv)
{
    tiers_options o = {NULL, NULL, NULL};
    td_tiers tiers;
    td_error error;
    char day[11];
    const int files = td_parse_options(&check_command, argc, argv, &o);
    if (files < 0)
        return files == -2 ? 0 : 2;
    if (files != 1 || !the_day(o.date, day)) {
        if (files != 1)
            fprintf(stderr, "tierce tiers check: name one tiers.json\n");
        return 2;
    }
    if (!td_tiers_load_json(&tiers, argv[1], &error)) {
        fprintf(stderr, "tierce tiers check: %s\n", error.text);
        return 1;
    }
    printf("%s: %u tier%s, valid\n", argv[1], tiers.n, tiers.n == 1 ? "" : "s");
    for (uint32_t t = 0; t < tiers.n; t++)
        print_tier(&tiers.tier[t]);
    warnings w = {"", day, 0};
    for (uint32_t t = 0; t < tiers.n; t++) {
        w.tier = tiers.tier[t].name;
        look_at_prices(&tiers.tier[t], &w);
    }
    td_tiers_odd(&tiers, warn_of_pair, &w);
    if (!w.count)
        printf("  no warnings on %s\n", day);
    td_tiers_free(&tiers);
    return w.count ? 3 : 0;
}

int cmd_tiers(int argc, char **argv)
{
    static const char *const names[] = {"init", "check"};
    if (argc > 1 && !strcmp(argv[1], "init"))
        return init(argc - 1, argv + 1);
    if (argc > 1 && !strcmp(argv[1], "check"))
        return check(argc - 1, argv + 1);
    const bool help = argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"));
    const char *near = argc > 1 && !help ? td_nearest(argv[1], names, 2) : NULL;
    fprintf(help ? stdout : stderr,
            "usage: tierce tiers init [OPTION...] --from-litellm FILE KEY...\n"
            "       tierce tiers check [OPTION...] FILE\n\n"
            "Prices and limits of the tiers, from a kept table into a dated tiers.json, and a check of one.\n"
            "tierce tiers init --help and tierce tiers check --help tell more.\n");
    if (near)
        fprintf(stderr, "did you mean \"%s\"?\n", near);
    return help ? 0 : 2;
}
