/* Where the samples of RoIAlign lie along one axis, and what each place of the map counts in each bin. */
#ifndef IMGPROC_ROI_TAPS_H
#define IMGPROC_ROI_TAPS_H
#include "simd/common.h"

/* Boxes along one axis: the first bin begins at `origin`, bins are `size` long and hold `grid` samples each. */
typedef struct {
    f32 origin, size;
    i64 grid;
} RoiSide;

/* What is written: places ascending, each once, and for each bin the places it reads with their weights. */
typedef struct {
    i32 *places; /* of the map */
    i32 *taps;   /* numbers of places */
    f32 *weights;
    i64 *starts; /* of the taps of each bin, one more than bins */
} RoiTaps;

/* The order of these operations is torchvision's. */
INLINE f32 roi_sample(const RoiSide *side, ptrdiff_t bin, i64 sample) {
    return side->origin + (f32)bin * side->size + ((f32)sample + 0.5f) * side->size / (f32)side->grid;
}

/* The first of [from, grid) that lies at `least` or beyond; they ascend. */
static UNUSED i64 roi_first_sample(const RoiSide *side, ptrdiff_t bin, i64 from, f32 least) {
    i64 end = side->grid;
    while (from < end) {
        const i64 middle = from + (end - from) / 2;
        if (roi_sample(side, bin, middle) < least)
            from = middle + 1;
        else
            end = middle;
    }
    return from;
}

/* One more place, or the one of the last two that it is: its number among `n`. */
INLINE i32 roi_place(i32 *places, i32 *n, i32 place) {
    for (i32 back = 1; back <= 2 && back <= *n; back++)
        if (places[*n - back] == place) return *n - back;
    places[*n] = place;
    return (*n)++;
}

/* A place's weight, added to the one that this bin gave it before. Those without any are left out: what is not finite
   there must not spread. */
INLINE void roi_tap(const RoiTaps *to, i32 *n, i64 first, i64 *end, i32 place, f32 weight) {
    if (!(weight > 0)) return;
    const i32 number = roi_place(to->places, n, place);
    for (i64 at = *end - 1; at >= first && at >= *end - 2; at--)
        if (to->taps[at] == number) {
            to->weights[at] += weight;
            return;
        }
    to->taps[*end] = number, to->weights[*end] = weight;
    (*end)++;
}

/* Fills `to` for one box; gives how many places there are. Samples beyond [-1, extent] count nothing, those beyond the
   outer centres what the outer pixels are. */
static UNUSED i32 roi_axis_taps(const RoiSide *side, ptrdiff_t bins, i32 extent, const RoiTaps *to) {
    i32 n = 0;
    i64 end = 0;
    to->starts[0] = 0;
    for (ptrdiff_t bin = 0; bin < bins; bin++) {
        const i64 first = end;
        for (i64 i = roi_first_sample(side, bin, 0, -1.0f); i < side->grid; i++) {
            f32 at = roi_sample(side, bin, i);
            if (at > (f32)extent) break;
            if (at < 0) at = 0;
            const i32 low = (i32)at;
            if (low >= extent - 1) {
                roi_tap(to, &n, first, &end, extent - 1, 1.0f);
                continue;
            }
            const f32 part = at - (f32)low;
            roi_tap(to, &n, first, &end, low, 1.0f - part);
            roi_tap(to, &n, first, &end, low + 1, part);
        }
        to->starts[bin + 1] = end;
    }
    return n;
}

#endif
