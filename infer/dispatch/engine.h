/* The engine: model, tiers, ledger, log and upstream of one worker, and the decision for a request.
 * One loop, one thread; what two requests share lives here. infer/dispatch/job.h is one request's way
 * through it. */
#ifndef TIERCE_DISPATCH_ENGINE_H
#define TIERCE_DISPATCH_ENGINE_H

#include "infer/commands.h"
#include "infer/dispatch/body.h"
#include "infer/dispatch/config.h"
#include "infer/dispatch/decision_log.h"
#include "infer/dispatch/ledger.h"
#include "infer/dispatch/loop.h"
#include "infer/dispatch/sessions.h"
#include "infer/dispatch/shared.h"
#include "infer/dispatch/stats.h"
#include "infer/dispatch/turns.h"
#include "infer/dispatch/upstream.h"

typedef struct {
    policy_options policy;
    const char *tiers;   /* tiers.json */
    const char *ledger;  /* path or redis://…; NULL: ":memory:" */
    const char *log;     /* path of the decision log; NULL: none */
    double explore;      /* share sent elsewhere, 0..1 */
    uint64_t seed;       /* of exploration and jitter; 0: from the clock */
    uint64_t log_max_bytes, log_keep; /* 0: 256 MiB, 5 */
    const char *fsync;   /* "never", "second", "always"; NULL: "second" */
    const char *ledger_fsync; /* "always", "never"; NULL: "always" */
    bool log_prompts, no_turns;
} ds_engine_options;

#define DS_ENGINE_OPTIONS(type, base)                                                                  \
    POLICY_OPTIONS(type, base.policy),                                                                 \
    {"tiers", 't', TD_STRING, offsetof(type, base.tiers), 0, 0, "FILE",                                \
     "tiers.json with endpoints (needed)"},                                                            \
    {"ledger", 0, TD_STRING, offsetof(type, base.ledger), 0, 0, "FILE",                                \
     "SQLite file (or redis://host:port/0) that keeps the budgets"},                                   \
    {"ledger-fsync", 0, TD_STRING, offsetof(type, base.ledger_fsync), 0, 0, "WHEN",                    \
     "always (default): a request leaves when its reservation is on the disk; never: a power cut may take the last"}, \
    {"log", 0, TD_STRING, offsetof(type, base.log), 0, 0, "FILE", "decision log, a JSON line a request"}, \
    {"log-max-bytes", 0, TD_COUNT, offsetof(type, base.log_max_bytes), 4096, 1e15, "N",                \
     "rotate the log above this size (default 268435456)"},                                            \
    {"log-keep", 0, TD_COUNT, offsetof(type, base.log_keep), 1, 1000, "N", "old logs kept (default 5)"}, \
    {"log-fsync", 0, TD_STRING, offsetof(type, base.fsync), 0, 0, "WHEN",                              \
     "never, second (default) or always"},                                                             \
    {"log-prompts", 0, TD_FLAG, offsetof(type, base.log_prompts), 0, 0, NULL,                          \
     "write the requests themselves into the log"},                                                    \
    {"explore", 0, TD_NUMBER, offsetof(type, base.explore), 0, 1, "SHARE",                             \
     "send this share to another eligible tier, with its propensity logged"},                          \
    {"no-turns", 0, TD_FLAG, offsetof(type, base.no_turns), 0, 0, NULL,                                \
     "judge every request alone: no tool-loop lock, follow-ups or cache prices"},                      \
    {"seed", 0, TD_COUNT, offsetof(type, base.seed), 1, 9e15, "N",                                     \
     "of exploration and jitter (default: the clock)"}

#define DS_ENGINE_DEFAULTS                                                                             \
    {.policy = POLICY_DEFAULTS}

/* Model and tiers as they were at one time: requests under way keep theirs over a reload. */
typedef struct {
    unsigned refs;
    tierce_router *router;
    ds_config *config;
    tierce_policy policy;                   /* of the command line */
    uint32_t tier_of[TIERCE_MAX_TIERS];     /* the config's tier of a model's tier */
    ds_cache_price cache[TIERCE_MAX_TIERS]; /* by the model's tier */
    void *memory;
    tierce_scratch *scratch;
} ds_snapshot;

