/* Resampling of uint8 by a filter of a few taps, as Pillow does it: weights of 22 bits after the point, sums in 32 bits,
   (sum + 2^21) >> 22 cut to a byte, along either axis. */
#ifndef LEVEL
#ifndef IMGPROC_PREPROCESS_FILTER_H
#define IMGPROC_PREPROCESS_FILTER_H
#include "simd/preprocess_taps.h"

#define FILTER_BITS 22
#define FILTER_HALF (1 << (FILTER_BITS - 1))
#define FILTER_LOW 11   /* weights in two parts for products of 16 bits: high * 2^11 + low, low >= 0 */
#define FILTER_SLACK 64 /* bytes that may be written after a row */

INLINE u8 filter_byte(i32 sum) {
    sum >>= FILTER_BITS;
    return (u8)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

/* The tables of a row for vectors. */
typedef struct {
    char *tables;
    ptrdiff_t quads;  /* fours of taps */
    ptrdiff_t groups; /* AVX-512: 16 target samples that lie in `reach` bytes of the source */
    ptrdiff_t reach;
} Across;

#define SIMD_SOURCE "simd/preprocess_filter.h"
#include "simd/levels.h"
#endif

#else

#if LEVEL >= LEVEL_AVX512
/* Four taps of 16 samples: where their bytes lie in the window, and three signed digits of 256 of each weight. */
typedef struct {
    u8 order[64];
    i8 digits[3][64];
} FN(Quad);

INLINE i32 FN(digit)(i32 *weight) {
    const i32 digit = ((*weight & 255) ^ 128) - 128;
    *weight = (*weight - digit) / 256;
    return digit;
}

/* Windows for all samples of a row; no groups where one reaches further than 128 bytes. */
INLINE void FN(across_windows)(Across *a, const Taps *taps, ptrdiff_t width, ptrdiff_t channels) {
    const ptrdiff_t samples = taps->count * channels, groups = (samples + 15) / 16, row = width * channels;
    i64 *base = (i64 *)(void *)a->tables;
    FN(Quad) *quads = (FN(Quad) *)(void *)(a->tables + 64 * ((groups * 8 + 63) / 64));
    a->groups = 0, a->reach = 64;
    for (ptrdiff_t g = 0; g < groups; g++) {
        const ptrdiff_t s0 = 16 * g, s1 = s0 + 16 < samples ? s0 + 16 : samples;
        i64 low = row, high = 0;
        for (ptrdiff_t s = s0; s < s1; s++) {
            const i64 at = taps->first[s / channels] * channels + s % channels, last = at + (taps->taps - 1) * channels;
            if (at < low) low = at;
            if (last > high) high = last;
        }
        if (high - low >= 64) a->reach = 128;
        if (high - low >= 128) return;
        base[g] = low;
    }
    if (row < a->reach) return;
    for (ptrdiff_t g = 0; g < groups; g++) {
        if (base[g] > row - a->reach) base[g] = row - a->reach;
        for (ptrdiff_t q = 0; q < a->quads; q++) {
            FN(Quad) *quad = quads + g * a->quads + q;
            for (ptrdiff_t l = 0; l < 64; l++) {
                const ptrdiff_t s = 16 * g + l / 4, k = 4 * q + l % 4, x = s / channels;
                const int inside = s < samples && k < taps->taps;
                i32 weight = inside ? taps->weights[x * taps->taps + k] : 0;
                quad->order[l] = (u8)(inside ? (taps->first[x] + k) * channels + s % channels - base[g] : 0);
                for (int d = 0; d < 3; d++) quad->digits[d][l] = (i8)FN(digit)(&weight);
            }
        }
    }
    a->groups = groups;
}

INLINE __m128i FN(bytes)(__m512i low, __m512i middle, __m512i high) {
    __m512i sum = _mm512_add_epi32(_mm512_slli_epi32(_mm512_add_epi32(_mm512_slli_epi32(high, 8), middle), 8), low);
    sum = _mm512_srai_epi32(_mm512_add_epi32(sum, _mm512_set1_epi32(FILTER_HALF)), FILTER_BITS);
    return _mm512_cvtusepi32_epi8(_mm512_max_epi32(sum, _mm512_setzero_si512()));
}
INLINE void FN(across_groups)(const u8 *row, u8 *out, const Across *a, const int wide, const ptrdiff_t count) {
    const i64 *base = (const i64 *)(const void *)a->tables;
    const FN(Quad) *quad = (const FN(Quad) *)(const void *)(a->tables + 64 * ((a->groups * 8 + 63) / 64));
    for (ptrdiff_t g = 0; g < a->groups; g++) {
        __m512i low = _mm512_setzero_si512(), middle = low, high = low, second = low;
        const __m512i first = _mm512_loadu_si512(row + base[g]);
        if (wide) second = _mm512_loadu_si512(row + base[g] + 64);
        for (ptrdiff_t q = 0; q < count; q++, quad++) {
            __m512i taps = _mm512_loadu_si512(quad->order);
            taps = wide ? _mm512_permutex2var_epi8(first, taps, second) : _mm512_permutexvar_epi8(taps, first);
            low = _mm512_dpbusd_epi32(low, taps, _mm512_loadu_si512(quad->digits[0]));
            middle = _mm512_dpbusd_epi32(middle, taps, _mm512_loadu_si512(quad->digits[1]));
            high = _mm512_dpbusd_epi32(high, taps, _mm512_loadu_si512(quad->digits[2]));
        }
        _mm_storeu_si128((__m128i *)(out + 16 * g), FN(bytes)(low, middle, high));
    }
}
#endif

/* What `across_u8` needs; NULL where there is no memory. */
INLINE void *FN(across_plan)(Across *a, const Taps *taps, ptrdiff_t width, ptrdiff_t channels) {
    a->quads = (taps->taps + 3) / 4, a->groups = 0, a->reach = 0;
#if LEVEL >= LEVEL_AVX512
    const size_t groups = (size_t)(taps->count * channels + 15) / 16, size = 64 * ((groups * 8 + 63) / 64) + groups * (size_t)a->quads * 256;
#else
    const size_t size = 1;
#endif
    const size_t pixels = (size_t)taps->count * (size_t)a->quads * 16;
    a->tables = malloc(size > pixels ? size : pixels);
    if (!a->tables) return NULL;
#if LEVEL >= LEVEL_AVX512
    FN(across_windows)(a, taps, width, channels);
    if (a->groups) return a->tables;
#endif
    i16 *parts = (i16 *)(void *)a->tables;
    for (ptrdiff_t x = 0; x < taps->count; x++)
        for (ptrdiff_t k = 0; k < 4 * a->quads; k++) {
            const i32 weight = k < taps->taps ? taps->weights[x * taps->taps + k] : 0, low = weight & ((1 << FILTER_LOW) - 1);
            i16 *part = parts + 8 * (x * a->quads + k / 4) + k % 4;
            part[0] = (i16)((weight - low) / (1 << FILTER_LOW)), part[4] = (i16)low;
        }
    return a->tables;
}

#if LEVEL >= LEVEL_AVX2
INLINE __m256i FN(parted)(__m256i high, __m256i low) {
    __m256i sum = _mm256_add_epi32(_mm256_add_epi32(_mm256_slli_epi32(high, FILTER_LOW), low), _mm256_set1_epi32(FILTER_HALF));
    return _mm256_srai_epi32(sum, FILTER_BITS);
}
/* A pixel of three or four bytes at a time, four taps of which are one load; of three, the fourth is written over. */
INLINE ptrdiff_t FN(across_pixels)(const u8 *row, u8 *out, const Taps *taps, const Across *a, ptrdiff_t width, const int channels) {
    const __m256i order = channels == 3 ? _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1, 6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1)
                                        : _mm256_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1, 8, -1, 12, -1, 9, -1, 13, -1, 10, -1, 14, -1, 11, -1, 15, -1);
    const __m256i spread = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    const i16 *parts = (const i16 *)(const void *)a->tables;
    ptrdiff_t x = 0;
    for (; x < taps->count && (taps->first[x] + 4 * (a->quads - 1)) * channels + 16 <= width * channels; x++) {
        const u8 *p = row + taps->first[x] * channels;
        __m256i high = _mm256_setzero_si256(), low = high;
        for (ptrdiff_t q = 0; q < a->quads; q++, p += 4 * channels, parts += 8) {
            const __m256i pairs = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p)), order);
            const __m256i weights = _mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)parts));
            high = _mm256_add_epi32(high, _mm256_madd_epi16(pairs, _mm256_permutevar8x32_epi32(weights, spread)));
            low = _mm256_add_epi32(low, _mm256_madd_epi16(pairs, _mm256_permutevar8x32_epi32(weights, _mm256_add_epi32(spread, _mm256_set1_epi32(2)))));
        }
        __m128i h = _mm_add_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
        __m128i l = _mm_add_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
        __m128i sum = _mm256_castsi256_si128(FN(parted)(_mm256_castsi128_si256(h), _mm256_castsi128_si256(l)));
        sum = _mm_packs_epi32(sum, sum);
        const i32 pixel = _mm_cvtsi128_si32(_mm_packus_epi16(sum, sum));
        memcpy(out + x * channels, &pixel, 4);
    }
    return x;
}
#endif

