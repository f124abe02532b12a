/* The sums of a tile: rows of the image at one scale, and their integral images, columns apart by the step of the windows. */
#ifndef LEVEL
#ifndef IMGPROC_CASCADE_ROWS_H
#define IMGPROC_CASCADE_ROWS_H
#include "simd/common.h"

/* Where the samples of an axis come from: sample i is ((256 - weight) * src[from] + weight * src[from + 1]) / 256. */
typedef struct {
    i32 from, weight;
} CascadeTap;

/* OpenCV's INTER_LINEAR_EXACT: weights rounded to 8 bits, the ends repeated. `length` > 1. */
static void cascade_tap(CascadeTap *tap, ptrdiff_t i, ptrdiff_t length, ptrdiff_t out_length) {
    const f64 scale = 1.0 / ((f64)out_length / (f64)length), at = scale * ((f64)i + 0.5) - 0.5, low = floor(at);
    if (low < 0) *tap = (CascadeTap){0, 0};
    else if (low >= (f64)(length - 1)) *tap = (CascadeTap){(i32)(length - 2), 256};
    else *tap = (CascadeTap){(i32)low, (i32)rint((at - low) * 256.0)};
}

#define SIMD_SOURCE "simd/cascade_rows.h"
#endif
#include "simd/levels.h"
/* One row of n samples: `mixed` has room for `width` values. */
DISPATCH(void, cascade_row,
         (const u8 *top, const u8 *bottom, i32 weight, u16 *mixed, ptrdiff_t width, const CascadeTap *taps, u8 *row, ptrdiff_t n),
         (top, bottom, weight, mixed, width, taps, row, n))
/* The running sums of a row, n + 1 of them, begin with 0; squares may be NULL. */
DISPATCH(void, cascade_running, (const u8 *row, ptrdiff_t n, u32 *sums, u32 *squares), (row, n, sums, squares))
/* planes[k * plane + i] = above[k * plane + i] + values[i * step + k], n values in all; above may be NULL. */
DISPATCH(void, cascade_spread,
         (const u32 *values, ptrdiff_t n, int step, ptrdiff_t plane, const u32 *above, u32 *planes),
         (values, n, step, plane, above, planes))

#else

static void FN(cascade_row)(const u8 *top, const u8 *bottom, i32 weight, u16 *restrict mixed, ptrdiff_t width,
                            const CascadeTap *taps, u8 *restrict row, ptrdiff_t n) {
    for (ptrdiff_t x = 0; x < width; x++) mixed[x] = (u16)(top[x] * (256 - weight) + bottom[x] * weight);
    for (ptrdiff_t x = 0; x < n; x++) {
        const u16 *at = mixed + taps[x].from;
        const u32 w = (u32)taps[x].weight;
        row[x] = (u8)((at[0] * (256 - w) + at[1] * w + 32768) >> 16);
    }
}

static void FN(cascade_running)(const u8 *restrict row, ptrdiff_t n, u32 *restrict sums, u32 *restrict squares) {
    u32 sum = 0, square = 0;
    sums[0] = 0;
    if (!squares) {
        for (ptrdiff_t x = 0; x < n; x++) sums[x + 1] = sum += row[x];
        return;
    }
    squares[0] = 0;
    for (ptrdiff_t x = 0; x < n; x++) {
        const u32 v = row[x];
        sums[x + 1] = sum += v;
        squares[x + 1] = square += v * v;
    }
}

static void FN(cascade_spread)(const u32 *restrict values, ptrdiff_t n, int step, ptrdiff_t plane, const u32 *restrict above,
                               u32 *restrict planes) {
    if (step == 1) {
        for (ptrdiff_t i = 0; i < n; i++) planes[i] = values[i] + (above ? above[i] : 0);
    } else if (step == 2) {
        u32 *odd = planes + plane;
        const u32 *above_odd = above ? above + plane : NULL;
        for (ptrdiff_t i = 0; i < n / 2; i++) {
            planes[i] = values[2 * i] + (above ? above[i] : 0);
            odd[i] = values[2 * i + 1] + (above ? above_odd[i] : 0);
        }
        if (n & 1) planes[n / 2] = values[n - 1] + (above ? above[n / 2] : 0);
    } else {
        for (ptrdiff_t i = 0; i < n; i++) {
            const ptrdiff_t at = i % step * plane + i / step;
            planes[at] = values[i] + (above ? above[at] : 0);
        }
    }
}

#endif
