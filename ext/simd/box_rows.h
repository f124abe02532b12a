/* Rows of four numbers, boxes: are they right, and what they are clipped or written in another format; in one pass. */
#ifndef LEVEL
#ifndef IMGPROC_BOX_ROWS_H
#define IMGPROC_BOX_ROWS_H
#include "simd/lanes.h"

/* What beside finite numbers makes rows right: x1 <= x2 and y1 <= y2, or neither of the last two negative. */
enum { BOX_FINITE, BOX_ORDERED, BOX_SIZED };
/* What is written. BOX_CLIP: min(max(v, 0), limit) with four limits. BOX_REWRITE: own * v + other * w for each number v and the
   number w two places from it, of one box, each operation rounded; v itself, with the sign of a zero, where other is 0. Four
   factors `own`, then four `other`. */
enum { BOX_CHECK, BOX_CLIP, BOX_REWRITE };

#define DEFINE_ROW(T)                                                                           \
    INLINE int box_right_##T(const T *row, int rule) {                                          \
        const T zero = row[0] * 0 + row[1] * 0 + row[2] * 0 + row[3] * 0; /* NaN, unless finite */ \
        int right = zero == 0;                                                                  \
        if (rule == BOX_ORDERED) right &= (row[0] <= row[2]) & (row[1] <= row[3]);              \
        if (rule == BOX_SIZED) right &= (row[2] >= 0) & (row[3] >= 0);                          \
        return right;                                                                           \
    }                                                                                           \
    INLINE void box_write_##T(const T *row, T *dst, const T *factors, int job) {                \
        for (int k = 0; k < 4; k++) {                                                           \
            const T v = row[k], above = v > 0 ? v : 0;                                          \
            if (job == BOX_CLIP) dst[k] = above < factors[k] ? above : factors[k];              \
            else dst[k] = factors[4 + k] == 0 ? v : factors[k] * v + factors[4 + k] * row[k ^ 2]; \
        }                                                                                       \
    }
DEFINE_ROW(f32)
DEFINE_ROW(f64)
#undef DEFINE_ROW

/* Vectors of f32 and f64: v, each pair of a box in the other's place; four numbers in every box; one bit for each number; and
   x where `other` is 0. */
#define REAL_f32(name) OP(name##_ps)
#define REAL_f64(name) OP(name##_pd)
#define REALS_f32_avx2 __m256
#define REALS_f64_avx2 __m256d
#define REALS_f32_avx512 __m512
#define REALS_f64_avx512 __m512d
#define TURNED_f32_avx2(v) _mm256_permute_ps(v, 0x4e)
#define TURNED_f64_avx2(v) _mm256_permute4x64_pd(v, 0x4e)
#define TURNED_f32_avx512(v) _mm512_permute_ps(v, 0x4e)
#define TURNED_f64_avx512(v) _mm512_permutex_pd(v, 0x4e)
#define EVERY_f32_avx2(p) _mm256_broadcast_ps((const __m128 *)(const void *)(p))
#define EVERY_f64_avx2(p) _mm256_loadu_pd(p)
#define EVERY_f32_avx512(p) _mm512_broadcast_f32x4(_mm_loadu_ps(p))
#define EVERY_f64_avx512(p) _mm512_broadcast_f64x4(_mm256_loadu_pd(p))
#define WHERE_f32_avx2(a, b, relation) (u32) _mm256_movemask_ps(_mm256_cmp_ps(a, b, relation))
#define WHERE_f64_avx2(a, b, relation) (u32) _mm256_movemask_pd(_mm256_cmp_pd(a, b, relation))
#define WHERE_f32_avx512(a, b, relation) (u32) _mm512_cmp_ps_mask(a, b, relation)
#define WHERE_f64_avx512(a, b, relation) (u32) _mm512_cmp_pd_mask(a, b, relation)
#define KEPT_f32_avx2(x, other, v) _mm256_blendv_ps(v, x, _mm256_cmp_ps(other, _mm256_setzero_ps(), _CMP_EQ_OQ))
#define KEPT_f64_avx2(x, other, v) _mm256_blendv_pd(v, x, _mm256_cmp_pd(other, _mm256_setzero_pd(), _CMP_EQ_OQ))
#define KEPT_f32_avx512(x, other, v) _mm512_mask_blend_ps(_mm512_cmp_ps_mask(other, _mm512_setzero_ps(), _CMP_EQ_OQ), v, x)
#define KEPT_f64_avx512(x, other, v) _mm512_mask_blend_pd(_mm512_cmp_pd_mask(other, _mm512_setzero_pd(), _CMP_EQ_OQ), v, x)

#define SIMD_SOURCE "simd/box_rows.h"
#include "simd/levels.h"

