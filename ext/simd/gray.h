/* Luma (BT.601) of interleaved RGB or RGBA: y[i] = 0.299 R + 0.587 G + 0.114 B of pixel i; alpha is not read. */
#ifndef LEVEL
#ifndef IMGPROC_GRAY_H
#define IMGPROC_GRAY_H
#include "simd/wide_lanes.h"
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

/* What is missing from an estimate of n / 1000 that is too small by less than 4, n / 1000 rounded half to even:
   rest = n - 1000 * estimate. Words hold all of it, because sums and products of words are exact modulo 2^16. */
INLINE VECTOR FN(missing_thousandths)(VECTOR rest, VECTOR estimate) {
    const VECTOR x = OP(add_epi16)(rest, OP(set1_epi16)(500));
    /* x / 1000 rounded down, for x < 4500 */
    const VECTOR more = OP(srli_epi16)(OP(mulhi_epu16)(x, OP(set1_epi16)(4195)), 6);
    const VECTOR over = OP(sub_epi16)(x, OP(mullo_epi16)(more, FN(factor)(1000)));
    const VECTOR tie = OP(srli_epi16)(OP(sub_epi16)(over, OP(set1_epi16)(1)), 15);
    return OP(sub_epi16)(more, BITS(and)(tie, OP(add_epi16)(estimate, more)));
}

/* Each product is rounded down, with weights rounded down to 16 bits: together less than 4 too small. */
INLINE VECTOR FN(gray_words)(VECTOR r, VECTOR g, VECTOR b) {
    const VECTOR estimate = OP(add_epi16)(OP(add_epi16)(OP(mulhi_epu16)(r, OP(set1_epi16)(19595)),
                                                        OP(mulhi_epu16)(g, OP(set1_epi16)((i16)38469))),
                                          OP(mulhi_epu16)(b, OP(set1_epi16)(7471)));
    const VECTOR rg = OP(add_epi16)(OP(mullo_epi16)(r, FN(factor)(299)), OP(mullo_epi16)(g, FN(factor)(587)));
    const VECTOR be = OP(sub_epi16)(OP(mullo_epi16)(b, FN(factor)(114)), OP(mullo_epi16)(estimate, FN(factor)(1000)));
    return OP(add_epi16)(estimate, FN(missing_thousandths)(OP(add_epi16)(rg, be), estimate));
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
        VECTOR p[4];
        prefetch_read(rgb + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        FN(load_planes)(rgb + i * channels, p, 2, channels);
        BITS(storeu)((void *)(y + i), FN(gray_words)(p[0], p[1], p[2]));
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
