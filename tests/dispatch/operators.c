/* What operators write, move and send: empty options, budgets of a client's key, a ledger that
 * goes, tiers in another order.
 *
 *     operators DISPATCH MOCK MODEL SCRATCH */
#define _DEFAULT_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/dispatch/drive.h"

static const char body[] = "{\"model\":\"flash\",\"max_tokens\":20,\"messages\":[{\"role\":\"user\",\"content\":\"2+2?\"}]}";

/* The tiers in this order. */
static void write_tiers(const drive *d, const char *first, const char *second, const char *budgets)
{
    char text[1400];
    snprintf(text, sizeof text,
             "{\"tiers\":[{\"name\":\"%s\",\"prices\":{\"input\":1.5,\"output\":9},\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/v1\",\"model\":\"mock:ok,in=60,out=20\"}]},"
             "{\"name\":\"%s\",\"prices\":{\"input\":2,\"output\":12},\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/v1\",\"model\":\"mock:ok,in=60,out=20\"}]}]%s}",
             first, d->port, second, d->port, budgets);
    drive_write(d, "tiers.json", text);
}

/* It does not start, and says why. */
static void refuses(drive *d, const char *options, const char *why)
{
    drive_write(d, "serve.log", "");
    const bool started = drive_start_serve(d, options);
    char *log = drive_read(d, "serve.log");
    drive_case(d, !started && strstr(log, why), options, started ? "it starts" : log);
    free(log);
    if (started)
        drive_stop_serve(d);
}

static void empty_options(drive *d)
{
    static const char *const names[] = {"ledger", "log", "tiers", "listen", "port-file", "client-keys-env"};
    char option[40], why[60];
    write_tiers(d, "flash", "pro", "");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(option, sizeof option, "--%s=", names[i]);
        snprintf(why, sizeof why, "--%s is empty; give it a value", names[i]);
        refuses(d, option, why);
    }
    refuses(d, "--ledger :memory:", "--ledger :memory: keeps nothing; name a file");
}

static int ask_as(const drive *d, const char *key)
{
    char header[80];
    snprintf(header, sizeof header, "Authorization: Bearer %s\r\n", key);
    reply r = http_post(d->serve, "/v1/chat/completions", body, header);
    const int status = r.status;
    reply_free(&r);
    return status;
}

/* alpha may spend nothing, beta may. */
static void budget_of_a_key(drive *d)
{
    char text[300], *log;
    setenv("CLIENT_KEYS", "alpha,beta", 1);
    setenv("ALPHA", "alpha", 1);
    write_tiers(d, "flash", "pro", ",\"budgets\":[{\"name\":\"a\",\"period\":\"day\",\"limit_usd\":0,\"key\":\"alpha\"}]");
    refuses(d, "--client-keys-env CLIENT_KEYS", "budgets[0].key");
    write_tiers(d, "flash", "pro", ",\"budgets\":[{\"name\":\"a\",\"period\":\"day\",\"limit_usd\":0,\"key_env\":\"ALPHA\"}]");
    drive_case(d, drive_start_serve(d, "--client-keys-env CLIENT_KEYS"), "it starts", "with a budget of a key by its variable");
    drive_case(d, ask_as(d, "alpha") == 429, "the budget of a key holds its client", "it does not");
    drive_case(d, ask_as(d, "beta") == 200, "and no other", "it does");
    drive_case(d, drive_stop_serve(d) == 0, "it ends well", "another status");
    snprintf(text, sizeof text, "%s serve --client-keys-env CLIENT_KEYS --fingerprints > %s/prints", d->dispatch, d->scratch);
    const int status = system(text);
    log = drive_read(d, "prints");
    drive_case(d, status == 0 && !strncmp(log, "k8ac625bb85ed202b\nk", 19), "--fingerprints says how a key stands in budgets", log);
    free(log);
}

static int ask(const drive *d)
{
    return ask_as(d, "nobody");
}

static double booked(const drive *d)
{
    return drive_metric(d, "tierce_ledger_booked_usd");
}

static bool wait_for_log(const drive *d, const char *text)
{
    bool there = false;
    for (int i = 0; i < 120 && !there; i++) {
        char *log = drive_read(d, "serve.log");
        there = strstr(log, text) != NULL;
        free(log);
        if (!there)
            drive_sleep(0.025);
    }
    return there;
}

