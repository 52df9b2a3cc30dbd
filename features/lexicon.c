#include "features/lexicon.h"

#include <string.h>

#include "features/hash.h"

/* One string of space-separated words per class; a word may stand in several. */
static const char *const words[TF_LEX_COUNT] = {
    [TF_LEX_WH] = "what which who whom whose when where why how whether",
    [TF_LEX_IMPERATIVE] =
        "write explain describe list give find compute calculate solve determine evaluate implement "
        "create make build fix debug refactor translate summarize summarise rewrite convert generate "
        "design choose select answer identify name define compare discuss analyze analyse estimate "
        "simplify complete fill add remove update draft suggest plan use consider",
    [TF_LEX_PROOF] = "prove proof show derive derivation justify justification verify theorem lemma "
                     "corollary qed demonstrate rigorous",
    [TF_LEX_STEPS] = "step steps stepwise reasoning reason think thought thoroughly carefully",
    [TF_LEX_BRIEF] = "only just single one word briefly brief short concise sentence exactly nothing",
    [TF_LEX_NEGATION] = "not no never none neither nor cannot except without false incorrect wrong "
                        "unlikely least isn doesn don didn won wouldn aren wasn weren hasn haven",
    [TF_LEX_UNIT] =
        "kg g mg lb lbs oz km m cm mm ft feet foot inch inches mile miles meter meters metre metres "
        "liter liters litre litres ml gallon gallons mph kph hour hours minute minutes second seconds "
        "day days week weeks month months year years dollar dollars cent cents usd eur percent "
        "percentage degree degrees kelvin celsius fahrenheit joule joules watt watts volt volts amp "
        "amps ohm ohms pa kpa atm bar mol moles hz khz mhz ghz kw kwh btu psi rpm",
    [TF_LEX_MATH] =
        "integral derivative equation equations function polynomial matrix matrices vector vectors "
        "eigenvalue determinant prime integer integers real complex root roots sum product quotient "
        "remainder modulo divisible triangle circle radius angle square cube area volume perimeter "
        "probability random expected variance mean median sequence series limit converge ring group "
        "field finite infinite set subset frac sqrt log sin cos tan pi sigma theta",
    [TF_LEX_LOGIC] = "if then else because therefore thus hence since so implies assume given suppose "
                     "unless although however but",
    [TF_LEX_QUANTITY] = "each every all total altogether per half twice double triple third quarter "
                        "many much left remaining rest both times",
    [TF_LEX_COMPARE] = "more less fewer most greater greatest larger largest smaller smallest higher "
                       "highest lower lowest best worst better than same different",
    [TF_LEX_MODAL] = "would could might may should must can will likely probably possible",
    [TF_LEX_PERSON] = "i you he she they we him her them his their my your our me us who people man "
                      "woman person",
    [TF_LEX_COMMON] =
        "the of and to a in is that for it as was with be by on are this at from or an which have had "
        "were has its been one all there when into",
    [TF_LEX_CODE] = "function class return import def var let const if else while switch case break "
                    "continue try catch throw async await lambda null none true false public private "
                    "static void int float string bool struct enum include self this new",
    [TF_LEX_PYTHON] = "def elif import numpy pandas np pd self none lambda yield pytest django flask "
                      "traceback kwargs args init py pip",
    [TF_LEX_CLIKE] = "void int char struct include printf malloc nullptr std const static public "
                     "private interface implements extends console javascript typescript func fn "
                     "impl mut println namespace",
    [TF_LEX_SQL] = "select from where join group order insert update delete table index primary "
                   "foreign key varchar having union sql query",
    [TF_LEX_SHELL] = "sudo apt grep sed awk curl bash chmod cd ls cat echo docker git npm ssh tar "
                     "make cmake kubectl",
    [TF_LEX_FAULT] = "error errors exception traceback failed failure fails fail crash crashes bug "
                     "warning invalid unexpected undefined timeout denied segfault stack expected "
                     "actual regression broken",
    [TF_LEX_ACTION] = "file files folder directory email mail send calendar event schedule meeting "
                      "book booking reserve hotel flight search download upload copy move rename open "
                      "save delete list repository repo commit branch page click browser database "
                      "user account payment transfer message channel invite",
    [TF_LEX_FOREIGN] =
        "der die das und ist nicht ein eine ich sie mit auf zu den von le la les des est une dans que "
        "qui pour pas el los las de en un por con para es del una il che di non per sono o um para "
        "com nao het een van niet",
    [TF_LEX_TABLE] = "options option choices choice answer following statement statements correct "
                     "true false above below blank both neither",
    [TF_LEX_SCIENCE] =
        "energy mass force velocity acceleration pressure temperature charge current voltage field "
        "electron proton atom atoms molecule acid base solution reaction enthalpy entropy equilibrium "
        "cell cells dna rna protein gene genes species blood patient disease symptoms treatment "
        "diagnosis therapy heart brain wavelength frequency",
};

static bool add(tf_lexicon *lexicon, uint32_t hash, uint32_t bit)
{
    for (uint32_t n = 0, i = hash; n < TF_LEXICON_SLOTS / 2; n++, i++) {
        uint32_t s = i & (TF_LEXICON_SLOTS - 1);
        if (lexicon->slot[s].classes && lexicon->slot[s].hash != hash)
            continue;
        lexicon->slot[s].hash = hash;
        lexicon->slot[s].classes |= bit;
        lexicon->maybe[TF_LEXICON_MAYBE(hash) / 64] |= (uint64_t)1 << TF_LEXICON_MAYBE(hash) % 64;
        return true;
    }
    return false;
}

bool tf_lexicon_build(tf_lexicon *lexicon)
{
    memset(lexicon, 0, sizeof *lexicon);
    for (unsigned c = 0; c < 256; c++)
        lexicon->symbol_hash[c] = tf_hash_mix(tf_hash_byte(TF_HASH_START, (uint8_t)c));
    for (unsigned c = 0; c < TF_LEX_COUNT; c++) {
        for (const char *at = words[c]; *at;) {
            size_t len = strcspn(at, " ");
            if (len && !add(lexicon, tf_hash_mix(tf_hash_bytes(at, len)), 1u << c))
                return false;
            at += len + (at[len] == ' ');
        }
    }
    return true;
}
