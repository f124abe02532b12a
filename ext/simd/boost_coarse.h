/* Upper bounds of what the best threshold of a feature can reach, from codes of 4 bits and weights of 16.

   A threshold parts the weights of objects and of others into left and right, and a score that is convex in the two left
   sums rates it. Between two codes the sums stay in a rectangle, and so the score under those of its corners. */
#ifndef LEVEL
#ifndef IMGPROC_BOOST_COARSE_H
#define IMGPROC_BOOST_COARSE_H
#include "simd/boost_source.h"

/* The score of a split, from the weights of objects and others that go left and from all of them. Larger is better.
   Weighted error: half of all weights, less the error of the better of both ways to vote. Gini: squares of each side's
   difference, over its sum. */
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

/* Weights as digits of base 256, in units of `unit` and rounded down: the sum of all is below 2^32. What rounding lost
   of the objects and of the others is `rest`. The first `object_groups` groups hold the objects. */
typedef struct {
    BoostScore score;
    const u8 *high, *low;
    f64 unit, rest[2];
    ptrdiff_t groups, object_groups;
} BoostDigits;

/* The greatest score where left sums lie between those at two places, which may have lost `rest`. */
INLINE f64 boost_most(const BoostDigits *d, u32 objects, u32 others, u32 objects_to, u32 others_to) {
    const f64 all[2] = {d->score.objects, d->score.others};
    const f64 from[2] = {d->unit * objects, d->unit * others};
    f64 to[2] = {d->unit * objects_to + d->rest[0], d->unit * others_to + d->rest[1]};
    for (int k = 0; k < 2; k++) to[k] = to[k] < all[k] ? to[k] : all[k];
    const f64 low = boost_score(&d->score, from[0], from[1]), high = boost_score(&d->score, to[0], to[1]);
    const f64 one = boost_score(&d->score, to[0], from[1]), other = boost_score(&d->score, from[0], to[1]);
    const f64 ends = low > high ? low : high, corners = one > other ? one : other;
    return (ends > corners ? ends : corners) * (1 + 1e-12); /* Scores are rounded. */
}

#define SIMD_SOURCE "simd/boost_coarse.h"
#endif
#include "simd/levels.h"
/* For each row: sums[16 * side + t], of objects and of others, are the weights of codes above t, and upper the bound. */
DISPATCH(void, boost_coarse,
         (const BoostDigits *d, const u8 *rows, ptrdiff_t pitch, ptrdiff_t count, u32 *sums, f64 *upper),
         (d, rows, pitch, count, sums, upper))
/* A closer bound of one row, from 16 codes within each of the coarse ones that may reach `floor`. */
DISPATCH(f64, boost_refine, (const BoostDigits *d, const u8 *row, const u32 *sums, f64 floor), (d, row, sums, floor))

#else

#if LEVEL == LEVEL_AVX512
/* Sums of w * max(code - t, 0) differ from one t to the next by the weights of the codes above t; modulo 2^32. */
INLINE void FN(coarse_part)(const u8 *codes, const u8 *high, const u8 *low, ptrdiff_t groups, int first, int count, u32 *above) {
    __m512i sums[9], fine[9];
    for (int k = 0; k <= count; k++) sums[k] = fine[k] = _mm512_setzero_si512();
    const __m512i nibble = _mm512_set1_epi8(15);
    for (ptrdiff_t g = 0; g < groups; g++) {
        const __m512i both = _mm512_loadu_si512(codes + 64 * g);
        const __m512i a = _mm512_and_si512(both, nibble), b = _mm512_and_si512(_mm512_srli_epi16(both, 4), nibble);
        const __m512i ha = _mm512_loadu_si512(high + 128 * g), hb = _mm512_loadu_si512(high + 128 * g + 64);
        const __m512i la = _mm512_loadu_si512(low + 128 * g), lb = _mm512_loadu_si512(low + 128 * g + 64);
#if !defined(__clang__)
#pragma GCC unroll 9
#endif
        for (int k = 0; k <= count; k++) {
            const __m512i t = _mm512_set1_epi8((char)(first + k));
            const __m512i da = _mm512_subs_epu8(a, t), db = _mm512_subs_epu8(b, t);
            sums[k] = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(sums[k], ha, da), hb, db);
            fine[k] = _mm512_dpbusd_epi32(_mm512_dpbusd_epi32(fine[k], la, da), lb, db);
        }
    }
    for (int k = 0; k <= count; k++) sums[k] = _mm512_add_epi32(_mm512_slli_epi32(sums[k], 8), fine[k]);
    for (int k = 0; k < count; k++) above[first + k] = (u32)_mm512_reduce_add_epi32(_mm512_sub_epi32(sums[k], sums[k + 1]));
}

INLINE void FN(coarse_row)(const u8 *codes, const u8 *high, const u8 *low, ptrdiff_t groups, u32 *above) {
    FN(coarse_part)(codes, high, low, groups, 0, 8, above);
    FN(coarse_part)(codes, high, low, groups, 8, 7, above);
    above[15] = 0;
}
#else
INLINE void FN(coarse_row)(const u8 *codes, const u8 *high, const u8 *low, ptrdiff_t groups, u32 *above) {
    u32 sums[4][16] = {{0}};
    for (ptrdiff_t i = 0; i < 64 * groups; i += 2) {
        const ptrdiff_t k = i / 64 * 128 + i % 64;
        sums[0][codes[i] & 15] += (u32)high[k] << 8 | low[k];
        sums[1][codes[i] >> 4] += (u32)high[k + 64] << 8 | low[k + 64];
        sums[2][codes[i + 1] & 15] += (u32)high[k + 1] << 8 | low[k + 1];
        sums[3][codes[i + 1] >> 4] += (u32)high[k + 65] << 8 | low[k + 65];
    }
    u32 sum = 0;
    above[15] = 0;
    for (int t = 15; t > 0; t--) above[t - 1] = sum += sums[0][t] + sums[1][t] + sums[2][t] + sums[3][t];
}
#endif

