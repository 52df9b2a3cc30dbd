/* Question: what the ask wants and in which form: a choice among options, a proof, a number, one
 * word; how much there is to weigh. */
#include "features/columns_512.h"
#include "features/extractors.h"

static void end_sentence(tf_question_state *q)
{
    if (!q->sentence_words)
        return;
    q->sentences++;
    q->last_sentence_words = q->sentence_words;
    q->sentence_words = 0;
}

/* What needs no order. */
TF_CLONES static void count_marks(tf_question_state *q, const tf_tokens *t)
{
    tf_yes formula = {0}, operators = {0}, blanks = {0}, quotes = {0}, big = {0}, decimals = {0}, marks = {0};
    for (uint32_t i = 0; i < t->n; i += TF_WIDE) {
        const tf_yes byte = tf_load(&t->byte[i + 2]), byte1 = tf_load(&t->byte[i + 1]), byte2 = tf_load(&t->byte[i]);
        const tf_yes tight = ~tf_has(tf_load(&t->flags[i + 2]), TF_SPACE_BEFORE);
        const tf_yes number = tf_is(tf_load(&t->kind[i + 2]), TF_NUMBER);
        tf_tally(&marks, tf_is(byte, '?'));
        tf_tally(&formula, tf_is(byte, '$') | tf_is(byte, '\\'));
        tf_tally(&operators, tf_is(byte, '=') | tf_is(byte, '+') | tf_is(byte, '*') | tf_is(byte, '/') |
                                 tf_is(byte, '^') | tf_is(byte, '<') | tf_is(byte, '>'));
        tf_tally(&blanks, tf_is(byte, '_') & tight & tf_is(byte1, '_') & ~tf_is(byte2, '_'));
        tf_tally(&quotes, tf_is(byte, '"'));
        tf_tally(&big, number & tf_at_least(tf_load(&t->short_len[i + 2]), 4));
        tf_tally(&decimals, number & tight & tf_is(byte1, '.') & tf_is(tf_load(&t->kind[i]), TF_NUMBER));
    }
    q->marks += tf_total(marks);
    q->formula += tf_total(formula);
    q->operators += tf_total(operators);
    q->blanks += tf_total(blanks);
    q->quotes += tf_total(quotes);
    q->big += tf_total(big);
    q->decimals += tf_total(decimals);
}

/* What does: words, for their number; marks that end a sentence (a point between digits does not), or might; what
 * may close an option marker: "A." "B)" "(C)" "D:". */
typedef struct {
    tf_column_bits words, ends, stops, options, spaces;
} found;

TF_CLONES static void find_marks(const tf_tokens *t, found *f)
{
    for (uint32_t i = 0; i < t->n; i += TF_WIDE) {
        const tf_yes byte = tf_load(&t->byte[i + 2]), byte1 = tf_load(&t->byte[i + 1]), byte2 = tf_load(&t->byte[i]);
        const tf_yes spaced = tf_has(tf_load(&t->flags[i + 2]), TF_SPACE_BEFORE), kind1 = tf_load(&t->kind[i + 1]);
        const tf_yes point = tf_is(byte, '.'), colon = tf_is(byte, ':'), asks = tf_is(byte, '?'), closes = point | tf_is(byte, '!');
        const tf_yes letter = tf_is(kind1, TF_WORD) & tf_is(tf_load(&t->short_len[i + 1]), 1) &
                              tf_at_least(byte1, 'A') & ~tf_at_least(byte1, 'Z' + 1);
        const tf_yes open = tf_has(tf_load(&t->flags[i + 1]), TF_SPACE_BEFORE | TF_LINE_START) | tf_is(byte2, '(');
        tf_put_bits(&f->words, i, tf_is(tf_load(&t->kind[i + 2]), TF_WORD));
        tf_put_bits(&f->ends, i, asks | (closes & (spaced | ~tf_is(kind1, TF_NUMBER))));
        tf_put_bits(&f->stops, i, asks | closes | colon);
        tf_put_bits(&f->options, i, (point | tf_is(byte, ')') | colon) & ~spaced & letter & open);
        tf_put_bits(&f->spaces, i, spaced);
    }
}

