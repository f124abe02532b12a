/* float32 samples as 16-bit codes to be counted: quantised levels, bins of a range, or halves of a sortable key. */
#ifndef LEVEL
#ifndef IMGPROC_HISTOGRAM_FLOAT_H
#define IMGPROC_HISTOGRAM_FLOAT_H
#include "simd/common.h"

/* FLOAT_LEVELS  rint(clip(v, 0, 1) * 65535), the product in float32; all but NaN
   FLOAT_BINS    floor((v - low) * bins / width) in float64, at most bins - 1; low <= v <= high alone
   FLOAT_HIGH    high half of the key; finite samples alone
   FLOAT_LOW     low half of the key; finite samples whose high half is `high_half` alone
   The key orders finite floats as unsigned integers: the bits, with the sign flipped where it is 0 and all of them
   where it is 1. -0 comes before +0. */
enum { FLOAT_LEVELS, FLOAT_BINS, FLOAT_HIGH, FLOAT_LOW };

typedef struct {
    int kind;
    i32 bins;
    f64 low, high, width;
    f64 inverse; /* 1 / width where that is exact (width a power of two), else 0 */
    u32 high_half;
} float_rule;

INLINE u32 float_bits(f32 value) {
    u32 bits;
    memcpy(&bits, &value, 4);
    return bits;
}

INLINE u32 float_key(u32 bits) { return bits ^ ((u32)-(i32)(bits >> 31) | 0x80000000u); }

INLINE u8 float_finite(u32 bits) { return (bits & 0x7f800000u) != 0x7f800000u; }

#define SIMD_SOURCE "simd/histogram_float.h"
#include "simd/levels.h"

/* codes and select (0 or 1) of n samples; mask may be NULL. 1 when all are selected. */
DISPATCH(int, float_codes, (const float_rule *rule, const f32 *src, const u8 *mask, ptrdiff_t n, u16 *codes, u8 *select),
         (rule, src, mask, n, codes, select))
/* Widens [low[c], high[c]] by the keys of the finite samples of channel c; n samples of whole pixels, 1, 3 or 4 channels
   deep, the fourth is left out. -0 counts as 0. */
DISPATCH(void, float_extremes, (const f32 *src, ptrdiff_t n, int channels, u32 *low, u32 *high), (src, n, channels, low, high))
/* The same of one channel, where mask is not 0. */
DISPATCH(void, float_extremes_masked, (const f32 *src, const u8 *mask, ptrdiff_t n, u32 *low, u32 *high), (src, mask, n, low, high))
#endif

#else

INLINE void FN(float_levels)(const f32 *src, ptrdiff_t n, u16 *codes, u8 *select) {
    for (ptrdiff_t i = 0; i < n; i++) codes[i] = (u16)float_code(src[i]);
    for (ptrdiff_t i = 0; i < n; i++) select[i] = src[i] == src[i];
}

INLINE void FN(float_bins)(const float_rule *rule, const f32 *src, ptrdiff_t n, u16 *codes, u8 *select) {
    const f64 low = rule->low, high = rule->high, bins = rule->bins, width = rule->width, inverse = rule->inverse;
    const i32 last = rule->bins - 1;
    for (ptrdiff_t start = 0; start < n; start += 64) {
        const ptrdiff_t block = n - start < 64 ? n - start : 64;
        i32 bin[64];
        f64 offset[64];
        for (ptrdiff_t i = 0; i < block; i++) {
            const f64 value = src[start + i];
            const f64 above = value >= low ? value - low : 0.0;
            offset[i] = (value <= high ? above : 0.0) * bins;
        }
        if (inverse > 0)
            for (ptrdiff_t i = 0; i < block; i++) bin[i] = (i32)(offset[i] * inverse);
        else
            for (ptrdiff_t i = 0; i < block; i++) bin[i] = (i32)(offset[i] / width);
        for (ptrdiff_t i = 0; i < block; i++) codes[start + i] = (u16)(bin[i] < last ? bin[i] : last);
    }
    for (ptrdiff_t i = 0; i < n; i++) select[i] = (u8)(((f64)src[i] >= low) & ((f64)src[i] <= high));
}

INLINE void FN(float_halves)(const float_rule *rule, const f32 *src, ptrdiff_t n, u16 *codes, u8 *select) {
    if (rule->kind == FLOAT_HIGH) {
        for (ptrdiff_t i = 0; i < n; i++) codes[i] = (u16)(float_key(float_bits(src[i])) >> 16);
        for (ptrdiff_t i = 0; i < n; i++) select[i] = float_finite(float_bits(src[i]));
    } else {
        const u32 high_half = rule->high_half;
        for (ptrdiff_t i = 0; i < n; i++) codes[i] = (u16)float_key(float_bits(src[i]));
        for (ptrdiff_t i = 0; i < n; i++) {
            const u32 bits = float_bits(src[i]);
            select[i] = (u8)(float_finite(bits) & (float_key(bits) >> 16 == high_half));
        }
    }
}

