/* Both first derivatives of one row, or of two rows at once, from the rows around it.

   Every operator is a difference one way and weights outer, inner, outer the other way. With p = c[+1] - a[-1] and
   q = a[+1] - c[-1] the outer part of gx is p + q and that of gy is p - q: each corner is loaded once for both. */
#ifndef LEVEL
#ifndef IMGPROC_GRADIENT_ROWS_H
#define IMGPROC_GRADIENT_ROWS_H
#include "simd/lanes.h"

typedef enum { SOBEL, SCHARR, PREWITT, CENTRAL } GradientOperator;

#define SIMD_SOURCE "simd/gradient_rows.h"
#include "simd/levels.h"

/* n samples of gx and gy in row b, which lies between a and c; the neighbours left and right are `step` samples away
   and must be there. Sums are exact for integers: |sums| <= 16 * 255 and 16 * 65535 < 2^24. A zero is never negative. */
#define DERIVE(suffix, type, result)                                                                                  \
    DISPATCH(void, derive_##suffix,                                                                                   \
             (const type *a, const type *b, const type *c, result *gx, result *gy, ptrdiff_t n, ptrdiff_t step,       \
              GradientOperator operator),                                                                             \
             (a, b, c, gx, gy, n, step, operator))
DERIVE(u8, u8, i16)
DERIVE(u16, u16, f32)
DERIVE(f32, f32, f32)
#undef DERIVE
/* The same for rows b and c between a and d; row c's results go `pitch` samples further. */
DISPATCH(void, derive_two_u8,
         (const u8 *a, const u8 *b, const u8 *c, const u8 *d, i16 *gx, i16 *gy, ptrdiff_t pitch, ptrdiff_t n,
          ptrdiff_t step, GradientOperator operator),
         (a, b, c, d, gx, gy, pitch, n, step, operator))
#endif

#else

#define DERIVE_LOOP(type, result, sum, zero, first)                                                                   \
    for (ptrdiff_t x = (first); x < n; x++) {                                                                         \
        const sum p = (sum)c[x + step] - (sum)a[x - step], q = (sum)a[x + step] - (sum)c[x - step];                   \
        const sum across = (sum)b[x + step] - (sum)b[x - step], down = (sum)c[x] - (sum)a[x];                         \
        if (outer) {                                                                                                  \
            gx[x] = (result)(outer * (p + q) + inner * across + zero);                                                \
            gy[x] = (result)(outer * (p - q) + inner * down + zero);                                                  \
        } else {                                                                                                      \
            gx[x] = (result)(across + zero);                                                                          \
            gy[x] = (result)(down + zero);                                                                            \
        }                                                                                                             \
    }

/* The weights are constants inside each copy. */
#define BY_OPERATOR(call)                             \
    switch (operator) {                               \
    case SOBEL: call(1, 2); break;                    \
    case SCHARR: call(3, 10); break;                  \
    case PREWITT: call(1, 1); break;                  \
    case CENTRAL: call(0, 1); break;                  \
    }

#if LEVEL > LEVEL_BASELINE
INLINE VECTOR FN(widen)(const u8 *p) {
#if LEVEL == LEVEL_AVX512
    return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)p));
#else
    return _mm256_cvtepu8_epi16(_mm_loadu_si128((const void *)p));
#endif
}

INLINE VECTOR FN(times)(VECTOR v, int weight) {
    return weight == 1 ? v : weight == 2 ? OP(add_epi16)(v, v) : OP(mullo_epi16)(v, OP(set1_epi16)((i16)weight));
}

/* One vector of both derivatives from a vector of each neighbour: u(pper), m(iddle), l(ower); 0, 1, 2 from left to right. */
INLINE void FN(derive_vector)(VECTOR u0, VECTOR u1, VECTOR u2, VECTOR m0, VECTOR m2, VECTOR l0, VECTOR l1, VECTOR l2,
                              i16 *gx, i16 *gy, int outer, int inner) {
    VECTOR x = FN(times)(OP(sub_epi16)(m2, m0), inner), y = FN(times)(OP(sub_epi16)(l1, u1), inner);
    if (outer) {
        const VECTOR p = OP(sub_epi16)(l2, u0), q = OP(sub_epi16)(u2, l0);
        x = OP(add_epi16)(x, FN(times)(OP(add_epi16)(p, q), outer));
        y = OP(add_epi16)(y, FN(times)(OP(sub_epi16)(p, q), outer));
    }
    BITS(storeu)((void *)gx, x);
    BITS(storeu)((void *)gy, y);
}
#define VECTOR_WORDS (2 * VECTOR_PIXELS)

/* Where the vector after the one at x starts: the second at an aligned address, as stores across cache lines cost
   twice; the last at n - VECTOR_WORDS. Some samples are so computed twice. */
