/* How often each pair of a true and a predicted class occurs. */
#ifndef LEVEL
#include "simd/label_blocks.h"

/* Up to this many cells there are four tables in turn, so that equal neighbours do not wait for one counter; not where
   clearing and adding them would be more work than the pixels. */
#define CONFUSION_CELLS 65536

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

/* 0 where a label that counts is no class. */
static int FN(confusion_cells)(const Confusion *job, ptrdiff_t n, const i32 *truth, const i32 *pred, i32 *restrict cells) {
    const u32 classes = (u32)job->classes, rest = classes * classes;
    const i32 ignored = job->ignored, ignoring = job->ignoring;
    u32 wrong = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const u32 t = (u32)truth[i], p = (u32)pred[i];
        const u32 skipped = (u32)(ignoring & (truth[i] == ignored)), outside = (u32)((t >= classes) | (p >= classes));
        wrong |= outside & ~skipped;
        cells[i] = (i32)(skipped ? rest : t * classes + p);
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
    const LabelMaps *maps = &job->maps;
    const ptrdiff_t size = (ptrdiff_t)job->classes * job->classes + 1;
    const ptrdiff_t step = size <= CONFUSION_CELLS && size < (y1 - y0) * maps->width / 8 ? size : 0;
    i32 rooms[2][LABEL_BLOCK], cells[LABEL_BLOCK];
    i64 *counts = job->counts;
    ptrdiff_t y = y0;
    if (step && !(counts = calloc((size_t)(4 * step), sizeof *counts))) return -1;
    for (; y < y1; y++) {
        ptrdiff_t x = 0;
        for (; x < maps->width; x += LABEL_BLOCK) {
            const ptrdiff_t n = maps->width - x < LABEL_BLOCK ? maps->width - x : LABEL_BLOCK;
            const i32 *truth = FN(load_labels)(maps->first + y * maps->first_step, maps->first_kind, x, n, rooms[0]);
            const i32 *pred = FN(load_labels)(maps->second + y * maps->second_step, maps->second_kind, x, n, rooms[1]);
            if (!FN(confusion_cells)(job, n, truth, pred, cells)) break;
            FN(confusion_count)(cells, n, counts, step);
        }
        if (x < maps->width) break;
    }
    if (step) {
        for (ptrdiff_t i = 0; i < step; i++) {
            job->counts[i] += counts[i] + counts[i + step] + counts[i + 2 * step] + counts[i + 3 * step];
        }
        free(counts);
    }
    return y;
}

#endif
