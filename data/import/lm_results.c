#include "data/import/lm_results.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/input.h"

/* Where "_2026-11-24T10-11-12.345" begins in a name, or NULL. */
static const char *date_in(const char *name)
{
    for (const char *at = strchr(name, '_'); at; at = strchr(at + 1, '_')) {
        static const char shape[] = "_dddd-dd-ddTdd-dd-dd";
        size_t i = 0;
        while (shape[i] && (shape[i] == 'd' ? at[i] >= '0' && at[i] <= '9' : at[i] == shape[i]))
            i++;
        if (!shape[i])
            return at;
    }
    return NULL;
}

/* The name without a packing's and a format's ending. */
static size_t stem_length(const char *name)
{
    static const char *const endings[] = {".gz", ".zst", ".jsonl", ".json"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        const size_t e = strlen(endings[i]);
        if (n > e && !strncmp(name + n - e, endings[i], e))
            n -= e;
    }
    return n;
}

void td_lm_name(const char *name, char *task, size_t task_room, char *when, size_t when_room)
{
    const char *date = date_in(name), *start = td_name_starts(name, "samples_") ? name + 8 : name;
    const size_t whole = stem_length(name);
    const char *stop = date && date >= start ? date : name + whole;
    snprintf(task, task_room, "%.*s", stop > start ? (int)(stop - start) : 0, start);
    when[0] = 0;
    if (date)
        snprintf(when, when_room, "%.*s", (int)(name + whole - date - 1), date + 1);
}

bool td_lm_is_results(const td_head *head)
{
    return td_head_has(head, "results") && (td_head_says(head, "_stderr,") || td_head_says(head, "\"alias\"") ||
                                            td_head_says(head, "_stderr\""));
}

void td_lm_free(td_lm_results *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->at[i].name);
        td_dom_free(r->at[i].root);
    }
    r->n = 0;
    free(r->folder);
    r->folder = NULL;
}

static bool is_candidate(const char *name)
{
    return strstr(name, ".json") && !strstr(name, ".jsonl") && !td_name_starts(name, "samples_") &&
           (td_name_starts(name, "results") || date_in(name));
}

/* Takes the document over, in the order of names. */
static bool insert(td_lm_results *r, const char *name, td_node *root)
{
    char *copy = strdup(name);
    size_t i = r->n;
    if (!copy)
        return false;
    for (; i && strcmp(r->at[i - 1].name, name) > 0; i--)
        r->at[i] = r->at[i - 1];
    r->at[i].name = copy;
    r->at[i].root = root;
    r->n++;
    return true;
}

static bool load_one(td_lm_results *r, const char *name, td_error *error)
{
    char path[4096];
    snprintf(path, sizeof path, "%s%s", r->folder, name);
    td_node *root = td_input_dom(path, error);
    if (!root) /* a damaged one is an error, a stranger is not */
        return !td_name_starts(name, "results") && !td_dom_starved();
    if (td_is_object(td_get(root, "results")) && r->n < TD_LM_MAX_RESULTS) {
        if (insert(r, name, root))
            return true;
        td_dom_free(root);
        return td_fail(error, "out of memory");
    }
    td_dom_free(root);
    return true;
}

bool td_lm_load(td_lm_results *r, const td_head *file, td_error *error)
{
    const size_t n = (size_t)(file->name - file->path);
    if (r->folder && strlen(r->folder) == n && !memcmp(r->folder, file->path, n))
        return true;
    td_lm_free(r);
    r->folder = malloc(n + 1);
    if (!r->folder)
        return td_fail(error, "out of memory");
    memcpy(r->folder, file->path, n);
    r->folder[n] = 0;
    DIR *dir = opendir(n ? r->folder : ".");
    bool good = true;
    for (struct dirent *e; dir && good && (e = readdir(dir)) != NULL;)
        good = !is_candidate(e->d_name) || load_one(r, e->d_name, error);
    if (dir)
        closedir(dir);
    return good;
}

/* "pretrained=org/name,dtype=…" */
static bool model_argument(const char *arguments, char *out, size_t room)
{
    static const char *const keys[] = {"peft=", "delta=", "pretrained=", "model=", "path=", "engine="}; /* as the harness names its folder */
    for (size_t i = 0; arguments && i < sizeof keys / sizeof *keys; i++) {
        const char *at = strstr(arguments, keys[i]);
        if (at && (at == arguments || at[-1] == ',')) {
            at += strlen(keys[i]);
            snprintf(out, room, "%.*s", (int)strcspn(at, ","), at);
            return out[0] != 0;
        }
    }
    return false;
}

