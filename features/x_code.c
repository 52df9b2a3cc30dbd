/* Code: how much of the ask is code, and which kind. A line counts as code by its marks, not by a
 * parser: brackets, operators, a trailing semicolon, identifiers in snake or camel case. */
#include "features/extractors.h"

static void end_line(tf_code_state *c)
{
    if (c->line_tokens && c->line_marks * 4 >= c->line_tokens)
        c->code_bytes += c->line_bytes;
    c->line_marks = c->line_tokens = c->line_bytes = 0;
}

static void start_line(tf_code_state *c, const tf_token *token)
{
    end_line(c);
    c->lines++;
    c->indented += token->indent >= 2;
    c->diff += token->kind == TF_SYMBOL && (token->byte == '+' || token->byte == '-') &&
               token->indent == 0;
    c->diff += token->byte == '@' && token->kind == TF_SYMBOL;
    c->shell += (token->classes & TF_LEX(SHELL)) != 0 || token->byte == '$';
}

static void feed_classes(tf_code_state *c, const tf_token *token)
{
    c->sql += (token->classes & TF_LEX(SQL)) && (token->flags & TF_INNER_UPPER) && !(token->flags & TF_HAS_LOWER);
    c->keywords += (token->classes & TF_LEX(CODE)) != 0;
    c->python += (token->classes & TF_LEX(PYTHON)) != 0;
    c->c_like += (token->classes & TF_LEX(CLIKE)) != 0;
    c->faults += (token->classes & TF_LEX(FAULT)) != 0;
}

/* A word that stands right behind a mark. */
static void feed_joined(tf_code_state *c)
{
    const uint8_t before = c->last->byte;
    const bool joined = c->before->kind == TF_WORD && !(c->last->flags & TF_SPACE_BEFORE);
    c->snake += joined && before == '_';
    c->paths += joined && (before == '/' || before == '.');
    c->line_marks += joined && before == '_';
    c->markup += before == '<' || (before == '/' && c->before->byte == '<');
}

static inline void feed_word(tf_code_state *c, const tf_token *token)
{
    const bool camel = (token->flags & (TF_INNER_UPPER | TF_HAS_LOWER)) == (TF_INNER_UPPER | TF_HAS_LOWER);
    if (camel) {
        const bool joined = !(token->flags & TF_SPACE_BEFORE) && c->last->kind == TF_SYMBOL &&
                            c->last->byte == '_' && c->before->kind == TF_WORD &&
                            !(c->last->flags & TF_SPACE_BEFORE);
        c->camel++;
        c->line_marks += !joined; /* a joined one is counted below, once */
    }
    if (token->classes)
        feed_classes(c, token);
    if (!(token->flags & TF_SPACE_BEFORE) && c->last->kind == TF_SYMBOL)
        feed_joined(c);
}

static void feed_symbol(tf_code_state *c, const tf_token *token)
{
    const bool tight = !(token->flags & TF_SPACE_BEFORE);
    switch (token->byte) {
    case '(':
        c->calls += tight && c->last->kind == TF_WORD;
        c->brackets++;
        c->line_marks += tight && c->last->kind == TF_WORD;
        break;
    case ')':
        c->brackets++;
        break;
    case '{':
    case '}':
    case '[':
    case ']':
        c->brackets++;
        c->line_marks++;
        break;
    case ';':
    case '=':
    case '<':
    case '>':
    case '&':
    case '|':
    case '*':
    case '%':
    case '+':
    case '#':
    case '!':
    case '~':
    case '^':
    case '@':
        c->operators++;
        c->line_marks++;
        break;
    case '/':
        c->urls += tight && c->last->byte == '/' && c->before->byte == ':';
        break;
    default:
        break;
    }
}

void tf_code_feed(tf_state *state, const tf_chunk *chunk)
{
    tf_code_state *c = &state->code;
    if (chunk->zone != TF_ZONE_ASK)
        return;
    if (chunk->first)
        memset(c->prev, 0, sizeof c->prev);
    c->before = &c->prev[1];
    c->last = &c->prev[0];
    for (size_t i = 0; i < chunk->n; i++) {
        const tf_token *token = &chunk->at[i];
        if (token->flags & TF_LINE_START)
            start_line(c, token);
        c->line_bytes += token->len;
        c->all_bytes += token->len;
        c->line_tokens++;
        if (token->kind == TF_WORD)
            feed_word(c, token);
        else if (token->kind == TF_FENCE)
            c->fences++;
        else if (token->kind == TF_SYMBOL)
            feed_symbol(c, token);
        c->before = c->last;
        c->last = token;
    }
    const tf_token before = *c->before, last = *c->last;
    c->prev[1] = before;
    c->prev[0] = last;
}

void tf_code_finish(tf_state *state)
{
    tf_code_state *c = &state->code;
    const uint32_t tokens = state->zone[TF_ZONE_ASK].tokens;
    end_line(c);
    tf_set(state, TF_N_CODE_FENCES, c->fences);
    tf_set(state, TF_N_CODE_DENSITY, tf_share(c->code_bytes, c->all_bytes));
    tf_set(state, TF_N_CODE_INDENTED, tf_share(c->indented, c->lines));
    tf_set(state, TF_N_CODE_BRACKETS, tf_share(c->brackets, tokens));
    tf_set(state, TF_N_CODE_OPERATORS, tf_share(c->operators, tokens));
    tf_set(state, TF_N_CODE_SNAKE, c->snake);
    tf_set(state, TF_N_CODE_CAMEL, c->camel);
    tf_set(state, TF_N_CODE_CALLS, c->calls);
    tf_set(state, TF_N_CODE_KEYWORDS, c->keywords);
    tf_set(state, TF_N_CODE_PYTHON, c->python);
    tf_set(state, TF_N_CODE_CLIKE, c->c_like);
    tf_set(state, TF_N_CODE_SQL, c->sql);
    tf_set(state, TF_N_CODE_SHELL, c->shell);
    tf_set(state, TF_N_CODE_PATHS, c->paths);
    tf_set(state, TF_N_CODE_DIFF, c->diff);
    tf_set(state, TF_N_CODE_TRACE, c->faults);
    tf_set(state, TF_N_CODE_URLS, c->urls);
    tf_set(state, TF_N_CODE_MARKUP, c->markup);
}
