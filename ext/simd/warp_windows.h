/* Sixteen positions at a time whose pixels lie close together: a vector from each row that they touch, from which one
   permutation brings out the neighbours of all positions; each position keeps those of its own two rows. */
#ifndef LEVEL
#ifndef IMGPROC_WARP_WINDOWS_H
#define IMGPROC_WARP_WINDOWS_H
#include "simd/between.h"
#include "simd/warp_vectors.h"
#define SIMD_SOURCE "simd/warp_windows.h"
#include "simd/levels.h"
#endif

#elif LEVEL >= LEVEL_AVX512

/* More rows than this cost more than a load for each position. */
#define WINDOW_ROWS 8

/* Of sixteen positions, the pixels around and the shares of the second. */
typedef struct {
    __m512i row[2], column[2];
    __m512 row_share, column_share;
} FN(Spots);

/* A part of one row of the image, and how many rows with it hold all that is needed. */
typedef struct {
    const char *corner;
    i32 row, rows, column;
} FN(Window);

/* The pixels of an axis of last + 1 at i in (-n, 2 n - 1). */
INLINE __m512i FN(border16)(__m512i i, __m512i last, int border) {
    const __m512i zero = _mm512_setzero_si512(), n = _mm512_add_epi32(last, _mm512_set1_epi32(1));
    switch (border) {
    case REFLECT: return _mm512_sub_epi32(last, _mm512_abs_epi32(_mm512_sub_epi32(last, _mm512_abs_epi32(i))));
    case SYMMETRIC:
        i = _mm512_xor_si512(i, _mm512_srai_epi32(i, 31));
        return _mm512_min_epi32(i, _mm512_sub_epi32(_mm512_add_epi32(last, n), i));
    case EDGE: return _mm512_min_epi32(_mm512_max_epi32(i, zero), last);
    default:
        i = _mm512_mask_add_epi32(i, _mm512_cmplt_epi32_mask(i, zero), i, n);
        return _mm512_mask_sub_epi32(i, _mm512_cmpgt_epi32_mask(i, last), i, n);
    }
}

