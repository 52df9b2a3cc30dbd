/* The ledger in Redis, for budgets that several machines share: one Lua script a step, so each is atomic.
 *
 *   PREFIX:a:…       what is booked on an account; all 32 of a booking are kept, so a budget that is written
 *                    down later is right at once (hours are kept for 2 days, days for 40, months for 400)
 *   PREFIX:t:ID      a reservation; PREFIX:open those of the last day by time; PREFIX:reserved their sum. Older ones
 *                    ("late") are taken for spent, and kept for 400 days in case they are settled after all
 *
 * A step that was sent but not answered is sent once more on a new connection: a reservation has its id and a
 * settled ticket is gone, so neither counts twice. What Redis forgets, we forget: it needs "appendonly yes". */
#include "infer/dispatch/ledger_store.h"

#ifndef HAVE_HIREDIS

static ds_store *open_store(const char *where, unsigned busy_ms, td_error *error)
{
    (void)busy_ms;
    td_fail(error, "%.200s: this tierce was built without hiredis; install libhiredis-dev and build again", where);
    return NULL;
}

const ds_store_kind ds_store_redis = {.open = open_store};

#else

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

/* Beginning of all scripts. name(window, tier, key, tag): an account; add(…): to all of a booking.
 * Names carry their length, so that no two accounts are written alike. */
#define COMMON                                                                                      \
    "local p = KEYS[1] "                                                                            \
    "local function name(w, t, k, g) return p .. ':a:' .. w .. ':' .. #t .. ':' .. t .. ':' .. #k " \
    ".. ':' .. k .. ':' .. #g .. ':' .. g end "                                                     \
    "local keep = {172800, 3456000, 34560000, 0} "                                                  \
    "local function add(w, n, by) for i = 1, 4 do for t = 0, 1 do for k = 0, 1 do for g = 0, 1 do " \
    "local a = name(w[i], t == 1 and n[1] or '', k == 1 and n[2] or '', g == 1 and n[3] or '') "    \
    "redis.call('INCRBY', a, by) if keep[i] > 0 then redis.call('EXPIRE', a, keep[i]) end "         \
    "end end end end end "

/* ARGV: id, amount, at, 4 windows, 3 names, then for each account: window, 3 names, limit. 0: held, else the
 * number of the account without room. */
static const char reserve_script[] = COMMON
    "local id, amount = ARGV[1], ARGV[2] "
    "if redis.call('EXISTS', p .. ':t:' .. id) == 1 then return 0 end "
    "local n = 0 "
    "for i = 11, #ARGV, 5 do n = n + 1 "
    "local has = redis.call('GET', name(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])) or '0' "
    "if tonumber(has) + tonumber(amount) > tonumber(ARGV[i + 4]) then return n end end "
    "add({ARGV[4], ARGV[5], ARGV[6], ARGV[7]}, {ARGV[8], ARGV[9], ARGV[10]}, amount) "
    "redis.call('HSET', p .. ':t:' .. id, 'amount', amount, '1', ARGV[4], '2', ARGV[5], '3', ARGV[6], '4', ARGV[7], "
    "'tier', ARGV[8], 'key', ARGV[9], 'tag', ARGV[10]) "
    "redis.call('ZADD', p .. ':open', ARGV[3], id) redis.call('INCRBY', p .. ':reserved', amount) "
    "return 0";

/* ARGV: id, amount. */
static const char settle_script[] = COMMON
    "local k = p .. ':t:' .. ARGV[1] "
    "local t = redis.call('HMGET', k, 'amount', '1', '2', '3', '4', 'tier', 'key', 'tag', 'late') "
    "if not t[1] then return 0 end "
    "redis.call('DEL', k) redis.call('ZREM', p .. ':open', ARGV[1]) "
    "if not t[9] then redis.call('DECRBY', p .. ':reserved', t[1]) end "
    "add({t[2], t[3], t[4], t[5]}, {t[6], t[7], t[8]}, string.format('%.0f', tonumber(ARGV[2]) - tonumber(t[1]))) "
    "return 1";

/* ARGV: the time before which reservations are taken for spent, at what was reserved. */
static const char tidy_script[] = COMMON
    "local old = redis.call('ZRANGEBYSCORE', p .. ':open', '-inf', ARGV[1], 'LIMIT', 0, 1000) "
    "for _, id in ipairs(old) do local a = redis.call('HGET', p .. ':t:' .. id, 'amount') "
    "if a then redis.call('DECRBY', p .. ':reserved', a) redis.call('HSET', p .. ':t:' .. id, 'late', '1') "
    "redis.call('EXPIRE', p .. ':t:' .. id, 34560000) end redis.call('ZREM', p .. ':open', id) end return #old";

