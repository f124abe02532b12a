/* Which queries may win pixels of a cell.

   Of every cell, only queries whose best corner is not worse than the worst corner of another one can win a pixel. */
#ifndef LEVEL
#ifndef IMGPROC_QUERY_RIVALS_H
#define IMGPROC_QUERY_RIVALS_H
#include "simd/query_cells.h"

/* Of a query: its costs are base + gain * soft, the lowest wins: of logits the reciprocal of p / (1 + e^-x), else -p x.
   A pixel is in its mask where value * scale >= least; at that value the cost is cut. */
typedef struct {
    f32 base, gain, cut, scale, least;
} Rule;

typedef struct {
    Grid grid;
    const i64 *chosen; /* the queries that take part, in the order that decides ties */
    ptrdiff_t count;
    const Rule *rules;
    int kind;
    i32 *codes; /* twice the place of the winner in `chosen`, + 1 where its mask holds the pixel */
    ptrdiff_t step;
    i64 *counts; /* added to, for each query: pixels it wins, those of them in its mask, those in its mask */
} Merge;

/* Where masks are decided by their corners, and where pixels decide; those of queries that may win there are counted when
   the winners are found. */
enum { OUTSIDE = 0, DIVIDED = 1, INSIDE = 2, LISTED = 4 };

typedef struct {
    ptrdiff_t stride; /* of rows of samples */
    f32 *soft[2];     /* of the two rows of samples about a row of cells, for each query */
    f32 *lowest;      /* cost that a query may have in a cell */
    u8 *states;
    f32 *best, *least, *most; /* cost that some query has at most; corners of one query */
    i32 *wide, *first;        /* pixels across a cell, and its first run */
    i32 *found, *list;        /* queries that may win in a cell: how many, and which */
    Pixels pixels;
} MergeWork;

#define SIMD_SOURCE "simd/query_rivals.h"
#include "simd/levels.h"
#endif
#else

/* Bounds of all queries in a row of cells, of `tall` pixels; whole cells within masks are counted. */
static void FN(bound_costs)(const Merge *job, MergeWork *work, ptrdiff_t tall) {
    const ptrdiff_t width = job->grid.across.size;
    for (ptrdiff_t x = 0; x < width; x++) work->best[x] = INFINITY;
    for (ptrdiff_t k = 0; k < job->count; k++) {
        const Rule rule = job->rules[k];
        const f32 slack = SLACK * fabsf(rule.cut), sure = rule.cut - slack, never = rule.cut + slack;
        f32 *restrict lowest = work->lowest + k * work->stride;
        u8 *restrict states = work->states + k * work->stride;
        i32 pixels = 0;
        corner_bounds(work->soft[0] + k * work->stride, work->soft[1] + k * work->stride, work->least, work->most, width);
        for (ptrdiff_t x = 0; x < width; x++) {
            const f32 a = rule.base + rule.gain * work->least[x], b = rule.base + rule.gain * work->most[x];
            const f32 low = a < b ? a : b, high = a < b ? b : a;
            lowest[x] = low - SLACK * fabsf(low);
            work->best[x] = high < work->best[x] ? high : work->best[x];
        }
        for (ptrdiff_t x = 0; x < width; x++) {
            const f32 a = rule.base + rule.gain * work->least[x], b = rule.base + rule.gain * work->most[x];
            const f32 low = a < b ? a : b, high = a < b ? b : a;
            const int inside = high <= sure, outside = low > never;
            states[x] = (u8)(inside ? INSIDE : outside ? OUTSIDE : DIVIDED);
            pixels += inside ? work->wide[x] : 0;
        }
        job->counts[3 * k + 2] += (i64)pixels * tall;
    }
}

/* For each cell, the queries that may win in it. */
static void FN(list_winners)(const Merge *job, MergeWork *work) {
    const ptrdiff_t width = job->grid.across.size, padded = (width + 7) & ~(ptrdiff_t)7;
    u8 *flags = (u8 *)work->most;
    for (ptrdiff_t x = 0; x < width; x++) {
        work->best[x] += SLACK * fabsf(work->best[x]);
        work->found[x] = 0;
    }
    memset(flags, 0, (size_t)work->stride);
    for (ptrdiff_t k = 0; k < job->count; k++) {
        const f32 *lowest = work->lowest + k * work->stride;
        u8 *states = work->states + k * work->stride;
        for (ptrdiff_t x = 0; x < width; x++) flags[x] = lowest[x] <= work->best[x];
        for (ptrdiff_t x = 0; x < padded; x += 8) {
            u64 eight;
            memcpy(&eight, flags + x, 8);
#if defined(SIMD_X86)
            for (; eight; eight &= eight - 1) {
                const ptrdiff_t i = x + (__builtin_ctzll(eight) >> 3);
#else
            for (ptrdiff_t i = x; eight && i < x + 8; i++) {
                if (!flags[i]) continue;
#endif
                work->list[i * job->count + work->found[i]++] = (i32)k;
                if (states[i] == DIVIDED) states[i] = LISTED;
            }
        }
    }
}

#endif
