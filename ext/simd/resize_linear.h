/* Linear resampling: rows are interpolated along x into one of two scratch rows, and pairs of those along y.

   A source row is interpolated once, however many output rows use it. uint8 is OpenCV's fixed-point rule:
   h = (s0 a0 + s1 a1) >> 4 with 11-bit weights, out = ((h0 b0 >> 16) + (h1 b1 >> 16) + 2) >> 2; h < 2^15.
   uint16 and float32 are a + f (b - a) in float32 along x, then along y. */
#ifndef IMGPROC_RESIZE_LINEAR_TYPES
#define IMGPROC_RESIZE_LINEAR_TYPES
#include "simd/common.h"

/* Where the output samples lie. left never falls; left and right are inside the row of `source` samples. */
typedef struct {
    ptrdiff_t source, target, channels;
    const i64 *left, *right;   /* per output sample: index of the source samples around it */
    const i64 *top, *bottom;   /* per output row */
    const i16 *weights;        /* uint8: two per output sample */
    const i16 *row_weights;    /* uint8: two per output row */
    const f32 *fraction;       /* others: per output sample, of the right one */
    const f32 *row_fraction;
    /* uint8: for each of the first `groups` of four outputs a window of 16 samples that holds all they need, and the
       shuffle that makes four pairs of 16-bit samples of it. Others, one channel: for each of the first groups of eight
       outputs a window of 8 or, where `wide`, 16 samples and one more, and in `places` where in it the left ones are. */
    const i64 *window;
    const u8 *shuffle;
    const i32 *places;
    ptrdiff_t groups;
    int wide;
} Linear;
#endif

#ifndef LEVEL
#define SIMD_SOURCE "simd/resize_linear.h"
#include "simd/levels.h"
/* Rows [y0, y1) of dst; `scratch` has room for two rows of `target` + 8 samples. */
DISPATCH(void, linear_u8,
         (const u8 *src, ptrdiff_t src_stride, u8 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, const Linear *plan, i16 *scratch),
         (src, src_stride, dst, dst_stride, y0, y1, plan, scratch))
DISPATCH(void, linear_u16,
         (const u16 *src, ptrdiff_t src_stride, u16 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, const Linear *plan, f32 *scratch),
         (src, src_stride, dst, dst_stride, y0, y1, plan, scratch))
DISPATCH(void, linear_f32,
         (const f32 *src, ptrdiff_t src_stride, f32 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, const Linear *plan, f32 *scratch),
         (src, src_stride, dst, dst_stride, y0, y1, plan, scratch))
#else

INLINE void FN(along_u8)(const u8 *row, i16 *out, const Linear *plan) {
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    for (ptrdiff_t q = 0; q + 4 <= plan->groups; q += 4, i += 16) {
        const __m256i *shuffle = (const __m256i *)(plan->shuffle + 16 * q), *weights = (const __m256i *)(plan->weights + 2 * i);
        __m256i first = _mm256_loadu2_m128i((const __m128i *)(row + plan->window[q + 1]), (const __m128i *)(row + plan->window[q]));
        __m256i second = _mm256_loadu2_m128i((const __m128i *)(row + plan->window[q + 3]), (const __m128i *)(row + plan->window[q + 2]));
        first = _mm256_madd_epi16(_mm256_shuffle_epi8(first, _mm256_loadu_si256(shuffle)), _mm256_loadu_si256(weights));
        second = _mm256_madd_epi16(_mm256_shuffle_epi8(second, _mm256_loadu_si256(shuffle + 1)), _mm256_loadu_si256(weights + 1));
        __m256i both = _mm256_packs_epi32(_mm256_srli_epi32(first, 4), _mm256_srli_epi32(second, 4));
        _mm256_storeu_si256((__m256i *)(out + i), _mm256_permute4x64_epi64(both, 0xd8));
    }
    if (i == 0 && plan->channels > 1) {
        /* Four bytes from either pixel; a third channel's fourth byte is the next pixel's, and is written over. */
        ptrdiff_t channels = plan->channels;
        for (; i < plan->target && plan->left[i] + channels + 4 <= plan->source; i += channels) {
            i32 left, right, pair;
            memcpy(&left, row + plan->left[i], 4);
            memcpy(&right, row + plan->left[i] + channels, 4);
            memcpy(&pair, plan->weights + 2 * i, 4);
            __m128i pairs = _mm_cvtepu8_epi16(_mm_unpacklo_epi8(_mm_cvtsi32_si128(left), _mm_cvtsi32_si128(right)));
            pairs = _mm_srli_epi32(_mm_madd_epi16(pairs, _mm_set1_epi32(pair)), 4);
            _mm_storel_epi64((__m128i *)(out + i), _mm_packs_epi32(pairs, pairs));
        }
    }
#endif
    for (; i < plan->target; i++)
        out[i] = (i16)((row[plan->left[i]] * plan->weights[2 * i] + row[plan->right[i]] * plan->weights[2 * i + 1]) >> 4);
}