INLINE u32 FN(digit_sum)(const BoostDigits *d, ptrdiff_t first, ptrdiff_t last) {
    u32 sum = 0;
    for (ptrdiff_t i = first * BOOST_GROUP; i < last * BOOST_GROUP; i++) sum += (u32)d->high[i] << 8 | d->low[i];
    return sum;
}

static void FN(boost_coarse)(const BoostDigits *d, const u8 *rows, ptrdiff_t pitch, ptrdiff_t count, u32 *sums, f64 *upper) {
    const u32 all[2] = {FN(digit_sum)(d, 0, d->object_groups), FN(digit_sum)(d, d->object_groups, d->groups)};
    for (ptrdiff_t f = 0; f < count; f++, sums += 32) {
        const u8 *codes = rows + f * pitch;
        const ptrdiff_t begin = d->object_groups;
        FN(coarse_row)(codes, d->high, d->low, begin, sums);
        FN(coarse_row)(codes + 64 * begin, d->high + 128 * begin, d->low + 128 * begin, d->groups - begin, sums + 16);
        u32 objects = 0, others = 0;
        f64 most = 0;
        for (int t = 0; t < 16; t++) {
            const u32 objects_to = all[0] - sums[t], others_to = all[1] - sums[16 + t];
            const f64 bound = boost_most(d, objects, others, objects_to, others_to);
            most = bound > most ? bound : most;
            objects = objects_to;
            others = others_to;
        }
        upper[f] = most;
    }
}

/* Bit i: whether code i of 64, in the lower or the upper halves of bytes, is in the set of 16. */
INLINE u64 FN(members)(const u8 *codes, int upper, const u8 *set) {
#if LEVEL == LEVEL_AVX512
    const __m512i both = _mm512_loadu_si512(codes), table = _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)set));
    const __m512i code = _mm512_and_si512(upper ? _mm512_srli_epi16(both, 4) : both, _mm512_set1_epi8(15));
    const __m512i found = _mm512_shuffle_epi8(table, code);
    return _mm512_test_epi8_mask(found, found);
#elif LEVEL == LEVEL_AVX2
    const __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)set));
    u64 bits = 0;
    for (int k = 0; k < 2; k++) {
        const __m256i both = _mm256_loadu_si256((const void *)(codes + 32 * k));
        const __m256i code = _mm256_and_si256(upper ? _mm256_srli_epi16(both, 4) : both, _mm256_set1_epi8(15));
        bits |= (u64)(u32)_mm256_movemask_epi8(_mm256_shuffle_epi8(table, code)) << 32 * k;
    }
    return bits;
#else
    u64 bits = 0;
    for (int i = 0; i < 64; i++) bits |= (u64)(set[upper ? codes[i] >> 4 : codes[i] & 15] & 1) << i;
    return bits;
#endif
}

INLINE int FN(lowest_bit)(u64 bits) {
#if defined(__GNUC__)
    return __builtin_ctzll(bits);
#else
    int i = 0;
    while (!(bits >> i & 1)) i++;
    return i;
#endif
}

static f64 FN(boost_refine)(const BoostDigits *d, const u8 *row, const u32 *sums, f64 floor) {
    const u32 all[2] = {FN(digit_sum)(d, 0, d->object_groups), FN(digit_sum)(d, d->object_groups, d->groups)};
    const ptrdiff_t half = d->groups * (BOOST_GROUP / 2);
    u32 within[2][256];
    u8 set[16];
    u32 from[2][16];
    for (int t = 0; t < 16; t++) {
        const u32 objects = t ? all[0] - sums[t - 1] : 0, others = t ? all[1] - sums[15 + t] : 0;
        from[0][t] = objects;
        from[1][t] = others;
        set[t] = boost_most(d, objects, others, all[0] - sums[t], all[1] - sums[16 + t]) >= floor ? 0xff : 0;
        if (!set[t]) continue;
        memset(within[0] + 16 * t, 0, 16 * sizeof(u32));
        memset(within[1] + 16 * t, 0, 16 * sizeof(u32));
    }
    for (ptrdiff_t g = 0; g < d->groups; g++) {
        u32 *to = within[g >= d->object_groups];
        for (int upper = 0; upper < 2; upper++) {
            const u8 *codes = row + 64 * g, *high = d->high + 128 * g + 64 * upper, *low = d->low + 128 * g + 64 * upper;
            for (u64 left = FN(members)(codes, upper, set); left; left &= left - 1) {
                const int i = FN(lowest_bit)(left), shift = 4 * upper;
                to[(codes[i] >> shift & 15) << 4 | (codes[half + i] >> shift & 15)] += (u32)high[i] << 8 | low[i];
            }
        }
    }
    f64 most = -1;
    for (int t = 0; t < 16; t++) {
        u32 objects = from[0][t], others = from[1][t];
        if (!set[t]) continue;
        for (int c = 16 * t; c < 16 * t + 16; c++) {
            const u32 objects_to = objects + within[0][c], others_to = others + within[1][c];
            const f64 bound = boost_most(d, objects, others, objects_to, others_to);
            most = bound > most ? bound : most;
            objects = objects_to;
            others = others_to;
        }
    }
    return most;
}

#endif
