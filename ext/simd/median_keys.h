/* Sort keys: integers in the order of the samples, so that every level and every algorithm means the same median. uint8
   and uint16 are their own keys. The key of a float32 is its bits, those below the sign flipped where it is negative: -0
   comes before +0, and every NaN becomes the one key behind infinity.

   WIRE is what the networks work on: a vector of keys, or one key at the baseline level. */
#ifndef LEVEL
#ifndef IMGPROC_MEDIAN_KEYS_H
#define IMGPROC_MEDIAN_KEYS_H
#include "simd/lanes.h"

#define WIRE(type) FN(WIRE)(type)
#define WIRE_baseline(type) MEDIAN_KEY(type)
#define WIRE_avx2(type) VECTOR
#define WIRE_avx512(type) VECTOR
#define MEDIAN_KEY(type) MEDIAN_KEY_##type
#define MEDIAN_KEY_u8 u8
#define MEDIAN_KEY_u16 u16
#define MEDIAN_KEY_f32 i32

#define KEY_OF_NAN 0x7fc00000

INLINE i32 key_f32(f32 sample) {
    i32 bits;
    memcpy(&bits, &sample, sizeof bits);
    return sample != sample ? KEY_OF_NAN : bits < 0 ? bits ^ 0x7fffffff : bits;
}

INLINE f32 sample_f32(i32 key) {
    const i32 bits = key < 0 ? key ^ 0x7fffffff : key;
    f32 sample;
    memcpy(&sample, &bits, sizeof bits);
    return sample;
}

INLINE u8 key_u8(u8 sample) { return sample; }
INLINE u8 sample_u8(u8 key) { return key; }
INLINE u16 key_u16(u16 sample) { return sample; }
INLINE u16 sample_u16(u16 key) { return key; }

#define SIMD_SOURCE "simd/median_keys.h"
#include "simd/levels.h"
#endif

#else

