/* Scenarios as data: what the upstreams play, what the client must get. See scenarios.txt.
 *
 *     scenarios DISPATCH MOCK MODEL SCRATCH FILE */
#define _POSIX_C_SOURCE 200809L
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/dispatch/drive.h"

#define MAX_LINES 24

typedef struct {
    char name[160], key[MAX_LINES][24], value[MAX_LINES][1200];
    int n;
} scenario;

static const char *get(const scenario *s, const char *key, const char *otherwise)
{
    for (int i = 0; i < s->n; i++)
        if (!strcmp(s->key[i], key))
            return s->value[i];
    return otherwise;
}

/* "ok,in=1" plays on the mock; "refuse", "reset-port" and "mute" are its other ports. `a + b`: two
 * endpoints. */
static void put_endpoints(const drive *d, const char *plays, char *to, size_t room)
{
    char copy[600];
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", plays);
    to[0] = 0;
    for (char *at = copy, *next; at; at = next) {
        next = strstr(at, " + ");
        if (next) {
            *next = 0;
            next += 3;
        }
        const unsigned port = !strcmp(at, "refuse") ? d->refuse : !strcmp(at, "reset-port") ? d->reset
                              : !strcmp(at, "mute") ? d->mute : d->port;
        n += (size_t)snprintf(to + n, room - n,
                              "%s{\"base_url\":\"http://127.0.0.1:%u/v1\",\"model\":\"mock:%s\",\"name\":\"e%zu\","
                              "\"key_env\":\"MOCK_KEY\",\"timeouts\":{\"connect_s\":2,\"first_byte_s\":0.4,\"between_chunks_s\":0.4}}",
                              n ? "," : "", port, at, n);
    }
}

static bool set_up(drive *d, const scenario *s)
{
    char flash[3000], pro[3000], text[8000];
    put_endpoints(d, get(s, "flash", "ok,in=100,out=20"), flash, sizeof flash);
    put_endpoints(d, get(s, "pro", "ok,in=100,out=30"), pro, sizeof pro);
    snprintf(text, sizeof text,
             "{\"tiers\":[{\"name\":\"flash\",\"prices\":{\"input\":1.5,\"output\":9,\"cached_input\":0.15},"
             "\"context_window\":%s,\"endpoints\":[%s],\"limits\":{\"max_response_bytes\":3000000%s}},"
             "{\"name\":\"pro\",\"prices\":{\"input\":2,\"output\":12},\"context_window\":1000000,\"endpoints\":[%s],"
             "\"limits\":{\"max_response_bytes\":3000000}}],"
             "%s\"retry\":{\"retries\":2,\"base_s\":0.005,\"cap_s\":0.02,\"max_wait_s\":%s,\"breaker_failures\":100}}",
             get(s, "window", "100000"), flash, get(s, "limits", ""), pro, get(s, "top", ""), get(s, "max-wait", "1"));
    return drive_write(d, "tiers.json", text) && drive_reload(d);
}

/* The number behind `key`, e.g. "cost_usd\":", the last one in the text. */
static double last_number(const char *text, const char *key)
{
    double v = -1;
    for (const char *at = text; (at = strstr(at, key)) != NULL; at += strlen(key))
        v = atof(at + strlen(key));
    return v;
}

/* What the client was told that it cost. */
static double told_cost(const reply *r, bool stream)
{
    const char *trailer = stream ? strstr(r->body, ": tierce") : NULL;
    return trailer ? last_number(trailer, "\"cost_usd\":") : atof(http_value(r, "x-tierce-cost-usd"));
}

static void expect(const scenario *s, const reply *r, bool stream, char *why, size_t room)
{
    const char *want = get(s, "status", "200");
    char key[40];
    if (r->status != atoi(want))
        snprintf(why, room, "status %d, wanted %s", r->status, want);
    if (r->cut)
        snprintf(why, room, "the answer was cut");
    if (strcmp(http_value(r, "x-tierce-tier"), get(s, "tier", "flash")))
        snprintf(why, room, "tier \"%s\"", http_value(r, "x-tierce-tier"));
    if (*get(s, "attempts", "") && strcmp(http_value(r, "x-tierce-attempts"), get(s, "attempts", "")))
        snprintf(why, room, "%s attempts", http_value(r, "x-tierce-attempts"));
    if (*get(s, "reason", "") && strcmp(http_value(r, "x-tierce-reason"), get(s, "reason", "")))
        snprintf(why, room, "reason %s", http_value(r, "x-tierce-reason"));
    if (*get(s, "header", "") && !strstr(r->head ? r->head : "", get(s, "header", "")))
        snprintf(why, room, "no header %s", get(s, "header", ""));
    if (r->seconds > atof(get(s, "within", "8")))
        snprintf(why, room, "took %.2f s", r->seconds);
    for (int i = 0; i < s->n; i++) {
        snprintf(key, sizeof key, "%s", s->key[i]);
        if ((!strcmp(key, "has") || !strcmp(key, stream ? "has-stream" : "has-plain")) && !strstr(r->body, s->value[i]))
            snprintf(why, room, "lacks %.300s", s->value[i]);
        if ((!strcmp(key, "lacks") || !strcmp(key, stream ? "lacks-stream" : "lacks-plain")) && strstr(r->body, s->value[i]))
            snprintf(why, room, "has %.300s", s->value[i]);
    }
    const char *cost = get(s, stream ? "cost-stream" : "cost-plain", get(s, "cost", ""));
    if (*cost) {
        const double got = told_cost(r, stream);
        if (fabs(got - atof(cost)) > 1e-9)
            snprintf(why, room, "cost %.9g, wanted %s", got, cost);
    }
    if (strstr(r->head ? r->head : "", "0123456789abcdef") || strstr(r->body, "0123456789abcdef"))
        snprintf(why, room, "the key is in the answer");
}

