/* Tiles of windows, one after the other: their sums are made where they are used, so that they stay in the cache. */
#ifndef IMGPROC_CASCADE_TILES_H
#define IMGPROC_CASCADE_TILES_H

#include "simd/cascade.h"
#include "simd/cascade_rows.h"
#include "simd/integral_tilted.h"

#define CASCADE_SLACK 64 /* values that vectors may read past the windows of a row */

/* A cascade as it is kept: `boxes` are x, y, width, height, 3 for each Haar feature and 1 for each LBP feature (of one
   block); `weights` 3 for each Haar feature. Subsets are 8 words for each node. */
typedef struct {
    const i32 *boxes, *first_node, *first_tree, *node_feature, *node_left, *node_right;
    const f32 *weights, *node_thresholds, *leaves, *thresholds, *slack;
    const u8 *tilted;
    const u32 *subsets;
    ptrdiff_t nodes;
    int stages, lbp, stumps, has_tilted, window_height, window_width;
} CascadeParts;

/* Rows [y0, y0 + rows * step) of windows of the image at one size, every `step` pixels. */
typedef struct {
    i64 out_height, out_width, step, y0, rows, scale;
} CascadeTask;

typedef struct {
    i32 scale, x, y;
    f32 margin;
} CascadeWindow;

typedef struct {
    CascadeWindow *items;
    ptrdiff_t count, room;
} CascadeWindows;

INLINE ptrdiff_t cascade_plane(const CascadeTask *task) {
    return (task->out_width + 1 + task->step - 1) / task->step + CASCADE_SLACK;
}

/* The place of corner (x, y) from that of a window. */
INLINE i32 cascade_corner(ptrdiff_t x, ptrdiff_t y, ptrdiff_t step, ptrdiff_t plane) {
    return (i32)(y * step * plane + x % step * plane + x / step);
}

static void cascade_corners(const i32 *box, int tilted, ptrdiff_t step, ptrdiff_t plane, ptrdiff_t base, i32 *o) {
    const i32 x = box[0], y = box[1], w = box[2], h = box[3];
    o[0] = (i32)base + cascade_corner(x, y, step, plane);
    if (tilted) {
        o[1] = (i32)base + cascade_corner(x - h, y + h, step, plane);
        o[2] = (i32)base + cascade_corner(x + w, y + w, step, plane);
        o[3] = (i32)base + cascade_corner(x + w - h, y + w + h, step, plane);
    } else {
        o[1] = (i32)base + cascade_corner(x + w, y, step, plane);
        o[2] = (i32)base + cascade_corner(x, y + h, step, plane);
        o[3] = (i32)base + cascade_corner(x + w, y + h, step, plane);
    }
}

/* The nodes with their corners where planes are `plane` wide and tilted sums begin at `tilted`. */
static void cascade_nodes(const CascadeParts *c, ptrdiff_t step, ptrdiff_t plane, ptrdiff_t tilted, CascadeNode *nodes) {
    for (ptrdiff_t n = 0; n < c->nodes; n++) {
        CascadeNode *node = nodes + n;
        const i32 f = c->node_feature[n];
        memset(node, 0, sizeof *node);
        node->left = c->node_left[n];
        node->right = c->node_right[n];
        if (c->lbp) {
            const i32 *b = c->boxes + 4 * (ptrdiff_t)f;
            for (int i = 0; i < 16; i++)
                node->offsets[i] = cascade_corner(b[0] + i % 4 * b[2], b[1] + i / 4 * b[3], step, plane);
            memcpy(node->subset, c->subsets + 8 * n, sizeof node->subset);
            continue;
        }
        node->threshold = c->node_thresholds[n];
        const int turned = c->tilted[f];
        for (int r = 0; r < 3; r++) {
            node->weights[r] = c->weights[3 * (ptrdiff_t)f + r];
            if (node->weights[r] != 0) node->rectangles = r + 1;
            cascade_corners(c->boxes + 12 * (ptrdiff_t)f + 4 * r, turned, step, plane, turned ? tilted : 0, node->offsets + 4 * r);
        }
    }
}