/* One row along x; `out` has FILTER_SLACK bytes to spare. */
INLINE void FN(filter_across_u8)(const u8 *row, u8 *out, const Taps *taps, const Across *a, ptrdiff_t width, ptrdiff_t channels) {
    ptrdiff_t x = 0;
#if LEVEL >= LEVEL_AVX512
    if (a->groups) {
        if (a->reach == 128) FN(across_groups)(row, out, a, 1, a->quads);
        else if (a->quads == 1) FN(across_groups)(row, out, a, 0, 1);
        else FN(across_groups)(row, out, a, 0, a->quads);
        return;
    }
#endif
#if LEVEL >= LEVEL_AVX2
    if (channels == 3) x = FN(across_pixels)(row, out, taps, a, width, 3);
    else if (channels == 4) x = FN(across_pixels)(row, out, taps, a, width, 4);
#endif
    (void)a, (void)width;
    for (; x < taps->count; x++) {
        const i32 *weights = taps->weights + x * taps->taps;
        const u8 *p = row + taps->first[x] * channels;
        for (ptrdiff_t c = 0; c < channels; c++) {
            i32 sum = FILTER_HALF;
            for (ptrdiff_t k = 0; k < taps->taps; k++) sum += p[k * channels + c] * weights[k];
            out[x * channels + c] = filter_byte(sum);
        }
    }
}

