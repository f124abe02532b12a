/* Vectors of interleaved 16-bit and 32-bit pixels taken apart into planes, and put together again, inside 128-bit lanes.

   A step is 16 / size pixels in each lane: `channels` raw vectors, of which vector j holds bytes [16 j, 16 j + 16) of its
   pixels in each lane. Three channels need only blends, because the samples of one colour stand at different places in the
   three vectors, and then a shuffle to bring them in order. */
#ifndef LEVEL
#ifndef IMGPROC_WIDE_LANES_H
#define IMGPROC_WIDE_LANES_H
#include "simd/lanes.h"
#include "simd/past_caches.h"

/* Pixels in a step, for samples of `size` bytes. */
#define STEP(size) (VECTOR_PIXELS * 4 / (size))

#define BLEND(a, b, words) FN(BLEND)(a, b, words)
#define BLEND_avx2(a, b, words) _mm256_blend_epi16(a, b, words)
#define BLEND_avx512(a, b, words) _mm512_mask_blend_epi16((__mmask32)((words) * 0x01010101u), a, b)
#define BLEND3(a, b, c, words_b, words_c) BLEND(BLEND(a, b, words_b), c, words_c)

#define FLOATS(v) FN(FLOATS)(v)
#define FLOATS_avx2(v) _mm256_castsi256_ps(v)
#define FLOATS_avx512(v) _mm512_castsi512_ps(v)
#define INTEGERS(v) FN(INTEGERS)(v)
#define INTEGERS_avx2(v) _mm256_castps_si256(v)
#define INTEGERS_avx512(v) _mm512_castps_si512(v)
#define VECTOR_F32 FN(vector_f32)

#define SIMD_SOURCE "simd/wide_lanes.h"
#include "simd/levels.h"
#endif

#elif LEVEL > LEVEL_BASELINE

#if LEVEL == LEVEL_AVX512
typedef __m512 VECTOR_F32;
#else
typedef __m256 VECTOR_F32;
#endif

/* A factor in every word. It is hidden from the compiler, because GCC 12 makes five shifts and additions of one
   multiplication by a constant such as 1000. */
INLINE VECTOR FN(factor)(int word) {
    VECTOR v = OP(set1_epi16)((i16)word);
#if LEVEL == LEVEL_AVX512
    __asm__("" : "+v"(v));
#else
    __asm__("" : "+x"(v));
#endif
    return v;
}

INLINE void FN(load_raw)(const void *src, VECTOR *raw, int channels) {
    const char *p = (const char *)src;
    const int lane = 16 * channels;
    for (int j = 0; j < channels; j++, p += 16) {
        const __m128i a = _mm_loadu_si128((const void *)p), b = _mm_loadu_si128((const void *)(p + lane));
#if LEVEL == LEVEL_AVX512
        const __m128i c = _mm_loadu_si128((const void *)(p + 2 * lane)), d = _mm_loadu_si128((const void *)(p + 3 * lane));
        raw[j] = _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_setr_m128i(a, b)), _mm256_setr_m128i(c, d), 1);
#else
        raw[j] = _mm256_setr_m128i(a, b);
#endif
    }
}

INLINE void FN(store_raw)(void *dst, const VECTOR *raw, int channels, int past) {
    char *p = (char *)dst;
    const int lane = 16 * channels;
    for (int j = 0; j < channels; j++, p += 16) {
#if LEVEL == LEVEL_AVX512
        const __m256i low = _mm512_castsi512_si256(raw[j]), high = _mm512_extracti64x4_epi64(raw[j], 1);
        FN(store_lane)(p + 2 * lane, _mm256_castsi256_si128(high), past);
        FN(store_lane)(p + 3 * lane, _mm256_extracti128_si256(high, 1), past);
#else
        const __m256i low = raw[j];
#endif
        FN(store_lane)(p, _mm256_castsi256_si128(low), past);
        FN(store_lane)(p + lane, _mm256_extracti128_si256(low, 1), past);
    }
}

