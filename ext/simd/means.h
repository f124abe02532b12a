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

/* Three planes of one vector of pixels. The pixels may stand in any order, as they are only summed: `order` gives a
   mask the same one.

   RGB: byte k of load j (of each 16-byte lane's loads with AVX2) is of channel (j + k) % 3, and 3 is invertible modulo
   the vector: blending the three loads gathers a channel whole, and green and blue lie one and two bytes after red. */
#if LEVEL == LEVEL_AVX2

typedef __m256i FN(bytes);

INLINE __m256i FN(load2)(const u8 *low, const u8 *high) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const void *)low)), _mm_loadu_si128((const void *)high), 1);
}

INLINE void FN(planes)(const u8 *src, int channels, __m256i *plane) {
    if (channels == 3) {
        const __m256i one = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0));
        const __m256i two = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0, 0, -1, 0));
        __m256i a = FN(load2)(src, src + 48), b = FN(load2)(src + 16, src + 64), c = FN(load2)(src + 32, src + 80);
        __m256i green = _mm256_blendv_epi8(_mm256_blendv_epi8(b, a, one), c, two);
        __m256i blue = _mm256_blendv_epi8(_mm256_blendv_epi8(c, b, one), a, two);
        plane[0] = _mm256_blendv_epi8(_mm256_blendv_epi8(a, c, one), b, two);
        plane[1] = _mm256_alignr_epi8(green, green, 1);
        plane[2] = _mm256_alignr_epi8(blue, blue, 2);
    } else {
        const __m256i group = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
        __m256i v[4];
        for (int j = 0; j < 4; j++) v[j] = _mm256_shuffle_epi8(_mm256_loadu_si256((const void *)(src + 32 * j)), group);
        __m256i low = _mm256_unpacklo_epi32(v[0], v[1]), high = _mm256_unpacklo_epi32(v[2], v[3]);
        plane[0] = _mm256_unpacklo_epi64(low, high);
        plane[1] = _mm256_unpackhi_epi64(low, high);
        plane[2] = _mm256_unpacklo_epi64(_mm256_unpackhi_epi32(v[0], v[1]), _mm256_unpackhi_epi32(v[2], v[3]));
    }
}

INLINE __m256i FN(order)(const u8 *mask, int channels) {
    __m256i v = _mm256_loadu_si256((const void *)mask);
    if (channels == 4) return _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7));
    return _mm256_shuffle_epi8(v, _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 11, 6, 1, 12, 7, 2, 13, 8, 3, 14, 9, 4, 15, 10, 5)));
}

/* Adds one vector of pixels to sums: 64-bit lanes. */
INLINE void FN(add_pixels)(const u8 *src, int channels, const u8 *mask, u32 factor, __m256i *sums) {
    const __m256i zero = _mm256_setzero_si256();
    __m256i p[3], keep = _mm256_set1_epi8(-1);
    FN(planes)(src, channels, p);
    if (factor < 1 << 16) {
        const __m256i scale = _mm256_set1_epi16((short)factor);
        __m256i high = _mm256_max_epu8(_mm256_max_epu8(p[0], p[1]), p[2]);
        __m256i spread = _mm256_sub_epi8(high, _mm256_min_epu8(_mm256_min_epu8(p[0], p[1]), p[2]));
        __m256i bound = _mm256_packus_epi16(_mm256_mulhi_epu16(_mm256_unpacklo_epi8(high, zero), scale),
                                            _mm256_mulhi_epu16(_mm256_unpackhi_epi8(high, zero), scale));
        keep = _mm256_cmpeq_epi8(_mm256_subs_epu8(spread, bound), zero);
    }
    if (mask) keep = _mm256_andnot_si256(_mm256_cmpeq_epi8(FN(order)(mask, channels), zero), keep);
    for (int c = 0; c < 3; c++) sums[c] = _mm256_add_epi64(sums[c], _mm256_sad_epu8(_mm256_and_si256(p[c], keep), zero));
}

#else

typedef __m512i FN(bytes);

INLINE __m512i FN(modular)(int step, int start) {
    u8 index[64];
    for (int k = 0; k < 64; k++) index[k] = (u8)((step * k + start) & 63);
    return _mm512_loadu_si512(index);
}

INLINE void FN(planes)(const u8 *src, int channels, __m512i *plane) {
    if (channels == 3) {
        const __mmask64 one = 0x2492492492492492, two = 0x4924924924924924; /* k % 3 == 1, 2 */
        __m512i a = _mm512_loadu_si512(src), b = _mm512_loadu_si512(src + 64), c = _mm512_loadu_si512(src + 128);
        __m512i green = _mm512_mask_blend_epi8(two, _mm512_mask_blend_epi8(one, b, a), c);
        __m512i blue = _mm512_mask_blend_epi8(two, _mm512_mask_blend_epi8(one, c, b), a);
        plane[0] = _mm512_mask_blend_epi8(two, _mm512_mask_blend_epi8(one, a, c), b);
        plane[1] = _mm512_permutexvar_epi8(FN(modular)(1, 1), green);
        plane[2] = _mm512_permutexvar_epi8(FN(modular)(1, 2), blue);
    } else {
        const __m512i group = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
        __m512i v[4];
        for (int j = 0; j < 4; j++) v[j] = _mm512_shuffle_epi8(_mm512_loadu_si512(src + 64 * j), group);
        __m512i low = _mm512_unpacklo_epi32(v[0], v[1]), high = _mm512_unpacklo_epi32(v[2], v[3]);
        plane[0] = _mm512_unpacklo_epi64(low, high);
        plane[1] = _mm512_unpackhi_epi64(low, high);
        plane[2] = _mm512_unpacklo_epi64(_mm512_unpackhi_epi32(v[0], v[1]), _mm512_unpackhi_epi32(v[2], v[3]));
    }
}

INLINE __m512i FN(order)(const u8 *mask, int channels) {
    __m512i v = _mm512_loadu_si512(mask);
    if (channels == 4) return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), v);
    return _mm512_permutexvar_epi8(FN(modular)(43, 0), v); /* 3 * 43 = 1 modulo 64 */
}

INLINE void FN(add_pixels)(const u8 *src, int channels, const u8 *mask, u32 factor, __m512i *sums) {
    const __m512i zero = _mm512_setzero_si512();
    __m512i p[3];
    __mmask64 keep = ~(__mmask64)0;
    FN(planes)(src, channels, p);
    if (factor < 1 << 16) {
        const __m512i scale = _mm512_set1_epi16((short)factor);
        __m512i high = _mm512_max_epu8(_mm512_max_epu8(p[0], p[1]), p[2]);
        __m512i spread = _mm512_sub_epi8(high, _mm512_min_epu8(_mm512_min_epu8(p[0], p[1]), p[2]));
        keep = _mm512_cmple_epu8_mask(spread, _mm512_packus_epi16(_mm512_mulhi_epu16(_mm512_unpacklo_epi8(high, zero), scale),
                                                                  _mm512_mulhi_epu16(_mm512_unpackhi_epi8(high, zero), scale)));
    }
    if (mask) {
        __m512i m = FN(order)(mask, channels);
        keep &= _mm512_test_epi8_mask(m, m);
    }
    for (int c = 0; c < 3; c++) sums[c] = _mm512_add_epi64(sums[c], _mm512_sad_epu8(_mm512_maskz_mov_epi8(keep, p[c]), zero));
}

#endif

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
