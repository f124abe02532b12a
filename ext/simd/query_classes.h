/* The class with the highest sum, over all queries, of its probability times that of the query's mask at each pixel.

   Sums of the masks' least and greatest corners bound those of every class in a cell; where one class alone is left nothing
   is computed. Small chances, which are most, are bounded all together; of pixels, queries are left out that add next to
   nothing to the classes in question. */
#ifndef LEVEL
#ifndef IMGPROC_QUERY_CLASSES_H
#define IMGPROC_QUERY_CLASSES_H
#include "simd/query_cells.h"

/* What the queries left out may add to a class, all together, as a share of what the best class has. */
#define NEGLIGIBLE 1e-6f

typedef struct {
    Grid grid;
    ptrdiff_t queries, classes;
    const f32 *chances;  /* of each class, and in it of each query */
    const i64 *starts;   /* where the queries with greater chances of a class begin in `greater`, and where all end */
    const i32 *greater;
    const f32 *smaller;  /* the highest of a query's other chances */
    i32 *labels;
    ptrdiff_t step;
} Classes;

/* Cells whose classes are bounded together, pixels of a cell that are labelled together, and queries that are added
   together. */
enum { CELLS = 32, PIXELS = 64, FOUR = 4 };

typedef struct {
    ptrdiff_t stride;
    f32 *soft[2], *least, *most; /* probabilities of masks about a row of cells, and at the corners of cells */
    f32 *sums;                   /* the greatest sum that each class may have, CELLS for each */
    i32 *first, *active, *list;  /* first run of each cell; queries that count in one; classes that may win in it */
    f32 *masks, *chances, *corners; /* of the active queries: PIXELS for each, and for each listed class */
    Pixels pixels;
} ClassWork;

#define SIMD_SOURCE "simd/query_classes.h"
#include "simd/levels.h"

/* Rows [n0, n1) of cells; 0 without memory. */
DISPATCH(int, label_pixels, (const Classes *job, ptrdiff_t n0, ptrdiff_t n1), (job, n0, n1))
#endif
#else

/* In n cells from x on: the greatest sums of all classes, what the best has at least, and how many classes may win, and the
   sum of their numbers, which is that of the only one. */
static void FN(bound_classes)(const Classes *job, ClassWork *work, ptrdiff_t x, ptrdiff_t n, f32 *restrict best,
                              i32 *restrict found, i32 *restrict winner) {
    f32 rest[CELLS], low[CELLS];
    for (ptrdiff_t i = 0; i < n; i++) best[i] = rest[i] = 0, found[i] = winner[i] = 0;
    for (ptrdiff_t q = 0; q < job->queries; q++) {
        const f32 *most = work->most + q * work->stride + x, chance = job->smaller[q];
        for (ptrdiff_t i = 0; i < n; i++) rest[i] += chance * most[i];
    }
    for (ptrdiff_t c = 0; c < job->classes; c++) {
        f32 *restrict high = work->sums + c * CELLS;
        for (ptrdiff_t i = 0; i < n; i++) low[i] = 0, high[i] = rest[i];
        for (i64 at = job->starts[c]; at < job->starts[c + 1]; at++) {
            const ptrdiff_t q = job->greater[at];
            const f32 chance = job->chances[c * job->queries + q];
            const f32 *least = work->least + q * work->stride + x, *most = work->most + q * work->stride + x;
            for (ptrdiff_t i = 0; i < n; i++) {
                low[i] += chance * least[i];
                high[i] += chance * most[i];
            }
        }
        for (ptrdiff_t i = 0; i < n; i++) {
            best[i] = low[i] > best[i] ? low[i] : best[i];
            high[i] *= 1.0f + SLACK;
        }
    }
    for (ptrdiff_t i = 0; i < n; i++) best[i] *= 1.0f - SLACK;
    for (ptrdiff_t c = 0; c < job->classes; c++) {
        const f32 *high = work->sums + c * CELLS;
        for (ptrdiff_t i = 0; i < n; i++) {
            const i32 may = high[i] >= best[i];
            found[i] += may;
            winner[i] += may ? (i32)c : 0;
        }
    }
}

