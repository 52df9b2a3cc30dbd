/* What earlier runs left: answers, and at most one line that a kill cut. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "infer/dispatch/answer_line.h"
#include "infer/dispatch/journal_state.h"

/* Failures that another attempt may mend are asked again; a 400 stays a 400. */
static bool is_final(double status)
{
    return (status >= 200 && status < 300) ||
           (status >= 400 && status < 500 && status != 408 && status != 429 && status != 499);
}

/* Does the file end within a line? */
static bool ends_cut(int fd)
{
    struct stat st;
    char last;
    return !fstat(fd, &st) && st.st_size && pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
}

static bool is_packed(int fd)
{
    unsigned char head[2];
    return pread(fd, head, 2, 0) == 2 && head[0] == 0x1f && head[1] == 0x8b;
}

static bool blank(const char *line, size_t len)
{
    return strspn(line, " \t") >= len;
}

static bool refuse(const char *path, uint64_t number, const char *what, td_error *error)
{
    return td_fail(error,
                   "%.300s:%llu: is no answer of tierce dispatch, but %s; nothing was changed: name another file with -o, or, if "
                   "this is a damaged answer, remove the line",
                   path, (unsigned long long)number, what);
}

static bool take_over(ds_journal *j, const ds_answer *a, const char *line, size_t len, td_error *error)
{
    if (!is_final(a->status)) {
        j->dropped++;
        return true;
    }
    switch (ds_keys_take_over(&j->keys, a->key.data, a->key.len, a->digest, j->offset, len)) {
    case DS_KEY_ANSWERED: /* in both files */
        return true;
    case DS_KEY_NEW:
        j->kept++;
        return ds_journal_append(j, line, len, error);
    case DS_KEY_CHANGED:
        return ds_journal_append(j, line, len, error);
    default:
        return td_fail(error, "out of memory");
    }
}

bool ds_journal_read_old(ds_journal *j, const char *path, int fd, bool check, td_error *error)
{
    struct stat st;
    if (!fstat(fd, &st) && !st.st_size)
        return true;
    if (is_packed(fd))
        return td_fail(error, "%.300s: is packed; unpack it, or name another file with -o (nothing was changed)", path);
    td_lines *lines = td_lines_open(path, 0, error);
    td_line_status status = lines ? TD_LINE : TD_BROKEN;
    char *line, *text = NULL;
    const char *what = NULL, *cut = NULL;
    size_t len, room = 0;
    uint64_t cut_at = 0;
    bool good = true;
    while (good && status == TD_LINE && (status = td_lines_next(lines, &line, &len, error)) == TD_LINE) {
        ds_answer answer;
        line[len] = 0;
        if (len > room || !text) {
            free(text);
            text = malloc(room = len * 2 + 64);
        }
        if (!text)
            good = td_fail(error, "out of memory");
        else if (cut) /* only the last line may be */
            good = refuse(path, cut_at, cut, error);
        else if (blank(line, len))
            continue;
        else if (ds_read_answer_line(line, len, text, &answer, &what))
            good = check || take_over(j, &answer, line, len, error);
        else {
            size_t whole = len;
            while (whole && !line[whole - 1]) /* a power cut leaves zeros */
                whole--;
            cut_at = td_lines_number(lines);
            cut = what;
            if (!ds_is_cut_answer(line, whole))
                good = refuse(path, cut_at, what, error);
        }
    }
    if (good && cut && status == TD_END && !ends_cut(fd))
        good = refuse(path, cut_at, cut, error);
    j->dropped += good && cut && !check;
    free(text);
    if (lines)
        td_lines_close(lines);
    return good && status != TD_BROKEN;
}
