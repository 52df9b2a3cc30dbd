#include "train/simulate_words.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *name, *choices; /* alternatives, parted by '|' */
} rule;

static const rule rules[] = {
    /* people, places, things */
    {"person", "Marta|Ravi|Ingrid|Tomas|Yuki|Amara|Declan|Leila|Piotr|Sofia|Kwame|Hanna|Diego|Noor|Elif|Jonas"},
    {"city", "Lisbon|Graz|Oslo|Nairobi|Kyoto|Lyon|Porto|Tallinn|Quito|Bergen|Leeds|Turin|Utrecht|Ghent|Izmir|Pune"},
    {"company", "Northwind Freight|Alder Bank|Corvus Energy|Halden Foods|Bright Loom|Tessera Health|Quarry Steel|"
                "Meridian Air|Pell Logistics|Orchard Retail|Vantage Rail|Kestrel Chips|Lumen Water|Sable Media"},
    {"thing", "report|invoice|ticket|order|booking|calendar|backup|shipment|contract|survey|playlist|sensor|account|"
              "payment|voucher|document|photo|device|recipe|subscription|warehouse|customer|vehicle|meeting"},
    {"topic", "remote work|city cycling|sourdough bread|solar panels|night trains|home composting|board games|"
              "rental deposits|open-plan offices|school meals|urban beekeeping|second-hand clothes|e-ink readers|"
              "tax returns|morning routines|public libraries|allotment gardens|knitting|long-distance walking"},
    {"adj", "quiet|late|small|busy|cold|shared|simple|modern|narrow|bright|steady|odd|local|plain|early|heavy"},
    {"weekday", "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday"},
    {"date", "1|2|3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|19|20|21|22|23|24|25|26|27|28"},
    {"month", "January|March|April|June|August|October|November"},
    {"quarter", "Q1|Q2|Q3|Q4"},
    {"year", "2019|2020|2021|2022|2023|2024|2025"},
    {"minute", "00|10|15|20|30|45|50"},
    {"hex", "${hexdigit}${hexdigit}${hexdigit}${hexdigit}${hexdigit}${hexdigit}"},
    {"hexdigit", "0|1|2|3|4|5|6|7|8|9|a|b|c|d|e|f"},
    /* machines */
    {"file", "$stem.$ext|src/$stem.$ext|lib/$stem.$ext|config/$stem.yaml|data/$stem.csv|logs/$stem.log"},
    {"stem", "parser|ledger|session|router|cache|worker|index|mailer|export|metrics|queue|upload|billing|search|"
             "schema|report|login|backup|scheduler|inventory|webhook|crawler|render|tokens"},
    {"ext", "py|c|go|rs|js|ts|java|rb"},
    {"lang", "Python|C|Go|Rust|JavaScript|TypeScript|Java|Ruby"},
    {"host", "build-$nn|db-$n|edge-$nn|ci-$n|web-$nn"},
    {"service", "nginx|postgres|redis|the build runner|the log shipper|cron|the mail relay|the API gateway"},
    {"shell", "ls -la $dir|cat $file|grep -rn $stem $dir|tail -n $nn logs/$stem.log|make test|git status|"
              "python3 $stem.py --limit $nn|find $dir -name *.$ext|df -h|ps aux|sed -n 1,${nn}p $file|git log -$n|"
              "chmod +x $stem.sh|tar xzf $stem.tar.gz|curl -s localhost:$nnnn/health|wc -l $file"},
    {"dir", "/srv/$stem|/app|/var/log|/etc/$stem|src|tests|/home/$stem|/opt/$stem"},
    {"okresult", "$nnn lines|total $nn\n-rw-r--r-- 1 app app $nnnn $file\n-rw-r--r-- 1 app app $nnn $stem.md|ok|"
                 "$nn passed, 0 failed in $n.${nn}s|On branch main, nothing to commit|{\"status\":\"ok\",\"n\":$nn}|"
                 "$file:$nn: $stem = $nnn\n$file:$nnn: return $stem"},
    {"badresult", "error: $stem: no such file or directory|bash: $stem: command not found|exit status $n|"
                  "Permission denied: $dir|$n failed, $nn passed: test_$stem|timeout after ${nn}s|"
                  "Traceback (most recent call last):\n  File \"$file\", line $nn\n$error"},
    {"error", "KeyError: '$stem'|IndexError: list index out of range|TypeError: expected str, got None|"
              "ValueError: invalid literal '$hex'|panic: nil map|AssertionError: $nn != $nnn|ZeroDivisionError"},
    {"termtask-easy", "Rename every .$ext file in $dir to lower case|Count the lines of $file by author|"
                      "Install $stem from the local archive and print its version|Compress logs older than $nn days|"
                      "Add a cron line that runs $stem.sh at $n o'clock|List the ten largest files below $dir|"
                      "Turn $file into JSON with one object a row|Start $service and check that it answers"},
    {"termtask-hard",
     "Build the $lang cross-compiler for an emulated target and boot it|Recover the deleted table from the "
     "raw database pages in $dir|Reverse the checksum in the stripped binary $stem|Make $stem compile "
     "reproducibly, bit for bit|Find the race that hangs $service under load|Train a small classifier "
     "on $file that fits in $nnn KB|Bisect the kernel regression on $host|Decrypt the archive with the "
     "partial key in $dir"},
    {"termrule", "do not touch $dir|it must finish in under $nn seconds|write the result to $dir/out.txt|no network is "
                 "available|keep the permissions of $file|all tests must stay green|use only $lang and the shell|exit "
                 "with status $n on bad input|the output is sorted by $stem|leave a log in logs/$stem.log|repeat runs "
                 "give the same bytes|memory stays below $nnn MB"},
    {"sysrule",
     "Think before each command.|Never run destructive commands without need.|Prefer small steps.|Read a file "
     "before you edit it.|Report briefly when done.|Do not ask for confirmation.|Quote your sources.|Use the "
     "tools; do not guess.|If a call fails, try another way.|Your working folder is $dir.|Times are in UTC."},
    /* finance */
    {"metric-easy", "revenue|net income|head count|gross margin|cash at year end|dividend per share"},
    {"metric-hard",
     "free cash flow after leases|adjusted EBITDA bridge|deferred tax reversal|diluted share count under "
     "the treasury method|segment operating margin restated|net retention by cohort|covenant headroom"},
    {"finask",
     "What was ${metric*} of $company in fiscal $year?|Compare ${metric*} of $company and $company for $quarter "
     "$year.|How did ${metric*} of $company change from $year to $year?|From the filings, derive ${metric*} of "
     "$company for $quarter $year.|Did $company beat its own guidance on ${metric*} in $quarter $year?"},
    {"finextra",
     "Convert to euros at the rate of $weekday $date $month.|Leave out one-off items.|Show each step of the "
     "calculation.|Reconcile it with ${metric*}.|State it in millions, to $n decimals.|Name the page of the "
     "filing.|Assume a discount rate of $n.$n percent.|Say what management gave as the reason."},
    {"finresult",
     "$company 10-K $year: revenue $nnnn.$n; net income $nnn.$n; shares $nnn.$n|$nnnn.$nn|{\"close\":$nnn.$nn,"
     "\"date\":\"$year-03-$nn\"}|Item 7. ${Metric*} was $nnn million against $nnn million the year before."},
    {"finbad", "404: filing not found|rate limit reached, retry in ${nn}s|error: unknown ticker $hex|no rows"},
    /* tools */
    {"toolverb", "get|create|update|list|search|delete|send|cancel|book|convert"},
    {"action-easy", "show me the $thing from $weekday|list every $thing in $city|look up $thing $nnnn|send $person the "
                    "$thing|cancel the $thing for $weekday|create a $thing called $stem|find a $adj $thing"},
    {"action-hard",
     "move each $thing over $nnn euros to $person unless it is overdue|merge $thing $nnnn into $nnnn and "
     "keep the newer address|reschedule every $thing that clashes with $weekday at $n:$minute|if the $thing of "
     "$person has no voucher, refund $nn percent, otherwise extend it by $nn days|for all cities except "
     "$city, update the $thing only where the stock is below $nn"},
    {"toolask", "Please @0.|Can you @0?|@0, please.|I need you to @0.|Hi, could you @0? Thanks.|@0"},
    {"link", " Then |, and after that |; next, | Once that worked, | Also "},
    {"tooldesc",
     "${Toolverb}s a $thing|Works on one $thing of the current user|Queries the $stem service|Returns the $adj "
     "$thing by its number|Internal: $stem, version $n"},
    {"paramdesc", "the $thing to use|ISO date|at most $nn|name of the person|optional filter|identifier, eight digits"},
    /* code */
    {"func", "${codeverb}_$stem|$codeverb${stem}s|${codeverb}_${adj}_$stem|handle_$stem"},
    {"codeverb", "load|parse|merge|split|count|flush|read|build|check|sort|trim|encode"},
    {"symptom-easy",
     "returns None for an empty list|has an off-by-one in the last row|crashes when the file is missing|"
     "prints the date in the wrong order|ignores upper-case names|has a typo in the key"},
    {"symptom-hard",
     "deadlocks when two workers hold the lock in turn|loses writes after a reconnect under load|leaks one "
     "descriptor per retry|gives other results with -O2 because of aliasing|breaks ordering after the "
     "schema migration|double-frees when the iterator is invalidated|drifts by one second per leap day"},
    {"spec-easy", "reverses the words of a line|sums the even numbers of a list|counts the vowels of a string|removes "
                  "duplicates and keeps order|converts Celsius to Fahrenheit|checks for a palindrome|finds the largest "
                  "of $n values|pads a number to $n digits"},
    {"spec-hard",
     "finds the longest path in a weighted DAG with $nnnn nodes|parses arithmetic with precedence and unary "
     "minus|implements a lock-free ring buffer for $n producers|computes edit distance with transpositions "
     "in linear memory|solves exact cover by dancing links|maintains the median of a sliding window|merges "
     "$nn sorted streams with bounded memory|evaluates a regex by derivatives"},
    {"coderule",
     "No recursion.|O(n log n) at most.|Handle empty input.|Only the standard library.|Add type hints.|Include "
     "$n tests.|Input may hold $nnnnn items.|It must be thread-safe.|Do not allocate.|Unicode has to work.|Keep "
     "the signature.|Explain the complexity.|Raise an error for negative values.|Return the result modulo $nnnnn."},
    /* reasoning */
    {"concept-easy",
     "photosynthesis|Ohm's law|a right triangle|the boiling point of water|prime numbers|supply and demand|"
     "plate tectonics|Mendel's peas|simple interest|the French Revolution"},
    {"concept-hard",
     "the étale cohomology of a K3 surface|Kramers-Kronig relations|spin foams|the Adams spectral sequence|"
     "non-coding satellite RNA|Aramaic verbal stems|the Selberg trace formula|anyonic braiding|"
     "retrosynthesis of a spirocycle|Voevodsky's motives|coalescent times under selfing"},
    {"sciask",
     "Which statement about ${concept*} is true when ${concept*} is held fixed?|How many distinct cases arise for "
     "${concept*} with parameter $nn?|What is the leading coefficient in ${concept*} for n = $nnn?|Who first "
     "linked ${concept*} to ${concept*}, and in which year?|Determine the value that ${concept*} predicts at "
     "$n.$nn."},
    {"hop",
     "Start from the result named after the teacher of $person $hexdigit.|Take the group of order $nnn.|Let x = "
     "$nnn/$nn.|Assume that ${concept*} holds to order $n.|Neglect terms beyond ${concept*}.|Write q = exp(-$n.$n).|"
     "Suppose the sequence has period $nn.|Use units in which $nn of them make $nnn."},
    {"proofask",
     "Prove that $n^k + $nn is never divisible by $nn when ${concept*} applies.|Find all integers x below "
     "$nnnn with x = $n (mod $nn) and x = $n (mod $nn).|Evaluate the sum of k^$n for k from 1 to $nnn.|How many "
     "paths of length $nn avoid the diagonal of a $nn by $nn board?|Compute the determinant of order $nn "
     "whose entries are gcd(i, j).|Explain why ${concept*} fails in the limit of ${concept*}."},
    {"option", "$nn|$nnn|$n/$nn|${concept*}|only $n and $nn|none of these|sqrt($nn)|about $n.$nn"},
    /* chat */
    {"chat-easy",
     "What's a good name for a $adj $thing?|Say thanks to $person for the $thing.|What is the capital near "
     "$city?|Give me $n ideas for $topic.|What does '$adj $thing' mean?|Is $topic popular in $city?|Rewrite: "
     "the $thing are $adj on $weekday.|Shorten this: we had a $adj $weekday and the $thing came late.|"
     "Suggest a gift under $nn euros for $person."},
    {"chat-hard",
     "Write a villanelle about $topic in which no line has the letter e.|Compare the arguments of $person and "
     "$person on $topic, with the strongest objection to each.|Plan $nn days around $city for $n people with "
     "opposite diets and $nnn euros.|Translate the idiom '$adj $thing' into $n languages and keep the rhyme.|"
     "Negotiate, as a landlord's lawyer, a clause on $topic that $person cannot misread."},
    {"foreign",
     "Kannst du mir bis $weekday einen kurzen Text über den Markt in $city schreiben?|Wie kündige ich meinen "
     "Vertrag bei $company zum $nn. des Monats?|Peux-tu résumer ce message de $person en $n phrases ?|Comment "
     "dire à $person que la réunion est à $n heures ?|¿Puedes corregir esta carta para $company en $city?|"
     "¿Qué puedo cocinar con $n huevos y espinacas?|Mi scrivi un invito per $person, $weekday alle $n?|"
     "Você pode traduzir isto para $person em $city?|${city}での$nn日間の旅程を考えてください。|"
     "Напиши $person короткое поздравление из города $city.|$city şehrinde $n gün için öneri verir misin?"},
    {"style",
     "Keep it under $nn words.|Make it formal.|No exclamation marks.|Use a table.|Mention $city.|Avoid the word "
     "'$adj'.|Begin with a question.|Sign it as $person.|Write for a child of $n.|Add $n examples.|Two "
     "paragraphs, the second in French.|End on the word '$thing'."},
    {"reply",
     "Here is a draft about $topic: a $adj start, then $n points on the $thing, and a closing line. Shall I make it "
     "longer?|I would suggest $city in $month; $person may like it. Do you want a plan?|Done. The $thing now "
     "reads better. Should I also translate it?|There are $n options for the $thing: $adj, $adj or $adj."},
    {"follow",
     "yes, do that|ok, go on|the second one|no, shorter please|and for $city?|why $adj?|same again for $person|"
     "make it $adj|yes, and mention the $thing|perfect, now in German|hmm, try once more"},
};

