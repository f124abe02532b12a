/* Magnitude and direction of gradients, the same bits at every level: sums, products, quotients and roots are all
   rounded by IEEE 754, and no estimate instruction is used. */
#ifndef LEVEL
#ifndef IMGPROC_GRADIENT_POLAR_H
#define IMGPROC_GRADIENT_POLAR_H
#include "simd/common.h"

/* atan(t) for t in [0, 1]: a minimax polynomial, 2.5e-7 off at most. Summed by Estrin's scheme: Horner's chain of
   fourteen operations would be longer than what the processor can hold of other pixels meanwhile. */
INLINE f32 arctangent(f32 t) {
    const f32 q = t * t, q2 = q * q;
    const f32 low = 9.999961257e-1f - 3.331736922e-1f * q, middle = 1.980781555e-1f - 1.323334128e-1f * q;
    const f32 high = 7.962365448e-2f - 3.360420465e-2f * q + 6.811787840e-3f * q2;
    return (low + middle * q2 + high * (q2 * q2)) * t;
}

/* From the angle to the nearer axis, whose tangent is t. gy is never a negative zero. */
INLINE f32 direction_of(f32 gx, f32 gy, f32 t) {
    const f32 from_y = fabsf(gy) > fabsf(gx) ? 1.57079633f : 0.0f, from_left = gx < 0 ? 3.14159265f : 0.0f;
    return copysignf(fabsf(from_left - fabsf(from_y - arctangent(t))), gy);
}

#define SIMD_SOURCE "simd/gradient_polar.h"
#include "simd/levels.h"

/* magnitude = hypot(gx, gy) and direction = atan2(gy, gx), 0 for a gradient of zero. From int16 the magnitude is the
   root of the sum of squares, rounded twice at most; from float32 it is within 3.25 units in the last place and overflows only where
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
        const f32 x = gx[i], y = gy[i], ax = fabsf(x), ay = fabsf(y);
        const f32 larger = ax > ay ? ax : ay, smaller = ax > ay ? ay : ax;
        magnitude[i] = sqrtf(x * x + y * y); /* squares up to 4095 are exact */
        direction[i] = direction_of(x, y, smaller / (larger > 1 ? larger : 1.0f));
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
