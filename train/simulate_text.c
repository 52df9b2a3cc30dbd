#include "train/simulate_text.h"

#include <stdbool.h>

/* --- messages ------------------------------------------------------------------------------- */

static void open_message(sim_pen *pen, const char *role, bool first)
{
    sim_raw(pen, first ? "{\"role\":\"" : ",{\"role\":\"");
    sim_raw(pen, role);
    sim_raw(pen, "\",\"content\":\"");
}

static void close_message(sim_pen *pen)
{
    sim_raw(pen, "\"}");
}

static void say(sim_pen *pen, const char *role, const char *template, bool first)
{
    open_message(pen, role, first);
    sim_text(pen, template);
    close_message(pen);
}

/* How many extras (constraints, hops, turns) a request of this level has: rises with the level, at
 * a pace of `per_level` eighths, and scatters by up to `scatter`. */
static unsigned amount(sim_pen *pen, unsigned least, unsigned per_level, unsigned scatter)
{
    return least + (pen->level * per_level + sim_below(pen, 8)) / 8 + sim_below(pen, scatter + 1);
}

static void repeat(sim_pen *pen, unsigned times, const char *template)
{
    while (times--)
        sim_text(pen, template);
}

/* --- tools ---------------------------------------------------------------------------------- */

static void open_tool(sim_pen *pen, const char *name, const char *description, bool first)
{
    sim_raw(pen, first ? "{" : ",{");
    sim_raw(pen, "\"type\":\"function\",\"function\":{\"name\":\"");
    sim_text(pen, name);
    sim_raw(pen, "\",\"description\":\"");
    sim_text(pen, description);
    sim_raw(pen, "\",\"parameters\":{\"type\":\"object\",\"properties\":{");
}

static void parameter(sim_pen *pen, const char *name, const char *type, const char *description,
                      bool first)
{
    sim_raw(pen, first ? "\"" : ",\"");
    sim_text(pen, name);
    sim_raw(pen, "\":{\"type\":\"");
    sim_text(pen, type);
    sim_raw(pen, "\",\"description\":\"");
    sim_text(pen, description);
    sim_raw(pen, "\"}");
}

static void close_tool(sim_pen *pen, const char *required)
{
    sim_raw(pen, "},\"required\":[\"");
    sim_text(pen, required);
    sim_raw(pen, "\"]}}}");
}

typedef struct {
    const char *name, *description, *parameter, *meaning,
        *arguments; /* arguments: quoted by sim_text */
} agent_tool;

static const agent_tool terminal_tools[] = {
    {"run_command", "Run one shell command and return its output", "command", "the command line",
     "{\"command\": \"$shell\"}"},
    {"read_file", "Read a file as text", "path", "absolute or relative path",
     "{\"path\": \"$file\"}"},
    {"write_file", "Replace a file", "path", "where to write; content follows",
     "{\"path\": \"$file\"}"},
    {"finish", "Say that the task is done", "summary", "one sentence",
     "{\"summary\": \"$stem done\"}"},
};
static const agent_tool finance_tools[] = {
    {"search_filings", "Search company filings", "query", "company, form and year",
     "{\"query\": \"$company 10-K $year\"}"},
    {"read_filing", "Read a page of a filing", "filing", "number from search_filings",
     "{\"filing\": \"$hex\", \"page\": $nn}"},
    {"price_history", "Daily closing prices", "ticker", "exchange symbol",
     "{\"ticker\": \"$hex\"}"},
    {"calculate", "Evaluate an expression", "expression", "numbers and + - * /",
     "{\"expression\": \"($nnnn.$n - $nnn.$n) / $nn\"}"},
};
enum { AGENT_TOOLS = 4 };

static void offer(sim_pen *pen, const agent_tool *tools)
{
    unsigned n = sim_between(pen, AGENT_TOOLS - 1, AGENT_TOOLS);
    sim_raw(pen, ",\"tools\":[");
    for (unsigned i = 0; i < n; i++) {
        open_tool(pen, tools[i].name, tools[i].description, i == 0);
        parameter(pen, tools[i].parameter, "string", tools[i].meaning, true);
        close_tool(pen, tools[i].parameter);
    }
    sim_raw(pen, "]");
}

