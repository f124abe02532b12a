/* Eight positions at a time: where their pixels lie, and their samples as vectors. */
#ifndef LEVEL
#ifndef IMGPROC_WARP_VECTORS_H
#define IMGPROC_WARP_VECTORS_H
#include "simd/between.h"
#include "simd/warp_pixels.h"
#define SIMD_SOURCE "simd/warp_vectors.h"
#include "simd/levels.h"
#endif

#else

INLINE f64 FN(position)(const void *positions, int doubles, ptrdiff_t i) {
    return doubles ? ((const f64 *)positions)[i] : (f64)((const f32 *)positions)[i];
}

#if LEVEL >= LEVEL_AVX2
/* Eight positions: what is told of their pixels, alternately for row and column, and the shares, rows in order and
   columns in order. */
typedef struct {
    i32 first[16], second[16];
    f32 row_share[8], column_share[8];
} FN(Places);

/* Floors and shares of eight positions, alternately row and column. False unless all rows lie in [low[0], high[0]) and
   all columns in [low[1], high[1]), whose ends are integers of at most 2^24. */
INLINE int FN(split)(const void *positions, int doubles, ptrdiff_t i, const f32 low[2], const f32 high[2], __m256i below[2], __m256 share[2]) {
    if (doubles) {
        const f64 *p = (const f64 *)positions + 2 * i;
        const __m256d start = _mm256_setr_pd(low[0], low[1], low[0], low[1]), end = _mm256_setr_pd(high[0], high[1], high[0], high[1]);
        __m256d inside = _mm256_castsi256_pd(_mm256_set1_epi32(-1));
        __m128i whole[4];
        __m128 part[4];
        for (int k = 0; k < 4; k++) {
            __m256d v = _mm256_loadu_pd(p + 4 * k), floored = _mm256_floor_pd(v);
            inside = _mm256_and_pd(inside, _mm256_and_pd(_mm256_cmp_pd(v, start, _CMP_GE_OQ), _mm256_cmp_pd(v, end, _CMP_LT_OQ)));
            whole[k] = _mm256_cvttpd_epi32(floored);
            part[k] = _mm256_cvtpd_ps(_mm256_sub_pd(v, floored));
        }
        for (int k = 0; k < 2; k++) {
            below[k] = _mm256_set_m128i(whole[2 * k + 1], whole[2 * k]);
            share[k] = _mm256_set_m128(part[2 * k + 1], part[2 * k]);
        }
        return _mm256_movemask_pd(inside) == 15;
    }
    const __m256 start = _mm256_setr_ps(low[0], low[1], low[0], low[1], low[0], low[1], low[0], low[1]);
    const __m256 end = _mm256_setr_ps(high[0], high[1], high[0], high[1], high[0], high[1], high[0], high[1]);
    __m256 inside = _mm256_castsi256_ps(_mm256_set1_epi32(-1));
    for (int k = 0; k < 2; k++) {
        __m256 v = _mm256_loadu_ps((const f32 *)positions + 2 * i + 8 * k), floored = _mm256_floor_ps(v);
        inside = _mm256_and_ps(inside, _mm256_and_ps(_mm256_cmp_ps(v, start, _CMP_GE_OQ), _mm256_cmp_ps(v, end, _CMP_LT_OQ)));
        below[k] = _mm256_cvttps_epi32(floored);
        share[k] = _mm256_sub_ps(v, floored);
    }
    return _mm256_movemask_ps(inside) == 255;
}
INLINE void FN(put_shares)(FN(Places) *places, const __m256 share[2]) {
    __m256d r = _mm256_castps_pd(_mm256_shuffle_ps(share[0], share[1], 0x88)), c = _mm256_castps_pd(_mm256_shuffle_ps(share[0], share[1], 0xdd));
    _mm256_storeu_ps(places->row_share, _mm256_castpd_ps(_mm256_permute4x64_pd(r, 0xd8)));
    _mm256_storeu_ps(places->column_share, _mm256_castpd_ps(_mm256_permute4x64_pd(c, 0xd8)));
}

