/* The end of a chunk: its words, which the scanner has listed, get their hashes and classes. */
#ifndef TIERCE_FEATURES_WORDS_H
#define TIERCE_FEATURES_WORDS_H

#include "features/scan.h"

/* Sets hash, classes and known of the chunk for the words in scan->word. */
void tf_scan_words(tf_scan *scan);

#endif
