/* The request part of a record, from what harnesses keep of it. Each call adds one member
 * ("prompt": "…" or "messages": […]) to `out`; a comma goes before it where `out` is not empty. */
#ifndef TIERCE_REQUEST_OUT_H
#define TIERCE_REQUEST_OUT_H

#include "data/dom.h"
#include "data/text_out.h"

void td_put_prompt(td_out *out, const char *text, size_t len);

/* Text that may be chat messages written as JSON (promptfoo, lm-eval) or a list of strings as Python
 * writes it (RouterBench: one user message each); else a plain prompt. */
void td_put_prompt_or_chat(td_out *out, const char *text, size_t len);

/* A list of messages in any common shape (OpenAI's, Inspect's, {"from","value"}), as OpenAI's. Stops
 * before item `most`. Attachments keep their type only. False, and nothing added, where it is no list
 * of messages or empty. */
bool td_put_messages(td_out *out, const td_node *messages, size_t most);
/* One string or a list of messages, as many harnesses allow for an input. */
bool td_put_input(td_out *out, const td_node *input);
/* A list of tool definitions; nothing added where there are none. */
void td_put_tools(td_out *out, const td_node *tools);

/* "name": text, where the text is one JSON value as it stands; false, and nothing added, if it is not. */
bool td_put_raw(td_out *out, const char *name, const char *text, size_t len);

#endif