INLINE void FN(across_u8)(const i16 *top, const i16 *bottom, u8 *out, ptrdiff_t y, const Linear *plan) {
    i16 b0 = plan->row_weights[2 * y], b1 = plan->row_weights[2 * y + 1];
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    const __m256i w0 = _mm256_set1_epi16(b0), w1 = _mm256_set1_epi16(b1), two = _mm256_set1_epi16(2);
    for (; i + 32 <= plan->target; i += 32) {
        __m256i v[2];
        for (int k = 0; k < 2; k++) {
            __m256i t = _mm256_loadu_si256((const __m256i *)(top + i + 16 * k)), b = _mm256_loadu_si256((const __m256i *)(bottom + i + 16 * k));
            t = _mm256_add_epi16(_mm256_mulhi_epi16(t, w0), _mm256_mulhi_epi16(b, w1));
            v[k] = _mm256_srli_epi16(_mm256_add_epi16(t, two), 2);
        }
        _mm256_storeu_si256((__m256i *)(out + i), _mm256_permute4x64_epi64(_mm256_packus_epi16(v[0], v[1]), 0xd8));
    }
#endif
    for (; i < plan->target; i++) out[i] = (u8)(((top[i] * b0 >> 16) + (bottom[i] * b1 >> 16) + 2) >> 2);
}

