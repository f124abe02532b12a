/* Pointwise maps of float32 samples: powers, straight lines and reciprocals. */
#ifndef LEVEL
#include <float.h>
#define SIMD_SOURCE "simd/float_maps.h"

/* Positions after which the pattern of 1, 3 or 4 channels and that of any vector repeat. */
enum { PATTERN = 48 };

#include "simd/levels.h"

/* n samples, `channels` deep (1, 3 or 4, the fourth is copied): dst = gain * (src ** gamma in float32).
   0 below 0, NaN for NaN, 0 everywhere else when gain is 0. dst may be src. */
DISPATCH(void, power_f32, (const f32 *src, f32 *dst, ptrdiff_t n, int channels, f64 gamma, f64 gain),
         (src, dst, n, channels, gamma, gain))
/* table[v] = top * gain * (v / top) ** gamma, of power_f32, to nearest, half to even, limited to top = count - 1 < 65536;
   `near` gets, in order, the v for which that lies within margin times itself of a half; gives their number. */
DISPATCH(ptrdiff_t, power_levels, (u16 *table, i32 *near, i32 count, f64 gamma, f64 gain, f64 margin),
         (table, near, count, gamma, gain, margin))
/* n samples: dst = min(max((src - low[i % PATTERN]) * scale[i % PATTERN], least[..]), most[..]), each step rounded to
   float32; NaN stays. dst may be src. */
DISPATCH(void, affine_f32,
         (const f32 *src, f32 *dst, ptrdiff_t n, const f32 *low, const f32 *scale, const f32 *least, const f32 *most),
         (src, dst, n, low, scale, least, most))
/* n samples: dst = product / src; infinite where src is 0 or below; NaN stays. dst may be src. */
DISPATCH(void, reciprocal_f32, (const f32 *src, f32 *dst, ptrdiff_t n, f32 product), (src, dst, n, product))

#else

/* src ** gamma = exp2(gamma * log2(src)) in float32 with the leading parts of the logarithm and of its product with
   gamma kept apart (twice 12 bits multiply exactly): 1.3 + gamma / 10 units in the last place were measured. The steps
   are loops of their own over blocks in the first cache, because one sample is a chain of a hundred dependent
   operations, of which a processor sees too few samples at once; float64 takes 1.7 times as long. */

INLINE f32 FN(leading)(f32 x) {
    u32 bits;
    memcpy(&bits, &x, 4);
    bits &= 0xfffff000u;
    memcpy(&x, &bits, 4);
    return x;
}

/* x = 2^exponent * (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), and s = f / (2 + f); subnormal numbers are scaled first. */
INLINE void FN(reduce)(const f32 *restrict in, f32 *restrict exponent, f32 *restrict fraction, f32 *restrict s, int n) {
    for (int j = 0; j < n; j++) {
        const f32 x = in[j], normal = x < FLT_MIN ? x * 16777216.0f : x;
        i32 bits;
        memcpy(&bits, &normal, 4);
        const i32 whole = (bits - 0x3f3504f3) >> 23;
        const u32 reduced = (u32)bits - ((u32)whole << 23);
        f32 m;
        memcpy(&m, &reduced, 4);
        exponent[j] = (f32)whole - (x < FLT_MIN ? 24.0f : 0.0f);
        fraction[j] = m - 1.0f;
        s[j] = (m - 1.0f) / (m + 1.0f);
    }
}

/* ln(1 + f) = f - f^2/2 + s (f^2/2 + R(s^2)) = high + low; coefficients of R from FreeBSD's e_logf.c (error 2^-34). */
INLINE void FN(logarithm)(const f32 *restrict fraction, f32 *restrict s, f32 *restrict high, int n) {
    for (int j = 0; j < n; j++) {
        const f32 f = fraction[j], half = 0.5f * f * f, z = s[j] * s[j], w = z * z;
        const f32 r = z * (0.66666662693f + w * 0.28498786688f) + w * (0.40000972152f + w * 0.24279078841f);
        high[j] = FN(leading)(f - half);
        s[j] = (f - high[j]) - half + s[j] * (half + r);
    }
}

