/* tierce data sample, split, merge and export: they write records or what others take. */
#include <stdio.h>
#include <string.h>

#include "data/export.h"
#include "data/merge.h"
#include "data/nearest.h"
#include "data/select.h"
#include "data/writer.h"
#include "train/cmd_data.h"

static int refuse(const char *name, const char *what)
{
    fprintf(stderr, "tierce data %s: %s; see --help\n", name, what);
    return 2;
}

/* ---- sample ---- */

typedef struct {
    td_sample_options sample;
    uint64_t max_bad;
    const char *output;
} sample_options;

static const td_option sample_list[] = {
    {"n", 'n', TD_COUNT, offsetof(sample_options, sample.n), 1, 1e15, "N", "this many records"},
    {"share", 0, TD_NUMBER, offsetof(sample_options, sample.share), 1e-9, 1, "P", "this share of them"},
    {"seed", 0, TD_COUNT, offsetof(sample_options, sample.seed), 0, 4294967295.0, "N", "seed (default 1)"},
    DATA_OUTPUT(sample_options),
    DATA_MAX_BAD(sample_options),
};

static const td_command sample_command = {
    "tierce data sample [OPTION...] (--n N | --share P) RECORDS...",
    "Takes a sample that keeps each source's share, in the records' order and with their bytes. The same\n"
    "seed takes the same ids, whatever the order of the lines. Files are read twice.",
    sample_list, sizeof sample_list / sizeof *sample_list, "exit status: 0 written, 1 not, 2 wrong usage"};

/* A sample or an export in the place of the records would be all that is left of them, and a merge by mistake cannot be
 * undone. */
static bool spares(const char *name, const char *output, const td_files *files)
{
    td_error error;
    if (td_writer_spares(output, files->paths, files->n_paths, &error))
        return true;
    fprintf(stderr, "tierce data %s: %s\n", name, error.text);
    return false;
}

int data_sample(int argc, char **argv)
{
    sample_options o = {{0, 0, 1}, 0, "-"};
    td_files files;
    td_error error;
    td_out report = {0};
    const int n = data_parse(&sample_command, argc, argv, &o, &files);
    if (n < 0)
        return data_usage(n);
    if (!o.sample.n == !(o.sample.share > 0))
        return refuse("sample", "give one of --n N and --share P");
    if (!spares("sample", o.output, &files))
        return 1;
    files.max_bad = o.max_bad;
    const bool good = td_sample(&files, &o.sample, o.output, &report, &error);
    return data_done("sample", good, &files, &report, o.output, &error);
}

/* ---- split ---- */

typedef struct {
    const char *shares, *output;
    uint64_t folds, max_bad;
    double near;
    bool by_source;
} split_options;

static const td_option split_list[] = {
    {"shares", 0, TD_STRING, offsetof(split_options, shares), 0, 0, "A/B",
     "train/test or train/dev/test (default 80/20)"},
    {"folds", 0, TD_COUNT, offsetof(split_options, folds), 2, TD_MAX_SIDES, "K", "K folds instead"},
    {"by-source", 0, TD_FLAG, offsetof(split_options, by_source), 0, 0, NULL,
     "keep sources whole: test on sources that were not trained on"},
    {"near", 0, TD_NUMBER, offsetof(split_options, near), 0, 1, "LIKENESS",
     "count near-duplicates across sides from here (default 0.8; 0: do not look)"},
    {"output", 'o', TD_STRING, offsetof(split_options, output), 0, 0, "NAME",
     "NAME-train.jsonl, NAME-test.jsonl …; NAME.jsonl.gz packs them (needed)"},
    DATA_MAX_BAD(split_options),
};

static const td_command split_command = {
    "tierce data split [OPTION...] -o NAME RECORDS...",
    "Splits records in their order and with their bytes. The side is crc32(id) mod the sum of the shares in\n"
    "lowest terms: with 80/20, test is the last of five folds. Equal requests (but for white space) never\n"
    "stand on two sides: they go where the least crc32 among them goes; with --by-source, sources that\n"
    "share a request go together. Near-duplicates across sides are counted, not moved: MinHash of\n"
    "three-word runs, 128 minima, 16 bands of 8. Files are read twice.",
    split_list, sizeof split_list / sizeof *split_list, "exit status: 0 written, 1 not, 2 wrong usage"};

