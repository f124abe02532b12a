/* Vectors of interleaved 8-bit pixels, four pixels to a 128-bit lane, written once for AVX2 and AVX-512.

   The instructions used here are the same at both widths because they work inside lanes; what crosses lanes is hidden
   in the functions below. A lane of RGB holds its 12 bytes first. */
#ifndef LEVEL
#ifndef IMGPROC_LANES_H
#define IMGPROC_LANES_H

#define VECTOR FN(vector)
#define VECTOR_PIXELS FN(VECTOR_PIXELS) /* 8 or 16 */
#define VECTOR_PIXELS_avx2 8
#define VECTOR_PIXELS_avx512 16
/* A load of RGB may read the bytes of this many pixels more. */
#define LOAD_SLACK 2

/* OP(madd_epi16) is _mm256_madd_epi16 or _mm512_madd_epi16; BITS(or) is _mm256_or_si256 or _mm512_or_si512. */
#define OP(name) FN(OP)(name)
#define OP_avx2(name) _mm256_##name
#define OP_avx512(name) _mm512_##name
#define BITS(name) FN(BITS)(name)
#define BITS_avx2(name) _mm256_##name##_si256
#define BITS_avx512(name) _mm512_##name##_si512
/* Two 16-bit constants for the even and the odd words. */
#define WORDS(even, odd) OP(set1_epi32)((i32)((u32)(u16)(even) | (u32)(u16)(odd) << 16))

#define SIMD_SOURCE "simd/lanes.h"
#include "simd/levels.h"
#endif

#elif LEVEL > LEVEL_BASELINE

#if LEVEL == LEVEL_AVX512
typedef __m512i VECTOR;
#else
typedef __m256i VECTOR;
#endif

/* The same 16 bytes in every lane. */
INLINE VECTOR FN(every_lane)(__m128i lane) {
#if LEVEL == LEVEL_AVX512
    return _mm512_broadcast_i32x4(lane);
#else
    return _mm256_broadcastsi128_si256(lane);
#endif
}

/* The shuffle that makes two words per pixel of its bytes `even` and `odd`. */
INLINE VECTOR FN(pick)(int channels, int even, int odd) {
    const char p0 = 0, p1 = (char)channels, p2 = (char)(2 * channels), p3 = (char)(3 * channels);
    const char e = (char)even, o = (char)odd;
    return FN(every_lane)(_mm_setr_epi8((char)(p0 + e), -1, (char)(p0 + o), -1, (char)(p1 + e), -1, (char)(p1 + o), -1,
                                        (char)(p2 + e), -1, (char)(p2 + o), -1, (char)(p3 + e), -1, (char)(p3 + o), -1));
}

INLINE VECTOR FN(load_pixels)(const u8 *src, int channels) {
    if (channels == 4) return BITS(loadu)((const void *)src);
#if LEVEL == LEVEL_AVX512
    const __m512i spread = _mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
    return _mm512_permutexvar_epi32(spread, _mm512_maskz_loadu_epi32(0x0fff, src));
#else
    const __m128i low = _mm_loadu_si128((const void *)src), high = _mm_loadu_si128((const void *)(src + 12));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
#endif
}

/* Writes no byte outside the pixels, and only after all of them were loaded: dst may be src. */
INLINE void FN(store_pixels)(u8 *dst, VECTOR v, int channels) {
    if (channels == 4) {
        BITS(storeu)((void *)dst, v);
        return;
    }
#if LEVEL == LEVEL_AVX512
    const __m512i gather = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15);
    _mm512_mask_storeu_epi32(dst, 0x0fff, _mm512_permutexvar_epi32(gather, v));
#else
    /* Three stores without a shuffle across lanes: the first spoils four bytes that the second then writes. */
    const __m128i high = _mm256_extracti128_si256(v, 1);
    const i32 last = _mm_extract_epi32(high, 2);
    _mm_storeu_si128((void *)dst, _mm256_castsi256_si128(v));
    _mm_storel_epi64((void *)(dst + 12), high);
    memcpy(dst + 20, &last, 4);
#endif
}

/* Four vectors of dwords below 256, one per pixel, as the bytes of 4 * VECTOR_PIXELS pixels in order. */
INLINE VECTOR FN(join_pixels)(VECTOR a, VECTOR b, VECTOR c, VECTOR d) {
    const VECTOR bytes = OP(packus_epi16)(OP(packus_epi32)(a, b), OP(packus_epi32)(c, d));
#if LEVEL == LEVEL_AVX512
    return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), bytes);
#else
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
#endif
}

#endif
