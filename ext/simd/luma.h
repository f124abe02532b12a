/* Maps of luma that keep chroma: U and V are linear in B - Y and R - Y, so adding y2 - y to R, G and B moves Y alone. */
#ifndef LEVEL
#ifndef IMGPROC_LUMA_H
#define IMGPROC_LUMA_H
#include "simd/gray.h"
#include "simd/tables_u16.h"
#include "simd/tables_u8.h"

/* Pixels whose luma is held at a time: few enough to stay in the first cache with their samples. */
#define LUMA_STRIP 512

/* Byte i of 192 belongs to pixel i / 3. */
#define THRICE(p) p, p, p
#define TWELVE(p) THRICE(p), THRICE(p + 1), THRICE(p + 2), THRICE(p + 3)
#define FORTY_EIGHT(p) TWELVE(p), TWELVE(p + 4), TWELVE(p + 8), TWELVE(p + 12)
static const u8 luma_pixel_of_byte[192] UNUSED = {FORTY_EIGHT(0), FORTY_EIGHT(16), FORTY_EIGHT(32), FORTY_EIGHT(48)};
#undef THRICE
#undef TWELVE
#undef FORTY_EIGHT

#define SIMD_SOURCE "simd/luma.h"
#include "simd/levels.h"

/* n pixels of 3 or 4 channels; colours get y2[i] - y[i] added and are clipped to the range (float32: to [0, 1], NaN stays);
   the fourth channel is copied; out may be rgb. */
DISPATCH(void, luma_shift_u8, (const u8 *rgb, const u8 *y, const u8 *y2, u8 *out, ptrdiff_t n, int channels),
         (rgb, y, y2, out, n, channels))
DISPATCH(void, luma_shift_u16, (const u16 *rgb, const u16 *y, const u16 *y2, u16 *out, ptrdiff_t n, int channels),
         (rgb, y, y2, out, n, channels))
DISPATCH(void, luma_shift_f32, (const f32 *rgb, const f32 *y, const f32 *y2, f32 *out, ptrdiff_t n, int channels),
         (rgb, y, y2, out, n, channels))
/* The same with y computed here and y2 = table[y]. */
DISPATCH(void, luma_table_u8, (const u8 *rgb, u8 *out, ptrdiff_t n, int channels, const u8 *table),
         (rgb, out, n, channels, table))
DISPATCH(void, luma_table_u16, (const u16 *rgb, u16 *out, ptrdiff_t n, int channels, const u16 *table),
         (rgb, out, n, channels, table))
/* y2 = (y - low) * scale clipped to [0, 1]. */
DISPATCH(void, luma_affine_f32, (const f32 *rgb, f32 *out, ptrdiff_t n, int channels, f32 low, f32 scale),
         (rgb, out, n, channels, low, scale))
/* y2 = table[y clipped to [0, 1], times 65535, rounded half to even]; 65536 entries. */
DISPATCH(void, luma_codes_f32, (const f32 *rgb, f32 *out, ptrdiff_t n, int channels, const f32 *table),
         (rgb, out, n, channels, table))
#endif

#else

#if LEVEL > LEVEL_BASELINE
/* Vector k of the samples of 4 * VECTOR_PIXELS pixels, of which v holds one byte each: every byte repeated for each colour,
   zero for alpha. */
INLINE VECTOR FN(spread_luma)(VECTOR v, int k, int channels) {
#if LEVEL == LEVEL_AVX512
    if (channels == 3) return _mm512_permutexvar_epi8(_mm512_loadu_si512(luma_pixel_of_byte + 64 * k), v);
    const __m512i lane = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    v = _mm512_permutexvar_epi32(_mm512_add_epi32(lane, _mm512_set1_epi32(4 * k)), v);
#else
    if (channels == 3) {
        /* 16 bytes of samples belong to 6 or 7 pixels: those of two dwords from here. */
        const int a = 2 * k / 3 * 4 + 2 * k % 3, b = (2 * k + 1) / 3 * 4 + (2 * k + 1) % 3;
        const __m128i pixel_a = _mm_loadu_si128((const void *)(luma_pixel_of_byte + 32 * k));
        const __m128i pixel_b = _mm_loadu_si128((const void *)(luma_pixel_of_byte + 32 * k + 16));
        const __m256i within = _mm256_setr_m128i(_mm_sub_epi8(pixel_a, _mm_set1_epi8((char)(4 * a))),
                                                 _mm_sub_epi8(pixel_b, _mm_set1_epi8((char)(4 * b))));
        return _mm256_shuffle_epi8(_mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(a, a + 1, a, a, b, b + 1, b, b)), within);
    }
    const int a = 2 * k, b = 2 * k + 1;
    v = _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(a, a, a, a, b, b, b, b));
#endif
    return OP(shuffle_epi8)(v, FN(every_lane)(_mm_setr_epi8(0, 0, 0, -1, 1, 1, 1, -1, 2, 2, 2, -1, 3, 3, 3, -1)));
}
#endif

INLINE void FN(luma_shift_u8_any)(const u8 *rgb, const u8 *y, const u8 *y2, u8 *out, ptrdiff_t n, int channels) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    for (; i + 4 * VECTOR_PIXELS <= n; i += 4 * VECTOR_PIXELS) {
        const VECTOR before = BITS(loadu)((const void *)(y + i)), after = BITS(loadu)((const void *)(y2 + i));
        const VECTOR up = OP(subs_epu8)(after, before), down = OP(subs_epu8)(before, after);
        for (int k = 0; k < channels; k++) {
            const ptrdiff_t at = i * channels + 4 * VECTOR_PIXELS * k;
            const VECTOR v = OP(adds_epu8)(BITS(loadu)((const void *)(rgb + at)), FN(spread_luma)(up, k, channels));
            BITS(storeu)((void *)(out + at), OP(subs_epu8)(v, FN(spread_luma)(down, k, channels)));
        }
    }
