/* Canny's suppression of pixels that are no maxima across their edge. */
#ifndef LEVEL
#ifndef IMGPROC_CANNY_SUPPRESS_H
#define IMGPROC_CANNY_SUPPRESS_H
#include "simd/canny_edges.h"

/* tan(22.5 degrees) as OpenCV has it: 13573 / 2^15. */
#define TANGENT_16 13573
#define TANGENT (13573.0f / 32768)

#define SIMD_SOURCE "simd/canny_suppress.h"
#include "simd/levels.h"

/* For n pixels of a row of magnitudes, with the rows above and below it: candidates are those above `low` that are no
   less than both neighbours in the direction of the gradient, edges those of them above `high`. Writes every word
   that holds one of the n pixels. Magnitudes from -1 to n and all values up to the next multiple of 64 are read. */
#define SUPPRESS(suffix, type)                                                                                         \
    DISPATCH(void, suppress_##suffix,                                                                                  \
             (const type *dx, const type *dy, const type *above, const type *magnitude, const type *below, ptrdiff_t n, \
              type low, type high, EdgeWord *words),                                                                   \
             (dx, dy, above, magnitude, below, n, low, high, words))
SUPPRESS(i16, i16)
SUPPRESS(f32, f32)
#undef SUPPRESS
#endif

#else

#if LEVEL == LEVEL_BASELINE
/* One pixel; ties count as maxima towards the right and below, on diagonals not at all. */
#define SUPPRESS(suffix, type, is_flat, is_steep)                                                                      \
    static void FN(suppress_##suffix)(const type *dx, const type *dy, const type *above, const type *magnitude,        \
                                      const type *below, ptrdiff_t n, type low, type high, EdgeWord *words) {          \
        memset(words, 0, (size_t)((n + 63) / 64) * sizeof *words);                                                     \
        for (ptrdiff_t x = 0; x < n; x++) {                                                                            \
            const type m = magnitude[x];                                                                               \
            if (!(m > low)) continue;                                                                                  \
            const type ax = dx[x] < 0 ? -dx[x] : dx[x], ay = dy[x] < 0 ? -dy[x] : dy[x];                               \
            int maximum;                                                                                               \
            if (is_flat)                                                                                               \
                maximum = m > magnitude[x - 1] && m >= magnitude[x + 1];                                               \
            else if (is_steep)                                                                                         \
                maximum = m > above[x] && m >= below[x];                                                               \
            else {                                                                                                     \
                const int side = (dx[x] < 0) != (dy[x] < 0) ? -1 : 1;                                                  \
                maximum = m > above[x - side] && m > below[x + side];                                                  \
            }                                                                                                          \
            words[x >> 6].candidates |= (u64)maximum << (x & 63);                                                      \
            words[x >> 6].edges |= (u64)(maximum && m > high) << (x & 63);                                             \
        }                                                                                                              \
    }
SUPPRESS(i16, i16, ay * 32768 < ax * TANGENT_16, (ay - 2 * ax) * 32768 > ax * TANGENT_16)
SUPPRESS(f32, f32, ay < ax * TANGENT, ay - 2 * ax > ax * TANGENT)
#undef SUPPRESS

