/* Tables of 65536 words: dst = table[channel][src].

   A table does not fit the first cache, so lookups wait for the second one; tables that are straight lines are
   computed in float64, whose 53 bits separate the ties of all 16-bit lines. */
#ifndef LEVEL
#include "simd/lines.h"
#define SIMD_SOURCE "simd/tables_u16.h"
#include "simd/levels.h"

/* As table_u8 (tables_u8.h) for u16: table c starts at table + 65536 * c; steps are in bytes. */
DISPATCH(void, table_u16,
         (const u16 *src, ptrdiff_t src_step, u16 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n,
          const u16 *table, int tables, const Line *lines, int channels),
         (src, src_step, dst, dst_step, rows, n, table, tables, lines, channels))
/* Whether the table is a line that table_u16 computes exactly, and faster than a lookup; up to some 50 µs. */
DISPATCH(int, fit_u16, (const u16 *table, Line *line), (table, line))

#else

INLINE void FN(scalar_u16)(const u16 *src, u16 *dst, ptrdiff_t n, const u16 *table, int tables, int channels) {
    const u16 *second = tables == 1 ? table : table + 65536, *third = tables == 1 ? table : table + 131072;
    if (channels != 4 && tables == 1) {
        for (ptrdiff_t i = 0; i < n; i++) dst[i] = table[src[i]];
        return;
    }
    for (ptrdiff_t i = 0; i < n; i += channels) {
        dst[i] = table[src[i]];
        dst[i + 1] = second[src[i + 1]];
        dst[i + 2] = third[src[i + 2]];
        if (channels == 4) dst[i + 3] = src[i + 3];
    }
}

#if LEVEL != LEVEL_BASELINE
/* 48 samples by scalar loads, joined in registers: a gather takes 1.8 times as long on Zen 5, and more on Zen 3. */
INLINE void FN(look_u16)(const u16 *src, u16 *dst, const u16 *table, const i32 *offset, int channels) {
#define SAMPLE(i) ((u16)(words[(i) / 4] >> 16 * ((i) % 4)))
#define ENTRY(i) \
    (channels == 4 && (i) % 4 == 3 ? SAMPLE(i) : table[(channels == 1 ? 0 : offset[k + (i)]) + SAMPLE(i)])
    prefetch_read(src, 96);
    prefetch_write(dst, 96);
    for (int k = 0; k < 48; k += 8) {
        u64 words[2];
        memcpy(words, src + k, sizeof words);
        __m128i r = _mm_cvtsi32_si128(ENTRY(0));
        r = _mm_insert_epi16(r, ENTRY(1), 1);
        r = _mm_insert_epi16(r, ENTRY(2), 2);
        r = _mm_insert_epi16(r, ENTRY(3), 3);
        r = _mm_insert_epi16(r, ENTRY(4), 4);
        r = _mm_insert_epi16(r, ENTRY(5), 5);
        r = _mm_insert_epi16(r, ENTRY(6), 6);
        r = _mm_insert_epi16(r, ENTRY(7), 7);
        _mm_storeu_si128((__m128i *)(dst + k), r);
    }
#undef ENTRY
#undef SAMPLE
}
#endif

#if LEVEL == LEVEL_AVX512
INLINE void FN(line_u16)(const u16 *src, u16 *dst, const u16 *low, const f64 *scale) {
    const __m512i x = _mm512_cvtepu16_epi32(
        _mm256_subs_epu16(_mm256_loadu_si256((const __m256i *)src), _mm256_loadu_si256((const __m256i *)low)));
    const __m512d a = _mm512_mul_pd(_mm512_cvtepi32_pd(_mm512_castsi512_si256(x)), _mm512_loadu_pd(scale));
    const __m512d b = _mm512_mul_pd(_mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(x, 1)), _mm512_loadu_pd(scale + 8));
    const __m512i r = _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtpd_epi32(a)), _mm512_cvtpd_epi32(b), 1);
    _mm256_storeu_si256((__m256i *)dst, _mm512_cvtusepi32_epi16(_mm512_max_epi32(r, _mm512_setzero_si512())));
}
/* Where line_u16 wants the scale of sample i. */
#define SCALE_AT(i) (i)

#elif LEVEL == LEVEL_AVX2
INLINE void FN(line_u16)(const u16 *src, u16 *dst, const u16 *low, const f64 *scale) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i x =
        _mm256_subs_epu16(_mm256_loadu_si256((const __m256i *)src), _mm256_loadu_si256((const __m256i *)low));
    const __m256i a = _mm256_unpacklo_epi16(x, zero), b = _mm256_unpackhi_epi16(x, zero);
