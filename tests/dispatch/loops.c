/* Tool loops through a server: the tier that answered a turn keeps its loop, also where a replay would
 * choose another.
 *
 *     loops DISPATCH MOCK MODEL SCRATCH */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dispatch/drive.h"

#define TOOLS "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"look\",\"parameters\":{\"type\":\"object\"," \
              "\"properties\":{\"path\":{\"type\":\"string\"}},\"required\":[\"path\"]}}}]"
#define CALL "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":\"function\",\"function\":" \
             "{\"name\":\"look\",\"arguments\":\"{\\\"path\\\":\\\"a\\\"}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"c\",\"content\":\"it is there\"}"

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
    snprintf(body, sizeof body, "{\"model\":\"%s\"," TOOLS ",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}%s%s]}",
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

int main(int argc, char **argv)
{
    static const char q[] = "What is in the file a? Please look.", other[] = "What is in the folder b? Please look.";
    drive d = {0};
    if (argc < 5)
        return 2;
    d.dispatch = argv[1];
    d.mock = argv[2];
    d.model = argv[3];
    d.scratch = argv[4];
    bool good = drive_start_mock(&d, "");
    write_tiers(&d, "tool-missing,times=1,then=tool", "tool");
    if (!good || !drive_start_serve(&d, "--seed 3")) {
        printf("FAILED nothing starts\n0 passed, 1 failed\n");
        return 1;
    }
    /* flash's call does not fit the schema, pro's does; flash would be fine at every later step */
    ask(&d, "a turn escalates", "tierce", q, "", "", "pro", "ESCALATION");
    ask(&d, "its loop stays with the tier that answered", "tierce", q, CALL, "", "pro", "TOOL_LOOP");
    ask(&d, "and the next step too", "tierce", q, CALL "," CALL, "", "pro", "TOOL_LOOP");
    ask(&d, "a forced tier begins a loop", "pro", other, "", "", "pro", "FORCED");
    ask(&d, "and keeps it", "tierce", other, CALL, "", "pro", "TOOL_LOOP");
    reload(&d, "tool", "500");
    ask(&d, "after a reload nothing is known: the turn is replayed", "tierce", q, CALL, "", "flash", "TOOL_LOOP");
    reload(&d, "500", "tool");
    ask(&d, "the loop's tier fails: the other steps in", "tierce", q, CALL, "", "pro", "FALLBACK");
    reload(&d, "tool", "tool");
    drive_case(&d, drive_stop_serve(&d) == 0, "the server ends well", "it does not");
    drive_sanitizers(&d);
    drive_stop_mock(&d);
    return drive_done(&d);
}