uint64_t sim_mix(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

unsigned sim_below(sim_pen *pen, unsigned n)
{
    return (unsigned)(((sim_mix(&pen->rng) >> 32) * n) >> 32);
}

unsigned sim_between(sim_pen *pen, unsigned lo, unsigned hi)
{
    return lo + sim_below(pen, hi - lo + 1);
}

int sim_hard(sim_pen *pen)
{
    return sim_below(pen, SIM_LEVELS - 1) < pen->level;
}

void sim_raw(sim_pen *pen, const char *json)
{
    fputs(json, pen->out);
}

/* One byte of text; bytes of UTF-8 pass as they are. */
static void put(sim_pen *pen, char byte)
{
    unsigned char c = (unsigned char)byte;
    if (pen->bound) {
        if (pen->bound_len + 1 < SIM_SLOT_ROOM)
            pen->bound[pen->bound_len++] = byte;
        return;
    }
    pen->bytes++;
    if (c == '"' || c == '\\')
        fprintf(pen->out, "\\%c", c);
    else if (c == '\n')
        fputs("\\n", pen->out);
    else if (c < 0x20 || c == 0x7f)
        fprintf(pen->out, "\\u%04x", (unsigned)c);
    else
        fputc(c, pen->out);
}

static void expand(sim_pen *pen, const char *text, size_t len);

static const char *choices_of(const char *name, size_t len, const char *suffix)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!strncmp(rules[i].name, name, len) && !strcmp(rules[i].name + len, suffix))
            return rules[i].choices;
    fprintf(stderr, "tierce: simulate: no rule '%.*s%s'\n", (int)len, name, suffix);
    abort(); /* a slip in the table above, found by the first test that draws it */
}

