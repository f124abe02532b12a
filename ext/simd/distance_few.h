/* Blocks of a line in which few places decide: such are those far from anything but a straight border. */
#ifndef LEVEL
#ifndef IMGPROC_DISTANCE_FEW_H
#define IMGPROC_DISTANCE_FEW_H
#include "simd/distance_near.h"
#include "simd/envelope.h"

enum { LINE_FEW = 8 /* places; the time for more would be that of another way */ };

#define SIMD_SOURCE "simd/distance_few.h"
#include "simd/levels.h"
#endif
#else

/* lows[b] = the least of a block of squares, of which there are whole blocks. */
INLINE void FN(block_lows)(const u32 *squares, ptrdiff_t blocks, u32 *lows) {
    for (ptrdiff_t b = 0; b < blocks; b++, squares += LINE_BLOCK) {
        u32 low = squares[0];
        for (int i = 1; i < LINE_BLOCK; i++) low = squares[i] < low ? squares[i] : low;
        lows[b] = low;
    }
}

/* best[i] = min over p of squares[p] + (at + i - p)^2 for the first `wanted` of the block that begins at `at`, a multiple
   of its length; 0 where more places than few may count. No finite sum exceeds 32 bits. */
static int FN(few_block)(const u32 *squares, const u32 *lows, ptrdiff_t blocks, ptrdiff_t at, ptrdiff_t wanted, u32 *best) {
    const ptrdiff_t own = at / LINE_BLOCK;
    ptrdiff_t seen = 0;
    u32 top = 0; /* the largest that is left: what is not below it helps nowhere */
    for (int i = 0; i < LINE_BLOCK; i++) {
        best[i] = i < wanted ? squares[at + i] : 0;
        top = best[i] > top ? best[i] : top;
    }
    if (top == NO_SQUARE) return 0; /* every place counts; where most have no square, envelopes are short */
    for (ptrdiff_t side = 0;; side++) {
        const ptrdiff_t other = own + (side & 1 ? -(side + 1) / 2 : side / 2), apart = (side + 1) / 2;
        const u64 gap = apart ? (u64)(LINE_BLOCK * (apart - 1) + 1) : 0;
        if (gap * gap >= top || (own - apart < 0 && own + apart >= blocks)) return 1;
        if (other < 0 || other >= blocks || lows[other] + gap * gap >= top) continue;
        for (int i = 0; i < LINE_BLOCK; i++) {
            const ptrdiff_t place = other * LINE_BLOCK + i;
            const u32 square = squares[place];
            const ptrdiff_t away = place < at ? at - place : place >= at + LINE_BLOCK ? place - at - LINE_BLOCK + 1 : 0;
            if (square + (u64)away * (u64)away >= top) continue;
            if (++seen > LINE_FEW) return 0;
            u32 largest = 0;
            for (int k = 0; k < LINE_BLOCK; k++) {
                const u32 step = (u32)(at - place + k), sum = square + step * step;
                best[k] = sum < best[k] ? sum : best[k];
                largest = best[k] > largest ? best[k] : largest;
            }
            top = largest;
        }
    }
}

#endif
