#include "data/import/inspect_request.h"

#include <stdlib.h>
#include <string.h>

#include "data/import/request_out.h"

/* Messages before the first that the model generated. What came with the sample may hold answers too
 * (examples), so an assistant's message counts only if it says "generate", or no message says where it
 * is from. */
static size_t before_answer(const td_node *messages, size_t given)
{
    bool marked = false;
    size_t n = 0;
    for (const td_node *m = td_first(messages); m; m = td_next(m)) {
        const char *source = td_string(td_get(m, "source"));
        marked = marked || (source && !strcmp(source, "generate"));
    }
    for (const td_node *m = td_first(messages); m; m = td_next(m), n++) {
        const char *role = td_string(td_get(m, "role")), *source = td_string(td_get(m, "source"));
        if (!role || strcmp(role, "assistant"))
            continue;
        if (marked ? source && !strcmp(source, "generate") : n >= given)
            return n;
    }
    return n;
}

/* Replaces attachment://<hash> inside the JSON strings of `text` by what it stands for. */
static void put_resolved(td_out *out, const char *text, size_t len, const td_node *attachments)
{
    static const char mark[] = "attachment://";
    const char *end = text + len;
    for (const char *at = text; at < end;) {
        const char *next = memchr(at, 'a', (size_t)(end - at));
        while (next && ((size_t)(end - next) < sizeof mark - 1 || memcmp(next, mark, sizeof mark - 1)))
            next = memchr(next + 1, 'a', (size_t)(end - next - 1));
        td_put(out, at, (size_t)((next ? next : end) - at));
        if (!next)
            return;
        char hash[65];
        const char *name = next + sizeof mark - 1;
        size_t n = 0;
        while (n < 64 && name + n < end && strchr("0123456789abcdef", name[n]) && name[n])
            n++;
        memcpy(hash, name, n);
        hash[n] = 0;
        const char *meant = td_string(td_get(attachments, hash));
        if (meant) {
            td_out quoted = {0};
            td_put_json(&quoted, meant, strlen(meant));
            out->failed = out->failed || quoted.failed;
            td_put(out, quoted.at + (quoted.len != 0), quoted.len > 2 ? quoted.len - 2 : 0);
            free(quoted.at);
        } else {
            td_put(out, next, sizeof mark - 1 + n);
        }
        at = name + n;
    }
}

/* A copy of the value with its attachments; NULL where it has none. Free it. Memory that ends shows in
 * out->failed. */
static td_node *resolved(const td_node *value, const td_node *attachments, td_out *out)
{
    td_out text = {0}, whole = {0};
    td_node *copy = NULL;
    if (!value || !td_first(attachments))
        return NULL;
    td_dom_print(&text, value);
    td_put(&text, "", 1); /* strstr needs an end */
    if (!text.failed && strstr(text.at, "attachment://")) {
        put_resolved(&whole, text.at, text.len - 1, attachments);
        if (!whole.failed)
            copy = td_dom_parse(whole.at, whole.len, "attachments", NULL);
    }
    out->failed = out->failed || text.failed || whole.failed || (whole.at && !copy);
    free(text.at);
    free(whole.at);
    return copy;
}

bool td_inspect_request(const td_node *sample, td_out *out)
{
    const td_node *attachments = td_get(sample, "attachments");
    const td_node *messages = td_get(sample, "messages"), *input = td_get(sample, "input");
    td_node *messages_copy = resolved(messages, attachments, out);
    td_node *input_copy = resolved(input, attachments, out);
    messages = messages_copy ? messages_copy : messages;
    input = input_copy ? input_copy : input;
    const size_t given = td_is_array(input) ? td_count(input) : 1;
    const bool put = td_put_messages(out, messages, before_answer(messages, given)) || (input && td_put_input(out, input));
    if (put)
        td_put_tools(out, td_get(sample, "tools"));
    td_dom_free(messages_copy);
    td_dom_free(input_copy);
    return put;
}
