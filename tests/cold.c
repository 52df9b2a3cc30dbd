/* Cold starts: cold N INPUT COMMAND... runs the command N times with INPUT (a file) as standard input, and prints the
 * median wall milliseconds from fork to exit, the largest resident set in KiB, and the least milliseconds of CPU,
 * which a busy machine disturbs less. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    double ms[101], cpu[101];
    long most = 0;
    const int n = argc > 3 ? atoi(argv[1]) : 0;
    if (n < 1 || n > 101)
        return 2;
    for (int i = 0; i < n; i++) {
        struct rusage usage;
        int status;
        const double start = now();
        const pid_t pid = fork();
        if (pid == 0) {
            dup2(open(argv[2], O_RDONLY), 0);
            const int null = open("/dev/null", O_WRONLY);
            dup2(null, 1);
            dup2(null, 2);
            execvp(argv[3], argv + 3);
            _exit(127);
        }
        if (pid < 0 || wait4(pid, &status, 0, &usage) < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
            fprintf(stderr, "cold: %s failed\n", argv[3]);
            return 1;
        }
        ms[i] = now() - start;
        cpu[i] = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-3;
        most = usage.ru_maxrss > most ? usage.ru_maxrss : most;
    }
    qsort(ms, (size_t)n, sizeof *ms, by_value);
    qsort(cpu, (size_t)n, sizeof *cpu, by_value);
    printf("%.2f %ld %.2f\n", ms[n / 2], most, cpu[0]);
    return 0;
}
