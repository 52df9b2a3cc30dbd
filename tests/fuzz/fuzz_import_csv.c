#define TARGET td_import_csv
#include "tests/fuzz/import_target.h"
