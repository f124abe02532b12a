/* Samples around eight positions inside the image as vectors, and what lies between them. */
#ifndef LEVEL
#ifndef IMGPROC_WARP_SAMPLES_H
#define IMGPROC_WARP_SAMPLES_H
#include "simd/between.h"
#include "simd/warp_vectors.h"
#define SIMD_SOURCE "simd/warp_samples.h"
#include "simd/levels.h"
#endif

#elif LEVEL >= LEVEL_AVX2

/* Samples come as 32-bit lanes, float32 by its bits. What integers differ by is taken before they become floats: exact, and
   additions of integers do not compete with conversions. */
INLINE __m256 FN(down_u8)(__m256i above, __m256i under, __m256 f) {
    __m256 step = _mm256_mul_ps(f, _mm256_cvtepi32_ps(_mm256_sub_epi32(under, above)));
    return _mm256_add_ps(_mm256_cvtepi32_ps(above), step);
}
INLINE __m256 FN(down_u16)(__m256i above, __m256i under, __m256 f) { return FN(down_u8)(above, under, f); }
INLINE __m256 FN(down_f32)(__m256i above, __m256i under, __m256 f) {
    return FN(between8)(_mm256_castsi256_ps(above), _mm256_castsi256_ps(under), f, 1);
}

/* Eight pairs of neighbours in a row, `far` from its begin, as their left and right ones. They go by way of registers: a
   vector load of what was just stored in parts would stall. */
INLINE int FN(two_u8)(const char *p) {
    u16 pair;
    memcpy(&pair, p, 2);
    return pair;
}
INLINE __m128i FN(fours_u8)(const char *from, const i64 *far) {
    __m128i v = _mm_insert_epi16(_mm_cvtsi32_si128(FN(two_u8)(from + far[0])), FN(two_u8)(from + far[1]), 1);
    return _mm_insert_epi16(_mm_insert_epi16(v, FN(two_u8)(from + far[2]), 2), FN(two_u8)(from + far[3]), 3);
}
INLINE void FN(pairs_u8)(const char *from, const i64 *far, __m256i side[2]) {
    __m256i pairs = _mm256_cvtepu16_epi32(_mm_unpacklo_epi64(FN(fours_u8)(from, far), FN(fours_u8)(from, far + 4)));
    side[0] = _mm256_and_si256(pairs, _mm256_set1_epi32(255)), side[1] = _mm256_srli_epi32(pairs, 8);
}
INLINE __m128i FN(fours_u16)(const char *from, const i64 *far) {
    i32 pair[4];
    for (int k = 0; k < 4; k++) memcpy(&pair[k], from + far[k], 4);
    __m128i pairs = _mm_insert_epi32(_mm_cvtsi32_si128(pair[0]), pair[1], 1);
    return _mm_insert_epi32(_mm_insert_epi32(pairs, pair[2], 2), pair[3], 3);
}
INLINE void FN(pairs_u16)(const char *from, const i64 *far, __m256i side[2]) {
    __m256i pairs = _mm256_set_m128i(FN(fours_u16)(from, far + 4), FN(fours_u16)(from, far));
    side[0] = _mm256_and_si256(pairs, _mm256_set1_epi32(0xffff)), side[1] = _mm256_srli_epi32(pairs, 16);
}
/* Eight bytes from each of two places. */
INLINE __m128 FN(two_quads)(const char *from, const i64 *far) {
    __m128 pair = _mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)(from + far[0]));
    return _mm_loadh_pi(pair, (const __m64 *)(from + far[1]));
}
INLINE void FN(pairs_f32)(const char *from, const i64 *far, __m256i side[2]) {
    __m256 p = _mm256_set_m128(FN(two_quads)(from, far + 4), FN(two_quads)(from, far));
    __m256 q = _mm256_set_m128(FN(two_quads)(from, far + 6), FN(two_quads)(from, far + 2));
    side[0] = _mm256_castps_si256(_mm256_shuffle_ps(p, q, 0x88)), side[1] = _mm256_castps_si256(_mm256_shuffle_ps(p, q, 0xdd));
}