static bool model_of(const td_node *root, char *out, size_t room)
{
    const char *name = td_string(td_get(root, "model_name"));
    if (name && *name) {
        snprintf(out, room, "%s", name);
        return true;
    }
    const td_node *arguments = td_get_path(root, "config.model_args");
    if (td_is_object(arguments)) {
        static const char *const keys[] = {"peft", "delta", "pretrained", "model", "path", "engine"};
        name = NULL;
        for (size_t i = 0; i < sizeof keys / sizeof *keys && !name; i++)
            name = td_string(td_get(arguments, keys[i]));
        if (name)
            snprintf(out, room, "%s", name);
        return name != NULL;
    }
    return model_argument(td_string(arguments), out, room);
}

static bool has_date(const td_lm_results *r, size_t i, const char *date)
{
    const char *own = date_in(r->at[i].name);
    return *date && own && !strncmp(own + 1, date, strlen(date));
}

const td_node *td_lm_find(const td_lm_results *r, const char *date, const char *task)
{
    const td_node *other = NULL;
    for (size_t i = 0; i < r->n; i++) {
        if (has_date(r, i, date))
            return r->at[i].root;
        if (td_get(td_get(r->at[i].root, "results"), task))
            other = r->at[i].root;
    }
    return other ? other : r->n ? r->at[0].root : NULL;
}

/* The last part of the folder's path; false where it says nothing. */
static bool folder_name(const char *folder, char *model, size_t room)
{
    const size_t n = strlen(folder);
    size_t from = n ? n - 1 : 0;
    while (from && folder[from - 1] != '/')
        from--;
    if (n < 2 || !strcmp(folder + from, "./") || !strcmp(folder + from, "../"))
        return false;
    snprintf(model, room, "%.*s", (int)(n - 1 - from), folder + from);
    return true;
}

/* As the harness makes a folder's name of a model's: what no file system likes becomes two underscores. */
static void sanitized(const char *model, char *name, size_t room)
{
    size_t used = 0;
    for (bool was = false; *model && used + 3 < room; model++) {
        const bool bad = strchr("\"<>:/|\\?*[]", *model) != NULL;
        if (bad && !was)
            used += (size_t)snprintf(name + used, room - used, "__");
        else if (!bad)
            name[used++] = *model;
        was = bad;
    }
    name[used] = 0;
}

/* The folder is called after another model than the one that its results name. */
static bool check_folder(const td_lm_results *r, const td_node *results, const td_head *file, const char *model, td_lm_named *by,
                         td_error *error)
{
    const char *own = td_string(td_get(results, "model_name_sanitized")); /* as that version of the harness had it */
    char folder[300], wanted[600];
    if (!folder_name(r->folder, folder, sizeof folder))
        return true;
    sanitized(model, wanted, sizeof wanted);
    by->other_folder = strcmp(folder, wanted) && !(own && !strcmp(folder, own));
    return !by->other_folder || !strstr(folder, "__") ||
           td_fail(error,
                   "%.200s: mixed models: its folder is called after \"%.80s\", but the results file in it names \"%.80s\"; put them "
                   "where they belong (a folder of \"%.80s\" is called \"%.80s\"), or import them apart with --model NAME",
                   file->path, folder, model, model, wanted);
}

bool td_lm_model(const td_lm_results *r, const td_head *file, const char *date, const char *task, char *model, size_t room, td_lm_named *by,
                 td_error *error)
{
    const char *said_by = NULL;
    const td_node *said = NULL;
    memset(by, 0, sizeof *by);
    for (size_t i = 0; i < r->n; i++)
        if (has_date(r, i, date) && model_of(r->at[i].root, model, room)) {
            by->other_tasks = *task && !td_get(td_get(r->at[i].root, "results"), task);
            return check_folder(r, r->at[i].root, file, model, by, error);
        }
    for (size_t i = 0; i < r->n; i++) {
        char other[300];
        if (!model_of(r->at[i].root, other, sizeof other))
            continue;
        if (said_by && strcmp(other, model))
            return td_fail(error,
                           "%.200s: mixed models: no results file has its date, and those beside it name "
                           "\"%.60s\" (%.60s) and \"%.60s\" (%.60s); give each model a folder of its own, or "
                           "say --model",
                           file->path, model, said_by, other, r->at[i].name);
        said_by = r->at[i].name;
        said = r->at[i].root;
        snprintf(model, room, "%s", other);
    }
    by->other_date = said_by && *date;
    if (said_by)
        return check_folder(r, said, file, model, by, error);
    by->folder = true;
    return folder_name(r->folder, model, room) ||
           td_fail(error, "%.300s: no results file beside it names the model; say --model NAME", file->path);
}

const td_node *td_lm_own(const td_lm_results *r, const char *date)
{
    for (size_t i = 0; i < r->n; i++)
        if (has_date(r, i, date))
            return r->at[i].root;
    return r->n == 1 ? r->at[0].root : NULL;
}
