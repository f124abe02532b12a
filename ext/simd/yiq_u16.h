/* RGB <-> YIQ, uint16: the very results of yiq.h's float64. Vectors compute in fixed point and know where that may round
   otherwise. */
#ifndef LEVEL
#ifndef IMGPROC_YIQ_U16_H
#define IMGPROC_YIQ_U16_H
#include "simd/word_pairs.h"
#include "simd/yiq_u8.h"
#define SIMD_SOURCE "simd/yiq_u16.h"
#include "simd/levels.h"

/* n pixels of 3 or 4 channels; the fourth is copied; dst may be src. */
DISPATCH(void, rgb_to_yiq_u16, (const u16 *src, u16 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
DISPATCH(void, yiq_to_rgb_u16, (const u16 *src, u16 *dst, ptrdiff_t n, int channels), (src, dst, n, channels))
#endif

#else

#if LEVEL > LEVEL_BASELINE
/* A row of the matrix by words less 32768, in `bits` binary places: the result less 32768, a half added, so that rounding is
   cutting off, and 4 more. Weights have 15 places more, whose share is rounded down: all errs by less than 3 * 0.5 + 1 +
   0.5 units, and where no bit but the last three is set behind the point, the cut may be wrong. 14 places hold where the
   weights' sizes sum up to less than 3, 13 to less than 6. `less` is how many 32768 the constant keeps back. */
INLINE VECTOR FN(yiq_sums)(VECTOR rg, VECTOR ba, const f64 *m, int bits, f64 less) {
    const i64 w0 = FIXED(m[0], bits + 15), w1 = FIXED(m[1], bits + 15), w2 = FIXED(m[2], bits + 15);
    const f64 exact = 32768.0 * less * (f64)(1 << bits);
    const i32 constant = (i32)(exact + (exact < 0 ? -0.5 : 0.5)) + (1 << (bits - 1)) + 4;
    const VECTOR low = FN(add_products)(OP(madd_epi16)(rg, WORDS(DIGIT(w0), DIGIT(w1))), ba, WORDS(DIGIT(w2), 0));
    const VECTOR sum = FN(add_products)(OP(set1_epi32)(constant), rg, WORDS(ABOVE(w0), ABOVE(w1)));
    return OP(add_epi32)(FN(add_products)(sum, ba, WORDS(ABOVE(w2), 0)), OP(srai_epi32)(low, 15));
}

/* The pixel of dword k of vector j. */
INLINE int FN(pair_pixel)(int j, int k, int channels) {
    if (LEVEL == LEVEL_AVX512 && channels == 3) return 16 * j + k;
    return 8 * (k / 4) + 4 * j + k % 4;
}
#endif

INLINE void FN(yiq_words)(const u16 *src, u16 *dst, ptrdiff_t n, int channels, const f64 (*m)[3], int forward) {
    const f64 before = forward ? 0 : 32768, after = forward ? 32768 : 0;
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    for (; i + STEP(2) <= n; i += STEP(2)) {
        const u16 *s = src + i * channels;
        u16 *d = dst + i * channels, kept[4 * STEP(2)];
        VECTOR pairs[4], out[4][2], low[3];
        u32 doubtful[2];
        prefetch_read(s, channels * (ptrdiff_t)sizeof(VECTOR));
        prefetch_write(d, channels * (ptrdiff_t)sizeof(VECTOR));
        FN(load_pairs)(s, pairs, channels, 0, 2);
        for (int j = 0; j < 2; j++) {
            for (int k = 0; k < 3; k++) {
                const int bits = k == 2 && !forward ? 13 : 14;
                /* To YIQ all three are offset by 32768 and their result is less that; from it only Y is offset. */
                const f64 less = forward ? m[k][0] + m[k][1] + m[k][2] - (k == 0) : m[k][0] - 1;
                const VECTOR sum = FN(yiq_sums)(pairs[j], pairs[j + 2], m[k], bits, less);
                out[k][j] = OP(srai_epi32)(sum, bits);
                low[k] = BITS(and)(sum, OP(set1_epi32)((1 << bits) - 1));
            }
            out[3][j] = OP(srai_epi32)(pairs[j + 2], 16);
            doubtful[j] = FN(yiq_doubtful)(low[0], low[1], low[2], 0x3ff8);
        }
        if (src == dst && (doubtful[0] | doubtful[1])) {
            memcpy(kept, s, 2 * (size_t)(STEP(2) * channels));
            s = kept;
        }
        FN(store_dwords)(d, out, channels, 0);
        for (int j = 0; j < 2; j++)
            for (; doubtful[j]; doubtful[j] &= doubtful[j] - 1) {
                const int at = FN(pair_pixel)(j, __builtin_ctz(doubtful[j]), channels) * channels;
                yiq_pixel_u16(s + at, d + at, channels, m, before, after);
            }
    }
#endif
    for (; i < n; i++) yiq_pixel_u16(src + i * channels, dst + i * channels, channels, m, before, after);
}

/* Channels, matrix and direction are constants inside each copy. */
#define PUBLIC(name, matrix, forward)                                                    \
    static void FN(name)(const u16 *src, u16 *dst, ptrdiff_t n, int channels) {          \
        if (channels == 3) FN(yiq_words)(src, dst, n, 3, matrix, forward);               \
        else FN(yiq_words)(src, dst, n, 4, matrix, forward);                             \
    }
PUBLIC(rgb_to_yiq_u16, yiq_from_rgb, 1)
PUBLIC(yiq_to_rgb_u16, rgb_from_yiq, 0)
#undef PUBLIC

#endif
