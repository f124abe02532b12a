/* RGB <-> YIQ, uint8: the very results of yiq.h's float64. Vectors compute in float32 and know where that may round otherwise. */
#ifndef LEVEL
#ifndef IMGPROC_YIQ_U8_H
#define IMGPROC_YIQ_U8_H
#include "simd/yiq.h"
#include "simd/yuv_u8.h"
#define SIMD_SOURCE "simd/yiq_u8.h"
#include "simd/levels.h"

/* n pixels of 3 or 4 channels; the fourth is copied; dst may be src. */
DISPATCH(void, rgb_to_yiq_u8, (const u8 *src, u8 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, yiq_to_rgb_u8, (const u8 *src, u8 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
#endif

#else

#if LEVEL > LEVEL_BASELINE
/* A row of the matrix in 16 binary places, a half added, so that rounding is cutting off, and 16 more. What comes out is less
   than 2^26, so that three sums, the rounded weights and constant, and the rounding to an integer err by less than
   3 * 2 + 3 + 2 + 0.5 of its units: where no bit but the last five is set behind the point, the cut may be wrong. */
INLINE VECTOR FN(yiq_places)(const VECTOR_F32 *v, const f64 *m, f64 before, f64 after) {
    const f64 constant = (after + 0.5 - before * (m[1] + m[2])) * 65536 + 16;
    const VECTOR_F32 c = OP(fmadd_ps)(v[2], OP(set1_ps)((f32)(m[2] * 65536)), OP(set1_ps)((f32)constant));
    const VECTOR_F32 b = OP(fmadd_ps)(v[1], OP(set1_ps)((f32)(m[1] * 65536)), c);
    return OP(cvtps_epi32)(OP(fmadd_ps)(v[0], OP(set1_ps)((f32)(m[0] * 65536)), b));
}

/* One bit for each dword whose low words, at least one of three, have none of `bits`. */
INLINE u32 FN(yiq_doubtful)(VECTOR a, VECTOR b, VECTOR c, int bits) {
    const VECTOR least = OP(min_epu16)(OP(min_epu16)(a, b), c), mask = OP(set1_epi32)(bits);
#if LEVEL == LEVEL_AVX512
    return (u32)_mm512_testn_epi32_mask(least, mask);
#else
    return (u32)_mm256_movemask_ps(
        _mm256_castsi256_ps(_mm256_cmpeq_epi32(_mm256_and_si256(least, mask), _mm256_setzero_si256())));
#endif
}
#endif

INLINE void FN(yiq_bytes)(const u8 *src, u8 *dst, ptrdiff_t n, int channels, const f64 (*m)[3], f64 before, f64 after) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    for (; i + VECTOR_PIXELS + LOAD_SLACK <= n; i += VECTOR_PIXELS) {
        const u8 *s = src + i * channels;
        u8 *d = dst + i * channels, kept[4 * VECTOR_PIXELS];
        prefetch_read(s, VECTOR_PIXELS * channels);
        prefetch_write(d, VECTOR_PIXELS * channels);
        const VECTOR raw = FN(load_pixels)(s, channels);
        VECTOR_F32 v[3];
        VECTOR places[3];
        for (int k = 0; k < 3; k++) {
            const char a = (char)k, b = (char)(k + channels), c = (char)(k + 2 * channels), e = (char)(k + 3 * channels);
            v[k] = OP(cvtepi32_ps)(OP(shuffle_epi8)(raw, FN(every_lane)(_mm_setr_epi8(a, -1, -1, -1, b, -1, -1, -1, c, -1, -1,
                                                                                      -1, e, -1, -1, -1))));
        }
        for (int k = 0; k < 3; k++) places[k] = FN(yiq_places)(v, m[k], before, k > 0 ? after : 0);
        u32 doubtful = FN(yiq_doubtful)(places[0], places[1], places[2], 0xffe0);
        if (doubtful && src == dst) {
            memcpy(kept, s, (size_t)(VECTOR_PIXELS * channels));
            s = kept;
        }
        /* The words above the point: first and second, then the third alone. */
        const VECTOR two = FN(clip_words)(BLEND(OP(srli_epi32)(places[0], 16), places[1], 0xaa));
        const VECTOR third = FN(clip_words)(OP(srli_epi32)(places[2], 16));
        FN(store_pixels)(d, FN(pack_pixels)(BITS(or)(two, OP(slli_epi32)(third, 8)), raw, channels, 0, 2, 1), channels);
        for (; doubtful; doubtful &= doubtful - 1) {
            const int k = __builtin_ctz(doubtful) * channels;
            yiq_pixel_u8(s + k, d + k, channels, m, before, after);
        }
    }
#endif
    for (; i < n; i++) yiq_pixel_u8(src + i * channels, dst + i * channels, channels, m, before, after);
}

/* Channels, matrix and offsets are constants inside each copy. */
#define PUBLIC(name, matrix, before, after)                                             \
    static void FN(name)(const u8 *src, u8 *dst, ptrdiff_t n, int channels) {           \
        if (channels == 3) FN(yiq_bytes)(src, dst, n, 3, matrix, before, after);        \
        else FN(yiq_bytes)(src, dst, n, 4, matrix, before, after);                      \
    }
PUBLIC(rgb_to_yiq_u8, yiq_from_rgb, 0, 128)
PUBLIC(yiq_to_rgb_u8, rgb_from_yiq, 128, 0)
#undef PUBLIC

#endif
