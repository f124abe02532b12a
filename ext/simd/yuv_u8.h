/* RGB <-> YUV (BT.601), uint8: Y = 0.299 R + 0.587 G + 0.114 B, U = 0.492 (B - Y) + 128, V = 0.877 (R - Y) + 128 in
   OpenCV's 14-bit fixed point. */
#ifndef LEVEL
#ifndef IMGPROC_YUV_U8_H
#define IMGPROC_YUV_U8_H
#include "simd/lanes.h"
#include "simd/yuv_u8_whole.h"
#define SIMD_SOURCE "simd/yuv_u8.h"
#include "simd/levels.h"

/* n pixels of 3 or 4 channels; the fourth is copied; dst may be src. */
DISPATCH(void, rgb_to_yuv_u8, (const u8 *src, u8 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, yuv_to_rgb_u8, (const u8 *src, u8 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
#endif

#else

INLINE u8 FN(clip_byte)(i32 v) { return (u8)(v < 0 ? 0 : v > 255 ? 255 : v); }

#if LEVEL > LEVEL_BASELINE
/* Words in (-32768 + 255, 255 + 255] clipped to [0, 255]: both saturations come with an addition. */
INLINE VECTOR FN(clip_words)(VECTOR v) {
    const VECTOR shift = OP(set1_epi16)(0x7f00);
    return OP(subs_epu16)(OP(adds_epi16)(v, shift), shift);
}

/* Dwords [a, b, c, x] of pixels as packed pixels in the order of `p`; RGBA takes its fourth byte from `alpha`. */
INLINE VECTOR FN(pack_pixels)(VECTOR v, VECTOR alpha, int channels, int p0, int p1, int p2) {
    const char a = (char)p0, b = (char)p1, c = (char)p2;
    if (channels == 3)
        return OP(shuffle_epi8)(v, FN(every_lane)(_mm_setr_epi8(a, b, c, (char)(a + 4), (char)(b + 4), (char)(c + 4),
                                                                (char)(a + 8), (char)(b + 8), (char)(c + 8), (char)(a + 12),
                                                                (char)(b + 12), (char)(c + 12), -1, -1, -1, -1)));
    v = OP(shuffle_epi8)(v, FN(every_lane)(_mm_setr_epi8(a, b, c, -1, (char)(a + 4), (char)(b + 4), (char)(c + 4), -1,
                                                         (char)(a + 8), (char)(b + 8), (char)(c + 8), -1, (char)(a + 12),
                                                         (char)(b + 12), (char)(c + 12), -1)));
    return BITS(or)(v, BITS(and)(alpha, OP(set1_epi32)((i32)0xff000000)));
}

/* Y in 16 bits of fraction: the weight of G does not fit a signed word and is given to two. mulhrs(d, 2 w) is
   d w + 2^13 >> 14, in word lanes. */
INLINE VECTOR FN(rgb_to_yuv_vector)(VECTOR v, int channels) {
    const VECTOR rg = OP(shuffle_epi8)(v, FN(pick)(channels, 0, 1)), bg = OP(shuffle_epi8)(v, FN(pick)(channels, 2, 1));
    const VECTOR br = OP(shuffle_epi8)(v, FN(pick)(channels, 2, 0));
    const VECTOR sum = OP(add_epi32)(OP(add_epi32)(OP(madd_epi16)(rg, WORDS(4 * 4899, 2 * 9617 + 2)),
                                                   OP(madd_epi16)(bg, WORDS(4 * 1868, 2 * 9617 - 2))),
                                     OP(set1_epi32)(1 << 15));
    const VECTOR y = OP(shuffle_epi8)(
        sum, FN(every_lane)(_mm_setr_epi8(2, -1, 2, -1, 6, -1, 6, -1, 10, -1, 10, -1, 14, -1, 14, -1)));
    VECTOR uv = OP(mulhrs_epi16)(OP(sub_epi16)(br, y), WORDS(2 * 8061, 2 * 14369));
    uv = FN(clip_words)(OP(add_epi16)(uv, OP(set1_epi16)(128)));
    return FN(pack_pixels)(BITS(or)(y, OP(slli_epi32)(uv, 8)), v, channels, 0, 1, 3);
}

/* mulhrs(4 d, w / 2) is d w + 2^13 >> 14. */
INLINE VECTOR FN(yuv_to_rgb_vector)(VECTOR v, int channels) {
    const VECTOR y = OP(shuffle_epi8)(v, FN(pick)(channels, 0, 0));
    const VECTOR uv = OP(sub_epi16)(OP(shuffle_epi8)(v, FN(pick)(channels, 1, 2)), OP(set1_epi16)(128));
    const VECTOR br = OP(add_epi16)(OP(mulhrs_epi16)(OP(slli_epi16)(uv, 2), WORDS(33292 / 2, 18678 / 2)), y);
    const VECTOR part = OP(add_epi32)(OP(madd_epi16)(uv, WORDS(-6472, -9519)), OP(set1_epi32)(1 << 13));
    /* The odd word is the sign, 0 or -1, which the clipping makes 0. */
    const VECTOR g = OP(add_epi32)(OP(srai_epi32)(part, 14), BITS(and)(y, OP(set1_epi32)(0xff)));
    return FN(pack_pixels)(BITS(or)(FN(clip_words)(br), OP(slli_epi32)(FN(clip_words)(g), 8)), v, channels, 2, 1, 0);
}
#endif

INLINE void FN(rgb_to_yuv_u8_any)(const u8 *src, u8 *dst, ptrdiff_t n, int channels) {
    ptrdiff_t i = 0;
#if LEVEL == LEVEL_AVX512
    if (channels == 3 && n >= YUV_U8_WHOLE) {
        const int past = FN(passes_caches)(src, dst, 2 * n * 3);
        i = past ? FN(rgb_to_yuv_whole)(src, dst, n, 1) : FN(rgb_to_yuv_whole)(src, dst, n, 0);
        if (past) FN(written_past)();
    }
#endif
#if LEVEL > LEVEL_BASELINE
    for (; i + VECTOR_PIXELS + LOAD_SLACK <= n; i += VECTOR_PIXELS) {
        prefetch_read(src + i * channels, VECTOR_PIXELS * channels);
        prefetch_write(dst + i * channels, VECTOR_PIXELS * channels);
        FN(store_pixels)(dst + i * channels, FN(rgb_to_yuv_vector)(FN(load_pixels)(src + i * channels, channels), channels),
                         channels);
    }
#endif
    for (; i < n; i++) {
        const u8 *s = src + i * channels;
        u8 *d = dst + i * channels;
        const i32 r = s[0], b = s[2], y = (4899 * r + 9617 * s[1] + 1868 * b + 8192) >> 14;
        d[0] = (u8)y;
        d[1] = (u8)(((b - y) * 8061 + (128 << 14) + 8192) >> 14); /* within [17, 239] */
        d[2] = FN(clip_byte)(((r - y) * 14369 + (128 << 14) + 8192) >> 14);
        if (channels == 4) d[3] = s[3];
    }
}

INLINE void FN(yuv_to_rgb_u8_any)(const u8 *src, u8 *dst, ptrdiff_t n, int channels) {
    ptrdiff_t i = 0;
#if LEVEL == LEVEL_AVX512
    if (channels == 3 && n >= YUV_U8_WHOLE) {
        const int past = FN(passes_caches)(src, dst, 2 * n * 3);
        i = past ? FN(yuv_to_rgb_whole)(src, dst, n, 1) : FN(yuv_to_rgb_whole)(src, dst, n, 0);
        if (past) FN(written_past)();
    }
#endif
#if LEVEL > LEVEL_BASELINE
    for (; i + VECTOR_PIXELS + LOAD_SLACK <= n; i += VECTOR_PIXELS) {
        prefetch_read(src + i * channels, VECTOR_PIXELS * channels);
        prefetch_write(dst + i * channels, VECTOR_PIXELS * channels);
        FN(store_pixels)(dst + i * channels, FN(yuv_to_rgb_vector)(FN(load_pixels)(src + i * channels, channels), channels),
                         channels);
    }
#endif
    /* A right shift of a negative number rounds down with every compiler that this is built for. */
    for (; i < n; i++) {
        const u8 *s = src + i * channels;
        u8 *d = dst + i * channels;
        const i32 y = s[0], u = s[1] - 128, v = s[2] - 128;
        d[0] = FN(clip_byte)(y + ((v * 18678 + 8192) >> 14));
        d[1] = FN(clip_byte)(y + ((u * -6472 + v * -9519 + 8192) >> 14));
        d[2] = FN(clip_byte)(y + ((u * 33292 + 8192) >> 14));
        if (channels == 4) d[3] = s[3];
    }
}

/* The number of channels is a constant inside each copy. */
static void FN(rgb_to_yuv_u8)(const u8 *src, u8 *dst, ptrdiff_t n, int channels) {
    if (channels == 3) FN(rgb_to_yuv_u8_any)(src, dst, n, 3);
    else FN(rgb_to_yuv_u8_any)(src, dst, n, 4);
}

static void FN(yuv_to_rgb_u8)(const u8 *src, u8 *dst, ptrdiff_t n, int channels) {
    if (channels == 3) FN(yuv_to_rgb_u8_any)(src, dst, n, 3);
    else FN(yuv_to_rgb_u8_any)(src, dst, n, 4);
}

#endif
