/* The whole of COCO's evaluation in one sweep over the detections of each class by falling score.

   Each detection is matched and counted at once: all that its image still has to know is how many of its detections
   went before (the limit of detections) and which truths are taken. Curves are kept per lane as the best precision
   between two recall points, so memory does not grow with the detections. Linear in them beside the sort. */
#ifndef IMGPROC_COCO_H
#define IMGPROC_COCO_H

#include "simd/coco_order.h"
#include "simd/matching.h"
#include "simd/rle.h"

#define LANES 64

typedef struct {
    size_t n;
    const i32 *image;  /* index into the images, ascending ids */
    const i32 *label;  /* index into the classes; negative: none of them */
    const f64 *box;    /* (n, 4): x, y, width, height */
    const f64 *area;   /* that decides about area ranges */
    const Interval *runs;   /* of all masks, or NULL for boxes */
    const i64 *first_run;   /* (n + 1) */
    const i64 *mask_area;
} Items;

typedef struct {
    Items detections, truths;
    const f64 *score;
    const u8 *crowd, *ignored;
    size_t images, classes;
    int thresholds, areas, limits, points; /* thresholds * areas <= 64; points of recall rise from 0 */
    const f64 *threshold, *area_range, *recall;
    const i64 *limit; /* ascending */
    f64 *precision, *scores, *recalls; /* (class, area, limit, threshold[, point]); -1 where nothing was to be found */
} Coco;

/* What a curve has come to at one lane and limit. */
typedef struct {
    u32 hits;
    u32 matched; /* detections in the area range that have a match, counted or ignored */
    int point;   /* the last recall point reached */
} Progress;

typedef struct {
    u32 hits, count;
} Ratio;

typedef struct {
    u32 first, count, rank;
} Slot;

typedef struct {
    Slot *slots;       /* per image */
    Truth *truths;     /* by class, image and order of input */
    u32 *truth_index;
    u32 *truth_start;  /* per class */
    Keyed *order;      /* detections by class, falling score, image and order of input */
    Keyed *scratch;
    u32 *start;        /* per class */
    u32 *image_start;
    Candidate *candidates;
    Progress *progress; /* (limit, LANES) */
    Ratio *best;        /* (limit, LANES, point) */
    u32 *need;          /* (area, point): hits that reach the point */
    u32 *seen;          /* (limit, area): detections in the range */
} Work;

static void coco_free(Work *w) {
    free(w->slots), free(w->truths), free(w->truth_index), free(w->truth_start), free(w->order), free(w->scratch);
    free(w->start), free(w->image_start), free(w->candidates), free(w->progress), free(w->best), free(w->need);
    free(w->seen);
}

static int coco_allocate(const Coco *c, Work *w) {
    size_t d = c->detections.n, g = c->truths.n, curves = (size_t)c->limits * LANES;
    w->slots = calloc(c->images + 1, sizeof *w->slots);
    w->truths = malloc((g + 1) * sizeof *w->truths);
    w->truth_index = malloc((g + 1) * sizeof *w->truth_index);
    w->truth_start = calloc(c->classes + 2, sizeof *w->truth_start);
    w->order = malloc((d + 1) * sizeof *w->order);
    w->scratch = malloc(((d > g ? d : g) + 1) * sizeof *w->scratch);
    w->start = calloc(c->classes + 2, sizeof *w->start);
    w->image_start = calloc(c->images + 2, sizeof *w->image_start);
    w->candidates = malloc((g + 1) * sizeof *w->candidates);
    w->progress = malloc(curves * sizeof *w->progress);
    w->best = malloc(curves * (size_t)c->points * sizeof *w->best);
    w->need = malloc((size_t)c->areas * (size_t)c->points * sizeof *w->need);
    w->seen = malloc((size_t)c->areas * (size_t)c->limits * sizeof *w->seen);
    return w->slots && w->truths && w->truth_index && w->truth_start && w->order && w->scratch && w->start &&
           w->image_start && w->candidates && w->progress && w->best && w->need && w->seen;
}

static void order_detections(const Coco *c, Work *w) {
    const Items *d = &c->detections;
    count_values(d->image, d->n, w->image_start, c->images);
    size_t kept = 0;
    for (size_t i = 0; i < d->n; i++) {
        Keyed item = {falling_key(c->score[i]), (u32)i};
        w->order[w->image_start[d->image[i]]++] = item;
    }
    radix_sort(w->order, w->scratch, d->n);
    count_values(d->label, d->n, w->start, c->classes);
    kept = w->start[c->classes];
    memcpy(w->scratch, w->order, d->n * sizeof *w->order);
    for (size_t i = 0; i < d->n; i++) {
        i32 label = d->label[w->scratch[i].index];
        if (label >= 0) w->order[w->start[label]++] = w->scratch[i];
    }
    /* Each start has become the next one. */
    memmove(w->start + 1, w->start, c->classes * sizeof *w->start);
    w->start[0] = 0;
    assert(w->start[c->classes] == kept);
    (void)kept;
}

