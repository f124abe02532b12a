/* Linear resampling: rows are interpolated along x into one of two scratch rows, and pairs of those along y.

   A source row is interpolated once, however many output rows use it. uint8 is OpenCV's fixed-point rule:
   h = (s0 a0 + s1 a1) >> 4 with 11-bit weights, out = ((h0 b0 >> 16) + (h1 b1 >> 16) + 2) >> 2; h < 2^15.
   uint16 and float32 are a + f (b - a) in float32 along x, then along y. */
#include "simd/resize_plan.h"

#ifndef LEVEL
#define SIMD_SOURCE "simd/resize_linear.h"
#include "simd/levels.h"
/* Rows [y0, y1) of dst; fills the plan's tables from its lengths. -1 where there is no memory, else 0. */
DISPATCH(int, linear_u8,
         (const u8 *src, ptrdiff_t src_stride, u8 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, Linear *plan),
         (src, src_stride, dst, dst_stride, y0, y1, plan))
DISPATCH(int, linear_u16,
         (const u16 *src, ptrdiff_t src_stride, u16 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, Linear *plan),
         (src, src_stride, dst, dst_stride, y0, y1, plan))
DISPATCH(int, linear_f32,
         (const f32 *src, ptrdiff_t src_stride, f32 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, Linear *plan),
         (src, src_stride, dst, dst_stride, y0, y1, plan))
#else

#if LEVEL >= LEVEL_AVX2
/* Pixels [i, ...) of u8 rows one pixel wide, eight by eight: pairs of bytes go by way of registers. */
INLINE ptrdiff_t FN(eights_u8)(const u8 *row, i16 *out, ptrdiff_t x, const Linear *plan) {
    const i64 *left = plan->left;
    for (; x + 8 <= plan->target_width && left[x + 7] + 2 <= plan->width; x += 8) {
        u16 pair[8];
        for (int k = 0; k < 8; k++) memcpy(&pair[k], row + left[x + k], 2);
        __m128i low = _mm_insert_epi16(_mm_cvtsi32_si128(pair[0]), pair[1], 1), high = _mm_insert_epi16(_mm_cvtsi32_si128(pair[4]), pair[5], 1);
        low = _mm_insert_epi16(_mm_insert_epi16(low, pair[2], 2), pair[3], 3);
        high = _mm_insert_epi16(_mm_insert_epi16(high, pair[6], 2), pair[7], 3);
        __m256i pairs = _mm256_cvtepu8_epi16(_mm_unpacklo_epi64(low, high));
        pairs = _mm256_madd_epi16(pairs, _mm256_loadu_si256((const __m256i *)(plan->weights + 2 * x)));
        pairs = _mm256_srli_epi32(pairs, 4);
        _mm_storeu_si128((__m128i *)(out + x), _mm_packs_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1)));
    }
    return x;
}
/* Two pixels of three or four bytes in one load; of three, the fourth result is written over by the next pixel. */
INLINE ptrdiff_t FN(pixels_u8)(const u8 *row, i16 *out, ptrdiff_t x, const Linear *plan, const int channels) {
    const __m128i order = channels == 3 ? _mm_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1)
                                        : _mm_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1);
    for (; x < plan->target_width && plan->left[x] + 8 <= plan->width * channels; x++) {
        i32 weights;
        memcpy(&weights, plan->weights + 2 * x * channels, 4);
        __m128i pairs = _mm_shuffle_epi8(_mm_loadl_epi64((const __m128i *)(row + plan->left[x])), order);
        pairs = _mm_srli_epi32(_mm_madd_epi16(pairs, _mm_set1_epi32(weights)), 4);
        _mm_storel_epi64((__m128i *)(out + x * channels), _mm_packs_epi32(pairs, pairs));
    }
    return x;
}
#endif

INLINE void FN(along_u8)(const u8 *row, i16 *out, const Linear *plan) {
    ptrdiff_t x = 0, channels = plan->channels;
#if LEVEL >= LEVEL_AVX2
    for (ptrdiff_t g = 0; g < plan->groups; g += 4) {
        const __m256i *order = (const __m256i *)(plan->order + 16 * g), *weights = (const __m256i *)(plan->weights + 8 * g);
        const i64 *window = plan->window + g;
        __m256i first = _mm256_loadu2_m128i((const __m128i *)(row + window[1]), (const __m128i *)(row + window[0]));
        __m256i second = _mm256_loadu2_m128i((const __m128i *)(row + window[3]), (const __m128i *)(row + window[2]));
        first = _mm256_madd_epi16(_mm256_shuffle_epi8(first, _mm256_loadu_si256(order)), _mm256_loadu_si256(weights));
        second = _mm256_madd_epi16(_mm256_shuffle_epi8(second, _mm256_loadu_si256(order + 1)), _mm256_loadu_si256(weights + 1));
        __m256i both = _mm256_packs_epi32(_mm256_srli_epi32(first, 4), _mm256_srli_epi32(second, 4));
        _mm256_storeu_si256((__m256i *)(out + 4 * g), _mm256_permute4x64_epi64(both, 0xd8));
    }
    x = 4 * plan->groups / channels;
    if (channels == 1) x = FN(eights_u8)(row, out, x, plan);
    else if (channels == 3) x = FN(pixels_u8)(row, out, x, plan, 3);
    else x = FN(pixels_u8)(row, out, x, plan, 4);
#endif
    for (; x < plan->target_width; x++) {
        const i16 *weights = plan->weights + 2 * x * channels;
        const u8 *left = row + plan->left[x], *right = left + (weights[1] ? channels : 0);
        for (ptrdiff_t c = 0; c < channels; c++) out[x * channels + c] = (i16)((left[c] * weights[0] + right[c] * weights[1]) >> 4);
    }
}

