/* Question: what the ask wants and in which form: a choice among options, a proof, a number, one
 * word; how much there is to weigh. */
#include "features/extractors.h"

/* Does this token close an option marker? "A." "B)" "(C)" "D:" in their order A, B, C, … */
static bool is_option(const tf_question_state *q, const tf_token *token)
{
    const tf_token *letter = q->last;
    return (token->byte == '.' || token->byte == ')' || token->byte == ':') &&
           !(token->flags & TF_SPACE_BEFORE) && letter->len == 1 && letter->kind == TF_WORD &&
           letter->byte == 'A' + q->options && q->options < 26 &&
           ((letter->flags & TF_SPACE_BEFORE) || (letter->flags & TF_LINE_START) ||
            q->before->byte == '(');
}

static void end_sentence(tf_question_state *q)
{
    if (!q->sentence_words)
        return;
    q->sentences++;
    q->last_sentence_words = q->sentence_words;
    q->sentence_words = 0;
}

static void feed_symbol(tf_question_state *q, const tf_token *token)
{
    const uint8_t c = token->byte;
    const bool tight = !(token->flags & TF_SPACE_BEFORE);
    switch (c) {
    case '?':
        q->marks++;
        q->last_mark = 1;
        end_sentence(q);
        break;
    case '.':
    case '!':
        q->last_mark = 2;
        if (tight && q->last->kind == TF_NUMBER)
            break;
        end_sentence(q);
        break;
    case ':':
        q->last_mark = 3;
        break;
    case '$':
    case '\\':
        q->formula++;
        break;
    case '=':
    case '+':
    case '*':
    case '/':
    case '^':
    case '<':
    case '>':
        q->operators++;
        break;
    case '_':
        q->blanks += tight && q->last->byte == '_' && q->before->byte != '_';
        break;
    case '"':
        q->quotes++;
        break;
    default:
        break;
    }
    if (is_option(q, token)) {
        if (!q->options)
            q->first_option_word = q->words;
        q->options++;
    }
}

static void feed_number(tf_question_state *q, const tf_token *token)
{
    q->numbers++;
    q->big += token->len >= 4;
    q->decimals += q->last->byte == '.' && !(token->flags & TF_SPACE_BEFORE) &&
                   q->before->kind == TF_NUMBER && q->before->len > 0;
}

static inline unsigned lowest_bit(uint32_t v)
{
#ifdef __GNUC__
    return (unsigned)__builtin_ctz(v);
#else
    unsigned c = 0;
    while (!(v >> c & 1))
        c++;
    return c;
#endif
}

static void feed_word(tf_question_state *q, const tf_token *token)
{
    q->words++;
    q->sentence_words++;
    if (q->words == 1)
        q->imperative = (token->classes & TF_LEX(IMPERATIVE)) != 0;
    if (token->classes & TF_LEX(WH) && !q->first_wh)
        q->first_wh = q->words;
    for (uint32_t left = token->classes; left; left &= left - 1) {
        q->class_count[lowest_bit(left)]++;
    }
}

/* Lines that open alike (Q: … Q: …) are worked examples. */
static void feed_opener(tf_question_state *q, const tf_token *token)
{
    uint32_t *slot = &q->openers[token->hash & 15];
    if (token->kind == TF_WORD && token->len > 1) {
        q->repeated_openers += *slot == token->hash;
        *slot = token->hash;
    }
}

void tf_question_feed(tf_state *state, const tf_chunk *chunk)
{
    tf_question_state *q = &state->question;
    if (chunk->zone != TF_ZONE_ASK)
        return;
    if (chunk->first)
        memset(q->prev, 0, sizeof q->prev);
    q->before = &q->prev[1];
    q->last = &q->prev[0];
    for (size_t i = 0; i < chunk->n; i++) {
        const tf_token *token = &chunk->at[i];
        if (token->flags & TF_LINE_START)
            feed_opener(q, token);
        if (q->options)
            q->option_bytes += token->len + ((token->flags & TF_SPACE_BEFORE) != 0);
        if (token->kind == TF_WORD)
            feed_word(q, token);
        else if (token->kind == TF_NUMBER)
            feed_number(q, token);
        else
            feed_symbol(q, token);
        q->before = q->last;
        q->last = token;
    }
    const tf_token before = *q->before, last = *q->last;
    q->prev[1] = before;
    q->prev[0] = last;
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
        tf_set(state, map[i].id, state->question.class_count[map[i].c]);
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
