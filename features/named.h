/* Named features: numbers about a request, each cut into buckets so that a linear model can bend.
 *
 * X(ID, "namespace.name", CUT, help). Values are unsigned integers (ratios in per mille), so cutting
 * is exact everywhere. CUT says how a value becomes a bucket:
 *   SIZE   half-octaves: 0, 1, 2, 3, 4, 6, 8, 12, 16, 24, …; also a number in block `level`
 *   COUNT  the same buckets without the number
 *   SHARE  per mille: 0, then cuts at 5 10 20 40 60 80 100 150 200 250 300 400 500 600 700 800 900
 *   FLAG   0 / 1
 *   KIND   the value itself is the bucket (a small enumeration)
 * A feature whose zone is absent from the request (no tools offered, say) is not emitted: the
 * extractor leaves it at TF_ABSENT. */
#ifndef TIERCE_NAMED_H
#define TIERCE_NAMED_H

#include <stdint.h>

#include "features/clones.h"

#define TF_ABSENT UINT32_MAX

/* clang-format off */
#define TF_NAMED_LIST(X)                                                                           \
    /* shape: the ask's bulk and texture */                                                        \
    X(SHAPE_BYTES,        "shape.bytes",        SIZE,  "bytes of the ask")                         \
    X(SHAPE_WORDS,        "shape.words",        SIZE,  "words of the ask")                         \
    X(SHAPE_LINES,        "shape.lines",        COUNT, "lines of the ask")                         \
    X(SHAPE_LONGEST,      "shape.longest_line", COUNT, "bytes of the longest line")                \
    X(SHAPE_WORD_LEN,     "shape.word_length",  KIND,  "mean bytes of a word, in half bytes")      \
    X(SHAPE_LONG_WORDS,   "shape.long_words",   SHARE, "words of 8 bytes and more, of all words")  \
    X(SHAPE_VERY_LONG,    "shape.very_long",    SHARE, "words of 12 bytes and more, of all words") \
    X(SHAPE_COMMON,       "shape.common_words", SHARE, "function words, of all words")             \
    X(SHAPE_DIGITS,       "shape.digits",       SHARE, "numbers, of all tokens")                   \
    X(SHAPE_CAPITALS,     "shape.capitals",     SHARE, "capitalised words, of all words")          \
    X(SHAPE_SHOUTING,     "shape.shouting",     SHARE, "words in capitals only, of all words")     \
    X(SHAPE_MARKS,        "shape.marks",        SHARE, "punctuation marks, of all tokens")         \
    X(SHAPE_HIGH,         "shape.other_script", SHARE, "words with bytes above ASCII")             \
    X(SHAPE_REPEAT,       "shape.repetition",   SHARE, "tokens seen before in the ask")            \
    X(SHAPE_FOREIGN,      "shape.foreign",      SHARE, "function words of other languages")        \
    /* question: what is wanted */                                                                 \
    X(QUESTION_MARKS,     "question.marks",       COUNT, "question marks")                         \
    X(QUESTION_WH,        "question.wh_words",    COUNT, "wh-words")                               \
    X(QUESTION_WH_PLACE,  "question.wh_place",    KIND,  "where the first wh-word stands (tenths)")\
    X(QUESTION_IMPERATIVE,"question.imperative",  FLAG,  "opens with an instruction")              \
    X(QUESTION_ENDS,      "question.ends_with",   KIND,  "the last mark: ? . : other")             \
    X(QUESTION_OPTIONS,   "question.options",     COUNT, "options A. B) (C) …")                    \
    X(QUESTION_OPTION_LEN,"question.option_length", COUNT, "mean bytes of an option")              \
    X(QUESTION_STEM,      "question.stem_words",  SIZE,  "words before the first option")          \
    X(QUESTION_PROOF,     "question.proof",       COUNT, "words that demand proof")                \
    X(QUESTION_STEPS,     "question.steps",       COUNT, "words that demand steps")                \
    X(QUESTION_BRIEF,     "question.brief",       COUNT, "words that demand brevity")              \
    X(QUESTION_NUMBERS,   "question.numbers",     COUNT, "numbers")                                \
    X(QUESTION_BIG,       "question.big_numbers", COUNT, "numbers of four digits and more")        \
    X(QUESTION_DECIMALS,  "question.decimals",    COUNT, "numbers with a decimal point")           \
    X(QUESTION_UNITS,     "question.units",       COUNT, "units of measure, money, time")          \
    X(QUESTION_QUANTITY,  "question.quantities",  COUNT, "each, every, total, half …")             \
    X(QUESTION_FORMULA,   "question.formulae",    COUNT, "dollar-sign or backslash formulae")      \
    X(QUESTION_OPERATORS, "question.operators",   COUNT, "= + * / ^ < > outside words")            \
    X(QUESTION_MATH,      "question.math_words",  COUNT, "words of mathematics")                   \
    X(QUESTION_SCIENCE,   "question.science_words", COUNT, "words of the sciences")                \
    X(QUESTION_NEGATION,  "question.negations",   COUNT, "negations and exceptions")               \
    X(QUESTION_LOGIC,     "question.logic",       COUNT, "if, because, therefore …")               \
    X(QUESTION_COMPARE,   "question.comparisons", COUNT, "more, less, greatest …")                 \
    X(QUESTION_MODAL,     "question.modals",      COUNT, "would, could, suppose …")                \
    X(QUESTION_PERSON,    "question.persons",     COUNT, "personal pronouns")                      \
    X(QUESTION_SENTENCES, "question.sentences",   COUNT, "sentences")                              \
    X(QUESTION_SENT_LEN,  "question.sentence_length", COUNT, "mean words of a sentence")           \
    X(QUESTION_LAST_LEN,  "question.last_sentence", COUNT, "words of the last sentence")           \
    X(QUESTION_BLANKS,    "question.blanks",      COUNT, "blanks to fill (__)")                    \
    X(QUESTION_QUOTES,    "question.quotes",      COUNT, "quotation marks")                        \
    X(QUESTION_SHOTS,     "question.examples",    COUNT, "worked examples (repeated line openers)")\
    /* code: how much of it, and which */                                                          \
    X(CODE_FENCES,        "code.fences",        COUNT, "code fences")                              \
    X(CODE_DENSITY,       "code.density",       SHARE, "bytes on lines that look like code")       \
    X(CODE_INDENTED,      "code.indented",      SHARE, "indented lines, of all lines")             \
    X(CODE_BRACKETS,      "code.brackets",      SHARE, "brackets and braces, of all tokens")       \
    X(CODE_OPERATORS,     "code.operators",     SHARE, "operators, of all tokens")                 \
    X(CODE_SNAKE,         "code.snake_case",    COUNT, "identifiers with underscores")             \
    X(CODE_CAMEL,         "code.camel_case",    COUNT, "identifiers in camel case")                \
    X(CODE_CALLS,         "code.calls",         COUNT, "word( without a space")                    \
    X(CODE_KEYWORDS,      "code.keywords",      COUNT, "keywords of programming languages")        \
    X(CODE_PYTHON,        "code.python",        COUNT, "words of Python")                          \
    X(CODE_CLIKE,         "code.c_like",        COUNT, "words of the C family")                    \
    X(CODE_SQL,           "code.sql",           COUNT, "words of SQL in capitals")                 \
    X(CODE_SHELL,         "code.shell",         COUNT, "lines that open with a shell command")     \
    X(CODE_PATHS,         "code.paths",         COUNT, "file paths and dotted names")              \
    X(CODE_DIFF,          "code.diff_lines",    COUNT, "lines of a diff")                          \
    X(CODE_TRACE,         "code.fault_words",   COUNT, "errors, exceptions, stack traces")         \
    X(CODE_URLS,          "code.urls",          COUNT, "URLs")                                     \
    X(CODE_MARKUP,        "code.markup",        COUNT, "tags of HTML or XML")                      \
    /* tools: what is on offer and what happened */                                                \
    X(TOOLS_COUNT,        "tools.offered",      COUNT, "tools on offer")                           \
    X(TOOLS_BYTES,        "tools.bytes",        SIZE,  "bytes of definitions")                     \
    X(TOOLS_PARAMS,       "tools.parameters",   COUNT, "parameters of all tools")                  \
    X(TOOLS_PARAMS_MEAN,  "tools.parameters_per_tool", COUNT, "parameters of a tool, mean")        \
    X(TOOLS_NESTED,       "tools.nested",       COUNT, "array and object parameters")              \
    X(TOOLS_NUMERIC,      "tools.numeric",      COUNT, "integer, number and boolean parameters")   \
    X(TOOLS_ENUMS,        "tools.enums",        COUNT, "enumerated parameters")                    \
    X(TOOLS_REQUIRED,     "tools.required",     COUNT, "lists of required parameters")             \
    X(TOOLS_NAMED,        "tools.named_in_ask", COUNT, "tools whose name stands in the ask")       \
    X(TOOLS_OVERLAP,      "tools.overlap",      SHARE, "words of tool names that the ask uses")    \
    X(TOOLS_PER_ASK,      "tools.words_per_tool", COUNT, "words of the ask per tool")              \
    X(TOOLS_ACTIONS,      "tools.action_words", COUNT, "words of actions in the ask")              \
    X(TOOLS_CHOICE,       "tools.choice",       KIND,  "tool_choice: unset auto none required named")\
    X(TOOLS_FORMAT,       "tools.format",       KIND,  "response_format: unset text json schema")  \
    X(TOOLS_CALLS,        "tools.calls",        COUNT, "tool calls so far")                        \
    X(TOOLS_OPEN,         "tools.open",         FLAG,  "a tool call waits for its result, or a result for its answer")\
    X(TOOLS_RESULTS,      "tools.results",      COUNT, "tool results so far")                      \
    X(TOOLS_RESULT_BYTES, "tools.result_bytes", COUNT, "bytes of tool results")                    \
    X(TOOLS_FAULTS,       "tools.fault_words",  COUNT, "words of failure in tool results")         \
    /* turns: the conversation */                                                                  \
    X(TURNS_MESSAGES,     "turns.messages",     COUNT, "messages")                                 \
    X(TURNS_USER,         "turns.user",         COUNT, "user messages")                            \
    X(TURNS_LAST_ROLE,    "turns.last_role",    KIND,  "who spoke last: user system assistant tool")\
    X(TURNS_SINCE_USER,   "turns.since_user",   COUNT, "messages since a person spoke")            \
    X(TURNS_SYSTEM_BYTES, "turns.system_bytes", COUNT, "bytes of the system prompt")               \
    X(TURNS_EARLIER_BYTES,"turns.earlier_bytes",COUNT, "bytes of earlier turns")                   \
    X(TURNS_TOTAL_BYTES,  "turns.total_bytes",  SIZE,  "bytes of the whole request, tools too")    \
    X(TURNS_MEDIA,        "turns.media",        COUNT, "images, audio, files")
