/* COCO's greedy rule for one detection against the truths of its image and class, at up to 64 settings at once.

   A setting is a pair of IoU threshold and area range: one bit, its lane, in words of 64. All that a setting needs to
   know of a truth (is it taken, does it count) and of a pair (is its IoU enough) is such a word, so that one walk
   over the few truths that overlap the detection decides all settings. */
#ifndef IMGPROC_MATCHING_H
#define IMGPROC_MATCHING_H

#include "simd/common.h"

typedef struct {
    f64 x1, y1, x2, y2, area;
} Region;

typedef struct {
    Region region;
    u64 taken;   /* lanes at which a detection has it */
    u64 ignored; /* lanes at which it does not count: all of them for a crowd */
    int crowd;
} Truth;

typedef struct {
    f64 iou;
    ptrdiff_t truth;
    u64 lanes; /* at which the IoU is enough */
    u64 won;   /* at which the detection takes the truth */
} Candidate;

/* Intersection over union, over the area of the detection for a crowd; 0 without overlap. Each operation is rounded to
   double in the order of the definition, so that values next to a threshold fall on the same side everywhere. */
INLINE f64 region_iou(const Region *d, const Truth *truth) {
    const Region *g = &truth->region;
    f64 w = (d->x2 < g->x2 ? d->x2 : g->x2) - (d->x1 > g->x1 ? d->x1 : g->x1);
    if (!(w > 0)) return 0;
    f64 h = (d->y2 < g->y2 ? d->y2 : g->y2) - (d->y1 > g->y1 ? d->y1 : g->y1);
    if (!(h > 0)) return 0;
    f64 common = w * h;
    return common / (truth->crowd ? d->area : d->area + g->area - common);
}

/* Keeps candidates by falling IoU; among equals the later truth goes first, as the definition replaces the best match
   by an equal one. Few truths overlap a detection, so insertion is the fastest sort. */
INLINE ptrdiff_t add_candidate(Candidate *list, ptrdiff_t n, f64 iou, ptrdiff_t truth, u64 lanes) {
    ptrdiff_t at = n;
    while (at > 0 && list[at - 1].iou <= iou) {
        list[at] = list[at - 1];
        at--;
    }
    list[at].iou = iou;
    list[at].truth = truth;
    list[at].lanes = lanes;
    list[at].won = 0;
    return n + 1;
}

/* Gives the detection, at each lane, the first candidate that is free and counts; where there is none, the first that
   is ignored and free, or a crowd, which takes any number. Returns the lanes of matches that count; *ignored gets the
   lanes of those that do not. */
INLINE u64 take_candidates(Truth *truths, Candidate *list, ptrdiff_t n, u64 *ignored) {
    u64 counted = 0, other = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        Truth *g = &truths[list[i].truth];
        u64 won = list[i].lanes & ~(g->taken | g->ignored | counted);
        counted |= won;
        g->taken |= won;
        list[i].won = won;
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        Truth *g = &truths[list[i].truth];
        u64 won = list[i].lanes & g->ignored & ~(counted | other);
        if (!g->crowd) won &= ~g->taken;
        other |= won;
        g->taken |= won;
        list[i].won |= won;
    }
    *ignored = other;
    return counted;
}

INLINE int lowest_bit(u64 word) {
#if defined(__GNUC__)
    return __builtin_ctzll(word);
#else
    int bit = 0;
    while (!(word >> bit & 1)) bit++;
    return bit;
#endif
}

#endif