/* Orders that make 32-bit lanes of the samples of each half. For every sample to be left out before them, uint8 and float32
   add 1, uint16 adds 0x202. */
INLINE __m256i FN(order_u8)(void) {
    const i32 none = INT32_MIN | 0x808000;
    return _mm256_setr_epi32(none, none + 1, none + 2, none + 3, none, none + 1, none + 2, none + 3);
}
INLINE __m256i FN(order_u16)(void) {
    const i32 none = INT32_MIN | 0x800100;
    return _mm256_setr_epi32(none, none + 0x202, none + 0x404, none + 0x606, none, none + 0x202, none + 0x404, none + 0x606);
}
INLINE __m256i FN(order_f32)(void) { return _mm256_setr_epi32(0, 1, 2, 3, 0, 1, 2, 3); }
/* Two pixels of three or four samples and their right neighbours, at far[0] and far[4]; of three, the fourth is no matter.
   Loads that fill a vector with a pixel and a blend take no shuffle; one for each side also makes 32 bits of the samples. */
INLINE void FN(colors_u8)(const char *from, const i64 *far, const int channels, __m256i side[2]) {
    const __m256i left = FN(order_u8)();
    __m256i v = _mm256_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)(from + far[0])));
    v = _mm256_blend_epi32(v, _mm256_broadcastq_epi64(_mm_loadl_epi64((const __m128i *)(from + far[4]))), 0xf0);
    side[0] = _mm256_shuffle_epi8(v, left);
    side[1] = _mm256_shuffle_epi8(v, _mm256_add_epi32(left, _mm256_set1_epi32(channels)));
}
INLINE void FN(colors_u16)(const char *from, const i64 *far, const int channels, __m256i side[2]) {
    const __m256i left = FN(order_u16)();
    __m256i v = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(from + far[0])));
    v = _mm256_blend_epi32(v, _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(from + far[4]))), 0xf0);
    side[0] = _mm256_shuffle_epi8(v, left);
    side[1] = _mm256_shuffle_epi8(v, _mm256_add_epi32(left, _mm256_set1_epi32(0x202 * channels)));
}
INLINE void FN(colors_f32)(const char *from, const i64 *far, const int channels, __m256i side[2]) {
    for (int k = 0; k < 2; k++, from += 4 * channels)
        side[k] = _mm256_loadu2_m128i((const __m128i *)(from + far[4]), (const __m128i *)(from + far[0]));
}

INLINE void FN(put8_u8)(u8 *out, __m256 v) {
    __m256i codes = _mm256_cvtps_epi32(v);
    __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1));
    _mm_storel_epi64((__m128i *)out, _mm_packus_epi16(words, words));
}
INLINE void FN(put8_u16)(u16 *out, __m256 v) {
    __m256i codes = _mm256_cvtps_epi32(v);
    _mm_storeu_si128((__m128i *)out, _mm_packus_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1)));
}
INLINE void FN(put8_f32)(f32 *out, __m256 v) { _mm256_storeu_ps(out, v); }
/* Eight pixels of four samples each, the k-th and the fourth after it in a vector; of three, they write up to four samples
   behind, each over those of the next, so that they must go in order. */