int data_split(int argc, char **argv)
{
    split_options o = {NULL, NULL, 0, 0, 0.8, false};
    td_split_options split = {.n = 0};
    td_files files;
    td_error error;
    td_out report = {0};
    const int n = data_parse(&split_command, argc, argv, &o, &files);
    if (n < 0)
        return data_usage(n);
    if (!o.output || !strcmp(o.output, "-"))
        return refuse("split", "-o NAME names the files to write");
    if (o.folds && o.shares)
        return refuse("split", "give one of --shares and --folds");
    if (!o.folds && !td_parse_shares(o.shares ? o.shares : "80/20", &split))
        return refuse("split", "--shares is 80/20, 70/15/15 and their kin: whole numbers of at least 1");
    for (uint32_t i = 0; i < (uint32_t)o.folds; i++)
        split.share[i] = 1;
    split.n = o.folds ? (uint32_t)o.folds : split.n;
    split.folds = o.folds > 0;
    split.by_source = o.by_source;
    split.near = o.near;
    files.max_bad = o.max_bad;
    const bool good = td_split(&files, &split, o.output, &report, &error);
    return data_done("split", good, &files, &report, NULL, &error);
}

/* ---- merge ---- */

typedef struct {
    const char *prefer, *output;
    uint64_t max_bad;
} merge_options;

static const td_option merge_list[] = {
    {"prefer", 0, TD_STRING, offsetof(merge_options, prefer), 0, 0, "WHICH",
     "where outcomes differ: first, last or mean (default: refuse)"},
    DATA_OUTPUT(merge_options),
    DATA_MAX_BAD(merge_options),
};

static const td_command merge_command = {
    "tierce data merge [OPTION...] -o FILE RECORDS...",
    "Joins records by id: the outcomes of all come together in the line where the id first stood; the rest\n"
    "of that line keeps its bytes. Two unlike outcomes of one tier are a conflict; one id with two\n"
    "different requests is refused. Files are read twice.",
    merge_list, sizeof merge_list / sizeof *merge_list, "exit status: 0 written, 1 not, 2 wrong usage"};

static bool read_prefer(const char *text, td_prefer *prefer)
{
    static const char *const names[] = {"first", "last", "mean"};
    static const td_prefer values[] = {TD_FIRST, TD_LAST, TD_MEAN};
    for (size_t i = 0; i < 3; i++)
        if (!strcmp(text, names[i])) {
            *prefer = values[i];
            return true;
        }
    const char *near = td_nearest(text, names, 3);
    fprintf(stderr, "tierce data merge: --prefer %.40s: did you mean %s?\n", text, near ? near : "first, last or mean");
    return false;
}

int data_merge(int argc, char **argv)
{
    merge_options o = {NULL, "-", 0};
    td_prefer prefer = TD_REFUSE;
    td_files files;
    td_error error;
    td_merge_report r;
    td_out report = {0};
    char text[300];
    const int n = data_parse(&merge_command, argc, argv, &o, &files);
    if (n < 0)
        return data_usage(n);
    if (o.prefer && !read_prefer(o.prefer, &prefer))
        return 2;
    if (!spares("merge", o.output, &files))
        return 1;
    files.max_bad = o.max_bad;
    const bool good = td_merge(&files, prefer, o.output, &r, &error);
    if (good) {
        snprintf(text, sizeof text,
                 "%llu line%s became %llu record%s: %llu outcome%s added, %llu given again alike, %llu conflict%s%s%s\n",
                 (unsigned long long)r.lines, td_s(r.lines), (unsigned long long)r.records, td_s(r.records),
                 (unsigned long long)r.added, td_s(r.added), (unsigned long long)r.same,
                 (unsigned long long)r.conflicts, td_s(r.conflicts), r.conflicts ? ", settled by --prefer " : "",
                 r.conflicts ? o.prefer : "");
        td_puts(&report, text);
        if (r.filled) {
            snprintf(text, sizeof text, "%llu source%s or workload%s that the first line lacked came from another line\n",
                     (unsigned long long)r.filled, td_s(r.filled), td_s(r.filled));
            td_puts(&report, text);
        }
        if (r.contrary) {
            snprintf(text, sizeof text, "warning: %llu source%s or workload%s unlike the first line's, which stay%s; first ",
                     (unsigned long long)r.contrary, td_s(r.contrary), td_s(r.contrary), r.contrary == 1 ? "s" : "");
            td_puts(&report, text);
            td_puts(&report, r.first_contrary);
            td_puts(&report, "\n");
        }
    }
    return data_done("merge", good, &files, &report, o.output, &error);
}