/* Every scenario's money: what is booked is what the client was told, nothing stays reserved, and it is at least
 * what the mock billed, at the cheaper tier's prices. An answer without usage is estimated: booked, at least. */
typedef struct {
    double booked, guessed, bill;
} money;

static double mock_number(const char *stats, const char *key)
{
    const char *at = strstr(stats, key);
    return at ? atof(at + strlen(key)) : 0;
}

static money count_money(const drive *d)
{
    reply r = http_get(d->port, "/mock/stats");
    const double bill = 1.5e-6 * (mock_number(r.body, "\"input\":") - mock_number(r.body, "\"cached\":")) +
                        0.15e-6 * mock_number(r.body, "\"cached\":") + 9e-6 * mock_number(r.body, "\"output\":");
    reply_free(&r);
    return (money){drive_metric(d, "tierce_ledger_booked_usd"), drive_metric(d, "tierce_guessed_usage_total"), bill};
}

static void expect_money(const drive *d, const money *before, const reply *r, bool stream, char *why, size_t room)
{
    const money after = count_money(d);
    const double booked = after.booked - before->booked, bill = after.bill - before->bill, told = told_cost(r, stream);
    if (fabs(booked - told) > 2e-9)
        snprintf(why, room, "booked %.9f, told %.9f", booked, told);
    else if (after.guessed > before->guessed && stream && bill > booked ? booked <= 0 : booked < bill - 2e-9)
        snprintf(why, room, "booked %.9f, billed %.9f", booked, bill);
    else if (drive_metric(d, "tierce_ledger_reserved_usd") != 0)
        snprintf(why, room, "something stays reserved");
}

static void play(drive *d, const scenario *s, bool stream)
{
    char body[4000], name[200], why[1200] = "";
    snprintf(name, sizeof name, "%s (%s)", s->name, stream ? "stream" : "plain");
    if (!set_up(d, s)) {
        drive_case(d, false, name, "the tiers were not taken");
        return;
    }
    snprintf(body, sizeof body, "{\"model\":\"%s\",%s%s\"messages\":[{\"role\":\"user\",\"content\":\"What is 2+2?\"}]}",
             get(s, "ask", "tierce"), stream ? "\"stream\":true," : "", get(s, "extra", ""));
    const money before = count_money(d);
    reply r = http_post(d->serve, "/v1/chat/completions", body, "");
    expect(s, &r, stream, why, sizeof why);
    if (!why[0])
        expect_money(d, &before, &r, stream, why, sizeof why);
    if (why[0]) {
        const size_t n = strlen(why);
        snprintf(why + n, sizeof why - n, "\n%.300s\n%.700s", r.head ? r.head : "", r.body);
    }
    drive_case(d, !why[0], name, why);
    reply_free(&r);
}

static void run(drive *d, const scenario *s)
{
    const char *mode = get(s, "mode", "both");
    if (!s->n)
        return;
    if (strcmp(mode, "stream"))
        play(d, s, false);
    if (strcmp(mode, "plain"))
        play(d, s, true);
}

int main(int argc, char **argv)
{
    drive d = {0};
    static scenario s;
    char line[1400], options[1300];
    if (argc < 6 || !drive_arguments(&d, argc, argv))
        return 2;
    FILE *f = fopen(argv[5], "r");
    const char *only = argc > 6 ? argv[6] : NULL;
    if (!f || !drive_start_mock(&d, "")) {
        printf("FAILED the mock does not start\n0 passed, 1 failed\n");
        return 1;
    }
    snprintf(line, sizeof line, "{\"tiers\":[{\"name\":\"flash\",\"endpoints\":[{\"base_url\":\"http://127.0.0.1:1/v1\"}]},"
                                "{\"name\":\"pro\",\"endpoints\":[{\"base_url\":\"http://127.0.0.1:1/v1\"}]}]}");
    drive_write(&d, "tiers.json", line);
    snprintf(options, sizeof options, "--seed 7 --ledger %s/ledger.db --log %s/log.jsonl", d.scratch, d.scratch);
    if (!drive_start_serve(&d, options)) {
        printf("FAILED the server does not start\n0 passed, 1 failed\n");
        drive_stop_mock(&d);
        return 1;
    }
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        char *colon = strchr(line, ':');
        if (line[0] == '#')
            continue;
        if (!strncmp(line, "== ", 3)) {
            if (!only || strstr(s.name, only))
                run(&d, &s);
            memset(&s, 0, sizeof s);
            snprintf(s.name, sizeof s.name, "%.150s", line + 3);
        } else if (colon && s.n < MAX_LINES) {
            snprintf(s.key[s.n], sizeof s.key[s.n], "%.*s", (int)(colon - line), line);
            snprintf(s.value[s.n++], sizeof s.value[0], "%s", colon + 1 + (colon[1] == ' '));
        }
    }
    if (!only || strstr(s.name, only))
        run(&d, &s);
    fclose(f);
    const int status = drive_stop_serve(&d);
    char *log = drive_read(&d, "serve.log");
    drive_case(&d, status == 0, "the server ends well", log);
    drive_sanitizers(&d);
    drive_case(&d, !strstr(log, "0123456789abcdef"), "the key is not in the server's messages", "it is");
    free(log);
    drive_stop_mock(&d);
    return drive_done(&d);
}