#elif LEVEL == LEVEL_AVX2
/* Sixteen pixels as masks of 16 bits. */
INLINE __m256i FN(maxima_i16)(const i16 *dx, const i16 *dy, const i16 *above, const i16 *magnitude, const i16 *below) {
#define LOAD(p) _mm256_loadu_si256((const void *)(p))
    const __m256i x = LOAD(dx), y = LOAD(dy), ax = _mm256_abs_epi16(x), ay = _mm256_abs_epi16(y), m = LOAD(magnitude);
    const __m256i twice = _mm256_add_epi16(ax, ax), tangent = _mm256_mulhi_epu16(twice, _mm256_set1_epi16(TANGENT_16));
    /* Against the integer part: a product of TANGENT_16 below 2^27 is a multiple of 2^15 only where ax is 0. */
    const __m256i not_flat = _mm256_cmpgt_epi16(ay, tangent);
    const __m256i steep = _mm256_cmpgt_epi16(ay, _mm256_add_epi16(tangent, twice));
    const __m256i falls = _mm256_srai_epi16(_mm256_xor_si256(x, y), 15);
    __m256i before = _mm256_blendv_epi8(LOAD(above - 1), LOAD(above + 1), falls);
    __m256i after = _mm256_blendv_epi8(LOAD(below + 1), LOAD(below - 1), falls);
    after = _mm256_add_epi16(after, _mm256_set1_epi16(1)); /* m > v is m >= v + 1 */
    before = _mm256_blendv_epi8(before, LOAD(above), steep);
    after = _mm256_blendv_epi8(after, LOAD(below), steep);
    before = _mm256_blendv_epi8(LOAD(magnitude - 1), before, not_flat);
    after = _mm256_blendv_epi8(LOAD(magnitude + 1), after, not_flat);
    return _mm256_andnot_si256(_mm256_cmpgt_epi16(after, m), _mm256_cmpgt_epi16(m, before));
#undef LOAD
}

INLINE u64 FN(bits)(__m256i first, __m256i second) {
    const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packs_epi16(first, second), 0xd8);
    return (u32)_mm256_movemask_epi8(bytes);
}

static void FN(suppress_i16)(const i16 *dx, const i16 *dy, const i16 *above, const i16 *magnitude, const i16 *below,
                             ptrdiff_t n, i16 low, i16 high, EdgeWord *words) {
    const __m256i lows = _mm256_set1_epi16(low), highs = _mm256_set1_epi16(high);
    for (ptrdiff_t x = 0; x < n; x += 64, words++) {
        u64 candidates = 0, edges = 0;
        for (int part = 0; part < 64; part += 32) {
            const ptrdiff_t i = x + part;
            const __m256i m = _mm256_loadu_si256((const void *)(magnitude + i));
            const __m256i m2 = _mm256_loadu_si256((const void *)(magnitude + i + 16));
            __m256i some = _mm256_cmpgt_epi16(m, lows), some2 = _mm256_cmpgt_epi16(m2, lows);
            if (_mm256_testz_si256(_mm256_or_si256(some, some2), _mm256_or_si256(some, some2))) continue;
            some = _mm256_and_si256(some, FN(maxima_i16)(dx + i, dy + i, above + i, magnitude + i, below + i));
            some2 = _mm256_and_si256(some2, FN(maxima_i16)(dx + i + 16, dy + i + 16, above + i + 16, magnitude + i + 16,
                                                           below + i + 16));
            candidates |= FN(bits)(some, some2) << part;
            edges |= FN(bits)(_mm256_and_si256(some, _mm256_cmpgt_epi16(m, highs)),
                              _mm256_and_si256(some2, _mm256_cmpgt_epi16(m2, highs))) << part;
        }
        const u64 inside = n - x < 64 ? ~0ull >> (64 - (n - x)) : ~0ull;
        words->candidates = candidates & inside;
        words->edges = edges & inside;
    }
}

