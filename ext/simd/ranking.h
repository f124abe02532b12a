/* Numbers in decreasing order by counting their digits: stable, so that equal ones stay in the order of their indices. */
#ifndef IMGPROC_RANKING_H
#define IMGPROC_RANKING_H
#include "simd/common.h"

/* Keys that grow while the number falls; both zeros have one key. NaN is the caller's to keep out. */
INLINE u32 falling_f32(f32 value) {
    u32 bits;
    value += 0.0f;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? bits : bits ^ 0x7fffffffu;
}

INLINE u64 falling_f64(f64 value) {
    u64 bits;
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? bits : bits ^ 0x7fffffffffffffffu;
}

/* radix_u32(from, to, n, counts) sorts n entries by key and gives the array of the two that holds them at the end.
   `counts` has room for RADIX_COUNTS numbers. Short arrays take short digits, whose counters are sooner cleared. A digit
   that is the same in all keys costs one look. */
#define RADIX_COUNTS (6 << 11)
#define DEFINE_RADIX(K)                                                                                   \
    typedef struct {                                                                                      \
        K key, index;                                                                                     \
    } Rank_##K;                                                                                           \
    static UNUSED Rank_##K *radix_##K(Rank_##K *from, Rank_##K *to, size_t n, size_t *counts) {           \
        const int digit = n < 2048 ? 8 : 11, passes = (8 * (int)sizeof(K) + digit - 1) / digit;           \
        const size_t values = (size_t)1 << digit;                                                         \
        memset(counts, 0, sizeof *counts * values * (size_t)passes);                                      \
        for (size_t i = 0; i < n; i++)                                                                    \
            for (int pass = 0; pass < passes; pass++)                                                     \
                counts[(size_t)pass * values + (from[i].key >> pass * digit & (values - 1))]++;           \
        for (int pass = 0; pass < passes; pass++) {                                                       \
            size_t *count = counts + (size_t)pass * values, total = 0;                                    \
            const int shift = pass * digit;                                                               \
            if (n == 0 || count[from[0].key >> shift & (values - 1)] == n) continue;                      \
            for (size_t value = 0; value < values; value++) {                                             \
                const size_t here = count[value];                                                         \
                count[value] = total;                                                                     \
                total += here;                                                                            \
            }                                                                                             \
            for (size_t i = 0; i < n; i++) to[count[from[i].key >> shift & (values - 1)]++] = from[i];    \
            Rank_##K *sorted = to;                                                                        \
            to = from;                                                                                    \
            from = sorted;                                                                                \
        }                                                                                                 \
        return from;                                                                                      \
    }
DEFINE_RADIX(u32)
DEFINE_RADIX(u64)
#undef DEFINE_RADIX

/* rank_<scores>_<key>: the indices of the scores that are at least `least`, highest score first. Gives their number, or
   -1 without memory. u32 keys hold float32 and indices below 2^32; u64 keys hold everything. */
#define DEFINE_RANK(S, K, FALLING)                                                                        \
    static UNUSED ptrdiff_t rank_##S##_##K(const S *scores, ptrdiff_t n, f64 least, i64 *order) {         \
        Rank_##K *ranks = malloc(2 * sizeof *ranks * (size_t)n + 1);                                      \
        size_t *counts = malloc(sizeof *counts * RADIX_COUNTS);                                           \
        size_t m = 0;                                                                                     \
        if (ranks && counts) {                                                                            \
            for (ptrdiff_t i = 0; i < n; i++)                                                             \
                if ((f64)scores[i] >= least) {                                                            \
                    ranks[m].key = FALLING(scores[i]);                                                    \
                    ranks[m++].index = (K)i;                                                              \
                }                                                                                         \
            const Rank_##K *sorted = radix_##K(ranks, ranks + n, m, counts);                              \
            for (size_t i = 0; i < m; i++) order[i] = (i64)sorted[i].index;                               \
        }                                                                                                 \
        const int done = ranks && counts;                                                                 \
        free(ranks);                                                                                      \
        free(counts);                                                                                     \
        return done ? (ptrdiff_t)m : -1;                                                                  \
    }
DEFINE_RANK(f32, u32, falling_f32)
DEFINE_RANK(f64, u64, falling_f64)
DEFINE_RANK(f32, u64, falling_f64)
#undef DEFINE_RANK

static UNUSED ptrdiff_t rank_f32(const f32 *scores, ptrdiff_t n, f64 least, i64 *order) {
    return (u64)n <= UINT32_MAX ? rank_f32_u32(scores, n, least, order) : rank_f32_u64(scores, n, least, order);
}

static UNUSED ptrdiff_t rank_f64(const f64 *scores, ptrdiff_t n, f64 least, i64 *order) {
    return rank_f64_u64(scores, n, least, order);
}

#endif
