/* What a server remembers from one request to the next. Tool loops: the tier that answered a turn keeps its
 * loop, also where a replay would choose another. Conversations: short follow-ups, prompt caches, sessions.
 * Circuit breakers.
 *
 *     loops DISPATCH MOCK MODEL SCRATCH */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dispatch/drive.h"

static void write_tiers(const drive *d, const char *flash, const char *pro)
{
    char text[2000];
    snprintf(text, sizeof text,
             "{\"tiers\":[{\"name\":\"flash\",\"prices\":{\"input\":1,\"output\":2},\"endpoints\":[{\"base_url\":"
             "\"http://127.0.0.1:%u/s/%s/v1\"}]},{\"name\":\"pro\",\"prices\":{\"input\":2,\"output\":4},\"endpoints\":"
             "[{\"base_url\":\"http://127.0.0.1:%u/s/%s/v1\"}]}],\"retry\":{\"retries\":0,\"base_s\":0.01}}",
             d->port, flash, d->port, pro);
    drive_write(d, "tiers.json", text);
}

/* Asks with the question and what came after it; compares tier and reason. */
static void ask(drive *d, const char *name, const char *model, const char *question, const char *after,
                const char *headers, const char *tier, const char *reason)
{
    char body[3000], why[300] = "";
    snprintf(body, sizeof body, "{\"model\":\"%s\"," DRIVE_TOOLS ",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}%s%s]}",
             model, question, *after ? "," : "", after);
    reply r = http_post(d->serve, "/v1/chat/completions", body, headers);
    if (r.status != 200 || strcmp(http_value(&r, "x-tierce-tier"), tier) || strcmp(http_value(&r, "x-tierce-reason"), reason)) {
        const int n = snprintf(why, sizeof why, "status %d, tier %s", r.status, http_value(&r, "x-tierce-tier"));
        snprintf(why + n, sizeof why - (size_t)n, ", reason %s", http_value(&r, "x-tierce-reason"));
    }
    drive_case(d, !why[0], name, why);
    reply_free(&r);
}

static void reload(drive *d, const char *flash, const char *pro)
{
    write_tiers(d, flash, pro);
    if (!drive_reload(d))
        drive_case(d, false, "reload", "refused");
}

/* Long enough to be worth a cache, and to be no follow-up. */
#define LONG "Please tell me what the following long text is about, in your own words, and then go on with the next one. "
#define HISTORY(last) "{\"model\":\"tierce\",\"messages\":[{\"role\":\"user\",\"content\":\"" LONG LONG LONG "\"},{\"role\":" \
                      "\"assistant\",\"content\":\"" LONG LONG LONG LONG "\"},{\"role\":\"user\",\"content\":\"" last "\"}]}"

static void turn(drive *d, const char *name, const char *body, const char *headers, const char *tier, const char *reason)
{
    char why[400];
    reply r = http_post(d->serve, "/v1/chat/completions", body, headers);
    snprintf(why, sizeof why, "status %d, tier %s", r.status, http_value(&r, "x-tierce-tier"));
    bool good = r.status == 200 && !strcmp(http_value(&r, "x-tierce-tier"), tier);
    const size_t n = strlen(why);
    snprintf(why + n, sizeof why - n, ", reason %s", http_value(&r, "x-tierce-reason"));
    good = good && (!*reason || !strcmp(http_value(&r, "x-tierce-reason"), reason));
    drive_case(d, good, name, why);
    reply_free(&r);
}

static void conversations(drive *d)
{
    char text[1000];
    snprintf(text, sizeof text,
             "{\"tiers\":[{\"name\":\"flash\",\"prices\":{\"input\":1,\"output\":2,\"cached_input\":0.1},\"endpoints\":[{\"base_url\":"
             "\"http://127.0.0.1:%u/v1\"}]},{\"name\":\"pro\",\"prices\":{\"input\":2,\"output\":4,\"cached_input\":0.2},\"endpoints\":"
             "[{\"base_url\":\"http://127.0.0.1:%u/v1\"}]}]}", d->port, d->port);
    drive_write(d, "tiers.json", text);
    drive_case(d, drive_reload(d), "reload", "refused");
    /* without a session the turn before is replayed: it would have gone to pro */
    turn(d, "a turn of its own", HISTORY(LONG), "", "pro", "");
    turn(d, "a short follow-up is judged as the turn before it", HISTORY("yes"), "", "pro", "FOLLOW_UP");
    turn(d, "a session goes to flash by its name", "{\"model\":\"flash\",\"messages\":[{\"role\":\"user\",\"content\":\"" LONG "\"}]}",
         "x-tierce-session: s1\r\n", "flash", "FORCED");
    turn(d, "a switch that gains less than the lost cache costs is not made", HISTORY(LONG), "x-tierce-session: s1\r\n", "flash", "CACHE");
    turn(d, "a follow-up goes where the session was", HISTORY("yes"), "x-tierce-session: s1\r\n", "flash", "FOLLOW_UP");
    turn(d, "another session knows nothing of it", HISTORY(LONG), "x-tierce-session: s2\r\n", "pro", "");
    /* without a price of the cache to lose, the gain decides */
    char *cached = strstr(text, "\"cached_input\":0.1");
    memcpy(cached, "\"cached_input\":1.0", 18);
    drive_write(d, "tiers.json", text);
    drive_case(d, drive_reload(d), "reload", "refused");
    turn(d, "flash again", "{\"model\":\"flash\",\"messages\":[{\"role\":\"user\",\"content\":\"" LONG "\"}]}",
         "x-tierce-session: s1\r\n", "flash", "FORCED");
    turn(d, "a switch that loses no cache is made", HISTORY(LONG), "x-tierce-session: s1\r\n", "pro", "");
}