#define SCALED(four, k) _mm256_cvtpd_epi32(_mm256_mul_pd(_mm256_cvtepi32_pd(four), _mm256_loadu_pd(scale + 4 * (k))))
    const __m256i lower = _mm256_set_m128i(SCALED(_mm256_extracti128_si256(a, 1), 1), SCALED(_mm256_castsi256_si128(a), 0));
    const __m256i upper = _mm256_set_m128i(SCALED(_mm256_extracti128_si256(b, 1), 3), SCALED(_mm256_castsi256_si128(b), 2));
#undef SCALED
    _mm256_storeu_si256((__m256i *)dst, _mm256_packus_epi32(lower, upper));
}
/* Unpacking 16 samples within 16-byte lanes puts sample (lane, half, j) at position (half, lane, j). */
#define SCALE_AT(i) (((i) & ~15) | ((i) >> 2 & 1) << 3 | ((i) >> 3 & 1) << 2 | ((i) & 3))
#endif

#if LEVEL != LEVEL_BASELINE
static void FN(lines_u16)(const u16 *src, ptrdiff_t src_step, u16 *dst, ptrdiff_t dst_step, ptrdiff_t rows,
                          ptrdiff_t n, const u16 *table, int tables, const Line *lines, int channels) {
    /* 48 is a multiple of the vector and of any number of channels. Alpha has the line through 0 with slope 1. */
    u16 low[48];
    f64 scale[48];
    for (int i = 0; i < 48; i++) {
        const int c = i % channels;
        const Line line = c == 3 ? (Line){0, 1} : lines[tables == 1 ? 0 : c];
        low[i] = (u16)line.low;
        scale[SCALE_AT(i)] = line.scale;
    }
    for (; rows > 0; rows--) {
        ptrdiff_t i = 0;
        for (; i + 48 <= n; i += 48)
            for (int k = 0; k < 48; k += 16) FN(line_u16)(src + i + k, dst + i + k, low + k, scale + k);
        FN(scalar_u16)(src + i, dst + i, n - i, table, tables, channels);
        src = (const u16 *)((const char *)src + src_step);
        dst = (u16 *)((char *)dst + dst_step);
    }
}
#undef SCALE_AT
#endif

static int FN(fit_u16)(const u16 *table, Line *line) {
#if LEVEL != LEVEL_BASELINE
    u16 all[3072], result[3072];
    LineSearch search = search_line(table, 65536, 0);
    while (next_line(&search, line)) {
        int from = 0, wrong = 0;
        for (; from < 65536 && !wrong; from += 3072) {
            const int size = 65536 - from < 3072 ? 65536 - from : 3072;
            for (int i = 0; i < 3072; i++) all[i] = (u16)(from + i);
            FN(lines_u16)(all, 0, result, 0, 1, 3072, table, 1, line, 1);
            if (memcmp(result, table + from, 2 * (size_t)size) == 0) continue;
            for (int i = 0; i < size; i++)
                if (result[i] != table[from + i]) narrow_slopes(&search, from + i);
            wrong = 1;
        }
        if (!wrong) return 1;
    }
#else
    (void)table, (void)line;
#endif
    return 0;
}

static void FN(table_u16)(const u16 *src, ptrdiff_t src_step, u16 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n,
                          const u16 *table, int tables, const Line *lines, int channels) {
#if LEVEL != LEVEL_BASELINE
    if (lines) {
        FN(lines_u16)(src, src_step, dst, dst_step, rows, n, table, tables, lines, channels);
        return;
    }
    i32 offset[48];
    for (int i = 0; i < 48; i++) offset[i] = tables == 1 || i % channels == 3 ? 0 : 65536 * (i % channels);
#endif
    (void)lines;
    for (; rows > 0; rows--) {
        ptrdiff_t i = 0;
#if LEVEL != LEVEL_BASELINE
        if (channels == 4)
            for (; i + 48 <= n; i += 48) FN(look_u16)(src + i, dst + i, table, offset, 4);
        else if (tables == 3)
            for (; i + 48 <= n; i += 48) FN(look_u16)(src + i, dst + i, table, offset, 3);
        else
            for (; i + 48 <= n; i += 48) FN(look_u16)(src + i, dst + i, table, offset, 1);
#endif
        FN(scalar_u16)(src + i, dst + i, n - i, table, tables, channels);
        src = (const u16 *)((const char *)src + src_step);
        dst = (u16 *)((char *)dst + dst_step);
    }
}
#endif
