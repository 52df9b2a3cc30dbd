/* get PORT PATH: prints the body, for scripts. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/dispatch/http.h"

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    reply r = http_get((unsigned)atoi(argv[1]), argv[2]);
    fputs(r.body, stdout);
    return r.status != 200;
}
