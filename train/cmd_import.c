/* tierce import: what harnesses and gateways wrote becomes records. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/import.h"
#include "data/import/rename.h"
#include "data/nearest.h"
#include "data/options.h"
#include "data/writer.h"
#include "train/commands.h"

typedef struct {
    const char *output, *report, *duplicates, *score_range, *temporary;
    td_import_settings set;
    bool quiet;
} import_options;

#define TEXT(name, field, value, help) \
    {name, 0, TD_STRING, offsetof(import_options, field), 0, 0, value, help}

static const td_option options[] = {
    {"output", 'o', TD_STRING, offsetof(import_options, output), 0, 0, "FILE",
     "records to write, packed where it ends in .gz; -: standard output (required)"},
    TEXT("source", set.source, "NAME", "the records' source (default: what the format says)"),
    TEXT("workload", set.workload, "NAME", "the records' workload"),
    TEXT("rename", set.rename, "OLD=NEW,..", "call models otherwise; a=b,b=b joins a to a model that is called b already"),
    TEXT("duplicates", duplicates, "HOW",
         "unlike outcomes of one request, model and trial: average (default), first, error"),
    TEXT("score-range", score_range, "LOW:HIGH", "map scores from this range to 0..1 (default 0:1); one outside of the range given is a damaged row"),
    {"keep-unscored", 0, TD_FLAG, offsetof(import_options, set.keep_unscored), 0, 0, NULL,
     "keep requests that no one scored: traffic to route, not to learn from"},
    {"max-bad", 0, TD_COUNT, offsetof(import_options, set.max_bad), 0, 1e15, "N",
     "skip up to N damaged rows (default 0: stop at the first)"},
    TEXT("report", report, "FILE", "also write the report, as JSON"),
    TEXT("temporary", temporary, "DIR", "for what does not fit into memory (default: the output's folder)"),
    {"quiet", 'q', TD_FLAG, offsetof(import_options, quiet), 0, 0, NULL, "no report on standard error"},
    TEXT("metric", set.metric, "NAME", "which of several metrics is the score"),
    TEXT("filter", set.filter, "NAME", "lm-eval: which filter's answer counts"),
    TEXT("scorer", set.scorer, "NAME", "inspect: which of several scorers"),
    TEXT("model", set.model, "NAME", "the model, where the files do not say it"),
    TEXT("prompts", set.prompts, "PATH", "file or folder of what the results lack: task statements, batch input"),
    TEXT("scores", set.scores, "FILE", "traffic: scores by id, JSONL {\"id\", \"score\"} or CSV"),
    TEXT("delimiter", set.delimiter, "C", "csv: between cells (default: guessed)"),
    TEXT("prompt-column", set.prompt_field, "NAME", "csv: the column of the prompt"),
    TEXT("score-columns", set.score_fields, "A,B", "csv: the columns of the models' scores (default: guessed)"),
    TEXT("id-column", set.id_field, "NAME", "csv: the column of the id"),
    TEXT("prompt-field", set.prompt_field, "POINTER", "generic: JSON pointer to the prompt, for example /input/text"),
    TEXT("messages-field", set.messages_field, "POINTER", "generic: to the messages"),
    TEXT("tools-field", set.tools_field, "POINTER", "generic: to the tool definitions"),
    TEXT("id-field", set.id_field, "POINTER", "generic: to the id"),
    TEXT("model-field", set.model_field, "POINTER", "generic: to the model's name"),
    TEXT("score-field", set.score_field, "POINTER", "generic: to the score"),
    TEXT("score-fields", set.score_fields, "MODEL=POINTER,..", "generic: to the scores of several models"),
    TEXT("cost-field", set.cost_field, "POINTER", "generic: to the cost in USD"),
    TEXT("input-field", set.input_field, "POINTER", "generic: to the input tokens"),
    TEXT("output-field", set.output_field, "POINTER", "generic: to the output tokens"),
    TEXT("latency-field", set.latency_field, "POINTER", "generic: to the latency in seconds"),
    TEXT("source-field", set.source_field, "NAME", "csv, generic: column or pointer of the source"),
    TEXT("workload-field", set.workload_field, "NAME", "csv, generic: column or pointer of the workload"),
};

static const td_command command = {
    "tierce import [FORMAT] FILE... -o RECORDS [OPTION...]",
    "Makes records of what evaluation harnesses and gateways wrote: files, or folders of them. The format\n"
    "is recognised where it is not named. Files of several models join on the harness's own keys.",
    options, sizeof options / sizeof *options,
    "exit status: 0 written, 1 could not (nothing is written), 2 wrong usage\n"
    "formats: tierce import --formats"};

static bool read_duplicates(const char *text, td_duplicates *mode)
{
    static const char *const names[] = {"average", "first", "error"};
    for (unsigned i = 0; text && i < 3; i++)
        if (!strcmp(text, names[i])) {
            *mode = (td_duplicates)(TD_DUPLICATES_AVERAGE + i);
            return true;
        }
    if (text) {
        const char *near = td_nearest(text, names, 3);
        fprintf(stderr, "tierce import: --duplicates %.60s: must be average, first or error%s%s%s\n", text,
                near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    return !text;
}

static bool read_range(const char *text, double *low, double *high)
{
    char *end;
    *low = 0;
    *high = 1;
    if (!text)
        return true;
    *low = strtod(text, &end);
    if (end != text && *end == ':') {
        const char *second = end + 1;
        *high = strtod(second, &end);
        if (end != second && !*end && *high > *low && *high - *low < 1e300)
            return true;
    }
    fprintf(stderr, "tierce import: --score-range %.60s: must be LOW:HIGH, for example 0:100\n", text);
    return false;
}

/* An empty value is a variable of a script that was not set, never a wish; an empty model would be every model. */
static bool read_renames(const char *text)
{
    td_renames pairs = {NULL, 0};
    td_error error;
    const bool good = td_renames_read(&pairs, text, &error);
    td_renames_free(&pairs);
    if (!good)
        fprintf(stderr, "tierce import: %s\n", error.text);
    return good;
}

