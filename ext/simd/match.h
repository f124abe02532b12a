/* Detections of one image against its truths, with the truth of each: COCO's rule and Pascal VOC's. */
#ifndef IMGPROC_MATCH_H
#define IMGPROC_MATCH_H

#include "simd/matching.h"

typedef struct {
    ptrdiff_t detections, truths, thresholds;
    const f64 *boxes, *truth_boxes;    /* (n, 4): x1, y1, x2, y2 */
    const i64 *labels, *truth_labels;  /* NULL: all alike */
    const i64 *order;                  /* detections by falling score */
    const u8 *crowd, *ignore;
    const f64 *threshold;
    i64 *truth_of;     /* (thresholds, detections): -1 at first */
    u8 *ignored;       /* (thresholds, detections): 0 at first */
    i64 *detection_of; /* (thresholds, truths): -1 at first */
} Matching;

INLINE Region corners(const f64 *b) {
    Region region = {b[0], b[1], b[2], b[3], (b[2] - b[0]) * (b[3] - b[1])};
    return region;
}

INLINE void note_match(const Matching *m, ptrdiff_t t, ptrdiff_t d, ptrdiff_t g, int ignored) {
    i64 *back = &m->detection_of[t * m->truths + g];
    m->truth_of[t * m->detections + d] = g;
    m->ignored[t * m->detections + d] = (u8)ignored;
    if (*back < 0) *back = d;
}

static Truth *match_truths(const Matching *m) {
    Truth *truths = malloc((size_t)(m->truths + 1) * sizeof *truths);
    for (ptrdiff_t g = 0; truths && g < m->truths; g++) {
        truths[g].region = corners(m->truth_boxes + 4 * g);
        truths[g].taken = 0;
        truths[g].crowd = m->crowd[g];
        truths[g].ignored = m->crowd[g] || m->ignore[g] ? ~(u64)0 : 0;
    }
    return truths;
}

INLINE int same_label(const Matching *m, ptrdiff_t d, ptrdiff_t g) {
    return !m->labels || m->labels[d] == m->truth_labels[g];
}

/* Thresholds are the lanes, 64 at a time. 0 without memory, else 1. */
static int match_coco(const Matching *m) {
    Truth *truths = match_truths(m);
    Candidate *list = malloc((size_t)(m->truths + 1) * sizeof *list);
    for (ptrdiff_t t0 = 0; truths && list && t0 < m->thresholds; t0 += 64) {
        ptrdiff_t lanes = m->thresholds - t0 < 64 ? m->thresholds - t0 : 64;
        for (ptrdiff_t g = 0; g < m->truths; g++) truths[g].taken = 0;
        for (ptrdiff_t i = 0; i < m->detections; i++) {
            ptrdiff_t d = m->order[i], n = 0;
            Region region = corners(m->boxes + 4 * d);
            for (ptrdiff_t g = 0; g < m->truths; g++) {
                u64 enough = 0;
                if (!same_label(m, d, g)) continue;
                f64 iou = region_iou(&region, &truths[g]);
                for (ptrdiff_t t = 0; t < lanes; t++) enough |= (u64)(iou >= m->threshold[t0 + t]) << t;
                if (enough) n = add_candidate(list, n, iou, g, enough);
            }
            u64 ignored = 0;
            take_candidates(truths, list, n, &ignored);
            for (ptrdiff_t k = 0; k < n; k++)
                for (u64 rest = list[k].won; rest; rest &= rest - 1) {
                    int lane = lowest_bit(rest);
                    note_match(m, t0 + lane, d, list[k].truth, (int)(ignored >> lane & 1));
                }
        }
    }
    int done = truths && list;
    free(truths), free(list);
    return done;
}

/* The truth of largest IoU alone, the first of equals: taken already, it is a false positive; ignored, it does not
   count and may be met again. 0 without memory, else 1. */
static int match_voc(const Matching *m) {
    Truth *truths = match_truths(m);
    for (ptrdiff_t i = 0; truths && i < m->detections; i++) {
        ptrdiff_t d = m->order[i], best = -1;
        Region region = corners(m->boxes + 4 * d);
        f64 most = -1;
        for (ptrdiff_t g = 0; g < m->truths; g++) {
            if (!same_label(m, d, g)) continue;
            f64 iou = region_iou(&region, &truths[g]);
            if (iou > most) most = iou, best = g;
        }
        for (ptrdiff_t t = 0; best >= 0 && t < m->thresholds; t++) {
            if (!(most >= m->threshold[t])) continue;
            if (m->ignore[best])
                note_match(m, t, d, best, 1);
            else if (m->detection_of[t * m->truths + best] < 0)
                note_match(m, t, d, best, 0);
        }
    }
    int done = truths != NULL;
    free(truths);
    return done;
}

#endif