static void FN(suppress_f32)(const f32 *dx, const f32 *dy, const f32 *above, const f32 *magnitude, const f32 *below,
                             ptrdiff_t n, f32 low, f32 high, EdgeWord *words) {
#define LOAD(p) _mm256_loadu_ps(p)
    const __m256 lows = _mm256_set1_ps(low), highs = _mm256_set1_ps(high), sign = _mm256_set1_ps(-0.0f);
    for (ptrdiff_t x0 = 0; x0 < n; x0 += 64, words++) {
        u64 candidates = 0, edges = 0;
        for (int part = 0; part < 64; part += 8) {
            const ptrdiff_t i = x0 + part;
            const __m256 m = LOAD(magnitude + i), some = _mm256_cmp_ps(m, lows, _CMP_GT_OQ);
            if (!_mm256_movemask_ps(some)) continue;
            const __m256 x = LOAD(dx + i), y = LOAD(dy + i), ax = _mm256_andnot_ps(sign, x), ay = _mm256_andnot_ps(sign, y);
            const __m256 tangent = _mm256_mul_ps(ax, _mm256_set1_ps(TANGENT));
            const __m256 flat = _mm256_cmp_ps(ay, tangent, _CMP_LT_OQ);
            const __m256 steep = _mm256_cmp_ps(_mm256_sub_ps(ay, _mm256_add_ps(ax, ax)), tangent, _CMP_GT_OQ);
            const __m256 falls = _mm256_xor_ps(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ),
                                               _mm256_cmp_ps(y, _mm256_setzero_ps(), _CMP_LT_OQ));
            __m256 before = _mm256_blendv_ps(LOAD(above + i - 1), LOAD(above + i + 1), falls);
            __m256 after = _mm256_blendv_ps(LOAD(below + i + 1), LOAD(below + i - 1), falls);
            before = _mm256_blendv_ps(before, LOAD(above + i), steep);
            after = _mm256_blendv_ps(after, LOAD(below + i), steep);
            before = _mm256_blendv_ps(before, LOAD(magnitude + i - 1), flat);
            after = _mm256_blendv_ps(after, LOAD(magnitude + i + 1), flat);
            const __m256 tie = _mm256_and_ps(_mm256_cmp_ps(m, after, _CMP_EQ_OQ), _mm256_or_ps(flat, steep));
            const __m256 maxima = _mm256_and_ps(_mm256_and_ps(some, _mm256_cmp_ps(m, before, _CMP_GT_OQ)),
                                                _mm256_or_ps(_mm256_cmp_ps(m, after, _CMP_GT_OQ), tie));
            candidates |= (u64)(u32)_mm256_movemask_ps(maxima) << part;
            edges |= (u64)(u32)_mm256_movemask_ps(_mm256_and_ps(maxima, _mm256_cmp_ps(m, highs, _CMP_GT_OQ))) << part;
        }
        const u64 inside = n - x0 < 64 ? ~0ull >> (64 - (n - x0)) : ~0ull;
        words->candidates = candidates & inside;
        words->edges = edges & inside;
    }
#undef LOAD
}

#else
static void FN(suppress_i16)(const i16 *dx, const i16 *dy, const i16 *above, const i16 *magnitude, const i16 *below,
                             ptrdiff_t n, i16 low, i16 high, EdgeWord *words) {
#define LOAD(p) _mm512_loadu_si512(p)
    for (ptrdiff_t x0 = 0; x0 < n; x0 += 64, words++) {
        u64 candidates = 0, edges = 0;
        for (int part = 0; part < 64; part += 32) {
            const ptrdiff_t i = x0 + part;
            const __m512i m = LOAD(magnitude + i);
            const __mmask32 some = _mm512_cmpgt_epi16_mask(m, _mm512_set1_epi16(low));
            if (!some) continue;
            const __m512i x = LOAD(dx + i), y = LOAD(dy + i), ax = _mm512_abs_epi16(x), ay = _mm512_abs_epi16(y);
            const __m512i twice = _mm512_add_epi16(ax, ax);
            /* Against the integer part: a product of TANGENT_16 below 2^27 is a multiple of 2^15 only where ax is 0. */
            const __m512i tangent = _mm512_mulhi_epu16(twice, _mm512_set1_epi16(TANGENT_16));
            const __mmask32 flat = _mm512_cmple_epi16_mask(ay, tangent);
            const __mmask32 steep = _mm512_cmpgt_epi16_mask(ay, _mm512_add_epi16(tangent, twice));
            const __mmask32 falls = _mm512_movepi16_mask(_mm512_xor_si512(x, y));
            __m512i before = _mm512_mask_blend_epi16(falls, LOAD(above + i - 1), LOAD(above + i + 1));
            __m512i after = _mm512_mask_blend_epi16(falls, LOAD(below + i + 1), LOAD(below + i - 1));
            after = _mm512_add_epi16(after, _mm512_set1_epi16(1)); /* m > v is m >= v + 1 */
            before = _mm512_mask_blend_epi16(steep, before, LOAD(above + i));
            after = _mm512_mask_blend_epi16(steep, after, LOAD(below + i));
            before = _mm512_mask_blend_epi16(flat, before, LOAD(magnitude + i - 1));
            after = _mm512_mask_blend_epi16(flat, after, LOAD(magnitude + i + 1));
            const __mmask32 maxima =
                _mm512_mask_cmpgt_epi16_mask(_mm512_mask_cmple_epi16_mask(some, after, m), m, before);
            candidates |= (u64)maxima << part;
            edges |= (u64)_mm512_mask_cmpgt_epi16_mask(maxima, m, _mm512_set1_epi16(high)) << part;
        }
        const u64 inside = n - x0 < 64 ? ~0ull >> (64 - (n - x0)) : ~0ull;
        words->candidates = candidates & inside;
        words->edges = edges & inside;
    }
#undef LOAD
}