INLINE ptrdiff_t FN(next_vector)(const i16 *gx, ptrdiff_t x, ptrdiff_t n) {
    const ptrdiff_t beyond = (ptrdiff_t)((uintptr_t)(gx + x) % (2 * VECTOR_WORDS)) / 2;
    const ptrdiff_t next = x + VECTOR_WORDS - beyond;
    return next < n - VECTOR_WORDS ? next : n - VECTOR_WORDS;
}
#endif

INLINE void FN(derive_u8_any)(const u8 *a, const u8 *b, const u8 *c, i16 *restrict gx, i16 *restrict gy, ptrdiff_t n,
                              ptrdiff_t step, int outer, int inner) {
    ptrdiff_t done = 0;
#if LEVEL > LEVEL_BASELINE
    for (ptrdiff_t x = 0; n >= VECTOR_WORDS; x = FN(next_vector)(gx, x, n)) {
        FN(derive_vector)(FN(widen)(a + x - step), FN(widen)(a + x), FN(widen)(a + x + step), FN(widen)(b + x - step),
                          FN(widen)(b + x + step), FN(widen)(c + x - step), FN(widen)(c + x), FN(widen)(c + x + step),
                          gx + x, gy + x, outer, inner);
        done = x + VECTOR_WORDS;
        if (done == n) break;
    }
#endif
    DERIVE_LOOP(u8, i16, i32, 0, done)
}

/* Two rows share the widened neighbours that they have in common. */
INLINE void FN(derive_two_u8_any)(const u8 *a, const u8 *b, const u8 *c, const u8 *d, i16 *restrict gx, i16 *restrict gy,
                                  ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t step, int outer, int inner) {
    ptrdiff_t done = 0;
#if LEVEL > LEVEL_BASELINE
    for (ptrdiff_t x = 0; n >= VECTOR_WORDS; x = FN(next_vector)(gx, x, n)) {
        const VECTOR b0 = FN(widen)(b + x - step), b1 = FN(widen)(b + x), b2 = FN(widen)(b + x + step);
        const VECTOR c0 = FN(widen)(c + x - step), c1 = FN(widen)(c + x), c2 = FN(widen)(c + x + step);
        FN(derive_vector)(FN(widen)(a + x - step), FN(widen)(a + x), FN(widen)(a + x + step), b0, b2, c0, c1, c2,
                          gx + x, gy + x, outer, inner);
        FN(derive_vector)(b0, b1, b2, c0, c2, FN(widen)(d + x - step), FN(widen)(d + x), FN(widen)(d + x + step),
                          gx + pitch + x, gy + pitch + x, outer, inner);
        done = x + VECTOR_WORDS;
        if (done == n) break;
    }
#endif
    if (done < n) {
        FN(derive_u8_any)(a, b, c, gx, gy, n, step, outer, inner);
        FN(derive_u8_any)(b, c, d, gx + pitch, gy + pitch, n, step, outer, inner);
    }
}

INLINE void FN(derive_u16_any)(const u16 *a, const u16 *b, const u16 *c, f32 *restrict gx, f32 *restrict gy, ptrdiff_t n,
                               ptrdiff_t step, int outer, int inner) {
    DERIVE_LOOP(u16, f32, i32, 0, 0)
}

INLINE void FN(derive_f32_any)(const f32 *a, const f32 *b, const f32 *c, f32 *restrict gx, f32 *restrict gy, ptrdiff_t n,
                               ptrdiff_t step, int outer, int inner) {
    DERIVE_LOOP(f32, f32, f32, 0.0f, 0)
}

#define DERIVE(suffix, type, result)                                                                                  \
    static void FN(derive_##suffix)(const type *a, const type *b, const type *c, result *gx, result *gy, ptrdiff_t n, \
                                    ptrdiff_t step, GradientOperator operator) {                                      \
        BY_OPERATOR(CALL_##suffix)                                                                                    \
    }
#define CALL_u8(outer, inner) FN(derive_u8_any)(a, b, c, gx, gy, n, step, outer, inner)
#define CALL_u16(outer, inner) FN(derive_u16_any)(a, b, c, gx, gy, n, step, outer, inner)
#define CALL_f32(outer, inner) FN(derive_f32_any)(a, b, c, gx, gy, n, step, outer, inner)
DERIVE(u8, u8, i16)
DERIVE(u16, u16, f32)
DERIVE(f32, f32, f32)

static void FN(derive_two_u8)(const u8 *a, const u8 *b, const u8 *c, const u8 *d, i16 *gx, i16 *gy, ptrdiff_t pitch,
                              ptrdiff_t n, ptrdiff_t step, GradientOperator operator) {
#define CALL_two(outer, inner) FN(derive_two_u8_any)(a, b, c, d, gx, gy, pitch, n, step, outer, inner)
    BY_OPERATOR(CALL_two)
}

#undef CALL_two
#undef CALL_f32
#undef CALL_u16
#undef CALL_u8
#undef DERIVE
#undef VECTOR_WORDS
#undef BY_OPERATOR
#undef DERIVE_LOOP
#endif
