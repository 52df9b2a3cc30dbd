/* The benchmark's inner loops: decisions in process, and a loop that only parses lines with cJSON.
 *   bench decide MODEL         microseconds a decision by length
 *   bench cjson FILE           parses every line with cJSON, nothing else
 *   bench count FILE           lines and bytes
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "data/lines.h"
#include "infer/router.h"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* English-looking text of our own making, different at every seed. */
static void compose(char *to, size_t len, unsigned seed)
{
    static const char *const words[] = {"the", "router", "of", "a", "request", "learns", "from", "tests",
                                        "which", "model", "answers", "well", "if", "cost", "and", "time",
                                        "matter", "function", "return", "value", "prove", "that", "sum"};
    size_t n = 0;
    while (n < len) {
        seed = seed * 1664525u + 1013904223u;
        const char *w = words[(seed >> 16) % (sizeof words / sizeof *words)];
        char word[40];
        const int k = (seed >> 8) % 3 ? snprintf(word, sizeof word, "%s ", w)
                                      : snprintf(word, sizeof word, "%s%u, ", w, (seed >> 20) % 997);
        for (int i = 0; i < k && n < len; i++)
            to[n++] = word[i];
    }
}

static int decide(const char *path)
{
    static const size_t lengths[] = {500, 2000, 10000, 50000, 200000, 1000000};
    tierce_error error;
    tierce_router *router;
    if (tierce_router_open_file(&router, path, NULL, &error) != TIERCE_OK) {
        fprintf(stderr, "%s: %s\n", path, error.message);
        return 1;
    }
    tierce_scratch *scratch = tierce_scratch_init(router, malloc(tierce_scratch_size(router)), NULL);
    const tierce_policy policy = tierce_policy_default(router);
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        enum { TEXTS = 16 };
        const int rounds = lengths[l] > 100000 ? 41 : 2001;
        char *text[TEXTS];
        double *us = malloc(sizeof *us * (size_t)rounds);
        for (int i = 0; i < TEXTS; i++)
            compose(text[i] = malloc(lengths[l]), lengths[l], (unsigned)i * 77 + 1);
        for (int r = 0; r < rounds; r++) {
            tierce_part part;
            tierce_decision d;
            const tierce_request request = tierce_request_of_prompt(&part, text[r % TEXTS], lengths[l]);
            const double start = now();
            tierce_decide(router, scratch, &request, &policy, &d, NULL);
            us[r] = now() - start;
        }
        qsort(us, (size_t)rounds, sizeof *us, by_value);
        printf("%8zu bytes  median %9.2f us  %6.3f ns a byte\n", lengths[l], us[rounds / 2],
               1000 * us[rounds / 2] / (double)lengths[l]);
        for (int i = 0; i < TEXTS; i++)
            free(text[i]);
        free(us);
    }
    tierce_router_close(router);
    return 0;
}

static int parse(const char *path, int with_cjson)
{
    td_error error;
    td_lines *lines = td_lines_open(path, 0, &error);
    char *line;
    size_t len, bytes = 0, n = 0;
    while (lines && td_lines_next(lines, &line, &len, &error) == TD_LINE) {
        if (with_cjson) {
            cJSON *json = cJSON_ParseWithLength(line, len);
            n += json != NULL;
            cJSON_Delete(json);
        } else {
            n++;
        }
        bytes += len;
    }
    td_lines_close(lines);
    printf("%zu lines, %zu bytes\n", n, bytes);
    return n ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "decide"))
        return decide(argv[2]);
    if (argc == 3)
        return parse(argv[2], !strcmp(argv[1], "cjson"));
    return 2;
}
