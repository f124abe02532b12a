/* Regions of pixels as trees whose roots are the regions' first pixels. */
#ifndef IMGPROC_PIXEL_REGIONS_H
#define IMGPROC_PIXEL_REGIONS_H
#include "simd/common.h"

typedef struct {
    i32 parent; /* a pixel of the region that comes before, or of its first pixel, the root, minus the pixels of the region */
    union {
        f32 inner; /* of a root: the heaviest edge that its region grew over, negative once that has stopped */
        i32 label;
    } u;
} Node;

#define STOPPED (-1.0f)

/* The root of a pixel's region; halves the way there. */
INLINE u32 root_of(Node *nodes, u32 pixel) {
    for (;;) {
        const i32 parent = nodes[pixel].parent;
        if (parent < 0) return pixel;
        const i32 above = nodes[parent].parent;
        if (above < 0) return (u32)parent;
        nodes[pixel].parent = above;
        pixel = (u32)above;
    }
}

/* The root, where two steps lead there mostly: without branches that depend on the depth. */
INLINE u32 near_root(Node *nodes, u32 pixel) {
    for (int step = 0; step < 2; step++) {
        const i32 parent = nodes[pixel].parent;
        const u32 is_root = (u32)(parent >> 31);
        pixel = (pixel & is_root) | ((u32)parent & ~is_root);
    }
    return nodes[pixel].parent < 0 ? pixel : root_of(nodes, pixel);
}

/* Makes one region of two; gives its root. */
INLINE u32 join_roots(Node *nodes, u32 a, u32 b) {
    const u32 first = a < b ? a : b, second = a < b ? b : a;
    nodes[first].parent += nodes[second].parent;
    nodes[second].parent = (i32)first;
    return first;
}

/* Numbers the regions by their first pixels; gives their count. */
static i32 number_regions(Node *nodes, i64 pixels, i32 *labels) {
    i32 count = 0;
    for (i64 i = 0; i < pixels; i++) {
        if (nodes[i].parent < 0) nodes[i].u.label = count++;
        else nodes[i].u.label = nodes[nodes[i].parent].u.label;
        labels[i] = nodes[i].u.label;
    }
    return count;
}

#endif
