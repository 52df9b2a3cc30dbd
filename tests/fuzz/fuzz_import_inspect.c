#define TARGET td_import_inspect
#include "tests/fuzz/import_target.h"
