/* Code: how much of the ask is code, and which kind. A line counts as code by its marks, not by a
 * parser: brackets, operators, a trailing semicolon, identifiers in snake or camel case. */
#include "features/columns_512.h"
#include "features/extractors.h"

static void end_line(tf_code_state *c)
{
    if (c->line_tokens && c->line_marks * 4 >= c->line_tokens)
        c->code_bytes += c->line_bytes;
    c->line_marks = c->line_tokens = c->line_bytes = 0;
}

static void start_line(tf_code_state *c, const tf_tokens *t, uint32_t token, uint16_t indent)
{
    const uint32_t at = TF_BACK + token;
    const bool symbol = t->kind[at] == TF_SYMBOL;
    end_line(c);
    c->lines++;
    c->indented += indent >= 2;
    c->diff += symbol && (t->byte[at] == '+' || t->byte[at] == '-') && indent == 0;
    c->diff += symbol && t->byte[at] == '@';
    c->shell += (t->classes[at] & TF_LEX(SHELL)) != 0 || t->byte[at] == '$';
}

/* Words of SQL in capitals. */
static void feed_sql(tf_code_state *c, const tf_tokens *t)
{
    for (uint32_t k = 0; k < t->n_known; k++) {
        const uint32_t at = TF_BACK + t->known[k];
        c->sql += (t->classes[at] & TF_LEX(SQL)) != 0 &&
                  (t->flags[at] & (TF_INNER_UPPER | TF_HAS_LOWER)) == TF_INNER_UPPER;
    }
}

#define IS_BRACKET(c) (tf_is(c, '{') | tf_is(c, '}') | tf_is(c, '[') | tf_is(c, ']'))
#define IS_OPERATOR(c)                                                                                                           \
    (tf_is(c, ';') | tf_is(c, '=') | tf_is(c, '<') | tf_is(c, '>') | tf_is(c, '&') | tf_is(c, '|') | tf_is(c, '*') | tf_is(c, '%') | \
     tf_is(c, '+') | tf_is(c, '#') | tf_is(c, '!') | tf_is(c, '~') | tf_is(c, '^') | tf_is(c, '@'))

/* Counts what single tokens and their two neighbours tell; marks: which of them mark their line as code. */
TF_CLONES static void count_tokens(tf_code_state *c, const tf_tokens *t, tf_column_bits *marks)
{
    tf_yes snakes = {0}, camels = {0}, paths = {0}, markup = {0}, fences = {0};
    tf_yes calls = {0}, brackets = {0}, operators = {0}, urls = {0};
    for (uint32_t i = 0; i < t->n; i += TF_WIDE) {
        const tf_yes byte = tf_load(&t->byte[i + 2]), byte1 = tf_load(&t->byte[i + 1]), byte2 = tf_load(&t->byte[i]);
        const tf_yes kind = tf_load(&t->kind[i + 2]), flags = tf_load(&t->flags[i + 2]);
        const tf_yes kind1 = tf_load(&t->kind[i + 1]), tight1 = ~tf_has(tf_load(&t->flags[i + 1]), TF_SPACE_BEFORE);
        const tf_yes word = tf_is(kind, TF_WORD), tight = ~tf_has(flags, TF_SPACE_BEFORE);
        /* a word right behind a mark; and the mark right behind a word */
        const tf_yes behind = word & tight & tf_is(kind1, TF_SYMBOL);
        const tf_yes joined = behind & tf_is(tf_load(&t->kind[i]), TF_WORD) & tight1;
        const tf_yes camel = word & tf_has(flags, TF_INNER_UPPER) & tf_has(flags, TF_HAS_LOWER);
        const tf_yes snake = joined & tf_is(byte1, '_');
        const tf_yes call = tf_is(byte, '(') & tight & tf_is(kind1, TF_WORD);
        const tf_yes bracket = IS_BRACKET(byte), operator_ = IS_OPERATOR(byte);
        tf_tally(&snakes, snake);
        tf_tally(&camels, camel);
        tf_tally(&paths, joined & (tf_is(byte1, '/') | tf_is(byte1, '.')));
        tf_tally(&markup, behind & (tf_is(byte1, '<') | (tf_is(byte1, '/') & tf_is(byte2, '<'))));
        tf_tally(&fences, tf_is(kind, TF_FENCE));
        tf_tally(&calls, call);
        tf_tally(&brackets, bracket | tf_is(byte, '(') | tf_is(byte, ')'));
        tf_tally(&operators, operator_);
        tf_tally(&urls, tf_is(byte, '/') & tight & tf_is(byte1, '/') & tf_is(byte2, ':'));
        tf_put_bits(marks, i, camel | snake | call | bracket | operator_);
    }
    c->snake += tf_total(snakes);
    c->camel += tf_total(camels);
    c->paths += tf_total(paths);
    c->markup += tf_total(markup);
    c->fences += tf_total(fences);
    c->calls += tf_total(calls);
    c->brackets += tf_total(brackets);
    c->operators += tf_total(operators);
    c->urls += tf_total(urls);
}