/* y = gamma * log2(x) replaces high, and its distance from the next integer replaces low. */
INLINE void FN(exponent_of)(const f32 *restrict exponent, f32 *restrict high, f32 *restrict low, f64 gamma, int n) {
    const f64 per_ln = gamma * 1.4426950408889634;
    const f32 gamma_high = FN(leading)((f32)gamma), gamma_low = (f32)(gamma - gamma_high);
    const f32 ln_all = (f32)per_ln, ln_high = FN(leading)((f32)per_ln), ln_low = (f32)(per_ln - ln_high);
    for (int j = 0; j < n; j++) {
        const f32 a = exponent[j] * gamma_high, b = high[j] * ln_high;
        const f32 c = exponent[j] * gamma_low + (high[j] * ln_low + low[j] * ln_all);
        const f32 y = a + (b + c), nearest = (y + 12582912.0f) - 12582912.0f;
        high[j] = y;
        low[j] = ((a - nearest) + b) + c;
    }
}

/* 2^y. Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits, from where it moves to the exponent, kept
   away from the exponent's ends by a factor 2^64 or 2^-64 that a multiplication takes back, with the one rounding of subnormals. */
INLINE void FN(exponential)(const f32 *restrict in, const f32 *restrict y, const f32 *restrict distance,
                            f32 *restrict out, int n) {
    for (int j = 0; j < n; j++) {
        const f32 x = in[j], g = distance[j], gg = g * g, shifted = y[j] + 12582912.0f;
        const f32 p = (0.24022650922288757f + 0.05550327226670302f * g) +
                      gg * ((0.009618056678524639f + 0.001340042817761574f * g) + 0.00015461444698568747f * gg);
        f32 q = 1.0f + (0.6931472067028326f * g + gg * p);
        u32 integer, result;
        memcpy(&integer, &shifted, 4);
        memcpy(&result, &q, 4);
        result += (integer << 23) + (y[j] < 0 ? 64u << 23 : 448u << 23);
        memcpy(&q, &result, 4);
        q *= y[j] < 0 ? 0x1p-64f : 0x1p64f;
        q = y[j] > 188.0f ? INFINITY : q;
        q = y[j] > -188.0f && x > 0 ? q : 0;
        out[j] = x <= FLT_MAX ? q : x;
    }
}

enum { FN(BLOCK) = 256 };

static void FN(power_f32)(const f32 *src, f32 *dst, ptrdiff_t n, int channels, f64 gamma, f64 gain) {
    f32 in[FN(BLOCK)], out[FN(BLOCK)], exponent[FN(BLOCK)], s[FN(BLOCK)], high[FN(BLOCK)];
    /* Beyond these nothing but 0, 1 and infinity comes out. */
    const f64 limited = gamma < 1e30 ? gamma > 1e-30 ? gamma : 1e-30 : 1e30;
    for (ptrdiff_t i = 0; i < n; i += FN(BLOCK)) {
        const int size = n - i < FN(BLOCK) ? (int)(n - i) : FN(BLOCK);
#if defined(__GNUC__)
        /* Between the blocks' bursts of loads the processor sees no stream to run ahead of. */
        if (n - i >= 3 * FN(BLOCK))
            for (int j = 2 * FN(BLOCK); j < 3 * FN(BLOCK); j += 16) {
                __builtin_prefetch(src + i + j);
                __builtin_prefetch(dst + i + j, 1);
            }
#endif
        memcpy(in, src + i, sizeof(f32) * (size_t)size);
        if (gamma == 1)
            for (int j = 0; j < size; j++) out[j] = in[j] < 0 ? 0 : in[j];
        else {
            FN(reduce)(in, exponent, out, s, size);
            FN(logarithm)(out, s, high, size);
            FN(exponent_of)(exponent, high, s, limited, size);
            FN(exponential)(in, high, s, out, size);
        }
        if (gain == 0)
            for (int j = 0; j < size; j++) out[j] = out[j] != out[j] ? out[j] : 0;
        else if (gain != 1)
            for (int j = 0; j < size; j++) out[j] = (f32)(gain * out[j]);
        if (channels == 4)
            for (int j = 3; j < size; j += 4) out[j] = in[j];
        memcpy(dst + i, out, sizeof(f32) * (size_t)size);
    }
}

