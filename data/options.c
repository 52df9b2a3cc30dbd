#include "data/options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/nearest.h"

static void print_help(const td_command *command)
{
    printf("usage: %s\n\n%s\n\n", command->usage, command->about);
    for (size_t i = 0; i < command->n_options; i++) {
        const td_option *o = &command->options[i];
        char left[64];
        const char *gap = !o->value ? "" : o->type == TD_MAYBE ? "[=" : " ";
        snprintf(left, sizeof left, "  %c%c %s--%s%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
                 o->letter ? "" : " ", o->name, gap, o->value ? o->value : "", o->type == TD_MAYBE ? "]" : "");
        printf("%-34s %s\n", left, o->help);
    }
    printf("%-34s %s\n", "      --help", "this text");
    if (command->after)
        printf("\n%s\n", command->after);
}

/* The program's own name for messages: the usage line up to its first '['. */
static int name_length(const td_command *command)
{
    const size_t n = strcspn(command->usage, "[<");
    return (int)(n && command->usage[n - 1] == ' ' ? n - 1 : n);
}

static void complain(const td_command *command, const char *what, const char *which)
{
    fprintf(stderr, "%.*s: %s%s; see --help\n", name_length(command), command->usage, what, which);
}

/* Has one of the option's words the look of one of the name's? */
static bool shares_word(const char *name, const char *option)
{
    char word[64], other[64];
    for (const char *a = name; *a; a += strcspn(a, "-_"), a += *a != 0) {
        snprintf(word, sizeof word, "%.*s", (int)strcspn(a, "-_"), a);
        for (const char *b = option; strlen(word) > 3 && *b; b += strcspn(b, "-"), b += *b != 0) {
            const char *list[] = {other};
            snprintf(other, sizeof other, "%.*s", (int)strcspn(b, "-"), b);
            if (strlen(other) > 3 && td_near_miss(word, list, 1))
                return true;
        }
    }
    return false;
}

/* Options that the name begins, else the nearest, else those that share a word: at most three. */
static size_t meant(const char *name, const char *const *names, size_t n, const char *near[3])
{
    size_t found = 0;
    for (size_t i = 0; i < n && strlen(name) > 1 && found < 3; i++)
        if (!strncmp(names[i], name, strlen(name)))
            near[found++] = names[i];
    if (found)
        return found;
    near[0] = td_nearest(name, names, n);
    if (near[0])
        return 1;
    for (size_t i = 0; i < n && found < 3; i++)
        if (shares_word(name, names[i]))
            near[found++] = names[i];
    return found;
}

static int unknown(const td_command *command, const char *word, const char *name)
{
    const char *names[65], *near[3];
    size_t n = 0;
    char text[300];
    for (; n < command->n_options && n < 64; n++)
        names[n] = command->options[n].name;
    names[n++] = "help";
    const size_t found = word[1] == '-' ? meant(name, names, n, near) : 0;
    int used = snprintf(text, sizeof text, found ? "unknown option --%.80s; did you mean" : "unknown option %.80s", found ? name : word);
    for (size_t i = 0; i < found; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%s--%s", !i ? " " : i + 1 < found ? ", " : " or ", near[i]);
    if (found)
        snprintf(text + used, sizeof text - (size_t)used, "?");
    complain(command, text, "");
    return -1;
}

static bool set_value(const td_command *command, const td_option *o, const char *value, void *into)
{
    char *field = (char *)into + o->offset, *end = NULL, text[200];
    if (o->type == TD_STRING) {
        memcpy(field, &value, sizeof value);
        return true;
    }
    errno = 0;
    const double v = strtod(value, &end);
    if (end == value || *end || errno == ERANGE || !(v >= o->low && v <= o->high) ||
        (o->type == TD_COUNT && v != floor(v))) {
        snprintf(text, sizeof text, "--%s %.60s: must be a %snumber within %.10g..%.10g", o->name, value,
                 o->type == TD_COUNT ? "whole " : "", o->low, o->high);
        complain(command, text, "");
        return false;
    }
    if (o->type == TD_COUNT) {
        const uint64_t count = (uint64_t)v;
        memcpy(field, &count, sizeof count);
    } else {
        memcpy(field, &v, sizeof v);
    }
    return true;
}

static const td_option *find(const td_command *command, const char *name, size_t len, char letter)
{
    for (size_t i = 0; i < command->n_options; i++) {
        const td_option *o = &command->options[i];
        if (letter ? o->letter == letter : strlen(o->name) == len && !memcmp(o->name, name, len))
            return o;
    }
    return NULL;
}

/* One option at argv[*at]; moves *at over its value. */
static int take(const td_command *command, int argc, char **argv, int *at, void *into)
{
    const char *word = argv[*at];
    const bool is_long = word[1] == '-';
    const char *name = word + 1 + is_long, *equals = is_long ? strchr(name, '=') : NULL;
    const size_t len = equals ? (size_t)(equals - name) : strlen(name);
    if (is_long && len == 4 && !memcmp(name, "help", 4)) {
        print_help(command);
        return -2;
    }
    if (!is_long && !strcmp(word, "-h")) {
        print_help(command);
        return -2;
    }
    const td_option *o = find(command, name, len, is_long ? 0 : word[1]);
    const char *attached = is_long ? NULL : word[2] ? word + 2 : NULL; /* -j4 */
    if (!o || (attached && o->type == TD_FLAG))
        return unknown(command, word, name);
    if (o->type == TD_FLAG) {
        const bool yes = true;
        if (equals) {
            complain(command, "takes no value: ", word);
            return -1;
        }
        memcpy((char *)into + o->offset, &yes, sizeof yes);
        return 0;
    }
    if (o->type == TD_MAYBE && !equals) {
        const double none = (double)NAN;
        memcpy((char *)into + o->offset, &none, sizeof none);
        return 0;
    }
    const char *value = equals ? equals + 1 : attached ? attached : *at + 1 < argc ? argv[++*at] : NULL;
    if (!value) {
        complain(command, "needs a value: ", word);
        return -1;
    }
    return set_value(command, o, value, into) ? 0 : -1;
}

int td_parse_options(const td_command *command, int argc, char **argv, void *into)
{
    int operands = 0;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' || !argv[i][1]) {
            argv[++operands] = argv[i];
            continue;
        }
        if (!strcmp(argv[i], "--")) {
            while (++i < argc)
                argv[++operands] = argv[i];
            break;
        }
        const int status = take(command, argc, argv, &i, into);
        if (status)
            return status;
    }
    return operands;
}

bool td_no_empty_text(const td_command *command, const void *options)
{
    for (size_t i = 0; i < command->n_options; i++) {
        const td_option *o = &command->options[i];
        const char *value = NULL;
        if (o->type == TD_STRING)
            memcpy(&value, (const char *)options + o->offset, sizeof value);
        if (value && !*value) {
            fprintf(stderr, "%.*s: --%s is empty; give it a value or leave it out\n", name_length(command), command->usage, o->name);
            return false;
        }
    }
    return true;
}

int td_end_program(const char *command, int status)
{
    errno = 0;
    /* a write that failed earlier leaves only the mark: the buffer may be empty and flush without complaint */
    const char *why = fflush(stdout) ? strerror(errno) : ferror(stdout) ? "a write failed" : NULL;
    if (!why)
        return status;
    fprintf(stderr, "tierce%s%.60s: cannot write the output: %s\n", *command ? " " : "", command, why);
    return 1;
}
