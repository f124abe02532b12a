/* Four pixels of colour in a vector of 512 bits. */
#ifndef LEVEL
#ifndef IMGPROC_WARP_COLORS_H
#define IMGPROC_WARP_COLORS_H
#include "simd/between.h"
#include "simd/warp_vectors.h"
#define SIMD_SOURCE "simd/warp_colors.h"
#include "simd/levels.h"
#endif

#elif LEVEL >= LEVEL_AVX512

INLINE __m512 FN(down16)(__m512i above, __m512i under, __m512 f) {
    __m512 step = _mm512_mul_ps(f, _mm512_cvtepi32_ps(_mm512_sub_epi32(under, above)));
    return _mm512_add_ps(_mm512_cvtepi32_ps(above), step);
}
/* Four pixels of three or four samples, `far` from `from`, and their right neighbours, as in `colors_u8`. */
INLINE void FN(colors4_u8)(const char *from, const i64 *far, const int channels, __m512i side[2]) {
    const i32 none = INT32_MIN | 0x808000;
    const __m512i left = _mm512_broadcast_i32x4(_mm_setr_epi32(none, none + 1, none + 2, none + 3));
    __m512i v = _mm512_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)(from + far[0])));
    v = _mm512_mask_broadcastq_epi64(v, 0x0c, _mm_loadl_epi64((const __m128i *)(from + far[1])));
    v = _mm512_mask_broadcastq_epi64(v, 0x30, _mm_loadl_epi64((const __m128i *)(from + far[2])));
    v = _mm512_mask_broadcastq_epi64(v, 0xc0, _mm_loadl_epi64((const __m128i *)(from + far[3])));
    side[0] = _mm512_shuffle_epi8(v, left);
    side[1] = _mm512_shuffle_epi8(v, _mm512_add_epi32(left, _mm512_set1_epi32(channels)));
}
INLINE void FN(colors4_u16)(const char *from, const i64 *far, const int channels, __m512i side[2]) {
    const i32 none = INT32_MIN | 0x800100;
    const __m512i left = _mm512_broadcast_i32x4(_mm_setr_epi32(none, none + 0x202, none + 0x404, none + 0x606));
    __m512i v = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(from + far[0])));
    v = _mm512_mask_broadcast_i32x4(v, 0x00f0, _mm_loadu_si128((const __m128i *)(from + far[1])));
    v = _mm512_mask_broadcast_i32x4(v, 0x0f00, _mm_loadu_si128((const __m128i *)(from + far[2])));
    v = _mm512_mask_broadcast_i32x4(v, 0xf000, _mm_loadu_si128((const __m128i *)(from + far[3])));
    side[0] = _mm512_shuffle_epi8(v, left);
    side[1] = _mm512_shuffle_epi8(v, _mm512_add_epi32(left, _mm512_set1_epi32(0x202 * channels)));
}
/* What lies between the rows at four positions, left and right; `share` holds theirs among the first eight lanes, from the
   k-th on. */
#define SIDES(kind)                                                                                                       \
    INLINE void FN(sides_##kind)(const char *from, ptrdiff_t stride, const i64 *far, __m512 share, int k, const int channels, __m512 side[2]) { \
        const __m512i each = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);                           \
        __m512 f = _mm512_permutexvar_ps(_mm512_add_epi32(each, _mm512_set1_epi32(k)), share);                            \
        __m512i above[2], under[2];                                                                                       \
        FN(colors4_##kind)(from, far, channels, above);                                                                   \
        FN(colors4_##kind)(from + stride, far, channels, under);                                                          \
        for (int j = 0; j < 2; j++) side[j] = FN(down16)(above[j], under[j], f);                                          \
    }
SIDES(u8)
SIDES(u16)
#undef SIDES
/* A pixel of float32 and its right neighbour are read as one; two share a vector between the rows. */
INLINE __m512 FN(colors2_f32)(const char *from, const i64 *far) {
    __m256d first = _mm256_loadu_pd((const f64 *)(const void *)(from + far[0])), second = _mm256_loadu_pd((const f64 *)(const void *)(from + far[1]));
    return _mm512_castpd_ps(_mm512_insertf64x4(_mm512_castpd256_pd512(first), second, 1));
}
INLINE void FN(sides_f32)(const char *from, ptrdiff_t stride, const i64 *far, __m512 share, int k, const int channels, __m512 side[2]) {
    const __m512i left = _mm512_setr_epi32(0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    const __m512i pair = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
    __m512 two[2];
    for (int j = 0; j < 2; j++) {
        __m512 f = _mm512_permutexvar_ps(_mm512_add_epi32(pair, _mm512_set1_epi32(k + 2 * j)), share);
        two[j] = FN(between16)(FN(colors2_f32)(from, far + 2 * j), FN(colors2_f32)(from + stride, far + 2 * j), f, 1);
    }
    side[0] = _mm512_permutex2var_ps(two[0], left, two[1]);
    side[1] = _mm512_permutex2var_ps(two[0], _mm512_add_epi32(left, _mm512_set1_epi32(channels)), two[1]);
}
/* Four pixels; those of three samples write up to four behind. */
INLINE void FN(put_four_u8)(u8 *out, __m512 v, const int channels) {
    const __m128i close = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    __m128i codes = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v));
    _mm_storeu_si128((__m128i *)out, channels == 3 ? _mm_shuffle_epi8(codes, close) : codes);
}
INLINE void FN(put_four_u16)(u16 *out, __m512 v, const int channels) {
    const __m512i close = _mm512_castsi256_si512(_mm256_setr_epi16(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15));
    __m256i codes = _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(v));
    if (channels == 3) codes = _mm256_permutexvar_epi16(_mm512_castsi512_si256(close), codes);
    _mm256_storeu_si256((__m256i *)out, codes);
}
INLINE void FN(put_four_f32)(f32 *out, __m512 v, const int channels) {
    const __m512i close = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15);
    _mm512_storeu_ps(out, channels == 3 ? _mm512_permutexvar_ps(close, v) : v);
}
#define EIGHT_COLORS(kind, masked)                                                                                        \
    INLINE void FN(eight_colors_##kind)(const Picture *picture, const FN(Places) *places, kind *out, const int channels) { \
        const __m512i each = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);                           \
        const __m512 row_share = _mm512_castps256_ps512(_mm256_loadu_ps(places->row_share));                              \
        const __m512 column_share = _mm512_castps256_ps512(_mm256_loadu_ps(places->column_share));                        \
        for (int k = 0; k < 8; k += 4) {                                                                                  \
            __m512 side[2], fc = _mm512_permutexvar_ps(_mm512_add_epi32(each, _mm512_set1_epi32(k)), column_share);       \
            FN(sides_##kind)(picture->pixels, picture->stride, places->far[0] + k, row_share, k, channels, side);            \
            FN(put_four_##kind)(out + k * channels, FN(between16)(side[0], side[1], fc, masked), channels);               \
        }                                                                                                                 \
    }
EIGHT_COLORS(u8, 0)
EIGHT_COLORS(u16, 0)
EIGHT_COLORS(f32, 1)
#undef EIGHT_COLORS

#endif