static void put_alternative(sim_pen *pen, const char *choices)
{
    unsigned n = 1, pick;
    for (const char *s = choices; *s; s++)
        n += *s == '|';
    for (pick = sim_below(pen, n); pick; choices++)
        pick -= *choices == '|';
    expand(pen, choices, strcspn(choices, "|"));
}

/* What stands after the dollar: lower-case name of `len` bytes, perhaps ending in a star. */
static void put_rule(sim_pen *pen, const char *name, size_t len)
{
    if (strspn(name, "n") >= len) {
        put(pen, (char)('1' + sim_below(pen, 9)));
        while (--len)
            put(pen, (char)('0' + sim_below(pen, 10)));
        return;
    }
    if (name[len - 1] == '*')
        put_alternative(pen, choices_of(name, len - 1, sim_hard(pen) ? "-hard" : "-easy"));
    else
        put_alternative(pen, choices_of(name, len, ""));
}

static int is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Upper-case first letter of what a rule gives: written to a side slot, then copied. */
static void put_capital(sim_pen *pen, const char *name, size_t len)
{
    char word[SIM_SLOT_ROOM], lower[32], *outer = pen->bound;
    size_t outer_len = pen->bound_len, n;
    len = len < sizeof lower ? len : sizeof lower - 1;
    memcpy(lower, name, len);
    lower[len] = 0;
    lower[0] = (char)(lower[0] - 'A' + 'a');
    pen->bound = word, pen->bound_len = 0;
    put_rule(pen, lower, len);
    n = pen->bound_len;
    pen->bound = outer, pen->bound_len = outer_len;
    if (n && word[0] >= 'a' && word[0] <= 'z')
        word[0] = (char)(word[0] - 'a' + 'A');
    for (size_t i = 0; i < n; i++)
        put(pen, word[i]);
}

