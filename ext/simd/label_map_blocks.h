/* Of 16 cells beside each other: the classes that may be the largest in one of them, and the largest at some of their pixels. */
#ifndef LEVEL
#ifndef IMGPROC_LABEL_MAP_BLOCKS_H
#define IMGPROC_LABEL_MAP_BLOCKS_H

/* Rows whose best logits and labels stay in registers. */
#define LM_ROWS FN(LM_ROWS)
#define LM_ROWS_baseline 4
#define LM_ROWS_avx2 5
#define LM_ROWS_avx512 8

/* The logits above and below 16 cells, of the first class. */
typedef struct {
    const f32 *above, *below;
    ptrdiff_t stride, beyond;
} LmCells;

/* A pixel's value is at most this part above the largest of its four logits, or below the smallest, by rounding: weights of
   two neighbours add up to at most 1 + 2**-25, and each of the two steps rounds twice. */
#define LM_ROUNDING 1e-6f
#define LM_LEAST 1e-37f
/* An exponential that much below the largest is left out of the sum: 2e-9 of it at most. */
#define LM_NEGLIGIBLE 20.0f

#define SIMD_SOURCE "simd/label_map_blocks.h"
#include "simd/levels.h"
#endif
#else

/* Between these two all values of the class in the cells lie. */
INLINE void FN(lm_bounds)(const LmCells *cells, ptrdiff_t at, LM_FLOATS *low, LM_FLOATS *high) {
    const LM_FLOATS a = FN(lm_load)(cells->above + at), b = FN(lm_load)(cells->above + at + cells->beyond);
    const LM_FLOATS c = FN(lm_load)(cells->below + at), d = FN(lm_load)(cells->below + at + cells->beyond);
    const LM_FLOATS part = FN(lm_every)(LM_ROUNDING), least = FN(lm_every)(LM_LEAST);
    const LM_FLOATS m = FN(lm_smaller)(FN(lm_smaller)(a, b), FN(lm_smaller)(c, d));
    const LM_FLOATS n = FN(lm_larger)(FN(lm_larger)(a, b), FN(lm_larger)(c, d));
    *low = FN(lm_subtract)(m, FN(lm_add)(FN(lm_times)(FN(lm_size)(m), part), least));
    *high = FN(lm_add)(n, FN(lm_add)(FN(lm_times)(FN(lm_size)(n), part), least));
}

/* The classes, in order, that may be the largest at a pixel of the cells, or have a part in its score; how many. */
static ptrdiff_t FN(lm_candidates)(const LmCells *cells, ptrdiff_t classes, int score, i32 *list) {
    enum { PARTS = LM_GROUP / LM_LANES };
    LM_FLOATS first[PARTS], second[PARTS], low, high;
    for (int p = 0; p < PARTS; p++) first[p] = second[p] = FN(lm_every)(-INFINITY);
    for (ptrdiff_t c = 0; c < classes; c++) {
        for (int p = 0; p < PARTS; p++) {
            FN(lm_bounds)(cells, c * cells->stride + p * LM_LANES, &low, &high);
            if (score == LM_MARGIN) second[p] = FN(lm_larger)(second[p], FN(lm_smaller)(first[p], low));
            first[p] = FN(lm_larger)(first[p], low);
        }
    }
    for (int p = 0; p < PARTS; p++) {
        if (score == LM_MARGIN) first[p] = second[p];
        if (score == LM_PROBABILITY) first[p] = FN(lm_subtract)(first[p], FN(lm_every)(LM_NEGLIGIBLE));
    }
    ptrdiff_t count = 0;
    for (ptrdiff_t c = 0; c < classes; c++) {
        int any = 0;
        for (int p = 0; p < PARTS; p++) {
            FN(lm_bounds)(cells, c * cells->stride + p * LM_LANES, &low, &high);
            any |= FN(lm_any_reaches)(high, first[p]);
        }
        list[count] = (i32)c;
        count += any;
    }
    return count;
}

/* exp(x) for x <= 0, to within 4e-7 of it, relatively; some 1e-37 where it is less. */
INLINE LM_FLOATS FN(lm_exp)(LM_FLOATS x) {
    const LM_FLOATS whole = FN(lm_every)(12582912.0f); /* 1.5 * 2**23: adding it rounds to an integer */
    x = FN(lm_larger)(x, FN(lm_every)(-86.0f));
    const LM_FLOATS shifted = FN(lm_add)(FN(lm_times)(x, FN(lm_every)(1.44269504f)), whole);
    const LM_FLOATS n = FN(lm_subtract)(shifted, whole);
    x = FN(lm_subtract)(x, FN(lm_times)(n, FN(lm_every)(0.693359375f)));
    x = FN(lm_add)(x, FN(lm_times)(n, FN(lm_every)(2.12194440e-4f)));
    LM_FLOATS sum = FN(lm_every)(1.0f / 720);
    sum = FN(lm_add)(FN(lm_times)(sum, x), FN(lm_every)(1.0f / 120));
    sum = FN(lm_add)(FN(lm_times)(sum, x), FN(lm_every)(1.0f / 24));
    sum = FN(lm_add)(FN(lm_times)(sum, x), FN(lm_every)(1.0f / 6));
    sum = FN(lm_add)(FN(lm_times)(sum, x), FN(lm_every)(0.5f));
    sum = FN(lm_add)(FN(lm_times)(sum, x), FN(lm_every)(1.0f));
    sum = FN(lm_add)(FN(lm_times)(sum, x), FN(lm_every)(1.0f));
    return FN(lm_raise)(sum, shifted);
}

