/* The blend of clahe_u8.h where tiles are wide, for AVX2. */
#ifndef LEVEL
#ifndef IMGPROC_CLAHE_WIDE_H
#define IMGPROC_CLAHE_WIDE_H
#include "simd/clahe_geometry.h"
#define SIMD_SOURCE "simd/clahe_wide.h"
#include "simd/levels.h"
#endif

#elif LEVEL == LEVEL_AVX2

/* Of wide tiles the tables are blended for every row, as at the level above: table k of `work` holds left | right << 16 for
   each level, and what is left to do is one product of pairs. */
static void FN(clahe_prepare_wide)(const u8 *above, const u8 *below, ptrdiff_t tiles, u32 pair, int fresh, u32 *work) {
    const __m256i y = _mm256_set1_epi16((i16)-(i16)(u16)(pair >> 16));
    (void)fresh;
    for (int v = 0; v < 256; v += 16) {
        __m256i left = y, right = y;
        for (ptrdiff_t k = 0; k <= tiles; k++) {
            if (k < tiles) {
                const __m256i a = _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)(above + 256 * k + v)));
                const __m256i c = _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)(below + 256 * k + v)));
                const __m256i shift = _mm256_mulhrs_epi16(_mm256_slli_epi16(_mm256_sub_epi16(c, a), 7), y);
                right = _mm256_add_epi16(_mm256_slli_epi16(a, 7), shift);
            }
            if (k == 0) left = right;
            const __m256i low = _mm256_unpacklo_epi16(left, right), high = _mm256_unpackhi_epi16(left, right);
            u32 *out = work + 256 * k + v;
            _mm256_storeu_si256((void *)out, _mm256_permute2x128_si256(low, high, 0x20));
            _mm256_storeu_si256((void *)(out + 8), _mm256_permute2x128_si256(low, high, 0x31));
            left = right;
        }
    }
}

/* Eight pixels as 32-bit numbers. Entries are put together in registers: stores and loads of them take longer. */
INLINE __m256i FN(clahe_wide_8)(const u8 *src, const u32 *table, const u32 *pairs) {
    u64 v;
    memcpy(&v, src, 8);
#define ENTRY(k) (i32)table[(u8)(v >> 8 * (k))]
    __m128i low = _mm_cvtsi32_si128(ENTRY(0)), high = _mm_cvtsi32_si128(ENTRY(4));
    low = _mm_insert_epi32(low, ENTRY(1), 1), high = _mm_insert_epi32(high, ENTRY(5), 1);
    low = _mm_insert_epi32(low, ENTRY(2), 2), high = _mm_insert_epi32(high, ENTRY(6), 2);
    low = _mm_insert_epi32(low, ENTRY(3), 3), high = _mm_insert_epi32(high, ENTRY(7), 3);
#undef ENTRY
    const __m256i sum = _mm256_madd_epi16(_mm256_setr_m128i(low, high), _mm256_loadu_si256((const void *)pairs));
    return _mm256_srli_epi32(_mm256_sub_epi32(_mm256_set1_epi32((1 << 21) + (1 << 14)), sum), 22);
}

static void FN(clahe_row_wide)(const u8 *src, u8 *dst, ptrdiff_t x, ptrdiff_t n, const u32 *work, ptrdiff_t tiles, ptrdiff_t tile, u32 pair, const u32 *pairs) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    ptrdiff_t i = 0;
    (void)pair;
    pairs += x;
    for (ptrdiff_t k = clahe_segment(x, tile); i < n; k++) {
        const ptrdiff_t stop = clahe_stop(k, x, n, tiles, tile);
        const u32 *table = work + 256 * k;
        for (; i + 32 <= stop; i += 32) {
            const __m256i a = FN(clahe_wide_8)(src + i, table, pairs + i), b = FN(clahe_wide_8)(src + i + 8, table, pairs + i + 8);
            const __m256i c = FN(clahe_wide_8)(src + i + 16, table, pairs + i + 16), d = FN(clahe_wide_8)(src + i + 24, table, pairs + i + 24);
            const __m256i lanes = _mm256_packus_epi16(_mm256_packus_epi32(a, b), _mm256_packus_epi32(c, d));
            _mm256_storeu_si256((void *)(dst + i), _mm256_permutevar8x32_epi32(lanes, order));
        }
        for (; i + 8 <= stop; i += 8) {
            const __m256i a = FN(clahe_wide_8)(src + i, table, pairs + i);
            const __m256i lanes = _mm256_packus_epi16(_mm256_packus_epi32(a, a), a);
            _mm_storel_epi64((void *)(dst + i), _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(lanes, order)));
        }
        for (; i < stop; i++) {
            const i32 left = (i32)(table[src[i]] & 65535), right = (i32)(table[src[i]] >> 16);
            dst[i] = (u8)(((1 << 21) + (1 << 14) - left * (i16)(u16)pairs[i] - right * (i16)(u16)(pairs[i] >> 16)) >> 22);
        }
    }
}

#endif
