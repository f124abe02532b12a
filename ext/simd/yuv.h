/* RGB <-> YUV (BT.601), float32: Y = 0.299 R + 0.587 G + 0.114 B, U = 0.492 (B - Y) + 0.5, V = 0.877 (R - Y) + 0.5, and
   the inverse of that. */
#ifndef LEVEL
#ifndef IMGPROC_YUV_H
#define IMGPROC_YUV_H
#include "simd/gray.h"
#define SIMD_SOURCE "simd/yuv.h"
#include "simd/levels.h"

/* n pixels of 3 or 4 channels; the fourth is copied; dst may be src. Results are not clipped. */
DISPATCH(void, rgb_to_yuv_f32, (const f32 *src, f32 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, yuv_to_rgb_f32, (const f32 *src, f32 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
#endif

#else

#define R_OF_V (1 / 0.877)
#define B_OF_U (1 / 0.492)
#define G_OF_U (0.114 / (0.587 * 0.492))
#define G_OF_V (0.299 / (0.587 * 0.877))

INLINE void FN(rgb_to_yuv_f32_any)(const f32 *src, f32 *dst, ptrdiff_t n, int channels, int past) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    const VECTOR_F32 half = OP(set1_ps)(0.5f);
    for (; i + STEP(4) <= n; i += STEP(4)) {
        VECTOR p[4];
        prefetch_read(src + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        if (!past) prefetch_write(dst + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        if (past) FN(load_lanes)(src + i * channels, p, 4, channels);
        else FN(load_planes)(src + i * channels, p, 4, channels);
        const VECTOR_F32 r = FLOATS(p[0]), b = FLOATS(p[2]), y = FN(gray_floats)(p[0], p[1], p[2]);
        p[0] = INTEGERS(y);
        p[1] = INTEGERS(OP(add_ps)(OP(mul_ps)(OP(sub_ps)(b, y), OP(set1_ps)(0.492f)), half));
        p[2] = INTEGERS(OP(add_ps)(OP(mul_ps)(OP(sub_ps)(r, y), OP(set1_ps)(0.877f)), half));
        FN(store_planes)(dst + i * channels, p, 4, channels, past);
    }
#endif
    if (past) FN(written_past)();
    for (; i < n; i++) {
        const f32 *s = src + i * channels;
        f32 *d = dst + i * channels;
        const f32 r = s[0], b = s[2], y = 0.299f * r + 0.587f * s[1] + 0.114f * b;
        d[0] = y;
        d[1] = (b - y) * 0.492f + 0.5f;
        d[2] = (r - y) * 0.877f + 0.5f;
        if (channels == 4) d[3] = s[3];
    }
}

INLINE void FN(yuv_to_rgb_f32_any)(const f32 *src, f32 *dst, ptrdiff_t n, int channels, int past) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    const VECTOR_F32 half = OP(set1_ps)(0.5f), r_of_v = OP(set1_ps)((f32)R_OF_V), b_of_u = OP(set1_ps)((f32)B_OF_U);
    const VECTOR_F32 g_of_u = OP(set1_ps)((f32)G_OF_U), g_of_v = OP(set1_ps)((f32)G_OF_V);
    for (; i + STEP(4) <= n; i += STEP(4)) {
        VECTOR p[4];
        prefetch_read(src + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        if (!past) prefetch_write(dst + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        if (past) FN(load_lanes)(src + i * channels, p, 4, channels);
        else FN(load_planes)(src + i * channels, p, 4, channels);
        const VECTOR_F32 y = FLOATS(p[0]), u = OP(sub_ps)(FLOATS(p[1]), half), v = OP(sub_ps)(FLOATS(p[2]), half);
        p[0] = INTEGERS(OP(add_ps)(y, OP(mul_ps)(v, r_of_v)));
        p[1] = INTEGERS(OP(sub_ps)(OP(sub_ps)(y, OP(mul_ps)(u, g_of_u)), OP(mul_ps)(v, g_of_v)));
        p[2] = INTEGERS(OP(add_ps)(y, OP(mul_ps)(u, b_of_u)));
        FN(store_planes)(dst + i * channels, p, 4, channels, past);
    }
#endif
    if (past) FN(written_past)();
    for (; i < n; i++) {
        const f32 *s = src + i * channels;
        f32 *d = dst + i * channels;
        const f32 y = s[0], u = s[1] - 0.5f, v = s[2] - 0.5f;
        d[0] = y + v * (f32)R_OF_V;
        d[1] = y - u * (f32)G_OF_U - v * (f32)G_OF_V;
        d[2] = y + u * (f32)B_OF_U;
        if (channels == 4) d[3] = s[3];
    }
}

/* The number of channels is a constant inside each copy. */
#define PUBLIC(name)                                                                                                    \
    static void FN(name)(const f32 *src, f32 *dst, ptrdiff_t n, int channels) {                                         \
        if (channels == 4) FN(name##_any)(src, dst, n, 4, 0);                                                           \
        else if (FN(passes_caches)(src, dst, 2 * n * 3 * (ptrdiff_t)sizeof *src)) FN(name##_any)(src, dst, n, 3, 1);    \
        else FN(name##_any)(src, dst, n, 3, 0);                                                                         \
    }
PUBLIC(rgb_to_yuv_f32)
PUBLIC(yuv_to_rgb_f32)
#undef PUBLIC
#undef R_OF_V
#undef B_OF_U
#undef G_OF_U
#undef G_OF_V

#endif
