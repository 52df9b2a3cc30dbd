#include "data/import/csv_cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool same_word(tierce_span cell, const char *word)
{
    for (size_t i = 0; i < cell.len; i++) {
        const char c = cell.data[i];
        if (!word[i] || (c >= 'A' && c <= 'Z' ? c + 32 : c) != word[i])
            return false;
    }
    return !word[cell.len];
}

tierce_span td_cell_trimmed(tierce_span cell)
{
    while (cell.len && (*cell.data == ' ' || *cell.data == '\t'))
        cell.data++, cell.len--;
    while (cell.len && (cell.data[cell.len - 1] == ' ' || cell.data[cell.len - 1] == '\t'))
        cell.len--;
    return cell;
}

/* Digits, a comma, digits: with three digits behind it the comma may part thousands, unless nothing but a 0
 * stands before it. */
static bool is_unsure(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    const size_t before = strspn(at, "0123456789");
    if (!before || at[before] != ',' || (before == 1 && *at == '0'))
        return false;
    return strspn(at + before + 1, "0123456789") == 3 && !at[before + 4];
}

static td_cell read_text(char *text, bool commas, double *v)
{
    char *end, *comma = strchr(text, ',');
    if (commas && is_unsure(text)) {
        *comma = '.';
        *v = strtod(text, NULL);
        return TD_CELL_UNSURE;
    }
    if (comma && (!commas || strchr(text, '.') || strchr(comma + 1, ',')))
        return TD_CELL_OTHER;
    if (comma)
        *comma = '.';
    if (strspn(text, "+-.0123456789eE") != strlen(text))
        return TD_CELL_OTHER;
    *v = strtod(text, &end);
    if (!*end)
        return TD_CELL_NUMBER;
    *v = (double)NAN;
    return TD_CELL_OTHER;
}

static td_cell read_cell(tierce_span cell, bool commas, double *v)
{
    static const char *const nothing[] = {"", "nan", "none", "null", "na", "n/a"};
    char text[64];
    cell = td_cell_trimmed(cell);
    *v = (double)NAN;
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++)
        if (same_word(cell, nothing[i]))
            return TD_CELL_EMPTY;
    if (same_word(cell, "true") || same_word(cell, "false")) {
        *v = cell.len == 4;
        return TD_CELL_TRUTH;
    }
    if (cell.len >= sizeof text || memchr(cell.data, 0, cell.len))
        return TD_CELL_OTHER;
    memcpy(text, cell.data, cell.len);
    text[cell.len] = 0;
    return read_text(text, commas, v);
}

td_cell td_cell_read(tierce_span cell, bool commas, double *v)
{
    const td_cell kind = read_cell(cell, commas, v);
    if (kind == TD_CELL_UNSURE)
        *v = (double)NAN;
    return kind;
}

td_cell td_cell_score(tierce_span cell, bool commas, const td_import_settings *s, double *v)
{
    const td_cell kind = read_cell(cell, commas, v);
    if (kind != TD_CELL_UNSURE)
        return kind;
    const bool as_it_is = *v >= s->score_low && *v <= s->score_high;
    const bool as_thousands = *v * 1000 >= s->score_low && *v * 1000 <= s->score_high;
    if (as_it_is && !as_thousands)
        return TD_CELL_NUMBER;
    *v = (double)NAN;
    return TD_CELL_UNSURE;
}

bool td_cell_has_comma(tierce_span cell)
{
    size_t digits = 0;
    if (cell.len < 3 || (cell.data[0] != '0' && cell.data[0] != '1') || cell.data[1] != ',')
        return false;
    while (digits + 2 < cell.len && cell.data[digits + 2] >= '0' && cell.data[digits + 2] <= '9')
        digits++;
    return digits + 2 == cell.len;
}
