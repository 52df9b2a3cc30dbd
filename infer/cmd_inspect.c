/* tierce inspect: everything in a model file, for people and as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/text_out.h"
#include "infer/commands.h"
#include "infer/router_state.h"

typedef struct {
    const char *model;
    bool json;
} inspect_options;

static const td_option options[] = {
    {"model", 'm', TD_STRING, offsetof(inspect_options, model), 0, 0, "FILE", "the same as MODEL"},
    {"json", 0, TD_FLAG, offsetof(inspect_options, json), 0, 0, NULL, "one JSON object"},
};

static const td_command command = {
    "tierce inspect [OPTION...] [-m] MODEL",
    "Shows what a model file holds: tiers, features, sources, calibration, costs, figures.",
    options, sizeof options / sizeof *options, NULL};

static const char *const kinds[TM_ROW_KINDS] = {"familiar", "general", "cost", "tokens"};

/* ---- for people ---- */

static void print_tiers(const tm_model *m)
{
    printf("tiers\n");
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        const tm_tier *tier = &m->tiers[t];
        printf("  %-24s %u outcomes, mean score %.4f", tier->name, tier->records, tier->mean_score);
        if (tier->mean_cost >= 0)
            printf(", mean cost $%.6f", tier->mean_cost);
        printf("\n");
        if (tier->model[0])
            printf("    model %s\n", tier->model);
        if (tier->prices.known)
            printf("    prices USD per million tokens: input %g, output %g, cached input %g\n",
                   tier->prices.input, tier->prices.output, tier->prices.cached_input);
        if (tier->prices.long_above)
            printf("    above %u input tokens: input %g, output %g, cached input %g\n",
                   tier->prices.long_above, tier->prices.long_input, tier->prices.long_output,
                   tier->prices.long_cached_input);
        if (tier->context_window || tier->no_tools)
            printf("    context window %u tokens%s\n", tier->context_window,
                   tier->no_tools ? ", takes no tools" : "");
        printf("    calibration %+.4f %+.4f x\n", m->calibration[t].offset, m->calibration[t].slope);
    }
}

static void print_features(const tm_model *m)
{
    uint32_t slots[TF_BLOCKS] = {0};
    for (uint32_t s = 0; s < m->weights.n_slots; s++)
        slots[m->weights.index[s] >> m->spec.bits]++;
    printf("features: 2^%u buckets a block; %u bytes, %u parts, %u tools read at most\n", m->spec.bits,
           m->spec.zone_bytes, m->spec.max_parts, m->spec.max_tools);
    printf("  extractors");
    for (size_t i = 0; i < tf_extractor_count(); i++)
        printf(" %s/%u", tf_extractor_name(i), tf_extractor_version(i));
    printf("\nweights: %u buckets used, %u rows of int8\n", m->weights.n_slots, m->n_rows);
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        printf("  %-10s %7u  %s\n", tf_block_name(b), slots[b], tf_block_help(b));
    printf("  rows");
    for (uint32_t r = 0; r < m->n_rows; r++)
        printf(" %s:%s", kinds[m->rows[r].kind], m->tiers[m->rows[r].tier].name);
    printf("\n");
}

static void print_sources(const tm_model *m)
{
    printf("sources recognised: %u of %u\n", m->n_sources, m->digest.n_sources);
    for (uint32_t i = 0; i < m->n_sources; i++) {
        printf("  %6u  %-40s level", m->sources[i].records, m->sources[i].name[0] ? m->sources[i].name : "(no source)");
        for (uint32_t t = 0; t < m->n_tiers; t++)
            printf(" %+.2f", m->sources[i].level[t]);
        printf("\n");
    }
    printf("  votes: %u buckets; known = logistic(%.3g + %.3g nearest + %.3g nearness + %.3g evidence\n"
           "    + %.3g coverage + %.3g vocabulary + %.3g confidence + %.3g size), trusted up to %.3g;\n"
           "    see models/estimate.c\n",
           m->votes.n_slots, m->gate.base, m->gate.nearest, m->gate.nearness, m->gate.evidence,
           m->gate.coverage, m->gate.vocabulary, m->gate.confidence, m->gate.size, m->gate.most);
}

static void print_point(const tm_model *m, const tm_point *p)
{
    printf("  %s\n    %s\n    value $%g, least probability %g, highest cost $%g", p->name, p->goal,
           p->value_usd, p->min_probability, p->max_cost_usd);
    for (uint32_t t = 0; p->charge && t < m->n_tiers; t++)
        if (p->charge[t] != 0)
            printf(", %s charged %.4f of probability", m->tiers[t].name, p->charge[t]);
    if (p->min_familiarity > 0)
        printf(", abstains below familiarity %.3g", p->min_familiarity);
    printf(", default tier %s\n", m->tiers[p->default_tier].name);
}

