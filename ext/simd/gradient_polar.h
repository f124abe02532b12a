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

/* atan(sqrt(smaller / larger)), the angle to the nearer axis, for product = sqrt(smaller * larger): t (1 + u q)(1 + v q) /
   ((1 + w q)(1 + z q)) with q = t * t, minimax and 2.9e-7 off at most, multiplied out so that the only division comes
   last and nothing long waits for it. All three are 0 or larger >= 1, and larger < 2^41: its cube stays in range. */
INLINE f32 angle_of(f32 product, f32 smaller, f32 larger) {
    const f32 above = (larger + 7.049390901e-2f * smaller) * (larger + 5.927072952e-1f * smaller);
    const f32 below = (larger + 2.264043037e-1f * smaller) * (larger + 7.700946068e-1f * smaller);
    return product * above / (larger * below + 1e-30f); /* 0 / 1e-30 for no gradient; others do not see it */
}

/* From the angle to the nearer axis, which is that of y where `steep`. Neither gx nor gy is ever a negative zero: the sign bit of
   gx chooses without a comparison. */
INLINE f32 direction_of(f32 gx, f32 gy, int steep, f32 angle) {
    const f32 from_right = steep ? 1.57079633f - angle : angle;
    i32 sign;
    memcpy(&sign, &gx, sizeof sign);
    return copysignf(sign < 0 ? 3.14159265f - from_right : from_right, gy);
}

#define SIMD_SOURCE "simd/gradient_polar.h"
#include "simd/levels.h"

/* magnitude = hypot(gx, gy) and direction = atan2(gy, gx), 0 for a gradient of zero. From whole numbers, below 2^20 as
   float32 holds them, the magnitude is the root of the sum of squares; the squares of int16 up to 4095 are exact. From
   any float32 it is within 3.25 units in the last place and overflows only where the result does. NaN gives NaN in both. */
DISPATCH(void, polar_i16, (const i16 *gx, const i16 *gy, f32 *magnitude, f32 *direction, ptrdiff_t n),
         (gx, gy, magnitude, direction, n))
DISPATCH(void, polar_whole, (const f32 *gx, const f32 *gy, f32 *magnitude, f32 *direction, ptrdiff_t n),
         (gx, gy, magnitude, direction, n))
DISPATCH(void, polar_f32, (const f32 *gx, const f32 *gy, f32 *magnitude, f32 *direction, ptrdiff_t n),
         (gx, gy, magnitude, direction, n))
#endif

#else

#define POLAR_WHOLE(suffix, type)                                                                                      \
    static void FN(polar_##suffix)(const type *restrict gx, const type *restrict gy, f32 *restrict magnitude,          \
                                   f32 *restrict direction, ptrdiff_t n) {                                             \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                            \
            const f32 x = gx[i], y = gy[i], xx = x * x, yy = y * y;                                                    \
            const f32 larger = xx > yy ? xx : yy, smaller = xx > yy ? yy : xx;                                         \
            magnitude[i] = sqrtf(xx + yy);                                                                             \
            direction[i] = direction_of(x, y, yy > xx, angle_of(fabsf(x * y), smaller, larger));                       \
        }                                                                                                              \
    }
POLAR_WHOLE(i16, i16)
POLAR_WHOLE(whole, f32)
#undef POLAR_WHOLE

static void FN(polar_f32)(const f32 *restrict gx, const f32 *restrict gy, f32 *restrict magnitude,
                          f32 *restrict direction, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const f32 ax = fabsf(gx[i]), ay = fabsf(gy[i]);
        /* NaN in either makes `smaller` or both NaN. */
        const f32 larger = ax > ay ? ax : ay, smaller = ax > ay ? ay : ax;
        f32 t = smaller / (larger == 0 ? 1.0f : larger);
        t = smaller > 3.402823466e38f ? 1.0f : t;
        magnitude[i] = larger * sqrtf(1.0f + t * t);
        direction[i] = direction_of(gx[i], gy[i], ay > ax, arctangent(t));
    }
}
#endif
