/* A file of JSON lines, read for an importer. */
#include <stdio.h>

#include "data/dom_twice.h"
#include "data/import/input.h"
#include "data/import/sink_in.h"

static bool blank(const char *line, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (line[i] != ' ' && line[i] != '\t')
            return false;
    return true;
}

/* One of the two is asked for each line. */
static bool read_lines(td_sink *sink, const char *path, td_each_line each, td_each_text each_text, td_error *error)
{
    td_input *in = td_input_open(path, error);
    td_lines *lines = in ? td_input_lines(in, path, error) : NULL;
    td_line_status status = lines ? TD_LINE : TD_BROKEN;
    bool good = lines != NULL;
    char *line;
    size_t len;
    while (good && (status = td_lines_next(lines, &line, &len, error)) == TD_LINE) {
        const uint64_t number = td_lines_number(lines);
        if (blank(line, len) || td_sink_json_not_utf8(sink, number, line, len, &good, error))
            continue;
        td_node *node = td_dom_parse(line, len, path, NULL);
        char place[200];
        if (node && td_dom_twice(node, place, sizeof place))
            good = td_sink_bad(sink, number, TD_KEY_TWICE, place, error);
        else if (node && each)
            good = each(sink, node, number, error);
        else if (node)
            good = each_text(sink, node, (tierce_span){line, len}, number, error);
        else if (td_dom_starved())
            good = td_fail(error, "%.300s:%llu: out of memory", path, (unsigned long long)number);
        else
            good = td_sink_bad(sink, number, td_dom_deep() ? "nested deeper than 1000 levels" : "not valid JSON", NULL, error);
        td_dom_free(node);
    }
    td_lines_close(lines);
    td_input_close(in);
    return good && status == TD_END;
}

bool td_sink_lines(td_sink *sink, const char *path, td_each_line each, td_error *error)
{
    return read_lines(sink, path, each, NULL, error);
}

bool td_sink_texts(td_sink *sink, const char *path, td_each_text each, td_error *error)
{
    return read_lines(sink, path, NULL, each, error);
}
