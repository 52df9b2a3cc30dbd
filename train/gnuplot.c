#include "train/gnuplot.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "train/html.h"
#include "train/memory.h"

#define MAX_NAME 22 /* bytes of a name in a picture */
#define MAX_SVG ((size_t)4 << 20)

/* ---- running it ---- */

static void become_gnuplot(FILE *script, FILE *svg)
{
    const int nowhere = open("/dev/null", O_WRONLY);
    if (dup2(fileno(script), STDIN_FILENO) < 0 || dup2(fileno(svg), STDOUT_FILENO) < 0 ||
        (nowhere >= 0 && dup2(nowhere, STDERR_FILENO) < 0))
        _exit(127);
    setenv("LC_ALL", "C", 1);
    unsetenv("GNUPLOT_LIB");
    execlp("gnuplot", "gnuplot", "-d", "-", (char *)NULL); /* -d: nobody's start-up files */
    _exit(127);
}

static bool run(FILE *script, FILE *svg)
{
    int status = 0;
    fflush(NULL);
    const pid_t pid = fork();
    if (pid < 0)
        return false;
    if (!pid)
        become_gnuplot(script, svg);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* What gnuplot drew, or NULL. */
static char *draw(const char *text, const char *id)
{
    FILE *script = tmpfile(), *svg = tmpfile();
    char *drawn = NULL;
    if (script && svg && fprintf(script, "set terminal svg name '%s' size 520,380 dynamic noenhanced font 'sans-serif,15'\n%s", id, text) > 0 &&
        !fseek(script, 0, SEEK_SET) && run(script, svg) && !fseek(svg, 0, SEEK_SET)) {
        drawn = tr_new(MAX_SVG + 1, 1);
        const size_t n = fread(drawn, 1, MAX_SVG, svg);
        if (n == MAX_SVG || !strstr(drawn, "</svg>")) {
            free(drawn);
            drawn = NULL;
        }
    }
    if (script)
        fclose(script);
    if (svg)
        fclose(svg);
    return drawn;
}

/* ---- making it fit a page ---- */

/* Rules: what stands in gnuplot's SVG, and what is put in its place. %s is the id. */
static const struct {
    const char *from, *to;
} rules[] = {
    {"stroke='black'", "stroke='currentColor'"},
    {"fill=\"black\"", "fill=\"currentColor\""},
    {"fill='black'", "fill='currentColor'"},
    {"stroke=\"black\"", "stroke=\"currentColor\""},
    {" color=\"black\"", ""},
    {" color=\"white\"", ""},
    {"id='gp", "id='%s-gp"},
    {"'#gp", "'#%s-gp"},
    {"xlink:href", "href"},
    {"id='textbox'", "id='%s-textbox'"},
    {"id='greybox'", "id='%s-greybox'"},
    {"id=\"gnuplot_canvas\"", "id=\"%s-canvas\""},
    {" xmlns:xlink=\"http://www.w3.org/1999/xlink\"", ""},
    {" font-family=\"sans-serif\"", ""},
};

static bool put_rule(td_out *out, const char **at, const char *id)
{
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        const size_t n = strlen(rules[r].from);
        if (strncmp(*at, rules[r].from, n))
            continue;
        const char *hole = strstr(rules[r].to, "%s");
        td_put(out, rules[r].to, hole ? (size_t)(hole - rules[r].to) : strlen(rules[r].to));
        if (hole) {
            td_puts(out, id);
            td_puts(out, hole + 2);
        }
        *at += n;
        return true;
    }
    return false;
}

/* rgb( 0, 0, 3) is the page's third colour. */
static bool put_colour(td_out *out, const char **at)
{
    int r, g, b, n = 0;
    if (strncmp(*at, "rgb(", 4) || sscanf(*at, "rgb(%d ,%d ,%d)%n", &r, &g, &b, &n) != 3 || !n || r || g || b < 1 || b > 9)
        return false;
    tr_html_put(out, "var(--c%d)", b);
    *at += n;
    return true;
}

static bool put_named(td_out *out, const char **at, const char *const *names, unsigned n_names)
{
    char *end;
    if (**at != '@' || !isdigit((unsigned char)(*at)[1]))
        return false;
    const unsigned long k = strtoul(*at + 1, &end, 10);
    if (*end != '@' || k >= n_names)
        return false;
    const char *name = names[k];
    size_t n = strlen(name);
    if (n > MAX_NAME)
        for (n = MAX_NAME; n && ((unsigned char)name[n] & 0xc0) == 0x80;)
            n--;
    tr_html_text(out, name, n);
    td_puts(out, name[n] ? "…" : "");
    *at = end + 1;
    return true;
}

bool tr_gnuplot(td_out *out, const char *script, const char *id, const char *label, const char *const *names, unsigned n_names)
{
    char *svg = draw(script, id);
    const char *at = svg ? strstr(svg, "<svg") : NULL, *title = at ? strstr(at, "<title>") : NULL;
    const char *body = title ? strstr(title, "</desc>") : NULL;
    if (!body) {
        free(svg);
        return false;
    }
    tr_html_put(out, "<svg role=\"img\" aria-label=\"%s\"", label);
    at += strlen("<svg");
    while (*at) {
        if (at == title) /* gnuplot's title and description: the label says more */
            at = body + strlen("</desc>");
        else if (!put_rule(out, &at, id) && !put_colour(out, &at) && !put_named(out, &at, names, n_names))
            td_put(out, at++, 1);
    }
    free(svg);
    return true;
}
