/* Both first derivatives of a row, or of several rows at once, from the rows around it.

   Every operator is a difference one way and weights outer, inner, outer the other way. With p = c[+1] - a[-1] and
   q = a[+1] - c[-1] the outer part of gx is p + q and that of gy is p - q: each corner is loaded once for both. */
#ifndef LEVEL
#ifndef IMGPROC_GRADIENT_ROWS_H
#define IMGPROC_GRADIENT_ROWS_H
#include "simd/lanes.h"

#define DERIVE_PIECE 128 /* samples for which memory is asked at once */

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
/* The same for each of `count` rows, 1 to 4, that lie between rows[0] and rows[count + 1]; a row's results lie `pitch`
   samples after those of the row before. `step` is 4 at most. */
DISPATCH(void, derive_rows_u8,
         (const u8 *const *rows, ptrdiff_t count, i16 *gx, i16 *gy, ptrdiff_t pitch, ptrdiff_t n, ptrdiff_t step,
          GradientOperator operator),
         (rows, count, gx, gy, pitch, n, step, operator))
#endif

#else

#define DERIVE_LOOP(type, result, sum, zero, first, end)                                                              \
    for (ptrdiff_t x = (first); x < (end); x++) {                                                                        \
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
#define VECTOR_WORDS (2 * VECTOR_PIXELS)

/* What one row gives to the derivatives of the rows around it: its difference across times both weights, and its
   weighted sum across, whose difference down is gy. Rows that follow each other share it. */
typedef struct {
    VECTOR outer, inner, sum;
} FN(Share);

INLINE VECTOR FN(times)(VECTOR v, int weight) {
    return weight == 1 ? v : weight == 2 ? OP(add_epi16)(v, v) : OP(mullo_epi16)(v, OP(set1_epi16)((i16)weight));
}

#if LEVEL == LEVEL_AVX2
/* Selects from sixteen bytes in each half the neighbours left and right in pairs, or the middles as words. */
typedef struct {
    VECTOR pairs, middles;
} FN(Select);

INLINE FN(Select) FN(select)(ptrdiff_t step) {
    /* The lower half is loaded from `step` before the vector, the upper half from `step` after it: its eight words
       begin at the eighth byte less `step`, and nothing beyond the last neighbour is read. */
    const __m256i order = _mm256_setr_epi8(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7,
                                           8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15);
    const i16 even = (i16)step, odd = (i16)(step * 256);
    const __m256i right = _mm256_setr_m128i(_mm_set1_epi16((i16)(2 * odd)), _mm_setzero_si128());
    const __m256i left = _mm256_setr_m128i(_mm_setzero_si128(), _mm_set1_epi16((i16)(2 * even)));
    const __m256i middle = _mm256_setr_m128i(_mm_set1_epi8((char)step), _mm_set1_epi8((char)-step));
    FN(Select) select;
    select.pairs = _mm256_sub_epi8(_mm256_add_epi8(order, right), left);
    select.middles = _mm256_or_si256(_mm256_add_epi8(order, middle), _mm256_set1_epi16((i16)0xff00));
    return select;
}

/* words[k] = bytes[2 k] * even + bytes[2 k + 1] * odd */
INLINE VECTOR FN(weigh)(VECTOR bytes, int even, int odd) {
    return _mm256_maddubs_epi16(bytes, _mm256_set1_epi16((i16)((odd & 255) * 256 | (even & 255))));
}

INLINE FN(Share) FN(share)(const u8 *left, ptrdiff_t step, const FN(Select) *select, int outer, int inner) {
    const __m256i bytes = _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const void *)left)),
                                                  _mm_loadu_si128((const void *)(left + 2 * step)), 1);
    const __m256i pairs = _mm256_shuffle_epi8(bytes, select->pairs);
    const __m256i middles = _mm256_shuffle_epi8(bytes, select->middles);
    const __m256i difference = FN(weigh)(pairs, -(outer ? outer : inner), outer ? outer : inner);
    FN(Share) share = {difference, difference, inner > 2 ? FN(weigh)(middles, inner, 0) : FN(times)(middles, inner)};
    if (outer) {
        share.inner = inner == outer ? difference
                      : inner == 2 * outer ? _mm256_add_epi16(difference, difference)
                                           : FN(weigh)(pairs, -inner, inner);
        share.sum = _mm256_add_epi16(share.sum, FN(weigh)(pairs, outer, outer));
    }
    return share;
}
#else
typedef char FN(Select);

INLINE FN(Select) FN(select)(ptrdiff_t step) { return (char)step; }

INLINE VECTOR FN(widen)(const u8 *p) { return _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)p)); }

INLINE FN(Share) FN(share)(const u8 *left, ptrdiff_t step, const FN(Select) *select, int outer, int inner) {
    (void)select;
    const VECTOR l = FN(widen)(left), middle = FN(widen)(left + step), r = FN(widen)(left + 2 * step);
    const VECTOR difference = OP(sub_epi16)(r, l);
    FN(Share) share = {FN(times)(difference, outer), FN(times)(difference, inner), FN(times)(middle, inner)};
    if (outer) share.sum = OP(add_epi16)(share.sum, FN(times)(OP(add_epi16)(l, r), outer));
    return share;
}
#endif