static void FN(suppress_f32)(const f32 *dx, const f32 *dy, const f32 *above, const f32 *magnitude, const f32 *below,
                             ptrdiff_t n, f32 low, f32 high, EdgeWord *words) {
#define LOAD(p) _mm512_loadu_ps(p)
    const __m512 zero = _mm512_setzero_ps();
    for (ptrdiff_t x0 = 0; x0 < n; x0 += 64, words++) {
        u64 candidates = 0, edges = 0;
        for (int part = 0; part < 64; part += 16) {
            const ptrdiff_t i = x0 + part;
            const __m512 m = LOAD(magnitude + i);
            const __mmask16 some = _mm512_cmp_ps_mask(m, _mm512_set1_ps(low), _CMP_GT_OQ);
            if (!some) continue;
            const __m512 x = LOAD(dx + i), y = LOAD(dy + i), ax = _mm512_abs_ps(x), ay = _mm512_abs_ps(y);
            const __m512 tangent = _mm512_mul_ps(ax, _mm512_set1_ps(TANGENT));
            const __mmask16 flat = _mm512_cmp_ps_mask(ay, tangent, _CMP_LT_OQ);
            const __mmask16 steep = _mm512_cmp_ps_mask(_mm512_sub_ps(ay, _mm512_add_ps(ax, ax)), tangent, _CMP_GT_OQ);
            const __mmask16 falls =
                (__mmask16)(_mm512_cmp_ps_mask(x, zero, _CMP_LT_OQ) ^ _mm512_cmp_ps_mask(y, zero, _CMP_LT_OQ));
            __m512 before = _mm512_mask_blend_ps(falls, LOAD(above + i - 1), LOAD(above + i + 1));
            __m512 after = _mm512_mask_blend_ps(falls, LOAD(below + i + 1), LOAD(below + i - 1));
            before = _mm512_mask_blend_ps(steep, before, LOAD(above + i));
            after = _mm512_mask_blend_ps(steep, after, LOAD(below + i));
            before = _mm512_mask_blend_ps(flat, before, LOAD(magnitude + i - 1));
            after = _mm512_mask_blend_ps(flat, after, LOAD(magnitude + i + 1));
            const __mmask16 tie = _mm512_mask_cmp_ps_mask((__mmask16)(flat | steep), m, after, _CMP_EQ_OQ);
            const __mmask16 more = (__mmask16)(_mm512_cmp_ps_mask(m, after, _CMP_GT_OQ) | tie);
            const __mmask16 maxima = _mm512_mask_cmp_ps_mask((__mmask16)(some & more), m, before, _CMP_GT_OQ);
            candidates |= (u64)maxima << part;
            edges |= (u64)_mm512_mask_cmp_ps_mask(maxima, m, _mm512_set1_ps(high), _CMP_GT_OQ) << part;
        }
        const u64 inside = n - x0 < 64 ? ~0ull >> (64 - (n - x0)) : ~0ull;
        words->candidates = candidates & inside;
        words->edges = edges & inside;
    }
#undef LOAD
}
#endif
#endif
