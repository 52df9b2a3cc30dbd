#define TARGET td_import_generic
#include "tests/fuzz/import_target.h"