/* Somebody whose reservation is on its way to the disk. */
typedef struct ds_disk_wait {
    struct ds_disk_wait *next, **link; /* link NULL: does not wait */
    uint64_t number;
    void (*decided)(void *context, bool good);
    void *context;
} ds_disk_wait;

typedef struct {
    ds_loop *loop;
    ds_upstream *up;
    ds_ledger *ledger;
    ds_disk *disk; /* the ledger's; NULL: reservations are not waited for */
    ds_watch *disk_watch;
    bool ledger_gone; /* and it has been said */
    ds_disk_wait *waiting, **last; /* in the order of their numbers */
    ds_log *log;
    const ds_engine_options *options;
    const char *command; /* for messages */
    ds_snapshot *now;
    ds_stats *stats;
    ds_timer *tick;
    ds_sessions *sessions; /* who answered: by session id, and by turn where there are tools; NULL before the first */
    ds_shared *shared; /* the same for all workers; NULL where there is one */
    uint64_t random, numbers; /* splitmix64's state; ids given */
    double pace_until[DS_MAX_BUDGETS], pace[DS_MAX_BUDGETS];
} ds_engine;

/* Options that say nothing without another one, or no known word: false after a complaint (wrong usage). */
bool ds_engine_options_good(const char *command, const ds_engine_options *options);
/* False after a complaint on stderr. stats: of this worker, zeroed. */
bool ds_engine_open(ds_engine *engine, const char *command, const ds_engine_options *options, ds_loop *loop,
                    ds_stats *stats);
void ds_engine_close(ds_engine *engine);
/* Model and tiers anew; the old ones stay when the new ones are bad (a complaint on stderr, counted). */
bool ds_engine_reload(ds_engine *engine);

/* True: `wait` is filled, and decided is called from the loop once all ledger steps so far are on the disk
 * (good) or cannot be brought there. False: there is nothing to wait for. */
bool ds_engine_await_disk(ds_engine *engine, ds_disk_wait *wait, void (*decided)(void *, bool), void *context);
void ds_engine_forget_disk(ds_disk_wait *wait, ds_engine *engine);

ds_snapshot *ds_snapshot_hold(ds_snapshot *s);
void ds_snapshot_drop(ds_snapshot *s);

uint64_t ds_random(ds_engine *engine);
double ds_random_unit(ds_engine *engine); /* [0, 1) */

/* Which tiers to try, in order (numbers of the config), and why. */
typedef struct {
    uint32_t order[TIERCE_MAX_TIERS];
    uint32_t n;
    uint64_t no_cost; /* tiers whose cost the policy weighs and nobody knows */
    bool decided; /* `decision` holds; false: the client named the tier */
    tierce_decision decision;
    const char *reason;  /* a reason's name, "FORCED", "EXPLORE", "TOOL_LOOP", … */
    double propensity, decide_s;
    double expected_usd; /* of the first tier; negative: not known */
    char point[64];
    uint64_t features; /* digest of the request's features, where there is a log; 0: none */
    uint64_t turn; /* key of the turn (ds_session_turn) where tools are offered; 0: none */
} ds_choice;

/* The request's model is "" or "tierce", "tierce:POINT", or a tier's name. False with a sentence for
 * the client when it is none of these (unknown true) or the decision fails. session "" : none. */
bool ds_engine_choose(ds_engine *engine, ds_snapshot *s, const ds_body *body, const ds_payer *payer,
                      const char *session, ds_choice *choice, bool *unknown, td_error *error);
/* The config tier that answered: the session's next turn and the turn's tool loop will ask for it. */
void ds_engine_answered(ds_engine *engine, const ds_snapshot *s, const char *session, uint64_t turn, uint32_t tier);
/* Expected cost of a config tier under the choice; negative when not known. */
double ds_choice_expected(const ds_snapshot *s, const ds_choice *choice, uint32_t tier);

#endif
