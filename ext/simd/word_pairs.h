/* Packed 16-bit pixels as pairs of signed words, one dword a pixel, for sums of products: one vector of two neighbouring
   channels, and one of a third beside a word that is the fourth channel or of no use. 32768 is taken off every word. */
#ifndef LEVEL
#ifndef IMGPROC_WORD_PAIRS_H
#define IMGPROC_WORD_PAIRS_H
#include "simd/wide_lanes.h"

/* A factor in `bits` binary places as digits of 15: the last are in [-2^14, 2^14]. */
#define FIXED(factor, bits) ((i64)((factor) * (f64)((i64)1 << (bits)) + ((factor) < 0 ? -0.5 : 0.5)))
#define ABOVE(digits) (((digits) + 16384) >> 15)
#define DIGIT(digits) ((i32)(((digits) + 16384) & 32767) - 16384)

#define SIMD_SOURCE "simd/word_pairs.h"
#include "simd/levels.h"
#endif

#elif LEVEL > LEVEL_BASELINE

/* sum + even word * even weight + odd word * odd weight, for every pair. */
INLINE VECTOR FN(add_products)(VECTOR sum, VECTOR pairs, VECTOR weights) {
#if LEVEL == LEVEL_AVX512
    return _mm512_dpwssd_epi32(sum, pairs, weights);
#else
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, weights));
#endif
}

/* Two pixels a lane, whose first begins at word `at`: the shuffle to their pairs and then their single words. */
INLINE VECTOR FN(split_pairs)(VECTOR v, int channels, int pair, int single, int at) {
    const int p = at + pair, s = at + single, last = at + channels - 1;
    return OP(shuffle_epi8)(v, FN(elements)(2, p, p + 1, p + channels, p + channels + 1, s, last, s + channels, last + channels));
}

#if LEVEL == LEVEL_AVX512
/* Channels `even` and `odd` of 16 pixels of three, which begin at word `at` of two vectors. */
INLINE VECTOR FN(pick_pairs)(VECTOR low, VECTOR high, int at, int even, int odd) {
    u16 words[32];
    for (int k = 0; k < 32; k++) words[k] = (u16)(at + 3 * (k / 2) + (k % 2 ? odd : even));
    return _mm512_permutex2var_epi16(low, _mm512_loadu_si512(words), high);
}
#endif

/* STEP(2) pixels: pairs[0] and [1] hold channels `pair` and pair + 1, pairs[2] and [3] channel `single`. */
INLINE void FN(load_pairs)(const u16 *src, VECTOR *pairs, int channels, int pair, int single) {
    const VECTOR half = OP(set1_epi16)(-32768);
    VECTOR raw[4];
    if (channels == 4) {
        FN(load_raw)(src, raw, 4);
        for (int j = 0; j < 4; j++) raw[j] = FN(split_pairs)(raw[j], 4, pair, single, 0);
    } else {
#if LEVEL == LEVEL_AVX512
        for (int j = 0; j < 3; j++) raw[j] = _mm512_loadu_si512(src + 32 * j);
        for (int j = 0; j < 2; j++) {
            pairs[j] = BITS(xor)(FN(pick_pairs)(raw[j], raw[j + 1], 16 * j, pair, pair + 1), half);
            pairs[j + 2] = BITS(xor)(FN(pick_pairs)(raw[j], raw[j + 1], 16 * j, single, 2), half);
        }
        return;
#else
        /* 16 bytes hold the 12 of two pixels at their beginning or, to stay inside the step, at their end. */
        for (int j = 0; j < 4; j++) {
            const int at = j % 2 ? 2 : 0;
            const u16 *p = src + 6 * j - at;
            raw[j] = _mm256_setr_m128i(_mm_loadu_si128((const void *)p), _mm_loadu_si128((const void *)(p + 24)));
            raw[j] = FN(split_pairs)(raw[j], 3, pair, single, at);
        }
#endif
    }
    for (int j = 0; j < 2; j++) {
        pairs[j] = BITS(xor)(OP(unpacklo_epi64)(raw[2 * j], raw[2 * j + 1]), half);
        pairs[j + 2] = BITS(xor)(OP(unpackhi_epi64)(raw[2 * j], raw[2 * j + 1]), half);
    }
}

/* STEP(2) dwords, in the order of load_pairs, as words: clipped, and 32768 added. */
INLINE VECTOR FN(join_dwords)(const VECTOR *dwords) {
    return BITS(xor)(OP(packs_epi32)(dwords[0], dwords[1]), OP(set1_epi16)(-32768));
}

INLINE void FN(store_plane)(u16 *dst, VECTOR words, int channels) {
#if LEVEL == LEVEL_AVX512
    if (channels == 3) words = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), words);
#else
    (void)channels;
#endif
    BITS(storeu)((void *)dst, words);
}

#if LEVEL == LEVEL_AVX512
/* Words [at, at + 32) of pixels of three. Packed lane by lane stand the first two channels of pixels [0, 16), those of pixels
   [16, 32), and the third of both: words `second` and `third` more for those of the latter two. */
INLINE VECTOR FN(packed_places)(int at, int second, int third) {
    u16 words[32];
    for (int k = 0; k < 32; k++) {
        const int pixel = (at + k) / 3, channel = (at + k) % 3, place = 8 * (pixel % 16 / 4) + pixel % 4;
        words[k] = (u16)(place + (channel == 2 ? third + 4 * (pixel / 16) : 4 * channel + second * (pixel / 16)));
    }
    return _mm512_loadu_si512(words);
}
#endif

INLINE void FN(store_dwords)(u16 *dst, VECTOR dwords[4][2], int channels, int past) {
    VECTOR plane[4];
#if LEVEL == LEVEL_AVX512
    if (channels == 3) {
        const VECTOR half = _mm512_set1_epi16(-32768), places = FN(packed_places)(32, 32, 0);
        const VECTOR low = _mm512_packs_epi32(dwords[0][0], dwords[1][0]);
        const VECTOR high = _mm512_packs_epi32(dwords[0][1], dwords[1][1]);
        const VECTOR third = _mm512_packs_epi32(dwords[2][0], dwords[2][1]);
        plane[0] = _mm512_permutex2var_epi16(low, FN(packed_places)(0, 0, 32), third);
        plane[1] = _mm512_permutex2var_epi16(low, places, high);
        plane[1] = _mm512_mask_permutexvar_epi16(plane[1], 0x49249249u, places, third); /* words 32 + k with k % 3 = 0 */
        plane[2] = _mm512_permutex2var_epi16(high, FN(packed_places)(64, 0, 32), third);
        for (int j = 0; j < 3; j++) FN(store_vector)(dst + 32 * j, BITS(xor)(plane[j], half), past);
        return;
    }
#endif
    for (int c = 0; c < channels; c++) plane[c] = FN(join_dwords)(dwords[c]);
    FN(store_planes)(dst, plane, 2, channels, past);
}

#endif
