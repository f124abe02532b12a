/* Edges of the pixel grid in the order of their weights. */
#ifndef IMGPROC_EDGE_ORDER_H
#define IMGPROC_EDGE_ORDER_H
#include "simd/common.h"

/* From a pixel to its neighbour, each edge once. Among edges of the same weight those of a lower direction come first. */
enum { DOWN, RIGHT, DOWN_RIGHT, UP_RIGHT, DIRECTIONS };

/* Pixels of an image that the place of an edge can name. */
#define MOST_PIXELS ((i64)1 << 30)

typedef struct {
    u32 key;   /* bits of the squared distance */
    u32 place; /* direction << 30 | pixel; of UP_RIGHT the pixel is the upper left one of the four around the edge */
} Edge;

#define DIGIT_BITS 11
#define DIGITS 4 /* of the 34 bits that a key and a direction have */

/* Sorts edges that are in raster order by key, direction, pixel; keys are `low` at least. Both arrays have room for n; the
   one of them that holds the result is given. Cost: one pass to count, one for each 11 bits in which values differ. */
static UNUSED Edge *sort_edges(Edge *edges, Edge *spare, ptrdiff_t n, u32 low) {
    u32 counts[DIGITS][1 << DIGIT_BITS];
    memset(counts, 0, sizeof counts);
    for (ptrdiff_t i = 0; i < n; i++) {
        const u64 value = (u64)(edges[i].key - low) << 2 | edges[i].place >> 30;
        for (int digit = 0; digit < DIGITS; digit++) counts[digit][value >> (DIGIT_BITS * digit) & ((1 << DIGIT_BITS) - 1)]++;
    }
    for (int digit = 0; digit < DIGITS; digit++) {
        u32 *count = counts[digit], before = 0;
        const int shift = DIGIT_BITS * digit;
        int largest = 0;
        for (int k = 0; k < 1 << DIGIT_BITS; k++) {
            const u32 here = count[k];
            largest |= here == (u32)n;
            count[k] = before;
            before += here;
        }
        if (largest) continue; /* all edges have the same digit */
        for (ptrdiff_t i = 0; i < n; i++) {
            const u64 value = (u64)(edges[i].key - low) << 2 | edges[i].place >> 30;
            spare[count[value >> shift & ((1 << DIGIT_BITS) - 1)]++] = edges[i];
        }
        Edge *const sorted = spare;
        spare = edges;
        edges = sorted;
    }
    return edges;
}

#endif
