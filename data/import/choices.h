/* The options of formats: which of them the format at hand knows, and how they are called there. */
#ifndef TIERCE_CHOICES_H
#define TIERCE_CHOICES_H

#include "data/import/import.h"

/* Is `name` in the space-separated list? */
bool td_lists(const char *list, const char *name);

/* False with the error where an option is set that means nothing to the format; `head`: of one of its files, which may
 * say what there is instead, or NULL. */
bool td_check_choices(const td_importer *importer, const td_import_settings *settings, const td_head *head, td_error *error);

#endif
