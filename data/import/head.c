#include "data/import/head.h"

#include <stdlib.h>
#include <ctype.h>
#include <string.h>

#include "data/import/input.h"

static bool starts(const td_head *head, const char *bytes, size_t n)
{
    return head->len >= n && !memcmp(head->text, bytes, n);
}

bool td_name_ends(const char *name, const char *ending)
{
    const size_t n = strlen(name), e = strlen(ending);
    return n >= e && !strcmp(name + n - e, ending);
}

bool td_name_starts(const char *name, const char *start)
{
    return !strncmp(name, start, strlen(start));
}

static bool holds(const td_head *head, const char *text)
{
    const size_t n = strlen(text);
    for (size_t i = 0; i + n <= head->len; i++)
        if (!memcmp(head->text + i, text, n))
            return true;
    return false;
}

/* "<!DOCTYPE html" or "<html" in any capitals, behind white space. */
static bool is_page(const td_head *head)
{
    static const char *const starts_of[] = {"<!doctype html", "<html"};
    size_t at = 0;
    while (at < head->len && strchr(" \t\r\n", head->text[at]) && head->text[at])
        at++;
    for (size_t i = 0; i < 2; i++) {
        size_t k = 0;
        while (starts_of[i][k] && at + k < head->len && tolower((unsigned char)head->text[at + k]) == starts_of[i][k])
            k++;
        if (!starts_of[i][k])
            return true;
    }
    return false;
}

static bool refuse(const td_head *head, td_error *error)
{
    const char *p = head->path, *n = head->name;
    if (starts(head, "version https://git-lfs.github.com/spec/", 40))
        return td_fail(error, "%.200s: a pointer of Git LFS stands for the file; fetch it: git lfs pull", p);
    if (starts(head, "PK\x03\x04", 4) && holds(head, "[Content_Types].xml"))
        return td_fail(error, "%.200s: a workbook of Excel is not read; save its sheet as CSV (UTF-8)", p);
    if (starts(head, "SQLite format 3", 16))
        return td_fail(error, "%.200s: a database of SQLite is not read; make a CSV of its table: sqlite3 -header -csv '%.200s' "
                              "'SELECT * FROM TABLE' > table.csv", p, p);
    if (is_page(head))
        return td_fail(error, "%.200s: a web page, not the file itself; was it downloaded without signing in? Fetch it again", p);
    if (starts(head, "\x80\x02", 2) || starts(head, "\x80\x03", 2) || starts(head, "\x80\x04", 2) ||
        starts(head, "\x80\x05", 2) || td_name_ends(n, ".pkl") || td_name_ends(n, ".pickle"))
        return td_fail(error,
                       "%.200s: a Python pickle can run any program, so it is not read; make a CSV of "
                       "it: python3 -c \"import pandas; pandas.read_pickle('%.200s')"
                       ".to_csv('table.csv', index=False)\"",
                       p, p);
    if (starts(head, "PAR1", 4))
        return td_fail(error,
                       "%.200s: Parquet is not read; make JSONL of it: duckdb -c \"COPY (FROM "
                       "'%.200s') TO 'table.jsonl'\"",
                       p, p);
    if (starts(head, "\xff\xfe", 2) || starts(head, "\xfe\xff", 2))
        return td_fail(error, "%.200s: the file is UTF-16; convert it with: iconv -f UTF-16 -t UTF-8", p);
    return true;
}

td_head_status td_head_read(td_head *head, const char *path, char *room, td_error *error)
{
    const char *slash = strrchr(path, '/');
    head->path = path;
    head->name = slash ? slash + 1 : path;
    head->text = room;
    head->len = 0;
    head->whole = false;
    td_input *in = td_input_open(path, error);
    long n = 1;
    while (in && n > 0 && head->len < TD_HEAD_BYTES) {
        n = td_input_read(in, room + head->len, TD_HEAD_BYTES - head->len, error);
        head->len += n > 0 ? (size_t)n : 0;
    }
    td_input_close(in);
    if (!in || n < 0)
        return TD_HEAD_BROKEN;
    head->whole = n == 0;
    if (!refuse(head, error))
        return TD_HEAD_REFUSED;
    if (starts(head, "\xef\xbb\xbf", 3)) {
        head->text += 3;
        head->len -= 3;
    }
    return TD_HEAD_OK;
}

