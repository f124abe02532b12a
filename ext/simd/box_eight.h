/* Eight float64 sums that stand for eight rows: eight windows slide at once, and each waits only for its own. */
#ifndef LEVEL
#ifndef IMGPROC_BOX_EIGHT_H
#define IMGPROC_BOX_EIGHT_H
#include "simd/box.h"

#define EIGHT FN(eight)
#define SIMD_SOURCE "simd/box_eight.h"
#include "simd/levels.h"
#endif
#else

#if LEVEL == LEVEL_AVX512
typedef __m512d EIGHT;
INLINE EIGHT FN(zero8)(void) { return _mm512_setzero_pd(); }
INLINE EIGHT FN(load8)(const f64 *p) { return _mm512_loadu_pd(p); }
INLINE void FN(store8)(f64 *p, EIGHT v) { _mm512_storeu_pd(p, v); }
INLINE EIGHT FN(add8)(EIGHT a, EIGHT b) { return _mm512_add_pd(a, b); }
INLINE EIGHT FN(scale8)(EIGHT v, f64 offset, f64 scale) {
    return _mm512_mul_pd(offset == 0 ? v : _mm512_add_pd(v, _mm512_set1_pd(offset)), _mm512_set1_pd(scale));
}
/* As eight float32, or as eight int32 rounded towards zero. */
INLINE void FN(narrow8)(void *p, EIGHT v, int integer) {
    if (integer) _mm256_storeu_si256(p, _mm512_cvttpd_epi32(v));
    else _mm256_storeu_ps(p, _mm512_cvtpd_ps(v));
}
#elif LEVEL == LEVEL_AVX2
typedef struct {
    __m256d low, high;
} EIGHT;
INLINE EIGHT FN(zero8)(void) { return (EIGHT){_mm256_setzero_pd(), _mm256_setzero_pd()}; }
INLINE EIGHT FN(load8)(const f64 *p) { return (EIGHT){_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)}; }
INLINE void FN(store8)(f64 *p, EIGHT v) {
    _mm256_storeu_pd(p, v.low);
    _mm256_storeu_pd(p + 4, v.high);
}
INLINE EIGHT FN(add8)(EIGHT a, EIGHT b) { return (EIGHT){_mm256_add_pd(a.low, b.low), _mm256_add_pd(a.high, b.high)}; }
INLINE EIGHT FN(scale8)(EIGHT v, f64 offset, f64 scale) {
    const __m256d factor = _mm256_set1_pd(scale), shift = _mm256_set1_pd(offset);
    if (offset != 0) v = FN(add8)(v, (EIGHT){shift, shift});
    return (EIGHT){_mm256_mul_pd(v.low, factor), _mm256_mul_pd(v.high, factor)};
}
INLINE void FN(narrow8)(void *p, EIGHT v, int integer) {
    if (integer)
        _mm256_storeu_si256(p, _mm256_set_m128i(_mm256_cvttpd_epi32(v.high), _mm256_cvttpd_epi32(v.low)));
    else
        _mm256_storeu_ps(p, _mm256_set_m128(_mm256_cvtpd_ps(v.high), _mm256_cvtpd_ps(v.low)));
}
#else
typedef struct {
    f64 lane[8];
} EIGHT;
INLINE EIGHT FN(zero8)(void) { return (EIGHT){{0}}; }
INLINE EIGHT FN(load8)(const f64 *p) {
    EIGHT v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE void FN(store8)(f64 *p, EIGHT v) { memcpy(p, &v, sizeof v); }
INLINE EIGHT FN(add8)(EIGHT a, EIGHT b) {
    for (int i = 0; i < 8; i++) a.lane[i] += b.lane[i];
    return a;
}
INLINE EIGHT FN(scale8)(EIGHT v, f64 offset, f64 scale) {
    for (int i = 0; i < 8; i++) v.lane[i] = (offset == 0 ? v.lane[i] : v.lane[i] + offset) * scale;
    return v;
}
INLINE void FN(narrow8)(void *p, EIGHT v, int integer) {
    f32 real[8];
    i32 whole[8];
    if (integer)
        for (int i = 0; i < 8; i++) whole[i] = (i32)v.lane[i];
    else
        for (int i = 0; i < 8; i++) real[i] = (f32)v.lane[i];
    memcpy(p, integer ? (void *)whole : (void *)real, 32);
}
#endif
#endif
