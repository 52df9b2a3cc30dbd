/* tierce features: a request's vector, by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/record.h"
#include "data/text_out.h"
#include "features/extract.h"
#include "infer/commands.h"
#include "infer/router_state.h"

typedef struct {
    const char *model, *request, *block;
    bool json, list;
} features_options;

static const td_option options[] = {
    {"model", 'm', TD_STRING, offsetof(features_options, model), 0, 0, "FILE",
     "show this model's weights beside (default: none)"},
    {"request", 'r', TD_STRING, offsetof(features_options, request), 0, 0, "FILE",
     "a request as JSON; - is standard input"},
    {"block", 'b', TD_STRING, offsetof(features_options, block), 0, 0, "NAME",
     "only this block (word, pair, named, ...)"},
    {"json", 0, TD_FLAG, offsetof(features_options, json), 0, 0, NULL, "one JSON object a feature"},
    {"list", 0, TD_FLAG, offsetof(features_options, list), 0, 0, NULL,
     "list the extractors, blocks and named features instead"},
};

static const td_command command = {
    "tierce features [OPTION...] [PROMPT...]",
    "Prints the features of a prompt (the arguments) or a request (--request FILE): block, value, name.",
    options, sizeof options / sizeof *options, NULL};

static int list_all(void)
{
    printf("extractors\n");
    for (size_t i = 0; i < tf_extractor_count(); i++)
        printf("  %-12s v%u  %s\n", tf_extractor_name(i), tf_extractor_version(i), tf_extractor_help(i));
    printf("blocks\n");
    for (unsigned b = 0; b < TF_BLOCKS; b++)
        printf("  %-12s %s\n", tf_block_name(b), tf_block_help(b));
    printf("named features\n");
    for (unsigned i = 0; i < TF_N_COUNT; i++)
        printf("  %-28s %s\n", tf_named_name(i), tf_named_help(i));
    return 0;
}

typedef struct {
    const features_options *o;
    const tf_vector *counts; /* of the same request, from a first pass */
    const tf_spec *spec;
    const tierce_router *router;
    td_out out;
} printer;

static void put_weights(printer *p, const tf_entry *entry)
{
    char text[64];
    const tm_model *m = tierce_router_model(p->router);
    const uint32_t slot = tm_weights_slot(&m->weights, entry->index);
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        const uint32_t r = m->row_of[TM_ROW_FAMILIAR][t];
        const double w = slot == UINT32_MAX ? 0
                                            : (double)m->rows[r].scale[entry->block] *
                                                  tm_weights_of(&m->weights, slot)[r];
        if (p->o->json)
            snprintf(text, sizeof text, ", \"w%u\": %.6g", t, w);
        else
            snprintf(text, sizeof text, "  %+9.4f", w);
        td_puts(&p->out, text);
    }
}

static void print_one(void *context, const tf_entry *entry, const char *name, size_t len)
{
    printer *p = context;
    char text[96];
    const char *block = tf_block_name(entry->block);
    const double value = tf_unit(p->spec, p->counts, entry->block) * entry->level;
    if (p->o->block && strcmp(p->o->block, block))
        return;
    if (p->o->json) {
        snprintf(text, sizeof text, "{\"block\": \"%s\", \"index\": %u, \"value\": %.6g", block,
                 entry->index, value);
        td_puts(&p->out, text);
        if (p->router)
            put_weights(p, entry);
        td_puts(&p->out, ", \"name\": ");
        td_put_json(&p->out, name, len);
        td_puts(&p->out, "}\n");
        return;
    }
    snprintf(text, sizeof text, "%-8s %8.4f", block, value);
    td_puts(&p->out, text);
    if (p->router)
        put_weights(p, entry);
    td_puts(&p->out, "  ");
    for (size_t i = 0; i < len; i++)
        td_put(&p->out, (unsigned char)name[i] < 0x20 || name[i] == 0x7f ? "." : name + i, 1);
    td_puts(&p->out, "\n");
}

static int print_vector(const features_options *o, const tierce_router *router, const tierce_request *request)
{
    tf_spec spec;
    tf_spec_default(&spec);
    if (router)
        spec = tierce_router_model(router)->spec;
    tf_features *features = malloc(sizeof *features);
    void *first = calloc(1, tf_state_size(&spec)), *second = calloc(1, tf_state_size(&spec));
    int status = 1;
    if (features && first && second && tf_features_open(features, &spec)) {
        printer p = {o, tf_extract(features, tf_state_init(first, &spec), request, NULL, NULL), &spec,
                     router, {0}};
        tf_extract(features, tf_state_init(second, &spec), request, print_one, &p);
        status = p.out.failed ? 1 : 0;
        if (!status)
            fwrite(p.out.at, 1, p.out.len, stdout);
        free(p.out.at);
    }
    if (status)
        fprintf(stderr, "tierce features: out of memory\n");
    free(features);
    free(first);
    free(second);
    return status;
}

static bool known_block(const char *name)
{
    for (unsigned b = 0; name && b < TF_BLOCKS; b++)
        if (!strcmp(name, tf_block_name(b)))
            return true;
    return !name;
}

int cmd_features(int argc, char **argv)
{
    features_options o = {0};
    const int words = td_parse_options(&command, argc, argv, &o);
    td_request parsed = {0};
    td_record record;
    tierce_part part;
    size_t len = 0;
    if (words < 0)
        return words == -2 ? 0 : 2;
    if (o.list && !words && !o.request && !o.block && !o.json && !o.model)
        return list_all();
    if (!known_block(o.block) || o.list || (o.request && words) || (!o.request && !words)) {
        fprintf(stderr, "tierce features: %s\n", !known_block(o.block) ? "unknown block; see tierce features --list"
                                                 : o.list ? "--list stands alone"
                                                          : "give a prompt, or --request FILE");
        return 2;
    }
    tierce_router *router = o.model ? open_model("tierce features", o.model) : NULL;
    if (o.model && !router)
        return 1;
    int status = 1;
    const char *what;
    size_t where;
    char *text = words ? join_words(argv + 1, words, &len) : read_input(o.request, &len);
    if (!text) {
        fprintf(stderr, "tierce features: %s: cannot be read (or is over 1 GiB)\n", words ? "the prompt" : o.request);
    } else if (words) {
        const tierce_request request = tierce_request_of_prompt(&part, text, len);
        status = print_vector(&o, router, &request);
    } else if (td_parse_line(&parsed, NULL, &record, text, len, TD_WANT_REQUESTS, &what, &where)) {
        status = print_vector(&o, router, record.request);
    } else {
        fprintf(stderr, "tierce features: %s: byte %zu: %s\n", o.request, where + 1, what);
    }
    free(text);
    td_request_free(&parsed);
    tierce_router_close(router);
    return status;
}