/* Of one class, the values half way: stretched across, above and below the pixels. */
INLINE void FN(lm_across)(const LmCells *cells, ptrdiff_t at, LM_FLOATS rest, LM_FLOATS weight, LM_FLOATS *above, LM_FLOATS *below) {
    const f32 *a = cells->above + at, *b = cells->below + at;
    *above = FN(lm_add)(FN(lm_times)(FN(lm_load)(a), rest), FN(lm_times)(FN(lm_load)(a + cells->beyond), weight));
    *below = FN(lm_add)(FN(lm_times)(FN(lm_load)(b), rest), FN(lm_times)(FN(lm_load)(b + cells->beyond), weight));
}

INLINE LM_FLOATS FN(lm_between)(LM_FLOATS above, LM_FLOATS below, f32 rest, f32 weight) {
    return FN(lm_add)(FN(lm_times)(above, FN(lm_every)(rest)), FN(lm_times)(below, FN(lm_every)(weight)));
}

/* One phase of the cells in so many rows: the label and score of each, `step` from row to row. */
INLINE void FN(lm_block)(const LmCells *cells, const i32 *list, ptrdiff_t count, const f32 *across, const f32 *down, int rows,
                         int score, i32 *labels, f32 *scores, ptrdiff_t step) {
    f32 rest[LM_MOST_ROWS], weight[LM_MOST_ROWS];
    for (int r = 0; r < rows; r++) weight[r] = down[r], rest[r] = 1.0f - down[r];
    for (int p = 0; p < LM_GROUP; p += LM_LANES) {
        const LM_FLOATS right = FN(lm_load)(across + p), left = FN(lm_subtract)(FN(lm_every)(1.0f), right);
        LM_FLOATS best[LM_MOST_ROWS], second[LM_MOST_ROWS], above, below;
        LM_INTS label[LM_MOST_ROWS];
        for (int r = 0; r < rows; r++) {
            best[r] = FN(lm_every)(-INFINITY);
            if (score == LM_MARGIN) second[r] = best[r];
            label[r] = FN(lm_every_label)(list[0]);
        }
        for (ptrdiff_t i = 0; i < count; i++) {
            const LM_INTS own = FN(lm_every_label)(list[i]);
            FN(lm_across)(cells, list[i] * cells->stride + p, left, right, &above, &below);
            for (int r = 0; r < rows; r++) {
                const LM_FLOATS v = FN(lm_between)(above, below, rest[r], weight[r]);
                if (score == LM_MARGIN) second[r] = FN(lm_larger)(second[r], FN(lm_smaller)(best[r], v));
                FN(lm_keep)(&best[r], &label[r], v, own);
            }
        }
        for (int r = 0; r < rows; r++) {
            FN(lm_store_labels)(labels + r * step + p, label[r]);
            if (score == LM_LOGIT) FN(lm_store)(scores + r * step + p, best[r]);
            if (score == LM_MARGIN) FN(lm_store)(scores + r * step + p, FN(lm_subtract)(best[r], second[r]));
        }
        if (score != LM_PROBABILITY) continue;
        for (int r = 0; r < rows; r++) second[r] = FN(lm_every)(0.0f); /* sums */
        for (ptrdiff_t i = 0; i < count; i++) {
            FN(lm_across)(cells, list[i] * cells->stride + p, left, right, &above, &below);
            for (int r = 0; r < rows; r++) {
                const LM_FLOATS v = FN(lm_between)(above, below, rest[r], weight[r]);
                second[r] = FN(lm_add)(second[r], FN(lm_exp)(FN(lm_subtract)(v, best[r])));
            }
        }
        for (int r = 0; r < rows; r++)
            FN(lm_store)(scores + r * step + p, FN(lm_over)(FN(lm_every)(1.0f), second[r]));
    }
}

/* A loop of its own for each number of rows, so that all it works on stays in registers. */
#define LM_CASE(n)                                                                                            \
    case n:                                                                                                   \
        if (score == LM_NO_SCORE) FN(lm_block)(cells, list, count, across, down, n, LM_NO_SCORE, labels, scores, step); \
        else if (score == LM_MARGIN) FN(lm_block)(cells, list, count, across, down, n, LM_MARGIN, labels, scores, step); \
        else FN(lm_block)(cells, list, count, across, down, n, score, labels, scores, step);                  \
        break;

static void FN(lm_rows)(const LmCells *cells, const i32 *list, ptrdiff_t count, const f32 *across, const f32 *down, int rows,
                        int score, i32 *labels, f32 *scores, ptrdiff_t step) {
    switch (rows) {
        LM_CASE(1)
        LM_CASE(2)
        LM_CASE(3)
        LM_CASE(4)
#if LM_ROWS > 4
        LM_CASE(5)
#endif
#if LM_ROWS > 5
        LM_CASE(6)
        LM_CASE(7)
        LM_CASE(8)
#endif
    }
}
#undef LM_CASE

#endif
