/* Maps of luma that keep chroma: U and V are linear in B - Y and R - Y, so adding y2 - y to R, G and B moves Y alone. */
#ifndef LEVEL
#ifndef IMGPROC_LUMA_H
#define IMGPROC_LUMA_H
#include "simd/gray.h"
#include "simd/tables_u16.h"
#include "simd/tables_u8.h"

/* Pixels whose luma is held at a time: few enough to stay in the first cache with their samples. */
#define LUMA_STRIP 512

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
/* For raw vector j: each pixel's value in v repeated for its colours, zero for alpha. */
INLINE VECTOR FN(spread_luma)(VECTOR v, int size, int channels, int j) {
    const int n = 16 / size, at = n * j;
#define OWNER(k) (channels == 4 && (at + k) % 4 == 3 ? -1 : (at + k) / channels)
    if (size == 1)
        return OP(shuffle_epi8)(v, FN(every_lane)(_mm_setr_epi8(
            (char)OWNER(0), (char)OWNER(1), (char)OWNER(2), (char)OWNER(3), (char)OWNER(4), (char)OWNER(5), (char)OWNER(6),
            (char)OWNER(7), (char)OWNER(8), (char)OWNER(9), (char)OWNER(10), (char)OWNER(11), (char)OWNER(12),
            (char)OWNER(13), (char)OWNER(14), (char)OWNER(15))));
    return OP(shuffle_epi8)(v, FN(elements)(size, OWNER(0), OWNER(1), OWNER(2), OWNER(3), OWNER(4), OWNER(5), OWNER(6),
                                            OWNER(7)));
#undef OWNER
}
#endif

INLINE void FN(luma_shift_u8_any)(const u8 *rgb, const u8 *y, const u8 *y2, u8 *out, ptrdiff_t n, int channels) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    for (; i + STEP(1) <= n; i += STEP(1)) {
        const VECTOR before = BITS(loadu)((const void *)(y + i)), after = BITS(loadu)((const void *)(y2 + i));
        const VECTOR up = OP(subs_epu8)(after, before), down = OP(subs_epu8)(before, after);
        VECTOR raw[4];
        prefetch_write(out + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        FN(load_raw)(rgb + i * channels, raw, channels);
        for (int j = 0; j < channels; j++)
            raw[j] = OP(subs_epu8)(OP(adds_epu8)(raw[j], FN(spread_luma)(up, 1, channels, j)),
                                   FN(spread_luma)(down, 1, channels, j));
        FN(store_raw)(out + i * channels, raw, channels, 0);
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
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    for (; i + STEP(2) <= n; i += STEP(2)) {
        const VECTOR before = BITS(loadu)((const void *)(y + i)), after = BITS(loadu)((const void *)(y2 + i));
        const VECTOR up = OP(subs_epu16)(after, before), down = OP(subs_epu16)(before, after);
        VECTOR raw[4];
        prefetch_write(out + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        FN(load_raw)(rgb + i * channels, raw, channels);
        for (int j = 0; j < channels; j++)
            raw[j] = OP(subs_epu16)(OP(adds_epu16)(raw[j], FN(spread_luma)(up, 2, channels, j)),
                                    FN(spread_luma)(down, 2, channels, j));
        FN(store_raw)(out + i * channels, raw, channels, 0);
    }
#endif
    for (; i < n; i++) {
        for (int c = 0; c < 3; c++) {
            const i32 v = rgb[i * channels + c] + y2[i] - y[i];
            out[i * channels + c] = (u16)(v < 0 ? 0 : v > 65535 ? 65535 : v);
        }
        if (channels == 4) out[i * 4 + 3] = rgb[i * 4 + 3];
    }
}

/* The comparisons are false for NaN, which so passes; min and max return their second operand then. */
INLINE f32 FN(clip_unit)(f32 v) {
    v = 0 > v ? 0 : v;
    return 1 < v ? 1 : v;
}

INLINE void FN(luma_shift_f32_any)(const f32 *rgb, const f32 *y, const f32 *y2, f32 *out, ptrdiff_t n, int channels) {
    ptrdiff_t i = 0;
#if LEVEL > LEVEL_BASELINE
    const VECTOR_F32 zero = OP(set1_ps)(0), one = OP(set1_ps)(1);
    for (; i + STEP(4) <= n; i += STEP(4)) {
        const VECTOR shift = INTEGERS(OP(sub_ps)(OP(loadu_ps)(y2 + i), OP(loadu_ps)(y + i)));
        VECTOR raw[4];
        prefetch_write(out + i * channels, channels * (ptrdiff_t)sizeof(VECTOR));
        FN(load_raw)(rgb + i * channels, raw, channels);
        for (int j = 0; j < channels; j++) {
            const VECTOR_F32 v = OP(add_ps)(FLOATS(raw[j]), FLOATS(FN(spread_luma)(shift, 4, channels, j)));
            const VECTOR colors = INTEGERS(OP(min_ps)(one, OP(max_ps)(zero, v)));
            raw[j] = channels == 3 ? colors : BLEND(colors, raw[j], 0xc0);
        }
        FN(store_raw)(out + i * channels, raw, channels, 0);
    }
#endif
    for (; i < n; i++) {
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
        /* NaN has code 0; its difference to y is NaN again. */
        for (ptrdiff_t j = 0; j < count; j++) y2[j] = table[float_code(y[j])];
        FN(luma_shift_f32)(rgb + i * channels, y, y2, out + i * channels, count, channels);
    }
}

#endif