/* ---- export ---- */

typedef struct {
    const char *model, *output, *out_dir;
    uint64_t max_bad;
    bool csv, batch;
} export_options;

static const td_option export_list[] = {
    {"csv", 0, TD_FLAG, offsetof(export_options, csv), 0, 0, NULL, "a wide table, one row a record"},
    {"batch", 0, TD_FLAG, offsetof(export_options, batch), 0, 0, NULL, "OpenAI batch lines"},
    {"model", 0, TD_STRING, offsetof(export_options, model), 0, 0, "ID", "with --batch: \"model\" of every request line"},
    {"out-dir", 0, TD_STRING, offsetof(export_options, out_dir), 0, 0, "DIR",
     "with --batch: requests, answers and scores into a new folder, which tierce import reads back"},
    DATA_OUTPUT(export_options),
    DATA_MAX_BAD(export_options),
};

static const td_command export_command = {
    "tierce data export [OPTION...] (--csv | --batch) RECORDS...",
    "--csv: id, source, workload, prompt, messages, tools, and per tier TIER, TIER|total_cost,\n"
    "and TIER|input_tokens, |output_tokens, |latency_s and their kin as far as known, |trials where an\n"
    "outcome is the mean of several; `tierce import csv` reads it back. A request of one user text stands in\n"
    "`prompt`; others stand as JSON in `messages` and `tools`. --batch: the requests as OpenAI batch lines,\n"
    "for a provider or for tierce score --batch;\n"
    "with --out-dir DIR everything: in.jsonl, out-TIER.jsonl with the tokens, scores.jsonl with the rest.\n"
    "What a shape cannot carry is counted.",
    export_list, sizeof export_list / sizeof *export_list, "exit status: 0 written, 1 not, 2 wrong usage"};

int data_export(int argc, char **argv)
{
    export_options o = {NULL, NULL, NULL, 0, false, false};
    td_files files;
    td_error error;
    td_export_report r;
    td_out report = {0};
    char text[500];
    const int n = data_parse(&export_command, argc, argv, &o, &files);
    if (n < 0)
        return data_usage(n);
    if (o.csv == o.batch)
        return refuse("export", "give one of --csv and --batch");
    if (o.csv && o.model)
        return refuse("export", "--model belongs to --batch");
    if (o.out_dir && (o.csv || o.output))
        return refuse("export", "--out-dir belongs to --batch, and stands instead of --output");
    o.output = o.output || o.out_dir ? o.output : "-";
    if (!spares("export", o.output, &files))
        return 1;
    files.max_bad = o.max_bad;
    const bool good = o.csv       ? td_export_csv(&files, o.output, &r, &error)
                      : o.out_dir ? td_export_batch_folder(&files, o.model, o.out_dir, &r, &error)
                                  : td_export_batch(&files, o.model, o.output, &r, &error);
    if (good) {
        snprintf(text, sizeof text, "%llu record%s exported", (unsigned long long)r.records, td_s(r.records));
        td_puts(&report, text);
        if (o.out_dir) {
            snprintf(text, sizeof text, " into %.200s: in.jsonl, the answers of %llu tier%s, scores.jsonl", o.out_dir,
                     (unsigned long long)r.files, td_s(r.files));
            td_puts(&report, text);
        }
        if (r.as_json) {
            snprintf(text, sizeof text, ", %llu of them with messages or tools as JSON in a cell",
                     (unsigned long long)r.as_json);
            td_puts(&report, text);
        }
        if (r.lost) {
            snprintf(text, sizeof text, "; %llu member%s no place in this shape, first %s%s",
                     (unsigned long long)r.lost, r.lost == 1 ? " has" : "s have", r.first,
                     o.batch && !o.out_dir ? " (--out-dir DIR has one for source, workload and outcomes)" : "");
            td_puts(&report, text);
        }
        td_puts(&report, "\n");
    }
    return data_done("export", good, &files, &report, o.output, &error);
}