/* The pixels of an axis at i in (-n, 2 n - 1), -1 for fill; `last` is n - 1. */
INLINE __m256i FN(border)(__m256i i, __m256i last, int border) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i before = _mm256_cmpgt_epi32(zero, i), behind = _mm256_cmpgt_epi32(i, last), n = _mm256_sub_epi32(last, _mm256_set1_epi32(-1));
    switch (border) {
    case REFLECT: return _mm256_sub_epi32(last, _mm256_abs_epi32(_mm256_sub_epi32(last, _mm256_abs_epi32(i))));
    case SYMMETRIC:
        i = _mm256_xor_si256(i, before);
        return _mm256_min_epi32(i, _mm256_sub_epi32(_mm256_add_epi32(last, n), i));
    case EDGE: return _mm256_min_epi32(_mm256_max_epi32(i, zero), last);
    case WRAP: return _mm256_sub_epi32(_mm256_add_epi32(i, _mm256_and_si256(before, n)), _mm256_and_si256(behind, n));
    default: return _mm256_or_si256(i, _mm256_or_si256(before, behind));
    }
}

/* All eight inside: `first` gets at even places how far from the first pixel of the image theirs lie, in bytes. */
INLINE int FN(places_inside)(const void *positions, int doubles, ptrdiff_t i, const f32 end[2], __m256i steps, FN(Places) *places) {
    static const f32 start[2] = {0, 0};
    __m256i below[2];
    __m256 share[2];
    if (!FN(split)(positions, doubles, i, start, end, below, share)) return 0;
    for (int k = 0; k < 2; k++) {
        __m256i far = _mm256_mullo_epi32(below[k], steps);
        _mm256_storeu_si256((__m256i *)(places->first + 8 * k), _mm256_add_epi32(far, _mm256_srli_epi64(far, 32)));
    }
    FN(put_shares)(places, share);
    return 1;
}
/* All eight less than an image away: `first` and `second` get the pixels around them. */
INLINE int FN(places_near)(const void *positions, int doubles, ptrdiff_t i, const f32 last[2], int border, FN(Places) *places) {
    const f32 start[2] = {-last[0], -last[1]}, end[2] = {2 * last[0], 2 * last[1]};
    const __m256i lasts = _mm256_setr_epi32((i32)last[0], (i32)last[1], (i32)last[0], (i32)last[1], (i32)last[0], (i32)last[1], (i32)last[0], (i32)last[1]);
    __m256i below[2];
    __m256 share[2];
    if (!FN(split)(positions, doubles, i, start, end, below, share)) return 0;
    for (int k = 0; k < 2; k++) {
        __m256i above = _mm256_sub_epi32(below[k], _mm256_set1_epi32(-1));
        _mm256_storeu_si256((__m256i *)(places->first + 8 * k), FN(border)(below[k], lasts, border));
        _mm256_storeu_si256((__m256i *)(places->second + 8 * k), FN(border)(above, lasts, border));
        if (border == EDGE) {
            __m256i inside = _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_setzero_si256(), below[k]), _mm256_cmpgt_epi32(lasts, below[k]));
            share[k] = _mm256_and_ps(share[k], _mm256_castsi256_ps(inside));
        }
    }
    FN(put_shares)(places, share);
    return 1;
}

/* Eight pairs of neighbours in a row, `far` from its begin at even places, as their left and right ones. They go by way of
   registers: a vector load of what was just stored in parts would stall. */