static size_t name_length(const char *s, const char *end)
{
    const char *from = s;
    while (s < end && ((*s >= 'a' && *s <= 'z') || (s == from && is_upper(*s))))
        s++;
    return (size_t)(s - from);
}

static void expand(sim_pen *pen, const char *text, size_t len)
{
    const char *end = text + len;
    while (text < end) {
        char c = *text++;
        if (c == '@' && text < end && *text >= '0' && *text < '0' + SIM_SLOTS) {
            for (const char *s = pen->slot[*text++ - '0']; *s; s++)
                put(pen, *s);
        } else if (c == '$' && text < end && *text == '$') {
            put(pen, *text++);
        } else if (c == '$' && text < end) {
            int brace = *text == '{';
            const char *name = text + brace;
            size_t n = brace ? strcspn(name, "}") : name_length(name, end);
            if (is_upper(*name))
                put_capital(pen, name, n);
            else
                put_rule(pen, name, n);
            text = name + n + brace;
        } else {
            put(pen, c);
        }
    }
}

void sim_text(sim_pen *pen, const char *template)
{
    expand(pen, template, strlen(template));
}

void sim_one_of(sim_pen *pen, const char *const *templates)
{
    unsigned n = 0;
    while (templates[n])
        n++;
    sim_text(pen, templates[sim_below(pen, n)]);
}

void sim_bind(sim_pen *pen, unsigned slot, const char *template)
{
    char fresh[SIM_SLOT_ROOM]; /* the template may name the slot that it replaces */
    pen->bound = fresh, pen->bound_len = 0;
    expand(pen, template, strlen(template));
    fresh[pen->bound_len] = 0;
    pen->bound = NULL;
    memcpy(pen->slot[slot], fresh, pen->bound_len + 1);
}

void sim_number(sim_pen *pen, uint64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    for (const char *s = digits; *s; s++)
        put(pen, *s);
}