static void list_formats(FILE *out)
{
    for (size_t i = 0; i < td_n_importers; i++)
        fprintf(out, "  %-16s %s\n", td_importers[i]->name, td_importers[i]->title);
}

/* Is the first operand a format's name? A file of that name goes before. */
static int take_format(int n, char **argv, td_import_job *job)
{
    td_error error;
    const char *word = argv[1];
    FILE *f = fopen(word, "rb");
    if (f) {
        fclose(f);
        return 0;
    }
    if (td_importer_named(word, &error)) {
        job->format = word;
        return 1;
    }
    if (strchr(word, '/') || strchr(word, '.') || (n == 1 && !strstr(error.text, "did you mean")))
        return 0; /* a file, of which it will be said that it is not there */
    fprintf(stderr, n == 1 ? "tierce import: no file \"%.60s\", and %s\n" : "tierce import: %.0s%s\n", word, error.text);
    return -1;
}

static bool write_report(const char *path, const td_import_report *report)
{
    td_out out = {0};
    td_report_json(report, &out);
    td_error error = {"out of memory"};
    const bool good = !out.failed && td_write_file(path, out.at, out.len, &error);
    if (!good)
        fprintf(stderr, "tierce import: cannot write the report: %s\n", error.text);
    free(out.at);
    return good;
}

static int run(const td_import_job *job, const import_options *o)
{
    td_import_report report = {0};
    td_error error = {""};
    td_out out = {0};
    bool good = td_import(job, &report, &error);
    const bool told = report.format != NULL;
    if (told && (!o->quiet || !good))
        td_report_text(&report, &out);
    else if (told)
        td_report_warning(&report, &out);
    if (out.len && !out.failed)
        fwrite(out.at, 1, out.len, stderr);
    free(out.at);
    if (!good)
        fprintf(stderr, "tierce import: %s\n", error.text);
    if (o->report && told && !write_report(o->report, &report))
        good = false;
    td_report_free(&report);
    return good ? 0 : 1;
}

int cmd_import(int argc, char **argv)
{
    import_options o = {0};
    td_import_job job = {0};
    if (argc == 2 && !strcmp(argv[1], "--formats")) {
        list_formats(stdout);
        return 0;
    }
    const int n = td_parse_options(&command, argc, argv, &o);
    if (n < 0)
        return n == -2 ? 0 : 2;
    if (!td_no_empty_text(&command, &o) || !read_duplicates(o.duplicates, &o.set.duplicates) ||
        !read_renames(o.set.rename) || !read_range(o.score_range, &o.set.score_low, &o.set.score_high))
        return 2;
    const int used = n ? take_format(n, argv, &job) : 0;
    if (used < 0)
        return 2;
    if (n - used < 1 || !o.output) {
        fprintf(stderr, "tierce import: %s; see --help\n",
                n - used < 1 ? "which files? It reads these formats" : "-o RECORDS names the file to write");
        if (n - used < 1)
            list_formats(stderr);
        return 2;
    }
    job.paths = (const char *const *)(argv + 1 + used);
    job.n_paths = (size_t)(n - used);
    job.output = o.output;
    job.temporary = o.temporary;
    job.settings = o.set;
    job.settings.score_said = o.score_range != NULL;
    job.report = o.report;
    if (o.report && !strcmp(o.report, o.output)) {
        fprintf(stderr, "tierce import: --output and --report name one file; give each its own\n");
        return 2;
    }
    return run(&job, &o);
}
