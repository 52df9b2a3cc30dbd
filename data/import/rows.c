#include "data/import/rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/import/csv_notes.h"
#include "data/import/csv_reader.h"
#include "data/import/input.h"

/* ---- CSV ---- */

typedef struct {
    char **names;
    size_t n;
} columns;

static void free_columns(columns *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->names[i]);
    free(c->names);
}

static bool read_columns(columns *c, const tierce_span *cells, size_t n, const char *path, td_error *error)
{
    c->names = calloc(n ? n : 1, sizeof *c->names);
    for (; c->names && c->n < n; c->n++) {
        char *name = malloc(cells[c->n].len + 1);
        if (!name)
            return td_fail(error, "out of memory");
        if (cells[c->n].len)
            memcpy(name, cells[c->n].data, cells[c->n].len);
        name[cells[c->n].len] = 0;
        c->names[c->n] = name;
        for (size_t i = 0; i < c->n && *name; i++)
            if (!strcmp(c->names[i], name)) {
                c->n++; /* to be freed */
                return td_fail(error, "%.300s:1: column \"%.100s\" stands twice; rename one of them", path, name);
            }
    }
    return c->names || td_fail(error, "out of memory");
}

static bool give_row(td_sink *sink, const columns *c, const tierce_span *cells, size_t n,
                     uint64_t line, td_each_line each, td_error *error)
{
    td_out text = {0};
    bool first = true;
    td_puts(&text, "{");
    for (size_t i = 0; i < n && i < c->n; i++) {
        if (!cells[i].len)
            continue;
        td_puts(&text, first ? "" : ", ");
        first = false;
        td_put_json(&text, c->names[i], strlen(c->names[i]));
        td_puts(&text, ": ");
        td_put_json(&text, cells[i].data, cells[i].len);
    }
    td_puts(&text, "}");
    td_node *row = text.failed ? NULL : td_dom_parse(text.at, text.len, "", NULL);
    free(text.at);
    const bool good = row ? each(sink, row, line, error) : td_fail(error, "out of memory");
    td_dom_free(row);
    return good;
}

static bool cells_not_utf8(td_sink *sink, const tierce_span *cells, size_t n, uint64_t line, bool *good, td_error *error)
{
    size_t i = 0;
    while (i < n && !td_sink_not_utf8(sink, line, cells[i].data, cells[i].len, good, error))
        i++;
    return i < n;
}

static bool csv_rows(td_sink *sink, const char *path, td_each_line each, td_error *error)
{
    columns c = {NULL, 0};
    tierce_span *cells;
    size_t n;
    const char *what;
    td_csv *csv = td_csv_open(path, 0, error);
    td_csv_status status = csv ? TD_CSV_ROW : TD_CSV_BROKEN;
    bool good = csv != NULL, head = true, any = false;
    while (good && (status = td_csv_next(csv, &cells, &n, &what, error)) != TD_CSV_END) {
        any = any || !head;
        if (status == TD_CSV_BROKEN) {
            good = false;
        } else if (status == TD_CSV_BAD) {
            good = td_sink_bad(sink, td_csv_line(csv), what, NULL, error);
        } else if (head) {
            head = false;
            good = read_columns(&c, cells, n, path, error);
        } else if (n != c.n) {
            good = td_sink_bad(sink, td_csv_line(csv), "a row with another number of cells than the header", NULL, error);
        } else if (!cells_not_utf8(sink, cells, n, td_csv_line(csv), &good, error)) {
            good = give_row(sink, &c, cells, n, td_csv_line(csv), each, error);
        }
    }
    free_columns(&c);
    td_csv_close(csv);
    return good && (head || any || td_no_row(path, error));
}

bool td_head_column(const td_head *head, const char *name)
{
    const char *end = head->text + head->len, *stop = memchr(head->text, '\n', head->len);
    const size_t n = strlen(name);
    stop = stop ? stop : end;
    for (const char *at = head->text; (size_t)(stop - at) >= n; at++) {
        const bool starts = at == head->text || strchr(",;\t\"", at[-1]);
        if (starts && !memcmp(at, name, n) && (at + n == stop || strchr(",;\t\"\r", at[n])))
            return true;
    }
    return false;
}

/* ---- JSON ---- */

/* One document: its rows, or the one row it is. */
static bool document_rows(td_sink *sink, const char *path, td_each_line each, td_error *error)
{
    td_error why;
    td_node *root = td_input_dom(path, &why);
    if (!root)
        return td_sink_bad(sink, 0, "a file that cannot be read", why.text, error);
    bool good = true;
    const td_node *list = td_is_array(root) ? root : td_get(root, "data"); /* a page of an API */
    if (td_is_array(list))
        for (const td_node *n = td_first(list); good && n; n = td_next(n))
            good = each(sink, n, 0, error);
    else
        good = each(sink, root, 0, error);
    td_dom_free(root);
    return good;
}

bool td_rows(td_sink *sink, const td_head *file, td_each_line each, td_error *error)
{
    const char first = td_head_first(file);
    if (first != '{' && first != '[')
        return csv_rows(sink, file->path, each, error);
    /* an object without a line break in all of its head is a long line */
    const bool page = td_head_has(file, "data.0");
    const bool lines =
        !page && (td_head_is_jsonl(file) || (first == '{' && !memchr(file->text, '\n', file->len)));
    return lines ? td_sink_lines(sink, file->path, each, error)
                 : document_rows(sink, file->path, each, error);
}

bool td_rows_of(td_sink *sink, const char *path, td_each_line each, td_error *error)
{
    td_head head = {.by_name = true};
    char *room = malloc(TD_HEAD_BYTES);
    bool good = room ? td_head_read(&head, path, room, error) == TD_HEAD_OK
                     : td_fail(error, "out of memory");
    if (good && !head.len)
        good = td_fail(error, "%.300s: the file is empty", path);
    if (good) {
        td_sink_at(sink, path);
        good = td_rows(sink, &head, each, error);
    }
    free(room);
    return good;
}

bool td_score_wanted(char first[96], const char *metric, const char *name)
{
    name = name ? name : "";
    if (metric)
        return !strcmp(metric, name);
    if (!*first)
        snprintf(first, 96, "%s", name);
    return !strncmp(first, name, 95);
}