/* The queries that count for the listed classes in a cell, with their chances and corners, filled up to a multiple of FOUR
   with chances of 0. */
static ptrdiff_t FN(pick_queries)(const Classes *job, ClassWork *work, const i32 *row, ptrdiff_t x, ptrdiff_t listed, f32 best) {
    const ptrdiff_t next = next_sample(&job->grid.across, x), below = next_sample(&job->grid.down, row[0]);
    const ptrdiff_t room = job->queries + FOUR;
    const f32 share = NEGLIGIBLE / (f32)job->queries * best;
    ptrdiff_t found = 0;
    for (ptrdiff_t q = 0; q < job->queries; q++) {
        const f32 most = work->most[q * work->stride + x];
        f32 highest = 0;
        for (ptrdiff_t k = 0; k < listed; k++) {
            const f32 chance = job->chances[work->list[k] * job->queries + q];
            highest = chance > highest ? chance : highest;
        }
        if (highest * most > share) work->active[found++] = (i32)q;
    }
    const ptrdiff_t whole = (found + FOUR - 1) / FOUR * FOUR;
    for (ptrdiff_t at = 0; at < whole; at++) {
        const ptrdiff_t q = at < found ? work->active[at] : 0;
        const f32 *upper = job->grid.values + q * job->grid.plane + row[0] * job->grid.row;
        const f32 *lower = job->grid.values + q * job->grid.plane + below * job->grid.row;
        f32 *corners = work->corners + 4 * at;
        corners[0] = upper[x], corners[1] = upper[next], corners[2] = lower[x], corners[3] = lower[next];
        for (ptrdiff_t k = 0; k < listed; k++)
            work->chances[k * room + at] = at < found ? job->chances[work->list[k] * job->queries + q] : 0;
    }
    return whole;
}

/* n <= PIXELS pixels of a cell, in whole blocks: the listed classes with the highest sums. */
static void FN(label_block)(const Classes *job, const ClassWork *work, ptrdiff_t found, ptrdiff_t listed, const f32 *u,
                            const f32 *v, ptrdiff_t n, i32 *restrict labels) {
    f32 best[PIXELS], sums[PIXELS];
    for (ptrdiff_t at = 0; at < found; at++) {
        const f32 *c = work->corners + 4 * at, corners[4] = {c[0], c[1], c[2], c[3]};
        f32 *restrict mask = work->masks + at * PIXELS;
        for (ptrdiff_t i = 0; i < n; i++) mask[i] = 1.0f / (1.0f + exp_minus(between_corners(corners, u[i], v[i])));
    }
    for (ptrdiff_t i = 0; i < n; i++) best[i] = -1, labels[i] = work->list[0];
    for (ptrdiff_t k = 0; k < listed; k++) {
        const i32 label = work->list[k];
        const f32 *chances = work->chances + k * (job->queries + FOUR), *mask = work->masks;
        for (ptrdiff_t i = 0; i < n; i++) sums[i] = 0;
        for (ptrdiff_t at = 0; at < found; at += FOUR, chances += FOUR, mask += FOUR * PIXELS) {
            const f32 a = chances[0], b = chances[1], c = chances[2], d = chances[3];
            for (ptrdiff_t i = 0; i < n; i++)
                sums[i] = sums[i] + a * mask[i] + b * mask[PIXELS + i] + c * mask[2 * PIXELS + i] + d * mask[3 * PIXELS + i];
        }
        for (ptrdiff_t i = 0; i < n; i++) {
            const f32 sum = sums[i], old = best[i];
            const i32 other = labels[i];
            best[i] = sum > old ? sum : old;
            labels[i] = sum > old ? label : other;
        }
    }
}

