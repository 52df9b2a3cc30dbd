#include "infer/forecast.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "infer/router_state.h"
#include "models/maths.h"

static forecast_basis basis_of(const forecast *f, const tm_model *m, uint32_t t)
{
    const bool priced = f->prices[t].known;
    const bool tokens = m->row_of[TM_ROW_TOKENS][t] != UINT32_MAX;
    if (priced && tokens)
        return BASIS_TOKENS;
    if (m->row_of[TM_ROW_COST][t] != UINT32_MAX || m->tiers[t].mean_cost >= 0 ||
        (tokens && m->tiers[t].prices.known))
        return BASIS_COSTS;
    return priced && f->assumed_output > 0 ? BASIS_ASSUMED : BASIS_NONE;
}

bool forecast_start(forecast *f, const tierce_router *router, const td_price_list *prices,
                    const char *prices_path, double assumed_output, td_error *error)
{
    const tm_model *m = &router->model;
    memset(f, 0, sizeof *f);
    f->router = router;
    f->assumed_output = assumed_output;
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        const td_priced *p = prices ? td_price_list_find(prices, m->tiers[t].name) : NULL;
        if (prices && !p)
            return td_fail(error, "%.200s: has no tier \"%.80s\", which the model has; add it", prices_path,
                           m->tiers[t].name);
        if (p)
            f->prices[t] = p->prices;
        f->basis[t] = basis_of(f, m, t);
    }
    return true;
}

static double bytes_of(const tierce_request *request)
{
    double bytes = 0;
    for (size_t i = 0; i < request->n_parts; i++)
        bytes += (double)request->parts[i].text.len;
    for (size_t i = 0; i < request->n_tools; i++)
        bytes += (double)request->tools[i].name.len + (double)request->tools[i].description.len +
                 (double)request->tools[i].parameters.len;
    return bytes;
}

double forecast_tokens(const tierce_request *request)
{
    return bytes_of(request) / 4;
}

/* Tokens as the model learned them from the records: a line in the bytes, and the smeared logarithm
 * of the output (models/estimate.c prices the same numbers at the model's own rates). */
static td_usage learned_usage(const tm_model *m, const tierce_scratch *scratch, uint32_t t, double bytes)
{
    const tm_cost *c = &m->cost[t];
    const double out = tm_exp(scratch->margin[m->row_of[TM_ROW_TOKENS][t]]) * c->smear;
    return (td_usage){.input = c->input_base + c->input_per_byte * bytes,
                      .output = out < c->low ? c->low : out > c->high ? c->high : out};
}

void forecast_costs(const forecast *f, const tierce_scratch *scratch, const tierce_request *request,
                    const tierce_decision *d, double *cost)
{
    const tm_model *m = &f->router->model;
    const double bytes = bytes_of(request);
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        td_usage usage = {.input = forecast_tokens(request), .output = f->assumed_output};
        switch (f->basis[t]) {
        case BASIS_TOKENS:
            usage = learned_usage(m, scratch, t, bytes);
            cost[t] = td_cost(&f->prices[t], &usage, true);
            break;
        case BASIS_ASSUMED:
            cost[t] = td_cost(&f->prices[t], &usage, true);
            break;
        case BASIS_COSTS:
            cost[t] = d->estimate[t].cost_known ? d->estimate[t].cost_usd : (double)NAN;
            break;
        default:
            cost[t] = (double)NAN;
        }
    }
}

void forecast_add(forecast *f, uint32_t tier, const double *cost, const double *probability, uint64_t cannot)
{
    f->n++;
    f->chosen[tier]++;
    f->success_routed += probability[tier];
    if (isnan(cost[tier]))
        f->routed_unknown++;
    else
        f->routed += cost[tier];
    for (uint32_t t = 0; t < f->router->model.n_tiers; t++) {
        if (cannot >> t & 1) {
            f->cannot[t]++;
            continue;
        }
        f->success_fixed[t] += probability[t];
        if (!isnan(cost[t]))
            f->fixed[t] += cost[t];
    }
}

/* ---- telling ---- */

static const char *const basis_names[] = {"learned_tokens", "learned_costs", "assumed_tokens", "not_known"};

