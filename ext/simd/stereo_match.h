/* What block and semi-global matching share: the job, and the cost of a match.

   Everything lies along the disparities: the numbers of pixel x are `padded` in a row, of which the first `count` are
   tried, and those beyond x have no partner in the right image. Rows of right features run backwards, so that the
   partners x, x - 1, x - 2 ... of a pixel are loaded as they stand. */
#ifndef LEVEL
#ifndef IMGPROC_STEREO_MATCH_H
#define IMGPROC_STEREO_MATCH_H
#include "simd/stereo_lanes.h"

typedef struct {
    const u8 *left, *right; /* features: `planes` bytes a pixel, one plane after the other in each row */
    ptrdiff_t left_width, right_width;
    int planes;
    ptrdiff_t height, width;
    ptrdiff_t count, padded; /* disparities, and these filled up to a multiple of STEREO_ALIGN */
    int radius;
    int unique; /* per cent that other sums must be above the smallest; 0 asks for nothing */
    int check;  /* whether the right image must agree */
    f32 *out;
    ptrdiff_t out_step; /* floats */
} Stereo;

#define SIMD_SOURCE "simd/stereo_match.h"
#include "simd/levels.h"
#endif

#else

/* The costs of pixel x of row y at STEREO_BYTES disparities from d on: bits that differ, or the absolute difference. */
INLINE STEREO_VECTOR FN(stereo_cost)(const Stereo *job, int planes, ptrdiff_t y, ptrdiff_t x, ptrdiff_t d) {
    const u8 *left = job->left + y * planes * job->left_width + x;
    const u8 *right = job->right + y * planes * job->right_width + (job->width - 1 - x + d);
    if (planes == 1) return FN(stereo_distance)(FN(stereo_every_byte)(*left), FN(stereo_load)(right));
    STEREO_VECTOR total = FN(stereo_ones)(FN(stereo_xor)(FN(stereo_every_byte)(*left), FN(stereo_load)(right)));
    for (int plane = 1; plane < planes; plane++) {
        left += job->left_width;
        right += job->right_width;
        total = FN(stereo_add_bytes)(
            total, FN(stereo_ones)(FN(stereo_xor)(FN(stereo_every_byte)(*left), FN(stereo_load)(right))));
    }
    return total;
}

#endif