/* The pixels of cell x, in all its runs: of the only class, or of the best among those listed. */
static void FN(label_cell)(const Classes *job, ClassWork *work, const i32 *row, ptrdiff_t x, ptrdiff_t listed, f32 best) {
    const Axis *across = &job->grid.across;
    const ptrdiff_t found = listed > 1 ? FN(pick_queries)(job, work, row, x, listed, best) : 0;
    i32 labels[MOST];
    for (ptrdiff_t run = work->first[x]; run < across->count && across->runs[3 * run] == x; run++) {
        const i32 *column = across->runs + 3 * run;
        const ptrdiff_t wide = column[2] - column[1];
        if (listed > 1) {
            const ptrdiff_t n = whole_blocks(lay_pixels(&job->grid, &work->pixels, row, run));
            const f32 *u = work->pixels.u + work->pixels.at[run], *v = work->pixels.v + work->pixels.at[run];
            for (ptrdiff_t i = 0; i < n; i += PIXELS)
                FN(label_block)(job, work, found, listed, u + i, v + i, n - i < PIXELS ? n - i : PIXELS, labels + i);
        }
        for (ptrdiff_t y = row[1], i = 0; y < row[2]; y++, i += wide) {
            i32 *to = job->labels + y * job->step + column[1];
            if (listed > 1) memcpy(to, labels + i, (size_t)wide * sizeof *to);
            else
                for (ptrdiff_t j = 0; j < wide; j++) to[j] = work->list[0];
        }
    }
}

static void FN(label_row)(const Classes *job, ClassWork *work, const i32 *row) {
    const ptrdiff_t width = job->grid.across.size;
    f32 best[CELLS];
    i32 found[CELLS], winner[CELLS];
    for (ptrdiff_t q = 0; q < job->queries; q++)
        corner_bounds(work->soft[0] + q * work->stride, work->soft[1] + q * work->stride, work->least + q * work->stride,
                      work->most + q * work->stride, width);
    for (ptrdiff_t x0 = 0; x0 < width; x0 += CELLS) {
        const ptrdiff_t n = work->stride - x0 < CELLS ? work->stride - x0 : CELLS;
        FN(bound_classes)(job, work, x0, n, best, found, winner);
        for (ptrdiff_t i = 0; i < n && x0 + i < width; i++) {
            if (work->first[x0 + i] < 0) continue;
            ptrdiff_t listed = 0;
            if (found[i] == 1) work->list[listed++] = winner[i];
            for (ptrdiff_t c = 0; c < job->classes && found[i] > 1; c++)
                if (work->sums[c * CELLS + i] >= best[i]) work->list[listed++] = (i32)c;
            FN(label_cell)(job, work, row, x0 + i, listed, best[i]);
        }
    }
}

static int FN(label_pixels)(const Classes *job, ptrdiff_t n0, ptrdiff_t n1) {
    const Grid *grid = &job->grid;
    const ptrdiff_t width = grid->across.size, n = job->queries;
    const size_t stride = (size_t)((width + BLOCK) / BLOCK * BLOCK), rows = (size_t)n * stride, room = (size_t)n + FOUR;
    const size_t classes = (size_t)job->classes;
    ClassWork work = {0};
    /* Zeros: bounds are read past the last cell. */
    f32 *floats = calloc(4 * rows + classes * (CELLS + room) + room * (PIXELS + 4), sizeof *floats);
    i32 *whole = malloc((stride + (size_t)n + classes) * sizeof *whole);
    ptrdiff_t held[2] = {-1, -1}; /* the rows of samples in soft */
    work.pixels = hold_pixels(grid, n0, n1);
    const int done = floats && whole && work.pixels.u;
    if (done) {
        work.stride = (ptrdiff_t)stride;
        work.soft[0] = floats, work.soft[1] = floats + rows, work.least = floats + 2 * rows, work.most = floats + 3 * rows;
        work.sums = floats + 4 * rows, work.chances = work.sums + classes * CELLS;
        work.masks = work.chances + classes * room, work.corners = work.masks + room * PIXELS;
        work.first = whole, work.active = whole + stride, work.list = work.active + n;
        for (ptrdiff_t x = 0; x < width; x++) work.first[x] = -1;
        for (ptrdiff_t at = grid->across.count - 1; at >= 0; at--) work.first[grid->across.runs[3 * at]] = (i32)at;
        for (ptrdiff_t at = n0; at < n1; at++) {
            const i32 *row = grid->down.runs + 3 * at;
            hold_rows(grid, NULL, n, CHANCES, row[0], work.soft, held, work.stride);
            FN(label_row)(job, &work, row);
        }
    }
    free(floats), free(whole), free_pixels(&work.pixels);
    return done;
}

#endif
