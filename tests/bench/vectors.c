/* Records as the fits see them, for experiments outside (tests/bench/learners.py):
 *   cc -O2 -D_GNU_SOURCE -I. tests/bench/vectors.c $(find BUILD/train BUILD/data -name '*.o' ! -name main.o) \
 *      BUILD/libtierce.a -llinear -lcjson -lzstd -lz -lm -o BUILD/vectors
 *   vectors RECORDS TIER,TIER DIR
 * DIR gets raw arrays of this machine's byte order: start (u64, n + 1), index (u32), value (f32: level * unit, at scale 1),
 * score (f64, n * tiers), source and crc (u32), and shape: "n tiers sources bits". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/dataset.h"
#include "train/memory.h"

static bool put(const char *dir, const char *name, const void *data, size_t bytes)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
        return false;
    FILE *f = fopen(path, "wb");
    const bool written = f && fwrite(data, 1, bytes, f) == bytes;
    const bool closed = f && !fclose(f);
    if (!written || !closed)
        fprintf(stderr, "%s: not written\n", path);
    return written && closed;
}

int main(int argc, char **argv)
{
    tf_spec spec;
    tr_dataset d;
    td_error error;
    char shape[100];
    if (argc != 4) {
        fputs("usage: vectors RECORDS TIER,TIER DIR\n", stderr);
        return 2;
    }
    const char *const paths[] = {argv[1]};
    tf_spec_default(&spec);
    if (!tr_dataset_load(&d, paths, 1, argv[2], &spec, 0, &error)) {
        fprintf(stderr, "%s: cannot be read\n", argv[1]);
        return 1;
    }
    const size_t n = d.start[d.n];
    uint32_t *index = tr_new(n, sizeof *index);
    float *value = tr_new(n, sizeof *value);
    for (uint32_t i = 0; i < d.n; i++) {
        const tf_vector v = tr_vector(&d, i);
        for (uint32_t e = 0; e < v.n; e++) {
            index[d.start[i] + e] = v.at[e].index;
            value[d.start[i] + e] = (float)(tf_unit(&d.spec, &v, v.at[e].block) * v.at[e].level);
        }
    }
    const int length = snprintf(shape, sizeof shape, "%u %u %u %u\n", d.n, d.n_tiers, d.n_sources, d.spec.bits);
    const bool ok = put(argv[3], "start", d.start, (d.n + 1) * sizeof *d.start) &&
                    put(argv[3], "index", index, n * sizeof *index) && put(argv[3], "value", value, n * sizeof *value) &&
                    put(argv[3], "score", d.score, (size_t)d.n * d.n_tiers * sizeof *d.score) &&
                    put(argv[3], "source", d.source, d.n * sizeof *d.source) &&
                    put(argv[3], "crc", d.crc, d.n * sizeof *d.crc) && put(argv[3], "shape", shape, (size_t)length);
    free(index);
    free(value);
    tr_dataset_free(&d);
    return ok ? 0 : 1;
}