/* False for positions an image away and further, and for those that take the fill. */
INLINE int FN(spots)(const f32 *p, const i32 last[2], int border, FN(Spots) *spots) {
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i one = _mm512_set1_epi32(1), odd = _mm512_or_si512(even, one);
    const __m512i last_row = _mm512_set1_epi32(last[0]), last_column = _mm512_set1_epi32(last[1]);
    __m512 first = _mm512_loadu_ps(p), second = _mm512_loadu_ps(p + 16);
    __m512 row = _mm512_permutex2var_ps(first, even, second), column = _mm512_permutex2var_ps(first, odd, second);
    __m512 row_below = _mm512_roundscale_ps(row, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    __m512 column_below = _mm512_roundscale_ps(column, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    __m512i r = _mm512_cvttps_epi32(row_below), c = _mm512_cvttps_epi32(column_below);
    spots->row_share = _mm512_sub_ps(row, row_below), spots->column_share = _mm512_sub_ps(column, column_below);
    spots->row[0] = r, spots->row[1] = _mm512_add_epi32(r, one);
    spots->column[0] = c, spots->column[1] = _mm512_add_epi32(c, one);
    /* What is no 32-bit integer comes as the least of them: outside. */
    __mmask16 in_rows = _mm512_cmplt_epu32_mask(r, last_row), in_columns = _mm512_cmplt_epu32_mask(c, last_column);
    if ((in_rows & in_columns) == 0xffff) return 1;
    if (border == CONSTANT) return 0;
    __m512i reach_row = _mm512_add_epi32(r, last_row), reach_column = _mm512_add_epi32(c, last_column);
    if ((_mm512_cmplt_epu32_mask(reach_row, _mm512_set1_epi32(3 * last[0])) &
         _mm512_cmplt_epu32_mask(reach_column, _mm512_set1_epi32(3 * last[1]))) != 0xffff)
        return 0;
    for (int k = 0; k < 2; k++) {
        spots->row[k] = FN(border16)(spots->row[k], last_row, border);
        spots->column[k] = FN(border16)(spots->column[k], last_column, border);
    }
    if (border == EDGE) {
        spots->row_share = _mm512_maskz_mov_ps(in_rows, spots->row_share);
        spots->column_share = _mm512_maskz_mov_ps(in_columns, spots->column_share);
    }
    return 1;
}

/* The least and the most of sixteen integers in [0, 2^16). */
INLINE __m128i FN(words)(__m512i v, const int half) {
    return _mm256_cvtepi32_epi16(half ? _mm512_extracti64x4_epi64(v, 1) : _mm512_castsi512_si256(v));
}
INLINE i32 FN(least)(__m512i v) { return _mm_extract_epi16(_mm_minpos_epu16(_mm_min_epu16(FN(words)(v, 0), FN(words)(v, 1))), 0); }
INLINE i32 FN(most)(__m512i v) { return 0xffff - FN(least)(_mm512_sub_epi32(_mm512_set1_epi32(0xffff), v)); }

/* The window of `wide` pixels around all; false where it does not hold them. */
INLINE int FN(window)(const Picture *picture, const FN(Spots) *spots, i32 wide, const i32 last[2], ptrdiff_t bytes, FN(Window) *window) {
    i32 top = FN(least)(_mm512_min_epi32(spots->row[0], spots->row[1])), bottom = FN(most)(_mm512_max_epi32(spots->row[0], spots->row[1]));
    i32 begin = FN(least)(_mm512_min_epi32(spots->column[0], spots->column[1])), end = FN(most)(_mm512_max_epi32(spots->column[0], spots->column[1]));
    /* Few lengths of loops, which can be foretold; never past the last row, nor past the end of one. */
    const i32 rows = bottom - top + 1, taken = rows <= 5 ? 5 : WINDOW_ROWS;
    if (top > last[0] + 1 - taken) top = last[0] + 1 - taken;
    if (begin > last[1] + 1 - wide) begin = last[1] + 1 - wide;
    window->row = top, window->rows = taken, window->column = begin;
    window->corner = (const char *)picture->pixels + top * picture->stride + begin * bytes;
    return rows <= WINDOW_ROWS && end - begin < wide;
}
/* Rows and columns fill a window, and their numbers 16 bits. */
INLINE int FN(windows_fit)(const i32 last[2]) { return last[0] >= WINDOW_ROWS - 1 && last[1] >= 63 && last[0] < 65535 && last[1] < 65535; }

/* Left and right neighbours above and below, of sixteen positions. */
INLINE void FN(sixteen_bytes)(const FN(Window) *window, ptrdiff_t stride, const FN(Spots) *spots, const int size, __m512 taps[2][2]) {
    const __m512i base = _mm512_set1_epi32(window->column);
    __m512i left = _mm512_sub_epi32(spots->column[0], base), right = _mm512_sub_epi32(spots->column[1], base);
    __m512i order = _mm512_or_si512(left, _mm512_slli_epi32(right, 8 * size));
    __m512i line = _mm512_set1_epi32(window->row), pairs[2] = {line, line};
    const char *from = window->corner;
    for (i32 k = 0; k < window->rows; k++, from += stride, line = _mm512_add_epi32(line, _mm512_set1_epi32(1))) {
        __m512i v = _mm512_loadu_si512(from);
        v = size == 1 ? _mm512_permutexvar_epi8(order, v) : _mm512_permutexvar_epi16(order, v);
        for (int j = 0; j < 2; j++) pairs[j] = _mm512_mask_mov_epi32(pairs[j], _mm512_cmpeq_epi32_mask(spots->row[j], line), v);
    }
    const __m512i low = _mm512_set1_epi32(size == 1 ? 255 : 65535);
    for (int j = 0; j < 2; j++) {
        taps[j][0] = _mm512_cvtepi32_ps(_mm512_and_si512(pairs[j], low));
        taps[j][1] = _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(pairs[j], 8 * size), low));
    }
}
INLINE void FN(sixteen_lanes)(const FN(Window) *window, ptrdiff_t stride, const FN(Spots) *spots, __m512 taps[2][2]) {
    const __m512i base = _mm512_set1_epi32(window->column);
    __m512i order[2] = {_mm512_sub_epi32(spots->column[0], base), _mm512_sub_epi32(spots->column[1], base)};
    __m512i line = _mm512_set1_epi32(window->row);
    const char *from = window->corner;
    for (int j = 0; j < 2; j++) taps[j][0] = taps[j][1] = _mm512_setzero_ps();
    for (i32 k = 0; k < window->rows; k++, from += stride, line = _mm512_add_epi32(line, _mm512_set1_epi32(1))) {
        __m512 v = _mm512_loadu_ps(from), w = _mm512_loadu_ps(from + 64);
        __m512 sides[2] = {_mm512_permutex2var_ps(v, order[0], w), _mm512_permutex2var_ps(v, order[1], w)};
        for (int j = 0; j < 2; j++) {
            const __mmask16 here = _mm512_cmpeq_epi32_mask(spots->row[j], line);
            for (int i = 0; i < 2; i++) taps[j][i] = _mm512_mask_mov_ps(taps[j][i], here, sides[i]);
        }
    }
}

INLINE void FN(put16_u8)(u8 *out, __m512 v) { _mm_storeu_si128((__m128i *)out, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v))); }
INLINE void FN(put16_u16)(u16 *out, __m512 v) { _mm256_storeu_si256((__m256i *)out, _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(v))); }
INLINE void FN(put16_f32)(f32 *out, __m512 v) { _mm512_storeu_ps(out, v); }

/* Sixteen gray pixels; false where they do not lie in a window. */
#define SIXTEEN(kind, masked)                                                                                             \
    INLINE int FN(sixteen_##kind)(const Picture *picture, const f32 *p, const i32 last[2], kind *out) {                   \
        const i32 wide = sizeof(kind) == 1 ? 64 : 32;                                                                     \
        FN(Spots) spots;                                                                                                  \
        FN(Window) window;                                                                                                \
        __m512 taps[2][2];                                                                                                \
        if (!FN(spots)(p, last, picture->border, &spots)) return 0;                                                       \
        if (!FN(window)(picture, &spots, wide, last, sizeof(kind), &window)) return 0;                                    \
        if (sizeof(kind) == 4) FN(sixteen_lanes)(&window, picture->stride, &spots, taps);                                 \
        else FN(sixteen_bytes)(&window, picture->stride, &spots, sizeof(kind), taps);                                     \
        __m512 left = FN(between16)(taps[0][0], taps[1][0], spots.row_share, masked);                                     \
        __m512 right = FN(between16)(taps[0][1], taps[1][1], spots.row_share, masked);                                    \
        FN(put16_##kind)(out, FN(between16)(left, right, spots.column_share, masked));                                    \
        return 1;                                                                                                         \
    }
SIXTEEN(u8, 0)
SIXTEEN(u16, 0)
SIXTEEN(f32, 1)
#undef SIXTEEN
#undef WINDOW_ROWS

#endif
