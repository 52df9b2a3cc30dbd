#include <stdio.h>
#include <string.h>

#include "data/import/import.h"
#include "data/nearest.h"

/* In the order of the documentation. Adding one: see data/import/import.h. */
const td_importer *const td_importers[] = {
    &td_import_lm_eval, &td_import_inspect, &td_import_promptfoo,
    &td_import_harbor, &td_import_terminal_bench, &td_import_swebench, &td_import_tau2, &td_import_atif,
    &td_import_helm, &td_import_openai_evals, &td_import_bfcl, &td_import_openai_batch, &td_import_litellm,
    &td_import_langfuse, &td_import_otel, &td_import_helicone,
    &td_import_tierce_log, &td_import_csv, &td_import_generic,
};
const size_t td_n_importers = sizeof td_importers / sizeof *td_importers;

const td_importer *td_importer_named(const char *name, td_error *error)
{
    const char *names[sizeof td_importers / sizeof *td_importers];
    for (size_t i = 0; i < td_n_importers; i++) {
        if (!strcmp(td_importers[i]->name, name))
            return td_importers[i];
        names[i] = td_importers[i]->name;
    }
    const char *near = NULL; /* "lm-evaluation-harness", "batch": one of them in the other, else a slip of the pen */
    for (size_t i = 0; i < td_n_importers && strlen(name) > 2 && !near; i++)
        near = strstr(name, names[i]) || strstr(names[i], name) ? names[i] : NULL;
    near = near ? near : td_nearest(name, names, td_n_importers);
    td_fail(error, "unknown format \"%.60s\"%s%s%s; tierce import --formats lists them", name,
            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return NULL;
}
