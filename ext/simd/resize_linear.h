/* Linear resampling of uint16 and float32: a + f (b - a) in float32 along x, then along y. */
#include "simd/resize_plan.h"

#ifndef LEVEL
#include "simd/between.h"
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

#if LEVEL >= LEVEL_AVX2
INLINE __m128 FN(four_u16)(const u16 *p) { return _mm_cvtepi32_ps(_mm_cvtepu16_epi32(_mm_loadl_epi64((const __m128i *)p))); }
INLINE __m128 FN(four_f32)(const f32 *p) { return _mm_loadu_ps(p); }

/* Left and next samples of eight targets, from two windows. */
INLINE void FN(window_u16)(const u16 *row, const i64 *window, const u8 *order, __m256 *a, __m256 *b) {
    __m256i pairs = _mm256_loadu2_m128i((const __m128i *)(row + window[1]), (const __m128i *)(row + window[0]));
    pairs = _mm256_shuffle_epi8(pairs, _mm256_loadu_si256((const __m256i *)order));
    *a = _mm256_cvtepi32_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(0xffff)));
    *b = _mm256_cvtepi32_ps(_mm256_srli_epi32(pairs, 16));
}
INLINE void FN(window_f32)(const f32 *row, const i64 *window, const u8 *order, __m256 *a, __m256 *b) {
    __m256 p = _mm256_permutevar8x32_ps(_mm256_loadu_ps(row + window[0]), _mm256_loadu_si256((const __m256i *)order));
    __m256 q = _mm256_permutevar8x32_ps(_mm256_loadu_ps(row + window[1]), _mm256_loadu_si256((const __m256i *)order + 1));
    *a = _mm256_permute2f128_ps(p, q, 0x20);
    *b = _mm256_permute2f128_ps(p, q, 0x31);
}
/* The same from anywhere; by way of registers: a vector load of what was just stored in parts would stall. */
INLINE __m128i FN(pairs4)(const u16 *row, const i64 *left) {
    i32 pair[4];
    for (int k = 0; k < 4; k++) memcpy(&pair[k], row + left[k], 4);
    __m128i pairs = _mm_insert_epi32(_mm_cvtsi32_si128(pair[0]), pair[1], 1);
    return _mm_insert_epi32(_mm_insert_epi32(pairs, pair[2], 2), pair[3], 3);
}
INLINE void FN(pairs_u16)(const u16 *row, const i64 *left, __m256 *a, __m256 *b) {
    __m256i pairs = _mm256_set_m128i(FN(pairs4)(row, left + 4), FN(pairs4)(row, left));
    *a = _mm256_cvtepi32_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(0xffff)));
    *b = _mm256_cvtepi32_ps(_mm256_srli_epi32(pairs, 16));
}
INLINE __m128 FN(pairs2)(const f32 *first, const f32 *second) {
    return _mm_loadh_pi(_mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)first), (const __m64 *)second);
}
INLINE void FN(pairs_f32)(const f32 *row, const i64 *left, __m256 *a, __m256 *b) {
    __m256 p = _mm256_set_m128(FN(pairs2)(row + left[4], row + left[5]), FN(pairs2)(row + left[0], row + left[1]));
    __m256 q = _mm256_set_m128(FN(pairs2)(row + left[6], row + left[7]), FN(pairs2)(row + left[2], row + left[3]));
    *a = _mm256_shuffle_ps(p, q, 0x88);
    *b = _mm256_shuffle_ps(p, q, 0xdd);
}

/* Eight shares of samples from those of pixels. */
INLINE __m256 FN(shares)(const f32 *share, ptrdiff_t sample, const int channels) {
    if (channels == 1) return _mm256_loadu_ps(share + sample);
    const f32 *from = share + sample / channels;
    if (channels == 4) return _mm256_set_m128(_mm_broadcast_ss(from + 1), _mm_broadcast_ss(from));
    const int k = (int)(sample % 3);
    __m256i lane = k == 0 ? _mm256_setr_epi32(0, 0, 0, 1, 1, 1, 2, 2) : k == 1 ? _mm256_setr_epi32(0, 0, 1, 1, 1, 2, 2, 2) : _mm256_setr_epi32(0, 1, 1, 1, 2, 2, 2, 3);
    return _mm256_permutevar8x32_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)), lane);
}

