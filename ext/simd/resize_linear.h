/* Linear resampling of uint16 and float32: a + f (b - a) in float32 along x, then along y. */
#include "simd/resize_plan.h"

#ifndef LEVEL
#include "simd/between.h"
#include "simd/resize_samples.h"
#define SIMD_SOURCE "simd/resize_linear.h"
#include "simd/levels.h"
/* Rows [y0, y1) of dst; fills the plan's tables from its lengths. -1 where there is no memory, else 0. */
DISPATCH(int, linear_u16,
         (const u16 *src, ptrdiff_t src_stride, u16 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, Linear *plan),
         (src, src_stride, dst, dst_stride, y0, y1, plan))
DISPATCH(int, linear_f32,
         (const f32 *src, ptrdiff_t src_stride, f32 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, Linear *plan),
         (src, src_stride, dst, dst_stride, y0, y1, plan))
#else

/* Where a window of a source row holds what eight target samples need: how many samples that is. AVX-512 picks from two
   vectors at once, AVX2 takes two windows of four targets each. */
#if LEVEL >= LEVEL_AVX512
#define LINEAR_TARGETS 8
#define LINEAR_REACH(size) (128 / (size)) /* or half of it */
#else
#define LINEAR_TARGETS 4
#define LINEAR_REACH(size) 8
#endif

#if LEVEL >= LEVEL_AVX2
/* Two cache lines; by integers, since they may lie outside the image. */
INLINE void FN(fetch)(const void *p, ptrdiff_t ahead) {
    __builtin_prefetch((const void *)((uintptr_t)p + (uintptr_t)ahead));
    __builtin_prefetch((const void *)((uintptr_t)p + (uintptr_t)ahead + 64));
}

/* Whether that pays for colour without windows: in images that the second cache is far from holding, of whose lines hardly any
   is skipped. It does not for gray. */
INLINE int FN(asks)(const Linear *plan, ptrdiff_t pixel) {
    return plan->width * pixel <= 64 * plan->target_width && (f64)plan->height * (f64)plan->width * (f64)pixel > 0x1p23;
}

/* Eight samples at `out`, `from` telling where the left and next ones come from in either row. */
#define LINEAR_EIGHT(from, masked, put, both, share, out)              \
    do {                                                               \
        __m256 a, b, weight = (share);                                 \
        from(row, &a, &b);                                             \
        __m256 v = FN(between8)(a, b, weight, masked);                 \
        if (both) {                                                    \
            from(lower, &a, &b);                                       \
            v = FN(between8)(v, FN(between8)(a, b, weight, masked), _mm256_set1_ps(f), 0); \
        }                                                              \
        put(out, v);                                                   \
    } while (0)

