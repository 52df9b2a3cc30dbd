#include "data/import/import.h"

#include <stddef.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "data/import/choices.h"
#include "data/import/sink_in.h"
#include "data/import/walk.h"
#include "data/starved.h"

#define MEMORY ((size_t)12 << 20)

typedef struct {
    const td_import_job *job;
    td_import_report *report;
    td_error *error;
    td_files files;
    td_claim *claims; /* files.n rows of td_n_importers */
    char *head_room;
    const td_importer *importer;
} work;

static td_claim *claims_of(const work *w, size_t file)
{
    return w->claims + file * td_n_importers;
}

/* Every importer's claim on every file. What cannot be read at all is an error where it was named, and
 * passed over in a folder. */
static bool probe(work *w)
{
    w->claims = calloc(w->files.n ? w->files.n : 1, td_n_importers * sizeof *w->claims);
    w->head_room = malloc(TD_HEAD_BYTES);
    if (!w->claims || !w->head_room)
        return td_fail(w->error, "out of memory");
    for (size_t f = 0; f < w->files.n; f++) {
        td_head head;
        head.by_name = w->files.at[f].by_name;
        const td_head_status status = td_head_read(&head, w->files.at[f].path, w->head_room, w->error);
        if (status == TD_HEAD_BROKEN || (status == TD_HEAD_REFUSED && head.by_name))
            return false;
        if (!head.len && head.by_name)
            return td_fail(w->error, "%.300s: the file is empty", head.path);
        if (!head.len && status == TD_HEAD_OK)
            td_report_problem(w->report, TD_NOTE, "empty files were passed over: did what should write them end early?", f, head.path, 0, NULL);
        if (status == TD_HEAD_REFUSED) {
            td_report_problem(w->report, TD_NOTE, "files of a kind that is never read were passed over", f,
                              head.path, 0, w->error->text);
            continue;
        }
        for (size_t i = 0; i < td_n_importers; i++)
            claims_of(w, f)[i] = head.len ? td_importers[i]->probe(&head) : TD_NOT_MINE;
    }
    return true;
}

/* Some file that an importer claims at least so much, or NULL. */
static const char *claimed(const work *w, size_t importer, td_claim least)
{
    for (size_t f = 0; f < w->files.n; f++)
        if (claims_of(w, f)[importer] >= least)
            return w->files.at[f].path;
    return NULL;
}

static bool ambiguous(const work *w, const size_t *found, size_t n)
{
    char list[TD_ERROR_ROOM - 100];
    size_t used = 0;
    list[0] = 0;
    for (size_t i = 0; i < n && used < sizeof list - 1; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s (%.120s)", i ? " or " : "",
                                 td_importers[found[i]]->name, claimed(w, found[i], TD_PERHAPS));
    return td_fail(w->error, "these could be %s; say which: tierce import FORMAT FILES…", list);
}

/* tierce's own: what import makes, what score makes of it. */
static bool refuse_own(work *w)
{
    for (size_t f = 0; f < w->files.n; f++) {
        td_head head = {.by_name = true};
        td_error ignored;
        const char *path = w->files.at[f].path;
        if (td_head_read(&head, path, w->head_room, &ignored) != TD_HEAD_OK)
            continue;
        const bool request = td_head_has(&head, "prompt") || td_head_has(&head, "messages");
        if (request && td_head_has_all(&head, "id outcomes"))
            return !td_fail(w->error, "%.300s: these are tierce's records already and need no import: tierce data stats and check "
                                      "look at them, tierce train and eval read them as they are, tierce data merge joins several "
                                      "files", path);
        if (request && td_head_has_all(&head, "id usage") && !td_head_has(&head, "model"))
            return !td_fail(w->error, "%.300s: these are tierce's records already, of requests without outcomes: tierce score and "
                                      "route read them as they are", path);
        if (td_head_has_all(&head, "tier p reason"))
            return !td_fail(w->error, "%.300s: these are decisions that tierce score wrote; import the harness's files, or the "
                                      "log of tierce serve", path);
    }
    return false;
}