/* Three failures close the endpoint off for a while; then one request tries whether it is well again. */
static void breaker(drive *d)
{
    static const char body[] = "{\"model\":\"tierce\",\"messages\":[{\"role\":\"user\",\"content\":\"What is 2+2?\"}]}";
    static const struct {
        const char *name, *tier, *attempts;
        double wait, state;
    } steps[] = {{"a failure falls back", "pro", "2", 0, 0},
                 {"and again", "pro", "2", 0, 0},
                 {"the third opens the breaker", "pro", "2", 0, 1},
                 {"an open endpoint is not asked", "pro", "1", 0, 1},
                 {"after its time one probe is sent, and heals it", "flash", "1", 0.7, 0},
                 {"it is asked as before", "flash", "1", 0, 0}};
    char text[1000];
    snprintf(text, sizeof text,
             "{\"tiers\":[{\"name\":\"flash\",\"endpoints\":[{\"name\":\"e\",\"base_url\":\"http://127.0.0.1:%u/s/500,times=3/v1\"}]},"
             "{\"name\":\"pro\",\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/v1\"}]}],"
             "\"retry\":{\"retries\":0,\"breaker_failures\":3,\"breaker_open_s\":0.5}}", d->port, d->port);
    drive_write(d, "tiers.json", text);
    drive_case(d, drive_reload(d), "reload", "refused");
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        char why[200];
        drive_sleep(steps[i].wait);
        reply r = http_post(d->serve, "/v1/chat/completions", body, "");
        const double state = drive_metric(d, "tierce_endpoint_breaker{tier=\"flash\",endpoint=\"e\"}");
        const bool good = r.status == 200 && !strcmp(http_value(&r, "x-tierce-attempts"), steps[i].attempts) &&
                          !strcmp(http_value(&r, "x-tierce-tier"), steps[i].tier) && state == steps[i].state;
        snprintf(why, sizeof why, "status %d, tier %s, breaker %.0f", r.status, http_value(&r, "x-tierce-tier"), state);
        drive_case(d, good, steps[i].name, why);
        reply_free(&r);
    }
}

int main(int argc, char **argv)
{
    static const char q[] = "What is in the file a? Please look.", other[] = "What is in the folder b? Please look.";
    drive d = {0};
    if (!drive_arguments(&d, argc, argv))
        return 2;
    bool good = drive_start_mock(&d, "");
    write_tiers(&d, "tool-missing,times=1,then=tool", "tool");
    if (!good || !drive_start_serve(&d, "--seed 3 --value 0.00001"))
        return drive_nothing_starts(&d);
    /* flash's call does not fit the schema, pro's does; flash would be fine at every later step */
    ask(&d, "a turn escalates", "tierce", q, "", "", "pro", "ESCALATION");
    ask(&d, "its loop stays with the tier that answered", "tierce", q, DRIVE_CALL, "", "pro", "TOOL_LOOP");
    ask(&d, "and the next step too", "tierce", q, DRIVE_CALL "," DRIVE_CALL, "", "pro", "TOOL_LOOP");
    ask(&d, "a forced tier begins a loop", "pro", other, "", "", "pro", "FORCED");
    ask(&d, "and keeps it", "tierce", other, DRIVE_CALL, "", "pro", "TOOL_LOOP");
    reload(&d, "tool", "500");
    ask(&d, "after a reload nothing is known: the turn is replayed", "tierce", q, DRIVE_CALL, "", "flash", "TOOL_LOOP");
    reload(&d, "500", "tool");
    ask(&d, "the loop's tier fails: the other steps in", "tierce", q, DRIVE_CALL, "", "pro", "FALLBACK");
    reload(&d, "tool", "tool");
    conversations(&d);
    breaker(&d);
    drive_case(&d, drive_stop_serve(&d) == 0, "the server ends well", "it does not");
    drive_sanitizers(&d);
    drive_stop_mock(&d);
    return drive_done(&d);
}