/* One row along y, of n samples from as many rows as taps. */
INLINE void FN(filter_down_u8)(const u8 *const *rows, const i32 *weights, ptrdiff_t taps, u8 *out, ptrdiff_t n) {
    ptrdiff_t i = 0;
#if LEVEL >= LEVEL_AVX512
    for (; i + 64 <= n; i += 64) {
        __m512i sums[4][3];
        for (int k = 0; k < 4; k++) sums[k][0] = sums[k][1] = sums[k][2] = _mm512_setzero_si512();
        for (ptrdiff_t t = 0; t < taps; t += 4) {
            const __m512i none = _mm512_setzero_si512();
            const __m512i a = _mm512_loadu_si512(rows[t] + i), b = t + 1 < taps ? _mm512_loadu_si512(rows[t + 1] + i) : none;
            const __m512i c = t + 2 < taps ? _mm512_loadu_si512(rows[t + 2] + i) : none, d = t + 3 < taps ? _mm512_loadu_si512(rows[t + 3] + i) : none;
            const __m512i ab0 = _mm512_unpacklo_epi8(a, b), ab1 = _mm512_unpackhi_epi8(a, b), cd0 = _mm512_unpacklo_epi8(c, d), cd1 = _mm512_unpackhi_epi8(c, d);
            const __m512i four[4] = {_mm512_unpacklo_epi16(ab0, cd0), _mm512_unpackhi_epi16(ab0, cd0), _mm512_unpacklo_epi16(ab1, cd1), _mm512_unpackhi_epi16(ab1, cd1)};
            u32 digits[3] = {0, 0, 0};
            for (ptrdiff_t k = t; k < t + 4 && k < taps; k++) {
                i32 weight = weights[k];
                for (int d3 = 0; d3 < 3; d3++) digits[d3] |= (u32)(u8)FN(digit)(&weight) << 8 * (k - t);
            }
            for (int d3 = 0; d3 < 3; d3++) {
                const __m512i digit = _mm512_set1_epi32((i32)digits[d3]);
                for (int k = 0; k < 4; k++) sums[k][d3] = _mm512_dpbusd_epi32(sums[k][d3], four[k], digit);
            }
        }
        __m512i v[4];
        for (int k = 0; k < 4; k++) {
            v[k] = _mm512_add_epi32(_mm512_slli_epi32(_mm512_add_epi32(_mm512_slli_epi32(sums[k][2], 8), sums[k][1]), 8), sums[k][0]);
            v[k] = _mm512_srai_epi32(_mm512_add_epi32(v[k], _mm512_set1_epi32(FILTER_HALF)), FILTER_BITS);
        }
        _mm512_storeu_si512(out + i, _mm512_packus_epi16(_mm512_packs_epi32(v[0], v[1]), _mm512_packs_epi32(v[2], v[3])));
    }
#elif LEVEL >= LEVEL_AVX2
    const __m256i none = _mm256_setzero_si256();
    for (; i + 32 <= n; i += 32) {
        __m256i high[4] = {none, none, none, none}, low[4] = {none, none, none, none};
        for (ptrdiff_t t = 0; t < taps; t += 2) {
            const i32 w0 = weights[t], w1 = t + 1 < taps ? weights[t + 1] : 0, l0 = w0 & ((1 << FILTER_LOW) - 1), l1 = w1 & ((1 << FILTER_LOW) - 1);
            const __m256i hi = _mm256_set1_epi32((i32)((u32)(u16)((w0 - l0) / (1 << FILTER_LOW)) | (u32)(u16)((w1 - l1) / (1 << FILTER_LOW)) << 16));
            const __m256i lo = _mm256_set1_epi32((i32)((u32)l0 | (u32)l1 << 16));
            const __m256i a = _mm256_loadu_si256((const __m256i *)(rows[t] + i)), b = t + 1 < taps ? _mm256_loadu_si256((const __m256i *)(rows[t + 1] + i)) : none;
            const __m256i ab[2] = {_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b)};
            for (int k = 0; k < 4; k++) {
                const __m256i pairs = k & 1 ? _mm256_unpackhi_epi8(ab[k / 2], none) : _mm256_unpacklo_epi8(ab[k / 2], none);
                high[k] = _mm256_add_epi32(high[k], _mm256_madd_epi16(pairs, hi));
                low[k] = _mm256_add_epi32(low[k], _mm256_madd_epi16(pairs, lo));
            }
        }
        const __m256i v01 = _mm256_packs_epi32(FN(parted)(high[0], low[0]), FN(parted)(high[1], low[1]));
        const __m256i v23 = _mm256_packs_epi32(FN(parted)(high[2], low[2]), FN(parted)(high[3], low[3]));
        _mm256_storeu_si256((__m256i *)(out + i), _mm256_packus_epi16(v01, v23));
    }
#endif
    while (i < n) {
        i32 sums[FILTER_BLOCK];
        const ptrdiff_t block = n - i < FILTER_BLOCK ? n - i : FILTER_BLOCK;
        for (ptrdiff_t k = 0; k < block; k++) sums[k] = FILTER_HALF;
        for (ptrdiff_t t = 0; t < taps; t++)
            for (ptrdiff_t k = 0; k < block; k++) sums[k] += rows[t][i + k] * weights[t];
        for (ptrdiff_t k = 0; k < block; k++) out[i + k] = filter_byte(sums[k]);
        i += block;
    }
}

#endif
