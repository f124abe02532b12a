/* Means of frames: sums of a strip of samples over all frames stay in the first cache, so that each sample is read once
   and each result written once. Integer means are exact, rounded half to even. */
#ifndef LEVEL
/* Samples of a strip. */
#define FRAMES_STRIP 2048

#define SIMD_SOURCE "simd/frames.h"
#include "simd/levels.h"

/* Adds n samples of each of `count` frames to `sums` (NULL: to zeros, kept nowhere). Where dst is not NULL, it gets
   the means of the `total` frames added so far instead, and sums are left as they were; either is not NULL.
   At most 2^24 frames of u8 and 2^36 of u16 in total. */
#define DISPATCH_FRAMES(sample, sum)                                                                             \
    DISPATCH(void, frames_##sample,                                                                              \
             (const sample *const *frames, ptrdiff_t count, sum *sums, sample *dst, ptrdiff_t n, ptrdiff_t total), \
             (frames, count, sums, dst, n, total))
DISPATCH_FRAMES(u8, u32)
DISPATCH_FRAMES(u16, u64)
DISPATCH_FRAMES(f32, f64)
#undef DISPATCH_FRAMES

#else

/* sums[i] += every frame's sample `at + i`, in the order of the frames: floats are rounded alike however many come in
   one call. */
#define ADD_FRAMES(sample, sum)                                                                                       \
    INLINE void FN(add_##sample##_##sum)(const sample *const *frames, ptrdiff_t count, ptrdiff_t at, sum *restrict sums, \
                                         ptrdiff_t m) {                                                               \
        ptrdiff_t k = 0;                                                                                              \
        for (; k + 4 <= count; k += 4) {                                                                              \
            const sample *a = frames[k] + at, *b = frames[k + 1] + at, *c = frames[k + 2] + at, *d = frames[k + 3] + at; \
            for (ptrdiff_t i = 0; i < m; i++) sums[i] = (sum)((((sums[i] + a[i]) + b[i]) + c[i]) + d[i]);             \
        }                                                                                                             \
        for (; k < count; k++) {                                                                                      \
            const sample *a = frames[k] + at;                                                                         \
            for (ptrdiff_t i = 0; i < m; i++) sums[i] = (sum)(sums[i] + a[i]);                                        \
        }                                                                                                             \
    }
ADD_FRAMES(u8, u16)
ADD_FRAMES(u16, u32)
ADD_FRAMES(f32, f64)
#undef ADD_FRAMES

/* sum / total, rounded half to even by adding `magic`, which leaves no bits behind the point.
   The quotient of two numbers that the type holds is exact where it is half an integer; elsewhere it differs from one by
   1 / (2 total) or more and is not rounded to it while total is below the bound: with f32, quotients below 2^8 (2^16)
   are off by 2^-17 (2^-9) at most. Products with the inverse are quotients where total is a power of two. */