/* ---- a tolerant walk over JSON text; every step returns NULL at the end of what there is ---- */

static const char *skip_space(const char *at, const char *end)
{
    while (at && at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at && at < end ? at : NULL;
}

/* at: behind the opening quote; returns behind the closing one. */
static const char *skip_string(const char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at == '\\')
            at++;
        else if (*at == '"')
            return at + 1;
    }
    return NULL;
}

static const char *skip_value(const char *at, const char *end)
{
    long depth = 0;
    while (at < end) {
        const char c = *at++;
        if (c == '"' && !(at = skip_string(at, end)))
            return NULL;
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        if (depth < 0)
            return at - 1;
        if (depth == 0 && (c == '"' || c == '}' || c == ']'))
            return at;
        if (depth == 0 && at < end && (*at == ',' || *at == '}' || *at == ']' || *at == '\n'))
            return at;
    }
    return NULL;
}

/* The value of a member of the object at `at`, or NULL. */
static const char *member(const char *at, const char *end, const char *key, size_t n)
{
    at++; /* the brace */
    for (;;) {
        at = skip_space(at, end);
        if (!at || *at != '"')
            return NULL;
        const char *name = at + 1;
        at = skip_string(name, end);
        const bool found = at && (size_t)(at - 1 - name) == n && !memcmp(name, key, n);
        at = at ? skip_space(at, end) : NULL;
        if (!at || *at != ':')
            return NULL;
        at = skip_space(at + 1, end);
        if (!at || found)
            return at;
        at = skip_value(at, end);
        at = at ? skip_space(at, end) : NULL;
        if (!at || *at != ',')
            return NULL;
        at++;
    }
}

static bool has(const td_head *head, const char *path, size_t len)
{
    const char *end = head->text + head->len, *stop = path + len;
    const char *at = skip_space(head->text, end);
    if (at && *at == '[')
        at = skip_space(at + 1, end);
    while (at && path < stop) {
        const char *dot = memchr(path, '.', (size_t)(stop - path));
        const size_t n = (size_t)((dot ? dot : stop) - path);
        if (*at == '[' && n == 1 && *path == '0')
            at = skip_space(at + 1, end);
        else
            at = *at == '{' ? member(at, end, path, n) : NULL;
        path += n + (dot != NULL);
    }
    return at != NULL;
}

bool td_head_has(const td_head *head, const char *path)
{
    return has(head, path, strlen(path));
}

bool td_head_has_all(const td_head *head, const char *paths)
{
    while (*paths) {
        const size_t n = strcspn(paths, " ");
        if (!has(head, paths, n))
            return false;
        paths += n + (paths[n] == ' ');
    }
    return true;
}

bool td_head_says(const td_head *head, const char *word)
{
    const size_t n = strlen(word);
    const char *end = head->text + head->len;
    for (const char *at = head->text; (size_t)(end - at) >= n; at++) {
        at = memchr(at, word[0], (size_t)(end - at) - n + 1);
        if (!at)
            return false;
        if (!memcmp(at, word, n))
            return true;
    }
    return false;
}

bool td_head_is_zip(const td_head *head)
{
    return starts(head, "PK\x03\x04", 4) || starts(head, "PK\x05\x06", 4);
}

char td_head_first(const td_head *head)
{
    const char *at = skip_space(head->text, head->text + head->len);
    return at ? *at : 0;
}

bool td_head_is_jsonl(const td_head *head)
{
    const char *end = head->text + head->len, *at = skip_space(head->text, end);
    if (!at || *at != '{')
        return false;
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    if (!stop) /* one line, cut or whole: an object that fills its file could be either */
        return false;
    const char *behind = skip_value(at, stop);
    return behind && !skip_space(behind, stop);
}