/* The rows that come next are asked for, which follow on no stream that the processor sees. */
#define WINDOWS(from, kind, result, masked, both)                                                                 \
    for (ptrdiff_t i = 0; i < samples; i += 8 * channels)                                                         \
        for (int k = 0; k < channels; k++) {                                                                      \
            const ptrdiff_t s = i + 8 * k;                                                                        \
            if (both) {                                                                                           \
                FN(fetch)(row + plan->window[s / LINEAR_TARGETS], ahead);                                         \
                FN(fetch)(lower + plan->window[s / LINEAR_TARGETS], ahead);                                       \
            }                                                                                                     \
            LINEAR_EIGHT(from, masked, FN(put8_##result), both, FN(shares)(plan->share + i / channels, 8 * k, channels), out + s); \
        }

/* The pixels whose vectors lie inside the row; those of a third channel's fourth lane are written over. */
#define ALONG_VECTORS(kind, result, masked, both)                                                                 \
    const i64 *left = plan->left;                                                                                 \
    const ptrdiff_t end = plan->width * channels, samples = 4 * plan->groups;                                     \
    if (plan->reach == LINEAR_REACH(sizeof(kind))) WINDOWS(WIDE_##kind, kind, result, masked, both)               \
    else WINDOWS(NARROW_##kind, kind, result, masked, both)                                                       \
    x = samples / channels;                                                                                       \
    if (channels == 1) {                                                                                          \
        for (; x + 8 <= plan->target_width && left[x + 7] + 2 <= end; x += 8)                                     \
            LINEAR_EIGHT(PAIRS_##kind, masked, FN(put8_##result), both, _mm256_loadu_ps(plan->share + x), out + x); \
    } else {                                                                                                      \
        const int asks = both && FN(asks)(plan, channels * sizeof(kind));                                         \
        for (; x + 1 < plan->target_width - (channels == 3) && left[x + 1] + 8 <= end; x += 2) {                  \
            const __m256 share = FN(two_shares)(plan->share + x);                                                 \
            const ptrdiff_t p = left[x], q = left[x + 1];                                                         \
            if (asks) FN(fetch)(row + p, ahead), FN(fetch)(lower + p, ahead);                                     \
            __m256 a, b;                                                                                          \
            FN(two_pixels)(FN(eight_##kind)(row + p), FN(eight_##kind)(row + q), channels, &a, &b);               \
            __m256 v = FN(between8)(a, b, share, masked);                                                         \
            if (both) {                                                                                           \
                FN(two_pixels)(FN(eight_##kind)(lower + p), FN(eight_##kind)(lower + q), channels, &a, &b);       \
                v = FN(between8)(v, FN(between8)(a, b, share, masked), _mm256_set1_ps(f), 0);                     \
            }                                                                                                     \
            FN(put4_##result)(out + x * channels, _mm256_castps256_ps128(v));                                     \
            FN(put4_##result)(out + (x + 1) * channels, _mm256_extractf128_ps(v, 1));                             \
        }                                                                                                         \
    }
#define NARROW_u16(row, a, b) FN(window_u16)(row, plan, s / 4, 0, a, b)
#define WIDE_u16(row, a, b) FN(window_u16)(row, plan, s / 4, 1, a, b)
#define NARROW_f32(row, a, b) FN(window_f32)(row, plan, s / 4, 0, a, b)
#define WIDE_f32(row, a, b) FN(window_f32)(row, plan, s / 4, 1, a, b)
#define PAIRS_u16(row, a, b) FN(pairs_u16)(row, left + x, a, b)
#define PAIRS_f32(row, a, b) FN(pairs_f32)(row, left + x, a, b)
#else
#define ALONG_VECTORS(kind, result, masked, both)
#endif

/* along_: one row along x. both_: that of two rows and what lies between them, at once; what comes next lies `ahead`
   bytes further. */
#define ALONG(name, kind, result, masked, both)                                                                  \
    INLINE void FN(name##_by)(const kind *row, const kind *lower, ptrdiff_t ahead, result *out, f32 f, const Linear *plan, const int channels) { \
        ptrdiff_t x = 0;                                                                                          \
        (void)lower, (void)ahead, (void)f;                                                                        \
        ALONG_VECTORS(kind, result, masked, both)                                                                 \
        for (; x < plan->target_width; x++)                                                                       \
            for (int c = 0; c < channels; c++) {                                                                  \
                const f32 share = plan->share[x];                                                                 \
                const kind *a = row + plan->left[x] + c, *b = a + (share != 0 ? channels : 0);                    \
                f32 v = FN(between)(*a, *b, share);                                                               \
                if (both) {                                                                                       \
                    a = lower + plan->left[x] + c, b = a + (share != 0 ? channels : 0);                           \
                    v = v + f * (FN(between)(*a, *b, share) - v);                                                 \
                }                                                                                                 \
                FN(put_##result)(out + x * channels + c, v);                                                      \
            }                                                                                                     \
    }                                                                                                             \
    INLINE void FN(name)(const kind *row, const kind *lower, ptrdiff_t ahead, result *out, f32 f, const Linear *plan) { \
        if (plan->channels == 1) FN(name##_by)(row, lower, ahead, out, f, plan, 1);                               \
        else if (plan->channels == 3) FN(name##_by)(row, lower, ahead, out, f, plan, 3);                          \
        else FN(name##_by)(row, lower, ahead, out, f, plan, 4);                                                   \
    }
ALONG(along_rows_u16, u16, f32, 0, 0)
ALONG(along_rows_f32, f32, f32, 1, 0)
ALONG(both_u16, u16, u16, 0, 1)
ALONG(both_f32, f32, f32, 1, 1)
#undef ALONG
#undef ALONG_VECTORS
#if LEVEL >= LEVEL_AVX2
#undef WINDOWS
#undef LINEAR_EIGHT
#undef NARROW_u16
#undef WIDE_u16
#undef PAIRS_u16
#undef NARROW_f32
#undef WIDE_f32
#undef PAIRS_f32
#endif
INLINE void FN(along_u16)(const u16 *row, f32 *out, const Linear *plan) { FN(along_rows_u16)(row, row, 0, out, 0, plan); }
INLINE void FN(along_f32)(const f32 *row, f32 *out, const Linear *plan) { FN(along_rows_f32)(row, row, 0, out, 0, plan); }

INLINE void FN(across_f32)(const f32 *restrict top, const f32 *restrict bottom, f32 *restrict out, f32 f, ptrdiff_t n, int stream) {
    (void)stream;
    if (top == bottom) {
        memcpy(out, top, (size_t)n * sizeof *out);
        return;
    }
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    const __m256 share = _mm256_set1_ps(f);
    for (; i < n && (uintptr_t)(out + i) % 64; i++) out[i] = top[i] + f * (bottom[i] - top[i]);
    if (stream)
        for (; i + 8 <= n; i += 8)
            _mm256_stream_ps(out + i, FN(between8)(_mm256_loadu_ps(top + i), _mm256_loadu_ps(bottom + i), share, 0));
    for (; i + 16 <= n; i += 16) {
        prefetch_write(out + i, 64);
#if LEVEL >= LEVEL_AVX512
        __m512 a = _mm512_loadu_ps(top + i), b = _mm512_loadu_ps(bottom + i);
        _mm512_store_ps(out + i, _mm512_add_ps(a, _mm512_mul_ps(_mm512_set1_ps(f), _mm512_sub_ps(b, a))));
#else
        for (ptrdiff_t k = i; k < i + 16; k += 8)
            _mm256_store_ps(out + k, FN(between8)(_mm256_loadu_ps(top + k), _mm256_loadu_ps(bottom + k), share, 0));
#endif
    }
#endif
    for (; i < n; i++) out[i] = top[i] + f * (bottom[i] - top[i]);
}

INLINE void FN(across_u16)(const f32 *restrict top, const f32 *restrict bottom, u16 *restrict out, f32 f, ptrdiff_t n, int stream) {
    (void)stream;
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    const __m256 share = _mm256_set1_ps(f);
    for (; i + 16 <= n; i += 16) {
        __m256i low = _mm256_cvtps_epi32(FN(between8)(_mm256_loadu_ps(top + i), _mm256_loadu_ps(bottom + i), share, 0));
        __m256i high = _mm256_cvtps_epi32(FN(between8)(_mm256_loadu_ps(top + i + 8), _mm256_loadu_ps(bottom + i + 8), share, 0));
        _mm256_storeu_si256((__m256i *)(out + i), _mm256_permute4x64_epi64(_mm256_packus_epi32(low, high), 0xd8));
    }
#endif
    for (; i < n; i++) FN(put_u16)(out + i, top[i] + f * (bottom[i] - top[i]));
}

LINEAR(u16, f32)
LINEAR(f32, f32)
#undef LINEAR_TARGETS
#undef LINEAR_REACH
#endif
