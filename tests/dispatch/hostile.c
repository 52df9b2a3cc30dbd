/* Clients that mean no good, or are merely slow, and operators who err: hang-ups, slow readers,
 * slowloris, smuggling, 100 MB, header injection, bad reloads, drain.
 *
 *     hostile DISPATCH MOCK MODEL SCRATCH */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/dispatch/drive.h"

#define ASK "\"messages\":[{\"role\":\"user\",\"content\":\"What is 2+2?\"}]"

static void write_tiers(drive *d, const char *flash, const char *top)
{
    char text[2400];
    snprintf(text, sizeof text,
             "{\"tiers\":[{\"name\":\"flash\",\"prices\":{\"input\":1.5,\"output\":9},\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/v1\","
             "\"model\":\"mock:%s\",\"key_env\":\"MOCK_KEY\"}]},"
             "{\"name\":\"pro\",\"prices\":{\"input\":2,\"output\":12},\"endpoints\":[{\"base_url\":\"http://127.0.0.1:%u/v1\","
             "\"model\":\"mock:ok\",\"key_env\":\"MOCK_KEY\"}]}]%s}",
             d->port, flash, d->port, top);
    drive_write(d, "tiers.json", text);
}

static void play(drive *d, const char *flash)
{
    write_tiers(d, flash, "");
    drive_case(d, drive_reload(d), "reload", flash);
}

/* Sends raw bytes and says which status came back (0: none). */
static int raw(drive *d, const char *bytes, size_t len)
{
    const int fd = http_connect(d->serve);
    http_send(fd, bytes, len);
    reply r = http_receive(fd, 5);
    const int status = r.status;
    reply_free(&r);
    close(fd);
    return status;
}

static unsigned refused; /* with a 4xx, by smuggling() */

static void expect_raw(drive *d, const char *name, const char *bytes, int want)
{
    char text[60];
    const int got = raw(d, bytes, strlen(bytes));
    snprintf(text, sizeof text, "status %d, wanted %d", got, want);
    refused += want / 100 == 4;
    drive_case(d, got == want, name, text);
}

