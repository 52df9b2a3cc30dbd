#include "data/import/offers.h"

#include <stdio.h>
#include <string.h>

#include "data/import/csv_names.h"
#include "data/nearest.h"

bool td_offers_has(const td_offers *offers, const char *name)
{
    for (size_t i = 0; i < offers->n; i++)
        if (!strncmp(offers->name[i], name, sizeof offers->name[i] - 1))
            return true;
    return false;
}

void td_offer(td_offers *offers, const char *name)
{
    if (!name || !*name || td_offers_has(offers, name))
        return;
    if (offers->n == sizeof offers->name / sizeof *offers->name)
        offers->more = true;
    else
        snprintf(offers->name[offers->n++], sizeof offers->name[0], "%s", name);
}

void td_offers_text(const td_offers *offers, const char *wanted, char *text, size_t room)
{
    const char *names[sizeof offers->name / sizeof *offers->name];
    char list[400] = "";
    size_t more = offers->more;
    *text = 0;
    if (!offers->n)
        return;
    for (size_t i = 0; i < offers->n; i++) {
        char quoted[70];
        names[i] = offers->name[i];
        snprintf(quoted, sizeof quoted, "\"%s\"", names[i]);
        td_list_add(list, sizeof list, &more, quoted);
    }
    td_list_end(list, sizeof list, more);
    const char *near = td_nearest(wanted, names, offers->n);
    snprintf(text, room, "; there %s %s%s%s%s", offers->n > 1 ? "are" : "is", list, near ? "; did you mean \"" : "",
             near ? near : "", near ? "\"?" : "");
}
