/* Which of n source pixels lie around pixel d of m, along one axis: its centre is at (d + 1/2) n / m - 1/2. */
#ifndef IMGPROC_RESIZE_AXES_H
#define IMGPROC_RESIZE_AXES_H
#include "simd/common.h"

/* The pixel in which the centre lies. */
INLINE i64 axis_nearest(i64 n, i64 m, i64 d) { return (2 * d + 1) * n / (2 * m); }

/* The same of d and of those that follow, without a division for each. */
typedef struct {
    i64 pixel, rest;         /* position: pixel + rest / unit */
    i64 whole, part, unit;   /* and the step */
} NearestAxis;
INLINE NearestAxis axis_from(i64 n, i64 m, i64 d) {
    NearestAxis at = {(2 * d + 1) * n / (2 * m), (2 * d + 1) * n % (2 * m), n / m, 2 * (n % m), 2 * m};
    return at;
}
INLINE void axis_next(NearestAxis *at) {
    at->pixel += at->whole, at->rest += at->part;
    if (at->rest >= at->unit) at->rest -= at->unit, at->pixel++;
}

/* The pixel below the centre, and the share of the next: 0 beyond the outermost centres, by integers. */
INLINE i64 axis_linear(i64 n, i64 m, i64 d, f32 *share) {
    i64 position = (2 * d + 1) * n - m, first = position > 0 ? position / (2 * m) : 0;
    *share = 0;
    if (first >= n - 1) return n - 1;
    if (position > 0) *share = (f32)((f64)(position - first * 2 * m) / (f64)(2 * m));
    return first;
}

/* Rounds half to even, |v| < 2^22. */
INLINE i16 axis_weight(f32 v) {
    f32 shifted = v + 12582912.0f;
    u32 bits;
    memcpy(&bits, &shifted, sizeof bits);
    return (i16)bits;
}
/* The pixel below the centre, which may be -1, and the weights of it and the next, of 2048, as OpenCV rounds them: from
   positions in float32. */
INLINE i64 axis_fixed(f64 scale, i64 d, i16 weights[2]) {
    f32 position = (f32)(((f64)d + 0.5) * scale - 0.5);
    i64 first = (i64)position;
    first -= (f32)first > position;
    f32 share = position - (f32)first;
    weights[0] = axis_weight((1.0f - share) * 2048.0f);
    weights[1] = axis_weight(share * 2048.0f);
    return first;
}
INLINE f64 axis_scale(i64 n, i64 m) { return 1.0 / ((f64)m / (f64)n); }

INLINE i64 axis_clip(i64 i, i64 n) { return i < 0 ? 0 : i < n ? i : n - 1; }
#endif
