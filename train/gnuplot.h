/* Pictures by gnuplot, if it is installed: a script in, an SVG element for the inside of a page out. */
#ifndef TIERCE_GNUPLOT_H
#define TIERCE_GNUPLOT_H

#include <stdbool.h>

#include "data/text_out.h"

/* Appends an <svg> to *out. The script plots; the terminal is set here. Line colours rgb '#000001' to '#000009'
 * become the page's var(--c1) to var(--c9), black becomes the text's colour. id: of our own choosing, prefixed
 * to the ids inside, which must differ on a page. label: read out in its place, our own text.
 *
 * Names from outside never reach gnuplot: the script says @0@ to @63@, and names[0 .. n_names) take their
 * place in the picture, escaped and cut to a length that fits. False (and nothing is appended) where
 * there is no gnuplot or it fails. */
bool tr_gnuplot(td_out *out, const char *script, const char *id, const char *label, const char *const *names, unsigned n_names);

#endif
