/* Luma (BT.601) of interleaved RGB or RGBA: y[i] = 0.299 R + 0.587 G + 0.114 B of pixel i; alpha is not read. */
#ifndef LEVEL
#ifndef IMGPROC_GRAY_H
#define IMGPROC_GRAY_H
#include "simd/word_pairs.h"
#define SIMD_SOURCE "simd/gray.h"
#include "simd/levels.h"

/* n pixels of 3 or 4 channels. uint8: 15-bit weights, rounded half up (OpenCV's arithmetic); uint16: exact, rounded half
   to even; float32: the three products summed from the left. y may not overlap rgb. */
DISPATCH(void, gray_u8, (const u8 *rgb, u8 *y, ptrdiff_t n, int channels), (rgb, y, n, channels))
DISPATCH(void, gray_u16, (const u16 *rgb, u16 *y, ptrdiff_t n, int channels), (rgb, y, n, channels))
DISPATCH(void, gray_f32, (const f32 *rgb, f32 *y, ptrdiff_t n, int channels), (rgb, y, n, channels))
#endif

#else

#if LEVEL > LEVEL_BASELINE
/* The weights and, against a word that is always 1, the half that rounds: two multiply-adds per pixel. */
INLINE VECTOR FN(gray_vector)(const u8 *rgb, int channels) {
    const VECTOR v = FN(load_pixels)(rgb, channels);
    const VECTOR rg = OP(shuffle_epi8)(v, FN(pick)(channels, 0, 1));
    const VECTOR b1 = BITS(or)(OP(shuffle_epi8)(v, FN(pick)(channels, 2, -16)), WORDS(0, 1));
    return OP(srli_epi32)(OP(add_epi32)(OP(madd_epi16)(rg, WORDS(9798, 19235)), OP(madd_epi16)(b1, WORDS(3735, 16384))), 15);
}

/* Signed dwords times a factor, plus a small number, to nearest, half to even. What the factor loses as a float is added as a
   second product, so that the sum is wrong by its own rounding alone: less than half its last place, and not at all where it
   should be half-way between integers. Up to 2^15 that place is 2^-9, so that a multiple of 1/1000 stays on its side of half-way. */
INLINE VECTOR FN(nearest_product)(VECTOR v, f64 factor, f32 more) {
    const f32 first = (f32)factor, second = (f32)(factor - (f64)first);
#if LEVEL == LEVEL_AVX512
    const __m512 f = _mm512_cvtepi32_ps(v), rest = _mm512_fmadd_ps(f, _mm512_set1_ps(second), _mm512_set1_ps(more));
    return _mm512_cvtps_epi32(_mm512_fmadd_ps(f, _mm512_set1_ps(first), rest));
#else
    const __m256 f = _mm256_cvtepi32_ps(v), rest = _mm256_fmadd_ps(f, _mm256_set1_ps(second), _mm256_set1_ps(more));
    return _mm256_cvtps_epi32(_mm256_fmadd_ps(f, _mm256_set1_ps(first), rest));
#endif
}

/* The luma of pairs, as dwords less 32768. The sum in thousandths has 25 bits, of which a float may round the last. With 2 more,
   half-way is even but no multiple of 4, and what is odd beside it is rounded away from it. */
INLINE VECTOR FN(gray_dwords)(VECTOR rg, VECTOR ba) {
    const VECTOR sum = FN(add_products)(OP(set1_epi32)(2), rg, WORDS(299, 587));
    return FN(nearest_product)(FN(add_products)(sum, ba, WORDS(114, 0)), 0.001, -0.002f);
}

INLINE VECTOR_F32 FN(gray_floats)(VECTOR r, VECTOR g, VECTOR b) {
    return OP(add_ps)(OP(add_ps)(OP(mul_ps)(OP(set1_ps)(0.299f), FLOATS(r)), OP(mul_ps)(OP(set1_ps)(0.587f), FLOATS(g))),
                      OP(mul_ps)(OP(set1_ps)(0.114f), FLOATS(b)));
}
#endif

