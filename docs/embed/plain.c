/* A plain C program that routes: prompts on standard input, one a line; tiers on standard output.
 *   cc plain.c $(pkg-config --cflags --libs tierce)          with the installed library
 *   cc -DTIERCE_SINGLE plain.c tierce.c -lz -lm              with the two files of `make single` */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef TIERCE_SINGLE
#include "tierce.h"
#else
#include <infer/router.h>
#endif

int main(int argc, char **argv)
{
    char line[8192];
    tierce_error error;
    tierce_router *router;
    if (argc != 2 || tierce_router_open_file(&router, argv[1], NULL, &error) != TIERCE_OK) {
        fprintf(stderr, "%s: %s\n", argv[0], argc == 2 ? error.message : "usage: plain MODEL < PROMPTS");
        return 1;
    }
    void *memory = malloc(tierce_scratch_size(router));
    tierce_scratch *scratch = tierce_scratch_init(router, memory, &error);
    tierce_policy policy = tierce_policy_default(router);
    policy.value_usd = 0.05; /* a good answer is worth five cents */
    while (scratch && fgets(line, sizeof line, stdin)) {
        tierce_part part;
        tierce_decision decision;
        const tierce_request request = tierce_request_of_prompt(&part, line, strcspn(line, "\n"));
        if (tierce_decide(router, scratch, &request, &policy, &decision, &error) != TIERCE_OK)
            return fprintf(stderr, "%s\n", error.message), 1;
        printf("%s\n", tierce_tier_name(router, decision.order[0]));
    }
    free(memory);
    tierce_router_close(router);
    return 0;
}
