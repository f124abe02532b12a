/* RGB <-> YUV (BT.601), uint16: Y = 0.299 R + 0.587 G + 0.114 B, U = 0.492 (B - Y) + 32768, V = 0.877 (R - Y) + 32768, and the
   exact inverse of that. */
#ifndef LEVEL
#ifndef IMGPROC_YUV_U16_H
#define IMGPROC_YUV_U16_H
#include "simd/gray.h"
#define SIMD_SOURCE "simd/yuv_u16.h"
#include "simd/levels.h"

/* n pixels of 3 or 4 channels; the fourth is copied; dst may be src. Exact: every result is rounded half to even and clipped,
   U and V from the rounded Y so that errors do not add up on the way back. */
DISPATCH(void, rgb_to_yuv_u16, (const u16 *src, u16 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, yuv_to_rgb_u16, (const u16 *src, u16 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
#endif

#else

#define R_OF_V (1 / 0.877)
#define B_OF_U (1 / 0.492)
#define G_OF_U (0.114 / (0.587 * 0.492))
#define G_OF_V (0.299 / (0.587 * 0.877))

#if LEVEL > LEVEL_BASELINE
/* Sums of products in 14 binary places (blue: 13), from Y so scaled and a half added. Words carry what the last digits
   contribute, rounded: R and B are wrong by less than 2^-13 and are 1/1754 or more from half-way; G, of three digits, by less
   than 2^-28, and is 2^-26 or more from there. */
INLINE void FN(rgb_dwords)(VECTOR ya, VECTOR uv, VECTOR *r, VECTOR *g, VECTOR *b) {
    const i64 r_v = FIXED(R_OF_V, 29), b_u = FIXED(B_OF_U, 28), g_u = FIXED(-G_OF_U, 44), g_v = FIXED(-G_OF_V, 44);
    const VECTOR y = FN(add_products)(OP(set1_epi32)(8192), ya, WORDS(16384, 0)), y_half = OP(srai_epi32)(y, 1);
    const VECTOR last = OP(mulhrs_epi16)(uv, WORDS(DIGIT(b_u), DIGIT(r_v)));
    *r = OP(srai_epi32)(FN(add_products)(FN(add_products)(y, uv, WORDS(0, ABOVE(r_v))), last, WORDS(0, 1)), 14);
    *b = OP(srai_epi32)(FN(add_products)(FN(add_products)(y_half, uv, WORDS(ABOVE(b_u), 0)), last, WORDS(1, 0)), 13);
    const VECTOR third = OP(madd_epi16)(OP(mulhrs_epi16)(uv, WORDS(DIGIT(g_u), DIGIT(g_v))), WORDS(1, 1));
    const VECTOR second = OP(srai_epi32)(FN(add_products)(third, uv, WORDS(DIGIT(ABOVE(g_u)), DIGIT(ABOVE(g_v)))), 15);
    *g = OP(srai_epi32)(OP(add_epi32)(FN(add_products)(y, uv, WORDS(ABOVE(ABOVE(g_u)), ABOVE(ABOVE(g_v)))), second), 14);
}
#endif

INLINE u16 FN(clip_word)(i32 v) { return (u16)(v < 0 ? 0 : v > 65535 ? 65535 : v); }

#if LEVEL > LEVEL_BASELINE
/* Of STEP(2) pixels: pairs, and Y as dwords. */
typedef struct {
    VECTOR pairs[4], y[2];
} FN(Luma);

INLINE void FN(load_luma)(const u16 *src, int channels, FN(Luma) *luma) {
    prefetch_read(src, channels * (ptrdiff_t)sizeof(VECTOR));
    FN(load_pairs)(src, luma->pairs, channels, 0, 2);
    for (int j = 0; j < 2; j++) luma->y[j] = FN(gray_dwords)(luma->pairs[j], luma->pairs[j + 2]);
}

INLINE void FN(store_yuv)(u16 *dst, const FN(Luma) *luma, int channels, int past) {
    VECTOR out[4][2];
    if (!past) prefetch_write(dst, channels * (ptrdiff_t)sizeof(VECTOR));
    for (int j = 0; j < 2; j++) {
        const VECTOR rg = luma->pairs[j], ba = luma->pairs[j + 2], y = luma->y[j];
        out[0][j] = y;
        out[1][j] = FN(nearest_product)(OP(sub_epi32)(OP(madd_epi16)(ba, WORDS(1, 0)), y), 0.492, 0);
        out[2][j] = FN(nearest_product)(OP(sub_epi32)(OP(madd_epi16)(rg, WORDS(1, 0)), y), 0.877, 0);
        out[3][j] = OP(srai_epi32)(ba, 16);
    }
    FN(store_dwords)(dst, out, channels, past);
}
#endif

INLINE void FN(rgb_to_yuv_u16_any)(const u16 *src, u16 *dst, ptrdiff_t n, int channels, int past) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    /* The luma of a step is made before the step in front of it is done: it is what all else of the step waits for. */
    FN(Luma) luma, next;
    if (n >= STEP(2)) FN(load_luma)(src, channels, &next);
    for (; i + STEP(2) <= n; i += STEP(2)) {
        luma = next;
        if (i + 2 * STEP(2) <= n) FN(load_luma)(src + (i + STEP(2)) * channels, channels, &next);
        FN(store_yuv)(dst + i * channels, &luma, channels, past);
    }
#endif
    if (past) FN(written_past)();
    for (; i < n; i++) {
        const u16 *s = src + i * channels;
        u16 *d = dst + i * channels;
        const i32 r = s[0], b = s[2], y = FN(thousandth)(299 * r + 587 * s[1] + 114 * b);
        d[0] = (u16)y;
        d[1] = (u16)FN(thousandth)(492 * (b - y) + 32768000); /* within [3696, 61840] */
        d[2] = FN(clip_word)(FN(thousandth)(877 * (r - y) + 32768000));
        if (channels == 4) d[3] = s[3];
    }
}

/* To nearest, half to even, |v| < 2^31: adding 3 * 2^51 leaves no bits for the fraction. */
INLINE i32 FN(nearest)(f64 v) { return (i32)((v + 6755399441055744.0) - 6755399441055744.0); }

/* No result is half-way between two integers: the denominators are 877, 123 and, of G, 587 * 877 * 41, all odd. */
INLINE void FN(yuv_to_rgb_u16_any)(const u16 *src, u16 *dst, ptrdiff_t n, int channels, int past) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    /* Pixels are loaded one step before they are needed. */
    VECTOR next[4];
    if (n >= STEP(2)) FN(load_pairs)(src, next, channels, 1, 0);
    for (; i + STEP(2) <= n; i += STEP(2)) {
        VECTOR pairs[4], out[4][2];
        for (int j = 0; j < 4; j++) pairs[j] = next[j];
        prefetch_read(src + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        if (!past) prefetch_write(dst + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        if (i + 2 * STEP(2) <= n) FN(load_pairs)(src + (i + STEP(2)) * channels, next, channels, 1, 0);
        for (int j = 0; j < 2; j++) {
            FN(rgb_dwords)(pairs[j + 2], pairs[j], &out[0][j], &out[1][j], &out[2][j]);
            out[3][j] = OP(srai_epi32)(pairs[j + 2], 16);
        }
        FN(store_dwords)(dst + i * channels, out, channels, past);
    }
#endif
    if (past) FN(written_past)();
    for (; i < n; i++) {
        const u16 *s = src + i * channels;
        u16 *d = dst + i * channels;
        const i32 y = s[0], u = s[1] - 32768, v = s[2] - 32768;
        d[0] = FN(clip_word)(y + FN(nearest)(v * R_OF_V));
        d[1] = FN(clip_word)(y - FN(nearest)(u * G_OF_U + v * G_OF_V));
        d[2] = FN(clip_word)(y + FN(nearest)(u * B_OF_U));
        if (channels == 4) d[3] = s[3];
    }
}

/* The number of channels is a constant inside each copy. */
#define PUBLIC(name)                                                                                                    \
    static void FN(name)(const u16 *src, u16 *dst, ptrdiff_t n, int channels) {                                         \
        if (channels == 4) FN(name##_any)(src, dst, n, 4, 0);                                                           \
        else if (FN(passes_caches)(src, dst, 2 * n * 3 * (ptrdiff_t)sizeof *src)) FN(name##_any)(src, dst, n, 3, 1);    \
        else FN(name##_any)(src, dst, n, 3, 0);                                                                         \
    }
PUBLIC(rgb_to_yuv_u16)
PUBLIC(yuv_to_rgb_u16)
#undef PUBLIC
#undef R_OF_V
#undef B_OF_U
#undef G_OF_U
#undef G_OF_V

#endif
