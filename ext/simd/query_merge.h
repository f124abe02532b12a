/* The query with the highest score at each pixel of an image, and whether its own mask holds the pixel.

   Where one query alone may win in a cell, nothing is computed. */
#ifndef LEVEL
#ifndef IMGPROC_QUERY_MERGE_H
#define IMGPROC_QUERY_MERGE_H
#include "simd/query_rivals.h"

#define SIMD_SOURCE "simd/query_merge.h"
#include "simd/levels.h"

/* Rows [n0, n1) of cells; 0 without memory. */
DISPATCH(int, merge_queries, (const Merge *job, ptrdiff_t n0, ptrdiff_t n1), (job, n0, n1))
#endif
#else

INLINE void FN(pick_corners)(const Merge *job, const MergeWork *work, const i32 *row, ptrdiff_t low, ptrdiff_t k, f32 *corners) {
    const ptrdiff_t next = next_sample(&job->grid.across, low);
    const f32 *upper = work->soft[0] + k * work->stride, *lower = work->soft[1] + k * work->stride;
    if (job->kind == LOGITS) {
        upper = job->grid.values + job->chosen[k] * job->grid.plane + row[0] * job->grid.row;
        lower = job->grid.values + job->chosen[k] * job->grid.plane + next_sample(&job->grid.down, row[0]) * job->grid.row;
    }
    corners[0] = upper[low], corners[1] = upper[next], corners[2] = lower[low], corners[3] = lower[next];
}

/* Pixels in the mask of a query in a cell that its edge divides. */
static i64 FN(count_inside)(const Merge *job, MergeWork *work, const i32 *row, ptrdiff_t run, ptrdiff_t k) {
    const ptrdiff_t n = lay_pixels(&job->grid, &work->pixels, row, run), padded = whole_blocks(n), at = work->pixels.at[run];
    const f32 scale = job->rules[k].scale, least = job->rules[k].least, *u = work->pixels.u + at, *v = work->pixels.v + at;
    f32 corners[4];
    i32 pixels = 0;
    FN(pick_corners)(job, work, row, job->grid.across.runs[3 * run], k, corners);
    for (ptrdiff_t i = 0; i < padded; i++) pixels += between_corners(corners, u[i], v[i]) * scale >= least;
    /* What fills up the last block has the value of the first corner. */
    return pixels - (corners[0] * scale >= least ? padded - n : 0);
}

static void FN(count_divided)(const Merge *job, MergeWork *work, const i32 *row) {
    const Axis *across = &job->grid.across;
    for (ptrdiff_t k = 0; k < job->count; k++) {
        const u8 *states = work->states + k * work->stride;
        for (ptrdiff_t at = 0; at < across->size; at += 8) {
            u64 eight;
            memcpy(&eight, states + at, 8);
            if (!(eight & 0x0101010101010101u * DIVIDED)) continue;
            for (ptrdiff_t x = at; x < at + 8 && x < across->size; x++) {
                if (states[x] != DIVIDED || !work->wide[x]) continue;
                for (ptrdiff_t run = work->first[x]; run < across->count && across->runs[3 * run] == x; run++)
                    job->counts[3 * k + 2] += FN(count_inside)(job, work, row, run, k);
            }
        }
    }
}

/* The n pixels of a cell, filled up to `padded`: the codes of those with the lowest cost. */
INLINE void FN(win_pixels)(const Merge *job, const MergeWork *work, const f32 *corners, ptrdiff_t x, const f32 *u,
                           const f32 *v, ptrdiff_t n, int kind, i32 *restrict codes) {
    const i32 *list = work->list + x * job->count, found = work->found[x];
    const ptrdiff_t padded = whole_blocks(n);
    f32 costs[MOST];
    for (ptrdiff_t i = 0; i < padded; i++) costs[i] = INFINITY, codes[i] = 2 * list[0];
    for (i32 at = 0; at < found; at++) {
        const Rule rule = job->rules[list[at]];
        const f32 *c = corners + 4 * at, a[4] = {c[0], c[1], c[2], c[3]};
        const i32 code = 2 * list[at];
        i32 pixels = 0;
        for (ptrdiff_t i = 0; i < padded; i++) {
            const f32 value = between_corners(a, u[i], v[i]);
            const f32 cost = rule.base + rule.gain * (kind == LOGITS ? exp_minus(value) : value), old = costs[i];
            const i32 inside = value * rule.scale >= rule.least, better = -(cost < old);
            costs[i] = cost < old ? cost : old;
            /* By bits: a choice would be made a store under a condition, with a branch that nothing foretells. */
            codes[i] = (better & (code + inside)) | (~better & codes[i]);
            pixels += inside;
        }
        if (work->states[list[at] * work->stride + x] == LISTED)
            job->counts[3 * list[at] + 2] += pixels - (c[0] * rule.scale >= rule.least ? padded - n : 0);
    }
}

