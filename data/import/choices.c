#include "data/import/choices.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>


static const struct {
    const char *name;
    size_t offset;
} format_options[] = {
#define OPTION(name, field) {name, offsetof(td_import_settings, field)}
    OPTION("metric", metric),
    OPTION("filter", filter),
    OPTION("scorer", scorer),
    OPTION("model", model),
    OPTION("delimiter", delimiter),
    OPTION("id-field", id_field),
    OPTION("prompt-field", prompt_field),
    OPTION("messages-field", messages_field),
    OPTION("tools-field", tools_field),
    OPTION("model-field", model_field),
    OPTION("score-field", score_field),
    OPTION("score-fields", score_fields),
    OPTION("cost-field", cost_field),
    OPTION("input-field", input_field),
    OPTION("output-field", output_field),
    OPTION("latency-field", latency_field),
    OPTION("source-field", source_field),
    OPTION("workload-field", workload_field),
    OPTION("prompts", prompts),
    OPTION("scores", scores),
#undef OPTION
};

bool td_lists(const char *list, const char *name)
{
    const size_t n = strlen(name);
    for (const char *at = list; *at; at += strcspn(at, " "), at += *at == ' ')
        if (strcspn(at, " ") == n && !strncmp(at, name, n))
            return true;
    return false;
}

/* As people write it: tables have columns where others have fields. */
static const char *called(const td_importer *importer, const char *name)
{
    static const char *const columns[][2] = {
        {"prompt-field", "prompt-column"}, {"score-fields", "score-columns"}, {"id-field", "id-column"}};
    for (size_t i = 0; importer == &td_import_csv && i < 3; i++)
        if (!strcmp(name, columns[i][0]))
            return columns[i][1];
    return name;
}

static void list_options(const td_importer *importer, char *text, size_t room)
{
    size_t used = 0;
    *text = 0;
    for (const char *at = importer->options; *at && used < room - 1;) {
        char name[40];
        const size_t n = strcspn(at, " ");
        snprintf(name, sizeof name, "%.*s", (int)n, at);
        used += (size_t)snprintf(text + used, room - used, "%s--%s", used ? ", " : "", called(importer, name));
        at += n + (at[n] == ' ');
    }
}

bool td_check_choices(const td_importer *importer, const td_import_settings *settings, const td_head *head, td_error *error)
{
    char options[400], offered[300] = "";
    for (size_t i = 0; i < sizeof format_options / sizeof *format_options; i++) {
        const char *value;
        memcpy(&value, (const char *)settings + format_options[i].offset, sizeof value);
        if (!value || td_lists(importer->options, format_options[i].name))
            continue;
        list_options(importer, options, sizeof options);
        if (importer->offers && head)
            importer->offers(head, offered, sizeof offered);
        return td_fail(error, "--%s means nothing to the format %s%s%s; %s%s", format_options[i].name, importer->name,
                       *offered ? "; " : "", offered, *options ? "its options: " : "it has no options of its own", options);
    }
    return true;
}