#if LEVEL >= LEVEL_AVX2
/* A sample of no weight has no part, be it NaN. */
INLINE __m128 FN(between)(__m128 a, __m128 b, __m128 f) {
    __m128 step = _mm_and_ps(_mm_sub_ps(b, a), _mm_cmp_ps(f, _mm_setzero_ps(), _CMP_NEQ_OQ));
    return _mm_add_ps(a, _mm_mul_ps(f, step));
}
INLINE __m128 FN(four_u16)(const u16 *p) { return _mm_cvtepi32_ps(_mm_cvtepu16_epi32(_mm_loadl_epi64((const __m128i *)p))); }
INLINE __m128 FN(four_f32)(const f32 *p) { return _mm_loadu_ps(p); }
INLINE void FN(pairs_u16)(const u16 *row, const i64 *left, __m128 *a, __m128 *b) {
    i32 pair[4];
    for (int k = 0; k < 4; k++) memcpy(&pair[k], row + left[k], 4);
    /* By way of registers: a vector load of what was just stored in parts would stall. */
    __m128i pairs = _mm_insert_epi32(_mm_insert_epi32(_mm_cvtsi32_si128(pair[0]), pair[1], 1), pair[2], 2);
    pairs = _mm_insert_epi32(pairs, pair[3], 3);
    *a = _mm_cvtepi32_ps(_mm_and_si128(pairs, _mm_set1_epi32(0xffff)));
    *b = _mm_cvtepi32_ps(_mm_srli_epi32(pairs, 16));
}
INLINE void FN(pairs_f32)(const f32 *row, const i64 *left, __m128 *a, __m128 *b) {
    __m128 p = _mm_loadh_pi(_mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)(row + left[0])), (const __m64 *)(row + left[1]));
    __m128 q = _mm_loadh_pi(_mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)(row + left[2])), (const __m64 *)(row + left[3]));
    *a = _mm_shuffle_ps(p, q, 0x88);
    *b = _mm_shuffle_ps(p, q, 0xdd);
}
INLINE __m256 FN(eight_u16)(const u16 *p) { return _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p))); }
INLINE __m256 FN(eight_f32)(const f32 *p) { return _mm256_loadu_ps(p); }
/* The samples at eight places of a window. A permutation takes the low three bits of a place. */
#define PICK(kind)                                                                                                \
    INLINE __m256 FN(pick_##kind)(const kind *window, __m256i place, const int wide) {                            \
        __m256 low = _mm256_permutevar8x32_ps(FN(eight_##kind)(window), place);                                   \
        if (!wide) return low;                                                                                    \
        __m256 high = _mm256_permutevar8x32_ps(FN(eight_##kind)(window + 8), place);                              \
        return _mm256_blendv_ps(low, high, _mm256_castsi256_ps(_mm256_slli_epi32(place, 28)));                    \
    }                                                                                                             \
    INLINE void FN(windows_##kind)(const kind *row, f32 *out, const i64 *window, const i32 *places,               \
                                   const f32 *fraction, ptrdiff_t groups, const int wide) {                       \
        for (ptrdiff_t g = 0; g < groups; g++) {                                                                  \
            const kind *from = row + window[g];                                                                   \
            __m256i place = _mm256_loadu_si256((const __m256i *)(places + 8 * g));                                \
            __m256 a = FN(pick_##kind)(from, place, wide), b = FN(pick_##kind)(from + 1, place, wide);            \
            __m256 f = _mm256_loadu_ps(fraction + 8 * g);                                                         \
            __m256 step = _mm256_and_ps(_mm256_sub_ps(b, a), _mm256_cmp_ps(f, _mm256_setzero_ps(), _CMP_NEQ_OQ));  \
            _mm256_storeu_ps(out + 8 * g, _mm256_add_ps(a, _mm256_mul_ps(f, step)));                              \
        }                                                                                                         \
    }
PICK(u16)
PICK(f32)
#undef PICK
/* The pixels whose vectors lie inside the row; those of a third channel's fourth lane are written over. */
#define ALONG_VECTORS(kind)                                                                                       \
    const i64 *left = plan->left;                                                                                 \
    const f32 *fraction = plan->fraction;                                                                         \
    ptrdiff_t channels = plan->channels, target = plan->target, end = plan->source;                               \
    if (channels == 1) {                                                                                          \
        if (plan->wide) FN(windows_##kind)(row, out, plan->window, plan->places, fraction, plan->groups, 1);      \
        else FN(windows_##kind)(row, out, plan->window, plan->places, fraction, plan->groups, 0);                 \
        for (i = 8 * plan->groups; i + 4 <= target && left[i + 3] + 2 <= end; i += 4) {                           \
            __m128 a, b;                                                                                          \
            FN(pairs_##kind)(row, left + i, &a, &b);                                                              \
            _mm_storeu_ps(out + i, FN(between)(a, b, _mm_loadu_ps(fraction + i)));                                \
        }                                                                                                         \
    } else {                                                                                                      \
        for (; i < target && left[i] + channels + 4 <= end; i += channels) {                                      \
            __m128 a = FN(four_##kind)(row + left[i]), b = FN(four_##kind)(row + left[i] + channels);             \
            _mm_storeu_ps(out + i, FN(between)(a, b, _mm_broadcast_ss(fraction + i)));                            \
        }                                                                                                         \
    }
#else
#define ALONG_VECTORS(kind)
#endif

#define ALONG(kind)                                                                         \
    INLINE void FN(along_##kind)(const kind *row, f32 *out, const Linear *plan) {            \
        ptrdiff_t i = 0;                                                                    \
        ALONG_VECTORS(kind)                                                                 \
        for (; i < plan->target; i++) {                                                     \
            f32 a = (f32)row[plan->left[i]], f = plan->fraction[i];                         \
            out[i] = f != 0 ? a + f * ((f32)row[plan->right[i]] - a) : a;                   \
        }                                                                                   \
    }
ALONG(u16)
ALONG(f32)
#undef ALONG
#undef ALONG_VECTORS

#if LEVEL >= LEVEL_AVX2
INLINE __m256 FN(between8)(const f32 *top, const f32 *bottom, f32 f) {
    __m256 t = _mm256_loadu_ps(top);
    return _mm256_add_ps(t, _mm256_mul_ps(_mm256_set1_ps(f), _mm256_sub_ps(_mm256_loadu_ps(bottom), t)));
}
#endif

INLINE void FN(across_f32)(const f32 *restrict top, const f32 *restrict bottom, f32 *restrict out, ptrdiff_t y, const Linear *plan) {
    f32 f = plan->row_fraction[y];
    ptrdiff_t n = plan->target;
    if (top == bottom) {
        memcpy(out, top, (size_t)n * sizeof *out);
        return;
    }
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(out + i, FN(between8)(top + i, bottom + i, f));
#endif
    for (; i < n; i++) out[i] = top[i] + f * (bottom[i] - top[i]);
}

INLINE void FN(across_u16)(const f32 *restrict top, const f32 *restrict bottom, u16 *restrict out, ptrdiff_t y, const Linear *plan) {
    f32 f = plan->row_fraction[y];
    ptrdiff_t n = plan->target;
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX2
    for (; i + 16 <= n; i += 16) {
        __m256i low = _mm256_cvtps_epi32(FN(between8)(top + i, bottom + i, f));
        __m256i high = _mm256_cvtps_epi32(FN(between8)(top + i + 8, bottom + i + 8, f));
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

#define LINEAR(kind, temporary)                                                                                           \
    static void FN(linear_##kind)(const kind *src, ptrdiff_t src_stride, kind *dst, ptrdiff_t dst_stride, ptrdiff_t y0,    \
                                  ptrdiff_t y1, const Linear *plan, temporary *scratch) {                                 \
        temporary *upper = scratch, *lower = scratch + plan->target + 8;                                                  \
        i64 in_upper = -1, in_lower = -1;                                                                                 \
        for (ptrdiff_t y = y0; y < y1; y++) {                                                                             \
            i64 top = plan->top[y], bottom = plan->bottom[y];                                                             \
            if (top != in_upper) {                                                                                        \
                temporary *swapped = upper;                                                                               \
                i64 number = in_upper;                                                                                    \
                upper = lower, in_upper = in_lower, lower = swapped, in_lower = number;                                   \
            }                                                                                                             \
            if (top != in_upper)                                                                                          \
                FN(along_##kind)((const kind *)((const char *)src + top * src_stride), upper, plan), in_upper = top;       \
            if (bottom != top && bottom != in_lower)                                                                      \
                FN(along_##kind)((const kind *)((const char *)src + bottom * src_stride), lower, plan), in_lower = bottom; \
            FN(across_##kind)(upper, bottom == top ? upper : lower, (kind *)((char *)dst + y * dst_stride), y, plan);      \
        }                                                                                                                 \
    }
LINEAR(u8, i16)
LINEAR(u16, f32)
LINEAR(f32, f32)
#undef LINEAR
#endif
