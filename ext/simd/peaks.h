/* The highest local maxima of heat maps. */
#ifndef LEVEL
#ifndef IMGPROC_PEAKS_H
#define IMGPROC_PEAKS_H
#include "simd/peak_heap.h"

#define CHUNK 64

/* Whether none of the eight neighbours is greater. */
INLINE int is_peak(const f32 *plane, ptrdiff_t height, ptrdiff_t width, ptrdiff_t y, ptrdiff_t x) {
    const f32 value = plane[y * width + x];
    const ptrdiff_t top = y > 0 ? y - 1 : 0, bottom = y + 1 < height ? y + 1 : y;
    const ptrdiff_t left = x > 0 ? x - 1 : 0, right = x + 1 < width ? x + 1 : x;
    for (ptrdiff_t row = top; row <= bottom; row++)
        for (ptrdiff_t column = left; column <= right; column++)
            if (plane[row * width + column] > value) return 0;
    return 1;
}

INLINE int first_bit(u64 word) {
#if defined(__GNUC__)
    return __builtin_ctzll(word);
#else
    int at = 0;
    while (!(word & 1)) word >>= 1, at++;
    return at;
#endif
}

#define SIMD_SOURCE "simd/peaks.h"
#include "simd/levels.h"

/* Puts the local maxima of a plane that are high enough into the heap, numbered from `base` on by rows. */
DISPATCH(void, find_peaks, (const f32 *plane, ptrdiff_t height, ptrdiff_t width, i64 base, PeakHeap *heap),
         (plane, height, width, base, heap))
#endif
#else

/* Bits of up to CHUNK values above `least`. Once the heap is full few are: most of a map costs its reading. */
INLINE u64 FN(above)(const f32 *p, ptrdiff_t n, f32 least) {
    u64 word = 0;
    ptrdiff_t i = 0;
#if LEVEL == LEVEL_AVX512
    const __m512 bound = _mm512_set1_ps(least);
    for (; i + 16 <= n; i += 16) word |= (u64)_mm512_cmp_ps_mask(_mm512_loadu_ps(p + i), bound, _CMP_GT_OQ) << i;
#elif LEVEL == LEVEL_AVX2
    const __m256 bound = _mm256_set1_ps(least);
    for (; i + 8 <= n; i += 8)
        word |= (u64)(u32)_mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(p + i), bound, _CMP_GT_OQ)) << i;
#elif defined(SIMD_X86)
    const __m128 bound = _mm_set1_ps(least);
    for (; i + 4 <= n; i += 4) word |= (u64)(u32)_mm_movemask_ps(_mm_cmpgt_ps(_mm_loadu_ps(p + i), bound)) << i;
#endif
    for (; i < n; i++) word |= (u64)(p[i] > least) << i;
    return word;
}

static void FN(find_peaks)(const f32 *plane, ptrdiff_t height, ptrdiff_t width, i64 base, PeakHeap *heap) {
    for (ptrdiff_t y = 0; y < height; y++) {
        const f32 *row = plane + y * width;
        for (ptrdiff_t x = 0; x < width; x += CHUNK) {
            u64 word = FN(above)(row + x, width - x < CHUNK ? width - x : CHUNK, heap->least);
            for (; word; word &= word - 1) {
                const ptrdiff_t at = x + first_bit(word);
                if (row[at] > heap->least && is_peak(plane, height, width, y, at)) keep_peak(heap, row[at], base + y * width + at);
            }
        }
    }
}

#endif
