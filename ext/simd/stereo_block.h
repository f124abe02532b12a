/* Sums of costs over square windows at every disparity, and block matching by them. */
#ifndef LEVEL
#ifndef IMGPROC_STEREO_BLOCK_H
#define IMGPROC_STEREO_BLOCK_H
#include "simd/stereo_winners.h"

/* Windows around the pixels of one row, moved on from row to row. A window takes columns and rows outside the image from its
   border, so that it always holds (2 radius + 1)^2 costs. */
typedef struct {
    u8 *costs;    /* a ring of 2 radius + 1 rows */
    u16 *columns; /* of each pixel and disparity, summed over these rows */
    u16 *window;  /* the sums of the pixel that was last slid to */
    ptrdiff_t summed; /* columns [0, summed) belong to the row in work */
} Windows;

static UNUSED size_t windows_size(const Stereo *job) {
    return (size_t)(job->padded * ((2 * job->radius + 1) * job->width + (job->width + 1) * 2)) + 64;
}

static UNUSED void windows_begin(const Stereo *job, void *memory, Windows *windows) {
    u8 *at = (u8 *)(((uintptr_t)memory + 63) & ~(uintptr_t)63);
    windows->columns = (u16 *)at;
    windows->window = windows->columns + job->width * job->padded;
    windows->costs = (u8 *)(windows->window + job->padded);
}

INLINE ptrdiff_t stereo_row(const Stereo *job, ptrdiff_t y) { return y < 0 ? 0 : y < job->height ? y : job->height - 1; }
INLINE u8 *ring_row(const Stereo *job, const Windows *windows, ptrdiff_t y) {
    return windows->costs + y % (2 * job->radius + 1) * job->width * job->padded;
}

#define SIMD_SOURCE "simd/stereo_block.h"
#include "simd/levels.h"

/* Rows [y0, y1) of the disparities; false where memory is short. */
DISPATCH(int, stereo_block, (const Stereo *job, ptrdiff_t y0, ptrdiff_t y1), (job, y0, y1))
#endif

#else

/* The columns around row y from nothing. */
INLINE void FN(first_columns)(const Stereo *job, int planes, const Windows *windows, ptrdiff_t y) {
    const ptrdiff_t top = stereo_row(job, y - job->radius), bottom = stereo_row(job, y + job->radius);
    memset(windows->columns, 0, sizeof(u16) * (size_t)(job->width * job->padded));
    for (ptrdiff_t row = top; row <= bottom; row++) {
        int times = 0;
        for (ptrdiff_t j = -job->radius; j <= job->radius; j++) times += stereo_row(job, y + j) == row;
        const STEREO_VECTOR factor = FN(stereo_every_word)((u16)times);
        u8 *costs = ring_row(job, windows, row);
        u16 *columns = windows->columns;
        for (ptrdiff_t x = 0; x < job->width; x++)
            for (ptrdiff_t d = 0; d < job->padded; d += STEREO_BYTES, costs += STEREO_BYTES, columns += STEREO_BYTES) {
                const STEREO_VECTOR cost = FN(stereo_cost)(job, planes, row, x, d);
                const STEREO_VECTOR low = FN(stereo_times)(FN(stereo_low_words)(cost), factor);
                const STEREO_VECTOR high = FN(stereo_times)(FN(stereo_high_words)(cost), factor);
                FN(stereo_store)(costs, cost);
                FN(stereo_store)(columns, FN(stereo_add)(FN(stereo_load)(columns), low));
                FN(stereo_store)(columns + STEREO_WORDS, FN(stereo_add)(FN(stereo_load)(columns + STEREO_WORDS), high));
            }
    }
}

/* Columns [x0, x1) moved on to row y: the lowest row comes in, the one above the highest goes. */
INLINE void FN(next_columns)(const Stereo *job, int planes, const Windows *windows, ptrdiff_t y, ptrdiff_t x0, ptrdiff_t x1) {
    const ptrdiff_t in = stereo_row(job, y + job->radius), out = stereo_row(job, y - job->radius - 1);
    const int known = y + job->radius >= job->height; /* the lowest row came in before */
    if (in == out) return;
    u8 *coming = ring_row(job, windows, in) + x0 * job->padded;
    const u8 *going = ring_row(job, windows, out) + x0 * job->padded;
    u16 *columns = windows->columns + x0 * job->padded;
    for (ptrdiff_t x = x0; x < x1; x++)
        for (ptrdiff_t d = 0; d < job->padded; d += STEREO_BYTES, columns += STEREO_BYTES) {
            const STEREO_VECTOR old = FN(stereo_load)(going);
            STEREO_VECTOR cost;
            if (known)
                cost = FN(stereo_load)(coming);
            else
                FN(stereo_store)(coming, cost = FN(stereo_cost)(job, planes, in, x, d));
            const STEREO_VECTOR change = FN(stereo_subtract_bytes)(cost, old); /* costs are below 128 */
            FN(stereo_store)(columns, FN(stereo_add)(FN(stereo_load)(columns), FN(stereo_low_signed)(change)));
            FN(stereo_store)(columns + STEREO_WORDS,
                             FN(stereo_add)(FN(stereo_load)(columns + STEREO_WORDS), FN(stereo_high_signed)(change)));
            coming += STEREO_BYTES;
            going += STEREO_BYTES;
        }
}

