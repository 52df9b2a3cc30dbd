#define TARGET td_import_promptfoo
#include "tests/fuzz/import_target.h"
