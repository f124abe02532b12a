/* Bits that a mask takes of an image, and the id painted there. */
#ifndef LEVEL
#define SIMD_SOURCE "simd/claims.h"
#include "simd/levels.h"

/* What of a mask of `tall` rows of `wide` words is not taken becomes so, and gets the id; `width`: ids in a row from the
   mask's first word on. */
DISPATCH(void, claim_pixels,
         (const u64 *mask, ptrdiff_t tall, ptrdiff_t wide, u64 *taken, ptrdiff_t taken_step, i32 *ids, ptrdiff_t ids_step,
          ptrdiff_t width, i32 id),
         (mask, tall, wide, taken, taken_step, ids, ids_step, width, id))
#else

static void FN(claim_pixels)(const u64 *mask, ptrdiff_t tall, ptrdiff_t wide, u64 *taken, ptrdiff_t taken_step, i32 *ids,
                             ptrdiff_t ids_step, ptrdiff_t width, i32 id) {
    for (ptrdiff_t y = 0; y < tall; y++, mask += wide, taken += taken_step, ids += ids_step)
        for (ptrdiff_t w = 0; w < wide; w++) {
            const u64 free = mask[w] & ~taken[w];
            i32 *to = ids + 64 * w;
            if (!free) continue;
            taken[w] |= free;
            if (free == ~(u64)0) {
                for (int i = 0; i < 64; i++) to[i] = id;
                continue;
            }
#if LEVEL == LEVEL_AVX512
            if (width - 64 * w >= 64) {
                for (int i = 0; i < 64; i += 16)
                    _mm512_mask_storeu_epi32(to + i, (__mmask16)(free >> i), _mm512_set1_epi32(id));
                continue;
            }
#endif
            const ptrdiff_t n = width - 64 * w < 64 ? width - 64 * w : 64;
            for (ptrdiff_t i = 0; i < n; i++)
                if (free >> i & 1) to[i] = id;
        }
}

#endif
