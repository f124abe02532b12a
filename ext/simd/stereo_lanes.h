/* Vectors of bytes and words along the disparities, for every level: what stereo matching needs of them and no more.

   A vector holds STEREO_BYTES bytes, or half as many words. Bytes widen to words in order: the first half, then the
   second. The baseline stands in two files of its own, in GNU vectors and in plain C. */
#ifndef LEVEL
#ifndef IMGPROC_STEREO_LANES_H
#define IMGPROC_STEREO_LANES_H
#include "simd/common.h"

/* Disparities of a pixel are stored in a multiple of this, whatever the level, and buffers begin on it. */
#define STEREO_ALIGN 64

#define STEREO_VECTOR FN(stereo_vector)
#define STEREO_BYTES FN(STEREO_BYTES)
#define STEREO_BYTES_baseline 16
#define STEREO_BYTES_avx2 32
#define STEREO_BYTES_avx512 64
#define STEREO_WORDS (STEREO_BYTES / 2)

#define SIMD_SOURCE "simd/stereo_lanes.h"
#include "simd/levels.h"
#endif

#elif LEVEL == LEVEL_BASELINE

#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include "simd/stereo_lanes_gnu.h"
#else
#include "simd/stereo_lanes_plain.h"
#endif

#else

/* S_OP(add_epi8) is _mm256_add_epi8 or _mm512_add_epi8. */
#if LEVEL == LEVEL_AVX512
typedef __m512i STEREO_VECTOR;
#define S_OP(name) _mm512_##name
#define S_BITS(name) _mm512_##name##_si512
#define S_HALF(v, k) _mm512_extracti64x4_epi64(v, k)
#else
typedef __m256i STEREO_VECTOR;
#define S_OP(name) _mm256_##name
#define S_BITS(name) _mm256_##name##_si256
#define S_HALF(v, k) _mm256_extracti128_si256(v, k)
#endif

INLINE STEREO_VECTOR FN(stereo_load)(const void *p) { return S_BITS(loadu)(p); }
INLINE void FN(stereo_store)(void *p, STEREO_VECTOR v) { S_BITS(storeu)(p, v); }
INLINE STEREO_VECTOR FN(stereo_every_byte)(u8 a) { return S_OP(set1_epi8)((char)a); }
INLINE STEREO_VECTOR FN(stereo_every_word)(u16 a) { return S_OP(set1_epi16)((short)a); }
INLINE STEREO_VECTOR FN(stereo_or)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_BITS(or)(x, y); }
INLINE STEREO_VECTOR FN(stereo_xor)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_BITS(xor)(x, y); }
INLINE STEREO_VECTOR FN(stereo_add_bytes)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_OP(add_epi8)(x, y); }
INLINE STEREO_VECTOR FN(stereo_subtract_bytes)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_OP(sub_epi8)(x, y); }
/* Saturating at 255. */
INLINE STEREO_VECTOR FN(stereo_raise)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_OP(adds_epu8)(x, y); }
INLINE STEREO_VECTOR FN(stereo_min_bytes)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_OP(min_epu8)(x, y); }
INLINE STEREO_VECTOR FN(stereo_distance)(STEREO_VECTOR x, STEREO_VECTOR y) {
    return S_BITS(or)(S_OP(subs_epu8)(x, y), S_OP(subs_epu8)(y, x));
}
INLINE STEREO_VECTOR FN(stereo_ones)(STEREO_VECTOR x) {
    const __m128i of_four = _mm_setr_epi8(0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
#if LEVEL == LEVEL_AVX512
    const STEREO_VECTOR table = _mm512_broadcast_i32x4(of_four);
#else
    const STEREO_VECTOR table = _mm256_broadcastsi128_si256(of_four);
#endif
    const STEREO_VECTOR four = S_OP(set1_epi8)(15);
    return S_OP(add_epi8)(S_OP(shuffle_epi8)(table, S_BITS(and)(x, four)),
                          S_OP(shuffle_epi8)(table, S_BITS(and)(S_OP(srli_epi16)(x, 4), four)));
}
INLINE STEREO_VECTOR FN(stereo_low_words)(STEREO_VECTOR x) { return S_OP(cvtepu8_epi16)(S_HALF(x, 0)); }
INLINE STEREO_VECTOR FN(stereo_high_words)(STEREO_VECTOR x) { return S_OP(cvtepu8_epi16)(S_HALF(x, 1)); }
INLINE STEREO_VECTOR FN(stereo_low_signed)(STEREO_VECTOR x) { return S_OP(cvtepi8_epi16)(S_HALF(x, 0)); }
INLINE STEREO_VECTOR FN(stereo_high_signed)(STEREO_VECTOR x) { return S_OP(cvtepi8_epi16)(S_HALF(x, 1)); }
/* Words of at most 255. */
INLINE STEREO_VECTOR FN(stereo_narrow)(STEREO_VECTOR low, STEREO_VECTOR high) {
#if LEVEL == LEVEL_AVX512
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), _mm512_packus_epi16(low, high));
#else
    return _mm256_permute4x64_epi64(_mm256_packus_epi16(low, high), 0xd8);