#ifdef TF_AVX512
TF_512_ROWS uint64_t operators_512(__m512i c)
{
    return tf_rows_is(c, ';') | tf_rows_is(c, '=') | tf_rows_is(c, '<') | tf_rows_is(c, '>') | tf_rows_is(c, '&') | tf_rows_is(c, '|') |
           tf_rows_is(c, '*') | tf_rows_is(c, '%') | tf_rows_is(c, '+') | tf_rows_is(c, '#') | tf_rows_is(c, '!') | tf_rows_is(c, '~') |
           tf_rows_is(c, '^') | tf_rows_is(c, '@');
}

TF_AVX512 static void count_tokens_512(tf_code_state *c, const tf_tokens *t, tf_column_bits *marks)
{
    for (uint32_t i = 0; i < t->n; i += 64) {
        const __m512i byte = tf_rows(&t->byte[i + 2]), byte1 = tf_rows(&t->byte[i + 1]), byte2 = tf_rows(&t->byte[i]);
        const __m512i kind = tf_rows(&t->kind[i + 2]), flags = tf_rows(&t->flags[i + 2]), kind1 = tf_rows(&t->kind[i + 1]);
        const uint64_t word = tf_rows_is(kind, TF_WORD), word1 = tf_rows_is(kind1, TF_WORD), tight = ~tf_rows_have(flags, TF_SPACE_BEFORE);
        const uint64_t behind = word & tight & tf_rows_is(kind1, TF_SYMBOL);
        const uint64_t joined = behind & tf_rows_is(tf_rows(&t->kind[i]), TF_WORD) & ~tf_rows_have(tf_rows(&t->flags[i + 1]), TF_SPACE_BEFORE);
        const uint64_t camel = word & tf_rows_have(flags, TF_INNER_UPPER) & tf_rows_have(flags, TF_HAS_LOWER);
        const uint64_t snake = joined & tf_rows_is(byte1, '_'), slash1 = tf_rows_is(byte1, '/');
        const uint64_t open = tf_rows_is(byte, '('), call = open & tight & word1, operator_ = operators_512(byte);
        const uint64_t bracket = tf_rows_is(byte, '{') | tf_rows_is(byte, '}') | tf_rows_is(byte, '[') | tf_rows_is(byte, ']');
        c->snake += tf_ones(snake);
        c->camel += tf_ones(camel);
        c->paths += tf_ones(joined & (slash1 | tf_rows_is(byte1, '.')));
        c->markup += tf_ones(behind & (tf_rows_is(byte1, '<') | (slash1 & tf_rows_is(byte2, '<'))));
        c->fences += tf_ones(tf_rows_is(kind, TF_FENCE));
        c->calls += tf_ones(call);
        c->brackets += tf_ones(bracket | open | tf_rows_is(byte, ')'));
        c->operators += tf_ones(operator_);
        c->urls += tf_ones(tf_rows_is(byte, '/') & tight & slash1 & tf_rows_is(byte2, ':'));
        marks->word[i / 64] = camel | snake | call | bracket | operator_;
    }
}
#endif

