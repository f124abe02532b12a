/* Which regions of a label image touch, also at corners: each pair once. */
#ifndef IMGPROC_ADJACENCY_H
#define IMGPROC_ADJACENCY_H
#include "simd/common.h"

/* Pairs as keys (a << 32 | b) + 1 with a < b, in a table with open addressing; 0 is a free slot. */
typedef struct {
    u64 *slots;
    size_t mask;
    ptrdiff_t count;
} PairSet;

INLINE void place_key(u64 *slots, size_t mask, u64 key) {
    size_t at = (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & mask;
    while (slots[at] != 0 && slots[at] != key) at = (at + 1) & mask;
    slots[at] = key;
}

static int add_touching(PairSet *set, i32 p, i32 q) {
    const u64 key = (((u64)(u32)(p < q ? p : q) << 32) | (u32)(p < q ? q : p)) + 1;
    size_t at = (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & set->mask;
    while (set->slots[at] != 0) {
        if (set->slots[at] == key) return 1;
        at = (at + 1) & set->mask;
    }
    set->slots[at] = key;
    set->count++;
    if ((size_t)set->count * 2 <= set->mask) return 1;
    const size_t mask = 2 * set->mask + 1;
    u64 *slots = calloc(mask + 1, sizeof *slots);
    if (!slots) return 0;
    for (size_t i = 0; i <= set->mask; i++)
        if (set->slots[i] != 0) place_key(slots, mask, set->slots[i]);
    free(set->slots);
    set->slots = slots;
    set->mask = mask;
    return 1;
}

/* All pairs of a label image; 0 without memory. The caller frees the slots. */
static int touching_pairs(const i32 *labels, ptrdiff_t height, ptrdiff_t width, PairSet *set) {
    set->mask = 1023;
    set->count = 0;
    set->slots = calloc(set->mask + 1, sizeof *set->slots);
    if (!set->slots) return 0;
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            const i32 *at = labels + y * width + x;
            const int right = x + 1 < width, below = y + 1 < height, left = x > 0;
            if (right && at[0] != at[1] && !add_touching(set, at[0], at[1])) return 0;
            if (!below) continue;
            if (at[0] != at[width] && !add_touching(set, at[0], at[width])) return 0;
            if (right && at[0] != at[width + 1] && !add_touching(set, at[0], at[width + 1])) return 0;
            if (left && at[0] != at[width - 1] && !add_touching(set, at[0], at[width - 1])) return 0;
        }
    return 1;
}

#endif
