/* Rows of Canny's detector: magnitudes, the strongest channel, and edges drawn from their bits. */
#ifndef LEVEL
#ifndef IMGPROC_CANNY_ROWS_H
#define IMGPROC_CANNY_ROWS_H
#include "simd/canny_edges.h"

#define SIMD_SOURCE "simd/canny_rows.h"
#include "simd/levels.h"

/* magnitude = |dx| + |dy|, or dx * dx + dy * dy where `square`. */
DISPATCH(void, magnitudes_i16, (const i16 *dx, const i16 *dy, i16 *magnitude, ptrdiff_t n), (dx, dy, magnitude, n))
DISPATCH(void, magnitudes_f32, (const f32 *dx, const f32 *dy, f32 *magnitude, ptrdiff_t n, int square),
         (dx, dy, magnitude, n, square))

/* Takes over each pixel of another channel whose magnitude is larger. */
DISPATCH(void, strongest_i16,
         (i16 *dx, i16 *dy, i16 *magnitude, const i16 *dx2, const i16 *dy2, const i16 *magnitude2, ptrdiff_t n),
         (dx, dy, magnitude, dx2, dy2, magnitude2, n))
DISPATCH(void, strongest_f32,
         (f32 *dx, f32 *dy, f32 *magnitude, const f32 *dx2, const f32 *dy2, const f32 *magnitude2, ptrdiff_t n),
         (dx, dy, magnitude, dx2, dy2, magnitude2, n))
DISPATCH(void, floats_i16, (const i16 *src, f32 *dst, ptrdiff_t n), (src, dst, n))

/* 255 where a bit of `edges` is set, for n pixels. */
DISPATCH(void, draw_edges, (const EdgeWord *words, u8 *out, ptrdiff_t n), (words, out, n))
#endif

#else

static void FN(magnitudes_i16)(const i16 *restrict dx, const i16 *restrict dy, i16 *restrict magnitude, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const i16 x = dx[i], y = dy[i];
        magnitude[i] = (i16)((x < 0 ? -x : x) + (y < 0 ? -y : y));
    }
}

static void FN(magnitudes_f32)(const f32 *restrict dx, const f32 *restrict dy, f32 *restrict magnitude, ptrdiff_t n,
                               int square) {
    if (square)
        for (ptrdiff_t i = 0; i < n; i++) magnitude[i] = dx[i] * dx[i] + dy[i] * dy[i];
    else
        for (ptrdiff_t i = 0; i < n; i++) magnitude[i] = fabsf(dx[i]) + fabsf(dy[i]);
}

#define STRONGEST(suffix, type)                                                                                        \
    static void FN(strongest_##suffix)(type *restrict dx, type *restrict dy, type *restrict magnitude,                 \
                                       const type *restrict dx2, const type *restrict dy2,                             \
                                       const type *restrict magnitude2, ptrdiff_t n) {                                 \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                            \
            /* Loaded whatever comes of it: loads under a condition would keep the loop from being vectorised. */      \
            const type x = dx[i], y = dy[i], m = magnitude[i], x2 = dx2[i], y2 = dy2[i], m2 = magnitude2[i];           \
            dx[i] = m2 > m ? x2 : x;                                                                                   \
            dy[i] = m2 > m ? y2 : y;                                                                                   \
            magnitude[i] = m2 > m ? m2 : m;                                                                            \
        }                                                                                                              \
    }
STRONGEST(i16, i16)
STRONGEST(f32, f32)
#undef STRONGEST

static void FN(floats_i16)(const i16 *restrict src, f32 *restrict dst, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++) dst[i] = src[i];
}

static void FN(draw_edges)(const EdgeWord *words, u8 *out, ptrdiff_t n) {
    for (; n > 0; n -= 64, out += 64, words++) {
        const ptrdiff_t count = n < 64 ? n : 64;
        const u64 edges = words->edges;
        if (!edges) {
            memset(out, 0, (size_t)count);
            continue;
        }
#if LEVEL == LEVEL_AVX512
        _mm512_mask_storeu_epi8(out, ~0ull >> (64 - count), _mm512_movm_epi8(edges));
#else
        ptrdiff_t i = 0;
#if LEVEL == LEVEL_AVX2
        const __m256i byte = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
        const __m256i bit = _mm256_set1_epi64x((i64)0x8040201008040201);
        for (; i + 32 <= count; i += 32) {
            const __m256i bits = _mm256_shuffle_epi8(_mm256_set1_epi32((i32)(u32)(edges >> i)), byte);
            _mm256_storeu_si256((void *)(out + i), _mm256_cmpeq_epi8(_mm256_and_si256(bits, bit), bit));
        }
#endif
        for (; i < count; i++) out[i] = (u8)(0 - (edges >> i & 1));
#endif
    }
}
#endif