#endif
}
INLINE STEREO_VECTOR FN(stereo_add)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_OP(add_epi16)(x, y); }
INLINE STEREO_VECTOR FN(stereo_subtract)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_OP(sub_epi16)(x, y); }
INLINE STEREO_VECTOR FN(stereo_times)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_OP(mullo_epi16)(x, y); }
INLINE STEREO_VECTOR FN(stereo_times_high)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_OP(mulhi_epu16)(x, y); }
INLINE STEREO_VECTOR FN(stereo_min)(STEREO_VECTOR x, STEREO_VECTOR y) { return S_OP(min_epu16)(x, y); }
INLINE STEREO_VECTOR FN(stereo_shift)(STEREO_VECTOR x, int bits) { return S_OP(srl_epi16)(x, _mm_cvtsi32_si128(bits)); }
/* A bit for each word, the first the lowest: 1 where x <= y. */
INLINE u32 FN(stereo_not_above)(STEREO_VECTOR x, STEREO_VECTOR y) {
#if LEVEL == LEVEL_AVX512
    return _mm512_cmple_epu16_mask(x, y);
#else
    const __m256i whole = _mm256_cmpeq_epi16(_mm256_min_epu16(x, y), x);
    return _pext_u32((u32)_mm256_movemask_epi8(whole), 0x55555555u);
#endif
}
/* The 128-bit lanes one place on: the last of `before` first. */
INLINE STEREO_VECTOR FN(stereo_lanes_before)(STEREO_VECTOR before, STEREO_VECTOR x) {
#if LEVEL == LEVEL_AVX512
    return _mm512_alignr_epi64(x, before, 6);
#else
    return _mm256_permute2x128_si256(before, x, 0x21);
#endif
}
/* The bytes one place on: the last of `before` first. */
INLINE STEREO_VECTOR FN(stereo_from_before)(STEREO_VECTOR before, STEREO_VECTOR x) {
    return S_OP(alignr_epi8)(x, FN(stereo_lanes_before)(before, x), 15);
}
INLINE STEREO_VECTOR FN(stereo_words_before)(STEREO_VECTOR before, STEREO_VECTOR x) {
    return S_OP(alignr_epi8)(x, FN(stereo_lanes_before)(before, x), 14);
}
/* The bytes one place back: the first of `after` last. */
INLINE STEREO_VECTOR FN(stereo_from_after)(STEREO_VECTOR x, STEREO_VECTOR after) {
#if LEVEL == LEVEL_AVX512
    return _mm512_alignr_epi8(_mm512_alignr_epi64(after, x, 2), x, 1);
#else
    return _mm256_alignr_epi8(_mm256_permute2x128_si256(x, after, 0x21), x, 1);
#endif
}
INLINE u8 FN(stereo_least_byte)(STEREO_VECTOR x) {
#if LEVEL == LEVEL_AVX512
    const __m256i half = _mm256_min_epu8(S_HALF(x, 0), S_HALF(x, 1));
#else
    const __m256i half = x;
#endif
    const __m128i v = _mm_min_epu8(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    /* The upper bytes become zero, so that words compare as their lower bytes do. */
    return (u8)_mm_cvtsi128_si32(_mm_minpos_epu16(_mm_min_epu8(v, _mm_srli_epi16(v, 8))));
}
INLINE u16 FN(stereo_least)(STEREO_VECTOR x) {
#if LEVEL == LEVEL_AVX512
    const __m256i half = _mm256_min_epu16(S_HALF(x, 0), S_HALF(x, 1));
#else
    const __m256i half = x;
#endif
    const __m128i v = _mm_min_epu16(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
    return (u16)_mm_cvtsi128_si32(_mm_minpos_epu16(v));
}
#undef S_OP
#undef S_BITS
#undef S_HALF

#endif
