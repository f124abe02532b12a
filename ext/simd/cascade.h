/* Boosted cascades over rectangle features (P. Viola, M. Jones, 2001): which windows of a tile pass every stage.

   A tile is some rows of windows of one scale. Its sums lie in `planes`, the columns apart by `step`, so that windows
   that are `step` pixels from each other have their corners next to each other: a vector of windows is one load for
   each corner. Sums are modulo 2^32, which differences undo. */
#ifndef LEVEL
#ifndef IMGPROC_CASCADE_H
#define IMGPROC_CASCADE_H

#include "simd/cascade_stages.h"

/* Writes the windows that pass, row by row, and gives their number. `norms` and `open` are scratch, of `columns` + 64
   each; planes and squares may be read up to 64 values past their ends. */
#define SIMD_SOURCE "simd/cascade.h"
#endif
#include "simd/levels.h"
DISPATCH(ptrdiff_t, cascade_scan,
         (const CascadeModel *model, const CascadeTile *tile, f32 *norms, u8 *open, CascadeHit *hits),
         (model, tile, norms, open, hits))

#else

/* One over the standard deviation of each window of a row, times its area; 0 where the window is flat. */
static void FN(window_norms)(const CascadeTile *tile, const u32 *s, const u32 *q, f32 *norms) {
    const i32 *o = tile->norm;
    const u32 *s0 = s + o[0], *s1 = s + o[1], *s2 = s + o[2], *s3 = s + o[3];
    const u32 *q0 = q + o[0], *q1 = q + o[1], *q2 = q + o[2], *q3 = q + o[3];
    const f64 area = tile->area;
    for (ptrdiff_t i = 0; i < tile->columns; i++) {
        const f64 sum = (f64)(i32)(s0[i] - s1[i] - s2[i] + s3[i]), squares = (f64)(q0[i] - q1[i] - q2[i] + q3[i]);
        const f64 spread = area * squares - sum * sum;
        const f32 norm = (f32)(1.0 / sqrt(spread > 0 ? spread : 1.0));
        norms[i] = spread > 0 && area * norm < 0.1 ? norm : 0;
    }
}

/* The windows of one row that pass the first stage, one bit in `open` for each of a group. OpenCV skips the window after
   each that fails it, and so must we to find the same. */
INLINE void FN(first_stage)(const CascadeModel *m, const CascadeTile *tile, const u32 *p, const f32 *norms, const u8 *mask,
                            u8 *open, int lbp, int stumps) {
    int skip = 0;
    for (ptrdiff_t i = 0; i < tile->columns; i += CASCADE_WINDOWS) {
        const int count = tile->columns - i < CASCADE_WINDOWS ? (int)(tile->columns - i) : CASCADE_WINDOWS;
        u32 asked = 0;
        for (int k = 0; k < count; k++) asked |= (u32)((lbp || norms[i + k] != 0) && (!mask || mask[i + k])) << k;
        const u32 pass = asked ? FN(stage_windows)(m, 0, p + i, norms + i, asked, lbp, stumps) : 0, fail = asked & ~pass;
        u32 visited = 0;
        for (int k = 0; k < count; k++) {
            visited |= (u32)!skip << k;
            skip = !skip && (fail >> k & 1);
        }
        if (tile->seen) tile->seen[0] += FN(bit_count)(asked & visited);
        const u32 left = pass & visited;
        for (int k = 0; k < count; k++) open[i + k] = left >> k & 1;
    }
}

INLINE ptrdiff_t FN(scan_as)(const CascadeModel *m, const CascadeTile *tile, f32 *norms, u8 *open, CascadeHit *hits, int lbp,
                             int stumps) {
    ptrdiff_t found = 0;
    for (ptrdiff_t y = 0; y < tile->rows; y++) {
        const u32 *p = tile->planes + y * tile->pitch;
        if (!lbp) FN(window_norms)(tile, p, tile->squares + y * tile->pitch, norms);
        FN(first_stage)(m, tile, p, norms, tile->mask ? tile->mask + y * tile->columns : NULL, open, lbp, stumps);
        for (ptrdiff_t i = 0; i < tile->columns; i += CASCADE_WINDOWS) {
            const int count = tile->columns - i < CASCADE_WINDOWS ? (int)(tile->columns - i) : CASCADE_WINDOWS;
            u32 left = 0;
            for (int k = 0; k < count; k++) left |= (u32)open[i + k] << k;
            int stage = 1;
            /* A vector costs as much as some two windows one by one. */
            for (; stage < m->stages && (left & (left - 1)); stage++) {
                if (tile->seen) tile->seen[stage] += FN(bit_count)(left);
                left = FN(stage_windows)(m, stage, p + i, norms + i, left, lbp, stumps);
            }
            for (; left; left &= left - 1) {
                const int k = FN(first_bit)(left);
                const f32 norm = lbp ? 0 : norms[i + k];
                int at = stage;
                f64 sum = 0;
                for (; at < m->stages; at++) {
                    if (tile->seen) tile->seen[at]++;
                    sum = FN(stage_sum)(m, at, p + i + k, norm, lbp);
                    if (sum < m->thresholds[at]) break;
                }
                if (at < m->stages) continue;
                if (stage == m->stages) sum = FN(stage_sum)(m, at - 1, p + i + k, norm, lbp);
                hits[found++] = (CascadeHit){(i32)(i + k), (i32)y, (f32)(sum - m->thresholds[at - 1])};
            }
        }
    }
    return found;
}

static ptrdiff_t FN(cascade_scan)(const CascadeModel *m, const CascadeTile *tile, f32 *norms, u8 *open, CascadeHit *hits) {
    if (m->lbp) return m->stumps ? FN(scan_as)(m, tile, norms, open, hits, 1, 1) : FN(scan_as)(m, tile, norms, open, hits, 1, 0);
    return m->stumps ? FN(scan_as)(m, tile, norms, open, hits, 0, 1) : FN(scan_as)(m, tile, norms, open, hits, 0, 0);
}

#endif
