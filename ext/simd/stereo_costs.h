/* The costs that semi-global matching gathers: of single pixels, or means over windows. */
#ifndef LEVEL
#ifndef IMGPROC_STEREO_COSTS_H
#define IMGPROC_STEREO_COSTS_H
#include "simd/stereo_block.h"
#define SIMD_SOURCE "simd/stereo_costs.h"
#include "simd/levels.h"
#endif

#else

/* Costs of disparities that pixel x does not have become 255. */
INLINE void FN(close_costs)(const Stereo *job, const u8 *beyond, ptrdiff_t x, u8 *costs) {
    const ptrdiff_t last = x < job->count - 1 ? x : job->count - 1;
    for (ptrdiff_t d = (last + 1) / STEREO_BYTES * STEREO_BYTES; d < job->padded; d += STEREO_BYTES)
        FN(stereo_store)(costs + d, FN(stereo_or)(FN(stereo_load)(costs + d),
                                                  FN(stereo_load)(beyond + job->padded - 1 - last + d)));
}

INLINE void FN(pixel_costs)(const Stereo *job, int planes, const u8 *beyond, ptrdiff_t y, u8 *costs) {
    for (ptrdiff_t x = 0; x < job->width; x++, costs += job->padded) {
        for (ptrdiff_t d = 0; d < job->padded; d += STEREO_BYTES)
            FN(stereo_store)(costs + d, FN(stereo_cost)(job, planes, y, x, d));
        FN(close_costs)(job, beyond, x, costs);
    }
}

/* Means over windows, rounded to nearest (their area is odd), by a reciprocal of 16 bits that is exact for every sum of
   costs up to 62 and radius up to 15. */
INLINE void FN(mean_costs)(const Stereo *job, int planes, Windows *windows, const u8 *beyond, int first, ptrdiff_t y,
                           u16 *sums, u8 *costs) {
    const u32 area = (u32)((2 * job->radius + 1) * (2 * job->radius + 1));
    int shift = 0;
    while (area >> (shift + 1)) shift++;
    const STEREO_VECTOR half = FN(stereo_every_word)((u16)(area / 2));
    const STEREO_VECTOR reciprocal = FN(stereo_every_word)((u16)(((65536u << shift) + area - 1) / area));
    for (ptrdiff_t x0 = 0; x0 < job->width; x0 += STEREO_TILE) {
        const ptrdiff_t x1 = x0 + STEREO_TILE < job->width ? x0 + STEREO_TILE : job->width;
        FN(window_sums)(job, planes, windows, first, y, x0, x1, sums);
        for (ptrdiff_t x = x0; x < x1; x++, costs += job->padded) {
            const u16 *from = sums + (x - x0) * job->padded;
            for (ptrdiff_t d = 0; d < job->padded; d += STEREO_BYTES) {
                const STEREO_VECTOR low = FN(stereo_add)(FN(stereo_load)(from + d), half);
                const STEREO_VECTOR high = FN(stereo_add)(FN(stereo_load)(from + d + STEREO_WORDS), half);
                FN(stereo_store)(costs + d, FN(stereo_narrow)(FN(stereo_shift)(FN(stereo_times_high)(low, reciprocal), shift),
                                                              FN(stereo_shift)(FN(stereo_times_high)(high, reciprocal), shift)));
            }
            FN(close_costs)(job, beyond, x, costs);
        }
    }
}

INLINE int FN(costs_rows)(const Stereo *job, int planes, ptrdiff_t y0, ptrdiff_t y1, u8 *costs) {
    const ptrdiff_t row = job->width * job->padded;
    u8 *beyond = malloc((size_t)(2 * job->padded));
    u16 *sums = malloc(sizeof(u16) * (size_t)(STEREO_TILE * job->padded));
    void *memory = job->radius ? malloc(windows_size(job)) : NULL;
    const int done = beyond && sums && (memory || !job->radius);
    if (done) {
        Windows windows = {0};
        memset(beyond, 0, (size_t)job->padded);
        memset(beyond + job->padded, 255, (size_t)job->padded);
        if (memory) windows_begin(job, memory, &windows);
        for (ptrdiff_t y = y0; y < y1; y++, costs += row) {
            if (memory) FN(mean_costs)(job, planes, &windows, beyond, y == y0, y, sums, costs);
            else FN(pixel_costs)(job, planes, beyond, y, costs);
        }
    }
    free(beyond);
    free(sums);
    free(memory);
    return done;
}

#endif
