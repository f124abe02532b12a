/* One bilinear sample, pixel by pixel: where the border has its say, and what the vector forms must equal. */
#ifndef IMGPROC_WARP_PIXELS_H
#define IMGPROC_WARP_PIXELS_H
#include "simd/common.h"

enum { REFLECT, SYMMETRIC, EDGE, WRAP, CONSTANT };

typedef struct {
    const void *pixels;
    ptrdiff_t stride, height, width;
    int channels, border;
    const void *fill; /* a pixel of equal samples */
} Picture;

/* The pixel that stands at place i of an axis of n, -1 for fill. */
INLINE i64 warp_border(i64 i, i64 n, int border) {
    if (i >= 0 && i < n) return i;
    if (border == CONSTANT) return -1;
    if (border == EDGE) return i < 0 ? 0 : n - 1;
    if (border == WRAP) {
        i += i < 0 ? n : -n;
        if (i < 0 || i >= n) i %= n;
        return i < 0 ? i + n : i;
    }
    /* Mirrored at the first pixel or before it; divisions only far outside. */
    i64 mirrored = border == SYMMETRIC, period = 2 * n - 2 + 2 * mirrored;
    if (period == 0) return 0;
    if (i < 0) i = -mirrored - i;
    if (i >= period) i %= period;
    return i < n ? i : period - mirrored - i;
}

/* The pixels around position x of an axis of n, -1 for fill, and the share of the second. False for what is no number. */
INLINE int warp_place(f64 x, ptrdiff_t n, int border, i64 *first, i64 *second, f32 *share) {
    if (!(x - x == 0)) return 0;
    if (border == EDGE) x = x < 0 ? 0 : x > (f64)(n - 1) ? (f64)(n - 1) : x;
    else if (border == CONSTANT) x = x < -2 ? -2 : x > (f64)(n + 1) ? (f64)(n + 1) : x;
    else if (!(x > -0x1p53 && x < 0x1p53)) {
        /* Integers that 64 bits need not hold, brought near exactly. */
        f64 period = border == REFLECT ? 2 * (f64)(n - 1) : border == SYMMETRIC ? 2 * (f64)n : (f64)n;
        x = period > 0 ? fmod(x, period) : 0;
    }
    f64 below = floor(x);
    *share = (f32)(x - below);
    *first = warp_border((i64)below, n, border);
    *second = warp_border((i64)below + 1, n, border);
    return 1;
}

INLINE f32 warp_between(f32 a, f32 b, f32 f) { return f != 0 ? a + f * (b - a) : a; }
/* Adding 2^23 leaves the integer, rounded half to even, in the low bits. */
INLINE u32 warp_round(f32 v) {
    f32 shifted = v + 8388608.0f;
    u32 bits;
    memcpy(&bits, &shifted, sizeof bits);
    return bits;
}
INLINE u8 warp_store_u8(f32 v) { return (u8)warp_round(v); }
INLINE u16 warp_store_u16(f32 v) { return (u16)warp_round(v); }
INLINE f32 warp_store_f32(f32 v) { return v; }

#define WARP_PIXEL(kind)                                                                                                  \
    INLINE const kind *warp_tap_##kind(const Picture *picture, i64 r, i64 c, const int channels) {                        \
        return r < 0 || c < 0 ? picture->fill : (const kind *)((const char *)picture->pixels + r * picture->stride) + c * channels; \
    }                                                                                                                     \
    INLINE void warp_taps_##kind(const Picture *picture, const i64 r[2], const i64 c[2], f32 fr, f32 fc, kind *out, const int channels) { \
        const kind *tap[2][2];                                                                                            \
        for (int j = 0; j < 2; j++)                                                                                       \
            for (int i = 0; i < 2; i++) tap[j][i] = warp_tap_##kind(picture, r[j], c[i], channels);                       \
        for (int k = 0; k < channels; k++) {                                                                              \
            f32 left = warp_between((f32)tap[0][0][k], (f32)tap[1][0][k], fr);                                            \
            f32 right = warp_between((f32)tap[0][1][k], (f32)tap[1][1][k], fr);                                           \
            out[k] = warp_store_##kind(warp_between(left, right, fc));                                                    \
        }                                                                                                                 \
    }                                                                                                                     \
    INLINE void warp_pixel_##kind(const Picture *picture, f64 row, f64 column, kind *out, const int channels) {           \
        i64 r[2], c[2];                                                                                                   \
        f32 fr, fc;                                                                                                       \
        if (warp_place(row, picture->height, picture->border, &r[0], &r[1], &fr) &&                                       \
            warp_place(column, picture->width, picture->border, &c[0], &c[1], &fc))                                       \
            warp_taps_##kind(picture, r, c, fr, fc, out, channels);                                                       \
        else memcpy(out, picture->fill, (size_t)channels * sizeof *out);                                                  \
    }
WARP_PIXEL(u8)
WARP_PIXEL(u16)
WARP_PIXEL(f32)
#undef WARP_PIXEL

#endif
