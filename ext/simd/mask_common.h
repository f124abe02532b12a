/* Pixels that two packed masks share. */
#ifndef LEVEL
#define SIMD_SOURCE "simd/mask_common.h"
#include "simd/levels.h"

/* Pixels set in both of two runs of rows of `words` words, the rows `a_step` and `b_step` words apart. */
DISPATCH(i64, common_pixels,
         (const u64 *a, ptrdiff_t a_step, const u64 *b, ptrdiff_t b_step, ptrdiff_t rows, ptrdiff_t words),
         (a, a_step, b, b_step, rows, words))
#else

/* Bits of each byte from a table of nibbles, added up over bytes: there is no vector instruction for it at these
   levels. */
#if LEVEL == LEVEL_AVX512
#define LANES 8
INLINE __m512i FN(counts)(__m512i v, __m512i table, __m512i nibble) {
    __m512i low = _mm512_shuffle_epi8(table, _mm512_and_si512(v, nibble));
    return _mm512_add_epi8(low, _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(v, 4), nibble)));
}
#elif LEVEL == LEVEL_AVX2
#define LANES 4
INLINE __m256i FN(counts)(__m256i v, __m256i table, __m256i nibble) {
    __m256i low = _mm256_shuffle_epi8(table, _mm256_and_si256(v, nibble));
    return _mm256_add_epi8(low, _mm256_shuffle_epi8(table, _mm256_and_si256(_mm256_srli_epi16(v, 4), nibble)));
}
#else
INLINE int FN(shared)(u64 word) {
    word -= word >> 1 & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + (word >> 2 & 0x3333333333333333u);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (int)(word * 0x0101010101010101u >> 56);
}
#endif

static i64 FN(common_pixels)(const u64 *a, ptrdiff_t a_step, const u64 *b, ptrdiff_t b_step, ptrdiff_t rows,
                             ptrdiff_t words) {
    i64 total = 0;
    if (a_step == words && b_step == words) {
        /* Whole masks beside each other are one long row. */
        words *= rows;
        rows = rows ? 1 : 0;
    }
#if LEVEL == LEVEL_AVX512
    const __m512i zero = _mm512_setzero_si512(), nibble = _mm512_set1_epi8(15),
                  table = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    __m512i sums = zero;
    for (ptrdiff_t y = 0; y < rows; y++, a += a_step, b += b_step) {
        ptrdiff_t k = 0;
        for (; k + LANES <= words; k += LANES) {
            __m512i both = _mm512_and_si512(_mm512_loadu_si512(a + k), _mm512_loadu_si512(b + k));
            sums = _mm512_add_epi64(sums, _mm512_sad_epu8(FN(counts)(both, table, nibble), zero));
        }
        if (k < words) {
            __mmask8 some = (__mmask8)((1u << (words - k)) - 1);
            __m512i both =
                _mm512_and_si512(_mm512_maskz_loadu_epi64(some, a + k), _mm512_maskz_loadu_epi64(some, b + k));
            sums = _mm512_add_epi64(sums, _mm512_sad_epu8(FN(counts)(both, table, nibble), zero));
        }
    }
    total = _mm512_reduce_add_epi64(sums);
#elif LEVEL == LEVEL_AVX2
    const __m256i zero = _mm256_setzero_si256(), nibble = _mm256_set1_epi8(15),
                  table = _mm256_broadcastsi128_si256(
                      _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4));
    __m256i sums = zero;
    i64 lanes[LANES];
    for (ptrdiff_t y = 0; y < rows; y++, a += a_step, b += b_step) {
        ptrdiff_t k = 0;
        for (; k + LANES <= words; k += LANES) {
            __m256i both = _mm256_and_si256(_mm256_loadu_si256((const __m256i *)(a + k)),
                                            _mm256_loadu_si256((const __m256i *)(b + k)));
            sums = _mm256_add_epi64(sums, _mm256_sad_epu8(FN(counts)(both, table, nibble), zero));
        }
        for (; k < words; k++) total += __builtin_popcountll(a[k] & b[k]);
    }
    _mm256_storeu_si256((__m256i *)lanes, sums);
    total += lanes[0] + lanes[1] + lanes[2] + lanes[3];
#else
    for (ptrdiff_t y = 0; y < rows; y++, a += a_step, b += b_step)
        for (ptrdiff_t k = 0; k < words; k++) total += FN(shared)(a[k] & b[k]);
#endif
    return total;
}

#undef LANES
#endif
