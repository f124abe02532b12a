/* Pointwise maps of float32 samples: powers and straight lines. */
#ifndef LEVEL
#include <float.h>
#define SIMD_SOURCE "simd/float_maps.h"

/* Before a loop whose iterations touch the same index of src and dst, which may be one array. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define INDEPENDENT _Pragma("GCC ivdep")
#else
#define INDEPENDENT
#endif

/* Positions after which the pattern of 1, 3 or 4 channels and that of any vector repeat. */
enum { PATTERN = 48 };

#include "simd/levels.h"

/* n samples, `channels` deep (1, 3 or 4, the fourth is copied): dst = gain * src ** gamma.
   0 below 0, NaN for NaN, 0 everywhere else when gain is 0. dst may be src. */
DISPATCH(void, power_f32, (const f32 *src, f32 *dst, ptrdiff_t n, int channels, f64 gamma, f64 gain),
         (src, dst, n, channels, gamma, gain))
/* n samples: dst = min(max((src - low[i % PATTERN]) * scale[i % PATTERN], least[..]), most[..]), each step rounded to
   float32; NaN stays. dst may be src. */
DISPATCH(void, affine_f32,
         (const f32 *src, f32 *dst, ptrdiff_t n, const f32 *low, const f32 *scale, const f32 *least, const f32 *most),
         (src, dst, n, low, scale, least, most))

#else

/* exp2(gamma * log2(x)) in float64 by polynomials whose errors are 2^-37.8 of the logarithm and 2^-28.5 of the power:
   0.05 units in the last place of float32 before the only rounding. The steps are loops of their own, because one
   sample is a chain of a hundred dependent operations, of which a processor sees too few samples at once. */
enum { FN(BLOCK) = 512 };

/* x = 2^whole * m with sqrt(1/2) <= m < sqrt(2), and s = (m - 1) / (m + 1); subnormal numbers are scaled first. */
INLINE void FN(reduce)(const f32 *restrict in, f64 *restrict whole, f64 *restrict s, int n) {
    for (int j = 0; j < n; j++) {
        const f32 x = in[j], normal = x < FLT_MIN ? x * 16777216.0f : x;
        i32 bits;
        memcpy(&bits, &normal, 4);
        const i32 exponent = (bits - 0x3f3504f3) >> 23;
        const u32 reduced = (u32)bits - ((u32)exponent << 23);
        f32 m;
        memcpy(&m, &reduced, 4);
        const f64 f = m - 1.0f;
        whole[j] = exponent - (x < FLT_MIN ? 24 : 0);
        s[j] = f / (f + 2.0);
    }
}

/* y = gamma * log2(x), with log2(m) = 2 atanh(s) / ln(2), within what a float64 exponent holds. */
INLINE void FN(logarithm)(const f64 *restrict whole, f64 *restrict s, f64 gamma, int n) {
    for (int j = 0; j < n; j++) {
        const f64 z = s[j] * s[j], zz = z * z;
        const f64 p = (2.885390081789987 + 0.9617966734515483 * z) +
                      ((0.5770835660048963 + 0.411673766236194 * z) + 0.34071204158583535 * zz) * zz;
        f64 y = gamma * (whole[j] + s[j] * p);
        y = y > -1022.0 ? y : -1022.0;
        s[j] = y < 1023.0 ? y : 1023.0;
    }
}

/* gain * 2^y. Adding 1.5 * 2^52 rounds to an integer and leaves it in the low bits, from where it moves to the exponent. */
INLINE void FN(exponential)(const f64 *restrict y, f32 *restrict out, f64 gain, int n) {
    for (int j = 0; j < n; j++) {
        const f64 shifted = y[j] + 6755399441055744.0, g = y[j] - (shifted - 6755399441055744.0), gg = g * g;
        f64 q = (1.0 + 0.6931472067028326 * g) + (0.24022650922288757 + 0.05550327226670302 * g) * gg +
                ((0.009618056678524639 + 0.001340042817761574 * g) + 0.00015461444698568747 * gg) * (gg * gg);
        u64 integer, result;
        memcpy(&integer, &shifted, 8);
        memcpy(&result, &q, 8);
        result += integer << 52;
        memcpy(&q, &result, 8);
        out[j] = (f32)(gain * q);
    }
}

static void FN(power_f32)(const f32 *src, f32 *dst, ptrdiff_t n, int channels, f64 gamma, f64 gain) {
    f32 in[FN(BLOCK)], out[FN(BLOCK)];
    f64 whole[FN(BLOCK)], s[FN(BLOCK)];
    const f32 beyond = gain > 0 ? INFINITY : 0;
    for (ptrdiff_t i = 0; i < n; i += FN(BLOCK)) {
        const int size = n - i < FN(BLOCK) ? (int)(n - i) : FN(BLOCK);
        memcpy(in, src + i, sizeof(f32) * (size_t)size);
        if (gamma == 1)
            for (int j = 0; j < size; j++) out[j] = (f32)(gain * in[j]);
        else {
            FN(reduce)(in, whole, s, size);
            FN(logarithm)(whole, s, gamma, size);
            FN(exponential)(s, out, gain, size);
        }
        for (int j = 0; j < size; j++) {
            const f32 x = in[j];
            f32 r = x > 0 ? out[j] : 0;
            r = x > FLT_MAX ? beyond : r;
            out[j] = x != x ? x : r;
        }
        if (channels == 4)
            for (int j = 3; j < size; j += 4) out[j] = in[j];
        memcpy(dst + i, out, sizeof(f32) * (size_t)size);
    }
}

static void FN(affine_f32)(const f32 *src, f32 *dst, ptrdiff_t n, const f32 *low, const f32 *scale, const f32 *least,
                           const f32 *most) {
#define MAPPED(i, j)                                       \
    f32 y = (src[i] - low[j]) * scale[j];                  \
    y = y < least[j] ? least[j] : y;                       \
    dst[i] = y > most[j] ? most[j] : y
    ptrdiff_t i = 0;
    for (; i + PATTERN <= n; i += PATTERN) {
        INDEPENDENT
        for (int j = 0; j < PATTERN; j++) {
            MAPPED(i + j, j);
        }
    }
    for (int j = 0; i < n; i++, j++) {
        MAPPED(i, j);
    }
#undef MAPPED
}

#endif
