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

/* A detection with all that the sweep reads of it, a cache line long: within its class the sweep goes by score, that is
   anywhere. */
typedef struct {
    Region region;
    f64 score;
    u64 outside; /* lanes whose area range it is not in */
    u32 image, index;
} Found;

typedef struct {
    Slot *slots;       /* per image */
    Truth *truths;     /* by class, image and order of input */
    u32 *truth_index;
    u32 *truth_start;  /* per class */
    Found *found;      /* by class, image and order of input */
    u32 *start;        /* per class */
    Keyed *order;      /* those of one class by falling score */
    Keyed *scratch;
    u32 *index;        /* by image */
    u32 *image_start;
    Candidate *candidates;
    Progress *progress; /* (limit, LANES) */
    Ratio *best;        /* (limit, LANES, point) */
    u32 *need;          /* (area, point): hits that reach the point */
    u32 *seen;          /* (limit, area): detections in the range */
    u8 area_of[LANES];
    int apart; /* limits that some detection of the class has gone beyond; the others share the curves of the last */
} Work;

static void coco_free(Work *w) {
    free(w->slots), free(w->truths), free(w->truth_index), free(w->truth_start), free(w->found), free(w->order), free(w->scratch);
    free(w->start), free(w->image_start), free(w->candidates), free(w->progress), free(w->best), free(w->need);
    free(w->seen), free(w->index);
}