/* Bytes of each section; false when memory ends. */
static bool print_sections(const tm_model *m)
{
    char tag[5];
    size_t plain, packed;
    tierce_status status;
    printf("file: %llu bytes, payload %llu\n  packed alone:", (unsigned long long)m->file_bytes,
           (unsigned long long)m->raw_bytes);
    for (uint32_t i = 0; (status = tm_model_section(m, i, tag, &plain, &packed)) == TIERCE_OK; i++)
        if (plain)
            printf(" %.4s %zu", tag, packed);
    printf("\n");
    return status != TIERCE_NOMEM;
}

static void print_rest(const tm_model *m)
{
    const tm_digest *d = &m->digest;
    printf("operating points: %u\n", m->n_points);
    for (uint32_t i = 0; i < m->n_points; i++)
        print_point(m, &m->points[i]);
    printf("training: %u records, seed %llu, %s\n  data ", d->records, (unsigned long long)d->seed,
           d->created_by ? d->created_by : "");
    for (size_t i = 0; i < sizeof d->data_hash; i++)
        printf("%02x", d->data_hash[i]);
    printf("\n  held-out figures (inner folds)\n");
    for (uint32_t i = 0; i < d->n_figures; i++) {
        printf("    %-28s %.4f", d->figures[i].name, d->figures[i].value);
        if (d->figures[i].low <= d->figures[i].high)
            printf("  [%.4f, %.4f]", d->figures[i].low, d->figures[i].high);
        printf("\n");
    }
    if (m->portrait.n)
        printf("portrait of the training records: %u histograms (tierce drift); abstention level %.3g\n",
               m->portrait.n, m->portrait.abstain_below);
    if (d->records && !d->id_filter_words)
        printf("no filter of record ids: eval and tune cannot tell whether a record was trained on\n");
    if (d->records && !m->portrait.n)
        printf("no portrait of the training records: drift has nothing to compare traffic with\n");
    printf("self-test vectors: %u, reproduced on this machine\n", m->n_selftests);
}

/* ---- JSON ---- */

static void put_text(td_out *out, const char *key, const char *value)
{
    td_put_json(out, key, strlen(key));
    td_puts(out, ": ");
    td_put_json(out, value ? value : "", value ? strlen(value) : 0);
}

static void put_value(td_out *out, const char *key, double value)
{
    char text[48];
    td_put_json(out, key, strlen(key));
    snprintf(text, sizeof text, ": %.10g", value);
    td_puts(out, text);
}

static void put_prices(td_out *out, const tm_prices *p)
{
    td_puts(out, ", \"prices\": {");
    put_value(out, "input", p->input);
    td_puts(out, ", ");
    put_value(out, "output", p->output);
    td_puts(out, ", ");
    put_value(out, "cached_input", p->cached_input);
    if (p->long_above) {
        td_puts(out, ", \"long\": {");
        put_value(out, "above_input_tokens", p->long_above);
        td_puts(out, ", ");
        put_value(out, "input", p->long_input);
        td_puts(out, ", ");
        put_value(out, "output", p->long_output);
        td_puts(out, ", ");
        put_value(out, "cached_input", p->long_cached_input);
        td_puts(out, "}");
    }
    td_puts(out, "}");
}

static void put_tiers(td_out *out, const tm_model *m)
{
    td_puts(out, "\"tiers\": [");
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        const tm_tier *tier = &m->tiers[t];
        td_puts(out, t ? ", {" : "{");
        put_text(out, "name", tier->name);
        td_puts(out, ", ");
        put_text(out, "model", tier->model);
        td_puts(out, ", ");
        put_value(out, "outcomes", tier->records);
        td_puts(out, ", ");
        put_value(out, "mean_score", tier->mean_score);
        if (tier->mean_cost >= 0) {
            td_puts(out, ", ");
            put_value(out, "mean_cost_usd", tier->mean_cost);
        }
        td_puts(out, ", ");
        put_value(out, "context_window", tier->context_window);
        td_puts(out, tier->no_tools ? ", \"tools\": false" : ", \"tools\": true");
        if (tier->prices.known)
            put_prices(out, &tier->prices);
        td_puts(out, "}");
    }
    td_puts(out, "]");
}

static void put_sources(td_out *out, const tm_model *m)
{
    td_puts(out, ", \"sources\": [");
    for (uint32_t i = 0; i < m->n_sources; i++) {
        td_puts(out, i ? ", {" : "{");
        put_text(out, "name", m->sources[i].name);
        td_puts(out, ", ");
        put_value(out, "records", m->sources[i].records);
        td_puts(out, ", \"level\": [");
        for (uint32_t t = 0; t < m->n_tiers; t++) {
            char text[40];
            snprintf(text, sizeof text, "%s%.6g", t ? ", " : "", m->sources[i].level[t]);
            td_puts(out, text);
        }
        td_puts(out, "]}");
    }
    td_puts(out, "]");
}

