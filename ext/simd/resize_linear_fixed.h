/* Linear resampling of uint8 by OpenCV's fixed-point rule: h = (s0 a0 + s1 a1) >> 4 with 11-bit weights, then
   out = ((h0 b0 >> 16) + (h1 b1 >> 16) + 2) >> 2; h < 2^15. */
#include "simd/resize_plan.h"

#ifndef LEVEL
#include "simd/lanes.h"
#define SIMD_SOURCE "simd/resize_linear_fixed.h"
#include "simd/levels.h"
/* Rows [y0, y1) of dst; fills the plan's tables from its lengths. -1 where there is no memory, else 0. */
DISPATCH(int, linear_u8,
         (const u8 *src, ptrdiff_t src_stride, u8 *dst, ptrdiff_t dst_stride, ptrdiff_t y0, ptrdiff_t y1, Linear *plan),
         (src, src_stride, dst, dst_stride, y0, y1, plan))
#else

#define LINEAR_TARGETS 4
#define LINEAR_REACH(size) 16

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

#if LEVEL >= LEVEL_AVX2
#if LEVEL >= LEVEL_AVX512
#define FIXED_PIXELS 4
#else
#define FIXED_PIXELS 2
#endif
INLINE __m128 FN(twice_eight)(const u8 *p, const u8 *q) {
    return _mm_loadh_pi(_mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)p), (const __m64 *)q);
}
/* Eight bytes from each of FIXED_PIXELS pixels, as words. */
INLINE VECTOR FN(words_u8)(const u8 *row, const i64 *left) {
    __m128 v = FN(twice_eight)(row + left[0], row + left[1]);
#if LEVEL >= LEVEL_AVX512
    return _mm512_cvtepu8_epi16(_mm256_castps_si256(_mm256_setr_m128(v, FN(twice_eight)(row + left[2], row + left[3]))));
#else
    return _mm256_cvtepu8_epi16(_mm_castps_si128(v));
#endif
}
/* Colour, two rows at once: a lane is a pixel, its words first of the upper and then of the lower row. A vector of three
   channels reads and writes a few samples more, inside the row. */
INLINE ptrdiff_t FN(both_pixels_u8)(const u8 *row, const u8 *lower, u8 *out, const i16 *part, const Linear *plan, const int channels) {
    const VECTOR order = FN(every_lane)(channels == 3 ? _mm_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1, -1, -1)
                                                      : _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
    const VECTOR parts = FN(every_lane)(_mm_set_epi16(part[1], part[1], part[1], part[1], part[0], part[0], part[0], part[0]));
    const ptrdiff_t end = plan->width * channels, n = plan->target_width - (channels == 3 ? FIXED_PIXELS / 2 : 0);
    const i64 *left = plan->left;
    ptrdiff_t x = 0;
    for (; x + FIXED_PIXELS <= n && left[x + FIXED_PIXELS - 1] + 8 <= end; x += FIXED_PIXELS) {
        VECTOR weights = BITS(loadu)((const void *)(plan->weights + 2 * x * channels));
#if LEVEL >= LEVEL_AVX512
        if (channels == 3) weights = _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11), weights);
#else
        if (channels == 3) weights = _mm256_permutevar8x32_epi32(weights, _mm256_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5));
#endif
        VECTOR a = OP(madd_epi16)(OP(shuffle_epi8)(FN(words_u8)(row, left + x), order), weights);
        VECTOR b = OP(madd_epi16)(OP(shuffle_epi8)(FN(words_u8)(lower, left + x), order), weights);
        VECTOR v = OP(mulhi_epi16)(OP(packs_epi32)(OP(srli_epi32)(a, 4), OP(srli_epi32)(b, 4)), parts);
        v = OP(add_epi16)(v, OP(shuffle_epi32)(v, 0x4e));
        v = OP(srli_epi16)(OP(add_epi16)(v, OP(set1_epi16)(2)), 2);
        u8 *to = out + x * channels;
#if LEVEL >= LEVEL_AVX512
        const __m512i places = channels == 3 ? _mm512_castsi128_si512(_mm_setr_epi8(0, 2, 4, 16, 18, 20, 32, 34, 36, 48, 50, 52, 0, 0, 0, 0))
                                             : _mm512_castsi128_si512(_mm_setr_epi8(0, 2, 4, 6, 16, 18, 20, 22, 32, 34, 36, 38, 48, 50, 52, 54));
        _mm_storeu_si128((__m128i *)to, _mm512_castsi512_si128(_mm512_permutexvar_epi8(places, v)));
#else
        v = _mm256_packus_epi16(v, v);
        i32 first = _mm256_cvtsi256_si32(v), second = _mm_cvtsi128_si32(_mm256_extracti128_si256(v, 1));
        memcpy(to, &first, 4);
        memcpy(to + channels, &second, 4);
#endif
    }
    return x;
}
#endif

/* A row of the result from two of the source. */
INLINE void FN(both_u8)(const u8 *row, const u8 *lower, ptrdiff_t ahead, u8 *out, const i16 *part, const Linear *plan) {
    ptrdiff_t x = 0, channels = plan->channels;
    (void)ahead;
#if LEVEL >= LEVEL_AVX2
    if (channels == 3) x = FN(both_pixels_u8)(row, lower, out, part, plan, 3);
    else x = FN(both_pixels_u8)(row, lower, out, part, plan, 4);
#endif
    for (; x < plan->target_width; x++) {
        const i16 *weights = plan->weights + 2 * x * channels;
        const ptrdiff_t left = plan->left[x], right = left + (weights[1] ? channels : 0);
        for (ptrdiff_t c = 0; c < channels; c++) {
            i32 top = (row[left + c] * weights[0] + row[right + c] * weights[1]) >> 4;
            i32 bottom = (lower[left + c] * weights[0] + lower[right + c] * weights[1]) >> 4;
            out[x * channels + c] = (u8)(((top * part[0] >> 16) + (bottom * part[1] >> 16) + 2) >> 2);
        }
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

LINEAR(u8, i16)
#undef LINEAR_TARGETS
#undef FIXED_PIXELS
#undef LINEAR_REACH
#endif