/* top * powers to nearest, as in float_code, and whether that lies close to a half. */
INLINE void FN(round_levels)(const f32 *restrict powers, u16 *restrict table, u8 *restrict close, int n, f64 top, f64 margin) {
    for (int j = 0; j < n; j++) {
        f64 level = top * powers[j];
        level = level < top + 1 ? level : top + 1;
        const f64 nearest = (level + 6755399441055744.0) - 6755399441055744.0, limited = nearest < top ? nearest : top;
        close[j] = fabs(nearest - level) >= 0.5 - margin * level;
        table[j] = (u16)(i32)limited;
    }
}

static ptrdiff_t FN(power_levels)(u16 *table, i32 *near, i32 count, f64 gamma, f64 gain, f64 margin) {
    const f32 top = (f32)(count - 1);
    ptrdiff_t found = 0;
    u8 close[FN(BLOCK)];
    f32 powers[FN(BLOCK)];
    for (i32 start = 0; start < count; start += FN(BLOCK)) {
        const int size = count - start < FN(BLOCK) ? count - start : FN(BLOCK);
        for (int j = 0; j < size; j++) powers[j] = (f32)(start + j) / top;
        FN(power_f32)(powers, powers, size, 1, gamma, gain);
        FN(round_levels)(powers, table + start, close, size, top, margin);
        for (int j = size; j < FN(BLOCK); j++) close[j] = 0;
        for (int j = 0; j < FN(BLOCK); j += 8) {
            u64 any;
            memcpy(&any, close + j, 8);
            if (any == 0) continue;
            for (int k = j; k < j + 8; k++)
                if (close[k]) near[found++] = start + k;
        }
    }
    return found;
}

#if LEVEL == LEVEL_AVX512
#define WIDTH 16
#define LOAD(p) _mm512_loadu_ps(p)
#define STEP(name, a, b) _mm512_##name##_ps(a, b)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#elif LEVEL == LEVEL_AVX2
#define WIDTH 8
#define LOAD(p) _mm256_loadu_ps(p)
#define STEP(name, a, b) _mm256_##name##_ps(a, b)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#endif

static void FN(affine_f32)(const f32 *src, f32 *dst, ptrdiff_t n, const f32 *low, const f32 *scale, const f32 *least,
                           const f32 *most) {
    ptrdiff_t i = 0;
#if LEVEL != LEVEL_BASELINE
    /* max and min give their second operand where one is NaN: that is the sample. Compilers make blends of it. */
    for (; i + PATTERN <= n; i += PATTERN)
        for (int j = 0; j < PATTERN; j += WIDTH)
            STORE(dst + i + j, STEP(min, LOAD(most + j),
                                    STEP(max, LOAD(least + j),
                                         STEP(mul, STEP(sub, LOAD(src + i + j), LOAD(low + j)), LOAD(scale + j)))));
#endif
    for (int j = 0; i < n; i++) {
        f32 y = (src[i] - low[j]) * scale[j];
        y = least[j] > y ? least[j] : y;
        dst[i] = most[j] < y ? most[j] : y;
        if (++j == PATTERN) j = 0;
    }
}

static void FN(reciprocal_f32)(const f32 *src, f32 *dst, ptrdiff_t n, f32 product) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const f32 quotient = product / src[i];
        dst[i] = src[i] <= 0 ? INFINITY : quotient;
    }
}

#undef WIDTH
#undef LOAD
#undef STEP
#undef STORE
#endif
