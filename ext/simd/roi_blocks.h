/* Sixteen channels of a pixel side by side: maps of planes turned into such blocks, and blocks back into planes. */
#ifndef IMGPROC_ROI_BLOCKS_H
#define IMGPROC_ROI_BLOCKS_H
#include "simd/common.h"

#define BLOCK 16 /* channels; 64 bytes, a line of the cache */

/* Four rows of four turned: to[i * to_step + j] = from[j * from_step + i]. */
INLINE void turn_four(const f32 *from, ptrdiff_t from_step, f32 *to, ptrdiff_t to_step) {
#if defined(SIMD_X86)
    __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + from_step);
    __m128 c = _mm_loadu_ps(from + 2 * from_step), d = _mm_loadu_ps(from + 3 * from_step);
    _MM_TRANSPOSE4_PS(a, b, c, d);
    _mm_storeu_ps(to, a), _mm_storeu_ps(to + to_step, b);
    _mm_storeu_ps(to + 2 * to_step, c), _mm_storeu_ps(to + 3 * to_step, d);
#else
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) to[i * to_step + j] = from[j * from_step + i];
#endif
}

/* `pixels` in a row of each of `lanes` planes as blocks; the lanes beyond are 0. */
INLINE void planes_to_blocks(const f32 *planes, ptrdiff_t plane, int lanes, ptrdiff_t pixels, f32 *blocks) {
    ptrdiff_t p = 0;
    if (lanes == BLOCK)
        for (; p + 4 <= pixels; p += 4)
            for (int c = 0; c < BLOCK; c += 4) turn_four(planes + c * plane + p, plane, blocks + p * BLOCK + c, BLOCK);
    for (; p < pixels; p++) {
        for (int c = 0; c < lanes; c++) blocks[p * BLOCK + c] = planes[c * plane + p];
        for (int c = lanes; c < BLOCK; c++) blocks[p * BLOCK + c] = 0;
    }
}

/* `pixels` blocks as rows of `lanes` planes. */
INLINE void blocks_to_planes(const f32 *blocks, ptrdiff_t pixels, int lanes, f32 *planes, ptrdiff_t plane) {
    ptrdiff_t p = 0;
    if (lanes == BLOCK)
        for (; p + 4 <= pixels; p += 4)
            for (int c = 0; c < BLOCK; c += 4) turn_four(blocks + p * BLOCK + c, BLOCK, planes + c * plane + p, plane);
    for (; p < pixels; p++)
        for (int c = 0; c < lanes; c++) planes[c * plane + p] = blocks[p * BLOCK + c];
}

#endif