/* The pixels whose vectors lie inside the row; those of a third channel's fourth lane are written over. */
#define ALONG_VECTORS(kind, masked)                                                                               \
    const i64 *left = plan->left;                                                                                 \
    const ptrdiff_t end = plan->width * channels, samples = 4 * plan->groups;                                     \
    for (ptrdiff_t i = 0; i < samples; i += 8 * channels)                                                         \
        for (int k = 0; k < channels; k++) {                                                                      \
            const ptrdiff_t s = i + 8 * k;                                                                        \
            __m256 a, b;                                                                                          \
            FN(window_##kind)(row, plan->window + s / 4, plan->order + s / 4 * PLAN_ORDER(sizeof(kind)), &a, &b);  \
            _mm256_storeu_ps(out + s, FN(between8)(a, b, FN(shares)(plan->share + i / channels, 8 * k, channels), masked)); \
        }                                                                                                         \
    x = samples / channels;                                                                                       \
    if (channels == 1) {                                                                                          \
        for (; x + 8 <= plan->target_width && left[x + 7] + 2 <= end; x += 8) {                                   \
            __m256 a, b;                                                                                          \
            FN(pairs_##kind)(row, left + x, &a, &b);                                                              \
            _mm256_storeu_ps(out + x, FN(between8)(a, b, _mm256_loadu_ps(plan->share + x), masked));              \
        }                                                                                                         \
    } else {                                                                                                      \
        for (; x + 2 <= plan->target_width && left[x + 1] + channels + 4 <= end; x += 2) {                        \
            prefetch_read(row + left[x], 64);                                                                     \
            const kind *p = row + left[x], *q = row + left[x + 1];                                                \
            __m256 a = _mm256_set_m128(FN(four_##kind)(q), FN(four_##kind)(p));                                   \
            __m256 b = _mm256_set_m128(FN(four_##kind)(q + channels), FN(four_##kind)(p + channels));             \
            __m256 f = _mm256_set_m128(_mm_broadcast_ss(plan->share + x + 1), _mm_broadcast_ss(plan->share + x)); \
            __m256 v = FN(between8)(a, b, f, masked);                                                             \
            _mm_storeu_ps(out + x * channels, _mm256_castps256_ps128(v));                                         \
            _mm_storeu_ps(out + (x + 1) * channels, _mm256_extractf128_ps(v, 1));                                 \
        }                                                                                                         \
        for (; x < plan->target_width && left[x] + channels + 4 <= end; x++) {                                    \
            __m128 a = FN(four_##kind)(row + left[x]), b = FN(four_##kind)(row + left[x] + channels);             \
            _mm_storeu_ps(out + x * channels, FN(between4)(a, b, _mm_broadcast_ss(plan->share + x), masked));     \
        }                                                                                                         \
    }
#else
#define ALONG_VECTORS(kind, masked)
#endif

#define ALONG(kind, masked)                                                                 \
    INLINE void FN(along_by_##kind)(const kind *row, f32 *out, const Linear *plan, const int channels) { \
        ptrdiff_t x = 0;                                                                    \
        ALONG_VECTORS(kind, masked)                                                         \
        for (; x < plan->target_width; x++) {                                               \
            const kind *a = row + plan->left[x];                                            \
            f32 f = plan->share[x];                                                         \
            for (int c = 0; c < channels; c++)                                              \
                out[x * channels + c] = f != 0 ? (f32)a[c] + f * ((f32)a[c + channels] - (f32)a[c]) : (f32)a[c]; \
        }                                                                                   \
    }                                                                                       \
    INLINE void FN(along_##kind)(const kind *row, f32 *out, const Linear *plan) {           \
        if (plan->channels == 1) FN(along_by_##kind)(row, out, plan, 1);                    \
        else if (plan->channels == 3) FN(along_by_##kind)(row, out, plan, 3);               \
        else FN(along_by_##kind)(row, out, plan, 4);                                        \
    }
ALONG(u16, 0)
ALONG(f32, 1)
#undef ALONG
#undef ALONG_VECTORS

INLINE void FN(across_f32)(const f32 *restrict top, const f32 *restrict bottom, f32 *restrict out, f32 f, ptrdiff_t n, int stream) {
    (void)stream;
    if (top == bottom) {
        memcpy(out, top, (size_t)n * sizeof *out);
        return;
    }
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    if (stream) {
        for (; i < n && (uintptr_t)(out + i) % 32; i++) out[i] = top[i] + f * (bottom[i] - top[i]);
        for (; i + 8 <= n; i += 8)
            _mm256_stream_ps(out + i, FN(between8)(_mm256_loadu_ps(top + i), _mm256_loadu_ps(bottom + i), _mm256_set1_ps(f), 0));
    }
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(out + i, FN(between8)(_mm256_loadu_ps(top + i), _mm256_loadu_ps(bottom + i), _mm256_set1_ps(f), 0));
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
    for (; i < n; i++) {
        /* Adding 2^23 leaves the integer, rounded half to even, in the low bits. */
        f32 shifted = (top[i] + f * (bottom[i] - top[i])) + 8388608.0f;
        u32 bits;
        memcpy(&bits, &shifted, sizeof bits);
        out[i] = (u16)bits;
    }
}

LINEAR(u16, f32)
LINEAR(f32, f32)
#endif
