#include "data/each.h"

#include <string.h>
#include <sys/stat.h>

bool td_each_record(td_files *files, td_want want, td_visit visit, void *context, td_error *error)
{
    td_record record;
    int status = -1;
    td_reader *reader = td_reader_open(files->paths, files->n_paths, want, files->max_bad, 0,
                                       files->complain, files->context);
    if (!reader)
        return td_fail(error, "out of memory");
    while ((status = td_reader_next(reader, &record, error)) > 0)
        if (!visit(context, &record, error)) {
            status = -1;
            break;
        }
    files->bad = td_reader_bad(reader);
    if (files->strays)
        *files->strays = *td_reader_strays(reader);
    td_reader_close(reader);
    return status == 0;
}

bool td_some_records(uint64_t records, td_error *error)
{
    return records || td_fail(error, "no records in the input");
}

bool td_can_repeat(const td_files *files, td_error *error)
{
    struct stat st;
    for (size_t i = 0; i < files->n_paths; i++)
        if (!strcmp(files->paths[i], "-") ||
            (stat(files->paths[i], &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
            return td_fail(error, "%.200s: is read twice, which a pipe cannot be: put it into a file first",
                           strcmp(files->paths[i], "-") ? files->paths[i] : "<stdin>");
    return true;
}
