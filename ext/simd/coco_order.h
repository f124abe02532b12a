/* Sorting of detections and truths: stable counting sorts by small keys, radix sort by score. */
#ifndef IMGPROC_COCO_ORDER_H
#define IMGPROC_COCO_ORDER_H

#include "simd/common.h"

typedef struct {
    u64 key;
    u32 index;
} Keyed;

/* Falling scores are rising keys; -0.0 and 0.0 are one key, as they compare equal. */
INLINE u64 falling_key(f64 score) {
    u64 bits;
    score += 0.0;
    memcpy(&bits, &score, sizeof bits);
    return bits >> 63 ? bits : ~(bits | (u64)1 << 63);
}

#define RADIX_BITS 8
#define RADIX_PASSES 8

/* Sorts `items` by key, equal keys in their order, with as many items of scratch. Digits that all keys share cost
   nothing: scores that were float32 have four others. */
static UNUSED void radix_sort(Keyed *items, Keyed *scratch, size_t n) {
    u32 counts[RADIX_PASSES][1 << RADIX_BITS];
    const u64 mask = (1 << RADIX_BITS) - 1;
    Keyed *from = items, *to = scratch;
    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < n; i++)
        for (int pass = 0; pass < RADIX_PASSES; pass++) counts[pass][items[i].key >> pass * RADIX_BITS & mask]++;
    for (int pass = 0; pass < RADIX_PASSES; pass++) {
        u32 *count = counts[pass], sum = 0;
        int shift = pass * RADIX_BITS;
        if (count[items[0].key >> shift & mask] == n) continue;
        for (size_t digit = 0; digit <= mask; digit++) {
            u32 here = count[digit];
            count[digit] = sum;
            sum += here;
        }
        for (size_t i = 0; i < n; i++) to[count[from[i].key >> shift & mask]++] = from[i];
        Keyed *other = from;
        from = to;
        to = other;
    }
    if (from != items) memcpy(items, from, n * sizeof *items);
}

/* The same; few items are inserted one by one. */
static UNUSED void sort_keyed(Keyed *items, Keyed *scratch, size_t n) {
    if (n > 100) {
        radix_sort(items, scratch, n);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        Keyed item = items[i];
        size_t at = i;
        for (; at > 0 && items[at - 1].key > item.key; at--) items[at] = items[at - 1];
        items[at] = item;
    }
}

/* starts[v] .. starts[v + 1] will hold the items of value v; starts has values + 1 zeros. Negative values are left
   out. */
INLINE void count_values(const i32 *values, size_t n, u32 *starts, size_t distinct) {
    for (size_t i = 0; i < n; i++)
        if (values[i] >= 0) starts[values[i] + 1]++;
    for (size_t v = 0; v < distinct; v++) starts[v + 1] += starts[v];
}

#endif