/* The ledger's file is moved away and comes back; is deleted, and another process makes a new one. */
static void ledger_that_goes(drive *d)
{
    char options[700], file[600], away[620], text[1500];
    snprintf(file, sizeof file, "%s/goes.db", d->scratch);
    snprintf(away, sizeof away, "%s.away", file);
    snprintf(options, sizeof options, "--ledger %s", file);
    write_tiers(d, "flash", "pro", "");
    drive_write(d, "serve.log", "");
    drive_case(d, drive_start_serve(d, options), "it starts", options);
    drive_case(d, ask(d) == 200, "with its ledger it answers", "it does not");
    const double before = booked(d);
    rename(file, away);
    drive_case(d, ask(d) == 503, "without it nothing is spent", "it is");
    drive_case(d, wait_for_log(d, "is gone (deleted, moved away or replaced): requests are refused"), "it says so", "it does not");
    drive_case(d, drive_metric(d, "tierce_ledger_faults_total") >= 2, "and counts it", "it does not");
    rename(away, file);
    drive_case(d, ask(d) == 200 && booked(d) > before, "there again, it goes on", "it does not");
    drive_case(d, wait_for_log(d, "is there again\n"), "and says so", "it does not");
    unlink(file);
    drive_case(d, ask(d) == 503, "a deleted one is noticed, too", "it is not");
    snprintf(text, sizeof text, "echo '{\"id\":\"a\",\"max_tokens\":20,\"prompt\":\"2+2?\"}' | %s dispatch -m %s --tiers %s/tiers.json --ledger %s >%s/line 2>&1",
             d->dispatch, d->model, d->scratch, file, d->scratch);
    drive_sleep(1.2); /* it looks once a second */
    drive_case(d, system(text) == 0, "another process makes a new one", text);
    drive_sleep(1.2);
    drive_case(d, ask(d) == 503, "which is not this one's", "it is");
    char *log = drive_read(d, "serve.log"), *first = strstr(log, "requests are refused until");
    first = first ? strstr(first + 1, "requests are refused until") : NULL;
    drive_case(d, first && !strstr(first + 1, "requests are refused until"), "each is said once", log);
    free(log);
    drive_case(d, drive_stop_serve(d) == 0, "it ends well", "another status");
    drive_case(d, drive_start_serve(d, options) && booked(d) > 0, "started anew, it counts in the new one", "it does not");
    const double anew = booked(d);
    drive_case(d, ask(d) == 200 && booked(d) > anew, "and goes on there", "it does not");
    drive_case(d, drive_stop_serve(d) == 0, "and ends well", "another status");
}

static double answers(const drive *d, const char *tier)
{
    char name[80];
    snprintf(name, sizeof name, "tierce_tier_answers_total{tier=\"%s\"}", tier);
    return drive_metric(d, name);
}

static void expect_answers(drive *d, const char *name, double flash, double pro, double third)
{
    char text[120];
    snprintf(text, sizeof text, "flash %g, pro %g, third %g", answers(d, "flash"), answers(d, "pro"), answers(d, "third"));
    drive_case(d, answers(d, "flash") == flash && answers(d, "pro") == pro && answers(d, "third") == third, name, text);
}

/* Counters are a tier's, whatever its place in tiers.json. */
static void other_order(drive *d)
{
    write_tiers(d, "flash", "pro", "");
    drive_case(d, drive_start_serve(d, ""), "it starts", "to be reloaded");
    for (int i = 0; i < 3; i++)
        ask(d);
    expect_answers(d, "answers are the tier's that gave them", 3, 0, -1);
    write_tiers(d, "pro", "flash", "");
    drive_case(d, drive_reload(d), "another order is taken", "it is refused");
    expect_answers(d, "and stay so in another order", 3, 0, -1);
    ask(d);
    expect_answers(d, "new ones are added", 4, 0, -1);
    char text[1400], *log = drive_read(d, "tiers.json");
    snprintf(text, sizeof text, "{\"tiers\":[{\"name\":\"third\",\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/v1\"}]},%s", d->port, log + 10);
    free(log);
    drive_write(d, "tiers.json", text);
    drive_case(d, drive_reload(d), "a tier in front is taken", "it is refused");
    expect_answers(d, "it begins at none", 4, 0, 0);
    reply r = http_post(d->serve, "/v1/chat/completions", "{\"model\":\"third\",\"messages\":[{\"role\":\"user\",\"content\":\"2+2?\"}]}", "");
    reply_free(&r);
    write_tiers(d, "flash", "pro", "");
    drive_case(d, drive_reload(d), "and goes again", "it is refused");
    expect_answers(d, "what it answered stays counted", 4, 0, 1);
    drive_case(d, drive_stop_serve(d) == 0, "it ends well", "another status");
}

int main(int argc, char **argv)
{
    drive d = {0};
    if (!drive_arguments(&d, argc, argv))
        return 2;
    if (!drive_start_mock(&d, ""))
        return drive_nothing_starts(&d);
    empty_options(&d);
    budget_of_a_key(&d);
    ledger_that_goes(&d);
    other_order(&d);
    drive_sanitizers(&d);
    drive_stop_mock(&d);
    return drive_done(&d);
}