#define ROUND_MEANS(sample, sum, real, magic)                                                                        \
    INLINE void FN(round_##sum##_##real)(const sum *restrict sums, sample *restrict dst, ptrdiff_t m, ptrdiff_t total) { \
        const real divisor = (real)total, inverse = 1 / divisor;                                                     \
        if ((total & (total - 1)) == 0)                                                                              \
            for (ptrdiff_t i = 0; i < m; i++) {                                                                      \
                const real shifted = FN(real_##sum##_##real)(sums[i]) * inverse + magic;                             \
                dst[i] = (sample)FN(low_bits_##real)(shifted);                                                       \
            }                                                                                                        \
        else                                                                                                         \
            for (ptrdiff_t i = 0; i < m; i++) {                                                                      \
                const real shifted = FN(real_##sum##_##real)(sums[i]) / divisor + magic;                             \
                dst[i] = (sample)FN(low_bits_##real)(shifted);                                                       \
            }                                                                                                        \
    }
INLINE u32 FN(low_bits_f32)(f32 v) {
    u32 bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}
INLINE u64 FN(low_bits_f64)(f64 v) {
    u64 bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}
/* An integer below 2^52 in the fraction of 2^52: there is no conversion instruction before AVX-512. */
INLINE f64 FN(real_u64_f64)(u64 v) {
    const u64 bits = v | (u64)0x433 << 52;
    f64 real;
    memcpy(&real, &bits, sizeof real);
    return real - 4503599627370496.0;
}
INLINE f64 FN(real_u32_f64)(u32 v) { return FN(real_u64_f64)(v); }
INLINE f32 FN(real_u16_f32)(u16 v) { return (f32)v; }
/* Below 2^24. */
INLINE f32 FN(real_u32_f32)(u32 v) { return (f32)(i32)v; }
ROUND_MEANS(u8, u16, f32, 8388608.0f)
ROUND_MEANS(u8, u32, f64, 4503599627370496.0)
ROUND_MEANS(u16, u32, f32, 8388608.0f)
ROUND_MEANS(u16, u64, f64, 4503599627370496.0)
#undef ROUND_MEANS

/* `part` holds sums of `parts` frames. Few frames are never added up in `sum`. */
#define FRAMES(sample, part, sum, few, parts)                                                                        \
    static void FN(frames_##sample)(const sample *const *frames, ptrdiff_t count, sum *sums, sample *dst, ptrdiff_t n, \
                                    ptrdiff_t total) {                                                               \
        part some[FRAMES_STRIP];                                                                                     \
        sum all[FRAMES_STRIP];                                                                                       \
        for (ptrdiff_t at = 0; at < n; at += FRAMES_STRIP) {                                                         \
            const ptrdiff_t m = n - at < FRAMES_STRIP ? n - at : FRAMES_STRIP;                                       \
            if (!sums && count <= few) {                                                                             \
                memset(some, 0, sizeof some);                                                                        \
                FN(add_##sample##_##part)(frames, count, at, some, m);                                               \
                FN(round_##part##_f32)(some, dst + at, m, total);                                                    \
                continue;                                                                                            \
            }                                                                                                        \
            sum *strip = sums && !dst ? sums + at : all;                                                             \
            if (!sums) memset(all, 0, sizeof all);                                                                   \
            else if (dst) memcpy(all, sums + at, (size_t)m * sizeof(sum));                                           \
            for (ptrdiff_t k = 0; k < count; k += parts) {                                                           \
                memset(some, 0, sizeof some);                                                                        \
                FN(add_##sample##_##part)(frames + k, count - k < parts ? count - k : parts, at, some, m);           \
                for (ptrdiff_t i = 0; i < m; i++) strip[i] += some[i];                                               \
            }                                                                                                        \
            if (dst) FN(round_##sum##_f64)(strip, dst + at, m, total);                                               \
        }                                                                                                            \
    }
FRAMES(u8, u16, u32, 257, 257)
FRAMES(u16, u32, u64, 128, 65537)
#undef FRAMES

static void FN(frames_f32)(const f32 *const *frames, ptrdiff_t count, f64 *sums, f32 *dst, ptrdiff_t n, ptrdiff_t total) {
    const f64 divisor = (f64)total;
    f64 all[FRAMES_STRIP];
    for (ptrdiff_t at = 0; at < n; at += FRAMES_STRIP) {
        const ptrdiff_t m = n - at < FRAMES_STRIP ? n - at : FRAMES_STRIP;
        f64 *strip = sums && !dst ? sums + at : all;
        if (!sums) memset(all, 0, sizeof all);
        else if (dst) memcpy(all, sums + at, (size_t)m * sizeof(f64));
        FN(add_f32_f64)(frames, count, at, strip, m);
        if (dst)
            for (ptrdiff_t i = 0; i < m; i++) dst[at + i] = (f32)(strip[i] / divisor);
    }
}

#endif
