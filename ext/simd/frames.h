/* Means of frames: sums of a strip of samples over all frames stay in the first cache, so that each sample is read once
   and each result written once. Integer means are exact, rounded half to even. */
#ifndef LEVEL
/* Samples of a strip. */
#define FRAMES_STRIP 4096

#define SIMD_SOURCE "simd/frames.h"
#include "simd/levels.h"

/* The means of n samples of `count` frames. At most 2^24 frames of u8 and 2^36 of u16. */
#define DISPATCH_FRAMES(sample) \
    DISPATCH(void, mean_##sample, (const sample *const *frames, ptrdiff_t count, sample *dst, ptrdiff_t n), (frames, count, dst, n))
DISPATCH_FRAMES(u8)
DISPATCH_FRAMES(u16)
DISPATCH_FRAMES(f32)
#undef DISPATCH_FRAMES

/* Adds n samples of one frame to sums that hold 257 frames of u8, 65537 of u16, any number of f32. */
DISPATCH(void, add_u8, (const u8 *frame, u16 *sums, ptrdiff_t n), (frame, sums, n))
DISPATCH(void, add_u16, (const u16 *frame, u32 *sums, ptrdiff_t n), (frame, sums, n))
DISPATCH(void, add_f32, (const f32 *frame, f64 *sums, ptrdiff_t n), (frame, sums, n))

/* The means of `total` frames from their sums. */
DISPATCH(void, divide_u8, (const u16 *sums, u8 *dst, ptrdiff_t n, ptrdiff_t total), (sums, dst, n, total))
DISPATCH(void, divide_u16, (const u32 *sums, u16 *dst, ptrdiff_t n, ptrdiff_t total), (sums, dst, n, total))
DISPATCH(void, divide_f32, (const f64 *sums, f32 *dst, ptrdiff_t n, ptrdiff_t total), (sums, dst, n, total))
/* The same from sums of more frames. */
DISPATCH(void, divide_many_u8, (const u32 *sums, u8 *dst, ptrdiff_t n, ptrdiff_t total), (sums, dst, n, total))
DISPATCH(void, divide_many_u16, (const u64 *sums, u16 *dst, ptrdiff_t n, ptrdiff_t total), (sums, dst, n, total))

#else

#define FRAME_POINTERS(sample, p, from)                                                                                \
    const sample *p##0 = (from)[0] + at, *p##1 = (from)[1] + at, *p##2 = (from)[2] + at, *p##3 = (from)[3] + at;       \
    const sample *p##4 = (from)[4] + at, *p##5 = (from)[5] + at, *p##6 = (from)[6] + at, *p##7 = (from)[7] + at
#define ADD_EIGHT(total, p) \
    (((((((((total) + p##0[i]) + p##1[i]) + p##2[i]) + p##3[i]) + p##4[i]) + p##5[i]) + p##6[i]) + p##7[i])

/* sums[i] += every frame's sample `at + i`, in the order of the frames: floats are rounded alike however many come in
   one call. Sixteen at a time, as loading and storing the sums would take longer than adding; eight at a time take an
   eighth longer, four twice as long. */
#define ADD_FRAMES(sample, sum)                                                                                        \
    INLINE void FN(add_##sample##_##sum)(const sample *const *frames, ptrdiff_t count, ptrdiff_t at,                   \
                                         sum *restrict sums, ptrdiff_t n) {                                            \
        ptrdiff_t k = 0;                                                                                               \
        for (; k + 16 <= count; k += 16) {                                                                             \
            FRAME_POINTERS(sample, p, frames + k);                                                                     \
            FRAME_POINTERS(sample, q, frames + k + 8);                                                                 \
            for (ptrdiff_t i = 0; i < n; i++) sums[i] = (sum)ADD_EIGHT(ADD_EIGHT(sums[i], p), q);                      \
        }                                                                                                              \
        for (; k + 8 <= count; k += 8) {                                                                               \
            FRAME_POINTERS(sample, p, frames + k);                                                                     \
            for (ptrdiff_t i = 0; i < n; i++) sums[i] = (sum)ADD_EIGHT(sums[i], p);                                    \
        }                                                                                                              \
        for (; k < count; k++) {                                                                                       \
            const sample *a = frames[k] + at;                                                                          \
            for (ptrdiff_t i = 0; i < n; i++) sums[i] = (sum)(sums[i] + a[i]);                                         \
        }                                                                                                              \
    }
ADD_FRAMES(u16, u32)
ADD_FRAMES(f32, f64)
#undef ADD_FRAMES

/* Asks for `bytes` from `offset` behind p on, which may lie behind the array: such a request is dropped. */
INLINE void FN(ask_for)(const void *p, ptrdiff_t offset, ptrdiff_t bytes) {
#if defined(__GNUC__)
    for (ptrdiff_t at = 0; at < bytes; at += 64) __builtin_prefetch((const void *)((uintptr_t)p + (uintptr_t)(offset + at)));
#else
    (void)p, (void)offset, (void)bytes;
#endif
}

/* Four at a time, and the strip of the next four is asked for meanwhile: a strip of bytes is a page of its frame, and no
   processor foresees the first lines of a page. All sixteen frames of 2 MB at once take 0.85 ms in place of 0.71. Strips
   of wider samples are several pages, and gain nothing. */
INLINE void FN(add_u8_u16)(const u8 *const *frames, ptrdiff_t count, ptrdiff_t at, u16 *restrict sums, ptrdiff_t n) {
    enum { STEP = 256 };
    ptrdiff_t k = 0;
    for (; k + 4 <= count; k += 4) {
        const u8 *a = frames[k] + at, *b = frames[k + 1] + at, *c = frames[k + 2] + at, *d = frames[k + 3] + at;
        for (ptrdiff_t x = 0; x < n; x += STEP) {
            const ptrdiff_t end = n - x < STEP ? n : x + STEP;
            for (ptrdiff_t f = k + 4; f < k + 8; f++)
                if (f < count) FN(ask_for)(frames[f], at + x, STEP);
                else FN(ask_for)(frames[f - k - 4], at + x + FRAMES_STRIP, STEP);
            for (ptrdiff_t i = x; i < end; i++) sums[i] = (u16)(sums[i] + a[i] + b[i] + c[i] + d[i]);
        }
    }
    for (; k < count; k++) {
        const u8 *a = frames[k] + at;
        for (ptrdiff_t i = 0; i < n; i++) sums[i] = (u16)(sums[i] + a[i]);
    }
}
#undef ADD_EIGHT
#undef FRAME_POINTERS

/* sum / total, rounded half to even by adding `magic`, which leaves no bits behind the point.
   The quotient of two numbers that the type holds is exact where it is half an integer; elsewhere it differs from one by
   1 / (2 total) or more and is not rounded to it while total is below the bound: with f32, quotients below 2^8 (2^16)
   are off by 2^-17 (2^-9) at most. Products with the inverse are quotients where total is a power of two. */
#define ROUND_MEANS(sample, sum, real, magic)                                                                           \
    INLINE void FN(round_##sample##_##sum##_##real)(const sum *restrict sums, sample *restrict dst, ptrdiff_t n,         \
                                                    ptrdiff_t total) {                                                  \
        const real divisor = (real)total, inverse = 1 / divisor;                                                        \
        if ((total & (total - 1)) == 0)                                                                                 \
            for (ptrdiff_t i = 0; i < n; i++)                                                                           \
                dst[i] = (sample)FN(low_bits_##real)(FN(real_##sum##_##real)(sums[i]) * inverse + magic);               \
        else                                                                                                            \
            for (ptrdiff_t i = 0; i < n; i++)                                                                           \
                dst[i] = (sample)FN(low_bits_##real)(FN(real_##sum##_##real)(sums[i]) / divisor + magic);               \
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
ROUND_MEANS(u16, u32, f64, 4503599627370496.0)
ROUND_MEANS(u16, u64, f64, 4503599627370496.0)
#undef ROUND_MEANS

static void FN(divide_u8)(const u16 *sums, u8 *dst, ptrdiff_t n, ptrdiff_t total) {
    FN(round_u8_u16_f32)(sums, dst, n, total);
}
static void FN(divide_many_u8)(const u32 *sums, u8 *dst, ptrdiff_t n, ptrdiff_t total) {
    FN(round_u8_u32_f64)(sums, dst, n, total);
}
static void FN(divide_u16)(const u32 *sums, u16 *dst, ptrdiff_t n, ptrdiff_t total) {
    if (total <= 128) FN(round_u16_u32_f32)(sums, dst, n, total);
    else FN(round_u16_u32_f64)(sums, dst, n, total);
}
static void FN(divide_many_u16)(const u64 *sums, u16 *dst, ptrdiff_t n, ptrdiff_t total) {
    FN(round_u16_u64_f64)(sums, dst, n, total);
}
static void FN(divide_f32)(const f64 *restrict sums, f32 *restrict dst, ptrdiff_t n, ptrdiff_t total) {
    const f64 divisor = (f64)total;
    for (ptrdiff_t i = 0; i < n; i++) dst[i] = (f32)(sums[i] / divisor);
}

static void FN(add_u8)(const u8 *frame, u16 *sums, ptrdiff_t n) { FN(add_u8_u16)(&frame, 1, 0, sums, n); }
static void FN(add_u16)(const u16 *frame, u32 *sums, ptrdiff_t n) { FN(add_u16_u32)(&frame, 1, 0, sums, n); }
static void FN(add_f32)(const f32 *frame, f64 *sums, ptrdiff_t n) {
    ptrdiff_t i = 0;
#if LEVEL == LEVEL_AVX512
    for (; i + 8 <= n; i += 8)
        _mm512_storeu_pd(sums + i, _mm512_add_pd(_mm512_loadu_pd(sums + i), _mm512_cvtps_pd(_mm256_loadu_ps(frame + i))));
#elif LEVEL == LEVEL_AVX2
    for (; i + 4 <= n; i += 4)
        _mm256_storeu_pd(sums + i, _mm256_add_pd(_mm256_loadu_pd(sums + i), _mm256_cvtps_pd(_mm_loadu_ps(frame + i))));
#endif
    for (; i < n; i++) sums[i] += frame[i];
}

/* `some` holds sums of `part` frames. */
#define MEAN(sample, few, sum, part)                                                                                   \
    static void FN(mean_##sample)(const sample *const *frames, ptrdiff_t count, sample *dst, ptrdiff_t n) {            \
        few some[FRAMES_STRIP];                                                                                        \
        sum all[FRAMES_STRIP];                                                                                         \
        for (ptrdiff_t at = 0; at < n; at += FRAMES_STRIP) {                                                           \
            const ptrdiff_t m = n - at < FRAMES_STRIP ? n - at : FRAMES_STRIP;                                         \
            memset(some, 0, sizeof some);                                                                              \
            if (count <= part) {                                                                                       \
                FN(add_##sample##_##few)(frames, count, at, some, m);                                                  \
                FN(divide_##sample)(some, dst + at, m, count);                                                         \
                continue;                                                                                              \
            }                                                                                                          \
            memset(all, 0, sizeof all);                                                                                \
            for (ptrdiff_t k = 0; k < count; k += part) {                                                              \
                memset(some, 0, sizeof some);                                                                          \
                FN(add_##sample##_##few)(frames + k, count - k < part ? count - k : part, at, some, m);                \
                for (ptrdiff_t i = 0; i < m; i++) all[i] += some[i];                                                   \
            }                                                                                                          \
            FN(divide_many_##sample)(all, dst + at, m, count);                                                         \
        }                                                                                                              \
    }
MEAN(u8, u16, u32, 257)
MEAN(u16, u32, u64, 65537)
#undef MEAN

static void FN(mean_f32)(const f32 *const *frames, ptrdiff_t count, f32 *dst, ptrdiff_t n) {
    f64 all[FRAMES_STRIP];
    for (ptrdiff_t at = 0; at < n; at += FRAMES_STRIP) {
        const ptrdiff_t m = n - at < FRAMES_STRIP ? n - at : FRAMES_STRIP;
        memset(all, 0, sizeof all);
        FN(add_f32_f64)(frames, count, at, all, m);
        FN(divide_f32)(all, dst + at, m, count);
    }
}

#endif