/* The shuffle that puts element e_i of `size` bytes at place i of each lane; zero where e_i is -1. */
INLINE VECTOR FN(elements)(int size, int e0, int e1, int e2, int e3, int e4, int e5, int e6, int e7) {
#define PLACE16(e) (short)((e) * 0x0202 + 0x0100)
#define PLACE32(e) ((e) * 0x04040404 + 0x03020100)
    if (size == 4) return FN(every_lane)(_mm_setr_epi32(PLACE32(e0), PLACE32(e1), PLACE32(e2), PLACE32(e3)));
    return FN(every_lane)(_mm_setr_epi16(PLACE16(e0), PLACE16(e1), PLACE16(e2), PLACE16(e3), PLACE16(e4), PLACE16(e5),
                                         PLACE16(e6), PLACE16(e7)));
#undef PLACE16
#undef PLACE32
}

/* Sample k of colour c stands at place (3 k + c) modulo the samples in a lane. */
INLINE VECTOR FN(in_order)(VECTOR v, int size, int c) {
    const int last = 16 / size - 1;
    return OP(shuffle_epi8)(v, FN(elements)(size, c & last, (3 + c) & last, (6 + c) & last, (9 + c) & last, (12 + c) & last,
                                            (15 + c) & last, (18 + c) & last, (21 + c) & last));
}

/* The inverse: 3 is its own inverse modulo 4 and 8. */
INLINE VECTOR FN(in_place)(VECTOR v, int size, int c) {
    const int last = 16 / size - 1;
    return OP(shuffle_epi8)(v, FN(elements)(size, 3 * (0 - c) & last, 3 * (1 - c) & last, 3 * (2 - c) & last,
                                            3 * (3 - c) & last, 3 * (4 - c) & last, 3 * (5 - c) & last, 3 * (6 - c) & last,
                                            3 * (7 - c) & last));
}

#if LEVEL == LEVEL_AVX512
/* Three whole vectors of 3 N samples hold one channel at different places too, so that blends gather it, and one permutation
   across lanes takes the shuffle's place: three loads or stores in place of twelve. Place k of vector j is of channel
   (N j + k) % 3, where N % 3 is 2 for words and 1 for dwords. */
INLINE VECTOR FN(blend_whole)(const VECTOR *v, int size, int second, int third) {
    const u32 places[3] = {0x49249249u, 0x92492492u, 0x24924924u}; /* k with k % 3 = 0, 1, 2 */
    if (size == 2)
        return _mm512_mask_blend_epi16(places[third], _mm512_mask_blend_epi16(places[second], v[0], v[1]), v[2]);
    return _mm512_mask_blend_epi32((__mmask16)places[third],
                                   _mm512_mask_blend_epi32((__mmask16)places[second], v[0], v[1]), v[2]);
}

/* Place k of the result is place (factor k + start) % N of v. */
INLINE VECTOR FN(permute_whole)(VECTOR v, int size, int factor, int start) {
    u16 words[32];
    u32 dwords[16];
    for (int k = 0; k < 32; k++) words[k] = (u16)((factor * k + start) & 31);
    for (int k = 0; k < 16; k++) dwords[k] = (u32)(factor * k + start) & 15;
    if (size == 2) return _mm512_permutexvar_epi16(_mm512_loadu_si512(words), v);
    return _mm512_permutexvar_epi32(_mm512_loadu_si512(dwords), v);
}

INLINE void FN(load_whole)(const void *src, VECTOR *plane, int size) {
    const int next = size == 2 ? 1 : 2;
    VECTOR raw[3];
    for (int j = 0; j < 3; j++) raw[j] = _mm512_loadu_si512((const char *)src + 64 * j);
    for (int c = 0; c < 3; c++)
        plane[c] = FN(permute_whole)(FN(blend_whole)(raw, size, (c + next) % 3, (c + 2 * next) % 3), size, 3, c);
}

/* 3 * 11 = 1 modulo 32 and 16. */
INLINE void FN(store_whole)(void *dst, const VECTOR *plane, int size, int past) {
    const int next = size == 2 ? 1 : 2;
    VECTOR placed[3];
    for (int c = 0; c < 3; c++) placed[c] = FN(permute_whole)(plane[c], size, 11, 32 - 11 * c);
    for (int j = 0; j < 3; j++)
        FN(store_vector)((char *)dst + 64 * j,
                         FN(blend_whole)(placed, size, (1 + j * next) % 3, (2 + j * next) % 3), past);
}
#endif

