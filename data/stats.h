/* What is in a set of records: counts, outcomes and means per tier, by source and by workload. */
#ifndef TIERCE_STATS_H
#define TIERCE_STATS_H

#include "data/each.h"
#include "data/names.h"
#include "data/text_out.h"

/* One tier within one group of records. */
typedef struct {
    uint64_t outcomes, cost, input, output, latency; /* how many there are of each */
    double score, score2, cost_sum, input_sum, output_sum, latency_sum;
} td_tier_stats;

typedef struct {
    uint64_t records;
    td_tier_stats *tier; /* per number of `tiers` */
    size_t room;
} td_group_stats;

typedef struct {
    td_names tiers, sources, workloads;
    td_group_stats all, *by_source, *by_workload;
    size_t room_source, room_workload;
    struct td_length *lengths;
    uint64_t records, with_tools, with_system, several_turns, room_lengths, bad;
    double messages;
} td_stats;

/* Zero *stats first. False with *error filled; free in either case. */
bool td_stats_read(td_stats *stats, td_files *files, td_error *error);
void td_stats_text(td_stats *stats, td_out *out);
void td_stats_json(td_stats *stats, td_out *out);
void td_stats_free(td_stats *stats);

#endif
