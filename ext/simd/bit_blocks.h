/* Blocks of 64 × 64 bits turned round, and bits as bytes: the way between rows, columns and arrays of masks. */
#ifndef LEVEL
#ifndef IMGPROC_BIT_BLOCKS_H
#define IMGPROC_BIT_BLOCKS_H
#include "simd/common.h"
#define SIMD_SOURCE "simd/bit_blocks.h"
#include "simd/levels.h"

/* Bytes 0 or 1 of the pixels of a packed mask in rows [y0, y1) and words [w0, w1), in an image of `width`. */
DISPATCH(void, unpack_mask,
         (const u64 *words, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t w0, ptrdiff_t w1, ptrdiff_t width, u8 *out),
         (words, y0, y1, w0, w1, width, out))
#endif
#else

/* Bit j of word i becomes bit i of word j. H. S. Warren, Hacker's Delight, section 7-3. */
INLINE void FN(turn_block)(u64 *block) {
#define SWAP(step, mask)                                                                    \
    for (int i = 0; i < 64; i += 2 * (step))                                                \
        for (int k = i; k < i + (step); k++) {                                              \
            const u64 both = (block[k] >> (step) ^ block[k + (step)]) & mask;               \
            block[k] ^= both << (step);                                                     \
            block[k + (step)] ^= both;                                                      \
        }
    SWAP(32, 0x00000000ffffffffu)
    SWAP(16, 0x0000ffff0000ffffu)
    SWAP(8, 0x00ff00ff00ff00ffu)
    SWAP(4, 0x0f0f0f0f0f0f0f0fu)
    SWAP(2, 0x3333333333333333u)
    SWAP(1, 0x5555555555555555u)
#undef SWAP
}

/* 64 bytes of a word. */
INLINE void FN(spread)(u64 word, u8 *out) {
#if LEVEL == LEVEL_AVX512
    _mm512_storeu_si512(out, _mm512_maskz_set1_epi8(word, 1));
#elif LEVEL == LEVEL_AVX2
    const __m256i lanes = _mm256_set1_epi64x((i64)0x8040201008040201u), one = _mm256_set1_epi8(1);
    const __m256i pick = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3,
                                          3, 3, 3, 3, 3);
    for (int half = 0; half < 2; half++) {
        const __m256i bits = _mm256_shuffle_epi8(_mm256_set1_epi32((i32)(word >> 32 * half)), pick);
        const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(bits, lanes), lanes);
        _mm256_storeu_si256((__m256i *)(out + 32 * half), _mm256_and_si256(set, one));
    }
#else
    for (int i = 0; i < 64; i++) out[i] = (u8)(word >> i & 1);
#endif
}

static void FN(unpack_mask)(const u64 *words, ptrdiff_t y0, ptrdiff_t y1, ptrdiff_t w0, ptrdiff_t w1, ptrdiff_t width,
                            u8 *out) {
    for (ptrdiff_t y = y0; y < y1; y++)
        for (ptrdiff_t w = w0; w < w1; w++, words++) {
            u8 *to = out + y * width + 64 * w, part[64];
            const ptrdiff_t left = width - 64 * w;
            if (left >= 64) {
                FN(spread)(*words, to);
                continue;
            }
            FN(spread)(*words, part);
            memcpy(to, part, (size_t)left);
        }
}

#endif