static bool recognise(work *w)
{
    size_t found[64], n = 0;
    for (td_claim least = TD_MINE; !n && least >= TD_PERHAPS; least--)
        for (size_t i = 0; i < td_n_importers && n < 64; i++)
            if (claimed(w, i, least))
                found[n++] = i;
    if (n > 1)
        return ambiguous(w, found, n);
    if (n == 1) {
        w->importer = td_importers[found[0]];
        return true;
    }
    const char *first = w->files.n ? w->files.at[0].path : "?";
    if (refuse_own(w))
        return false;
    for (size_t i = 0; i < td_n_importers; i++)
        if (claimed(w, i, TD_COMPANION))
            return td_fail(w->error, "%.200s: belongs to %s results, but the results themselves are not "
                                     "among the files; name their folder",
                           claimed(w, i, TD_COMPANION), td_importers[i]->name);
    return td_fail(w->error, "%.200s: of no known format (%zu file%s looked at); say which: tierce import "
                             "FORMAT FILES… (tierce import --formats lists them), or use generic with --prompt-field and "
                             "--score-field",
                   first, w->files.n, td_s(w->files.n));
}

static bool check_options(work *w)
{
    td_head head = {.by_name = true};
    size_t at = 0, f = 0;
    td_error ignored;
    while (td_importers[at] != w->importer)
        at++;
    while (f < w->files.n && claims_of(w, f)[at] < TD_PERHAPS)
        f++;
    f = f < w->files.n ? f : 0; /* named to be so */
    const bool good = f < w->files.n && td_head_read(&head, w->files.at[f].path, w->head_room, &ignored) == TD_HEAD_OK;
    return td_check_choices(w->importer, &w->job->settings, good ? &head : NULL, w->error);
}

/* ---- reading ---- */

/* Lines {"id": …, "score": …} among files of a format that has --scores. */
static bool is_scores(const work *w, size_t f)
{
    td_head head = {.by_name = true};
    td_error ignored;
    const bool good = td_lists(w->importer->options, "scores") &&
                      td_head_read(&head, w->files.at[f].path, w->head_room, &ignored) == TD_HEAD_OK && td_head_first(&head) == '{';
    return good && td_head_has(&head, "score") && (td_head_has(&head, "id") || td_head_has(&head, "custom_id"));
}

static bool read_file(work *w, td_sink *sink, size_t f)
{
    td_head head;
    const td_file *file = &w->files.at[f];
    size_t at = 0;
    while (td_importers[at] != w->importer)
        at++;
    const td_claim claim = claims_of(w, f)[at];
    if (claim == TD_COMPANION)
        return true;
    if (claim == TD_NOT_MINE && !(file->by_name && w->job->format)) {
        if (file->by_name)
            return td_fail(w->error, "%.300s: is not of the format %s that the other files have%s", file->path,
                           w->importer->name, is_scores(w, f) ? "; scores by id are given with --scores FILE" : "");
        if (is_scores(w, f))
            td_report_problem(w->report, TD_NOTE, "files that look like scores by id, and are not read (--scores FILE joins them)", f, file->path, 0, NULL);
        w->report->passed_over++;
        return true;
    }
    head.by_name = file->by_name;
    if (td_head_read(&head, file->path, w->head_room, w->error) != TD_HEAD_OK)
        return false;
    w->report->files++;
    td_sink_at(sink, file->path);
    return w->importer->read(sink, &head, w->error);
}

static bool read_all(work *w, td_sink *sink)
{
    for (size_t f = 0; f < w->files.n; f++)
        if (!read_file(w, sink, f))
            return false;
    if (w->importer->finish && !w->importer->finish(sink, w->error))
        return false;
    if (!w->report->files)
        return td_fail(w->error, "%.200s: no file of the format %s here (%zu looked at)",
                       w->files.n ? w->files.at[0].path : "?", w->importer->name, w->files.n);
    if (!w->report->rows)
        return td_fail(w->error, "%.200s: no row could be used; the report says why",
                       w->files.n ? w->files.at[0].path : "?");
    return td_sink_finish(sink, w->error);
}