#endif
    for (; i < n; i++) {
        for (int c = 0; c < 3; c++) {
            const i32 v = rgb[i * channels + c] + y2[i] - y[i];
            out[i * channels + c] = (u8)(v < 0 ? 0 : v > 255 ? 255 : v);
        }
        if (channels == 4) out[i * 4 + 3] = rgb[i * 4 + 3];
    }
}

INLINE void FN(luma_shift_u16_any)(const u16 *rgb, const u16 *y, const u16 *y2, u16 *out, ptrdiff_t n, int channels) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const i32 shift = y2[i] - y[i];
        for (int c = 0; c < 3; c++) {
            const i32 v = rgb[i * channels + c] + shift;
            out[i * channels + c] = (u16)(v < 0 ? 0 : v > 65535 ? 65535 : v);
        }
        if (channels == 4) out[i * 4 + 3] = rgb[i * 4 + 3];
    }
}

/* The comparisons are false for NaN, which so passes. */
INLINE f32 FN(clip_unit)(f32 v) {
    v = 0 > v ? 0 : v;
    return 1 < v ? 1 : v;
}

INLINE void FN(luma_shift_f32_any)(const f32 *rgb, const f32 *y, const f32 *y2, f32 *out, ptrdiff_t n, int channels) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const f32 shift = y2[i] - y[i];
        for (int c = 0; c < 3; c++) out[i * channels + c] = FN(clip_unit)(rgb[i * channels + c] + shift);
        if (channels == 4) out[i * 4 + 3] = rgb[i * 4 + 3];
    }
}

/* The number of channels is a constant inside each copy. */
#define SHIFT(name, type)                                                                                              \
    static void FN(name)(const type *rgb, const type *y, const type *y2, type *out, ptrdiff_t n, int channels) {       \
        if (channels == 3) FN(name##_any)(rgb, y, y2, out, n, 3);                                                      \
        else FN(name##_any)(rgb, y, y2, out, n, 4);                                                                    \
    }
SHIFT(luma_shift_u8, u8)
SHIFT(luma_shift_u16, u16)
SHIFT(luma_shift_f32, f32)
#undef SHIFT

static void FN(luma_table_u8)(const u8 *rgb, u8 *out, ptrdiff_t n, int channels, const u8 *table) {
    u8 y[LUMA_STRIP], y2[LUMA_STRIP];
    for (ptrdiff_t i = 0; i < n; i += LUMA_STRIP) {
        const ptrdiff_t count = n - i < LUMA_STRIP ? n - i : LUMA_STRIP;
        FN(gray_u8)(rgb + i * channels, y, count, channels);
        FN(table_u8)(y, count, y2, count, 1, count, table, 1, NULL, 1);
        FN(luma_shift_u8)(rgb + i * channels, y, y2, out + i * channels, count, channels);
    }
}

static void FN(luma_table_u16)(const u16 *rgb, u16 *out, ptrdiff_t n, int channels, const u16 *table) {
    u16 y[LUMA_STRIP], y2[LUMA_STRIP];
    for (ptrdiff_t i = 0; i < n; i += LUMA_STRIP) {
        const ptrdiff_t count = n - i < LUMA_STRIP ? n - i : LUMA_STRIP;
        FN(gray_u16)(rgb + i * channels, y, count, channels);
        FN(table_u16)(y, 2 * count, y2, 2 * count, 1, count, table, 1, NULL, 1);
        FN(luma_shift_u16)(rgb + i * channels, y, y2, out + i * channels, count, channels);
    }
}

static void FN(luma_affine_f32)(const f32 *rgb, f32 *out, ptrdiff_t n, int channels, f32 low, f32 scale) {
    f32 y[LUMA_STRIP], y2[LUMA_STRIP];
    for (ptrdiff_t i = 0; i < n; i += LUMA_STRIP) {
        const ptrdiff_t count = n - i < LUMA_STRIP ? n - i : LUMA_STRIP;
        FN(gray_f32)(rgb + i * channels, y, count, channels);
        for (ptrdiff_t j = 0; j < count; j++) y2[j] = FN(clip_unit)((y[j] - low) * scale);
        FN(luma_shift_f32)(rgb + i * channels, y, y2, out + i * channels, count, channels);
    }
}

static void FN(luma_codes_f32)(const f32 *rgb, f32 *out, ptrdiff_t n, int channels, const f32 *table) {
    f32 y[LUMA_STRIP], y2[LUMA_STRIP];
    for (ptrdiff_t i = 0; i < n; i += LUMA_STRIP) {
        const ptrdiff_t count = n - i < LUMA_STRIP ? n - i : LUMA_STRIP;
        FN(gray_f32)(rgb + i * channels, y, count, channels);
        for (ptrdiff_t j = 0; j < count; j++) {
            /* NaN becomes code 0; its difference to y is NaN again. Adding 2^23 rounds half to even. */
            f32 v = y[j] > 0 ? y[j] : 0;
            v = (v < 1 ? v : 1) * 65535.0f;
            y2[j] = table[(i32)((v + 8388608.0f) - 8388608.0f)];
        }
        FN(luma_shift_f32)(rgb + i * channels, y, y2, out + i * channels, count, channels);
    }
}

#endif
