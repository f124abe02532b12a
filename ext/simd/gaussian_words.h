/* Vectors of 32-bit words that hold pairs of 16-bit samples, for the integer Gaussian: the widest that a level has, one
   word where there is no instruction for pairs. */
#ifndef LEVEL
#ifndef IMGPROC_GAUSSIAN_WORDS_H
#define IMGPROC_GAUSSIAN_WORDS_H
#define WORDS_PER_VECTOR ((ptrdiff_t)(sizeof(FN(words)) / 4))
#define SIMD_SOURCE "simd/gaussian_words.h"
#include "simd/levels.h"
#endif

#else

#if LEVEL == LEVEL_AVX512
typedef __m512i FN(words);
#define OP(name) _mm512_##name
#define BITS(name) _mm512_##name##_si512
#elif LEVEL == LEVEL_AVX2
typedef __m256i FN(words);
#define OP(name) _mm256_##name
#define BITS(name) _mm256_##name##_si256
#elif defined(SIMD_X86)
typedef __m128i FN(words);
#define OP(name) _mm_##name
#define BITS(name) _mm_##name##_si128
#else
typedef u32 FN(words);
#endif

#ifdef OP
INLINE FN(words) FN(load_words)(const void *p) { return BITS(loadu)((const void *)p); }
INLINE FN(words) FN(all_words)(u32 word) { return OP(set1_epi32)((i32)word); }

/* Sums are kept where they are: GCC 12 else moves all of them to other registers and back at every step of a loop, some
   through memory, which takes half as long again as the products. */
INLINE FN(words) FN(add_products)(FN(words) sum, FN(words) samples, FN(words) weights) {
#if LEVEL == LEVEL_AVX512
    sum = _mm512_dpwssd_epi32(sum, samples, weights);
    __asm__("" : "+v"(sum));
#else
    sum = OP(add_epi32)(sum, OP(madd_epi16)(samples, weights));
#if LEVEL == LEVEL_AVX2
    __asm__("" : "+x"(sum));
#endif
#endif
    return sum;
}

INLINE FN(words) FN(shift_left_8)(FN(words) v) { return OP(slli_epi32)(v, 8); }

INLINE void FN(store_floats)(f32 *dst, FN(words) v, f32 scale) {
    OP(storeu_ps)(dst, OP(mul_ps)(OP(cvtepi32_ps)(v), OP(set1_ps)(scale)));
}

/* Packing works in 128-bit lanes; this puts the 64-bit or 32-bit pieces of two or four vectors in order. */
INLINE FN(words) FN(order2)(FN(words) v) {
#if LEVEL == LEVEL_AVX512
    return _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), v);
#elif LEVEL == LEVEL_AVX2
    return _mm256_permute4x64_epi64(v, 0xd8);
#else
    return v;
#endif
}

INLINE FN(words) FN(order4)(FN(words) v) {
#if LEVEL == LEVEL_AVX512
    return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), v);
#elif LEVEL == LEVEL_AVX2
    return _mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
#else
    return v;
#endif
}

/* Two vectors of signed words >> bits as 16-bit samples. */
INLINE void FN(store_intermediate)(i16 *dst, FN(words) a, FN(words) b, int bits) {
    const __m128i count = _mm_cvtsi32_si128(bits);
    BITS(storeu)((void *)dst, FN(order2)(OP(packs_epi32)(OP(sra_epi32)(a, count), OP(sra_epi32)(b, count))));
}

/* Two vectors of samples at even places and two at odd places, each word >> bits below 256. */
INLINE void FN(store_alternating)(u8 *dst, const FN(words) *even, const FN(words) *odd, int bits) {
    const __m128i count = _mm_cvtsi32_si128(bits);
    const FN(words) low = OP(packs_epi32)(OP(srl_epi32)(even[0], count), OP(srl_epi32)(even[1], count));
    const FN(words) high = OP(packs_epi32)(OP(srl_epi32)(odd[0], count), OP(srl_epi32)(odd[1], count));
    BITS(storeu)((void *)dst, FN(order2)(BITS(or)(low, OP(slli_epi16)(high, 8))));
}

/* Four vectors of samples in order, each word >> bits below 256. */
INLINE void FN(store_samples)(u8 *dst, const FN(words) *v, int bits) {
    const __m128i count = _mm_cvtsi32_si128(bits);
    const FN(words) low = OP(packs_epi32)(OP(srl_epi32)(v[0], count), OP(srl_epi32)(v[1], count));
    const FN(words) high = OP(packs_epi32)(OP(srl_epi32)(v[2], count), OP(srl_epi32)(v[3], count));
    BITS(storeu)((void *)dst, FN(order4)(OP(packus_epi16)(low, high)));
}
#undef OP
#undef BITS
#else
INLINE u32 FN(load_words)(const void *p) {
    u16 samples[2];
    memcpy(samples, p, 4);
    return (u32)samples[0] | (u32)samples[1] << 16;
}
INLINE u32 FN(all_words)(u32 word) { return word; }

INLINE u32 FN(add_products)(u32 sum, u32 samples, u32 weights) {
    const i32 first = (i32)(i16)(samples & 0xffff) * (i16)(weights & 0xffff);
    const i32 second = (i32)(i16)(samples >> 16) * (i16)(weights >> 16);
    return sum + (u32)first + (u32)second;
}

INLINE u32 FN(shift_left_8)(u32 v) { return v << 8; }
INLINE void FN(store_floats)(f32 *dst, u32 v, f32 scale) { *dst = (f32)(i32)v * scale; }

INLINE void FN(store_intermediate)(i16 *dst, u32 a, u32 b, int bits) {
    dst[0] = (i16)((i32)a >> bits);
    dst[1] = (i16)((i32)b >> bits);
}

INLINE void FN(store_alternating)(u8 *dst, const u32 *even, const u32 *odd, int bits) {
    for (int i = 0; i < 2; i++) {
        dst[2 * i] = (u8)(even[i] >> bits);
        dst[2 * i + 1] = (u8)(odd[i] >> bits);
    }
}

INLINE void FN(store_samples)(u8 *dst, const u32 *v, int bits) {
    for (int i = 0; i < 4; i++) dst[i] = (u8)(v[i] >> bits);
}
#endif

#endif
