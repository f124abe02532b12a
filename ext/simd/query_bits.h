/* The mask of one query as bits, how many pixels it has, and the sum of their probabilities. */
#ifndef LEVEL
#ifndef IMGPROC_QUERY_BITS_H
#define IMGPROC_QUERY_BITS_H
#include "simd/paste.h"
#include "simd/query_cells.h"

/* Values of a query, and the pixels that may be in its mask: rows [y0, y1), words [w0, w1); in the mask are those of at
   least `least`. */
typedef struct {
    Grid grid;
    ptrdiff_t y0, y1, w0, w1;
    f32 least;
} Bits;

/* Probabilities of masks are multiples of that where they are at least a half, and cut to them below: their sum is exact. */
#define UNIT 16777216.0f
/* Of pixels without values, beside the ones that have some: below every logit of a probability. */
#define NOWHERE -1e30f

#define SIMD_SOURCE "simd/query_bits.h"
#include "simd/levels.h"

/* All words, row after row; sum: of the probabilities, in units of 2^-24, or NULL. 0 without memory. */
DISPATCH(int, query_bits, (const Bits *job, u64 *words, u64 *sum), (job, words, sum))
#endif
#else

INLINE u64 FN(sum_word)(const f32 *a, const f32 *b, f32 weight, f32 least) {
    i32 sum = 0;
    for (int i = 0; i < 64; i++) {
        const f32 value = a[i] * (1.0f - weight) + b[i] * weight;
        const i32 units = (i32)(UNIT / (1.0f + exp_minus(value)));
        sum += value >= least ? units : 0;
    }
    return (u64)sum;
}

static void FN(stretch_row)(const Bits *job, ptrdiff_t y, f32 *restrict to) {
    const Axis *across = &job->grid.across;
    const f32 *from = job->grid.values + y * job->grid.row;
    const ptrdiff_t x0 = 64 * job->w0, x1 = 64 * job->w1;
    for (ptrdiff_t at = 0; at < across->count; at++) {
        const i32 *run = across->runs + 3 * at;
        const f32 low = from[run[0]], high = from[next_sample(across, run[0])];
        const ptrdiff_t start = run[1] > x0 ? run[1] : x0, stop = run[2] < x1 ? run[2] : x1;
        for (ptrdiff_t x = start; x < stop; x++)
            to[x - x0] = low * (1.0f - across->weights[x]) + high * across->weights[x];
    }
}

static int FN(query_bits)(const Bits *job, u64 *words, u64 *sum) {
    const Axis *down = &job->grid.down;
    const ptrdiff_t wide = job->w1 - job->w0, padded = 64 * wide;
    f32 *rows = malloc((size_t)(2 * padded) * sizeof *rows);
    ptrdiff_t held[2] = {-1, -1}; /* the rows of samples that are stretched in the two */
    if (!rows) return 0;
    u64 total = 0;
    for (ptrdiff_t x = 0; x < 2 * padded; x++) rows[x] = NOWHERE;
    for (ptrdiff_t at = 0; at < down->count; at++) {
        const i32 *run = down->runs + 3 * at;
        const ptrdiff_t next = next_sample(down, run[0]);
        if (run[2] <= job->y0 || run[1] >= job->y1) continue;
        const int second = held[1] == run[0]; /* going down, the second often becomes the first */
        f32 *upper = rows + second * padded, *lower = rows + !second * padded;
        if (held[second] != run[0]) FN(stretch_row)(job, run[0], upper);
        if (held[!second] != next) FN(stretch_row)(job, next, lower);
        held[second] = run[0], held[!second] = next;
        for (ptrdiff_t y = run[1] > job->y0 ? run[1] : job->y0; y < run[2] && y < job->y1; y++) {
            u64 *to = words + (y - job->y0) * wide;
            for (ptrdiff_t w = 0; w < wide; w++) {
                const f32 *a = upper + 64 * w, *b = lower + 64 * w;
                to[w] = FN(reached)(a, b, down->weights[y], job->least);
                if (sum && to[w]) total += FN(sum_word)(a, b, down->weights[y], job->least);
            }
        }
    }
    if (sum) *sum = total;
    free(rows);
    return 1;
}

#endif
