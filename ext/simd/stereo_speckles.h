/* Small regions of disparities are left out: one of fewer than so many pixels becomes NaN.

   Rows are cut into runs of neighbours that are close; runs of two rows are joined wherever a pixel is close to the one
   above it (union-find by size). The runs of small regions are then spoilt. */
#ifndef IMGPROC_STEREO_SPECKLES_H
#define IMGPROC_STEREO_SPECKLES_H
#include "simd/common.h"

typedef struct {
    ptrdiff_t parent, area; /* area: of the region, at its root */
    ptrdiff_t start, length;
} SpeckleRun;

typedef struct {
    SpeckleRun *runs;
    ptrdiff_t count, room;
} SpeckleRuns;

INLINE int speckle_close(f32 a, f32 b, f32 apart) { return fabsf(a - b) <= apart; } /* not for NaN */

static UNUSED ptrdiff_t speckle_root(SpeckleRun *runs, ptrdiff_t run) {
    while (runs[run].parent != run) run = runs[run].parent = runs[runs[run].parent].parent;
    return run;
}

static UNUSED void speckle_join(SpeckleRun *runs, ptrdiff_t a, ptrdiff_t b) {
    if (runs[a].parent == runs[b].parent) return; /* nearly always so */
    a = speckle_root(runs, a);
    b = speckle_root(runs, b);
    if (a == b) return;
    const ptrdiff_t large = runs[a].area < runs[b].area ? b : a, small = large == a ? b : a;
    runs[small].parent = large;
    runs[large].area += runs[small].area;
}

/* The runs of a row, which begins at pixel `start`; run[x] is that of a pixel, -1 for NaN. False where memory is short. */
static UNUSED int speckle_runs(SpeckleRuns *all, const f32 *d, ptrdiff_t width, ptrdiff_t start, f32 apart, ptrdiff_t *run) {
    if (all->count + width > all->room) {
        const ptrdiff_t room = 2 * all->room + width;
        SpeckleRun *runs = realloc(all->runs, sizeof *runs * (size_t)room);
        if (!runs) return 0;
        all->runs = runs;
        all->room = room;
    }
    for (ptrdiff_t x = 0; x < width;) {
        const ptrdiff_t first = x, id = d[x] == d[x] ? all->count : -1;
        run[x++] = id;
        if (id < 0) continue;
        while (x < width && speckle_close(d[x], d[x - 1], apart)) run[x++] = id;
        all->runs[all->count++] = (SpeckleRun){id, x - first, start + first, x - first};
    }
    return 1;
}

/* Packed rows; false where memory is short. */
static UNUSED int remove_speckles(f32 *d, ptrdiff_t height, ptrdiff_t width, ptrdiff_t least, f32 apart) {
    SpeckleRuns all = {NULL, 0, 0};
    ptrdiff_t *rows = malloc(sizeof *rows * 2 * (size_t)width), *above = rows, *here = rows + width;
    int done = rows != NULL;
    for (ptrdiff_t y = 0; done && y < height; y++) {
        const f32 *row = d + y * width;
        done = speckle_runs(&all, row, width, y * width, apart, here);
        for (ptrdiff_t x = 0, a = -1, b = -1; done && y > 0 && x < width; x++) {
            if ((here[x] == a && above[x] == b) || !speckle_close(row[x], row[x - width], apart)) continue;
            speckle_join(all.runs, a = here[x], b = above[x]);
        }
        ptrdiff_t *swapped = above;
        above = here;
        here = swapped;
    }
    for (ptrdiff_t i = 0; done && i < all.count; i++) {
        if (all.runs[speckle_root(all.runs, i)].area >= least) continue;
        for (ptrdiff_t k = 0; k < all.runs[i].length; k++) d[all.runs[i].start + k] = NAN;
    }
    free(rows);
    free(all.runs);
    return done;
}

#endif
