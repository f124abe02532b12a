/* COCO's rule for the pixels inside polygons.

   Vertices are rounded to fifths of a pixel, and each edge is walked along its longer axis, the other coordinate rounded
   at each fifth. Where the walk steps between the fifths 2 and 3 of a pixel's column it crosses that column's centre line,
   and all pixels of the column from that height down change sides. A pixel is inside where an odd number of crossings lie
   above it. */
#ifndef IMGPROC_RLE_POLYGON_H
#define IMGPROC_RLE_POLYGON_H

#include "simd/rle.h"

typedef struct {
    u32 *places; /* pixels, counted down the columns, from which on the sides change */
    size_t n, room;
    i64 height, width;
} Crossings;

/* Rounded as the definition does: half up, but towards zero below zero. */
INLINE i64 fifths(f64 coordinate) { return (i64)(5 * coordinate + 0.5); }

/* A step between the columns `left` and left + 1, in fifths, at the smaller height `top` of both ends. */
INLINE int cross(Crossings *c, i64 left, i64 top) {
    if (left < 2 || left % 5 != 2 || left / 5 >= c->width) return 1;
    i64 row = top > 2 ? (top + 2) / 5 : 0;
    if (row > c->height) row = c->height;
    if (c->n == c->room) {
        size_t room = 2 * c->room + 64;
        u32 *more = realloc(c->places, room * sizeof *more);
        if (!more) return 0;
        c->places = more;
        c->room = room;
    }
    c->places[c->n++] = (u32)(left / 5 * c->height + row);
    return 1;
}

INLINE i64 along(i64 start, f64 slope, i64 step) { return (i64)(start + slope * step + 0.5); }

static int walk_edge(Crossings *c, i64 x0, i64 y0, i64 x1, i64 y1) {
    i64 dx = x1 > x0 ? x1 - x0 : x0 - x1, dy = y1 > y0 ? y1 - y0 : y0 - y1;
    if (dx == 0) return 1;
    if (dx >= dy ? x0 > x1 : y0 > y1) {
        i64 x = x0, y = y0;
        x0 = x1, y0 = y1, x1 = x, y1 = y;
    }
    if (dx >= dy) {
        f64 slope = (f64)(y1 - y0) / dx;
        i64 first = ((2 - x0) % 5 + 5) % 5;
        if (x0 + first < 2) first = 2 - x0;
        for (i64 t = first; t < dx && (x0 + t) / 5 < c->width; t += 5) {
            i64 y = along(y0, slope, t), next = along(y0, slope, t + 1);
            if (!cross(c, x0 + t, y < next ? y : next)) return 0;
        }
    } else {
        f64 slope = (f64)(x1 - x0) / dy;
        i64 x = along(x0, slope, 0);
        for (i64 t = 0; t < dy; t++) {
            i64 next = along(x0, slope, t + 1);
            if (x != next && !cross(c, x < next ? x : next, y0 + t)) return 0;
            x = next;
        }
    }
    return 1;
}

static int compare_places(const void *a, const void *b) {
    u32 p = *(const u32 *)a, q = *(const u32 *)b;
    return (p > q) - (p < q);
}

static int compare_intervals(const void *a, const void *b) {
    u32 p = ((const Interval *)a)->first, q = ((const Interval *)b)->first;
    return (p > q) - (p < q);
}

/* The union of polygons: vertices starts[p] .. starts[p + 1] of xy are one. Returns the number of intervals, in memory of
   its own that the caller frees, or -1 without memory. height * width < 2^32, coordinates within a million. */
static UNUSED ptrdiff_t fill_polygons(
    const f64 *xy, const i64 *starts, ptrdiff_t polygons, i64 height, i64 width, Interval **intervals
) {
    Crossings c = {NULL, 0, 0, height, width};
    Interval *out = NULL;
    size_t n = 0, room = 0;
    int done = 1;
    for (ptrdiff_t p = 0; done && p < polygons; p++) {
        c.n = 0;
        for (i64 i = starts[p]; done && i < starts[p + 1]; i++) {
            i64 j = i + 1 < starts[p + 1] ? i + 1 : starts[p];
            done = walk_edge(&c, fifths(xy[2 * i]), fifths(xy[2 * i + 1]), fifths(xy[2 * j]), fifths(xy[2 * j + 1]));
        }
        if (!done || !c.n) continue;
        if (n + c.n / 2 + 1 > room) {
            room = 2 * n + c.n;
            Interval *more = realloc(out, (room + 1) * sizeof *out);
            done = more != NULL;
            if (!done) continue;
            out = more;
        }
        qsort(c.places, c.n, sizeof *c.places, compare_places);
        for (size_t i = 0; i < c.n; i += 2) {
            u32 end = i + 1 < c.n ? c.places[i + 1] : (u32)(height * width);
            Interval interval = {c.places[i], end};
            if (interval.first < end) out[n++] = interval;
        }
    }
    free(c.places);
    if (!done) {
        free(out);
        return -1;
    }
    if (n) qsort(out, n, sizeof *out, compare_intervals);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept && out[kept - 1].end >= out[i].first) {
            if (out[i].end > out[kept - 1].end) out[kept - 1].end = out[i].end;
        } else {
            out[kept++] = out[i];
        }
    }
    *intervals = out;
    return (ptrdiff_t)kept;
}

#endif
