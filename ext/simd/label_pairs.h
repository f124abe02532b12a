/* How many pixels each pair of labels of two maps shares: runs of one pair are counted by their length and added to a hash
   table, so that memory depends on the pairs that occur and not on the labels. */
#ifndef LEVEL
#include "simd/label_blocks.h"

/* Open addressing with linear probing, at most half full. Labels are not negative, so that no pair is all ones. */
typedef struct {
    u64 *keys; /* first << 32 | second */
    i64 *counts;
    size_t capacity, used; /* capacity is a power of two */
} LabelPairs;

#define PAIR_NONE UINT64_MAX

static UNUSED void pairs_free(LabelPairs *pairs) {
    free(pairs->keys);
    free(pairs->counts);
}

static UNUSED int pairs_start(LabelPairs *pairs, size_t capacity) {
    pairs->keys = capacity > SIZE_MAX / sizeof(u64) ? NULL : malloc(capacity * sizeof(u64));
    pairs->counts = pairs->keys ? calloc(capacity, sizeof(i64)) : NULL;
    pairs->capacity = capacity;
    pairs->used = 0;
    if (!pairs->counts) {
        free(pairs->keys);
        pairs->keys = NULL;
        return 0;
    }
    memset(pairs->keys, 0xff, capacity * sizeof(u64));
    return 1;
}

static UNUSED int pairs_add(LabelPairs *pairs, u64 key, i64 count) {
    if (2 * pairs->used >= pairs->capacity) {
        LabelPairs larger;
        if (!pairs_start(&larger, 2 * pairs->capacity)) return 0;
        for (size_t i = 0; i < pairs->capacity; i++) {
            if (pairs->keys[i] != PAIR_NONE) pairs_add(&larger, pairs->keys[i], pairs->counts[i]);
        }
        pairs_free(pairs);
        *pairs = larger;
    }
    size_t place = (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (pairs->capacity - 1);
    while (pairs->keys[place] != key && pairs->keys[place] != PAIR_NONE) place = (place + 1) & (pairs->capacity - 1);
    pairs->used += pairs->keys[place] == PAIR_NONE;
    pairs->keys[place] = key;
    pairs->counts[place] += count;
    return 1;
}

#define SIMD_SOURCE "simd/label_pairs.h"
#include "simd/levels.h"
/* Adds rows [y0, y1). y1 where all went well, the row of a negative label, -1 without memory. */
DISPATCH(ptrdiff_t, pairs_rows, (const LabelMaps *maps, LabelPairs *pairs, ptrdiff_t y0, ptrdiff_t y1),
         (maps, pairs, y0, y1))

#else

/* edges[i]: whether label i of either map differs from the one before, for i > 0; 0 where a label is negative. */
static int FN(edges)(const i32 *first, const i32 *second, ptrdiff_t n, u8 *restrict edges) {
    i32 signs = first[0] | second[0];
    for (ptrdiff_t i = 1; i < n; i++) signs |= first[i] | second[i];
    for (ptrdiff_t i = 1; i < n; i++) edges[i] = (first[i] != first[i - 1]) | (second[i] != second[i - 1]);
    return signs >= 0;
}

INLINE u64 FN(pair_key)(i32 first, i32 second) { return (u64)(u32)first << 32 | (u32)second; }

static ptrdiff_t FN(pairs_rows)(const LabelMaps *maps, LabelPairs *pairs, ptrdiff_t y0, ptrdiff_t y1) {
    i32 rooms[2][LABEL_BLOCK];
    u8 edges[LABEL_BLOCK];
    u64 key = 0;
    i64 run = 0; /* pixels of the pair `key` that are not yet in the table */
    for (ptrdiff_t y = y0; y < y1; y++) {
        for (ptrdiff_t x = 0; x < maps->width; x += LABEL_BLOCK) {
            const ptrdiff_t n = maps->width - x < LABEL_BLOCK ? maps->width - x : LABEL_BLOCK;
            const i32 *first = FN(load_labels)(maps->first + y * maps->first_step, maps->first_kind, x, n, rooms[0]);
            const i32 *second = FN(load_labels)(maps->second + y * maps->second_step, maps->second_kind, x, n, rooms[1]);
            ptrdiff_t start = 0;
            memset(edges, 0, sizeof edges);
            if (!FN(edges)(first, second, n, edges)) return y;
            edges[0] = FN(pair_key)(first[0], second[0]) != key;
            for (ptrdiff_t word = 0; word < n; word += 8) {
                u64 any;
                memcpy(&any, edges + word, sizeof any);
                for (ptrdiff_t i = word; any; i++) {
#if defined(SIMD_X86)
                    i = word + (__builtin_ctzll(any) >> 3); /* the first byte is the lowest */
                    any &= any - 1;
#else
                    if (i == word + 8) break;
                    if (!edges[i]) continue;
#endif
                    run += i - start;
                    if (run && !pairs_add(pairs, key, run)) return -1;
                    key = FN(pair_key)(first[i], second[i]);
                    run = 0;
                    start = i;
                }
            }
            run += n - start;
        }
    }
    return !run || pairs_add(pairs, key, run) ? y1 : -1;
}

#endif
