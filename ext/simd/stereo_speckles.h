/* Small regions of disparities are left out: one that reaches fewer than so many pixels becomes NaN. */
#ifndef IMGPROC_STEREO_SPECKLES_H
#define IMGPROC_STEREO_SPECKLES_H
#include "simd/common.h"

typedef struct {
    f32 *d;
    ptrdiff_t height, width, step; /* floats */
    u8 *seen;                      /* of each pixel: whether it was given to a region */
    ptrdiff_t *list;               /* the pixels of the region in work */
    f32 apart;
} Speckles;

INLINE ptrdiff_t speckle_reach(const Speckles *job, f32 from, ptrdiff_t y, ptrdiff_t x, ptrdiff_t count) {
    const f32 to = job->d[y * job->step + x];
    const ptrdiff_t place = y * job->width + x;
    if (job->seen[place] || !(to - from <= job->apart && from - to <= job->apart)) return count; /* NaN too */
    job->seen[place] = 1;
    job->list[count] = place;
    return count + 1;
}

/* False where memory is short. A region is reached breadth first from its first pixel, and its pixels stand in the list in
   that order, so that each is met once. */
static UNUSED int remove_speckles(f32 *d, ptrdiff_t height, ptrdiff_t width, ptrdiff_t step, ptrdiff_t least, f32 apart) {
    Speckles job = {d, height, width, step, NULL, NULL, apart};
    job.seen = calloc((size_t)(height * width), 1);
    job.list = malloc(sizeof(ptrdiff_t) * (size_t)(height * width));
    const int done = job.seen && job.list;
    for (ptrdiff_t y = 0; done && y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            ptrdiff_t count = speckle_reach(&job, d[y * step + x], y, x, 0);
            for (ptrdiff_t i = 0; i < count; i++) {
                const ptrdiff_t row = job.list[i] / width, column = job.list[i] % width;
                const f32 here = d[row * step + column];
                if (row > 0) count = speckle_reach(&job, here, row - 1, column, count);
                if (row < height - 1) count = speckle_reach(&job, here, row + 1, column, count);
                if (column > 0) count = speckle_reach(&job, here, row, column - 1, count);
                if (column < width - 1) count = speckle_reach(&job, here, row, column + 1, count);
            }
            if (count < least)
                for (ptrdiff_t i = 0; i < count; i++) d[job.list[i] / width * step + job.list[i] % width] = NAN;
        }
    free(job.seen);
    free(job.list);
    return done;
}

#endif