INLINE void FN(across_u8)(const i16 *top, const i16 *bottom, u8 *out, const i16 weights[2], ptrdiff_t n, int stream) {
    (void)stream;
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    const __m256i w0 = _mm256_set1_epi16(weights[0]), w1 = _mm256_set1_epi16(weights[1]), two = _mm256_set1_epi16(2);
    for (; i + 32 <= n; i += 32) {
        __m256i v[2];
        for (int k = 0; k < 2; k++) {
            __m256i t = _mm256_loadu_si256((const __m256i *)(top + i + 16 * k)), b = _mm256_loadu_si256((const __m256i *)(bottom + i + 16 * k));
            t = _mm256_add_epi16(_mm256_mulhi_epi16(t, w0), _mm256_mulhi_epi16(b, w1));
            v[k] = _mm256_srli_epi16(_mm256_add_epi16(t, two), 2);
        }
        _mm256_storeu_si256((__m256i *)(out + i), _mm256_permute4x64_epi64(_mm256_packus_epi16(v[0], v[1]), 0xd8));
    }
#endif
    for (; i < n; i++) out[i] = (u8)(((top[i] * weights[0] >> 16) + (bottom[i] * weights[1] >> 16) + 2) >> 2);
}

#if LEVEL >= LEVEL_AVX2
/* A sample of no weight has no part, be it NaN; integers have none. */
INLINE __m128 FN(between4)(__m128 a, __m128 b, __m128 f, const int masked) {
    __m128 step = _mm_sub_ps(b, a);
    if (masked) step = _mm_and_ps(step, _mm_cmp_ps(f, _mm_setzero_ps(), _CMP_NEQ_OQ));
    return _mm_add_ps(a, _mm_mul_ps(f, step));
}
INLINE __m256 FN(between8)(__m256 a, __m256 b, __m256 f, const int masked) {
    __m256 step = _mm256_sub_ps(b, a);
    if (masked) step = _mm256_and_ps(step, _mm256_cmp_ps(f, _mm256_setzero_ps(), _CMP_NEQ_OQ));
    return _mm256_add_ps(a, _mm256_mul_ps(f, step));
}
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

/* Rows above and below, and what tells their shares. Beyond the outermost centres uint8 takes the border row twice. */
#define LINES_u8                                                   \
    i16 part[2];                                                   \
    i64 top = axis_fixed(scale, y, part), bottom = top + 1;        \
    top = axis_clip(top, plan->height), bottom = part[1] ? axis_clip(bottom, plan->height) : top;
#define LINES_u16                                                  \
    f32 part;                                                      \
    i64 top = axis_linear(plan->height, plan->target_height, y, &part), bottom = top + (part > 0);
#define LINES_f32 LINES_u16

INLINE void FN(fence)(int stream) {
#if LEVEL >= LEVEL_AVX2
    if (stream) _mm_sfence();
#else
    (void)stream;
#endif
}
#define LINEAR_STREAM 33554432.0
#define LINEAR(kind, temporary)                                                                                           \
    static int FN(linear_##kind)(const kind *src, ptrdiff_t src_stride, kind *dst, ptrdiff_t dst_stride, ptrdiff_t y0,     \
                                 ptrdiff_t y1, Linear *plan) {                                                            \
        void *memory = plan_linear(plan, sizeof(kind));                                                                   \
        if (!memory) return -1;                                                                                           \
        const ptrdiff_t n = plan->target_width * plan->channels;                                                          \
        const f64 scale UNUSED = axis_scale(plan->height, plan->target_height);                                           \
        temporary *upper = (temporary *)plan->rows, *lower = upper + n + 8;                                               \
        const int stream = (f64)n * (f64)plan->target_height * sizeof(kind) > LINEAR_STREAM;                                    \
        i64 in_upper = -1, in_lower = -1;                                                                                 \
        for (ptrdiff_t y = y0; y < y1; y++) {                                                                             \
            LINES_##kind                                                                                                  \
            if (top != in_upper) {                                                                                        \
                temporary *swapped = upper;                                                                               \
                i64 number = in_upper;                                                                                    \
                upper = lower, in_upper = in_lower, lower = swapped, in_lower = number;                                   \
            }                                                                                                             \
            if (top != in_upper)                                                                                          \
                FN(along_##kind)((const kind *)((const char *)src + top * src_stride), upper, plan), in_upper = top;       \
            if (bottom != top && bottom != in_lower)                                                                      \
                FN(along_##kind)((const kind *)((const char *)src + bottom * src_stride), lower, plan), in_lower = bottom; \
            FN(across_##kind)(upper, bottom == top ? upper : lower, (kind *)((char *)dst + y * dst_stride), part, n, stream);      \
        }                                                                                                                 \
        FN(fence)(stream);                                                                                               \
        free(memory);                                                                                                     \
        return 0;                                                                                                         \
    }
LINEAR(u8, i16)
LINEAR(u16, f32)
LINEAR(f32, f32)
#undef LINEAR
#undef LINES_u8
#undef LINES_u16
#undef LINES_f32
#endif
