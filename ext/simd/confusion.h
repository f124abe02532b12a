/* How often each pair of a true and a predicted class occurs. */
#ifndef LEVEL
#include "simd/label_blocks.h"

/* Up to this many cells there are four tables in turn, so that equal neighbours do not wait for one counter. */
#define CONFUSION_CELLS 2048

typedef struct {
    LabelMaps maps; /* truth first, then prediction */
    i32 classes;    /* classes * classes fits an i32 */
    int ignoring;
    i32 ignored; /* true label that does not count */
    i64 *counts; /* (classes * classes + 1,), the last for what is ignored */
} Confusion;

#define SIMD_SOURCE "simd/confusion.h"
#include "simd/levels.h"
/* Adds rows [y0, y1) to the counts. y1 where all went well, the row of a label out of range, -1 without memory. */
DISPATCH(ptrdiff_t, confusion_rows, (const Confusion *job, ptrdiff_t y0, ptrdiff_t y1), (job, y0, y1))

#else

/* Turns true labels into cells; 0 where a label that counts is no class. */
static int FN(confusion_cells)(const Confusion *job, ptrdiff_t n, i32 *restrict truth, const i32 *restrict pred) {
    const u32 classes = (u32)job->classes, rest = classes * classes;
    const i32 ignored = job->ignored, ignoring = job->ignoring;
    u32 wrong = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const u32 t = (u32)truth[i], p = (u32)pred[i];
        const u32 skipped = (u32)(ignoring & (truth[i] == ignored)), outside = (u32)((t >= classes) | (p >= classes));
        wrong |= outside & ~skipped;
        truth[i] = (i32)(skipped ? rest : t * classes + p);
    }
    return !(wrong & 1);
}

static void FN(confusion_count)(const i32 *cells, ptrdiff_t n, i64 *counts, ptrdiff_t step) {
    ptrdiff_t i = 0;
    for (; i + LABEL_RUN <= n; i += LABEL_RUN) {
        if (FN(uniform)(cells + i)) {
            counts[cells[i]] += LABEL_RUN;
            continue;
        }
        for (int k = 0; k < LABEL_RUN; k += 4) {
            counts[cells[i + k]]++;
            counts[cells[i + k + 1] + step]++;
            counts[cells[i + k + 2] + 2 * step]++;
            counts[cells[i + k + 3] + 3 * step]++;
        }
    }
    for (; i < n; i++) counts[cells[i]]++;
}

static ptrdiff_t FN(confusion_rows)(const Confusion *job, ptrdiff_t y0, ptrdiff_t y1) {
    const ptrdiff_t cells = (ptrdiff_t)job->classes * job->classes + 1, step = cells <= CONFUSION_CELLS ? cells : 0;
    i32 truth[LABEL_BLOCK], pred[LABEL_BLOCK];
    i64 *counts = job->counts;
    ptrdiff_t y = y0;
    if (step && !(counts = calloc((size_t)(4 * step), sizeof *counts))) return -1;
    for (; y < y1; y++) {
        ptrdiff_t x = 0;
        for (; x < job->maps.width; x += LABEL_BLOCK) {
            const ptrdiff_t n = job->maps.width - x < LABEL_BLOCK ? job->maps.width - x : LABEL_BLOCK;
            FN(load_both)(&job->maps, y, x, n, truth, pred);
            if (!FN(confusion_cells)(job, n, truth, pred)) break;
            FN(confusion_count)(truth, n, counts, step);
        }
        if (x < job->maps.width) break;
    }
    if (step) {
        for (ptrdiff_t i = 0; i < 4 * step; i++) job->counts[i % step] += counts[i];
        free(counts);
    }
    return y;
}

#endif
