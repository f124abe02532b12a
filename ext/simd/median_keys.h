/* Sort keys: integers in the order of the samples, so that every level and every algorithm means the same median. uint8
   and uint16 are their own keys. The key of a float32 is its bits, those below the sign flipped where it is negative: -0
   comes before +0, and every NaN becomes the one key behind infinity.

   WIRE is what the networks work on: a vector of keys; without vectors of the compiler one key at the baseline level. */
#ifndef LEVEL
#ifndef IMGPROC_MEDIAN_KEYS_H
#define IMGPROC_MEDIAN_KEYS_H
#include "simd/lanes.h"

#define WIRE(type) FN(WIRE)(type)
#define WIRE_baseline(type) median_wire_##type
#define WIRE_avx2(type) VECTOR
#define WIRE_avx512(type) VECTOR
#define MEDIAN_KEY(type) MEDIAN_KEY_##type
#define MEDIAN_KEY_u8 u8
#define MEDIAN_KEY_u16 u16
#define MEDIAN_KEY_f32 i32

#if defined(__GNUC__)
typedef u8 median_wire_u8 __attribute__((vector_size(16)));
typedef u16 median_wire_u16 __attribute__((vector_size(16)));
typedef i32 median_wire_f32 __attribute__((vector_size(16)));
#else
typedef u8 median_wire_u8;
typedef u16 median_wire_u16;
typedef i32 median_wire_f32;
#endif

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
#define MEDIAN_LOAD(type, from)          \
    median_wire_##type wire;             \
    memcpy(&wire, from, sizeof wire);
#define MEDIAN_STORE(to, wire) memcpy(to, &wire, sizeof wire)
#if defined(__GNUC__)
#define MEDIAN_MINMAX(type)                                                                            \
    INLINE median_wire_##type FN(smaller_##type)(median_wire_##type a, median_wire_##type b) {         \
        const median_wire_##type less = (median_wire_##type)(a < b);                                   \
        return (a & less) | (b & ~less);                                                               \
    }                                                                                                  \
    INLINE median_wire_##type FN(larger_##type)(median_wire_##type a, median_wire_##type b) {          \
        const median_wire_##type less = (median_wire_##type)(a < b);                                   \
        return (b & less) | (a & ~less);                                                               \
    }

INLINE int FN(unlike_keys_f32)(median_wire_f32 least, median_wire_f32 most) {
    const median_wire_f32 unlike = (least < 0) | (most > 0x7f800000);
    return (unlike[0] | unlike[1] | unlike[2] | unlike[3]) != 0;
}
INLINE median_wire_f32 FN(gather_unlike_f32)(median_wire_f32 unlike, median_wire_f32 least, median_wire_f32 most) {
    return unlike | least | (most > 0x7f800000);
}
INLINE int FN(some_unlike_f32)(median_wire_f32 unlike) { return (unlike[0] | unlike[1] | unlike[2] | unlike[3]) < 0; }
INLINE median_wire_f32 FN(samples_f32)(median_wire_f32 v) { return v ^ ((v >> 31) & 0x7fffffff); }
INLINE median_wire_f32 FN(keys_f32)(median_wire_f32 v) {
    const median_wire_f32 nan = (v & 0x7fffffff) > 0x7f800000;
    return (FN(samples_f32)(v) & ~nan) | (nan & KEY_OF_NAN);
}
#else
#define MEDIAN_MINMAX(type)                                                                                                 \
    INLINE median_wire_##type FN(smaller_##type)(median_wire_##type a, median_wire_##type b) { return a < b ? a : b; }      \
    INLINE median_wire_##type FN(larger_##type)(median_wire_##type a, median_wire_##type b) { return a < b ? b : a; }

INLINE int FN(unlike_keys_f32)(i32 least, i32 most) { return least < 0 || most > 0x7f800000; }
INLINE i32 FN(gather_unlike_f32)(i32 unlike, i32 least, i32 most) { return most > 0x7f800000 || least < 0 ? -1 : unlike; }
INLINE int FN(some_unlike_f32)(i32 unlike) { return unlike < 0; }
INLINE i32 FN(samples_f32)(i32 key) { return key < 0 ? key ^ 0x7fffffff : key; }
INLINE i32 FN(keys_f32)(i32 bits) { return (bits & 0x7fffffff) > 0x7f800000 ? KEY_OF_NAN : FN(samples_f32)(bits); }
#endif
MEDIAN_MINMAX(u8)
MEDIAN_MINMAX(u16)
MEDIAN_MINMAX(f32)
#undef MEDIAN_MINMAX
#else
/* Held in a register: GCC would load a vector again for its second use, and at odd places a load takes two accesses. */
#define MEDIAN_LOAD(type, from)                         \
    VECTOR wire = BITS(loadu)((const void *)from);      \
    __asm__("" : "+v"(wire));
