/* What the files have to choose from, for the error that a choice of the user's met none of it. */
#ifndef TIERCE_OFFERS_H
#define TIERCE_OFFERS_H

#include <stdbool.h>
#include <stddef.h>

/* Zero it first. */
typedef struct {
    char name[48][64]; /* longer ones are cut */
    size_t n;
    bool more;
} td_offers;

void td_offer(td_offers *offers, const char *name);
bool td_offers_has(const td_offers *offers, const char *name);
/* `; there are "acc", "f1"; did you mean "f1"?`, or nothing where there is none. */
void td_offers_text(const td_offers *offers, const char *wanted, char *text, size_t room);

#endif
