#include "data/import/csv_reader.h"

#include <stdlib.h>
#include <string.h>

#include "data/import/input.h"
#include "data/text_out.h"

#define WINDOW ((size_t)1 << 16)

struct td_csv {
    td_input *in;
    char delimiter;
    char *window;
    size_t next, held;
    bool ended;
    uint64_t line, row_line; /* lines begun so far; where the row began */
    td_out text;             /* the cells, one behind the other */
    size_t *ends;            /* of the cells in it */
    tierce_span *cells;
    size_t n, room;
};

static bool refill(td_csv *csv, td_error *error)
{
    const long n = td_input_read(csv->in, csv->window, WINDOW, error);
    csv->next = 0;
    csv->held = n > 0 ? (size_t)n : 0;
    csv->ended = n == 0;
    return n >= 0;
}

static char guess(const td_csv *csv)
{
    size_t count[3] = {0, 0, 0};
    static const char marks[] = ",;\t";
    bool quoted = false;
    for (size_t i = csv->next; i < csv->held && (quoted || csv->window[i] != '\n'); i++) {
        quoted ^= csv->window[i] == '"';
        for (int m = 0; m < 3 && !quoted; m++)
            count[m] += csv->window[i] == marks[m];
    }
    return count[1] > count[0] && count[1] >= count[2] ? ';' : count[2] > count[0] ? '\t' : ',';
}

td_csv *td_csv_open(const char *path, char delimiter, td_error *error)
{
    td_csv *csv = calloc(1, sizeof *csv);
    if (csv)
        csv->window = malloc(WINDOW);
    if (!csv || !csv->window) {
        td_fail(error, "%.300s: out of memory", path);
        td_csv_close(csv);
        return NULL;
    }
    csv->in = td_input_open(path, error);
    if (!csv->in || !refill(csv, error)) {
        td_csv_close(csv);
        return NULL;
    }
    if (csv->held >= 3 && !memcmp(csv->window, "\xef\xbb\xbf", 3))
        csv->next = 3;
    csv->line = 1;
    if (csv->held - csv->next >= 6 && !memcmp(csv->window + csv->next, "sep=", 4)) { /* a line of Excel's own */
        const char *at = csv->window + csv->next + 5, *end = csv->window + csv->held;
        at += *at == '\r' && at + 1 < end;
        if (*at == '\n') {
            delimiter = delimiter ? delimiter : csv->window[csv->next + 4];
            csv->next = (size_t)(at + 1 - csv->window);
            csv->line = 2;
        }
    }
    csv->delimiter = delimiter ? delimiter : guess(csv);
    if (memchr(csv->window, '\r', csv->held) && !memchr(csv->window, '\n', csv->held)) {
        td_fail(error, "%.300s: its lines end in a carriage return alone; convert them with: tr '\\r' '\\n'", path);
        td_csv_close(csv);
        return NULL;
    }
    return csv;
}

void td_csv_close(td_csv *csv)
{
    if (!csv)
        return;
    td_input_close(csv->in);
    free(csv->window);
    free(csv->text.at);
    free(csv->ends);
    free(csv->cells);
    free(csv);
}

char td_csv_delimiter(const td_csv *csv)
{
    return csv->delimiter;
}

uint64_t td_csv_line(const td_csv *csv)
{
    return csv->row_line;
}

/* The next byte, or -1 at the end, or -2 when it cannot be read. */
static int byte(td_csv *csv, td_error *error)
{
    if (csv->next == csv->held && !csv->ended && !refill(csv, error))
        return -2;
    return csv->next < csv->held ? (unsigned char)csv->window[csv->next++] : -1;
}

static int peek(td_csv *csv, td_error *error)
{
    const int c = byte(csv, error);
    if (c >= 0)
        csv->next--;
    return c;
}

static bool end_cell(td_csv *csv)
{
    if (csv->n == csv->room) {
        const size_t room = csv->room ? 2 * csv->room : 32;
        size_t *ends = realloc(csv->ends, room * sizeof *ends);
        csv->ends = ends ? ends : csv->ends;
        tierce_span *cells = realloc(csv->cells, room * sizeof *cells);
        csv->cells = cells ? cells : csv->cells;
        if (!ends || !cells)
            return false;
        csv->room = room;
    }
    csv->ends[csv->n++] = csv->text.len;
    return true;
}

/* A quoted cell, its opening quote read. NULL, or what is wrong. */
static const char *quoted_cell(td_csv *csv, td_error *error, int *c)
{
    for (;;) {
        *c = byte(csv, error);
        if (*c == '"') {
            if ((*c = byte(csv, error)) != '"')
                return NULL;
        } else if (*c < 0) {
            return *c == -1 ? "a quoted cell is not closed before the end of the file" : NULL;
        } else if (*c == '\n') {
            csv->line++;
        }
        const char letter = (char)*c;
        td_put(&csv->text, &letter, 1);
        if (csv->text.len > TD_MAX_LINE)
            return "a row of more than 256 MiB (is a quote not closed?)";
    }
}

static td_csv_status finish_row(td_csv *csv, tierce_span **cells, size_t *n)
{
    for (size_t i = 0, from = 0; i < csv->n; from = csv->ends[i], i++) {
        csv->cells[i].data = csv->text.at ? csv->text.at + from : NULL;
        csv->cells[i].len = csv->ends[i] - from;
    }
    *cells = csv->cells;
    *n = csv->n;
    return TD_CSV_ROW;
}

/* Passes over the rest of a bad row's line. */
static td_csv_status skip_line(td_csv *csv, int c, td_error *error)
{
    while (c >= 0 && c != '\n')
        c = byte(csv, error);
    csv->line += c == '\n';
    return c == -2 ? TD_CSV_BROKEN : TD_CSV_BAD;
}

td_csv_status td_csv_next(td_csv *csv, tierce_span **cells, size_t *n, const char **what,
                          td_error *error)
{
    int c = byte(csv, error);
    while (c == '\n' || c == '\r') { /* empty lines */
        csv->line += c == '\n';
        c = byte(csv, error);
    }
    if (c < 0)
        return c == -1 ? TD_CSV_END : TD_CSV_BROKEN;
    csv->row_line = csv->line;
    csv->text.len = csv->n = 0;
    for (;;) {
        if (c == '"') {
            *what = quoted_cell(csv, error, &c);
            if (*what)
                return skip_line(csv, c, error);
            if (c == '\r' && peek(csv, error) == '\n')
                c = byte(csv, error);
            if (c >= 0 && c != '\n' && c != csv->delimiter) {
                *what = "text behind a closing quote; a quote inside a cell must be doubled";
                return skip_line(csv, c, error);
            }
        } else {
            for (; c >= 0 && c != '\n' && c != csv->delimiter; c = byte(csv, error)) {
                const char letter = (char)c;
                if (c != '\r' || peek(csv, error) != '\n')
                    td_put(&csv->text, &letter, 1);
            }
        }
        if (c == -2)
            return TD_CSV_BROKEN;
        if (!end_cell(csv) || csv->text.failed || csv->text.len > TD_MAX_LINE) {
            td_fail(error, "out of memory for a row, or a row of more than 256 MiB");
            return TD_CSV_BROKEN;
        }
        if (c != csv->delimiter) {
            csv->line += c == '\n';
            return finish_row(csv, cells, n);
        }
        c = byte(csv, error);
    }
}
