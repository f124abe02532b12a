/* Bool masks to bits: where each has pixels, and 64 pixels to a word, the first in the lowest bit. */
#ifndef LEVEL
#ifndef IMGPROC_MASK_PACK_H
#define IMGPROC_MASK_PACK_H
#define SIMD_SOURCE "simd/mask_pack.h"
#include "simd/levels.h"

/* box = y0, y1, x0, x1 of the pixels that are set, half-open; all 0 where there are none. `columns`: width bytes. */
DISPATCH(void, mask_extent, (const u8 *mask, ptrdiff_t step, ptrdiff_t height, ptrdiff_t width, u8 *columns, i64 *box),
         (mask, step, height, width, columns, box))

/* Words for pixels [x0, x0 + 64 · words) of each row, 0 beyond the width; gives the number of pixels set. */
DISPATCH(i64, mask_words,
         (const u8 *mask, ptrdiff_t step, ptrdiff_t width, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t x0, ptrdiff_t words,
          u64 *out),
         (mask, step, width, y0, y1, x0, words, out))
#endif
#else

static void FN(mask_extent)(const u8 *mask, ptrdiff_t step, ptrdiff_t height, ptrdiff_t width, u8 *columns, i64 *box) {
    ptrdiff_t y0 = -1, y1 = 0, x0 = 0, x1 = width;
    memset(columns, 0, (size_t)width);
    for (ptrdiff_t y = 0; y < height; y++) {
        const u8 *row = mask + y * step;
        u8 any = 0;
        ptrdiff_t x = 0;
        for (; x + 256 <= width; x += 256) {
            u8 some = 0;
            prefetch_read(row + x, 256);
            for (int i = 0; i < 256; i++) some |= row[x + i];
            any |= some;
        }
        for (; x < width; x++) any |= row[x];
        if (!any) continue;
        for (x = 0; x < width; x++) columns[x] |= row[x];
        y0 = y0 < 0 ? y : y0;
        y1 = y + 1;
    }
    memset(box, 0, 4 * sizeof *box);
    if (y0 < 0) return;
    while (!columns[x0]) x0++;
    while (!columns[x1 - 1]) x1--;
    box[0] = y0, box[1] = y1, box[2] = x0, box[3] = x1;
}

/* Bits of 64 bytes that are not 0. */
INLINE u64 FN(word_of)(const u8 *bytes) {
#if LEVEL == LEVEL_AVX512
    __m512i all = _mm512_loadu_si512(bytes);
    return _mm512_test_epi8_mask(all, all);
#elif LEVEL == LEVEL_AVX2
    __m256i zero = _mm256_setzero_si256();
    u32 low = (u32)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)bytes), zero));
    u32 high = (u32)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(bytes + 32)), zero));
    return ~((u64)high << 32 | low);
#elif defined(SIMD_X86)
    u64 word = 0;
    for (int i = 0; i < 4; i++) {
        __m128i quarter = _mm_loadu_si128((const __m128i *)(bytes + 16 * i));
        word |= (u64)(u32)_mm_movemask_epi8(_mm_cmpeq_epi8(quarter, _mm_setzero_si128())) << 16 * i;
    }
    return ~word;
#else
    u64 word = 0;
    for (int i = 0; i < 64; i++) word |= (u64)(bytes[i] != 0) << i;
    return word;
#endif
}

INLINE int FN(ones)(u64 word) {
#if LEVEL != LEVEL_BASELINE
    return __builtin_popcountll(word);
#else
    word -= word >> 1 & 0x5555555555555555u;
    word = (word & 0x3333333333333333u) + (word >> 2 & 0x3333333333333333u);
    word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (int)(word * 0x0101010101010101u >> 56);
#endif
}

static i64 FN(mask_words)(const u8 *mask, ptrdiff_t step, ptrdiff_t width, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t x0,
                          ptrdiff_t words, u64 *out) {
    i64 area = 0;
    for (ptrdiff_t y = y0; y < y1; y++) {
        const u8 *row = mask + y * step;
        ptrdiff_t x = x0;
        const ptrdiff_t stop = x0 + 64 * words, whole = stop <= width ? stop : width - 63;
        for (; x < whole; x += 64) {
            /* Rows are short, so the next lines to come are those below. */
            prefetch_read((const void *)((uintptr_t)(row + x) + (uintptr_t)(4 * step) - STREAM_AHEAD), 64);
            *out = FN(word_of)(row + x);
            area += FN(ones)(*out++);
        }
        if (x < stop) {
            u8 tail[64] = {0};
            memcpy(tail, row + x, (size_t)(width - x));
            *out = FN(word_of)(tail);
            area += FN(ones)(*out++);
        }
    }
    return area;
}

#endif
