/* Eight positions at a time: where their pixels lie. */
#ifndef LEVEL
#ifndef IMGPROC_WARP_VECTORS_H
#define IMGPROC_WARP_VECTORS_H
#include "simd/warp_pixels.h"
enum { PLACES_INSIDE, PLACES_NEAR, PLACES_ANYWHERE };
#define SIMD_SOURCE "simd/warp_vectors.h"
#include "simd/levels.h"
#endif

#else

INLINE f64 FN(position)(const void *positions, int doubles, ptrdiff_t i) {
    return doubles ? ((const f64 *)positions)[i] : (f64)((const f32 *)positions)[i];
}

#if LEVEL >= LEVEL_AVX2
/* Eight positions: how far the pixels around them lie from the first of the image, in bytes, above left and right and under,
   of which the first says all inside; where left and right ones are of the first column; and the shares. */
typedef struct {
    i64 far[4][8];
    i32 first_column[2][8], way;
    f32 row_share[8], column_share[8];
} FN(Places);

/* The last row and column; the end of those whose right and lower neighbours vectors may read; bytes from one row and column
   to the next; of pixels of three samples, the size of one; and how far the fill lies from the first pixel. */
typedef struct {
    f32 last[2], end[2];
    __m256i steps;
    i64 third, fill;
} FN(Reach);
/* Vectors of four samples reach beyond pixels of three: that takes another column at the right. Images of 2^31 bytes and more,
   and of 2^23 rows or columns, go pixel by pixel: no position is found in them. */
INLINE FN(Reach) FN(reach)(const Picture *picture, const int channels, size_t size) {
    const f64 bytes = fabs((f64)picture->stride) * (f64)picture->height;
    const int small = bytes < 0x1p31 && picture->height < 8388608 && picture->width < 8388608;
    const f32 row = small ? (f32)(picture->height - 1) : 0, column = small ? (f32)(picture->width - 1) : 0;
    const i32 down = small ? (i32)picture->stride : 0, across = channels * (i32)size;
    return (FN(Reach)){{row, column}, {row, column - (f32)(channels == 3)}, _mm256_setr_epi32(down, across, down, across, down, across, down, across),
                       channels == 3 ? (i64)size : 0, (i64)((uintptr_t)picture->fill - (uintptr_t)picture->pixels)};
}

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
/* What is told of eight columns, or of eight rows, in order. */
INLINE __m256 FN(columns_of)(__m256 first, __m256 second) {
    return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(_mm256_shuffle_ps(first, second, 0xdd)), 0xd8));
}
INLINE void FN(put_shares)(FN(Places) *places, const __m256 share[2]) {
    __m256d r = _mm256_castps_pd(_mm256_shuffle_ps(share[0], share[1], 0x88));
    _mm256_storeu_ps(places->row_share, _mm256_castpd_ps(_mm256_permute4x64_pd(r, 0xd8)));
    _mm256_storeu_ps(places->column_share, FN(columns_of)(share[0], share[1]));
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

/* Rows or columns in every other lane, as bytes from the first. */
INLINE __m256i FN(down)(__m256i at, __m256i steps) { return _mm256_mul_epi32(at, steps); }
INLINE __m256i FN(across)(__m256i at, __m256i steps) { return _mm256_mul_epi32(_mm256_srli_epi64(at, 32), _mm256_srli_epi64(steps, 32)); }
/* All eight inside. */
INLINE int FN(places_inside)(const void *positions, int doubles, ptrdiff_t i, const FN(Reach) *reach, FN(Places) *places) {
    static const f32 start[2] = {0, 0};
    __m256i below[2];
    __m256 share[2];
    if (!FN(split)(positions, doubles, i, start, reach->end, below, share)) return 0;
    for (int k = 0; k < 2; k++)
        _mm256_storeu_si256((__m256i *)(places->far[0] + 4 * k), _mm256_add_epi64(FN(down)(below[k], reach->steps), FN(across)(below[k], reach->steps)));
    FN(put_shares)(places, share);
    return 1;
}
/* All eight less than an image away. Vectors take pixels of three samples from one sample before, so that they never reach
   beyond the image: but those of the first column, behind which there are others. */
INLINE int FN(places_near)(const void *positions, int doubles, ptrdiff_t i, const FN(Reach) *reach, int border, FN(Places) *places) {
    const f32 *last = reach->last, start[2] = {-last[0], -last[1]}, end[2] = {2 * last[0], 2 * last[1]};
    const __m256i zero = _mm256_setzero_si256();
    const __m256i lasts = _mm256_broadcastsi128_si256(_mm_setr_epi32((i32)last[0], (i32)last[1], (i32)last[0], (i32)last[1]));
    __m256i below[2], first[2][2];
    __m256 share[2];
    if (!FN(split)(positions, doubles, i, start, end, below, share)) return 0;
    for (int k = 0; k < 2; k++) {
        const __m256i at[2] = {FN(border)(below[k], lasts, border), FN(border)(_mm256_sub_epi32(below[k], _mm256_set1_epi32(-1)), lasts, border)};
        for (int x = 0; x < 2; x++) {
            first[x][k] = _mm256_cmpeq_epi32(at[x], zero);
            __m256i others = _mm256_andnot_si256(_mm256_shuffle_epi32(first[x][k], 0xf5), _mm256_set1_epi64x(reach->third));
            __m256i column = _mm256_sub_epi64(FN(across)(at[x], reach->steps), others);
            for (int y = 0; y < 2; y++) {
                __m256i far = _mm256_add_epi64(FN(down)(at[y], reach->steps), column);
                if (border == CONSTANT) {
                    __m256i row_out = _mm256_shuffle_epi32(at[y], 0xa0), column_out = _mm256_shuffle_epi32(at[x], 0xf5);
                    __m256i out = _mm256_cmpgt_epi32(zero, _mm256_or_si256(row_out, column_out));
                    far = _mm256_blendv_epi8(far, _mm256_set1_epi64x(reach->fill), out);
                }
                _mm256_storeu_si256((__m256i *)(places->far[2 * y + x] + 4 * k), far);
            }
        }
        if (border == EDGE) {
            __m256i inside = _mm256_andnot_si256(_mm256_cmpgt_epi32(zero, below[k]), _mm256_cmpgt_epi32(lasts, below[k]));
            share[k] = _mm256_and_ps(share[k], _mm256_castsi256_ps(inside));
        }
    }
    for (int x = 0; x < 2; x++)
        _mm256_storeu_ps((f32 *)places->first_column[x], FN(columns_of)(_mm256_castsi256_ps(first[x][0]), _mm256_castsi256_ps(first[x][1])));
    FN(put_shares)(places, share);
    return 1;
}
/* Where eight positions from the i-th on lie. */
INLINE void FN(find)(int border, const void *positions, int doubles, ptrdiff_t i, const FN(Reach) *reach, FN(Places) *places) {
    if (FN(places_inside)(positions, doubles, i, reach, places)) places->way = PLACES_INSIDE;
    else places->way = FN(places_near)(positions, doubles, i, reach, border, places) ? PLACES_NEAR : PLACES_ANYWHERE;
}
#endif

#endif
