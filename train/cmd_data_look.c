/* tierce data stats and check: they only read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/check.h"
#include "data/stats.h"
#include "train/cmd_data.h"

typedef struct {
    uint64_t max_bad;
    bool json;
} stats_options;

static const td_option stats_list[] = {
    {"json", 0, TD_FLAG, offsetof(stats_options, json), 0, 0, NULL, "as JSON"},
    DATA_MAX_BAD(stats_options),
};

static const td_command stats_command = {
    "tierce data stats [OPTION...] RECORDS...",
    "Records, tiers, outcomes and means, by source and by workload: how many outcomes are missing, how\n"
    "many have a cost, tokens and seconds where recorded, the lengths of requests. +- is 1.96 standard\n"
    "errors of the mean score.",
    stats_list, sizeof stats_list / sizeof *stats_list, "exit status: 0 done, 1 not, 2 wrong usage"};

int data_stats(int argc, char **argv)
{
    stats_options o = {0, false};
    td_files files;
    td_stats stats;
    td_error error;
    td_out out = {0};
    const int n = data_parse(&stats_command, argc, argv, &o, &files);
    if (n < 0)
        return data_usage(n);
    files.max_bad = o.max_bad;
    memset(&stats, 0, sizeof stats);
    const bool good = td_stats_read(&stats, &files, &error) && td_some_records(stats.records, &error);
    if (good && o.json)
        td_stats_json(&stats, &out);
    else if (good)
        td_stats_text(&stats, &out);
    files.bad = 0; /* the report has it */
    td_stats_free(&stats);
    return data_done("stats", good, &files, &out, NULL, &error);
}

typedef struct {
    const char *tiers;
    double near;
} check_options;

static const td_option check_list[] = {
    {"tiers", 0, TD_STRING, offsetof(check_options, tiers), 0, 0, "LIST",
     "tiers.json or A,B: outcomes must belong to one of these tiers"},
    {"near", 0, TD_NUMBER, offsetof(check_options, near), 0, 1, "LIKENESS",
     "near-duplicates share this much (default 0.8; 0: do not look)"},
};

static const td_command check_command = {
    "tierce data check [OPTION...] RECORDS...",
    "Looks for what spoils learning. Faults: lines that cannot be read (scores outside 0..1 among them),\n"
    "one id twice, a key twice in one object, outcomes of unknown tiers. Warnings: one request under\n"
    "several ids, other scores for it, near-duplicates, requests without a word, tiers without outcomes,\n"
    "costs not known, token counts that are parts and more than the whole. Each with its count and first place.",
    check_list, sizeof check_list / sizeof *check_list,
    "exit status: 0 nothing found, 1 faults (or a file that cannot be read), 2 wrong usage, 3 warnings only"};

static int report_check(const td_findings *found, uint64_t records)
{
    td_out out = {0};
    const uint64_t faults = td_count_faults(found), warnings = td_count_warnings(found);
    printf("%llu record%s read: %llu fault%s, %llu warning%s\n", (unsigned long long)records, td_s(records),
           (unsigned long long)faults, td_s(faults), (unsigned long long)warnings, td_s(warnings));
    td_findings_text(found, &out);
    if (out.len)
        fwrite(out.at, 1, out.len, stdout);
    free(out.at);
    if (found->failed || out.failed) {
        fprintf(stderr, "tierce data check: more was found than is listed\n");
        return 1;
    }
    if (!records && !faults) {
        fprintf(stderr, "tierce data check: no records in the input: nothing to learn from\n");
        return 1;
    }
    return faults ? 1 : warnings ? 3 : 0;
}

int data_check(int argc, char **argv)
{
    check_options o = {NULL, 0.8};
    td_files files;
    td_error error;
    td_tiers tiers;
    td_findings found = {0};
    uint64_t records = 0;
    const int n = data_parse(&check_command, argc, argv, &o, &files);
    if (n < 0)
        return data_usage(n);
    if (o.tiers && !td_tiers_load(&tiers, o.tiers, &error)) {
        fprintf(stderr, "tierce data check: %s\n", error.text);
        return 1;
    }
    const td_check_options options = {o.tiers ? &tiers : NULL, o.near};
    int status = 1;
    if (td_check(&files, &options, &found, &records, &error))
        status = report_check(&found, records);
    else
        fprintf(stderr, "tierce data check: %s\n", error.text);
    td_findings_free(&found);
    if (o.tiers)
        td_tiers_free(&tiers);
    return status;
}
