/* Edges of the pixel grid in the order of their weights. */
#ifndef IMGPROC_EDGE_ORDER_H
#define IMGPROC_EDGE_ORDER_H
#include "simd/edge_keys.h"

/* From a pixel to its neighbour, each edge once. Among edges of the same weight those of a lower direction come first. The
   place of an edge UP_RIGHT names the upper left one of the four pixels around it, that of the others where they begin. */
enum { RIGHT, DOWN, DOWN_RIGHT, UP_RIGHT, DIRECTIONS };

/* Pixels of an image: the place of an edge names them, and 32 bits count its edges. */
#define MOST_PIXELS (((i64)1 << 30) - 1)

#define DIGIT_BITS 11

/* Sorts edges that are in raster order by key, direction, pixel. Both arrays have room for n; the one of them that holds
   the result is given. Cost: two passes that read, and one that moves for each 11 bits in which the edges differ. */
static UNUSED Edge *sort_edges(Edge *edges, Edge *spare, ptrdiff_t n) {
    u32 low = UINT32_MAX, high = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        low = edges[i].key < low ? edges[i].key : low;
        high = edges[i].key > high ? edges[i].key : high;
    }
    int bits = 2;
    while (n > 1 && (u64)(high - low) >> (bits - 2)) bits++;
    const int digits = (bits + DIGIT_BITS - 1) / DIGIT_BITS, wide = (bits + digits - 1) / digits;
    const u64 mask = ((u64)1 << wide) - 1;
    u32 counts[(34 + DIGIT_BITS - 1) / DIGIT_BITS][1 << DIGIT_BITS];
    memset(counts, 0, (size_t)digits * sizeof counts[0]);
    for (ptrdiff_t i = 0; i < n; i++) {
        u64 value = (u64)(edges[i].key - low) << 2 | edges[i].place >> 30;
        for (int digit = 0; digit < digits; digit++, value >>= wide) counts[digit][value & mask]++;
    }
    for (int digit = 0; digit < digits; digit++) {
        u32 *count = counts[digit], before = 0;
        for (u64 k = 0; k <= mask; k++) {
            const u32 here = count[k];
            count[k] = before;
            before += here;
        }
        for (ptrdiff_t i = 0; i < n; i++) {
            const u64 value = (u64)(edges[i].key - low) << 2 | edges[i].place >> 30;
            spare[count[value >> (digit * wide) & mask]++] = edges[i];
        }
        Edge *const sorted = spare;
        spare = edges;
        edges = sorted;
    }
    return edges;
}

#endif