/* The stores of the results are a third of the time, and one across two cache lines costs twice: the second vector
   starts at an aligned address and the last one ends at n, so that some samples are computed twice. */
INLINE void FN(derive_vectors)(const u8 *const *rows, ptrdiff_t count, i16 *gx, i16 *gy, ptrdiff_t pitch, ptrdiff_t n,
                               ptrdiff_t step, int outer, int inner) {
    const FN(Select) select = FN(select)(step);
    const ptrdiff_t last = n - VECTOR_WORDS;
    ptrdiff_t next = VECTOR_WORDS - (ptrdiff_t)((uintptr_t)gx % (2 * VECTOR_WORDS)) / 2;
    const u8 *left[6];
    for (ptrdiff_t k = 0; k < count + 2; k++) left[k] = rows[k] - step;
    for (ptrdiff_t x = 0;; x = next < last ? next : last, next += VECTOR_WORDS) {
        FN(Share) upper = FN(share)(left[0] + x, step, &select, outer, inner);
        FN(Share) middle = FN(share)(left[1] + x, step, &select, outer, inner);
        for (ptrdiff_t row = 0; row < count; row++) {
            const FN(Share) lower = FN(share)(left[row + 2] + x, step, &select, outer, inner);
            VECTOR across = middle.inner;
            if (outer) across = OP(add_epi16)(across, OP(add_epi16)(upper.outer, lower.outer));
            BITS(storeu)((void *)(gx + x + row * pitch), across);
            BITS(storeu)((void *)(gy + x + row * pitch), OP(sub_epi16)(lower.sum, upper.sum));
            upper = middle;
            middle = lower;
        }
        if (x == last) break;
    }
}
#endif

INLINE void FN(derive_u8_any)(const u8 *a, const u8 *b, const u8 *c, i16 *restrict gx, i16 *restrict gy, ptrdiff_t n,
                              ptrdiff_t step, int outer, int inner) {
#if LEVEL > LEVEL_BASELINE
    const u8 *const rows[3] = {a, b, c};
    if (n >= VECTOR_WORDS) {
        FN(derive_vectors)(rows, 1, gx, gy, 0, n, step, outer, inner);
        return;
    }
#endif
    DERIVE_LOOP(u8, i16, i32, 0, 0, n)
}

INLINE void FN(derive_rows_u8_any)(const u8 *const *rows, ptrdiff_t count, i16 *gx, i16 *gy, ptrdiff_t pitch, ptrdiff_t n,
                                   ptrdiff_t step, int outer, int inner) {
#if LEVEL > LEVEL_BASELINE
    if (n >= VECTOR_WORDS && count == 4) {
        FN(derive_vectors)(rows, 4, gx, gy, pitch, n, step, outer, inner);
        return;
    }
#endif
    for (ptrdiff_t row = 0; row < count; row++)
        FN(derive_u8_any)(rows[row], rows[row + 1], rows[row + 2], gx + row * pitch, gy + row * pitch, n, step, outer,
                          inner);
}

INLINE void FN(derive_u16_any)(const u16 *a, const u16 *b, const u16 *c, f32 *restrict gx, f32 *restrict gy, ptrdiff_t n,
                               ptrdiff_t step, int outer, int inner) {
    for (ptrdiff_t at = 0; at < n; at += DERIVE_PIECE) {
        const ptrdiff_t end = n - at < DERIVE_PIECE ? n : at + DERIVE_PIECE;
        prefetch_read(c + at, DERIVE_PIECE * (ptrdiff_t)sizeof *c);
        prefetch_write(gx + at, DERIVE_PIECE * (ptrdiff_t)sizeof *gx);
        prefetch_write(gy + at, DERIVE_PIECE * (ptrdiff_t)sizeof *gy);
        DERIVE_LOOP(u16, f32, i32, 0, at, end)
    }
}

INLINE void FN(derive_f32_any)(const f32 *a, const f32 *b, const f32 *c, f32 *restrict gx, f32 *restrict gy, ptrdiff_t n,
                               ptrdiff_t step, int outer, int inner) {
    for (ptrdiff_t at = 0; at < n; at += DERIVE_PIECE) {
        const ptrdiff_t end = n - at < DERIVE_PIECE ? n : at + DERIVE_PIECE;
        prefetch_read(c + at, DERIVE_PIECE * (ptrdiff_t)sizeof *c);
        prefetch_write(gx + at, DERIVE_PIECE * (ptrdiff_t)sizeof *gx);
        prefetch_write(gy + at, DERIVE_PIECE * (ptrdiff_t)sizeof *gy);
        DERIVE_LOOP(f32, f32, f32, 0.0f, at, end)
    }
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

static void FN(derive_rows_u8)(const u8 *const *rows, ptrdiff_t count, i16 *gx, i16 *gy, ptrdiff_t pitch, ptrdiff_t n,
                               ptrdiff_t step, GradientOperator operator) {
#define CALL_rows(outer, inner) FN(derive_rows_u8_any)(rows, count, gx, gy, pitch, n, step, outer, inner)
    BY_OPERATOR(CALL_rows)
}

#undef CALL_rows
#undef CALL_f32
#undef CALL_u16
#undef CALL_u8
#undef DERIVE
#undef VECTOR_WORDS
#undef BY_OPERATOR
#undef DERIVE_LOOP
#endif
