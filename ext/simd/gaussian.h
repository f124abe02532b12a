/* What the Gaussian kernels share: their job, and the order of work.

   Work goes in blocks of rows. For each strip of columns of a block, the source rows are brought into a small buffer in
   the form that the vertical pass wants, and the vertical pass writes the block's intermediate rows. These are then
   extended at both ends and go through the horizontal pass one by one. So a source row is read (block + 2 radius) / block
   times, a strip stays in the cache whatever the radius, and nothing is as large as the image. */
#ifndef IMGPROC_GAUSSIAN_H
#define IMGPROC_GAUSSIAN_H

#include "simd/borders.h"

#define GAUSSIAN_STRIP 256  /* samples */
#define GAUSSIAN_SLACK 256  /* samples that passes may touch behind the end of an extended row */

/* Rows [y0, y1) of a packed image, blurred; out = image + amount (image - blurred) where `sharpen`. */
typedef struct {
    const void *src;
    void *dst;
    ptrdiff_t src_stride, dst_stride; /* bytes */
    ptrdiff_t width, channels;        /* pixels in a row, samples in a pixel */
    ptrdiff_t y0, y1;
    const i64 *rows, *columns;        /* see borders.h */
    ptrdiff_t ry, rx;                 /* radii: the reach of rows and columns */
    f32 fill, amount;
    int sharpen;
} GaussianJob;

/* Zeroed, aligned to 64 bytes; *block is what to free. NULL where there is no memory. */
INLINE char *gaussian_memory(size_t bytes, void **block) {
    *block = calloc(bytes + 64, 1);
    return *block ? (char *)*block + (64 - (uintptr_t)*block % 64) : NULL;
}

/* Rows in a block: few, so that the intermediate rows stay in the cache, but not few against those that a block reads. */
INLINE ptrdiff_t gaussian_block(ptrdiff_t radius) { return radius <= 8 ? 8 : radius <= 32 ? 16 : 32; }

INLINE ptrdiff_t gaussian_min(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }

/* Samples between intermediate rows; a multiple of 64 bytes, odd times, so that rows do not share cache sets. */
INLINE ptrdiff_t gaussian_pitch(const GaussianJob *job) {
    return ((job->width + 2 * job->rx) * job->channels + GAUSSIAN_SLACK) / 64 * 64 + 32;
}

#endif
