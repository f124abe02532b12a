/* Labels of runs, in the order of the first pixels of their components. */
#ifndef IMGPROC_COMPONENTS_NUMBER_H
#define IMGPROC_COMPONENTS_NUMBER_H

#include "simd/components.h"

/* Whether a run of joined bits that begins at `start` of word w has a pixel in the upper row. */
INLINE int has_upper(const u64 *top, const u64 *joined, ptrdiff_t w, ptrdiff_t words, u64 start) {
    for (;;) {
        const u64 run = joined[w] & ~(joined[w] + start);
        if (top[w] & run) return 1;
        if (!(run >> 63) || ++w == words || !(joined[w] & 1)) return 0;
        start = 1;
    }
}

/* Labels the components that begin with a pixel in the upper row of a line of two; before those of the lower row. */
INLINE u32 number_upper(const Components *c, ptrdiff_t line, u32 label) {
    const u64 *top = line_top(c, line), *joined = line_joined(c, line);
    const u32 *ranks = c->ranks + line * c->words;
    const u32 first = (u32)c->first[line], end = (u32)c->first[line + 1];
    u32 *parents = c->parents;
    ptrdiff_t w = 0;
    for (u32 run = first; run < end; run++) {
        const u32 root = parents[run];
        if (root & LABELLED || parents[root] & LABELLED) continue;
        while (w + 1 < c->words && ranks[w + 1] <= run - first) w++;
        u64 starts = run_starts(joined, w);
        for (u32 skipped = run - first - ranks[w]; skipped; skipped--) starts &= starts - 1;
        if (has_upper(top, joined, w, c->words, starts & (0 - starts))) parents[root] = ++label | LABELLED;
    }
    return label;
}

/* Replaces the parents of all runs by labels | LABELLED, the first one 1; returns the number of labels. */
static UNUSED i64 number_runs(const Components *c, ptrdiff_t all_lines) {
    u32 *parents = c->parents, label = 0;
    for (ptrdiff_t line = 0; line < all_lines; line++) {
        const u32 first = (u32)c->first[line], end = (u32)c->first[line + 1];
        u32 known = LABELLED;
        for (u32 run = first; run < end; run++) {
            /* Those before it are done: a parent on an earlier line is a label by now, one on this line has a root. */
            parents[run] = parents[parents[run]];
            known &= parents[run];
        }
        if (known) continue;
        if (c->paired) label = number_upper(c, line, label);
        for (u32 run = first; run < end; run++) {
            const u32 root = parents[run];
            if (root & LABELLED) continue;
            if (!(parents[root] & LABELLED)) parents[root] = ++label | LABELLED;
            parents[run] = parents[root];
        }
    }
    return label;
}

#endif
