/* Packed masks against each other: the pixels of a pair, and greedy suppression with as few of them counted as can be. */
#ifndef IMGPROC_MASK_SUPPRESS_H
#define IMGPROC_MASK_SUPPRESS_H

#include "simd/mask_common.h"

/* Mask i: words[offsets[i]..] in rows y0 to y1 of words w0 to w1, its box being y0, y1, w0, w1, half-open. */
typedef struct {
    const u64 *words;
    const i64 *offsets, *boxes, *areas;
} Masks;

/* The part of two boxes that both cover: its rows and words, and where each mask's first word of it is. */
typedef struct {
    const u64 *a, *b;
    ptrdiff_t a_step, b_step, rows, words;
} Overlap;

INLINE i64 larger(i64 a, i64 b) { return a > b ? a : b; }
INLINE i64 smaller(i64 a, i64 b) { return a < b ? a : b; }

INLINE int boxes_meet(const Masks *a, ptrdiff_t i, const Masks *b, ptrdiff_t j, Overlap *overlap) {
    const i64 *p = a->boxes + 4 * i, *q = b->boxes + 4 * j;
    i64 y0 = larger(p[0], q[0]), y1 = smaller(p[1], q[1]), w0 = larger(p[2], q[2]), w1 = smaller(p[3], q[3]);
    if (y0 >= y1 || w0 >= w1) return 0;
    overlap->rows = y1 - y0;
    overlap->words = w1 - w0;
    overlap->a_step = p[3] - p[2];
    overlap->b_step = q[3] - q[2];
    overlap->a = a->words + a->offsets[i] + (y0 - p[0]) * overlap->a_step + (w0 - p[2]);
    overlap->b = b->words + b->offsets[j] + (y0 - q[0]) * overlap->b_step + (w0 - q[2]);
    return 1;
}

static UNUSED i64 shared_pixels(const Masks *a, ptrdiff_t i, const Masks *b, ptrdiff_t j) {
    Overlap o;
    return boxes_meet(a, i, b, j, &o) ? common_pixels(o.a, o.a_step, o.b, o.b_step, o.rows, o.words) : 0;
}

INLINE f64 mask_iou(i64 common, i64 a, i64 b) { return common ? (f64)common / (f64)(a + b - common) : 0; }

/* Whether the IoU of masks i and j is above t. IoU grows with the pixels shared, so that counting stops as soon as those
   found suffice, or those left cannot. */
static UNUSED int masks_overlap(const Masks *masks, ptrdiff_t i, ptrdiff_t j, f64 t) {
    enum { AT_ONCE = 4096 }; /* words: small beside the first cache, large beside a call */
    i64 p = masks->areas[i], q = masks->areas[j], found = 0, most;
    ptrdiff_t step;
    Overlap o;
    if (!(mask_iou(smaller(p, q), p, q) > t) || !boxes_meet(masks, i, masks, j, &o)) return 0;
    step = o.words < AT_ONCE ? AT_ONCE / o.words : 1;
    for (ptrdiff_t y = 0; y < o.rows; y += step) {
        most = smaller(found + 64 * (i64)o.words * (o.rows - y), smaller(p, q));
        if (!(mask_iou(most, p, q) > t)) return 0;
        found += common_pixels(o.a + y * o.a_step, o.a_step, o.b + y * o.b_step, o.b_step,
                               smaller(step, o.rows - y), o.words);
        if (mask_iou(found, p, q) > t) return 1;
    }
    return 0;
}

/* kept: the places in `order` of masks that overlap no kept one of their label before them; their count, at most
   `limit`. */
static UNUSED ptrdiff_t suppress_masks(const Masks *masks, const i64 *order, const i64 *labels, ptrdiff_t n, f64 t,
                                       ptrdiff_t limit, ptrdiff_t *kept) {
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < n && count < limit; i++) {
        ptrdiff_t k = 0;
        while (k < count && !(labels[kept[k]] == labels[i] && masks_overlap(masks, order[kept[k]], order[i], t))) k++;
        if (k == count) kept[count++] = i;
    }
    return count;
}

#endif