static void smuggling(drive *d)
{
    const double before = drive_metric(d, "tierce_client_errors_total");
    char text[80];
#define P "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
    expect_raw(d, "Content-Length beside Transfer-Encoding", P "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400);
    expect_raw(d, "two Content-Lengths", P "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400);
    expect_raw(d, "obscure Transfer-Encoding", P "Transfer-Encoding: xchunked\r\n\r\n", 501);
    expect_raw(d, "folded header", P "A: b\r\n c\r\n\r\n", 400);
    expect_raw(d, "bare LF", "POST / HTTP/1.1\nHost: x\n\n", 400);
    expect_raw(d, "malformed chunks", P "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400);
    expect_raw(d, "a chunk's size alone, larger than any body", P "Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\n", 408);
    expect_raw(d, "no such path", "GET /etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", 404);
    expect_raw(d, "wrong method", "GET /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\r\n", 405);
    expect_raw(d, "100 MB announced", P "Content-Length: 104857600\r\n\r\n", 413);
    expect_raw(d, "TLS on a plain port", "\x16\x03\x01\x02\x01\n", 400);
    expect_raw(d, "no JSON", P "Content-Length: 3\r\n\r\nabc", 400);
    expect_raw(d, "empty body", P "Content-Length: 0\r\n\r\n", 400);
    expect_raw(d, "two models", P "Content-Length: 29\r\n\r\n{\"model\":\"a\",\"model\":\"flash\"}", 400);
    expect_raw(d, "ten to the eighteenth tokens", P "Content-Length: 88\r\n\r\n"
               "{\"max_tokens\":1e9,\"n\":1000000000,\"messages\":[{\"role\":\"user\",\"content\":\"What is 2+2?\"}]} ", 400);
    expect_raw(d, "health", "GET /healthz HTTP/1.0\r\n\r\n", 200);
    snprintf(text, sizeof text, "%g more, %u refused", drive_metric(d, "tierce_client_errors_total") - before, refused);
    drive_case(d, drive_metric(d, "tierce_client_errors_total") == before + refused, "each is counted as a client's error", text);
    drive_case(d, drive_metric(d, "tierce_ledger_faults_total") == 0, "and none as the ledger's fault", "it is");
}

/* What a HEAD is answered with has no body, only its length. */
static void heads(drive *d)
{
    static const char *const paths[] = {"/v1/models", "/nowhere"};
    for (size_t i = 0; i < 2; i++) {
        char text[200], got[2000];
        size_t n = 0;
        ssize_t more;
        const int fd = http_connect(d->serve);
        snprintf(text, sizeof text, "HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n", paths[i]);
        http_send(fd, text, strlen(text));
        while (n < sizeof got - 1 && (more = recv(fd, got + n, sizeof got - 1 - n, 0)) > 0)
            n += (size_t)more;
        got[n] = 0;
        close(fd);
        drive_case(d, n > 4 && !strncmp(got, "HTTP/1.1 40", 11) && !strcmp(got + n - 4, "\r\n\r\n"), "a HEAD has no body in its answer", got);
    }
}

/* The client really sends them; chunked, so that nothing was announced. */
static void hundred_megabytes(drive *d)
{
    static char chunk[65536 + 16];
    const int fd = http_connect(d->serve);
    const char *head = P "Transfer-Encoding: chunked\r\n\r\n";
    const int n = snprintf(chunk, sizeof chunk, "10000\r\n");
    memset(chunk + n, ' ', 65536);
    memcpy(chunk + n + 65536, "\r\n", 2);
    bool open = http_send(fd, head, strlen(head));
    size_t sent = 0;
    for (; open && sent < (size_t)100 << 20; sent += 65536)
        open = http_send(fd, chunk, (size_t)n + 65538);
    reply r = http_receive(fd, 5);
    char text[100];
    snprintf(text, sizeof text, "status %d after %zu bytes", r.status, sent);
    drive_case(d, (r.status == 413 || r.status == 0) && sent < (size_t)64 << 20, "100 MB in chunks are refused", text);
    reply_free(&r);
    close(fd);
}

static void header_injection(drive *d)
{
    reply r = http_post(d->serve, "/v1/chat/completions", "{\"model\":\"a\\r\\nX-Evil: 1\"," ASK "}", "");
    drive_case(d, r.status == 400 && !strstr(r.head, "X-Evil"), "line break in the model name", r.body);
    reply_free(&r);
    r = http_post(d->serve, "/v1/chat/completions", "{\"model\":\"nobody\\\"},{\\\"x\"," ASK "}", "");
    drive_case(d, r.status == 404 && strstr(r.body, "nobody\\\"},{\\\"x"), "quotes in the model name", r.body);
    reply_free(&r);
    r = http_post(d->serve, "/v1/chat/completions", "{\"model\":\"tierce\"," ASK "}",
                  "x-request-id: abc\xc3\xa9\r\nx-tierce-tag: t\xff\r\n");
    drive_case(d, r.status == 200 && !strcmp(http_value(&r, "x-tierce-id"), "abc__"), "bytes above ASCII in a header", r.head);
    reply_free(&r);
}

static void late_clients(drive *d)
{
    char text[60];
    double from = drive_now();
    int fd = http_connect(d->serve);
    http_send(fd, "POST /v1/cha", 12);
    for (int i = 0; i < 8; i++) { /* a byte now and then does not help */
        drive_sleep(0.1);
        if (!http_send(fd, "t", 1))
            break;
    }
    reply r = http_receive(fd, 5);
    snprintf(text, sizeof text, "status %d after %.2f s", r.status, drive_now() - from);
    drive_case(d, r.status == 408 && drive_now() - from < 2, "a head that trickles in", text);
    reply_free(&r);
    close(fd);
    from = drive_now();
    fd = http_connect(d->serve);
    const char *head = P "Content-Length: 1000\r\n\r\n{";
    http_send(fd, head, strlen(head));
    for (int i = 0; i < 10; i++) {
        drive_sleep(0.1);
        if (!http_send(fd, " ", 1))
            break;
    }
    r = http_receive(fd, 5);
    snprintf(text, sizeof text, "status %d after %.2f s", r.status, drive_now() - from);
    drive_case(d, r.status == 408 && drive_now() - from < 2.5, "a body that trickles in", text);
    reply_free(&r);
    close(fd);
    from = drive_now();
    fd = http_connect(d->serve);
    r = http_receive(fd, 5);
    snprintf(text, sizeof text, "status %d after %.2f s", r.status, drive_now() - from);
    drive_case(d, r.status == 0 && drive_now() - from < 3, "an idle connection is closed", text);
    reply_free(&r);
    close(fd);
}

static double spent(const drive *d)
{
    return drive_metric(d, "tierce_tier_cost_usd_total{tier=\"flash\"}");
}

/* Sends a request and leaves after `stay` seconds; says how long the upstream went on. Where nothing was seen of the
 * answer, all that the tier may write (4,096 tokens where nobody says) is taken for billed. */
static void hang_up(drive *d, const char *name, const char *flash, bool stream, double stay)
{
    char head[600], body[300], text[120];
    play(d, flash);
    const double paid = spent(d), before = drive_mock_number(d, "abandoned"), hung = drive_metric(d, "tierce_client_hung_up_total");
    const int fd = http_connect(d->serve);
    snprintf(body, sizeof body, "{\"model\":\"tierce\",%s" ASK "}", stream ? "\"stream\":true," : "");
    http_send(fd, head, (size_t)http_chat(head, sizeof head, body));
    drive_sleep(stay);
    close(fd);
    const double from = drive_now();
    while (drive_now() - from < 3 && !(drive_mock_number(d, "abandoned") > before))
        drive_sleep(0.02);
    const double after = drive_now() - from;
    snprintf(text, sizeof text, "upstream went on for %.2f s, %g hung up", after, drive_metric(d, "tierce_client_hung_up_total") - hung);
    drive_case(d, after < 1 && drive_metric(d, "tierce_client_hung_up_total") == hung + 1, name, text);
    snprintf(text, sizeof text, "$%.6f booked", spent(d) - paid);
    drive_case(d, stay > 0.3 ? spent(d) > paid : spent(d) - paid >= 4096 * 9e-6, "what it may have cost is booked", text);
}

/* A stream of 60 MB to a client that reads nothing for a while: memory stays, then all arrives. */
static void slow_reader(drive *d)
{
    char head[300], text[160];
    const char *body = "{\"model\":\"tierce\",\"stream\":true," ASK "}";
    play(d, "big,mb=30");
    const long before = drive_resident_kb(d->serve_pid);
    const int fd = http_connect(d->serve);
    http_send(fd, head, (size_t)http_chat(head, sizeof head, body));
    drive_sleep(1.5);
    const long while_waiting = drive_resident_kb(d->serve_pid) - before;
    reply r = http_receive(fd, 25);
    snprintf(text, sizeof text, "%ld KB more while it waited, then %zu bytes, status %d%s", while_waiting, r.len, r.status,
             r.cut ? ", cut" : "");
    drive_case(d, while_waiting < 12000 && r.len > (size_t)25 << 20 && !r.cut, "a slow reader is paused, not buffered", text);
    reply_free(&r);
    close(fd);
}

/* A client that never reads: its upstream is let go after --stall-timeout. */
static void never_reads(drive *d)
{
    char head[300], text[100];
    const char *body = "{\"model\":\"tierce\",\"stream\":true," ASK "}";
    const double hung = drive_metric(d, "tierce_client_hung_up_total");
    const int fd = http_connect(d->serve);
    http_send(fd, head, (size_t)http_chat(head, sizeof head, body));
    const double from = drive_now();
    while (drive_now() - from < 8 && !(drive_metric(d, "tierce_client_hung_up_total") > hung))
        drive_sleep(0.1);
    snprintf(text, sizeof text, "%.1f s", drive_now() - from);
    drive_case(d, drive_now() - from > 2.5 && drive_now() - from < 7, "a client that never reads is let go", text);
    close(fd);
}

/* Requests that are held back half-sent: together they may take no more than --max-held. */
static void many_bodies(drive *d)
{
    char head[100], filler[200000];
    int fd[12], refused = 0;
    memset(filler, ' ', sizeof filler);
    snprintf(head, sizeof head, P "Content-Length: 900000\r\n\r\n");
    for (int i = 0; i < 12; i++) {
        fd[i] = http_connect(d->serve);
        http_send(fd[i], head, strlen(head));
        http_send(fd[i], filler, sizeof filler);
    }
    for (int i = 0; i < 12; i++) {
        reply r = http_receive(fd[i], 2);
        refused += r.status == 503;
        reply_free(&r);
        close(fd[i]);
    }
    snprintf(head, sizeof head, "%d of 12 refused", refused);
    drive_case(d, refused > 2 && refused < 12, "half-sent requests are bounded together", head);
    drive_case(d, raw(d, "GET /healthz HTTP/1.0\r\n\r\n", 25) == 200, "and others are served", "they are not");
}

static void pipelined(drive *d)
{
    char two[800];
    const char *body = "{\"model\":\"tierce\"," ASK "}";
    play(d, "ok,in=10,out=2");
    const int fd = http_connect(d->serve);
    snprintf(two, sizeof two, P "Content-Length: %zu\r\n\r\n%s" P "Content-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(body),
             body, strlen(body), body);
    http_send(fd, two, strlen(two));
    reply r = http_receive(fd, 10);
    drive_case(d, r.status == 200, "the first of two pipelined requests", r.body);
    reply_free(&r);
    /* the second one's answer may have come with the first: only its end can be waited for */
    char rest[4096];
    size_t n = 0;
    ssize_t got;
    while (n < sizeof rest - 1 && (got = recv(fd, rest + n, sizeof rest - 1 - n, 0)) > 0)
        n += (size_t)got;
    close(fd);
    const double from = drive_now();
    while (drive_now() - from < 2 && drive_metric(d, "tierce_in_flight") > 0)
        drive_sleep(0.02);
    drive_case(d, drive_metric(d, "tierce_in_flight") == 0, "both pipelined requests end", "one is still under way");
}

static void bad_reloads(drive *d)
{
    static const char *const bad[] = {"{", "{\"tiers\":[]}", "{\"tiers\":[{\"name\":\"flash\",\"endpoints\":[{\"base_url\":\"ftp://x\"}]}]}",
                                      "{\"tiers\":[{\"name\":\"flash\",\"endpoint\":[]}]}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        drive_write(d, "tiers.json", bad[i]);
        drive_case(d, !drive_reload(d), "a bad tiers.json is refused", bad[i]);
        reply r = http_post(d->serve, "/v1/chat/completions", "{\"model\":\"tierce\"," ASK "}", "");
        drive_case(d, r.status == 200, "the old tiers go on", r.body);
        reply_free(&r);
    }
    char *log = drive_read(d, "serve.log");
    drive_case(d, strstr(log, "did you mean \"endpoints\"?") != NULL, "the nearest key is named", log);
    free(log);
}

static bool copy_file(const char *from, const char *to, long most)
{
    FILE *a = fopen(from, "rb"), *b = fopen(to, "wb");
    int c;
    while (a && b && most-- && (c = fgetc(a)) != EOF)
        fputc(c, b);
    if (a)
        fclose(a);
    return b && !fclose(b);
}

/* The model file is cut while the server runs; then the whole one comes back. */
static void bad_model(drive *d, const char *good)
{
    copy_file(good, d->model, 5000);
    drive_case(d, !drive_reload(d), "a cut model is refused", "it was taken");
    reply r = http_post(d->serve, "/v1/chat/completions", "{\"model\":\"tierce\"," ASK "}", "");
    drive_case(d, r.status == 200, "the old model goes on", r.body);
    reply_free(&r);
    copy_file(good, d->model, -1);
    drive_case(d, drive_reload(d), "the good one is taken", "it was refused");
}

/* SIGTERM: the stream under way ends well, new connections are refused, the status is 0. */
static void drain(drive *d)
{
    char head[300];
    const char *body = "{\"model\":\"tierce\",\"stream\":true," ASK "}";
    play(d, "ok,in=10,out=20,gap=40");
    const int idle = http_connect(d->serve), fd = http_connect(d->serve);
    http_send(fd, head, (size_t)http_chat(head, sizeof head, body));
    drive_sleep(0.2);
    kill(d->serve_pid, SIGTERM);
    drive_sleep(0.1);
    const int late = http_connect(d->serve);
    reply refused = http_receive(late, 0.5);
    drive_case(d, refused.status == 0, "no new request while draining", "answered");
    reply_free(&refused);
    reply r = http_receive(fd, 10);
    drive_case(d, r.status == 200 && !r.cut && strstr(r.body, "[DONE]"), "a stream under way ends well", r.body);
    reply_free(&r);
    close(fd);
    close(idle);
    if (late >= 0)
        close(late);
    const int status = drive_stop_serve(d);
    drive_case(d, status == 0, "drained with status 0", "another status");
}

int main(int argc, char **argv)
{
    drive d = {0};
    char model[600];
    if (!drive_arguments(&d, argc, argv))
        return 2;
    signal(SIGPIPE, SIG_IGN);
    snprintf(model, sizeof model, "%s/m.tierce", d.scratch);
    d.model = copy_file(argv[3], model, -1) ? model : argv[3];
    bool good = drive_start_mock(&d, "");
    write_tiers(&d, "ok", "");
    good = good && drive_start_serve(&d, "--head-timeout 0.5 --body-timeout 0.8 --idle-timeout 1.5 --max-body 1000000 --max-held 2000000 --stall-timeout 3 --seed 3");
    if (!good)
        return drive_nothing_starts(&d);
    smuggling(&d);
    heads(&d);
    hundred_megabytes(&d);
    header_injection(&d);
    late_clients(&d);
    pipelined(&d);
    hang_up(&d, "hang up before the first byte", "ok,first=5000", false, 0.2);
    hang_up(&d, "hang up before a stream's first byte", "ok,first=5000", true, 0.2);
    hang_up(&d, "hang up in the middle of a stream", "ok,out=200,gap=50", true, 0.4);
    slow_reader(&d);
    never_reads(&d);
    many_bodies(&d);
    play(&d, "ok");
    bad_model(&d, argv[3]);
    bad_reloads(&d);
    drain(&d);
    char *log = drive_read(&d, "serve.log");
    drive_sanitizers(&d);
    drive_case(&d, !strstr(log, "0123456789abcdef"), "no key in the messages", "it is there");
    free(log);
    drive_stop_mock(&d);
    return drive_done(&d);
}
