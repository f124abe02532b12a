/* What RoIAlign reads for the boxes of one image: made once, used for every block of channels. */
#ifndef IMGPROC_ROI_PLAN_H
#define IMGPROC_ROI_PLAN_H
#include "simd/roi_taps.h"

/* A box along one axis: where its part of the tables begins, and how many places it reads. */
typedef struct {
    i64 places, taps, starts;
    i32 n;
} RoiPart;

/* Two parts to a box, down and across. */
typedef struct {
    RoiPart *parts;
    i32 *places, *taps;
    f32 *weights;
    i64 *starts;
    i64 most_pixels, most_across; /* that one box reads */
    i64 pixels;                   /* that all boxes read, those of two of them twice */
} RoiPlan;

static UNUSED void roi_plan_free(RoiPlan *plan) {
    free(plan->parts), free(plan->places), free(plan->taps), free(plan->weights), free(plan->starts);
    memset(plan, 0, sizeof *plan);
}

INLINE i64 roi_least(i64 a, i64 b) {
    return a < b ? a : b;
}

/* Fills `plan` for the boxes numbered boxes[0] to boxes[n - 1]; `origins`, `sizes` and `grids` have two numbers for each
   box. 0 without memory, with nothing to free. */
static UNUSED int roi_plan(const i64 *boxes, ptrdiff_t n, const f32 *origins, const f32 *sizes, const i64 *grids,
                           const ptrdiff_t *bins, const ptrdiff_t *extent, RoiPlan *plan) {
    i64 places = 0, taps = 0, starts = 0;
    memset(plan, 0, sizeof *plan);
    plan->parts = malloc((size_t)(2 * n + 1) * sizeof *plan->parts);
    if (!plan->parts) return 0;
    for (ptrdiff_t i = 0; i < 2 * n; i++) {
        const int axis = i % 2;
        /* A bin reads no more places than two for a sample. */
        const i64 most = roi_least(2 * grids[2 * boxes[i / 2] + axis], extent[axis]);
        const RoiPart part = {places, taps, starts, 0};
        plan->parts[i] = part;
        places += roi_least(most * bins[axis], extent[axis]), taps += most * bins[axis], starts += bins[axis] + 1;
    }
    plan->places = malloc((size_t)(places + 1) * sizeof *plan->places);
    plan->taps = malloc((size_t)(taps + 1) * sizeof *plan->taps);
    plan->weights = malloc((size_t)(taps + 1) * sizeof *plan->weights);
    plan->starts = malloc((size_t)(starts + 1) * sizeof *plan->starts);
    if (!plan->places || !plan->taps || !plan->weights || !plan->starts) {
        roi_plan_free(plan);
        return 0;
    }
    for (ptrdiff_t i = 0; i < 2 * n; i++) {
        const int axis = i % 2;
        const i64 at = 2 * boxes[i / 2] + axis;
        RoiPart *part = plan->parts + i;
        const RoiSide side = {origins[at], sizes[at], grids[at]};
        RoiTaps to = {plan->places + part->places, plan->taps + part->taps, plan->weights + part->taps, plan->starts + part->starts};
        part->n = roi_axis_taps(&side, bins[axis], (i32)extent[axis], &to);
        if (axis == 0) continue;
        const i64 pixels = (i64)part[-1].n * part->n;
        plan->pixels += pixels;
        plan->most_pixels = pixels > plan->most_pixels ? pixels : plan->most_pixels;
        plan->most_across = part->n > plan->most_across ? part->n : plan->most_across;
    }
    return 1;
}

#endif
