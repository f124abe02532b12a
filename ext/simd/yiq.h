/* RGB <-> YIQ (NTSC), I and Q centred at half the range, with the matrix that scikit-image uses and its inverse: the matrices,
   one pixel of integers, and float32. */
#ifndef LEVEL
#ifndef IMGPROC_YIQ_H
#define IMGPROC_YIQ_H
#include "simd/wide_lanes.h"

static const f64 yiq_from_rgb[3][3] UNUSED = {
    {0.299, 0.587, 0.114},
    {0.59590059, -0.27455667, -0.32134392},
    {0.21153661, -0.52273617, 0.31119955},
};
static const f64 rgb_from_yiq[3][3] UNUSED = {
    {1.0000000062082481, 0.9559863415731352, 0.6208247979787566},
    {0.9999999935279575, -0.27201283148102584, -0.6472042418461063},
    {1.000000017042305, -1.1067402109737305, 1.7042304856843515},
};

/* Adding 2^52 to a number in [0, 2^51] rounds it half to even, with SSE2 alone. */
INLINE i32 yiq_nearest(f64 v, f64 top) {
    v = v > 0 ? v : 0;
    v = v < top ? v : top;
    return (i32)((v + 4503599627370496.0) - 4503599627370496.0);
}

/* One pixel of integers: in float64, products summed from the left, rounded half to even and clipped. Offsets in place of I and
   Q go before (to RGB) or come after. dst may be src. */
#define DEFINE_PIXEL(type, top)                                                                                          \
    INLINE void yiq_pixel_##type(const type *s, type *d, int channels, const f64 (*m)[3], f64 before, f64 after) {       \
        const f64 a = s[0], b = (f64)s[1] - before, c = (f64)s[2] - before;                                              \
        const type fourth = channels == 4 ? s[3] : 0;                                                                    \
        d[0] = (type)yiq_nearest(m[0][0] * a + m[0][1] * b + m[0][2] * c, top);                                          \
        d[1] = (type)yiq_nearest(m[1][0] * a + m[1][1] * b + m[1][2] * c + after, top);                                  \
        d[2] = (type)yiq_nearest(m[2][0] * a + m[2][1] * b + m[2][2] * c + after, top);                                  \
        if (channels == 4) d[3] = fourth;                                                                                \
    }
DEFINE_PIXEL(u8, 255)
DEFINE_PIXEL(u16, 65535)
#undef DEFINE_PIXEL

#define SIMD_SOURCE "simd/yiq.h"
#include "simd/levels.h"

/* n pixels of 3 or 4 channels; the fourth is copied; dst may be src. In float32, products summed from the left, not
   clipped. */
DISPATCH(void, rgb_to_yiq_f32, (const f32 *src, f32 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, yiq_to_rgb_f32, (const f32 *src, f32 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
#endif

#else

INLINE void FN(yiq_floats)(const f32 *src, f32 *dst, ptrdiff_t n, int channels, int past, const f64 (*matrix)[3], f32 before,
                           f32 after) {
    f32 m[3][3];
    for (int i = 0; i < 9; i++) m[i / 3][i % 3] = (f32)matrix[i / 3][i % 3];
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    const VECTOR_F32 less = OP(set1_ps)(before), more = OP(set1_ps)(after);
    for (; i + STEP(4) <= n; i += STEP(4)) {
        VECTOR p[4];
        prefetch_read(src + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        if (!past) prefetch_write(dst + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        if (past) FN(load_lanes)(src + i * channels, p, 4, channels);
        else FN(load_planes)(src + i * channels, p, 4, channels);
        const VECTOR_F32 a = FLOATS(p[0]), b = OP(sub_ps)(FLOATS(p[1]), less), c = OP(sub_ps)(FLOATS(p[2]), less);
        for (int k = 0; k < 3; k++) {
            const VECTOR_F32 first = OP(mul_ps)(OP(set1_ps)(m[k][0]), a), second = OP(mul_ps)(OP(set1_ps)(m[k][1]), b);
            const VECTOR_F32 sum = OP(add_ps)(OP(add_ps)(first, second), OP(mul_ps)(OP(set1_ps)(m[k][2]), c));
            p[k] = INTEGERS(k > 0 ? OP(add_ps)(sum, more) : sum);
        }
        FN(store_planes)(dst + i * channels, p, 4, channels, past);
    }
#endif
    if (past) FN(written_past)();
    for (; i < n; i++) {
        const f32 *s = src + i * channels;
        f32 *d = dst + i * channels;
        const f32 a = s[0], b = s[1] - before, c = s[2] - before;
        d[0] = m[0][0] * a + m[0][1] * b + m[0][2] * c;
        d[1] = m[1][0] * a + m[1][1] * b + m[1][2] * c + after;
        d[2] = m[2][0] * a + m[2][1] * b + m[2][2] * c + after;
        if (channels == 4) d[3] = s[3];
    }
}

/* The number of channels is a constant inside each copy. */
#define PUBLIC(name, matrix, before, after)                                                                              \
    static void FN(name)(const f32 *src, f32 *dst, ptrdiff_t n, int channels) {                                          \
        if (channels == 4) FN(yiq_floats)(src, dst, n, 4, 0, matrix, before, after);                                     \
        else if (FN(passes_caches)(src, dst, 2 * n * 3 * (ptrdiff_t)sizeof *src))                                        \
            FN(yiq_floats)(src, dst, n, 3, 1, matrix, before, after);                                                    \
        else FN(yiq_floats)(src, dst, n, 3, 0, matrix, before, after);                                                   \
    }
PUBLIC(rgb_to_yiq_f32, yiq_from_rgb, 0, 0.5f)
PUBLIC(yiq_to_rgb_f32, rgb_from_yiq, 0.5f, 0)
#undef PUBLIC

#endif