INLINE Region region_of(const Items *items, size_t i) {
    const f64 *b = items->box + 4 * i;
    Region region = {b[0], b[1], b[0] + b[2], b[1] + b[3], b[2] * b[3]};
    return region;
}

INLINE u64 outside_lanes(const Coco *c, f64 area) {
    u64 lanes = 0, range = ((u64)1 << c->thresholds) - 1;
    for (int a = 0; a < c->areas; a++)
        if (area < c->area_range[2 * a] || area > c->area_range[2 * a + 1]) lanes |= range << a * c->thresholds;
    return lanes;
}

static void order_truths(const Coco *c, Work *w) {
    const Items *g = &c->truths;
    u32 *by_image = (u32 *)w->scratch;
    memset(w->image_start, 0, (c->images + 1) * sizeof *w->image_start);
    count_values(g->image, g->n, w->image_start, c->images);
    for (size_t i = 0; i < g->n; i++) by_image[w->image_start[g->image[i]]++] = (u32)i;
    count_values(g->label, g->n, w->truth_start, c->classes);
    for (size_t i = 0; i < g->n; i++) {
        u32 index = by_image[i];
        i32 label = g->label[index];
        if (label < 0) continue;
        Truth *truth = &w->truths[w->truth_start[label]];
        w->truth_index[w->truth_start[label]++] = index;
        truth->region = region_of(g, index);
        truth->taken = 0;
        truth->crowd = c->crowd[index];
        truth->ignored = truth->crowd || c->ignored[index] ? ~(u64)0 : outside_lanes(c, g->area[index]);
    }
    memmove(w->truth_start + 1, w->truth_start, c->classes * sizeof *w->truth_start);
    w->truth_start[0] = 0;
}

/* Hits of `total` truths that reach each point of recall: the least c with c / total >= recall, in double as the
   definition divides. */
static void plan_points(const Coco *c, const u32 *total, u32 *need) {
    for (int a = 0; a < c->areas; a++)
        for (int r = 0; r < c->points; r++) {
            f64 n = total[a], guess = floor(c->recall[r] * n);
            u32 hits = guess > 1 ? (u32)guess - 1 : 0;
            while (hits / n < c->recall[r]) hits++;
            need[a * c->points + r] = hits;
        }
}

/* More hits of fewer: a larger fraction. Of equals the later replaces: 1 of 1 is 1 / (1 + 2^-52) by the definition,
   just below 2 of 2. */
INLINE int at_least(Ratio a, Ratio b) { return (u64)a.hits * b.count >= (u64)b.hits * a.count; }

INLINE void hit(const Coco *c, const u32 *need, Progress *p, Ratio *best, u32 misses, f64 *scores, f64 score) {
    Ratio now = {p->hits + 1, p->hits + 1 + misses};
    p->hits = now.hits;
    while (p->point + 1 < c->points && now.hits >= need[p->point + 1]) scores[++p->point] = score;
    if (at_least(now, best[p->point])) best[p->point] = now;
}

/* Where the curves of a class, area range, limit and threshold begin in the outputs, in curves. */
INLINE size_t curve(const Coco *c, size_t label, int area, int limit, int threshold) {
    return ((label * (size_t)c->areas + (size_t)area) * (size_t)c->limits + (size_t)limit) * (size_t)c->thresholds +
           (size_t)threshold;
}

static void count_detection(const Coco *c, Work *w, size_t label, f64 score, i64 rank, u64 hits, u64 matched, u64 outside) {
    int limit = 0;
    while (limit < c->limits && rank >= c->limit[limit]) limit++;
    for (; limit < c->limits; limit++) {
        u32 *seen = w->seen + limit * c->areas;
        for (u64 rest = matched; rest; rest &= rest - 1) {
            int lane = lowest_bit(rest), area = lane / c->thresholds, threshold = lane - area * c->thresholds;
            Progress *p = w->progress + limit * LANES + lane;
            if (hits >> lane & 1) {
                f64 *scores = c->scores + curve(c, label, area, limit, threshold) * (size_t)c->points;
                Ratio *best = w->best + (size_t)(limit * LANES + lane) * (size_t)c->points;
                hit(c, w->need + area * c->points, p, best, seen[area] - p->matched, scores, score);
            }
            p->matched += !(outside >> lane & 1);
        }
        for (int area = 0; area < c->areas; area++) seen[area] += !(outside >> area * c->thresholds & 1);
    }
}

static void finish_curves(const Coco *c, Work *w, size_t label, const u32 *total) {
    for (int area = 0; area < c->areas; area++) {
        if (!total[area]) continue;
        for (int limit = 0; limit < c->limits; limit++)
            for (int threshold = 0; threshold < c->thresholds; threshold++) {
                int lane = area * c->thresholds + threshold;
                const Progress *p = w->progress + limit * LANES + lane;
                const Ratio *best = w->best + (size_t)(limit * LANES + lane) * (size_t)c->points;
                size_t at = curve(c, label, area, limit, threshold);
                f64 *precision = c->precision + at * (size_t)c->points;
                Ratio top = {0, 1};
                c->recalls[at] = p->hits / (f64)total[area];
                for (int r = c->points - 1; r > p->point; r--) precision[r] = 0;
                for (int r = p->point; r >= 0; r--) {
                    if (!at_least(top, best[r])) top = best[r];
                    precision[r] = top.hits / ((f64)top.count + 0x1p-52);
                }
            }
    }
}