/* ARGV: amount, 4 windows, 3 names: what a reservation that is gone cost beyond. */
static const char beyond_script[] = COMMON
    "add({ARGV[2], ARGV[3], ARGV[4], ARGV[5]}, {ARGV[6], ARGV[7], ARGV[8]}, ARGV[1]) return 1";

/* ARGV: window, 3 names. */
static const char spent_script[] = COMMON
    "return tonumber(redis.call('GET', name(ARGV[1], ARGV[2], ARGV[3], ARGV[4])) or '0')";
static const char reserved_script[] = "return tonumber(redis.call('GET', KEYS[1] .. ':reserved') or '0')";

#define MAX_ARGS (10 + 5 * DS_MAX_BUDGETS)

struct ds_store {
    redisContext *redis;
    char host[200], prefix[64];
    int port, db;
    unsigned busy_ms;
    bool repeated; /* the last step was sent twice */
};

static bool broken(const ds_store *s, const char *what, td_error *error)
{
    return td_fail(error, "redis://%s:%d/%d: %.300s", s->host, s->port, s->db, what);
}

static void hang_up(ds_store *s)
{
    if (s->redis)
        redisFree(s->redis);
    s->redis = NULL;
}

/* One command whose answer need only not be an error. */
static bool order(ds_store *s, int argc, const char **argv, td_error *error)
{
    redisReply *reply = redisCommandArgv(s->redis, argc, argv, NULL);
    const bool good = reply && reply->type != REDIS_REPLY_ERROR;
    if (!reply)
        broken(s, s->redis->errstr, error);
    else if (!good && !strcmp(argv[0], "AUTH")) /* the answer might quote it */
        broken(s, "the password in TIERCE_REDIS_PASSWORD was refused", error);
    else if (!good)
        broken(s, reply->str, error);
    if (reply)
        freeReplyObject(reply);
    return good;
}

static bool connect_to(ds_store *s, td_error *error)
{
    const unsigned ms = s->busy_ms ? s->busy_ms : 1000;
    const struct timeval wait = {ms / 1000, (long)(ms % 1000) * 1000};
    const char *password = getenv("TIERCE_REDIS_PASSWORD");
    char db[16];
    hang_up(s);
    s->redis = redisConnectWithTimeout(s->host, s->port, wait);
    if (!s->redis || s->redis->err || redisSetTimeout(s->redis, wait) != REDIS_OK) {
        broken(s, s->redis ? s->redis->errstr : "out of memory", error);
        hang_up(s);
        return false;
    }
    snprintf(db, sizeof db, "%d", s->db);
    bool good = !password || !password[0] || order(s, 2, (const char *[]){"AUTH", password}, error);
    good = good && order(s, 2, (const char *[]){"SELECT", db}, error);
    if (!good)
        hang_up(s);
    return good;
}

/* EVAL script 1 prefix args… with a whole number as its answer. */
static bool eval(ds_store *s, const char *script, const char *const *args, int n, int64_t *answer,
                 td_error *error)
{
    const char *argv[MAX_ARGS + 4] = {"EVAL", script, "1", s->prefix};
    redisReply *reply = NULL;
    for (int i = 0; i < n; i++)
        argv[4 + i] = args[i];
    for (int times = 0; times < 2 && !reply; times++) {
        if ((!s->redis || times) && !connect_to(s, error))
            return false;
        s->repeated = times > 0;
        reply = redisCommandArgv(s->redis, 4 + n, argv, NULL);
    }
    const bool good = reply && reply->type == REDIS_REPLY_INTEGER;
    if (good)
        *answer = reply->integer;
    else if (reply)
        broken(s, reply->type == REDIS_REPLY_ERROR ? reply->str : "an answer of another kind", error);
    else
        broken(s, s->redis->errstr, error);
    if (!reply)
        hang_up(s);
    else
        freeReplyObject(reply);
    return good;
}

static const char *number(char room[24], int64_t v)
{
    snprintf(room, 24, "%lld", (long long)v);
    return room;
}

static ds_ledger_answer reserve(ds_store *s, const ds_booking *b, const ds_account *accounts, size_t n,
                                int64_t amount, uint64_t id, size_t *full, td_error *error)
{
    char room[7 + 2 * DS_MAX_BUDGETS][24];
    const char *args[MAX_ARGS];
    int64_t answer;
    int a = 0, r = 0;
    args[a++] = number(room[r++], (int64_t)id);
    args[a++] = number(room[r++], amount);
    args[a++] = number(room[r++], b->at);
    for (int i = 0; i < DS_WINDOWS; i++)
        args[a++] = number(room[r++], b->window[i]);
    args[a++] = b->tier;
    args[a++] = b->key;
    args[a++] = b->tag;
    for (size_t i = 0; i < n; i++) {
        args[a++] = number(room[r++], b->window[accounts[i].period]);
        args[a++] = accounts[i].tier;
        args[a++] = accounts[i].key;
        args[a++] = accounts[i].tag;
        args[a++] = number(room[r++], accounts[i].limit);
    }
    if (!eval(s, reserve_script, args, a, &answer, error))
        return DS_LEDGER_BROKEN;
    if (answer == 0)
        return DS_LEDGER_HELD;
    *full = answer > 0 && (size_t)answer <= n ? (size_t)answer - 1 : 0;
    return DS_LEDGER_SPENT;
}

