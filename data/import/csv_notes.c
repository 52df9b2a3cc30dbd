#include "data/import/csv_notes.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "data/import/csv_names.h"
#include "data/nearest.h"

size_t td_columns_find(const td_columns *t, const char *name, size_t len)
{
    for (size_t i = 0; i < t->n; i++)
        if (strlen(t->names[i]) == len && !memcmp(t->names[i], name, len))
            return i + 1;
    return 0;
}

bool td_column_has_role(const td_columns *t, size_t column)
{
    for (int r = 0; r < TD_COLUMN_ROLES; r++)
        if (t->role[r] == column + 1)
            return true;
    return false;
}

bool td_column_is_model(const td_columns *t, size_t column)
{
    for (size_t m = 0; m < t->n_models; m++)
        if (t->models[m].score == column)
            return true;
    return false;
}

bool td_column_is_response(const td_columns *t, size_t column)
{
    static const char suffix[] = "_response";
    const size_t n = strlen(t->names[column]), s = sizeof suffix - 1;
    return n > s && !strcmp(t->names[column] + n - s, suffix) && td_columns_find(t, t->names[column], n - s);
}

void td_columns_note(td_columns *t, td_column_list *list, size_t column, const char *detail)
{
    char quoted[220];
    snprintf(quoted, sizeof quoted, "\"%.100s\"%.100s", t->names[column], detail);
    td_list_add(list->text, sizeof list->text, &list->more, quoted);
    t->told[column] = true;
}

static bool is_number_of_model(const td_columns *t, size_t column)
{
    for (size_t m = 0; m < t->n_models; m++)
        for (size_t i = 0; i < TD_COLUMN_NUMBERS; i++)
            if (t->models[m].number[i] == column + 1)
                return true;
    return false;
}

bool td_column_is_read(const td_columns *t, size_t column)
{
    return td_column_has_role(t, column) || td_column_is_model(t, column) || is_number_of_model(t, column);
}

/* Does the column's name hold the other as a word of its own: "pro" in "pro_cost", not in "improved_cost"? */
static bool holds_name(const char *column, const char *name)
{
    const size_t n = strlen(name);
    for (const char *at = n ? strstr(column, name) : NULL; at; at = strstr(at + 1, name)) {
        const bool begins = at == column || !isalnum((unsigned char)at[-1]) || (islower((unsigned char)at[-1]) && isupper((unsigned char)*at));
        const bool ends = !isalnum((unsigned char)at[n]) || (isupper((unsigned char)at[n]) && !isupper((unsigned char)at[n - 1]));
        if (begins && ends)
            return true;
    }
    return false;
}

static bool has_number(const td_columns *t, size_t model, td_named kind)
{
    char name[600];
    const int n = snprintf(name, sizeof name, "%.500s%s", t->models[model].name, td_named_suffix(kind));
    return td_columns_find(t, name, (size_t)n) > 0;
}

/* Whose the column is: the longest name that its own holds, of the models and of the columns that could be some, else the
 * only model, else the nearest. */
static const char *model_meant(const td_columns *t, size_t column)
{
    const char *names[64], *best = NULL, *own = t->names[column];
    char stem[100];
    size_t n = 0;
    for (size_t c = 0; c < t->n; c++) {
        const char *name = t->names[c];
        const bool model = td_column_is_model(t, c);
        if (c == column || (!model && (td_column_has_role(t, c) || td_column_named(name) != TD_NAMED_NOTHING || td_column_is_no_model(name) ||
                                       strchr(name, '|'))))
            continue;
        if (holds_name(own, name) && (!best || strlen(name) > strlen(best)))
            best = name;
        if (model && n < sizeof names / sizeof *names)
            names[n++] = name;
    }
    td_column_stem(own, stem, sizeof stem);
    if (!best && t->n_models == 1 && !has_number(t, 0, td_column_named(own)))
        best = t->models[0].name;
    return best ? best : *stem && t->n_models > 1 ? td_nearest(stem, names, n) : NULL;
}

/* What sounds like money, tokens or time and is read by nobody would be lost without a word. */
static void note_unread(td_columns *t)
{
    for (size_t c = 0; c < t->n; c++) {
        const td_named kind = td_column_named(t->names[c]);
        const char *suffix = td_named_suffix(kind);
        char text[400];
        if (!suffix || td_column_has_role(t, c) || td_column_is_model(t, c) || is_number_of_model(t, c) || td_column_is_response(t, c))
            continue;
        const char *model = model_meant(t, c);
        snprintf(text, sizeof text, "\"%.90s\" (as \"%.90s%s\"%s%s)", t->names[c], model ? model : "MODEL", suffix,
                 kind == TD_NAMED_TOKENS ? " or \"|output_tokens\"" : "", kind == TD_NAMED_LATENCY ? ", in seconds" : "");
        td_list_add(t->unread.text, sizeof t->unread.text, &t->unread.more, text);
        t->told[c] = true;
    }
}