/* Marks before each word of bits, so that those before a token are one count away. */
typedef struct {
    uint32_t before[(TF_CHUNK + 63) / 64 + 1];
} mark_counts;

static void count_before(mark_counts *counts, const tf_column_bits *marks)
{
    counts->before[0] = 0;
    for (uint32_t w = 0; w < (TF_CHUNK + 63) / 64; w++)
        counts->before[w + 1] = counts->before[w] + tf_ones(marks->word[w]);
}

static uint32_t marks_before(const mark_counts *counts, const tf_column_bits *marks, uint32_t token)
{
    return counts->before[token / 64] + tf_ones(marks->word[token / 64] & tf_below(token % 64));
}

/* So many tokens, of so many bytes, with so many marks. */
static void add_to_line(tf_code_state *c, uint32_t tokens, uint32_t bytes, uint32_t marks)
{
    c->line_bytes += bytes;
    c->all_bytes += bytes;
    c->line_tokens += tokens;
    c->line_marks += marks;
}

void tf_code_feed(tf_state *state, const tf_chunk *chunk)
{
    tf_code_state *c = &state->code;
    const tf_tokens *t = chunk->t;
    tf_column_bits marks = {{0}};
    mark_counts counts;
    uint32_t from = 0, bytes = 0, before = 0;
    if (chunk->zone != TF_ZONE_ASK)
        return;
#ifdef TF_AVX512
    if (tf_has_avx512())
        count_tokens_512(c, t, &marks);
    else
#endif
        count_tokens(c, t, &marks);
    feed_sql(c, t);
    count_before(&counts, &marks);
    for (uint32_t k = 0; k < t->n_lines; k++) {
        const uint32_t token = t->line[k], until = marks_before(&counts, &marks, token);
        add_to_line(c, token - from, t->line_at[k] - bytes, until - before);
        start_line(c, t, token, t->indent[k]);
        from = token;
        bytes = t->line_at[k];
        before = until;
    }
    add_to_line(c, t->n - from, t->bytes - bytes, counts.before[(TF_CHUNK + 63) / 64] - before);
}

void tf_code_finish(tf_state *state)
{
    tf_code_state *c = &state->code;
    const tf_zone_totals *ask = &state->zone[TF_ZONE_ASK];
    const uint32_t tokens = ask->tokens;
    end_line(c);
    tf_set(state, TF_N_CODE_FENCES, c->fences);
    tf_set(state, TF_N_CODE_DENSITY, tf_share(c->code_bytes, c->all_bytes));
    tf_set(state, TF_N_CODE_INDENTED, tf_share(c->indented, c->lines));
    tf_set(state, TF_N_CODE_BRACKETS, tf_share(c->brackets, tokens));
    tf_set(state, TF_N_CODE_OPERATORS, tf_share(c->operators, tokens));
    tf_set(state, TF_N_CODE_SNAKE, c->snake);
    tf_set(state, TF_N_CODE_CAMEL, c->camel);
    tf_set(state, TF_N_CODE_CALLS, c->calls);
    tf_set(state, TF_N_CODE_KEYWORDS, ask->classes[TF_LEX_CODE]);
    tf_set(state, TF_N_CODE_PYTHON, ask->classes[TF_LEX_PYTHON]);
    tf_set(state, TF_N_CODE_CLIKE, ask->classes[TF_LEX_CLIKE]);
    tf_set(state, TF_N_CODE_SQL, c->sql);
    tf_set(state, TF_N_CODE_SHELL, c->shell);
    tf_set(state, TF_N_CODE_PATHS, c->paths);
    tf_set(state, TF_N_CODE_DIFF, c->diff);
    tf_set(state, TF_N_CODE_TRACE, ask->classes[TF_LEX_FAULT]);
    tf_set(state, TF_N_CODE_URLS, c->urls);
    tf_set(state, TF_N_CODE_MARKUP, c->markup);
}
