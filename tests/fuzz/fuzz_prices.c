/* Any bytes as a tiers.json: refused with a reason by each reader, or read; where both read it, they
 * price alike. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/price_list.h"
#include "data/tiers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const td_tiers *tiers, const td_price_list *list)
{
    static const td_usage usages[] = {{1000, 20, 30, 40, 500, 50}, {3e9, 1, 2, 3, 4, 1}};
    if (tiers->n != list->n)
        abort();
    for (uint32_t t = 0; t < tiers->n; t++)
        for (size_t u = 0; u < 2; u++)
            for (int batch = 0; batch < 2; batch++) {
                const double a = td_cost(&tiers->tier[t].prices, &usages[u], batch);
                const double b = td_cost(&list->tier[t].prices, &usages[u], batch);
                if (isnan(a) != isnan(b) || (!isnan(a) && (fabs(a - b) > 1e-12 * fabs(a) || a < 0)))
                    abort();
            }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    td_error error;
    td_tiers tiers;
    td_price_list list;
    error.text[0] = 0;
    const bool by_stream = td_price_list_read(&list, (const char *)data, size, "fuzz", &error);
    if (!by_stream && !error.text[0])
        abort();
    error.text[0] = 0;
    const bool by_tree = td_tiers_parse(&tiers, (const char *)data, size, "fuzz", &error);
    if (!by_tree && !error.text[0])
        abort();
    if (by_stream && by_tree)
        compare(&tiers, &list);
    if (by_stream)
        td_price_list_free(&list);
    if (by_tree)
        td_tiers_free(&tiers);
    return 0;
}