static void basis_text(const forecast *f, uint32_t t, char *text, size_t room)
{
    const td_prices *p = &f->prices[t];
    const char *rates = p->has_batch ? "batch rates" : "usual rates (it has no batch rates)";
    switch (f->basis[t]) {
    case BASIS_TOKENS:
        snprintf(text, room, "tokens learned from records, at the tiers.json's %s", rates);
        break;
    case BASIS_COSTS:
        snprintf(text, room, "costs learned from records, at the prices of their day and not as a batch");
        break;
    case BASIS_ASSUMED:
        snprintf(text, room, "ASSUMED: input at 4 bytes a token, %g output tokens a request; at the tiers.json's %s",
                 f->assumed_output, rates);
        break;
    default:
        snprintf(text, room, "not known: the model learned no costs%s",
                 p->known ? "; --assume-output N would price an assumption"
                          : "; --tiers tiers.json with --assume-output N would price an assumption");
    }
}

static void put_line(td_out *out, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;

static void put_line(td_out *out, const char *format, ...)
{
    char text[600];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    td_puts(out, text);
}

static bool all_known(const forecast *f)
{
    return f->n && !f->routed_unknown;
}

void forecast_text(const forecast *f, td_out *out)
{
    const tm_model *m = &f->router->model;
    const double n = f->n ? (double)f->n : 1;
    char text[300];
    put_line(out, "forecast, estimated by the model and not measured:\n");
    if (all_known(f))
        put_line(out, "  %-24s $%.6f", "as routed", f->routed);
    else
        put_line(out, "  %-24s not known", "as routed");
    put_line(out, ", %.1f %% expected to succeed\n", 100 * f->success_routed / n);
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        const double taken = (double)(f->n - f->cannot[t]);
        snprintf(text, sizeof text, "all to %.60s", m->tiers[t].name);
        if (f->basis[t] == BASIS_NONE)
            put_line(out, "  %-24s not known", text);
        else
            put_line(out, "  %-24s $%.6f", text, f->fixed[t]);
        put_line(out, ", %.1f %% expected to succeed", 100 * f->success_fixed[t] / (taken > 0 ? taken : 1));
        if (f->cannot[t])
            put_line(out, "; %llu requests it cannot take are left out", (unsigned long long)f->cannot[t]);
        else if (all_known(f) && f->basis[t] != BASIS_NONE && f->fixed[t] > 0)
            put_line(out, "; routing %s %.1f %%", f->routed <= f->fixed[t] ? "saves" : "costs more by",
                     100 * fabs(1 - f->routed / f->fixed[t]));
        put_line(out, "\n");
    }
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        basis_text(f, t, text, sizeof text);
        put_line(out, "  %s: %s\n", m->tiers[t].name, text);
    }
}

static void put_cost(td_out *out, const char *key, double v, bool known)
{
    if (known)
        put_line(out, "\"%s\": %.9g", key, v);
    else
        put_line(out, "\"%s\": null", key);
}

void forecast_json(const forecast *f, td_out *out)
{
    const tm_model *m = &f->router->model;
    const double n = f->n ? (double)f->n : 1;
    char text[300];
    put_line(out, "{\"requests\": %llu,\n \"routed\": {", (unsigned long long)f->n);
    put_cost(out, "cost_usd", f->routed, all_known(f));
    put_line(out, ", \"expected_success\": %.6g, \"requests\": {", f->success_routed / n);
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        td_puts(out, t ? ", " : "");
        td_put_json(out, m->tiers[t].name, strlen(m->tiers[t].name));
        put_line(out, ": %llu", (unsigned long long)f->chosen[t]);
    }
    td_puts(out, "}},\n \"fixed\": {");
    for (uint32_t t = 0; t < m->n_tiers; t++) {
        const double taken = (double)(f->n - f->cannot[t]);
        td_puts(out, t ? ",\n  " : "\n  ");
        td_put_json(out, m->tiers[t].name, strlen(m->tiers[t].name));
        td_puts(out, ": {");
        put_cost(out, "cost_usd", f->fixed[t], f->basis[t] != BASIS_NONE);
        put_line(out, ", \"expected_success\": %.6g, \"cannot_take\": %llu, \"basis\": \"%s\", \"basis_text\": ",
                 f->success_fixed[t] / (taken > 0 ? taken : 1), (unsigned long long)f->cannot[t],
                 basis_names[f->basis[t]]);
        basis_text(f, t, text, sizeof text);
        td_put_json(out, text, strlen(text));
        td_puts(out, "}");
    }
    td_puts(out, "}}\n");
}
