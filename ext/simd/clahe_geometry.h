/* Where the centres of tiles lie, and the weights between them.

   Between tile centres the weights are exact rationals: pixel i lies in segment k = floor((2 i + t) / 2 t) between
   the centres of tiles k - 1 and k (t pixels each), at the fraction ((2 i + t) mod 2 t) / 2 t of the way. Outside the
   outer centres both tiles are the same. */
#ifndef IMGPROC_CLAHE_GEOMETRY_H
#define IMGPROC_CLAHE_GEOMETRY_H
#include "simd/common.h"

#define CLAHE_STRIP 1024 /* samples that go through the small buffers at once */

INLINE u32 clahe_pair(f64 fraction) {
    i32 f = (i32)(fraction * 32768 + 0.5);
    f = f < 32767 ? f : 32767;
    return (u32)(u16)(i16)(f - 32768) | (u32)(u16)(i16)-f << 16;
}

/* The segment of pixel i. */
INLINE ptrdiff_t clahe_segment(ptrdiff_t i, ptrdiff_t tile) { return (2 * i + tile) / (2 * tile); }

INLINE f64 clahe_fraction(ptrdiff_t i, ptrdiff_t tile) { return (f64)((2 * i + tile) % (2 * tile)) / (f64)(2 * tile); }

/* Where segment k ends among the n pixels from x on. */
INLINE ptrdiff_t clahe_stop(ptrdiff_t k, ptrdiff_t x, ptrdiff_t n, ptrdiff_t tiles, ptrdiff_t tile) {
    ptrdiff_t stop = ((2 * k + 1) * tile + 1) / 2 - x;
    return k < tiles && stop < n ? stop : n;
}

#endif
