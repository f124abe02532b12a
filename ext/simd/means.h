/* Channel sums of RGB and RGBA images of integers, exact; alpha never counts. */
#ifndef LEVEL
#define SIMD_SOURCE "simd/means.h"
#include "simd/levels.h"

/* Adds the samples of the three colours of n pixels to sums[0..2]. */
DISPATCH(void, sums_u8, (const u8 *src, ptrdiff_t n, int channels, u64 *sums), (src, n, channels, sums))
DISPATCH(void, sums_u16, (const u16 *src, ptrdiff_t n, int channels, u64 *sums), (src, n, channels, sums))

/* The same over the pixels with mask != 0 (any where mask is NULL) and max - min <= max * factor >> 16, for u16 >> 32.
   Factors up to 1 << 16 (1 << 32), which lets every pixel count. */
DISPATCH(void, chosen_sums_u8, (const u8 *src, ptrdiff_t n, int channels, const u8 *mask, u32 factor, u64 *sums), (src, n, channels, mask, factor, sums))
DISPATCH(void, chosen_sums_u16, (const u16 *src, ptrdiff_t n, int channels, const u8 *mask, u64 factor, u64 *sums), (src, n, channels, mask, factor, sums))

#else

#if !defined(__GNUC__)
#define POSITION_SUMS(sample, wide, bits)
#define SUM_POSITIONS(sample)
#else
enum { FN(vector) = 16 << LEVEL };
typedef u16 FN(lanes_u8) __attribute__((vector_size(FN(vector))));
typedef u32 FN(lanes_u16) __attribute__((vector_size(FN(vector))));

/* Sums by position, over whole steps of three vectors; gives the number of samples summed. 3 and 4 divide a step,
   so a position always holds the same channel. Even and odd samples add up in lanes of twice their width, which
   hold 1 << bits steps. */