#define MEDIAN_STORE(to, wire) BITS(storeu)((void *)to, wire)

INLINE VECTOR FN(smaller_u8)(VECTOR a, VECTOR b) { return OP(min_epu8)(a, b); }
INLINE VECTOR FN(larger_u8)(VECTOR a, VECTOR b) { return OP(max_epu8)(a, b); }
INLINE VECTOR FN(smaller_u16)(VECTOR a, VECTOR b) { return OP(min_epu16)(a, b); }
INLINE VECTOR FN(larger_u16)(VECTOR a, VECTOR b) { return OP(max_epu16)(a, b); }
INLINE VECTOR FN(smaller_f32)(VECTOR a, VECTOR b) { return OP(min_epi32)(a, b); }
INLINE VECTOR FN(larger_f32)(VECTOR a, VECTOR b) { return OP(max_epi32)(a, b); }

INLINE int FN(unlike_keys_f32)(VECTOR least, VECTOR most) {
    const VECTOR infinity = OP(set1_epi32)(0x7f800000);
#if LEVEL == LEVEL_AVX512
    return (_mm512_cmpgt_epi32_mask(most, infinity) | _mm512_movepi32_mask(least)) != 0;
#else
    return _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_or_si256(_mm256_cmpgt_epi32(most, infinity), least))) != 0;
#endif
}

INLINE VECTOR FN(gather_unlike_f32)(VECTOR unlike, VECTOR least, VECTOR most) {
    return OP(max_epu32)(unlike, OP(max_epu32)(least, most));
}
INLINE int FN(some_unlike_f32)(VECTOR unlike) {
    const VECTOR infinity = OP(set1_epi32)(0x7f800000);
#if LEVEL == LEVEL_AVX512
    return _mm512_cmpgt_epu32_mask(unlike, infinity) != 0;
#else
    return _mm256_movemask_epi8(_mm256_cmpeq_epi32(OP(max_epu32)(unlike, infinity), infinity)) != -1;
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

INLINE WIRE(u8) FN(keys_u8)(WIRE(u8) v) { return v; }
INLINE WIRE(u16) FN(keys_u16)(WIRE(u16) v) { return v; }
INLINE WIRE(u8) FN(samples_u8)(WIRE(u8) v) { return v; }
INLINE WIRE(u16) FN(samples_u16)(WIRE(u16) v) { return v; }
/* From the least and the greatest of some samples as they stand, what tells whether any is not its own key. */
INLINE WIRE(u8) FN(gather_unlike_u8)(WIRE(u8) unlike, WIRE(u8) least, WIRE(u8) most) {
    return (void)least, (void)most, unlike;
}
INLINE WIRE(u16) FN(gather_unlike_u16)(WIRE(u16) unlike, WIRE(u16) least, WIRE(u16) most) {
    return (void)least, (void)most, unlike;
}
INLINE int FN(some_unlike_u8)(WIRE(u8) unlike) { return (void)unlike, 0; }
INLINE int FN(some_unlike_u16)(WIRE(u16) unlike) { return (void)unlike, 0; }
INLINE int FN(unlike_keys_u8)(WIRE(u8) least, WIRE(u8) most) { return (void)least, (void)most, 0; }
INLINE int FN(unlike_keys_u16)(WIRE(u16) least, WIRE(u16) most) { return (void)least, (void)most, 0; }

#define MEDIAN_WIRE(type)                                                               \
    INLINE WIRE(type) FN(load_##type)(const MEDIAN_KEY(type) *keys) {                   \
        MEDIAN_LOAD(type, keys)                                                         \
        return wire;                                                                    \
    }                                                                                   \
    INLINE void FN(store_##type)(MEDIAN_KEY(type) *keys, WIRE(type) wire) { MEDIAN_STORE(keys, wire); } \
    INLINE WIRE(type) FN(load_bits_##type)(const type *samples) {                       \
        MEDIAN_LOAD(type, samples)                                                      \
        return wire;                                                                    \
    }                                                                                   \
    INLINE WIRE(type) FN(load_keys_##type)(const type *samples) { return FN(keys_##type)(FN(load_bits_##type)(samples)); } \
    INLINE void FN(store_bits_##type)(type *samples, WIRE(type) wire) { MEDIAN_STORE(samples, wire); } \
    INLINE void FN(store_samples_##type)(type *samples, WIRE(type) wire) {              \
        FN(store_bits_##type)(samples, FN(samples_##type)(wire));                       \
    }
MEDIAN_WIRE(u8)
MEDIAN_WIRE(u16)
MEDIAN_WIRE(f32)
#undef MEDIAN_WIRE
#undef MEDIAN_LOAD
#undef MEDIAN_STORE

#endif