/* STEP(size) pixels as one vector of each channel, loaded lane by lane. */
INLINE void FN(load_lanes)(const void *src, VECTOR *plane, int size, int channels) {
    VECTOR raw[4], half[4];
    FN(load_raw)(src, raw, channels);
    if (channels == 3) {
        const VECTOR a = raw[0], b = raw[1], c = raw[2];
        plane[0] = FN(in_order)(size == 2 ? BLEND3(a, b, c, 0x92, 0x24) : BLEND3(a, b, c, 0x30, 0x0c), size, 0);
        plane[1] = FN(in_order)(size == 2 ? BLEND3(a, b, c, 0x24, 0x49) : BLEND3(a, b, c, 0xc3, 0x30), size, 1);
        plane[2] = FN(in_order)(size == 2 ? BLEND3(a, b, c, 0x49, 0x92) : BLEND3(a, b, c, 0x0c, 0xc3), size, 2);
        return;
    }
    if (size == 2) {
        for (int j = 0; j < 2; j++) {
            half[2 * j] = OP(unpacklo_epi16)(raw[j], raw[j + 2]);
            half[2 * j + 1] = OP(unpackhi_epi16)(raw[j], raw[j + 2]);
        }
        for (int j = 0; j < 2; j++) {
            raw[j] = OP(unpacklo_epi16)(half[j], half[j + 2]);
            raw[j + 2] = OP(unpackhi_epi16)(half[j], half[j + 2]);
        }
        for (int j = 0; j < 4; j += 2) {
            plane[j] = OP(unpacklo_epi16)(raw[j], raw[j + 1]);
            plane[j + 1] = OP(unpackhi_epi16)(raw[j], raw[j + 1]);
        }
        return;
    }
    for (int j = 0; j < 4; j += 2) {
        half[j] = OP(unpacklo_epi32)(raw[j], raw[j + 1]);
        half[j + 1] = OP(unpackhi_epi32)(raw[j], raw[j + 1]);
    }
    for (int j = 0; j < 2; j++) {
        plane[2 * j] = OP(unpacklo_epi64)(half[j], half[j + 2]);
        plane[2 * j + 1] = OP(unpackhi_epi64)(half[j], half[j + 2]);
    }
}

INLINE void FN(load_planes)(const void *src, VECTOR *plane, int size, int channels) {
#if LEVEL == LEVEL_AVX512
    if (channels == 3) {
        FN(load_whole)(src, plane, size);
        return;
    }
#endif
    FN(load_lanes)(src, plane, size, channels);
}

INLINE void FN(store_planes)(void *dst, const VECTOR *plane, int size, int channels, int past) {
    VECTOR raw[4], half[4];
#if LEVEL == LEVEL_AVX512
    if (channels == 3) {
        FN(store_whole)(dst, plane, size, past);
        return;
    }
#endif
    if (channels == 3) {
        const VECTOR a = FN(in_place)(plane[0], size, 0), b = FN(in_place)(plane[1], size, 1);
        const VECTOR c = FN(in_place)(plane[2], size, 2);
        raw[0] = size == 2 ? BLEND3(a, b, c, 0x92, 0x24) : BLEND3(a, b, c, 0x0c, 0x30);
        raw[1] = size == 2 ? BLEND3(a, b, c, 0x24, 0x49) : BLEND3(a, b, c, 0xc3, 0x0c);
        raw[2] = size == 2 ? BLEND3(a, b, c, 0x49, 0x92) : BLEND3(a, b, c, 0x30, 0xc3);
    } else {
        for (int j = 0; j < 2; j++) {
            const VECTOR a = plane[2 * j], b = plane[2 * j + 1];
            half[j] = size == 2 ? OP(unpacklo_epi16)(a, b) : OP(unpacklo_epi32)(a, b);
            half[j + 2] = size == 2 ? OP(unpackhi_epi16)(a, b) : OP(unpackhi_epi32)(a, b);
        }
        for (int j = 0; j < 4; j += 2) {
            const VECTOR a = half[j], b = half[j + 1];
            raw[j] = size == 2 ? OP(unpacklo_epi32)(a, b) : OP(unpacklo_epi64)(a, b);
            raw[j + 1] = size == 2 ? OP(unpackhi_epi32)(a, b) : OP(unpackhi_epi64)(a, b);
        }
    }
    FN(store_raw)(dst, raw, channels, past);
}

#endif