INLINE const u16 *FN(column)(const Stereo *job, const Windows *windows, ptrdiff_t x) {
    return windows->columns + (x < 0 ? 0 : x < job->width ? x : job->width - 1) * job->padded;
}

INLINE void FN(first_window)(const Stereo *job, const Windows *windows) {
    for (ptrdiff_t d = 0; d < job->padded; d += STEREO_WORDS) {
        STEREO_VECTOR sum = FN(stereo_times)(FN(stereo_load)(windows->columns + d), FN(stereo_every_word)((u16)(job->radius + 1)));
        for (ptrdiff_t i = 1; i <= job->radius; i++)
            sum = FN(stereo_add)(sum, FN(stereo_load)(FN(column)(job, windows, i) + d));
        FN(stereo_store)(windows->window + d, sum);
    }
}

/* The sums of pixels [x0, x1), `padded` words each, from sums on; tiles of a row come in order. */
INLINE void FN(slide_windows)(const Stereo *job, const Windows *windows, ptrdiff_t x0, ptrdiff_t x1, u16 *sums) {
    const ptrdiff_t padded = job->padded, reach = job->radius;
    if (x0 == 0) FN(first_window)(job, windows);
    for (ptrdiff_t d = 0; d < padded; d += STEREO_BYTES) {
        STEREO_VECTOR low = FN(stereo_load)(windows->window + d), high = FN(stereo_load)(windows->window + d + STEREO_WORDS);
        u16 *to = sums + d;
        for (ptrdiff_t x = x0; x < x1; x++, to += padded) {
            if (x > 0) {
                const u16 *in = FN(column)(job, windows, x + reach) + d, *out = FN(column)(job, windows, x - reach - 1) + d;
                low = FN(stereo_add)(low, FN(stereo_subtract)(FN(stereo_load)(in), FN(stereo_load)(out)));
                high = FN(stereo_add)(high, FN(stereo_subtract)(FN(stereo_load)(in + STEREO_WORDS),
                                                                FN(stereo_load)(out + STEREO_WORDS)));
            }
            FN(stereo_store)(to, low);
            FN(stereo_store)(to + STEREO_WORDS, high);
        }
        FN(stereo_store)(windows->window + d, low);
        FN(stereo_store)(windows->window + d + STEREO_WORDS, high);
    }
}

/* As slide_windows, after what it takes to bring the columns to row y. */
INLINE void FN(window_sums)(const Stereo *job, int planes, Windows *windows, int first, ptrdiff_t y, ptrdiff_t x0,
                            ptrdiff_t x1, u16 *sums) {
    const ptrdiff_t end = x1 + job->radius < job->width ? x1 + job->radius : job->width;
    if (x0 == 0) windows->summed = 0;
    if (first && x0 == 0) FN(first_columns)(job, planes, windows, y);
    if (!first && windows->summed < end) FN(next_columns)(job, planes, windows, y, windows->summed, end);
    windows->summed = end;
    FN(slide_windows)(job, windows, x0, x1, sums);
}

INLINE void FN(block_rows)(const Stereo *job, int planes, Windows *windows, Winners *w, ptrdiff_t y0, ptrdiff_t y1) {
    for (ptrdiff_t y = y0; y < y1; y++) {
        winners_row(job, w);
        for (ptrdiff_t x0 = 0; x0 < job->width; x0 += STEREO_TILE) {
            const ptrdiff_t x1 = x0 + STEREO_TILE < job->width ? x0 + STEREO_TILE : job->width;
            FN(window_sums)(job, planes, windows, y == y0, y, x0, x1, w->sums + job->padded);
            FN(choose_tile)(job, w, x0, x1);
        }
        FN(finish_row)(job, w, job->out + y * job->out_step);
    }
}

static int FN(stereo_block)(const Stereo *job, ptrdiff_t y0, ptrdiff_t y1) {
    Windows windows = {0};
    Winners winners;
    void *sums = malloc(windows_size(job)), *choice = malloc(winners_size(job));
    const int done = sums && choice;
    if (done) {
        windows_begin(job, sums, &windows);
        winners_begin(job, choice, &winners);
        if (job->planes == 1)
            FN(block_rows)(job, 1, &windows, &winners, y0, y1);
        else
            FN(block_rows)(job, 4, &windows, &winners, y0, y1);
    }
    free(sums);
    free(choice);
    return done;
}

#endif
