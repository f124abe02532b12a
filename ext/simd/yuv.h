/* RGB <-> YUV (BT.601), uint16 and float32: Y = 0.299 R + 0.587 G + 0.114 B, U = 0.492 (B - Y) + half,
   V = 0.877 (R - Y) + half, and the exact inverse of that. */
#ifndef LEVEL
#ifndef IMGPROC_YUV_H
#define IMGPROC_YUV_H
#include "simd/gray.h"
#define SIMD_SOURCE "simd/yuv.h"
#include "simd/levels.h"

/* n pixels of 3 or 4 channels; the fourth is copied; dst may be src. uint16: exact, every result rounded half to even and
   clipped, U and V from the rounded Y so that errors do not add up on the way back; float32: not clipped. */
DISPATCH(void, rgb_to_yuv_u16, (const u16 *src, u16 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, rgb_to_yuv_f32, (const f32 *src, f32 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, yuv_to_rgb_u16, (const u16 *src, u16 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, yuv_to_rgb_f32, (const f32 *src, f32 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
#endif

#else

#define R_OF_V (1 / 0.877)
#define B_OF_U (1 / 0.492)
#define G_OF_U (0.114 / (0.587 * 0.492))
#define G_OF_V (0.299 / (0.587 * 0.877))

#if LEVEL > LEVEL_BASELINE
/* 65535 - y in place of -y keeps everything positive: U = 0.492 (b + (65535 - y)) + 524.78. */
INLINE VECTOR FN(u_words)(VECTOR b, VECTOR y) {
    const VECTOR inverse = BITS(xor)(y, OP(set1_epi16)(-1)), weight = OP(set1_epi16)(32243);
    const VECTOR estimate = OP(add_epi16)(OP(add_epi16)(OP(mulhi_epu16)(b, weight), OP(mulhi_epu16)(inverse, weight)),
                                          OP(set1_epi16)(524));
    const VECTOR rest = OP(add_epi16)(OP(sub_epi16)(OP(mullo_epi16)(OP(add_epi16)(b, inverse), FN(factor)(492)),
                                                    OP(mullo_epi16)(estimate, FN(factor)(1000))),
                                      OP(set1_epi16)((i16)(524780 & 0xffff)));
    return OP(add_epi16)(estimate, FN(missing_thousandths)(rest, estimate));
}

/* V - 32768 = 0.877 (r + (65535 - y)) - 57474.195, as two signed words whose sum saturates where V clips. */
INLINE VECTOR FN(v_words)(VECTOR r, VECTOR y) {
    const VECTOR inverse = BITS(xor)(y, OP(set1_epi16)(-1)), weight = OP(set1_epi16)((i16)57475);
    const VECTOR first = OP(sub_epi16)(OP(mulhi_epu16)(r, weight), OP(set1_epi16)(28737));
    const VECTOR second = OP(sub_epi16)(OP(mulhi_epu16)(inverse, weight), OP(set1_epi16)(28738));
    const VECTOR estimate = OP(add_epi16)(first, second);
    const VECTOR rest = OP(sub_epi16)(OP(sub_epi16)(OP(mullo_epi16)(OP(add_epi16)(r, inverse), FN(factor)(877)),
                                                    OP(mullo_epi16)(estimate, FN(factor)(1000))),
                                      OP(set1_epi16)((i16)(57474195 & 0xffff)));
    const VECTOR missing = FN(missing_thousandths)(rest, estimate);
    return BITS(xor)(OP(adds_epi16)(first, OP(add_epi16)(second, missing)), OP(set1_epi16)(-32768));
}

/* v * numerator / denominator to nearest, from an estimate that is less than 1.5 off; the odd denominator leaves no ties. */
INLINE VECTOR FN(fraction_words)(VECTOR v, int numerator, int denominator) {
    const VECTOR limit = OP(set1_epi16)((i16)(denominator / 2));
    const VECTOR estimate = OP(mulhrs_epi16)(v, OP(set1_epi16)((i16)((numerator * 32768 + denominator / 2) / denominator)));
    const VECTOR rest = OP(sub_epi16)(OP(mullo_epi16)(v, FN(factor)(numerator)),
                                      OP(mullo_epi16)(estimate, FN(factor)(denominator)));
    const VECTOR up = OP(srai_epi16)(OP(sub_epi16)(limit, rest), 15), down = OP(srai_epi16)(OP(add_epi16)(limit, rest), 15);
    return OP(add_epi16)(OP(sub_epi16)(estimate, up), down);
}

/* Signed dwords u, v: G_OF_U u + G_OF_V v to nearest. */
INLINE VECTOR FN(g_dwords)(VECTOR u, VECTOR v) {
#if LEVEL == LEVEL_AVX512
    const __m512d of_u = _mm512_set1_pd(G_OF_U), of_v = _mm512_set1_pd(G_OF_V);
    const __m512d low = _mm512_add_pd(_mm512_mul_pd(of_u, _mm512_cvtepi32_pd(_mm512_castsi512_si256(u))),
                                      _mm512_mul_pd(of_v, _mm512_cvtepi32_pd(_mm512_castsi512_si256(v))));
    const __m512d high = _mm512_add_pd(_mm512_mul_pd(of_u, _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(u, 1))),
                                       _mm512_mul_pd(of_v, _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(v, 1))));
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtpd_epi32(low)), _mm512_cvtpd_epi32(high), 1);
#else
    const __m256d of_u = _mm256_set1_pd(G_OF_U), of_v = _mm256_set1_pd(G_OF_V);
    const __m256d low = _mm256_add_pd(_mm256_mul_pd(of_u, _mm256_cvtepi32_pd(_mm256_castsi256_si128(u))),
                                      _mm256_mul_pd(of_v, _mm256_cvtepi32_pd(_mm256_castsi256_si128(v))));
    const __m256d high = _mm256_add_pd(_mm256_mul_pd(of_u, _mm256_cvtepi32_pd(_mm256_extracti128_si256(u, 1))),
                                       _mm256_mul_pd(of_v, _mm256_cvtepi32_pd(_mm256_extracti128_si256(v, 1))));
    return _mm256_setr_m128i(_mm256_cvtpd_epi32(low), _mm256_cvtpd_epi32(high));
#endif
}

INLINE VECTOR FN(g_words)(VECTOR u, VECTOR v) {
    const VECTOR low = FN(g_dwords)(OP(srai_epi32)(OP(unpacklo_epi16)(u, u), 16), OP(srai_epi32)(OP(unpacklo_epi16)(v, v), 16));
    const VECTOR high = FN(g_dwords)(OP(srai_epi32)(OP(unpackhi_epi16)(u, u), 16), OP(srai_epi32)(OP(unpackhi_epi16)(v, v), 16));
    return OP(packs_epi32)(low, high);
}
#endif

INLINE u16 FN(clip_word)(i32 v) { return (u16)(v < 0 ? 0 : v > 65535 ? 65535 : v); }

INLINE void FN(rgb_to_yuv_u16_any)(const u16 *src, u16 *dst, ptrdiff_t n, int channels) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    for (; i + STEP(2) <= n; i += STEP(2)) {
        VECTOR p[4];
        prefetch_read(src + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        prefetch_write(dst + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        FN(load_planes)(src + i * channels, p, 2, channels);
        const VECTOR r = p[0], b = p[2], y = FN(gray_words)(r, p[1], b);
        p[0] = y;
        p[1] = FN(u_words)(b, y);
        p[2] = FN(v_words)(r, y);
        FN(store_planes)(dst + i * channels, p, 2, channels, 0);
    }
#endif
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

/* R = Y + V + V 123 / 877 and B = Y + 2 U + U 4 / 123. No result is half-way between two integers: all denominators are odd
   (that of G is 587 * 877 * 41), and float64 tells every other value apart from half-way. */
INLINE void FN(yuv_to_rgb_u16_any)(const u16 *src, u16 *dst, ptrdiff_t n, int channels) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    const VECTOR half = OP(set1_epi16)(-32768);
    for (; i + STEP(2) <= n; i += STEP(2)) {
        VECTOR p[4];
        prefetch_read(src + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        prefetch_write(dst + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        FN(load_planes)(src + i * channels, p, 2, channels);
        for (int c = 0; c < 3; c++) p[c] = BITS(xor)(p[c], half);
        const VECTOR y = p[0], u = p[1], v = p[2];
        /* The terms of a sum have one sign, so that saturating after each is clipping at the end. */
        p[0] = OP(adds_epi16)(OP(adds_epi16)(y, v), FN(fraction_words)(v, 123, 877));
        p[1] = OP(subs_epi16)(y, FN(g_words)(u, v));
        p[2] = OP(adds_epi16)(OP(adds_epi16)(OP(adds_epi16)(y, u), u), FN(fraction_words)(u, 4, 123));
        for (int c = 0; c < 3; c++) p[c] = BITS(xor)(p[c], half);
        FN(store_planes)(dst + i * channels, p, 2, channels, 0);
    }
#endif
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
#define PUBLIC(name)                                                            \
    static void FN(name)(const u16 *src, u16 *dst, ptrdiff_t n, int channels) { \
        if (channels == 3) FN(name##_any)(src, dst, n, 3);                      \
        else FN(name##_any)(src, dst, n, 4);                                    \
    }
PUBLIC(rgb_to_yuv_u16)
PUBLIC(yuv_to_rgb_u16)
#undef PUBLIC
/* uint16 takes longer to compute than to write, and a quarter longer past the caches. */
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