INLINE void *cascade_take(u8 **place, size_t bytes) {
    void *taken = *place;
    *place += (bytes + 63) & ~(size_t)63;
    return taken;
}

/* Makes the rows and sums of a tile. `row`, `mixed`, `running`, `running_squares` and `cone` are scratch. */
static void cascade_sums(const CascadeParts *c, const u8 *src, ptrdiff_t stride, ptrdiff_t height, ptrdiff_t width,
                         const CascadeTask *task, const CascadeTap *taps, ptrdiff_t plane, u32 *planes, u32 *squares,
                         u32 *tilted, u8 *row, u16 *mixed, u32 *running, u32 *running_squares, u32 *cone) {
    const ptrdiff_t n = task->out_width, pitch = task->step * plane, lines = (task->rows - 1) * task->step + c->window_height;
    const int step = (int)task->step;
    memset(planes, 0, (size_t)pitch * sizeof *planes);
    if (squares) memset(squares, 0, (size_t)pitch * sizeof *squares);
    u32 *diagonals = cone + 2 * (n + 1);
    if (tilted) {
        memset(tilted, 0, (size_t)pitch * sizeof *tilted);
        memset(cone, 0, (size_t)(3 * (n + 1) + 1) * sizeof *cone);
    }
    for (ptrdiff_t y = 0; y < lines; y++) {
        CascadeTap tap;
        cascade_tap(&tap, task->y0 + y, height, task->out_height);
        const u8 *top = src + tap.from * stride;
        cascade_row(top, top + stride, tap.weight, mixed, width, taps, row, n);
        cascade_running(row, n, running, squares ? running_squares : NULL);
        cascade_spread(running, n + 1, step, plane, planes + y * pitch, planes + (y + 1) * pitch);
        if (squares) cascade_spread(running_squares, n + 1, step, plane, squares + y * pitch, squares + (y + 1) * pitch);
        if (tilted) {
            tilted_u8_u32(row, n, cone + n + 1, 1, n, 1, 0, diagonals);
            cascade_spread(cone + n + 1, n + 1, step, plane, NULL, tilted + (y + 1) * pitch);
            memcpy(cone, cone + n + 1, (size_t)(n + 1) * sizeof *cone);
        }
    }
}

static int cascade_append(CascadeWindows *found, const CascadeHit *hits, ptrdiff_t count, const CascadeTask *task) {
    if (found->room - found->count < count) {
        const ptrdiff_t room = 2 * (found->count + count) + 64;
        CascadeWindow *items = realloc(found->items, (size_t)room * sizeof *items);
        if (!items) return 0;
        found->items = items;
        found->room = room;
    }
    for (ptrdiff_t i = 0; i < count; i++)
        found->items[found->count++] =
            (CascadeWindow){(i32)task->scale, (i32)(hits[i].column * task->step), (i32)(task->y0 + hits[i].row * task->step), hits[i].margin};
    return 1;
}

/* Which windows of a tile have their middle where the image's mask is not 0. */
static void cascade_mask(const CascadeParts *c, const u8 *mask, ptrdiff_t stride, ptrdiff_t height, ptrdiff_t width,
                         const CascadeTask *task, ptrdiff_t columns, u8 *chosen) {
    const f64 down = (f64)height / (f64)task->out_height, across = (f64)width / (f64)task->out_width;
    for (ptrdiff_t y = 0; y < task->rows; y++) {
        const ptrdiff_t at = (ptrdiff_t)(((f64)(task->y0 + y * task->step) + 0.5 * c->window_height) * down);
        const u8 *line = mask + (at < height ? at : height - 1) * stride;
        for (ptrdiff_t x = 0; x < columns; x++) {
            const ptrdiff_t middle = (ptrdiff_t)(((f64)(x * task->step) + 0.5 * c->window_width) * across);
            *chosen++ = line[middle < width ? middle : width - 1] != 0;
        }
    }
}

