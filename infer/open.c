/* From policy options to an open router and a policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/nearest.h"
#include "infer/commands.h"
#include "infer/deflate.h"
#include "infer/router_state.h"

/* The pretrained model beside the program: ../share/tierce where it is installed, ../models where it
 * was built. False when neither is there. */
static bool find_pretrained(char *path, size_t room)
{
    static const char *const places[] = {"../share/tierce/flash-pro.tierce",
                                         "../models/flash-pro.tierce"};
    char self[3072];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return false;
    self[n] = 0;
    char *slash = strrchr(self, '/');
    if (!slash)
        return false;
    slash[1] = 0;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, room, "%s%s", self, places[i]);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

tierce_router *open_model(const char *command, const char *path)
{
    char pretrained[4096];
    tierce_error error;
    tierce_router *router;
    if (!path && !find_pretrained(pretrained, sizeof pretrained)) {
        fprintf(stderr, "%s: no model: give one with -m FILE (tierce train makes them)\n", command);
        return NULL;
    }
    path = path ? path : pretrained;
    if (tierce_router_open_file_by(&router, path, NULL, fast_inflater(), &error) != TIERCE_OK) {
        fprintf(stderr, "%s: %s: %s%s (%s, at byte %llu)\n", command, path, error.message,
                error.status == TIERCE_IO ? "; check the path" : "", tierce_status_name(error.status),
                (unsigned long long)error.position);
        return NULL;
    }
    return router;
}

static uint32_t need_tier(const char *command, const tierce_router *router, const char *name, size_t len)
{
    const char *names[TIERCE_MAX_TIERS];
    char wanted[200];
    snprintf(wanted, sizeof wanted, "%.*s", (int)(len < 190 ? len : 190), name);
    const uint32_t t = tierce_tier_find(router, wanted);
    if (t != UINT32_MAX)
        return t;
    const uint32_t n = tierce_tier_count(router);
    for (uint32_t i = 0; i < n; i++)
        names[i] = tierce_tier_name(router, i);
    const char *near = td_nearest(wanted, names, n);
    fprintf(stderr, "%s: the model has no tier \"%s\"", command, wanted);
    if (near)
        fprintf(stderr, "; did you mean \"%s\"?\n", near);
    for (uint32_t i = 0; !near && i < n; i++)
        fprintf(stderr, "%s\"%s\"%s", i ? ", " : "; it has ", names[i], i + 1 < n ? "" : "\n");
    return UINT32_MAX;
}

static bool read_allow(const char *command, const tierce_router *router, const char *list,
                       tierce_policy *policy)
{
    policy->allowed = 0;
    for (const char *at = list;; at++) {
        const size_t n = strcspn(at, ",");
        const uint32_t t = need_tier(command, router, at, n);
        if (t == UINT32_MAX)
            return false;
        policy->allowed |= (uint64_t)1 << t;
        at += n;
        if (!*at)
            return true;
    }
}

static bool read_point(const char *command, const tierce_router *router, const char *name,
                       tierce_policy *policy)
{
    if (tierce_point_policy(router, name, policy) == TIERCE_OK)
        return true;
    fprintf(stderr, "%s: the model has no operating point \"%s\"; it has", command, name);
    for (uint32_t i = 0; i < tierce_point_count(router); i++)
        fprintf(stderr, " \"%s\"", tierce_point_name(router, i));
    fprintf(stderr, "%s\n", tierce_point_count(router) ? "" : " none");
    return false;
}

static bool read_abstain(const char *command, const tierce_router *router, tierce_policy *policy)
{
    policy->min_familiarity = tierce_abstain_level(router);
    if (policy->min_familiarity >= 0)
        return true;
    fprintf(stderr, "%s: the model holds no learned level to --abstain at (it was made by an older "
                    "version): train it again, or give --min-familiarity P\n", command);
    return false;
}

static bool make_policy(const char *command, const tierce_router *router, const policy_options *o,
                        tierce_policy *policy)
{
    *policy = tierce_policy_default(router);
    if (o->point && !read_point(command, router, o->point, policy))
        return false;
    if (o->value >= 0)
        policy->value_usd = o->value;
    if (o->min_probability >= 0)
        policy->min_probability = o->min_probability;
    if (o->max_cost >= 0)
        policy->max_cost_usd = o->max_cost;
    if (o->min_familiarity >= 0)
        policy->min_familiarity = o->min_familiarity;
    else if (o->abstain && !read_abstain(command, router, policy))
        return false;
    if (o->allow && !read_allow(command, router, o->allow, policy))
        return false;
    if (!o->default_tier)
        return true;
    policy->default_tier = need_tier(command, router, o->default_tier, strlen(o->default_tier));
    if (policy->default_tier == UINT32_MAX)
        return false;
    if (policy->allowed >> policy->default_tier & 1)
        return true;
    fprintf(stderr, "%s: --default-tier %.100s is not among the tiers that are allowed; add it to --allow\n", command,
            o->default_tier);
    return false;
}

tierce_router *open_router(const char *command, const policy_options *o, tierce_policy *policy)
{
    tierce_router *router = open_model(command, o->model);
    if (router && !make_policy(command, router, o, policy)) {
        tierce_router_close(router);
        return NULL;
    }
    return router;
}