/* One step of the loop: the assistant's call and what the tool gave. */
static void call_and_result(sim_pen *pen, const agent_tool *tools, unsigned step, const char *good,
                            const char *bad)
{
    const agent_tool *tool = &tools[sim_below(pen, AGENT_TOOLS - 1)];
    sim_bind(pen, 7, "call_$nnnnnn");
    sim_raw(pen, ",{\"role\":\"assistant\",\"content\":");
    if (sim_below(pen, 3)) {
        sim_raw(pen, "null");
    } else {
        sim_raw(pen, "\"");
        sim_text(pen, step ? "Next I look at $file." : "I begin with $file.");
        sim_raw(pen, "\"");
    }
    sim_raw(pen, ",\"tool_calls\":[{\"id\":\"");
    sim_text(pen, "@7");
    sim_number(pen, step); /* ids differ inside a request */
    sim_raw(pen, "\",\"type\":\"function\",\"function\":{\"name\":\"");
    sim_text(pen, tool->name);
    sim_raw(pen, "\",\"arguments\":\"");
    sim_text(pen, tool->arguments);
    sim_raw(pen, "\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"");
    sim_text(pen, "@7");
    sim_number(pen, step);
    sim_raw(pen, "\",\"content\":\"");
    /* errors: 1 in 16 at the easiest, 9 in 16 at the hardest */
    sim_text(pen, sim_below(pen, 16) < 1 + pen->level ? bad : good);
    close_message(pen);
}

/* --- forms ---------------------------------------------------------------------------------- */

static void system_prompt(sim_pen *pen, const char *opening)
{
    open_message(pen, "system", true);
    sim_text(pen, opening);
    repeat(pen, sim_between(pen, 2, 5), " $sysrule");
    close_message(pen);
}

static void terminal(sim_pen *pen)
{
    unsigned steps = sim_below(pen, 4) ? amount(pen, 0, 8, 2) : 0;
    system_prompt(pen, "You are an agent that works in a Linux shell on $host.");
    open_message(pen, "user", false);
    sim_text(pen, "${termtask*}.");
    for (unsigned i = amount(pen, 0, 4, 1), k = 0; k < i; k++)
        sim_text(pen, k ? "; $termrule" : "\nConditions: $termrule");
    close_message(pen);
    for (unsigned i = 0; i < steps; i++)
        call_and_result(pen, terminal_tools, i, "$okresult", "$badresult");
    sim_raw(pen, "]");
    offer(pen, terminal_tools);
}

static void finance(sim_pen *pen)
{
    unsigned steps = sim_below(pen, 4) ? amount(pen, 0, 6, 2) : 0;
    system_prompt(pen, "You are a finance analyst with access to company filings.");
    open_message(pen, "user", false);
    sim_text(pen, "$finask");
    repeat(pen, amount(pen, 0, 4, 1), " $finextra");
    close_message(pen);
    for (unsigned i = 0; i < steps; i++)
        call_and_result(pen, finance_tools, i, "$finresult", "$finbad");
    sim_raw(pen, "]");
    offer(pen, finance_tools);
}

static const char *const objects[] = {
    "calendar_event", "invoice", "ticket",  "order",   "hotel",    "flight",
    "contact",        "weather", "payment", "parcel",  "playlist", "reminder",
    "document",       "sensor",  "voucher", "account", "currency", "translation",
    "meeting",        "file",    "message", "survey",  "recipe",   "vehicle"};
static const char *const fields[] = {"id",    "date",     "city",   "amount",  "name",   "email",
                                     "limit", "query",    "from",   "until",   "status", "notes",
                                     "units", "language", "colour", "priority"};
static const char *const types[] = {"string", "integer", "number", "boolean", "string", NULL};

static void schemas(sim_pen *pen, unsigned n)
{
    /* 5 and 24, 3 and 16 have no common factor: names inside a request never repeat */
    unsigned object = sim_below(pen, 24);
    sim_raw(pen, ",\"tools\":[");
    for (unsigned i = 0; i < n; i++, object = (object + 5) % 24) {
        unsigned field = sim_below(pen, 16), parameters = amount(pen, 1, 3, 1);
        const char *required = fields[field];
        sim_bind(pen, 6, objects[object]);
        open_tool(pen, "${toolverb}_@6", "$tooldesc", i == 0);
        for (unsigned k = 0; k < parameters; k++, field = (field + 3) % 16)
            parameter(pen, fields[field], types[sim_below(pen, 5)], "$paramdesc", k == 0);
        close_tool(pen, required);
    }
    sim_raw(pen, "]");
}

static void tool_call(sim_pen *pen)
{
    unsigned more = amount(pen, 0, 3, 0), tools = amount(pen, 1, 8, 2);
    bool instructed = sim_below(pen, 3) == 0;
    if (instructed)
        system_prompt(pen, "You answer with tool calls. Today is $weekday, $date $month.");
    open_message(pen, "user", !instructed);
    sim_bind(pen, 0, "${action*}");
    sim_text(pen, "$toolask");
    repeat(pen, more, "$link${action*}");
    close_message(pen);
    sim_raw(pen, "]");
    schemas(pen, tools < 12 ? tools : 12);
}

static const char *const snippets[] = {
    "```python\ndef @0(rows, limit=$nn):\n    out = []\n    for i in range(len(rows) - $n):\n      "
    "  if rows[i] > limit:\n"
    "            out.append(rows[i])\n    return out\n```",
    "```c\nint @0(const char *s, size_t n)\n{\n    char buf[$nnn];\n    memcpy(buf, s, n);\n    "
    "return buf[$n] == '$n';\n}\n```",
    "```go\nfunc @0(m map[string]int, k string) (int, error) {\n\tmu.Lock()\n\tv, ok := m[k]\n\tif "
    "!ok {\n\t\treturn "
    "$n, fmt.Errorf(\"$stem: %q\", k)\n\t}\n\tmu.Unlock()\n\treturn v, nil\n}\n```",
    "```js\nasync function @0(items) {\n  const out = await Promise.all(items.map(x => $stem(x, "
    "$nn)));\n  return "
    "out.filter(Boolean)[$n];\n}\n```",
    "```rust\nfn @0(v: &[u32]) -> Option<u32> {\n    v.iter().skip($n).map(|x| x * "
    "$nn).max()\n}\n```",
    NULL};
static const char *const evidence[] = {
    "\nTraceback (most recent call last):\n  File \"$file\", line $nnn, in @0\n    "
    "$stem($hexdigit)\n$error\n",
    "\n```diff\n--- a/$file\n+++ b/$file\n@@ -$nn,$n +$nn,$n @@\n-    $stem = $nn\n+    $stem = "
    "$nnn\n```\n",
    "\n[1$n:$minute] $host $error\n[1$n:$minute] $host @0 gave $hex, expected $hex\n",
    "\n$file:$nnn: runtime error in @0\n    #$n 0x$hex in $stem $file:$nn\n", NULL};

static void bug(sim_pen *pen)
{
    open_message(pen, "user", true);
    sim_bind(pen, 0, "$func");
    sim_text(pen, "In $file, @0 ${symptom*}.");
    repeat(pen, amount(pen, 0, 2, 0), " It also ${symptom*}.");
    sim_text(pen, "\n\n");
    sim_one_of(pen, snippets);
    sim_text(pen, "\n");
    for (unsigned n = amount(pen, 0, 3, 1); n; n--)
        sim_one_of(pen, evidence);
    sim_text(pen, "Please find the cause and send a patch.");
    repeat(pen, amount(pen, 0, 2, 1), " $coderule");
    close_message(pen);
    sim_raw(pen, "]");
}

static void function(sim_pen *pen)
{
    static const char *const opening[] = {
        "Write a $lang function $func that ",
        "Implement `$func` in $lang. It ",
        "I need a $lang routine which ",
        "Complete this $lang code.\n```\n// $func\n// n <= $nnnnn\n```\nIt ",
        "Give me $lang code that ",
        NULL};
    open_message(pen, "user", true);
    sim_one_of(pen, opening);
    sim_text(pen, "${spec*}");
    repeat(pen, amount(pen, 0, 2, 0), " and ${spec*}");
    sim_text(pen, ".");
    repeat(pen, amount(pen, 0, 4, 1), " $coderule");
    close_message(pen);
    sim_raw(pen, "]");
}

static void expert(sim_pen *pen)
{
    open_message(pen, "user", true);
    repeat(pen, amount(pen, 0, 3, 1), "$hop ");
    if (sim_below(pen, 3) == 0) {
        sim_text(pen, "$proofask");
    } else if (sim_below(pen, 3)) {
        sim_text(pen, "$sciask");
        char letter[] = "\n?. $option";
        for (unsigned n = sim_between(pen, 4, 10), i = 0; i < n; i++) {
            letter[1] = (char)('A' + i);
            sim_text(pen, letter);
        }
        sim_text(pen, "\nAnswer with one letter.");
    } else {
        sim_text(pen, "$sciask Give your reasoning, then the exact answer.");
    }
    close_message(pen);
    sim_raw(pen, "]");
}

enum { GRID = 12 };

/* Draws a grid of colours 0..9, mostly background, prints it and its image under `moves`. */
static void grid_pair(sim_pen *pen, unsigned rows, unsigned columns, unsigned moves, bool solved)
{
    unsigned char from[GRID][GRID];
    for (unsigned r = 0; r < rows; r++)
        for (unsigned c = 0; c < columns; c++)
            from[r][c] = (unsigned char)(sim_below(pen, 3) ? 0 : 1 + sim_below(pen, 9));
    for (unsigned side = 0; side < (solved ? 2U : 1U); side++) {
        sim_text(pen, side ? "Output:\n" : "Input:\n");
        for (unsigned r = 0; r < rows; r++) {
            for (unsigned c = 0; c < columns; c++) {
                unsigned y = side && (moves & 1) ? rows - 1 - r : r;
                unsigned x = side && (moves & 2) ? columns - 1 - c : c;
                unsigned v = from[y][side && (moves & 4) ? (x + 1) % columns : x];
                sim_number(pen, side && (moves & 8) && v ? 10 - v : v);
                sim_text(pen, c + 1 < columns ? " " : "\n");
            }
        }
    }
}

static void puzzle(sim_pen *pen)
{
    unsigned rows = amount(pen, 3, 5, 2), columns = amount(pen, 3, 5, 2),
             pairs = sim_between(pen, 2, 4);
    unsigned moves = 0;
    for (unsigned i = 0; i < 4; i++) /* harder rules combine more moves */
        moves |= (unsigned)(sim_hard(pen) ? 1 << i : 0);
    moves = moves ? moves : 1;
    open_message(pen, "user", true);
    sim_text(pen, "Find the rule that turns each input grid into its output. Grids are ");
    sim_number(pen, rows);
    sim_text(pen, "x");
    sim_number(pen, columns);
    sim_text(pen, ".");
    if (moves & (moves - 1))
        sim_text(pen, " Several steps combine.");
    sim_text(pen, "\n");
    for (unsigned i = 0; i < pairs; i++)
        grid_pair(pen, rows, columns, moves, true);
    sim_text(pen, "Now solve this one.\n");
    grid_pair(pen, rows, columns, moves, false);
    close_message(pen);
    sim_raw(pen, "]");
}

static void chat(sim_pen *pen)
{
    unsigned turns = sim_below(pen, 3) ? 0 : sim_between(pen, 1, 2);
    bool foreign = sim_below(pen, 6) == 0;
    open_message(pen, "user", true);
    sim_text(pen, foreign ? "$foreign" : "${chat*}");
    repeat(pen, amount(pen, 0, 4, 0), " $style");
    close_message(pen);
    for (unsigned i = 0; i < turns; i++) {
        say(pen, "assistant", "$reply", false);
        say(pen, "user", "$follow", false);
    }
    sim_raw(pen, "]");
}

void sim_request(sim_pen *pen, sim_form form)
{
    static void (*const compose[SIM_FORMS])(sim_pen *) = {
        [SIM_TERMINAL] = terminal, [SIM_FINANCE] = finance,   [SIM_TOOL_CALL] = tool_call,
        [SIM_BUG] = bug,           [SIM_FUNCTION] = function, [SIM_EXPERT] = expert,
        [SIM_PUZZLE] = puzzle,     [SIM_CHAT] = chat,
    };
    sim_raw(pen, "\"messages\":[");
    compose[form](pen);
}