/* Starts the curves of a class; returns whether it has a truth that counts anywhere. */
static int begin_curves(const Coco *c, Work *w, size_t label, u32 *total) {
    int any = 0;
    memset(total, 0, (size_t)c->areas * sizeof *total);
    for (u32 g = w->truth_start[label]; g < w->truth_start[label + 1]; g++)
        for (int a = 0; a < c->areas; a++) total[a] += !(w->truths[g].ignored >> a * c->thresholds & 1);
    for (int a = 0; a < c->areas; a++) any |= total[a] > 0;
    if (!any) return 0;
    plan_points(c, total, w->need);
    memset(w->seen, 0, (size_t)c->areas * (size_t)c->limits * sizeof *w->seen);
    memset(w->progress, 0, (size_t)c->limits * LANES * sizeof *w->progress);
    Ratio none = {0, 1};
    for (size_t i = 0; i < (size_t)c->limits * LANES * (size_t)c->points; i++) w->best[i] = none;
    size_t first = w->start[label];
    f64 score = first < w->start[label + 1] ? c->score[w->order[first].index] : 0;
    for (int area = 0; area < c->areas; area++) {
        size_t curves = (size_t)c->limits * (size_t)c->thresholds, points = (size_t)c->points;
        f64 *scores = c->scores + curve(c, label, area, 0, 0) * points;
        if (!total[area]) continue;
        /* Recall 0 is reached by the first detection, whatever it is. */
        for (size_t i = 0; i < curves * points; i++) scores[i] = i % points ? 0 : score;
    }
    return 1;
}

INLINE f64 pair_iou(const Coco *c, const Work *w, const Region *region, size_t detection, const Truth *truths, size_t at) {
    const Items *d = &c->detections, *g = &c->truths;
    f64 iou = region_iou(region, &truths[at]);
    if (!d->runs || !(iou > 0)) return iou;
    size_t truth = w->truth_index[(size_t)(truths - w->truths) + at];
    u64 common = common_pixels(
        d->runs + d->first_run[detection], d->first_run[detection + 1] - d->first_run[detection],
        g->runs + g->first_run[truth], g->first_run[truth + 1] - g->first_run[truth]
    );
    u64 own = (u64)d->mask_area[detection];
    return common ? common / (f64)(truths[at].crowd ? own : own + (u64)g->mask_area[truth] - common) : 0;
}

static void sweep_class(const Coco *c, Work *w, size_t label, f64 lowest, u64 spread) {
    for (u32 i = w->start[label]; i < w->start[label + 1]; i++) {
        size_t d = w->order[i].index;
        Slot *slot = &w->slots[c->detections.image[d]];
        i64 rank = slot->rank++;
        if (rank >= c->limit[c->limits - 1]) continue;
        Region region = region_of(&c->detections, d);
        Truth *truths = w->truths + slot->first;
        ptrdiff_t n = 0;
        for (u32 g = 0; g < slot->count; g++) {
            f64 iou = pair_iou(c, w, &region, d, truths, g);
            u64 enough = 0;
            if (!(iou >= lowest)) continue;
            for (int t = 0; t < c->thresholds; t++) enough |= (u64)(iou >= c->threshold[t]) << t;
            n = add_candidate(w->candidates, n, iou, g, enough * spread);
        }
        u64 ignored = 0, hits = take_candidates(truths, w->candidates, n, &ignored);
        u64 outside = outside_lanes(c, c->detections.area[d]);
        count_detection(c, w, label, c->score[d], rank, hits, hits | ignored, outside);
    }
}

/* 0 without memory, else 1. All indices are checked by the caller. */
static int coco_evaluate(const Coco *c) {
    Work work = {0}, *w = &work;
    u32 total[LANES];
    u64 spread = 0;
    f64 lowest = c->threshold[0];
    size_t curves = c->classes * (size_t)(c->areas * c->limits * c->thresholds), points = curves * (size_t)c->points;
    if (!coco_allocate(c, w)) {
        coco_free(w);
        return 0;
    }
    for (size_t i = 0; i < points; i++) c->precision[i] = c->scores[i] = -1;
    for (size_t i = 0; i < curves; i++) c->recalls[i] = -1;
    for (int a = 0; a < c->areas; a++) spread |= (u64)1 << a * c->thresholds;
    for (int t = 1; t < c->thresholds; t++)
        if (c->threshold[t] < lowest) lowest = c->threshold[t];
    order_detections(c, w);
    order_truths(c, w);
    for (size_t label = 0; label < c->classes; label++) {
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
            w->slots[c->detections.image[w->order[i].index]].rank = 0;
    }
    coco_free(w);
    return 1;
}

#endif