static UNUSED int FN(float_codes)(const float_rule *rule, const f32 *src, const u8 *mask, ptrdiff_t n, u16 *codes, u8 *select) {
    u8 all = 1;
    if (rule->kind == FLOAT_LEVELS)
        FN(float_levels)(src, n, codes, select);
    else if (rule->kind == FLOAT_BINS)
        FN(float_bins)(rule, src, n, codes, select);
    else
        FN(float_halves)(rule, src, n, codes, select);
    if (mask)
        for (ptrdiff_t i = 0; i < n; i++) select[i] = (u8)(select[i] & (mask[i] != 0));
    for (ptrdiff_t i = 0; i < n; i++) all &= select[i];
    return all;
}

INLINE void FN(float_widen)(u32 key, u32 *low, u32 *high) {
    *low = key < *low ? key : *low;
    *high = key > *high ? key : *high;
}

/* Signed keys: neither SSE2 nor AVX2 compares unsigned integers. */
static UNUSED void FN(float_extremes_masked)(const f32 *src, const u8 *mask, ptrdiff_t n, u32 *low, u32 *high) {
    i32 least = INT32_MAX, most = INT32_MIN;
    for (ptrdiff_t i = 0; i < n; i++) {
        const i32 bits = (i32)float_bits(src[i]);
        const i32 key = bits ^ (i32)((u32)(bits >> 31) >> 1);
        const i32 counts = -(i32)(((bits & 0x7f800000) != 0x7f800000) & (mask[i] != 0));
        const i32 below = (key & counts) | (INT32_MAX & ~counts), above = (key & counts) | (INT32_MIN & ~counts);
        least = below < least ? below : least;
        most = above > most ? above : most;
    }
    if (least > most) return;
    FN(float_widen)((u32)least ^ 0x80000000u, low, high);
    FN(float_widen)((u32)most ^ 0x80000000u, low, high);
}

#if LEVEL == LEVEL_AVX512
typedef __m512 FN(float_vector);
#define LANEWISE(name, ...) _mm512_##name##_ps(__VA_ARGS__)
#elif LEVEL == LEVEL_AVX2
typedef __m256 FN(float_vector);
#define LANEWISE(name, ...) _mm256_##name##_ps(__VA_ARGS__)
#elif defined(SIMD_X86)
typedef __m128 FN(float_vector);
#define LANEWISE(name, ...) _mm_##name##_ps(__VA_ARGS__)
#endif

static UNUSED void FN(float_extremes)(const f32 *src, ptrdiff_t n, int channels, u32 *low, u32 *high) {
    f32 least[3] = {INFINITY, INFINITY, INFINITY}, most[3] = {-INFINITY, -INFINITY, -INFINITY};
    ptrdiff_t i = 0;
#ifdef SIMD_X86
    /* 3 and 4 divide three vectors, so a lane always holds the same channel. min and max give their second operand
       where one is NaN. */
    enum { WIDTH = sizeof(FN(float_vector)) / sizeof(f32) };
    FN(float_vector) below[3], above[3];
    f32 lanes[2][3 * WIDTH];
    for (int j = 0; j < 3; j++) {
        below[j] = LANEWISE(set1, INFINITY);
        above[j] = LANEWISE(set1, -INFINITY);
    }
    for (; i + 3 * WIDTH <= n; i += 3 * WIDTH)
        for (int j = 0; j < 3; j++) {
            const FN(float_vector) v = LANEWISE(loadu, src + i + j * WIDTH);
            below[j] = LANEWISE(min, v, below[j]);
            above[j] = LANEWISE(max, v, above[j]);
        }
    for (int j = 0; j < 3; j++) {
        LANEWISE(storeu, lanes[0] + j * WIDTH, below[j]);
        LANEWISE(storeu, lanes[1] + j * WIDTH, above[j]);
    }
    for (int k = 0; k < 3 * WIDTH; k++) {
        const int c = k % channels;
        if (c == 3) continue;
        least[c] = lanes[0][k] < least[c] ? lanes[0][k] : least[c];
        most[c] = lanes[1][k] > most[c] ? lanes[1][k] : most[c];
    }
#endif
    for (; i < n; i += channels)
        for (int c = 0; c < channels && c < 3; c++) {
            least[c] = src[i + c] < least[c] ? src[i + c] : least[c];
            most[c] = src[i + c] > most[c] ? src[i + c] : most[c];
        }
    for (int c = 0; c < channels && c < 3; c++) {
        if (least[c] > -INFINITY && most[c] < INFINITY) {
            if (least[c] > most[c]) continue;
            FN(float_widen)(float_key(float_bits(least[c] + 0.0f)), &low[c], &high[c]);
            FN(float_widen)(float_key(float_bits(most[c] + 0.0f)), &low[c], &high[c]);
            continue;
        }
        /* Infinities are rare enough to be looked for once they have shown. */
        for (i = c; i < n; i += channels)
            if (float_finite(float_bits(src[i]))) FN(float_widen)(float_key(float_bits(src[i] + 0.0f)), &low[c], &high[c]);
    }
}

#undef LANEWISE

#endif
