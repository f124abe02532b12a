/* What COCO's evaluation is given, what it keeps meanwhile, and both in the order of the sweep. */
#ifndef IMGPROC_COCO_WORK_H
#define IMGPROC_COCO_WORK_H

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

#endif
