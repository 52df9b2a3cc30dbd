/* Any bytes as tiers.json, as the dispatcher reads it: a configuration, or an error in one line. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "infer/dispatch/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];

static void sweep(void)
{
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    td_error error;
    if (!path[0]) {
        snprintf(path, sizeof path, "/dev/shm/tierce-fuzz-%ld.json", (long)getpid());
        setenv("A_KEY", "k", 1);
        atexit(sweep);
    }
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(data, 1, size, f) != size || fclose(f))
        return 0;
    memset(&error, 0, sizeof error);
    ds_config *config = ds_config_load(path, &error);
    if (!config && (!error.text[0] || strchr(error.text, '\n')))
        abort();
    if (config && (!config->tiers.n || config->tiers.n > TD_MAX_TIERS || config->n_budgets > DS_MAX_BUDGETS))
        abort();
    if (config)
        ds_config_drop(config);
    return 0;
}
