/* Vectors of the three kinds of accumulators that correlation has, at each level.

   f32  samples and sums float32, one rounding for each tap: a fused multiply-add at every level
   f64  samples and sums float64, product and sum rounded
   i32  pairs of 16-bit samples of two rows, sums int32: exact

   At the baseline a vector is one number, and the compiler makes vectors of the loops over several. */
#ifndef LEVEL
#ifndef IMGPROC_CORRELATE_VECTORS_H
#define IMGPROC_CORRELATE_VECTORS_H
#include "simd/common.h"

/* round(a * b + c) where the machine may have no such instruction. The product of two float32 is exact in float64.
   Rounding their sum twice goes wrong only where the float64 sum lies on a half of float32, or below its normal numbers. */
INLINE f32 fused_f32(f32 a, f32 b, f32 c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    return fmaf(a, b, c);
#else
    const f64 sum = (f64)a * (f64)b + (f64)c;
    u64 bits;
    memcpy(&bits, &sum, sizeof bits);
    if ((bits & 0x1fffffff) == 0x10000000 || (sum != 0 && fabs(sum) < 0x1p-126)) return fmaf(a, b, c);
    return (f32)sum;
#endif
}

/* Two 16-bit samples in one word times two weights. */
INLINE i32 pair_product(u32 samples, u32 weights) {
    return (i32)(i16)(u16)samples * (i16)(u16)weights + (i32)(i16)(u16)(samples >> 16) * (i16)(u16)(weights >> 16);
}

#define SIMD_SOURCE "simd/correlate_vectors.h"
#include "simd/levels.h"
#endif

#elif LEVEL == LEVEL_AVX512
typedef __m512 FN(vector_f32);
typedef __m512d FN(vector_f64);
typedef __m512i FN(vector_i32);
INLINE __m512 FN(load_f32)(const f32 *p) { return _mm512_loadu_ps(p); }
INLINE __m512d FN(load_f64)(const f64 *p) { return _mm512_loadu_pd(p); }
INLINE __m512i FN(load_i32)(const void *p) { return _mm512_loadu_si512(p); }
INLINE void FN(store_f32)(f32 *p, __m512 v) { _mm512_storeu_ps(p, v); }
INLINE void FN(store_f64)(f64 *p, __m512d v) { _mm512_storeu_pd(p, v); }
INLINE void FN(store_i32)(void *p, __m512i v) { _mm512_storeu_si512(p, v); }
INLINE __m512 FN(every_f32)(f32 v) { return _mm512_set1_ps(v); }
INLINE __m512d FN(every_f64)(f64 v) { return _mm512_set1_pd(v); }
INLINE __m512i FN(every_i32)(u32 v) { return _mm512_set1_epi32((i32)v); }
INLINE __m512 FN(add_product_f32)(__m512 sum, __m512 s, __m512 w) { return _mm512_fmadd_ps(s, w, sum); }
INLINE __m512d FN(add_product_f64)(__m512d sum, __m512d s, __m512d w) { return _mm512_add_pd(sum, _mm512_mul_pd(s, w)); }
INLINE __m512i FN(add_product_i32)(__m512i sum, __m512i s, __m512i w) { return _mm512_dpwssd_epi32(sum, s, w); }

#elif LEVEL == LEVEL_AVX2
typedef __m256 FN(vector_f32);
typedef __m256d FN(vector_f64);
typedef __m256i FN(vector_i32);
INLINE __m256 FN(load_f32)(const f32 *p) { return _mm256_loadu_ps(p); }
INLINE __m256d FN(load_f64)(const f64 *p) { return _mm256_loadu_pd(p); }
INLINE __m256i FN(load_i32)(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE void FN(store_f32)(f32 *p, __m256 v) { _mm256_storeu_ps(p, v); }
INLINE void FN(store_f64)(f64 *p, __m256d v) { _mm256_storeu_pd(p, v); }
INLINE void FN(store_i32)(void *p, __m256i v) { _mm256_storeu_si256((__m256i *)p, v); }
INLINE __m256 FN(every_f32)(f32 v) { return _mm256_set1_ps(v); }
INLINE __m256d FN(every_f64)(f64 v) { return _mm256_set1_pd(v); }
INLINE __m256i FN(every_i32)(u32 v) { return _mm256_set1_epi32((i32)v); }
INLINE __m256 FN(add_product_f32)(__m256 sum, __m256 s, __m256 w) { return _mm256_fmadd_ps(s, w, sum); }
INLINE __m256d FN(add_product_f64)(__m256d sum, __m256d s, __m256d w) { return _mm256_add_pd(sum, _mm256_mul_pd(s, w)); }
INLINE __m256i FN(add_product_i32)(__m256i sum, __m256i s, __m256i w) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(s, w));
}

#else
typedef f32 FN(vector_f32);
typedef f64 FN(vector_f64);
typedef i32 FN(vector_i32);
INLINE f32 FN(load_f32)(const f32 *p) { return *p; }
INLINE f64 FN(load_f64)(const f64 *p) { return *p; }
INLINE i32 FN(load_i32)(const void *p) {
    i32 v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE void FN(store_f32)(f32 *p, f32 v) { *p = v; }
INLINE void FN(store_f64)(f64 *p, f64 v) { *p = v; }
INLINE void FN(store_i32)(i32 *p, i32 v) { *p = v; }
INLINE f32 FN(every_f32)(f32 v) { return v; }
INLINE f64 FN(every_f64)(f64 v) { return v; }
INLINE i32 FN(every_i32)(u32 v) { return (i32)v; }
INLINE f32 FN(add_product_f32)(f32 sum, f32 s, f32 w) { return fused_f32(s, w, sum); }
INLINE f64 FN(add_product_f64)(f64 sum, f64 s, f64 w) { return sum + s * w; }
INLINE i32 FN(add_product_i32)(i32 sum, i32 s, i32 w) { return sum + pair_product((u32)s, (u32)w); }
#endif
