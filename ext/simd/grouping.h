/* Boxes that look alike, joined into groups: the connected components of SimilarRects, and which groups lie inside
   others. Branchy work on few numbers: one build for all levels. */
#ifndef IMGPROC_GROUPING_H
#define IMGPROC_GROUPING_H

#include "simd/loose_grid.h"

typedef struct {
    f64 x1, y1, x2, y2, w, h;
} Window;

INLINE int alike(const Window *a, const Window *b, f64 eps) {
    f64 delta = eps * ((a->w < b->w ? a->w : b->w) + (a->h < b->h ? a->h : b->h)) * 0.5;
    return fabs(a->x1 - b->x1) <= delta && fabs(a->y1 - b->y1) <= delta && fabs(a->x2 - b->x2) <= delta &&
           fabs(a->y2 - b->y2) <= delta;
}

/* What a rounded difference of coordinates up to `reach` may be off, generously. */
INLINE f64 rounding_of(f64 reach) { return reach * 0x1p-48; }

/* Takes every box out of the grid that is like box i; they go on the stack, with i's group.

   Two boxes alike have corners at most delta = eps (min(w) + min(h)) / 2 apart. With s = w + h, delta is at most
   eps / 2 · min(s), and s differs by at most 4 delta, so that the larger s is at most 1 + 2 eps times the smaller. The
   grid holds corners x1, y1 on the level of eps · s / 2, so that delta is at most the extent of the level. */
static UNUSED ptrdiff_t take_alike(LooseGrid *grid, const Window *windows, ptrdiff_t i, f64 eps, f64 slack,
                                   ptrdiff_t *stack, ptrdiff_t depth, i64 *groups) {
    const Window *window = &windows[i];
    f64 s = window->w + window->h, ratio = 1 + 2 * eps, own = eps * s * 0.5;
    int least = grid_level(grid, (s - slack) / ratio * eps * 0.5 * (1 - 1e-9)),
        most = grid_level(grid, (s + slack) * ratio * eps * 0.5 * (1 + 1e-9));
    for (int level = least; level <= most; level++) {
        f64 delta;
        GridCells cells;
        if (!grid->population[level]) continue;
        delta = (own < grid->extent[level] ? own : grid->extent[level]) * (1 + 1e-9) + slack;
        cells = grid_cells(grid, level, window->x1, window->y1, delta, delta);
        for (i64 y = cells.y0; y <= cells.y1; y++)
            for (i64 x = cells.x0; x <= cells.x1; x++) {
                ptrdiff_t *link = &grid->heads[grid_bucket(grid, level, x, y)];
                while (*link >= 0) {
                    ptrdiff_t other = *link;
                    if (alike(window, &windows[other], eps)) {
                        *link = grid->next[other];
                        groups[other] = groups[i];
                        if (other != i) stack[depth++] = other;
                    } else {
                        link = &grid->next[other];
                    }
                }
            }
    }
    return depth;
}

/* groups[i] = number of the group of box i, numbered by their first members; their count, or -1 without memory.

   From each box that has no group yet, what is like it is followed. A box leaves the grid when it is found, so that
   many boxes alike cost one test each and not one for each pair. */
static UNUSED ptrdiff_t group_windows(const f64 *boxes, ptrdiff_t n, f64 eps, i64 *groups) {
    LooseGrid grid;
    Window *windows = malloc((size_t)n * sizeof *windows);
    ptrdiff_t *stack = malloc((size_t)n * sizeof *stack), count = -1;
    f64 reach = 0, slack;
    for (ptrdiff_t i = 0; i < 4 * n; i++) reach = fabs(boxes[i]) > reach ? fabs(boxes[i]) : reach;
    slack = 8 * rounding_of(reach);
    if (!windows || !stack || !grid_init(&grid, n, reach)) goto done;
    /* Backwards, so that chains give boxes in ascending order. */
    for (ptrdiff_t i = n - 1; i >= 0; i--) {
        const f64 *box = boxes + 4 * i;
        Window window = {box[0], box[1], box[2], box[3], box[2] - box[0], box[3] - box[1]};
        windows[i] = window;
        groups[i] = -1;
        grid_insert(&grid, i, grid_level(&grid, eps * (window.w + window.h) * 0.5), window.x1, window.y1);
    }
    count = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        ptrdiff_t depth = 0;
        if (groups[i] >= 0) continue;
        groups[i] = count++;
        depth = take_alike(&grid, windows, i, eps, slack, stack, depth, groups);
        while (depth) {
            ptrdiff_t j = stack[--depth];
            depth = take_alike(&grid, windows, j, eps, slack, stack, depth, groups);
        }
    }
    grid_free(&grid);
done:
    free(stack);
    free(windows);
    return count;
}

/* keep[i] = 0 where group i lies inside a group of more boxes; 0 when out of memory.

   boxes: x, y, w, h of each group, margins: how far each may be overstepped, counts: descending. Group j removes i
   where i lies in j grown by its margins and j counts more than max(3, i), or i counts less than 3. */
static UNUSED int drop_inner(const f64 *boxes, const f64 *margins, const i64 *counts, ptrdiff_t n, u8 *keep) {
    LooseGrid grid;
    f64 reach = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        for (int axis = 0; axis < 2; axis++) {
            f64 far = fabs(boxes[4 * i + axis]) + boxes[4 * i + 2 + axis] + margins[2 * i + axis];
            reach = far > reach ? far : reach;
        }
    if (!grid_init(&grid, n, reach)) return 0;
    /* Backwards, so that chains start with the largest counts. */
    for (ptrdiff_t i = n - 1; i >= 0; i--) {
        const f64 *box = boxes + 4 * i, *margin = margins + 2 * i;
        f64 rx = 0.5 * box[2] + margin[0], ry = 0.5 * box[3] + margin[1];
        grid_insert(&grid, i, grid_level(&grid, rx > ry ? rx : ry), box[0] + 0.5 * box[2], box[1] + 0.5 * box[3]);
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        const f64 *inner = boxes + 4 * i;
        i64 least = counts[i] < 3 ? 0 : counts[i] + 1 > 4 ? counts[i] + 1 : 4;
        keep[i] = 1;
        for (int level = 0; level < GRID_LEVELS && keep[i]; level++) {
            /* The corner x, y of i lies in j grown, whose centre is then no further than the extent of its level. */
            f64 r = grid.extent[level] + rounding_of(reach);
            GridCells cells = grid_cells(&grid, level, inner[0], inner[1], r, r);
            if (!grid.population[level]) continue;
            for (i64 y = cells.y0; y <= cells.y1; y++)
                for (i64 x = cells.x0; x <= cells.x1 && keep[i]; x++) {
                    ptrdiff_t j = grid.heads[grid_bucket(&grid, level, x, y)];
                    for (; j >= 0 && counts[j] >= least; j = grid.next[j]) {
                        const f64 *outer = boxes + 4 * j, *margin = margins + 2 * j;
                        if (j != i && inner[0] >= outer[0] - margin[0] && inner[1] >= outer[1] - margin[1] &&
                            inner[0] + inner[2] <= outer[0] + outer[2] + margin[0] &&
                            inner[1] + inner[3] <= outer[1] + outer[3] + margin[1]) {
                            keep[i] = 0;
                            break;
                        }
                    }
                }
        }
    }
    grid_free(&grid);
    return 1;
}

#endif
