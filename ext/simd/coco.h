/* The whole of COCO's evaluation in one sweep over the detections of each class by falling score.

   Each detection is matched and counted at once: all that its image still has to know is how many of its detections
   went before (the limit of detections) and which truths are taken. Curves are kept per lane as the best precision
   between two recall points, so memory does not grow with the detections. Linear in them beside the sort. */
#ifndef IMGPROC_COCO_H
#define IMGPROC_COCO_H

#include "simd/coco_curves.h"
#include "simd/coco_work.h"

INLINE f64 pair_iou(const Coco *c, const Work *w, const Found *found, const Truth *truths, size_t at) {
    const Items *d = &c->detections, *g = &c->truths;
    size_t detection = found->index;
    f64 iou = region_iou(&found->region, &truths[at]);
    if (!d->runs || !(iou > 0)) return iou;
    size_t truth = w->truth_index[(size_t)(truths - w->truths) + at];
    u64 common = common_pixels(
        d->runs + d->first_run[detection], d->first_run[detection + 1] - d->first_run[detection],
        g->runs + g->first_run[truth], g->first_run[truth + 1] - g->first_run[truth]
    );
    u64 own = (u64)d->mask_area[detection];
    return common ? common / (f64)(truths[at].crowd ? own : own + (u64)g->mask_area[truth] - common) : 0;
}

/* order: the detections of a class by falling score; equal ones by image and order of input. */
static void order_class(Work *w, size_t label) {
    const Found *found = w->found + w->start[label];
    u32 n = w->start[label + 1] - w->start[label];
    for (u32 i = 0; i < n; i++) {
        w->order[i].key = falling_key(found[i].score);
        w->order[i].index = i;
    }
    sort_keyed(w->order, w->scratch, n);
}

static void sweep_class(const Coco *c, Work *w, size_t label, f64 lowest, u64 spread) {
    u32 count = w->start[label + 1] - w->start[label];
    for (u32 i = 0; i < count; i++) {
        const Found *d = w->found + w->start[label] + w->order[i].index;
        Slot *slot = &w->slots[d->image];
        i64 rank = slot->rank++;
        if (rank >= c->limit[c->limits - 1]) continue;
        Truth *truths = w->truths + slot->first;
        ptrdiff_t n = 0;
        for (u32 g = 0; g < slot->count; g++) {
            f64 iou = pair_iou(c, w, d, truths, g);
            u64 enough = 0;
            if (!(iou >= lowest)) continue;
            for (int t = 0; t < c->thresholds; t++) enough |= (u64)(iou >= c->threshold[t]) << t;
            n = add_candidate(w->candidates, n, iou, g, enough * spread);
        }
        u64 ignored = 0, hits = take_candidates(truths, w->candidates, n, &ignored);
        count_detection(c, w, label, d->score, rank, hits, hits | ignored, d->outside);
    }
}

/* 0 without memory, else 1. All indices are checked by the caller. */
static int coco_evaluate(const Coco *c) {
    Work work = {0}, *w = &work;
    u32 total[LANES];
    u64 spread = 0;
    f64 lowest = c->threshold[0];
    if (!coco_allocate(c, w)) {
        coco_free(w);
        return 0;
    }
    for (int a = 0; a < c->areas; a++) spread |= (u64)1 << a * c->thresholds;
    for (int lane = 0; lane < c->areas * c->thresholds; lane++) w->area_of[lane] = (u8)(lane / c->thresholds);
    for (int t = 1; t < c->thresholds; t++)
        if (c->threshold[t] < lowest) lowest = c->threshold[t];
    if (!order_detections(c, w)) {
        coco_free(w);
        return 0;
    }
    order_truths(c, w);
    for (size_t label = 0; label < c->classes; label++) {
        order_class(w, label);
        if (!begin_curves(c, w, label, total)) continue;
        for (u32 g = w->truth_start[label]; g < w->truth_start[label + 1]; g++) {
            Slot *slot = &w->slots[c->truths.image[w->truth_index[g]]];
            if (!slot->count++) slot->first = g;
        }
        sweep_class(c, w, label, lowest, spread);
        finish_curves(c, w, label, total);
        for (u32 g = w->truth_start[label]; g < w->truth_start[label + 1]; g++)
            w->slots[c->truths.image[w->truth_index[g]]].count = 0;
        for (u32 i = w->start[label]; i < w->start[label + 1]; i++)
            w->slots[w->found[i].image].rank = 0;
    }
    coco_free(w);
    return 1;
}

#endif
