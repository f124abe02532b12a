/* Vectors of float32 and int32 numbers, as label maps need them, at the width of each level.

   Products and sums are rounded one by one, so that every level gives the same bits. The baseline stands in two files of its
   own, in GNU vectors and in plain C. */
#ifndef LEVEL
#ifndef IMGPROC_LABEL_MAP_LANES_H
#define IMGPROC_LABEL_MAP_LANES_H
#include "simd/common.h"

#define LM_FLOATS FN(label_map_floats)
#define LM_INTS FN(label_map_ints)
#define LM_LANES FN(LM_LANES)
#define LM_LANES_baseline 4
#define LM_LANES_avx2 8
#define LM_LANES_avx512 16

#define SIMD_SOURCE "simd/label_map_lanes.h"
#include "simd/levels.h"
#endif

#elif LEVEL > LEVEL_BASELINE

/* L_OP(add_ps) is _mm256_add_ps or _mm512_add_ps. */
#if LEVEL == LEVEL_AVX512
typedef __m512 LM_FLOATS;
typedef __m512i LM_INTS;
#define L_OP(name) _mm512_##name
#define L_BITS(v) _mm512_castps_si512(v)
#define L_VALUES(v) _mm512_castsi512_ps(v)
#define L_STORE(p, v) _mm512_storeu_si512(p, v)
#else
typedef __m256 LM_FLOATS;
typedef __m256i LM_INTS;
#define L_OP(name) _mm256_##name
#define L_BITS(v) _mm256_castps_si256(v)
#define L_VALUES(v) _mm256_castsi256_ps(v)
#define L_STORE(p, v) _mm256_storeu_si256((__m256i *)(p), v)
#endif

INLINE LM_FLOATS FN(lm_load)(const f32 *p) { return L_OP(loadu_ps)(p); }
INLINE LM_FLOATS FN(lm_every)(f32 a) { return L_OP(set1_ps)(a); }
INLINE LM_INTS FN(lm_every_label)(i32 a) { return L_OP(set1_epi32)(a); }
INLINE void FN(lm_store)(f32 *p, LM_FLOATS v) { L_OP(storeu_ps)(p, v); }
INLINE void FN(lm_store_labels)(i32 *p, LM_INTS v) { L_STORE(p, v); }
INLINE LM_FLOATS FN(lm_add)(LM_FLOATS x, LM_FLOATS y) { return L_OP(add_ps)(x, y); }
INLINE LM_FLOATS FN(lm_subtract)(LM_FLOATS x, LM_FLOATS y) { return L_OP(sub_ps)(x, y); }
INLINE LM_FLOATS FN(lm_times)(LM_FLOATS x, LM_FLOATS y) { return L_OP(mul_ps)(x, y); }
INLINE LM_FLOATS FN(lm_over)(LM_FLOATS x, LM_FLOATS y) { return L_OP(div_ps)(x, y); }
INLINE LM_FLOATS FN(lm_larger)(LM_FLOATS x, LM_FLOATS y) { return L_OP(max_ps)(x, y); }
INLINE LM_FLOATS FN(lm_smaller)(LM_FLOATS x, LM_FLOATS y) { return L_OP(min_ps)(x, y); }
INLINE LM_FLOATS FN(lm_size)(LM_FLOATS x) {
    return L_VALUES(L_OP(srli_epi32)(L_OP(slli_epi32)(L_BITS(x), 1), 1));
}
/* Where v is above the best so far, it and its label take their place. */
INLINE void FN(lm_keep)(LM_FLOATS *best, LM_INTS *label, LM_FLOATS v, LM_INTS own) {
#if LEVEL == LEVEL_AVX512
    *label = _mm512_mask_mov_epi32(*label, _mm512_cmp_ps_mask(v, *best, _CMP_GT_OQ), own);
#else
    const __m256 above = _mm256_cmp_ps(v, *best, _CMP_GT_OQ);
    *label = L_BITS(_mm256_blendv_ps(L_VALUES(*label), L_VALUES(own), above));
#endif
    *best = L_OP(max_ps)(v, *best);
}
/* Whether x >= y in any lane. */
INLINE int FN(lm_any_reaches)(LM_FLOATS x, LM_FLOATS y) {
#if LEVEL == LEVEL_AVX512
    return _mm512_cmp_ps_mask(x, y, _CMP_GE_OQ) != 0;
#else
    return _mm256_movemask_ps(_mm256_cmp_ps(x, y, _CMP_GE_OQ)) != 0;
#endif
}
/* v * 2**n where the low bits of `shifted` hold n: it is 1.5 * 2**23 + n. */
INLINE LM_FLOATS FN(lm_raise)(LM_FLOATS v, LM_FLOATS shifted) {
    return L_VALUES(L_OP(add_epi32)(L_BITS(v), L_OP(slli_epi32)(L_BITS(shifted), 23)));
}

#undef L_OP
#undef L_BITS
#undef L_VALUES
#undef L_STORE

#elif defined(__GNUC__)
#include "simd/label_map_lanes_gnu.h"
#else
#include "simd/label_map_lanes_plain.h"
#endif