/* Parts of a request that stand in columns of their own and would not be read. */
static void note_parts(td_columns *t, const td_import_settings *s)
{
    static const char *const parts[] = {"prompt", "question", "input", "instruction", "query", "text",
                                        "messages", "system", "system_prompt", "context", "passage"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !s->prompt_field && !s->messages_field; i++) {
        const size_t column = td_columns_find(t, parts[i], strlen(parts[i]));
        if (column && !td_column_has_role(t, column - 1) && !td_column_is_model(t, column - 1))
            td_columns_note(t, &t->parts, column - 1, "");
    }
}

/* All that nobody reads and nothing was said of. */
static void note_rest(td_columns *t)
{
    for (size_t c = 0; c < t->n; c++)
        if (!t->told[c] && !td_column_is_read(t, c) && !td_column_is_response(t, c))
            td_columns_note(t, &t->rest, c, "");
}

static void end_lists(td_columns *t)
{
    td_column_list *const lists[] = {&t->empty, &t->mixed, &t->alone, &t->other, &t->unread, &t->parts, &t->outside, &t->rest};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        td_list_end(lists[i]->text, sizeof lists[i]->text, lists[i]->more);
}

void td_columns_tell(td_columns *t, const td_import_settings *s)
{
    note_unread(t);
    note_parts(t, s);
    note_rest(t);
    end_lists(t);
}

/* ---- errors ---- */

static void list_columns(const td_columns *t, char *list, size_t room)
{
    size_t more = 0;
    *list = 0;
    for (size_t i = 0; i < t->n; i++) {
        char quoted[70];
        snprintf(quoted, sizeof quoted, "\"%.60s\"", t->names[i]);
        td_list_add(list, room, &more, quoted);
    }
    td_list_end(list, room, more);
}

/* But for capitals. */
static bool same_letters(const char *a, const char *b)
{
    while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b))
        a++, b++;
    return !*a && !*b;
}

bool td_no_column(const td_columns *t, const char *name, size_t len, const char *path, td_error *error)
{
    char wanted[100], list[500];
    list_columns(t, list, sizeof list);
    snprintf(wanted, sizeof wanted, "%.*s", (int)(len < 99 ? len : 99), name);
    const char *near = td_nearest(wanted, (const char *const *)t->names, t->n);
    for (size_t i = 0; i < t->n; i++)
        near = same_letters(wanted, t->names[i]) ? t->names[i] : near;
    return td_fail(error, "%.200s:1: no column \"%s\"%s%.60s%s; the columns are %s", path, wanted,
                   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "", list);
}

bool td_no_prompt(const td_columns *t, const char *path, td_error *error)
{
    static const char *const usual[] = {"prompt", "messages", "question", "input", "instruction", "query", "text"};
    char list[400];
    const char *near = NULL;
    list_columns(t, list, sizeof list);
    for (size_t u = 0; u < sizeof usual / sizeof *usual; u++)
        for (size_t i = 0; i < t->n; i++)
            near = !near && same_letters(usual[u], t->names[i]) ? t->names[i] : near;
    return td_fail(error, "%.200s:1: no column \"prompt\" or \"messages\"; --prompt-column NAME says which it is of %s%s%.60s%s", path, list,
                   near ? "; did you mean --prompt-column \"" : "", near ? near : "", near ? "\"?" : "");
}

bool td_no_row(const char *path, td_error *error)
{
    return td_fail(error, "%.300s: a header line, and no row behind it", path);
}

bool td_no_scores(const td_columns *t, const char *path, td_error *error)
{
    if (*t->outside.text)
        return td_fail(error, "%.300s:1: no column holds scores (numbers within 0..1, True, False); numbers of another scale do %.300s; "
                              "--score-range 0:100 or what else it is says the scale, --score-columns takes such a column and "
                              "stops at that cell", path, t->outside.text);
    const char *list = *t->mixed.text ? t->mixed.text : *t->other.text ? t->other.text : *t->unread.text ? t->unread.text : t->rest.text;
    const char *what = *t->mixed.text ? " and nothing else; some do in "
                       : *list        ? "; by their names these are something else: "
                                      : "";
    return td_fail(error, "%.300s:1: no column holds scores (numbers within 0..1, True, False)%s%.300s; --score-columns A,B "
                          "says which they are",
                   path, what, list);
}
