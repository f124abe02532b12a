/* Tables of 256 bytes: dst = table[channel][src]. Those that are straight lines are computed at AVX2: half the time of
   lookups. */
#ifndef LEVEL
#include "simd/lines.h"
#include "simd/lookups_u8.h"
#define SIMD_SOURCE "simd/tables_u8.h"
#include "simd/levels.h"

/* `rows` rows of n interleaved samples, `step` bytes apart; n is a multiple of `channels` (1, 3 or 4), the fourth is
   copied. `tables` is 1 or 3, table c starts at table + 256 * c. `lines` is NULL or what fit_u8 found, one per table.
   dst may be src. */
DISPATCH(void, table_u8,
         (const u8 *src, ptrdiff_t src_step, u8 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n, const u8 *table,
          int tables, const Line *lines, int channels),
         (src, src_step, dst, dst_step, rows, n, table, tables, lines, channels))
/* Whether the table is a line that table_u8 computes exactly, and faster than a lookup; about 2 µs. */
DISPATCH(int, fit_u8, (const u8 *table, Line *line), (table, line))

#else

#if LEVEL == LEVEL_AVX2
/* 32 samples: v - low saturates at 0; the packs saturate at 255; the conversion rounds half to even. */
INLINE __m256i FN(line_u8)(__m256i v, __m256i low, const f32 *scale) {
    const __m256i zero = _mm256_setzero_si256();
    const __m256i x = _mm256_subs_epu8(v, low);
    const __m256i a = _mm256_unpacklo_epi8(x, zero), b = _mm256_unpackhi_epi8(x, zero);
#define SCALED(quarter, k) \
    _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(quarter), _mm256_loadu_ps(scale + 8 * (k))))
    return _mm256_packus_epi16(
        _mm256_packs_epi32(SCALED(_mm256_unpacklo_epi16(a, zero), 0), SCALED(_mm256_unpackhi_epi16(a, zero), 1)),
        _mm256_packs_epi32(SCALED(_mm256_unpacklo_epi16(b, zero), 2), SCALED(_mm256_unpackhi_epi16(b, zero), 3)));
#undef SCALED
}

static void FN(lines_u8)(const u8 *src, ptrdiff_t src_step, u8 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n,
                         const u8 *table, int tables, const Line *lines, int channels) {
    /* 96 is a multiple of the vector and of any number of channels. Alpha has the line through 0 with slope 1. */
    u8 low[96];
    f32 scale[96];
    for (int i = 0; i < 96; i++) {
        const int c = i % channels;
        /* Unpacking 32 samples within 16-byte lanes puts sample (lane, quarter, j) at position (quarter, lane, j). */
        const int at = (i & ~31) | (i >> 2 & 3) << 3 | (i >> 4 & 1) << 2 | (i & 3);
        const Line line = c == 3 ? (Line){0, 1} : lines[tables == 1 ? 0 : c];
        low[i] = (u8)line.low;
        scale[at] = (f32)line.scale;
    }
    for (; rows > 0; rows--, src += src_step, dst += dst_step) {
        ptrdiff_t i = 0;
        for (; i + 96 <= n; i += 96)
            for (int k = 0; k < 96; k += 32)
                _mm256_storeu_si256((void *)(dst + i + k),
                                    FN(line_u8)(_mm256_loadu_si256((const void *)(src + i + k)),
                                                _mm256_loadu_si256((const void *)(low + k)), scale + k));
        FN(scalar_u8)(src + i, dst + i, n - i, table, tables, channels);
    }
}
#endif

static int FN(fit_u8)(const u8 *table, Line *line) {
#if LEVEL == LEVEL_AVX2
    u8 all[288], result[288];
    u16 wide[256];
    for (int v = 0; v < 256; v++) wide[v] = table[v];
    for (int v = 0; v < 288; v++) all[v] = (u8)v;
    LineSearch search = search_line(wide, 256, 1);
    while (next_line(&search, line)) {
        FN(lines_u8)(all, 0, result, 0, 1, 288, table, 1, line, 1);
        if (memcmp(result, table, 256) == 0) return 1;
        for (int v = 1; v < 256; v++) narrow_slopes(&search, v);
    }
#else
    (void)table, (void)line;
#endif
    return 0;
}

static void FN(table_u8)(const u8 *src, ptrdiff_t src_step, u8 *dst, ptrdiff_t dst_step, ptrdiff_t rows, ptrdiff_t n,
                         const u8 *table, int tables, const Line *lines, int channels) {
#if LEVEL == LEVEL_AVX2
    if (lines) {
        FN(lines_u8)(src, src_step, dst, dst_step, rows, n, table, tables, lines, channels);
        return;
    }
#endif
    (void)lines;
#if LEVEL != LEVEL_BASELINE
    if (tables == 1)
        FN(one_u8)(src, src_step, dst, dst_step, rows, n, table, channels);
    else if (channels == 3)
        FN(rgb_u8)(src, src_step, dst, dst_step, rows, n, table);
    else
        FN(rgba_u8)(src, src_step, dst, dst_step, rows, n, table);
#else
    for (; rows > 0; rows--, src += src_step, dst += dst_step)
        FN(scalar_u8)(src, dst, n, table, tables, channels);
#endif
}

#endif