static void put_extractors(td_out *out)
{
    td_puts(out, ", \"extractors\": {");
    for (size_t i = 0; i < tf_extractor_count(); i++) {
        td_puts(out, i ? ", " : "");
        put_value(out, tf_extractor_name(i), tf_extractor_version(i));
    }
    td_puts(out, "}");
}

static void put_figures(td_out *out, const tm_digest *d)
{
    td_puts(out, ", \"figures\": [");
    for (uint32_t i = 0; i < d->n_figures; i++) {
        td_puts(out, i ? ", {" : "{");
        put_text(out, "name", d->figures[i].name);
        td_puts(out, ", ");
        put_value(out, "value", d->figures[i].value);
        if (d->figures[i].low <= d->figures[i].high) {
            td_puts(out, ", ");
            put_value(out, "low", d->figures[i].low);
            td_puts(out, ", ");
            put_value(out, "high", d->figures[i].high);
        }
        td_puts(out, "}");
    }
    td_puts(out, "]");
}

static void put_charges(td_out *out, const tm_model *m, const double *charge)
{
    if (!charge)
        return;
    td_puts(out, ", \"charge\": {");
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        td_puts(out, t ? ", " : "");
        put_value(out, m->tiers[t].name, charge[t]);
    }
    td_puts(out, "}");
}

static void put_points(td_out *out, const tm_model *m)
{
    td_puts(out, ", \"points\": [");
    for (uint32_t i = 0; i < m->n_points; i++) {
        td_puts(out, i ? ", {" : "{");
        put_text(out, "name", m->points[i].name);
        td_puts(out, ", ");
        put_text(out, "goal", m->points[i].goal);
        td_puts(out, ", ");
        put_value(out, "value_usd", m->points[i].value_usd);
        td_puts(out, ", ");
        put_value(out, "min_probability", m->points[i].min_probability);
        td_puts(out, ", ");
        put_value(out, "max_cost_usd", m->points[i].max_cost_usd);
        td_puts(out, ", ");
        put_value(out, "min_familiarity", m->points[i].min_familiarity);
        td_puts(out, ", ");
        put_text(out, "default_tier", m->tiers[m->points[i].default_tier].name);
        put_charges(out, m, m->points[i].charge);
        td_puts(out, "}");
    }
    td_puts(out, "]");
}

static bool print_json(const tm_model *m)
{
    td_out out = {0};
    char hash[40];
    for (size_t i = 0; i < sizeof m->digest.data_hash; i++)
        snprintf(hash + 2 * i, 3, "%02x", m->digest.data_hash[i]);
    td_puts(&out, "{");
    put_tiers(&out, m);
    td_puts(&out, ", ");
    put_value(&out, "bits", m->spec.bits);
    td_puts(&out, ", ");
    put_value(&out, "slots", m->weights.n_slots);
    td_puts(&out, ", ");
    put_value(&out, "rows", m->n_rows);
    put_extractors(&out);
    put_sources(&out, m);
    put_points(&out, m);
    td_puts(&out, ", \"training\": {");
    put_value(&out, "records", m->digest.records);
    td_puts(&out, ", ");
    put_value(&out, "seed", (double)m->digest.seed);
    td_puts(&out, ", ");
    put_text(&out, "created_by", m->digest.created_by);
    td_puts(&out, ", ");
    put_text(&out, "data", hash);
    put_figures(&out, &m->digest);
    td_puts(&out, "}, ");
    put_value(&out, "selftests", m->n_selftests);
    td_puts(&out, ", ");
    put_value(&out, "file_bytes", (double)m->file_bytes);
    td_puts(&out, "}\n");
    if (!out.failed)
        fwrite(out.at, 1, out.len, stdout);
    free(out.at);
    return !out.failed;
}

int cmd_inspect(int argc, char **argv)
{
    inspect_options o = {NULL, false};
    const int n = td_parse_options(&command, argc, argv, &o);
    if (n < 0)
        return n == -2 ? 0 : 2;
    if (n + (o.model != NULL) > 1) {
        fprintf(stderr, "tierce inspect: one model at a time\n");
        return 2;
    }
    tierce_router *router = open_model("tierce inspect", n ? argv[1] : o.model);
    if (!router)
        return 1;
    const tm_model *m = tierce_router_model(router);
    bool good;
    if (o.json) {
        good = print_json(m);
    } else {
        print_tiers(m);
        print_features(m);
        print_sources(m);
        print_rest(m);
        good = print_sections(m);
    }
    if (!good)
        fprintf(stderr, "tierce inspect: out of memory\n");
    tierce_router_close(router);
    return good ? 0 : 1;
}