#ifdef TF_AVX512
/* Both at once. */
TF_AVX512 static void look_512(tf_question_state *q, const tf_tokens *t, found *f)
{
    for (uint32_t i = 0; i < t->n; i += 64) {
        const __m512i byte = tf_rows(&t->byte[i + 2]), byte1 = tf_rows(&t->byte[i + 1]), byte2 = tf_rows(&t->byte[i]);
        const __m512i kind = tf_rows(&t->kind[i + 2]), kind1 = tf_rows(&t->kind[i + 1]);
        const uint64_t spaced = tf_rows_have(tf_rows(&t->flags[i + 2]), TF_SPACE_BEFORE), number = tf_rows_is(kind, TF_NUMBER);
        const uint64_t point = tf_rows_is(byte, '.'), colon = tf_rows_is(byte, ':'), asks = tf_rows_is(byte, '?'), closes = point | tf_rows_is(byte, '!');
        const uint64_t letter = tf_rows_is(kind1, TF_WORD) & tf_rows_is(tf_rows(&t->short_len[i + 1]), 1) & tf_rows_least(byte1, 'A') &
                                ~tf_rows_least(byte1, 'Z' + 1);
        const uint64_t open = tf_rows_have(tf_rows(&t->flags[i + 1]), TF_SPACE_BEFORE | TF_LINE_START) | tf_rows_is(byte2, '(');
        f->words.word[i / 64] = tf_rows_is(kind, TF_WORD);
        f->ends.word[i / 64] = asks | (closes & (spaced | ~tf_rows_is(kind1, TF_NUMBER)));
        f->stops.word[i / 64] = asks | closes | colon;
        f->options.word[i / 64] = (point | tf_rows_is(byte, ')') | colon) & ~spaced & letter & open;
        f->spaces.word[i / 64] = spaced;
        q->marks += tf_ones(asks);
        q->formula += tf_ones(tf_rows_is(byte, '$') | tf_rows_is(byte, '\\'));
        q->operators += tf_ones(tf_rows_is(byte, '=') | tf_rows_is(byte, '+') | tf_rows_is(byte, '*') | tf_rows_is(byte, '/') | tf_rows_is(byte, '^') |
                                tf_rows_is(byte, '<') | tf_rows_is(byte, '>'));
        q->blanks += tf_ones(tf_rows_is(byte, '_') & ~spaced & tf_rows_is(byte1, '_') & ~tf_rows_is(byte2, '_'));
        q->quotes += tf_ones(tf_rows_is(byte, '"'));
        q->big += tf_ones(number & tf_rows_least(tf_rows(&t->short_len[i + 2]), 4));
        q->decimals += tf_ones(number & ~spaced & tf_rows_is(byte1, '.') & tf_rows_is(tf_rows(&t->kind[i]), TF_NUMBER));
    }
}
#endif

/* Sentences, by the words between the marks that end them. */
static void feed_sentences(tf_question_state *q, const tf_tokens *t, const found *f)
{
    uint32_t before = 0, sentences = 0, last = q->last_sentence_words;
    uint32_t from = 0u - q->sentence_words; /* the words before this sentence's */
    for (uint32_t w = 0; w * 64 < t->n; w++) {
        const uint64_t words = f->words.word[w];
        for (uint64_t left = f->ends.word[w]; left; left &= left - 1) {
            const uint32_t until = before + tf_ones(words & ~left & (left - 1)), n = until - from;
            sentences += n > 0;
            last = n ? n : last;
            from = until;
        }
        before += tf_ones(words);
    }
    q->sentences += sentences;
    q->last_sentence_words = last;
    q->sentence_words = before - from;
    q->words += before;
}

static void feed_last_mark(tf_question_state *q, const tf_tokens *t, const found *f)
{
    for (uint32_t w = (t->n + 63) / 64; w-- > 0;)
        if (f->stops.word[w]) {
            const uint8_t byte = t->byte[TF_BACK + w * 64 + tf_highest(f->stops.word[w])];
            q->last_mark = byte == '?' ? 1 : byte == ':' ? 3 : 2;
            return;
        }
}

/* Returns the token of the first option if it stands in this chunk, else n. words: of the ask before it. */
static uint32_t feed_options(tf_question_state *q, const tf_tokens *t, const found *f, uint32_t words)
{
    uint32_t first = t->n;
    for (uint32_t w = 0; w * 64 < t->n; w++)
        for (uint64_t left = f->options.word[w]; left; left &= left - 1) {
            const uint32_t i = w * 64 + tf_lowest(left);
            if (q->options >= 26 || t->byte[TF_BACK + i - 1] != 'A' + q->options)
                continue;
            if (!q->options) {
                q->first_option_word = words + tf_count_bits(&f->words, 0, i);
                first = i;
            }
            q->options++;
        }
    return first;
}

/* The ask's first word and its first wh-word; words: of the ask before this chunk. */
static void feed_first(tf_question_state *q, const tf_tokens *t, const tf_column_bits *bits, uint32_t words)
{
    for (uint32_t k = 0; k < t->n_known && (!q->first_wh || (!words && !k)); k++) {
        const uint32_t token = t->known[k], classes = t->classes[TF_BACK + token];
        if (!(classes & (TF_LEX(WH) | TF_LEX(IMPERATIVE))))
            continue;
        const uint32_t place = words + tf_count_bits(bits, 0, token) + 1;
        if (place == 1)
            q->imperative = (classes & TF_LEX(IMPERATIVE)) != 0;
        if (classes & TF_LEX(WH) && !q->first_wh)
            q->first_wh = place;
    }
}