/* A cell in which pixels decide. */
static void FN(win_cell)(const Merge *job, MergeWork *work, const i32 *row, ptrdiff_t run, f32 *corners) {
    const i32 *column = job->grid.across.runs + 3 * run, *list = work->list + column[0] * job->count;
    const ptrdiff_t n = lay_pixels(&job->grid, &work->pixels, row, run), across = column[2] - column[1];
    const f32 *u = work->pixels.u + work->pixels.at[run], *v = work->pixels.v + work->pixels.at[run];
    i32 codes[MOST];
    for (i32 at = 0; at < work->found[column[0]]; at++)
        FN(pick_corners)(job, work, row, column[0], list[at], corners + 4 * at);
    if (job->kind == LOGITS) FN(win_pixels)(job, work, corners, column[0], u, v, n, LOGITS, codes);
    else FN(win_pixels)(job, work, corners, column[0], u, v, n, CHANCES, codes);
    for (ptrdiff_t i = 0; i < n; i++) {
        i64 *counts = job->counts + 3 * (codes[i] >> 1);
        counts[0]++;
        counts[1] += codes[i] & 1;
    }
    for (ptrdiff_t y = row[1], i = 0; y < row[2]; y++, i += across)
        memcpy(job->codes + y * job->step + column[1], codes + i, (size_t)across * sizeof *codes);
}

static void FN(fill_codes)(const Merge *job, const i32 *row, ptrdiff_t x0, ptrdiff_t x1, i32 code) {
    const i64 pixels = (i64)(x1 - x0) * (row[2] - row[1]);
    if (x1 <= x0) return;
    job->counts[3 * (code >> 1)] += pixels;
    job->counts[3 * (code >> 1) + 1] += code & 1 ? pixels : 0;
    for (ptrdiff_t y = row[1]; y < row[2]; y++) {
        i32 *to = job->codes + y * job->step;
        for (ptrdiff_t x = x0; x < x1; x++) to[x] = code;
    }
}

static void FN(win_row)(const Merge *job, MergeWork *work, const i32 *row, f32 *corners) {
    const Axis *across = &job->grid.across;
    ptrdiff_t start = 0, end = 0; /* pixels of the code that are not written yet */
    i32 pending = 0;
    for (ptrdiff_t at = 0; at < across->count; at++) {
        const i32 *column = across->runs + 3 * at, *list = work->list + column[0] * job->count, found = work->found[column[0]];
        const u8 state = work->states[list[0] * work->stride + column[0]];
        if (found > 1 || state == LISTED) {
            FN(win_cell)(job, work, row, at, corners);
            continue;
        }
        const i32 code = 2 * list[0] + (state == INSIDE);
        if (code == pending && column[1] == end) {
            end = column[2];
            continue;
        }
        FN(fill_codes)(job, row, start, end, pending);
        pending = code, start = column[1], end = column[2];
    }
    FN(fill_codes)(job, row, start, end, pending);
}

static int FN(merge_queries)(const Merge *job, ptrdiff_t n0, ptrdiff_t n1) {
    const Grid *grid = &job->grid;
    const ptrdiff_t width = grid->across.size, n = job->count;
    MergeWork work = {0};
    work.stride = (width + BLOCK) / BLOCK * BLOCK, work.pixels = hold_pixels(grid, n0, n1);
    const size_t stride = (size_t)work.stride, rows = (size_t)n * stride;
    f32 *floats = malloc((3 * rows + 3 * stride + 4 * (size_t)n) * sizeof *floats);
    i32 *whole = calloc(3 * stride + rows, sizeof *whole);
    u8 *states = calloc(rows, 1);
    ptrdiff_t held[2] = {-1, -1}; /* the rows of samples in soft */
    const int done = floats && whole && states && work.pixels.u;
    if (done) {
        f32 *corners = floats + 3 * rows + 3 * stride;
        work.soft[0] = floats, work.soft[1] = floats + rows, work.lowest = floats + 2 * rows, work.states = states;
        work.best = floats + 3 * rows, work.least = work.best + stride, work.most = work.least + stride;
        work.wide = whole, work.first = whole + stride, work.found = whole + 2 * stride, work.list = whole + 3 * stride;
        for (ptrdiff_t at = grid->across.count - 1; at >= 0; at--) {
            const i32 *column = grid->across.runs + 3 * at;
            work.wide[column[0]] += column[2] - column[1], work.first[column[0]] = (i32)at;
        }
        for (ptrdiff_t at = n0; at < n1; at++) {
            const i32 *row = grid->down.runs + 3 * at;
            hold_rows(grid, job->chosen, n, job->kind, row[0], work.soft, held, work.stride);
            FN(bound_costs)(job, &work, row[2] - row[1]);
            FN(list_winners)(job, &work);
            FN(count_divided)(job, &work, row);
            FN(win_row)(job, &work, row, corners);
        }
    }
    free(floats), free(whole), free(states), free_pixels(&work.pixels);
    return done;
}

#endif