INLINE int FN(two_u8)(const char *p) {
    u16 pair;
    memcpy(&pair, p, 2);
    return pair;
}
INLINE __m128i FN(fours_u8)(const char *from, const i32 *far) {
    __m128i v = _mm_insert_epi16(_mm_cvtsi32_si128(FN(two_u8)(from + far[0])), FN(two_u8)(from + far[2]), 1);
    return _mm_insert_epi16(_mm_insert_epi16(v, FN(two_u8)(from + far[4]), 2), FN(two_u8)(from + far[6]), 3);
}
INLINE void FN(pairs_u8)(const char *from, const i32 *far, __m256 *a, __m256 *b) {
    __m256i pairs = _mm256_cvtepu16_epi32(_mm_unpacklo_epi64(FN(fours_u8)(from, far), FN(fours_u8)(from, far + 8)));
    *a = _mm256_cvtepi32_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(255)));
    *b = _mm256_cvtepi32_ps(_mm256_srli_epi32(pairs, 8));
}
INLINE __m128i FN(fours_u16)(const char *from, const i32 *far) {
    i32 pair[4];
    for (int k = 0; k < 4; k++) memcpy(&pair[k], from + far[2 * k], 4);
    __m128i pairs = _mm_insert_epi32(_mm_cvtsi32_si128(pair[0]), pair[1], 1);
    return _mm_insert_epi32(_mm_insert_epi32(pairs, pair[2], 2), pair[3], 3);
}
INLINE void FN(pairs_u16)(const char *from, const i32 *far, __m256 *a, __m256 *b) {
    __m256i pairs = _mm256_set_m128i(FN(fours_u16)(from, far + 8), FN(fours_u16)(from, far));
    *a = _mm256_cvtepi32_ps(_mm256_and_si256(pairs, _mm256_set1_epi32(0xffff)));
    *b = _mm256_cvtepi32_ps(_mm256_srli_epi32(pairs, 16));
}
/* Eight bytes from each of two places. */
INLINE __m128 FN(two_quads)(const char *from, const i32 *far) {
    __m128 pair = _mm_loadl_pi(_mm_setzero_ps(), (const __m64 *)(from + far[0]));
    return _mm_loadh_pi(pair, (const __m64 *)(from + far[2]));
}
INLINE void FN(pairs_f32)(const char *from, const i32 *far, __m256 *a, __m256 *b) {
    __m256 p = _mm256_set_m128(FN(two_quads)(from, far + 8), FN(two_quads)(from, far));
    __m256 q = _mm256_set_m128(FN(two_quads)(from, far + 12), FN(two_quads)(from, far + 4));
    *a = _mm256_shuffle_ps(p, q, 0x88);
    *b = _mm256_shuffle_ps(p, q, 0xdd);
}
/* Two pixels of three or four samples and their right neighbours; of three, the fourth is no matter. */
INLINE void FN(colors_u8)(const char *from, const i32 *far, const int channels, __m256 *a, __m256 *b) {
    const __m128i order = channels == 3 ? _mm_setr_epi8(0, 1, 2, -1, 8, 9, 10, -1, 3, 4, 5, -1, 11, 12, 13, -1)
                                        : _mm_setr_epi8(0, 1, 2, 3, 8, 9, 10, 11, 4, 5, 6, 7, 12, 13, 14, 15);
    __m128i v = _mm_shuffle_epi8(_mm_castps_si128(FN(two_quads)(from, far)), order);
    *a = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(v));
    *b = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_unpackhi_epi64(v, v)));
}
INLINE void FN(colors_u16)(const char *from, const i32 *far, const int channels, __m256 *a, __m256 *b) {
    *a = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(_mm_castps_si128(FN(two_quads)(from, far))));
    *b = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(_mm_castps_si128(FN(two_quads)(from + 2 * channels, far))));
}
INLINE void FN(colors_f32)(const char *from, const i32 *far, const int channels, __m256 *a, __m256 *b) {
    *a = _mm256_loadu2_m128((const f32 *)(const void *)(from + far[2]), (const f32 *)(const void *)(from + far[0]));
    from += 4 * channels;
    *b = _mm256_loadu2_m128((const f32 *)(const void *)(from + far[2]), (const f32 *)(const void *)(from + far[0]));
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
/* Eight pixels, two in a vector, of four samples each; of three, the vectors write up to 4 samples behind. */
INLINE void FN(put_colors_u8)(u8 *out, const __m256 two[4], const int channels) {
    const __m128i close = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    __m128i four[2];
    for (int k = 0; k < 2; k++) {
        __m256i words = _mm256_packus_epi32(_mm256_cvtps_epi32(two[2 * k]), _mm256_cvtps_epi32(two[2 * k + 1]));
        words = _mm256_permute4x64_epi64(words, 0xd8);
        four[k] = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        if (channels == 3) four[k] = _mm_shuffle_epi8(four[k], close);
        _mm_storeu_si128((__m128i *)(out + 4 * k * channels), four[k]);
    }
}
INLINE void FN(put_colors_u16)(u16 *out, const __m256 two[4], const int channels) {
    for (int k = 0; k < 4; k++, out += 2 * channels) {
        __m256i codes = _mm256_cvtps_epi32(two[k]);
        __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(codes), _mm256_extracti128_si256(codes, 1));
        _mm_storel_epi64((__m128i *)out, words);
        _mm_storeh_pi((__m64 *)(out + channels), _mm_castsi128_ps(words));
    }
}
INLINE void FN(put_colors_f32)(f32 *out, const __m256 two[4], const int channels) {
    for (int k = 0; k < 4; k++, out += 2 * channels) {
        _mm_storeu_ps(out, _mm256_castps256_ps128(two[k]));
        _mm_storeu_ps(out + channels, _mm256_extractf128_ps(two[k], 1));
    }
}
#endif

#endif
