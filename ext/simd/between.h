/* a + f (b - a): what lies between two samples. */
#ifndef LEVEL
#ifndef IMGPROC_BETWEEN_H
#define IMGPROC_BETWEEN_H
#define SIMD_SOURCE "simd/between.h"
#include "simd/levels.h"
#if LEVEL >= LEVEL_AVX512
INLINE __m512 FN(between16)(__m512 a, __m512 b, __m512 f, const int masked) {
    __m512 step = _mm512_mul_ps(f, _mm512_sub_ps(b, a));
    if (masked) step = _mm512_mask_mov_ps(_mm512_set1_ps(-0.0f), _mm512_cmp_ps_mask(f, _mm512_setzero_ps(), _CMP_NEQ_OQ), step);
    return _mm512_add_ps(a, step);
}
#endif

#endif

#elif LEVEL >= LEVEL_AVX2

/* Where `masked`, a sample of no weight has no part, be it NaN; integers need no mask. Adding -0 leaves every number as
   it is, zeros and their signs too. */
INLINE __m128 FN(between4)(__m128 a, __m128 b, __m128 f, const int masked) {
    __m128 step = _mm_mul_ps(f, _mm_sub_ps(b, a));
    if (masked) step = _mm_blendv_ps(_mm_set1_ps(-0.0f), step, _mm_cmp_ps(f, _mm_setzero_ps(), _CMP_NEQ_OQ));
    return _mm_add_ps(a, step);
}

INLINE __m256 FN(between8)(__m256 a, __m256 b, __m256 f, const int masked) {
    __m256 step = _mm256_mul_ps(f, _mm256_sub_ps(b, a));
    if (masked) step = _mm256_blendv_ps(_mm256_set1_ps(-0.0f), step, _mm256_cmp_ps(f, _mm256_setzero_ps(), _CMP_NEQ_OQ));
    return _mm256_add_ps(a, step);
}

#if LEVEL >= LEVEL_AVX512
INLINE __m512 FN(between16)(__m512 a, __m512 b, __m512 f, const int masked) {
    __m512 step = _mm512_mul_ps(f, _mm512_sub_ps(b, a));
    if (masked) step = _mm512_mask_mov_ps(_mm512_set1_ps(-0.0f), _mm512_cmp_ps_mask(f, _mm512_setzero_ps(), _CMP_NEQ_OQ), step);
    return _mm512_add_ps(a, step);
}
#endif

#endif
