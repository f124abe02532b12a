/* Magnitude and direction of gradients, the same bits at every level: sums, products, quotients and roots are all
   rounded by IEEE 754, and no estimate instruction is used. */
#ifndef LEVEL
#ifndef IMGPROC_GRADIENT_POLAR_H
#define IMGPROC_GRADIENT_POLAR_H
#include "simd/common.h"

/* atan(t) for t in [0, 1]: a minimax polynomial, 2.5e-7 off at most. */
INLINE f32 arctangent(f32 t) {
    const f32 q = t * t;
    f32 p = 6.811787840e-3f;
    p = p * q - 3.360420465e-2f;
    p = p * q + 7.962365448e-2f;
    p = p * q - 1.323334128e-1f;
    p = p * q + 1.980781555e-1f;
    p = p * q - 3.331736922e-1f;
    return (p * q + 9.999961257e-1f) * t;
}

/* From the angle between the vector and the nearer axis, `t` its tangent. A negative zero in gy does not occur. */
INLINE f32 direction_of(f32 gx, f32 gy, f32 t) {
    f32 angle = arctangent(t);
    angle = fabsf(gy) > fabsf(gx) ? 1.57079633f - angle : angle;
    angle = gx < 0 ? 3.14159265f - angle : angle;
    return gy < 0 ? -angle : angle;
}

#define SIMD_SOURCE "simd/gradient_polar.h"
#include "simd/levels.h"

/* magnitude = hypot(gx, gy) and direction = atan2(gy, gx), 0 for a gradient of zero. From int16 the magnitude is the
   root of the exact sum of squares; from float32 it is within 3.25 units in the last place and overflows only where
   the result does. NaN gives NaN in both. */
DISPATCH(void, polar_i16, (const i16 *gx, const i16 *gy, f32 *magnitude, f32 *direction, ptrdiff_t n),
         (gx, gy, magnitude, direction, n))
DISPATCH(void, polar_f32, (const f32 *gx, const f32 *gy, f32 *magnitude, f32 *direction, ptrdiff_t n),
         (gx, gy, magnitude, direction, n))
#endif

#else

static void FN(polar_i16)(const i16 *restrict gx, const i16 *restrict gy, f32 *restrict magnitude,
                          f32 *restrict direction, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const i32 x = gx[i], y = gy[i];
        const f32 fx = (f32)x, fy = (f32)y, ax = fabsf(fx), ay = fabsf(fy);
        const f32 larger = ax > ay ? ax : ay, smaller = ax > ay ? ay : ax;
        magnitude[i] = sqrtf((f32)(x * x + y * y));
        direction[i] = direction_of(fx, fy, smaller / (larger > 1 ? larger : 1.0f));
    }
}

static void FN(polar_f32)(const f32 *restrict gx, const f32 *restrict gy, f32 *restrict magnitude,
                          f32 *restrict direction, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const f32 ax = fabsf(gx[i]), ay = fabsf(gy[i]);
        /* NaN in either makes `smaller` or both NaN. */
        const f32 larger = ax > ay ? ax : ay, smaller = ax > ay ? ay : ax;
        f32 t = smaller / (larger == 0 ? 1.0f : larger);
        t = smaller > 3.402823466e38f ? 1.0f : t;
        magnitude[i] = larger * sqrtf(1.0f + t * t);
        direction[i] = direction_of(gx[i], gy[i], t);
    }
}
#endif