INLINE __m256i FN(words_of_colors)(__m256 a, __m256 b) { return _mm256_packus_epi32(_mm256_cvtps_epi32(a), _mm256_cvtps_epi32(b)); }
INLINE void FN(put_colors_u8)(u8 *out, const __m256 two[4], const int channels) {
    const __m128i close = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    __m256i codes = _mm256_packus_epi16(FN(words_of_colors)(two[0], two[1]), FN(words_of_colors)(two[2], two[3]));
    if (channels == 3) codes = _mm256_shuffle_epi8(codes, _mm256_broadcastsi128_si256(close));
    _mm_storeu_si128((__m128i *)out, _mm256_castsi256_si128(codes));
    _mm_storeu_si128((__m128i *)(out + 4 * channels), _mm256_extracti128_si256(codes, 1));
}
INLINE void FN(put_colors_u16)(u16 *out, const __m256 two[4], const int channels) {
    const __m128i close = _mm_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1);
    __m256i words[2];
    for (int k = 0; k < 2; k++) {
        words[k] = FN(words_of_colors)(two[2 * k], two[2 * k + 1]);
        if (channels == 3) words[k] = _mm256_shuffle_epi8(words[k], _mm256_broadcastsi128_si256(close));
    }
    for (int k = 0; k < 2; k++) _mm_storeu_si128((__m128i *)(out + 2 * k * channels), _mm256_castsi256_si128(words[k]));
    for (int k = 0; k < 2; k++) _mm_storeu_si128((__m128i *)(out + (4 + 2 * k) * channels), _mm256_extracti128_si256(words[k], 1));
}
INLINE void FN(put_colors_f32)(f32 *out, const __m256 two[4], const int channels) {
    for (int k = 0; k < 4; k++) _mm_storeu_ps(out + k * channels, _mm256_castps256_ps128(two[k]));
    for (int k = 0; k < 4; k++) _mm_storeu_ps(out + (4 + k) * channels, _mm256_extractf128_ps(two[k], 1));
}

#define EIGHT(kind, masked)                                                                                               \
    INLINE void FN(eight_gray_##kind)(const Picture *picture, const FN(Places) *places, kind *out) {                      \
        const char *from = picture->pixels;                                                                               \
        const __m256 fr = _mm256_loadu_ps(places->row_share), fc = _mm256_loadu_ps(places->column_share);                 \
        __m256i above[2], under[2];                                                                                       \
        FN(pairs_##kind)(from, places->far[0], above);                                                                       \
        FN(pairs_##kind)(from + picture->stride, places->far[0], under);                                                     \
        FN(put8_##kind)(out, FN(between8)(FN(down_##kind)(above[0], under[0], fr), FN(down_##kind)(above[1], under[1], fr), fc, masked)); \
    }                                                                                                                     \
    /* The share of the k-th is that of its half, spread over it. */                                                      \
    INLINE void FN(two_colors_##kind)(const char *from, ptrdiff_t stride, const i64 *far, __m256 fr, __m256 fc, const int channels, __m256 *two) { \
        __m256i above[2], under[2];                                                                                       \
        FN(colors_##kind)(from, far, channels, above);                                                                    \
        FN(colors_##kind)(from + stride, far, channels, under);                                                           \
        *two = FN(between8)(FN(down_##kind)(above[0], under[0], fr), FN(down_##kind)(above[1], under[1], fr), fc, masked); \
    }                                                                                                                     \
    INLINE void FN(eight_pixels_##kind)(const Picture *picture, const FN(Places) *places, kind *out, const int channels) { \
        const __m256 r = _mm256_loadu_ps(places->row_share), c = _mm256_loadu_ps(places->column_share);                   \
        const i64 *far = places->far[0];                                                                                     \
        __m256 two[4];                                                                                                    \
        FN(two_colors_##kind)(picture->pixels, picture->stride, far, _mm256_permute_ps(r, 0x00), _mm256_permute_ps(c, 0x00), channels, two); \
        FN(two_colors_##kind)(picture->pixels, picture->stride, far + 1, _mm256_permute_ps(r, 0x55), _mm256_permute_ps(c, 0x55), channels, two + 1); \
        FN(two_colors_##kind)(picture->pixels, picture->stride, far + 2, _mm256_permute_ps(r, 0xaa), _mm256_permute_ps(c, 0xaa), channels, two + 2); \
        FN(two_colors_##kind)(picture->pixels, picture->stride, far + 3, _mm256_permute_ps(r, 0xff), _mm256_permute_ps(c, 0xff), channels, two + 3); \
        FN(put_colors_##kind)(out, two, channels);                                                                        \
    }
EIGHT(u8, 0)
EIGHT(u16, 0)
EIGHT(f32, 1)
#undef EIGHT

#endif
