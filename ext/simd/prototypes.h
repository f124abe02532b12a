/* A mask as a sum of prototypes, where it is needed. */
#ifndef LEVEL
#ifndef IMGPROC_PROTOTYPES_H
#define IMGPROC_PROTOTYPES_H
#include "simd/common.h"

/* 1 / (1 + e^-x), without overflow. */
static UNUSED void logistic(f32 *values, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const f32 decay = expf(-fabsf(values[i]));
        values[i] = (values[i] >= 0 ? 1.0f : decay) / (1.0f + decay);
    }
}

#define SIMD_SOURCE "simd/prototypes.h"
#include "simd/levels.h"

/* Rows [y0, y1), columns [x0, x1) of the sum of `count` maps of `plane` values, each by its coefficient, into the same
   places of `mixed`. */
DISPATCH(void, mix_prototypes,
         (const f32 *coefficients, const f32 *maps, ptrdiff_t count, ptrdiff_t plane, ptrdiff_t width, ptrdiff_t y0, ptrdiff_t y1,
          ptrdiff_t x0, ptrdiff_t x1, f32 *mixed),
         (coefficients, maps, count, plane, width, y0, y1, x0, x1, mixed))
#endif
#else

static void FN(mix_prototypes)(const f32 *coefficients, const f32 *maps, ptrdiff_t count, ptrdiff_t plane, ptrdiff_t width,
                               ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t x0, ptrdiff_t x1, f32 *mixed) {
    const ptrdiff_t n = x1 - x0;
    for (ptrdiff_t y = y0; y < y1; y++) {
        const f32 *restrict from = maps + y * width + x0;
        f32 *restrict to = mixed + y * width + x0;
        for (ptrdiff_t x = 0; x < n; x++) to[x] = 0;
        ptrdiff_t p = 0;
        /* Four at a time, or most of the time goes into writing sums and reading them again. */
        for (; p + 4 <= count; p += 4) {
            const f32 *a = from + p * plane, *b = a + plane, *c = b + plane, *d = c + plane, *k = coefficients + p;
            for (ptrdiff_t x = 0; x < n; x++) to[x] += (a[x] * k[0] + b[x] * k[1]) + (c[x] * k[2] + d[x] * k[3]);
        }
        for (; p < count; p++)
            for (ptrdiff_t x = 0; x < n; x++) to[x] += from[p * plane + x] * coefficients[p];
    }
}

#endif