/* clang-format on */

typedef enum {
#define TF_NAMED_ENUM(ID, name, cut, help) TF_N_##ID,
    TF_NAMED_LIST(TF_NAMED_ENUM)
#undef TF_NAMED_ENUM
        TF_N_COUNT
} tf_named;

typedef enum { TF_CUT_SIZE, TF_CUT_COUNT, TF_CUT_SHARE, TF_CUT_FLAG, TF_CUT_KIND } tf_cut;

const char *tf_named_name(unsigned id);
const char *tf_named_help(unsigned id);
tf_cut tf_named_cut(unsigned id);

/* Bucket of a value under a cut, 0..63. */
uint32_t tf_bucket(tf_cut cut, uint32_t value);

/* The same for all values below 1024 by table: a request has ninety of them. */
typedef struct {
    uint8_t cut[TF_N_COUNT]; /* of each feature */
    uint8_t bucket[TF_CUT_KIND + 1][1024];
#ifdef TF_AVX512
    uint8_t fifth[256]; /* of shares: the bucket of a fifth of the value, which is not 0 */
#endif
} tf_cuts;
void tf_cuts_fill(tf_cuts *cuts);
static inline uint32_t tf_bucket_of(const tf_cuts *cuts, unsigned id, uint32_t value)
{
    const uint8_t cut = cuts->cut[id];
    return value < 1024 ? cuts->bucket[cut][value] : tf_bucket((tf_cut)cut, value);
}
/* Smallest value of a bucket (for names: "shape.words>=24"). */
uint32_t tf_bucket_floor(tf_cut cut, uint32_t bucket);
/* 8 * log2(1 + value), rounded down, by integer arithmetic: 0..256. */
uint32_t tf_log_level(uint32_t value);

#endif
