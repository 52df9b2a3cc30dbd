#define TARGET td_import_lm_eval
#include "tests/fuzz/import_target.h"
