/* Ranks of a relief: for each pixel how many different values are lower, so that floods of ranks and of values are the same. */
#ifndef IMGPROC_WATERSHED_RANKS_H
#define IMGPROC_WATERSHED_RANKS_H

#include "simd/common.h"

#define RANK_DIGIT 11
#define RANK_BINS (1 << RANK_DIGIT)

/* Bits in the order of the values: floats below zero are turned over. -0 is +0; NaN is not asked for. */
INLINE u32 rank_key_f32(f32 value) {
    u32 bits;
    value += 0.0f;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

INLINE u64 rank_key_f64(f64 value) {
    u64 bits;
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (u64)1 << 63;
}

INLINE u32 rank_key_i32(i32 value) { return (u32)value ^ 0x80000000u; }

typedef u32 RankCounts[3][RANK_BINS];

INLINE void rank_count(RankCounts counts, u32 key) {
    counts[0][key & (RANK_BINS - 1)]++;
    counts[1][key >> RANK_DIGIT & (RANK_BINS - 1)]++;
    counts[2][key >> 2 * RANK_DIGIT]++;
}

/* Sorts items by the 32 bits in their upper half, which are counted, the lower half being the pixel. Stable: three passes over
   digits of 11 bits; digits that all items share take none. Gives the one of the two arrays that holds the result. */
static UNUSED u64 *rank_sort(u64 *items, u64 *other, size_t n, RankCounts counts) {
    for (int pass = 0; pass < 3; pass++) {
        const int shift = 32 + pass * RANK_DIGIT;
        u32 *place = counts[pass], before = 0;
        if (place[items[0] >> shift & (RANK_BINS - 1)] == n) continue;
        for (int bin = 0; bin < RANK_BINS; bin++) {
            const u32 here = place[bin];
            place[bin] = before;
            before += here;
        }
        for (size_t i = 0; i < n; i++) other[place[items[i] >> shift & (RANK_BINS - 1)]++] = items[i];
        u64 *swap = items;
        items = other;
        other = swap;
    }
    return items;
}

static UNUSED int rank_compare(const void *a, const void *b) {
    const u64 first = *(const u64 *)a, second = *(const u64 *)b;
    return (first > second) - (first < second);
}

/* Sorts pixels whose keys agree in the upper half by the lower one; the tables of rank_sort pay for many. */
static UNUSED u64 *rank_sort_low(const f64 *values, u64 *items, u64 *other, size_t n) {
    RankCounts counts;
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < n; i++) {
        const u32 key = (u32)rank_key_f64(values[(u32)items[i]]);
        if (n >= 4096) rank_count(counts, key);
        items[i] = (u64)key << 32 | (u32)items[i];
    }
    if (n >= 4096) return rank_sort(items, other, n, counts);
    qsort(items, n, sizeof *items, rank_compare);
    return items;
}

enum { RANK_I32, RANK_F32, RANK_F64 };

INLINE u32 rank_key(const void *values, int kind, size_t i) {
    if (kind == RANK_I32) return rank_key_i32(((const i32 *)values)[i]);
    if (kind == RANK_F32) return rank_key_f32(((const f32 *)values)[i]);
    return (u32)(rank_key_f64(((const f64 *)values)[i]) >> 32);
}

/* Ranks of n values, below 2^32 and none NaN, and in starts how many values are of lower ranks: one for each rank, and n. Gives how
   many ranks there are, 0 where memory is short. Doubles are sorted by the upper half of their keys, which mostly tells them
   apart, and then what shares it by the lower half. */
INLINE size_t rank_values(const void *values, int kind, size_t n, u32 *ranks, u32 *starts) {
    u64 *items = malloc(n * sizeof *items), *other = malloc(n * sizeof *other);
    size_t rank = 0;
    if (items && other) {
        RankCounts counts;
        memset(counts, 0, sizeof counts);
        for (size_t i = 0; i < n; i++) {
            const u32 key = rank_key(values, kind, i);
            rank_count(counts, key);
            items[i] = (u64)key << 32 | i;
        }
        u64 *sorted = rank_sort(items, other, n, counts), *spare = sorted == items ? other : items;
        for (size_t first = 0, end; first < n; first = end) {
            const u64 key = sorted[first] >> 32;
            const u64 *run = sorted + first;
            int alike = 1;
            for (end = first + 1; end < n && sorted[end] >> 32 == key; end++)
                if (kind == RANK_F64)
                    alike &= ((const f64 *)values)[(u32)sorted[end]] == ((const f64 *)values)[(u32)sorted[first]];
            if (!alike) run = rank_sort_low(values, sorted + first, spare + first, end - first);
            starts[rank] = (u32)first;
            for (size_t i = 0; i < end - first; i++) {
                const u32 pixel = (u32)run[i];
                if (!alike && i && ((const f64 *)values)[pixel] != ((const f64 *)values)[(u32)run[i - 1]])
                    starts[++rank] = (u32)(first + i);
                ranks[pixel] = (u32)rank;
            }
            rank++;
        }
        starts[rank] = (u32)n;
    }
    free(items);
    free(other);
    return rank;
}

#endif