static bool settle(ds_store *s, uint64_t id, int64_t amount, const ds_booking *b, int64_t gone, td_error *error)
{
    char room[5][24];
    const char *const args[] = {number(room[0], (int64_t)id), number(room[1], amount)};
    int64_t found;
    if (!eval(s, settle_script, args, 2, &found, error))
        return false;
    if (found || gone <= 0 || s->repeated) /* what was sent twice may have been found the first time */
        return true;
    const char *const beyond[] = {number(room[0], gone), number(room[1], b->window[0]), number(room[2], b->window[1]),
                                  number(room[3], b->window[2]), number(room[4], b->window[3]), b->tier, b->key, b->tag};
    return eval(s, beyond_script, beyond, 8, &found, error);
}

static bool booked_on(ds_store *s, int64_t window, const char *tier, const char *key, const char *tag,
                      int64_t *amount, td_error *error)
{
    char room[24];
    const char *const args[] = {number(room, window), tier, key, tag};
    return eval(s, spent_script, args, 4, amount, error);
}

static bool spent(ds_store *s, const ds_booking *b, const ds_account *a, int64_t *amount, td_error *error)
{
    return booked_on(s, b->window[a->period], a->tier, a->key, a->tag, amount, error);
}

static bool total(ds_store *s, int64_t *booked, int64_t *reserved, td_error *error)
{
    return booked_on(s, 3, "", "", "", booked, error) && eval(s, reserved_script, NULL, 0, reserved, error);
}

/* ---- redis://host[:port][/db][?prefix=…] ---- */

static bool read_number(const char **at, long most, int *into)
{
    char *stop;
    const long v = strtol(*at, &stop, 10);
    if (stop == *at || v < 0 || v > most)
        return false;
    *at = stop;
    *into = (int)v;
    return true;
}

static bool read_url(ds_store *s, const char *url, td_error *error)
{
    static const char mend[] = "write redis://host:port/0?prefix=name";
    const char *at = url + strlen("redis://");
    const size_t n = strcspn(at, ":/?");
    s->port = 6379;
    snprintf(s->prefix, sizeof s->prefix, "{tierce}");
    if (!n || n >= sizeof s->host)
        return td_fail(error, "%.200s: lacks the host; %s", url, mend);
    memcpy(s->host, at, n);
    at += n;
    if (*at == ':' && (at++, !read_number(&at, 65535, &s->port)))
        return td_fail(error, "%.200s: the port is not a number; %s", url, mend);
    if (*at == '/' && at[1] && at[1] != '?' && (at++, !read_number(&at, 1 << 20, &s->db)))
        return td_fail(error, "%.200s: the database is not a number; %s", url, mend);
    at += *at == '/';
    if (!strncmp(at, "?prefix=", 8)) {
        at += 8;
        const size_t length = strlen(at);
        if (!length || length > 50 || strpbrk(at, "{}& \r\n"))
            return td_fail(error, "%.200s: the prefix must have 1 to 50 letters", url);
        snprintf(s->prefix, sizeof s->prefix, "{%s}", at); /* braces: one slot of a cluster */
        at += length;
    }
    return *at ? td_fail(error, "%.200s: \"%.40s\" is not understood; %s", url, at, mend) : true;
}

static void close_store(ds_store *s)
{
    hang_up(s);
    free(s);
}

static ds_store *open_store(const char *where, unsigned busy_ms, td_error *error)
{
    ds_store *s = calloc(1, sizeof *s);
    char room[24];
    int64_t tidied = 1000;
    if (!s) {
        td_fail(error, "redis: out of memory");
        return NULL;
    }
    s->busy_ms = busy_ms;
    bool good = read_url(s, where, error) && connect_to(s, error);
    const char *const cutoff = number(room, (int64_t)time(NULL) - DS_TICKET_AGE_S);
    while (good && tidied == 1000)
        good = eval(s, tidy_script, &cutoff, 1, &tidied, error);
    if (!good) {
        close_store(s);
        return NULL;
    }
    return s;
}

const ds_store_kind ds_store_redis = {open_store, close_store, reserve, settle, spent, total, NULL, NULL, NULL};

#endif