/* All tasks, which share one step; `seen` is NULL or one count for each stage. Gives 0 where memory ends. */
static int cascade_detect(const CascadeParts *c, const u8 *src, ptrdiff_t stride, ptrdiff_t height, ptrdiff_t width,
                          const u8 *mask, ptrdiff_t mask_stride, const CascadeTask *tasks, ptrdiff_t count, i64 *seen,
                          CascadeWindows *found) {
    ptrdiff_t widest = 0, most_rows = 0, step = 1;
    for (ptrdiff_t t = 0; t < count; t++) {
        if (tasks[t].out_width > widest) widest = tasks[t].out_width;
        if (tasks[t].rows > most_rows) most_rows = tasks[t].rows;
        step = tasks[t].step;
    }
    if (!count) return 1;
    CascadeTask largest = {0, widest, step, 0, most_rows, 0};
    const ptrdiff_t plane = cascade_plane(&largest), pitch = step * plane;
    const size_t lines = (size_t)((most_rows - 1) * step + c->window_height + 1);
    const size_t area = lines * (size_t)pitch + CASCADE_SLACK, wide = (size_t)widest + 1 + CASCADE_SLACK;
    const size_t sums = area * (c->has_tilted ? 2 : 1) * sizeof(u32), sq = c->lbp ? 0 : area * sizeof(u32);
    const size_t marks = (size_t)most_rows * wide, hits_size = marks * sizeof(CascadeHit);
    u8 *memory = malloc((size_t)c->nodes * sizeof(CascadeNode) + sums + sq + wide * (sizeof(CascadeTap) + 24 + 4 + 2) +
                        (size_t)(width + CASCADE_SLACK) * 2 + marks + hits_size + 16 * 64);
    if (!memory) return 0;
    u8 *place = (u8 *)(((uintptr_t)memory + 63) & ~(uintptr_t)63);
    CascadeNode *nodes = cascade_take(&place, (size_t)c->nodes * sizeof *nodes);
    u32 *planes = cascade_take(&place, sums), *squares = c->lbp ? NULL : cascade_take(&place, sq);
    u32 *tilted = c->has_tilted ? planes + area : NULL;
    CascadeTap *taps = cascade_take(&place, wide * sizeof *taps);
    u32 *running = cascade_take(&place, wide * 4), *running_squares = cascade_take(&place, wide * 4);
    u32 *cone = cascade_take(&place, wide * 16);
    f32 *norms = cascade_take(&place, wide * 4);
    u8 *row = cascade_take(&place, wide), *open = cascade_take(&place, wide);
    u16 *mixed = cascade_take(&place, (size_t)(width + CASCADE_SLACK) * 2);
    u8 *chosen = mask ? cascade_take(&place, marks) : NULL;
    CascadeHit *hits = cascade_take(&place, hits_size);

    memset(planes, 0, sums);
    if (squares) memset(squares, 0, sq);
    memset(norms, 0, wide * 4);
    cascade_nodes(c, step, plane, (ptrdiff_t)area, nodes);
    const CascadeModel model = {c->first_node, nodes, c->leaves, c->first_tree, c->thresholds, c->slack, c->stages, c->lbp, c->stumps};
    CascadeTile tile = {planes, squares, step * pitch, 0, 0, {0, 0, 0, 0}, 0, chosen, seen};
    const i32 inner[4] = {1, 1, c->window_width - 2, c->window_height - 2};
    if (!c->lbp) cascade_corners(inner, 0, step, plane, 0, tile.norm);
    tile.area = (f64)inner[2] * inner[3];
    int enough = 1;
    for (ptrdiff_t t = 0; t < count && enough; t++) {
        const CascadeTask *task = tasks + t;
        if (t == 0 || task->out_width != tasks[t - 1].out_width)
            for (ptrdiff_t x = 0; x < task->out_width; x++) cascade_tap(taps + x, x, width, task->out_width);
        cascade_sums(c, src, stride, height, width, task, taps, plane, planes, squares, tilted, row, mixed, running,
                     running_squares, cone);
        tile.columns = (task->out_width - c->window_width) / step + 1;
        tile.rows = task->rows;
        if (chosen) cascade_mask(c, mask, mask_stride, height, width, task, tile.columns, chosen);
        enough = cascade_append(found, hits, cascade_scan(&model, &tile, norms, open, hits), task);
    }
    free(memory);
    return enough;
}

#endif
