/* The best subset of the 256 codes of an LBP feature. */
#ifndef IMGPROC_BOOST_SUBSETS_H
#define IMGPROC_BOOST_SUBSETS_H
#include "simd/boost_exact.h"

typedef struct {
    f64 share;
    int code;
} BoostCode;

/* Falling shares of objects; equal ones by code. */
static int boost_by_share(const void *a, const void *b) {
    const BoostCode *x = a, *y = b;
    if (x->share != y->share) return x->share > y->share ? -1 : 1;
    return x->code - y->code;
}

/* The codes that go left, towards the objects, and the score. By error: those with more weight of objects than of others.
   By Gini: of all codes that carry weight, in the order of their share of objects, as many as score best (L. Breiman et
   al., 1984: no other subset scores better). Rows that cannot score above `beaten` give a score of -1. */
static void boost_subset(const BoostSource *s, const BoostWeights *b, const u8 *row, f64 beaten, BoostSplit *best, u32 *subset) {
    i64 sums[512];
    boost_histogram(s, b->weights, row, sums);
    const i64 *objects = sums, *others = sums + 256;
    const i64 all = (i64)(b->score.objects + b->score.others);
    *best = (BoostSplit){-1, 0, 0, 0, 0};
    memset(subset, 0, 8 * sizeof *subset);
    if (!b->score.gini) {
        i64 error = 0;
        for (int c = 0; c < 256; c++) {
            const int left = objects[c] > others[c];
            error += left ? others[c] : objects[c];
            if (!left) continue;
            subset[c >> 5] |= 1u << (c & 31);
            best->objects += objects[c];
            best->others += others[c];
        }
        const i64 left = best->objects + best->others;
        if (left > 0 && left < all) best->score = 0.5 * (f64)all - (f64)error;
        return;
    }
    BoostCode codes[256];
    int n = 0;
    f64 bound = 0;
    for (int c = 0; c < 256; c++) {
        const f64 sum = (f64)(objects[c] + others[c]), edge = (f64)(objects[c] - others[c]);
        if (sum == 0) continue;
        codes[n++] = (BoostCode){(f64)objects[c] / sum, c};
        bound += edge * edge / sum;
    }
    /* No split scores above the one into single codes. */
    if (bound * (1 + 1e-12) <= beaten) return;
    qsort(codes, (size_t)n, sizeof *codes, boost_by_share);
    i64 left[2] = {0, 0};
    int taken = 0;
    for (int k = 0; k + 1 < n; k++) {
        left[0] += objects[codes[k].code];
        left[1] += others[codes[k].code];
        const f64 score = boost_score(&b->score, (f64)left[0], (f64)left[1]);
        if (score > best->score) {
            *best = (BoostSplit){score, left[0], left[1], 0, 0};
            taken = k + 1;
        }
    }
    for (int k = 0; k < taken; k++) subset[codes[k].code >> 5] |= 1u << (codes[k].code & 31);
}

#endif
