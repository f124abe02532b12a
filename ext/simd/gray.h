/* Luma (BT.601) of interleaved RGB or RGBA: y[i] = 0.299 R + 0.587 G + 0.114 B of pixel i; alpha is not read. */
#ifndef LEVEL
#ifndef IMGPROC_GRAY_H
#define IMGPROC_GRAY_H
#include "simd/lanes.h"
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
#endif

INLINE void FN(gray_u8_any)(const u8 *rgb, u8 *y, ptrdiff_t n, int channels) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    const int step = VECTOR_PIXELS * channels;
    for (; i + 4 * VECTOR_PIXELS + LOAD_SLACK <= n; i += 4 * VECTOR_PIXELS) {
        const u8 *p = rgb + i * channels;
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

/* n / 1000 rounded half to even, 0 <= n < 2^27: a guess that is less than 0.04 off before its rounding, then corrected. */
INLINE i32 FN(thousandth)(i32 n) {
    const i32 guess = (i32)((f32)n * 0.001f + 0.5f), rest = n - 1000 * guess, odd = guess & 1;
    return guess + (rest > 500 - odd) - (rest < odd - 500);
}

INLINE void FN(gray_u16_any)(const u16 *restrict rgb, u16 *restrict y, ptrdiff_t n, int channels) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const u16 *p = rgb + i * channels;
        y[i] = (u16)FN(thousandth)(299 * p[0] + 587 * p[1] + 114 * p[2]);
    }
}

INLINE void FN(gray_f32_any)(const f32 *restrict rgb, f32 *restrict y, ptrdiff_t n, int channels) {
    for (ptrdiff_t i = 0; i < n; i++) {
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
    if (channels == 3) FN(gray_f32_any)(rgb, y, n, 3);
    else FN(gray_f32_any)(rgb, y, n, 4);
}

#endif
