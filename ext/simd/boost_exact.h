/* The search for the best threshold in exact arithmetic: sums of integer weights, in codes of 8 bits and value by value. */
#ifndef IMGPROC_BOOST_EXACT_H
#define IMGPROC_BOOST_EXACT_H
#include "simd/boost_coarse.h"
#include "simd/boost_values.h"

/* Integer weights in the order of the windows, padding included; their sums stay below 2^53. */
typedef struct {
    BoostScore score;
    const i64 *weights;
} BoostWeights;

/* The best split of a feature: its score and the weights left of it; the values that the threshold parts. */
typedef struct {
    f64 score;
    i64 objects, others;
    f32 below, above;
} BoostSplit;

/* Weights by code: 256 of objects, 256 of others. */
static void boost_histogram(const BoostSource *s, const i64 *weights, const u8 *row, i64 *sums) {
    const ptrdiff_t half = s->groups * (BOOST_GROUP / 2);
    i64 second[512];
    memset(sums, 0, 512 * sizeof *sums);
    memset(second, 0, sizeof second);
    for (ptrdiff_t g = 0; g < s->groups; g++) {
        i64 *to = sums + (g < s->object_groups ? 0 : 256), *too = second + (g < s->object_groups ? 0 : 256);
        const u8 *high = row + g * (BOOST_GROUP / 2), *low = high + half;
        const i64 *w = weights + g * BOOST_GROUP;
        for (ptrdiff_t i = 0; i < BOOST_GROUP / 2; i++) {
            to[(high[i] & 15) << 4 | (low[i] & 15)] += w[i];
            too[(high[i] & 0xf0) | low[i] >> 4] += w[i + 64];
        }
    }
    for (int i = 0; i < 512; i++) sums[i] += second[i];
}

/* Bounds of the best score; the lower one is reached. */
static void boost_fine(const BoostSource *s, const BoostWeights *b, const u8 *row, f64 *lower, f64 *upper) {
    i64 sums[512];
    boost_histogram(s, b->weights, row, sums);
    f64 objects = 0, others = 0, most = 0, least = -1;
    const f64 all = b->score.objects + b->score.others;
    for (int t = 0; t < 256; t++) {
        const f64 more_objects = objects + (f64)sums[t], more_others = others + (f64)sums[t + 256];
        const f64 here = boost_score(&b->score, objects, others);
        const f64 one = boost_score(&b->score, more_objects, others), other = boost_score(&b->score, objects, more_others);
        most = one > most ? one : most;
        most = other > most ? other : most;
        if (here > least && objects + others > 0 && objects + others < all) least = here;
        objects = more_objects;
        others = more_others;
    }
    *lower = least;
    *upper = most + 1e-12 * all; /* Scores are rounded. */
}

typedef struct {
    u32 key;
    i32 at;
} BoostItem;

/* Keys rise with the values; both zeros have one. */
INLINE u32 boost_key(f32 value) {
    u32 bits;
    value += 0.0f;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

INLINE f32 boost_value(u32 key) {
    f32 value;
    const u32 bits = key >> 31 ? key & 0x7fffffffu : ~key;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Sorts by key, three digits of 11 bits from the lowest; the result is in `items`. */
static void boost_sort(BoostItem *items, BoostItem *other, ptrdiff_t n) {
    u32 starts[3][2048];
    memset(starts, 0, sizeof starts);
    for (ptrdiff_t i = 0; i < n; i++)
        for (int d = 0; d < 3; d++) starts[d][items[i].key >> 11 * d & 2047]++;
    for (int d = 0; d < 3; d++) {
        u32 sum = 0;
        for (int k = 0; k < 2048; k++) {
            const u32 count = starts[d][k];
            starts[d][k] = sum;
            sum += count;
        }
        for (ptrdiff_t i = 0; i < n; i++) other[starts[d][items[i].key >> 11 * d & 2047]++] = items[i];
        BoostItem *swap = items;
        items = other;
        other = swap;
    }
    memcpy(other, items, (size_t)n * sizeof *items);
}

/* One pass over the sorted values. The first, so lowest, of equally good thresholds; a score below 0 where there is none.
   `items` has room for twice as many as there are windows with padding. */
static void boost_exact(const BoostSource *s, const BoostWeights *b, const BoostFeature *feature, BoostItem *items, BoostSplit *best) {
    ptrdiff_t n = 0;
    for (ptrdiff_t g = 0; g < s->groups; g++) {
        f32 values[BOOST_GROUP];
        boost_values(s, feature, g, values);
        const ptrdiff_t filled = boost_filled(s, g);
        for (ptrdiff_t i = 0; i < filled; i++) items[n++] = (BoostItem){boost_key(values[i]), (i32)(g * BOOST_GROUP + i)};
    }
    boost_sort(items, items + s->groups * BOOST_GROUP, n);
    const i64 all = (i64)(b->score.objects + b->score.others);
    const ptrdiff_t first_other = s->object_groups * BOOST_GROUP;
    i64 sums[2] = {0, 0};
    *best = (BoostSplit){-1, 0, 0, 0, 0};
    for (ptrdiff_t i = 0; i + 1 < n; i++) {
        sums[items[i].at >= first_other] += b->weights[items[i].at];
        if (items[i].key == items[i + 1].key) continue;
        const i64 left = sums[0] + sums[1];
        if (left == 0 || left == all) continue;
        const f64 score = boost_score(&b->score, (f64)sums[0], (f64)sums[1]);
        if (score > best->score) *best = (BoostSplit){score, sums[0], sums[1], boost_value(items[i].key), boost_value(items[i + 1].key)};
    }
}

#endif