#define POSITION_SUMS(sample, wide, bits)                                                                 \
    INLINE ptrdiff_t FN(position_sums_##sample)(const sample *src, ptrdiff_t size, int channels, u64 *sums) { \
        enum { LANES = FN(vector) / (int)sizeof(wide), STEP = 6 * LANES };                                \
        ptrdiff_t i = 0;                                                                                  \
        while (size - i >= STEP) {                                                                        \
            FN(lanes_##sample) even[3] = {{0}}, odd[3] = {{0}}, v;                                        \
            ptrdiff_t steps = (size - i) / STEP < (1 << bits) ? (size - i) / STEP : (1 << bits);          \
            for (; steps > 0; steps--, i += STEP) {                                                       \
                prefetch_read(src + i, STEP * (ptrdiff_t)sizeof(sample));                                 \
                for (int j = 0; j < 3; j++) {                                                             \
                    memcpy(&v, src + i + 2 * LANES * j, sizeof v);                                        \
                    even[j] += v & (wide)((1 << bits) - 1);                                               \
                    odd[j] += v >> bits;                                                                  \
                }                                                                                         \
            }                                                                                             \
            for (int j = 0; j < 3; j++)                                                                   \
                for (int k = 0; k < LANES; k++) {                                                         \
                    sums[2 * (LANES * j + k) % channels] += even[j][k];                                   \
                    sums[(2 * (LANES * j + k) + 1) % channels] += odd[j][k];                              \
                }                                                                                         \
        }                                                                                                 \
        return i;                                                                                         \
    }
#define SUM_POSITIONS(sample) i = FN(position_sums_##sample)(src, n * channels, channels, total);
#endif

#define SUMS(sample, wide, bits)                                                            \
    POSITION_SUMS(sample, wide, bits)                                                       \
    static void FN(sums_##sample)(const sample *src, ptrdiff_t n, int channels, u64 *sums) { \
        u64 total[4] = {0};                                                                 \
        ptrdiff_t i = 0;                                                                    \
        SUM_POSITIONS(sample)                                                               \
        for (; i < n * channels; i += channels)                                             \
            for (int c = 0; c < 3; c++) total[c] += src[i + c];                             \
        for (int c = 0; c < 3; c++) sums[c] += total[c];                                    \
    }
SUMS(u8, u16, 8)
SUMS(u16, u32, 16)
#undef SUMS
#undef POSITION_SUMS
#undef SUM_POSITIONS

INLINE void FN(planes_u16)(const u16 *src, int m, int channels, u16 (*plane)[64]) {
    for (int k = 0; k < m; k++)
        for (int c = 0; c < 3; c++) plane[c][k] = src[channels * k + c];
    for (int c = 0; c < 3; c++) memset(plane[c] + m, 0, (64 - m) * sizeof(u16));
}

static void FN(chosen_sums_u16)(const u16 *src, ptrdiff_t n, int channels, const u8 *mask, u64 factor, u64 *sums) {
    u16 plane[3][64];
    u32 keep[64];
    /* high * factor >> 32 in two products of 32 bits. */
    const u32 upper = (u32)(factor >> 16), lower = factor & 65535;
    for (ptrdiff_t i = 0; i < n; i += 64) {
        const int m = n - i < 64 ? (int)(n - i) : 64;
        if (channels == 3) FN(planes_u16)(src + 3 * i, m, 3, plane);
        else FN(planes_u16)(src + 4 * i, m, 4, plane);
        for (int k = 0; k < 64; k++) {
            u32 r = plane[0][k], g = plane[1][k], b = plane[2][k];
            u32 high = r > g ? r : g, low = r < g ? r : g;
            high = high > b ? high : b;
            low = low < b ? low : b;
            keep[k] = high - low <= (high * upper + (high * lower >> 16)) >> 16 ? 65535 : 0;
        }
        if (mask)
            for (int k = 0; k < m; k++) keep[k] = mask[i + k] ? keep[k] : 0;
        for (int c = 0; c < 3; c++) {
            u32 total = 0;
            for (int k = 0; k < 64; k++) total += plane[c][k] & keep[k];
            sums[c] += total;
        }
    }
}

INLINE void FN(scalar_sums_u8)(const u8 *src, ptrdiff_t n, int channels, const u8 *mask, u32 factor, u64 *sums) {
    u64 red = 0, green = 0, blue = 0;
    for (ptrdiff_t i = 0; i < n; i++, src += channels) {
        u32 r = src[0], g = src[1], b = src[2];
        u32 high = r > g ? r : g, low = r < g ? r : g;
        high = high > b ? high : b;
        low = low < b ? low : b;
        u32 counts = (high - low <= high * factor >> 16) & (!mask || mask[i]);
        red += r * counts;
        green += g * counts;
        blue += b * counts;
    }
    sums[0] += red;
    sums[1] += green;
    sums[2] += blue;
}

#if LEVEL == LEVEL_BASELINE
static void FN(chosen_sums_u8)(const u8 *src, ptrdiff_t n, int channels, const u8 *mask, u32 factor, u64 *sums) {
    if (channels == 3) FN(scalar_sums_u8)(src, n, 3, mask, factor, sums);
    else FN(scalar_sums_u8)(src, n, 4, mask, factor, sums);
}
#else
#include "simd/means_chosen.h"

INLINE void FN(vector_sums)(const u8 *src, ptrdiff_t n, int channels, const u8 *mask, u32 factor, u64 *sums) {
    FN(bytes) total[3];
    u64 lanes[sizeof total / 8];
    ptrdiff_t i = 0;
    memset(total, 0, sizeof total);
    for (; i + FN(vector) <= n; i += FN(vector)) {
        prefetch_read(src + i * channels, FN(vector) * channels);
        FN(add_pixels)(src + i * channels, channels, mask ? mask + i : NULL, factor, total);
    }
    memcpy(lanes, total, sizeof total);
    for (size_t k = 0; k < sizeof lanes / 8; k++) sums[3 * k / (sizeof lanes / 8)] += lanes[k];
    FN(scalar_sums_u8)(src + i * channels, n - i, channels, mask ? mask + i : NULL, factor, sums);
}

static void FN(chosen_sums_u8)(const u8 *src, ptrdiff_t n, int channels, const u8 *mask, u32 factor, u64 *sums) {
    if (channels == 3) FN(vector_sums)(src, n, 3, mask, factor, sums);
    else FN(vector_sums)(src, n, 4, mask, factor, sums);
}

#endif
#endif