#if LEVEL == LEVEL_BASELINE
#define MEDIAN_WIRE(type)                                                                                    \
    INLINE MEDIAN_KEY(type) FN(smaller_##type)(MEDIAN_KEY(type) a, MEDIAN_KEY(type) b) { return a < b ? a : b; } \
    INLINE MEDIAN_KEY(type) FN(larger_##type)(MEDIAN_KEY(type) a, MEDIAN_KEY(type) b) { return a < b ? b : a; }  \
    INLINE MEDIAN_KEY(type) FN(load_##type)(const MEDIAN_KEY(type) *keys) { return *keys; }                   \
    INLINE void FN(store_##type)(MEDIAN_KEY(type) *keys, MEDIAN_KEY(type) wire) { *keys = wire; }             \
    INLINE MEDIAN_KEY(type) FN(load_keys_##type)(const type *samples) { return key_##type(*samples); }        \
    INLINE void FN(store_samples_##type)(type *samples, MEDIAN_KEY(type) wire) { *samples = sample_##type(wire); }
#else
#define MEDIAN_WIRE(type)                                                                                        \
    INLINE VECTOR FN(load_##type)(const MEDIAN_KEY(type) *keys) { return BITS(loadu)((const void *)keys); }       \
    INLINE void FN(store_##type)(MEDIAN_KEY(type) *keys, VECTOR wire) { BITS(storeu)((void *)keys, wire); }       \
    INLINE VECTOR FN(load_keys_##type)(const type *samples) { return FN(keys_##type)(BITS(loadu)((const void *)samples)); } \
    INLINE void FN(store_samples_##type)(type *samples, VECTOR wire) {                                           \
        BITS(storeu)((void *)samples, FN(samples_##type)(wire));                                                 \
    }

INLINE VECTOR FN(smaller_u8)(VECTOR a, VECTOR b) { return OP(min_epu8)(a, b); }
INLINE VECTOR FN(larger_u8)(VECTOR a, VECTOR b) { return OP(max_epu8)(a, b); }
INLINE VECTOR FN(smaller_u16)(VECTOR a, VECTOR b) { return OP(min_epu16)(a, b); }
INLINE VECTOR FN(larger_u16)(VECTOR a, VECTOR b) { return OP(max_epu16)(a, b); }
INLINE VECTOR FN(smaller_f32)(VECTOR a, VECTOR b) { return OP(min_epi32)(a, b); }
INLINE VECTOR FN(larger_f32)(VECTOR a, VECTOR b) { return OP(max_epi32)(a, b); }

INLINE VECTOR FN(keys_u8)(VECTOR v) { return v; }
INLINE VECTOR FN(keys_u16)(VECTOR v) { return v; }
INLINE VECTOR FN(samples_u8)(VECTOR v) { return v; }
INLINE VECTOR FN(samples_u16)(VECTOR v) { return v; }
#if LEVEL == LEVEL_AVX512
/* Bytes `from` to from + 63 of two vectors in a row. */
INLINE __m512i FN(median_shift)(__m512i left, __m512i right, int from) {
    u8 at[64];
    for (int i = 0; i < 64; i++) at[i] = (u8)(i + from);
    return _mm512_permutex2var_epi8(left, _mm512_loadu_si512(at), right);
}
#elif LEVEL == LEVEL_AVX2
/* Bytes `from` to from + 15 of two halves in a row, for both halves. The instruction takes a literal number, and clang does
   not see one in the argument of a function, even of one that is always inlined. */
INLINE __m256i FN(median_shift)(__m256i left, __m256i right, int from) {
    switch (from) {
        case 0: return left;
        case 1: return _mm256_alignr_epi8(right, left, 1);
        case 2: return _mm256_alignr_epi8(right, left, 2);
        case 3: return _mm256_alignr_epi8(right, left, 3);
        case 4: return _mm256_alignr_epi8(right, left, 4);
        case 6: return _mm256_alignr_epi8(right, left, 6);
        case 8: return _mm256_alignr_epi8(right, left, 8);
        case 10: return _mm256_alignr_epi8(right, left, 10);
        case 12: return _mm256_alignr_epi8(right, left, 12);
        case 13: return _mm256_alignr_epi8(right, left, 13);
        case 14: return _mm256_alignr_epi8(right, left, 14);
        case 15: return _mm256_alignr_epi8(right, left, 15);
        default: return right; /* 16: one to four channels of one to four bytes, from either side */
    }
}
#endif

/* Whether some of the samples whose least and greatest, as they stand, are given are not their own keys. */
INLINE int FN(unlike_keys_u8)(VECTOR least, VECTOR most) { return (void)least, (void)most, 0; }
INLINE int FN(unlike_keys_u16)(VECTOR least, VECTOR most) { return (void)least, (void)most, 0; }
INLINE int FN(unlike_keys_f32)(VECTOR least, VECTOR most) {
    const VECTOR infinity = OP(set1_epi32)(0x7f800000);
#if LEVEL == LEVEL_AVX512
    return (_mm512_cmpgt_epi32_mask(most, infinity) | _mm512_movepi32_mask(least)) != 0;
#else
    return _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_or_si256(_mm256_cmpgt_epi32(most, infinity), least))) != 0;
#endif
}

/* The map is its own inverse, but for NaN, whose key is a NaN already. */
INLINE VECTOR FN(samples_f32)(VECTOR v) { return BITS(xor)(v, OP(srli_epi32)(OP(srai_epi32)(v, 31), 1)); }
INLINE VECTOR FN(keys_f32)(VECTOR v) {
    const VECTOR nan = OP(set1_epi32)(KEY_OF_NAN), key = FN(samples_f32)(v);
#if LEVEL == LEVEL_AVX512
    const __m512 f = _mm512_castsi512_ps(v);
    return _mm512_mask_mov_epi32(key, _mm512_cmp_ps_mask(f, f, _CMP_UNORD_Q), nan);
#else
    const __m256 f = _mm256_castsi256_ps(v);
    return _mm256_blendv_epi8(key, nan, _mm256_castps_si256(_mm256_cmp_ps(f, f, _CMP_UNORD_Q)));
#endif
}
#endif

MEDIAN_WIRE(u8)
MEDIAN_WIRE(u16)
MEDIAN_WIRE(f32)
#undef MEDIAN_WIRE

#endif
