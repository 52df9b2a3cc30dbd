/* The pen of the simulated sample: a small text grammar that writes straight into JSON.
 *
 * A template is text in which
 *   $name or ${name}  is replaced by one of the alternatives of that rule, itself a template;
 *   ${name*}          takes the rule "name-hard" with probability level/8, else "name-easy";
 *   $Name             begins with a capital letter;
 *   $n $nn $nnn ...   is a number of so many digits, without a leading zero;
 *   @0 .. @7          is what sim_bind put there, so that one thing keeps its name in a request;
 *   $$                is a dollar sign.
 * All choices come from the pen's own generator (splitmix64, integers only): one seed, one text, on
 * every machine. Write errors stay in the FILE for ferror. */
#ifndef TIERCE_SIMULATE_WORDS_H
#define TIERCE_SIMULATE_WORDS_H

#include <stdint.h>
#include <stdio.h>

#define SIM_LEVELS 9 /* difficulty 0..8 */
#define SIM_SLOTS 8
#define SIM_SLOT_ROOM 256

typedef struct {
    FILE *out;
    uint64_t rng;
    uint64_t bytes; /* written by sim_text since the caller last set it to 0; before escaping */
    unsigned level;
    char *bound; /* where sim_text writes instead of `out`, while a slot is being bound */
    size_t bound_len;
    char slot[SIM_SLOTS][SIM_SLOT_ROOM];
} sim_pen;

/* One step of splitmix64. */
uint64_t sim_mix(uint64_t *state);

/* 0 .. n-1; n at least 1. */
unsigned sim_below(sim_pen *pen, unsigned n);

/* lo .. hi, both included. */
unsigned sim_between(sim_pen *pen, unsigned lo, unsigned hi);

/* True with probability level/8. */
int sim_hard(sim_pen *pen);

/* JSON as it is: brackets, keys. */
void sim_raw(sim_pen *pen, const char *json);

/* A template, escaped for the inside of a JSON string. */
void sim_text(sim_pen *pen, const char *template);

/* One of the templates of a NULL-terminated list. */
void sim_one_of(sim_pen *pen, const char *const *templates);

/* Expands a template into slot 0..7, cut at the slot's room. */
void sim_bind(sim_pen *pen, unsigned slot, const char *template);

/* A decimal number, as text. */
void sim_number(sim_pen *pen, uint64_t value);

#endif
