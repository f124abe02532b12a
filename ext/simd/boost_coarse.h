/* Bounds of what the best threshold of a feature can reach, from codes of 4 bits and weights of 14.

   A threshold parts the weights of objects and of others into left and right, and a score that is convex in the two left
   sums rates it. Between two codes the sums stay in a rectangle, and so the score under its corners'. */
#ifndef LEVEL
#ifndef IMGPROC_BOOST_COARSE_H
#define IMGPROC_BOOST_COARSE_H
#include "simd/boost_source.h"

/* The score of a split, from the weights of objects and others that go left and from all of them. Larger is better.
   Weighted error: half of all weights, less the error of the better of both ways to vote. Gini: squares of each side's
   difference, over its sum. Both are convex, and Lipschitz with 1 and 4. */
typedef struct {
    f64 objects, others;
    int gini;
} BoostScore;

INLINE f64 boost_score(const BoostScore *b, f64 objects, f64 others) {
    if (!b->gini) return fabs((objects - others) - 0.5 * (b->objects - b->others));
    const f64 right_objects = b->objects - objects, right_others = b->others - others;
    const f64 left = objects + others, right = right_objects + right_others;
    const f64 left_edge = objects - others, right_edge = right_objects - right_others;
    return (left > 0 ? left_edge * left_edge / left : 0) + (right > 0 ? right_edge * right_edge / right : 0);
}

/* `high` and `low`: digits of base 128 of the weights, in units of `unit`, rounded down; `rest` is what that lost. */
typedef struct {
    BoostScore score;
    const i8 *high, *low;
    f64 unit, rest;
    ptrdiff_t groups, object_groups;
} BoostDigits;

/* Groups whose sums stay within 31 bits. */
#define BOOST_CHUNK 256

#define SIMD_SOURCE "simd/boost_coarse.h"
#endif
#include "simd/levels.h"
DISPATCH(void, boost_coarse,
         (const BoostDigits *d, const u8 *rows, ptrdiff_t pitch, ptrdiff_t count, f64 *lower, f64 *upper),
         (d, rows, pitch, count, lower, upper))

#else

/* above[t] += weights of all codes > t, t from 0 to 14; above[15] of all. At most BOOST_CHUNK groups. */
#if LEVEL == LEVEL_AVX512
/* The sums of w * max(code - t, 0) differ from one t to the next by the weights of the codes above t. */
INLINE void FN(coarse_part)(const u8 *codes, const i8 *high, const i8 *low, ptrdiff_t groups, int first, int count, i64 *above) {
    __m512i sums[9], fine[9];
    for (int k = 0; k <= count; k++) sums[k] = fine[k] = _mm512_setzero_si512();
    const __m512i nibble = _mm512_set1_epi8(15);
    for (ptrdiff_t g = 0; g < groups; g++) {
        const __m512i both = _mm512_loadu_si512(codes + 64 * g);
        const __m512i a = _mm512_and_si512(both, nibble), b = _mm512_and_si512(_mm512_srli_epi16(both, 4), nibble);
        const __m512i ha = _mm512_loadu_si512(high + 128 * g), hb = _mm512_loadu_si512(high + 128 * g + 64);
        const __m512i la = _mm512_loadu_si512(low + 128 * g), lb = _mm512_loadu_si512(low + 128 * g + 64);
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC unroll 9
#endif
        for (int k = 0; k <= count; k++) {
            const __m512i t = _mm512_set1_epi8((char)(first + k));
            const __m512i da = _mm512_subs_epu8(a, t), db = _mm512_subs_epu8(b, t);
            sums[k] = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(sums[k], da, ha), db, hb);
            fine[k] = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(fine[k], da, la), db, lb);
        }
    }
    for (int k = 0; k <= count; k++) sums[k] = _mm512_add_epi32(_mm512_slli_epi32(sums[k], 7), fine[k]);
    for (int k = 0; k < count; k++) above[first + k] += _mm512_reduce_add_epi32(_mm512_sub_epi32(sums[k], sums[k + 1]));
}

INLINE void FN(coarse_row)(const u8 *codes, const i8 *high, const i8 *low, ptrdiff_t groups, i64 *above) {
    FN(coarse_part)(codes, high, low, groups, 0, 8, above);
    FN(coarse_part)(codes, high, low, groups, 8, 7, above);
}
#else
INLINE void FN(coarse_row)(const u8 *codes, const i8 *high, const i8 *low, ptrdiff_t groups, i64 *above) {
    i32 sums[4][16] = {{0}};
    for (ptrdiff_t i = 0; i < 64 * groups; i += 2) {
        const ptrdiff_t k = i / 64 * 128 + i % 64;
        sums[0][codes[i] & 15] += high[k] * 128 + low[k];
        sums[1][codes[i] >> 4] += high[k + 64] * 128 + low[k + 64];
        sums[2][codes[i + 1] & 15] += high[k + 1] * 128 + low[k + 1];
        sums[3][codes[i + 1] >> 4] += high[k + 65] * 128 + low[k + 65];
    }
    i64 sum = 0;
    for (int t = 15; t > 0; t--) {
        sum += (i64)sums[0][t] + sums[1][t] + sums[2][t] + sums[3][t];
        above[t - 1] += sum;
    }
}
#endif

static void FN(boost_coarse)(const BoostDigits *d, const u8 *rows, ptrdiff_t pitch, ptrdiff_t count, f64 *lower, f64 *upper) {
    i64 all[2] = {0, 0};
    for (ptrdiff_t i = 0; i < d->groups * BOOST_GROUP; i++) all[i >= d->object_groups * BOOST_GROUP] += d->high[i] * 128 + d->low[i];
    const f64 slack = (d->score.gini ? 4 : 1) * d->rest + 1e-9 * (d->score.objects + d->score.others);
    for (ptrdiff_t f = 0; f < count; f++) {
        const u8 *codes = rows + f * pitch;
        i64 above[2][16] = {{0}};
        for (int side = 0; side < 2; side++) {
            const ptrdiff_t end = side ? d->groups : d->object_groups;
            for (ptrdiff_t g = side ? d->object_groups : 0; g < end; g += BOOST_CHUNK)
                FN(coarse_row)(codes + 64 * g, d->high + 128 * g, d->low + 128 * g,
                               end - g < BOOST_CHUNK ? end - g : BOOST_CHUNK, above[side]);
        }
        /* Weights left of each of the 17 places. */
        f64 objects[17], others[17], most = 0, least = -1;
        for (int t = 0; t < 17; t++) {
            objects[t] = t == 0 ? 0 : d->unit * (f64)(all[0] - above[0][t - 1]);
            others[t] = t == 0 ? 0 : d->unit * (f64)(all[1] - above[1][t - 1]);
        }
        objects[16] = d->unit * (f64)all[0];
        others[16] = d->unit * (f64)all[1];
        for (int t = 0; t < 16; t++) {
            const f64 here = boost_score(&d->score, objects[t], others[t]);
            const f64 one = boost_score(&d->score, objects[t + 1], others[t]);
            const f64 other = boost_score(&d->score, objects[t], others[t + 1]);
            most = one > most ? one : most;
            most = other > most ? other : most;
            /* A threshold leaves weight on both sides. */
            if (here > least && objects[t] + others[t] > 0 && objects[16] - objects[t] + (others[16] - others[t]) > 0) least = here;
        }
        lower[f] = least - slack;
        upper[f] = most + slack;
    }
}

#endif