/* n boxes; the first that is wrong, n where all are right. What is written from a wrong one on is of no use. dst is not src. */
DISPATCH(ptrdiff_t, box_rows_f32, (const f32 *src, f32 *dst, ptrdiff_t n, const f32 *factors, int rule, int job),
         (src, dst, n, factors, rule, job))
DISPATCH(ptrdiff_t, box_rows_f64, (const f64 *src, f64 *dst, ptrdiff_t n, const f64 *factors, int rule, int job),
         (src, dst, n, factors, rule, job))
#endif

#else

#if LEVEL > LEVEL_BASELINE
/* Boxes in front of the first vector with a wrong one, or that is not whole. */
#define DEFINE_VECTORS(T)                                                                                            \
    INLINE ptrdiff_t FN(box_vectors_##T)(const T *src, T *dst, ptrdiff_t n, const T *factors, int rule, int job) {   \
        const ptrdiff_t step = (ptrdiff_t)(sizeof(VECTOR) / (4 * sizeof(T)));                                        \
        const FN(REALS_##T) zero = REAL_##T(setzero)();                                                              \
        const FN(REALS_##T) own = job == BOX_CHECK ? zero : FN(EVERY_##T)(factors);                                  \
        const FN(REALS_##T) other = job == BOX_REWRITE ? FN(EVERY_##T)(factors + 4) : zero;                          \
        ptrdiff_t i = 0;                                                                                             \
        for (; i + step <= n; i += step) {                                                                           \
            const FN(REALS_##T) v = REAL_##T(loadu)(src + 4 * i), turned = FN(TURNED_##T)(v);                        \
            const FN(REALS_##T) none = REAL_##T(sub)(v, v); /* NaN, unless finite */                                 \
            u32 wrong = FN(WHERE_##T)(none, none, _CMP_UNORD_Q);                                                     \
            if (rule == BOX_ORDERED) wrong |= FN(WHERE_##T)(v, turned, _CMP_GT_OQ) & 0x3333;                         \
            if (rule == BOX_SIZED) wrong |= FN(WHERE_##T)(v, zero, _CMP_LT_OQ) & 0xcccc;                             \
            if (wrong) break;                                                                                        \
            if (job == BOX_CLIP) REAL_##T(storeu)(dst + 4 * i, REAL_##T(min)(REAL_##T(max)(v, zero), own));          \
            if (job == BOX_REWRITE) {                                                                                \
                const FN(REALS_##T) sum = REAL_##T(add)(REAL_##T(mul)(own, v), REAL_##T(mul)(other, turned));        \
                REAL_##T(storeu)(dst + 4 * i, FN(KEPT_##T)(v, other, sum));                                          \
            }                                                                                                        \
        }                                                                                                            \
        return i;                                                                                                    \
    }
DEFINE_VECTORS(f32)
DEFINE_VECTORS(f64)
#undef DEFINE_VECTORS
#define VECTORS(T) FN(box_vectors_##T)(src, dst, n, factors, rule, job)
#else
#define VECTORS(T) 0
#endif

/* Rule and job are constants inside each copy. */
#define DEFINE_ROWS(T)                                                                                             \
    INLINE ptrdiff_t FN(box_any_##T)(const T *src, T *dst, ptrdiff_t n, const T *factors, int rule, int job) {     \
        ptrdiff_t i = VECTORS(T);                                                                                  \
        for (; i < n && box_right_##T(src + 4 * i, rule); i++)                                                     \
            if (job != BOX_CHECK) box_write_##T(src + 4 * i, dst + 4 * i, factors, job);                           \
        return i;                                                                                                  \
    }                                                                                                              \
    static ptrdiff_t FN(box_rows_##T)(const T *src, T *dst, ptrdiff_t n, const T *factors, int rule, int job) {    \
        if (job == BOX_CLIP) return FN(box_any_##T)(src, dst, n, factors, BOX_ORDERED, BOX_CLIP);                  \
        if (job == BOX_CHECK && rule == BOX_ORDERED) return FN(box_any_##T)(src, dst, n, factors, BOX_ORDERED, BOX_CHECK); \
        if (job == BOX_CHECK) return FN(box_any_##T)(src, dst, n, factors, BOX_FINITE, BOX_CHECK);                 \
        if (rule == BOX_ORDERED) return FN(box_any_##T)(src, dst, n, factors, BOX_ORDERED, BOX_REWRITE);           \
        return FN(box_any_##T)(src, dst, n, factors, BOX_SIZED, BOX_REWRITE);                                      \
    }
DEFINE_ROWS(f32)
DEFINE_ROWS(f64)
#undef DEFINE_ROWS
#undef VECTORS

#endif
