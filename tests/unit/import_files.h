/* What the import tests share: a folder of their own, files in it. */
#ifndef TIERCE_TEST_IMPORT_FILES_H
#define TIERCE_TEST_IMPORT_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/import/import.h"
#include "data/import/input.h"

static const td_import_settings plain = {.score_high = 1};
static char folder[] = "/tmp/tierce-test-import-XXXXXX";

static const char *at(const char *name)
{
    static char paths[4][200];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, 200, "%s/%s", folder, name);
    return path;
}

static void write_bytes(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static char *read_text(const char *path)
{
    td_error error;
    size_t len;
    char *text = td_input_load(path, 0, &len, &error);
    assert_non_null(text);
    return text;
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : 1;
}

#endif