INLINE void FN(gray_u8_any)(const u8 *rgb, u8 *y, ptrdiff_t n, int channels) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    const int step = VECTOR_PIXELS * channels;
    for (; i + 4 * VECTOR_PIXELS + LOAD_SLACK <= n; i += 4 * VECTOR_PIXELS) {
        const u8 *p = rgb + i * channels;
        prefetch_read(p, 4 * step);
        BITS(storeu)((void *)(y + i), FN(join_pixels)(FN(gray_vector)(p, channels), FN(gray_vector)(p + step, channels),
                                                      FN(gray_vector)(p + 2 * step, channels),
                                                      FN(gray_vector)(p + 3 * step, channels)));
    }
#endif
    for (; i < n; i++) {
        const u8 *p = rgb + i * channels;
        y[i] = (u8)((9798 * p[0] + 19235 * p[1] + 3735 * p[2] + 16384) >> 15);
    }
}

/* n / 1000 rounded half to even for 0 <= n < 2^27, negative or zero for n < 0: a guess less than 0.04 off before its
   rounding, then corrected. */
INLINE i32 FN(thousandth)(i32 n) {
    const i32 guess = (i32)((f32)n * 0.001f + 0.5f), rest = n - 1000 * guess, odd = guess & 1;
    return guess + (rest > 500 - odd) - (rest < odd - 500);
}

INLINE void FN(gray_u16_any)(const u16 *rgb, u16 *y, ptrdiff_t n, int channels) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    for (; i + STEP(2) <= n; i += STEP(2)) {
        VECTOR pairs[4];
        prefetch_read(rgb + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        FN(load_pairs)(rgb + i * channels, pairs, channels, 0, 2);
        const VECTOR dwords[2] = {FN(gray_dwords)(pairs[0], pairs[2]), FN(gray_dwords)(pairs[1], pairs[3])};
        FN(store_plane)(y + i, FN(join_dwords)(dwords), channels);
    }
#endif
    for (; i < n; i++) {
        const u16 *p = rgb + i * channels;
        y[i] = (u16)FN(thousandth)(299 * p[0] + 587 * p[1] + 114 * p[2]);
    }
}

INLINE void FN(gray_f32_any)(const f32 *rgb, f32 *y, ptrdiff_t n, int channels, int past) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    for (; i + STEP(4) <= n; i += STEP(4)) {
        VECTOR p[4];
        prefetch_read(rgb + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        /* Whole vectors would cross cache lines, and stores past the caches take twice as long beside such loads. */
        FN(load_lanes)(rgb + i * channels, p, 4, channels);
        FN(store_vector)(y + i, INTEGERS(FN(gray_floats)(p[0], p[1], p[2])), past);
    }
#endif
    if (past) FN(written_past)();
    for (; i < n; i++) {
        const f32 *p = rgb + i * channels;
        y[i] = 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
    }
}

/* The number of channels is a constant inside each copy. */
static void FN(gray_u8)(const u8 *rgb, u8 *y, ptrdiff_t n, int channels) {
    if (channels == 3) FN(gray_u8_any)(rgb, y, n, 3);
    else FN(gray_u8_any)(rgb, y, n, 4);
}

static void FN(gray_u16)(const u16 *rgb, u16 *y, ptrdiff_t n, int channels) {
    if (channels == 3) FN(gray_u16_any)(rgb, y, n, 3);
    else FN(gray_u16_any)(rgb, y, n, 4);
}

static void FN(gray_f32)(const f32 *rgb, f32 *y, ptrdiff_t n, int channels) {
    if (channels == 4) FN(gray_f32_any)(rgb, y, n, 4, 0);
    else if (FN(passes_caches)(rgb, y, 4 * n * (ptrdiff_t)sizeof *rgb)) FN(gray_f32_any)(rgb, y, n, 3, 1);
    else FN(gray_f32_any)(rgb, y, n, 3, 0);
}

#endif