/* The folder of the output, where there is room for what is written to it. */
static char *folder_of(const char *output)
{
    const char *slash = strrchr(output, '/');
    if (!strcmp(output, "-") || !strncmp(output, "/dev/", 5))
        return strdup("/tmp");
    if (!slash)
        return strdup(".");
    char *folder = strdup(output);
    if (folder)
        folder[slash == output ? 1 : slash - output] = 0;
    return folder;
}

/* Nothing came of the rows: of a choice that met nothing, what there was to choose from. */
static bool no_record(work *w, const td_sink *sink)
{
    const td_import_settings *set = &w->job->settings;
    const char *wanted[TD_OFFERS] = {set->metric, set->scorer};
    static const char *const options[TD_OFFERS] = {"--metric", "--scorer"};
    char text[600];
    for (int i = 0; i < TD_OFFERS; i++) {
        if (!wanted[i] || td_offers_has(&sink->offers[i], wanted[i]))
            continue;
        td_offers_text(&sink->offers[i], wanted[i], text, sizeof text);
        if (*text)
            return td_fail(w->error, "%s %.100s: no record came of it: nothing here has it%s", options[i], wanted[i], text);
    }
    return td_fail(w->error, "%.200s: %llu row%s, but no record came of them; the report says why", w->files.at[0].path,
                   (unsigned long long)w->report->rows, td_s(w->report->rows));
}

static bool run(work *w, const char *folder)
{
    const size_t memory = w->job->memory ? w->job->memory : MEMORY;
    td_sink sink;
    bool good = td_sink_open(&sink, &w->job->settings, w->report, memory, folder,
                             w->importer->state_size, w->error) && read_all(w, &sink);
    td_writer *writer = good ? td_writer_open(w->job->output, w->error) : NULL;
    good = writer && td_join(&sink, memory, folder, writer, w->error);
    if (good && !w->report->records)
        good = no_record(w, &sink);
    if (good && td_ever_starved(false))
        good = td_fail(w->error, "out of memory while reading");
    if (good && w->report->failed)
        good = td_fail(w->error, "out of memory while counting");
    if (good)
        good = td_writer_commit(writer, w->error);
    else
        td_writer_abort(writer);
    if (w->importer->close && sink.state)
        w->importer->close(sink.state);
    td_sink_close(&sink);
    return good;
}

/* Nothing that is read may be what is written: files named, files of folders, what options name. */
static bool spares_inputs(const work *w)
{
    const td_import_job *job = w->job;
    const char *const outputs[] = {job->output, job->report};
    const char *const others[] = {job->settings.scores, job->settings.prompts};
    for (size_t o = 0; o < 2; o++) {
        if (!td_writer_spares(outputs[o], others, 2, w->error))
            return false;
        for (size_t f = 0; f < w->files.n; f++) {
            const char *path = w->files.at[f].path;
            if (!td_writer_spares(outputs[o], &path, 1, w->error))
                return false;
        }
    }
    return true;
}

bool td_import(const td_import_job *job, td_import_report *report, td_error *error)
{
    work w = {.job = job, .report = report, .error = error};
    td_ever_starved(true);
    char *folder = job->temporary ? strdup(job->temporary) : folder_of(job->output);
    bool good = (folder || td_fail(error, "out of memory")) &&
                td_writer_spares(job->output, job->paths, job->n_paths, error);
    if (good && job->format)
        good = (w.importer = td_importer_named(job->format, error)) != NULL;
    good = good && td_walk(&w.files, job->paths, job->n_paths, error) && spares_inputs(&w) && probe(&w);
    if (good && !w.importer)
        good = recognise(&w);
    if (good && w.files.first_again)
        for (size_t k = 0; k < w.files.again; k++)
            td_report_problem(report, TD_NOTE, "files or folders that were named twice, and are read once", 0,
                              job->paths[w.files.first_again - 1], 0, NULL);
    if (good) {
        report->format = w.importer->title;
        report->takes_scores = td_lists(w.importer->options, "scores");
        good = check_options(&w) && run(&w, folder);
    }
    td_files_free(&w.files);
    free(w.claims);
    free(w.head_room);
    free(folder);
    return good;
}