/* Lines that open alike (Q: … Q: …) are worked examples. */
static void feed_openers(tf_question_state *q, const tf_tokens *t)
{
    for (uint32_t k = 0; k < t->n_lines; k++) {
        const uint32_t at = TF_BACK + t->line[k];
        uint32_t *slot = &q->openers[t->hash[at] & 15];
        const bool counts = (t->kind[at] == TF_WORD) & (t->short_len[at] > 1);
        q->repeated_openers += counts & (*slot == t->hash[at]);
        *slot = counts ? t->hash[at] : *slot;
    }
}

void tf_question_feed(tf_state *state, const tf_chunk *chunk)
{
    tf_question_state *q = &state->question;
    const tf_tokens *t = chunk->t;
    found f = {{{0}}, {{0}}, {{0}}, {{0}}, {{0}}};
    const bool began = q->options > 0;
    const uint32_t before = q->words;
    if (chunk->zone != TF_ZONE_ASK)
        return;
#ifdef TF_AVX512
    if (tf_has_avx512()) {
        look_512(q, t, &f);
    } else
#endif
    {
        count_marks(q, t);
        find_marks(t, &f);
    }
    q->numbers += t->numbers;
    feed_first(q, t, &f.words, before);
    feed_openers(q, t);
    feed_sentences(q, t, &f);
    feed_last_mark(q, t, &f);
    const uint32_t first = feed_options(q, t, &f, before);
    const uint32_t from = began ? 0 : first + 1;
    if (from < t->n) /* bytes behind the first option marker */
        q->option_bytes += tf_sum_len(t, from, t->n) + tf_count_bits(&f.spaces, from, t->n);
}

static void set_classes(tf_state *state)
{
    static const struct {
        tf_named id;
        tf_lexicon_class c;
    } map[] = {{TF_N_QUESTION_WH, TF_LEX_WH},           {TF_N_QUESTION_PROOF, TF_LEX_PROOF},
               {TF_N_QUESTION_STEPS, TF_LEX_STEPS},     {TF_N_QUESTION_BRIEF, TF_LEX_BRIEF},
               {TF_N_QUESTION_UNITS, TF_LEX_UNIT},      {TF_N_QUESTION_QUANTITY, TF_LEX_QUANTITY},
               {TF_N_QUESTION_MATH, TF_LEX_MATH},       {TF_N_QUESTION_SCIENCE, TF_LEX_SCIENCE},
               {TF_N_QUESTION_NEGATION, TF_LEX_NEGATION}, {TF_N_QUESTION_LOGIC, TF_LEX_LOGIC},
               {TF_N_QUESTION_COMPARE, TF_LEX_COMPARE}, {TF_N_QUESTION_MODAL, TF_LEX_MODAL},
               {TF_N_QUESTION_PERSON, TF_LEX_PERSON}};
    for (size_t i = 0; i < sizeof map / sizeof *map; i++)
        tf_set(state, map[i].id, state->zone[TF_ZONE_ASK].classes[map[i].c]);
}

void tf_question_finish(tf_state *state)
{
    tf_question_state *q = &state->question;
    end_sentence(q);
    set_classes(state);
    tf_set(state, TF_N_QUESTION_MARKS, q->marks);
    tf_set(state, TF_N_QUESTION_WH_PLACE,
           q->first_wh ? 1 + (uint64_t)(q->first_wh - 1) * 10 / q->words : 0);
    tf_set(state, TF_N_QUESTION_IMPERATIVE, q->imperative);
    tf_set(state, TF_N_QUESTION_ENDS, q->last_mark);
    tf_set(state, TF_N_QUESTION_OPTIONS, q->options >= 2 ? q->options : 0);
    if (q->options >= 2)
        tf_set(state, TF_N_QUESTION_OPTION_LEN, q->option_bytes / q->options);
    tf_set(state, TF_N_QUESTION_STEM, q->options >= 2 ? q->first_option_word : q->words);
    tf_set(state, TF_N_QUESTION_NUMBERS, q->numbers);
    tf_set(state, TF_N_QUESTION_BIG, q->big);
    tf_set(state, TF_N_QUESTION_DECIMALS, q->decimals);
    tf_set(state, TF_N_QUESTION_FORMULA, q->formula);
    tf_set(state, TF_N_QUESTION_OPERATORS, q->operators);
    tf_set(state, TF_N_QUESTION_SENTENCES, q->sentences);
    tf_set(state, TF_N_QUESTION_SENT_LEN, q->sentences ? q->words / q->sentences : 0);
    tf_set(state, TF_N_QUESTION_LAST_LEN, q->last_sentence_words);
    tf_set(state, TF_N_QUESTION_BLANKS, q->blanks);
    tf_set(state, TF_N_QUESTION_QUOTES, q->quotes);
    tf_set(state, TF_N_QUESTION_SHOTS, q->repeated_openers);
}
