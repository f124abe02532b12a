/* Small masks of probabilities stretched over boxes of an image, as bits where they reach a threshold. */
#ifndef LEVEL
#ifndef IMGPROC_PASTE_H
#define IMGPROC_PASTE_H
#include "simd/common.h"

/* The two neighbours of a place along an axis, and what the second one counts. */
typedef struct {
    i32 low, high;
    f32 weight;
} Tap;

/* A mask that is stretched over pixels: rows [y0, y1), columns [x0, x1), in words [w0, w1); the taps of each of them. */
typedef struct {
    const f32 *mask;
    ptrdiff_t width; /* of the mask */
    const Tap *down, *across;
    ptrdiff_t y0, y1, x0, x1, w0, w1;
    f32 threshold;
} Paste;

/* A place among the centres of `from`, held at the ends. */
INLINE Tap tap_of(f32 place, ptrdiff_t from) {
    const f32 inside = place > 0 ? place : 0;
    const ptrdiff_t whole = (ptrdiff_t)inside, low = whole < from - 1 ? whole : from - 1;
    const f32 weight = inside - (f32)low;
    Tap tap = {(i32)low, (i32)(low < from - 1 ? low + 1 : low), weight < 1 ? weight : 1.0f};
    return tap;
}

/* Where output place `at` of `to` lies among `from` places, centres on centres. */
INLINE Tap tap_at(i64 at, i64 to, ptrdiff_t from) {
    const f32 scale = (f32)from / (f32)to;
    return tap_of(scale * ((f32)at + 0.5f) - 0.5f, from);
}

#define SIMD_SOURCE "simd/paste.h"
#include "simd/levels.h"

/* The words of the part in the image; 0 without memory. */
DISPATCH(int, paste_bits, (const Paste *paste, u64 *words), (paste, words))
#endif
#else

/* Bits of 64 values a * (1 - weight) + b * weight that reach the threshold; NaN does not. */
INLINE u64 FN(reached)(const f32 *a, const f32 *b, f32 weight, f32 threshold) {
    const f32 rest = 1.0f - weight;
    u64 word = 0;
#if LEVEL == LEVEL_AVX512
    const __m512 wa = _mm512_set1_ps(rest), wb = _mm512_set1_ps(weight), least = _mm512_set1_ps(threshold);
    for (int i = 0; i < 64; i += 16) {
        const __m512 sum = _mm512_add_ps(_mm512_mul_ps(_mm512_loadu_ps(a + i), wa), _mm512_mul_ps(_mm512_loadu_ps(b + i), wb));
        word |= (u64)_mm512_cmp_ps_mask(sum, least, _CMP_GE_OQ) << i;
    }
#elif LEVEL == LEVEL_AVX2
    const __m256 wa = _mm256_set1_ps(rest), wb = _mm256_set1_ps(weight), least = _mm256_set1_ps(threshold);
    for (int i = 0; i < 64; i += 8) {
        const __m256 sum = _mm256_add_ps(_mm256_mul_ps(_mm256_loadu_ps(a + i), wa), _mm256_mul_ps(_mm256_loadu_ps(b + i), wb));
        word |= (u64)(u32)_mm256_movemask_ps(_mm256_cmp_ps(sum, least, _CMP_GE_OQ)) << i;
    }
#elif defined(SIMD_X86)
    const __m128 wa = _mm_set1_ps(rest), wb = _mm_set1_ps(weight), least = _mm_set1_ps(threshold);
    for (int i = 0; i < 64; i += 4) {
        const __m128 sum = _mm_add_ps(_mm_mul_ps(_mm_loadu_ps(a + i), wa), _mm_mul_ps(_mm_loadu_ps(b + i), wb));
        word |= (u64)(u32)_mm_movemask_ps(_mm_cmpge_ps(sum, least)) << i;
    }
#else
    for (int i = 0; i < 64; i++) word |= (u64)(a[i] * rest + b[i] * weight >= threshold) << i;
#endif
    return word;
}

static int FN(paste_bits)(const Paste *paste, u64 *words) {
    const ptrdiff_t n = paste->x1 - paste->x0, across = paste->w1 - paste->w0, padded = 64 * across;
    const ptrdiff_t skipped = paste->x0 - 64 * paste->w0;
    const Tap *taps = paste->across;
    f32 *rows = calloc((size_t)(2 * padded), sizeof *rows);
    i32 held[2] = {-1, -1}; /* the mask's rows that are stretched in the two */
    if (!rows) return 0;
    const u64 first = ~(u64)0 << skipped, last = ~(u64)0 >> (63 - ((paste->x1 - 1) & 63));
    for (ptrdiff_t y = paste->y0; y < paste->y1; y++) {
        const Tap tap = paste->down[y - paste->y0];
        const i32 wanted[2] = {tap.low, tap.high};
        /* Going down, the row that was the second often becomes the first. */
        if (held[1] == tap.low && held[0] != tap.low) {
            for (ptrdiff_t x = 0; x < padded; x++) rows[x] = rows[padded + x];
            held[0] = tap.low;
        }
        for (int i = 0; i < 2; i++) {
            if (held[i] == wanted[i]) continue;
            held[i] = wanted[i];
            const f32 *from = paste->mask + wanted[i] * paste->width;
            f32 *to = rows + i * padded + skipped;
            for (ptrdiff_t x = 0; x < n; x++)
                to[x] = from[taps[x].low] * (1.0f - taps[x].weight) + from[taps[x].high] * taps[x].weight;
        }
        for (ptrdiff_t w = 0; w < across; w++)
            words[w] = FN(reached)(rows + 64 * w, rows + padded + 64 * w, tap.weight, paste->threshold);
        words[0] &= first;
        words[across - 1] &= last;
        words += across;
    }
    free(rows);
    return 1;
}

#endif