static int coco_allocate(const Coco *c, Work *w) {
    size_t d = c->detections.n, g = c->truths.n, curves = (size_t)c->limits * LANES;
    w->slots = calloc(c->images + 1, sizeof *w->slots);
    w->truths = malloc((g + 1) * sizeof *w->truths);
    w->truth_index = malloc((g + 1) * sizeof *w->truth_index);
    w->truth_start = calloc(c->classes + 2, sizeof *w->truth_start);
    w->found = malloc((d + 1) * sizeof *w->found);
    w->index = malloc(((d > g ? d : g) + 1) * sizeof *w->index);
    w->start = calloc(c->classes + 2, sizeof *w->start);
    w->image_start = calloc(c->images + 2, sizeof *w->image_start);
    w->candidates = malloc((g + 1) * sizeof *w->candidates);
    w->progress = malloc(curves * sizeof *w->progress);
    w->best = malloc(curves * (size_t)c->points * sizeof *w->best);
    w->need = malloc((size_t)c->areas * (size_t)c->points * sizeof *w->need);
    w->seen = malloc((size_t)c->areas * (size_t)c->limits * sizeof *w->seen);
    return w->slots && w->truths && w->truth_index && w->truth_start && w->found && w->index && w->start &&
           w->image_start && w->candidates && w->progress && w->best && w->need && w->seen;
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

/* index: the items by image, those of one in their order. */
static void order_by_image(const Coco *c, const Items *items, Work *w) {
    memset(w->image_start, 0, (c->images + 1) * sizeof *w->image_start);
    count_values(items->image, items->n, w->image_start, c->images);
    for (size_t i = 0; i < items->n; i++) w->index[w->image_start[items->image[i]]++] = (u32)i;
}

/* Filling has moved each start to the next one. */
INLINE void restore_starts(u32 *starts, size_t n) {
    memmove(starts + 1, starts, n * sizeof *starts);
    starts[0] = 0;
}

/* 0 without memory, else 1. */
static int order_detections(const Coco *c, Work *w) {
    const Items *d = &c->detections;
    order_by_image(c, d, w);
    count_values(d->label, d->n, w->start, c->classes);
    u32 most = 0;
    for (size_t label = 0; label < c->classes; label++) {
        u32 n = w->start[label + 1] - w->start[label];
        most = n > most ? n : most;
    }
    w->order = malloc((most + 1) * sizeof *w->order);
    w->scratch = malloc((most + 1) * sizeof *w->scratch);
    if (!w->order || !w->scratch) return 0;
    for (size_t k = 0; k < d->n; k++) {
        u32 i = w->index[k];
        if (d->label[i] < 0) continue;
        Found *found = &w->found[w->start[d->label[i]]++];
        found->region = region_of(d, i);
        found->score = c->score[i];
        found->outside = outside_lanes(c, d->area[i]);
        found->image = (u32)d->image[i];
        found->index = i;
    }
    restore_starts(w->start, c->classes);
    return 1;
}

static void order_truths(const Coco *c, Work *w) {
    const Items *g = &c->truths;
    order_by_image(c, g, w);
    count_values(g->label, g->n, w->truth_start, c->classes);
    for (size_t i = 0; i < g->n; i++) {
        u32 index = w->index[i];
        i32 label = g->label[index];
        if (label < 0) continue;
        Truth *truth = &w->truths[w->truth_start[label]];
        w->truth_index[w->truth_start[label]++] = index;
        truth->region = region_of(g, index);
        truth->taken = 0;
        truth->crowd = c->crowd[index];
        truth->ignored = truth->crowd || c->ignored[index] ? ~(u64)0 : outside_lanes(c, g->area[index]);
    }
    restore_starts(w->truth_start, c->classes);
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

/* Whether a fraction is as large, or the other is none (0 of 0). Of equals the later replaces: 1 of 1 is
   1 / (1 + 2^-52) by the definition, just below 2 of 2. */
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

INLINE f64 *scores_of(const Coco *c, size_t label, int area, int limit, int threshold) {
    return c->scores + curve(c, label, area, limit, threshold) * (size_t)c->points;
}

/* Until a detection goes beyond a limit, its curves are those of the last one: they are copied then, and not counted
   twice before. */
static void set_apart(const Coco *c, Work *w, size_t label) {
    int limit = w->apart++, last = c->limits - 1, lanes = c->areas * c->thresholds;
    size_t points = (size_t)c->points;
    memcpy(w->progress + limit * LANES, w->progress + last * LANES, (size_t)lanes * sizeof *w->progress);
    memcpy(w->seen + limit * c->areas, w->seen + last * c->areas, (size_t)c->areas * sizeof *w->seen);
    memcpy(
        w->best + (size_t)(limit * LANES) * points, w->best + (size_t)(last * LANES) * points,
        (size_t)lanes * points * sizeof *w->best
    );
    for (int area = 0; area < c->areas; area++)
        memcpy(
            scores_of(c, label, area, limit, 0), scores_of(c, label, area, last, 0),
            (size_t)c->thresholds * points * sizeof(f64)
        );
}

static void count_at(const Coco *c, Work *w, size_t label, int limit, f64 score, u64 hits, u64 matched, u64 outside) {
    u32 *seen = w->seen + limit * c->areas;
    for (u64 rest = matched; rest; rest &= rest - 1) {
        int lane = lowest_bit(rest), area = w->area_of[lane];
        Progress *p = w->progress + limit * LANES + lane;
        if (hits >> lane & 1) {
            Ratio *best = w->best + (size_t)(limit * LANES + lane) * (size_t)c->points;
            f64 *scores = scores_of(c, label, area, limit, lane - area * c->thresholds);
            hit(c, w->need + area * c->points, p, best, seen[area] - p->matched, scores, score);
        }
        p->matched += !(outside >> lane & 1);
    }
    for (int area = 0; area < c->areas; area++) seen[area] += !(outside >> area * c->thresholds & 1);
}

static void count_detection(const Coco *c, Work *w, size_t label, f64 score, i64 rank, u64 hits, u64 matched, u64 outside) {
    int last = c->limits - 1;
    while (w->apart < last && rank >= c->limit[w->apart]) set_apart(c, w, label);
    for (int limit = 0; limit < w->apart; limit++)
        if (rank < c->limit[limit]) count_at(c, w, label, limit, score, hits, matched, outside);
    count_at(c, w, label, last, score, hits, matched, outside);
}

INLINE void fill_f64(f64 *out, size_t n, f64 value) {
    for (size_t i = 0; i < n; i++) out[i] = value;
}

/* No truth counts at an area range of a class. */
static void leave_undefined(const Coco *c, size_t label, int area) {
    size_t curves = (size_t)c->limits * (size_t)c->thresholds, at = curve(c, label, area, 0, 0);
    fill_f64(c->precision + at * (size_t)c->points, curves * (size_t)c->points, -1);
    fill_f64(c->scores + at * (size_t)c->points, curves * (size_t)c->points, -1);
    fill_f64(c->recalls + at, curves, -1);
}

static void finish_curve(const Coco *c, const Progress *p, const Ratio *best, f64 *precision) {
    Ratio top = {0, 1};
    f64 value = 0;
    for (int r = c->points - 1; r > p->point; r--) precision[r] = 0;
    for (int r = p->point; r >= 0; r--) {
        if (best[r].hits && !at_least(top, best[r])) {
            top = best[r];
            value = top.hits / ((f64)top.count + 0x1p-52);
        }
        precision[r] = value;
    }
}

static void finish_curves(const Coco *c, Work *w, size_t label, const u32 *total) {
    size_t points = (size_t)c->points;
    for (int area = 0; area < c->areas; area++) {
        if (!total[area]) continue;
        for (int limit = c->limits - 1; limit >= 0; limit--) {
            size_t at = curve(c, label, area, limit, 0), n = (size_t)c->thresholds;
            if (limit >= w->apart && limit < c->limits - 1) {
                size_t last = curve(c, label, area, c->limits - 1, 0);
                memcpy(c->recalls + at, c->recalls + last, n * sizeof(f64));
                memcpy(c->precision + at * points, c->precision + last * points, n * points * sizeof(f64));
                memcpy(c->scores + at * points, c->scores + last * points, n * points * sizeof(f64));
                continue;
            }
            for (int threshold = 0; threshold < c->thresholds; threshold++) {
                int lane = limit * LANES + area * c->thresholds + threshold;
                const Progress *p = w->progress + lane;
                c->recalls[at + (size_t)threshold] = p->hits / (f64)total[area];
                finish_curve(c, p, w->best + (size_t)lane * points, c->precision + (at + (size_t)threshold) * points);
            }
        }
    }
}

/* Starts the curves of a class; returns whether it has a truth that counts anywhere. */
static int begin_curves(const Coco *c, Work *w, size_t label, u32 *total) {
    int any = 0, last = c->limits - 1;
    size_t lanes = (size_t)(c->areas * c->thresholds), points = (size_t)c->points;
    memset(total, 0, (size_t)c->areas * sizeof *total);
    for (u32 g = w->truth_start[label]; g < w->truth_start[label + 1]; g++)
        for (int a = 0; a < c->areas; a++) total[a] += !(w->truths[g].ignored >> a * c->thresholds & 1);
    for (int a = 0; a < c->areas; a++) {
        any |= total[a] > 0;
        if (!total[a]) leave_undefined(c, label, a);
    }
    if (!any) return 0;
    plan_points(c, total, w->need);
    w->apart = 0;
    memset(w->seen + last * c->areas, 0, (size_t)c->areas * sizeof *w->seen);
    memset(w->progress + last * LANES, 0, lanes * sizeof *w->progress);
    memset(w->best + (size_t)(last * LANES) * points, 0, lanes * points * sizeof *w->best);
    f64 score = w->start[label] < w->start[label + 1] ? w->found[w->start[label] + w->order[0].index].score : 0;
    for (int area = 0; area < c->areas; area++)
        for (int threshold = 0; total[area] && threshold < c->thresholds; threshold++) {
            f64 *scores = scores_of(c, label, area, last, threshold);
            memset(scores, 0, points * sizeof *scores);
            scores[0] = score; /* recall 0 is reached by the first detection, whatever it is */
        }
    return 1;
}

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
